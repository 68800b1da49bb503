//! Ledgers (台账) as JSON and as tables for people. No HTTP here: routes and the command line share it.

use engine::ledger::{BookLine, BookPage, BookQuery};
use engine::query::Condition;
use formats::cql2;
use ledger::DataFault;
use ledger::book::{Book, BookSet, Books, DEFAULT_BOOKS, Field, fault};
use ledger::indicator::Basis;
use ledger::point::State;
use serde_json::{Map, Value as Json, json};
use spatial::{AxisOrder, Crs, Day, Table, TableCell, TableColumn, Value};

use crate::point_events::member;

pub use crate::as_of::moment;

/// The ledgers in force, their filters read.
#[derive(Clone, Debug, Default)]
pub struct Ledgers {
    books: Books,
    conditions: Vec<Option<Condition>>,
}

impl Ledgers {
    /// Takes the ledgers of an edition.
    ///
    /// # Errors
    /// Every fault that is found.
    pub fn new(set: BookSet) -> Result<Self, Vec<DataFault>> {
        let mut faults = Vec::new();
        let mut conditions = Vec::new();
        for book in &set.ledgers {
            let read = book.filter.as_deref().map(|text| {
                cql2::parse_text(text, &cql2::Limits::URL).map_err(|error| {
                    let reason = format!("is no CQL2 text: {error}");
                    faults.push(fault(&book.id, "filter", text, reason));
                })
            });
            conditions.push(read.and_then(Result::ok).map(|expression| Condition {
                expression,
                crs: Crs::WGS84,
                axes: AxisOrder::EastNorth,
            }));
        }
        match (Books::new(set), faults.is_empty()) {
            (Ok(books), true) => Ok(Self { books, conditions }),
            (Ok(_), false) => Err(faults),
            (Err(mut more), _) => {
                more.append(&mut faults);
                Err(more)
            }
        }
    }

    /// Which edition it is.
    pub fn edition(&self) -> &str {
        self.books.edition()
    }

    /// Every ledger, with its filter.
    pub fn all(&self) -> impl Iterator<Item = (&Book, Option<&Condition>)> {
        self.books.all().iter().zip(self.conditions.iter().map(Option::as_ref))
    }

    /// The ledger of an id, asked for in whole.
    pub fn query(&self, id: &str, day: Day) -> Option<BookQuery> {
        let (book, condition) = self.all().find(|(book, _)| book.id == id)?;
        Some(BookQuery {
            book: book.clone(),
            condition: condition.cloned(),
            unit: None,
            task: None,
            as_of: None,
            day,
            offset: 0,
            limit: 0,
        })
    }
}

/// The ledgers that come with the program, as TOML.
pub const SHIPPED: &str = DEFAULT_BOOKS;

/// What is said of a ledger.
pub fn described(book: &Book) -> Json {
    let columns: Vec<Json> = book
        .columns
        .iter()
        .map(|column| json!({ "field": String::from(column.field.clone()), "title": column.title }))
        .collect();
    json!({
        "id": book.id, "title": book.title, "type": book.group,
        "level": book.level.identifier(), "collection": book.collection, "filter": book.filter,
        "member": book.member, "tasks": book.tasks, "columns": columns, "basis": book.basis,
        "source": book.source
    })
}

fn sums(book: &Book, line: &BookLine) -> Json {
    let sum = |(sum, value): (&ledger::book::BookSum, &f64)| {
        json!({
            "field": sum.field, "title": sum.title, "unitOfMeasure": sum.unit_of_measure,
            "value": value / sum.factor
        })
    };
    book.sums.iter().zip(&line.sums).map(sum).collect()
}

fn line(book: &Book, one: &BookLine) -> Json {
    json!({ "code": one.code, "name": one.name, "count": one.count, "sums": sums(book, one) })
}

/// A page of a ledger as a document.
pub fn document(query: &BookQuery, page: &BookPage) -> Json {
    let book = &query.book;
    let row = |row: &engine::ledger::BookRow| {
        let mut entry = Map::new();
        entry.insert("fid".to_owned(), json!(row.id.value()));
        for (column, value) in page.columns.iter().zip(&row.values) {
            entry.insert(String::from(column.field.clone()), member(value));
        }
        Json::Object(entry)
    };
    let stages = page.stages.iter().map(|(word, count)| json!({ "stage": word, "count": count }));
    json!({
        "revision": page.revision.0,
        "ledger": described(book),
        "unit": query.unit, "unitKnown": page.unit_is_known, "task": query.task,
        "numberMatched": page.whole.count, "numberReturned": page.rows.len(),
        "sums": sums(book, &page.whole),
        "units": page.units.iter().map(|one| line(book, one)).collect::<Vec<_>>(),
        "outside": page.outside.as_ref().map(|one| line(book, one)),
        "stages": stages.collect::<Vec<_>>(),
        "withheld": page.withheld,
        "rows": page.rows.iter().map(row).collect::<Vec<_>>()
    })
}

/// A value as people read it: days as days, states of points by their names.
pub(crate) fn cell(field: &Field, value: &Value) -> TableCell {
    let text = match value {
        Value::Null | Value::Bytes(_) => return TableCell::Empty,
        Value::Bool(truth) => return if *truth { "是" } else { "否" }.into(),
        Value::Int(number) => return (*number).into(),
        Value::Real(number) => return number_cell(*number, 2),
        Value::Text(text) => text.as_str(),
    };
    if field.name() == "state"
        && let Some(state) = State::from_identifier(text)
    {
        return state.chinese().into();
    }
    // Of whole dates and moments alone: other text may begin like one.
    let looks_dated = matches!(text.len(), 10 | 20..=30) && text.as_bytes().get(4) == Some(&b'-');
    let day = looks_dated.then(|| ledger::clue::day_of(text)).flatten();
    day.map_or_else(|| text.into(), |day| TableCell::Day(day.0))
}

pub(crate) fn number_cell(number: f64, decimals: u8) -> TableCell {
    if !number.is_finite() {
        return TableCell::Empty;
    }
    // Sums of what a store holds are far below the numbers of this type.
    let scaled = (number * 10f64.powi(i32::from(decimals))).round() as i128;
    TableCell::Number { scaled, decimals }
}

/// Figures by unit, and the rows.
pub fn tables(query: &BookQuery, page: &BookPage, edition: &str) -> [Table; 2] {
    let book = &query.book;
    let mut columns: Vec<TableColumn> = ["代码", "单位", "数量"].map(TableColumn::named).to_vec();
    columns.extend(
        book.sums
            .iter()
            .map(|sum| TableColumn::named(format!("{}（{}）", sum.title, sum.unit_of_measure))),
    );
    let figures = |one: &BookLine| {
        let mut row: Vec<TableCell> = vec![
            one.code.as_str().into(),
            one.name.as_str().into(),
            TableCell::Number { scaled: i128::from(one.count), decimals: 0 },
        ];
        let sums = book.sums.iter().zip(&one.sums);
        row.extend(sums.map(|(sum, value)| number_cell(value / sum.factor, sum.decimals)));
        row
    };
    let whole = BookLine { name: "合计".to_owned(), ..page.whole.clone() };
    let lines = page.units.iter().chain(&page.outside).chain(std::iter::once(&whole));
    let mut notes = vec![format!(
        "单位 {}，任务 {}，数据修订号 {}，共 {} 行，本表 {} 行；台账版本 {edition}",
        query.unit.as_deref().unwrap_or("全部"),
        query.task.as_deref().unwrap_or("全部"),
        page.revision.0,
        page.whole.count,
        page.rows.len()
    )];
    notes.extend(page.stages.iter().map(|(word, count)| format!("{word}：{count}")));
    if book.basis == Basis::Template {
        notes.push(format!("自拟口径：{}", book.source));
    } else {
        notes.push(format!("依据：{}", book.source));
    }
    if !page.withheld.is_empty() {
        notes.push(format!("未列出的列：{}", page.withheld.join("、")));
    }
    let by_unit = Table {
        title: format!("{}汇总", book.title),
        columns,
        rows: lines.map(figures).collect(),
        notes: notes.clone(),
    };
    let row = |row: &engine::ledger::BookRow| {
        let cells = page.columns.iter().zip(&row.values);
        cells.map(|(column, value)| cell(&column.field, value)).collect()
    };
    let rows = Table {
        title: book.title.clone(),
        columns: page.columns.iter().map(|one| TableColumn::named(&one.title)).collect(),
        rows: page.rows.iter().map(row).collect(),
        notes,
    };
    [by_unit, rows]
}
