//! In which words facts of a file are told.

use super::{Border, Side};

/// How a number was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// On the plane, by the exact vertices.
    PlanarArea,
    /// On the plane, between boundary points of whole millimetres.
    PlanarLength,
    /// By the overlay of two shapes on the plane.
    Overlay,
    /// Between the nearest places of two shapes on the plane.
    Nearest,
    /// Along shared borders.
    SharedBorder,
    /// The footprint times the number of floors.
    FootprintByFloors,
    /// Against the state before in the history of the store.
    AgainstHistory,
}

impl Method {
    /// Its word.
    pub fn identifier(self) -> &'static str {
        match self {
            Self::PlanarArea => "planar_area",
            Self::PlanarLength => "planar_length",
            Self::Overlay => "overlay",
            Self::Nearest => "nearest",
            Self::SharedBorder => "shared_border",
            Self::FootprintByFloors => "footprint_by_floors",
            Self::AgainstHistory => "against_history",
        }
    }

    /// How people are told.
    pub fn chinese(self) -> &'static str {
        match self {
            Self::PlanarArea => "投影平面面积，按原始界址点坐标",
            Self::PlanarLength => "投影平面距离，按取至毫米的界址点坐标",
            Self::Overlay => "投影平面图形叠加",
            Self::Nearest => "投影平面最近距离",
            Self::SharedBorder => "共用界线，界线外侧方向分四至",
            Self::FootprintByFloors => "占地面积按层数累计",
            Self::AgainstHistory => "与库内上一次状态比较",
        }
    }
}

/// What lies along a stretch, without its length.
pub fn border_words(border: &Border) -> String {
    match (&border.neighbour, &border.lane, &border.across) {
        (Some(neighbour), ..) => neighbour.name.clone(),
        (None, Some(lane), Some(across)) => format!("{lane}，隔巷为{}", across.name),
        (None, Some(lane), None) => lane.clone(),
        (None, None, Some(across)) => format!("空地，对面为{}", across.name),
        (None, None, None) => "未登记宗地".to_owned(),
    }
}

/// One side in a line, such as `12号（8.25米）；示例巷（3.10米）`; 无 where the parcel has no such side.
pub fn side_words(side: &Side) -> String {
    let border = |border: &Border| format!("{}（{:.2}米）", border_words(border), border.metres);
    match side.borders.is_empty() {
        true => "无".to_owned(),
        false => side.borders.iter().map(border).collect::<Vec<_>>().join("；"),
    }
}
