//! What people said of clues: rows that are written once, and how clues are told with them.
//!
//! *Invariant:* a review is of a clue that its rule found when it was given; the latest one counts.

use std::fmt::Write;
use std::sync::Arc;

use ::ledger::clue::{Review, Rule, Verdict, read_moment};
use ::ledger::point::{EventId, Role, moment};
use ::ledger::record::{named, reviews};
use ::ledger::text_hash;
use rustc_hash::FxHashMap;
use spatial::{
    Change, ChangeOp, ChangeSet, Collection, CollectionId, CollectionSnapshot, Crs, FeatureRef,
    Geometry, Revision, Snapshot, Value, ValueRef,
};

use super::{COSTS, Clue, CluesQuery, Subject, check_inputs};
use crate::ledger::{assign, blank};
use crate::pool::Weight;
use crate::{Engine, EngineError, now};

/// Subjects that the name of a clue lists; of more it has a number made of all.
const MAX_NAMED: usize = 4;

/// A review on its way into the store.
#[derive(Clone, Debug)]
pub struct NewReview {
    /// What is said; when it is recorded is the engine's to say.
    pub review: Review,
    /// Edition of the rules.
    pub edition: String,
    /// The rule, asked of everything.
    pub query: CluesQuery,
}

/// A review that is kept.
#[derive(Clone, Debug)]
pub struct KeptReview {
    /// A state that has it.
    pub revision: Revision,
    /// As it was given first.
    pub review: Review,
    /// Whether it was new.
    pub is_new: bool,
}

impl Clue {
    /// What it is called, in letters, digits and `_/,` alone: its rule finds it again under this name as
    /// long as it is about the same features.
    pub fn name(&self) -> String {
        let mut name = String::with_capacity(32 * self.subjects.len());
        for (number, Subject { collection, id, .. }) in self.subjects.iter().enumerate() {
            let comma = if number == 0 { "" } else { "," };
            // Writing into a text does not fail.
            let _ = write!(name, "{comma}{collection}/{id}");
        }
        if self.subjects.len() > MAX_NAMED {
            let first = name.find(',').unwrap_or(name.len());
            return format!("{},{:032x}", &name[..first], text_hash(&name));
        }
        name
    }
}

/// The collection of reviews of clues of a rule, where a state has one.
fn held<'s>(state: &'s Snapshot, rule: &Rule) -> Option<&'s Arc<CollectionSnapshot>> {
    let held =
        state.collections.get(&CollectionId::try_from(reviews::kept_in(&rule.kind)).ok()?)?;
    are_reviews(held.collection()).then_some(held)
}

/// Whether a collection is one of reviews as it ships.
pub(crate) fn are_reviews(collection: &Collection) -> bool {
    let shipped = [reviews::CLUE_REVIEWS, reviews::ENTERPRISE_REVIEWS];
    shipped.into_iter().filter_map(named).any(|shipped| shipped.is(collection))
}

/// The latest review of each clue of a rule.
pub(super) fn of_rule(state: &Snapshot, rule: &Rule) -> FxHashMap<String, Review> {
    let mut reviews = FxHashMap::default();
    let Some(held) = held(state, rule) else { return reviews };
    let described = held.collection();
    let Some(of) = described.field_position("rule") else { return reviews };
    let mut rows = Vec::new();
    held.with_text(of, &rule.code, &mut |shard, slots| {
        rows.extend(slots.iter().map(|slot| shard.feature(usize::from(*slot))));
    });
    rows.sort_unstable_by_key(|row| row.id());
    for review in rows.into_iter().filter_map(|row| read(described, row)) {
        reviews.insert(review.clue.clone(), review);
    }
    reviews
}

/// The review of a row; none of one that another program spoiled.
fn read(described: &Collection, row: FeatureRef<'_>) -> Option<Review> {
    let text = |name: &str| match row.value(described.field_position(name)?) {
        ValueRef::Text(text) if !text.trim().is_empty() => Some(text.to_owned()),
        _ => None,
    };
    Some(Review {
        id: EventId::try_from(text("id")?.as_str()).ok()?,
        clue: text("clue")?,
        verdict: Verdict::from_identifier(&text("verdict")?)?,
        decision: text("decision"),
        reason: text("reason"),
        actor: text("actor")?,
        role: text("role").and_then(|role| Role::from_identifier(&role)),
        unit: text("unit"),
        recorded_at: read_moment(&text("recorded_at")?)?,
    })
}

fn found(held: &CollectionSnapshot, id: EventId) -> Option<Review> {
    let described = held.collection();
    let (at, wanted) = (described.field_position("id")?, id.to_string());
    let mut found = None;
    held.with_text(at, &wanted, &mut |shard, slots| {
        let row = slots.first().map(|slot| shard.feature(usize::from(*slot)));
        found = row.and_then(|row| read(described, row));
    });
    found
}

impl Engine {
    /// Keeps what somebody says of a clue: durable and visible before this returns. Sent again it changes
    /// nothing.
    ///
    /// # Errors
    /// When the store keeps no reviews, or not what the rule needs; when the rule does not find the clue now,
    /// or the id has another review.
    pub async fn review_clue(&self, new: NewReview) -> Result<KeptReview, EngineError> {
        let _one_at_a_time = self.0.ledger.reviewing.lock().await;
        let state = self.snapshot();
        check_inputs(&state, &new.query.rule)?;
        let held = held(&state, &new.query.rule).map(Arc::clone);
        let collection = reviews::kept_in(&new.query.rule.kind);
        let held = held.ok_or(EngineError::NoReviews { collection })?;
        if let Some(known) = found(&held, new.review.id) {
            let (revision, is_new) = (state.revision, false);
            return match known.says_the_same(&new.review) {
                true => Ok(KeptReview { revision, review: known, is_new }),
                false => Err(EngineError::ReviewDiffers { id: new.review.id }),
            };
        }
        let (engine, wanted) = (self.clone(), new.review.clue.clone());
        let (asked, rule) = (new.query.clone(), new.query.rule.code.clone());
        let of = Arc::clone(&state);
        let read = move |budget: &spatial::Budget<'_>| {
            let all = engine.found(&of, &asked, budget)?;
            let clue = all.clues.iter().find(|clue| clue.name() == wanted).cloned();
            engine.place(&of, clue.as_slice())?;
            Ok(clue)
        };
        let costs = (COSTS, self.settings().query_time);
        let clue = self.pool().read(Weight::Heavy, costs, read).await?;
        let clue = clue.ok_or_else(|| EngineError::ClueGone {
            rule: rule.clone(),
            clue: new.review.clue.chars().take(200).collect(),
        })?;
        let recorded_at = state.recorded_at.map_or(now(), |recorded| recorded.max(now()));
        let review = Review { recorded_at, ..new.review };
        let described = held.collection();
        let mut feature = blank(described);
        feature.geometry = self.middle(clue.placed(), &described.crs)?;
        assign(described, &mut feature, values(&review, (&rule, &new.edition), &clue));
        let change = Change {
            collection: described.id.clone(),
            op: ChangeOp::Insert(feature),
            unchanged_since: None,
        };
        let set = ChangeSet {
            expect: None,
            actor: review.actor.clone(),
            reason: format!("线索核实 {rule}"),
            recorded_at,
            changes: vec![change],
        };
        let commit = self.apply(set).await?;
        Ok(KeptReview { revision: commit.revision, review, is_new: true })
    }

    /// The middle of a place in WGS 84, as a point of another CRS.
    fn middle(&self, place: Option<&Geometry>, crs: &Crs) -> Result<Option<Geometry>, EngineError> {
        let Some(place) = place else { return Ok(None) };
        let middle = place.envelope().center();
        let projector = self.registry().projector(&Crs::WGS84, crs);
        let projector =
            projector.map_err(|error| EngineError::Unmeasurable { what: error.to_string() })?;
        let at = projector.project(middle).ok();
        let point = |[x, y]: [f64; 2]| geo_types::Geometry::Point(geo_types::Point::new(x, y));
        Ok(at.map(|at| Geometry::from(point(at))))
    }
}

fn values(
    review: &Review,
    (rule, edition): (&str, &str),
    clue: &Clue,
) -> Vec<(&'static str, Value)> {
    let text = |text: &str| Value::Text(text.to_owned());
    let some = |value: Option<&str>| value.map_or(Value::Null, text);
    vec![
        ("id", text(&review.id.to_string())),
        ("rule", text(rule)),
        ("edition", text(edition)),
        ("clue", text(&review.clue)),
        ("finding", text(&clue.finding.to_string())),
        ("verdict", text(review.verdict.identifier())),
        ("decision", some(review.decision.as_deref())),
        ("reason", some(review.reason.as_deref())),
        ("actor", text(&review.actor)),
        ("role", some(review.role.as_ref().map(Role::identifier))),
        ("unit", some(review.unit.as_deref())),
        ("recorded_at", text(&moment::written(review.recorded_at))),
    ]
}

/// Which clues are told, by what was said of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reviewed {
    /// Those of which nothing was said.
    Open,
    /// Those of which this was said last.
    As(Verdict),
}

impl Reviewed {
    /// Whether a clue with this review is told.
    pub(super) fn takes(self, review: Option<&Review>) -> bool {
        match self {
            Self::Open => review.is_none(),
            Self::As(verdict) => review.is_some_and(|review| review.verdict == verdict),
        }
    }
}
