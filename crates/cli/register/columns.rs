//! Which column of a spreadsheet is which column of `points`.

use ledger::normal_form;
use ledger::rows::points;
use spatial::Field;

/// Other names that columns go by, beside their own and their Chinese ones.
const OTHERS: [(&str, &[&str]); 9] = [
    ("code", &["点位编号", "台账编号", "number"]),
    ("unit", &["街乡", "单位"]),
    ("deadline", &["due_at", "完成期限", "整改期限", "截止日期"]),
    ("registered_at", &["挂账日期", "立账时间", "立账日期", "occurred_at"]),
    ("planned_build_area_m2", &["build_area_m2", "建筑面积"]),
    ("planned_land_area_m2", &["land_area_m2", "占地面积"]),
    ("planned_count", &["count", "数量"]),
    ("address", &["位置", "点位地址"]),
    ("note", &["说明", "remark"]),
];

/// The members of a registration, by the columns of a point that they become.
pub const REGISTERED: [(&str, &str); 8] = [
    ("code", "code"),
    ("task", "task"),
    ("unit", "unit"),
    ("person", "person"),
    ("deadline", "due_at"),
    ("planned_build_area_m2", "build_area_m2"),
    ("planned_land_area_m2", "land_area_m2"),
    ("planned_count", "count"),
];

/// The name of the column of `points`, whose fields are `fields`, that a header means.
pub fn column_of(header: &str, fields: &[Field]) -> Option<String> {
    let wanted = normal_form(header);
    let is_meant = |name: &str| normal_form(name) == wanted;
    let own = fields
        .iter()
        .find(|field| is_meant(&field.name) || field.alias.as_deref().is_some_and(is_meant));
    if let Some(field) = own {
        return Some(field.name.clone());
    }
    let other = OTHERS.iter().find(|(_, names)| names.iter().any(|name| is_meant(name)));
    other.map(|(name, _)| (*name).to_owned())
}

/// Whether a new point may have a value in a column: one that its registration gives it, or one
/// that does not follow from events.
pub fn is_given(column: &str) -> bool {
    let is_registered = REGISTERED.iter().any(|(name, _)| *name == column);
    is_registered || matches!(column, "id" | "registered_at") || !points::is_derived(column)
}
