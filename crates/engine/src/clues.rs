//! Spatial rules asked of one state of the store: each finds clues (疑似线索), proposals with the
//! features concerned, measured values and a reason.
//!
//! *Invariants:* nothing here changes anything; a rule reads one state under a budget, on the CPU
//! pool; clues come in the order of their features' ids, those with a score the highest first, whatever
//! edits and threads did; areas are on the ground, never those of Web Mercator.

#[cfg(test)]
mod clues_tests;
mod ground;
mod groups;
mod households;
mod land;
mod left;
mod nearby;
mod neighbours;
mod outlets;
mod parcels;
#[cfg(test)]
mod parcels_tests;
mod reviews;
mod risk;
#[cfg(test)]
mod risk_tests;
#[cfg(test)]
pub(crate) mod sample;
pub(crate) mod source;
mod survey;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::{ControlFlow, Deref};
use std::sync::{Arc, OnceLock};

use ::ledger::catalogue::Catalogue;
use ::ledger::clue::{Finding, Kind, Review, Rule};
use ::ledger::place::{ADMIN_UNITS, Day};
use ::ledger::record::reviews::kept_in;
use ::ledger::rows::{POINT_EVENTS, POINTS};
use rustc_hash::FxHashSet;
use spatial::{
    Budget, Changes, CollectionId, CollectionSnapshot, Costs, Crs, FeatureId, Geometry, Revision,
    Snapshot, Timestamp,
};

use crate::kept::{Earlier, KeptAnswers, Same, mark, merged};
use crate::pool::{Weight, each_in_parallel};
use crate::query::{Place, metric};
use crate::{Engine, EngineError, Profile};
pub(crate) use reviews::are_reviews;
pub use reviews::{KeptReview, NewReview, Reviewed};
use source::Ask;

/// Most clues of one rule.
pub const MAX_CLUES: usize = 500_000;
/// Most clues of one page.
pub const MAX_CLUES_PAGE: usize = 10_000;
/// A rule looks at every feature of its collections.
const COSTS: Costs = Costs { candidates: 50_000_000, vertices: 5_000_000_000 };

/// Most features of which clues are found anew behind an edit, before all are.
const MOST_AFFECTED: usize = 4_096;

/// Most clues that are kept of all rules together, with what they were written as: some 100 MB.
const MAX_KEPT_CLUES: usize = 60_000;

/// What rules found lately, wherever the page of it begins.
pub(crate) type KeptClues = KeptAnswers<CluesQuery, All>;

/// No answers yet.
pub(crate) fn kept_clues() -> KeptClues {
    KeptAnswers::mended(MAX_KEPT_CLUES)
}

/// Everything that a rule found.
#[derive(Debug)]
pub(crate) struct All {
    /// In their order.
    clues: Vec<Arc<FoundClue>>,
    shares: Vec<UnitShare>,
}

/// What is asked of a rule.
#[derive(Clone, Debug)]
pub struct CluesQuery {
    /// The rule.
    pub rule: Rule,
    /// Only clues about features that meet this area.
    pub place: Option<Place>,
    /// Only clues about features that lie in the unit of this code, a row of `admin_units`.
    pub unit: Option<String>,
    /// Of which feature, where a rule is asked of one.
    pub key: Option<String>,
    /// The same feature by its id, which finds it without looking for it.
    pub id: Option<FeatureId>,
    /// The state that had been recorded by then; the current one when absent.
    pub as_of: Option<Timestamp>,
    /// The day up to which days are counted.
    pub today: Day,
    /// The catalogue of industries (禁限目录), for rules that read it.
    pub catalogue: Arc<Catalogue>,
    /// Who asks.
    pub profile: Profile,
    /// Only clues of which this was said; all when absent.
    pub reviewed: Option<Reviewed>,
    /// How many clues are left out at the beginning.
    pub offset: usize,
    /// How many are answered, [`MAX_CLUES_PAGE`] at most.
    pub limit: usize,
}

impl CluesQuery {
    /// A rule asked of everything in the current state, whatever was said of it, from the first clue on.
    pub fn of(rule: Rule, today: Day, (catalogue, profile): (Arc<Catalogue>, Profile)) -> Self {
        Self {
            rule,
            place: None,
            unit: None,
            key: None,
            id: None,
            as_of: None,
            today,
            catalogue,
            profile,
            reviewed: None,
            offset: 0,
            limit: MAX_CLUES_PAGE,
        }
    }

    /// Queries that ask the same but for reviews and the page.
    fn same(&self) -> Same<impl Fn(&Self) -> bool + Copy> {
        let place = self.place.as_ref().map(Place::mark);
        let mark =
            mark((&self.rule.code, place, self.id.map(FeatureId::value), &self.key, &self.unit));
        Same { mark, is_same: move |one: &Self| one.asks_as(self) }
    }

    /// Whether another query, of the same collections, asks the same but for reviews and the page.
    fn asks_as(&self, other: &Self) -> bool {
        let Self { rule, place, unit, key, id, today, catalogue, profile, .. } = self;
        (place, unit, key, id) == (&other.place, &other.unit, &other.key, &other.id)
            && (today, profile) == (&other.today, &other.profile)
            && *catalogue == other.catalogue
            && *rule == other.rule
    }
}

/// What a rule found.
#[derive(Clone, Debug)]
pub struct CluesFound {
    /// The state that was read.
    pub revision: Revision,
    /// How many clues there are on all pages together.
    pub count: usize,
    /// Those of the page.
    pub clues: Vec<Arc<FoundClue>>,
    /// What somebody said last of each of them.
    pub reviews: Vec<Option<Review>>,
    /// Shares by unit, where the rule tells them.
    pub shares: Vec<UnitShare>,
}

/// A proposal.
#[derive(Clone, Debug, PartialEq)]
pub struct Clue {
    /// What was found, and why.
    pub finding: Finding,
    /// The features concerned, what it is about first.
    pub subjects: Vec<Subject>,
    /// Where it is, in the storage CRS of what it is about; none where it is what it is about.
    pub(crate) geometry: Option<Geometry>,
}

/// A proposal as it is told, again and again while what it depends on stays.
#[derive(Debug)]
pub struct FoundClue {
    clue: Clue,
    placed: OnceLock<Option<Geometry>>,
    /// For whom it was written, and as what.
    written: OnceLock<(Box<str>, Box<str>)>,
}

impl Deref for FoundClue {
    type Target = Clue;

    fn deref(&self) -> &Clue {
        &self.clue
    }
}

impl PartialEq for FoundClue {
    fn eq(&self, other: &Self) -> bool {
        (&self.clue, self.placed()) == (&other.clue, other.placed())
    }
}

impl From<Clue> for FoundClue {
    fn from(clue: Clue) -> Self {
        Self { clue, placed: OnceLock::new(), written: OnceLock::new() }
    }
}

impl FoundClue {
    /// Where it is: its own geometry or that of what it is about, in WGS 84, east first.
    pub fn placed(&self) -> Option<&Geometry> {
        self.placed.get().and_then(Option::as_ref)
    }

    /// What `write` makes of it for `reader`, which must depend on nothing else.
    pub fn written(&self, reader: &str, write: impl Fn() -> String) -> Cow<'_, str> {
        let made = || (reader.into(), write().into_boxed_str());
        match self.written.get_or_init(made) {
            (known, text) if **known == *reader => Cow::Borrowed(text),
            _ => Cow::Owned(write()),
        }
    }
}

impl Clue {
    /// The features that it is about, in order.
    fn ids(&self) -> impl Iterator<Item = FeatureId> {
        self.subjects.iter().map(|subject| subject.id)
    }
}

impl All {
    /// The same, but for what was found of the `affected` features, which is `found` now; both are
    /// in the order of their features' ids.
    fn with(&self, affected: &FxHashSet<FeatureId>, found: Vec<Arc<FoundClue>>) -> Self {
        let is_affected = |clue: &Clue| clue.ids().next().is_some_and(|id| affected.contains(&id));
        let kept = self.clues.iter().filter(|clue| !is_affected(clue)).cloned();
        let clues = merged(kept, found, |a, b| a.ids().cmp(b.ids()));
        Self { clues, shares: self.shares.clone() }
    }
}

/// A feature that a clue is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Its collection.
    pub collection: CollectionId,
    /// The feature.
    pub id: FeatureId,
    /// Its key, where the reader may read it.
    pub key: Option<String>,
}

/// How many buildings of a unit have no file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnitShare {
    /// Code of the unit; empty for buildings in none.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Buildings in it.
    pub buildings: u64,
    /// Those without a file.
    pub without: u64,
}

/// What a rule reads and the store does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingInput {
    /// The collection.
    pub collection: String,
    /// The field, where the collection is there.
    pub field: Option<String>,
    /// Whether the rule says nothing without it.
    pub is_needed: bool,
}

impl fmt::Display for MissingInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { collection, field, .. } = self;
        match field {
            Some(field) => write!(
                f,
                "field {field:?} of collection {collection}, which has none; name another field in \
                 the rules, or add it to the collection"
            ),
            None if collection == POINTS || collection == POINT_EVENTS => {
                write!(
                    f,
                    "collection {collection}, which is not there; `tuban ledger init` makes it"
                )
            }
            None => write!(
                f,
                "collection {collection}, which is not there; `tuban import STORE FILE --collection \
                 {collection}` makes it of a file, or name another collection in the rules"
            ),
        }
    }
}

impl Engine {
    /// What `rule` reads and the current state does not have.
    pub fn missing_inputs(&self, rule: &Rule) -> Vec<MissingInput> {
        missing(&self.snapshot(), rule)
    }

    /// A page of what a rule finds.
    ///
    /// # Errors
    /// [`EngineError::RuleInput`] where a collection or field that it needs is not there.
    pub async fn clues(&self, query: CluesQuery) -> Result<CluesFound, EngineError> {
        let current = self.snapshot();
        check_inputs(&current, &query.rule)?;
        let mut ids: BTreeSet<CollectionId> = read(&current, &query.rule).into_keys().collect();
        let reviews = CollectionId::try_from(kept_in(&query.rule.kind)).ok();
        ids.extend(reviews.filter(|id| current.collections.contains_key(id)));
        let ids: Vec<CollectionId> = ids.into_iter().collect();
        let state = self.state(query.as_of, &ids).await?;
        let engine = self.clone();
        // Of one feature only what is around it is read.
        let weight = match (&query.rule.kind, query.id) {
            (Kind::Neighbours(_), Some(_)) => Weight::PerhapsLight,
            _ => Weight::Heavy,
        };
        let asked = (COSTS, self.settings().query_time);
        let read = move |budget: &Budget<'_>| engine.clues_now(&state, &query, budget);
        self.pool().read(weight, asked, read).await
    }

    fn clues_now(
        &self,
        state: &Arc<Snapshot>,
        query: &CluesQuery,
        budget: &Budget<'_>,
    ) -> Result<CluesFound, EngineError> {
        let limit = query.limit.min(MAX_CLUES_PAGE);
        let all = self.found(state, query, budget)?;
        let said = reviews::of_rule(state, &query.rule);
        let mut count = 0;
        let (mut page, mut told): (Vec<Arc<FoundClue>>, Vec<Option<Review>>) = <_>::default();
        for clue in &all.clues {
            let review = if said.is_empty() { None } else { said.get(&clue.name()) };
            if query.reviewed.is_some_and(|reviewed| !reviewed.takes(review)) {
                continue;
            }
            count += 1;
            if count > query.offset && page.len() < limit {
                page.push(Arc::clone(clue));
                told.push(review.cloned());
            }
        }
        self.place(state, &page)?;
        let shares = all.shares.clone();
        Ok(CluesFound { revision: state.revision, count, clues: page, reviews: told, shares })
    }

    /// What a rule finds in a state, whatever was found before in the collections that it reads.
    fn found(
        &self,
        state: &Snapshot,
        query: &CluesQuery,
        budget: &Budget<'_>,
    ) -> Result<Arc<All>, EngineError> {
        // Nothing else is there for the rule: what is kept cannot depend on more.
        let collections = read(state, &query.rule);
        let state = Snapshot { collections, ..*state };
        let held: Vec<&Arc<CollectionSnapshot>> = state.collections.values().collect();
        let kept = &self.0.clues;
        let same = query.same();
        if let Some(all) = kept.find(&held, same) {
            return Ok(all);
        }
        let earlier = kept.earlier(&held, same);
        let affected = earlier.as_ref().and_then(|one| self.affected(&state, query, &one.changed));
        let all = match (earlier, affected) {
            (Some(Earlier { answer: before, .. }), Some(affected)) => {
                let found = self.all_clues(&state, query, Some(&affected), budget)?;
                before.with(&affected, found.clues)
            }
            _ => self.all_clues(&state, query, None, budget)?,
        };
        let all = Arc::new(all);
        // Of one feature it is soon found again.
        if query.id.is_none() && query.key.is_none() {
            kept.keep(&held, (query.clone(), same), &all, all.clues.len());
        }
        Ok(all)
    }

    /// The features of which a rule may find something else than before, behind changes of each of the
    /// collections that it reads; none where they are many or cannot be told.
    fn affected(
        &self,
        state: &Snapshot,
        query: &CluesQuery,
        changed: &[Changes],
    ) -> Option<FxHashSet<FeatureId>> {
        let dependence = query.rule.kind.dependence()?;
        let subjects = state.collections.get(&CollectionId::try_from(dependence.subject).ok()?)?;
        let crs = &subjects.collection().crs;
        let mut affected = FxHashSet::default();
        for ((id, held), changed) in state.collections.iter().zip(changed) {
            if changed.ids.is_empty() {
                continue;
            }
            // The place that is asked about is another, too.
            if id.as_str() == ADMIN_UNITS && query.unit.is_some() {
                return None;
            }
            let is_subject = id.as_str() == dependence.subject;
            if is_subject {
                affected.extend(&changed.ids);
            }
            let Some(metres) = dependence.reach(id.as_str()) else {
                if is_subject || is_not_asked(id, query) {
                    continue;
                }
                return None;
            };
            if held.collection().crs != *crs {
                return None;
            }
            let (metric, units) = metric(crs, self.registry()).ok()?;
            for one in &changed.boxes {
                // Rules look a little farther than they tell.
                let reach = (metres * 1.02 + 1.0) * units;
                subjects.walk(None, Some(&metric.grown(one, reach)), &mut |shard, slots| {
                    let slots = slots.iter().map(|slot| usize::from(*slot));
                    let placed = slots.filter(|slot| !shard.envelopes()[*slot].is_empty());
                    affected.extend(placed.map(|slot| shard.ids()[slot]));
                    match affected.len() {
                        ..=MOST_AFFECTED => ControlFlow::Continue(()),
                        _ => ControlFlow::Break(()),
                    }
                });
                if affected.len() > MOST_AFFECTED {
                    return None;
                }
            }
        }
        Some(affected)
    }

    /// All clues, or those about the features of `only`.
    fn all_clues(
        &self,
        state: &Snapshot,
        query: &CluesQuery,
        only: Option<&FxHashSet<FeatureId>>,
        budget: &Budget<'_>,
    ) -> Result<All, EngineError> {
        let ask = Ask { state, registry: self.registry(), query, only, budget };
        let mut shares = Vec::new();
        let mut clues = match &query.rule.kind {
            Kind::Rebound(rule) => nearby::rebound(&ask, rule),
            Kind::ComplaintNearClosed(rule) => nearby::complaints(&ask, rule),
            Kind::OverParcel(rule) => parcels::over_parcel(&ask, rule),
            Kind::ParcelOverlap(rule) => parcels::overlaps(&ask, rule),
            Kind::ParcelGap(rule) => parcels::gaps(&ask, rule),
            Kind::NoFile(rule) => {
                let (clues, of_units) = households::no_file(&ask, rule)?;
                shares = of_units;
                Ok(clues)
            }
            Kind::Neighbours(rule) => neighbours::neighbours(&ask, rule),
            Kind::SeveralHomesteads(rule) => households::several_homesteads(&ask, rule),
            Kind::Replacement(rule) => outlets::replacement(&ask, rule),
            Kind::ServiceGap(rule) => outlets::service_gap(&ask, rule),
            Kind::IdleLand(rule) => land::idle(&ask, rule),
            Kind::Contiguous(rule) => groups::contiguous(&ask, rule),
            Kind::NewBuilding(rule) => survey::new_buildings(&ask, rule),
            Kind::HighRisk(rule) => risk::high_risk(&ask, rule),
            Kind::LicenceAlive(rule) => left::licence_alive(&ask, rule),
            Kind::ExitOverdue(rule) => left::exit_overdue(&ask, rule),
            Kind::LegalSteps(rule) => left::legal_steps(&ask, rule),
        }?;
        if clues.len() > MAX_CLUES {
            return Err(EngineError::Unmeasurable {
                what: format!(
                    "rule {} finds {} clues, more than {MAX_CLUES}; narrow it with bbox or unit",
                    query.rule.code,
                    clues.len()
                ),
            });
        }
        // Those with a score come by it.
        if !matches!(query.rule.kind, Kind::HighRisk(_)) {
            clues.sort_by_cached_key(|clue| clue.ids().collect::<Vec<FeatureId>>());
        }
        Ok(All { clues: clues.into_iter().map(|clue| Arc::new(clue.into())).collect(), shares })
    }

    /// What a rule says something of, wherever it is; `None` where it lacks what it reads. Heavy work: it
    /// is for the pool.
    pub(crate) fn subjects(
        &self,
        state: &Snapshot,
        (rule, today, profile): (&Rule, Day, Profile),
        budget: &Budget<'_>,
    ) -> Result<Option<FxHashSet<FeatureId>>, EngineError> {
        if missing(state, rule).iter().any(|lack| lack.is_needed) {
            return Ok(None);
        }
        let query = CluesQuery::of(rule.clone(), today, (Arc::default(), profile));
        let found = self.found(state, &query, budget)?;
        Ok(Some(found.clues.iter().filter_map(|clue| Some(clue.subjects.first()?.id)).collect()))
    }

    /// Finds out where clues are, in WGS 84.
    fn place(&self, state: &Snapshot, clues: &[Arc<FoundClue>]) -> Result<(), EngineError> {
        let clues: Vec<&FoundClue> =
            clues.iter().map(|clue| &**clue).filter(|clue| clue.placed.get().is_none()).collect();
        let mut shown = BTreeMap::new();
        for first in clues.iter().filter_map(|clue| clue.subjects.first()) {
            if let Some(held) = state.collections.get(&first.collection)
                && !shown.contains_key(&first.collection)
            {
                let of_it = self.shown(held.collection(), &Crs::WGS84)?;
                shown.insert(first.collection.clone(), (held, of_it));
            }
        }
        let places = each_in_parallel(&clues, |clue| {
            let first = clue.subjects.first();
            let Some((first, (held, shown))) =
                first.and_then(|first| Some((first, shown.get(&first.collection)?)))
            else {
                return Ok(clue.geometry.clone());
            };
            match &clue.geometry {
                Some(geometry) => shown.project(first.id, geometry.clone()).map(Some),
                None => match held.get(first.id) {
                    Some(feature) => shown.geometry(feature),
                    None => Ok(None),
                },
            }
        });
        for (clue, place) in clues.into_iter().zip(places) {
            // Another reader may have found it out meanwhile: it is the same.
            let _known = clue.placed.set(place?);
        }
        Ok(())
    }
}

/// Whether a collection is read for the unit of a query alone, and the query names none.
fn is_not_asked(id: &CollectionId, query: &CluesQuery) -> bool {
    let inputs = query.rule.kind.inputs();
    query.unit.is_none() && inputs.iter().all(|input| input.collection != id.as_str())
}

/// The collections that a rule reads, as far as they are there, and the units that it is asked of.
fn read(state: &Snapshot, rule: &Rule) -> BTreeMap<CollectionId, Arc<CollectionSnapshot>> {
    let inputs = rule.kind.inputs();
    let names = inputs.iter().map(|input| input.collection).chain([ADMIN_UNITS]);
    let ids = names.filter_map(|name| CollectionId::try_from(name).ok());
    let held = ids.filter_map(|id| Some((id.clone(), Arc::clone(state.collections.get(&id)?))));
    held.collect()
}

/// Refuses a rule that lacks what it needs.
fn check_inputs(state: &Snapshot, rule: &Rule) -> Result<(), EngineError> {
    match missing(state, rule).into_iter().find(|lack| lack.is_needed) {
        Some(missing) => Err(EngineError::RuleInput { rule: rule.code.clone(), missing }),
        None => Ok(()),
    }
}

fn missing(state: &Snapshot, rule: &Rule) -> Vec<MissingInput> {
    let mut missing = Vec::new();
    for input in rule.kind.inputs() {
        let lack = |field: Option<&str>| MissingInput {
            collection: input.collection.to_owned(),
            field: field.map(str::to_owned),
            is_needed: input.is_needed,
        };
        let id = CollectionId::try_from(input.collection).ok();
        match id.and_then(|id| state.collections.get(&id)) {
            None => missing.push(lack(None)),
            Some(held) => missing.extend(
                input
                    .fields
                    .iter()
                    .filter(|name| held.collection().field_position(name).is_none())
                    .map(|name| lack(Some(name))),
            ),
        }
    }
    missing
}
