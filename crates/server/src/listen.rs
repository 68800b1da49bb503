//! Accepting connections: limits on headers, a bound on open connections, and a clean end.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::http::{StatusCode, Uri, header};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tower::ServiceExt;

/// Longest request head, request line and headers together, in bytes.
pub const MAX_HEAD_BYTES: usize = 32 * 1024;
/// Most connections at a time; more wait to be accepted.
const MAX_CONNECTIONS: usize = 4096;
/// A client that has not sent its headers by then is let go.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// How long running requests may go on after the server was asked to end.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);
/// Pause after a failed accept, such as when file descriptors have run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves `router` on `listener` until `shutdown` ends, then lets running requests finish.
pub async fn serve(listener: TcpListener, router: Router, shutdown: impl Future<Output = ()>) {
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let (end, ending) = watch::channel(false);
    let mut shutdown = std::pin::pin!(shutdown);
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
        let router = router.clone();
        let asked = Arc::new(AtomicBool::new(false));
        let unused = never_asked(ending.clone(), Arc::clone(&asked));
        let service = hyper::service::service_fn(move |request: hyper::Request<_>| {
            asked.store(true, Ordering::Relaxed);
            answer(router.clone(), peer, request)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_TIMEOUT)
            .max_buf_size(MAX_HEAD_BYTES)
            .serve_connection(TokioIo::new(stream), service);
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            tokio::select! {
                ended = connection => if let Err(error) = ended {
                    tracing::debug!(%error, "connection ended early");
                },
                () = unused => {}
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
    router: Router,
    peer: SocketAddr,
    request: hyper::Request<hyper::body::Incoming>,
) -> Result<axum::response::Response, Infallible> {
    let mut request: Request = request.map(axum::body::Body::new);
    request.extensions_mut().insert(ConnectInfo(peer));
    if let Some(uri) = with_one_slash(request.uri()) {
        *request.uri_mut() = uri;
    }
    let mut response = router.oneshot(request).await?;
    // The router gives every answer to HEAD a length, also where RFC 9110 §8.6 forbids one.
    if matches!(response.status(), StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
        response.headers_mut().remove(header::CONTENT_LENGTH);
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
