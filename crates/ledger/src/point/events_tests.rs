//! Events that the tests of points raise, and the shortest way to each state.
#![allow(clippy::unwrap_used, reason = "tests")]

use spatial::Timestamp;

use super::{
    Event, EventId, EvidenceId, Finding, Payload, Point, PointId, Proof, Quantities, Raised, Role,
    Rules, SquareMetres, State, ToldAnew, moment::HOUR_MS,
};

/// 2026-09-01T00:00:00Z.
pub(crate) const START: i64 = 1_788_220_800_000;
/// The third event of every way beyond `registered` asks for a reply.
/// The number of the registration on every way beyond it.
pub(crate) const REGISTER: u64 = 2;
pub(crate) const SUPERVISE: u64 = 3;
/// Whom `event` has submit.
pub(crate) const SUBMITTER: &str = "submit";

/// A UUID of version 7 for a small number.
fn uuid(number: u64) -> u128 {
    0x7 << 76 | 0b10 << 62 | u128::from(number)
}

pub(crate) fn event_id(number: u64) -> EventId {
    EventId::try_from(uuid(number)).unwrap()
}

pub(crate) fn point_id(number: u64) -> PointId {
    PointId::try_from(uuid(number)).unwrap()
}

pub(crate) fn photo(number: u64) -> EvidenceId {
    EvidenceId::try_from(uuid(number)).unwrap()
}

/// The moment so many hours after the start.
pub(crate) fn hour(hours: i64) -> Timestamp {
    Timestamp(START + hours * HOUR_MS)
}

pub(crate) fn quantities(build_m2: u64, land_m2: u64, count: u64) -> Quantities {
    Quantities {
        build_area_m2: SquareMetres::from_hundredths(build_m2 * 100),
        land_area_m2: SquareMetres::from_hundredths(land_m2 * 100),
        count,
    }
}

/// What one progress event of a way does.
pub(crate) fn part() -> Quantities {
    quantities(120, 80, 1)
}

/// The deadline of every registered point, 30 days after the start.
pub(crate) fn deadline() -> Timestamp {
    hour(30 * 24)
}

/// The event of a number, raised that many hours after the start by a role that may raise it. The
/// actor is named after the kind.
pub(crate) fn event(number: u64, payload: Payload) -> Event {
    let kind = payload.kind();
    let rules = Rules::default();
    let role = Role::SHIPPED.into_iter().find(|role| rules.may_raise(*role, kind)).unwrap();
    let occurred_at = hour(i64::try_from(number).unwrap());
    Event {
        id: event_id(number),
        payload,
        actor: if kind == super::EventKind::Withdraw { SUBMITTER } else { kind.identifier() }
            .into(),
        role,
        occurred_at,
        recorded_at: Timestamp(occurred_at.0 + 1),
        backfilled: false,
    }
}

pub(crate) fn register(planned: Quantities) -> Payload {
    Payload::Register {
        code: "110115001-CW-2026-00001".into(),
        task: "CW".into(),
        unit: "110115001".into(),
        person: Some("p7".into()),
        planned,
        deadline: deadline(),
    }
}

pub(crate) fn submit(before: &[u64], after: &[u64], actual: Quantities) -> Payload {
    let photos = |numbers: &[u64]| numbers.iter().map(|number| photo(*number)).collect();
    Payload::Submit { before: photos(before), after: photos(after), actual }
}

/// One good payload for each name: the kinds, and a spot check by what it finds.
pub(crate) fn payload(name: &str) -> Payload {
    let reason = || "seen on the spot".to_owned();
    let found = |finding| Payload::SpotCheck { finding, evidence: vec![photo(30)] };
    match name {
        "report" => Payload::Report { unit: Some("110115001".into()), evidence: vec![photo(1)] },
        "reject" => Payload::Reject { reason: reason() },
        "register" => register(quantities(240, 160, 2)),
        "dispatch" => Payload::Dispatch { receiver: "town team".into(), person: None },
        "return" => Payload::Return { reason: reason() },
        "accept" => Payload::Accept,
        "suspend" => Payload::Suspend { approval: "S-1".into(), until: hour(1000) },
        "resume" => Payload::Resume,
        "submit" => submit(&[10], &[11], part()),
        "town_verify" => Payload::TownVerify,
        "district_close" => Payload::DistrictClose { proof: Proof::Site },
        "fail" => Payload::Fail { reason: reason() },
        "spot_check pass" => found(Finding::Pass),
        "spot_check never cleared" => found(Finding::NeverCleared),
        "spot_check reappeared" => found(Finding::Reappeared),
        "rebound" => Payload::Rebound { confirmed_by: "p9".into(), evidence: vec![photo(20)] },
        "transfer" => Payload::Transfer { department: "water".into(), unit: None },
        "void" => Payload::Void { approval: "V-1".into() },
        "extend" => Payload::Extend { approval: "E-1".into(), deadline: hour(60 * 24) },
        "withdraw" => Payload::Withdraw,
        "merge" => Payload::Merge { into: point_id(2) },
        "progress" => Payload::Progress { done: part() },
        "supervise" => Payload::Supervise { demand: "how far?".into(), reply_by: hour(2000) },
        "correct" => {
            let quantities = ToldAnew { count: Some(9), ..ToldAnew::default() };
            Payload::Correct { of: event_id(REGISTER), quantities, reason: reason() }
        }
        "hold_accountable" => Payload::HoldAccountable {
            for_event: event_id(1),
            unit: "110115001".into(),
            person: None,
            reason: "the report lay for a month".into(),
            decision: "Z-1".into(),
            evidence: vec![],
        },
        _ => Payload::Reply { to: event_id(SUPERVISE), answer: "nearly done".into() },
    }
}

/// The names of [`payload`].
pub(crate) const NAMES: [&str; 26] = [
    "report",
    "reject",
    "register",
    "dispatch",
    "return",
    "accept",
    "suspend",
    "resume",
    "submit",
    "town_verify",
    "district_close",
    "fail",
    "spot_check pass",
    "spot_check never cleared",
    "spot_check reappeared",
    "rebound",
    "transfer",
    "void",
    "extend",
    "withdraw",
    "merge",
    "progress",
    "correct",
    "supervise",
    "reply",
    "hold_accountable",
];

const REGISTERED: &str = "report, register, supervise";
const IN_PROGRESS: &str = "report, register, supervise, dispatch, accept, progress";

/// The shortest way to a state, with the supervision and the progress that replies and submissions
/// need.
pub(crate) fn way(state: State) -> String {
    let (begin, rest) = match state {
        State::Reported => ("report", ""),
        State::Rejected => ("report", ", reject"),
        State::Registered => (REGISTERED, ""),
        State::Dispatched => (REGISTERED, ", dispatch"),
        State::Returned => (REGISTERED, ", dispatch, return"),
        State::InProgress => (IN_PROGRESS, ""),
        State::Suspended => (IN_PROGRESS, ", suspend"),
        State::Submitted => (IN_PROGRESS, ", submit"),
        State::VerifiedTown => (IN_PROGRESS, ", submit, town_verify"),
        State::Closed => (IN_PROGRESS, ", submit, town_verify, district_close"),
        State::Rebounded => (IN_PROGRESS, ", submit, town_verify, district_close, rebound"),
        State::Transferred => (REGISTERED, ", transfer"),
        State::Void => (REGISTERED, ", void"),
    };
    format!("{begin}{rest}")
}

/// The events of a way, numbered from 1.
pub(crate) fn events(way: &str) -> Vec<Event> {
    let names = way.split(", ").zip(1..);
    names.map(|(name, number)| event(number, payload(name))).collect()
}

/// The point at the end of a way; each event must be taken.
pub(crate) fn walk(way: &str) -> Point {
    let rules = Rules::default();
    let events = events(way);
    let mut point = Point::report(point_id(1), &events[0], &rules).unwrap();
    for event in &events[1..] {
        assert_eq!(point.raise(event, &rules), Ok(Raised::New), "{way}: {}", event.kind());
    }
    point
}

/// The point in a state, by its shortest way.
pub(crate) fn at(state: State) -> Point {
    walk(&way(state))
}

/// The next event of a point that came by a way of ours.
pub(crate) fn next_event(point: &Point, payload: Payload) -> Event {
    event(u64::try_from(point.events().len()).unwrap() + 1, payload)
}
