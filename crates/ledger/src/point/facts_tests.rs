//! What a point knows after its events: lamps, closings, rebounds, supervisions, lateness.
#![allow(clippy::unwrap_used, reason = "tests")]

use spatial::Timestamp;

use super::{
    Closing, Event, InvalidArea, Lamp, Payload, Point, Quantities, Raised, Rebound, Rules,
    SquareMetres, State,
    events_tests::{
        SUBMITTER, at, deadline, event_id, events, hour, next_event, part, payload, photo,
        point_id, quantities, walk,
    },
    moment::DAY_MS,
};

const CLOSED: &str = "report, register, supervise, dispatch, accept, progress, submit, \
                      town_verify, district_close";

fn check_lamp(point: &Point, left_ms: i64, expected: Option<Lamp>) {
    let at = Timestamp(deadline().0 - left_ms);
    assert_eq!(point.lamp(at, &Rules::default()), expected, "{left_ms} ms left");
    assert_eq!(point.is_overdue(at), expected == Some(Lamp::Red), "{left_ms} ms left");
}

#[test]
fn lamps_turn_with_the_days_that_are_left() {
    let open = at(State::InProgress);
    for (left_ms, lamp) in [
        (30 * DAY_MS, Lamp::Green),
        (7 * DAY_MS + 1, Lamp::Green),
        (7 * DAY_MS, Lamp::Yellow),
        (0, Lamp::Yellow),
        (-1, Lamp::Red),
        (-30 * DAY_MS, Lamp::Red),
    ] {
        check_lamp(&open, left_ms, Some(lamp));
    }
    for state in State::ALL.into_iter().filter(|state| !state.is_open()) {
        check_lamp(&at(state), -1, None);
    }
}

#[test]
fn an_extension_moves_the_deadline() {
    let point = walk("report, register, supervise, extend");
    assert_eq!(point.deadline(), Some(hour(60 * 24)));
    check_lamp(&point, -1, Some(Lamp::Green));
}

#[test]
fn a_ledger_entry_is_told_by_its_events() {
    let point = walk("report, register, supervise, dispatch");
    assert_eq!(point.code(), Some("110115001-CW-2026-00001"));
    assert_eq!((point.task(), point.unit()), (Some("CW"), Some("110115001")));
    assert_eq!((point.receiver(), point.person()), (Some("town team"), Some("p7")));
    assert_eq!((point.registered_at(), point.deadline()), (Some(hour(2)), Some(deadline())));
    assert_eq!((point.planned(), point.actual()), (quantities(240, 160, 2), Quantities::default()));
    assert_eq!(point.state_since(), hour(4));
    assert_eq!((point.submitter(), point.closed_at(), point.rebound_count()), (None, None, 0));

    let named = Payload::Dispatch { receiver: "team 2".into(), person: Some("p8".into()) };
    let mut again = walk("report, register, supervise, dispatch, return");
    assert_eq!(again.receiver(), None);
    let dispatched = again.raise(&next_event(&again, named), &Rules::default());
    assert_eq!(dispatched, Ok(Raised::New));
    assert_eq!((again.receiver(), again.person()), (Some("team 2"), Some("p8")));
    assert_eq!(at(State::Transferred).receiver(), Some("water"));

    let unit = again.unit().map(str::to_owned);
    for (named, expected) in [(None, unit.as_deref()), (Some("110115005"), Some("110115005"))] {
        let payload =
            Payload::Transfer { department: "water".into(), unit: named.map(str::to_owned) };
        let mut moved = again.clone();
        assert_eq!(moved.raise(&next_event(&moved, payload), &Rules::default()), Ok(Raised::New));
        assert_eq!((moved.unit(), moved.code()), (expected, again.code()));
    }
}

#[test]
fn events_that_lead_nowhere_leave_the_state_and_its_age() {
    let point = walk("report, register, supervise, extend, reply, supervise");
    assert_eq!((point.state(), point.state_since()), (State::Registered, hour(2)));
}

#[test]
fn closings_and_rebounds_are_kept_with_their_times() {
    let closed = walk(CLOSED);
    let closing =
        |refuted_by| Closing { event: event_id(9), at: hour(9), deadline: deadline(), refuted_by };
    assert_eq!(closed.closed_at(), Some(hour(9)));
    assert_eq!(closed.closings(), [closing(None)]);
    assert_eq!(closed.submitter(), Some(SUBMITTER));
    for (next, refuted_by, rebounds, closed_at) in [
        ("spot_check pass", None, 0, Some(hour(9))),
        ("spot_check never cleared", Some(event_id(10)), 0, None),
        ("spot_check reappeared", None, 1, None),
        ("rebound", None, 1, None),
    ] {
        let point = walk(&format!("{CLOSED}, {next}"));
        assert_eq!(point.closings(), [closing(refuted_by)], "{next}");
        assert_eq!(point.rebound_count(), rebounds, "{next}");
        let expected = [Rebound { event: event_id(10), at: hour(10) }];
        assert_eq!(point.rebounds(), &expected[..rebounds as usize], "{next}");
        assert_eq!(point.closed_at(), closed_at, "{next}");
        assert_eq!(point.registered_at(), Some(hour(2)), "{next}");
    }
}

#[test]
fn each_closing_is_measured_by_the_deadline_of_its_time() {
    let close_at = |hours| {
        let mut point = at(State::VerifiedTown);
        let close = next_event(&point, payload("district_close"));
        let moment = hour(hours);
        let close = Event { occurred_at: moment, recorded_at: moment, ..close };
        assert_eq!(point.raise(&close, &Rules::default()), Ok(Raised::New));
        point.closings()[0].is_in_time()
    };
    assert!(close_at(30 * 24));
    assert!(!close_at(30 * 24 + 1));
}

#[test]
fn a_void_point_keeps_its_number_and_owes_nothing() {
    let point = at(State::Void);
    assert_eq!(point.code(), Some("110115001-CW-2026-00001"));
    assert_eq!(point.supervisions().len(), 1);
    assert_eq!(point.open_supervisions().count(), 0);
}

#[test]
fn two_reports_of_one_thing_are_one_point() {
    let merged = walk("report, merge");
    assert_eq!((merged.state(), merged.merged_into()), (State::Reported, Some(point_id(2))));
    for (point, is_counted) in [
        (merged, false),
        (at(State::Reported), false),
        (at(State::Rejected), false),
        (at(State::Void), false),
        (at(State::Registered), true),
        (at(State::Closed), true),
        (at(State::Rebounded), true),
        (at(State::Transferred), true),
    ] {
        assert_eq!(point.is_counted(), is_counted, "{}", point.state());
    }
}

#[test]
fn supervisions_wait_until_they_are_answered() {
    let asked = walk("report, register, supervise");
    let open: Vec<_> = asked.open_supervisions().collect();
    assert_eq!(open, [&asked.supervisions()[0]]);
    assert_eq!((open[0].event, open[0].at, open[0].reply_by), (event_id(3), hour(3), hour(2000)));
    assert!(!open[0].is_overdue(hour(2000)));
    assert!(open[0].is_overdue(hour(2001)));
    let answered = walk("report, register, supervise, supervise, reply");
    assert_eq!(answered.supervisions()[0].replied_at, Some(hour(5)));
    assert!(!answered.supervisions()[0].is_overdue(hour(2001)));
    let open: Vec<_> = answered.open_supervisions().map(|open| open.event).collect();
    assert_eq!(open, [event_id(4)]);
}

#[test]
fn a_suspension_ends_with_its_state() {
    let suspended = at(State::Suspended);
    assert_eq!(suspended.suspended_until(), Some(hour(1000)));
    for next in ["resume", "transfer", "void"] {
        let mut point = suspended.clone();
        assert_eq!(
            point.raise(&next_event(&suspended, payload(next)), &Rules::default()),
            Ok(Raised::New)
        );
        assert_eq!(point.suspended_until(), None, "{next}");
    }
}

#[test]
fn late_is_what_was_recorded_after_72_hours() {
    let point = at(State::Registered);
    let dispatch = next_event(&point, payload("dispatch"));
    let limit = dispatch.occurred_at.0 + 3 * DAY_MS;
    for (recorded_at, backfilled, is_late) in
        [(limit, false, false), (limit + 1, false, true), (limit + 1, true, false)]
    {
        let mut after = point.clone();
        let recorded_at = Timestamp(recorded_at);
        let event = Event { recorded_at, backfilled, ..dispatch.clone() };
        assert_eq!(after.raise(&event, &Rules::default()), Ok(Raised::New));
        assert_eq!(after.late_events().contains(&dispatch.id), is_late);
    }
}

#[test]
fn a_history_folds_to_its_point_under_other_rules_too() {
    let events = events(CLOSED);
    let mut rules = Rules::default();
    rules.raisers.clear();
    let folded = Point::fold(point_id(1), &events, &rules).unwrap();
    assert_eq!(folded, Some(walk(CLOSED)));
    let twice = events.iter().chain(&events);
    assert_eq!(Point::fold(point_id(1), twice, &rules).unwrap(), folded);
    assert_eq!(Point::fold(point_id(1), [], &rules), Ok(None));
}

#[test]
fn evidence_of_every_kind_of_event_is_known() {
    let point = walk(&format!("{CLOSED}, spot_check pass"));
    for number in [1, 10, 11, 30] {
        assert!(point.has_evidence(photo(number)), "{number}");
    }
    assert!(!point.has_evidence(photo(20)));
    assert_eq!(point.actual(), part());
}

#[test]
fn areas_are_hundredths_of_square_metres() {
    for (value, hundredths) in [(0.0, 0), (0.1, 10), (0.005, 1), (1234.56, 123_456)] {
        let area = SquareMetres::try_from(value).unwrap();
        assert_eq!(area.hundredths(), hundredths, "{value}");
    }
    assert_eq!(SquareMetres::try_from(1e13).map(SquareMetres::m2), Ok(1e13));
    for value in [-0.01, 1.1e13, f64::INFINITY] {
        assert_eq!(SquareMetres::try_from(value), Err(InvalidArea { value }));
    }
    assert_eq!(SquareMetres::try_from(f64::NAN).ok(), None);
}
