//! Server-Sent Events: one bounded queue a reader, heartbeats, a bound on readers, a clean end.
//!
//! *Invariant:* a reader that does not keep up is let go and holds up nobody: what it asked for is
//! in a log, and it goes on from `Last-Event-ID`.

use std::convert::Infallible;
use std::fmt::Write;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use hyper::body::{Body as HttpBody, Frame};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{Semaphore, mpsc, watch};

use crate::asked::Asked;
use crate::problem::{Code, Problem};
use crate::state::App;

/// Events that wait for a reader.
const QUEUE: usize = 64;
/// A reader that is being caught up from a log and takes nothing for so long is let go.
const STALL: Duration = Duration::from_secs(30);
/// Milliseconds after which a reader that lost the connection comes back.
const RETRY_MILLIS: u32 = 2_000;

/// Media type of a stream.
pub const EVENT_STREAM: &str = "text/event-stream";
/// Header by which a reader says what it has seen.
const LAST_EVENT_ID: &str = "last-event-id";

/// Where readers of all streams are counted, and told of the end.
#[derive(Debug)]
pub struct Streams {
    places: Arc<Semaphore>,
    most: usize,
    heartbeat: Duration,
    ending: watch::Receiver<bool>,
}

impl Streams {
    /// At most `most` readers, each hearing something every `heartbeat`; they end when `ending`
    /// becomes true.
    pub fn new(most: usize, heartbeat: Duration, ending: watch::Receiver<bool>) -> Self {
        Self { places: Arc::new(Semaphore::new(most)), most, heartbeat, ending }
    }
}

/// The reader has gone, or was let go.
#[derive(Debug)]
pub struct Gone;

/// One reader's queue.
#[derive(Debug)]
pub struct EventSender {
    app: Arc<App>,
    queue: mpsc::Sender<Bytes>,
}

impl EventSender {
    /// Sends what happens now; a reader whose queue is full is let go.
    pub fn send_now(&self, event: Event) -> Result<(), Gone> {
        match self.queue.try_send(event.into_bytes()) {
            Ok(()) => {
                self.count();
                Ok(())
            }
            Err(TrySendError::Full(_)) => Err(self.let_go()),
            Err(TrySendError::Closed(_)) => Err(Gone),
        }
    }

    /// Sends what stands in a log, as fast as it is read; a reader that takes nothing is let go.
    pub async fn send_from_log(&self, event: Event) -> Result<(), Gone> {
        match tokio::time::timeout(STALL, self.queue.send(event.into_bytes())).await {
            Ok(Ok(())) => {
                self.count();
                Ok(())
            }
            Ok(Err(_closed)) => Err(Gone),
            Err(_elapsed) => Err(self.let_go()),
        }
    }

    fn count(&self) {
        self.app.engine.watching().stream_events.fetch_add(1, Ordering::Relaxed);
    }

    fn let_go(&self) -> Gone {
        self.app.engine.watching().stream_readers_dropped.fetch_add(1, Ordering::Relaxed);
        tracing::debug!("a reader of events did not keep up");
        Gone
    }
}

/// One event.
#[derive(Debug)]
pub struct Event(String);

impl Event {
    /// An event of the kind `name` (`message` when there is none); `data` is one line.
    pub fn new(name: Option<&str>, id: u64, data: &str) -> Self {
        let mut text = String::with_capacity(data.len() + 48);
        if let Some(name) = name {
            let _ = writeln!(text, "event: {name}");
        }
        // JSON as it is written here has no line break.
        let _ = write!(text, "id: {id}\ndata: {data}\n\n");
        Self(text)
    }

    fn into_bytes(self) -> Bytes {
        Bytes::from(self.0)
    }
}

/// Opens a stream that `produce` feeds, until it ends, the reader goes or may read no more, or the
/// server ends.
pub fn open<F: Future<Output = ()> + Send + 'static>(
    app: &Arc<App>,
    asked: &Asked,
    produce: impl FnOnce(EventSender) -> F,
) -> Result<Response, Problem> {
    let streams = &app.streams;
    let Ok(place) = Arc::clone(&streams.places).try_acquire_owned() else {
        let detail =
            format!("{} readers are connected, which is the most; try later", streams.most);
        return Err(Problem::new(Code::Busy, detail));
    };
    let (queue, receiver) = mpsc::channel(QUEUE);
    let hello = format!("retry: {RETRY_MILLIS}\n\n");
    let _just_opened = queue.try_send(Bytes::from(hello));
    let (beats, gone, mut ending) = (queue.clone(), queue.clone(), streams.ending.clone());
    let (heartbeat, counted) = (streams.heartbeat, Arc::clone(app));
    let (access, standing) = (app.settings.access.clone(), asked.standing.clone());
    let produced = produce(EventSender { app: Arc::clone(app), queue });
    tokio::spawn(async move {
        let readers = &counted.engine.watching().stream_readers;
        readers.fetch_add(1, Ordering::Relaxed);
        tokio::select! {
            () = produced => {}
            () = beat(beats, heartbeat) => {}
            () = gone.closed() => {}
            () = access.refused(standing) => {}
            _ = ending.wait_for(|ended| *ended) => {}
        }
        readers.fetch_sub(1, Ordering::Relaxed);
        drop(place);
    });
    let mut response = Body::new(EventBody(receiver)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(EVENT_STREAM));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    // Proxies of the nginx family hold answers back otherwise.
    let unbuffered = HeaderName::from_static("x-accel-buffering");
    headers.insert(unbuffered, HeaderValue::from_static("no"));
    Ok(response)
}

/// A comment now and then, so that proxies and clients know that the connection lives.
async fn beat(queue: mpsc::Sender<Bytes>, heartbeat: Duration) {
    let start = tokio::time::Instant::now() + heartbeat;
    let mut beats = tokio::time::interval_at(start, heartbeat);
    loop {
        beats.tick().await;
        // A full queue is a sign of life enough.
        let _full_or_gone = queue.try_send(Bytes::from_static(b": alive\n\n"));
    }
}

/// What the reader has seen: the header of a reader that comes back before the parameter `since`.
pub fn last_seen(headers: &HeaderMap, since: Option<&str>) -> Result<Option<u64>, Problem> {
    let header = headers.get(LAST_EVENT_ID).map(|value| value.to_str().unwrap_or("?"));
    let (name, text) = match (header.filter(|text| !text.is_empty()), since) {
        (Some(text), _) => ("Last-Event-ID", text),
        (None, Some(text)) => ("since", text),
        (None, None) => return Ok(None),
    };
    whole_number(name, text).map(Some)
}

/// A number of digits alone.
pub fn whole_number(name: &str, text: &str) -> Result<u64, Problem> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten().ok_or_else(|| {
        let shown: String = text.chars().take(40).collect();
        let detail = format!("{name}={shown:?} is not usable; send a whole number from 0");
        Problem::new(Code::InvalidParameter, detail)
    })
}

/// A queue as a body of HTTP.
struct EventBody(mpsc::Receiver<Bytes>);

impl HttpBody for EventBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(context).map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
    }
}
