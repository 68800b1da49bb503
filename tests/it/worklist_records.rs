//! Records in work lists over the real binary: calls, orders down the levels, decisions and orders of
//! citizens wait until they are done, beside points, and a later deadline for many points at once.

use serde_json::{Value, json};

use crate::calls::{add, district};
use crate::points_town::{Town, event, register, report, uuid};
use crate::running::{Response, run};
use crate::worklist::account;

const UNIT: &str = "110115001";

fn list(town: &Town, query: &str) -> Value {
    let answer = town.server.get(&format!("/worklist{query}"));
    assert_eq!(answer.status, 200, "{query}: {}", answer.text());
    answer.json()
}

/// Work and code of each item, in order.
fn check_waits(town: &Town, query: &str, expected: &[(&str, &str)]) -> Value {
    let list = list(town, query);
    let items = list["items"].as_array().unwrap().iter();
    let found: Vec<(&str, &str)> = items
        .map(|one| (one["work"].as_str().unwrap(), one["code"].as_str().unwrap_or_default()))
        .collect();
    assert_eq!(found, expected, "{query}");
    assert_eq!(list["numberMatched"], expected.len(), "{query}");
    list
}

fn patch(town: &Town, collection: &str, fid: &str, properties: Value) {
    let body = json!({ "properties": properties }).to_string();
    let kind = [("Content-Type", "application/merge-patch+json")];
    let target = format!("/collections/{collection}/items/{fid}");
    let answer = town.server.change("PATCH", &target, &kind, &body);
    assert!([200, 204].contains(&answer.status), "{}", answer.text());
}

/// A district with a point and a record of every kind that waits; the rows of the order, the decision
/// and the complaint.
fn waiting_town() -> (Town, [String; 3]) {
    let town = district();
    town.take(&[report(1, 1), register(1, 2)]);
    let call = json!({
        "code": "CS-1", "caller": UNIT, "subject": "占道经营反复", "departments": ["urban", "police"],
        "point": "110115001-CW-2025-00001", "called_at": "2025-09-03T09:00:00+08:00"
    });
    assert_eq!(town.server.post("/whistles", &call.to_string()).status, 201);
    let order = json!({
        "code": "PD-1", "from_unit": "110115", "to_unit": UNIT, "subject": "限期核查",
        "sent_at": "2025-09-02T01:00:00Z", "due_at": "2025-09-20T04:00:00Z"
    });
    let decision = json!({
        "code": "YD-1", "unit": "110115002", "text": "月底前完成", "due": "2099-09-30",
        "decided_at": "2025-09-04T01:00:00Z"
    });
    let complaint = json!({
        "code": "GD-1", "category": "违法建设", "handled_by": UNIT, "occurred_at": "2025-09-05T01:00:00Z"
    });
    let rows = [("orders", order), ("decisions", decision), ("complaints", complaint)];
    let rows = rows.map(|(collection, row)| add(&town, collection, row, None));
    (town, rows)
}

const POINT: (&str, &str) = ("dispatch", "110115001-CW-2025-00001");
const CALLED: [(&str, &str); 2] = [("arrive", "CS-1-01"), ("arrive", "CS-1-02")];

#[test]
fn records_wait_beside_points_until_they_are_done() {
    let (town, [order, decision, complaint]) = waiting_town();
    let [first, second] = CALLED;
    let all = [first, second, ("respond", "GD-1"), ("read", "PD-1"), POINT, ("carry_out", "YD-1")];
    let whole = check_waits(&town, "", &all);
    let item = |at: usize| &whole["items"][at];
    assert_eq!((&item(4)["task"], &item(4)["taskName"]), (&json!("CW"), &json!("拆除违法建设")));
    assert_eq!(
        (&item(0)["collection"], &item(0)["due"]),
        (&json!("arrivals"), &json!("2025-09-03T03:00:00.000Z"))
    );
    assert_eq!((&item(0)["receiver"], &item(0)["unit"]), (&json!("urban"), &json!(UNIT)));
    let told = |name: &str| item(3)[name].clone();
    assert_eq!(
        ["workName", "lamp", "from", "receiver", "subject", "due", "mayRaise"].map(told),
        [
            json!("待阅知"),
            json!("red"),
            json!("110115"),
            json!(UNIT),
            json!("限期核查"),
            json!("2025-09-20T04:00:00.000Z"),
            json!([])
        ]
    );
    assert!(item(3).get("id").is_none() && item(3).get("stateName").is_none(), "{}", item(3));
    assert_eq!(
        (&item(5)["due"], &item(5)["lamp"]),
        (&json!("2099-09-30T15:59:59.999Z"), &json!("green"))
    );
    for (at, rel, end) in [
        (0, "whistle", "/whistles/CS-1"),
        (3, "item", "/collections/orders/items/1"),
        (4, "events", &format!("/points/{}/events", uuid(1))),
    ] {
        let links = item(at)["links"].as_array().unwrap();
        let link = links.iter().find(|link| link["rel"] == rel).unwrap();
        let href = link["href"].as_str().unwrap();
        assert!(href.ends_with(end), "{href}");
        assert_eq!(town.server.get(end).status, if rel == "events" { 405 } else { 200 }, "{end}");
    }
    for (query, expected) in [
        ("?unit=110115", &all[..]),
        ("?unit=110115002", &[all[5]]),
        ("?unit=urban", &[first]),
        ("?unit=110115001&role=department", &[first, second, all[2], all[3]]),
        ("?role=town_checker", &[]),
        ("?lamp=green", &[all[5]]),
        ("?work=read", &[all[3]]),
        ("?work=read&lamp=green", &[]),
        ("?task=CW", &[POINT]),
        ("?task=LB", &[]),
    ] {
        check_waits(&town, query, expected);
    }
    // Pages of points and records go on where they ended.
    let (mut at, mut found) = ("/worklist?limit=1".to_owned(), 0);
    loop {
        let page = town.server.get(&at).json();
        assert_eq!(page["items"][0]["code"], all[found].1);
        found += 1;
        let next = page["links"].as_array().unwrap().iter().find(|link| link["rel"] == "next");
        let Some(next) = next else { break };
        let href = next["href"].as_str().unwrap();
        at = href[href.find("/worklist").unwrap()..].to_owned();
    }
    assert_eq!(found, all.len());
    let csv = town.server.get("/worklist?f=csv");
    let csv = csv.text();
    let line = |code: &str| csv.lines().find(|line| line.starts_with(code)).unwrap().to_owned();
    assert!(
        line("PD-1,待阅知,,红灯,").ends_with(",2025-09-20,,,,110115001,,,限期核查,,,orders/1"),
        "{csv}"
    );
    assert!(line(POINT.1).contains(",CW,拆除违法建设,110115001,"), "{csv}");
    assert!(town.server.get("/worklist?f=html").text().contains("<td>拆除违法建设</td>"));
    let place = town.folder.path();
    let listed = run(place, &["worklist", "s.gpkg", "--work", "respond", "--json"]);
    let listed: Value = serde_json::from_str(&listed.out).unwrap();
    assert_eq!(
        (&listed["numberMatched"], &listed["items"][0]["code"]),
        (&json!(1), &json!("GD-1"))
    );
    let odd = run(place, &["worklist", "s.gpkg", "--work", "sleep"]);
    assert!(odd.code == 2 && odd.err.contains("carry_out"), "{}", odd.err);
    let odd = town.server.get("/worklist?work=sleep");
    assert!(odd.status == 400 && odd.text().contains("close_call"), "{}", odd.text());

    // Each step leads to the next, and what is done is gone; a past state waits as it did.
    patch(&town, "orders", &order, json!({ "read_at": "2025-09-02T03:00:00Z" }));
    check_waits(&town, "?work=take_on", &[("take_on", "PD-1")]);
    patch(&town, "orders", &order, json!({ "accepted_at": "2025-09-02T04:00:00Z" }));
    check_waits(&town, "?work=finish", &[("finish", "PD-1")]);
    patch(&town, "orders", &order, json!({ "done_at": "2025-09-12T04:00:00Z" }));
    patch(&town, "decisions", &decision, json!({ "done": "2025-09-20" }));
    patch(&town, "complaints", &complaint, json!({ "responded_at": "2025-09-05T02:00:00Z" }));
    check_waits(&town, "", &[first, second, ("resolve", "GD-1"), POINT]);
    patch(&town, "complaints", &complaint, json!({ "resolved_at": "2025-09-09T02:00:00Z" }));
    let past = format!("?as-of={}", whole["at"].as_str().unwrap());
    check_waits(&town, &past, &all);
    let came = |department: &str| {
        let body = json!({ "department": department, "arrived_at": "2025-09-03T10:00:00+08:00" });
        let answer = town.server.post("/whistles/CS-1/arrivals", &body.to_string());
        assert_eq!(answer.status, 200, "{}", answer.text());
    };
    came("urban");
    check_waits(&town, "", &[second, POINT]);
    came("police");
    check_waits(&town, "", &[POINT, ("close_call", "CS-1")]);
    let body = json!({ "result": "已劝离" }).to_string();
    assert_eq!(town.server.post("/whistles/CS-1/close", &body).status, 200);
    check_waits(&town, "", &[POINT]);
}

#[test]
fn a_call_that_is_closed_waits_for_nobody_and_accounts_see_their_own() {
    let (town, _) = waiting_town();
    let place = town.folder.path();
    let [urban, ann, eve] =
        [("urban", "department", "urban"), ("ann", "town", UNIT), ("eve", "town", "110115002")]
            .map(|(name, role, unit)| format!("Bearer {}", account(place, name, role, unit)));
    let waits = |token: &str| -> Vec<String> {
        let answer = town.server.ask("GET", "/worklist", &[("Authorization", token)]).json();
        let items = answer["items"].as_array().unwrap().iter();
        items.map(|one| one["code"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(waits(&urban), ["CS-1-01"]);
    assert_eq!(waits(&ann), ["CS-1-01", "CS-1-02", "GD-1", "PD-1", POINT.1]);
    assert_eq!(waits(&eve), ["YD-1"]);
    let body = json!({ "result": "已劝离", "accept_missing": true }).to_string();
    let headers = [("Content-Type", "application/json"), ("Authorization", &*ann)];
    let closed = town.server.change("POST", "/whistles/CS-1/close", &headers, &body);
    assert_eq!(closed.status, 200, "{}", closed.text());
    assert_eq!(waits(&urban), Vec::<String>::new());
    assert_eq!(waits(&ann), ["GD-1", "PD-1", POINT.1]);
}

#[test]
fn all_points_of_a_list_are_given_a_later_deadline_at_once() {
    let town = Town::new();
    let soon = "2099-10-31";
    for point in 1..=4 {
        let mut registration = register(point, point * 10 + 1);
        registration["due_at"] = json!(if point == 4 { "2099-12-31" } else { soon });
        town.take(&[report(point, point * 10), registration]);
    }
    let yellow = "?unit=110115001&lamp=yellow&as-of=2099-10-28T00:00:00Z";
    let page = list(&town, yellow);
    assert_eq!(page["numberMatched"], 3);
    let events: Vec<Value> = page["items"]
        .as_array()
        .unwrap()
        .iter()
        .enumerate()
        .map(|(slot, one)| {
            assert!(one["mayRaise"].as_array().unwrap().contains(&json!("extend")), "{one}");
            let mut extension = event(
                1,
                900 + slot as u64,
                "extend",
                "town",
                json!({
                    "approval": "京批〔2099〕7号", "due_at": "2099-12-20"
                }),
            );
            extension["point"] = one["id"].clone();
            extension
        })
        .collect();
    let links = page["links"].as_array().unwrap();
    let to = links.iter().find(|link| link["rel"] == "events").unwrap()["href"].as_str().unwrap();
    let to = &to[to.find("/points").unwrap()..];
    let answer: Response = town.server.post(to, &json!(events).to_string());
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["events"].as_array().unwrap().len(), 3);
    let at = "?unit=110115001&as-of=2099-10-28T00:00:00Z";
    let lamps: Vec<Value> = list(&town, at)["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["lamp"].clone())
        .collect();
    assert_eq!(lamps, vec![json!("green"); 4]);
}
