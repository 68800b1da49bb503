//! Answers that are ready: whole answers, given again as long as the state is the same.
//!
//! *Invariants:* only what a route marks with [`OfTheState`] is kept. It is given to those who may read
//! the same, who ask for the same target with the same body and the same headers of [`HEADERS`], while
//! the very state that it was made from is the current one: so it is what the route would answer, 304
//! included. What depends on the clock is kept for [`MOMENT_MS`] alone.

use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, header};
use axum::response::Response;
use engine::{Engine, now};
use http_body_util::BodyExt;
use quick_cache::sync::Cache;
use quick_cache::{Equivalent, Weighter};
use spatial::{Snapshot, Timestamp};

use crate::access::Standing;
use crate::actor::Actor;
use crate::exports::Looked;
use crate::seen::Seen;

/// Number of [`HEADERS`].
const DEPENDS_ON: usize = 9;
/// Headers of a request that a kept answer may depend on: what is wanted, and what links begin with.
const HEADERS: [HeaderName; DEPENDS_ON] = [
    header::ACCEPT,
    header::ACCEPT_ENCODING,
    header::IF_NONE_MATCH,
    header::CONTENT_TYPE,
    header::HOST,
    header::FORWARDED,
    HeaderName::from_static("x-forwarded-proto"),
    HeaderName::from_static("x-forwarded-host"),
    HeaderName::from_static("x-forwarded-prefix"),
];
/// What the `Vary` of a kept answer may name. Every origin is answered alike; that is said for
/// caches in between, which know an answer without `Origin` from others.
const VARIES: [&str; 3] = ["accept", "accept-encoding", "origin"];
/// Longest target and headers together that are looked up, in bytes.
const MAX_KEY_BYTES: usize = 2048;
/// Longest body of a question that is looked up, in bytes.
pub const MAX_QUESTION_BYTES: u64 = 16 << 10;
/// Longest body of an answer that is kept, in bytes: a page of ten thousand clues.
const MAX_ANSWER_BYTES: u64 = 10_000_000;
/// How long an answer holds that depends on the clock, in milliseconds.
const MOMENT_MS: i64 = 1_000;
/// Bytes of an entry beside key and body: headers, links and hash.
const ENTRY_OVERHEAD: usize = 1024;
/// Size of a common tile: it sizes the table, not the budget.
const COMMON_BYTES: u64 = 20_000;

/// Marks an answer (an extension of it) that depends on what [`Key`] holds and on the current state,
/// and on nothing else but perhaps the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfTheState {
    /// A tile.
    Tile,
    /// An answer to a question that is the same at any time.
    Timeless,
    /// One that would say something else at another time.
    Now,
}

impl OfTheState {
    /// An answer that is the same at any time if `is_timeless`.
    pub fn timeless_if(is_timeless: bool) -> Self {
        if is_timeless { Self::Timeless } else { Self::Now }
    }
}

/// Who asks, as far as answers differ by it: by what view, and of accounts the actor stands beside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Asker {
    /// Whoever has the view: tiles are alike for all of them.
    Anyone(u64),
    Local(u64),
    Anonymous(u64),
    Known(u64),
}

/// What a request asks for, as far as a kept answer depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Asked<'a> {
    asker: Asker,
    actor: Option<&'a Actor>,
    target: &'a str,
    /// Of POST; GET has none.
    body: Option<&'a [u8]>,
    headers: [Option<&'a [u8]>; DEPENDS_ON],
}

impl<'a> Asked<'a> {
    /// `None` for what is never kept, such as a request with a header twice.
    fn of<B>(request: &'a Request<B>, body: Option<&'a Bytes>, sender: Sender<'a>) -> Option<Self> {
        let is_asked = match *request.method() {
            Method::GET => body.is_none(),
            Method::POST => body.is_some(),
            _ => false,
        };
        if !is_asked {
            return None;
        }
        let mut headers = [None; DEPENDS_ON];
        for (name, value) in request.headers() {
            if let Some(place) = HEADERS.iter().position(|known| known == name)
                && headers[place].replace(value.as_bytes()).is_some()
            {
                return None;
            }
        }
        let target = request.uri().path_and_query()?.as_str();
        let asker = sender.asker()?;
        let actor = sender.standing.account().filter(|_| matches!(asker, Asker::Known(_)));
        let asked = Self { asker, actor, target, body: body.map(|body| &**body), headers };
        (asked.len() <= MAX_KEY_BYTES).then_some(asked)
    }

    /// Bytes of target and headers.
    fn len(&self) -> usize {
        self.target.len() + self.headers.iter().flatten().map(|value| value.len()).sum::<usize>()
    }
}

impl Equivalent<Key> for Asked<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        *self == key.asked()
    }
}

/// Who sends a request, and what there is for the answer.
#[derive(Clone, Copy, Debug)]
pub struct Sender<'a> {
    /// Who.
    pub standing: &'a Standing,
    /// The number of the view that is answered by.
    pub view: u64,
    /// Whether a tile or the like is asked for, which is alike for everyone with the view.
    pub is_drawn: bool,
}

impl Sender<'_> {
    fn asker(self) -> Option<Asker> {
        let Self { standing, view, is_drawn } = self;
        match standing {
            _ if is_drawn => Some(Asker::Anyone(view)),
            Standing::Local => Some(Asker::Local(view)),
            Standing::Anonymous => Some(Asker::Anonymous(view)),
            Standing::Known(_) => Some(Asker::Known(view)),
            Standing::Refused(_) => None,
        }
    }
}

/// What an answer is kept under; made from a request before a route consumes it.
#[derive(Clone, Debug)]
pub struct Key {
    asker: Asker,
    actor: Option<Box<Actor>>,
    target: Box<str>,
    body: Option<Bytes>,
    headers: [Option<Box<[u8]>>; DEPENDS_ON],
}

impl Key {
    /// `None` for a request whose answer is never kept. `body` is that of a question by POST.
    pub fn of<B>(request: &Request<B>, body: Option<&Bytes>, sender: Sender<'_>) -> Option<Self> {
        Some(Self::made_of(Asked::of(request, body, sender)?, body))
    }

    fn made_of(asked: Asked<'_>, body: Option<&Bytes>) -> Self {
        let Asked { asker, actor, target, headers, .. } = asked;
        let actor = actor.cloned().map(Box::new);
        let headers = headers.map(|value| value.map(Box::from));
        Self { asker, actor, target: target.into(), body: body.cloned(), headers }
    }

    fn asked(&self) -> Asked<'_> {
        let headers = self.headers.each_ref().map(Option::as_deref);
        let (asker, actor) = (self.asker, self.actor.as_deref());
        let (target, body) = (&*self.target, self.body.as_deref());
        Asked { asker, actor, target, body, headers }
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

/// An answer that is kept.
#[derive(Debug)]
pub struct Kept {
    /// Holds the place in memory, so that no later state has the same address.
    state: Weak<Snapshot>,
    /// It is given before this moment.
    until: Option<Timestamp>,
    is_tile: bool,
    /// What is counted each time that it is given.
    looked: Option<Looked>,
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Kept {
    /// Whether it is what a handle of the engine answers now.
    pub fn holds(&self, engine: &Engine) -> bool {
        engine.is_current(&self.state) && self.until.is_none_or(|until| now() < until)
    }

    /// Its status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Its body.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The answer once more.
    pub fn response(&self) -> Response {
        let mut response = Response::new(Body::from(self.body.clone()));
        *response.status_mut() = self.status;
        response.headers_mut().clone_from(&self.headers);
        if let Some(looked) = self.looked {
            response.extensions_mut().insert(looked);
        }
        response
    }

    /// The ground that whoever is given it has looked at, where that is counted.
    pub fn looked(&self) -> Option<Looked> {
        self.looked
    }
}

#[derive(Clone, Debug)]
struct ByBytes;

impl Weighter<Key, Arc<Kept>> for ByBytes {
    fn weight(&self, key: &Key, kept: &Arc<Kept>) -> u64 {
        let question = key.body.as_ref().map_or(0, Bytes::len);
        (key.asked().len() + question + kept.body.len() + ENTRY_OVERHEAD) as u64
    }
}

/// The answers that are kept, within a budget of bytes.
#[derive(Debug)]
pub struct Ready {
    kept: Cache<Key, Arc<Kept>, ByBytes>,
    seen: Seen,
    given: AtomicU64,
    repeated: AtomicU64,
    anew: AtomicU64,
}

impl Ready {
    /// Keeps answers of at most `bytes` together.
    pub fn new(bytes: u64) -> Self {
        let items = (bytes / COMMON_BYTES).max(64) as usize;
        let kept = Cache::with_weighter(items, bytes, ByBytes);
        let (seen, given, repeated, anew) = Default::default();
        Self { kept, seen, given, repeated, anew }
    }

    /// How often an answer was given again.
    pub fn given(&self) -> u64 {
        self.given.load(Ordering::Relaxed)
    }

    /// How often among these the request came byte for byte like one before.
    pub fn repeated(&self) -> u64 {
        self.repeated.load(Ordering::Relaxed)
    }

    /// How often a request came byte for byte like one before whose answer was of another state.
    pub fn anew(&self) -> u64 {
        self.anew.load(Ordering::Relaxed)
    }

    /// The answer to a request, when it is ready. `engine` sees what the sender sees.
    pub fn answer<B>(
        &self,
        engine: &Engine,
        (request, body): (&Request<B>, Option<&Bytes>),
        sender: Sender<'_>,
    ) -> Option<Arc<Kept>> {
        let kept = self.kept.get(&Asked::of(request, body, sender)?)?;
        if !kept.holds(engine) {
            return None;
        }
        self.count(engine, &kept);
        Some(kept)
    }

    /// What the answer to a request is to be kept under: of what is drawn, and of what was asked lately.
    /// `body` is that of a question by POST.
    pub fn key<B>(
        &self,
        (request, body): (&Request<B>, Option<&Bytes>),
        sender: Sender<'_>,
    ) -> Option<Key> {
        let asked = Asked::of(request, body, sender)?;
        let is_kept = sender.is_drawn || self.seen.asked(&asked);
        is_kept.then(|| Key::made_of(asked, body))
    }

    /// Counts an answer to a request that came byte for byte like one before.
    pub fn count_repeated(&self, engine: &Engine, kept: &Kept) {
        self.repeated.fetch_add(1, Ordering::Relaxed);
        self.count(engine, kept);
    }

    /// Counts a question that was asked once more without being read again.
    pub fn count_anew(&self) {
        self.anew.fetch_add(1, Ordering::Relaxed);
    }

    fn count(&self, engine: &Engine, kept: &Kept) {
        self.given.fetch_add(1, Ordering::Relaxed);
        if kept.is_tile && kept.status != StatusCode::NOT_MODIFIED {
            engine.count_kept_tile();
        }
    }

    /// Keeps an answer that is marked, if `state`, which was current before it was made, still is;
    /// gives the answer back, and what is kept of it.
    pub async fn keep(
        &self,
        engine: &Engine,
        key: Key,
        state: &Arc<Snapshot>,
        mut response: Response,
    ) -> (Response, Option<Arc<Kept>>) {
        let mark: Option<OfTheState> = response.extensions_mut().remove();
        let Some(mark) = mark else { return (response, None) };
        let state = Arc::downgrade(state);
        let size = response.body().size_hint().exact();
        let is_kept = engine.is_current(&state)
            && size.is_some_and(|size| size <= MAX_ANSWER_BYTES)
            && varies_by_what_is_known(response.headers());
        if !is_kept {
            return (response, None);
        }
        let until = match mark {
            OfTheState::Tile | OfTheState::Timeless => None,
            OfTheState::Now => Some(Timestamp(now().0.saturating_add(MOMENT_MS))),
        };
        let (head, body) = response.into_parts();
        // It is in memory already: nothing is waited for, nothing copied.
        let Ok(body) = body.collect().await.map(http_body_util::Collected::to_bytes) else {
            return (Response::from_parts(head, Body::empty()), None);
        };
        let (status, headers) = (head.status, head.headers.clone());
        let is_tile = mark == OfTheState::Tile;
        let looked = head.extensions.get().copied();
        let kept = Kept { state, until, is_tile, looked, status, headers, body: body.clone() };
        let kept = Arc::new(kept);
        self.kept.insert(key, Arc::clone(&kept));
        (Response::from_parts(head, Body::from(body)), Some(kept))
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

    const PATH: &str = "/xyz/a/1/2/3.mvt";
    const ANYONE: Sender<'static> = Sender { standing: &Standing::Local, view: 1, is_drawn: true };

    fn request(method: &str, uri: &str, headers: &[(&str, &str)]) -> Request<()> {
        let builder = Request::builder().method(method).uri(uri);
        let builder =
            headers.iter().fold(builder, |builder, (name, value)| builder.header(*name, *value));
        builder.body(()).unwrap()
    }

    #[track_caller]
    fn check_shares(
        (one, body, sender): (&Request<()>, Option<&Bytes>, Sender<'_>),
        key: &Key,
        shares: bool,
    ) {
        let asked = Asked::of(one, body, sender).unwrap();
        assert_eq!(asked.equivalent(key), shares, "{one:?} {body:?} {sender:?}");
        assert_eq!(Key::of(one, body, sender).unwrap() == *key, shares, "{one:?}");
    }

    #[test]
    fn requests_share_an_answer_only_if_all_that_it_depends_on_is_the_same() {
        let key = Key::of(&request("GET", PATH, &[("accept-encoding", "gzip")]), None, ANYONE);
        let key = key.unwrap();
        for (uri, headers, shares) in [
            (PATH, &[("accept-encoding", "gzip")][..], true),
            (PATH, &[("origin", "x"), ("accept-encoding", "gzip")], true),
            ("/xyz/a/1/2/4.mvt", &[("accept-encoding", "gzip")], false),
            ("/xyz/a/1/2/3.mvt?as-of=2025-01-01", &[("accept-encoding", "gzip")], false),
            (PATH, &[("accept-encoding", "zstd")], false),
            (PATH, &[], false),
            (PATH, &[("accept", "gzip")], false),
            (PATH, &[("accept-encoding", "gzip"), ("if-none-match", "\"a\"")], false),
            (PATH, &[("accept-encoding", "gzip"), ("host", "other.example")], false),
            (PATH, &[("accept-encoding", "gzip"), ("x-forwarded-proto", "https")], false),
        ] {
            check_shares((&request("GET", uri, headers), None, ANYONE), &key, shares);
        }
    }

    #[test]
    fn a_question_is_shared_by_those_who_may_read_the_same() {
        let (asked, body) = (request("POST", "/search", &[]), Bytes::from("{}"));
        let local = Sender { is_drawn: false, ..ANYONE };
        let key = Key::of(&asked, Some(&body), local).unwrap();
        let other = Bytes::from("{} ");
        check_shares((&asked, Some(&body), local), &key, true);
        check_shares((&asked, Some(&other), local), &key, false);
        let higher = Sender { view: 2, ..local };
        check_shares((&asked, Some(&body), higher), &key, false);
        let anonymous = Sender { standing: &Standing::Anonymous, ..local };
        check_shares((&asked, Some(&body), anonymous), &key, false);
        let refused = Standing::Refused(crate::access::TokenFault::Unknown);
        let refused = Sender { standing: &refused, ..local };
        assert!(Key::of(&asked, Some(&body), refused).is_none());
    }

    #[test]
    fn what_depends_on_more_is_never_looked_up() {
        let long = format!("/{}", "a".repeat(MAX_KEY_BYTES));
        for never in [
            request("HEAD", PATH, &[]),
            request("POST", PATH, &[]),
            request("GET", "/", &[("accept-encoding", "gzip"), ("accept-encoding", "zstd")]),
            request("GET", &long, &[]),
        ] {
            assert!(Asked::of(&never, None, ANYONE).is_none(), "{never:?}");
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
