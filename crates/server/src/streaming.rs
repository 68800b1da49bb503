//! Bodies of any length: features rendered on the engine's threads a chunk at a time, and only
//! as fast as the client reads them.

use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use engine::{Engine, EngineError, ReadableField, Shown};
use formats::{FeatureStream, StreamFeature};
use hyper::body::{Body as HttpBody, Frame};
use spatial::{CollectionSnapshot, FeatureId, FeatureRef, Rank, ValueRef};
use tokio::sync::mpsc;

/// Most features of one chunk.
const CHUNK_FEATURES: usize = 1000;
/// Bytes after which a chunk ends.
const CHUNK_BYTES: usize = 256 * 1024;
/// Chunks that wait for a client.
const WAITING_CHUNKS: usize = 2;
/// A client that takes nothing for so long is let go.
const STALL: Duration = Duration::from_secs(60);

/// Which features.
#[derive(Debug)]
pub enum Source {
    /// These, in this order.
    Ids(Vec<FeatureId>),
    /// All, in the order in which they are stored.
    Whole,
}

/// What a body is made of.
pub struct Answer {
    /// The state that it shows.
    pub collection: Arc<CollectionSnapshot>,
    /// Which features.
    pub source: Source,
    /// The format.
    pub stream: Box<dyn FeatureStream>,
    /// Whether the id is the first value.
    pub id_is_value: bool,
    /// Fields, in the order of the values.
    pub fields: Vec<ReadableField>,
    /// How geometries are shown; not at all when absent.
    pub geometry: Option<Shown>,
    /// How second geometries are shown.
    pub place: Option<Shown>,
}

/// An answer under way.
struct Progress {
    answer: Answer,
    begun: bool,
    /// Of [`Source::Ids`]: how many are done.
    done: usize,
    /// Of [`Source::Whole`]: the last one done.
    after: Option<Rank>,
}

/// The body of `answer`; of one piece when it is small.
pub async fn body(engine: &Arc<Engine>, answer: Answer) -> Result<Body, EngineError> {
    let progress = Progress { answer, begun: false, done: 0, after: None };
    let (first, rest) = step(engine, progress).await?;
    let Some(rest) = rest else { return Ok(Body::from(first)) };
    let (sender, receiver) = mpsc::channel(WAITING_CHUNKS);
    let engine = Arc::clone(engine);
    tokio::spawn(async move {
        let (mut bytes, mut rest) = (first, Some(rest));
        loop {
            match tokio::time::timeout(STALL, sender.send(Ok(bytes))).await {
                Ok(Ok(())) => {}
                _ => return,
            }
            let Some(progress) = rest else { return };
            match step(&engine, progress).await {
                Ok((next, more)) => (bytes, rest) = (next, more),
                Err(error) => {
                    tracing::error!(%error, "an answer was cut short");
                    let _gone = sender.send(Err(error)).await;
                    return;
                }
            }
        }
    });
    Ok(Body::new(Chunks(receiver)))
}

/// The next chunk, and what is left to do.
async fn step(
    engine: &Engine,
    mut progress: Progress,
) -> Result<(Bytes, Option<Progress>), EngineError> {
    engine
        .pool()
        .run_waiting(move || {
            let mut out = Vec::with_capacity(CHUNK_BYTES / 4);
            let more = progress.chunk(&mut out)?;
            Ok((Bytes::from(out), more.then_some(progress)))
        })
        .await?
}

impl Progress {
    /// Appends the next features; whether there are more.
    fn chunk(&mut self, out: &mut Vec<u8>) -> Result<bool, EngineError> {
        if !self.begun {
            self.begun = true;
            self.answer.stream.begin(out);
        }
        let collection = Arc::clone(&self.answer.collection);
        let more = match &self.answer.source {
            Source::Ids(ids) => {
                let ids = ids.get(self.done..).unwrap_or_default();
                let ids: Vec<FeatureId> = ids.iter().take(CHUNK_FEATURES).copied().collect();
                for id in ids {
                    self.done += 1;
                    if let Some(feature) = collection.get(id) {
                        self.answer.feature(out, feature)?;
                    }
                    if out.len() >= CHUNK_BYTES {
                        break;
                    }
                }
                matches!(&self.answer.source, Source::Ids(ids) if self.done < ids.len())
            }
            Source::Whole => self.walk(&collection, out)?,
        };
        if !more {
            self.answer.stream.end(out);
        }
        Ok(more)
    }

    fn walk(
        &mut self,
        collection: &CollectionSnapshot,
        out: &mut Vec<u8>,
    ) -> Result<bool, EngineError> {
        let (mut count, mut more, mut outcome) = (0, false, Ok(()));
        let (answer, last) = (&mut self.answer, &mut self.after);
        collection.walk(*last, None, &mut |shard, slots| {
            for slot in slots {
                if count == CHUNK_FEATURES || out.len() >= CHUNK_BYTES {
                    more = true;
                    return ControlFlow::Break(());
                }
                let slot = usize::from(*slot);
                outcome = answer.feature(out, shard.feature(slot));
                if outcome.is_err() {
                    return ControlFlow::Break(());
                }
                count += 1;
                *last = Some(shard.rank(slot));
            }
            ControlFlow::Continue(())
        });
        outcome.map(|()| more)
    }
}

impl Answer {
    fn feature(&mut self, out: &mut Vec<u8>, feature: FeatureRef<'_>) -> Result<(), EngineError> {
        let show = |shown: &Option<Shown>| match shown {
            Some(shown) => shown.geometry(feature),
            None => Ok(None),
        };
        let (geometry, place) = (show(&self.geometry)?, show(&self.place)?);
        let id = self.id_is_value.then(|| ValueRef::Int(feature.id().value()));
        let values = self.fields.iter().map(|field| feature.value(field.position()));
        let values: Vec<ValueRef<'_>> = id.into_iter().chain(values).collect();
        let shown = StreamFeature {
            id: feature.id(),
            geometry: geometry.as_ref(),
            place: place.as_ref(),
            values: &values,
        };
        self.stream.feature(out, &shown);
        Ok(())
    }
}

/// Chunks as a body of HTTP.
struct Chunks(mpsc::Receiver<Result<Bytes, EngineError>>);

impl HttpBody for Chunks {
    type Data = Bytes;
    type Error = EngineError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, EngineError>>> {
        self.0.poll_recv(context).map(|chunk| chunk.map(|chunk| chunk.map(Frame::data)))
    }
}
