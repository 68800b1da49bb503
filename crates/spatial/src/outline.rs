//! What is known of the outline of a feature before it is drawn.

use crate::levels::NEVER;

/// The zoom from which on an outline is sound, and which way it turns; told on the Web Mercator
/// grid.
///
/// An outline is one exterior ring. It is firm at zooms where neither rounding nor levels can make it
/// meet itself, and every edge stays an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outline(u8);

/// Set when the ring turns right on the map, as tiles want exteriors.
const RIGHT: u8 = 0x80;

impl Outline {
    /// Firm at no zoom, or nobody knows.
    pub const UNKNOWN: Self = Self(NEVER);

    /// Firm from `zoom` on.
    pub(crate) fn firm_from(zoom: u8, turns_right: bool) -> Self {
        if zoom == NEVER { Self::UNKNOWN } else { Self(zoom | if turns_right { RIGHT } else { 0 }) }
    }

    /// Whether it is firm at `zoom`.
    #[inline]
    pub fn is_firm_at(self, zoom: u8) -> bool {
        self.0 & !RIGHT <= zoom
    }

    /// Whether a firm one turns right on the map, which is clockwise where north is up.
    #[inline]
    pub fn turns_right(self) -> bool {
        self.0 & RIGHT != 0
    }
}
