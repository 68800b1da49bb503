//! The paths of checklists.

use ledger::checklist::ItemKind;
use serde_json::{Map, Value, json};

use super::parts::{answers, format_parameter, parameter, path_parameter, schema, shared, text};
use super::patrols::{TAG, date, tables};
use crate::negotiate::{HTML, JSON};
use crate::routes::patrols::OFFERS;

/// Adds them to `paths`.
pub fn add_paths(paths: &mut Map<String, Value>) {
    let version = || parameter("version", "of which version; the one in force when absent", text());
    let code = || path_parameter("code", "code of a checklist, such as shi_wu", text());
    let list = json!({
        "operationId": "getChecklists", "tags": [TAG],
        "summary": "checklists by version, each with its basis; one without items is an empty form \
            (自拟口径)",
        "parameters": [format_parameter(&[&JSON, &HTML])],
        "responses": answers("every version", &[(JSON.media_type, schema("Checklists")), (HTML.media_type, text())])
    });
    paths.insert("/checklists".to_owned(), json!({ "get": list }));
    let mut responses = answers(
        "the checklist",
        &[(JSON.media_type, schema("Checklist")), (HTML.media_type, text())],
    );
    responses["200"]["content"][JSON.media_type]["example"] = example();
    let one = json!({
        "operationId": "getChecklist", "tags": [TAG],
        "summary": "one version of a checklist",
        "parameters": [code(), version(), format_parameter(&[&JSON, &HTML])],
        "responses": responses
    });
    paths.insert("/checklists/{code}".to_owned(), json!({ "get": one }));
    let results = json!({
        "operationId": "getChecklistResults", "tags": [TAG],
        "summary": "how many passed by item and town; of several results at one place the latest counts",
        "parameters": [
            code(), version(),
            parameter("unit", "code of a town, or of a unit above towns", text()),
            parameter("from", "from this day on", date()),
            parameter("to", "until this day", date()),
            shared("as-of"), format_parameter(&OFFERS)
        ],
        "responses": tables("the shares", "ChecklistResults")
    });
    paths.insert("/checklists/{code}/results".to_owned(), json!({ "get": results }));
}

/// `components/schemas` of these paths.
pub fn schemas() -> Map<String, Value> {
    let count = || json!({ "type": "integer", "minimum": 0 });
    let share = || json!({ "type": "number", "nullable": true, "minimum": 0 });
    let maybe = || json!({ "type": "string", "nullable": true });
    let links = || json!({ "type": "array", "items": schema("Link") });
    let list = |items: Value| json!({ "type": "array", "items": items });
    let item = json!({
        "type": "object",
        "properties": {
            "code": text(), "text": text(), "kindName": text(),
            "kind": { "type": "string",
                "enum": [ItemKind::Have.identifier(), ItemKind::No.identifier()] }
        }
    });
    let counted = |more: Value| {
        let mut told = json!({ "passed": count(), "failed": count(), "share": share() });
        if let (Some(all), Some(more)) = (told.as_object_mut(), more.as_object()) {
            all.extend(more.clone());
        }
        json!({ "type": "object", "properties": told })
    };
    let of_item = || counted(json!({ "item": text(), "text": maybe() }));
    let shares = || counted(json!({ "code": maybe(), "items": list(of_item()) }));
    let object = |properties: Value| json!({ "type": "object", "properties": properties });
    let checklist = object(json!({
        "code": text(), "name": text(), "version": text(), "inForce": { "type": "boolean" },
        "basis": text(), "basisName": text(), "source": text(),
        "emptyTemplate": { "type": "boolean" }, "items": list(item), "links": links()
    }));
    let entries = [
        ("Checklist", checklist),
        (
            "Checklists",
            object(json!({ "checklists": list(schema("Checklist")), "links": links() })),
        ),
        (
            "ChecklistResults",
            object(json!({
                "checklist": text(), "name": text(), "version": text(), "basis": text(),
                "basisName": text(), "source": text(), "revision": count(), "unit": maybe(),
                "from": maybe(), "to": maybe(), "whole": shares(), "towns": list(shares()),
                "links": links()
            })),
        ),
    ];
    entries.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect()
}

fn example() -> Value {
    json!({
        "code": "shi_wu", "name": "十无", "version": "1", "inForce": true, "basis": "official",
        "basisName": "官方口径", "source": "公开报道的背街小巷“十无”清单", "emptyTemplate": false,
        "items": [{ "code": "parking", "kind": "no", "kindName": "无", "text": "无乱停车" }],
        "links": []
    })
}
