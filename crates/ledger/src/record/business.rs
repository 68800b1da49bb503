//! Who trades where, and what became of the ground: outlets, enterprises, markets, released land.

use spatial::{FieldClass, FieldType, GeometryType};

use crate::shipped::{Beside, ShippedCollection};

use FieldClass::{L1, L2};
use FieldType::{Date, Int, Real, Text};

/// Outlets for daily needs (便民服务网点).
pub const OUTLETS: &str = "outlets";
/// Enterprises and traders (经营主体), known to staff alone.
pub const ENTERPRISES: &str = "enterprises";
/// Markets to be moved (市场疏解).
pub const MARKETS: &str = "markets";
/// Land that was vacated (腾退土地).
pub const LAND_RELEASES: &str = "land_releases";
/// Plots that were greened (留白增绿).
pub const GREEN_PLOTS: &str = "green_plots";

/// The collections of this file.
pub(super) const COLLECTIONS: [ShippedCollection; 5] = [
    ShippedCollection {
        id: OUTLETS,
        title: "便民服务网点",
        description: "蔬菜零售、便利店、早餐、美容美发、洗染、家政、末端配送、便民维修",
        geometry_type: GeometryType::Point,
        key: Some("code"),
        columns: &[
            ("code", "编号", Text, L1),
            ("name", "名称", Text, L1),
            ("functions", "功能", Text, L1),
            ("chain", "品牌", Text, L1),
            ("area_m2", "面积", Real, L1),
            ("opened", "开业日", Date, L1),
            ("closed", "关停日", Date, L1),
            ("replaced_by", "替补网点", Text, L1),
            ("address", "地址", Text, L1),
        ],
        beside: Beside::Assignment,
    },
    ShippedCollection {
        id: ENTERPRISES,
        title: "经营主体",
        description: "营业执照、行业、住所与处置",
        geometry_type: GeometryType::Point,
        key: Some("code"),
        columns: &[
            ("code", "编号", Text, L2),
            ("uscc", "统一社会信用代码", Text, L2),
            ("name", "名称", Text, L2),
            ("industry", "行业代码", Text, L1),
            ("address", "住所", Text, L2),
            ("licence_state", "证照状态", Text, L1),
            ("opened", "成立日", Date, L1),
            ("parcel", "宗地代码", Text, L1),
            ("point", "点位", Text, L1),
            ("exit_state", "退出状态", Text, L1),
            ("exit_reason", "退出原因", Text, L1),
            ("exit_due", "退出期限", Date, L1),
            ("exited", "退出日", Date, L1),
            ("released_m2", "腾退面积", Real, L1),
        ],
        beside: Beside::Assignment,
    },
    ShippedCollection {
        id: MARKETS,
        title: "商品交易市场",
        description: "关、消、腾、挪",
        geometry_type: GeometryType::Point,
        key: Some("code"),
        columns: &[
            ("code", "编号", Text, L1),
            ("name", "名称", Text, L1),
            ("stage", "阶段", Text, L1),
            ("stalls", "摊位", Int, L1),
            ("stalls_left", "剩余摊位", Int, L1),
            ("area_m2", "建筑面积", Real, L1),
            ("vacated_m2", "腾退面积", Real, L1),
            ("destination", "去向", Text, L1),
            ("started", "启动日", Date, L1),
            ("done", "完成日", Date, L1),
        ],
        beside: Beside::Assignment,
    },
    ShippedCollection {
        id: LAND_RELEASES,
        title: "腾退土地",
        description: "腾退土地的规划用途与实际用途",
        geometry_type: GeometryType::MultiPolygon,
        key: Some("code"),
        columns: &[
            ("code", "编号", Text, L1),
            ("released_at", "腾退日", Date, L1),
            ("planned_use", "规划用途", Text, L1),
            ("actual_use", "实际用途", Text, L1),
            ("greened_m2", "还绿面积", Real, L1),
            ("done", "完成日", Date, L1),
            ("point", "点位", Text, L1),
        ],
        beside: Beside::Assignment,
    },
    ShippedCollection {
        id: GREEN_PLOTS,
        title: "绿地",
        description: "留白增绿、复绿复垦、临时绿化",
        geometry_type: GeometryType::MultiPolygon,
        key: Some("code"),
        columns: &[
            ("code", "编号", Text, L1),
            ("name", "名称", Text, L1),
            ("kind", "类别", Text, L1),
            ("done", "建成日", Date, L1),
        ],
        beside: Beside::Assignment,
    },
];
