//! An office's workbooks: what is filled, what stays, and what is refused.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::io::{Cursor, Read};

use calamine::{Data, Reader, Xlsx};
use proptest::prelude::*;
use spatial::TableCell;

use super::{Filled, ReportFault, fill_template, workbook};
use crate::test_files::zip_of;

const TYPES: &str = r#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/></Types>"#;
const ROOT: &str = r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="/xl/workbook.xml"/></Relationships>"#;
const RELATIONS: &str = r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="/xl/worksheets/sheet2.xml"/><Relationship Id="rId3" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings" Target="sharedStrings.xml"/><Relationship Id="rId4" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/></Relationships>"#;
const STYLES: &str = r#"<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="10"/></cellXfs></styleSheet>"#;
/// Text 1 asks in two runs, with a phonetic one between them.
const SHARED: &str = r#"<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>单位</t></si><si><r><t>截至 {{as</t></r><rPh sb="0" eb="1"><t>jie</t></rPh><r><t>_of}}，第 {{ revision }} 号 &amp; 完</t></r></si><si/><si><t xml:space="preserve"> {{Closing_Rate.T1}} </t></si></sst>"#;
const SHEET: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><cols><col min="1" max="1" width="30"/></cols>
<sheetData><row r="1" ht="30" customHeight="1"><c r="A1" s="1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row>
<row r="3" spans="1:4"><c r="A3" s="1" t="s"><v>3</v></c><c r="C3" s="1"/><c r="D3"><f>C3*2</f><v>0</v></c></row><row r="5"/>
</sheetData><mergeCells count="1"><mergeCell ref="C3:D4"/></mergeCells><pageMargins left="0.7" right="0.7" top="0.7" bottom="0.7" header="0.3" footer="0.3"/></worksheet>"#;
const SECOND: &str = r#"<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData/></worksheet>"#;

/// A workbook of two sheets with some defined names.
fn template(names: &str, sheet: &str) -> Vec<u8> {
    let book = format!(
        r#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="报表" sheetId="1" r:id="rId1"/><sheet name="表 2" sheetId="2" r:id="rId2"/></sheets><definedNames>{names}</definedNames><calcPr calcId="191029"/></workbook>"#
    );
    zip_of(&[
        ("[Content_Types].xml", TYPES.as_bytes()),
        ("_rels/.rels", ROOT.as_bytes()),
        ("xl/workbook.xml", book.as_bytes()),
        ("xl/_rels/workbook.xml.rels", RELATIONS.as_bytes()),
        ("xl/styles.xml", STYLES.as_bytes()),
        ("xl/sharedStrings.xml", SHARED.as_bytes()),
        ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
        ("xl/worksheets/sheet2.xml", SECOND.as_bytes()),
        ("xl/media/image1.png", &[0, 1, 2, 255]),
    ])
}

const NAMES: &str = r#"<definedName name="_xlnm.Print_Area" localSheetId="0">报表!$A$1:$D$9</definedName><definedName name="closing_rate">报表!$C$3:$D$4</definedName><definedName name="new_points">报表!$B$2</definedName><definedName name="overdue_rate">报表!$B$5</definedName><definedName name="score">报表!$B$3</definedName><definedName name="unit">'表 2'!$B$7</definedName><definedName name="own">报表!$A$9</definedName>"#;

fn values() -> Vec<(String, TableCell)> {
    let number = |scaled, decimals| TableCell::Number { scaled, decimals };
    [
        ("as_of", TableCell::from("2026-11-26")),
        ("revision", number(7, 0)),
        ("closing_rate.t1", number(8890, 2)),
        ("closing_rate", number(9001, 2)),
        ("new_points", number(3, 0)),
        ("overdue_rate", TableCell::from("—（分母为零）")),
        ("score", TableCell::Empty),
        ("unit", TableCell::from("=<大兴区>")),
    ]
    .map(|(name, cell)| (name.to_owned(), cell))
    .to_vec()
}

/// The parts of a workbook, unpacked.
fn parts(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    (0..zip.len())
        .map(|slot| {
            let mut entry = zip.by_index(slot).unwrap();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            (entry.name().unwrap().into_owned(), bytes)
        })
        .collect()
}

fn part(bytes: &[u8], name: &str) -> String {
    let found = parts(bytes).into_iter().find(|(own, _)| own == name).unwrap();
    String::from_utf8(found.1).unwrap()
}

#[test]
fn cells_are_filled_and_nothing_else_is_touched() {
    let template = template(NAMES, SHEET);
    let (bytes, filled) = fill_template(&template, values()).unwrap();
    assert_eq!(filled, Filled { cells: 7, unfilled_names: vec!["own".to_owned()] });
    let inline = |place: &str, style: &str, text: &str| {
        format!(
            r#"<c r="{place}"{style} t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>"#
        )
    };
    let expected = SHEET
        .replace(
            r#"<c r="B1" t="s"><v>1</v></c>"#,
            &inline("B1", "", "截至 2026-11-26，第 7 号 &amp; 完"),
        )
        .replace(
            r#"<c r="A3" s="1" t="s"><v>3</v></c>"#,
            r#"<c r="A3" s="1"><v>88.90</v></c><c r="B3"/>"#,
        )
        .replace(r#"<c r="C3" s="1"/>"#, r#"<c r="C3" s="1"><v>90.01</v></c>"#)
        .replace(r#"<row r="3""#, r#"<row r="2"><c r="B2"><v>3</v></c></row><row r="3""#)
        .replace(
            r#"<row r="5"/>"#,
            &format!(r#"<row r="5">{}</row>"#, inline("B5", "", "—（分母为零）")),
        );
    assert_eq!(part(&bytes, "xl/worksheets/sheet1.xml"), expected);
    let second = inline("B7", "", "=&lt;大兴区&gt;");
    assert_eq!(
        part(&bytes, "xl/worksheets/sheet2.xml"),
        SECOND.replace(
            "<sheetData/>",
            &format!(r#"<sheetData><row r="7">{second}</row></sheetData>"#)
        )
    );
    assert_eq!(
        part(&bytes, "xl/workbook.xml"),
        part(&template, "xl/workbook.xml")
            .replace(r#"calcId="191029""#, r#"calcId="191029" fullCalcOnLoad="1""#)
    );
    let rewritten = ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/worksheets/sheet2.xml"];
    let kept = |bytes: &[u8]| -> Vec<(String, Vec<u8>)> {
        let mut parts = parts(bytes);
        for (name, bytes) in &mut parts {
            if rewritten.contains(&name.as_str()) {
                bytes.clear();
            }
        }
        parts
    };
    assert_eq!(kept(&bytes), kept(&template));
}

#[test]
fn a_filled_workbook_is_read_back() {
    let (bytes, _) = fill_template(&template(NAMES, SHEET), values()).unwrap();
    let mut book: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(bytes)).unwrap();
    let cells = book.worksheet_range("报表").unwrap();
    let at = |row, column| cells.get_value((row, column)).cloned().unwrap_or_default();
    assert_eq!(at(0, 1), Data::String("截至 2026-11-26，第 7 号 & 完".to_owned()));
    assert_eq!((at(1, 1), at(2, 0)), (Data::Float(3.0), Data::Float(88.9)));
    assert_eq!(at(4, 1), Data::String("—（分母为零）".to_owned()));
    let second = book.worksheet_range("表 2").unwrap();
    assert_eq!(second.get_value((6, 1)), Some(&Data::String("=<大兴区>".to_owned())));
    assert_eq!(book.worksheet_formula("表 2").unwrap().used_cells().count(), 0);
}

#[test]
fn our_own_workbooks_are_templates_too() {
    let table = spatial::Table {
        title: "{{title}}".to_owned(),
        columns: vec![spatial::TableColumn::named("a {{x}} b {{x}} {{")],
        rows: vec![vec!["{{x}}".into()]],
        notes: vec!["{{{{x}}}}".to_owned()],
    };
    let template = workbook(&[table]).unwrap();
    let values =
        [("title", "表"), ("x", "值")].map(|(name, text)| (name.to_owned(), TableCell::from(text)));
    let (bytes, filled) = fill_template(&template, values).unwrap();
    assert_eq!(filled.cells, 4);
    let mut book: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(bytes)).unwrap();
    let cells = book.worksheet_range_at(0).unwrap().unwrap();
    let texts: Vec<String> = cells.used_cells().map(|(_, _, cell)| cell.to_string()).collect();
    assert_eq!(texts, ["表", "a 值 b 值 {{", "值", "{{值}}"]);
}

/// Elements with a prefix, rows and cells without numbers, a byte order mark.
#[test]
fn sheets_of_other_programs_are_filled_too() {
    let sheet = r#"<x:worksheet xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><x:sheetData><x:row><x:c/><x:c t="inlineStr"><x:is><x:t>{{revision}}</x:t></x:is></x:c></x:row><x:row><x:c><x:v>1</x:v></x:c></x:row></x:sheetData></x:worksheet>"#;
    let names = r#"<definedName name="closing_rate">报表!$B$2</definedName>"#;
    let (bytes, _) =
        fill_template(&template(names, &format!("\u{feff}{sheet}")), values()).unwrap();
    let expected = sheet
        .replace(
            r#"<x:c t="inlineStr"><x:is><x:t>{{revision}}</x:t></x:is></x:c>"#,
            r#"<x:c r="B1"><x:v>7</x:v></x:c>"#,
        )
        .replace(
            "<x:v>1</x:v></x:c></x:row>",
            r#"<x:v>1</x:v></x:c><x:c r="B2"><x:v>90.01</x:v></x:c></x:row>"#,
        );
    assert_eq!(part(&bytes, "xl/worksheets/sheet1.xml"), format!("\u{feff}{expected}"));
    let without = sheet.replace("<x:v>1</x:v>", "");
    let (bytes, _) = fill_template(&template("", &without), values()).unwrap();
    assert!(part(&bytes, "xl/workbook.xml").contains(r#"<calcPr calcId="191029"/>"#));
}

#[test]
fn refusals_name_the_cell_and_the_way_out() {
    let refused = |names: &str, sheet: &str| {
        fill_template(&template(names, sheet), values()).unwrap_err().to_string()
    };
    let inline = |text: &str| {
        SHEET.replace(
            r#"<c r="C3" s="1"/>"#,
            &format!(r#"<c r="C3" t="inlineStr"><is><t>{text}</t></is></c>"#),
        )
    };
    for (message, expected) in [
        (
            refused("", &inline("{{closing}} {{as_of}}")),
            "not known: {{closing}} in 报表!C3; there are",
        ),
        (
            refused(r#"<definedName name="score">报表!$D$3</definedName>"#, SHEET),
            "sheet \"报表\", cell D3: \"score\" stands for a formula; clear the cell",
        ),
        (refused("", SECOND), "the template asks for nothing: write {{NAME}} into a cell"),
        (
            refused("", &SHEET.replace(r#"r="C3""#, r#"r="A3""#)),
            "cell \"A3\" after column 1 of row 3",
        ),
        (
            refused("", &SHEET.replace(r#"<row r="5"/>"#, r#"<row r="2"/>"#)),
            "row \"2\" after row 3",
        ),
        (refused("", &SHEET.replace("</row>", "")), "报表: "),
        (refused("", "<!DOCTYPE a [<!ENTITY b \"c\">]><a/>"), "a document type declaration"),
    ] {
        assert!(message.contains(expected), "{message}");
    }
    let garbage = fill_template(b"PK no", values()).unwrap_err();
    assert!(matches!(garbage, ReportFault::NotAWorkbook { .. }), "{garbage}");
    let plain = fill_template(&zip_of(&[("a.txt", b"a")]), values()).unwrap_err();
    assert!(plain.to_string().contains("_rels/.rels"), "{plain}");
    let huge = fill_template(&vec![0; (64 << 20) + 1], values()).unwrap_err();
    assert!(huge.to_string().contains("at most 67108864 are read"), "{huge}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_damaged_part_never_panics(
        part in 1..8_usize, at in 0.0..1.0_f64, length in 0..40_usize,
        with in "[<>/cvtrs {}\"=0-9&;!]{0,8}",
    ) {
        let mut parts = parts(&template(NAMES, SHEET));
        let text = String::from_utf8(parts[part].1.clone()).unwrap();
        let boundary = |at: usize| (at..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap();
        let begin = boundary((at * text.len() as f64) as usize);
        let end = boundary((begin + length).min(text.len()));
        parts[part].1 = format!("{}{with}{}", &text[..begin], &text[end..]).into_bytes();
        let parts: Vec<(&str, &[u8])> =
            parts.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
        match fill_template(&zip_of(&parts), values()) {
            Ok((bytes, filled)) => prop_assert!(filled.cells > 0 && !bytes.is_empty()),
            Err(fault) => prop_assert!(!fault.to_string().is_empty()),
        }
    }
}
