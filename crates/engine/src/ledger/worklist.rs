//! What waits for a unit, a person, a role: read from the rows of `points` in one state.

use std::collections::BTreeMap;
use std::sync::Arc;

use ledger::place::{ADMIN_UNITS, Day};
use ledger::point::{EventKind, Lamp, Role, Rules};
use ledger::record::patrols::PATROLS;
use ledger::rows::POINTS;
use ledger::worklist::{COLUMNS, Standing, Urgency, Waiting, Work, waiting};
use spatial::{
    Collection, CollectionId, CollectionSnapshot, FeatureId, FeatureRef, Revision, Timestamp,
    ValueRef,
};

use super::held::Held;
use super::units_below::UnitsBelow;
use crate::patrols::PatrolsDone;
use crate::{Engine, EngineError};

/// What is asked for.
#[derive(Clone, Debug)]
pub struct WorkAsked {
    /// What waits for this unit, or for one beneath it.
    pub unit: Option<String>,
    /// What waits at points that this person answers for.
    pub person: Option<String>,
    /// What waits for this role; events that may be raised are its.
    pub role: Option<Role>,
    /// What has this lamp.
    pub lamp: Option<Lamp>,
    /// Who asks: nobody checks what is his own.
    pub actor: String,
    /// Of this state, as it had been recorded.
    pub as_of: Option<Timestamp>,
    /// The moment that dates are held against.
    pub now: Timestamp,
    /// Most pieces of work of the page.
    pub limit: usize,
    /// The last piece of work of the page before.
    pub after: Option<Urgency>,
}

/// A page of work, the most urgent first.
#[derive(Clone, Debug)]
pub struct WorkPage {
    /// The state.
    pub revision: Revision,
    /// The points of the state.
    pub points: Arc<CollectionSnapshot>,
    /// Whether the store knows the unit that was asked for; if not, it stands alone.
    pub unit_is_known: bool,
    /// How many pieces of work there are over all pages, by their kind and lamp; none for those
    /// without a date.
    pub counts: BTreeMap<(Work, Option<Lamp>), u64>,
    /// Those of the page.
    pub items: Vec<WorkItem>,
    /// Where the next page goes on; none at the last.
    pub next: Option<Urgency>,
}

/// One piece of work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkItem {
    /// The row of the point.
    pub row: FeatureId,
    /// What is to be done.
    pub work: Work,
    /// Until when.
    pub due: Option<Timestamp>,
    /// How near that is.
    pub lamp: Option<Lamp>,
    /// Whole days until then, rounded down.
    pub days_left: Option<i64>,
    /// The events that whoever asks may raise.
    pub may_raise: Vec<EventKind>,
}

impl WorkPage {
    /// How many pieces of work there are over all pages.
    pub fn total(&self) -> u64 {
        self.counts.values().sum()
    }
}

impl Engine {
    /// A page of the work that waits.
    ///
    /// # Errors
    /// When the store has no ledger, when the state is not kept, or when there is too much to do.
    pub async fn worklist(&self, asked: WorkAsked) -> Result<WorkPage, EngineError> {
        let current = self.snapshot();
        Held::of(&current).ok_or(EngineError::NoLedger)?;
        let ids = [POINTS, ADMIN_UNITS, PATROLS];
        let ids = ids.into_iter().filter_map(|id| CollectionId::try_from(id).ok());
        let ids: Vec<CollectionId> =
            ids.filter(|id| current.collections.contains_key(id)).collect();
        let state = self.state(asked.as_of, &ids).await?;
        let points = ids.first().and_then(|id| state.collections.get(id)).map(Arc::clone);
        let points = points.ok_or(EngineError::NoLedger)?;
        let engine = self.clone();
        let work = move || {
            let unit = asked.unit.as_deref();
            let units = unit.map(|unit| UnitsBelow::of(&state, unit, Day::of(asked.now)));
            let settings = engine.settings();
            let tolerance = settings.patrols.tolerance_m;
            let done = PatrolsDone::of(&state, &points, engine.registry(), tolerance)?;
            let known = Known { rules: &settings.ledger, done };
            let page = page(&asked, (state.revision, points), units, &known);
            page.ok_or(EngineError::NoLedger)
        };
        self.pool().run(work).await?
    }
}

/// Where the columns of standings are.
fn columns(collection: &Collection) -> Option<[usize; COLUMNS.len()]> {
    let mut positions = [0; COLUMNS.len()];
    for (position, name) in positions.iter_mut().zip(COLUMNS) {
        *position = collection.field_position(name)?;
    }
    Some(positions)
}

fn page(
    asked: &WorkAsked,
    (revision, points): (Revision, Arc<CollectionSnapshot>),
    units: Option<UnitsBelow>,
    known: &Known<'_>,
) -> Option<WorkPage> {
    let rules = known.rules;
    let columns = columns(points.collection())?;
    let code = points.collection().field_position("code");
    let standing = |row| known.standing(row, (&columns, code), asked.now);
    let is_asked_for = |one: &Waiting<'_>| {
        let of_role = asked.role.is_none_or(|role| one.work.waits_for(role, rules));
        let of_lamp = asked.lamp.is_none_or(|lamp| one.lamp(asked.now, rules) == Some(lamp));
        let person = asked.person.as_deref();
        let of_person = person.is_none_or(|person| one.at.person == Some(person));
        let of_unit = |units: &UnitsBelow| one.is_of_unit(&|unit| units.holds(unit));
        of_role && of_lamp && of_person && units.as_ref().is_none_or(of_unit)
    };
    let mut counts = BTreeMap::new();
    let mut found: Vec<(Urgency, FeatureId)> = Vec::new();
    points.each(&mut |shard, slots| {
        for slot in slots {
            let row = shard.feature(usize::from(*slot));
            let Some(stands) = standing(row) else { continue };
            for one in waiting(stands, asked.now, rules).filter(is_asked_for) {
                *counts.entry((one.work, one.lamp(asked.now, rules))).or_default() += 1;
                let urgency = one.urgency();
                if asked.after.is_none_or(|after| urgency > after) {
                    found.push((urgency, row.id()));
                }
            }
        }
    });
    let has_more = found.len() > asked.limit;
    if has_more && asked.limit > 0 {
        found.select_nth_unstable(asked.limit - 1);
    }
    found.truncate(asked.limit);
    found.sort_unstable();
    let next = found.last().filter(|_| has_more).map(|(urgency, _)| *urgency);
    let item = |(urgency, row): &(Urgency, FeatureId)| {
        let stands = standing(points.get(*row)?)?;
        let one = waiting(stands, asked.now, rules).find(|one| one.work == urgency.3)?;
        Some(WorkItem {
            row: *row,
            work: one.work,
            due: one.due,
            lamp: one.lamp(asked.now, rules),
            days_left: one.days_left(asked.now),
            may_raise: one.may_raise(asked.role, &asked.actor, rules),
        })
    };
    let items = found.iter().filter_map(item).collect();
    let unit_is_known = units.is_none_or(|units| units.is_known);
    Some(WorkPage { revision, points, unit_is_known, counts, items, next })
}

/// What decides what waits, beside the rows of points.
struct Known<'k> {
    rules: &'k Rules,
    /// Patrols, where the store keeps any.
    done: Option<PatrolsDone>,
}

impl Known<'_> {
    /// Where a point stands. A patrol that was at a closed point counts as a check of it.
    fn standing<'a>(
        &self,
        row: FeatureRef<'a>,
        (columns, code): (&[usize; COLUMNS.len()], Option<usize>),
        now: Timestamp,
    ) -> Option<Standing<'a>> {
        let values = columns.map(|column| row.value(column));
        let stands = Standing::read(values)?;
        let is_due = || waiting(stands, now, self.rules).any(|one| one.work == Work::Patrol);
        let Some(done) = self.done.as_ref().filter(|_| is_due()) else { return Some(stands) };
        let text = |value: ValueRef<'a>| match value {
            ValueRef::Text(text) => Some(text),
            _ => None,
        };
        let names = [text(values[0]), code.and_then(|code| text(row.value(code)))];
        let patrolled_at = done.last_at(row, names);
        Some(Standing { checked_at: stands.checked_at.max(patrolled_at), ..stands })
    }
}
