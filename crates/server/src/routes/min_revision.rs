//! `?min-revision=N`: an answer of that state or a later one, which is waited for.

use axum::extract::Request;
use axum::http::{HeaderValue, Method, Uri};
use axum::response::{IntoResponse, Response};
use spatial::Revision;

use super::REVISION;
use crate::problem::{Code, Problem};
use crate::query_string::QueryString;
use crate::state::App;

const NAME: &str = "min-revision";

/// Waits, at most as long as a request may take, until the state is at the revision that a GET
/// asks for; gives the request without the parameter, or the refusal.
pub async fn wait(app: &App, mut request: Request) -> Result<Request, Response> {
    let query = request.uri().query().unwrap_or_default();
    if !matches!(*request.method(), Method::GET | Method::HEAD) || !query.contains(NAME) {
        return Ok(request);
    }
    let least = match asked_for(query) {
        Ok(Some(least)) => least,
        Ok(None) => return Ok(request),
        Err(problem) => return Err(refused(app, problem)),
    };
    let limit = app.settings.request_timeout;
    if tokio::time::timeout(limit, app.engine.reach(least)).await.is_err() {
        let now = app.engine.snapshot().revision;
        let detail = format!(
            "the state is at revision {now}; {least} was not reached within {} s, try again",
            limit.as_secs()
        );
        return Err(refused(app, Problem::new(Code::RevisionNotReached, detail)));
    }
    if let Some(uri) = without(request.uri()) {
        *request.uri_mut() = uri;
    }
    Ok(request)
}

fn refused(app: &App, problem: Problem) -> Response {
    let mut response = problem.into_response();
    let revision = app.engine.snapshot().revision;
    response.headers_mut().insert(REVISION, HeaderValue::from(revision.0));
    response
}

fn asked_for(query: &str) -> Result<Option<Revision>, Problem> {
    let query = QueryString::read(Some(query))?;
    let Some(text) = query.value(NAME) else { return Ok(None) };
    let is_number = !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit());
    let number = text.parse().ok().filter(|_| is_number);
    number.map(|number| Some(Revision(number))).ok_or_else(|| {
        let shown: String = text.chars().take(60).collect();
        let detail = format!("{NAME}={shown:?} is not usable; send a whole number from 0");
        Problem::new(Code::InvalidParameter, detail)
    })
}

/// The URI without the parameter.
fn without(uri: &Uri) -> Option<Uri> {
    let kept = uri.query()?.split('&').filter(|pair| pair.split('=').next() != Some(NAME));
    let kept: Vec<&str> = kept.collect();
    let path_and_query = match kept.is_empty() {
        true => uri.path().to_owned(),
        false => format!("{}?{}", uri.path(), kept.join("&")),
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(path_and_query.parse().ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::*;

    #[test]
    fn the_parameter_is_taken_out_of_the_query() {
        for (uri, expected) in [
            ("/a?min-revision=4", "/a"),
            ("/a?f=json&min-revision=4&q=%E6%9D%91", "/a?f=json&q=%E6%9D%91"),
            ("/a?min-revision=4&min-revision=5&x", "/a?x"),
        ] {
            assert_eq!(without(&uri.parse().unwrap()).unwrap().to_string(), expected, "{uri}");
        }
        assert_eq!(asked_for("min-revision=4&min-revision=5").unwrap(), Some(Revision(5)));
        for odd in ["min-revision=-1", "min-revision=", "min-revision=1e3"] {
            let refused = asked_for(odd).unwrap_err();
            assert_eq!(refused.into_response().status(), 400, "{odd}");
        }
    }
}
