//! Accepting connections: limits on headers, a bound on open connections, and a clean end.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

use crate::answer::{answer, repeated};
use crate::connection_timer::ConnectionTimer;
use crate::door::Door;
use crate::front::Front;
use crate::repeats::Repeats;
use crate::state::App;
use crate::turn::{Told, Turn};

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
            repeated(&knows, (peer, &known), request)
        });
        let (door, repeats, its) = (Arc::clone(&door), Arc::clone(&repeats), Arc::clone(&turn));
        let service = hyper::service::service_fn(move |request: hyper::Request<Incoming>| {
            let head = its.asked(request.body().size_hint().exact());
            let (door, repeats, its) = (Arc::clone(&door), Arc::clone(&repeats), Arc::clone(&its));
            async move {
                let response = answer(&door, (peer, &repeats), request, &head).await;
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
