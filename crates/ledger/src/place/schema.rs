//! The collections of places: ids, titles, kinds of geometry and fields.

use spatial::{FieldClass, FieldType, GeometryType};

use crate::shipped::{Beside, Column, ShippedCollection};

/// Units of administration.
pub const ADMIN_UNITS: &str = "admin_units";
/// Cells of the unit grid (DB11/T 2157-2023).
pub const GRID_CELLS: &str = "grid_cells";
/// Alleys (街巷、胡同).
pub const ALLEYS: &str = "alleys";
/// Areas of special attention (重点区域、片区).
pub const FOCUS_AREAS: &str = "focus_areas";
/// Layers of plans (绿隔、控规).
pub const PLANNING_LAYERS: &str = "planning_layers";
/// Who answers for what, from when to when.
pub const RESPONSIBILITIES: &str = "responsibilities";

use FieldClass::{L1, L2, L3};
use FieldType::{Date, Text};

const CODE: Column = ("code", "代码", Text, L1);
const NAME: Column = ("name", "名称", Text, L1);
const KIND: Column = ("kind", "类别", Text, L1);
const VALID_FROM: Column = ("valid_from", "生效日", Date, L1);
const VALID_TO: Column = ("valid_to", "失效日", Date, L1);

/// Every collection of places.
pub const COLLECTIONS: [ShippedCollection; 6] = [
    ShippedCollection {
        id: ADMIN_UNITS,
        title: "行政区划",
        description: "市、区、街乡镇、社区村、楼院",
        geometry_type: GeometryType::MultiPolygon,
        key: None,
        columns: &[
            CODE,
            NAME,
            ("aliases", "别名", Text, L1),
            ("level", "层级", Text, L1),
            ("parent", "上级代码", Text, L1),
            ("urban_rural_class", "城乡分类", Text, L1),
            VALID_FROM,
            VALID_TO,
        ],
        beside: Beside::Codes,
    },
    ShippedCollection {
        id: GRID_CELLS,
        title: "单元网格",
        description: "DB11/T 2157-2023",
        geometry_type: GeometryType::MultiPolygon,
        key: None,
        columns: &[
            CODE,
            ("village", "社区村代码", Text, L1),
            ("land_use", "用地类别", Text, L1),
            ("mgmt_level", "管理等级", Text, L1),
            ("responsible_party", "责任主体", Text, L1),
            VALID_FROM,
            VALID_TO,
        ],
        beside: Beside::Nothing,
    },
    ShippedCollection {
        id: ALLEYS,
        title: "街巷",
        description: "街巷、胡同中线",
        geometry_type: GeometryType::MultiLineString,
        key: None,
        columns: &[CODE, NAME, ("town", "街乡镇代码", Text, L1), VALID_FROM, VALID_TO],
        beside: Beside::Nothing,
    },
    ShippedCollection {
        id: FOCUS_AREAS,
        title: "重点区域",
        description: "城乡接合部、老旧小区、历史保护区、背街小巷、桥下空间、铁路沿线、片区",
        geometry_type: GeometryType::MultiPolygon,
        key: None,
        columns: &[CODE, NAME, KIND, VALID_FROM, VALID_TO],
        beside: Beside::Nothing,
    },
    ShippedCollection {
        id: PLANNING_LAYERS,
        title: "规划图层",
        description: "绿隔、控规等",
        geometry_type: GeometryType::MultiPolygon,
        key: None,
        columns: &[
            CODE,
            NAME,
            KIND,
            ("plan", "规划", Text, L1),
            ("policy", "适用政策", Text, L1),
            VALID_FROM,
            VALID_TO,
        ],
        beside: Beside::Nothing,
    },
    ShippedCollection {
        id: RESPONSIBILITIES,
        title: "责任关系",
        description: "网格员、街巷长、责任规划师等",
        geometry_type: GeometryType::Any,
        key: None,
        columns: &[
            ("role", "职责", Text, L1),
            ("unit", "单位", Text, L1),
            ("person", "人员", Text, L3),
            ("office_phone", "办公电话", Text, L2),
            ("area_collection", "责任区图层", Text, L1),
            ("area_code", "责任区代码", Text, L1),
            VALID_FROM,
            VALID_TO,
        ],
        beside: Beside::Nothing,
    },
];
