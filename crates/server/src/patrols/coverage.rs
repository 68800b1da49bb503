//! Coverage of alleys as JSON and as tables for people.

use engine::patrols::{AlleyCoverage, Coverage, CoverageAsked, TownCoverage};
use serde_json::{Value as Json, json};
use spatial::{Table, TableCell, TableColumn};

use super::{count, decimal, optional, per_cent, share, tenth};

/// How people call what belongs to no town that is known.
const NOWHERE: &str = "未落界";

/// By what a table of coverage has its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CoverageTable {
    /// A row an alley.
    Alley,
    /// A row a town, and one for all of them.
    Town,
}

impl CoverageTable {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Alley, Self::Town];

    /// The word.
    pub fn identifier(self) -> &'static str {
        match self {
            Self::Alley => "alley",
            Self::Town => "town",
        }
    }
}

/// Coverage as a document.
pub fn coverage(asked: &CoverageAsked, found: &Coverage) -> Json {
    json!({
        "revision": found.revision.0,
        "from": asked.from.to_string(), "to": asked.to.to_string(),
        "unit": asked.unit, "unitKnown": found.unit_is_known,
        "patrols": found.patrols,
        "total": town(&found.total),
        "towns": found.towns.iter().map(town).collect::<Vec<_>>(),
        "alleys": found.alleys.iter().map(alley).collect::<Vec<_>>()
    })
}

fn town(town: &TownCoverage) -> Json {
    json!({
        "code": town.code, "name": town.name,
        "alleys": town.alleys, "patrolled": town.patrolled,
        "duty_m": tenth(town.duty_m), "covered_m": tenth(town.covered_m),
        "share": share(town.covered_m, town.duty_m)
    })
}

fn alley(alley: &AlleyCoverage) -> Json {
    json!({
        "fid": alley.row.value(), "code": alley.code, "name": alley.name, "town": alley.town,
        "length_m": tenth(alley.length_m), "days": alley.days,
        "patrolledDays": alley.patrolled_days, "patrolled": alley.patrolled_days > 0,
        "duty_m": tenth(alley.duty_m), "covered_m": tenth(alley.covered_m),
        "share": share(alley.covered_m, alley.duty_m)
    })
}

/// Coverage as tables, by alley and by town.
pub fn coverage_tables(asked: &CoverageAsked, found: &Coverage) -> [Table; 2] {
    let days = match asked.from == asked.to {
        true => asked.from.to_string(),
        false => format!("{} 至 {}", asked.from, asked.to),
    };
    let mut notes = vec![format!(
        "{days}，版本 {}，巡查 {} 次；覆盖率为当日各次巡查覆盖并集的长度除以当日有效街巷的长度",
        found.revision.0, found.patrols
    )];
    if !found.unit_is_known {
        let unit = asked.unit.as_deref().unwrap_or_default();
        notes.push(format!("行政区划表中没有 {unit}，未包含其下级单位"));
    }
    let columns = |names: &[&str]| names.iter().copied().map(TableColumn::named).collect();
    let name = |code: Option<&str>| {
        let town = found.towns.iter().find(|town| town.code.as_deref() == code);
        town.and_then(|town| town.name.clone()).or_else(|| code.map(str::to_owned))
    };
    let of_alley = |alley: &AlleyCoverage| {
        let town = name(alley.town.as_deref());
        vec![
            optional(alley.code.as_deref()),
            optional(alley.name.as_deref()),
            town.as_deref().unwrap_or(NOWHERE).into(),
            decimal(alley.length_m),
            decimal(alley.covered_m),
            per_cent(alley.covered_m, alley.duty_m),
            if alley.patrolled_days > 0 { "已巡" } else { "未巡" }.into(),
            count(u64::from(alley.patrolled_days)),
            count(u64::from(alley.days)),
        ]
    };
    let by_alley = Table {
        title: "巡查覆盖（街巷）".to_owned(),
        columns: columns(&[
            "编号",
            "街巷",
            "街乡镇",
            "长度（米）",
            "覆盖（米）",
            "覆盖率（%）",
            "是否巡查",
            "巡查天数",
            "应巡天数",
        ]),
        rows: found.alleys.iter().map(of_alley).collect(),
        notes: notes.clone(),
    };
    let of_town = |town: &TownCoverage, called: TableCell| {
        vec![
            optional(town.code.as_deref()),
            called,
            count(town.alleys),
            count(town.patrolled),
            decimal(town.duty_m),
            decimal(town.covered_m),
            per_cent(town.covered_m, town.duty_m),
        ]
    };
    let mut rows: Vec<Vec<TableCell>> = found
        .towns
        .iter()
        .map(|town| {
            let called = town.name.as_deref().or(town.code.as_deref()).unwrap_or(NOWHERE);
            of_town(town, called.into())
        })
        .collect();
    rows.push(of_town(&found.total, "合计".into()));
    let by_town = Table {
        title: "巡查覆盖（街乡镇）".to_owned(),
        columns: columns(&[
            "代码",
            "街乡镇",
            "街巷（条）",
            "已巡（条）",
            "应巡（米）",
            "覆盖（米）",
            "覆盖率（%）",
        ]),
        rows,
        notes,
    };
    [by_alley, by_town]
}
