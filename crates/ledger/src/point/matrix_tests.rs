//! Every state with every event: allowed or refused as the table of states says.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::{
    EventKind, Point, Raised, Refusal, Rules, State,
    events_tests::{NAMES, at, event, next_event, payload, point_id, walk},
    follows,
};

/// For each state what may follow it, and the state after that; all else is refused.
pub(super) const MATRIX: [(&str, &[(&str, &str)]); 13] = [
    (
        "reported",
        &[
            ("reject", "rejected"),
            ("register", "registered"),
            ("merge", "reported"),
            ("hold_accountable", "reported"),
        ],
    ),
    ("rejected", &[("hold_accountable", "rejected")]),
    (
        "registered",
        &[
            ("dispatch", "dispatched"),
            ("transfer", "transferred"),
            ("void", "void"),
            ("extend", "registered"),
            ("correct", "registered"),
            ("supervise", "registered"),
            ("reply", "registered"),
            ("hold_accountable", "registered"),
        ],
    ),
    (
        "dispatched",
        &[
            ("return", "returned"),
            ("accept", "in_progress"),
            ("transfer", "transferred"),
            ("void", "void"),
            ("extend", "dispatched"),
            ("correct", "dispatched"),
            ("supervise", "dispatched"),
            ("reply", "dispatched"),
            ("hold_accountable", "dispatched"),
        ],
    ),
    (
        "returned",
        &[
            ("dispatch", "dispatched"),
            ("transfer", "transferred"),
            ("void", "void"),
            ("extend", "returned"),
            ("correct", "returned"),
            ("supervise", "returned"),
            ("reply", "returned"),
            ("hold_accountable", "returned"),
        ],
    ),
    (
        "in_progress",
        &[
            ("suspend", "suspended"),
            ("submit", "submitted"),
            ("progress", "in_progress"),
            ("transfer", "transferred"),
            ("void", "void"),
            ("extend", "in_progress"),
            ("correct", "in_progress"),
            ("supervise", "in_progress"),
            ("reply", "in_progress"),
            ("hold_accountable", "in_progress"),
        ],
    ),
    (
        "suspended",
        &[
            ("resume", "in_progress"),
            ("transfer", "transferred"),
            ("void", "void"),
            ("extend", "suspended"),
            ("correct", "suspended"),
            ("supervise", "suspended"),
            ("reply", "suspended"),
            ("hold_accountable", "suspended"),
        ],
    ),
    (
        "submitted",
        &[
            ("town_verify", "verified_town"),
            ("fail", "in_progress"),
            ("withdraw", "in_progress"),
            ("transfer", "transferred"),
            ("void", "void"),
            ("extend", "submitted"),
            ("supervise", "submitted"),
            ("reply", "submitted"),
            ("hold_accountable", "submitted"),
        ],
    ),
    (
        "verified_town",
        &[
            ("district_close", "closed"),
            ("fail", "in_progress"),
            ("transfer", "transferred"),
            ("void", "void"),
            ("extend", "verified_town"),
            ("supervise", "verified_town"),
            ("reply", "verified_town"),
            ("hold_accountable", "verified_town"),
        ],
    ),
    (
        "closed",
        &[
            ("spot_check pass", "closed"),
            ("spot_check never cleared", "in_progress"),
            ("spot_check reappeared", "rebounded"),
            ("rebound", "rebounded"),
            ("reply", "closed"),
            ("hold_accountable", "closed"),
        ],
    ),
    (
        "rebounded",
        &[
            ("dispatch", "dispatched"),
            ("transfer", "transferred"),
            ("void", "void"),
            ("extend", "rebounded"),
            ("correct", "rebounded"),
            ("supervise", "rebounded"),
            ("reply", "rebounded"),
            ("hold_accountable", "rebounded"),
        ],
    ),
    (
        "transferred",
        &[
            ("dispatch", "dispatched"),
            ("transfer", "transferred"),
            ("void", "void"),
            ("extend", "transferred"),
            ("correct", "transferred"),
            ("supervise", "transferred"),
            ("reply", "transferred"),
            ("hold_accountable", "transferred"),
        ],
    ),
    ("void", &[("hold_accountable", "void")]),
];

/// Where an event of a name leads from a state, by the matrix.
pub(super) fn expected(from: State, name: &str) -> Option<State> {
    let (_, row) = MATRIX.iter().find(|(state, _)| *state == from.identifier()).unwrap();
    let (_, to) = row.iter().find(|(follower, _)| *follower == name)?;
    Some(State::from_identifier(to).unwrap())
}

fn check_cell(point: &Point, name: &str, expected: Result<State, Refusal>) {
    let mut after = point.clone();
    let raised = after.raise(&next_event(point, payload(name)), &Rules::default());
    let reached = raised.map(|raised| {
        assert_eq!(raised, Raised::New);
        after.state()
    });
    assert_eq!(reached, expected, "{}, then {name}", point.state());
    if expected.is_err() {
        assert_eq!(after, *point, "{name} was refused");
    }
}

#[test]
fn each_event_follows_the_states_of_the_table_and_no_other() {
    for state in State::ALL {
        let point = at(state);
        assert_eq!(point.state(), state);
        for name in NAMES {
            let kind = payload(name).kind();
            let refused = Refusal::WrongState { point: point.id(), state, kind };
            check_cell(&point, name, expected(state, name).ok_or(refused));
            assert_eq!(follows(state, kind), expected(state, name).is_some(), "{state}, {name}");
        }
    }
}

#[test]
fn nothing_follows_a_merge() {
    let point = walk("report, merge");
    for name in NAMES {
        let kind = payload(name).kind();
        let into = point_id(2);
        check_cell(&point, name, Err(Refusal::Merged { point: point.id(), into, kind }));
    }
}

#[test]
fn only_a_report_begins_a_point() {
    let rules = Rules::default();
    for name in NAMES {
        let kind = payload(name).kind();
        let begun = Point::report(point_id(1), &event(1, payload(name)), &rules);
        let expected = match kind {
            EventKind::Report => Ok(State::Reported),
            _ => Err(Refusal::NotReported { point: point_id(1), kind }),
        };
        assert_eq!(begun.map(|point| point.state()), expected, "{name}");
    }
}

#[test]
fn names_of_states_and_kinds_lead_back() {
    for state in State::ALL {
        assert_eq!(State::from_identifier(state.identifier()), Some(state));
    }
    for kind in EventKind::ALL {
        assert_eq!(EventKind::from_identifier(kind.identifier()), Some(kind));
        assert!(NAMES.iter().any(|name| payload(name).kind() == kind), "{kind} has no sample");
    }
    assert_eq!(State::from_identifier("挂账"), None);
    assert_eq!(EventKind::from_identifier(""), None);
}

#[test]
fn open_are_the_states_between_ledger_and_closing() {
    let open = "registered dispatched returned in_progress suspended submitted verified_town \
                rebounded transferred";
    for state in State::ALL {
        let expected = open.split(' ').any(|name| name == state.identifier());
        assert_eq!(state.is_open(), expected, "{state}");
    }
}
