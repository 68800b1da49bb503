//! The integer grid of one overlay, about the middle of what is laid over each other.

use geo::CoordsIter;
use geo_types::{Coord, Geometry as Shape};
use i_overlay::i_float::int::point::IntPoint;

use crate::Envelope;
use crate::relate::GeometryFault;
use crate::validity::MAX_MAGNITUDE;

/// Bits of the largest coordinate: i_overlay allows 61, the rest is for its rounding.
const BITS: i32 = 58;

/// Coordinates times a power of two, from an origin that is a coordinate itself: vertices of
/// like magnitude pass to the grid and back without any rounding, as long as the extent is more
/// than 2^-58 of the magnitude times 2^53, which every extent that counts is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grid {
    origin: [f64; 2],
    scale: f64,
}

impl Grid {
    /// The grid for everything within `envelope`, as fine as 58 bits allow; `None` when it is
    /// empty.
    pub(crate) fn fine(envelope: &Envelope) -> Option<Self> {
        let (origin, reach) = origin_and_reach(envelope)?;
        Some(Self { origin, scale: power_of_two(BITS - 1 - exponent(reach)) })
    }

    /// The grid whose step is the last bit of the largest coordinate in `envelope`: each of its
    /// points is a pair of coordinates, so that what is found on it is not rounded again.
    pub(crate) fn of_coordinates(envelope: &Envelope) -> Option<Self> {
        let (origin, reach) = origin_and_reach(envelope)?;
        let Envelope { min_x, min_y, max_x, max_y } = *envelope;
        let largest = [min_x, min_y, max_x, max_y].into_iter().fold(reach, |m, v| m.max(v.abs()));
        let finest = BITS - 1 - exponent(reach);
        Some(Self { origin, scale: power_of_two(finest.min(52 - exponent(largest))) })
    }

    #[inline]
    pub(crate) fn point(&self, [x, y]: [f64; 2]) -> IntPoint<i64> {
        let cell = |value: f64, origin: f64| ((value - origin) * self.scale).round() as i64;
        IntPoint::new(cell(x, self.origin[0]), cell(y, self.origin[1]))
    }

    pub(crate) fn coord(&self, point: IntPoint<i64>) -> Coord<f64> {
        let value = |cell: i64, origin: f64| cell as f64 / self.scale + origin;
        Coord { x: value(point.x, self.origin[0]), y: value(point.y, self.origin[1]) }
    }

    /// The area of twice as many square steps.
    pub(crate) fn area(&self, twice: i128) -> f64 {
        twice as f64 / self.scale / self.scale / 2.0
    }
}

/// The middle of an envelope as a coordinate pair, and the largest distance from it along an
/// axis.
fn origin_and_reach(envelope: &Envelope) -> Option<([f64; 2], f64)> {
    if envelope.is_empty() {
        return None;
    }
    let Envelope { min_x, min_y, max_x, max_y } = *envelope;
    // The low corner of the middle on a coarse grid: offsets from it have few bits.
    let middle = |low: f64, high: f64| {
        let step = power_of_two(exponent((high - low).max(f64::MIN_POSITIVE)).max(-900) - 1);
        let middle = ((low / 2.0 + high / 2.0) / step).round() * step;
        // An extent of few last bits leaves no coarser coordinate between its ends.
        if (low..=high).contains(&middle) { middle } else { low }
    };
    let origin = [middle(min_x, max_x), middle(min_y, max_y)];
    let reach = [min_x - origin[0], max_x - origin[0], min_y - origin[1], max_y - origin[1]];
    let reach = reach.into_iter().fold(0.0, |most: f64, one| most.max(one.abs()));
    Some((origin, reach.max(f64::MIN_POSITIVE)))
}

/// The largest e with 2^e ≤ `value`, which is positive and normal.
fn exponent(value: f64) -> i32 {
    ((value.to_bits() >> 52) & 0x7ff) as i32 - 1023
}

/// 2^`exponent`, held within the normal numbers.
fn power_of_two(exponent: i32) -> f64 {
    f64::from_bits(((exponent.clamp(-1022, 1023) + 1023) as u64) << 52)
}

/// Twice the signed area of an open contour, in square steps.
pub(crate) fn twice_area(contour: &[IntPoint<i64>]) -> i128 {
    let Some(first) = contour.first() else { return 0 };
    let offset = |p: &IntPoint<i64>| {
        (i128::from(p.x) - i128::from(first.x), i128::from(p.y) - i128::from(first.y))
    };
    let cross = |pair: &[IntPoint<i64>]| {
        let ((ax, ay), (bx, by)) = (offset(&pair[0]), offset(&pair[1]));
        ax * by - bx * ay
    };
    contour.windows(2).map(cross).sum()
}

/// Refuses coordinates that are no numbers, or beyond the magnitude that geometries may have.
pub(super) fn check_numbers(shape: &Shape<f64>) -> Result<(), GeometryFault> {
    let usable = |value: f64| value.abs() <= MAX_MAGNITUDE;
    let odd = shape.coords_iter().position(|c| !(usable(c.x) && usable(c.y)));
    odd.map_or(Ok(()), |vertex| Err(GeometryFault::NotFinite { vertex }))
}
