//! The section `[worklist]` of the configuration: how long work on records may take.

use std::collections::BTreeMap;

use ledger::point::Roles;
use ledger::whistle::WhistleRules;
use ledger::worklist::{RecordRules, Work};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Most hours of a piece of work: a year.
const MAX_HOURS: u32 = 8_784;

/// How long work on records may take.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct WorklistConfig {
    /// Hours since a record was made, by piece of work, where the record has no date of its own. Work
    /// that is not named keeps its default; 0 is no date.
    #[serde(deserialize_with = "laid_over_defaults", serialize_with = "words")]
    pub hours: BTreeMap<Work, u32>,
}

impl Default for WorklistConfig {
    fn default() -> Self {
        Self { hours: RecordRules::default_hours() }
    }
}

impl WorklistConfig {
    /// As the engine takes it, for a city that has these roles and calls departments by these rules.
    pub fn rules(&self, roles: &Roles, whistles: &WhistleRules) -> RecordRules {
        RecordRules::new(roles, whistles, self.hours.clone())
    }
}

/// Work on records by its word.
#[derive(PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
struct WorkWord(Work);

impl TryFrom<String> for WorkWord {
    type Error = String;

    fn try_from(word: String) -> Result<Self, String> {
        let of_records = |work: &Work| work.done_by().is_none();
        let found = Work::from_identifier(&word).filter(of_records);
        found.map(Self).ok_or_else(|| {
            let shown: String = word.chars().take(40).collect();
            let known = Work::ALL.into_iter().filter(of_records).map(Work::identifier);
            let known = known.collect::<Vec<_>>().join(", ");
            format!("{shown:?} is no work on records; use {known}")
        })
    }
}

fn laid_over_defaults<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<Work, u32>, D::Error> {
    let mut hours = RecordRules::default_hours();
    for (WorkWord(work), said) in BTreeMap::<WorkWord, u64>::deserialize(from)? {
        let within = u32::try_from(said).ok().filter(|hours| *hours <= MAX_HOURS);
        let within = within.ok_or_else(|| {
            let word = work.identifier();
            D::Error::custom(format!("{word}: {said} is too much; {MAX_HOURS} hours are the most"))
        })?;
        hours.insert(work, within);
    }
    hours.retain(|_, hours| *hours > 0);
    Ok(hours)
}

/// Every work on records, that without a date as 0: what is written reads back.
fn words<S: Serializer>(hours: &BTreeMap<Work, u32>, to: S) -> Result<S::Ok, S::Error> {
    let defaults = RecordRules::default_hours();
    let known =
        Work::ALL.iter().filter(|work| hours.contains_key(work) || defaults.contains_key(work));
    to.collect_map(known.map(|work| (work.identifier(), hours.get(work).copied().unwrap_or(0))))
}
