//! The world grid: integers on which tiles are cut.
//!
//! The world of a tile matrix set is 2^32 units wide, x east and y south from its north-west
//! corner. In Web Mercator one unit is 9.3 mm at the equator and 7.2 mm in Beijing: enough to
//! draw, never to survey. A tile of zoom z and extent 4096 has units of 2^(20−z) world units,
//! and every tile origin is a multiple of 4096 of them, so that a vertex lands on the same
//! grid point whichever tile it is drawn in.

/// Equatorial radius of the Web Mercator sphere, metres.
pub const MERCATOR_RADIUS: f64 = 6_378_137.0;
/// Half the width of the Web Mercator square, metres: π · [`MERCATOR_RADIUS`].
pub const MERCATOR_HALF: f64 = std::f64::consts::PI * MERCATOR_RADIUS;
/// Units along one side of the world: 2^32.
pub const WORLD_UNITS: f64 = 4_294_967_296.0;

/// A point of the world grid, `[x, y]`, x east, y south.
pub type WorldPoint = [u32; 2];

/// A rectangle of the world grid, borders included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorldBox {
    /// North-western corner.
    pub min: WorldPoint,
    /// South-eastern corner.
    pub max: WorldPoint,
}

impl WorldBox {
    /// The box of no point: the neutral element of [`WorldBox::union`].
    pub const EMPTY: Self = Self { min: [u32::MAX; 2], max: [0; 2] };

    /// All of the grid.
    pub const WORLD: Self = Self { min: [0; 2], max: [u32::MAX; 2] };

    /// Whether no point lies inside.
    pub fn is_empty(&self) -> bool {
        self.min[0] > self.max[0] || self.min[1] > self.max[1]
    }

    /// Grows to hold `point`.
    pub fn extend(&mut self, point: WorldPoint) {
        *self = self.union(&Self { min: point, max: point });
    }

    /// The smallest box that holds both.
    pub fn union(&self, other: &Self) -> Self {
        Self {
            min: [self.min[0].min(other.min[0]), self.min[1].min(other.min[1])],
            max: [self.max[0].max(other.max[0]), self.max[1].max(other.max[1])],
        }
    }

    /// The box, and as much around it as straight edges within it may bulge out of it when they
    /// are drawn straight on the grid of another CRS. A line that is straight on one of two maps
    /// leaves the straight line on the other by at most d²/8R (R the radius of the globe, d in
    /// metres of Web Mercator: a rhumb line leaves a great circle by d²·sin 2φ/16R). On this grid
    /// that is less than d²/2^32 units.
    pub fn bulged(&self) -> Self {
        if self.is_empty() {
            return *self;
        }
        let side = |axis: usize| u64::from(self.max[axis] - self.min[axis]);
        let longest = side(0).max(side(1));
        self.widened(((longest * longest) >> 32) as u32)
    }

    /// The box and `margin` units around it, as far as the grid goes.
    pub fn widened(&self, margin: u32) -> Self {
        if self.is_empty() {
            return *self;
        }
        Self {
            min: self.min.map(|v| v.saturating_sub(margin)),
            max: self.max.map(|v| v.saturating_add(margin)),
        }
    }

    /// What both have in common; empty when that is nothing.
    pub fn intersection(&self, other: &Self) -> Self {
        let common = Self {
            min: [self.min[0].max(other.min[0]), self.min[1].max(other.min[1])],
            max: [self.max[0].min(other.max[0]), self.max[1].min(other.max[1])],
        };
        if common.is_empty() { Self::EMPTY } else { common }
    }

    /// Whether they share at least one point; touching borders count.
    pub fn intersects(&self, other: &Self) -> bool {
        self.min[0] <= other.max[0]
            && other.min[0] <= self.max[0]
            && self.min[1] <= other.max[1]
            && other.min[1] <= self.max[1]
    }

    /// Whether `other` lies inside, borders included.
    pub fn contains(&self, other: &Self) -> bool {
        self.min[0] <= other.min[0]
            && self.min[1] <= other.min[1]
            && self.max[0] >= other.max[0]
            && self.max[1] >= other.max[1]
    }
}

/// World point of Web Mercator metres (x east, y north); outside the square it is clamped to
/// the border.
pub fn from_mercator([x, y]: [f64; 2]) -> WorldPoint {
    const SCALE: f64 = WORLD_UNITS / (2.0 * MERCATOR_HALF);
    // `as` saturates, so the far border becomes the last unit instead of wrapping round.
    [((x + MERCATOR_HALF) * SCALE).floor() as u32, ((MERCATOR_HALF - y) * SCALE).floor() as u32]
}

/// World point of longitude and latitude in degrees (WGS 84 or CGCS2000, which agree within
/// centimetres); outside the Web Mercator square it is clamped to the border.
pub fn from_lon_lat([lon, lat]: [f64; 2]) -> WorldPoint {
    from_lon_sin_lat([lon, lat.to_radians().sin()])
}

/// World point of a longitude in degrees and the sine of a latitude; as [`from_lon_lat`].
pub fn from_lon_sin_lat([lon, sin]: [f64; 2]) -> WorldPoint {
    let x = (lon / 360.0 + 0.5) * WORLD_UNITS;
    let sin = sin.clamp(-0.999_999_999_999, 0.999_999_999_999);
    let y = (0.5 - ((1.0 + sin) / (1.0 - sin)).ln() / (4.0 * std::f64::consts::PI)) * WORLD_UNITS;
    [x.floor() as u32, y.floor() as u32]
}

/// Longitude and latitude in degrees of a point of the Web Mercator world grid, given as
/// fractional world units.
pub fn to_lon_lat([x, y]: [f64; 2]) -> [f64; 2] {
    let lon = (x / WORLD_UNITS - 0.5) * 360.0;
    let angle = (0.5 - y / WORLD_UNITS) * 2.0 * std::f64::consts::PI;
    [lon, angle.sinh().atan().to_degrees()]
}
