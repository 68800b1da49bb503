//! Workbooks built from their parts.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use spatial::{FieldType, Value};

use crate::ReadOptions;
use crate::test_files::{ReadLayer, check_never_panics, folder, read_all, zip_of};

const TYPES: &str = r#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/></Types>"#;
const ROOT: &str = r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;
/// Style 1 is a date.
const STYLES: &str = r#"<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>"#;

/// A workbook whose sheets are called by name and hold the rows given as XML.
fn workbook(sheets: &[(&str, &str)]) -> Vec<u8> {
    let mut list = String::new();
    let mut relations = String::new();
    let mut parts = Vec::new();
    for (slot, (name, rows)) in sheets.iter().enumerate() {
        let id = slot + 1;
        list += &format!(r#"<sheet name="{name}" sheetId="{id}" r:id="rId{id}"/>"#);
        relations += &format!(
            r#"<Relationship Id="rId{id}" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet{id}.xml"/>"#
        );
        parts.push((
            format!("xl/worksheets/sheet{id}.xml"),
            format!(
                r#"<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{rows}</sheetData></worksheet>"#
            ),
        ));
    }
    relations += r#"<Relationship Id="rIdS" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/>"#;
    let book = format!(
        r#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>{list}</sheets></workbook>"#
    );
    let relations = format!(
        r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{relations}</Relationships>"#
    );
    let mut entries: Vec<(&str, &[u8])> = vec![
        ("[Content_Types].xml", TYPES.as_bytes()),
        ("_rels/.rels", ROOT.as_bytes()),
        ("xl/workbook.xml", book.as_bytes()),
        ("xl/_rels/workbook.xml.rels", relations.as_bytes()),
        ("xl/styles.xml", STYLES.as_bytes()),
    ];
    entries.extend(parts.iter().map(|(name, xml)| (name.as_str(), xml.as_bytes())));
    zip_of(&entries)
}

/// One row: text as it is, `#n` a number, `@n` a day, `!` an error, `` nothing.
fn row(number: u32, cells: &[&str]) -> String {
    let cell = |(slot, cell): (usize, &&str)| {
        let at = format!("{}{number}", char::from(b'A' + slot as u8));
        if let Some(number) = cell.strip_prefix('#') {
            format!(r#"<c r="{at}"><v>{number}</v></c>"#)
        } else if let Some(day) = cell.strip_prefix('@') {
            format!(r#"<c r="{at}" s="1"><v>{day}</v></c>"#)
        } else if *cell == "!" {
            format!(r#"<c r="{at}" t="e"><v>#N/A</v></c>"#)
        } else if cell.is_empty() {
            String::new()
        } else {
            format!(r#"<c r="{at}" t="inlineStr"><is><t>{cell}</t></is></c>"#)
        }
    };
    let cells: String = cells.iter().enumerate().map(cell).collect();
    format!(r#"<row r="{number}">{cells}</row>"#)
}

fn read(bytes: &[u8]) -> Result<Vec<ReadLayer>, String> {
    let folder = folder(&[("台账.xlsx", bytes)]);
    read_all(&folder.path().join("台账.xlsx"), &ReadOptions::default())
        .map_err(|error| error.to_string())
}

#[test]
fn every_sheet_with_a_header_is_a_layer() {
    let rows = [
        row(1, &["青云店镇整治台账"]),
        row(3, &["代码", "宗地代码", "经度", "纬度", "日期", "面积", "备注"]),
        row(4, &["#110105001001", "0012", "#116.3", "39°42′", "@46348", "#167.25", "!"]),
        row(6, &["#110105001002", "0013", "", "", "@46349.5", "#200", "无"]),
    ];
    let only_header = row(1, &["a", "b"]);
    let bytes = workbook(&[
        ("点位", &rows.concat()),
        ("空", ""),
        ("表头", &only_header),
        ("户", &[row(1, &["户主"]), row(2, &["某甲"])].concat()),
    ]);
    let layers = read(&bytes).unwrap();
    let names: Vec<_> = layers.iter().map(|layer| layer.schema.name.as_str()).collect();
    assert_eq!(names, ["点位", "户"]);
    let points = &layers[0];
    let text = |text: &str| Ok(Value::Text(text.to_owned()));
    assert_eq!(points.shapes(), ["POINT (116.3 39.7)", "none"]);
    assert_eq!(points.rows.iter().map(|row| row.number).collect::<Vec<_>>(), [4, 6]);
    assert_eq!(points.column("代码")[0], Ok(Value::Int(110_105_001_001)));
    assert_eq!(points.column("宗地代码")[0], text("0012"));
    assert_eq!(points.column("日期"), [text("2026-11-22"), text("2026-11-23 12:00:00")]);
    assert_eq!(points.column("面积"), [Ok(Value::Real(167.25)), Ok(Value::Real(200.0))]);
    assert_eq!(points.column("备注"), [Ok(Value::Null), text("无")]);
    assert!(points.has_note("the header is row 3; 1 rows above it"));
    assert!(points.has_note("1 cells hold an error"));
}

#[test]
fn numbers_that_the_spreadsheet_has_rounded_are_named() {
    let rows = [row(1, &["证件"]), row(2, &["#110105194912310000"])];
    let layer = read(&workbook(&[("一", &rows.concat())])).unwrap().remove(0);
    assert!(layer.has_note("more than 15 digits"), "{:?}", layer.schema.notes);
    assert_eq!(layer.schema.fields[0].field_type, FieldType::Real);
}

#[test]
fn a_sheet_that_claims_the_whole_grid_costs_only_its_cells() {
    let rows = r#"<row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c></row>
        <row r="1048576"><c r="A1048576"><v>1</v></c></row>"#;
    let layer = read(&workbook(&[("一", rows)])).unwrap().remove(0);
    assert_eq!(layer.rows[0].number, 1_048_576);
    let wide = r#"<row r="1"><c r="XFD1"><v>1</v></c></row>"#;
    let error = read(&workbook(&[("一", wide)])).unwrap_err();
    assert!(error.contains("more than 2000 columns"), "{error}");
}

#[test]
fn a_workbook_without_a_header_says_so() {
    let error = read(&workbook(&[("一", &row(1, &["#1", "#2"]))])).unwrap_err();
    assert!(error.contains("no sheet has a header row"), "{error}");
}

#[test]
fn damaged_workbooks_never_panic() {
    let rows = [row(1, &["a", "lon", "lat"]), row(2, &["x", "#116", "#39"])].concat();
    let bytes = workbook(&[("一", &rows)]);
    let cuts = (0..bytes.len()).step_by(17).map(|length| bytes[..length].to_vec());
    check_never_panics("t.xlsx", &[], cuts);
    let flips = (0..bytes.len()).step_by(5).map(|at| {
        let mut flipped = bytes.clone();
        flipped[at] ^= 0xFF;
        flipped
    });
    check_never_panics("t.xlsx", &[], flips);
    // Inside the sheet, where the archive's checksums do not protect the reader.
    let damaged = (0..rows.len()).step_by(3).map(|at| {
        let mut broken = rows.clone().into_bytes();
        broken[at] = b'9';
        workbook(&[("一", &String::from_utf8_lossy(&broken))])
    });
    check_never_panics("t.xlsx", &[], damaged);
}
