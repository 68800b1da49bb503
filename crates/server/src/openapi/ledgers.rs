//! Paths of ledgers as lists, and of the lists and plans of towns.

use serde_json::{Map, Value, json};

use super::parts::{
    answers, binary, format_parameter, parameter, path_parameter, schema, shared, text,
};
use crate::negotiate::{CSV, HTML, JSON, XLSX};
use crate::routes::ledgers::{DEFAULT_ROWS, MAX_ROWS, OFFERS, seen};
use crate::routes::tasks::OFFERS as TASKS;
use crate::routes::towns::{LISTS, PLAN};
use crate::routes::{MAPBOX_STYLE, QML};
use crate::state::App;

const TAG: &str = "Ledger";

/// Adds them to `paths`.
pub fn add_paths(paths: &mut Map<String, Value>, app: &App) {
    let content = [(JSON.media_type, schema("Ledgers")), (HTML.media_type, text())];
    let operation = json!({
        "operationId": "getLedgers",
        "tags": [TAG],
        "summary": "the ledgers (台账), with how many rows each has and whether its collection is there",
        "parameters": [format_parameter(&[&JSON, &HTML])],
        "responses": answers("the ledgers that whoever asks may see", &content)
    });
    paths.insert("/ledgers".to_owned(), json!({ "get": operation }));
    let content = [
        (JSON.media_type, schema("Object")),
        (CSV.media_type, text()),
        (XLSX.media_type, binary()),
        (HTML.media_type, text()),
    ];
    let mut operation = json!({
        "operationId": "getTasks",
        "tags": [TAG],
        "summary": "the tasks (任务) of special actions, with how each is managed (计划管理, 动态清零)",
        "parameters": [format_parameter(&TASKS)],
        "responses": answers("the tasks", &content)
    });
    operation["responses"]["200"]["content"][JSON.media_type]["example"] = tasks_example();
    paths.insert("/tasks".to_owned(), json!({ "get": operation }));
    let date = || json!({ "type": "string", "format": "date" });
    let style = json!({ "type": "string", "enum": ["mapbox", "json", "qml"], "default": "mapbox" });
    let client = json!({ "type": "string", "enum": ["maplibre", "qgis"], "default": "maplibre" });
    let mut id = json!({ "type": "string" });
    let ids: Vec<&str> = seen(app).map(|book| book.id.as_str()).collect();
    if !ids.is_empty() {
        id["enum"] = json!(ids);
    }
    let limit = json!({
        "type": "integer", "minimum": 1, "maximum": MAX_ROWS, "default": DEFAULT_ROWS
    });
    let style = json!({
        "operationId": "getLedgerStyle",
        "tags": [TAG],
        "summary": "a style that draws the rows of a ledger in its own colours",
        "parameters": [
            path_parameter("ledgerId", "id of a ledger", id.clone()),
            parameter("f", "MapLibre style, or QML for layers of QGIS's own", style),
            parameter("client", "for whom the style is", client)
        ],
        "responses": answers("the style", &[(MAPBOX_STYLE, schema("Object")), (QML, text())])
    });
    paths.insert("/ledgers/{ledgerId}/style".to_owned(), json!({ "get": style }));
    let parameters = json!([
        path_parameter("ledgerId", "id of a ledger", id),
        parameter("unit", "code of a unit, with those beneath it in admin_units", text()),
        parameter("task", "only rows of this task", text()),
        parameter("limit", "most rows; of CSV and XLSX all up to 100000 when absent", limit),
        shared("offset"),
        shared("as-of"),
        format_parameter(&OFFERS)
    ]);
    let files = [(HTML.media_type, text()), (CSV.media_type, text()), (XLSX.media_type, binary())];
    let with_files = |name: &str| {
        let mut content = vec![(JSON.media_type, schema(name))];
        content.extend(files.iter().cloned());
        content
    };
    let mut add = |path: &str, operation: Value, example: Value| {
        let mut operation = operation;
        operation["tags"] = json!([TAG]);
        operation["responses"]["200"]["content"][JSON.media_type]["example"] = example;
        paths.insert(path.to_owned(), json!({ "get": operation }));
    };
    add(
        "/ledgers/{ledgerId}",
        json!({
            "operationId": "getLedger",
            "summary": "rows of a ledger, what they add up to by unit, and those of no unit (未落界)",
            "parameters": parameters,
            "responses": answers("a page of the ledger", &with_files("LedgerPage"))
        }),
        ledger_example(),
    );
    let town = || path_parameter("townCode", "code of a unit of administration", text());
    let day = || {
        parameter("date", "the day that dates are held against; that of as-of, or today", date())
    };
    add(
        "/towns/{townCode}/lists",
        json!({
            "operationId": "getTownLists",
            "summary": "problems and projects of a town (两清单), each problem with its project or without",
            "parameters": [town(), day(), shared("as-of"), format_parameter(&LISTS)],
            "responses": answers("both lists", &with_files("TownLists"))
        }),
        lists_example(),
    );
    let content = [(JSON.media_type, schema("TownPlan")), (HTML.media_type, text())];
    add(
        "/towns/{townCode}/plan",
        json!({
            "operationId": "getTownPlan",
            "summary": "the plan of a town (一街(镇)一方案) that is valid on a day: measures, milestones, \
                lists in short, progress by task; as HTML a page to print",
            "parameters": [town(), day(), shared("as-of"), format_parameter(&PLAN)],
            "responses": answers("the plan", &content)
        }),
        plan_example(),
    );
}

fn tasks_example() -> Value {
    json!({
        "edition": "2026-01",
        "tasks": [{
            "code": "ZD", "name": "占道经营整治", "mode": "cleared", "modeName": "动态清零",
            "category": "rectification", "categoryName": "整治", "lead": "城市管理综合行政执法",
            "unit_of_measure": "处", "indicators": ["clearing_days"], "basis": "template",
            "source": "自拟：示例任务", "links": []
        }],
        "links": []
    })
}

/// `components/schemas` of these paths.
pub fn schemas() -> Map<String, Value> {
    let count = || json!({ "type": "integer", "minimum": 0 });
    let links = || json!({ "type": "array", "items": schema("Link") });
    let maybe = || json!({ "type": "string", "nullable": true });
    let list = |items: Value| json!({ "type": "array", "items": items });
    let object = |properties: Value| json!({ "type": "object", "properties": properties });
    let unit = || object(json!({ "code": text(), "name": maybe() }));
    let described = object(json!({
        "id": text(), "title": text(), "type": text(), "collection": text(), "filter": maybe(),
        "level": { "type": "string", "enum": ["district", "town", "village"] },
        "basis": { "type": "string", "enum": ["official", "local", "template"] },
        "source": text(),
        "columns": list(object(json!({ "field": text(), "title": text() }))),
        "there": { "type": "boolean", "description": "whether its collection is there" },
        "count": { "type": "integer", "nullable": true }
    }));
    let sum = object(json!({
        "field": text(), "title": text(), "unitOfMeasure": text(), "value": { "type": "number" }
    }));
    let line = || {
        object(json!({
            "code": text(), "name": text(), "count": count(), "sums": list(sum.clone())
        }))
    };
    let mut outside = line();
    outside["nullable"] = json!(true);
    let row = || json!({ "type": "object", "additionalProperties": true });
    let counts = || json!({ "type": "object", "additionalProperties": true });
    let mut plan = row();
    plan["nullable"] = json!(true);
    Map::from_iter([
        (
            "Ledgers".to_owned(),
            object(json!({
                "revision": count(), "edition": text(), "ledgers": list(described.clone()),
                "links": links()
            })),
        ),
        (
            "LedgerPage".to_owned(),
            object(json!({
                "revision": count(), "ledger": described, "unit": maybe(),
                "unitKnown": { "type": "boolean" }, "task": maybe(),
                "numberMatched": count(), "numberReturned": count(),
                "sums": list(sum.clone()), "units": list(line()), "outside": outside,
                "stages": list(object(json!({ "stage": text(), "count": count() }))),
                "withheld": list(text()), "rows": list(row()), "links": links()
            })),
        ),
        (
            "TownLists".to_owned(),
            object(json!({
                "revision": count(), "day": text(), "unit": unit(), "counts": counts(),
                "complete": { "type": "boolean" }, "problems": list(row()),
                "projects": list(row()), "decisions": list(row()), "links": links()
            })),
        ),
        (
            "TownPlan".to_owned(),
            object(json!({
                "revision": count(), "day": text(), "unit": unit(), "plan": plan,
                "milestones": list(row()), "counts": counts(), "openProblems": list(row()),
                "openProjects": list(row()), "decisions": list(row()),
                "progress": { "type": "array", "nullable": true, "items": object(json!({
                    "task": text(), "year": count(), "registered": count(), "closed": count(),
                    "rebounded": count(), "closingRate": { "type": "number", "nullable": true }
                })) },
                "links": links()
            })),
        ),
    ])
}

fn ledger_example() -> Value {
    json!({
        "revision": 41, "unit": "110115", "unitKnown": true, "task": null,
        "ledger": {
            "id": "rebound", "title": "反弹治理台账", "type": "开墙打洞五账", "level": "town",
            "collection": "points", "filter": "state = 'rebounded' OR rebound_count >= 1",
            "basis": "template", "source": "自拟：曾经反弹或正在反弹的点位"
        },
        "numberMatched": 1, "numberReturned": 1,
        "sums": [{
            "field": "rebound_count", "title": "反弹次数", "unitOfMeasure": "次", "value": 2.0
        }],
        "units": [{ "code": "110115190", "name": "示例镇", "count": 1, "sums": [{
            "field": "rebound_count", "title": "反弹次数", "unitOfMeasure": "次", "value": 2.0
        }] }],
        "outside": null, "stages": [], "withheld": [],
        "rows": [{
            "fid": 7, "code": "110115190-CW-2026-00001", "task": "CW", "unit": "110115190",
            "address": "学府路 7 号", "state": "rebounded", "rebound_count": 2
        }],
        "links": []
    })
}

fn lists_example() -> Value {
    json!({
        "revision": 41, "day": "2026-11-22",
        "unit": { "code": "110115190", "name": "示例镇" },
        "counts": {
            "problems": { "count": 1, "open": 1, "noProject": 1 },
            "projects": { "count": 0, "done": 0, "late": 0, "noProblem": 0 }
        },
        "complete": true,
        "problems": [{
            "fid": 3, "code": "W-3", "unit": "110115190", "title": "占道经营", "kind": "秩序",
            "found": "2026-03-01", "project": null, "point": null, "solved": null,
            "no_project": true, "project_title": null
        }],
        "projects": [], "decisions": [], "links": []
    })
}

fn plan_example() -> Value {
    json!({
        "revision": 41, "day": "2026-11-22",
        "unit": { "code": "110115190", "name": "示例镇" },
        "plan": {
            "fid": 1, "code": "F-1", "unit": "110115190", "title": "示例镇整治提升方案",
            "measures": ["拆除违法建设", "补建便民网点"], "document": "示例镇发〔2026〕3号",
            "valid_from": "2026-01-01", "valid_to": "2026-12-31"
        },
        "milestones": [{
            "fid": 1, "code": "J-1", "plan": "F-1", "text": "完成摸底", "due": "2026-03-31",
            "done": "2026-04-02", "late": true
        }],
        "counts": {
            "problems": { "count": 1, "open": 1, "noProject": 1 },
            "projects": { "count": 0, "done": 0, "late": 0, "noProblem": 0 }
        },
        "openProblems": [], "openProjects": [], "decisions": [],
        "progress": [{
            "task": "CW", "year": 2026, "registered": 8, "closed": 6, "rebounded": 1, "closingRate": 0.75
        }],
        "links": []
    })
}
