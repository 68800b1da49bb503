//! Rows of the table of units, as they are and as units.

use spatial::{Collection, FeatureRef, FieldType, ValueRef};

use super::{AdminUnit, COLLECTIONS, CodeScheme, Day, Level, UnitDefect, Validity, split_names};

/// A row as it stands in the table. An absent text is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnitRow {
    /// The id of its feature; none above 0 of one that has none yet.
    pub row: i64,
    /// The code.
    pub code: String,
    /// Codes by scheme, those that are given.
    pub codes: Vec<(CodeScheme, String)>,
    /// The name.
    pub name: String,
    /// Aliases in one field.
    pub aliases: String,
    /// The level, in words.
    pub level: String,
    /// The parent's code.
    pub parent: String,
    /// The first day.
    pub valid_from: String,
    /// The day after the last.
    pub valid_to: String,
}

impl UnitRow {
    /// The unit that the row is, and what is wrong with the row by itself. A unit without a code,
    /// with an unknown level or with a day that is none is no unit.
    pub fn read(&self) -> (Option<AdminUnit>, Vec<UnitDefect>) {
        let (row, code) = (self.row, self.code.trim().to_owned());
        let mut defects = Vec::new();
        if code.is_empty() {
            defects.push(UnitDefect::NoCode { row });
        }
        let level = Level::named(&self.level);
        if level.is_none() {
            let level = self.level.chars().take(40).collect();
            defects.push(UnitDefect::UnknownLevel { row, code: code.clone(), level });
        }
        let mut day = |text: &str, field| match text {
            "" => Some(None),
            text => match text.parse::<Day>() {
                Ok(day) => Some(Some(day)),
                Err(fault) => {
                    let code = code.clone();
                    defects.push(UnitDefect::BadDay { row, code, field, fault });
                    None
                }
            },
        };
        let from = day(self.valid_from.trim(), "valid_from");
        let to = day(self.valid_to.trim(), "valid_to");
        for (scheme, given) in &self.codes {
            if let Some(fault) = scheme.fault(given) {
                let (code, scheme) = (code.clone(), *scheme);
                defects.push(UnitDefect::BadCode { row, code, scheme, fault });
            }
        }
        let (Some(level), Some(from), Some(to), false) = (level, from, to, code.is_empty()) else {
            return (None, defects);
        };
        let validity = Validity { from, to };
        if validity.is_empty() {
            defects.push(UnitDefect::NeverValid { row, code: code.clone(), validity });
        }
        let parent = self.parent.trim();
        let unit = AdminUnit {
            row,
            code,
            codes: self.codes.iter().cloned().collect(),
            name: self.name.trim().to_owned(),
            aliases: split_names(&self.aliases).map(str::to_owned).collect(),
            level,
            parent: (!parent.is_empty()).then(|| parent.to_owned()),
            validity,
        };
        (Some(unit), defects)
    }
}

/// Where the fields of units stand in one collection.
#[derive(Clone, Debug)]
pub struct UnitReader {
    code: usize,
    level: usize,
    codes: Vec<(CodeScheme, usize)>,
    name: Option<usize>,
    aliases: Option<usize>,
    parent: Option<usize>,
    valid_from: Option<usize>,
    valid_to: Option<usize>,
}

impl UnitReader {
    /// The reader of `collection`; `None` unless it has texts `code` and `level`.
    pub fn of(collection: &Collection) -> Option<Self> {
        let position = |name: &str| collection.field_position(name);
        let text = |name: &str| {
            position(name).filter(|at| collection.fields[*at].field_type == FieldType::Text)
        };
        let scheme = |scheme: CodeScheme| Some((scheme, position(scheme.identifier())?));
        Some(Self {
            code: text("code")?,
            level: text("level")?,
            codes: CodeScheme::ALL.into_iter().filter_map(scheme).collect(),
            name: position("name"),
            aliases: position("aliases"),
            parent: position("parent"),
            valid_from: position("valid_from"),
            valid_to: position("valid_to"),
        })
    }

    /// The row that `feature` is.
    pub fn row(&self, feature: FeatureRef<'_>) -> UnitRow {
        self.read(feature.id().value(), &|at| feature.value(at))
    }

    /// The row of an id with these values by position.
    pub fn read<'v>(&self, row: i64, value: &dyn Fn(usize) -> ValueRef<'v>) -> UnitRow {
        let text = |at: usize| text_of(value(at));
        let optional = |at: Option<usize>| at.map(text).unwrap_or_default();
        let codes = self.codes.iter().map(|(scheme, at)| (*scheme, text(*at)));
        UnitRow {
            row,
            code: text(self.code),
            codes: codes.filter(|(_, code)| !code.trim().is_empty()).collect(),
            name: optional(self.name),
            aliases: optional(self.aliases),
            level: text(self.level),
            parent: optional(self.parent),
            valid_from: optional(self.valid_from),
            valid_to: optional(self.valid_to),
        }
    }
}

/// Where the validity of features stands in one collection.
#[derive(Clone, Copy, Debug)]
pub struct ValidityReader {
    from: Option<usize>,
    to: Option<usize>,
}

impl ValidityReader {
    /// The reader of `collection`. A field that is missing is an open end.
    pub fn of(collection: &Collection) -> Self {
        let position = |name: &str| collection.field_position(name);
        Self { from: position("valid_from"), to: position("valid_to") }
    }

    /// When `feature` is valid; `None` where a day is none.
    pub fn validity(&self, feature: FeatureRef<'_>) -> Option<Validity> {
        self.read(&|at| feature.value(at))
    }

    /// When a row with these values by position is valid; `None` where a day is none.
    pub fn read<'v>(&self, value: &dyn Fn(usize) -> ValueRef<'v>) -> Option<Validity> {
        let day = |at: Option<usize>| match at.map(|at| text_of(value(at))) {
            None => Some(None),
            Some(text) if text.trim().is_empty() => Some(None),
            Some(text) => text.trim().parse().ok().map(Some),
        };
        Some(Validity { from: day(self.from)?, to: day(self.to)? })
    }
}

/// Where codes, and the days on which they hold, stand in one of the collections of places.
#[derive(Clone, Copy, Debug)]
pub struct CodeReader {
    code: usize,
    validity: ValidityReader,
}

impl CodeReader {
    /// The reader of `collection`; `None` unless it is one of places that have codes.
    pub fn of(collection: &Collection) -> Option<Self> {
        COLLECTIONS.iter().find(|places| places.id == collection.id.as_str())?;
        let code = collection.field_position("code")?;
        Some(Self { code, validity: ValidityReader::of(collection) })
    }

    /// The code of a row with these values by position, and when it holds; `None` where it has none, and
    /// where a day is none.
    pub fn read<'v>(&self, value: &dyn Fn(usize) -> ValueRef<'v>) -> Option<(&'v str, Validity)> {
        let ValueRef::Text(code) = value(self.code) else { return None };
        let code = Some(code.trim()).filter(|code| !code.is_empty())?;
        Some((code, self.validity.read(value)?))
    }

    /// The position of the code.
    pub fn code(&self) -> usize {
        self.code
    }

    /// The fields that say which code holds when, the code first.
    pub fn fields(&self) -> impl Iterator<Item = usize> + use<> {
        [Some(self.code), self.validity.from, self.validity.to].into_iter().flatten()
    }
}

fn text_of(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Text(text) => text.to_owned(),
        ValueRef::Int(number) => number.to_string(),
        _ => String::new(),
    }
}
