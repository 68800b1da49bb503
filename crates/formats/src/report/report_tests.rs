//! Tables as CSV and as workbooks, read back.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::io::Cursor;

use calamine::{Data, Reader, Xlsx};
use spatial::{Table, TableCell, TableColumn};

use super::{ReportFault, save_report, table_csv, workbook};
use crate::test_files::read_one;

fn number(scaled: i128, decimals: u8) -> TableCell {
    TableCell::Number { scaled, decimals }
}

fn table() -> Table {
    let of_group =
        |name: &str| TableColumn { group: "销账率".to_owned(), name: name.to_owned() };
    Table {
        title: "考核表: 2026/11".to_owned(),
        columns: vec![
            TableColumn::named("单位"),
            of_group("分子"),
            of_group("值（%，自拟口径）"),
            TableColumn::named("日期"),
        ],
        rows: vec![
            vec!["西红门镇".into(), number(-12, 0), number(8890, 2), TableCell::Day(20_783)],
            vec!["=1+1".into(), number(1 << 60, 0), "—（分母为零）".into(), TableCell::Empty],
        ],
        notes: vec!["数据修订号 7".to_owned(), "@口径".to_owned()],
    }
}

#[test]
fn csv_has_numbers_as_numbers_and_no_formulas() {
    let text = String::from_utf8(table_csv(&table()).unwrap()).unwrap();
    assert_eq!(
        text,
        "\u{feff}单位,销账率 分子,销账率 值（%，自拟口径）,日期\r\n西红门镇,-12,88.90,2026-11-26\r\n\
         '=1+1,1152921504606846976,—（分母为零）,\r\n\r\n考核表: 2026/11\r\n数据修订号 7\r\n'@口径\r\n"
    );
}

#[test]
fn a_csv_is_read_back_as_a_layer() {
    let mut table = table();
    table.rows.truncate(1);
    table.notes.clear();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    save_report(&path, &table_csv(&table).unwrap()).unwrap();
    let read = read_one(&path);
    assert_eq!(read.schema.fields[2].name, "销账率 值（%，自拟口径）");
    assert_eq!(std::fs::read(&path).unwrap(), table_csv(&table).unwrap());
}

fn read(bytes: &[u8]) -> Xlsx<Cursor<Vec<u8>>> {
    calamine::open_workbook_from_rs(Cursor::new(bytes.to_vec())).unwrap()
}

#[test]
fn a_workbook_has_typed_cells_under_two_rows_of_headings() {
    let bytes = workbook(&[table(), table()]).unwrap();
    assert_eq!(bytes, workbook(&[table(), table()]).unwrap());
    let mut book = read(&bytes);
    assert_eq!(book.sheet_names(), ["考核表 202611", "考核表 202611 2"]);
    let cells = book.worksheet_range("考核表 202611").unwrap();
    let text = |text: &str| Data::String(text.to_owned());
    let row = |row: usize| -> Vec<Data> { cells.rows().nth(row).unwrap().to_vec() };
    assert_eq!(row(0)[0], text("考核表: 2026/11"));
    assert_eq!(row(1), [text("单位"), text("销账率"), text("销账率"), text("日期")]);
    assert_eq!(row(2), [text("单位"), text("分子"), text("值（%，自拟口径）"), text("日期")]);
    assert_eq!(row(3)[..3], [text("西红门镇"), Data::Float(-12.0), Data::Float(88.9)]);
    let Data::DateTime(day) = &row(3)[3] else { panic!("{:?}", row(3)[3]) };
    assert_eq!(day.to_ymd_hms_milli(), (2026, 11, 26, 0, 0, 0, 0));
    // More digits than a spreadsheet keeps, and what would be a formula if it were not in the cell.
    assert_eq!(row(4)[..2], [text("=1+1"), text("1152921504606846976")]);
    assert_eq!(row(4)[3], Data::Empty);
    assert_eq!((row(5)[0].clone(), row(6)[0].clone()), (Data::Empty, text("数据修订号 7")));
    let merged = book.merge_cells_by_sheet_name("考核表 202611").unwrap();
    let merged: Vec<_> = merged.iter().map(|cells| (cells.start, cells.end)).collect();
    for expected in [((0, 0), (0, 3)), ((1, 1), (1, 2)), ((1, 0), (2, 0)), ((1, 3), (2, 3))] {
        assert!(merged.contains(&expected), "{expected:?}: {merged:?}");
    }
    assert_eq!(book.worksheet_formula("考核表 202611").unwrap().used_cells().count(), 0);
}

#[test]
fn a_workbook_without_groups_is_read_back_as_a_layer() {
    let mut table = table();
    table.columns.iter_mut().for_each(|column| column.group.clear());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.xlsx");
    save_report(&path, &workbook(&[table]).unwrap()).unwrap();
    let read = read_one(&path);
    let names: Vec<&str> = read.schema.fields.iter().map(|field| field.name.as_str()).collect();
    assert_eq!(names, ["单位", "分子", "值（%，自拟口径）", "日期"]);
}

#[test]
fn names_of_sheets_are_such_as_spreadsheets_take() {
    let titled = |title: &str| Table { title: title.to_owned(), ..table() };
    let long = "表".repeat(40);
    let titles = ["", "[]:*?/\\", "History", "'a'", "A", &long, &long, "a&b"];
    let tables: Vec<Table> = titles.into_iter().map(titled).collect();
    let names = read(&workbook(&tables).unwrap()).sheet_names();
    let cut = |count| "表".repeat(count);
    let expected = [
        "表".into(),
        "表 2".into(),
        "表 3".into(),
        "a".into(),
        "A 2".into(),
        cut(31),
        cut(29) + " 2",
    ];
    assert_eq!(names[..7], expected);
    assert_eq!(names[7], "a&b");
}

#[test]
fn what_no_sheet_holds_is_refused() {
    let mut ragged = table();
    ragged.rows[1].pop();
    let fault = ReportFault::Ragged { table: ragged.title.clone(), row: 2, found: 3, columns: 4 };
    assert_eq!(workbook(&[ragged.clone()]), Err(fault.clone()));
    assert_eq!(table_csv(&ragged), Err(fault));
    let refused = |table: Table| workbook(&[table]).unwrap_err().to_string();
    let mut long = table();
    long.rows[0][0] = TableCell::Text("表".repeat(32_768));
    assert!(refused(long).contains("32768 characters of a cell; a sheet holds at most 32767"));
    let mut many = table();
    many.rows = vec![vec![TableCell::Empty; 4]; 1_048_576];
    assert!(refused(many).contains("1048582 rows; a sheet holds at most 1048576: write CSV"));
    let wide = Table { columns: vec![TableColumn::default(); 16_385], ..Table::default() };
    assert!(refused(wide).contains("16385 columns"));
    assert!(workbook(&[]).unwrap_err().to_string().contains("no table"));
}
