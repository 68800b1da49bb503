//! What an indicator (指标) is: data, in a small closed vocabulary.
//!
//! Every amount is counted in hundredths, of a point as of a square metre, so that sums are exact
//! in any order; a unit of measure comes in only where a value is shown.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Factor, RecordSum};
use crate::point::State;

/// The indicators of a city in one edition, as they are read.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct DefinitionSet {
    /// Which edition it is, as in `2026-01`; printed with every reason.
    pub edition: String,
    /// Sums over records beside the points, which terms name as `{ outside = "…" }`.
    #[serde(default)]
    pub sums: Vec<RecordSum>,
    /// In the order in which tables show them.
    pub indicators: Vec<Definition>,
}

/// One indicator.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    /// Its name for files and interfaces: small letters, digits, `_`.
    pub code: String,
    /// Its name for people.
    pub name: String,
    /// Whether it is told only where it is asked for by name: what takes long.
    #[serde(default, skip_serializing_if = "is_not")]
    pub by_name: bool,
    /// Which points it is about.
    #[serde(default)]
    pub population: Population,
    /// 时点 or 期间.
    pub extent: Extent,
    /// What is added up, divided, or weighed.
    pub formula: Formula,
    /// 计量单位.
    pub unit_of_measure: String,
    /// How many of what is counted are one unit of measure; needed where the unit is none of those
    /// that [`Factor::of`] knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub factor: Option<Factor>,
    /// How many decimals are shown, at most 6. Nothing is computed from shown values.
    #[serde(default = "two")]
    pub decimals: u8,
    /// Whether more of it is better.
    pub better: Better,
    /// On what the definition rests.
    pub basis: Basis,
    /// The document, or whose proposal it is.
    pub source: String,
}

fn two() -> u8 {
    2
}

fn is_not(flag: &bool) -> bool {
    !flag
}

/// Which points an indicator is about. Only points of the ledger count: registered before the
/// window's end, and not void.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Population {
    /// The tasks; none: all.
    pub tasks: Vec<String>,
    /// The years.
    pub years: Years,
}

/// Of which years points are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Years {
    /// Whatever their year.
    #[default]
    All,
    /// Of the year in which the window ends.
    This,
    /// Those, and points of earlier years that were not closed when the year began (跨年结转).
    ThisAndCarriedOver,
}

/// Whether an indicator tells of a moment or of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Extent {
    /// 时点: how things stand. Nothing in it may ask for the window.
    Stock,
    /// 期间: what happened within the window. Something in it must ask for the window.
    Flow,
}

/// Where a better value lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// The greater the better.
    More,
    /// The less the better. In a score such a rate counts as 1 less the rate.
    Less,
}

/// On what a definition rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// A published official definition.
    Official,
    /// A definition of the city's or district's own.
    Local,
    /// 自拟口径: a proposal of ours, printed as such.
    Template,
}

/// How a value comes about.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Formula {
    /// A sum.
    Sum {
        /// What is added up.
        terms: Vec<Term>,
    },
    /// A sum over a sum. It is never clamped; over zero it has no value.
    Rate {
        /// Above the line.
        numerator: Vec<Term>,
        /// Below the line.
        denominator: Vec<Term>,
    },
    /// The median of the days (of 24 hours) from registering to the closing that lasts, over closed
    /// points.
    MedianDays {
        /// Which points of the population.
        #[serde(rename = "where", default)]
        conditions: Vec<Condition>,
    },
    /// Σ weight × rate, by the weights of the window's year.
    Score {
        /// The weights of each year.
        years: Vec<YearWeights>,
    },
}

/// The weights of one year.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct YearWeights {
    /// The year.
    pub year: i32,
    /// Weight by weight.
    pub weights: Vec<Weight>,
}

/// What one rate counts for in a score.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Weight {
    /// The code of a rate.
    pub indicator: String,
    /// What a rate of 1 is worth, in points of the score.
    pub weight: i32,
}

/// One thing that is added up.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Term {
    /// What each point is worth.
    pub measure: Measure,
    /// Which points of the population: all conditions must hold.
    #[serde(rename = "where", default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// How often it counts; -1 takes it away.
    #[serde(default = "once", skip_serializing_if = "is_once")]
    pub times: i32,
}

fn once() -> i32 {
    1
}

fn is_once(times: &i32) -> bool {
    *times == 1
}

/// What is counted of a point.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// The point itself: 1.
    Points,
    /// The planned count.
    PlannedCount,
    /// The planned built area.
    PlannedBuildArea,
    /// The planned land area.
    PlannedLandArea,
    /// The count done, over all.
    ActualCount,
    /// The built area done, over all.
    ActualBuildArea,
    /// The land area done, over all.
    ActualLandArea,
    /// The count done within the window.
    DoneCount,
    /// The built area done within the window.
    DoneBuildArea,
    /// The land area done within the window.
    DoneLandArea,
    /// The unit's target for this indicator, of all periods within the window.
    Target,
    /// The sum over records of this name.
    Outside(String),
}

/// What may be asked of a point.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// On the ledger and still to be done; a rebound is open.
    Open,
    /// Closed (销账).
    Closed,
    /// In one of these states.
    InStates(States),
    /// Open, and its deadline is over.
    Overdue,
    /// Open, not overdue, and its deadline is at most so many days of 24 hours ahead.
    DueWithinDays(u32),
    /// Closed, at its deadline or before.
    ClosedInTime,
    /// Closed, after its deadline.
    ClosedLate,
    /// Of an earlier year than that of the window.
    OfEarlierYear,
    /// Registered within the window.
    RegisteredInWindow,
    /// Closed, and since a moment within the window.
    ClosedInWindow,
    /// Closed at some time before the window's end, by a closing that no spot check refuted.
    ClosedBeforeWindowEnd,
    /// Came back within the window so many times or more.
    ReboundsInWindow(u32),
}

/// States by their identifiers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct States(pub Vec<State>);

impl<'de> Deserialize<'de> for States {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let names = Vec::<String>::deserialize(from)?;
        let state = |name: &String| {
            State::from_identifier(name).ok_or_else(|| {
                let known = State::ALL.map(State::identifier).join(", ");
                serde::de::Error::custom(format!("{name:?} is no state; there are {known}"))
            })
        };
        names.iter().map(state).collect::<Result<_, _>>().map(Self)
    }
}

impl Serialize for States {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.0.iter().map(|state| state.identifier()))
    }
}

impl Measure {
    /// Whether it asks for the window.
    pub(super) fn is_of_window(&self) -> bool {
        matches!(self, Self::DoneCount | Self::DoneBuildArea | Self::DoneLandArea | Self::Target)
    }

    /// Whether it is a sum over points, not one that is handed in.
    pub(super) fn is_of_points(&self) -> bool {
        !matches!(self, Self::Target | Self::Outside(_))
    }
}

impl Condition {
    /// Whether it asks for the window.
    pub(super) fn is_of_window(&self) -> bool {
        match self {
            Self::RegisteredInWindow
            | Self::ClosedInWindow
            | Self::ClosedBeforeWindowEnd
            | Self::ReboundsInWindow(_) => true,
            Self::Open
            | Self::Closed
            | Self::InStates(_)
            | Self::Overdue
            | Self::DueWithinDays(_)
            | Self::ClosedInTime
            | Self::ClosedLate
            | Self::OfEarlierYear => false,
        }
    }
}

impl Formula {
    /// Every term, numerators first.
    pub(super) fn terms(&self) -> impl Iterator<Item = &Term> {
        let (first, second): (&[Term], &[Term]) = match self {
            Self::Sum { terms } => (terms, &[]),
            Self::Rate { numerator, denominator } => (numerator, denominator),
            Self::MedianDays { .. } | Self::Score { .. } => (&[], &[]),
        };
        first.iter().chain(second)
    }
}

impl Definition {
    /// The factor, said or known of the unit of measure.
    pub(super) fn ratio(&self) -> Option<super::Ratio> {
        self.factor.or_else(|| Factor::of(&self.unit_of_measure)).map(Factor::ratio)
    }

    /// Whether it measures what was done against a target (完成率).
    pub fn is_completion(&self) -> bool {
        self.formula.terms().any(|term| term.measure == Measure::Target)
    }

    /// The basis as tables print it.
    pub fn says_basis(&self) -> &'static str {
        match self.basis {
            Basis::Official => "官方口径",
            Basis::Local => "本地口径",
            Basis::Template => "自拟口径",
        }
    }
}
