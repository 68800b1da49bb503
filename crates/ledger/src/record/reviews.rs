//! What people said of clues of spatial rules.

use spatial::{FieldClass, FieldType, GeometryType};

use crate::shipped::{Beside, ShippedCollection};

use FieldClass::{L1, L2};
use FieldType::{DateTime, Text};

/// Reviews of clues (线索核实); they are given and then stay as they are.
pub const CLUE_REVIEWS: &str = "clue_reviews";

/// The collection of this file.
pub(super) const COLLECTIONS: [ShippedCollection; 1] = [ShippedCollection {
    id: CLUE_REVIEWS,
    title: "线索核实",
    description: "对规则所提疑似线索的核实结论",
    geometry_type: GeometryType::Point,
    key: Some("id"),
    columns: &[
        ("id", "标识", Text, L1),
        ("rule", "规则", Text, L1),
        ("edition", "规则版本", Text, L1),
        ("clue", "线索", Text, L1),
        ("finding", "线索内容", Text, L2),
        ("verdict", "结论", Text, L1),
        ("decision", "决定文号", Text, L1),
        ("reason", "理由", Text, L1),
        ("actor", "核实人", Text, L1),
        ("role", "角色", Text, L1),
        ("unit", "核实单位", Text, L1),
        ("recorded_at", "记录时间", DateTime, L1),
    ],
    beside: Beside::Assignment,
}];
