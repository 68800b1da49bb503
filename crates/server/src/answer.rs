//! Answers to requests: what is ready is given as it is, all else is asked of a route. What came before byte for
//! byte, and was answered from another state, is asked of its route again without being read again.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request};
use axum::http::{Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;
use hyper::body::{Body as _, Incoming};

use crate::access::is_question;
use crate::door::{Door, Place};
use crate::front;
use crate::problem::{Code, Problem};
use crate::ready::{Kept, Key, MAX_QUESTION_BYTES, Sender};
use crate::repeats::{Again, Answered, Found, Question, Repeat, Repeats, may_repeat};
use crate::routes;
use crate::sender;

/// What the next request like one is known by, beside its head, once an answer is kept.
struct Like {
    /// Of a question by POST.
    body: Bytes,
    /// Of what is asked again where the answer holds no more.
    question: Option<Arc<Question>>,
}

/// Answers a request. `head` is how it came, where that is known: the next like it is known by it.
pub async fn answer(
    door: &Door,
    (peer, repeats): (SocketAddr, &Repeats),
    mut request: hyper::Request<Incoming>,
    head: &[u8],
) -> Response {
    let settings = &door.app().settings;
    let access = &settings.access;
    let standing = access.admit(&mut request, |headers| settings.links.client(peer.ip(), headers));
    let is_drawn = routes::is_drawn(request.uri().path());
    let view = access.view(&standing);
    let view = if is_drawn { view.drawn() } else { view };
    let place = match door.open_place(&view) {
        Some(place) => place,
        None => match door.place_of(view).await {
            Ok(place) => Cow::Owned(place),
            Err(error) => return Problem::from(error).into_response(),
        },
    };
    let app = &place.app;
    let looks = (is_drawn && standing.account().is_some()).then(|| {
        let address = settings.links.client(peer.ip(), request.headers());
        (sender::Sender { standing: standing.clone(), address }, request.uri().clone())
    });
    let sender = Sender { standing: &standing, view: app.engine.view_number(), is_drawn };
    let ready = match access.lets_read(&standing) {
        true => app.ready.answer(&app.engine, (&request, None), sender),
        false => None,
    };
    let (mut response, mut known) = match ready {
        Some(kept) => {
            app.answers.add(kept.status());
            let like = Like::of(&request, (head, None), sender);
            (kept.response(), like.map(|like| (kept, like)))
        }
        // In a box, so that what is ready needs no room for it.
        None => Box::pin(place.answer(peer, (request, head), sender)).await,
    };
    if let Some((who, uri)) = looks
        && let Some(looked) = response.extensions().get().copied()
        && let Err(limit) = app.look(&who, looked).await
    {
        response = routes::in_their_form(uri.path(), limit.into_response());
        known = None;
    }
    access.keep_private(&standing, response.headers_mut());
    if let Some((kept, Like { body, question })) = known {
        let again = Again::of(kept.status(), response.headers(), kept.body());
        let answered = Answered { sender, peer: peer.ip(), kept: &kept, question };
        repeats.keep([head, &body].concat(), answered, again);
    }
    response
}

/// The answer to a request that came byte for byte like one before.
pub fn repeated(
    door: &Door,
    (peer, repeats): (SocketAddr, &Arc<Repeats>),
    request: &[u8],
) -> Option<front::Answer> {
    match repeats.find(door, peer.ip(), request)? {
        Found::Again(again) => Some(front::Answer::Now(again)),
        Found::Question(place, repeat) => {
            let (repeats, request) = (Arc::clone(repeats), request.to_vec());
            let asked = async move { anew(&place, (peer, &repeats), &repeat, request).await };
            Some(front::Answer::Soon(Box::pin(asked)))
        }
    }
}

/// Answers the question of a request once more: what is kept of another request that asks the same, else by
/// its route. `None` where the answer has no end that is known before; what a route marks as
/// [`OfTheState`](crate::ready::OfTheState) is answered from memory and has one.
async fn anew(
    place: &Place,
    (peer, repeats): (SocketAddr, &Repeats),
    repeat: &Repeat,
    bytes: Vec<u8>,
) -> Option<Again> {
    let question = repeat.question.as_ref()?;
    let (request, body) = (question.request(), question.body.as_ref());
    let (app, sender) = (&place.app, repeat.sender());
    let (mut response, kept) = match app.ready.answer(&app.engine, (&request, body), sender) {
        Some(kept) => {
            app.answers.add(kept.status());
            (kept.response(), Some(kept))
        }
        None => {
            app.ready.count_anew();
            let key = Key::of(&request, body, sender);
            place.routed(peer, request, (key, sender)).await
        }
    };
    app.settings.access.keep_private(sender.standing, response.headers_mut());
    let (head, body) = response.into_parts();
    body.size_hint().exact()?;
    let body = body.collect().await.ok()?.to_bytes();
    let again = Again::of(head.status, &head.headers, &body);
    if let Some(kept) = kept {
        let question = Some(Arc::clone(question));
        let answered = Answered { sender, peer: peer.ip(), kept: &kept, question };
        repeats.keep(bytes, answered, again.clone());
    }
    Some(again)
}

impl Like {
    /// `None` where no other request may be known by this one. `body` is that of a question by POST.
    fn of<B>(
        request: &Request<B>,
        (head, body): (&[u8], Option<&Bytes>),
        sender: Sender<'_>,
    ) -> Option<Self> {
        may_repeat(request, head, body).then(|| {
            let question = if sender.is_drawn { None } else { Question::of(request, body) };
            Self { body: body.cloned().unwrap_or_default(), question: question.map(Arc::new) }
        })
    }
}

impl Place {
    /// Answers what is not ready, or a question whose body says whether it is. `head` is how the request came;
    /// gives what is kept of the answer, and what the next request like it is known by.
    async fn answer(
        &self,
        peer: SocketAddr,
        (request, head): (hyper::Request<Incoming>, &[u8]),
        sender: Sender<'_>,
    ) -> (Response, Option<(Arc<Kept>, Like)>) {
        let app = &self.app;
        let lets_read = app.settings.access.lets_read(sender.standing);
        let (request, body) = match lets_read && is_short_question(&request) {
            false => (request.map(Body::new), None),
            true => match self.read(request).await {
                Ok((request, body)) => (request, Some(body)),
                Err(problem) => return (problem.into_response(), None),
            },
        };
        if body.is_some()
            && let Some(kept) = app.ready.answer(&app.engine, (&request, body.as_ref()), sender)
        {
            app.answers.add(kept.status());
            let like = Like::of(&request, (head, body.as_ref()), sender);
            return (kept.response(), like.map(|like| (kept, like)));
        }
        let key = lets_read.then(|| app.ready.key((&request, body.as_ref()), sender)).flatten();
        let like = key.as_ref().and_then(|_| Like::of(&request, (head, body.as_ref()), sender));
        let (response, kept) = self.routed(peer, request, (key, sender)).await;
        // What is drawn is known once it was asked for twice.
        (response, kept.zip(like.filter(|like| like.question.is_some())))
    }

    /// Answers by a route, and keeps the answer under `key` where it may be kept.
    async fn routed(
        &self,
        peer: SocketAddr,
        mut request: Request,
        (key, sender): (Option<Key>, Sender<'_>),
    ) -> (Response, Option<Arc<Kept>>) {
        let (engine, ready) = (&self.app.engine, &self.app.ready);
        let state = engine.snapshot();
        request.extensions_mut().insert(sender.standing.clone());
        request.extensions_mut().insert(ConnectInfo(peer));
        if let Some(uri) = with_one_slash(request.uri()) {
            *request.uri_mut() = uri;
        }
        let mut response = routes::answer(&self.app, self.router.clone(), request).await;
        // The router gives every answer to HEAD a length, also where RFC 9110 §8.6 forbids one.
        if matches!(response.status(), StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
            response.headers_mut().remove(header::CONTENT_LENGTH);
        }
        match key {
            Some(key) => ready.keep(engine, key, &state, response).await,
            None => (response, None),
        }
    }

    /// A request with its body, which is short, within the time of a request.
    async fn read(&self, request: hyper::Request<Incoming>) -> Result<(Request, Bytes), Problem> {
        let limit = self.app.settings.request_timeout;
        let (head, body) = request.into_parts();
        let body = match tokio::time::timeout(limit, body.collect()).await {
            // Whoever keeps it does not hold what was read from the socket with it.
            Ok(Ok(body)) => Bytes::copy_from_slice(&body.to_bytes()),
            Ok(Err(_)) => {
                return Err(Problem::new(Code::InvalidRequest, "the body ended before its end"));
            }
            Err(_elapsed) => {
                let detail = format!("the body did not come within {} s", limit.as_secs());
                return Err(Problem::new(Code::Timeout, detail));
            }
        };
        Ok((Request::from_parts(head, Body::from(body.clone())), body))
    }
}

/// Whether a request is a question in a short body, whose answer may be ready.
fn is_short_question(request: &hyper::Request<Incoming>) -> bool {
    let size = request.body().size_hint().exact();
    *request.method() == Method::POST
        && is_question(request.uri().path())
        && size.is_some_and(|size| size <= MAX_QUESTION_BYTES)
}

/// The URI with one slash at its start where there are more: clients join a base URL that ends in a
/// slash and a path that begins with one. `None` when there is nothing to change.
fn with_one_slash(uri: &Uri) -> Option<Uri> {
    let target = uri.path_and_query()?.as_str();
    let rest = target.strip_prefix("//")?.trim_start_matches('/');
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = format!("/{rest}").parse().ok();
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::*;

    #[test]
    fn slashes_at_the_start_of_a_path_are_one() {
        for (sent, expected) in [
            ("//conformance", Some("/conformance")),
            ("///a//b?c=//d", Some("/a//b?c=//d")),
            ("//", Some("/")),
            ("//?f=json", Some("/?f=json")),
            ("/a//b", None),
            ("/", None),
        ] {
            let changed = with_one_slash(&sent.parse().unwrap());
            assert_eq!(changed.map(|uri| uri.to_string()).as_deref(), expected, "{sent}");
        }
    }
}
