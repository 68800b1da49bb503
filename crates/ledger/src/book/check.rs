//! Whether ledgers hold together: what is looked at once, before anything is asked.

use std::collections::BTreeSet;

use spatial::CollectionId;

use super::{Book, BookSet, Drawn, Field};
use crate::data_check::{Check, DataFault};

/// Most ledgers of an edition.
const MAX_BOOKS: usize = 200;
/// Most columns, sums, stages or tasks of one.
const MAX_PARTS: usize = 60;
/// Most digits behind the point.
const MAX_DECIMALS: u8 = 6;
/// How faults call what has them.
const KIND: &str = "ledger";
/// Characters of a value that a fault tells: filters are long.
const SHOWN: usize = 60;

/// A fault of a ledger that is found by whoever reads its filter.
pub fn fault(ledger: &str, key: &'static str, value: &str, reason: String) -> DataFault {
    let value = value.chars().take(SHOWN).collect();
    DataFault { kind: KIND, of: ledger.to_owned(), key, value, reason }
}

/// Ledgers that hold together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Books {
    edition: String,
    books: Vec<Book>,
}

impl Books {
    /// Takes the ledgers of an edition. Filters are text here: whoever reads CQL2 looks at them.
    ///
    /// # Errors
    /// Every fault that is found.
    pub fn new(set: BookSet) -> Result<Self, Vec<DataFault>> {
        let mut check = Check::new(KIND).showing(SHOWN);
        check.line("edition", &set.edition);
        check.count("ledgers", set.ledgers.len(), 1..=MAX_BOOKS);
        let mut seen = BTreeSet::new();
        for book in &set.ledgers {
            check.of.clone_from(&book.id);
            if !seen.insert(book.id.as_str()) {
                check.fault("id", &book.id, "stands there twice; give one another name");
            }
            check.book(book);
        }
        check.finish(Self { edition: set.edition, books: set.ledgers })
    }

    /// Which edition it is.
    pub fn edition(&self) -> &str {
        &self.edition
    }

    /// Every ledger, in order.
    pub fn all(&self) -> &[Book] {
        &self.books
    }
}

impl Check {
    fn field(&mut self, key: &'static str, field: &Field, has_point: bool) {
        self.line(key, field.name());
        if let (Field::Point(name), false) = (field, has_point) {
            let reason = "is of a point, and `point` does not say which column names it";
            self.fault(key, &format!("point.{name}"), reason);
        }
    }

    fn book(&mut self, book: &Book) {
        self.name("id", &book.id);
        for (key, text) in [("title", &book.title), ("type", &book.group), ("source", &book.source)]
        {
            self.line(key, text);
        }
        if let Err(unusable) = CollectionId::try_from(book.collection.as_str()) {
            self.fault("collection", &book.collection, &unusable.to_string());
        }
        if let Some(filter) = &book.filter {
            self.line("filter", filter);
        }
        if let Some(member) = &book.member {
            self.line("member.field", &member.field);
            self.line("member.value", &member.value);
        }
        let has_point = book.point.is_some();
        if let Some(point) = &book.point {
            self.line("point", point);
        }
        self.count("unit", book.unit.len(), 1..=10);
        book.unit.iter().for_each(|field| self.field("unit", field, has_point));
        if let Some(task) = &book.task {
            self.field("task", task, has_point);
        }
        self.count("tasks", book.tasks.len(), 0..=MAX_PARTS);
        book.tasks.iter().for_each(|task| self.line("tasks", task));
        self.count("columns", book.columns.len(), 1..=MAX_PARTS);
        for column in &book.columns {
            self.field("columns.field", &column.field, has_point);
            self.line("columns.title", &column.title);
        }
        self.count("sums", book.sums.len(), 0..=MAX_PARTS);
        for sum in &book.sums {
            self.line("sums.field", &sum.field);
            self.line("sums.title", &sum.title);
            self.line("sums.unit_of_measure", &sum.unit_of_measure);
            if !(sum.factor.is_finite() && sum.factor > 0.0) {
                let reason = "is not usable; give a number above 0";
                self.fault("sums.factor", &sum.factor.to_string(), reason);
            }
            if sum.decimals > MAX_DECIMALS {
                let reason = format!("is too many; give 0 to {MAX_DECIMALS}");
                self.fault("sums.decimals", &sum.decimals.to_string(), &reason);
            }
        }
        if let Some(stages) = &book.stages {
            self.line("stages.field", &stages.field);
            self.count("stages.words", stages.words.len(), 1..=MAX_PARTS);
            stages.words.iter().for_each(|word| self.line("stages.words", word));
        }
        self.drawn(&book.drawn);
    }

    fn drawn(&mut self, drawn: &Drawn) {
        let colours = drawn.colours.iter().map(|one| ("drawn.colours.colour", &one.colour));
        for (key, colour) in std::iter::once(("drawn.colour", &drawn.colour)).chain(colours) {
            let digits = colour.strip_prefix('#').unwrap_or_default();
            if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                self.fault(key, colour, "is no colour; write one as #1f77b4");
            }
        }
        self.count("drawn.colours", drawn.colours.len(), 0..=MAX_PARTS);
        let mut seen = BTreeSet::new();
        for value in drawn.colours.iter().flat_map(|one| &one.values) {
            self.line("drawn.colours.values", value);
            if !seen.insert(value) {
                self.fault("drawn.colours.values", value, "has two colours; leave one out");
            }
        }
        if drawn.colours.len() > 1 && drawn.colours.iter().any(|one| one.values.is_empty()) {
            let reason =
                "are missing beside others; a colour of whatever value there is stands alone";
            self.fault("drawn.colours.values", "", reason);
        }
        match &drawn.field {
            Some(field) => self.line("drawn.field", field),
            None if drawn.colours.is_empty() => {}
            None => self.fault("drawn.field", "", "is missing: colours are by its values"),
        }
    }
}
