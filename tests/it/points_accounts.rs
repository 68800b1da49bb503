//! The ledger in a store with accounts: an event is raised by who has the token, in the role of the
//! account, and who checks is not who submitted.

use serde_json::{Value, json};

use crate::evidence::photo;
use crate::points_town::{Town, event, submitted, uuid};
use crate::running::{Response, run};

/// A ledger, its accounts, and the token of each.
struct Office {
    town: Town,
    tokens: Vec<(String, String)>,
}

impl Office {
    /// Accounts named after their roles; what follows a dot tells two of one role apart.
    fn with(names: &[&str]) -> Self {
        let town = Town::new();
        let place = town.folder.path();
        let tokens = names.iter().map(|name| {
            let role = name.split('.').next().unwrap();
            let made = run(place, &["user", "add", "s.gpkg", name, "--role", role]);
            assert_eq!(made.code, 0, "{name}: {}", made.err);
            let token = run(place, &["user", "token", "s.gpkg", name]);
            ((*name).to_owned(), token.out.trim().to_owned())
        });
        let tokens = tokens.collect();
        Self { town, tokens }
    }

    /// Raises an event as an account does; the role is left out unless it is `named`.
    fn raise(&self, account: &str, event: &Value, named: Option<&str>) -> Response {
        let mut event = event.clone();
        event.as_object_mut().unwrap().remove("role");
        if let Some(role) = named {
            event["role"] = json!(role);
        }
        let (_, token) = self.tokens.iter().find(|(name, _)| name == account).unwrap();
        let target = format!("/points/{}/events", event["point"].as_str().unwrap());
        let bearer = format!("Bearer {token}");
        let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
        self.town.server.change("POST", &target, &headers, &event.to_string())
    }

    fn take(&self, account: &str, event: &Value) {
        let answer = self.raise(account, event, None);
        assert_eq!(answer.status, 201, "{event}: {}", answer.text());
    }

    fn refuse(&self, account: &str, event: &Value, (status, code): (u16, &str)) -> String {
        let answer = self.raise(account, event, None);
        assert_eq!(answer.status, status, "{event}: {}", answer.text());
        assert_eq!(answer.json()["code"], code, "{event}");
        answer.json()["detail"].as_str().unwrap().to_owned()
    }
}

const ROLES: [&str; 6] =
    ["grid_worker", "town", "town_checker", "district_checker", "city", "reader"];

#[test]
fn a_point_is_closed_by_accounts_each_in_its_role() {
    let office = Office::with(&ROLES);
    let accounts = ["grid_worker", "town", "town", "grid_worker", "town"];
    for (event, account) in submitted(1, 1).iter().zip(accounts) {
        office.take(account, event);
    }
    let verify = event(1, 6, "town_verify", "", json!({}));
    let close = event(1, 7, "district_close", "", json!({ "proof": "site" }));
    office.refuse("town", &verify, (403, "event_forbidden"));
    office.refuse("reader", &verify, (403, "role_may_not"));
    office.refuse("district_checker", &close, (409, "event_conflict"));
    office.take("town_checker", &verify);
    office.take("district_checker", &close);

    let named = office.raise("town", &event(1, 8, "spot_check", "", json!({})), Some("city"));
    assert_eq!((named.status, &named.json()["code"]), (403, &json!("event_forbidden")));
    let nobody =
        office.town.raise(&event(1, 9, "spot_check", "city", json!({ "finding": "pass" })));
    assert_eq!((nobody.status, &nobody.json()["code"]), (401, &json!("token_required")));

    let (_, token) = &office.tokens[0];
    let trace = format!("/points/{}/trace?token={token}", uuid(1));
    let trace = office.town.server.get(&trace).json();
    assert_eq!(trace["point"]["state"], "closed");
    let events = trace["events"].as_array().unwrap();
    let who = |name: &str| -> Vec<&str> {
        events.iter().map(|event| event[name].as_str().unwrap()).collect()
    };
    let expected = [&accounts[..], &["town_checker", "district_checker"]].concat();
    assert_eq!((who("actor"), who("role")), (expected.clone(), expected));
}

#[test]
fn a_rebound_brings_new_bytes_and_somebody_answers_for_the_closing() {
    let office =
        Office::with(&["grid_worker", "town", "town_checker", "district_checker", "district"]);
    let added = run(office.town.folder.path(), &["ledger", "add", "s.gpkg", "evidence"]);
    assert_eq!((added.code, added.err.as_str()), (0, ""), "{}", added.out);
    let (_, token) = &office.tokens[0];
    let send = |number: u64, bytes: u8| {
        let of = format!("/points/{}/evidence?id={}&token={token}", uuid(1), uuid(number));
        let sent = office.town.server.post_as(&of, "image/jpeg", &photo(bytes));
        assert_eq!(sent.status, 201, "{}", sent.text());
    };
    let events = submitted(1, 1);
    let accounts = ["grid_worker", "town", "town", "grid_worker"];
    for (event, account) in events.iter().zip(accounts) {
        office.take(account, event);
    }
    // The photos that `submitted` names, and those of the rebound: one of them is the one of before.
    for (number, bytes) in [(9002, 1), (9003, 2), (9010, 1), (9011, 3)] {
        send(number, bytes);
    }
    office.take("town", &events[4]);
    office.take("town_checker", &event(1, 6, "town_verify", "", json!({})));
    office.take("district_checker", &event(1, 7, "district_close", "", json!({ "proof": "site" })));
    let rebound = |evidence: &[u64]| {
        let evidence: Vec<String> = evidence.iter().map(|number| uuid(*number)).collect();
        event(1, 8, "rebound", "", json!({ "confirmed_by": "核查岗", "evidence": evidence }))
    };
    let conflict = (409, "event_conflict");
    let why = office.refuse("town", &rebound(&[9002]), conflict);
    assert!(why.contains("add a new photo"), "{why}");
    let why = office.refuse("town", &rebound(&[9010]), conflict);
    assert!(why.contains(&format!("is, byte by byte, {}", uuid(9002))), "{why}");
    office.take("town", &rebound(&[9011]));

    let answers = |of: u64, decision: &str| {
        let more = json!({
            "to_event": uuid(of), "unit": "110115001", "person": "张三", "reason": "未清除即销账",
            "approval": decision
        });
        event(1, 9, "hold_accountable", "", more)
    };
    let invalid = (422, "invalid_event");
    office.refuse("town", &answers(7, "追责〔2026〕1号"), (403, "event_forbidden"));
    assert!(
        office.refuse("district", &answers(7, " "), invalid).contains("number of the decision")
    );
    assert!(office.refuse("district", &answers(70, "1号"), conflict).contains("has no event"));
    office.take("district", &answers(7, "追责〔2026〕1号"));
    let get = |path: &str| office.town.server.get(&format!("{path}?token={token}")).json();
    let trace = get(&format!("/points/{}/trace", uuid(1)));
    assert_eq!(trace["point"]["state"], "rebounded", "who answers moves nothing");
    let last = trace["events"].as_array().unwrap().last().unwrap();
    assert_eq!((&last["kind"], &last["to_event"]), (&json!("hold_accountable"), &json!(uuid(7))));
    assert!(last["person"].is_null(), "a name is not shown");
    let ledger = get("/ledgers/accountability");
    assert_eq!(
        (&ledger["numberMatched"], &ledger["units"][0]["code"]),
        (&json!(1), &json!("110115001"))
    );
    let row = ledger["rows"][0].to_string();
    assert!(row.contains("追责〔2026〕1号") && row.contains("CW-2025-00001"), "{row}");
}

#[test]
fn who_submitted_a_point_does_not_check_it_in_another_role_either() {
    let office = Office::with(&["grid_worker", "town", "district_checker"]);
    let accounts = ["grid_worker", "town", "town", "grid_worker", "town"];
    for (event, account) in submitted(1, 1).iter().zip(accounts) {
        office.take(account, event);
    }
    // The same person, moved to the checkers since.
    let moved = run(
        office.town.folder.path(),
        &["user", "set", "s.gpkg", "town", "--role", "town_checker"],
    );
    assert_eq!(moved.code, 0, "{}", moved.err);
    let why =
        office.refuse("town", &event(1, 6, "town_verify", "", json!({})), (403, "event_forbidden"));
    assert!(why.contains("submitted"), "{why}");
    let lying = event(1, 7, "town_verify", "", json!({ "actor": "somebody.else" }));
    let answer = office.raise("town", &lying, None);
    assert!((400..500).contains(&answer.status), "{}", answer.text());
}

#[test]
fn of_two_checkers_who_close_a_point_at_once_one_does() {
    let checkers = ["district_checker.a", "district_checker.b"];
    let office = Office::with(&[&["grid_worker", "town", "town_checker"][..], &checkers].concat());
    for point in 1..=5 {
        let from = point * 20;
        let accounts = ["grid_worker", "town", "town", "grid_worker", "town"];
        for (event, account) in submitted(point, from).iter().zip(accounts) {
            office.take(account, event);
        }
        office.take("town_checker", &event(point, from + 6, "town_verify", "", json!({})));
        let close = |number| event(point, number, "district_close", "", json!({ "proof": "site" }));
        let closings = [close(from + 7), close(from + 8)];
        let answers = std::thread::scope(|scope| {
            let racing = [0, 1].map(|one| {
                let (office, closing) = (&office, &closings[one]);
                scope.spawn(move || office.raise(checkers[one], closing, None))
            });
            racing.map(|one| one.join().unwrap())
        });
        let mut statuses = [answers[0].status, answers[1].status];
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409]);
        let lost = answers.iter().find(|answer| answer.status == 409).unwrap();
        assert!(lost.text().contains("is closed (销账)"), "{}", lost.text());
    }
}
