//! What waits for a unit, a person, a role: read from the rows of `points` and of records in one state.

use std::collections::BTreeMap;
use std::sync::Arc;

use ledger::place::{ADMIN_UNITS, Day};
use ledger::point::{EventKind, Lamp, Role};
use ledger::record::patrols::PATROLS;
use ledger::rows::POINTS;
use ledger::worklist::{Part, RECORDS, Subject, Urgency, Waiting, Work, days_left, waiting};
use spatial::{CollectionId, CollectionSnapshot, FeatureId, Revision, Snapshot, Timestamp};

use super::held::Held;
use super::units_below::UnitsBelow;
use super::work_sources::{PointRows, RecordRows};
use crate::{Engine, EngineError, EngineSettings};

/// What is asked for.
#[derive(Clone, Debug)]
pub struct WorkAsked {
    /// What waits for this unit or one beneath it, or for another one whom it helps.
    pub unit: Option<String>,
    /// What waits at points that this person answers for.
    pub person: Option<String>,
    /// What waits at points of this task.
    pub task: Option<String>,
    /// Only this piece of work.
    pub work: Option<Work>,
    /// What waits for this role; events that may be raised are its.
    pub role: Option<Role>,
    /// In which role whoever asks raises events, where `role` does not say it; any when absent.
    pub raiser: Option<Role>,
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
#[derive(Clone, Debug)]
pub struct WorkItem {
    /// The points, or the records, of the state.
    pub held: Arc<CollectionSnapshot>,
    /// The row of the point or record.
    pub row: FeatureId,
    /// What is to be done.
    pub work: Work,
    /// How it is work of the unit that was asked for; none where none was.
    pub part: Option<Part>,
    /// Until when.
    pub due: Option<Timestamp>,
    /// How near that is.
    pub lamp: Option<Lamp>,
    /// Whole days until then, rounded down.
    pub days_left: Option<i64>,
    /// The events that whoever asks may raise; none at records.
    pub may_raise: Vec<EventKind>,
}

impl WorkPage {
    /// How many pieces of work there are over all pages.
    pub fn total(&self) -> u64 {
        self.counts.values().sum()
    }
}

impl Engine {
    /// A page of the work that waits. Records of collections that are not there, or whose columns this
    /// handle may not read, are not listed.
    ///
    /// # Errors
    /// When the store has no ledger, when the state is not kept, or when there is too much to do.
    pub async fn worklist(&self, asked: WorkAsked) -> Result<WorkPage, EngineError> {
        let current = self.snapshot();
        Held::of(&current).ok_or(EngineError::NoLedger)?;
        let records = RECORDS.iter().map(|one| one.collection);
        let ids = [POINTS, ADMIN_UNITS, PATROLS].into_iter().chain(records);
        let ids = ids.filter_map(|id| CollectionId::try_from(id).ok());
        let ids: Vec<CollectionId> =
            ids.filter(|id| current.collections.contains_key(id)).collect();
        let state = self.state(asked.as_of, &ids).await?;
        let engine = self.clone();
        let work = move || engine.page_of_work(&asked, &state);
        self.pool().run(work).await?
    }

    fn page_of_work(&self, asked: &WorkAsked, state: &Snapshot) -> Result<WorkPage, EngineError> {
        let settings = self.settings();
        let tolerance = settings.patrols.tolerance_m;
        let points =
            PointRows::of(state, (&settings.ledger, asked.now), (self.registry(), tolerance))?;
        let records = RecordRows::all(state, self.profile());
        let unit = asked.unit.as_deref();
        let units = unit.map(|unit| UnitsBelow::of(state, unit, Day::of(asked.now)));
        let unit_is_known = units.as_ref().is_none_or(|units| units.is_known);
        let mut listing =
            Listing { asked, settings, units, counts: BTreeMap::new(), found: vec![] };
        points.each(&mut |row, stands| {
            for one in waiting(stands, asked.now, &settings.ledger) {
                listing.add(row, &one);
            }
        });
        for rows in &records {
            rows.each(&settings.worklist, &mut |row, one| listing.add(row, &one));
        }
        let has_more = listing.cut();
        let Listing { counts, found, .. } = listing;
        let next = found.last().filter(|_| has_more).map(|(urgency, ..)| *urgency);
        let item = |((_, _, subject, work), row, due, part): Found| {
            let (held, may_raise) = match subject {
                Subject::Point(_) => {
                    let stands = points.standing(points.held.get(row)?)?;
                    let may = stands.may_raise(
                        asked.role.or(asked.raiser),
                        &asked.actor,
                        &settings.ledger,
                    );
                    (&points.held, may)
                }
                Subject::Record(_) => {
                    (&records.iter().find(|one| one.wait_for(work))?.held, Vec::new())
                }
            };
            Some(WorkItem {
                held: Arc::clone(held),
                row,
                work,
                part,
                due,
                lamp: due.map(|due| Lamp::of(due, asked.now, &settings.ledger)),
                days_left: due.map(|due| days_left(due, asked.now)),
                may_raise,
            })
        };
        let items = found.into_iter().filter_map(item).collect();
        Ok(WorkPage { revision: state.revision, unit_is_known, counts, items, next })
    }
}

/// A piece of work in its order, its row, its date and how it is the unit's.
type Found = (Urgency, FeatureId, Option<Timestamp>, Option<Part>);

/// Work that is asked for, as it is found.
struct Listing<'q> {
    asked: &'q WorkAsked,
    settings: &'q EngineSettings,
    units: Option<UnitsBelow>,
    counts: BTreeMap<(Work, Option<Lamp>), u64>,
    found: Vec<Found>,
}

impl Listing<'_> {
    fn add(&mut self, row: FeatureId, one: &Waiting<'_>) {
        let rules = &self.settings.ledger;
        let lamp = one.lamp(self.asked.now, rules);
        let units = self.units.as_ref();
        let part = units.and_then(|units| one.part_of(&|unit| units.holds(unit)));
        if (units.is_some() && part.is_none()) || !self.is_asked_for(one, lamp) {
            return;
        }
        *self.counts.entry((one.work, lamp)).or_default() += 1;
        let urgency = one.urgency();
        if self.asked.after.is_none_or(|after| urgency > after) {
            self.found.push((urgency, row, one.due, part));
        }
    }

    fn is_asked_for(&self, one: &Waiting<'_>, lamp: Option<Lamp>) -> bool {
        let Self { asked, settings, .. } = self;
        let rules = (&settings.ledger, &settings.worklist);
        let is = |asked: &Option<String>, value: Option<&str>| {
            asked.as_deref().is_none_or(|asked| value == Some(asked))
        };
        asked.work.is_none_or(|work| one.work == work)
            && asked.role.is_none_or(|role| one.work.waits_for(role, rules))
            && asked.lamp.is_none_or(|asked| lamp == Some(asked))
            && is(&asked.person, one.person)
            && is(&asked.task, one.task)
    }

    /// Keeps the most urgent, in order; whether there were more.
    fn cut(&mut self) -> bool {
        let (found, limit) = (&mut self.found, self.asked.limit);
        let has_more = found.len() > limit;
        if has_more && limit > 0 {
            found.select_nth_unstable(limit - 1);
        }
        found.truncate(limit);
        found.sort_unstable();
        has_more
    }
}
