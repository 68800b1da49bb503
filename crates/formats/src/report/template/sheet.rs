//! Fills the cells of one sheet, and leaves every byte between them as it is.

use std::collections::BTreeMap;
use std::ops::Range;

use quick_xml::events::{BytesStart, Event};
use spatial::TableCell;

use super::book::prefix;
use super::broken;
use super::xml::{Events, attribute, text};
use crate::report::ReportFault;
use crate::report::cell_text::{self, Content, escaped, push_cell};
use crate::report::place::{self, Place};

/// What a sheet is filled with.
pub(super) struct Asked<'a> {
    /// Its name.
    pub sheet: &'a str,
    /// Shared texts that ask for something, by their number.
    pub shared: &'a BTreeMap<usize, String>,
    /// Values by names in lower case.
    pub values: &'a BTreeMap<String, TableCell>,
    /// Cells that have a defined name, with it and its value.
    pub named: BTreeMap<Place, (&'a str, &'a TableCell)>,
}

/// A sheet after it was filled.
#[derive(Default)]
pub(super) struct Done {
    pub text: String,
    /// How many cells were filled.
    pub cells: usize,
    /// Names that are not known, each with its cell.
    pub unknown: Vec<String>,
    pub has_formulas: bool,
}

/// A cell as it stands there.
#[derive(Default)]
struct Cell {
    place: Place,
    /// Where its first byte is.
    from: usize,
    prefix: String,
    /// Attribute `s`, with the blank before it.
    style: String,
    kind: String,
    has_formula: bool,
    /// The text of `v`, and the one of `is`.
    value: String,
    inline: String,
}

pub(super) fn fill(document: &str, asked: Asked<'_>) -> Result<Done, ReportFault> {
    let mut filler = Filler {
        document,
        copied: 0,
        row: 0,
        column: 0,
        prefix: String::new(),
        done: Done::default(),
        asked,
    };
    filler.run()?;
    filler.done.text.push_str(&document[filler.copied..]);
    Ok(filler.done)
}

struct Filler<'a> {
    document: &'a str,
    /// Up to where the document was taken over.
    copied: usize,
    /// The row and column of the last cell.
    row: u32,
    column: u32,
    prefix: String,
    done: Done,
    asked: Asked<'a>,
}

/// Which text is read.
#[derive(Clone, Copy, PartialEq)]
enum Within {
    Nothing,
    Value,
    Inline,
    Phonetic,
}

impl Filler<'_> {
    fn run(&mut self) -> Result<(), ReportFault> {
        let sheet = self.asked.sheet;
        let mut events = Events::of(sheet, self.document);
        let mut is_data = false;
        let mut cell: Option<Cell> = None;
        let mut within = Within::Nothing;
        while let Some((event, range)) = events.next()? {
            match &event {
                Event::Start(start) if start.local_name().as_ref() == "sheetData" => {
                    is_data = true;
                    prefix(start.name().as_ref()).clone_into(&mut self.prefix);
                }
                Event::Empty(start) if start.local_name().as_ref() == "sheetData" => {
                    prefix(start.name().as_ref()).clone_into(&mut self.prefix);
                    if !self.asked.named.is_empty() {
                        self.open_empty(start, range);
                        self.push_rows(u32::MAX);
                        self.close(start);
                    }
                }
                _ if !is_data => {}
                Event::End(end) if end.local_name().as_ref() == "sheetData" => {
                    self.take_over(range.start);
                    self.push_rows(u32::MAX);
                    is_data = false;
                }
                Event::Start(start) | Event::Empty(start)
                    if cell.is_none() && start.local_name().as_ref() == "row" =>
                {
                    self.begin_row(start, range.start)?;
                    if matches!(event, Event::Empty(_)) && self.is_asked_in(self.row) {
                        self.open_empty(start, range);
                        self.push_cells(u32::MAX);
                        self.close(start);
                    }
                }
                Event::End(end) if end.local_name().as_ref() == "row" => {
                    if self.is_asked_in(self.row) {
                        self.take_over(range.start);
                        self.push_cells(u32::MAX);
                    }
                }
                Event::Start(start) | Event::Empty(start)
                    if cell.is_none() && start.local_name().as_ref() == "c" =>
                {
                    let begun = self.begin_cell(start, range.start)?;
                    match event {
                        Event::Empty(_) => self.end_cell(begun, range.end)?,
                        _ => cell = Some(begun),
                    }
                }
                Event::End(end) if end.local_name().as_ref() == "c" => {
                    if let Some(ended) = cell.take() {
                        self.end_cell(ended, range.end)?;
                    }
                }
                other => {
                    if let Some(cell) = &mut cell {
                        within = read(sheet, other, within, cell)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Copies the document up to a byte.
    fn take_over(&mut self, to: usize) {
        self.done.text.push_str(&self.document[self.copied..to]);
        self.copied = to;
    }

    /// Writes an element without content as one that is open.
    fn open_empty(&mut self, start: &BytesStart<'_>, range: Range<usize>) {
        self.take_over(range.start);
        self.done.text.push_str(&format!("<{}>", &**start));
        self.copied = range.end;
    }

    fn close(&mut self, start: &BytesStart<'_>) {
        self.done.text.push_str(&format!("</{}>", start.name().as_ref()));
    }

    fn is_asked_in(&self, row: u32) -> bool {
        self.asked.named.range((row, 0)..=(row, u32::MAX)).next().is_some()
    }

    fn begin_row(&mut self, start: &BytesStart<'_>, at: usize) -> Result<(), ReportFault> {
        let sheet = self.asked.sheet;
        let number = attribute(sheet, start, "r")?;
        let row = match &number {
            Some(number) => number.parse().ok().filter(|row| *row > self.row),
            None => self.row.checked_add(1),
        };
        let row = row.filter(|row| *row <= place::MAX_ROWS);
        let row = row.ok_or_else(|| {
            broken(sheet, format!("row {:?} after row {}", number.unwrap_or_default(), self.row))
        })?;
        if self.asked.named.range(..(row, 0)).next().is_some() {
            self.take_over(at);
            self.push_rows(row);
        }
        (self.row, self.column) = (row, 0);
        Ok(())
    }

    /// Writes what is asked for in rows before one, which the sheet does not have.
    fn push_rows(&mut self, before: u32) {
        while let Some(row) = self.asked.named.keys().next().map(|(row, _)| *row) {
            if row >= before {
                return;
            }
            let prefix = self.prefix.clone();
            self.done.text.push_str(&format!("<{prefix}row r=\"{row}\">"));
            self.row = row;
            self.push_cells(u32::MAX);
            self.done.text.push_str(&format!("</{prefix}row>"));
        }
    }

    /// Writes what is asked for in the current row before a column, in cells that it does not have.
    fn push_cells(&mut self, before: u32) {
        let row = self.row;
        loop {
            let next = self.asked.named.range((row, 0)..(row, before)).next();
            let Some((place, (_, value))) = next.map(|(place, named)| (*place, *named)) else {
                return;
            };
            self.asked.named.remove(&place);
            let attributes = format!(" r=\"{}\"", place::name(place));
            push_cell(&mut self.done.text, &self.prefix, &attributes, &cell_text::content(value));
            self.done.cells += 1;
        }
    }

    fn begin_cell(&mut self, start: &BytesStart<'_>, from: usize) -> Result<Cell, ReportFault> {
        let sheet = self.asked.sheet;
        let name = attribute(sheet, start, "r")?;
        let place = match &name {
            Some(name) => place::parse(name),
            None => Some((self.row, self.column + 1)),
        };
        let place = place.filter(|(row, column)| *row == self.row && *column > self.column);
        let place = place.ok_or_else(|| {
            let name = name.unwrap_or_default();
            broken(sheet, format!("cell {name:?} after column {} of row {}", self.column, self.row))
        })?;
        if self.asked.named.range((self.row, 0)..place).next().is_some() {
            self.take_over(from);
            self.push_cells(place.1);
        }
        self.column = place.1;
        let style = attribute(sheet, start, "s")?;
        Ok(Cell {
            place,
            from,
            prefix: prefix(start.name().as_ref()).to_owned(),
            style: style.map_or_else(String::new, |style| format!(" s=\"{}\"", escaped(&style))),
            kind: attribute(sheet, start, "t")?.unwrap_or_default(),
            ..Cell::default()
        })
    }

    fn end_cell(&mut self, cell: Cell, to: usize) -> Result<(), ReportFault> {
        self.done.has_formulas |= cell.has_formula;
        let content = match self.asked.named.remove(&cell.place) {
            Some((name, _)) if cell.has_formula => {
                return Err(ReportFault::Formula {
                    sheet: self.asked.sheet.to_owned(),
                    cell: place::name(cell.place),
                    name: name.to_owned(),
                });
            }
            Some((_, value)) => Some(cell_text::content(value)),
            None if cell.has_formula => None,
            None => self.written_in(&cell),
        };
        if let Some(content) = content {
            self.take_over(cell.from);
            let attributes = format!(" r=\"{}\"{}", place::name(cell.place), cell.style);
            push_cell(&mut self.done.text, &cell.prefix, &attributes, &content);
            self.copied = to;
            self.done.cells += 1;
        }
        Ok(())
    }

    /// What a cell gets whose text asks for something.
    fn written_in(&mut self, cell: &Cell) -> Option<Content> {
        let text = match cell.kind.as_str() {
            "s" => self.asked.shared.get(&cell.value.trim().parse().ok()?)?.as_str(),
            "inlineStr" => cell.inline.as_str(),
            "str" => cell.value.as_str(),
            _ => return None,
        };
        let asked = names(text);
        let mut unknown = Vec::new();
        let mut values = Vec::with_capacity(asked.len());
        for (name, range) in &asked {
            match self.asked.values.get(&name.to_lowercase()) {
                Some(value) => values.push((value, range)),
                None => {
                    let place = place::name(cell.place);
                    unknown.push(format!("{{{{{name}}}}} in {}!{place}", self.asked.sheet));
                }
            }
        }
        let content = match values.as_slice() {
            [] => None,
            [(value, range)] if text.trim() == &text[range.start..range.end] => {
                Some(cell_text::content(value))
            }
            values => {
                let mut whole = String::new();
                let mut at = 0;
                for (value, range) in values {
                    whole.push_str(&text[at..range.start]);
                    whole.push_str(&value.to_string());
                    at = range.end;
                }
                whole.push_str(&text[at..]);
                Some(Content::Text(whole))
            }
        };
        self.done.unknown.extend(unknown);
        content
    }
}

/// Takes an event within a cell; which text is read after it.
fn read(
    part: &str,
    event: &Event<'_>,
    within: Within,
    cell: &mut Cell,
) -> Result<Within, ReportFault> {
    Ok(match event {
        Event::Start(start) | Event::Empty(start) => match start.local_name().as_ref() {
            "f" => {
                cell.has_formula = true;
                within
            }
            _ if matches!(event, Event::Empty(_)) => within,
            "v" => Within::Value,
            "rPh" => Within::Phonetic,
            "t" if within != Within::Phonetic => Within::Inline,
            _ => within,
        },
        Event::End(end) => match (end.local_name().as_ref(), within) {
            ("rPh", _) => Within::Nothing,
            (_, Within::Phonetic) => Within::Phonetic,
            _ => Within::Nothing,
        },
        other => {
            match (within, text(part, other)?) {
                (Within::Value, Some(more)) => cell.value.push_str(&more),
                (Within::Inline, Some(more)) => cell.inline.push_str(&more),
                _ => {}
            }
            within
        }
    })
}

/// The names that a text asks for, each with the bytes of `{{NAME}}`.
fn names(text: &str) -> Vec<(&str, Range<usize>)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(open) = text[at..].find("{{").map(|open| at + open) {
        let Some(close) = text[open + 2..].find("}}").map(|close| open + 2 + close) else {
            break;
        };
        let name = text[open + 2..close].trim();
        // Of `{{{{a}}` the inner one is meant.
        match text[open + 2..close].rfind("{{") {
            Some(inner) => at = open + 2 + inner,
            None => {
                found.push((name, open..close + 2));
                at = close + 2;
            }
        }
    }
    found
}
