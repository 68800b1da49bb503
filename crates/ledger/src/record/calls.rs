//! Who calls whom and what is agreed: orders of citizens, whistles, orders down the levels, meetings,
//! reports of progress, surveys.

use spatial::{FieldClass, FieldType, GeometryType};

use crate::shipped::{Beside, ShippedCollection};

use FieldClass::{L1, L3};
use FieldType::{Bool, Date, DateTime, Int, Real, Text};

/// Orders of citizens (接诉即办).
pub const COMPLAINTS: &str = "complaints";
/// Calls of a town for departments (吹哨报到).
pub const WHISTLES: &str = "whistles";
/// Who was called by a whistle and when they came, one row a department.
pub const ARRIVALS: &str = "arrivals";
/// Orders from one level to those below (四级联动).
pub const ORDERS: &str = "orders";
/// Meetings (会商、调度会).
pub const MEETINGS: &str = "meetings";
/// What a meeting decided, one row a point or unit.
pub const DECISIONS: &str = "decisions";
/// Reports of progress of a unit and period.
pub const PROGRESS_REPORTS: &str = "progress_reports";
/// Surveys of satisfaction by unit (满意度).
pub const SURVEYS: &str = "surveys";

/// The collections of this file.
pub(super) const COLLECTIONS: [ShippedCollection; 8] = [
    ShippedCollection {
        id: COMPLAINTS,
        title: "群众诉求",
        description: "12345 工单与响应、解决、满意",
        geometry_type: GeometryType::Point,
        key: Some("code"),
        columns: &[
            ("code", "工单号", Text, L1),
            ("category", "类别", Text, L1),
            ("content", "内容", Text, L3),
            ("occurred_at", "来电时间", DateTime, L1),
            ("handled_by", "承办单位", Text, L1),
            ("responded_at", "响应时间", DateTime, L1),
            ("resolved_at", "解决时间", DateTime, L1),
            ("satisfied", "满意", Bool, L1),
            ("point", "点位", Text, L1),
        ],
        beside: Beside::Assignment,
    },
    ShippedCollection {
        id: WHISTLES,
        title: "吹哨",
        description: "街乡吹哨、部门报到",
        geometry_type: GeometryType::Point,
        key: Some("code"),
        columns: &[
            ("code", "编号", Text, L1),
            ("caller", "吹哨单位", Text, L1),
            ("subject", "事项", Text, L1),
            ("point", "点位", Text, L1),
            ("called_at", "吹哨时间", DateTime, L1),
            ("closed_at", "办结时间", DateTime, L1),
            ("result", "结果", Text, L1),
        ],
        beside: Beside::Assignment,
    },
    ShippedCollection {
        id: ARRIVALS,
        title: "报到",
        description: "应哨部门与报到时间",
        geometry_type: GeometryType::Any,
        key: Some("code"),
        columns: &[
            ("code", "编号", Text, L1),
            ("whistle", "吹哨编号", Text, L1),
            ("department", "部门", Text, L1),
            ("unit", "吹哨单位", Text, L1),
            ("called_at", "吹哨时间", DateTime, L1),
            ("arrived_at", "报到时间", DateTime, L1),
            ("note", "说明", Text, L1),
        ],
        beside: Beside::Nothing,
    },
    ShippedCollection {
        id: ORDERS,
        title: "派单",
        description: "市、区、街、社区逐级派单与签收",
        geometry_type: GeometryType::Any,
        key: Some("code"),
        columns: &[
            ("code", "编号", Text, L1),
            ("parent", "上级派单", Text, L1),
            ("from_unit", "派单单位", Text, L1),
            ("to_unit", "承办单位", Text, L1),
            ("subject", "事项", Text, L1),
            ("point", "点位", Text, L1),
            ("sent_at", "派出时间", DateTime, L1),
            ("due_at", "期限", DateTime, L1),
            ("read_at", "阅知时间", DateTime, L1),
            ("accepted_at", "受理时间", DateTime, L1),
            ("done_at", "办结时间", DateTime, L1),
        ],
        beside: Beside::Nothing,
    },
    ShippedCollection {
        id: MEETINGS,
        title: "会议",
        description: "问题会商与调度会",
        geometry_type: GeometryType::Any,
        key: Some("code"),
        columns: &[
            ("code", "编号", Text, L1),
            ("kind", "类别", Text, L1),
            ("name", "名称", Text, L1),
            ("unit", "召集单位", Text, L1),
            ("held_at", "召开时间", DateTime, L1),
            ("as_of", "数据时点", DateTime, L1),
            ("note", "纪要", Text, L1),
        ],
        beside: Beside::Nothing,
    },
    ShippedCollection {
        id: DECISIONS,
        title: "议定事项",
        description: "会议对点位、街乡的议定事项",
        geometry_type: GeometryType::Any,
        key: Some("code"),
        columns: &[
            ("code", "编号", Text, L1),
            ("meeting", "会议", Text, L1),
            ("text", "议定事项", Text, L1),
            ("point", "点位", Text, L1),
            ("unit", "单位", Text, L1),
            ("decided_at", "议定时间", DateTime, L1),
            ("due", "期限", Date, L1),
            ("done", "完成日", Date, L1),
        ],
        beside: Beside::Nothing,
    },
    ShippedCollection {
        id: PROGRESS_REPORTS,
        title: "进展报告",
        description: "困难和问题、奖补",
        geometry_type: GeometryType::Any,
        key: Some("code"),
        columns: &[
            ("code", "编号", Text, L1),
            ("unit", "单位", Text, L1),
            ("task", "任务", Text, L1),
            ("period_from", "期初", Date, L1),
            ("period_to", "期末", Date, L1),
            ("progress", "进展", Text, L1),
            ("difficulties", "困难和问题", Text, L1),
            ("award_yuan", "奖补", Real, L1),
            ("reported_at", "上报时间", DateTime, L1),
        ],
        beside: Beside::Nothing,
    },
    ShippedCollection {
        id: SURVEYS,
        title: "满意度调查",
        description: "各单位的调查人数与满意人数",
        geometry_type: GeometryType::Any,
        key: Some("code"),
        columns: &[
            ("code", "编号", Text, L1),
            ("unit", "单位", Text, L1),
            ("held", "调查日", Date, L1),
            ("asked", "调查人数", Int, L1),
            ("satisfied", "满意人数", Int, L1),
        ],
        beside: Beside::Nothing,
    },
];
