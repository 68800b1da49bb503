//! `/changes`: the change log in pages; `/changes/stream`: the same as it happens.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use engine::feed::{ChangesQuery, MAX_CHANGES, Next, Told};
use serde_json::json;
use spatial::Revision;

use super::answers;
use crate::asked::Asked;
use crate::changes::{Listening, Wanted, change, event};
use crate::crs_uri::CRS84;
use crate::event_stream::{self, Event, EventSender, last_seen, whole_number};
use crate::links::link;
use crate::negotiate::JSON;
use crate::problem::{Code, Problem};
use crate::state::App;

/// Changes of a page when nothing is said.
pub const DEFAULT_CHANGES: usize = 1_000;
/// Parameters of a page.
pub const PAGE_PARAMETERS: [&str; 4] = ["since", "limit", "collections", "bbox"];
/// Parameters of the stream.
pub const STREAM_PARAMETERS: [&str; 5] = ["since", "collections", "bbox", "zoom", "tms"];
/// Changes of an event beyond which it is written on the pool.
const SHORT: usize = 64;

/// `GET /changes`
pub async fn page(State(app): State<Arc<App>>, asked: Asked) -> Result<Response, Problem> {
    let query = asked.query(&PAGE_PARAMETERS)?;
    let Wanted { collections, boxes } = Wanted::read(&query, &app.engine.snapshot())?;
    let since = query.value("since").map(|text| whole_number("since", text)).transpose()?;
    let since = not_ahead(&app, since.unwrap_or(0))?;
    let limit = limit(query.value("limit"), DEFAULT_CHANGES, MAX_CHANGES)?;
    let page = app.engine.changes(&ChangesQuery { since, collections, boxes, limit }).await?;
    let mut links = vec![link("self", JSON.media_type, &asked.href(), "this page")];
    if page.next < page.revision {
        let next = asked.href_with("since", &page.next.to_string());
        links.push(link("next", JSON.media_type, &next, "the changes after these"));
    }
    let body = json!({
        "since": since.0,
        "next": page.next.0,
        "revision": page.revision.0,
        "crs": CRS84,
        "changes": page.changes.iter().map(change).collect::<Vec<_>>(),
        "links": links
    });
    let response = answers::json(JSON.media_type, &body);
    Ok(answers::of_state(response, page.revision, "no-cache"))
}

/// A `limit` of 1 to `most`.
pub fn limit(text: Option<&str>, default: usize, most: usize) -> Result<usize, Problem> {
    let Some(text) = text else { return Ok(default) };
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let limit = is_number.then(|| text.parse().ok()).flatten();
    limit.filter(|limit| (1..=most).contains(limit)).ok_or_else(|| {
        let shown: String = text.chars().take(40).collect();
        let detail = format!("limit={shown:?} is not usable; send a whole number from 1 to {most}");
        Problem::new(Code::InvalidParameter, detail)
    })
}

/// Refuses a revision that there is not yet: it is of another store, or of one that was restored.
fn not_ahead(app: &App, since: u64) -> Result<Revision, Problem> {
    let newest = app.engine.snapshot().revision;
    if since > newest.0 {
        let detail = format!(
            "since={since} is ahead of the newest revision {newest}: it is of another store; \
             begin anew"
        );
        return Err(Problem::new(Code::InvalidParameter, detail));
    }
    Ok(Revision(since))
}

/// `GET /changes/stream`
pub async fn stream(State(app): State<Arc<App>>, asked: Asked) -> Result<Response, Problem> {
    let query = asked.query(&STREAM_PARAMETERS)?;
    let listening = Arc::new(Listening::read(&query, &app)?);
    let since = match last_seen(&asked.headers, query.value("since"))? {
        Some(since) => not_ahead(&app, since)?,
        None => app.engine.snapshot().revision,
    };
    let telling = Arc::clone(&app);
    event_stream::open(&app, &asked, move |sender| async move {
        // Whoever is gone needs to be told nothing.
        let _ended = tell(telling, sender, listening, since).await;
    })
}

async fn tell(
    app: Arc<App>,
    sender: EventSender,
    listening: Arc<Listening>,
    since: Revision,
) -> Result<(), event_stream::Gone> {
    let mut reader = app.feed.read(&app.engine, since);
    loop {
        let next = match reader.next().await {
            Ok(Some(next)) => next,
            Ok(None) => return Ok(()),
            Err(error) => {
                tracing::error!(%error, "a stream of changes ended");
                return Ok(());
            }
        };
        let told = match next {
            Next::Told(told) => told,
            Next::CaughtUp(revision) => {
                let data = json!({ "revision": revision.0 }).to_string();
                sender.send_from_log(Event::new(Some("current"), revision.0, &data)).await?;
                continue;
            }
        };
        let id = told.revision.0;
        let Some(data) = written(&app, told, &listening).await else { return Ok(()) };
        let event = Event::new(None, id, &data);
        if reader.is_live() {
            sender.send_now(event)?;
        } else {
            sender.send_from_log(event).await?;
        }
    }
}

async fn written(app: &App, told: Arc<Told>, listening: &Arc<Listening>) -> Option<String> {
    if told.changes.len() <= SHORT {
        return Some(event(&told, listening));
    }
    let listening = Arc::clone(listening);
    let written = app.engine.pool().run_waiting(move || event(&told, &listening)).await;
    written.inspect_err(|error| tracing::error!(%error, "an event could not be written")).ok()
}
