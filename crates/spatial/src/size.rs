//! How large features are on the world grid, in powers of two of a square world unit: enough to
//! tell which of them a zoom can show, in one byte a feature.

use crate::{FeatureRef, GeometryType, PathRole};

/// Number of classes of what has a size.
pub const SIZES: usize = 64;

/// Size class of a feature on the world grid.
///
/// *Invariant:* a polygon is of class `k` or above exactly when its area is at least 2^k square
/// world units, a line of class `2 k` or above when the longer side of its box is at least 2^k, for
/// `k` from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(u8);

impl Size {
    /// Of points, however many they are: no zoom is too low to show them.
    pub const POINT: Self = Self(254);
    /// Of what has no place.
    pub const PLACELESS: Self = Self(255);

    /// The class called `class`, below [`SIZES`].
    pub const fn class(class: u8) -> Self {
        Self(if class < SIZES as u8 { class } else { SIZES as u8 - 1 })
    }

    /// The class of `feature`. Of a mixed collection its polygons count, else its lines.
    pub fn of(feature: FeatureRef<'_>) -> Self {
        let area = feature.world_box();
        if area.is_empty() {
            return Self::PLACELESS;
        }
        match dimension(feature) {
            0 => Self::POINT,
            1 => {
                let side = (area.max[0] - area.min[0]).max(area.max[1] - area.min[1]);
                Self(2 * side.checked_ilog2().unwrap_or(0) as u8)
            }
            // Areas are below 2^64 but for overlapping parts, for which `as` saturates.
            _ => Self((feature.world_area() as u64).checked_ilog2().unwrap_or(0) as u8),
        }
    }

    /// Position among the classes; absent for points and what has no place.
    #[inline]
    pub fn position(self) -> Option<usize> {
        (usize::from(self.0) < SIZES).then_some(usize::from(self.0))
    }
}

/// Dimension of what `feature` is seen as: 2 with a polygon in it, else 1 with a line, else 0.
#[inline]
pub fn dimension(feature: FeatureRef<'_>) -> u8 {
    match feature.geometry_type() {
        Some(GeometryType::Polygon | GeometryType::MultiPolygon) => 2,
        Some(GeometryType::LineString | GeometryType::MultiLineString) => 1,
        Some(GeometryType::Point | GeometryType::MultiPoint) | None => 0,
        Some(GeometryType::Any) => {
            let of = |role| match role {
                PathRole::Points => 0,
                PathRole::Line => 1,
                PathRole::Exterior | PathRole::Hole => 2,
            };
            feature.paths().map(|path| of(path.role)).max().unwrap_or(0)
        }
    }
}
