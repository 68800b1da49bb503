//! Sums over records beside the points (诉求、吹哨、网点、腾退土地 …): data, in a small closed
//! vocabulary. Indicators ask for them by name as `{ outside = "…" }`.
//!
//! As everywhere in indicators, every amount is counted in hundredths.

use std::fmt::{self, Display};

use serde::{Deserialize, Serialize};

/// A sum over the rows of one collection, as it is read.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RecordSum {
    /// What terms call it; printed in definitions, so a name for people.
    pub name: String,
    /// Id of the collection. Where a store has none, or one without the fields asked, the sum is
    /// not given.
    pub collection: String,
    /// What each row is worth.
    #[serde(default)]
    pub quantity: RowQuantity,
    /// Which rows: all conditions must hold.
    #[serde(rename = "where", default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<RowCondition>,
    /// The field with the code of the unit at which a row counts; without it the finest unit that
    /// the row was assigned to by its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The field with the task. Without it rows are of no task: the sum is not given where one
    /// task is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
}

/// What a row is worth.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RowQuantity {
    /// The row itself: 1.
    #[default]
    Rows,
    /// The number in this field; none is 0.
    Field(String),
    /// The ground that polygons cover, m²: what two rows cover counts once, at the unit whose code
    /// comes first, so that units add up to the union of all.
    UnionArea,
    /// Of alleys: how long they are, m, once for each day of the window on which they are in duty.
    DutyMetres,
    /// Of alleys: how much of that patrols covered.
    PatrolledMetres,
}

/// What may be asked of a row. *The end* is the end of the window or the moment asked about,
/// whichever comes first: nothing is counted before it happened.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum RowCondition {
    /// The field has this value.
    Equals {
        /// The field.
        field: String,
        /// The value.
        value: Plain,
    },
    /// The field has one of these values.
    AnyOf {
        /// The field.
        field: String,
        /// The values.
        values: Vec<Plain>,
    },
    /// The field has none of these values; also when it is empty.
    NoneOf {
        /// The field.
        field: String,
        /// The values.
        values: Vec<Plain>,
    },
    /// The field has a value.
    Filled(String),
    /// The field has none.
    Empty(String),
    /// The day or time of the field lies within the window, before the end.
    InWindow(String),
    /// The day or time of the field lies before the end.
    ByEnd(String),
    /// The field is empty, or its day or time does not lie before the end.
    NotByEnd(String),
    /// The day or time of the field lies before the end by so many days of 24 hours or more.
    DaysByEnd {
        /// The field.
        field: String,
        /// How many.
        days: u32,
    },
    /// The time of the field is there before the end, and at most so many minutes after that of
    /// another field.
    WithinMinutes {
        /// The field.
        field: String,
        /// The other field.
        of: String,
        /// How many.
        minutes: u32,
    },
    /// The household file (or another file) that the row is the subject of is complete.
    CompleteFile,
    /// The row is a building that stands in a household file.
    InFile,
    /// Rows of another collection at the unit of this row have, taken together, each of these words in
    /// their lists.
    HasAll {
        /// Id of the other collection.
        of: String,
        /// Its field with the lists.
        field: String,
        /// The words.
        values: Vec<String>,
        /// Which of its rows.
        #[serde(rename = "where", default)]
        conditions: Vec<RowCondition>,
    },
}

/// A value that a field is compared with.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(untagged)]
pub enum Plain {
    /// A truth value.
    Flag(bool),
    /// A whole number.
    Number(i64),
    /// A text.
    Text(String),
}

impl RowCondition {
    /// The fields of the row that it asks: one, or two; none where other collections tell.
    pub(super) fn fields(&self) -> Option<[&str; 2]> {
        Some(match self {
            Self::WithinMinutes { field, of, .. } => [field, of],
            Self::CompleteFile | Self::InFile | Self::HasAll { .. } => return None,
            Self::Equals { field, .. }
            | Self::AnyOf { field, .. }
            | Self::NoneOf { field, .. }
            | Self::Filled(field)
            | Self::Empty(field)
            | Self::InWindow(field)
            | Self::ByEnd(field)
            | Self::NotByEnd(field)
            | Self::DaysByEnd { field, .. } => [field, field],
        })
    }
}

impl RecordSum {
    /// Every field that it asks.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        let quantity = match &self.quantity {
            RowQuantity::Field(field) => Some(field.as_str()),
            _ => None,
        };
        let own = [self.unit.as_deref(), self.task.as_deref(), quantity].into_iter().flatten();
        own.chain(self.conditions.iter().filter_map(RowCondition::fields).flatten())
    }

    /// Whether it asks which files are complete, or which buildings stand in one.
    pub fn asks_files(&self) -> bool {
        let asks =
            |one: &RowCondition| matches!(one, RowCondition::CompleteFile | RowCondition::InFile);
        self.conditions.iter().any(asks)
    }

    /// Whether it asks what patrols covered.
    pub fn asks_patrols(&self) -> bool {
        matches!(self.quantity, RowQuantity::DutyMetres | RowQuantity::PatrolledMetres)
    }

    /// The collections whose lists it asks.
    pub fn lists(&self) -> impl Iterator<Item = &str> {
        self.conditions.iter().filter_map(|condition| match condition {
            RowCondition::HasAll { of, .. } => Some(of.as_str()),
            _ => None,
        })
    }

    /// Whether it can be given where `task` is asked for.
    pub fn is_of(&self, task: Option<&str>) -> bool {
        task.is_none() || self.task.is_some()
    }
}

impl Display for RecordSum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {} ", self.name, self.collection)?;
        match &self.quantity {
            RowQuantity::Rows => f.write_str("的行数")?,
            RowQuantity::Field(field) => write!(f, "的 {field} 之和")?,
            RowQuantity::UnionArea => f.write_str("的并集面积（㎡）")?,
            RowQuantity::DutyMetres => f.write_str("的应巡里程（米·日）")?,
            RowQuantity::PatrolledMetres => f.write_str("的已巡里程（米·日）")?,
        }
        for (slot, condition) in self.conditions.iter().enumerate() {
            f.write_str(if slot == 0 { "（" } else { "且" })?;
            condition.fmt(f)?;
        }
        f.write_str(if self.conditions.is_empty() { "" } else { "）" })?;
        match &self.unit {
            Some(field) => write!(f, "，按 {field} 归属"),
            None => f.write_str("，按落界归属"),
        }
    }
}

impl Display for RowCondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Equals { field, value } => write!(f, "{field} 为{value}"),
            Self::AnyOf { field, values } => write!(f, "{field} 为{}", Values(values)),
            Self::NoneOf { field, values } => write!(f, "{field} 不为{}", Values(values)),
            Self::Filled(field) => write!(f, "{field} 有值"),
            Self::Empty(field) => write!(f, "{field} 无值"),
            Self::InWindow(field) => write!(f, "{field} 在期内"),
            Self::ByEnd(field) => write!(f, "{field} 在期末前"),
            Self::NotByEnd(field) => write!(f, "期末前无 {field}"),
            Self::DaysByEnd { field, days } => write!(f, "{field} 至期末满 {days} 天"),
            Self::WithinMinutes { field, of, minutes } => {
                write!(f, "{field} 不晚于 {of} 后 {minutes} 分钟")
            }
            Self::CompleteFile => f.write_str("档案齐全"),
            Self::InFile => f.write_str("已入档"),
            Self::HasAll { of, field, values, conditions } => {
                write!(f, "辖内 {of} 的 {field} 含{}", values.join("、"))?;
                conditions.iter().try_for_each(|one| write!(f, "，其 {one}"))
            }
        }
    }
}

struct Values<'a>(&'a [Plain]);

impl Display for Values<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (slot, value) in self.0.iter().enumerate() {
            f.write_str(if slot == 0 { "" } else { "或" })?;
            value.fmt(f)?;
        }
        Ok(())
    }
}

impl Display for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(true) => f.write_str("是"),
            Self::Flag(false) => f.write_str("否"),
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => write!(f, "“{text}”"),
        }
    }
}
