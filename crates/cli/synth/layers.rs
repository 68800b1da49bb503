//! The layers that are generated, and the schema of each.

use spatial::{
    Collection, CollectionId, Crs, Envelope, Field, FieldClass, FieldType, GeometryType, Zooms,
};

use super::SynthError;

/// A generated layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum Layer {
    /// Town polygons
    Towns,
    /// Village polygons, which make up the towns
    Villages,
    /// Lanes and roads
    Lanes,
    /// Parcels that share their edges
    Parcels,
    /// Buildings on the parcels
    Buildings,
    /// Households at their gates, without any person
    Households,
    /// Rectification points
    Points,
}

/// Name, alias, type and class of a field.
type FieldRow = (&'static str, &'static str, FieldType, FieldClass);

use FieldClass::{L0, L1};
use FieldType::{Date, Int, Real, Text};

const UNITS: &[FieldRow] = &[("XZQDM", "行政区代码", Text, L1), ("XZQMC", "行政区名称", Text, L0)];
const VILLAGES: &[FieldRow] = &[
    ("XZQDM", "行政区代码", Text, L1),
    ("XZQMC", "行政区名称", Text, L0),
    ("SSXZ", "所属乡镇", Text, L0),
    ("CXFL", "城乡分类", Text, L1),
];
const LANES: &[FieldRow] = &[
    ("name", "名称", Text, L0),
    ("kind", "类型", Text, L0),
    ("length_m", "长度（米）", Real, L0),
    ("XZQDM", "行政区代码", Text, L1),
];
const PARCELS: &[FieldRow] = &[
    ("ZDDM", "宗地代码", Text, L1),
    ("BDCDYH", "不动产单元代码", Text, L1),
    ("ZL", "坐落", Text, L1),
    ("ZDMJ", "宗地面积（平方米）", Real, L1),
    ("QLLX", "权利类型", Text, L1),
];
const BUILDINGS: &[FieldRow] = &[
    ("ZRZH", "自然幢号", Text, L1),
    ("ZDDM", "宗地代码", Text, L1),
    ("JZWMC", "建筑物名称", Text, L0),
    ("ZCS", "总层数", Int, L1),
    ("FWJG", "房屋结构", Text, L1),
    ("ZZDMJ", "幢占地面积（平方米）", Real, L1),
];
const HOUSEHOLDS: &[FieldRow] = &[
    ("household_no", "户编号", Text, L1),
    ("ZDDM", "宗地代码", Text, L1),
    ("door_no", "门牌号", Text, L1),
    ("use", "使用情况", Text, L1),
];
const POINTS: &[FieldRow] = &[
    ("id", "标识", Text, L1),
    ("code", "点位编号", Text, L1),
    ("special_action", "专项行动", Text, L0),
    ("source", "来源", Text, L1),
    ("state", "状态", Text, L0),
    ("state_since", "状态日期", Date, L0),
    ("registered", "挂账日期", Date, L0),
    ("deadline", "期限", Date, L0),
    ("rebound_count", "反弹次数", Int, L0),
    ("build_area_m2", "建筑面积（平方米）", Real, L0),
    ("lead_unit", "牵头单位", Text, L0),
    ("ZDDM", "宗地代码", Text, L1),
];

impl Layer {
    /// All layers, from the ground up.
    pub const ALL: [Self; 7] = [
        Self::Towns,
        Self::Villages,
        Self::Lanes,
        Self::Parcels,
        Self::Buildings,
        Self::Households,
        Self::Points,
    ];

    /// Id of the layer's collection, name of its file.
    pub fn id(self) -> &'static str {
        match self {
            Self::Towns => "towns",
            Self::Villages => "villages",
            Self::Lanes => "lanes",
            Self::Parcels => "parcels",
            Self::Buildings => "buildings",
            Self::Households => "households",
            Self::Points => "points",
        }
    }

    /// What a reader sees.
    fn title(self) -> &'static str {
        match self {
            Self::Towns => "乡镇",
            Self::Villages => "村",
            Self::Lanes => "街巷",
            Self::Parcels => "宗地",
            Self::Buildings => "建筑",
            Self::Households => "户",
            Self::Points => "整治点位",
        }
    }

    /// Type of the geometries.
    pub fn geometry_type(self) -> GeometryType {
        match self {
            Self::Towns | Self::Villages | Self::Parcels | Self::Buildings => GeometryType::Polygon,
            Self::Lanes => GeometryType::LineString,
            Self::Households | Self::Points => GeometryType::Point,
        }
    }

    /// The unique field that features are looked up by.
    fn key(self) -> Option<&'static str> {
        match self {
            Self::Towns | Self::Villages => Some("XZQDM"),
            Self::Lanes => None,
            Self::Parcels => Some("ZDDM"),
            Self::Buildings => Some("ZRZH"),
            Self::Households => Some("household_no"),
            Self::Points => Some("id"),
        }
    }

    fn zooms(self) -> Zooms {
        let min = match self {
            Self::Towns => 6,
            Self::Villages | Self::Points => 8,
            Self::Lanes | Self::Parcels => 10,
            Self::Buildings | Self::Households => 13,
        };
        Zooms { min, max: 18 }
    }

    /// The fields, in the order of the properties.
    pub fn fields(self) -> Vec<Field> {
        let rows = match self {
            Self::Towns => UNITS,
            Self::Villages => VILLAGES,
            Self::Lanes => LANES,
            Self::Parcels => PARCELS,
            Self::Buildings => BUILDINGS,
            Self::Households => HOUSEHOLDS,
            Self::Points => POINTS,
        };
        let field = |(name, alias, field_type, class): &FieldRow| Field {
            name: (*name).to_owned(),
            alias: Some((*alias).to_owned()),
            field_type: *field_type,
            class: *class,
        };
        rows.iter().map(field).collect()
    }

    /// The collection of the layer in a store; extent and count are the store's to find.
    pub(super) fn collection(self, crs: &Crs) -> Result<Collection, SynthError> {
        Ok(Collection {
            id: CollectionId::try_from(self.id())?,
            title: self.title().to_owned(),
            description: "虚构数据，由 tuban synth 生成；与真实的村镇、宗地和户无关。".to_owned(),
            attribution: String::new(),
            crs: crs.clone(),
            geometry_type: self.geometry_type(),
            has_z: false,
            has_m: false,
            fields: self.fields(),
            key: self.key().map(str::to_owned),
            zooms: self.zooms(),
            style: None,
            extent: Envelope::EMPTY,
            count: 0,
        })
    }
}
