//! `/metrics` in Prometheus' text format, and the count of HTTP answers.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use engine::metrics::{RENDER_BOUNDS_MICROS, RENDER_SECONDS};

use crate::state::App;

/// Name of the family of HTTP answers, by class of status.
const HTTP_REQUESTS: &str = "tuban_http_requests_total";
/// Name of the count of those among them that were ready to be given again.
const HTTP_READY: &str = "tuban_http_ready_total";
/// Name of the count of those among these whose request came byte for byte like one before.
const HTTP_REPEATED: &str = "tuban_http_repeated_total";
/// Name of the count of answers made anew for a request that came byte for byte like one before.
const HTTP_ANEW: &str = "tuban_http_anew_total";

/// Answers by the first digit of their status.
#[derive(Debug, Default)]
pub struct Answers([AtomicU64; 6]);

impl Answers {
    /// Counts an answer.
    pub fn add(&self, status: StatusCode) {
        let class = usize::from(status.as_u16() / 100).min(5);
        self.0[class].fetch_add(1, Ordering::Relaxed);
    }
}

/// `GET /metrics`
pub async fn metrics(State(app): State<Arc<App>>) -> Response {
    let mut response = text(&app).into_response();
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8"),
    );
    response
}

fn text(app: &App) -> String {
    let reading = app.engine.reading();
    let mut text = String::new();
    for (name, grows, value) in &reading.numbers {
        let kind = if *grows { "counter" } else { "gauge" };
        let _ = writeln!(text, "# TYPE {name} {kind}\n{name} {value}");
    }
    let _ = writeln!(text, "# TYPE {RENDER_SECONDS} histogram");
    let bounds = RENDER_BOUNDS_MICROS
        .iter()
        .map(|micros| (*micros as f64 / 1e6).to_string())
        .chain(std::iter::once("+Inf".to_owned()));
    for (bound, count) in bounds.zip(&reading.render_counts) {
        let _ = writeln!(text, "{RENDER_SECONDS}_bucket{{le=\"{bound}\"}} {count}");
    }
    let total = reading.render_counts.last().copied().unwrap_or_default();
    let _ = writeln!(text, "{RENDER_SECONDS}_sum {}", reading.render_time.as_secs_f64());
    let _ = writeln!(text, "{RENDER_SECONDS}_count {total}");
    let _ = writeln!(text, "# TYPE {HTTP_REQUESTS} counter");
    for (class, count) in app.answers.0.iter().enumerate().skip(1) {
        let count = count.load(Ordering::Relaxed);
        let _ = writeln!(text, "{HTTP_REQUESTS}{{status=\"{class}xx\"}} {count}");
    }
    let ready = &app.ready;
    for (name, count) in
        [(HTTP_READY, ready.given()), (HTTP_REPEATED, ready.repeated()), (HTTP_ANEW, ready.anew())]
    {
        let _ = writeln!(text, "# TYPE {name} counter\n{name} {count}");
    }
    text
}
