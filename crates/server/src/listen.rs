//! Accepting connections: limits on headers, a bound on open connections, and a clean end.

use std::borrow::Cow;
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request};
use axum::http::{Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tower::ServiceExt;

use crate::access::{Standing, is_question};
use crate::connection_timer::ConnectionTimer;
use crate::door::{Door, Place};
use crate::front::{Front, Told, Turn};
use crate::problem::{Code, Problem};
use crate::ready::{Kept, Key, MAX_QUESTION_BYTES, Sender};
use crate::repeats::{Answered, Repeats, may_repeat};
use crate::routes;
use crate::sender;
use crate::state::App;

/// Longest request head, request line and headers together, in bytes.
pub const MAX_HEAD_BYTES: usize = 32 * 1024;
/// Most connections at a time; more wait to be accepted.
const MAX_CONNECTIONS: usize = 4096;
/// A client that has not sent its headers by then is let go.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// Deadlines of a connection may be so late.
const STEP: Duration = Duration::from_secs(2);
/// How long running requests may go on after the server was asked to end.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);
/// Pause after a failed accept, such as when file descriptors have run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Answers on `listener` until `shutdown` ends, then lets running requests finish.
pub async fn serve(listener: TcpListener, app: Arc<App>, shutdown: impl Future<Output = ()>) {
    let door = Arc::new(Door::new(&app));
    let repeats = Arc::new(Repeats::default());
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let (end, ending) = watch::channel(false);
    let mut shutdown = pin!(shutdown);
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { break };
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "connection not accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            },
            () = &mut shutdown => break,
        };
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY not set");
        }
        let turn = Arc::new(Turn::default());
        let unused = never_asked(ending.clone(), Arc::clone(&turn));
        let (knows, known) = (Arc::clone(&door), Arc::clone(&repeats));
        let front = Front::new(stream, Arc::clone(&turn), move |request: &[u8]| {
            known.answer(&knows, peer.ip(), request)
        });
        let (door, repeats, its) = (Arc::clone(&door), Arc::clone(&repeats), Arc::clone(&turn));
        let service = hyper::service::service_fn(move |request: hyper::Request<Incoming>| {
            let head = its.asked(request.body().size_hint().exact());
            let (door, repeats, its) = (Arc::clone(&door), Arc::clone(&repeats), Arc::clone(&its));
            async move {
                let response = answer(&door, (peer, &repeats), request, &head).await?;
                Ok::<_, Infallible>(response.map(|body| Told::new(body, its)))
            }
        });
        let (timer, mut steps) = ConnectionTimer::new(STEP);
        let connection = http1::Builder::new()
            .timer(timer)
            .header_read_timeout(HEADER_TIMEOUT)
            .max_buf_size(MAX_HEAD_BYTES)
            .serve_connection(front, service);
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            let (mut connection, mut unused) = (pin!(connection), pin!(unused));
            let ended = poll_fn(|context| {
                // Who has asked once is not asked about again with every request.
                if !turn.was_asked() && unused.as_mut().poll(context).is_ready() {
                    return Poll::Ready(Ok(()));
                }
                steps.poll(context, || turn.was_busy());
                connection.as_mut().poll(context)
            });
            if let Err(error) = ended.await {
                tracing::debug!(%error, "connection ended early");
            }
            drop(place);
        });
    }
    drop(listener);
    end.send_replace(true);
    if tokio::time::timeout(DRAIN_TIMEOUT, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests still ran when the server ended");
    }
    app.tallies.settle(&app.engine).await;
}

/// Ends when the server ends and no whole request ever came over the connection. Browsers open
/// such connections ahead of need; the end must not wait for them.
async fn never_asked(mut ending: watch::Receiver<bool>, turn: Arc<Turn>) {
    let ended = ending.wait_for(|ended| *ended).await.is_ok();
    if !ended || turn.was_asked() {
        std::future::pending().await
    }
}

/// Answers a request. `head` is how it came, where that is known: the next like it is known by it.
async fn answer(
    door: &Door,
    (peer, repeats): (SocketAddr, &Repeats),
    mut request: hyper::Request<Incoming>,
    head: &[u8],
) -> Result<Response, Infallible> {
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
            Err(error) => return Ok(Problem::from(error).into_response()),
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
    let (mut response, mut repeat) = match ready {
        Some(kept) => {
            app.answers.add(kept.status());
            let may_repeat = may_repeat(&request, head, None);
            (kept.response(), may_repeat.then_some((kept, Bytes::new())))
        }
        // In a box, so that what is ready needs no room for it.
        None => Box::pin(place.answer((peer, &standing), (request, head), sender)).await?,
    };
    if let Some((who, uri)) = looks
        && let Some(looked) = response.extensions().get().copied()
        && let Err(limit) = app.look(&who, looked).await
    {
        response = routes::in_their_form(uri.path(), limit.into_response());
        repeat = None;
    }
    access.keep_private(&standing, response.headers_mut());
    if let Some((kept, body)) = &repeat {
        let (peer, headers) = (peer.ip(), response.headers());
        repeats.keep(head, body, Answered { sender, peer, kept, headers });
    }
    Ok(response)
}

impl Place {
    /// Answers what is not ready, or a question whose body says whether it is; keeps the answer. `head` is how
    /// the request came; gives what the next like it is answered, and its body, where that was ready.
    async fn answer(
        &self,
        (peer, standing): (SocketAddr, &Standing),
        (request, head): (hyper::Request<Incoming>, &[u8]),
        sender: Sender<'_>,
    ) -> Result<(Response, Option<(Arc<Kept>, Bytes)>), Infallible> {
        let ready = &self.app.ready;
        let lets_read = self.app.settings.access.lets_read(standing);
        let (mut request, body) = match lets_read && is_short_question(&request) {
            false => (request.map(Body::new), None),
            true => match self.read(request).await {
                Ok((request, body)) => (request, Some(body)),
                Err(problem) => return Ok((problem.into_response(), None)),
            },
        };
        let engine = &self.app.engine;
        if let Some(body) = &body
            && let Some(kept) = ready.answer(engine, (&request, Some(body)), sender)
        {
            self.app.answers.add(kept.status());
            let may_repeat = may_repeat(&request, head, Some(body));
            return Ok((kept.response(), may_repeat.then(|| (kept, body.clone()))));
        }
        let key = lets_read.then(|| Key::of(&request, body.as_ref(), sender)).flatten();
        let state = engine.snapshot();
        request.extensions_mut().insert(standing.clone());
        request.extensions_mut().insert(ConnectInfo(peer));
        if let Some(uri) = with_one_slash(request.uri()) {
            *request.uri_mut() = uri;
        }
        let mut response = self.router.clone().oneshot(request).await?;
        // The router gives every answer to HEAD a length, also where RFC 9110 §8.6 forbids one.
        if matches!(response.status(), StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
            response.headers_mut().remove(header::CONTENT_LENGTH);
        }
        let response = match key {
            Some(key) => ready.keep(engine, key, &state, response).await,
            None => response,
        };
        Ok((response, None))
    }

    /// A request with its body, which is short, within the time of a request.
    async fn read(&self, request: hyper::Request<Incoming>) -> Result<(Request, Bytes), Problem> {
        let limit = self.app.settings.request_timeout;
        let (head, body) = request.into_parts();
        let body = match tokio::time::timeout(limit, body.collect()).await {
            Ok(Ok(body)) => body.to_bytes(),
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
