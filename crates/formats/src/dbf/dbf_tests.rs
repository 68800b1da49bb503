//! DBF tables built byte by byte.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use spatial::{FieldType, Value};

use crate::ReadOptions;
use crate::test_files::{
    DbfColumn, ReadLayer, check_never_panics, cut_everywhere, dbf, flip_everywhere, folder, gbk,
    read_all, read_one,
};

const NAME: DbfColumn<'static> = (b"NAME", b'C', 30, 0);

fn read(bytes: &[u8], cpg: Option<&str>) -> ReadLayer {
    let folder = folder(&[("权利人.dbf", bytes)]);
    if let Some(cpg) = cpg {
        std::fs::write(folder.path().join("权利人.CPG"), cpg).unwrap();
    }
    read_one(&folder.path().join("权利人.dbf"))
}

fn text(text: &str) -> Result<Value, &'static str> {
    Ok(Value::Text(text.to_owned()))
}

#[test]
fn chinese_text_is_right_whatever_the_file_claims() {
    const TEXTS: [&str; 3] = ["大兴区青云店镇", "东孝路村", "刘家铺"];
    type Encode = fn(&str) -> Vec<u8>;
    let utf8: Encode = |text| text.as_bytes().to_vec();
    for (what, ldid, cpg, encode) in [
        ("GBK, nothing said", 0, None, gbk as Encode),
        ("GBK by LDID", 0x4D, None, gbk),
        ("GBK by .cpg", 0, Some("GBK"), gbk),
        ("GBK, but .cpg says UTF-8", 0, Some("UTF-8"), gbk),
        ("GBK, but .cpg says Latin", 0x57, Some("ISO-8859-1"), gbk),
        ("GBK, .cpg unknown", 0, Some("nonsense"), gbk),
        ("UTF-8, nothing said", 0, None, utf8),
        ("UTF-8, but LDID says GBK", 0x4D, None, utf8),
        (".cpg goes before LDID", 0x4F, Some("UTF-8\r\n"), utf8),
    ] {
        let rows: Vec<_> = TEXTS.iter().map(|text| vec![encode(text)]).collect();
        let layer = read(&dbf(ldid, &[NAME], &rows), cpg);
        assert_eq!(layer.column("NAME"), TEXTS.map(text), "{what}: {:?}", layer.schema.notes);
    }
}

#[test]
fn a_row_that_cannot_be_decoded_is_a_defect_and_the_others_survive() {
    let rows = [vec![gbk("宅基地")], vec![b"\xFF\xFE\xFF".to_vec()], vec![gbk("院落")]];
    let layer = read(&dbf(0x4D, &[NAME], &rows), None);
    assert_eq!(layer.column("NAME"), [text("宅基地"), Err("bad_encoding"), text("院落")]);
    let defect = layer.rows[1].feature.as_ref().unwrap_err();
    assert_eq!((layer.rows[1].number, defect.field.as_deref()), (2, Some("NAME")));
}

#[test]
fn the_encoding_that_the_user_names_is_taken() {
    let big5 = encoding_rs::BIG5.encode("臺北市").0.into_owned();
    let folder = folder(&[("t.dbf", &dbf(0x4D, &[NAME], &[vec![big5]])), ("t.cpg", b"UTF-8")]);
    let options =
        |label: &str| ReadOptions { encoding: Some(label.to_owned()), ..ReadOptions::default() };
    let path = folder.path().join("t.dbf");
    let layer = read_all(&path, &options("Big5")).unwrap().remove(0);
    assert_eq!(layer.column("NAME"), [text("臺北市")]);
    let error = read_all(&path, &options("Klingon")).unwrap_err().to_string();
    assert!(error.contains("encoding \"Klingon\" is not known"), "{error}");
}

#[test]
fn field_names_cut_inside_a_character_survive_and_stay_unique() {
    let (long, other) = ("不动产单元代码", "不动产类型");
    let columns: Vec<DbfColumn<'_>> = vec![
        (&long.as_bytes()[..10], b'C', 10, 0),
        (&other.as_bytes()[..10], b'C', 10, 0),
        (b"zl", b'C', 10, 0),
        (b"ZL", b'C', 10, 0),
        (b"", b'C', 10, 0),
    ];
    let rows = [vec!["甲".into(), "乙".into(), "丙".into(), "丁".into(), "戊".into()]];
    let layer = read(&dbf(0, &columns, &rows), None);
    let names: Vec<_> = layer.schema.fields.iter().map(|field| field.name.as_str()).collect();
    assert_eq!(names, ["不动产", "不动产_2", "zl", "ZL_2", "column_5"]);
    assert!(layer.has_note("field name \"不动产\" is cut inside a character"));
    let gbk_name = gbk("a不动产单元");
    let layer = read(&dbf(0, &[(&gbk_name[..10], b'C', 9, 0)], &[vec![gbk("村")]]), None);
    assert_eq!(layer.schema.fields[0].name, "a不动产单");
}

#[test]
fn a_value_cut_by_its_column_keeps_its_row() {
    let value = &"大兴区".as_bytes()[..8];
    let rows = [vec![value.to_vec()], vec!["宅".into()]];
    let layer = read(&dbf(0, &[(b"ZL", b'C', 8, 0)], &rows), Some("UTF-8"));
    assert_eq!(layer.column("ZL"), [text("大兴"), text("宅")]);
    assert!(layer.has_note("1 values fill their column and end inside a character"));
}

#[test]
fn every_type_is_read() {
    let columns: Vec<DbfColumn<'_>> = vec![
        (b"N", b'N', 18, 0),
        (b"REAL", b'N', 12, 3),
        (b"F", b'F', 12, 3),
        (b"L", b'L', 1, 0),
        (b"D", b'D', 8, 0),
        (b"I", b'I', 4, 0),
        (b"B", b'B', 8, 0),
        (b"Y", b'Y', 8, 0),
        (b"T", b'T', 8, 0),
        (b"MEMO", b'M', 10, 0),
    ];
    let moment = [2_461_367_i32.to_le_bytes(), 28_800_000_i32.to_le_bytes()].concat();
    let row: Vec<Vec<u8>> = vec![
        b"  1101150070010".to_vec(),
        b"  167.250".to_vec(),
        b"1.5E+3".to_vec(),
        b"T".to_vec(),
        b"20261122".to_vec(),
        (-7_i32).to_le_bytes().to_vec(),
        0.125_f64.to_le_bytes().to_vec(),
        12_345_i64.to_le_bytes().to_vec(),
        moment,
        b"42".to_vec(),
    ];
    let layer = read(&dbf(0, &columns, &[row]), None);
    let feature = layer.rows[0].feature.as_ref().unwrap();
    let expected = [
        Value::Int(1_101_150_070_010),
        Value::Real(167.25),
        Value::Real(1500.0),
        Value::Bool(true),
        Value::Text("2026-11-22".to_owned()),
        Value::Int(-7),
        Value::Real(0.125),
        Value::Real(1.2345),
        Value::Text("2026-11-22 08:00:00".to_owned()),
    ];
    assert_eq!(feature.properties, expected);
    assert!(layer.has_note("column \"MEMO\" of type 'M'"));
}

#[test]
fn numbers_that_are_none_are_null_or_defects_never_zero() {
    let rows: Vec<_> =
        ["12", "****", "", "1.0", "abc", "-3"].map(|n| vec![n.as_bytes().to_vec()]).to_vec();
    let layer = read(&dbf(0, &[(b"N", b'N', 4, 0)], &rows), None);
    let real = |value| Ok(Value::Real(value));
    assert_eq!(
        layer.column("N"),
        [real(12.0), Ok(Value::Null), Ok(Value::Null), real(1.0), Err("bad_number"), real(-3.0)]
    );
    assert!(layer.has_note("1 numbers overflow"));
    let layer = read(&dbf(0, &[(b"D", b'D', 8, 0)], &[vec![b"20260230".to_vec()]]), None);
    assert_eq!(layer.column("D"), [Err("bad_date")]);
}

#[test]
fn a_fraction_in_a_column_of_integers_makes_it_real() {
    let rows = [vec![b"12".to_vec()], vec![b"1.5".to_vec()]];
    let layer = read(&dbf(0, &[(b"N", b'N', 6, 0)], &rows), None);
    assert_eq!(layer.schema.fields[0].field_type, FieldType::Real);
    assert_eq!(layer.column("N"), [Ok(Value::Real(12.0)), Ok(Value::Real(1.5))]);
}

#[test]
fn deleted_rows_are_left_out_and_the_others_keep_their_numbers() {
    let mut bytes = dbf(0, &[NAME], &[vec![b"a".to_vec()], vec![b"b".to_vec()]]);
    bytes[65] = b'*';
    let layer = read(&bytes, None);
    assert_eq!(layer.rows.iter().map(|row| row.number).collect::<Vec<_>>(), [2]);
    assert_eq!(layer.schema.count, Some(1));
    assert!(layer.has_note("1 rows are marked as deleted"));
}

#[test]
fn a_count_beyond_the_file_is_refused_before_anything_is_allocated() {
    let mut bytes = dbf(0, &[NAME], &[vec![b"a".to_vec()]]);
    bytes[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
    let folder = folder(&[("t.dbf", &bytes)]);
    let error = read_all(&folder.path().join("t.dbf"), &ReadOptions::default()).unwrap_err();
    assert!(error.to_string().contains("4294967295 rows"), "{error}");
}

#[test]
fn damaged_tables_never_panic() {
    let columns = [NAME, (b"N", b'N', 6, 2), (b"D", b'D', 8, 0), (b"L", b'L', 1, 0)];
    let row: Vec<Vec<u8>> =
        vec![gbk("宅基地"), b"1.25".to_vec(), b"20260101".to_vec(), b"T".into()];
    let bytes = dbf(0x4D, &columns, &[row.clone(), row]);
    // The last byte is only the end mark.
    assert_eq!(check_never_panics("t.dbf", &[], cut_everywhere(&bytes)), bytes.len() - 1);
    check_never_panics("t.dbf", &[], flip_everywhere(&bytes));
}
