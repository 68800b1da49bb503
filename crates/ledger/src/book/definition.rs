//! What a ledger is: data.

use serde::{Deserialize, Serialize};

use crate::indicator::Basis;
use crate::word_list::words_of;

/// The ledgers of a city in one edition, as they are read.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct BookSet {
    /// Which edition it is, as in `2026-01`.
    pub edition: String,
    /// The ledgers.
    pub ledgers: Vec<Book>,
}

/// One ledger.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Book {
    /// Its name for interfaces: small letters, digits, `_`.
    pub id: String,
    /// Its name for people.
    pub title: String,
    /// The group that it stands in.
    #[serde(rename = "type")]
    pub group: String,
    /// Who keeps it.
    pub level: BookLevel,
    /// Where its rows are.
    pub collection: String,
    /// Which of them, in CQL2 text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// Only rows whose list has a value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<Member>,
    /// Columns that say which unit a row is of, the finest first.
    pub unit: Vec<Field>,
    /// The column that names a point by id or code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub point: Option<String>,
    /// The column that says the task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<Field>,
    /// The tasks that it is of; none: of all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<String>,
    /// What is shown.
    pub columns: Vec<BookColumn>,
    /// What is added up.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sums: Vec<BookSum>,
    /// How many rows stand at which stage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stages: Option<Stages>,
    /// How its rows are drawn.
    #[serde(default)]
    pub drawn: Drawn,
    /// On what it rests.
    pub basis: Basis,
    /// The document, or whose proposal it is.
    pub source: String,
}

/// How the rows of a ledger are drawn: in one colour, or by a column.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Drawn {
    /// The colour of all other rows, `#rrggbb`.
    pub colour: String,
    /// The column by whose values rows have colours of their own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// These.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub colours: Vec<Coloured>,
}

impl Default for Drawn {
    fn default() -> Self {
        Self { colour: "#d55e00".to_owned(), field: None, colours: Vec::new() }
    }
}

/// The colour of rows with one of some values.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Coloured {
    /// The values; whatever value there is when absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    /// The colour, `#rrggbb`.
    pub colour: String,
}

/// Who keeps a ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BookLevel {
    /// The district.
    District,
    /// The town or street office.
    Town,
    /// The community or village.
    Village,
}

impl BookLevel {
    /// Its word.
    pub fn identifier(self) -> &'static str {
        match self {
            Self::District => "district",
            Self::Town => "town",
            Self::Village => "village",
        }
    }

    /// What people call it.
    pub fn chinese(self) -> &'static str {
        match self {
            Self::District => "区级",
            Self::Town => "街乡镇级",
            Self::Village => "社区村级",
        }
    }
}

/// A value in a column that holds a list as text.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// The column.
    pub field: String,
    /// The value.
    pub value: String,
}

impl Member {
    /// Whether a list as it stands in a cell has the value.
    pub fn is_in(&self, list: &str) -> bool {
        words_of(list).any(|word| word == self.value)
    }
}

/// A column of the ledger's own rows, or as `point.COLUMN` of the point that a row names.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(from = "String", into = "String")]
pub enum Field {
    /// Of the row.
    Own(String),
    /// Of its point.
    Point(String),
}

impl From<String> for Field {
    fn from(text: String) -> Self {
        match text.strip_prefix("point.") {
            Some(name) => Self::Point(name.to_owned()),
            None => Self::Own(text),
        }
    }
}

impl From<Field> for String {
    fn from(field: Field) -> Self {
        match field {
            Field::Own(name) => name,
            Field::Point(name) => format!("point.{name}"),
        }
    }
}

impl Field {
    /// Another column of the same row.
    pub fn beside(&self, name: &str) -> Self {
        match self {
            Self::Own(_) => Self::Own(name.to_owned()),
            Self::Point(_) => Self::Point(name.to_owned()),
        }
    }

    /// The name of the column in its collection.
    pub fn name(&self) -> &str {
        match self {
            Self::Own(name) | Self::Point(name) => name,
        }
    }
}

/// A column that is shown.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct BookColumn {
    /// The column.
    pub field: Field,
    /// What stands above it.
    pub title: String,
}

/// A column that is added up.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct BookSum {
    /// The column, of the ledger's own rows.
    pub field: String,
    /// What the sum is called.
    pub title: String,
    /// In which unit it is told.
    pub unit_of_measure: String,
    /// How many of the column's units are one of them.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub factor: f64,
    /// Digits behind the point in tables.
    pub decimals: u8,
}

fn one() -> f64 {
    1.0
}

fn is_one(factor: &f64) -> bool {
    factor.to_bits() == 1f64.to_bits()
}

/// Stages in their order.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Stages {
    /// The column that says the stage.
    pub field: String,
    /// Its words.
    pub words: Vec<String>,
}
