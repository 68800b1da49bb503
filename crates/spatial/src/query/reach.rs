//! What lies within a distance of an area.

use super::area::{Form, points_in};
use super::distance::{Placed, grown, least, to_point};
use super::edges::{Position, coord};
use super::{Area, QueryFault, Side};
use crate::metric::MetricPlane;
use crate::packed_tree::Descent;
use crate::{Envelope, FeatureRef, Metric};

/// An area on the plane where distances from it are measured, and how far it reaches.
#[derive(Debug)]
pub(super) struct Reach<'q> {
    /// The area in the storage CRS.
    area: &'q Area,
    /// The area on the plane, when that is another one.
    placed: Option<Box<Area>>,
    plane: MetricPlane,
    distance: f64,
}

impl<'q> Reach<'q> {
    /// What is at most `distance` away from `area`; an infinite distance reaches everything that
    /// can be measured.
    pub(super) fn new(area: &'q Area, distance: f64, metric: Metric) -> Result<Self, QueryFault> {
        if distance.is_nan() || distance < 0.0 {
            return Err(QueryFault::BadDistance { distance });
        }
        let plane = metric.plane(area.envelope().center());
        let placed = match metric {
            Metric::Plane => None,
            Metric::Metres => {
                let too_wide = || QueryFault::TooWideForMetric { degrees: area.envelope().width() };
                plane.envelope(&area.envelope()).ok_or_else(too_wide)?;
                let shape = plane.shape(area.shape())?;
                Some(Box::new(area.prepare_like(shape)))
            }
        };
        Ok(Self { area, placed, plane, distance })
    }

    fn placed(&self) -> &Area {
        self.placed.as_deref().unwrap_or(self.area)
    }

    /// The storage box outside of which nothing is near enough.
    pub(super) fn window(&self) -> Envelope {
        self.window_of(self.distance)
    }

    /// The same for another distance.
    pub(super) fn window_of(&self, distance: f64) -> Envelope {
        self.plane.window(&self.area.envelope(), distance)
    }

    /// Whether all, none or some of what lies in a storage box is near enough.
    pub(super) fn classify(&self, envelope: &Envelope) -> Descent {
        let Some(envelope) = self.plane.envelope(envelope) else { return Descent::Open };
        let area = self.placed();
        // How far computed distances may be off, with much to spare.
        let largest = [envelope.min_x, envelope.min_y, envelope.max_x, envelope.max_y]
            .map(f64::abs)
            .into_iter()
            .fold(self.distance, f64::max);
        let doubt = 64.0 * f64::EPSILON * largest + self.plane.beside();
        if area.side(&grown(envelope, self.distance + doubt)) == Side::Outside {
            return Descent::Skip;
        }
        if area.side(&envelope) == Side::Inside {
            return Descent::Take;
        }
        let half = envelope.width().hypot(envelope.height()) / 2.0;
        let room = self.distance - half - doubt;
        if room > 0.0 && is_near(area, envelope.center(), room) {
            Descent::Take
        } else {
            Descent::Open
        }
    }

    /// The distance of a feature, if it is at most `limit`. `placed` is memory to work in.
    pub(super) fn distance(
        &self,
        feature: FeatureRef<'_>,
        limit: f64,
        placed: &mut Placed,
    ) -> Option<f64> {
        if !placed.read(feature, self.plane) {
            return None;
        }
        least(self.placed(), placed, limit)
    }

    /// Whether a feature is near enough.
    pub(super) fn holds(&self, feature: FeatureRef<'_>, placed: &mut Placed) -> bool {
        self.distance(feature, self.distance, placed).is_some()
    }

    /// A distance that nothing in a storage box is nearer than.
    pub(super) fn bound(&self, envelope: &Envelope) -> f64 {
        match self.plane.envelope(envelope) {
            Some(envelope) => {
                let apart = super::distance::between_boxes(&envelope, &self.placed().envelope());
                apart * (1.0 - 8.0 * f64::EPSILON) - self.plane.beside()
            }
            None => 0.0,
        }
    }
}

/// Whether `area` comes as near as `distance` to `point`; when in doubt, no.
fn is_near(area: &Area, point: [f64; 2], distance: f64) -> bool {
    let point = coord(point);
    let near = |square: f64| square <= distance * distance;
    let window = grown(Envelope::of([[point.x, point.y]]), distance);
    match area.form() {
        Form::Points(points) => points_in(points, &window).any(|p| near(to_point([p, p], point))),
        Form::Areal(segments, _) | Form::Lines(segments) => {
            area.position(point) != Position::Outside
                || segments.any(&window, |_, segment| near(to_point(segment.ends, point)))
        }
        Form::Mixed(parts) => parts.iter().any(|part| is_near(part, [point.x, point.y], distance)),
    }
}
