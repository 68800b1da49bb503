//! Refusals in the form of Esri's services.

use serde_json::{Value, json};

use crate::problem::Code;

/// The body of a refusal. The status goes with it, other than at Esri's own, which answer 200: a
/// client that looks at the status alone must not take it for a map.
pub fn said(code: Code, detail: &str) -> Value {
    json!({ "error": { "code": code.status().as_u16(), "message": detail, "details": [] } })
}
