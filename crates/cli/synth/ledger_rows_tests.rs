//! The ledger of the fictional towns: each point is the fold of its events, by fitting actors, in
//! every state and task, and the same whenever the seed is.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};

use ledger::indicator::year_of;
use ledger::point::{EventKind, Lamp, PointId, Rules, State};
use ledger::rows::events::{self, StoredEvent};
use ledger::rows::points;
use ledger::{Point, PointCode};
use spatial::{Feature, Field, Timestamp, Value};

use super::calendar::{FIRST_DAY, LAST_DAY};
use super::ground::NATIVE;
use super::{Layer, LedgerPoint, Synth};

const DAY_MS: i64 = 86_400_000;
/// 2026-10-01T00:00:00Z.
const AFTERWARDS: Timestamp = Timestamp((LAST_DAY as i64 + 1) * DAY_MS);

fn synth(seed: u64, parcels: u64) -> Synth {
    Synth::new(seed, parcels, None, &NATIVE).unwrap()
}

fn points(synth: &Synth) -> Vec<LedgerPoint> {
    (0..synth.villages()).flat_map(|village| synth.ledger(village).unwrap()).collect()
}

fn value<'f>(fields: &[Field], feature: &'f Feature, name: &str) -> &'f Value {
    &feature.properties[fields.iter().position(|field| field.name == name).unwrap()]
}

fn stored(fields: &[Field], row: &Feature) -> StoredEvent {
    StoredEvent::read(&|name| value(fields, row, name).as_ref()).unwrap()
}

/// The events of a point as their rows tell them, and their fold.
fn folded(point: &LedgerPoint, fields: &[Field]) -> (Vec<StoredEvent>, Point) {
    let rows = point.events.iter().map(LedgerPoint::event_row);
    let events: Vec<StoredEvent> = rows.map(|row| stored(fields, &row)).collect();
    let all = events.iter().map(|stored| &stored.event);
    let fold = Point::fold(events[0].point, all, &Rules::default()).unwrap().unwrap();
    (events, fold)
}

#[test]
fn rows_equal_the_fold_and_every_event_may_be_raised() {
    let (of_points, of_events) = (points::fields(), events::fields());
    let (mut ids, mut codes) = (BTreeSet::new(), BTreeSet::new());
    let mut counted = BTreeMap::<PointId, Timestamp>::new();
    let mut late = 0;
    let mut kinds: BTreeMap<EventKind, usize> = BTreeMap::new();
    let (mut states, mut tasks) = (BTreeMap::<State, usize>::new(), BTreeSet::new());
    for told in points(&synth(1, 60_000)) {
        let (events, fold) = folded(&told, &of_events);
        for (name, expected) in points::derived(&fold) {
            assert_eq!(value(&of_points, &told.row, name), &expected, "{name}");
        }
        // By the rules of today, too: roles, order, guards.
        let rules = Rules::default();
        let mut raised = Point::report(fold.id(), &events[0].event, &rules).unwrap();
        for (stored, seq) in events.iter().zip(1..) {
            assert_eq!((stored.seq, stored.point), (seq, fold.id()));
            raised.raise(&stored.event, &rules).unwrap();
            assert!(ids.insert(stored.event.id.bits()), "an event comes twice");
            assert!(!stored.event.backfilled);
            late += usize::from(stored.event.is_late(&rules));
            for at in [stored.event.occurred_at, stored.event.recorded_at] {
                let day = at.0.div_euclid(DAY_MS) as u64;
                assert!((FIRST_DAY..=LAST_DAY).contains(&day), "day {day}");
            }
            *kinds.entry(stored.event.kind()).or_default() += 1;
        }
        assert_eq!(raised, fold);
        let order: Vec<i64> = events.iter().map(|stored| stored.event.occurred_at.0).collect();
        assert!(order.is_sorted_by(|a, b| a < b), "in order");
        let mut next = events.iter().skip(1).zip(&events);
        assert!(next.all(|(next, one)| one.event.recorded_at <= next.event.recorded_at));
        assert!(ids.insert(fold.id().bits()), "a point comes twice");
        if let Some(into) = fold.merged_into() {
            let since = counted.get(&into).expect("merged into a point that is none");
            assert!(*since < events[events.len() - 1].event.occurred_at, "into one to come");
        }
        if fold.is_counted() {
            counted.insert(fold.id(), fold.registered_at().unwrap());
        }
        if let Some(code) = fold.code() {
            let code = PointCode::try_from(code).unwrap();
            assert!(codes.insert((code.series().clone(), code.number())), "a number comes twice");
            tasks.insert(fold.task().unwrap().to_owned());
        }
        *states.entry(fold.state()).or_default() += 1;
    }
    assert_eq!(states.len(), State::ALL.len(), "{states:?}");
    assert_eq!(kinds.len(), EventKind::ALL.len(), "{kinds:?}");
    let expected = ["BJ", "CW", "DX", "GX", "KQ", "LB", "QZ", "WZ", "ZD"].map(str::to_owned);
    assert_eq!(tasks, BTreeSet::from(expected));
    let told: usize = kinds.values().sum();
    assert!((told / 200..told / 30).contains(&late), "{late} of {told} are late");
    let total: usize = states.values().sum();
    assert!((0.35..0.6).contains(&(states[&State::Closed] as f64 / total as f64)), "{states:?}");
}

#[test]
fn points_have_every_lamp_on_the_last_day() {
    let of_events = events::fields();
    let mut lamps = BTreeMap::<Option<Lamp>, usize>::new();
    let (mut rebounds, mut again, mut years) = (0, 0, BTreeSet::new());
    for told in points(&synth(1, 20_000)) {
        let (_, point) = folded(&told, &of_events);
        *lamps.entry(point.lamp(AFTERWARDS, &Rules::default())).or_default() += 1;
        rebounds += point.rebounds().len();
        let mut of_years: Vec<i32> = point.rebounds().iter().map(|one| year_of(one.at)).collect();
        of_years.dedup();
        again += usize::from(of_years.len() < point.rebounds().len());
        if let Some(at) = point.registered_at() {
            years.insert(at.0.div_euclid(365 * DAY_MS));
        }
    }
    assert!(lamps.len() == 4 && lamps.values().all(|count| *count > 10), "{lamps:?}");
    assert!(rebounds > 20 && years.len() >= 2, "{rebounds} rebounds, {years:?}");
    assert!((5..rebounds / 4).contains(&again), "{again} came back twice in a year");
}

#[test]
fn points_lie_where_the_layer_of_points_has_them() {
    let synth = synth(3, 3000);
    let layer: Vec<Feature> = synth.features(Layer::Points).map(Result::unwrap).collect();
    let ledger = points(&synth);
    assert_eq!(layer.len(), ledger.len());
    for (plain, told) in layer.iter().zip(&ledger) {
        assert_eq!(plain.geometry, told.row.geometry);
        assert_eq!(value(&points::fields(), &told.row, "parcel"), &plain.properties[11]);
    }
}

#[test]
fn a_seed_always_tells_the_same() {
    let told = |seed| {
        let points = points(&synth(seed, 1000));
        format!("{:?}", points.iter().map(|one| (&one.row, &one.events)).collect::<Vec<_>>())
    };
    assert_eq!(told(1), told(1));
    assert_ne!(told(1), told(2));
    let digest = told(1).bytes().fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    assert_eq!(digest, GOLDEN);
}

/// FNV-1a of the ledger of 1,000 parcels of seed 1.
const GOLDEN: u64 = 0x650d_49cd_7856_6fd6;

#[test]
fn nothing_in_the_ledger_is_personal() {
    let points = points(&synth(1, 3000));
    let mut detector = ledger::PersonalDetector::new(&points::fields());
    points.iter().for_each(|one| detector.observe(&one.row.properties));
    let found = detector.verdict();
    // The columns of persons are personal by name; posts stand in them.
    let names: Vec<String> = points::fields()
        .into_iter()
        .zip(&found)
        .filter(|(_, verdict)| verdict.is_some())
        .map(|(field, _)| field.name)
        .collect();
    assert!(
        names.iter().all(|name| ["person", "submitted_by"].contains(&name.as_str())),
        "{names:?}"
    );
    for one in &points {
        if let Value::Text(person) = value(&points::fields(), &one.row, "person") {
            assert!(person.ends_with("网格员"), "{person}");
        }
    }
}
