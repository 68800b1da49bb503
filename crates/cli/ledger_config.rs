//! The section `[ledger]` of the configuration: what a city sets for its points.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use ledger::Rules;
use ledger::point::{EventKind, Role, Roles};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::role_config::{RoleWord, read_definitions, unknown, write_definitions};

/// Most days of the yellow lamp: ten years.
const MAX_YELLOW_DAYS: u32 = 3_650;
/// Most hours until an event is late: a year.
const MAX_LATE_HOURS: u32 = 8_784;
/// Most rounds of patrols after closing.
const MAX_PATROLS: usize = 50;
/// Most minutes that a device's clock may be ahead: a day.
const MAX_AHEAD_MINUTES: u32 = 1_440;

/// What a city sets for its points.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct LedgerConfig {
    /// The lamp turns yellow so many days before the deadline.
    #[serde(deserialize_with = "at_most::<MAX_YELLOW_DAYS, _>")]
    pub yellow_days: u32,
    /// An event is late when it was recorded more than so many hours after it happened.
    #[serde(deserialize_with = "at_most::<MAX_LATE_HOURS, _>")]
    pub late_hours: u32,
    /// How many minutes the clock of a device may be ahead of the server's.
    #[serde(deserialize_with = "at_most::<MAX_AHEAD_MINUTES, _>")]
    pub ahead_minutes: u32,
    /// File of the definitions of indicators, in TOML; empty: those that come with the program.
    pub indicators: PathBuf,
    /// File of tasks (任务), in TOML; empty: the example that comes with the program, and points may be
    /// registered under its tasks and those that points have, the first ones under any.
    pub tasks: PathBuf,
    /// File of targets, in TOML, a table `[[targets]]` each; empty: the file beside the store under its name and
    /// `.targets.toml`, if there is one.
    pub targets: PathBuf,
    /// File of spatial rules, in TOML; empty: those that come with the program.
    pub spatial_rules: PathBuf,
    /// File of ledgers as lists, in TOML; empty: those that come with the program.
    pub ledgers: PathBuf,
    /// File of what household files are made of, in TOML; empty: what comes with the program.
    pub dossiers: PathBuf,
    /// File of how survey packages are read, in TOML; empty: what comes with the program.
    pub survey: PathBuf,
    /// File of the catalogue of industries (禁限目录), in TOML; empty: the example that comes with the
    /// program.
    pub catalogue: PathBuf,
    /// A closed point is to be looked at again so many days after closing; an empty list asks for
    /// no patrol.
    #[serde(deserialize_with = "rising_days")]
    pub patrol_days: Vec<u32>,
    /// The roles of the city, a table `[[ledger.roles]]` each; the list is the whole one.
    #[serde(deserialize_with = "read_definitions", serialize_with = "write_definitions")]
    pub roles: Roles,
    /// Which roles may raise which events. A kind that is not named keeps its default; an empty
    /// list lets nobody raise it.
    #[serde(deserialize_with = "laid_over_defaults", serialize_with = "words")]
    pub raisers: BTreeMap<EventKind, BTreeSet<Role>>,
}

/// The file that a configuration names, if it names one.
pub(crate) fn named(path: &Path) -> Option<&Path> {
    (!path.as_os_str().is_empty()).then_some(path)
}

impl Default for LedgerConfig {
    fn default() -> Self {
        let Rules { roles, raisers, yellow_days, late_hours, ahead_minutes, patrol_days, .. } =
            Rules::default();
        Self {
            yellow_days,
            late_hours,
            ahead_minutes,
            patrol_days,
            indicators: PathBuf::new(),
            tasks: PathBuf::new(),
            targets: PathBuf::new(),
            spatial_rules: PathBuf::new(),
            ledgers: PathBuf::new(),
            dossiers: PathBuf::new(),
            survey: PathBuf::new(),
            catalogue: PathBuf::new(),
            roles,
            raisers,
        }
    }
}

impl LedgerConfig {
    /// As the ledger takes it, but for tasks.
    pub fn rules(&self) -> Rules {
        let Self { yellow_days, late_hours, ahead_minutes, patrol_days, raisers, roles, .. } =
            self.clone();
        let raisers = raisers.iter().map(|(kind, named)| (*kind, roles.with_like(named))).collect();
        let rules = Rules::default();
        Rules { roles, raisers, yellow_days, late_hours, ahead_minutes, patrol_days, ..rules }
    }
}

fn at_most<'de, const MOST: u32, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    let number = u64::deserialize(from)?;
    let within = u32::try_from(number).ok().filter(|number| *number <= MOST);
    within.ok_or_else(|| D::Error::custom(format!("{number} is too much; {MOST} is the most")))
}

fn rising_days<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u32>, D::Error> {
    let days = Vec::<u32>::deserialize(from)?;
    let rises = days.windows(2).all(|two| two[0] < two[1]);
    let fits =
        days.len() <= MAX_PATROLS && days.iter().all(|days| (1..=MAX_YELLOW_DAYS).contains(days));
    match rises && fits {
        true => Ok(days),
        false => Err(D::Error::custom(format!(
            "{days:?} are no days of patrols; send at most {MAX_PATROLS} from 1 to \
             {MAX_YELLOW_DAYS} in rising order, such as [7, 30, 90]"
        ))),
    }
}

/// A kind of event by its word.
#[derive(PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
struct KindWord(EventKind);

impl TryFrom<String> for KindWord {
    type Error = String;

    fn try_from(word: String) -> Result<Self, String> {
        EventKind::from_identifier(&word).map(Self).ok_or_else(|| {
            unknown(&word, "kind of event", EventKind::ALL.iter().map(|kind| kind.identifier()))
        })
    }
}

fn laid_over_defaults<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<BTreeMap<EventKind, BTreeSet<Role>>, D::Error> {
    let mut raisers = Rules::default().raisers;
    let said = BTreeMap::<KindWord, BTreeSet<RoleWord>>::deserialize(from)?;
    raisers.extend(said.into_iter().map(|(KindWord(kind), roles)| {
        (kind, roles.into_iter().map(|RoleWord(role)| role).collect())
    }));
    Ok(raisers)
}

fn words<S: Serializer>(
    raisers: &BTreeMap<EventKind, BTreeSet<Role>>,
    to: S,
) -> Result<S::Ok, S::Error> {
    to.collect_map(raisers.iter().map(|(kind, roles)| {
        (kind.identifier(), roles.iter().map(|role| role.identifier()).collect::<Vec<_>>())
    }))
}
