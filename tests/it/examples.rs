//! Examples of the API document: every operation in JSON has them, and its schemas allow them.

use serde_json::Value;

use crate::running::{Server, run};

/// Follows references of the document `api`.
fn resolved<'a>(api: &'a Value, mut schema: &'a Value) -> &'a Value {
    while let Some(reference) = schema["$ref"].as_str() {
        schema = api.pointer(&reference[1..]).unwrap_or_else(|| panic!("{reference} is not there"));
    }
    schema
}

fn has_type(name: &str, value: &Value) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        other => panic!("no type of OpenAPI: {other}"),
    }
}

/// What `schema` has against `value`, with the place; the words that the document uses.
fn against(api: &Value, schema: &Value, value: &Value, place: &str) -> Vec<String> {
    let schema = resolved(api, schema);
    let said = |what: String| vec![format!("{place}: {what}")];
    if value.is_null() && schema["nullable"] == true {
        return Vec::new();
    }
    for alternatives in ["oneOf", "anyOf"] {
        if let Some(list) = schema[alternatives].as_array()
            && !list.iter().any(|one| against(api, one, value, place).is_empty())
        {
            return said(format!("{value} is none of {alternatives}"));
        }
    }
    if schema["type"].as_str().is_some_and(|name| !has_type(name, value)) {
        return said(format!("{value} is no {}", schema["type"]));
    }
    if schema["enum"].as_array().is_some_and(|known| !known.contains(value)) {
        return said(format!("{value} is none of {}", schema["enum"]));
    }
    let below = |number: &Value, word: &str| {
        number.as_f64().zip(schema[word].as_f64()).is_some_and(|(one, bound)| one < bound)
    };
    if below(value, "minimum") {
        return said(format!("{value} is below {}", schema["minimum"]));
    }
    if let Some(list) = value.as_array() {
        if below(&list.len().into(), "minItems") {
            return said(format!("fewer than {} items", schema["minItems"]));
        }
        let each = list.iter().enumerate();
        return each
            .flat_map(|(at, one)| against(api, &schema["items"], one, &format!("{place}/{at}")))
            .collect();
    }
    let Some(members) = value.as_object() else { return Vec::new() };
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let mut wrong: Vec<String> = required
        .filter(|name| !members.contains_key(*name))
        .map(|name| format!("{place}: lacks {name}"))
        .collect();
    for (name, one) in members {
        match schema["properties"].get(name) {
            Some(of) => wrong.extend(against(api, of, one, &format!("{place}/{name}"))),
            None if schema["additionalProperties"] == false => {
                wrong.push(format!("{place}: {name} is not allowed"));
            }
            None => {}
        }
    }
    wrong
}

/// What is wrong with the examples of one body or answer.
fn wrong_examples(api: &Value, content: &Value, place: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for (media_type, of) in content.as_object().into_iter().flatten() {
        let place = format!("{place} {media_type}");
        let several =
            of["examples"].as_object().into_iter().flatten().map(|(_, one)| &one["value"]);
        let of_schema = resolved(api, &of["schema"]).get("example");
        let examples: Vec<&Value> =
            of.get("example").into_iter().chain(several).chain(of_schema).collect();
        if media_type.contains("json") && examples.is_empty() {
            wrong.push(format!("{place}: no example"));
        }
        wrong.extend(examples.iter().flat_map(|one| against(api, &of["schema"], one, &place)));
    }
    wrong
}

#[test]
fn every_operation_in_json_has_examples_that_its_schemas_allow() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    let mut add = vec!["ledger", "add", "s.gpkg", "evidence"];
    add.extend(ledger::record::collections().map(|one| one.id));
    for command in [&["ledger", "init", "s.gpkg"][..], &add, &["places", "init", "s.gpkg"]] {
        let done = run(place, command);
        assert_eq!(done.code, 0, "{command:?}: {}", done.err);
    }
    let server = Server::start(&place.join("s.gpkg"), &[]);
    let api = server.get("/api").json();
    let mut wrong = Vec::new();
    let operations = api["paths"].as_object().unwrap().iter();
    for (path, operations) in operations {
        for (method, operation) in operations.as_object().unwrap() {
            let at = format!("{method} {path}");
            let body = &operation["requestBody"]["content"];
            wrong.extend(wrong_examples(&api, body, &format!("{at} body")));
            for (status, answer) in operation["responses"].as_object().unwrap() {
                if status.starts_with('2') {
                    let content = &resolved(&api, answer)["content"];
                    wrong.extend(wrong_examples(&api, content, &format!("{at} {status}")));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}
