//! The columns of `points`: those that follow from the events, and those that a client may write.

use spatial::{Day, Field, FieldClass, FieldType, Timestamp, Value};

use super::{ID, MAX_ACCURACY_M};
use crate::place::assignment_fields;
use crate::point::{Point, SquareMetres, moment};
use crate::record;
use crate::shipped::{Column, ShippedCollection, field};

/// A column that follows from the events of its point.
struct Derived {
    column: Column,
    value: fn(&Point) -> Value,
}

macro_rules! derived {
    ($($name:literal $alias:literal $kind:ident $class:ident $value:expr;)*) => {
        &[$(Derived {
            column: ($name, $alias, FieldType::$kind, FieldClass::$class),
            value: $value,
        }),*]
    };
}

const DERIVED: &[Derived] = derived! {
    "id" "标识" Text L1 |point| Value::Text(point.id().to_string());
    "code" "编号" Text L1 |point| text(point.code());
    "task" "任务" Text L1 |point| text(point.task());
    "year" "年度" Int L1 |point| year(point);
    "state" "状态" Text L0 |point| Value::Text(point.state().identifier().to_owned());
    "state_since" "状态起始" DateTime L1 |point| time(Some(point.state_since()));
    "registered_at" "挂账时间" DateTime L1 |point| time(point.registered_at());
    "deadline" "期限" DateTime L1 |point| time(point.deadline());
    "suspended_until" "挂起至" DateTime L1 |point| time(point.suspended_until());
    "unit" "责任单位" Text L1 |point| text(point.unit());
    "receiver" "承办单位" Text L1 |point| text(point.receiver());
    "person" "责任人" Text L2 |point| text(point.person());
    "planned_build_area_m2" "计划建筑面积" Real L1 |point| area(point.planned().build_area_m2);
    "planned_land_area_m2" "计划占地面积" Real L1 |point| area(point.planned().land_area_m2);
    "planned_count" "计划数量" Int L1 |point| count(point.planned().count);
    "actual_build_area_m2" "完成建筑面积" Real L1 |point| area(point.actual().build_area_m2);
    "actual_land_area_m2" "完成占地面积" Real L1 |point| area(point.actual().land_area_m2);
    "actual_count" "完成数量" Int L1 |point| count(point.actual().count);
    "closed_at" "销账时间" DateTime L1 |point| time(point.closed_at());
    "first_closed_at" "首次销账时间" DateTime L1 |point| time(point.first_closed_at());
    "checked_at" "抽查时间" DateTime L1 |point| time(point.checked_at());
    "reply_by" "督办回复期限" DateTime L1 |point| time(point.reply_by());
    "rebound_count" "反弹次数" Int L1 |point| Value::Int(i64::from(point.rebound_count()));
    "submitted_by" "申请人" Text L2 |point| text(point.submitter());
    "merged_into" "并入" Text L1 |point| id(point.merged_into());
    "events" "事件数" Int L1 |point| count(point.events().len() as u64);
};

/// Columns that a client may write.
const OWN: &[Column] = &[
    ("address", "地址", FieldType::Text, FieldClass::L1),
    ("source", "来源", FieldType::Text, FieldClass::L1),
    ("special_action", "专项行动", FieldType::Text, FieldClass::L1),
    (LEDGER_TYPES, "台账类别", FieldType::Text, FieldClass::L1),
    ("co_units", "协办单位", FieldType::Text, FieldClass::L1),
    ("parcel", "宗地", FieldType::Text, FieldClass::L1),
    ("building", "建筑", FieldType::Text, FieldClass::L1),
    ("enterprise", "经营主体", FieldType::Text, FieldClass::L1),
    ("household", "户", FieldType::Text, FieldClass::L1),
    ("note", "备注", FieldType::Text, FieldClass::L1),
    (ACCURACY, "定位精度（米）", FieldType::Real, FieldClass::L1),
];

/// Column with the ledgers (台账) that a point is on, beside those of its state.
pub const LEDGER_TYPES: &str = "ledger_types";
/// The column that says how far off the reported position may be, in metres.
pub const ACCURACY: &str = "accuracy_m";

/// Every column of a new collection `points`; last those of where a point lies, which polygons or a
/// person say.
pub fn fields() -> Vec<Field> {
    let own = OWN.iter().map(|column| field(*column));
    derived_fields().into_iter().chain(own).chain(assignment_fields()).collect()
}

/// The columns that follow from the events, the key among them.
pub fn derived_fields() -> Vec<Field> {
    DERIVED.iter().map(|derived| field(derived.column)).collect()
}

/// Whether a column follows from the events, so that nothing but an event may change it.
pub fn is_derived(name: &str) -> bool {
    DERIVED.iter().any(|derived| derived.column.0 == name)
}

/// What is wrong with a value of a column that a client may write, beyond its type.
pub fn misfit(name: &str, value: &Value) -> Option<String> {
    match value {
        Value::Real(metres) if name == ACCURACY => (!(0.0..=MAX_ACCURACY_M).contains(metres))
            .then(|| format!("metres from 0 to {MAX_ACCURACY_M} are expected")),
        // Everybody reads points: what not everybody may know of is told in its own collection alone.
        Value::Text(types) if name == LEDGER_TYPES => {
            let concealed = record::collections().filter(ShippedCollection::is_concealed);
            let named = concealed
                .into_iter()
                .find(|one| types.contains(one.title.trim_end_matches("点位")))?;
            Some(format!(
                "{} is a ledger that not everybody knows of: its points are the rows of {}; leave it out here",
                named.title, named.id
            ))
        }
        _ => None,
    }
}

/// What a point says in the columns that follow from its events, in order.
pub fn derived(point: &Point) -> impl Iterator<Item = (&'static str, Value)> + '_ {
    DERIVED.iter().map(|derived| (derived.column.0, (derived.value)(point)))
}

/// The same for a row that has no event: nothing but its key, which stays as it is.
pub fn underived() -> impl Iterator<Item = (&'static str, Value)> {
    let names = DERIVED.iter().map(|derived| derived.column.0);
    names.filter(|name| *name != ID).map(|name| (name, Value::Null))
}

fn text(text: Option<&str>) -> Value {
    text.map_or(Value::Null, |text| Value::Text(text.to_owned()))
}

fn id(id: Option<crate::PointId>) -> Value {
    id.map_or(Value::Null, |id| Value::Text(id.to_string()))
}

fn time(moment: Option<Timestamp>) -> Value {
    moment.map_or(Value::Null, |moment| Value::Text(moment::written(moment)))
}

fn year(point: &Point) -> Value {
    point.registered_at().map_or(Value::Null, |at| Value::Int(Day::of(at).year()))
}

fn area(area: SquareMetres) -> Value {
    Value::Real(area.m2())
}

fn count(count: u64) -> Value {
    Value::Int(i64::try_from(count).unwrap_or(i64::MAX))
}
