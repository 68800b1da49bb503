//! Accepting connections: limits on headers, a bound on open connections, and a clean end.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use axum::extract::{ConnectInfo, Request};
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tower::ServiceExt;

use crate::connection_timer::ConnectionTimer;
use crate::door::{Door, Place};
use crate::problem::Problem;
use crate::ready::Key;
use crate::routes;
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
        let door = Arc::clone(&door);
        let asked = Arc::new(AtomicBool::new(false));
        let was_asked = Arc::clone(&asked);
        let unused = never_asked(ending.clone(), Arc::clone(&asked));
        let service = hyper::service::service_fn(move |request: hyper::Request<_>| {
            asked.store(true, Ordering::Relaxed);
            answer(Arc::clone(&door), peer, request)
        });
        let (timer, mut steps) = ConnectionTimer::new(STEP);
        let connection = http1::Builder::new()
            .timer(timer)
            .header_read_timeout(HEADER_TIMEOUT)
            .max_buf_size(MAX_HEAD_BYTES)
            .serve_connection(TokioIo::new(stream), service);
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            let (mut connection, mut unused) = (pin!(connection), pin!(unused));
            let ended = poll_fn(|context| {
                // Who has asked once is not asked about again with every request.
                if !was_asked.load(Ordering::Relaxed) && unused.as_mut().poll(context).is_ready() {
                    return Poll::Ready(Ok(()));
                }
                steps.poll(context);
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
}

/// Ends when the server ends and no whole request ever came over the connection. Browsers open
/// such connections ahead of need; the end must not wait for them.
async fn never_asked(mut ending: watch::Receiver<bool>, asked: Arc<AtomicBool>) {
    let ended = ending.wait_for(|ended| *ended).await.is_ok();
    if !ended || asked.load(Ordering::Relaxed) {
        std::future::pending().await
    }
}

async fn answer(
    door: Arc<Door>,
    peer: SocketAddr,
    mut request: hyper::Request<hyper::body::Incoming>,
) -> Result<Response, Infallible> {
    let access = &door.app().settings.access;
    let standing = access.admit(&mut request);
    let view = access.view(&standing);
    let view = match routes::is_drawn(request.uri().path()) {
        true => view.drawn(),
        false => view,
    };
    let place = match door.place_of(view).await {
        Ok(place) => place,
        Err(error) => return Ok(Problem::from(error).into_response()),
    };
    let app = &place.app;
    if access.lets_read(&standing)
        && let Some(mut response) = app.ready.answer(&app.engine, &request)
    {
        app.answers.add(response.status());
        access.keep_private(&standing, response.headers_mut());
        return Ok(response);
    }
    request.extensions_mut().insert(standing.clone());
    // In a box, so that what is ready needs no room for it.
    let mut response = Box::pin(route(&place, peer, request.map(axum::body::Body::new))).await?;
    access.keep_private(&standing, response.headers_mut());
    Ok(response)
}

async fn route(
    place: &Place,
    peer: SocketAddr,
    mut request: Request,
) -> Result<Response, Infallible> {
    let app = &place.app;
    let (key, state) = (Key::of(&app.engine, &request), app.engine.snapshot());
    request.extensions_mut().insert(ConnectInfo(peer));
    if let Some(uri) = with_one_slash(request.uri()) {
        *request.uri_mut() = uri;
    }
    let mut response = place.router.clone().oneshot(request).await?;
    // The router gives every answer to HEAD a length, also where RFC 9110 §8.6 forbids one.
    if matches!(response.status(), StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
        response.headers_mut().remove(header::CONTENT_LENGTH);
    }
    if let Some(key) = key {
        app.ready.keep(&app.engine, key, &state, &mut response);
    }
    Ok(response)
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
