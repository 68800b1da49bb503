//! Who was where and what was found: patrols, their tracks, findings, results of checklists.
//!
//! *Invariant:* a track shows where a person went, so it is a value of class L4 and never a geometry,
//! which no class would protect; the patrol itself shows the alleys that it covered.

use spatial::{FieldClass, FieldType, GeometryType};

use crate::shipped::{Beside, ShippedCollection};

use FieldClass::{L1, L3, L4};
use FieldType::{Bool, DateTime, Int, Real, Text};

/// Patrols (巡查), where their lines are the parts of alleys that were covered.
pub const PATROLS: &str = "patrols";
/// Tracks of patrols as recorded, for enforcement alone.
pub const PATROL_TRACKS: &str = "patrol_tracks";
/// What a patrol found, one row a finding (巡查发现).
pub const PATROL_FINDINGS: &str = "patrol_findings";
/// Results by item of a checklist (检查结果); checklists are data, see `crate::checklist`.
pub const CHECKLIST_RESULTS: &str = "checklist_results";

/// The collections of this file.
pub(super) const COLLECTIONS: [ShippedCollection; 4] = [
    ShippedCollection {
        id: PATROLS,
        title: "巡查",
        description: "街巷长、小巷管家、网格员的日巡",
        geometry_type: GeometryType::MultiLineString,
        key: Some("code"),
        columns: &[
            ("code", "编号", Text, L1),
            ("role", "职责", Text, L1),
            ("unit", "单位", Text, L1),
            ("person", "人员", Text, L3),
            ("alley", "街巷", Text, L1),
            ("point", "点位", Text, L1),
            ("started_at", "开始时间", DateTime, L1),
            ("ended_at", "结束时间", DateTime, L1),
            ("recorded_at", "接收时间", DateTime, L1),
            ("covered_m", "覆盖长度", Real, L1),
            ("findings", "发现问题", Int, L1),
        ],
        beside: Beside::Nothing,
    },
    ShippedCollection {
        id: PATROL_TRACKS,
        title: "巡查轨迹",
        description: "原始轨迹：经度 纬度 秒 精度，逐点以分号相隔，坐标按来源坐标系原样保留",
        geometry_type: GeometryType::Any,
        key: Some("patrol"),
        columns: &[
            ("patrol", "巡查", Text, L4),
            ("device", "设备", Text, L4),
            ("accuracy_m", "定位精度", Real, L4),
            ("source_crs", "来源坐标系", Text, L4),
            ("fixes", "定位数", Int, L4),
            ("track", "轨迹", Text, L4),
            ("digest", "内容摘要", Text, L4),
        ],
        beside: Beside::Nothing,
    },
    ShippedCollection {
        id: PATROL_FINDINGS,
        title: "巡查发现",
        description: "巡查中发现的问题，可上报为点位",
        geometry_type: GeometryType::Any,
        key: Some("code"),
        columns: &[
            ("code", "编号", Text, L1),
            ("patrol", "巡查", Text, L1),
            ("alley", "街巷", Text, L1),
            ("point", "点位", Text, L1),
            ("event", "上报事件", Text, L1),
            ("checklist", "清单", Text, L1),
            ("version", "版本", Text, L1),
            ("item", "条目", Text, L1),
            ("note", "说明", Text, L1),
            ("found_at", "发现时间", DateTime, L1),
        ],
        beside: Beside::Nothing,
    },
    ShippedCollection {
        id: CHECKLIST_RESULTS,
        title: "检查结果",
        description: "逐条检查结果",
        geometry_type: GeometryType::Any,
        key: Some("code"),
        columns: &[
            ("code", "编号", Text, L1),
            ("checklist", "清单", Text, L1),
            ("version", "版本", Text, L1),
            ("item", "条目", Text, L1),
            ("patrol", "巡查", Text, L1),
            ("alley", "街巷", Text, L1),
            ("point", "点位", Text, L1),
            ("passed", "通过", Bool, L1),
            ("checked_at", "检查时间", DateTime, L1),
            ("note", "说明", Text, L1),
        ],
        beside: Beside::Nothing,
    },
];
