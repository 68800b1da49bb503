//! What patrollers did (激励), as JSON and as a table for people.

use engine::patrols::{Grouping, PatrolStatistics, StatisticsAsked, StatisticsRow};
use serde_json::{Value as Json, json};
use spatial::{Table, TableCell, TableColumn};

use super::{count, decimal, tenth};

/// Statistics as a document.
pub fn statistics(asked: &StatisticsAsked, found: &PatrolStatistics) -> Json {
    json!({
        "revision": found.revision.0,
        "by": asked.by.identifier(), "period": asked.period.identifier(),
        "from": asked.from.map(|day| day.to_string()), "to": asked.to.map(|day| day.to_string()),
        "unit": asked.unit,
        "rows": found.rows.iter().map(row).collect::<Vec<_>>(),
        "total": row(&found.total)
    })
}

fn row(row: &StatisticsRow) -> Json {
    let period = (!row.period.is_empty()).then_some(&row.period);
    json!({
        "period": period, "name": row.name, "patrols": row.patrols, "days": row.days,
        "covered_m": tenth(row.covered_m), "findings": row.findings, "registered": row.registered
    })
}

/// Statistics as a table.
pub fn statistics_table(asked: &StatisticsAsked, found: &PatrolStatistics) -> Table {
    let by = match asked.by {
        Grouping::Role => "职责",
        Grouping::Unit => "单位",
        Grouping::Person => "人员",
    };
    let names = ["时段", by, "巡查次数", "巡查天数", "覆盖（米）", "发现问题", "转为挂账"];
    let cells = |row: &StatisticsRow, period: TableCell, name: TableCell| {
        vec![
            period,
            name,
            count(row.patrols),
            count(row.days),
            decimal(row.covered_m),
            count(row.findings),
            count(row.registered),
        ]
    };
    let each = |row: &StatisticsRow| {
        let period = match row.period.is_empty() {
            true => "全部".into(),
            false => row.period.as_str().into(),
        };
        cells(row, period, row.name.as_deref().unwrap_or("未填").into())
    };
    let mut rows: Vec<Vec<TableCell>> = found.rows.iter().map(each).collect();
    rows.push(cells(&found.total, "合计".into(), TableCell::Empty));
    let day = |day: Option<spatial::Day>| day.map_or("不限".to_owned(), |day| day.to_string());
    let notes = vec![format!(
        "{} 至 {}，版本 {}；“转为挂账”为巡查发现上报、已立账的点位数，每点一次",
        day(asked.from),
        day(asked.to),
        found.revision.0
    )];
    let columns = names.map(TableColumn::named).to_vec();
    Table { title: "巡查统计".to_owned(), columns, rows, notes }
}
