//! Who may edit: pages of the server's own origin, programs, and nobody where everybody reads.

use crate::edit_town::{Town, check_refusal};
use crate::running::Response;

const PATCH: &str = r#"{"properties":{"floors":7}}"#;

fn change(town: &Town, headers: &[(&str, &str)]) -> Response {
    town.change("PATCH", "parcels/items/2", headers, PATCH)
}

#[test]
fn a_page_of_another_origin_changes_nothing() {
    let town = Town::with_settings("[server]\nedit_origins = [\"https://map.example\"]\n");
    let own = format!("http://{}", town.server.address);
    let revision = town.revision();
    for origin in ["https://evil.example", "null", "http://127.0.0.1:1", "https://map.example.evil"]
    {
        let answer = change(&town, &[("Origin", origin)]);
        check_refusal(&answer, 403, "foreign_origin", origin);
        let body = r#"{"reason":"","changes":[{"collection":"parcels","op":"delete","id":1}]}"#;
        let headers = [("Origin", origin), ("Content-Type", "application/json")];
        let answer = town.server.change("POST", "/transactions", &headers, body);
        check_refusal(&answer, 403, "foreign_origin", origin);
        // Reading is free, by POST too.
        let headers = [("Origin", origin), ("Content-Type", "application/json")];
        let target = "/collections/parcels/search";
        let found = town.server.change("POST", target, &headers, r#"{"return":"count"}"#);
        assert_eq!(found.status, 200, "{}", found.text());
    }
    // A name that somebody else leads here.
    let rebound = [("Origin", "http://evil.example"), ("Host", "evil.example")];
    check_refusal(&change(&town, &rebound), 403, "foreign_origin", "a name that leads here");
    assert_eq!(town.revision(), revision, "nothing was changed");
    for origin in [own.as_str(), "https://map.example"] {
        assert_eq!(change(&town, &[("Origin", origin)]).status, 204, "{origin}");
    }
    assert_eq!(change(&town, &[]).status, 204, "a program");
}

#[test]
fn where_everybody_reads_nobody_edits() {
    // Public by way of a proxy, though it listens on loopback.
    let town = Town::with_settings("[server]\npublic = true\n");
    let answer = change(&town, &[]);
    check_refusal(&answer, 405, "method_not_allowed", "public");
    assert_eq!(answer.header("allow"), Some("GET, HEAD, OPTIONS"));
}
