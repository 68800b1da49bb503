//! What stands before a connection's HTTP: it answers requests that came before byte for byte, at once or
//! once the answer is made, and passes all others on.
//!
//! *Invariants:* what is passed on while an answer is awaited is one request and no byte of the next, so
//! that answers come in the order of their requests. Where a head does not come in one piece, or the length
//! of a body is not known before, all that comes from then on is passed on.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use axum::body::Bytes;
use engine::now;
use hyper::rt::{Read, ReadBufCursor, Write};
use spatial::Timestamp;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::http_date;
use crate::repeats::Again;
use crate::request_ends::{end_of_head, length_of_body};
use crate::turn::Turn;

/// Bytes that are read from the connection at a time; longer requests are passed on.
pub const READ_BYTES: usize = 8192;

/// Where the requests of a connection are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// None is being answered.
    Between,
    /// One is: so much of its head is yet to be passed on, and so much of its body was.
    In { head: usize, passed: u64 },
    /// Not known any more.
    Lost,
}

/// Bytes that came and are not yet passed on.
#[derive(Debug)]
struct Came {
    bytes: Box<[u8]>,
    from: usize,
    to: usize,
}

impl Came {
    fn rest(&self) -> &[u8] {
        &self.bytes[self.from..self.to]
    }

    /// Reads more once nothing is left; the number of bytes, 0 at the end.
    fn read<S: AsyncRead + Unpin>(
        &mut self,
        stream: &mut S,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let mut space = ReadBuf::new(&mut self.bytes);
        ready!(Pin::new(stream).poll_read(context, &mut space))?;
        (self.from, self.to) = (0, space.filled().len());
        Poll::Ready(Ok(self.to))
    }
}

impl Came {
    /// Reads what there is room for beside what came; whether it was the end.
    fn ends<S: AsyncRead + Unpin>(
        &mut self,
        stream: &mut S,
        context: &mut Context<'_>,
    ) -> io::Result<bool> {
        while self.to < self.bytes.len() {
            let mut space = ReadBuf::new(&mut self.bytes[self.to..]);
            if Pin::new(&mut *stream).poll_read(context, &mut space)?.is_pending() {
                break;
            }
            match space.filled().len() {
                0 => return Ok(true),
                count => self.to += count,
            }
        }
        Ok(false)
    }
}

/// The rest of an answer that is given here.
#[derive(Debug, Default)]
struct Out {
    head: Vec<u8>,
    /// Of head and body together.
    written: usize,
    body: Bytes,
}

impl Out {
    fn is_empty(&self) -> bool {
        self.written == self.head.len() + self.body.len()
    }

    fn write<S: AsyncWrite + Unpin>(
        &mut self,
        stream: &mut S,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        while !self.is_empty() {
            let head = self.head.get(self.written..).unwrap_or_default();
            let body = &self.body[self.written.saturating_sub(self.head.len())..];
            let stream = Pin::new(&mut *stream);
            let sent = ready!(match (head, body) {
                (head, []) => stream.poll_write(context, head),
                ([], body) => stream.poll_write(context, body),
                _ => stream.poll_write_vectored(context, &[IoSlice::new(head), IoSlice::new(body)]),
            })?;
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.written += sent;
        }
        Poll::Ready(Ok(()))
    }
}

/// The line of an answer that says when it was given, and the empty line after it; made once a second.
#[derive(Debug)]
struct DateLine {
    second: i64,
    text: String,
}

impl DateLine {
    fn at(&mut self, now: Timestamp) -> &str {
        let second = now.0.div_euclid(1000);
        if self.second != second {
            self.second = second;
            self.text = format!("date: {}\r\n\r\n", http_date::write(now));
        }
        &self.text
    }
}

/// An answer that is being made; nothing where HTTP is to be asked after all.
type Making = Pin<Box<dyn Future<Output = Option<Again>> + Send>>;

/// What a request that is known is answered.
pub enum Answer {
    /// At once.
    Now(Again),
    /// Once it is made.
    Soon(Making),
}

/// An answer that is being made, and where head and body end of the request that it is to.
struct Soon {
    answer: Making,
    head: usize,
    whole: usize,
}

/// A connection as HTTP reads and writes it. `F` knows what a request, head and body, is answered.
pub struct Front<S, F> {
    stream: S,
    known: F,
    came: Came,
    soon: Option<Soon>,
    out: Out,
    date: DateLine,
    stage: Stage,
    turn: Arc<Turn>,
    /// Who waits for the end of an answer to read on.
    reader: Option<Waker>,
}

impl<S, F> Front<S, F>
where
    S: AsyncRead + AsyncWrite + Unpin,
    F: FnMut(&[u8]) -> Option<Answer> + Unpin,
{
    /// `stream`, whose requests take their turns with `turn`.
    pub fn new(stream: S, turn: Arc<Turn>, known: F) -> Self {
        let came = Came { bytes: vec![0; READ_BYTES].into(), from: 0, to: 0 };
        let date = DateLine { second: i64::MIN, text: String::new() };
        let (out, stage) = (Out::default(), Stage::Between);
        Self { stream, known, came, soon: None, out, date, stage, turn, reader: None }
    }

    fn write_out(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.out.is_empty() {
            return Poll::Ready(Ok(()));
        }
        self.turn.busy();
        self.out.write(&mut self.stream, context)
    }

    /// Finds out what the request that came is answered, or gives it its turn.
    fn look(&mut self) {
        let came = self.came.rest();
        let Some(head) = end_of_head(came) else {
            self.stage = Stage::Lost;
            return;
        };
        let whole = head.saturating_add(length_of_body(&came[..head]));
        // A body that did not come with its head is left to HTTP.
        match came.get(..whole).and_then(&mut self.known) {
            Some(Answer::Now(again)) => {
                self.turn.known();
                self.give(whole, again);
            }
            Some(Answer::Soon(answer)) => {
                self.turn.known();
                self.soon = Some(Soon { answer, head, whole });
            }
            None => self.begin(head, whole),
        }
    }

    /// Gives HTTP the request that came: head and body end there.
    fn begin(&mut self, head: usize, whole: usize) {
        let came = self.came.rest();
        // Nor could the next like it be known where its body is yet to come.
        self.turn.begin(if whole <= came.len() { &came[..head] } else { &[] });
        self.stage = Stage::In { head, passed: 0 };
    }

    /// Answers the request that came, of so many bytes.
    fn give(&mut self, whole: usize, again: Again) {
        self.came.from += whole;
        let Out { head, written, body } = &mut self.out;
        head.clear();
        head.extend_from_slice(&again.head);
        head.extend_from_slice(self.date.at(now()).as_bytes());
        (*written, *body) = (0, again.body);
    }

    /// Writes what waits to be written; of an answer that is being made, once it is.
    fn settle(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Some(Soon { answer, head, whole }) = &mut self.soon {
            self.turn.busy();
            let (head, whole, answer) = (*head, *whole, ready!(answer.as_mut().poll(context)));
            self.soon = None;
            match answer {
                Some(again) => self.give(whole, again),
                None => self.begin(head, whole),
            }
        }
        self.write_out(context)
    }

    /// How many more bytes may be passed on.
    fn allowed(&mut self) -> usize {
        match self.stage {
            Stage::Between => 0,
            Stage::In { head: 0, passed } => match self.turn.body() {
                None => {
                    self.stage = Stage::Lost;
                    usize::MAX
                }
                Some(body) => usize::try_from(body - passed).unwrap_or(usize::MAX),
            },
            Stage::In { head, .. } => head,
            Stage::Lost => usize::MAX,
        }
    }

    fn pass(&mut self, mut space: ReadBufCursor<'_>, allowed: usize) {
        let rest = self.came.rest();
        let some = &rest[..rest.len().min(allowed).min(space.remaining())];
        space.put_slice(some);
        let count = some.len();
        self.came.from += count;
        match &mut self.stage {
            Stage::In { head: 0, passed } => *passed += count as u64,
            Stage::In { head, .. } => *head -= count,
            Stage::Between | Stage::Lost => {}
        }
    }

    /// Everything that HTTP had to write is written: the next request has its turn if that was all.
    fn flushed(&mut self) {
        if let Stage::In { head: 0, passed } = self.stage
            && self.turn.body() == Some(passed)
            && self.turn.is_answered()
        {
            self.stage = Stage::Between;
            self.reader.take().inspect(Waker::wake_by_ref);
        }
    }
}

impl<S, F> Read for Front<S, F>
where
    S: AsyncRead + AsyncWrite + Unpin,
    F: FnMut(&[u8]) -> Option<Answer> + Unpin,
{
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        space: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let front = self.get_mut();
        loop {
            if front.settle(context)?.is_pending() {
                // Whoever has gone waits for no answer.
                if front.soon.is_some() && front.came.ends(&mut front.stream, context)? {
                    front.soon = None;
                    return Poll::Ready(Ok(()));
                }
                return Poll::Pending;
            }
            if front.came.rest().is_empty()
                && ready!(front.came.read(&mut front.stream, context))? == 0
            {
                return Poll::Ready(Ok(()));
            }
            if front.stage == Stage::Between {
                front.look();
                continue;
            }
            match front.allowed() {
                0 => {
                    front.reader = Some(context.waker().clone());
                    return Poll::Pending;
                }
                allowed => {
                    front.pass(space, allowed);
                    return Poll::Ready(Ok(()));
                }
            }
        }
    }
}

impl<S, F> Write for Front<S, F>
where
    S: AsyncRead + AsyncWrite + Unpin,
    F: FnMut(&[u8]) -> Option<Answer> + Unpin,
{
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let front = self.get_mut();
        ready!(front.write_out(context))?;
        Pin::new(&mut front.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let front = self.get_mut();
        ready!(front.write_out(context))?;
        Pin::new(&mut front.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let front = self.get_mut();
        ready!(front.write_out(context))?;
        ready!(Pin::new(&mut front.stream).poll_flush(context))?;
        front.flushed();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let front = self.get_mut();
        ready!(front.settle(context))?;
        Pin::new(&mut front.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use std::convert::Infallible;
    use std::time::Duration;

    use axum::body::Body;
    use http_body_util::BodyExt;
    use hyper::body::{Body as _, Incoming};
    use hyper::server::conn::http1;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::turn::Told;

    /// HTTP's answer: path and body of the request, a while later if the path says so.
    async fn echo(
        request: hyper::Request<Incoming>,
        turn: Arc<Turn>,
    ) -> Result<hyper::Response<Told>, Infallible> {
        let path = request.uri().path().to_owned();
        if path.contains("slow") {
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
        let body = match path.contains("unread") {
            true => Bytes::new(),
            false => request.into_body().collect().await.unwrap().to_bytes(),
        };
        let text = format!("http:{path}:{}", String::from_utf8_lossy(&body));
        Ok(hyper::Response::new(Told::new(Body::from(text), turn)))
    }

    /// Sends `parts` one after the other, and gives the bodies of all answers as they come, through a
    /// buffer of some bytes.
    async fn asked(parts: &[Vec<u8>], buffer: usize) -> Vec<String> {
        let (coming, mut writing) = tokio::io::simplex(1 << 20);
        let (mut reading, going) = tokio::io::simplex(buffer);
        let server = tokio::io::join(coming, going);
        let turn = Arc::new(Turn::default());
        let front = Front::new(server, Arc::clone(&turn), |request: &[u8]| {
            let is_known = request.starts_with(b"GET /known")
                || request.starts_with(b"POST /known") && request.ends_with(b"\r\n\r\nquestion");
            let body = if request.starts_with(b"GET /known-big") {
                "b".repeat(100_000)
            } else {
                "front".to_owned()
            };
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n", body.len());
            let again = Again { head: head.clone().into(), body: body.clone().into() };
            let [is_soon, is_lost] = [&b"GET /known-soon"[..], b"GET /known-lost"]
                .map(|begin| request.starts_with(begin));
            let soon = async move {
                tokio::time::sleep(Duration::from_millis(30)).await;
                is_soon.then_some(again)
            };
            is_known.then(|| match is_soon || is_lost {
                true => Answer::Soon(Box::pin(soon)),
                false => Answer::Now(Again { head: head.into(), body: body.into() }),
            })
        });
        let service = hyper::service::service_fn(move |request: hyper::Request<Incoming>| {
            turn.asked(request.body().size_hint().exact());
            echo(request, Arc::clone(&turn))
        });
        let serving = tokio::spawn(http1::Builder::new().serve_connection(front, service));
        let sending = async {
            for part in parts {
                // What is refused is not read to its end.
                let _ = writing.write_all(part).await;
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let mut answers = Vec::new();
        tokio::join!(sending, reading.read_to_end(&mut answers)).1.unwrap();
        let _ = serving.await.unwrap();
        let mut rest = std::str::from_utf8(&answers).unwrap();
        let mut bodies = Vec::new();
        while let Some((head, after)) = rest.split_once("\r\n\r\n") {
            assert!(head.contains("\r\ndate: "), "{head}");
            let length = head.split("content-length: ").nth(1).unwrap();
            let length: usize = length.lines().next().unwrap().parse().unwrap();
            bodies.push(after[..length].to_owned());
            rest = &after[length..];
        }
        bodies
    }

    fn get(path: &str) -> String {
        format!("GET {path} HTTP/1.1\r\nhost: a\r\n\r\n")
    }

    fn post(path: &str, body: &str) -> String {
        format!("POST {path} HTTP/1.1\r\nhost: a\r\ncontent-length: {}\r\n\r\n{body}", body.len())
    }

    /// `parts` are sent one after the other, then a last request.
    #[track_caller]
    fn check_answers(parts: &[String], expected: &[&str]) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut sent: Vec<Vec<u8>> = parts.iter().map(|part| part.clone().into_bytes()).collect();
        sent.push(b"GET /last HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n".to_vec());
        let expected: Vec<&str> = expected.iter().copied().chain(["http:/last:"]).collect();
        for buffer in [64, 1 << 20] {
            let answers = runtime.block_on(asked(&sent, buffer));
            let short: Vec<String> =
                answers.iter().map(|body| body.chars().take(30).collect()).collect();
            assert_eq!(short, expected, "{parts:?}, buffer of {buffer}");
            let big = answers.iter().filter(|body| body.starts_with("bbb"));
            assert!(big.clone().all(|body| body.len() == 100_000), "{parts:?}");
        }
    }

    #[test]
    fn answers_come_in_the_order_of_their_requests() {
        let (known, other, slow) = (get("/known"), get("/other"), get("/slow"));
        let (hit, miss) = ("front", "http:/other:");
        check_answers(&[known.clone(), known.clone()], &[hit, hit]);
        check_answers(&[known.clone() + &known + &known], &[hit, hit, hit]);
        check_answers(&[other.clone(), known.clone(), other.clone()], &[miss, hit, miss]);
        check_answers(&[other.clone() + &known + &other], &[miss, hit, miss]);
        check_answers(&[slow.clone() + &known, known.clone()], &["http:/slow:", hit, hit]);
        check_answers(&[get("/known-big") + &slow, known], &[&"b".repeat(30), "http:/slow:", hit]);
    }

    #[test]
    fn an_answer_that_is_being_made_is_waited_for() {
        let (soon, known, other) = (get("/known-soon"), get("/known"), get("/other"));
        let (hit, miss, lost) = ("front", "http:/other:", "http:/known-lost:");
        check_answers(&[soon.clone(), soon.clone() + &known], &[hit, hit, hit]);
        check_answers(&[soon.clone() + &other, known.clone()], &[hit, miss, hit]);
        check_answers(&[other.clone() + &soon + &soon, other], &[miss, hit, hit, miss]);
        // HTTP is asked after all, and knows what is next.
        check_answers(&[get("/known-lost") + &known, soon], &[lost, hit, hit]);
        check_answers(&[get("/known-lost"), get("/known-lost") + &known], &[lost, lost, hit]);
    }

    #[tokio::test]
    async fn whoever_has_gone_waits_for_no_answer() {
        let (mut client, server) = tokio::io::duplex(1 << 10);
        let turn = Arc::new(Turn::default());
        let (asked, mut is_asked) = tokio::sync::mpsc::channel::<()>(1);
        let front = Front::new(server, Arc::clone(&turn), move |_: &[u8]| {
            let asked = asked.clone();
            Some(Answer::Soon(Box::pin(async move {
                asked.send(()).await.ok()?;
                std::future::pending().await
            })))
        });
        let service = hyper::service::service_fn(move |request| echo(request, Arc::clone(&turn)));
        let serving = tokio::spawn(http1::Builder::new().serve_connection(front, service));
        client.write_all(get("/known").as_bytes()).await.unwrap();
        is_asked.recv().await.unwrap();
        drop(client);
        let ended = tokio::time::timeout(Duration::from_secs(10), serving).await;
        ended.unwrap().unwrap().unwrap();
    }

    #[test]
    fn bodies_of_requests_belong_to_them() {
        let (known, hit) = (get("/known"), "front");
        check_answers(&[post("/p", "GET /known") + &known], &["http:/p:GET /known", hit]);
        check_answers(&[post("/p", ""), known.clone()], &["http:/p:", hit]);
        check_answers(&[post("/slow", "one"), known.clone()], &["http:/slow:one", hit]);
        let long = "x".repeat(50_000);
        let [first, last] = [&long[..10], &long[10..]];
        let head = post("/unread", &long).replace(&long, first);
        // HTTP reads a body to its end where that is near, or closes.
        let answers = ["http:/unread:"];
        check_answers(&[post("/unread", "short") + &known], &["http:/unread:", hit]);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let sent = [head.into_bytes(), last.as_bytes().to_vec(), known.clone().into_bytes()];
        assert_eq!(runtime.block_on(asked(&sent, 1 << 20)), answers);
        let chunked = "POST /c HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
        check_answers(&[chunked.to_owned(), known], &["http:/c:abc", "http:/known:"]);
    }

    #[test]
    fn questions_are_known_by_head_and_body() {
        let (known, other, hit) = (post("/known", "question"), post("/known", "another"), "front");
        check_answers(&[known.clone(), known.clone() + &known], &[hit, hit, hit]);
        check_answers(&[other.clone() + &known, known.clone()], &["http:/known:another", hit, hit]);
        check_answers(&[known.clone() + &other, get("/known")], &[hit, "http:/known:another", hit]);
        // A body that comes later, is longer than its head says, or of a length that nobody can read.
        let (head, body) = known.split_at(known.len() - 8);
        let parts = [head.to_owned(), body.to_owned(), known.clone()];
        check_answers(&parts, &["http:/known:question", hit]);
        let cut = known.replace("length: 8", "length: 4").replace("question", "ques");
        check_answers(&[cut + &known], &["http:/known:ques", hit]);
        let odd = known.replace("content-length: 8", "Content-LENGTH:8 ");
        check_answers(&[odd, known], &[hit, hit]);
    }

    #[test]
    fn heads_that_are_not_plain_are_left_to_http() {
        let (known, hit) = (get("/known"), "front");
        let cut = known.split_at(9);
        check_answers(&[cut.0.to_owned(), cut.1.to_owned(), known.clone()], &["http:/known:"; 2]);
        check_answers(&[format!("\r\n{known}"), known.clone()], &["http:/known:"; 2]);
        let bare = known.replace("\r\n", "\n");
        check_answers(&[bare.clone() + &known], &["http:/known:"; 2]);
        check_answers(&[known.clone() + &bare, known], &[hit, "http:/known:", "http:/known:"]);
    }
}
