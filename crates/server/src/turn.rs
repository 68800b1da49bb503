//! How far the request of a connection is whose turn it is, as HTTP and what stands before it tell each other.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};

/// The length of a body that is not known before its end.
const UNKNOWN: u64 = u64::MAX;

/// How far the request is whose turn it is: what HTTP tells the
/// [`Front`](crate::front::Front) of its connection, and the other way round.
#[derive(Debug, Default)]
pub struct Turn {
    /// Taken by the request that it is of: no other may be known by it.
    head: Mutex<Vec<u8>>,
    /// Bytes of its body.
    body: AtomicU64,
    /// Whether nothing more is to come of its answer but what waits to be written.
    is_answered: AtomicBool,
    /// Whether a whole request ever came.
    was_asked: AtomicBool,
    /// Whether requests were answered, or an answer is being written, that HTTP does not know of.
    is_busy: AtomicBool,
}

impl Turn {
    /// A request came that was passed on; `body` is its length where that is known. Gives its head, empty
    /// line included, and nothing where it is not known which bytes that was.
    pub fn asked(&self, body: Option<u64>) -> Vec<u8> {
        self.body.store(body.unwrap_or(UNKNOWN), Ordering::Relaxed);
        self.was_asked.store(true, Ordering::Relaxed);
        std::mem::take(&mut self.head())
    }

    /// Whether a whole request ever came over the connection.
    pub fn was_asked(&self) -> bool {
        self.was_asked.load(Ordering::Relaxed)
    }

    /// Whether the connection was in use, since this was last asked, without HTTP's knowledge.
    pub fn was_busy(&self) -> bool {
        self.is_busy.swap(false, Ordering::Relaxed)
    }

    /// Bytes of the body of the request that was passed on; `None` where that is not known before its end.
    pub fn body(&self) -> Option<u64> {
        let body = self.body.load(Ordering::Relaxed);
        (body != UNKNOWN).then_some(body)
    }

    /// Whether nothing more is to come of the answer but what waits to be written.
    pub fn is_answered(&self) -> bool {
        self.is_answered.load(Ordering::Relaxed)
    }

    /// A whole request came that is answered without HTTP's knowledge.
    pub fn known(&self) {
        self.was_asked.store(true, Ordering::Relaxed);
    }

    /// The connection is in use without HTTP's knowledge.
    pub fn busy(&self) {
        self.is_busy.store(true, Ordering::Relaxed);
    }

    fn head(&self) -> MutexGuard<'_, Vec<u8>> {
        self.head.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request with this head is passed on; nothing of the head where it cannot be known by it.
    pub fn begin(&self, head: &[u8]) {
        *self.head() = head.to_vec();
        self.body.store(0, Ordering::Relaxed);
        self.is_answered.store(false, Ordering::Relaxed);
    }
}

/// The body of an answer, which tells when it is over.
#[derive(Debug)]
pub struct Told {
    body: Body,
    turn: Arc<Turn>,
}

impl Told {
    /// The body of the answer to the request whose turn it is.
    pub fn new(body: Body, turn: Arc<Turn>) -> Self {
        Self { body, turn }
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        self.turn.is_answered.store(true, Ordering::Relaxed);
    }
}

impl HttpBody for Told {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
