//! `/audit`: the audit log, for the auditor alone.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use engine::audit::{AuditQuery, AuditRow, MAX_PAGE, action};
use formats::datetime::utc_of_millis;
use serde_json::{Value, json};
use spatial::Timestamp;

use super::answers;
use crate::as_of::moment;
use crate::asked::Asked;
use crate::links::link;
use crate::negotiate::JSON;
use crate::problem::{Code, Problem};
use crate::sender::Sender;
use crate::state::App;

/// Where the log is read.
pub const PATH: &str = "/audit";
/// Parameters.
pub const PARAMETERS: [&str; 6] = ["after", "limit", "actor", "action", "from", "until"];
/// Rows of a page when a request says nothing.
pub const DEFAULT_LIMIT: usize = 100;

/// `GET /audit`: a page of rows, oldest first. That it was read stands in the log, too.
pub async fn audit(
    State(app): State<Arc<App>>,
    sender: Sender,
    asked: Asked,
) -> Result<Response, Problem> {
    let parameters = asked.query(&PARAMETERS)?;
    let number = |name: &str, least: u64, most: u64, otherwise: u64| match parameters.value(name) {
        None => Ok(otherwise),
        Some(text) => {
            let number = text.parse().ok().filter(|number| (least..=most).contains(number));
            number.ok_or_else(|| {
                refused(name, format!("{:?} is no number from {least} to {most}", cut(text)))
            })
        }
    };
    let at = |name: &str| -> Result<Option<Timestamp>, Problem> {
        parameters
            .value(name)
            .map(|text| moment(text).map_err(|reason| refused(name, reason)))
            .transpose()
    };
    let most = MAX_PAGE as u64;
    let limit = number("limit", 1, most, DEFAULT_LIMIT as u64)?;
    let query = AuditQuery {
        after: number("after", 0, i64::MAX as u64, 0)?,
        limit: usize::try_from(limit).unwrap_or(DEFAULT_LIMIT),
        actor: parameters.value("actor").map(str::to_owned),
        action: parameters.value("action").map(str::to_owned),
        from: at("from")?,
        until: at("until")?,
    };
    let rows = app.engine.audit_rows(query.clone()).await?;
    let mut entry = sender.entry(action::READ_AUDIT, PATH);
    entry.count = Some(rows.len() as u64);
    app.engine.audit(entry).await?;
    let mut links = vec![link("self", JSON.media_type, &asked.href(), "this page")];
    if let Some(last) = rows.last().filter(|_| rows.len() == query.limit) {
        let next = asked.href_with("after", &last.seq.to_string());
        links.push(link("next", JSON.media_type, &next, "the rows after these"));
    }
    let body = json!({
        "rows": rows.iter().map(document).collect::<Vec<_>>(),
        "numberReturned": rows.len(),
        "links": links
    });
    let mut response = answers::json(JSON.media_type, &body);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

fn refused(name: &str, reason: impl std::fmt::Display) -> Problem {
    Problem::new(Code::InvalidParameter, format!("{name}: {reason}"))
}

fn cut(text: &str) -> String {
    text.chars().take(60).collect()
}

/// A row as JSON.
pub fn document(row: &AuditRow) -> Value {
    let entry = &row.entry;
    let hash = row.hash.iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    });
    json!({
        "seq": row.seq,
        "time": utc_of_millis(entry.at.0),
        "actor": entry.actor,
        "role": entry.role,
        "ip": entry.ip,
        "action": entry.action,
        "object": entry.object,
        "fields": entry.fields,
        "geometry": entry.geometry,
        "count": entry.count,
        "reason": entry.reason,
        "result": entry.result,
        "hash": hash
    })
}
