//! The requests by which QGIS edits features, as it sends them, and what is there at the end.
//!
//! `tests/qgis/edit_requests.json` holds a session: each request with its headers and body, and what
//! of the answer QGIS looks at. `$1` stands for the id that the last `Location` ends with.

use serde_json::Value;

use crate::edit_town::Town;

const SESSION: &str = include_str!("../qgis/edit_requests.json");

fn filled(text: &str, id: &str, host: &str) -> String {
    text.replace("$1", id).replace("$HOST", host)
}

#[test]
fn a_session_of_qgis_ends_as_it_should() {
    let town = Town::new();
    let host = format!("http://{}", town.server.address);
    let session: Value = serde_json::from_str(SESSION).unwrap();
    let mut id = String::new();
    for (number, step) in session["requests"].as_array().unwrap().iter().enumerate() {
        let text = |member: &str| step[member].as_str().unwrap_or_default();
        let (method, target) = (text("method"), filled(text("target"), &id, &host));
        let what = format!("{number}: {method} {target}");
        let headers: Vec<(String, String)> = step["headers"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, value)| (name.clone(), filled(value.as_str().unwrap(), &id, &host)))
            .collect();
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let body = match &step["body"] {
            Value::Null => String::new(),
            body => filled(&body.to_string(), &id, &host),
        };
        let answer = match method {
            "GET" | "OPTIONS" => town.server.ask(method, &target, &headers),
            _ => town.server.change(method, &target, &headers, &body),
        };
        assert_eq!(step["status"], answer.status, "{what}: {}", answer.text());
        if let Some(location) = answer.header("location") {
            id = location.rsplit_once("/items/").unwrap().1.to_owned();
        }
        for (name, held) in step["answer"].as_object().into_iter().flatten() {
            let found = answer.header(name).unwrap_or_default().to_owned();
            for part in held.as_array().unwrap() {
                let part = filled(part.as_str().unwrap(), &id, &host);
                assert!(found.contains(&part), "{what}: {part} in {name}: {found}");
            }
        }
        if !step["item"].is_null() {
            let item = answer.json();
            for (pointer, expected) in step["item"].as_object().unwrap() {
                let found = item.pointer(pointer).unwrap_or(&Value::Null);
                let is_near = match (found.as_f64(), expected.as_f64()) {
                    (Some(found), Some(expected)) => (found - expected).abs() < 1e-7,
                    _ => found == expected,
                };
                assert!(is_near, "{what}: {pointer} is {found}, not {expected}");
            }
        }
    }
}
