//! Envelopes of the change log in longitude and latitude and on the world grid.

use std::collections::BTreeMap;

use spatial::{CollectionId, Crs, CrsRegistry, Envelope, Projector, Snapshot, WorldBox, world};
use store::ChangeRecord;

use super::PlacedRecord;
use crate::shown::is_lon_lat;

/// Points along a side of an envelope when its envelope in another CRS is sought.
const SIDE_POINTS: usize = 9;
/// Share of its length by which a side may bulge between two of these points, with room to spare.
const BULGE: f64 = 1e-3;

/// Brings the envelopes of records to longitude and latitude.
pub(super) struct Placer<'a> {
    snapshot: &'a Snapshot,
    registry: &'a CrsRegistry,
    /// None for a collection that is gone or whose CRS has no way to the globe.
    ways: BTreeMap<CollectionId, Option<Projector>>,
}

impl<'a> Placer<'a> {
    pub(super) fn new(snapshot: &'a Snapshot, registry: &'a CrsRegistry) -> Self {
        Self { snapshot, registry, ways: BTreeMap::new() }
    }

    pub(super) fn place(&mut self, record: ChangeRecord) -> PlacedRecord {
        let way = self.ways.entry(record.collection.clone()).or_insert_with(|| {
            let held = self.snapshot.collections.get(&record.collection)?;
            let crs = &held.collection().crs;
            // Angles of WGS 84 and CGCS2000 are taken alike.
            let target = if is_lon_lat(crs) { crs } else { &Crs::WGS84 };
            self.registry.projector(crs, target).ok()
        });
        let shown = |envelope: Option<Envelope>| {
            let (envelope, way) = (envelope?, way.as_ref()?);
            if way.is_identity() { Some(envelope) } else { enclosing(&envelope, way) }
        };
        PlacedRecord { before: shown(record.before), after: shown(record.after), record }
    }
}

/// A box that holds all of `envelope` after projection; none when a point of its border has no
/// place there.
pub(crate) fn enclosing(envelope: &Envelope, way: &Projector) -> Option<Envelope> {
    let mut found = Envelope::EMPTY;
    for step in 0..SIDE_POINTS {
        let share = step as f64 / (SIDE_POINTS - 1) as f64;
        let x = envelope.min_x + share * envelope.width();
        let y = envelope.min_y + share * envelope.height();
        let (west, east) = ([envelope.min_x, y], [envelope.max_x, y]);
        let (south, north) = ([x, envelope.min_y], [x, envelope.max_y]);
        for point in [west, east, south, north] {
            found.extend(way.project(point).ok()?);
        }
    }
    let margin = found.width().max(found.height()) * BULGE;
    Some(Envelope::new(
        found.min_x - margin,
        found.min_y - margin,
        found.max_x + margin,
        found.max_y + margin,
    ))
}

/// A box of longitude and latitude on the world grid, a unit wider on each side than its corners.
pub(super) fn world_box(envelope: &Envelope) -> WorldBox {
    let [west, north] = world::from_lon_lat([envelope.min_x, envelope.max_y]);
    let [east, south] = world::from_lon_lat([envelope.max_x, envelope.min_y]);
    WorldBox {
        min: [west.saturating_sub(1), north.saturating_sub(1)],
        max: [east.saturating_add(1), south.saturating_add(1)],
    }
}

/// Boxes of longitude and latitude that changes are sought in.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangeBoxes(pub Vec<Envelope>);

impl ChangeBoxes {
    /// Whether the change touches one of the boxes, before or after. One without a place always
    /// does, as features without a place lie in every `bbox`.
    pub fn hold(&self, placed: &PlacedRecord) -> bool {
        let known = [placed.before, placed.after];
        let mut known = known.iter().flatten().peekable();
        known.peek().is_none() || known.any(|e| self.0.iter().any(|part| part.intersects(e)))
    }
}
