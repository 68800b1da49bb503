//! Requests that come again byte for byte: one stands with the answer that it got, so that it need not be
//! taken apart and the answer not be put together again.
//!
//! *Invariants:* a request leads to nothing but an answer that [`Ready`](crate::ready::Ready) keeps, and
//! only while that is what its sender would be given: the token is looked up, the view worked out and
//! the ground counted as for any other request. Only GET without a body is here, and questions by POST whose
//! body is known whole. Where the answer is of another state by now, there is the question as HTTP read it, unless
//! something drawn was asked for, or a token came in the URL.

use std::io::Write;
use std::net::IpAddr;
use std::sync::{Arc, Weak};

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, Version, header};
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::access::{Standing, UrlToken};
use crate::door::{Door, Place};
use crate::front::READ_BYTES;
use crate::ready::{Kept, Sender};

/// Longest head that is looked up, in bytes.
const MAX_HEAD_BYTES: usize = 4096;
/// Memory for requests, and for the heads of their answers, in bytes.
const BUDGET: u64 = 16 << 20;
/// Bytes of an entry beside its texts.
const ENTRY_OVERHEAD: usize = 256;
/// The same of one with its question.
const QUESTION_OVERHEAD: usize = 1024;
/// Size of a common entry: it sizes the table, not the budget.
const COMMON_BYTES: u64 = 1024;

/// An answer, ready to be written.
#[derive(Clone, Debug)]
pub struct Again {
    /// Status line and header lines but for `date`, without the empty line at their end.
    pub head: Bytes,
    /// What follows.
    pub body: Bytes,
}

impl Again {
    /// Of an answer with a body in memory.
    pub fn of(status: StatusCode, headers: &HeaderMap, body: &Bytes) -> Self {
        Self { head: written(status, headers, body.len()), body: body.clone() }
    }
}

/// A request as HTTP read it, and as it is once its token was taken out.
#[derive(Debug)]
pub struct Question {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    /// Of POST.
    pub body: Option<Bytes>,
}

impl Question {
    /// `None` where a token came in the URL. `body` is that of a question by POST, in memory of its own.
    pub fn of<B>(request: &Request<B>, body: Option<&Bytes>) -> Option<Self> {
        let is_free = request.extensions().get::<UrlToken>().is_none();
        // Copies: those of the request hold all that was read from the socket with it.
        let copied = |(name, value): (&HeaderName, &HeaderValue)| {
            Some((name.clone(), HeaderValue::from_bytes(value.as_bytes()).ok()?))
        };
        is_free.then_some(Self {
            method: request.method().clone(),
            uri: request.uri().to_string().parse().ok()?,
            headers: request.headers().iter().map(copied).collect::<Option<_>>()?,
            body: body.cloned(),
        })
    }

    /// The request once more.
    pub fn request(&self) -> Request {
        let mut request = Request::new(self.body.clone().map_or_else(Body::empty, Body::from));
        request.method_mut().clone_from(&self.method);
        request.uri_mut().clone_from(&self.uri);
        request.headers_mut().clone_from(&self.headers);
        request
    }
}

/// What a request stands for.
#[derive(Debug)]
pub struct Repeat {
    /// As long as it is kept.
    kept: Weak<Kept>,
    standing: Standing,
    /// Where from: with its head it says which client it is, also behind a proxy.
    peer: IpAddr,
    /// The number of the view that it was answered by.
    view: u64,
    is_drawn: bool,
    head: Bytes,
    /// What is asked where the answer holds no more.
    pub question: Option<Arc<Question>>,
}

impl Repeat {
    /// Who sent it.
    pub fn sender(&self) -> Sender<'_> {
        Sender { standing: &self.standing, view: self.view, is_drawn: self.is_drawn }
    }
}

/// What is known of a request that came before.
#[derive(Debug)]
pub enum Found {
    /// The answer that it got, which holds.
    Again(Again),
    /// Who is to be asked its question.
    Question(Arc<Place>, Arc<Repeat>),
}

#[derive(Clone, Debug)]
struct ByBytes;

impl Weighter<Box<[u8]>, Arc<Repeat>> for ByBytes {
    fn weight(&self, asked: &Box<[u8]>, repeat: &Arc<Repeat>) -> u64 {
        // Headers that were read are about as long as they came, and the places of each beside them.
        let question = repeat.question.as_ref().map_or(0, |_| asked.len() + QUESTION_OVERHEAD);
        (asked.len() + repeat.head.len() + question + ENTRY_OVERHEAD) as u64
    }
}

/// The requests that are known: their heads, empty line included, and their bodies.
#[derive(Debug)]
pub struct Repeats(Cache<Box<[u8]>, Arc<Repeat>, ByBytes>);

impl Default for Repeats {
    fn default() -> Self {
        Self(Cache::with_weighter((BUDGET / COMMON_BYTES) as usize, BUDGET, ByBytes))
    }
}

/// A request whose answer is kept, as far as it matters when it comes again.
#[derive(Clone, Debug)]
pub struct Answered<'a> {
    /// Who sent it.
    pub sender: Sender<'a>,
    /// From where.
    pub peer: IpAddr,
    /// What was given.
    pub kept: &'a Arc<Kept>,
    /// What was asked.
    pub question: Option<Arc<Question>>,
}

impl Repeats {
    /// What a request stands for, if that is known.
    pub fn find(&self, door: &Door, peer: IpAddr, request: &[u8]) -> Option<Found> {
        let repeat = self.0.get(request).filter(|repeat| repeat.peer == peer)?;
        let app = door.app();
        let access = &app.settings.access;
        if !access.still_stands(&repeat.standing) || !access.lets_read(&repeat.standing) {
            return None;
        }
        let view = access.view(&repeat.standing);
        let view = if repeat.is_drawn { view.drawn() } else { view };
        let place = door.open_place(&view)?;
        let app = &place.app;
        if app.engine.view_number() != repeat.view {
            return None;
        }
        let Some(kept) = repeat.kept.upgrade().filter(|kept| kept.holds(&app.engine)) else {
            let is_asked = repeat.question.is_some();
            return is_asked.then(|| Found::Question(place.into_owned(), repeat));
        };
        if kept.looked().is_some_and(|looked| !app.has_looked(&repeat.standing, looked)) {
            return None;
        }
        app.answers.add(kept.status());
        app.ready.count_repeated(&app.engine, &kept);
        Some(Found::Again(Again { head: repeat.head.clone(), body: kept.body().clone() }))
    }

    /// Keeps what a request of these bytes, its head and its body, was answered.
    pub fn keep(&self, request: Vec<u8>, answered: Answered<'_>, again: Again) {
        let Answered { sender, peer, kept, question } = answered;
        let Sender { standing, view, is_drawn } = sender;
        let repeat = Repeat {
            kept: Arc::downgrade(kept),
            standing: standing.clone(),
            peer,
            view,
            is_drawn,
            head: again.head,
            question,
        };
        self.0.insert(request.into(), Arc::new(repeat));
    }
}

/// Whether a request with this head and body may be known by them: one that could not be told from its
/// neighbours, or that asks anything of the connection, may not.
pub fn may_repeat<B>(request: &Request<B>, head: &[u8], body: Option<&Bytes>) -> bool {
    let headers = request.headers();
    let has = |name: &HeaderName| headers.contains_key(name);
    let kept_alive = |value: &[u8]| value.eq_ignore_ascii_case(b"keep-alive");
    let asks_of_connection =
        headers.get_all(header::CONNECTION).iter().any(|value| !kept_alive(value.as_bytes()))
            || [header::UPGRADE, header::EXPECT, header::TRANSFER_ENCODING].iter().any(has);
    let is_plain = match *request.method() {
        Method::GET => body.is_none() && !has(&header::CONTENT_LENGTH),
        Method::POST => body.is_some() && has(&header::CONTENT_LENGTH),
        _ => false,
    };
    (1..=MAX_HEAD_BYTES).contains(&head.len())
        && head.len() + body.map_or(0, Bytes::len) <= READ_BYTES
        && request.version() == Version::HTTP_11
        && is_plain
        && !asks_of_connection
}

/// The lines of an answer before its date.
fn written(status: StatusCode, headers: &HeaderMap, length: usize) -> Bytes {
    let mut head = Vec::with_capacity(256);
    let reason = status.canonical_reason().unwrap_or_default();
    // Writing to memory does not fail.
    let _ = write!(head, "HTTP/1.1 {} {reason}\r\n", status.as_str());
    for (name, value) in headers {
        head.extend_from_slice(name.as_str().as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    let has_body = !matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    if has_body && !headers.contains_key(header::CONTENT_LENGTH) {
        let _ = write!(head, "content-length: {length}\r\n");
    }
    head.into()
}
