//! Roles that a city has of its own: named in its configuration, like one that ships or not, they go
//! through accounts, events, lists and what is told to whom.

use std::path::Path;

use serde_json::{Value, json};

use crate::edit_town::check_refusal;
use crate::points_town::{Town, register, report, uuid};
use crate::running::{Answer, Response, Server, run};

const SETTINGS: &str = r#"
[[ledger.roles]]
role = "town"
name = "街乡"

[[ledger.roles]]
role = "alley_chief"
name = "街巷长"
like = "grid_worker"

[[ledger.roles]]
role = "campaign"
name = "专班"

[[ledger.roles]]
role = "urban"
name = "城管"
like = "department"

[ledger.raisers]
register = ["town", "campaign"]
"#;

struct City {
    town: Town,
    tokens: [(&'static str, String); 4],
}

fn command(place: &Path, arguments: &[&str]) -> Answer {
    run(place, &[&["--config", "tuban.toml"][..], arguments].concat())
}

impl City {
    fn new() -> Self {
        let town = Town::new();
        let place = town.folder.path();
        std::fs::write(place.join("tuban.toml"), SETTINGS).unwrap();
        let done = |arguments: &[&str]| {
            let done = command(place, arguments);
            assert_eq!(done.code, 0, "{arguments:?}: {}{}", done.out, done.err);
            done.out.trim().to_owned()
        };
        done(&["ledger", "add", "s.gpkg", "enterprises", "enforcement_records"]);
        let tokens = ["town", "alley_chief", "campaign", "urban"].map(|role| {
            let unit = if role == "urban" { "城管" } else { "110115001" };
            done(&["user", "add", "s.gpkg", role, "--role", role, "--unit", unit]);
            (role, done(&["user", "token", "s.gpkg", role]))
        });
        let Town { folder, server } = town;
        drop(server);
        let config = folder.path().join("tuban.toml");
        let server =
            Server::start(&folder.path().join("s.gpkg"), &["--config", config.to_str().unwrap()]);
        Self { town: Town { folder, server }, tokens }
    }

    fn ask(&self, role: &str, method: &str, target: &str, body: Option<&Value>) -> Response {
        let (_, token) = self.tokens.iter().find(|(known, _)| *known == role).unwrap();
        let body = body.map(Value::to_string).unwrap_or_default();
        let head = format!(
            "{method} {target} HTTP/1.1\r\nConnection: close\r\nHost: {}\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            self.town.server.address,
            body.len()
        );
        Response::parse(&self.town.server.send(&[head.as_bytes(), body.as_bytes()].concat()))
    }

    fn get(&self, role: &str, target: &str) -> Response {
        self.ask(role, "GET", target, None)
    }

    /// Raises an event that names no role.
    fn raise(&self, role: &str, mut event: Value) -> Response {
        event.as_object_mut().unwrap().remove("role");
        let target = format!("/points/{}/events", uuid(1));
        self.ask(role, "POST", &target, Some(&event))
    }
}

#[test]
fn an_account_has_a_role_that_the_city_has() {
    let city = City::new();
    let place = city.town.folder.path();
    for (arguments, part) in [
        (&["user", "add", "s.gpkg", "x", "--role", "mayor"][..], "use one of town, alley_chief,"),
        (&["user", "set", "s.gpkg", "town", "--role", "city"], "campaign, urban, reader,"),
        (&["worklist", "s.gpkg", "--role", "city"], "use one of town, alley_chief"),
    ] {
        let refused = command(place, arguments);
        assert_ne!(refused.code, 0, "{}", refused.out);
        assert!(refused.err.contains(part), "{}", refused.err);
    }
    std::fs::write(place.join("bad.toml"), SETTINGS.replace("campaign\"]", "mayor\"]")).unwrap();
    let refused = run(place, &["config", "--config", "bad.toml"]);
    assert!(refused.err.contains("[ledger.raisers] names mayor"), "{}", refused.err);
    assert!(refused.err.contains("use town, alley_chief, campaign, urban"), "{}", refused.err);
    assert_eq!(city.get("campaign", "/account").json()["role"], "campaign");
}

#[test]
fn events_keep_the_role_and_people_read_its_name() {
    let city = City::new();
    let reported = city.raise("alley_chief", report(1, 1));
    assert_eq!(reported.status, 201, "{}", reported.text());
    let refused = city.raise("alley_chief", register(1, 2));
    check_refusal(&refused, 403, "event_forbidden", "alley_chief (街巷长) may not raise");
    assert!(refused.text().contains("town (街乡), campaign (专班)"), "{}", refused.text());
    let registered = city.raise("campaign", register(1, 2));
    assert_eq!(registered.status, 201, "{}", registered.text());

    let trace = city.get("town", &format!("/points/{}/trace", uuid(1))).json();
    let told = trace["events"].as_array().unwrap().iter();
    let told: Vec<_> = told.map(|one| (&one["role"], &one["roleName"])).collect();
    let [chief, campaign] =
        [["alley_chief", "街巷长"], ["campaign", "专班"]].map(|two| two.map(|text| json!(text)));
    assert_eq!(told, [(&chief[0], &chief[1]), (&campaign[0], &campaign[1])]);
    let place = city.town.folder.path();
    let table = command(place, &["ledger", "trace", "s.gpkg", &uuid(1)]);
    assert!(table.out.contains("街巷长") && table.out.contains("专班"), "{}", table.out);

    let mut named = register(1, 3);
    named["role"] = json!("mayor");
    let target = format!("/points/{}/events", uuid(1));
    let refused = city.ask("town", "POST", &target, Some(&named));
    assert_eq!(refused.status, 422, "{}", refused.text());
    let part = "is none of town, alley_chief, campaign, urban";
    assert!(refused.text().contains(part), "{}", refused.text());
}

#[test]
fn a_role_that_is_like_another_has_its_rights_and_one_that_is_not_has_those_that_name_it() {
    let city = City::new();
    let sees = |role: &str| city.get(role, "/collections").text().contains("enterprises");
    assert!(sees("alley_chief") && sees("urban") && !sees("campaign"));
    let rule = |role: &str| city.get(role, "/rules/exit_overdue").status;
    assert_eq!((rule("urban"), rule("campaign"), rule("alley_chief")), (200, 403, 403));
    let record = |role: &str, department: &str| {
        let properties = json!({ "id": uuid(9), "department": department, "act": "检查" });
        let feature = json!({ "type": "Feature", "geometry": null, "properties": properties });
        let target = "/collections/enforcement_records/items";
        city.ask(role, "POST", target, Some(&feature)).status
    };
    assert_eq!((record("urban", "消防"), record("campaign", "城管")), (403, 403));
    assert_eq!(record("urban", "城管"), 201);
    let work = |query: &str| city.get("campaign", &format!("/worklist?unit=*{query}"));
    assert_eq!(work("").json()["role"], "campaign");
    assert_eq!(work("&role=alley_chief").status, 200);
    check_refusal(&work("&role=city"), 400, "invalid_parameter", "use one of: town, alley_chief");
    let api = city.get("campaign", "/api").json();
    let roles = &api["components"]["schemas"]["PointEvent"]["properties"]["role"]["enum"];
    assert_eq!(roles, &json!(["town", "alley_chief", "campaign", "urban"]));
}
