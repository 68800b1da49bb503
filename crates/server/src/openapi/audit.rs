//! Paths for administrators: the audit log, and accounts.

use serde_json::{Map, Value, json};

use super::parts::{answers, parameter, schema, text};
use crate::access::AccountRole;
use crate::negotiate::JSON;
use crate::routes::audit::{DEFAULT_LIMIT, PATH};
use crate::state::App;

const TAG: &str = "Capabilities";

/// Adds them to `paths`.
pub fn add_paths(paths: &mut Map<String, Value>, app: &App) {
    let limit = json!({
        "type": "integer", "minimum": 1, "maximum": engine::audit::MAX_PAGE,
        "default": DEFAULT_LIMIT
    });
    let moment = "a moment of RFC 3339, or a day of Asia/Shanghai";
    let mut log = json!({
        "operationId": "getAudit", "tags": [TAG],
        "summary": "a page of the audit log, oldest first; for the auditor alone, and itself on \
            record",
        "parameters": [
            parameter("after", "the rows after this number", json!({ "type": "integer", "minimum": 0 })),
            parameter("limit", "most rows", limit),
            parameter("actor", "rows of this actor", text()),
            parameter("action", "rows with this action: account, erase, export, guess, look, personal, \
                read_audit, refused_read, restore, reveal", text()),
            parameter("from", &format!("rows of this moment or later: {moment}; of a day its end"), text()),
            parameter("until", &format!("rows before this moment: {moment}; of a day its end"), text())
        ],
        "responses": answers("the rows", &[(JSON.media_type, schema("AuditPage"))])
    });
    log["responses"]["200"]["content"][JSON.media_type]["example"] = json!({
        "rows": [row()], "numberReturned": 1, "links": []
    });
    paths.insert(PATH.to_owned(), json!({ "get": log }));

    let mut list = json!({
        "operationId": "getAccounts", "tags": [TAG],
        "summary": "accounts with their scopes and tokens, for administrators",
        "parameters": [],
        "responses": answers("the accounts", &[(JSON.media_type, json!({ "type": "object" }))])
    });
    list["responses"]["200"]["content"][JSON.media_type]["example"] = json!({ "accounts": [{
        "name": "li.ming", "displayName": "示例镇巡查组", "role": "town", "unit": "110115190",
        "created": "2026-11-26T01:00:00.000Z", "disabled": null,
        "scope": [{ "area": "110115190201", "from": "2026-01-01", "to": null }], "tokens": []
    }] });
    let roles = AccountRole::all(&app.engine.settings().ledger.roles);
    let roles: Vec<String> = roles.map(|role| role.word().to_owned()).collect();
    let changes =
        ["add", "name", "disable", "enable", "rights", "grant", "end_scope", "token", "revoke"];
    let body = json!({
        "type": "object", "required": ["change"],
        "properties": {
            "change": { "type": "string", "enum": changes },
            "name": text(), "display_name": text(), "unit": text(),
            "role": { "type": "string", "enum": roles },
            "area": text(), "from": text(), "to": text(), "label": text(),
            "days": { "type": "integer", "minimum": 1, "maximum": 3650, "default": 90 },
            "token": { "type": "integer", "description": "number of the token to revoke" }
        }
    });
    let example =
        json!({ "change": "rights", "name": "li.ming", "role": "town", "unit": "110115190" });
    let mut responses = answers(
        "what was done; of a new token its text, this once",
        &[(
            JSON.media_type,
            json!({
                "type": "object"
            }),
        )],
    );
    responses["200"]["content"][JSON.media_type]["example"] = json!({ "done": true });
    let change = json!({
        "operationId": "changeAccounts", "tags": [TAG],
        "summary": "one change of accounts: add, name, disable and enable are the system \
            administrator's, rights, grant, end_scope, token and revoke the security administrator's",
        "requestBody": {
            "required": true,
            "content": { JSON.media_type: { "schema": body, "example": example } }
        },
        "responses": responses
    });
    paths.insert(crate::access::ACCOUNTS.to_owned(), json!({ "get": list, "post": change }));
}

/// `components/schemas` of these paths.
pub fn schemas() -> Map<String, Value> {
    let nullable = || json!({ "type": "string", "nullable": true });
    let row = json!({
        "type": "object",
        "required": ["seq", "time", "actor", "action", "object", "result", "hash"],
        "properties": {
            "seq": { "type": "integer", "description": "from 1, without gaps" },
            "time": { "type": "string", "format": "date-time" },
            "actor": { "type": "string", "description": "empty where no token was taken" },
            "role": nullable(), "ip": nullable(), "action": text(), "object": text(),
            "fields": { "type": "array", "items": text() },
            "geometry": nullable(),
            "count": { "type": "integer", "nullable": true },
            "reason": text(),
            "result": { "type": "string", "description": "done, refused or failed" },
            "hash": {
                "type": "string",
                "description": "SM3 of the hash before it and of the row, in hexadecimal digits"
            }
        },
        "example": row()
    });
    let page = json!({
        "type": "object", "required": ["rows", "numberReturned", "links"],
        "properties": {
            "rows": { "type": "array", "items": schema("AuditRow") },
            "numberReturned": { "type": "integer" },
            "links": { "type": "array", "items": schema("Link") }
        }
    });
    Map::from_iter([("AuditRow".to_owned(), row), ("AuditPage".to_owned(), page)])
}

fn row() -> Value {
    json!({
        "seq": 17, "time": "2026-11-26T08:00:00.000Z", "actor": "wang", "role": "district",
        "ip": "192.0.2.7", "action": "reveal", "object": "households/12", "fields": ["DH"],
        "geometry": null, "count": 1, "reason": "案号 (2026) 17：核实联系人", "result": "done",
        "hash": "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    })
}
