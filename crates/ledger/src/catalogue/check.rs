//! Whether editions hold together: what is looked at once, before anything is asked.

use std::collections::BTreeSet;

use spatial::Day;

use super::{CatalogueSet, Edition, Industry, Said};
use crate::data_check::{Check, DataFault};

/// Most editions.
const MAX_EDITIONS: usize = 50;
/// Most entries of an edition, and most areas.
const MAX_ENTRIES: usize = 5_000;
/// Conditions are told in full.
const MAX_TEXT: usize = 2_000;

/// Editions that hold together, the oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalogue {
    editions: Vec<Checked>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Checked {
    from: Day,
    edition: Edition,
    /// The codes of its entries, in their order.
    industries: Vec<Industry>,
}

impl Catalogue {
    /// Takes editions.
    ///
    /// # Errors
    /// Every fault that is found.
    pub fn new(set: CatalogueSet) -> Result<Self, Vec<DataFault>> {
        let mut check = Check::new("edition").with_lines_of(MAX_TEXT);
        check.count("editions", set.editions.len(), 1..=MAX_EDITIONS);
        let mut editions = Vec::new();
        let mut days = BTreeSet::new();
        for edition in set.editions {
            check.of.clone_from(&edition.edition);
            let checked = check.edition(edition);
            if let Some(checked) = checked {
                if !days.insert(checked.from) {
                    let day = checked.from.to_string();
                    check.fault("valid_from", &day, "is that of another edition, too");
                }
                editions.push(checked);
            }
        }
        editions.sort_by_key(|one| one.from);
        check.finish(Self { editions })
    }

    /// The edition in force on a day.
    pub fn edition_on(&self, day: Day) -> Option<&Edition> {
        self.on(day).map(|one| &one.edition)
    }

    fn on(&self, day: Day) -> Option<&Checked> {
        self.editions.iter().rfind(|one| one.from <= day)
    }

    /// What is said on a day of an industry in the unit of a code; `None` for nothing. Of several
    /// entries the one with the longest code counts, of those the one for an area, then the stricter.
    pub fn says(&self, industry: &Industry, unit: Option<&str>, day: Day) -> Option<Said<'_>> {
        let one = self.on(day)?;
        let within = |name: &String| {
            let area = one.edition.areas.iter().find(|area| area.name == *name);
            let units = area.into_iter().flat_map(|area| &area.units);
            unit.is_some_and(|unit| units.into_iter().any(|of| unit.starts_with(of.as_str())))
        };
        let speaking = one.edition.entries.iter().zip(&one.industries).filter(|(entry, code)| {
            let holds_here = entry.areas.is_empty() || entry.areas.iter().any(within);
            code.holds(industry) && holds_here
        });
        let most = speaking
            .max_by_key(|(entry, code)| (code.length(), !entry.areas.is_empty(), entry.verdict));
        most.map(|(entry, _)| Said { edition: &one.edition, from: one.from, entry })
    }
}

impl Check {
    fn edition(&mut self, edition: Edition) -> Option<Checked> {
        self.line("edition", &edition.edition);
        self.line("source", &edition.source);
        self.count("entries", edition.entries.len(), 1..=MAX_ENTRIES);
        let from = edition.valid_from.parse::<Day>().ok();
        if from.is_none() {
            self.fault("valid_from", &edition.valid_from, "is no day such as 2022-03-01");
        }
        let mut names = BTreeSet::new();
        for area in &edition.areas {
            self.line("areas.name", &area.name);
            if !names.insert(area.name.as_str()) {
                self.fault("areas.name", &area.name, "stands there twice");
            }
            self.count("areas.units", area.units.len(), 1..=MAX_ENTRIES);
            for unit in &area.units {
                let digits = unit.bytes().all(|one| one.is_ascii_digit());
                if !digits || !(6..=15).contains(&unit.len()) {
                    self.fault("areas.units", unit, "is no code of 6 to 15 digits");
                }
            }
        }
        let mut industries = Vec::with_capacity(edition.entries.len());
        for entry in &edition.entries {
            self.line("entries.name", &entry.name);
            if !entry.conditions.is_empty() {
                self.line("entries.conditions", &entry.conditions);
            }
            match Industry::of(&entry.industry) {
                Some(industry) => industries.push(industry),
                None => {
                    let reason = "is no code of GB/T 4754 such as C, 26 or C2631";
                    self.fault("entries.industry", &entry.industry, reason);
                }
            }
            for area in entry.areas.iter().filter(|area| !names.contains(area.as_str())) {
                self.fault("entries.areas", area, "is no area of this edition");
            }
        }
        Some(Checked { from: from?, edition, industries })
    }
}
