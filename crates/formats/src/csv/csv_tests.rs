//! CSV files of every dialect.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use spatial::{FieldType, GeometryType, Value};

use crate::sample_tests::{feature, field, real_file, schema, write};
use crate::test_files::{
    ReadLayer, check_never_panics, cut_everywhere, flip_everywhere, folder, gbk, read_all, read_one,
};
use crate::{OutputFormat, ReadOptions};

fn read(bytes: &[u8]) -> ReadLayer {
    let folder = folder(&[("点位.csv", bytes)]);
    read_one(&folder.path().join("点位.csv"))
}

fn read_with(text: &str, options: &ReadOptions) -> Result<Vec<ReadLayer>, String> {
    let folder = folder(&[("点位.csv", text.as_bytes())]);
    read_all(&folder.path().join("点位.csv"), options).map_err(|error| error.to_string())
}

/// Reads `csv`; the WKT of its rows and the names of the fields that remain.
fn check_places(csv: &str, shapes: &[&str], fields: &[&str]) {
    let layer = read(csv.as_bytes());
    assert_eq!(layer.shapes(), shapes, "{csv}: {:?}", layer.schema.notes);
    let names: Vec<_> = layer.schema.fields.iter().map(|field| field.name.as_str()).collect();
    assert_eq!(names, fields, "{csv}");
}

#[test]
fn the_place_is_found_by_the_names_of_columns() {
    check_places("id,Lon,Lat\n1,116.3,39.7\n2,,\n", &["POINT (116.3 39.7)", "none"], &["id"]);
    check_places("名称,经度(°),纬度(°)\n甲,116°30′E,39°30′N\n", &["POINT (116.5 39.5)"], &["名称"]);
    check_places("北坐标,东坐标\n4400000,450000\n", &["POINT (450000 4400000)"], &[]);
    check_places(
        "WKT,a\n\"POLYGON((0 0,1 0,1 1))\",1\n",
        &["POLYGON ((0 0, 1 0, 1 1, 0 0))"],
        &["a"],
    );
    check_places("a,b\n1,2\n", &["none"], &["a", "b"]);
    check_places("x,y\n左,右\n", &["none"], &["x", "y"]);
    check_places("geom,a\n0101,1\n", &["none"], &["geom", "a"]);
    check_places(
        "lon,lat\n116.3,\n无,39\n116.4,39.9\n",
        &["bad_number", "bad_number", "POINT (116.4 39.9)"],
        &[],
    );
}

#[test]
fn x_and_y_are_told_apart_by_magnitude() {
    let survey = "X坐标,Y坐标\n4412345.12,455734.25\n4412346,455735\n0,0\n";
    let layer = read(survey.as_bytes());
    assert_eq!(layer.shapes()[0], "POINT (455734.25 4412345.12)");
    assert!(layer.has_note("\"X坐标\" holds northings"), "{:?}", layer.schema.notes);
    assert_eq!(layer.schema.geometry_type, GeometryType::Point);
    check_places("X,Y\n39455734,4412345\n", &["POINT (39455734 4412345)"], &[]);
    check_places("X,Y\n4412345,39455734\n", &["POINT (39455734 4412345)"], &[]);
    check_places("x,y\n12958000,4825000\n", &["POINT (12958000 4825000)"], &[]);
    check_places("x,y\n39.9,116.4\n", &["POINT (116.4 39.9)"], &[]);
    check_places("lng,lat\n39.9,116.4\n", &["POINT (116.4 39.9)"], &[]);
    let both = read(b"X,Y,lon,lat\n116.31,39.71,116.3,39.7\n");
    assert_eq!(both.shapes(), ["POINT (116.3 39.7)"]);
    assert!(both.has_note("\"X\" and \"Y\" look like coordinates too"));
    let local = read(b"x,y\n300123.1,500321.2\n");
    assert_eq!(local.shapes(), ["POINT (300123.1 500321.2)"]);
    assert!(local.has_note("magnitude does not tell"));
}

#[test]
fn the_user_names_the_columns() {
    let csv = "E,N,说明\n4400000,450000,x\n";
    let named = |x: &str, y: &str| ReadOptions {
        x: Some(x.to_owned()),
        y: Some(y.to_owned()),
        ..ReadOptions::default()
    };
    let layer = read_with(csv, &named("e", "N")).unwrap().remove(0);
    assert_eq!(layer.shapes(), ["POINT (4400000 450000)"]);
    let error = read_with(csv, &named("经", "N")).unwrap_err();
    assert!(error.contains("no column \"经\"; there are: E, N, 说明"), "{error}");
    let wkt = ReadOptions { wkt: Some("说明".to_owned()), ..ReadOptions::default() };
    assert_eq!(read_with(csv, &wkt).unwrap()[0].shapes(), ["bad_geometry"]);
}

#[test]
fn every_dialect_gives_the_same_rows() {
    let text = "代码,名称\n0012,\"东孝路村, 三组\"\n0013,刘家铺\n";
    let utf16 = |big: bool| {
        let units = std::iter::once(0xFEFF).chain(text.encode_utf16());
        units.flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
    };
    let dialects: [(&str, Vec<u8>); 8] = [
        ("UTF-8", text.into()),
        ("UTF-8 with a mark", [b"\xEF\xBB\xBF", text.as_bytes()].concat()),
        ("GBK", gbk(text)),
        ("UTF-16 LE", utf16(false)),
        ("UTF-16 BE", utf16(true)),
        ("line ends of Windows", text.replace('\n', "\r\n").into()),
        ("tabs", text.replace(",名", "\t名").replace("2,", "2\t").replace("3,", "3\t").into()),
        ("semicolons", text.replace(",名", ";名").replace("2,", "2;").replace("3,", "3;").into()),
    ];
    for (what, bytes) in dialects {
        let layer = read(&bytes);
        let text = |text: &str| Ok(Value::Text(text.to_owned()));
        assert_eq!(layer.column("代码"), [text("0012"), text("0013")], "{what}");
        assert_eq!(layer.column("名称"), [text("东孝路村, 三组"), text("刘家铺")], "{what}");
        assert_eq!(layer.rows.iter().map(|row| row.number).collect::<Vec<_>>(), [2, 3], "{what}");
    }
}

#[test]
fn bad_rows_are_defects_by_their_line() {
    let mut bytes = gbk("名称,数\n宅基地,1\n");
    bytes.extend(b"\xFF\xFF,2\n");
    bytes.extend(gbk("院落,3,多余\n\n安定镇\n"));
    let layer = read(&bytes);
    let text = |text: &str| Ok(Value::Text(text.to_owned()));
    assert_eq!(
        layer.column("名称"),
        [text("宅基地"), Err("bad_encoding"), Err("extra_cells"), text("安定镇")]
    );
    assert_eq!(layer.rows.iter().map(|row| row.number).collect::<Vec<_>>(), [2, 3, 4, 6]);
}

#[test]
fn codes_of_spreadsheets_stay_exact() {
    let layer = read(b"ZDDM,id\n=\"110115007001\",\t110105194912310021\n");
    assert_eq!(layer.column("ZDDM"), [Ok(Value::Text("110115007001".to_owned()))]);
    assert_eq!(layer.column("id"), [Ok(Value::Text("110105194912310021".to_owned()))]);
}

#[test]
fn a_file_without_header_loses_no_row() {
    let layer = read(b"1,116.3\n2,116.4\n");
    assert_eq!(layer.rows.len(), 2);
    assert!(layer.has_note("there is no header"));
    let layer = read("某甲,110105194912310021\n某乙,110105194912310022\n".as_bytes());
    assert_eq!(layer.schema.fields[0].name, "column_1");
    assert_eq!(layer.rows.len(), 2);
}

#[test]
fn a_quote_that_is_not_closed_is_found() {
    let mut csv = "a,b\n1,\"2\n".to_owned();
    csv.push_str(&"3,4\n".repeat(1000));
    let error = read_with(&csv, &ReadOptions::default()).unwrap_err();
    assert!(error.contains("line 2") && error.contains("quote"), "{error}");
}

#[test]
fn damaged_tables_never_panic() {
    let csv = gbk("名称,经度,纬度,geom\n宅基地,116.3,39.7,POINT(1 2)\n\"院,落\",116°3′,39,\n");
    check_never_panics("t.csv", &[], cut_everywhere(&csv));
    check_never_panics("t.csv", &[], flip_everywhere(&csv));
}

#[test]
fn real_tables_are_read_whole() {
    let Some(path) = real_file("ship/beijing_villages_2023.csv") else { return };
    let layer = read_one(&path);
    assert_eq!(layer.rows.iter().filter(|row| row.feature.is_ok()).count(), 7535);
    assert_eq!(layer.schema.fields[0].field_type, FieldType::Int);
}

#[test]
fn texts_that_a_spreadsheet_would_run_come_back_as_they_were() {
    let texts = [
        "-1层东侧",
        "=1+1",
        "'=1+1",
        "''@x",
        "'",
        "'七号院'",
        "+86 1",
        "＝1",
        "=\"0012\"",
        "'-1.5",
        "-1.5",
        "'普通",
        "1 = 1",
    ];
    let mut schema = schema("x");
    schema.fields = vec![field("=名'", FieldType::Text), field("'-a", FieldType::Text)];
    let row = |(number, text): (usize, &&str)| {
        let text = Value::Text((*text).to_owned());
        feature(number as i64 + 1, "POINT (116.5 39.5)", vec![text.clone(), text])
    };
    let rows: Vec<_> = texts.iter().enumerate().map(row).collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    write(&path, OutputFormat::Csv, &schema, &rows).unwrap();
    let layer = read_one(&path);
    let names: Vec<_> = layer.schema.fields.iter().map(|field| field.name.as_str()).collect();
    assert_eq!(names, ["=名'", "'-a"]);
    for (row, text) in layer.rows.iter().zip(texts) {
        let values = &row.feature.as_ref().unwrap().properties;
        assert_eq!(values[0], Value::Text(text.to_owned()));
        assert_eq!(values[1], values[0]);
    }
    assert_eq!(layer.rows.len(), texts.len());
}
