//! Answers that are ready: whole answers to GET, given again as long as the state is the same.
//!
//! *Invariants:* only what a route marks with [`OfTheState`] is kept. It is given to requests with
//! the same path and the same headers of [`HEADERS`] whose senders see the same, while the very state that it was made from is
//! the current one: so it is what the route would answer, 304 included. A URL with a query is never
//! answered from here.

use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, header};
use axum::response::Response;
use engine::Engine;
use quick_cache::sync::Cache;
use quick_cache::{Equivalent, Weighter};
use spatial::Snapshot;

/// Number of [`HEADERS`].
const DEPENDS_ON: usize = 3;
/// Headers of a request that a kept answer may depend on.
const HEADERS: [HeaderName; DEPENDS_ON] =
    [header::ACCEPT, header::ACCEPT_ENCODING, header::IF_NONE_MATCH];
/// What the `Vary` of a kept answer may name. Every origin is answered alike; that is said for
/// caches in between, which know an answer without `Origin` from others.
const VARIES: [&str; 3] = ["accept", "accept-encoding", "origin"];
/// Longest path and headers together that are looked up, in bytes: no client of maps needs more.
const MAX_KEY_BYTES: usize = 1024;
/// Bytes of an entry beside key and body: headers, links and hash.
const ENTRY_OVERHEAD: usize = 1024;
/// Size of a common tile: it sizes the table, not the budget.
const COMMON_BYTES: u64 = 20_000;

/// Marks an answer (an extension of it) that depends on the path, on [`HEADERS`] and on the
/// current state, and on nothing else.
#[derive(Clone, Debug)]
pub struct OfTheState {
    /// The body of the answer.
    pub body: Bytes,
}

/// What a request asks for, as far as a kept answer depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Asked<'a> {
    /// What the sender sees.
    view: u64,
    path: &'a str,
    headers: [Option<&'a [u8]>; DEPENDS_ON],
}

impl<'a> Asked<'a> {
    /// `None` for what is never kept, such as a request with a query or with a header twice.
    fn of<B>(view: u64, request: &'a Request<B>) -> Option<Self> {
        if *request.method() != Method::GET || request.uri().query().is_some() {
            return None;
        }
        let mut headers = [None; DEPENDS_ON];
        for (place, name) in headers.iter_mut().zip(&HEADERS) {
            let mut values = request.headers().get_all(name).iter();
            *place = values.next().map(|value| value.as_bytes());
            if values.next().is_some() {
                return None;
            }
        }
        let asked = Self { view, path: request.uri().path(), headers };
        (asked.len() <= MAX_KEY_BYTES).then_some(asked)
    }

    fn len(&self) -> usize {
        self.path.len() + self.headers.iter().flatten().map(|value| value.len()).sum::<usize>()
    }
}

impl Equivalent<Key> for Asked<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        *self == key.asked()
    }
}

/// What an answer is kept under; made from a request before a route consumes it.
#[derive(Clone, Debug)]
pub struct Key {
    view: u64,
    path: Box<str>,
    headers: [Option<Box<[u8]>>; DEPENDS_ON],
}

impl Key {
    /// `None` for a request whose answer is never kept.
    pub fn of<B>(engine: &Engine, request: &Request<B>) -> Option<Self> {
        Self::seen_by(engine.view_number(), request)
    }

    fn seen_by<B>(view: u64, request: &Request<B>) -> Option<Self> {
        let Asked { path, headers, .. } = Asked::of(view, request)?;
        Some(Self { view, path: path.into(), headers: headers.map(|value| value.map(Box::from)) })
    }

    fn asked(&self) -> Asked<'_> {
        let headers = self.headers.each_ref().map(Option::as_deref);
        Asked { view: self.view, path: &self.path, headers }
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.asked() == other.asked()
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.asked().hash(state);
    }
}

#[derive(Debug)]
struct Kept {
    /// Holds the place in memory, so that no later state has the same address.
    state: Weak<Snapshot>,
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

#[derive(Clone, Debug)]
struct ByBytes;

impl Weighter<Key, Arc<Kept>> for ByBytes {
    fn weight(&self, key: &Key, kept: &Arc<Kept>) -> u64 {
        (key.asked().len() + kept.body.len() + ENTRY_OVERHEAD) as u64
    }
}

/// The answers that are kept, within a budget of bytes.
#[derive(Debug)]
pub struct Ready {
    kept: Cache<Key, Arc<Kept>, ByBytes>,
    given: AtomicU64,
}

impl Ready {
    /// Keeps answers of at most `bytes` together.
    pub fn new(bytes: u64) -> Self {
        let items = (bytes / COMMON_BYTES).max(64) as usize;
        Self { kept: Cache::with_weighter(items, bytes, ByBytes), given: AtomicU64::new(0) }
    }

    /// How often an answer was given again.
    pub fn given(&self) -> u64 {
        self.given.load(Ordering::Relaxed)
    }

    /// The answer to a request, when it is ready.
    pub fn answer<B>(&self, engine: &Engine, request: &Request<B>) -> Option<Response> {
        let kept = self.kept.get(&Asked::of(engine.view_number(), request)?)?;
        if !engine.is_current(&kept.state) {
            return None;
        }
        self.given.fetch_add(1, Ordering::Relaxed);
        if kept.status != StatusCode::NOT_MODIFIED {
            engine.count_kept_tile();
        }
        let mut response = Response::new(Body::from(kept.body.clone()));
        *response.status_mut() = kept.status;
        response.headers_mut().clone_from(&kept.headers);
        Some(response)
    }

    /// Keeps an answer that is marked, if `state`, which was current before it was made, still is.
    pub fn keep(&self, engine: &Engine, key: Key, state: &Arc<Snapshot>, response: &mut Response) {
        let Some(OfTheState { body }) = response.extensions_mut().remove() else { return };
        let state = Arc::downgrade(state);
        if engine.is_current(&state) && varies_by_what_is_known(response.headers()) {
            let (status, headers) = (response.status(), response.headers().clone());
            self.kept.insert(key, Arc::new(Kept { state, status, headers, body }));
        }
    }
}

fn varies_by_what_is_known(headers: &HeaderMap) -> bool {
    let names = headers.get_all(header::VARY).iter();
    names
        .flat_map(|value| value.to_str().unwrap_or("*").split(','))
        .all(|name| VARIES.iter().any(|known| name.trim().eq_ignore_ascii_case(known)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::*;

    fn request(method: &str, uri: &str, headers: &[(&str, &str)]) -> Request<()> {
        let builder = Request::builder().method(method).uri(uri);
        let builder =
            headers.iter().fold(builder, |builder, (name, value)| builder.header(*name, *value));
        builder.body(()).unwrap()
    }

    #[test]
    fn requests_share_an_answer_only_if_all_that_it_depends_on_is_the_same() {
        let usual = request("GET", "/xyz/a/1/2/3.mvt", &[("accept-encoding", "gzip")]);
        let key = Key::seen_by(1, &usual).unwrap();
        for (other, shares) in [
            (request("GET", "/xyz/a/1/2/3.mvt", &[("accept-encoding", "gzip")]), true),
            (
                request("GET", "/xyz/a/1/2/3.mvt", &[("origin", "x"), ("accept-encoding", "gzip")]),
                true,
            ),
            (request("GET", "/xyz/a/1/2/4.mvt", &[("accept-encoding", "gzip")]), false),
            (request("GET", "/xyz/a/1/2/3.mvt", &[("accept-encoding", "zstd")]), false),
            (request("GET", "/xyz/a/1/2/3.mvt", &[]), false),
            (request("GET", "/xyz/a/1/2/3.mvt", &[("accept", "gzip")]), false),
            (
                request(
                    "GET",
                    "/xyz/a/1/2/3.mvt",
                    &[("accept-encoding", "gzip"), ("if-none-match", "\"a\"")],
                ),
                false,
            ),
        ] {
            let asked = Asked::of(1, &other).unwrap();
            assert_eq!(asked.equivalent(&key), shares, "{other:?}");
            assert_eq!(Key::seen_by(1, &other).unwrap() == key, shares, "{other:?}");
            let elsewhere = Asked::of(2, &other).unwrap();
            assert!(!elsewhere.equivalent(&key), "another view shares nothing: {other:?}");
        }
    }

    #[test]
    fn what_depends_on_more_is_never_looked_up() {
        let long = format!("/{}", "a".repeat(MAX_KEY_BYTES));
        for never in [
            request("HEAD", "/xyz/a/1/2/3.mvt", &[]),
            request("POST", "/xyz/a/1/2/3.mvt", &[]),
            request("GET", "/xyz/a/1/2/3.mvt?as-of=2025-01-01", &[]),
            request("GET", "/xyz/a/1/2/3.mvt?", &[]),
            request("GET", "/", &[("accept-encoding", "gzip"), ("accept-encoding", "zstd")]),
            request("GET", &long, &[]),
        ] {
            assert!(Asked::of(1, &never).is_none(), "{never:?}");
        }
    }

    #[test]
    fn an_answer_that_varies_by_anything_else_is_not_kept() {
        for (vary, known) in [
            (vec![], true),
            (vec!["Accept-Encoding", "Origin"], true),
            (vec!["Accept, accept-encoding"], true),
            (vec!["Accept-Encoding, Accept-Language"], false),
            (vec!["Accept-Encoding", "*"], false),
        ] {
            let mut headers = HeaderMap::new();
            for value in &vary {
                headers.append(header::VARY, value.parse().unwrap());
            }
            assert_eq!(varies_by_what_is_known(&headers), known, "{vary:?}");
        }
    }
}
