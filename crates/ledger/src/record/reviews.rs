//! What people said of clues of spatial rules.

use spatial::{FieldClass, FieldType, GeometryType};

use crate::clue::Kind;
use crate::shipped::{Beside, Column, ShippedCollection};

use FieldClass::{L1, L2};
use FieldType::{DateTime, Text};

/// Reviews of clues (线索核实); they are given and then stay as they are.
pub const CLUE_REVIEWS: &str = "clue_reviews";
/// Those of clues about enterprises, there for whoever knows enterprises.
pub const ENTERPRISE_REVIEWS: &str = "enterprise_reviews";

/// Where reviews of clues of a kind are kept: what is said of a clue is concealed as far as the clue is.
pub fn kept_in(kind: &Kind) -> &'static str {
    if kind.readers().is_some() { ENTERPRISE_REVIEWS } else { CLUE_REVIEWS }
}

const COLUMNS: [Column; 12] = columns(L1);
const CONCEALED_COLUMNS: [Column; 12] = columns(L2);

/// The collections of this file.
pub(super) const COLLECTIONS: [ShippedCollection; 2] = [
    ShippedCollection {
        id: CLUE_REVIEWS,
        title: "线索核实",
        description: "对规则所提疑似线索的核实结论",
        geometry_type: GeometryType::Point,
        key: Some("id"),
        columns: &COLUMNS,
        beside: Beside::Assignment,
    },
    ShippedCollection {
        id: ENTERPRISE_REVIEWS,
        title: "经营主体线索核实",
        description: "对经营主体疑似线索的核实结论",
        geometry_type: GeometryType::Point,
        key: Some("id"),
        columns: &CONCEALED_COLUMNS,
        beside: Beside::Assignment,
    },
];

/// Whoever may not read the key of a collection does not find the collection.
const fn columns(key: FieldClass) -> [Column; 12] {
    [
        ("id", "标识", Text, key),
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
    ]
}
