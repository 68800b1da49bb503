//! Which closed points were looked at by patrols (长效管护): those that a patrol names, and those
//! that it passed.

use std::sync::Arc;

use ledger::patrol::{AlleyLine, Plane};
use ledger::record::patrols::PATROLS;
use rustc_hash::FxHashMap;
use spatial::{CollectionSnapshot, CrsRegistry, Envelope, FeatureRef, Snapshot, Timestamp};

use super::places::LonLat;
use super::read::{each, moment, record, text};
use crate::EngineError;

/// Patrols of a state, asked point by point.
pub(crate) struct PatrolsDone {
    patrols: Arc<CollectionSnapshot>,
    /// When each point was last named, by what patrols call it.
    named: FxHashMap<String, Timestamp>,
    /// Where the columns of beginning and end are.
    times: [usize; 2],
    /// The ways of the patrols' and of the points' coordinates.
    places: LonLat,
    of_points: LonLat,
    tolerance: f64,
}

impl PatrolsDone {
    /// Those of `state`; `points` are those that will be asked for, patrols pass them within
    /// `tolerance` metres. None where there are no patrols.
    pub(crate) fn of(
        state: &Snapshot,
        points: &CollectionSnapshot,
        registry: &CrsRegistry,
        tolerance: f64,
    ) -> Result<Option<Self>, EngineError> {
        let patrols = record(state, PATROLS).filter(|patrols| !patrols.is_empty());
        let Some(patrols) = patrols else { return Ok(None) };
        let column = |name: &str| {
            patrols
                .collection()
                .field_position(name)
                .ok_or_else(|| EngineError::Internal { what: format!("{PATROLS} without {name}") })
        };
        let (point, times) = (column("point")?, [column("started_at")?, column("ended_at")?]);
        let mut named: FxHashMap<String, Timestamp> = FxHashMap::default();
        each(&patrols, &mut |row| {
            let Some((point, at)) = text(row, point).zip(ended(row, times)) else { return };
            let last = named.entry(point.to_owned()).or_insert(at);
            *last = at.max(*last);
        });
        let places = LonLat::of(&patrols.collection().crs, registry)?;
        let of_points = LonLat::of(&points.collection().crs, registry)?;
        Ok(Some(Self { patrols, named, times, places, of_points, tolerance }))
    }

    /// When a patrol was last at the point of a row, which is called by any of `names`.
    pub(crate) fn last_at(
        &self,
        row: FeatureRef<'_>,
        names: [Option<&str>; 2],
    ) -> Option<Timestamp> {
        let named = names.into_iter().flatten().filter_map(|name| self.named.get(name));
        named.copied().chain(self.passed(row)).max()
    }

    fn passed(&self, row: FeatureRef<'_>) -> Option<Timestamp> {
        let place = row.geometry_type().is_some().then(|| row.envelope().center())?;
        let here = *self.of_points.lon_lats(&[place])?.first()?;
        let plane = Plane::about(here);
        let far = plane.degrees(self.tolerance);
        let corners = [[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]];
        let corner = |[x, y]: [f64; 2]| [here[0] + x * far[0], here[1] + y * far[1]];
        let around = Envelope::of(self.places.to_store(corners.map(corner).to_vec())?);
        let mut last = None;
        self.patrols.search(&around, &mut |shard, slots| {
            for slot in slots {
                let patrol = shard.feature(usize::from(*slot));
                let at = ended(patrol, self.times);
                if at > last && self.is_near(patrol, &plane) {
                    last = at;
                }
            }
        });
        last
    }

    /// Whether a patrol's line comes near the origin of a plane.
    fn is_near(&self, patrol: FeatureRef<'_>, plane: &Plane) -> bool {
        patrol.paths().any(|path| {
            let coords = self.places.lon_lats(path.coords).unwrap_or_default();
            let line = coords.into_iter().map(|at| plane.metres(at)).collect();
            let nearest = AlleyLine::new([line]).nearest([0.0, 0.0]);
            nearest.is_some_and(|nearest| nearest.distance <= self.tolerance)
        })
    }
}

/// When a patrol ended; of one that does not say, when it began.
fn ended(row: FeatureRef<'_>, [started, ended]: [usize; 2]) -> Option<Timestamp> {
    moment(row, ended).or_else(|| moment(row, started))
}
