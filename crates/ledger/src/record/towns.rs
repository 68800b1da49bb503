//! What a town plans and answers for: problems and projects, its plan, notices, and what belongs to
//! points: outlines, legal steps, special groups.
//!
//! *Invariant:* special groups are of class L4 with their key: the collection is not there for whoever
//! may not read that class.

use spatial::{FieldClass, FieldType, GeometryType};

use crate::shipped::{Beside, ShippedCollection};

use FieldClass::{L1, L2, L4};
use FieldType::{Date, DateTime, Int, Text};

/// Problems of a town (问题清单).
pub const PROBLEMS: &str = "problems";
/// Projects of a town (项目清单).
pub const PROJECTS: &str = "projects";
/// The plan of a town (一街(镇)一方案), its geometry the ground that it is for.
pub const PLANS: &str = "plans";
/// Milestones of plans.
pub const MILESTONES: &str = "milestones";
/// Notices to the public (公示).
pub const NOTICES: &str = "notices";
/// What residents say by place (居民参与).
pub const COMMENTS: &str = "comments";
/// Decision, notice, delivery and execution at a point, one row a step.
pub const LEGAL_STEPS: &str = "legal_steps";
/// The outlines of points that are more than a spot (点位范围).
pub const POINT_AREAS: &str = "point_areas";
/// Special groups at points (特殊群体点位), for enforcement alone.
pub const SPECIAL_GROUPS: &str = "special_groups";

/// The collections of this file.
pub(super) const COLLECTIONS: [ShippedCollection; 9] = [
    ShippedCollection {
        id: POINT_AREAS,
        title: "点位范围",
        description: "整治点位所涉的建筑或占地范围",
        geometry_type: GeometryType::MultiPolygon,
        key: Some("code"),
        columns: &[
            ("code", "编号", Text, L1),
            ("point", "点位", Text, L1),
            ("kind", "类别", Text, L1),
            ("drawn", "勾绘日", Date, L1),
            ("note", "备注", Text, L1),
        ],
        beside: Beside::Assignment,
    },
    ShippedCollection {
        id: PROBLEMS,
        title: "问题清单",
        description: "街乡镇问题清单",
        geometry_type: GeometryType::Point,
        key: Some("code"),
        columns: &[
            ("code", "编号", Text, L1),
            ("unit", "街乡镇", Text, L1),
            ("title", "问题", Text, L1),
            ("kind", "类别", Text, L1),
            ("found", "发现日", Date, L1),
            ("project", "项目", Text, L1),
            ("point", "点位", Text, L1),
            ("solved", "解决日", Date, L1),
        ],
        beside: Beside::Nothing,
    },
    ShippedCollection {
        id: PROJECTS,
        title: "项目清单",
        description: "街乡镇项目清单",
        geometry_type: GeometryType::Point,
        key: Some("code"),
        columns: &[
            ("code", "编号", Text, L1),
            ("unit", "街乡镇", Text, L1),
            ("title", "项目", Text, L1),
            ("lead", "牵头单位", Text, L1),
            ("task", "任务", Text, L1),
            ("started", "开工日", Date, L1),
            ("due", "期限", Date, L1),
            ("done", "完成日", Date, L1),
        ],
        beside: Beside::Nothing,
    },
    ShippedCollection {
        id: PLANS,
        title: "一街(镇)一方案",
        description: "方案与范围",
        geometry_type: GeometryType::MultiPolygon,
        key: Some("code"),
        columns: &[
            ("code", "编号", Text, L1),
            ("unit", "街乡镇", Text, L1),
            ("title", "方案", Text, L1),
            ("measures", "措施", Text, L1),
            ("document", "文件", Text, L1),
            ("valid_from", "生效日", Date, L1),
            ("valid_to", "失效日", Date, L1),
        ],
        beside: Beside::Nothing,
    },
    ShippedCollection {
        id: MILESTONES,
        title: "节点",
        description: "方案的时间节点",
        geometry_type: GeometryType::Any,
        key: Some("code"),
        columns: &[
            ("code", "编号", Text, L1),
            ("plan", "方案", Text, L1),
            ("text", "节点", Text, L1),
            ("due", "期限", Date, L1),
            ("done", "完成日", Date, L1),
        ],
        beside: Beside::Nothing,
    },
    ShippedCollection {
        id: NOTICES,
        title: "公示",
        description: "公示事项",
        geometry_type: GeometryType::Point,
        key: Some("code"),
        columns: &[
            ("code", "编号", Text, L1),
            ("unit", "单位", Text, L1),
            ("title", "事项", Text, L1),
            ("point", "点位", Text, L1),
            ("published", "公示日", Date, L1),
            ("until", "截止日", Date, L1),
        ],
        beside: Beside::Nothing,
    },
    ShippedCollection {
        id: COMMENTS,
        title: "居民意见",
        description: "对公示和街区的意见",
        geometry_type: GeometryType::Point,
        key: Some("code"),
        columns: &[
            ("code", "编号", Text, L1),
            ("notice", "公示", Text, L1),
            ("text", "意见", Text, L2),
            ("received_at", "收到时间", DateTime, L1),
            ("answer", "答复", Text, L1),
            ("answered_at", "答复时间", DateTime, L1),
        ],
        beside: Beside::Assignment,
    },
    ShippedCollection {
        id: LEGAL_STEPS,
        title: "法律文书",
        description: "决定、公告、送达、执行",
        geometry_type: GeometryType::Any,
        key: Some("code"),
        columns: &[
            ("code", "编号", Text, L1),
            ("point", "点位", Text, L1),
            ("step", "环节", Text, L1),
            ("document_no", "文号", Text, L1),
            ("done", "日期", Date, L1),
            ("due", "期限", Date, L1),
            ("outcome", "结果", Text, L1),
        ],
        beside: Beside::Nothing,
    },
    ShippedCollection {
        id: SPECIAL_GROUPS,
        title: "特殊群体点位",
        description: "仅执法可见",
        geometry_type: GeometryType::Point,
        key: Some("code"),
        columns: &[
            ("code", "编号", Text, L4),
            ("point", "点位", Text, L4),
            ("kind", "类别", Text, L4),
            ("persons", "人数", Int, L4),
            ("care", "帮扶措施", Text, L4),
            ("visited", "走访日", Date, L4),
            ("note", "说明", Text, L4),
        ],
        beside: Beside::Nothing,
    },
];
