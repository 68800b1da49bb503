//! The paths of patrols.

use engine::patrols::{Grouping, MAX_FINDINGS, MAX_FIXES, Period};
use ledger::rows::evidence::PositionSource;
use serde_json::{Map, Value, json};

use super::parts::{answers, binary, format_parameter, parameter, schema, shared, text};
use crate::negotiate::{CSV, HTML, JSON, XLSX};
use crate::patrols::{CoverageTable, MAX_PATROLS};
use crate::routes::patrols::{OFFERS, PATH};
use crate::state::App;

/// Where the paths stand.
pub(super) const TAG: &str = "Ledger";

/// Adds them to `paths`, of a store that keeps patrols.
pub fn add_paths(paths: &mut Map<String, Value>, app: &App) {
    if !app.engine.has_patrols() {
        return;
    }
    if app.settings.offers_edits {
        paths.insert(PATH.to_owned(), json!({ "post": take() }));
    }
    let words = |all: &[&str]| json!({ "type": "string", "enum": all });
    let mut responses = tables("what was covered", "PatrolCoverage");
    responses["200"]["content"][JSON.media_type]["example"] = coverage_example();
    let coverage = json!({
        "operationId": "getPatrolCoverage", "tags": [TAG],
        "summary": "what patrols covered of the alleys in duty (巡查覆盖率): of each day the union of \
            all patrols over the alleys that are valid on it, by alley and by town with 未落界",
        "parameters": [
            parameter("unit", "code of a town, or of a unit above towns", text()),
            parameter("date", "one day of Asia/Shanghai; today when absent", date()),
            parameter("from", "the first of several days", date()),
            parameter("to", "the last of several days", date()),
            parameter("by", "rows of CSV", words(&CoverageTable::ALL.map(CoverageTable::identifier))),
            shared("as-of"),
            format_parameter(&OFFERS)
        ],
        "responses": responses
    });
    paths.insert("/patrols/coverage".to_owned(), json!({ "get": coverage }));
    let mut responses = tables("what was done", "PatrolStatistics");
    responses["200"]["content"][JSON.media_type]["example"] = statistics_example();
    let statistics = json!({
        "operationId": "getPatrolStatistics", "tags": [TAG],
        "summary": "patrols, days, metres, findings and points on the ledger that came of them (激励); \
            by person for whoever may read persons alone",
        "parameters": [
            parameter("by", "by what; role when absent",
                words(&Grouping::ALL.map(Grouping::identifier))),
            parameter("period", "parts of time; whole when absent",
                words(&Period::ALL.map(Period::identifier))),
            parameter("unit", "patrols for this unit, or for one beneath it", text()),
            parameter("from", "from this day on", date()),
            parameter("to", "until this day", date()),
            shared("as-of"),
            format_parameter(&OFFERS)
        ],
        "responses": responses
    });
    paths.insert("/patrols/statistics".to_owned(), json!({ "get": statistics }));
}

/// The schema of a day.
pub(super) fn date() -> Value {
    json!({ "type": "string", "format": "date" })
}

/// What is answered as JSON of a schema, or as tables.
pub(super) fn tables(about: &str, name: &str) -> Value {
    let content = [
        (JSON.media_type, schema(name)),
        (HTML.media_type, text()),
        (CSV.media_type, text()),
        (XLSX.media_type, binary()),
    ];
    answers(about, &content)
}

fn take() -> Value {
    let one_or_more = json!({ "oneOf": [
        schema("Patrol"),
        { "type": "array", "items": schema("Patrol"), "maxItems": MAX_PATROLS }
    ] });
    let taken = json!({
        "description": "each patrol with its outcome; 201 when the body was one patrol that is new",
        "content": { JSON.media_type: {
            "schema": schema("TakenPatrols"), "examples": { "one": { "value": taken_example() } }
        } }
    });
    let problem = json!({ "$ref": "#/components/responses/Problem" });
    json!({
        "operationId": "takePatrols", "tags": [TAG],
        "summary": "patrols as phones send them when they are online again: each under a code of its \
            client, snapped to the alleys of its day; sent again they change nothing, and other \
            content under a known code is refused. Points that findings report are raised in order",
        "requestBody": { "required": true, "content": { JSON.media_type: {
            "schema": one_or_more, "examples": { "one": { "value": example() } }
        } } },
        "responses": { "200": taken, "201": taken, "4XX": problem, "5XX": problem }
    })
}

/// `components/schemas` of these paths.
pub fn schemas() -> Map<String, Value> {
    let count = || json!({ "type": "integer", "minimum": 0 });
    let metres = || json!({ "type": "number", "minimum": 0, "description": "metres" });
    let share = || json!({ "type": "number", "nullable": true, "minimum": 0 });
    let maybe = || json!({ "type": "string", "nullable": true });
    let time = || json!({ "type": "string", "format": "date-time" });
    let links = || json!({ "type": "array", "items": schema("Link") });
    let list = |items: Value| json!({ "type": "array", "items": items });
    let limited =
        |items: Value, most: usize| json!({ "type": "array", "items": items, "maxItems": most });
    // What need not be there may be null.
    let or_null = |mut schema: Value| {
        schema["nullable"] = true.into();
        schema
    };
    let number = || json!({ "type": "number" });
    let fix = json!({
        "type": "object", "required": ["lon", "lat", "at"],
        "properties": {
            "lon": number(), "lat": number(), "at": time(), "accuracy_m": or_null(metres())
        }
    });
    let result = json!({
        "type": "object", "required": ["checklist", "item", "passed"],
        "properties": {
            "checklist": text(), "version": maybe(), "item": text(),
            "passed": { "type": "boolean" }, "alley": maybe(), "point": maybe(),
            "checked_at": or_null(time()), "note": maybe()
        }
    });
    let event = json!({
        "type": "object", "description": "of kind report, as POST /points/events takes it"
    });
    let finding = json!({
        "type": "object",
        "description": "lon and lat, of crs_src, are the place of the point that the event reports",
        "properties": {
            "checklist": maybe(), "version": maybe(), "item": maybe(), "alley": maybe(),
            "point": maybe(), "event": or_null(event), "lon": or_null(number()),
            "lat": or_null(number()), "found_at": or_null(time()), "note": maybe()
        }
    });
    let sources = PositionSource::ALL.map(PositionSource::identifier).map(Value::from);
    let sources: Vec<Value> = sources.into_iter().chain([Value::Null]).collect();
    let patrol = json!({
        "type": "object", "required": ["code", "role", "started_at", "ended_at"],
        "properties": {
            "code": { "type": "string", "format": "uuid", "description": "of version 7" },
            "role": text(), "unit": maybe(), "person": maybe(), "alley": maybe(),
            "point": maybe(), "started_at": time(), "ended_at": time(), "device": maybe(),
            "crs_src": { "type": "string", "enum": sources, "nullable": true },
            "track": or_null(limited(fix, MAX_FIXES)),
            "results": or_null(limited(result, MAX_FINDINGS)),
            "findings": or_null(limited(finding, MAX_FINDINGS))
        }
    });
    let alley = json!({
        "type": "object", "properties": { "alley": maybe(), "covered_m": metres() }
    });
    let taken = json!({
        "type": "object", "required": ["code", "outcome"],
        "properties": {
            "code": maybe(), "outcome": { "type": "string", "enum": ["new", "again", "refused"] },
            "covered_m": metres(), "alleys": list(alley), "problem": { "type": "object" },
            "events": { "type": "array", "items": { "type": "object" }, "description": "what became \
                of the events of its findings" }
        }
    });
    let sums = |more: Value| {
        let mut properties = json!({
            "code": maybe(), "name": maybe(), "duty_m": metres(), "covered_m": metres(),
            "share": share()
        });
        if let (Some(all), Some(more)) = (properties.as_object_mut(), more.as_object()) {
            all.extend(more.clone());
        }
        json!({ "type": "object", "properties": properties })
    };
    let of_alley = sums(json!({
        "fid": count(), "town": maybe(), "length_m": metres(), "days": count(),
        "patrolledDays": count(), "patrolled": { "type": "boolean" }
    }));
    let of_town = || sums(json!({ "alleys": count(), "patrolled": count() }));
    let row = || {
        json!({
            "type": "object",
            "properties": {
                "period": maybe(), "name": maybe(), "patrols": count(), "days": count(),
                "covered_m": metres(), "findings": count(), "registered": count()
            }
        })
    };
    let object = |properties: Value| json!({ "type": "object", "properties": properties });
    let entries = [
        ("Patrol", patrol),
        ("TakenPatrols", object(json!({ "revision": count(), "patrols": list(taken) }))),
        (
            "PatrolCoverage",
            object(json!({
                "revision": count(), "from": date(), "to": date(), "unit": maybe(),
                "unitKnown": { "type": "boolean" }, "patrols": count(), "total": of_town(),
                "towns": list(of_town()), "alleys": list(of_alley), "links": links()
            })),
        ),
        (
            "PatrolStatistics",
            object(json!({
                "revision": count(), "by": text(), "period": text(), "from": maybe(), "to": maybe(),
                "unit": maybe(), "rows": list(row()), "total": row(), "links": links()
            })),
        ),
    ];
    entries.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect()
}

fn example() -> Value {
    json!({
        "code": "01990000-0000-7000-8000-0000000000a1", "role": "小巷管家", "unit": "110115190",
        "alley": "J110115190201-008", "started_at": "2026-11-22T08:00:00+08:00",
        "ended_at": "2026-11-22T08:20:00+08:00", "device": "巡查终端 07", "crs_src": "GCJ-02",
        "track": [
            { "lon": 116.42213, "lat": 39.636656, "at": "2026-11-22T08:00:05+08:00", "accuracy_m": 8 },
            { "lon": 116.422985, "lat": 39.636712, "at": "2026-11-22T08:01:05+08:00", "accuracy_m": 6 }
        ],
        "results": [{ "checklist": "shi_wu", "item": "parking", "passed": true }],
        "findings": [{
            "checklist": "shi_wu", "item": "clutter", "note": "门前堆料", "lon": 116.422558,
            "lat": 39.636684,
            "event": {
                "id": "01990000-0000-7000-8000-0000000000a3",
                "point": "01990000-0000-7000-8000-0000000000a2", "kind": "report",
                "role": "grid_worker", "occurred_at": "2026-11-22T08:00:40+08:00",
                "address": "甲子村1胡同 7 号", "source": "巡查"
            }
        }]
    })
}

fn taken_example() -> Value {
    json!({
        "revision": 57,
        "patrols": [{
            "code": "01990000-0000-7000-8000-0000000000a1", "outcome": "new", "covered_m": 73.7,
            "alleys": [{ "alley": "J110115190201-008", "covered_m": 73.7 }],
            "events": [{
                "id": "01990000-0000-7000-8000-0000000000a3",
                "point": "01990000-0000-7000-8000-0000000000a2", "outcome": "new", "seq": 1
            }]
        }]
    })
}

fn coverage_example() -> Value {
    let town = |code: Option<&str>, name: Option<&str>| {
        json!({
            "code": code, "name": name, "alleys": 1, "patrolled": 1, "duty_m": 91.9,
            "covered_m": 73.7, "share": 0.8027
        })
    };
    json!({
        "revision": 57, "from": "2026-11-22", "to": "2026-11-22", "unit": null, "unitKnown": true,
        "patrols": 1, "total": town(None, None), "towns": [town(Some("110115190"), Some("示例镇"))],
        "alleys": [{
            "fid": 1, "code": "J110115190201-008", "name": "甲子村1胡同", "town": "110115190", "length_m": 91.9,
            "days": 1, "patrolledDays": 1, "patrolled": true, "duty_m": 91.9, "covered_m": 73.7,
            "share": 0.8027
        }],
        "links": []
    })
}

fn statistics_example() -> Value {
    let row = |name: Option<&str>| {
        json!({
            "period": null, "name": name, "patrols": 1, "days": 1, "covered_m": 73.7, "findings": 1,
            "registered": 0
        })
    };
    json!({
        "revision": 57, "by": "role", "period": "whole", "from": null, "to": null, "unit": null,
        "rows": [row(Some("小巷管家"))], "total": row(None), "links": []
    })
}
