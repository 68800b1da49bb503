//! A file as tables for people, one a group of facts.

use ledger::book::Field;
use ledger::dossier::{
    Change, Contents, FieldValue, GoneBuilding, Method, ParcelFile, Record, side_words,
};
use spatial::{Day, Operation, Table, TableCell, TableColumn};

use super::document::{lon_lat, time};
use crate::ledgers::{cell, number_cell};

/// A file in groups; a group without rows is left out.
pub fn tables(file: &Contents) -> Vec<Table> {
    let mut tables = vec![subject(file)];
    for parcel in &file.parcels {
        tables.push(facts(parcel));
        tables.push(boundary(parcel));
    }
    tables.extend([buildings(file), units(file), floors(file), photos(file)]);
    tables.push(records("点位", &file.points));
    if let Some(records_of) = &file.enforcement {
        tables.push(records("执法记录", records_of));
    }
    tables.push(history(file));
    tables.retain(|table| !table.rows.is_empty());
    tables
}

fn table(title: impl Into<String>, columns: &[&str], rows: Vec<Vec<TableCell>>) -> Table {
    let columns = columns.iter().copied().map(TableColumn::named).collect();
    Table { title: title.into(), columns, rows, notes: Vec::new() }
}

fn shown(value: &FieldValue) -> TableCell {
    cell(&Field::Own(value.field.clone()), &value.value)
}

fn line(title: &str, value: impl Into<TableCell>) -> Vec<TableCell> {
    vec![title.into(), value.into()]
}

fn words(text: String) -> TableCell {
    TableCell::Text(text)
}

fn metres(millimetres: i64) -> TableCell {
    TableCell::Number { scaled: i128::from(millimetres), decimals: 3 }
}

/// What is known of the subject.
pub(super) fn subject(file: &Contents) -> Table {
    let mut rows: Vec<Vec<TableCell>> =
        file.fields.iter().map(|one| line(&one.title, shown(one))).collect();
    rows.extend(
        file.units
            .iter()
            .map(|unit| line(&unit.title, words(format!("{} {}", unit.name, unit.code)))),
    );
    for one in file.personal.iter().flatten() {
        rows.push(line(&one.title, words(one.masked.clone())));
    }
    for share in &file.shares {
        let portion = share.portion.as_deref().unwrap_or("未填");
        rows.push(line("份额", words(format!("{}：{portion}", share.parcel))));
    }
    if let Some(length) = file.line.as_ref().map(|line| &line.length) {
        rows.push(line("长度（米）", number_cell(length.value, 2)));
    }
    let percent = file.completeness.basis_points();
    rows.push(line("完整度（%）", TableCell::Number { scaled: i128::from(percent), decimals: 2 }));
    let missing: Vec<&str> = file.completeness.missing().collect();
    if !missing.is_empty() {
        rows.push(line("缺少", words(missing.join("、"))));
    }
    let title = format!("{}档案", file.subject.kind_title);
    Table { notes: file.notes.clone(), ..table(title, &["项目", "内容"], rows) }
}

/// What is known and was measured of a parcel.
pub(super) fn facts(parcel: &ParcelFile) -> Table {
    let mut rows: Vec<Vec<TableCell>> =
        parcel.fields.iter().map(|one| line(&one.title, shown(one))).collect();
    if parcel.households.len() > 1 {
        rows.push(line("一宅多户", words(parcel.households.join("、"))));
    }
    let mut notes = Vec::new();
    if let Some(area) = &parcel.area {
        rows.push(line("实测面积（㎡）", number_cell(area.value, 2)));
        notes.push(format!("面积：{}，{}", area.method.chinese(), area.crs));
    }
    for side in &parcel.sides {
        rows.push(line(&format!("四至（{}）", side.toward.chinese()), words(side_words(side))));
    }
    if !parcel.sides.is_empty() {
        notes.push(format!("四至：{}", Method::SharedBorder.chinese()));
    }
    for overlap in &parcel.overlaps {
        let text = format!("与{}重叠{:.2}㎡", overlap.with.name, overlap.area_m2);
        rows.push(line("疑似宗地重叠", words(text)));
    }
    for red_line in &parcel.red_lines {
        let text = match (&red_line.nearest, red_line.is_known) {
            (Some((name, distance)), _) => format!("{name}，{distance:.2}米"),
            (None, true) => format!("{:.0}米内没有", red_line.within_m),
            (None, false) => format!("没有图层{}", red_line.collection),
        };
        rows.push(line(&format!("距{}", red_line.title), words(text)));
    }
    if let Some(change) = &parcel.change {
        rows.push(line("较上次调查", words(changed(change))));
    }
    for gone in &parcel.gone {
        rows.push(line("上次调查后不在的建筑", words(went(gone))));
    }
    Table { notes, ..table(format!("宗地 {}", parcel.code), &["项目", "内容"], rows) }
}

fn went(gone: &GoneBuilding) -> String {
    let how = if gone.is_removed { "已从库中移除" } else { "已不在本宗地" };
    let day = gone.recorded_at.map_or(String::new(), |at| format!("，{}", Day::of(at)));
    format!("{} {:.2}㎡，{how}{day}", gone.code, gone.footprint.value)
}

fn changed(change: &Change) -> String {
    match change.before_m2 {
        None => format!("新增{:.2}㎡", change.gained_m2),
        Some(before) => format!(
            "{before:.2}㎡→{:.2}㎡，增{:.2}㎡，减{:.2}㎡",
            change.after_m2, change.gained_m2, change.lost_m2
        ),
    }
}

fn boundary(parcel: &ParcelFile) -> Table {
    let place = |at: f64| TableCell::Text(format!("{at:.8}"));
    let is_surveyed = !parcel.boundary.surveyed.is_empty();
    let surveyed = |number: usize| {
        let found = parcel.boundary.surveyed.get(&number);
        let point = found.map_or_else(|| "无".into(), |found| words(found.number.clone()));
        let kind = found.and_then(|found| found.kind.clone()).map_or(TableCell::Empty, words);
        is_surveyed.then_some([point, kind]).into_iter().flatten()
    };
    let row = parcel.boundary.points().map(|point| {
        let [lon, lat] = lon_lat(point.lon_lat);
        vec![
            words(format!("J{}", point.number)),
            metres(point.north_mm),
            metres(point.east_mm),
            place(lon),
            place(lat),
            words(format!("J{}", point.next)),
            metres(point.edge_mm),
        ]
        .into_iter()
        .chain(surveyed(point.number))
        .collect()
    });
    let mut rows: Vec<Vec<TableCell>> = row.collect();
    if !rows.is_empty() {
        let mut sum = vec![TableCell::Empty; 5];
        sum.extend(["周长".into(), metres(parcel.boundary.perimeter_mm())]);
        rows.push(sum);
    }
    let mut columns =
        vec!["界址点", "X（北，米）", "Y（东，米）", "经度", "纬度", "至", "边长（米）"];
    if is_surveyed {
        columns.extend(["实测点号", "界址点类型"]);
        rows.iter_mut().for_each(|row| row.resize(columns.len(), TableCell::Empty));
    }
    let crs = parcel.plane.as_ref().map(|plane| {
        format!("坐标：{plane}；边长：{}；各边矢量之和为零", Method::PlanarLength.chinese())
    });
    let notes = crs.into_iter().collect();
    Table { notes, ..table(format!("界址点表 {}", parcel.code), &columns, rows) }
}

fn buildings(file: &Contents) -> Table {
    let text = |text: &Option<String>| text.as_deref().map_or(TableCell::Empty, TableCell::from);
    let row = file.buildings.iter().map(|one| {
        let outside = one.outside.as_ref().map_or(TableCell::Empty, |outside| {
            let on = outside.on.iter().map(|(other, area)| format!("{}{area:.2}㎡", other.name));
            let on: Vec<String> = on.collect();
            match (outside.area_m2 > 0.0, on.is_empty()) {
                (false, _) => "无".into(),
                (true, true) => words(format!("{:.2}㎡", outside.area_m2)),
                (true, false) => words(format!("{:.2}㎡，其中{}", outside.area_m2, on.join("、"))),
            }
        });
        vec![
            one.code.as_str().into(),
            text(&one.name),
            one.floors.map_or(TableCell::Empty, TableCell::from),
            text(&one.structure),
            number_cell(one.footprint.value, 2),
            outside,
            one.change.as_ref().map_or(TableCell::Empty, |change| words(changed(change))),
        ]
    });
    let columns = ["自然幢号", "名称", "层数", "结构", "占地（㎡）", "疑似超占", "较上次调查"];
    let rows: Vec<Vec<TableCell>> = row.collect();
    let crs = file.buildings.first().map(|one| {
        let method = one.footprint.method.chinese();
        format!("占地：{method}；超占：{}，{}", Method::Overlay.chinese(), one.footprint.crs)
    });
    Table { notes: crs.into_iter().collect(), ..table("建筑", &columns, rows) }
}

/// The units of all buildings.
fn units(file: &Contents) -> Table {
    let all = file.buildings.iter();
    let rows = all.flat_map(|one| one.units.iter().map(|unit| (Some(one.code.as_str()), &**unit)));
    listed("户室", Some("自然幢号"), &rows.collect::<Vec<_>>())
}

fn floors(file: &Contents) -> Table {
    let row = file.floors.iter().map(|floor| {
        vec![floor.floor.into(), (floor.buildings as i64).into(), number_cell(floor.area_m2, 2)]
    });
    let notes = vec![Method::FootprintByFloors.chinese().to_owned()];
    Table {
        notes, ..table("分层建筑面积", &["层", "幢数", "面积（㎡）"], row.collect())
    }
}

fn photos(file: &Contents) -> Table {
    let row = file.photos.iter().map(|photo| {
        let taken = photo.captured_at.as_deref().map_or(TableCell::Empty, TableCell::from);
        vec![photo.code.as_str().into(), photo.title.as_str().into(), taken]
    });
    table("照片", &["编号", "标题", "拍摄时间"], row.collect())
}

/// Rows of other collections.
fn records(title: &str, records: &[Record]) -> Table {
    let rows: Vec<_> = records.iter().map(|record| (None, record.fields.as_slice())).collect();
    listed(title, None, &rows)
}

/// Rows with a column for each field that one of them has, perhaps behind what they are of.
fn listed(title: &str, of: Option<&str>, rows: &[(Option<&str>, &[FieldValue])]) -> Table {
    let mut names: Vec<(&str, &str)> = Vec::new();
    for one in rows.iter().flat_map(|(_, fields)| *fields) {
        if !names.iter().any(|(field, _)| *field == one.field) {
            names.push((&one.field, &one.title));
        }
    }
    let row = rows.iter().map(|(of, fields)| {
        let value = |(field, _): &(&str, &str)| {
            let one = fields.iter().find(|one| one.field == *field);
            one.map_or(TableCell::Empty, shown)
        };
        of.iter().map(|of| (*of).into()).chain(names.iter().map(value)).collect()
    });
    let columns: Vec<&str> = of.into_iter().chain(names.iter().map(|(_, title)| *title)).collect();
    table(title, &columns, row.collect())
}

fn history(file: &Contents) -> Table {
    let row = file.history.iter().map(|line| {
        let what = match line.operation {
            Operation::Load => "载入",
            Operation::Insert => "新增",
            Operation::Replace => "变更",
            Operation::Delete => "删除",
            Operation::Erase => "清除",
        };
        let recorded = line.recorded_at.map_or(TableCell::Empty, |at| words(time(at)));
        let shape = if line.is_moved { "图形" } else { "" };
        let changed = line.fields.iter().map(String::as_str).chain([shape]);
        let changed: Vec<&str> = changed.filter(|name| !name.is_empty()).collect();
        vec![recorded, line.name.as_str().into(), what.into(), words(changed.join("、"))]
    });
    table("历史", &["记录时间", "对象", "操作", "内容"], row.collect())
}
