//! `/functions`: the functions that a filter may call beyond those of CQL2 (OGC 19-079r2, 6.3).

use axum::response::Response;
use serde_json::{Value, json};
use spatial::filter::{FUNCTIONS, Kind};

use super::answers;
use crate::asked::Asked;
use crate::links::self_and_alternates;
use crate::negotiate::{HTML, JSON};
use crate::problem::Problem;

/// `GET /functions`
pub async fn functions(asked: Asked) -> Result<Response, Problem> {
    let offers = [&JSON, &HTML];
    let chosen = asked.format(&offers)?;
    let functions: Vec<Value> = FUNCTIONS
        .iter()
        .map(|function| {
            let arguments: Vec<Value> = function
                .arguments
                .iter()
                .map(|kind| json!({ "type": [type_name(*kind)] }))
                .collect();
            json!({
                "name": function.name,
                "description": function.description,
                "arguments": arguments,
                "returns": [type_name(function.returns)]
            })
        })
        .collect();
    let body = json!({
        "functions": functions,
        "links": self_and_alternates(&asked, chosen, &offers)
    });
    Ok(answers::document(&asked, chosen, "Functions", &body))
}

/// The kind in the words of the standard.
fn type_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Bool => "boolean",
        Kind::Number => "number",
        Kind::Text | Kind::Bytes => "string",
        Kind::Time => "datetime",
    }
}
