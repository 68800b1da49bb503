//! Each guard refuses what it must and takes what it may.
#![allow(clippy::unwrap_used, reason = "tests")]

use spatial::Timestamp;

use super::{
    Event, EventId, EventKind, Payload, Point, PointId, Proof, Quantities, Raised, Refusal, Role,
    Roles, Rules, SquareMetres, State, ToldAnew,
    events_tests::{
        REGISTER, SUBMITTER, at, deadline, event, event_id, hour, next_event, part, payload, photo,
        point_id, quantities, register, submit, walk, way,
    },
};

fn check_refused(point: &Point, event: &Event, expected: Refusal) {
    let mut after = point.clone();
    assert_eq!(after.raise(event, &Rules::default()), Err(expected), "{:?}", event.payload);
    assert_eq!(after, *point);
}

fn check_taken(point: &Point, event: &Event) -> Point {
    let mut after = point.clone();
    assert_eq!(after.raise(event, &Rules::default()), Ok(Raised::New), "{:?}", event.payload);
    after
}

/// Makes a payload that names a date.
type Dated<'a> = &'a dyn Fn(Timestamp) -> Payload;

/// Raises the payload in the state, and expects that something is missing.
fn check_missing(state: State, payload: Payload, what: &'static str) {
    let point = at(state);
    let kind = payload.kind();
    let event = next_event(&point, payload);
    check_refused(&point, &event, Refusal::Missing { point: point.id(), kind, what });
}

fn accountable(for_event: EventId, unit: &str, reason: &str, decision: &str) -> Payload {
    let (unit, reason, decision) = (unit.into(), reason.into(), decision.into());
    Payload::HoldAccountable { for_event, unit, person: None, reason, decision, evidence: vec![] }
}

#[test]
fn what_is_blank_is_missing() {
    let blank = || " \u{3000}\t".to_owned();
    let until = hour(1000);
    for (state, payload, what) in [
        (State::Reported, Payload::Reject { reason: blank() }, "a reason"),
        (State::Dispatched, Payload::Return { reason: blank() }, "a reason"),
        (State::Submitted, Payload::Fail { reason: blank() }, "a reason"),
        (State::VerifiedTown, Payload::Fail { reason: blank() }, "a reason"),
        (State::Registered, Payload::Dispatch { receiver: blank(), person: None }, "a receiver"),
        (State::InProgress, Payload::Suspend { approval: blank(), until }, "an approval"),
        (State::Registered, Payload::Void { approval: blank() }, "an approval"),
        (State::Registered, Payload::Extend { approval: blank(), deadline: until }, "an approval"),
        (
            State::Registered,
            Payload::Transfer { department: blank(), unit: None },
            "the department",
        ),
        (
            State::Registered,
            Payload::Transfer { department: "water".into(), unit: Some(blank()) },
            "the unit",
        ),
        (
            State::Registered,
            Payload::Supervise { demand: blank(), reply_by: until },
            "what is wanted",
        ),
        (State::Registered, Payload::Reply { to: event_id(3), answer: blank() }, "an answer"),
        (
            State::Closed,
            Payload::Rebound { confirmed_by: blank(), evidence: vec![photo(20)] },
            "the person who confirms it",
        ),
        (
            State::Closed,
            Payload::Rebound { confirmed_by: "p9".into(), evidence: vec![] },
            "new evidence",
        ),
        (State::InProgress, submit(&[], &[11], part()), "a photo from before"),
        (State::InProgress, submit(&[10], &[], part()), "a photo from after"),
        (State::InProgress, submit(&[10], &[11], Quantities::default()), "a quantity"),
        (State::InProgress, Payload::Progress { done: Quantities::default() }, "a quantity"),
        (State::Reported, register(Quantities::default()), "a quantity"),
        (State::Closed, accountable(event_id(1), &blank(), "r", "d"), "the unit that answers"),
        (State::Closed, accountable(event_id(1), "u", &blank(), "d"), "a reason"),
        (State::Closed, accountable(event_id(1), "u", "r", &blank()), "the number of the decision"),
    ] {
        check_missing(state, payload, what);
    }
}

#[test]
fn a_ledger_entry_has_number_task_unit_and_a_deadline_to_come() {
    let entry = |code: &str, task: &str, unit: &str, deadline| Payload::Register {
        code: code.into(),
        task: task.into(),
        unit: unit.into(),
        person: None,
        planned: quantities(0, 0, 1),
        deadline,
    };
    check_missing(State::Reported, entry("", "t", "u", deadline()), "the number on the ledger");
    check_missing(State::Reported, entry("c", "", "u", deadline()), "the task");
    check_missing(State::Reported, entry("c", "t", "", deadline()), "the unit");
    let point = at(State::Reported);
    check_taken(&point, &next_event(&point, entry("c", "t", "u", deadline())));
}

#[test]
fn any_one_quantity_is_enough_to_register() {
    let point = at(State::Reported);
    for planned in [quantities(1, 0, 0), quantities(0, 1, 0), quantities(0, 0, 1)] {
        let after = check_taken(&point, &next_event(&point, register(planned)));
        assert_eq!(after.planned(), planned);
    }
}

#[test]
fn dates_to_come_lie_after_what_they_follow() {
    let second = hour(2);
    let registered = |deadline| match register(part()) {
        Payload::Register { code, task, unit, person, planned, deadline: _ } => {
            Payload::Register { code, task, unit, person, planned, deadline }
        }
        other => other,
    };
    let suspend = |until| Payload::Suspend { approval: "S".into(), until };
    let extend = |deadline| Payload::Extend { approval: "E".into(), deadline };
    let supervise = |reply_by| Payload::Supervise { demand: "?".into(), reply_by };
    let (registered, suspend, extend, supervise): (Dated, Dated, Dated, Dated) =
        (&registered, &suspend, &extend, &supervise);
    for (state, payload, after, what) in [
        (State::Reported, registered, second, "deadline"),
        (State::InProgress, suspend, hour(7), "end of the suspension"),
        (State::Registered, extend, deadline(), "deadline"),
        (State::Registered, supervise, hour(4), "deadline of the reply"),
    ] {
        let point = at(state);
        for given in [after, Timestamp(after.0 - 1)] {
            let event = next_event(&point, payload(given));
            let (point_id, kind) = (point.id(), event.kind());
            let refusal = Refusal::NotAfter { point: point_id, kind, what, given, after };
            check_refused(&point, &event, refusal);
        }
        check_taken(&point, &next_event(&point, payload(Timestamp(after.0 + 1))));
    }
}

#[test]
fn a_report_lies_in_somebodys_area() {
    let begin = |unit: Option<&str>| {
        let payload = Payload::Report { unit: unit.map(str::to_owned), evidence: vec![] };
        Point::report(point_id(1), &event(1, payload), &Rules::default())
    };
    let point = point_id(1);
    assert_eq!(begin(None), Err(Refusal::OutsideJurisdiction { point }));
    let (kind, what) = (EventKind::Report, "the unit");
    assert_eq!(begin(Some("")), Err(Refusal::Missing { point, kind, what }));
    assert_eq!(begin(Some("110115001")).unwrap().unit(), Some("110115001"));
}

#[test]
fn nobody_in_particular_raises_nothing() {
    let point = at(State::Registered);
    let dispatch = Event { actor: " ".into(), ..next_event(&point, payload("dispatch")) };
    let (kind, what) = (EventKind::Dispatch, "an actor");
    check_refused(&point, &dispatch, Refusal::Missing { point: point.id(), kind, what });
    let report = Event { actor: String::new(), ..event(1, payload("report")) };
    let (point, kind) = (point.id(), EventKind::Report);
    let begun = Point::report(point, &report, &Rules::default());
    assert_eq!(begun, Err(Refusal::Missing { point, kind, what }));
}

#[test]
fn one_photo_is_not_from_before_and_after() {
    let point = at(State::InProgress);
    let refusal = Refusal::BeforeAndAfter { point: point.id(), photo: photo(11) };
    check_refused(&point, &next_event(&point, submit(&[10, 11], &[12, 11], part())), refusal);
}

#[test]
fn a_submission_says_the_sum_of_all_progress() {
    let point = walk("report, register, supervise, dispatch, accept, progress, progress");
    let sum = quantities(240, 160, 2);
    assert_eq!(point.actual(), sum);
    let claimed = part();
    let refusal = Refusal::ActualDiffers { point: point.id(), claimed, progress: sum };
    check_refused(&point, &next_event(&point, submit(&[10], &[11], claimed)), refusal);
    check_taken(&point, &next_event(&point, submit(&[10], &[11], sum)));
}

#[test]
fn progress_beyond_what_can_be_counted_is_refused() {
    let point = at(State::InProgress);
    let most = u64::MAX;
    let area = SquareMetres::from_hundredths(most);
    for done in [
        Quantities { build_area_m2: area, ..Quantities::default() },
        Quantities { land_area_m2: area, ..Quantities::default() },
        Quantities { count: most, ..Quantities::default() },
    ] {
        let event = next_event(&point, Payload::Progress { done });
        check_refused(&point, &event, Refusal::TooMuch { point: point.id(), done });
    }
}

#[test]
fn what_was_told_wrong_is_corrected_and_the_rest_stays() {
    let mut point = at(State::InProgress);
    let whole = point.progress();
    let second = next_event(&point, Payload::Progress { done: quantities(10, 5, 1) });
    point.raise(&second, &Rules::default()).unwrap();
    let correct = |point: &Point, of, quantities, reason: &str| {
        let reason = reason.to_owned();
        next_event(point, Payload::Correct { of, quantities, reason })
    };
    let all = |quantities: Quantities| ToldAnew {
        build_area_m2: Some(quantities.build_area_m2),
        land_area_m2: Some(quantities.land_area_m2),
        count: Some(quantities.count),
    };
    let (nothing, untold) = (all(Quantities::default()), ToldAnew::default());
    let corrected = check_taken(&point, &correct(&point, second.id, nothing, "told twice"));
    assert_eq!((corrected.progress(), corrected.state()), (whole, State::InProgress));
    let anew = correct(&corrected, second.id, all(quantities(3, 2, 1)), "3 m², not 10");
    let sum = whole.checked_add(quantities(3, 2, 1)).unwrap();
    assert_eq!(check_taken(&corrected, &anew).progress(), sum);
    // What is not told anew stays.
    let built = ToldAnew { build_area_m2: Some(quantities(3, 0, 0).build_area_m2), ..untold };
    let sum = whole.checked_add(quantities(3, 5, 1)).unwrap();
    let anew = correct(&point, second.id, built, "3 m², not 10");
    assert_eq!(check_taken(&point, &anew).progress(), sum);
    let planned = quantities(900, 300, 4);
    let register = event_id(REGISTER);
    let corrected = check_taken(&point, &correct(&point, register, all(planned), "measured anew"));
    assert_eq!((corrected.planned(), corrected.progress()), (planned, point.progress()));
    let id = point.id();
    let kind = EventKind::Correct;
    let missing = |what| Refusal::Missing { point: id, kind, what };
    check_refused(&point, &correct(&point, second.id, nothing, " "), missing("a reason"));
    check_refused(&point, &correct(&point, second.id, untold, "none"), missing("a quantity"));
    check_refused(&point, &correct(&point, register, nothing, "none"), missing("a quantity"));
    let report = event_id(1);
    let other = Refusal::NoQuantity { point: id, event: report };
    check_refused(&point, &correct(&point, report, built, "none"), other);
    let unknown = Refusal::NoSuchEvent { point: id, event: event_id(99) };
    check_refused(&point, &correct(&point, event_id(99), built, "none"), unknown);
    let many = ToldAnew { count: Some(u64::MAX), ..untold };
    let most = Quantities { count: u64::MAX, ..quantities(10, 5, 0) };
    let beyond = Refusal::TooMuch { point: id, done: most };
    check_refused(&point, &correct(&point, second.id, many, "many"), beyond);
    // All that was done is taken back, and what was submitted by it is no more.
    let back = walk(&way(State::Rebounded));
    let progress = back.progress_by_event().next().unwrap().0;
    let none = check_taken(&back, &correct(&back, progress, nothing, "told of another point"));
    assert_eq!(none.actual(), Quantities::default());
}

#[test]
fn who_submits_may_withdraw_but_not_check() {
    let point = at(State::Submitted);
    let by = |actor: &str, name| Event { actor: actor.into(), ..next_event(&point, payload(name)) };
    let (id, actor) = (point.id(), SUBMITTER.to_owned());
    let refusal = Refusal::BySubmitter { point: id, actor };
    check_refused(&point, &by(SUBMITTER, "town_verify"), refusal);
    check_taken(&point, &by("somebody else", "town_verify"));
    let verified = at(State::VerifiedTown);
    let close = |actor: &str| Event {
        actor: actor.into(),
        ..next_event(&verified, payload("district_close"))
    };
    let refusal = Refusal::BySubmitter { point: verified.id(), actor: SUBMITTER.to_owned() };
    check_refused(&verified, &close(SUBMITTER), refusal);
    check_taken(&verified, &close("somebody else"));
    let refusal = Refusal::NotSubmitter { point: id, actor: "somebody else".into() };
    check_refused(&point, &by("somebody else", "withdraw"), refusal);
    check_taken(&point, &by(SUBMITTER, "withdraw"));
}

#[test]
fn papers_do_not_close_a_point() {
    let point = at(State::VerifiedTown);
    let close = |proof| next_event(&point, Payload::DistrictClose { proof });
    check_refused(&point, &close(Proof::Papers), Refusal::NoProof { point: point.id() });
    for proof in [Proof::Site, Proof::Image] {
        assert_eq!(check_taken(&point, &close(proof)).state(), State::Closed);
    }
}

#[test]
fn a_rebound_needs_evidence_that_the_point_had_not() {
    let point = at(State::Closed);
    let rebound = |numbers: &[u64]| {
        let evidence = numbers.iter().map(|number| photo(*number)).collect();
        next_event(&point, Payload::Rebound { confirmed_by: "p9".into(), evidence })
    };
    for known in [&[1][..], &[10], &[11], &[1, 10, 11]] {
        check_refused(&point, &rebound(known), Refusal::KnownEvidence { point: point.id() });
    }
    check_taken(&point, &rebound(&[1, 20]));
}

#[test]
fn a_report_is_not_merged_into_itself() {
    let point = at(State::Reported);
    let itself = next_event(&point, Payload::Merge { into: point.id() });
    check_refused(&point, &itself, Refusal::IntoItself { point: point.id() });
}

#[test]
fn a_reply_answers_an_open_supervision() {
    let point = at(State::InProgress);
    let reply = |point: &Point, to: EventId| {
        next_event(point, Payload::Reply { to, answer: "done".into() })
    };
    let nothing = |to| Refusal::NotSupervised { point: point.id(), to };
    check_refused(&point, &reply(&point, event_id(2)), nothing(event_id(2)));
    let answered = check_taken(&point, &reply(&point, event_id(3)));
    check_refused(&answered, &reply(&answered, event_id(3)), nothing(event_id(3)));
}

#[test]
fn who_is_held_accountable_answers_for_an_event_of_the_point() {
    let point = at(State::Closed);
    let answers = |event| accountable(event, "110115001", "closed without a look", "Z-1");
    let last = point.events().last().unwrap().id;
    for known in [event_id(1), last] {
        let after = check_taken(&point, &next_event(&point, answers(known)));
        assert_eq!((after.state(), after.actual()), (point.state(), point.actual()));
    }
    let event = event_id(900);
    let refused = Refusal::NoSuchEvent { point: point.id(), event };
    check_refused(&point, &next_event(&point, answers(event)), refused);
}

#[test]
fn roles_raise_what_the_rules_let_them() {
    // g: grid worker, t: town, T: town checker, d: district, D: district checker, c: city,
    // p: department.
    let letters = ['g', 't', 'T', 'd', 'D', 'c', 'p'];
    for (state, name, allowed) in [
        (State::Reported, "reject", "td"),
        (State::Reported, "register", "td"),
        (State::Reported, "merge", "td"),
        (State::Registered, "dispatch", "tdc"),
        (State::Dispatched, "return", "gtp"),
        (State::Dispatched, "accept", "gtp"),
        (State::InProgress, "suspend", "td"),
        (State::Suspended, "resume", "td"),
        (State::InProgress, "submit", "gtp"),
        (State::Submitted, "withdraw", "gtp"),
        (State::InProgress, "progress", "gtp"),
        (State::Submitted, "town_verify", "T"),
        (State::VerifiedTown, "district_close", "D"),
        (State::Submitted, "fail", "TD"),
        (State::Closed, "spot_check pass", "c"),
        (State::Closed, "rebound", "tTdDc"),
        (State::Registered, "transfer", "td"),
        (State::Registered, "void", "dc"),
        (State::Registered, "extend", "td"),
        (State::Registered, "supervise", "dc"),
        (State::Registered, "reply", "tdp"),
    ] {
        let point = at(state);
        let roles = || Role::SHIPPED.into_iter().zip(letters);
        let may = roles().filter(|(_, letter)| allowed.contains(*letter)).map(|(role, _)| role);
        let known = Roles::default();
        let may: Vec<String> = may.map(|role| known.titled(role)).collect();
        for (role, letter) in roles() {
            let event = Event { role, ..next_event(&point, payload(name)) };
            let (id, kind) = (point.id(), event.kind());
            match allowed.contains(letter) {
                true => drop(check_taken(&point, &event)),
                false => {
                    let (allowed, role) = (may.clone(), known.titled(role));
                    check_refused(&point, &event, Refusal::Role { point: id, kind, role, allowed });
                }
            }
        }
    }
}

#[test]
fn a_kind_without_roles_is_nobodys() {
    let mut rules = Rules::default();
    rules.raisers.remove(&EventKind::Report);
    let refusal = Point::report(point_id(1), &event(1, payload("report")), &rules).unwrap_err();
    assert!(refusal.to_string().ends_with("nobody until the rules name a role"), "{refusal}");
}

#[test]
fn what_happened_before_the_state_is_out_of_order_unless_backfilled() {
    let point = at(State::Registered);
    let (state, since) = (State::Registered, hour(2));
    let dispatch = next_event(&point, payload("dispatch"));
    let occurred_at = Timestamp(since.0 - 1);
    let early = Event { occurred_at, ..dispatch.clone() };
    let event = early.id;
    let refusal = Refusal::OutOfOrder { point: point.id(), event, occurred_at, state, since };
    check_refused(&point, &early, refusal);
    check_taken(&point, &Event { occurred_at: since, ..dispatch.clone() });
    let after = check_taken(&point, &Event { backfilled: true, ..early });
    assert_eq!((after.state(), after.state_since()), (State::Dispatched, since));
}

#[test]
fn a_device_is_at_most_five_minutes_ahead() {
    let point = at(State::Registered);
    let dispatch = next_event(&point, payload("dispatch"));
    let recorded = |recorded_at| Event { recorded_at, ..dispatch.clone() };
    let occurred_at = dispatch.occurred_at;
    let limit = Timestamp(occurred_at.0 - 5 * 60_000);
    check_taken(&point, &recorded(limit));
    let recorded_at = Timestamp(limit.0 - 1);
    let (id, event, minutes) = (point.id(), dispatch.id, 5);
    let refusal = Refusal::AheadOfClock { point: id, event, occurred_at, recorded_at, minutes };
    check_refused(&point, &recorded(recorded_at), refusal);
}

#[test]
fn an_event_told_twice_counts_once() {
    let point = at(State::Closed);
    let mut after = point.clone();
    for event in point.events() {
        let again = Event { recorded_at: hour(5000), ..event.clone() };
        assert_eq!(after.raise(&again, &Rules::default()), Ok(Raised::Again));
    }
    assert_eq!(after, point);
}

#[test]
fn an_id_does_not_change_what_it_tells() {
    let point = at(State::Closed);
    let known = &point.events()[1];
    for other in [
        Event { payload: payload("void"), ..known.clone() },
        Event { actor: "another".into(), ..known.clone() },
        Event { role: Role::DISTRICT, ..known.clone() },
        Event { occurred_at: hour(3), ..known.clone() },
        Event { backfilled: true, ..known.clone() },
    ] {
        let (id, event) = (point.id(), known.id);
        check_refused(&point, &other, Refusal::OtherContent { point: id, event });
    }
}

#[test]
fn ids_are_uuids_of_version_7() {
    for (value, is_good) in [
        (0x0199_0000_0000_7000_8000_0000_0000_0001, true),
        (0x0199_0000_0000_7fff_bfff_ffff_ffff_ffff, true),
        (0x0199_0000_0000_4000_8000_0000_0000_0001, false),
        (0x0199_0000_0000_7000_c000_0000_0000_0001, false),
        (0x0199_0000_0000_7000_0000_0000_0000_0001, false),
        (0_u128, false),
    ] {
        assert_eq!(PointId::try_from(value).ok().map(PointId::bits), is_good.then_some(value));
    }
    let id = PointId::try_from(0x0199_0000_0000_7abc_8def_0000_0000_0001).unwrap();
    assert_eq!(id.to_string(), "01990000-0000-7abc-8def-000000000001");
}

#[test]
fn refusals_say_value_place_and_way_out() {
    let point = at(State::Closed);
    let say = |name| {
        point.clone().raise(&next_event(&point, payload(name)), &Rules::default()).unwrap_err()
    };
    let id = point.id();
    assert_eq!(
        say("submit").to_string(),
        format!(
            "point {id} is closed (销账): submit may not follow; only spot_check, rebound, reply, \
             hold_accountable may; read the point again"
        )
    );
    let early = Event { occurred_at: hour(0), ..next_event(&point, payload("rebound")) };
    assert_eq!(
        point.clone().raise(&early, &Rules::default()).unwrap_err().to_string(),
        format!(
            "event {} is out of order: it occurred at 2026-09-01T00:00:00Z, point {id} is closed \
             (销账) since 2026-09-01T09:00:00Z; correct occurred_at (only old history, which goes into \
             a ledger without events, is marked as backfilled, 补录)",
            early.id
        )
    );
    let void = at(State::Void);
    let refusal = void.clone().raise(&next_event(&void, payload("extend")), &Rules::default());
    assert_eq!(
        refusal.unwrap_err().to_string(),
        format!(
            "point {id} is void (作废): extend may not follow; only hold_accountable may; report \
             what is there as a new point"
        )
    );
}
