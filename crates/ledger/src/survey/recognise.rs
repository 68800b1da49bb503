//! Which layer of a package is which table, and which of its fields are which columns.

use super::{SurveyColumn, SurveyTable, SurveyTables};
use crate::normal_form;

/// Bytes that a name of a dBASE table has room for.
const CUT: usize = 10;

/// A layer that is a table of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recognised<'a> {
    /// The table.
    pub table: &'a SurveyTable,
    /// For each of its columns the position of the field that holds it.
    pub fields: Vec<Option<usize>>,
}

impl SurveyTables {
    /// The table that a layer of that name and these fields is: by its name, by words of the name, by its
    /// fields; `None` where nothing tells.
    pub fn recognise(&self, name: &str, fields: &[&str]) -> Option<Recognised<'_>> {
        let whole = normal_form(name);
        let words: Vec<&str> = whole.split(|c: char| !c.is_alphanumeric()).collect();
        let tables = &self.set().tables;
        let called = |word: &str| {
            tables.iter().find(|table| table.names.iter().any(|one| normal_form(one) == word))
        };
        let by_fields = || {
            tables.iter().find(|table| {
                let all = |set: &Vec<String>| {
                    !set.is_empty() && set.iter().all(|one| has(table, one, fields))
                };
                table.known_by.iter().any(all)
            })
        };
        let by_word = || words.iter().find_map(|word| called(word));
        let table = called(&whole).or_else(by_word).or_else(by_fields)?;
        let mut taken = vec![false; fields.len()];
        let mut find = |column: &SurveyColumn| {
            let mut names = column.names();
            let found = names.find_map(|name| {
                (0..fields.len()).find(|at| !taken[*at] && is_named(fields[*at], name))
            });
            found.inspect(|at| taken[*at] = true)
        };
        Some(Recognised { table, fields: table.columns.iter().map(&mut find).collect() })
    }
}

/// Whether one of the fields is the column whose field is called `name`.
fn has(table: &SurveyTable, name: &str, fields: &[&str]) -> bool {
    let column = table.columns.iter().find(|column| column.names().any(|one| one == name));
    let is = |field: &&str| match column {
        Some(column) => column.names().any(|name| is_named(field, name)),
        None => is_named(field, name),
    };
    fields.iter().any(is)
}

/// Whether a field has that name, perhaps cut at ten bytes of UTF-8 or GBK.
fn is_named(field: &str, name: &str) -> bool {
    let (field, name) = (normal_form(field), normal_form(name));
    if field == name {
        return true;
    }
    let narrow = |c: char| if c.is_ascii() { 1 } else { 2 };
    let Some(next) = name.strip_prefix(&field).and_then(|rest| rest.chars().next()) else {
        return false;
    };
    // The next character did not fit any more.
    let in_gbk = field.chars().map(narrow).sum::<usize>();
    let full = |bytes: usize, next: usize| bytes <= CUT && bytes + next > CUT;
    !field.is_empty() && (full(field.len(), next.len_utf8()) || full(in_gbk, narrow(next)))
}
