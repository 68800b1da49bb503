//! What waits for whom, as data; rows say what folds say.
#![allow(clippy::unwrap_used, reason = "tests")]

use spatial::Value;

use super::{COLUMNS, Part, RecordRules, Standing, Work, days_left, next_patrol, waiting};
use crate::point::{
    EventKind, Lamp, Point, Role, Rules, State,
    events_tests::{self, NAMES, hour, next_event, payload, point_id},
    follows,
    moment::{DAY_MS, later},
};
use crate::rows::points;

fn standing(state: State) -> Standing<'static> {
    let closed_at = (state == State::Closed).then(|| hour(100));
    Standing {
        id: point_id(1),
        state,
        since: hour(3),
        deadline: Some(hour(240)),
        suspended_until: (state == State::Suspended).then(|| hour(50)),
        closed_at,
        checked_at: None,
        reply_by: None,
        unit: Some("110115001"),
        receiver: Some("team"),
        person: None,
        submitter: Some("ann"),
        is_merged: false,
        task: Some("CW"),
        co_units: Some("helpers；安全队"),
    }
}

#[test]
fn each_state_waits_for_its_work_until_its_date() {
    let rules = Rules::default();
    // State, hours after the start, work, due in hours, lamp, days left.
    let cases = [
        (State::Reported, 0, Some((Work::Decide, None, None, None))),
        (State::Rejected, 0, None),
        (State::Registered, 0, Some((Work::Dispatch, Some(240), Some(Lamp::Green), Some(10)))),
        (State::Returned, 72, Some((Work::Dispatch, Some(240), Some(Lamp::Yellow), Some(7)))),
        (State::Rebounded, 240, Some((Work::Dispatch, Some(240), Some(Lamp::Yellow), Some(0)))),
        (State::Transferred, 241, Some((Work::Dispatch, Some(240), Some(Lamp::Red), Some(-1)))),
        (State::Dispatched, 264, Some((Work::Accept, Some(240), Some(Lamp::Red), Some(-1)))),
        (State::InProgress, 265, Some((Work::Handle, Some(240), Some(Lamp::Red), Some(-2)))),
        (State::Suspended, 50, None),
        (State::Suspended, 51, Some((Work::Resume, Some(50), Some(Lamp::Red), Some(-1)))),
        (State::Submitted, 0, Some((Work::Verify, Some(240), Some(Lamp::Green), Some(10)))),
        (State::VerifiedTown, 0, Some((Work::Close, Some(240), Some(Lamp::Green), Some(10)))),
        // Seven days after closing, from seven days before on.
        (State::Closed, 99, None),
        (State::Closed, 100, Some((Work::Patrol, Some(268), Some(Lamp::Yellow), Some(7)))),
        (State::Closed, 269, Some((Work::Patrol, Some(268), Some(Lamp::Red), Some(-1)))),
        (State::Void, 0, None),
    ];
    for (state, hours, expected) in cases {
        let now = hour(hours);
        let found: Vec<_> = waiting(standing(state), now, &rules)
            .map(|one| {
                let days = one.due.map(|due| days_left(due, now));
                (one.work, one.due, one.lamp(now, &rules), days)
            })
            .collect();
        let expected: Vec<_> = expected
            .into_iter()
            .map(|(work, due, lamp, days)| (work, due.map(hour), lamp, days))
            .collect();
        assert_eq!(found, expected, "{state} after {hours} hours");
    }
}

#[test]
fn a_reply_is_owed_besides_and_a_merged_report_waits_for_nothing() {
    let rules = Rules::default();
    let asked = Standing { reply_by: Some(hour(20)), ..standing(State::InProgress) };
    let works: Vec<Work> = waiting(asked, hour(1), &rules).map(|one| one.work).collect();
    assert_eq!(works, [Work::Handle, Work::Reply]);
    let merged = Standing { is_merged: true, ..standing(State::Reported) };
    assert_eq!(waiting(merged, hour(1), &rules).count(), 0);
}

#[test]
fn rounds_of_patrol_are_done_by_a_check_on_their_day_or_later() {
    let closed = hour(0);
    let day = |days: i64| later(closed, days * DAY_MS);
    for (checked, next) in [
        (None, Some(7)),
        (Some(6), Some(7)),
        (Some(7), Some(30)),
        (Some(29), Some(30)),
        (Some(31), Some(90)),
        (Some(90), None),
    ] {
        let found = next_patrol(closed, checked.map(day), &Rules::default().patrol_days);
        assert_eq!(found, next.map(day), "checked after {checked:?} days");
    }
    assert_eq!(next_patrol(closed, None, &[]), None);
}

#[test]
fn work_waits_for_units_and_roles() {
    let (rules, records) = (Rules::default(), RecordRules::default());
    for (state, unit, part) in [
        (State::Dispatched, "110115001", Some(Part::Lead)),
        (State::Dispatched, "team", Some(Part::Lead)),
        (State::Dispatched, "helpers", Some(Part::Assist)),
        (State::InProgress, "安全队", Some(Part::Assist)),
        (State::InProgress, "help", None),
        (State::Submitted, "110115001", Some(Part::Lead)),
        (State::Submitted, "team", None),
        (State::Submitted, "helpers", None),
    ] {
        let one = waiting(standing(state), hour(1), &rules).next().unwrap();
        assert_eq!(one.part_of(&|known| known == unit), part, "{state} {unit}");
    }
    let roles = |work: Work| -> Vec<Role> {
        let known = (&rules, &records);
        Role::SHIPPED.into_iter().filter(|role| work.waits_for(*role, known)).collect()
    };
    assert_eq!(roles(Work::Verify), [Role::TOWN_CHECKER]);
    assert_eq!(roles(Work::Close), [Role::DISTRICT_CHECKER]);
    assert_eq!(roles(Work::Handle), [Role::GRID_WORKER, Role::TOWN, Role::DEPARTMENT]);
    assert_eq!(roles(Work::Decide), [Role::TOWN, Role::DISTRICT]);
    assert_eq!(roles(Work::Patrol), [Role::GRID_WORKER, Role::TOWN, Role::CITY]);
    assert_eq!(roles(Work::Arrive), [Role::TOWN, Role::DEPARTMENT]);
    assert_eq!(roles(Work::CloseCall), [Role::TOWN, Role::DISTRICT]);
    assert_eq!(roles(Work::CarryOut), [Role::TOWN, Role::DISTRICT, Role::DEPARTMENT]);
    for work in Work::ALL {
        assert!(!roles(work).is_empty(), "{work:?} waits for nobody");
    }
}

#[test]
fn events_that_may_be_raised_are_those_that_follow_in_ones_role_and_not_of_ones_own_work() {
    let rules = Rules::default();
    let may = |state, role, actor: &str| standing(state).may_raise(role, actor, &rules);
    let verify = [EventKind::TownVerify, EventKind::Fail];
    assert_eq!(may(State::Submitted, Some(Role::TOWN_CHECKER), "bob"), verify);
    assert_eq!(may(State::Submitted, Some(Role::TOWN_CHECKER), "ann"), [EventKind::Fail]);
    assert!(may(State::Submitted, Some(Role::TOWN), "ann").contains(&EventKind::Withdraw));
    assert!(!may(State::Submitted, Some(Role::TOWN), "bob").contains(&EventKind::Withdraw));
    // No role is every role; nothing is offered that the table does not have.
    for state in State::ALL {
        let asked = Standing { reply_by: Some(hour(9)), ..standing(state) };
        let offered = asked.may_raise(None, "bob", &rules);
        let expected: Vec<EventKind> = EventKind::ALL
            .into_iter()
            .filter(|kind| follows(state, *kind) && *kind != EventKind::Withdraw)
            .collect();
        assert_eq!(offered, expected, "{state}");
    }
}

/// The row of a point.
fn row(point: &Point) -> Vec<(&'static str, Value)> {
    points::derived(point).collect()
}

#[test]
fn a_row_stands_where_the_fold_stands() {
    let rules = Rules::default();
    for state in State::ALL {
        for name in NAMES {
            // Whatever may follow is raised on a copy: each changes columns of its own.
            let mut next = events_tests::at(state);
            let event = next_event(&next, payload(name));
            let _refused = next.add(&event, &rules);
            let row = row(&next);
            let read = Standing::read(COLUMNS.map(|name| {
                row.iter()
                    .find(|(known, _)| *known == name)
                    .map_or(spatial::ValueRef::Null, |(_, value)| value.as_ref())
            }));
            assert_eq!(read, Some(Standing::of(&next)), "{state} {name}");
        }
    }
}
