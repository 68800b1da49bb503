//! Which roles change features of which collections by plain edits, whatever the way of editing.

use serde_json::{Value, json};

use crate::calls::{add, district};
use crate::edit_town::check_refusal;
use crate::points_town::Town;
use crate::running::{Response, Server, run};

const GEOJSON: &str = "application/geo+json";

/// Collections of the district with one row each, and others.
const ROWS: [(&str, &str); 4] = [
    ("whistles", r#"{ "code": "CS-1", "called_at": "2025-09-01T01:00:00Z" }"#),
    ("arrivals", r#"{ "code": "CS-1-01", "whistle": "CS-1", "department": "urban" }"#),
    ("orders", r#"{ "code": "PD-1", "sent_at": "2025-09-01T01:00:00Z" }"#),
    ("progress_reports", r#"{ "code": "JZ-1" }"#),
];

const SETTINGS: &str = r#"
[accounts]
editors = ["grid_worker", "town", "district"]

[accounts.edits]
orders = []
progress_reports = ["town"]

[[ledger.roles]]
role = "grid_worker"
name = "网格员"

[[ledger.roles]]
role = "town"
name = "街乡"

[[ledger.roles]]
role = "district"
name = "区"

[[ledger.roles]]
role = "campaign"
name = "专班"
like = "district"
"#;

struct Store {
    town: Town,
    tokens: Vec<(&'static str, String)>,
}

impl Store {
    /// A store with a row of each of [`ROWS`], and an account in each of `roles`.
    fn new(settings: &str, roles: &[&'static str]) -> Self {
        let town = district();
        for (collection, row) in ROWS {
            add(&town, collection, serde_json::from_str(row).unwrap(), None);
        }
        let Town { folder, server } = town;
        drop(server);
        let place = folder.path();
        std::fs::write(place.join("tuban.toml"), settings).unwrap();
        let command = |arguments: &[&str]| {
            let done = run(place, &[&["--config", "tuban.toml"][..], arguments].concat());
            assert_eq!(done.code, 0, "{arguments:?}: {}", done.err);
            done.out.trim().to_owned()
        };
        let token = |role: &&'static str| {
            command(&["user", "add", "s.gpkg", role, "--role", role, "--unit", "110115001"]);
            (*role, command(&["user", "token", "s.gpkg", role]))
        };
        let tokens = roles.iter().map(token).collect();
        let config = place.join("tuban.toml");
        let server = Server::start(&place.join("s.gpkg"), &["--config", config.to_str().unwrap()]);
        Self { town: Town { folder, server }, tokens }
    }

    fn change(&self, role: &str, (method, target): (&str, &str), body: &Value) -> Response {
        let (_, token) = self.tokens.iter().find(|(known, _)| *known == role).unwrap();
        let authorization = format!("Bearer {token}");
        let kind = match method {
            "PATCH" => "application/merge-patch+json",
            _ if target.starts_with("/collections") => GEOJSON,
            _ => "application/json",
        };
        let headers = [("Content-Type", kind), ("Authorization", authorization.as_str())];
        self.town.server.change(method, target, &headers, &body.to_string())
    }

    /// Every way of editing a collection is refused to a role, in these words.
    fn check_refused(&self, role: &str, collection: &str, words: &[&str]) {
        let feature = json!({ "type": "Feature", "geometry": null, "properties": { "code": "X" } });
        let change = |op: &str, more: Value| {
            let mut change = json!({ "collection": collection, "op": op });
            change.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            ("POST", "/transactions".to_owned(), json!({ "changes": [change] }))
        };
        let items = format!("/collections/{collection}/items");
        let one = format!("{items}/1");
        for (method, target, body) in [
            ("POST", items.clone(), feature.clone()),
            ("PUT", one.clone(), feature.clone()),
            ("PATCH", one.clone(), json!({ "properties": { "code": "X" } })),
            ("DELETE", one, Value::Null),
            // Nobody learns whether there is such a feature either.
            ("DELETE", format!("{items}/99"), Value::Null),
            change("insert", json!({ "feature": feature })),
            change("replace", json!({ "id": 1, "feature": feature })),
            change("update", json!({ "id": 1, "feature": { "properties": { "code": "X" } } })),
            change("delete", json!({ "id": 1 })),
        ] {
            let what = format!("{role}: {method} {target} {body}");
            let refused = self.change(role, (method, &target), &body);
            check_refusal(&refused, 403, "role_may_not", &what);
            let text = refused.json()["detail"].as_str().unwrap().to_owned();
            for word in [&[role, collection, "[accounts.edits]"], words].concat() {
                assert!(text.contains(word), "{what}: {word} in {text}");
            }
        }
    }

    fn check_allowed(&self, role: &str, collection: &str) {
        let target = format!("/collections/{collection}/items/1");
        let patch = json!({ "properties": {} });
        let done = self.change(role, ("PATCH", &target), &patch);
        assert_eq!(done.status, 204, "{role}: {target}: {}", done.text());
    }
}

#[test]
fn what_operations_write_and_the_district_keeps_is_edited_by_the_district_and_the_city() {
    let roles = ["grid_worker", "town", "department", "district_checker", "city"];
    let store = Store::new("", &roles);
    let may = "these may: district (区), district_checker (区核查), city (市)";
    for role in ["grid_worker", "town", "department"] {
        store.check_refused(role, "whistles", &[may, "POST /whistles and"]);
        store.check_refused(role, "arrivals", &[may, "POST /whistles/{code}/arrivals writes"]);
        store.check_refused(role, "admin_units", &[may]);
        for collection in ["orders", "progress_reports"] {
            store.check_allowed(role, collection);
        }
    }
    for role in ["district_checker", "city"] {
        for (collection, _) in ROWS {
            store.check_allowed(role, collection);
        }
    }
    // The operation goes on as it is, for whom it is.
    let came = json!({ "department": "urban", "arrived_at": "2025-09-01T02:00:00Z" });
    let told = store.change("town", ("POST", "/whistles/CS-1/arrivals"), &came);
    assert_eq!(told.status, 200, "{}", told.text());
}

#[test]
fn a_city_says_which_of_its_editors_change_which_collection() {
    let store = Store::new(SETTINGS, &["grid_worker", "town", "district", "campaign"]);
    for role in ["grid_worker", "town", "district", "campaign"] {
        store.check_refused(role, "orders", &["no role may"]);
    }
    for role in ["grid_worker", "district", "campaign"] {
        store.check_refused(role, "progress_reports", &["these may: town (街乡) ("]);
    }
    store.check_allowed("town", "progress_reports");
    // Its default stays, for the roles that the city has, and one that is like such a one goes along.
    store.check_refused("town", "whistles", &["these may: district (区), campaign (专班)"]);
    for role in ["district", "campaign"] {
        store.check_allowed(role, "whistles");
    }
}
