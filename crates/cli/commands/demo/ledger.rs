//! The ledger of the sample city: empty at first, then written evening by evening.
//!
//! *Invariant:* the row of a point is at every revision the fold of the events that the store has.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use engine::places::LoadAssigner;
use ledger::Point;
use ledger::point::Rules;
use ledger::rows::events::StoredEvent;
use ledger::rows::{collections, points};
use spatial::{ChangeOp, ChangeSet, CollectionId, CrsRegistry, Feature, FeatureId, Timestamp};
use store::GeoPackageStore;

use super::load::{change, change_set, create};
use crate::commands::CommandError;
use crate::styles::style_of;
use crate::synth::{Layer, LedgerPoint, OPENED, Synth, SynthError};

/// The ledger as far as it is written.
pub(super) struct Ledger<'a> {
    /// The collections of points and of events.
    ids: [CollectionId; 2],
    points: Vec<Written<'a>>,
    /// Rows of points so far. A new collection gives ids from 1 on, in order.
    rows: i64,
    rules: Rules,
}

/// A point as far as it is written.
struct Written<'a> {
    told: &'a LedgerPoint,
    /// Its row, with the units that it lies in.
    row: Feature,
    /// Its id and the fold of its events, once there is one.
    id: Option<FeatureId>,
    point: Option<Point>,
}

impl<'a> Ledger<'a> {
    /// Makes the two collections, without a row.
    pub(super) async fn open(
        store: &GeoPackageStore,
        registry: &Arc<CrsRegistry>,
        (synth, told): (&Synth, &'a [Vec<LedgerPoint>]),
    ) -> Result<Self, CommandError> {
        let layer = synth.collection(Layer::Points)?;
        let [mut points, mut events] = collections(&layer.crs)?;
        points.zooms = layer.zooms;
        for collection in [&mut points, &mut events] {
            collection.description.clone_from(&layer.description);
            collection.style = style_of(collection.id.as_str()).map(str::to_owned);
            create(store, collection.clone(), None, |_none| Ok(())).await?;
        }
        let told = told.iter().flatten();
        let mut rows: Vec<Feature> = told.clone().map(|point| point.row.clone()).collect();
        if let Some(assigner) = LoadAssigner::read(store, registry, &points, OPENED).await? {
            assigner.assign(&mut rows)?;
        }
        let written = |(told, row)| Written { told, row, id: None, point: None };
        Ok(Self {
            ids: [points.id, events.id],
            points: told.zip(rows).map(written).collect(),
            rows: 0,
            rules: Rules::default(),
        })
    }

    /// When something is recorded, and at which points.
    pub(super) fn evenings(&self) -> BTreeMap<Timestamp, BTreeSet<usize>> {
        let mut evenings = BTreeMap::<_, BTreeSet<usize>>::new();
        for (number, written) in self.points.iter().enumerate() {
            for stored in &written.told.events {
                evenings.entry(stored.event.recorded_at).or_default().insert(number);
            }
        }
        evenings
    }

    /// What is heard of some points at a moment, as one change set. Those of earlier moments are made
    /// and applied before it.
    pub(super) fn hear(
        &mut self,
        at: Timestamp,
        numbers: &BTreeSet<usize>,
    ) -> Result<ChangeSet, SynthError> {
        let [of_points, of_events] = &self.ids;
        let (mut rows, mut events, mut kinds) = (Vec::new(), Vec::new(), BTreeSet::new());
        for number in numbers {
            let written = &mut self.points[*number];
            for stored in written.hear(at, &self.rules)? {
                kinds.insert(stored.event.kind().identifier());
                let row = LedgerPoint::event_row(stored);
                events.push(change(of_events, ChangeOp::Insert(row)));
            }
            let row = written.row.clone();
            let op = match written.id {
                Some(id) => ChangeOp::Replace(id, row),
                None => {
                    self.rows += 1;
                    written.id = FeatureId::try_from(self.rows).ok();
                    ChangeOp::Insert(row)
                }
            };
            rows.push(change(of_points, op));
        }
        rows.append(&mut events);
        let kinds: Vec<&str> = kinds.into_iter().collect();
        Ok(change_set(&kinds.join(", "), at, rows))
    }
}

impl<'a> Written<'a> {
    /// Raises the events that are recorded at `at` and brings the row up to them.
    fn hear(&mut self, at: Timestamp, rules: &Rules) -> Result<&'a [StoredEvent], SynthError> {
        let heard = self.point.as_ref().map_or(0, |point| point.events().len());
        let left = &self.told.events[heard..];
        let new = &left[..left.partition_point(|stored| stored.event.recorded_at <= at)];
        for stored in new {
            match &mut self.point {
                Some(point) => {
                    point.raise(&stored.event, rules)?;
                }
                none => *none = Some(Point::report(stored.point, &stored.event, rules)?),
            }
        }
        if let Some(point) = &self.point {
            // The columns that follow from the events are the first ones, in this order.
            let columns = self.row.properties.iter_mut();
            columns.zip(points::derived(point)).for_each(|(old, (_, new))| *old = new);
        }
        Ok(new)
    }
}
