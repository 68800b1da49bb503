//! What rules read: one state, its collections by name, fields as the reader may read them, and
//! which features lie where it is asked.

use ::ledger::clue::read_moment;
use ::ledger::place::{ADMIN_UNITS, Day, UnitReader};
use geo::InteriorPoint;
use rayon::prelude::*;
use rustc_hash::FxHashSet;
use spatial::join::{Join, JoinFault, JoinOn, JoinSide, Keep};
use spatial::query::{Area, Selection, Test};
use spatial::{
    Budget, CollectionId, CollectionSnapshot, CrsRegistry, FeatureId, FeatureRef, GeometryType,
    Predicate, Projector, Snapshot, Timestamp, ValueRef,
};

use super::{CluesQuery, Subject};
use crate::query::{Place, Resolved, fault};
use crate::{EngineError, Profile, ReadableField};

/// Most pairs of features that one step of a rule looks at.
const MAX_PAIRS: usize = 4_000_000;

/// Fields that name a feature of a collection without a key, the best first.
const NAMES: [&str; 6] = ["ZRZH", "ZDDM", "XZQMC", "code", "no", "name"];

/// One rule at work.
#[derive(Clone, Copy)]
pub(super) struct Ask<'a> {
    pub(super) state: &'a Snapshot,
    pub(super) registry: &'a CrsRegistry,
    pub(super) query: &'a CluesQuery,
    /// Only clues about these features of the [subject](::ledger::clue::Dependence::subject).
    pub(super) only: Option<&'a FxHashSet<FeatureId>>,
    pub(super) budget: &'a Budget<'a>,
}

/// One collection that a rule reads.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) held: &'a CollectionSnapshot,
    key: Option<ReadableField>,
    label: Option<ReadableField>,
    profile: Profile,
}

/// Features of a collection that take part in a join.
#[derive(Clone, Copy)]
pub(super) struct Side<'a> {
    source: Source<'a>,
    keep: Option<Keep<'a>>,
    among: Option<&'a FxHashSet<FeatureId>>,
}

impl<'a> From<Source<'a>> for Side<'a> {
    fn from(source: Source<'a>) -> Self {
        Self { source, keep: None, among: None }
    }
}

impl<'a> Side<'a> {
    /// Only those that `keep` keeps.
    pub(super) fn kept(source: Source<'a>, keep: Keep<'a>) -> Self {
        Self { source, keep: Some(keep), among: None }
    }

    /// Only those of these ids; all for `None`.
    pub(super) fn among(self, ids: Option<&'a FxHashSet<FeatureId>>) -> Self {
        Self { among: ids, ..self }
    }

    fn joined(self) -> JoinSide<'a> {
        JoinSide { keep: self.keep, among: self.among, ..self.source.held.into() }
    }
}

impl<'a> Ask<'a> {
    /// The collection, if it is there.
    pub(super) fn optional(&self, name: &str) -> Option<Source<'a>> {
        let held = self.state.collections.get(&CollectionId::try_from(name).ok()?)?;
        let (collection, profile) = (held.collection(), self.query.profile);
        let key = collection.key.as_ref();
        let key = key.and_then(|key| ReadableField::find(collection, key, profile).ok());
        let named = |name| ReadableField::find(collection, name, profile).ok();
        let label = key.or_else(|| NAMES.into_iter().find_map(named));
        Some(Source { held, key, label, profile })
    }

    /// The collection; that it is there was looked at.
    pub(super) fn source(&self, name: &str) -> Result<Source<'a>, EngineError> {
        self.optional(name).ok_or_else(|| EngineError::Internal {
            what: format!("collection {name} of a rule is gone"),
        })
    }

    /// The features of `source` where it is asked; `None` for all.
    pub(super) fn asked(
        &self,
        source: Source<'_>,
    ) -> Result<Option<FxHashSet<FeatureId>>, EngineError> {
        let crs = &source.held.collection().crs;
        let meeting = |area: &Area| -> Result<FxHashSet<FeatureId>, EngineError> {
            let test = Test::Predicate(Predicate::Intersects);
            let selection = Selection { area: Some((area, test)), ..Selection::default() };
            let ids = source.held.ids(&selection, self.budget).map_err(fault)?;
            Ok(ids.into_iter().collect())
        };
        let in_place = self.query.place.as_ref().map(|place| match place {
            Place::Given { geometry, crs: given } => {
                let place = Resolved::new(geometry.clone(), given.clone());
                meeting(&place.area(crs, self.registry)?)
            }
            Place::Stored { collection, .. } => {
                Err(EngineError::UnknownCollection { id: collection.clone() })
            }
        });
        let mut in_place = in_place.transpose()?;
        if let Some(only) = self.only {
            match &mut in_place {
                Some(ids) => ids.retain(|id| only.contains(id)),
                None => in_place = Some(only.clone()),
            }
        }
        let Some(code) = &self.query.unit else { return Ok(in_place) };
        let area = self.unit(code)?.area(crs, self.registry)?;
        let mut ids = meeting(&area)?;
        // Each feature belongs to one of the units that part the ground.
        ids.retain(|id| {
            let position = source.held.get(*id).and_then(position);
            position.is_some_and(|position| area.covers(position))
        });
        if let Some(in_place) = in_place {
            ids.retain(|id| in_place.contains(id));
        }
        Ok(Some(ids))
    }

    fn unit(&self, code: &str) -> Result<Resolved, EngineError> {
        let refused = |reason: &str| EngineError::Unmeasurable {
            what: format!(
                "unit {:?}: {reason}; take a code of {ADMIN_UNITS} that is valid on {}",
                code.chars().take(40).collect::<String>(),
                self.query.today
            ),
        };
        let units = self.optional(ADMIN_UNITS).ok_or_else(|| {
            refused("the store has no units of administration, `tuban places init` makes them")
        })?;
        let described = units.held.collection();
        units.field("code")?;
        let reader = UnitReader::of(described).ok_or_else(|| refused("units are unreadable"))?;
        let mut found = None;
        units.each(&mut |feature| {
            let (unit, _) = reader.row(feature).read();
            let unit =
                unit.filter(|unit| unit.code == code && unit.validity.holds(self.query.today));
            if unit.is_some() && found.is_none_or(|id| feature.id() < id) {
                found = Some(feature.id());
            }
        });
        let geometry = found.and_then(|id| units.held.get(id)).and_then(FeatureRef::geometry);
        let geometry = geometry.ok_or_else(|| refused("there is no such unit with a place"))?;
        Ok(Resolved::new(geometry, described.crs.clone()))
    }

    /// Moves coordinates of `from` to the storage CRS of `to`; `None` where they are one.
    pub(super) fn mover(
        &self,
        from: Source<'_>,
        to: Source<'_>,
    ) -> Result<Option<Projector>, EngineError> {
        let (from, to) = (&from.held.collection().crs, &to.held.collection().crs);
        if from == to {
            return Ok(None);
        }
        let projector = self.registry.projector(from, to);
        projector.map(Some).map_err(|error| EngineError::Unmeasurable { what: error.to_string() })
    }

    /// The pairs of two collections that lie to each other as asked, by ids.
    pub(super) fn pairs<'s>(
        &self,
        first: impl Into<Side<'s>>,
        second: impl Into<Side<'s>>,
        on: JoinOn,
    ) -> Result<Vec<(FeatureId, FeatureId)>, EngineError> {
        let (first, second) = (first.into(), second.into());
        let join = match self.mover(second.source, first.source)? {
            None => Join::of_pairs(first.joined(), second.joined(), on).map_err(join_fault)?,
            Some(mover) => moved(first, second, on, &mover)?,
        };
        join.pairs(MAX_PAIRS, self.budget).map_err(join_fault)
    }

    /// What `map` makes of these pairs, in the order of their ids.
    pub(super) fn map_pairs<'s, T: Send>(
        &self,
        first: impl Into<Side<'s>>,
        second: impl Into<Side<'s>>,
        on: JoinOn,
        map: &(dyn Fn(FeatureRef<'_>, FeatureRef<'_>) -> Option<T> + Sync),
    ) -> Result<Vec<T>, EngineError> {
        let (first, second) = (first.into(), second.into());
        if self.mover(second.source, first.source)?.is_none() {
            let join = Join::of_pairs(first.joined(), second.joined(), on).map_err(join_fault)?;
            return join.map_pairs(MAX_PAIRS, self.budget, map).map_err(join_fault);
        }
        // The join has the second ones where they were moved to.
        let pairs = self.pairs(first, second, on)?;
        let made =
            pairs.par_iter().map(|(a, b)| Ok(map(first.source.get(*a)?, second.source.get(*b)?)));
        let made: Vec<Option<T>> = made.collect::<Result<_, EngineError>>()?;
        Ok(made.into_iter().flatten().collect())
    }

    /// The features of the first collection that pair with none of the second.
    pub(super) fn without<'s>(
        &self,
        first: impl Into<Side<'s>>,
        second: impl Into<Side<'s>>,
        on: JoinOn,
    ) -> Result<FxHashSet<FeatureId>, EngineError> {
        let (first, second) = (first.into(), second.into());
        let join = match self.mover(second.source, first.source)? {
            None => Join::new(first.joined(), second.joined(), on).map_err(join_fault)?,
            Some(mover) => moved(first, second, on, &mover)?,
        };
        let tallies = join.tally(&[], self.budget).map_err(join_fault)?;
        let rows = tallies.ids.into_iter().zip(tallies.counts);
        Ok(rows.filter(|(_, count)| *count == 0).map(|(id, _)| id).collect())
    }
}

/// The join of two sides in different coordinates.
fn moved(
    first: Side<'_>,
    second: Side<'_>,
    on: JoinOn,
    mover: &Projector,
) -> Result<Join<'static>, EngineError> {
    let moved = Join::reprojected(first.joined(), second.joined(), on, &|coords| {
        mover.project_all(coords).is_ok()
    });
    moved.map_err(join_fault)
}

impl<'a> Source<'a> {
    /// Position of a field that the reader may read.
    pub(super) fn field(&self, name: &str) -> Result<usize, EngineError> {
        ReadableField::find(self.held.collection(), name, self.profile).map(ReadableField::position)
    }

    /// The same where the field may be absent; one that the reader may not read is refused.
    pub(super) fn readable(&self, name: &str) -> Result<Option<usize>, EngineError> {
        match self.held.collection().field_position(name) {
            None => Ok(None),
            Some(_) => self.field(name).map(Some),
        }
    }

    /// Refuses a reader who may not read the collection's key.
    pub(super) fn key(&self) -> Result<(), EngineError> {
        let key = self.held.collection().key.as_deref();
        key.map_or(Ok(()), |key| self.field(key).map(|_position| ()))
    }

    /// Visits every feature.
    pub(super) fn each(&self, visit: &mut dyn FnMut(FeatureRef<'a>)) {
        self.held.each(&mut |shard, slots| {
            for slot in slots {
                visit(shard.feature(usize::from(*slot)));
            }
        });
    }

    /// The feature as a subject of a clue.
    pub(super) fn subject(&self, feature: FeatureRef<'_>) -> Subject {
        let key = self.key.and_then(|key| text(feature, key.position()));
        Subject { collection: self.held.collection().id.clone(), id: feature.id(), key }
    }

    /// How reasons call the feature: by its key or another field that names it, else by its id.
    pub(super) fn name(&self, feature: FeatureRef<'_>) -> String {
        let key = self.label.and_then(|key| text(feature, key.position()));
        key.unwrap_or_else(|| format!("{}/{}", self.held.collection().id, feature.id()))
    }

    /// The feature of an id that a join gave.
    pub(super) fn get(&self, id: FeatureId) -> Result<FeatureRef<'a>, EngineError> {
        self.held.get(id).ok_or_else(|| EngineError::Internal {
            what: format!("feature {id} of {} is gone", self.held.collection().id),
        })
    }
}

/// Whether a feature is among those asked for.
pub(super) fn is_among(asked: Option<&FxHashSet<FeatureId>>, feature: FeatureRef<'_>) -> bool {
    asked.is_none_or(|ids| ids.contains(&feature.id()))
}

/// A value as text without blanks around it; `None` when nothing is left.
pub(crate) fn text(feature: FeatureRef<'_>, field: usize) -> Option<String> {
    match feature.value(field) {
        ValueRef::Text(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        ValueRef::Int(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A value as a finite number.
pub(crate) fn number(feature: FeatureRef<'_>, field: usize) -> Option<f64> {
    match feature.value(field) {
        ValueRef::Real(number) => Some(number).filter(|number| number.is_finite()),
        ValueRef::Int(number) => Some(number as f64),
        _ => None,
    }
}

/// A value as a day in Asia/Shanghai.
pub(super) fn day(feature: FeatureRef<'_>, field: usize) -> Option<Day> {
    match feature.value(field) {
        ValueRef::Text(text) => ledger::clue::day_of(text.trim()),
        _ => None,
    }
}

/// A value as a moment.
pub(super) fn moment(feature: FeatureRef<'_>, field: usize) -> Option<Timestamp> {
    match feature.value(field) {
        ValueRef::Text(text) => read_moment(text.trim()),
        _ => None,
    }
}

/// The position that stands for a feature, in its storage CRS: inside of a polygon.
pub(crate) fn position(feature: FeatureRef<'_>) -> Option<[f64; 2]> {
    if feature.geometry_type() == Some(GeometryType::Point) {
        return feature.paths().next()?.coords.first().copied();
    }
    let point = feature.shape()?.interior_point()?;
    Some([point.x(), point.y()])
}

pub(super) fn join_fault(fault: JoinFault) -> EngineError {
    match fault {
        JoinFault::Budget(cause) => EngineError::TooCostly { cause },
        JoinFault::TooManyPairs { most } => EngineError::Unmeasurable {
            what: format!("more than {most} pairs to look at; narrow the rule with bbox or unit"),
        },
        fault => EngineError::Unmeasurable { what: fault.to_string() },
    }
}
