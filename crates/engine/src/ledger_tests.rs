//! Points moved by events over a store: each event with its outcome, rows that are the fold of their
//! events after random batches, restarts and looks back, and edits that only events may do.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::sync::Arc;

use geo_types::{Geometry as Shape, point};
use ledger::point::{Proof, Quantities, Role, SquareMetres};
use ledger::rows::{POINT_EVENTS, POINTS, collections, points};
use ledger::{
    EventId, EventKind, Payload, Point, PointId, Refusal, Rules, State, point::EvidenceId,
};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use spatial::{Collection, Crs, CrsRegistry, FeatureId, Geometry, Timestamp, Value, ValueRef};
use store::{FeatureStore, GeoPackageStore, Load, LoadItem, LoadMode, MemoryStore};
use tokio::sync::mpsc;

use crate::engine_tests::{fid, id};
use crate::ledger::{NewEvent, Outcome, RaisedBatch, Raising, Taking};
use crate::{Assigned, EditOp, EditSet, Engine, EngineError, EngineSettings, FeatureEdit};

/// 2026-09-01T00:00:00Z.
pub(crate) const START: i64 = 1_788_220_800_000;
const HOUR: i64 = 3_600_000;

pub(crate) fn uuid(number: u64) -> u128 {
    0x7 << 76 | 0b10 << 62 | u128::from(number)
}

pub(crate) fn pid(number: u64) -> PointId {
    PointId::try_from(uuid(number)).unwrap()
}

pub(crate) fn eid(number: u64) -> EventId {
    EventId::try_from(uuid(number)).unwrap()
}

pub(crate) fn photo(number: u64) -> EvidenceId {
    EvidenceId::try_from(uuid(number)).unwrap()
}

pub(crate) fn area(m2: u64) -> Quantities {
    Quantities { build_area_m2: SquareMetres::from_hundredths(m2 * 100), ..Quantities::default() }
}

/// An event raised in a role that may raise it, so many hours after the start.
pub(crate) fn new(point: u64, number: u64, payload: Payload) -> NewEvent {
    let rules = Rules::default();
    let may = |role: &Role| rules.may_raise(*role, payload.kind());
    let is_report = payload.kind() == EventKind::Report;
    let shape = Shape::Point(point!(x: 116.3 + point as f64 * 0.001, y: 39.7));
    NewEvent {
        id: eid(number),
        point: pid(point),
        role: Role::SHIPPED.into_iter().find(may).unwrap(),
        occurred_at: Timestamp(START + number as i64 * HOUR),
        backfilled: false,
        geometry: is_report.then(|| Geometry::from(shape)),
        values: match is_report {
            true => vec![("address".to_owned(), Value::Text(format!("村{point}号")))],
            false => Vec::new(),
        },
        payload,
    }
}

pub(crate) fn report() -> Payload {
    Payload::Report { unit: Some("110115001".into()), evidence: vec![] }
}

pub(crate) fn register(code: &str) -> Payload {
    Payload::Register {
        code: code.into(),
        task: "CW".into(),
        unit: "110115001".into(),
        person: None,
        planned: area(120),
        deadline: Timestamp(START + 3000 * HOUR),
    }
}

fn dispatch() -> Payload {
    Payload::Dispatch { receiver: "town team".into(), person: None }
}

fn submit(number: u64, m2: u64) -> Payload {
    let (before, after) = (vec![photo(number * 2)], vec![photo(number * 2 + 1)]);
    Payload::Submit { before, after, actual: area(m2) }
}

pub(crate) fn by(actor: &str, events: Vec<NewEvent>) -> Raising {
    Raising { taking: Taking::Each, actor: actor.to_owned(), unit: None, events }
}

async fn make_collections(store: &dyn FeatureStore) {
    for collection in collections(&Crs::CGCS2000).unwrap() {
        make(store, collection).await;
    }
}

/// Makes a collection without features.
pub(crate) async fn make(store: &dyn FeatureStore, collection: Collection) {
    let (sender, receiver) = mpsc::channel(1);
    sender.send(LoadItem::Finish).await.unwrap();
    let load = Load {
        collection,
        mode: LoadMode::Create,
        actor: "local".to_owned(),
        reason: "test".to_owned(),
        recorded_at: Timestamp(1_000),
    };
    store.load(load, receiver).await.unwrap();
}

pub(crate) async fn open(store: Arc<dyn FeatureStore>) -> Engine {
    let settings = EngineSettings { threads: 2, ..EngineSettings::default() };
    Engine::open(store, Arc::new(CrsRegistry::default()), settings).await.unwrap()
}

/// An empty ledger in a file.
pub(crate) async fn ledger_at(path: &std::path::Path) -> (Arc<GeoPackageStore>, Engine) {
    let store = Arc::new(GeoPackageStore::create(path).unwrap());
    make_collections(&*store).await;
    (Arc::clone(&store), open(store).await)
}

pub(crate) async fn empty_ledger() -> (Arc<MemoryStore>, Engine) {
    let store = Arc::new(MemoryStore::new());
    make_collections(&*store).await;
    (Arc::clone(&store), open(store).await)
}

pub(crate) async fn raise(engine: &Engine, actor: &str, events: Vec<NewEvent>) -> RaisedBatch {
    engine.raise(by(actor, events)).await.unwrap()
}

/// Raises one event and expects a refusal.
async fn refusal(engine: &Engine, actor: &str, event: NewEvent) -> Refusal {
    let revision = engine.snapshot().revision;
    let mut done = raise(engine, actor, vec![event]).await;
    assert_eq!((done.revision, done.recorded_at), (revision, None));
    match done.outcomes.remove(0) {
        Outcome::Refused(refusal) => refusal,
        other => panic!("{other:?}"),
    }
}

/// The value of a column of the row of a point.
pub(crate) fn value(engine: &Engine, point: u64, name: &str) -> Value {
    let state = engine.snapshot();
    let held = &state.collections[&id(POINTS)];
    let position = held.collection().field_position(name).unwrap();
    held.get(row(engine, point)).unwrap().value(position).to_value()
}

/// The row of a point.
pub(crate) fn row(engine: &Engine, point: u64) -> FeatureId {
    let state = engine.snapshot();
    let held = &state.collections[&id(POINTS)];
    let position = held.collection().field_position("id").unwrap();
    let (text, mut found) = (pid(point).to_string(), None);
    held.each(&mut |shard, slots| {
        for slot in slots {
            let feature = shard.feature(usize::from(*slot));
            if feature.value(position) == ValueRef::Text(&text) {
                found = Some(feature.id());
            }
        }
    });
    found.unwrap()
}

/// Every row of `points` says what the fold of its events says.
pub(crate) async fn check_rows(engine: &Engine, as_of: Option<Timestamp>) -> usize {
    let ids = [id(POINTS), id(POINT_EVENTS)];
    let state = engine.state(as_of, &ids).await.unwrap();
    let held = &state.collections[&id(POINTS)];
    let mut rows = Vec::new();
    held.each(&mut |shard, slots| {
        rows.extend(slots.iter().map(|slot| shard.feature(usize::from(*slot)).id()));
    });
    let mut events = 0;
    for row in &rows {
        let row = held.get(*row).unwrap();
        let column = |name: &str| {
            let position = held.collection().field_position(name).unwrap();
            row.value(position).to_value()
        };
        let Value::Text(name) = column("id") else { panic!("a row without an id") };
        let trace = engine.trace(&name, as_of).await.unwrap().unwrap();
        for (name, value) in points::derived(&trace.point) {
            assert_eq!(column(name), value, "{name} of {}", trace.point.id());
        }
        events += trace.steps.len();
    }
    assert_eq!(state.collections[&id(POINT_EVENTS)].len(), events);
    rows.len()
}

#[tokio::test]
async fn a_point_goes_its_whole_way_and_its_row_with_it() {
    let (store, engine) = empty_ledger().await;
    let first = raise(&engine, "ann", vec![new(1, 1, report()), new(1, 2, register(""))]).await;
    assert_eq!(first.outcomes, [Outcome::New { seq: 1 }, Outcome::New { seq: 2 }]);
    assert_eq!(first.revision.0, engine.snapshot().revision.0, "a batch shares one commit");
    assert_eq!(value(&engine, 1, "code"), Value::Text("110115001-CW-2026-00001".into()));
    assert_eq!(value(&engine, 1, "address"), Value::Text("村1号".into()));
    for (number, payload) in [(3, dispatch()), (4, Payload::Accept), (5, submit(1, 100))] {
        let done = raise(&engine, "bob", vec![new(1, number, payload)]).await;
        assert_eq!(done.outcomes, [Outcome::New { seq: number as u32 }]);
    }
    assert_eq!(value(&engine, 1, "actual_build_area_m2"), Value::Real(100.0));
    let by_submitter = refusal(&engine, "bob", new(1, 6, Payload::TownVerify)).await;
    assert!(matches!(by_submitter, Refusal::BySubmitter { .. }));
    raise(&engine, "eve", vec![new(1, 6, Payload::TownVerify)]).await;
    let close = Payload::DistrictClose { proof: Proof::Site };
    raise(&engine, "eve", vec![new(1, 7, close)]).await;
    assert_eq!(value(&engine, 1, "state"), Value::Text("closed".into()));
    assert_eq!(check_rows(&engine, None).await, 1);
    // The number leads to the point, also after a restart.
    let engine = open(store).await;
    let trace = engine.trace("110115001-CW-2026-00001", None).await.unwrap().unwrap();
    assert_eq!((trace.point.id(), trace.steps.len()), (pid(1), 7));
    let closed = trace.steps.last().unwrap();
    let names: Vec<&str> = closed.changed.iter().map(|change| change.name.as_str()).collect();
    assert_eq!(names, ["state", "state_since", "closed_at", "first_closed_at"]);
    assert!(engine.trace("110115001-CW-2026-00002", None).await.unwrap().is_none());
}

#[tokio::test]
async fn a_batch_may_come_three_times_and_counts_once() {
    let (_store, engine) = empty_ledger().await;
    let batch = || vec![new(1, 1, report()), new(1, 2, register("")), new(2, 3, report())];
    raise(&engine, "ann", batch()).await;
    let revision = engine.snapshot().revision;
    for _ in 0..2 {
        let again = raise(&engine, "ann", batch()).await;
        assert_eq!(again.outcomes, vec![Outcome::Again; 3]);
        assert_eq!((again.revision, again.points.len()), (revision, 2));
    }
    // Another content, another actor, another point: the id is taken.
    let other = NewEvent { occurred_at: Timestamp(START), ..new(1, 1, report()) };
    for (actor, event) in
        [("ann", other), ("bob", new(1, 1, report())), ("ann", new(3, 1, report()))]
    {
        let refusal = refusal(&engine, actor, event).await;
        assert!(matches!(refusal, Refusal::OtherContent { .. }), "{refusal}");
    }
    // Within one batch too.
    let twice = raise(&engine, "ann", vec![new(4, 9, report()), new(4, 9, report())]).await;
    assert_eq!(twice.outcomes, [Outcome::New { seq: 1 }, Outcome::Again]);
}

#[tokio::test]
async fn each_event_of_a_batch_has_an_outcome_of_its_own() {
    let (_store, engine) = empty_ledger().await;
    let far = Shape::Point(point!(x: 500.0, y: 39.7));
    let odd = NewEvent { geometry: Some(Geometry::from(far)), ..new(2, 2, report()) };
    let derived = ("state".to_owned(), Value::Text("closed".into()));
    let sly = NewEvent { values: vec![derived], ..new(3, 3, report()) };
    let early = NewEvent { occurred_at: Timestamp(START), ..new(1, 6, dispatch()) };
    let batch =
        vec![new(1, 1, report()), odd, sly, new(1, 4, dispatch()), new(1, 5, register("")), early];
    let done = raise(&engine, "ann", batch).await;
    let [first, place, column, state, second, order] = done.outcomes.as_slice() else { panic!() };
    assert_eq!((first, second), (&Outcome::New { seq: 1 }, &Outcome::New { seq: 2 }));
    let Outcome::Invalid(defects) = place else { panic!("{place:?}") };
    assert_eq!(defects[0].place, "/geometry/coordinates");
    let Outcome::Invalid(defects) = column else { panic!("{column:?}") };
    assert_eq!(defects[0].place, "/state");
    assert!(matches!(state, Outcome::Refused(Refusal::WrongState { .. })), "{state:?}");
    assert!(matches!(order, Outcome::Refused(Refusal::OutOfOrder { .. })), "{order:?}");
    assert_eq!(check_rows(&engine, None).await, 1);
}

#[tokio::test]
async fn a_batch_of_which_all_are_taken_or_none_is_withheld_for_one() {
    let (_store, engine) = empty_ledger().await;
    let events = vec![new(1, 1, report()), new(1, 2, register("")), new(2, 3, dispatch())];
    let strict = Raising { taking: Taking::AllOrNone, ..by("ann", events.clone()) };
    let done = engine.raise(strict).await.unwrap();
    assert_eq!(done.outcomes[..2], [Outcome::Withheld, Outcome::Withheld]);
    assert!(matches!(done.outcomes[2], Outcome::Refused(Refusal::NotReported { .. })));
    assert_eq!((done.recorded_at, check_rows(&engine, None).await), (None, 0));
    // Of whole points, the other ones are taken.
    let mut mixed = events;
    mixed.extend([new(3, 7, report()), new(3, 8, Payload::Accept)]);
    mixed.push(new(4, 9, report()));
    let done = engine.raise(Raising { taking: Taking::WholePoints, ..by("ann", mixed) }).await;
    let outcomes = done.unwrap().outcomes;
    assert_eq!(outcomes[..2], [Outcome::New { seq: 1 }, Outcome::New { seq: 2 }]);
    assert_eq!((&outcomes[3], &outcomes[5]), (&Outcome::Withheld, &Outcome::New { seq: 1 }));
    assert!(matches!(outcomes[4], Outcome::Refused(Refusal::WrongState { .. })));
    assert_eq!(check_rows(&engine, None).await, 2);
    let (_store, engine) = empty_ledger().await;
    let sound = Raising {
        taking: Taking::AllOrNone,
        ..by("ann", vec![new(1, 1, report()), new(1, 2, register(""))])
    };
    let done = engine.raise(sound).await.unwrap();
    assert_eq!(done.outcomes, [Outcome::New { seq: 1 }, Outcome::New { seq: 2 }]);
    assert_eq!(value(&engine, 1, "code"), Value::Text("110115001-CW-2026-00001".into()));
}

#[tokio::test]
async fn numbers_are_issued_in_order_and_never_twice() {
    let (store, engine) = empty_ledger().await;
    for point in 1..=3 {
        let events =
            vec![new(point, point * 10, report()), new(point, point * 10 + 1, register(""))];
        raise(&engine, "ann", events).await;
    }
    let void = Payload::Void { approval: "V-1".into() };
    raise(&engine, "ann", vec![new(3, 40, void)]).await;
    let engine = open(store).await;
    let events = vec![new(4, 50, report()), new(4, 51, register(""))];
    raise(&engine, "ann", events).await;
    assert_eq!(value(&engine, 4, "code"), Value::Text("110115001-CW-2026-00004".into()));
    raise(&engine, "ann", vec![new(5, 60, report())]).await;
    let taken = refusal(&engine, "ann", new(5, 61, register("110115001-CW-2026-00003"))).await;
    assert!(matches!(taken, Refusal::CodeTaken { .. }), "{taken}");
    let odd = refusal(&engine, "ann", new(5, 61, register("7"))).await;
    assert!(matches!(odd, Refusal::Code { .. }), "{odd}");
    raise(&engine, "ann", vec![new(5, 61, register("110115001-CW-2026-00009"))]).await;
    raise(&engine, "ann", vec![new(6, 70, report()), new(6, 71, register(""))]).await;
    assert_eq!(value(&engine, 6, "code"), Value::Text("110115001-CW-2026-00010".into()));
}

#[tokio::test]
async fn a_report_joins_only_what_is_on_the_ledger() {
    let (_store, engine) = empty_ledger().await;
    raise(&engine, "ann", vec![new(1, 1, report()), new(2, 2, report())]).await;
    let merge = |number, into| new(2, number, Payload::Merge { into: pid(into) });
    for into in [1, 9] {
        let refusal = refusal(&engine, "ann", merge(3, into)).await;
        assert!(matches!(refusal, Refusal::MergeTarget { .. }), "{refusal}");
    }
    // What an earlier event of the batch makes counts.
    let done = raise(&engine, "ann", vec![new(1, 4, register("")), merge(5, 1)]).await;
    assert_eq!(done.outcomes, [Outcome::New { seq: 2 }, Outcome::New { seq: 2 }]);
    assert_eq!(value(&engine, 2, "merged_into"), Value::Text(pid(1).to_string()));
}

#[tokio::test]
async fn old_history_goes_into_an_empty_ledger_only() {
    let (_store, engine) = empty_ledger().await;
    let old = |event: NewEvent| NewEvent { backfilled: true, ..event };
    let history = vec![old(new(1, 1, report())), old(new(1, 2, register("旧-7")))];
    let done = raise(&engine, "ann", history.clone()).await;
    assert_eq!(done.outcomes, [Outcome::New { seq: 1 }, Outcome::New { seq: 2 }]);
    raise(&engine, "ann", vec![new(2, 3, report())]).await;
    let late = refusal(&engine, "ann", old(new(3, 4, report()))).await;
    assert!(matches!(late, Refusal::HasBegun { .. }), "{late}");
    // What is known stays known.
    let again = raise(&engine, "ann", history).await;
    assert_eq!(again.outcomes, [Outcome::Again, Outcome::Again]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_close_a_point_one_does() {
    let folder = tempfile::tempdir().unwrap();
    let (_store, engine) = ledger_at(&folder.path().join("s.gpkg")).await;
    let way = [report(), register(""), dispatch(), Payload::Accept, submit(1, 5)];
    let events = way.into_iter().zip(1..).map(|(payload, number)| new(1, number, payload));
    raise(&engine, "ann", events.collect()).await;
    raise(&engine, "bob", vec![new(1, 6, Payload::TownVerify)]).await;
    let close = |number| {
        let engine = engine.clone();
        let event = new(1, number, Payload::DistrictClose { proof: Proof::Image });
        let event = NewEvent { occurred_at: Timestamp(START + 7 * HOUR), ..event };
        tokio::spawn(async move { raise(&engine, "eve", vec![event]).await.outcomes.remove(0) })
    };
    let racing: Vec<_> = (10..18).map(close).collect();
    let mut won = 0;
    for one in racing {
        match one.await.unwrap() {
            Outcome::New { seq: 7 } => won += 1,
            Outcome::Refused(Refusal::WrongState { state: State::Closed, .. }) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((won, check_rows(&engine, None).await), (1, 1));
}

fn edits(collection: &str, op: EditOp) -> EditSet {
    let edit = FeatureEdit {
        place: "/changes/0".to_owned(),
        collection: id(collection),
        op,
        unchanged_since: None,
    };
    EditSet { actor: "local".to_owned(), reason: String::new(), edits: vec![edit] }
}

#[tokio::test]
async fn what_follows_from_events_no_edit_changes() {
    let (_store, engine) = empty_ledger().await;
    raise(&engine, "ann", vec![new(1, 1, report()), new(1, 2, register(""))]).await;
    let state = engine.snapshot();
    let held = &state.collections[&id(POINTS)];
    let at = |name: &str| held.collection().field_position(name).unwrap();
    let feature = held.get(fid(1)).unwrap().to_feature();
    let values = |values| EditOp::Assign(fid(1), Assigned { geometry: None, values });
    let closed = (at("state"), Value::Text("closed".into()));
    let blank = |name| blank_row(&state.collections[&id(name)]);
    for (collection, op, part) in [
        (POINTS, values(vec![closed.clone()]), "/changes/0/feature/properties/state"),
        (POINTS, values(vec![(at("id"), Value::Null)]), "/properties/id"),
        (POINTS, EditOp::Delete(fid(1)), "stays"),
        (POINTS, EditOp::Insert(blank(POINTS)), "/points/{id}/events"),
        (POINT_EVENTS, EditOp::Delete(fid(1)), "/points/00000000"),
        (POINT_EVENTS, EditOp::Insert(blank(POINT_EVENTS)), "raised"),
        (POINT_EVENTS, EditOp::Assign(fid(1), Assigned::default()), "raised"),
    ] {
        match engine.edit(edits(collection, op)).await {
            Err(error @ EngineError::EventsOnly { .. }) => {
                assert!(error.to_string().contains(part), "{error} lacks {part}");
            }
            other => panic!("{part}: {other:?}"),
        }
    }
    // All else may be edited; what is sent back as it is does not hold it up.
    let mut all: Vec<(usize, Value)> = feature.properties.iter().cloned().enumerate().collect();
    all[at("address")].1 = Value::Text("村九号".into());
    let moved = Geometry::from(Shape::Point(point!(x: 116.4, y: 39.8)));
    let whole = EditOp::Assign(fid(1), Assigned { geometry: Some(Some(moved)), values: all });
    engine.edit(edits(POINTS, whole)).await.unwrap();
    assert_eq!(value(&engine, 1, "address"), Value::Text("村九号".into()));
    assert_eq!(check_rows(&engine, None).await, 1);
}

fn blank_row(held: &spatial::CollectionSnapshot) -> spatial::Feature {
    let properties = vec![Value::Null; held.collection().fields.len()];
    spatial::Feature { id: None, geometry: None, properties }
}

#[tokio::test]
async fn a_store_without_a_ledger_says_so() {
    let engine = open(Arc::new(MemoryStore::new())).await;
    assert!(!engine.has_ledger());
    let refused = engine.raise(by("ann", vec![new(1, 1, report())])).await;
    assert!(matches!(refused, Err(EngineError::NoLedger)));
    let trace = engine.trace("7", None).await;
    assert!(matches!(trace, Err(EngineError::NoLedger)));
}

/// A payload that may follow the state of a point, or any.
pub(crate) fn some_payload(point: Option<&Point>, pick: u64, number: u64) -> Payload {
    let Some(point) = point else { return report() };
    let progress = point.progress().build_area_m2.hundredths() / 100;
    let fitting = match point.state() {
        State::Reported => register(""),
        State::Registered | State::Returned | State::Rebounded | State::Transferred => dispatch(),
        State::Dispatched if pick.is_multiple_of(3) => Payload::Return { reason: "far".into() },
        State::Dispatched => Payload::Accept,
        State::InProgress if pick.is_multiple_of(2) => {
            Payload::Progress { done: area(1 + pick % 7) }
        }
        State::InProgress => submit(number, if progress == 0 { 9 } else { progress }),
        State::Submitted => Payload::TownVerify,
        State::VerifiedTown if pick.is_multiple_of(3) => Payload::Fail { reason: "rubble".into() },
        State::VerifiedTown => Payload::DistrictClose { proof: Proof::Site },
        State::Closed => {
            Payload::Rebound { confirmed_by: "p".into(), evidence: vec![photo(number * 7)] }
        }
        State::Suspended => Payload::Resume,
        State::Rejected | State::Void => report(),
    };
    match pick % 67 {
        0 => Payload::Void { approval: "V".into() },
        1 => Payload::Merge { into: pid(1 + pick % 9) },
        2 => Payload::Accept,
        _ => fitting,
    }
}

#[tokio::test]
async fn rows_are_the_fold_of_their_events_after_random_batches_restarts_and_looks_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.gpkg");
    let (store, mut engine) = ledger_at(&path).await;
    let store: Arc<dyn FeatureStore> = store;
    let mut runner = TestRunner::deterministic();
    let picks = proptest::collection::vec((1..10_u64, proptest::num::u64::ANY), 1..8);
    let (mut number, mut moments, mut taken) = (0, Vec::new(), 0);
    for round in 0..60 {
        let mut events = Vec::new();
        for (point, pick) in picks.new_tree(&mut runner).unwrap().current() {
            number += 1;
            let name = pid(point).to_string();
            let trace = engine.trace(&name, None).await.unwrap();
            let payload = some_payload(trace.as_ref().map(|trace| &trace.point), pick, number);
            events.push(new(point, number, payload));
        }
        let actor = ["ann", "bob", "eve"][round % 3];
        let done = raise(&engine, actor, events).await;
        taken += done.outcomes.iter().filter(|one| matches!(one, Outcome::New { .. })).count();
        moments.extend(done.recorded_at.map(|at| (at, taken)));
        if round % 20 == 19 {
            check_rows(&engine, None).await;
            engine = open(Arc::clone(&store)).await;
            check_rows(&engine, None).await;
        }
        // A past state is told apart by the millisecond.
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    assert!(taken > 120, "{taken} events were taken");
    for (at, count) in moments.iter().step_by(moments.len() / 6) {
        let state = engine.state(Some(*at), &[id(POINT_EVENTS)]).await.unwrap();
        assert_eq!(state.collections[&id(POINT_EVENTS)].len(), *count);
        check_rows(&engine, Some(*at)).await;
    }
}
