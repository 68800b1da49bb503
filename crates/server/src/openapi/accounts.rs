//! Who may ask: the ways to send a token, which operations need one, and `/account`.

use serde_json::{Map, Value, json};

use super::parts::{answers, schema};
use crate::access::{Access, PARAMETER, is_question};
use crate::negotiate::JSON;

/// Adds `/account` to `paths`, and says of each operation what it needs: called last.
pub fn add_paths(paths: &mut Map<String, Value>, access: &Access) {
    let account = json!({
        "operationId": "getAccount",
        "tags": ["Capabilities"],
        "summary": "who the bearer of the token is, in which role, of which unit, for which areas",
        "parameters": [],
        "responses": answers("the account", &[(JSON.media_type, schema("Account"))])
    });
    paths.insert("/account".to_owned(), json!({ "get": account }));
    if !access.has_accounts() {
        return;
    }
    let with_token = [json!({ "bearer": [] }), json!({ "tokenInUrl": [] })];
    let open = [&[json!({})], &with_token[..]].concat();
    for (path, operations) in paths {
        let Some(operations) = operations.as_object_mut() else { continue };
        for (method, operation) in operations {
            let reads = method == "get" || (method == "post" && is_question(path));
            let everyone = reads && access.is_public() && path != "/account";
            operation["security"] = if everyone { json!(open) } else { json!(with_token) };
        }
    }
}

/// `components/securitySchemes`.
pub fn security_schemes() -> Value {
    json!({
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "a token of an account, as `tuban user token` prints it; before any path `/t/TOKEN` says the same"
        },
        "tokenInUrl": {
            "type": "apiKey",
            "in": "query",
            "name": PARAMETER,
            "description": "the same token, for clients that cannot set headers"
        }
    })
}

/// `components/schemas` of these paths.
pub fn schemas() -> Map<String, Value> {
    let day = json!({ "type": "string", "format": "date" });
    let account = json!({
        "type": "object",
        "required": ["name", "displayName", "role", "mayEdit", "unit", "areas", "scope"],
        "properties": {
            "name": { "type": "string", "description": "as change log and history have it" },
            "displayName": { "type": "string" },
            "role": {
                "type": "string",
                "description": "`local` where the store has no accounts"
            },
            "mayEdit": { "type": "boolean", "description": "whether it may change features and fences" },
            "unit": { "type": "string", "nullable": true, "description": "code of its office" },
            "areas": {
                "type": "array", "items": { "type": "string" },
                "description": "codes of units and areas that are given to it today"
            },
            "scope": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["area", "from", "to"],
                    "properties": {
                        "area": { "type": "string" },
                        "from": day.clone(),
                        "to": { "type": "string", "format": "date", "nullable": true }
                    }
                },
                "description": "the same with first and last day, of Asia/Shanghai"
            }
        },
        "example": {
            "name": "li.ming", "displayName": "示例镇巡查组", "role": "town", "mayEdit": true,
            "unit": "110115190",
            "areas": ["110115190201"],
            "scope": [{ "area": "110115190201", "from": "2026-01-01", "to": null }]
        }
    });
    Map::from_iter([("Account".to_owned(), account)])
}
