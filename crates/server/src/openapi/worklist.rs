//! The path of work lists.

use ledger::point::{EventKind, Lamp, Role};
use ledger::rows::POINTS;
use ledger::worklist::{Part, RECORDS, Work};
use serde_json::{Map, Value, json};

use super::parts::{answers, binary, format_parameter, parameter, schema, shared, text};
use crate::negotiate::{CSV, HTML, JSON, XLSX};
use crate::routes::worklist::{DEFAULT_LIMIT, MAX_LIMIT, OFFERS};
use crate::state::App;

/// Adds it to `paths`, of a store that has a ledger.
pub fn add_paths(paths: &mut Map<String, Value>, app: &App) {
    if !app.engine.has_ledger() {
        return;
    }
    let named = |words: &[&str]| json!({ "type": "string", "enum": words });
    let roles: Vec<Role> = app.engine.settings().ledger.roles.all().collect();
    let roles: Vec<&str> = roles.iter().map(Role::identifier).chain(["*"]).collect();
    let limit = json!({
        "type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT
    });
    let content = [
        (JSON.media_type, schema("Worklist")),
        (HTML.media_type, text()),
        (CSV.media_type, text()),
        (XLSX.media_type, binary()),
    ];
    let mut responses = answers("a page of work, the most urgent first", &content);
    responses["200"]["content"][JSON.media_type]["example"] = example();
    let operation = json!({
        "operationId": "getWorklist",
        "tags": ["Ledger"],
        "summary": "what waits for a unit, a person, a role (待办): points to decide, dispatch, \
            accept, work on, resume, verify, close and patrol, and replies that are owed; departments \
            that were called and calls to close (吹哨), orders to read, take on and do (派单), decisions \
            of meetings (议定事项), orders of citizens (接诉即办)",
        "parameters": [
            parameter("unit", "code of a unit, with those beneath it in admin_units: what waits for it, \
                and what a receiver is to do whom it helps (协办, part is assist); * for all; that of the \
                account when absent", text()),
            parameter("person", "who answers for the points; one's own name, unless names may be \
                read. Records say no person", text()),
            parameter("task", "code of the task of points; records say no task", text()),
            parameter("work", "one piece of work", named(&Work::ALL.map(Work::identifier))),
            parameter("role", "whose work; * for all; that of the account when absent, and any with \
                person",
                named(&roles)),
            parameter("lamp", "how near the date is", named(&Lamp::ALL.map(Lamp::identifier))),
            parameter("limit", "most pieces of work; of CSV and XLSX the maximum when absent", limit),
            parameter("cursor", "where a list goes on, from the link next", text()),
            shared("as-of"),
            format_parameter(&OFFERS)
        ],
        "responses": responses
    });
    paths.insert("/worklist".to_owned(), json!({ "get": operation }));
}

/// `components/schemas` of the path.
pub fn schemas() -> Map<String, Value> {
    let named = |words: &[&str]| json!({ "type": "string", "enum": words });
    let lamp =
        || json!({ "type": "string", "nullable": true, "enum": ["green", "yellow", "red", null] });
    let count = || json!({ "type": "integer", "minimum": 0 });
    let works = Work::ALL.map(Work::identifier);
    let said = |what: &str| json!({ "type": "string", "nullable": true, "description": what });
    let mut collections = vec![POINTS];
    collections.extend(RECORDS.iter().map(|records| records.collection));
    let item = json!({
        "type": "object",
        "required": [
            "collection", "fid", "work", "workName", "due", "lamp", "daysLeft", "mayRaise", "links"
        ],
        "properties": {
            "collection": {
                "type": "string", "enum": collections,
                "description": "where the feature stands that waits"
            },
            "fid": count(),
            "id": { "type": "string", "format": "uuid", "description": "of a point" },
            "code": said("number of the point or record"),
            "task": said("of a point"), "taskName": said("what people call its task"),
            "unit": said("unit that is responsible; of a call the unit that called"),
            "receiver": said("who has it to do"),
            "co_units": said("who helps at a point (协办单位), several parted by 、"),
            "state": text(), "stateName": text(),
            "subject": said("what a record is about"),
            "point": said("the point that a record names, by id or number"),
            "from": said("the unit that sent an order"),
            "whistle": said("number of the call"), "meeting": said("number of the meeting"),
            "since": said("when a record was made"),
            "work": named(&works), "workName": text(),
            "part": {
                "type": "string", "nullable": true,
                "enum": Part::ALL.map(Part::identifier).map(Value::from).into_iter()
                    .chain([Value::Null]).collect::<Vec<_>>(),
                "description": "how it is work of the unit that was asked for: its own (主办) or that of \
                    another one whom it helps (协办); null where none was"
            },
            "partName": said("the same in Chinese"),
            "due": { "type": "string", "format": "date-time", "nullable": true },
            "lamp": lamp(),
            "daysLeft": {
                "type": "integer", "nullable": true,
                "description": "whole days until the date, rounded down: -1 as soon as it has passed"
            },
            "mayRaise": {
                "type": "array", "items": named(&EventKind::ALL.map(EventKind::identifier)),
                "description": "events that whoever asks may raise next; none at records"
            },
            "links": { "type": "array", "items": schema("Link") }
        }
    });
    let worklist = json!({
        "type": "object",
        "required": ["revision", "at", "numberMatched", "numberReturned", "counts", "items", "links"],
        "properties": {
            "revision": count(),
            "at": { "type": "string", "format": "date-time" },
            "unit": { "type": "string", "nullable": true },
            "unitKnown": {
                "type": "boolean", "description": "whether admin_units has the unit; if not, it stands alone"
            },
            "task": { "type": "string", "nullable": true },
            "work": { "type": "string", "nullable": true },
            "role": { "type": "string", "nullable": true },
            "lamp": lamp(),
            "numberMatched": count(), "numberReturned": count(),
            "counts": { "type": "array", "items": {
                "type": "object",
                "properties": { "work": named(&works), "workName": text(), "lamp": lamp(), "count": count() }
            } },
            "items": { "type": "array", "items": item },
            "links": { "type": "array", "items": schema("Link") }
        }
    });
    Map::from_iter([("Worklist".to_owned(), worklist)])
}

fn example() -> Value {
    json!({
        "revision": 41, "at": "2026-11-22T00:00:00.000Z", "unit": "110115190", "unitKnown": true,
        "task": null, "work": null, "role": "town", "lamp": null,
        "numberMatched": 2, "numberReturned": 2,
        "counts": [
            { "work": "handle", "workName": "待处置", "lamp": "yellow", "count": 1 },
            { "work": "read", "workName": "待阅知", "lamp": "green", "count": 1 }
        ],
        "items": [{
            "collection": "points", "fid": 7,
            "id": "01990000-0000-7000-8000-0000000000f1", "code": "110115190-CW-2026-00001",
            "task": "CW", "taskName": "拆除违法建设", "unit": "110115190", "receiver": "城管队",
            "co_units": "平安建设办公室",
            "state": "in_progress", "stateName": "处置中", "state_since": "2026-11-20T08:00:00.000Z",
            "registered_at": "2026-09-01T06:00:00.000Z", "address": "学府路 7 号", "source": "巡查",
            "work": "handle", "workName": "待处置", "part": "lead", "partName": "主办",
            "due": "2026-11-24T15:59:59.999Z",
            "lamp": "yellow", "daysLeft": 2, "mayRaise": ["submit", "extend"], "links": []
        }, {
            "collection": "orders", "fid": 3, "code": "PD-7", "from": "110115",
            "receiver": "110115190", "subject": "限期核查处置", "point": "110115190-CW-2026-00001",
            "since": "2026-11-21T01:00:00.000Z", "work": "read", "workName": "待阅知",
            "part": "lead", "partName": "主办", "due": "2026-12-11T08:00:00.000Z",
            "lamp": "green", "daysLeft": 19, "mayRaise": [], "links": []
        }],
        "links": []
    })
}
