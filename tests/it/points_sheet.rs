//! Points registered from a spreadsheet: every row ends as a point or as a defect with its place, and
//! the file that is exported leads back to the points by their numbers.

use serde_json::Value;

use crate::points_town::Town;
use crate::running::{Answer, run};

const HEADER: &str = "任务,责任单位,挂账日期,期限,建筑面积,地址,来源,lon,lat";

/// A sheet of `count` rows of which one in twenty is bad, each in another way.
fn sheet(count: usize) -> String {
    let row = |number: usize| {
        let (mut task, mut unit, mut due, mut area) = ("CW", "110115001", "2025-12-31", "120.5");
        let mut lat = 39.7 + number as f64 * 0.0001;
        if number % 20 == 10 {
            match number / 20 % 5 {
                0 => task = "",
                1 => unit = "城管",
                2 => due = "2025-02-30",
                3 => area = "many",
                _ => lat = 239.7,
            }
        }
        format!("{task},{unit},2025/9/1,{due},{area},学府路 {number} 号,巡查,116.3385,{lat}")
    };
    let rows: Vec<String> = (1..=count).map(row).collect();
    format!("{HEADER}\n{}\n", rows.join("\n"))
}

/// Registers a sheet; what became of its rows.
fn registered(town: &Town, name: &str, text: &str, flags: &[&str]) -> (Answer, Vec<Value>) {
    std::fs::write(town.folder.path().join(name), text).unwrap();
    let crs = ["--crs", "EPSG:4490", "--json"];
    let arguments = [&["ledger", "register", "s.gpkg", name][..], &crs, flags].concat();
    let answer = run(town.folder.path(), &arguments);
    let fates = serde_json::from_str(&answer.out).unwrap_or_default();
    (answer, fates)
}

fn count(fates: &[Value], fate: &str) -> usize {
    fates.iter().filter(|one| one["fate"] == fate).count()
}

#[test]
fn of_a_sheet_with_bad_rows_the_good_ones_go_in_and_each_bad_one_is_listed() {
    let town = Town::new();
    let (answer, fates) = registered(&town, "a.csv", &sheet(80), &[]);
    assert_eq!(answer.code, 3, "{}{}", answer.out, answer.err);
    assert_eq!((fates.len(), count(&fates, "registered"), count(&fates, "refused")), (80, 76, 4));
    for (row, column, part) in [
        (10, "任务", "register lacks the task"),
        (30, "责任单位", "6, 9 or 12 digits"),
        (50, "期限", "\"2025-02-30\" is no day"),
        (70, "建筑面积", "a number is expected, not \"many\""),
    ] {
        // The header is the first row of the file.
        let fate = fates.iter().find(|one| one["row"] == row + 1).unwrap();
        let defect = &fate["defects"][0];
        assert_eq!(defect["column"], column, "{fate}");
        assert!(defect["reason"].as_str().unwrap().contains(part), "row {row}: {fate}");
    }
    assert_eq!(town.check_rows(), 76);
    let last = &town.row("points", 76);
    assert_eq!(last["code"], "110115001-CW-2025-00076");
    assert_eq!(last["deadline"], "2025-12-31T15:59:59.999Z");
    assert_eq!(last["registered_at"], "2025-08-31T16:00:00.000Z");
    assert_eq!(last["address"], "学府路 80 号");

    // The same file again registers nothing anew.
    let (answer, fates) = registered(&town, "a.csv", &sheet(80), &[]);
    assert_eq!((answer.code, count(&fates, "known"), count(&fates, "refused")), (3, 76, 4));
    assert_eq!(fates[79]["code"], "110115001-CW-2025-00076");
    assert_eq!(town.check_rows(), 76);

    let text = run(town.folder.path(), &["ledger", "register", "s.gpkg", "a.csv", "--crs", "4490"]);
    assert_eq!(text.code, 3);
    assert!(text.out.contains("0 of 80 rows registered, 76 were known, 4 refused"), "{}", text.out);
    assert!(text.err.contains("row 51, 期限: "), "{}", text.err);
}

#[test]
fn days_are_read_as_offices_write_them_and_places_that_are_none_are_told_as_the_sheet_has_them() {
    let town = Town::new();
    let place = "116.3385,39.7285";
    let rows = [
        ("2025年12月31日", place),
        ("2025/12/31", place),
        ("2025.12.31", place),
        ("2025年13月1日", place),
        ("2025-12-31", "39.7285,116.3385"),
    ];
    let row = |(number, (due, place)): (usize, &(&str, &str))| {
        format!("CW,110115001,2025年9月1日,{due},1,学府路 {number} 号,巡查,{place}\n")
    };
    let text = rows.iter().enumerate().map(row).collect::<String>();
    let (answer, fates) = registered(&town, "a.csv", &format!("{HEADER}\n{text}"), &[]);
    assert_eq!((answer.code, count(&fates, "registered")), (3, 3), "{fates:?}");
    for point in 1..=3 {
        assert_eq!(town.row("points", point)["deadline"], "2025-12-31T15:59:59.999Z");
    }
    for (row, column, parts) in [
        (3, "期限", ["\"2025年13月1日\"", "2025年"]),
        (4, "lon, lat", ["longitude 39.7285 and latitude 116.3385", "swapped"]),
    ] {
        let defects = fates[row]["defects"].as_array().unwrap();
        let [defect] = defects.as_slice() else { panic!("{defects:?}") };
        assert_eq!(defect["column"], column);
        let reason = defect["reason"].as_str().unwrap();
        assert!(parts.iter().all(|part| reason.contains(part)), "{reason}");
    }
}

#[test]
fn a_strict_sheet_goes_in_whole_or_not_at_all() {
    let town = Town::new();
    for text in [sheet(20), sheet(80)] {
        let (answer, fates) = registered(&town, "a.csv", &text, &["--strict"]);
        assert_eq!(answer.code, 3);
        assert_eq!(count(&fates, "registered"), 0);
        assert!(count(&fates, "refused") > 0);
        assert!(count(&fates, "withheld") >= 19);
        assert_eq!(town.check_rows(), 0);
    }
    let (answer, fates) = registered(&town, "a.csv", &sheet(9), &["--strict"]);
    assert_eq!((answer.code, count(&fates, "registered")), (0, 9), "{}", answer.err);
    assert_eq!(town.check_rows(), 9);
}

#[test]
fn a_sheet_goes_in_alike_when_no_server_holds_the_store() {
    let town = Town::new();
    let Town { folder, server } = town;
    drop(server);
    std::fs::write(folder.path().join("a.csv"), sheet(40)).unwrap();
    let arguments = ["ledger", "register", "s.gpkg", "a.csv", "--crs", "EPSG:4490"];
    let answer = run(folder.path(), &arguments);
    assert_eq!(answer.code, 3, "{}", answer.err);
    assert!(answer.out.contains("38 of 40 rows registered"), "{}", answer.out);
    let server = crate::running::Server::start(&folder.path().join("s.gpkg"), &[]);
    let town = Town { folder, server };
    assert_eq!(town.check_rows(), 38);
    let none = run(town.folder.path(), &["ledger", "register", "t.gpkg", "a.csv"]);
    assert!(none.code == 1 && none.err.contains("t.gpkg does not exist"), "{}", none.err);
    let odd = [&arguments[..], &["--role", "mayor"]].concat();
    let odd = run(town.folder.path(), &odd);
    assert!(odd.code == 1 && odd.err.contains("grid_worker"), "{}", odd.err);
}

#[test]
fn an_exported_sheet_leads_back_to_its_points_by_number() {
    let town = Town::new();
    registered(&town, "a.csv", &sheet(9), &[]);
    let export = ["export", "s.gpkg", "out.csv", "--collection", "points"];
    let exported = run(town.folder.path(), &export);
    assert_eq!(exported.code, 0, "{}", exported.err);
    let text = std::fs::read_to_string(town.folder.path().join("out.csv")).unwrap();
    let revision = |town: &Town| town.server.get("/").header("tuban-revision").unwrap().to_owned();
    let before = revision(&town);
    let (answer, fates) = registered(&town, "out.csv", &text, &[]);
    assert_eq!((answer.code, count(&fates, "known")), (0, 9), "{}{}", answer.out, answer.err);
    assert_eq!(revision(&town), before, "what is there already is not written again");

    let edited =
        text.replace("学府路 3 号", "学府路 33 号").replacen(",registered,", ",closed,", 1);
    let (answer, fates) = registered(&town, "out.csv", &edited, &[]);
    assert_eq!(answer.code, 3);
    assert_eq!((count(&fates, "changed"), count(&fates, "refused")), (1, 1), "{fates:?}");
    let refused = fates.iter().find(|one| one["fate"] == "refused").unwrap();
    assert_eq!(refused["defects"][0]["column"], "state");
    assert!(refused["defects"][0]["reason"].as_str().unwrap().contains("/points/"));
    let changed = fates.iter().find(|one| one["fate"] == "changed").unwrap();
    assert_eq!(changed["code"], "110115001-CW-2025-00003");
    assert_eq!(town.row("points", 3)["address"], "学府路 33 号");
    assert_eq!(town.check_rows(), 9);
}

#[test]
fn old_history_goes_in_by_a_flag_as_long_as_the_ledger_is_empty() {
    let town = Town::new();
    let (answer, _) = registered(&town, "a.csv", &sheet(5), &["--backfill"]);
    assert_eq!(answer.code, 0, "{}", answer.err);
    assert_eq!(town.row("point_events", 1)["backfilled"], true);
    town.take(&[crate::points_town::report(900, 1)]);
    let (answer, fates) = registered(&town, "b.csv", &sheet(7), &["--backfill"]);
    assert_eq!((answer.code, count(&fates, "known"), count(&fates, "refused")), (3, 5, 2));
    let reason = fates[6]["defects"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("empty ledger only"), "{reason}");
}

/// A workbook of one sheet: text as it is, `#n` a number, `@n` a day as Excel counts them.
pub fn workbook(rows: &[&[&str]]) -> Vec<u8> {
    const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";
    const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let cell = |row: usize, slot: usize, cell: &str| {
        let at = format!("{}{row}", char::from(b'A' + slot as u8));
        match (cell.strip_prefix('#'), cell.strip_prefix('@')) {
            (Some(number), _) => format!(r#"<c r="{at}"><v>{number}</v></c>"#),
            (_, Some(day)) => format!(r#"<c r="{at}" s="1"><v>{day}</v></c>"#),
            _ => format!(r#"<c r="{at}" t="inlineStr"><is><t>{cell}</t></is></c>"#),
        }
    };
    let rows: String = (1..)
        .zip(rows)
        .map(|(number, cells)| {
            let cells = cells.iter().enumerate().map(|(slot, text)| cell(number, slot, text));
            format!(r#"<row r="{number}">{}</row>"#, cells.collect::<String>())
        })
        .collect();
    let parts = [
        (
            "[Content_Types].xml",
            format!(
                r#"<Types xmlns="{PACKAGE}/content-types"><Default Extension="xml" ContentType="application/xml"/><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/></Types>"#
            ),
        ),
        (
            "_rels/.rels",
            format!(
                r#"<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>"#
            ),
        ),
        (
            "xl/workbook.xml",
            format!(
                r#"<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets><sheet name="台账" sheetId="1" r:id="rId1"/></sheets></workbook>"#
            ),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            format!(
                r#"<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1" Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rIdS" Type="{OFFICE}/styles" Target="styles.xml"/></Relationships>"#
            ),
        ),
        (
            "xl/styles.xml",
            format!(
                r#"<styleSheet xmlns="{MAIN}"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>"#
            ),
        ),
        (
            "xl/worksheets/sheet1.xml",
            format!(r#"<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>"#),
        ),
    ];
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, text) in parts {
        writer.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        std::io::Write::write_all(&mut writer, text.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn a_workbook_of_an_office_is_read_with_its_days_and_numbers() {
    let town = Town::new();
    let header = [
        "编号",
        "任务",
        "责任单位",
        "挂账日期",
        "完成期限",
        "建筑面积",
        "数量",
        "责任人",
        "地址",
        "楼层",
    ];
    let book = workbook(&[
        &header,
        // 45901 is 2025-09-01, 45961 is 2025-10-31.
        &[
            "",
            "CW",
            "#110115001",
            "@45901",
            "@45961",
            "#88.25",
            "#2",
            "王五",
            "黄村大街 1 号",
            "#6",
        ],
        &["", "CW", "#110115001", "@45901", "@45890", "#88.25", "#2", "", "黄村大街 2 号", ""],
        &[
            "110115001-CW-2025-00007",
            "CW",
            "#110115001",
            "@45901",
            "@45961",
            "",
            "#1",
            "",
            "黄村大街 3 号",
            "",
        ],
        // 45901.375 is nine o'clock of that day.
        &[
            "",
            "CW",
            "#110115001",
            "@45901.375",
            "2025/12/31 17:30",
            "#1",
            "",
            "",
            "黄村大街 4 号",
            "",
        ],
    ]);
    std::fs::write(town.folder.path().join("台账.xlsx"), book).unwrap();
    let arguments = ["ledger", "register", "s.gpkg", "台账.xlsx"];
    let answer = run(town.folder.path(), &arguments);
    assert_eq!(answer.code, 3, "{}", answer.err);
    assert!(answer.out.contains("3 of 4 rows registered, 1 refused"), "{}", answer.out);
    assert!(answer.err.contains("were not read: 楼层"), "{}", answer.err);
    assert!(
        answer.err.contains("row 3, 完成期限: ") && answer.err.contains("not after"),
        "{}",
        answer.err
    );
    let first = town.row("points", 1);
    assert_eq!(first["code"], "110115001-CW-2025-00001");
    assert_eq!(first["planned_build_area_m2"], 88.25);
    assert_eq!((&first["planned_count"], &first["year"]), (&2.into(), &2025.into()));
    assert_eq!(first["deadline"], "2025-10-31T15:59:59.999Z");
    assert!(first["person"].is_null(), "a name is not shown");
    assert_eq!(town.row("points", 2)["code"], "110115001-CW-2025-00007");
    let timed = town.row("points", 3);
    assert_eq!(timed["registered_at"], "2025-09-01T01:00:00.000Z");
    assert_eq!(timed["deadline"], "2025-12-31T09:30:00.000Z");
    assert_eq!(town.check_rows(), 3);
}
