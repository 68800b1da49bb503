//! Tables as a workbook (.xlsx), a sheet each: a title, headings in one or two rows, typed cells,
//! and notes at the foot.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{Cursor, Write as _};

use spatial::{Table, TableCell};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::ReportFault;
use super::cell_text::{self, Content, escaped, push_cell};
use super::place::{self, MAX_COLUMNS, MAX_ROWS};

const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";
const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
/// Rows that the widths of columns are taken from.
const MEASURED_ROWS: usize = 200;
const MAX_SHEET_NAME: usize = 31;
/// Numbers have a style for each number of decimals up to this.
const MAX_DECIMALS: u8 = 8;

/// Styles by their place in `cellXfs` of [`styles`].
const TITLE: u32 = 1;
const HEADING: u32 = 2;
const TEXT: u32 = 3;
const NOTE: u32 = 4;
const DAY: u32 = 5;
const NUMBER: u32 = 6;

/// The tables as the bytes of a workbook.
///
/// # Errors
/// When there is no table, when one is more than a sheet can hold, or a row has not a cell for each column.
pub fn workbook(tables: &[Table]) -> Result<Vec<u8>, ReportFault> {
    if tables.is_empty() {
        return Err(ReportFault::NoTable);
    }
    let names = sheet_names(tables);
    let mut parts = vec![
        ("[Content_Types].xml".to_owned(), content_types(tables.len())),
        ("_rels/.rels".to_owned(), relations(&[("officeDocument", "xl/workbook.xml".to_owned())])),
        ("xl/workbook.xml".to_owned(), book(&names)),
        ("xl/_rels/workbook.xml.rels".to_owned(), book_relations(tables.len())),
        ("xl/styles.xml".to_owned(), styles()),
    ];
    for (number, table) in (1..).zip(tables) {
        parts.push((format!("xl/worksheets/sheet{number}.xml"), sheet(table)?));
    }
    packed(&parts).map_err(|reason| ReportFault::Unpacked { reason })
}

fn packed(parts: &[(String, String)]) -> Result<Vec<u8>, String> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in parts {
        zip.start_file(name, options()).map_err(|error| error.to_string())?;
        zip.write_all(text.as_bytes()).map_err(|error| error.to_string())?;
    }
    Ok(zip.finish().map_err(|error| error.to_string())?.into_inner())
}

/// How parts are packed: without a time, so that equal parts are equal bytes.
pub(super) fn options() -> SimpleFileOptions {
    SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Deflated)
        .last_modified_time(zip::DateTime::default())
}

/// Whether a row has a cell for each column.
pub(super) fn check_row(table: &Table, row: usize, cells: &[TableCell]) -> Result<(), ReportFault> {
    let (found, columns) = (cells.len(), table.columns.len());
    match found == columns {
        true => Ok(()),
        false => Err(ReportFault::Ragged { table: table.title.clone(), row, found, columns }),
    }
}

/// The titles as names of sheets: without what these may not have, cut, and each another.
fn sheet_names(tables: &[Table]) -> Vec<String> {
    let mut taken = BTreeSet::new();
    let allowed = |c: &char| !c.is_control() && !"[]:*?/\\".contains(*c);
    let name = |table: &Table| {
        let plain: String = table.title.chars().filter(allowed).collect();
        let plain = match plain.trim_matches(['\'', ' ']) {
            "" => "表",
            // A name that Excel keeps for itself.
            name if name.eq_ignore_ascii_case("history") => "表",
            name => name,
        };
        let cut = |most: usize| plain.chars().take(most).collect::<String>();
        let mut name = cut(MAX_SHEET_NAME);
        let mut number = 2;
        while !taken.insert(name.to_lowercase()) {
            let ending = format!(" {number}");
            name = cut(MAX_SHEET_NAME - ending.len()) + &ending;
            number += 1;
        }
        name
    };
    tables.iter().map(name).collect()
}

fn content_types(sheets: usize) -> String {
    const KIND: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml";
    let mut out = format!(
        "{HEAD}<Types xmlns=\"{PACKAGE}/content-types\"><Default Extension=\"rels\" \
         ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/><Default \
         Extension=\"xml\" ContentType=\"application/xml\"/><Override PartName=\"/xl/workbook.xml\" \
         ContentType=\"{KIND}.sheet.main+xml\"/><Override PartName=\"/xl/styles.xml\" \
         ContentType=\"{KIND}.styles+xml\"/>"
    );
    for number in 1..=sheets {
        let _ = write!(
            out,
            "<Override PartName=\"/xl/worksheets/sheet{number}.xml\" \
             ContentType=\"{KIND}.worksheet+xml\"/>"
        );
    }
    out + "</Types>"
}

fn relations(targets: &[(&str, String)]) -> String {
    let mut out = format!("{HEAD}<Relationships xmlns=\"{PACKAGE}/relationships\">");
    for (number, (kind, target)) in (1..).zip(targets) {
        let _ = write!(
            out,
            "<Relationship Id=\"rId{number}\" Type=\"{OFFICE}/{kind}\" Target=\"{target}\"/>"
        );
    }
    out + "</Relationships>"
}

fn book_relations(sheets: usize) -> String {
    let mut targets: Vec<(&str, String)> =
        (1..=sheets).map(|number| ("worksheet", format!("worksheets/sheet{number}.xml"))).collect();
    targets.push(("styles", "styles.xml".to_owned()));
    relations(&targets)
}

fn book(names: &[String]) -> String {
    let mut out = format!(
        "{HEAD}<workbook xmlns=\"{MAIN}\" xmlns:r=\"{OFFICE}\"><bookViews><workbookView/></bookViews><sheets>"
    );
    for (number, name) in (1..).zip(names) {
        let name = escaped(name);
        let _ = write!(out, "<sheet name=\"{name}\" sheetId=\"{number}\" r:id=\"rId{number}\"/>");
    }
    out + "</sheets></workbook>"
}

/// Fonts, borders and formats of numbers; the constants above say which is which.
fn styles() -> String {
    let mut formats = String::new();
    let mut numbers = String::new();
    for decimals in 0..=MAX_DECIMALS {
        let id = 165 + u32::from(decimals);
        let zeros = "0".repeat(usize::from(decimals));
        let point = if decimals == 0 { "" } else { "." };
        let _ = write!(formats, "<numFmt numFmtId=\"{id}\" formatCode=\"0{point}{zeros}\"/>");
        let _ = write!(numbers, "<xf numFmtId=\"{id}\" {}/>", applied(0, 1));
    }
    let side = |side: &str| format!("<{side} style=\"thin\"><color auto=\"1\"/></{side}>");
    let border = ["left", "right", "top", "bottom"].map(side).concat();
    let font = |bold: &str, size: u32| {
        format!("<font>{bold}<sz val=\"{size}\"/><name val=\"宋体\"/><charset val=\"134\"/></font>")
    };
    let aligned = |font, border, horizontal: &str| {
        format!(
            "<xf numFmtId=\"0\" {} applyAlignment=\"1\"><alignment horizontal=\"{horizontal}\" \
             vertical=\"center\" wrapText=\"1\"/></xf>",
            applied(font, border)
        )
    };
    let none = "<xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\" borderId=\"0\"/>";
    let texts = [
        aligned(1, 0, "center"),
        aligned(2, 1, "center"),
        aligned(0, 1, "left"),
        aligned(0, 0, "left"),
    ]
    .concat();
    let fonts = [font("", 11), font("<b/>", 16), font("<b/>", 11)].concat();
    let (formats_count, styles) =
        (u32::from(MAX_DECIMALS) + 2, NUMBER + u32::from(MAX_DECIMALS) + 1);
    let day = applied(0, 1);
    format!(
        "{HEAD}<styleSheet xmlns=\"{MAIN}\"><numFmts count=\"{formats_count}\"><numFmt \
         numFmtId=\"164\" formatCode=\"yyyy\\-mm\\-dd\"/>{formats}</numFmts><fonts count=\"3\">{fonts}\
         </fonts><fills count=\"2\"><fill><patternFill patternType=\"none\"/></fill><fill>\
         <patternFill patternType=\"gray125\"/></fill></fills><borders count=\"2\"><border><left/>\
         <right/><top/><bottom/><diagonal/></border><border>{border}<diagonal/></border></borders>\
         <cellStyleXfs count=\"1\">{none}</cellStyleXfs><cellXfs count=\"{styles}\">{none}{texts}<xf \
         numFmtId=\"164\" {day}/>{numbers}</cellXfs><cellStyles count=\"1\"><cellStyle \
         name=\"Normal\" xfId=\"0\" builtinId=\"0\"/></cellStyles></styleSheet>"
    )
}

fn applied(font: u32, border: u32) -> String {
    format!(
        "fontId=\"{font}\" fillId=\"0\" borderId=\"{border}\" xfId=\"0\" applyNumberFormat=\"1\" \
         applyFont=\"1\" applyBorder=\"1\""
    )
}

fn style_of(cell: &TableCell, content: &Content) -> u32 {
    match (cell, content) {
        (TableCell::Number { decimals, .. }, Content::Number(_)) => {
            NUMBER + u32::from((*decimals).min(MAX_DECIMALS))
        }
        (TableCell::Day(_), Content::Number(_)) => DAY,
        _ => TEXT,
    }
}

/// A sheet as it is written, from the top.
struct Sheet<'a> {
    table: &'a Table,
    row: u32,
    cells: String,
    merged: Vec<String>,
}

/// The XML of a table's sheet.
fn sheet(table: &Table) -> Result<String, ReportFault> {
    let too_much = |what, found, most: u32| ReportFault::TooMuch {
        sheet: table.title.clone(),
        what,
        found,
        most: most as usize,
    };
    let has_groups = table.columns.iter().any(|column| !column.group.is_empty());
    let headings = 1 + u32::from(has_groups);
    let rows = table.rows.len().saturating_add(table.notes.len() + 2 + headings as usize);
    if rows > MAX_ROWS as usize {
        return Err(too_much("rows", rows, MAX_ROWS));
    }
    if table.columns.len() > MAX_COLUMNS as usize {
        return Err(too_much("columns", table.columns.len(), MAX_COLUMNS));
    }
    let mut sheet = Sheet { table, row: 0, cells: String::new(), merged: Vec::new() };
    sheet.across(&table.title, TITLE)?;
    sheet.headings(has_groups)?;
    let top = sheet.row;
    for (number, row) in (1..).zip(&table.rows) {
        check_row(table, number, row)?;
        let cells = row.iter().map(|cell| {
            let content = cell_text::content(cell);
            (style_of(cell, &content), content)
        });
        sheet.push_row(cells.collect())?;
    }
    sheet.row += 1;
    for note in &table.notes {
        sheet.across(note, NOTE)?;
    }
    let merged = match sheet.merged.len() {
        0 => String::new(),
        count => {
            let cells: String =
                sheet.merged.iter().map(|cells| format!("<mergeCell ref=\"{cells}\"/>")).collect();
            format!("<mergeCells count=\"{count}\">{cells}</mergeCells>")
        }
    };
    Ok(format!(
        "{HEAD}<worksheet xmlns=\"{MAIN}\"><sheetPr><pageSetUpPr fitToPage=\"1\"/></sheetPr>\
         <sheetViews><sheetView workbookViewId=\"0\"><pane ySplit=\"{top}\" topLeftCell=\"A{}\" \
         activePane=\"bottomLeft\" state=\"frozen\"/></sheetView></sheetViews>{}<sheetData>{}\
         </sheetData>{merged}<pageSetup paperSize=\"9\" orientation=\"landscape\" fitToHeight=\"0\"/>\
         </worksheet>",
        top + 1,
        widths(table),
        sheet.cells,
    ))
}

impl Sheet<'_> {
    /// A row of contents with their styles.
    fn push_row(&mut self, contents: Vec<(u32, Content)>) -> Result<(), ReportFault> {
        self.row += 1;
        let _ = write!(self.cells, "<row r=\"{}\">", self.row);
        for (column, (style, content)) in (1..).zip(&contents) {
            if let Content::Text(text) = content {
                let found = text.encode_utf16().count();
                if found > cell_text::MAX_TEXT {
                    return Err(ReportFault::TooMuch {
                        sheet: self.table.title.clone(),
                        what: "characters of a cell",
                        found,
                        most: cell_text::MAX_TEXT,
                    });
                }
            }
            let attributes = format!(" r=\"{}\" s=\"{style}\"", place::name((self.row, column)));
            push_cell(&mut self.cells, "", &attributes, content);
        }
        self.cells.push_str("</row>");
        Ok(())
    }

    /// A line over all columns.
    fn across(&mut self, text: &str, style: u32) -> Result<(), ReportFault> {
        self.push_row(vec![(style, Content::Text(text.to_owned()))])?;
        self.merge(1, self.row, self.table.columns.len() as u32);
        Ok(())
    }

    /// Makes one cell of those from the first column and the current row, up to both lasts.
    fn merge(&mut self, first: u32, first_row: u32, last: u32) {
        if last > first || first_row < self.row {
            let (from, to) = (place::name((first_row, first)), place::name((self.row, last)));
            self.merged.push(format!("{from}:{to}"));
        }
    }

    /// The headings; with groups above them a row of those.
    fn headings(&mut self, has_groups: bool) -> Result<(), ReportFault> {
        let columns = &self.table.columns;
        let heading = |text: &String| (HEADING, Content::Text(text.clone()));
        if !has_groups {
            return self.push_row(columns.iter().map(|column| heading(&column.name)).collect());
        }
        let above = columns.iter().map(|column| match column.group.is_empty() {
            true => heading(&column.name),
            false => heading(&column.group),
        });
        self.push_row(above.collect())?;
        let first_row = self.row;
        let mut first = 0;
        while first < columns.len() {
            let group = &columns[first].group;
            let of_group = columns[first..].iter().take_while(|one| one.group == *group).count();
            if !group.is_empty() {
                self.merge(first as u32 + 1, first_row, (first + of_group) as u32);
            }
            first += of_group;
        }
        self.push_row(columns.iter().map(|column| heading(&column.name)).collect())?;
        for (number, column) in (1..).zip(columns) {
            if column.group.is_empty() {
                self.merge(number, first_row, number);
            }
        }
        Ok(())
    }
}

/// Columns as wide as their headings and first cells need.
fn widths(table: &Table) -> String {
    const LEAST: usize = 8;
    const MOST: usize = 48;
    let mut out = String::new();
    for (slot, column) in table.columns.iter().enumerate() {
        let cells = table.rows.iter().take(MEASURED_ROWS).filter_map(|row| row.get(slot));
        let widest = cells.map(|cell| cell_text::width(&cell.to_string())).max().unwrap_or(0);
        let width = widest.max(cell_text::width(&column.name).min(20)).clamp(LEAST, MOST) + 2;
        let number = slot + 1;
        let _ = write!(
            out,
            "<col min=\"{number}\" max=\"{number}\" width=\"{width}\" customWidth=\"1\"/>"
        );
    }
    if out.is_empty() { out } else { format!("<cols>{out}</cols>") }
}
