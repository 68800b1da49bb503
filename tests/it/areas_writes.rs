//! What an account that is given one town may write: a batch is taken but for what is of another town,
//! and nothing is given to another town, whichever way it goes.

use serde_json::{Value, json};

use crate::areas::shown;
use crate::areas_town::{Areas, SIDES};
use crate::points_town::uuid;
use crate::running::Response;

fn event(point: u64, number: u64, kind: &str, more: Value) -> Value {
    let mut event = json!({
        "id": uuid(number), "point": uuid(point), "kind": kind,
        "occurred_at": format!("2025-09-02T08:{:02}:00+08:00", number % 60)
    });
    for (name, value) in more.as_object().unwrap() {
        event[name] = value.clone();
    }
    event
}

fn at(west: f64) -> Value {
    json!({ "type": "Point", "coordinates": [west, 39.735] })
}

fn registration(unit: &str) -> Value {
    json!({ "task": "CW", "unit": unit, "due_at": "2025-10-31", "build_area_m2": 9 })
}

/// What became of each member of a list, with the code of its refusal.
fn outcomes(answer: &Value, list: &str) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let one = |one: &Value| (text(&one["outcome"]), text(&one["problem"]["code"]));
    answer[list].as_array().unwrap().iter().map(one).collect()
}

/// That a list is answered item by item, with the outcome and code of each; and that, sent again, what
/// was new is known and the rest refused as before.
fn check_list(store: &Areas, target: &str, list: &str, items: &[(Value, &str, &str)]) {
    let body = Value::from_iter(items.iter().map(|(item, ..)| item.clone())).to_string();
    for is_again in [false, true] {
        let answer = store.ask(&store.first, "POST", target, &body);
        assert_eq!(answer.status, 200, "{}", shown(&answer));
        let found = outcomes(&answer.json(), list);
        assert_eq!(found.len(), items.len());
        for ((item, outcome, code), found) in items.iter().zip(found) {
            let outcome = if is_again && *outcome == "new" { "again" } else { outcome };
            let said = (outcome.to_owned(), (*code).to_owned());
            assert_eq!(found, said, "{item}: {}", shown(&answer));
        }
    }
}

fn check_outside(answer: &Response, what: &str) {
    assert_eq!(answer.status, 403, "{what}: {}", shown(answer));
    assert_eq!(answer.json()["code"], "outside_area", "{what}");
}

#[test]
fn a_batch_is_taken_but_for_what_is_of_another_town() {
    let store = Areas::new();
    let [own, other] = SIDES.map(|side| side.code);
    let away = json!({ "department": "区水务局", "unit": other });
    let items = [
        (event(31, 101, "report", json!({ "geometry": at(116.335) })), "new", ""),
        (event(2, 102, "accept", json!({})), "refused", "outside_area"),
        (event(32, 103, "report", json!({ "geometry": at(116.435) })), "refused", "outside_area"),
        (event(33, 104, "report", json!({ "unit": other })), "refused", "outside_area"),
        (event(34, 105, "report", json!({ "unit": own })), "new", ""),
        (event(35, 106, "report", json!({ "geometry": at(116.435), "unit": own })), "new", ""),
        (event(36, 107, "report", json!({ "geometry": at(116.336) })), "new", ""),
        (event(36, 112, "register", registration(other)), "refused", "outside_area"),
        (event(31, 108, "register", registration(own)), "new", ""),
        (event(31, 113, "transfer", away), "refused", "outside_area"),
        (event(34, 109, "merge", json!({ "into_point": uuid(2) })), "refused", "outside_area"),
        (event(34, 110, "merge", json!({ "into_point": uuid(31) })), "new", ""),
        (event(1, 111, "accept", json!({})), "new", ""),
    ];
    check_list(&store, "/points/events", "events", &items);
    // A point of another town is told by no answer, not even to whoever names it.
    let hidden = json!([event(2, 102, "accept", json!({}))]).to_string();
    let answer = store.ask(&store.first, "POST", "/points/events", &hidden).json();
    assert_eq!(answer["points"], json!([]));
    // Alone an event is refused as a request.
    for one in [&items[1].0, &items[2].0, &items[7].0] {
        let target = format!("/points/{}/events", one["point"].as_str().unwrap());
        let answer = store.ask(&store.first, "POST", &target, &one.to_string());
        check_outside(&answer, &one.to_string());
    }
}

#[test]
fn a_focus_area_has_no_units_of_its_own_and_its_points_go_to_any() {
    let store = Areas::new();
    store.draw_focus_area();
    for arguments in [
        ["user", "scope", "s.gpkg", "anna", SIDES[0].code, "--end", "2024-07-02"],
        ["user", "scope", "s.gpkg", "anna", "F-1", "--from", "2024-08-01"],
    ] {
        assert_eq!(crate::running::run(store.town.folder.path(), &arguments).code, 0);
    }
    let items = [
        (event(41, 121, "report", json!({ "geometry": at(116.435) })), "new", ""),
        (event(41, 122, "register", registration(SIDES[1].code)), "new", ""),
        (event(42, 123, "report", json!({ "geometry": at(116.445) })), "refused", "outside_area"),
    ];
    check_list(&store, "/points/events", "events", &items);
}

#[test]
fn a_patrol_names_what_is_of_its_area_alone() {
    let store = Areas::new();
    let [own, other] = SIDES.map(|side| side.code);
    let patrol = |number: u64, more: Value| {
        let mut patrol = json!({
            "code": uuid(number), "role": "网格员", "unit": own, "crs_src": "WGS84",
            "started_at": "2025-09-02T08:00:00+08:00", "ended_at": "2025-09-02T08:40:00+08:00",
            "track": [{ "lon": 116.33, "lat": 39.73, "at": "2025-09-02T08:10:00+08:00" }]
        });
        for (name, value) in more.as_object().unwrap() {
            patrol[name] = value.clone();
        }
        patrol
    };
    let report = |number: u64, west: f64| {
        let event = event(number, number + 1, "report", json!({ "geometry": at(west) }));
        json!({ "findings": [{ "event": event }] })
    };
    let items = [
        (patrol(201, json!({ "point": uuid(1), "alley": "QA-alleys" })), "new", ""),
        (patrol(202, json!({ "unit": other })), "refused", "outside_area"),
        (patrol(203, json!({ "point": uuid(2) })), "refused", "outside_area"),
        (
            patrol(204, json!({ "point": format!("{other}-CW-2025-00001") })),
            "refused",
            "outside_area",
        ),
        (patrol(205, json!({ "alley": "QB-alleys" })), "refused", "outside_area"),
        (patrol(206, json!({ "findings": [{ "point": uuid(2) }] })), "refused", "outside_area"),
        (
            patrol(207, json!({ "findings": [{ "alley": "QB-alleys", "note": "堆物" }] })),
            "refused",
            "outside_area",
        ),
        (patrol(208, report(301, 116.335)), "new", ""),
        (patrol(209, report(311, 116.435)), "new", ""),
    ];
    check_list(&store, "/patrols", "patrols", &items);
    let body = json!([items[2].0, items[7].0, items[8].0]).to_string();
    let answer = store.ask(&store.first, "POST", "/patrols", &body).json();
    let defect = &answer["patrols"][0]["problem"]["defects"][0];
    assert_eq!(defect["pointer"], "/point");
    assert!(defect["problem"].as_str().unwrap().contains(&uuid(2)), "{defect}");
    let raised = |at: usize| outcomes(&answer["patrols"][at], "events").remove(0);
    assert_eq!(raised(1), ("again".to_owned(), String::new()));
    assert_eq!(raised(2), ("refused".to_owned(), "outside_area".to_owned()));
    // Alone a patrol is refused as a request; who has the district names what he likes.
    let alone = items[1].0.to_string();
    check_outside(&store.ask(&store.first, "POST", "/patrols", &alone), "one patrol");
    let taken = store.ask(&store.whole, "POST", "/patrols", &alone);
    assert_eq!(taken.status, 201, "{}", shown(&taken));
}

#[test]
fn nothing_is_given_to_another_town_by_a_call_or_by_an_edit() {
    let store = Areas::new();
    let call = |point: u64| {
        let call = json!({ "subject": "乱停车", "point": uuid(point), "departments": ["urban"] });
        store.ask(&store.first, "POST", "/whistles", &call.to_string())
    };
    check_outside(&call(2), "a call to a point of another town");
    assert_eq!(call(1).status, 201);

    // What is of another town is as little there as what is nowhere.
    for (point, status) in [(1, 201), (2, 422), (99, 422)] {
        let properties = json!({ "code": format!("C-{point}"), "point": uuid(point) });
        let order = json!({ "type": "Feature", "properties": properties, "geometry": at(116.336) });
        let target = "/collections/complaints/items";
        let answer = store.ask(&store.first, "POST", target, &order.to_string());
        assert_eq!(answer.status, status, "{point}: {}", shown(&answer));
        if status == 422 {
            let problem = format!("\"{}\" is the code of no point of the ledger", uuid(point));
            let told = answer.json()["defects"][0]["problem"].as_str().unwrap().to_owned();
            assert!(told.starts_with(&problem), "{told}");
        }
    }

    let own = store.ids(&store.first, "points")[0];
    let edit = |collection: &str, id: i64, body: Value| {
        let target = format!("/collections/{collection}/items/{id}");
        store.ask(&store.first, "PATCH", &target, &body.to_string())
    };
    let by_hand = |side: usize, geometry: Option<f64>| {
        let assigned = json!({ "town": SIDES[side].code, "assigned_by": "manual: 代管" });
        let mut feature = json!({ "properties": assigned });
        if let Some(west) = geometry {
            feature["geometry"] = at(west);
        }
        feature
    };
    let outlet = store.ids(&store.first, "outlets")[0];
    for (collection, id) in [("points", own), ("outlets", outlet)] {
        for (body, status) in [
            (by_hand(1, None), 403),
            (by_hand(1, Some(116.435)), 403),
            (json!({ "geometry": at(116.435) }), 403),
            (by_hand(0, Some(116.435)), 403),
            (by_hand(0, Some(116.336)), 204),
            (json!({ "geometry": at(116.435) }), 403),
            (json!({ "properties": { "assigned_by": null } }), 204),
            (json!({ "geometry": at(116.337) }), 204),
        ] {
            let answer = edit(collection, id, body.clone());
            assert_eq!(answer.status, status, "{collection} {body}: {}", shown(&answer));
        }
    }
    // What the town answers for in another one it works on where it lies.
    let report =
        event(51, 401, "report", json!({ "geometry": at(116.435), "unit": SIDES[0].code }));
    let target = format!("/points/{}/events", uuid(51));
    assert_eq!(store.ask(&store.first, "POST", &target, &report.to_string()).status, 201);
    let away = *store.ids(&store.first, "points").iter().max().unwrap();
    let answer = edit("points", away, json!({ "properties": { "address": "乙路" } }));
    assert_eq!(answer.status, 204, "{}", shown(&answer));
    check_outside(&edit("points", away, json!({ "geometry": at(116.436) })), "moved there");
}

#[test]
fn accounts_and_patrols_are_of_units_that_there_are() {
    let store = Areas::new();
    let place = store.town.folder.path();
    let add = |name, role, unit| ["user", "add", "s.gpkg", name, "--role", role, "--unit", unit];
    let scope = |area| ["user", "scope", "s.gpkg", "anna", area, "--from", "2024-01-01"];
    for (arguments, unknown) in [
        (&add("zoe", "town", "999")[..], Some("\"999\" is the code of no unit")),
        (&add("zoe", "department", "城管")[..], None),
        (&add("yan", "town", SIDES[1].code)[..], None),
        (&["user", "set", "s.gpkg", "zoe", "--role", "town"][..], Some("\"城管\"")),
        (&["user", "set", "s.gpkg", "yan", "--unit", "998"][..], Some("\"998\"")),
        (&["user", "set", "s.gpkg", "yan", "--display-name", "严"][..], None),
        (&scope("999999")[..], Some("\"999999\" is the code of no unit or focus area")),
        (&scope("QA-focus_areas")[..], None),
    ] {
        let done = crate::running::run(place, arguments);
        assert_eq!(done.code == 0, unknown.is_none(), "{arguments:?}: {}", done.err);
        assert!(unknown.is_none_or(|unknown| done.err.contains(unknown)), "{}", done.err);
    }
    for arguments in [
        &["user", "add", "s.gpkg", "root", "--role", "administrator"][..],
        &["user", "add", "s.gpkg", "new", "--role", "unassigned"][..],
    ] {
        assert_eq!(crate::running::run(place, arguments).code, 0);
    }
    let token = crate::running::run(place, &["user", "token", "s.gpkg", "root"]).out;
    for (change, status) in [
        (json!({ "change": "grant", "name": "new", "area": "999999" }), 400),
        (json!({ "change": "grant", "name": "new", "area": SIDES[1].code }), 200),
        (json!({ "change": "rights", "name": "new", "role": "town", "unit": "999" }), 400),
        (json!({ "change": "rights", "name": "new", "role": "town", "unit": SIDES[1].code }), 200),
        (json!({ "change": "rights", "name": "new", "role": "department", "unit": "城管" }), 200),
    ] {
        let answer = store.ask(token.trim(), "POST", "/accounts", &change.to_string());
        assert_eq!(answer.status, status, "{change}: {}", shown(&answer));
    }
    let patrol = json!({
        "code": uuid(501), "role": "网格员", "unit": "999", "crs_src": "WGS84", "track": [],
        "started_at": "2025-09-02T08:00:00+08:00", "ended_at": "2025-09-02T08:40:00+08:00"
    });
    let answer = store.ask(&store.whole, "POST", "/patrols", &patrol.to_string());
    assert_eq!(answer.status, 422, "{}", shown(&answer));
    assert_eq!(answer.json()["defects"][0]["pointer"], "/unit");
}
