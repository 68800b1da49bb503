//! Rectangles parallel to the axes, borders included.

/// A rectangle in the units of its CRS, x east and y north, borders included.
///
/// The empty envelope has `min > max` and is contained in, and intersects, nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Envelope {
    /// Western border.
    pub min_x: f64,
    /// Southern border.
    pub min_y: f64,
    /// Eastern border.
    pub max_x: f64,
    /// Northern border.
    pub max_y: f64,
}

impl Envelope {
    /// The envelope of no point at all: the neutral element of [`Envelope::union`].
    pub const EMPTY: Self = Self {
        min_x: f64::INFINITY,
        min_y: f64::INFINITY,
        max_x: f64::NEG_INFINITY,
        max_y: f64::NEG_INFINITY,
    };

    /// The envelope with these borders, in the order min x, min y, max x, max y.
    pub const fn new(min_x: f64, min_y: f64, max_x: f64, max_y: f64) -> Self {
        Self { min_x, min_y, max_x, max_y }
    }

    /// The smallest envelope that holds all `coords` (x, y).
    pub fn of(coords: impl IntoIterator<Item = [f64; 2]>) -> Self {
        let mut envelope = Self::EMPTY;
        for coord in coords {
            envelope.extend(coord);
        }
        envelope
    }

    /// Whether no point lies inside.
    pub fn is_empty(&self) -> bool {
        !(self.min_x <= self.max_x && self.min_y <= self.max_y)
    }

    /// Grows to hold `[x, y]`.
    pub fn extend(&mut self, [x, y]: [f64; 2]) {
        self.min_x = self.min_x.min(x);
        self.min_y = self.min_y.min(y);
        self.max_x = self.max_x.max(x);
        self.max_y = self.max_y.max(y);
    }

    /// The smallest envelope that holds both.
    pub fn union(&self, other: &Self) -> Self {
        Self {
            min_x: self.min_x.min(other.min_x),
            min_y: self.min_y.min(other.min_y),
            max_x: self.max_x.max(other.max_x),
            max_y: self.max_y.max(other.max_y),
        }
    }

    /// What lies in both; empty when they share no point.
    pub fn intersection(&self, other: &Self) -> Self {
        Self {
            min_x: self.min_x.max(other.min_x),
            min_y: self.min_y.max(other.min_y),
            max_x: self.max_x.min(other.max_x),
            max_y: self.max_y.min(other.max_y),
        }
    }

    /// Whether they share at least one point; touching borders count.
    pub fn intersects(&self, other: &Self) -> bool {
        self.min_x <= other.max_x
            && other.min_x <= self.max_x
            && self.min_y <= other.max_y
            && other.min_y <= self.max_y
    }

    /// Whether `other` lies inside, borders included.
    pub fn contains(&self, other: &Self) -> bool {
        self.min_x <= other.min_x
            && self.min_y <= other.min_y
            && self.max_x >= other.max_x
            && self.max_y >= other.max_y
    }

    /// Extent along x, in CRS units; negative infinity when empty.
    pub fn width(&self) -> f64 {
        self.max_x - self.min_x
    }

    /// Extent along y, in CRS units; negative infinity when empty.
    pub fn height(&self) -> f64 {
        self.max_y - self.min_y
    }

    /// The middle point `[x, y]`; not a number when empty.
    pub fn center(&self) -> [f64; 2] {
        [(self.min_x + self.max_x) / 2.0, (self.min_y + self.max_y) / 2.0]
    }
}
