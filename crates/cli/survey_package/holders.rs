//! Holders of a package as households: their numbers, shares, and the personal values of each.

use std::collections::{BTreeMap, BTreeSet};

use ledger::survey::{
    DefectKind, Holder, KnownHousehold, Meaning, PersonToken, SurveyTable, door_number, households,
    number_households,
};
use store::personal::MAX_VALUE_BYTES;

use super::held::PersonalValues;
use super::links::Linked;
use super::people::Tokens;
use super::tables::TableRow;
use super::{Defects, SurveyOptions};

/// Most persons of a household whose values are kept.
const MAX_PERSONS: usize = 50;

/// A household of a package.
#[derive(Debug)]
pub(super) struct Household {
    pub(super) number: String,
    /// The parcels that it holds, and in which portion.
    pub(super) parcels: Vec<(String, Option<String>)>,
    /// The number at the door of the first of them.
    pub(super) door: Option<String>,
    /// Personal values by field; those of a second person under the field and `_2`.
    pub(super) personal: PersonalValues,
}

/// A row that says who holds a parcel.
struct Row<'r> {
    of: &'r SurveyTable,
    row: &'r TableRow,
    parcel: &'r str,
}

impl<'r> Row<'r> {
    fn text(&self, meaning: Meaning) -> Option<&'r str> {
        self.row.text(self.of.at(meaning))
    }
}

/// Makes households of the holders of a package, under the numbers that the store has for them.
pub(super) fn households_of(
    linked: &Linked<'_>,
    known: &[KnownHousehold],
    tokens: &Tokens,
    options: &SurveyOptions,
    defects: &mut Defects,
) -> Vec<Household> {
    let rows = rows_of(linked);
    let holders: Vec<Holder> =
        rows.iter().map(|row| holder(row, tokens, options, defects)).collect();
    let held: BTreeSet<&str> = rows.iter().map(|row| row.parcel).collect();
    let known_parcels: BTreeSet<&str> =
        known.iter().flat_map(|one| &one.parcels).map(String::as_str).collect();
    for (code, row) in &linked.parcels.rows {
        if !held.contains(code.as_str()) && !known_parcels.contains(code.as_str()) {
            defects.add(row.place(), DefectKind::ParcelWithoutHousehold, None, "");
        }
    }
    let groups = households(&holders);
    let numbers = number_households(&groups, known);
    let mut all = Vec::with_capacity(groups.len());
    for (group, numbered) in groups.into_iter().zip(numbers) {
        let of_group: Vec<(&Row<'_>, &Holder)> =
            group.rows.iter().map(|at| (&rows[*at], &holders[*at])).collect();
        let personal = personal(&of_group, defects);
        let parcels = group.parcels;
        let first = parcels.first().and_then(|(code, _)| linked.parcels.get(code));
        let door = first.and_then(|row| {
            let of = linked.parcels.of;
            let said = of.all(Meaning::Door).find_map(|at| row.text(Some(at)));
            said.map(str::to_owned).or_else(|| door_number(row.text(of.at(Meaning::Address))?))
        });
        all.push(Household { number: numbered.number, parcels, door, personal });
    }
    all
}

/// The rows of the table of holders, and those of parcels that say themselves who holds them.
fn rows_of<'r>(linked: &'r Linked<'_>) -> Vec<Row<'r>> {
    let of = linked.of_holders;
    let mut rows: Vec<Row<'_>> =
        linked.holders.iter().map(|(parcel, row)| Row { of, row, parcel }).collect();
    let told: BTreeSet<&str> = rows.iter().map(|row| row.parcel).collect();
    let of = linked.parcels.of;
    let person = of.at(Meaning::Person);
    let own = linked
        .parcels
        .rows
        .iter()
        .filter(|(code, row)| row.text(person).is_some() && !told.contains(code.as_str()));
    rows.extend(own.map(|(parcel, row)| Row { of, row, parcel }));
    rows
}

/// What matters of a row, with persons as tokens.
fn holder(
    row: &Row<'_>,
    tokens: &Tokens,
    options: &SurveyOptions,
    defects: &mut Defects,
) -> Holder {
    let set = options.tables.set();
    let field = |meaning| row.of.at(meaning).and_then(|at| row.of.columns[at].field.as_deref());
    let name = row.text(Meaning::Person);
    if name.is_none() {
        defects.add(row.row.place(), DefectKind::NamelessHolder, field(Meaning::Person), "");
    }
    // A number that fails its check would join strangers: all who have 0 there.
    let certificate = row.text(Meaning::Certificate).filter(|number| {
        let fits = set.certificates.fits(row.text(Meaning::CertificateKind), number);
        if !fits {
            let field = field(Meaning::Certificate);
            defects.add(row.row.place(), DefectKind::BadCertificate, field, "");
        }
        fits
    });
    let (holding, portion) = (row.text(Meaning::Holding), row.text(Meaning::Portion));
    let titles = &set.holding.titles;
    let told = holding.map(|word| titles.get(word).map_or(word, String::as_str));
    Holder {
        parcel: row.parcel.to_owned(),
        certificate: certificate.map(|number| tokens.of(number)),
        name: name.map(|name| tokens.of(name)),
        is_apart: holding.is_some_and(|word| set.holding.apart.iter().any(|one| one == word)),
        portion: portion.or(told).map(str::to_owned),
    }
}

/// The personal values of the rows of a household: those of each person once.
fn personal(rows: &[(&Row<'_>, &Holder)], defects: &mut Defects) -> PersonalValues {
    let mut persons: Vec<(Option<PersonToken>, BTreeMap<&str, String>)> = Vec::new();
    for (row, holder) in rows {
        let who = holder.certificate.or(holder.name);
        let at = persons.iter().position(|(one, _)| who.is_some() && *one == who);
        let at = match at {
            Some(at) => at,
            None if persons.len() == MAX_PERSONS => continue,
            None => {
                persons.push((who, BTreeMap::new()));
                persons.len() - 1
            }
        };
        for (position, column) in row.of.columns.iter().enumerate().filter(|(_, one)| one.personal)
        {
            let (Some(field), Some(text)) = (column.field.as_deref(), row.row.text(Some(position)))
            else {
                continue;
            };
            if text.len() > MAX_VALUE_BYTES {
                let place = row.row.place();
                defects.add(place, DefectKind::RowLeftOut, Some(field), "too_long");
                continue;
            }
            let value = persons[at].1.entry(field).or_default();
            // Each of somebody's parcels has a certificate of its own.
            let is_another = column.is == Some(Meaning::Right)
                && !value.split('、').any(|one| one == text)
                && value.len() + text.len() < MAX_VALUE_BYTES - 3;
            if value.is_empty() {
                value.push_str(text);
            } else if is_another {
                value.push('、');
                value.push_str(text);
            }
        }
    }
    let mut values = PersonalValues::new();
    for (number, (_, person)) in persons.into_iter().enumerate() {
        for (field, value) in person {
            let name = match number {
                0 => field.to_owned(),
                _ => format!("{field}_{}", number + 1),
            };
            values.insert(name, value);
        }
    }
    values
}
