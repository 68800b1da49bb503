//! The one bridge from the async runtime to the processor.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use spatial::{Budget, Costs};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::EngineError;

/// Threads for work that takes the processor, with a bounded queue before them.
#[derive(Debug)]
pub struct Pool {
    threads: rayon::ThreadPool,
    places: Arc<Semaphore>,
}

/// What is read where a request came in instead of by another thread: about what waking that costs.
const LIGHT: Costs = Costs { candidates: 10_000, vertices: 50_000 };
/// The same on the clock.
const LIGHT_TIME: Duration = Duration::from_micros(400);

/// How much a read may turn out to be, as far as its question tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    /// Perhaps little: it is tried at once, and begun anew on the pool when it is not.
    PerhapsLight,
    /// Much, or on several threads.
    Heavy,
}

/// A job under way.
#[derive(Debug)]
pub(crate) struct Job<T>(oneshot::Receiver<Result<T, EngineError>>);

impl Pool {
    /// A pool of `threads` threads (0: one a core), before which at most `queue` jobs wait.
    pub fn new(threads: usize, queue: usize) -> Result<Self, EngineError> {
        let threads = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|number| format!("tuban-cpu-{number}"))
            .build()
            .map_err(|error| EngineError::Internal { what: format!("threads: {error}") })?;
        let places = Arc::new(Semaphore::new(threads.current_num_threads() + queue));
        Ok(Self { threads, places })
    }

    /// Number of threads.
    pub fn threads(&self) -> usize {
        self.threads.current_num_threads()
    }

    /// Runs `work` and awaits it; refused as [`EngineError::Busy`] when the queue is full.
    /// Work whose caller is gone before it starts is not done.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, EngineError> {
        let place = Arc::clone(&self.places).try_acquire_owned();
        self.start_in(place.map_err(|_full| EngineError::Busy)?, work).answer().await
    }

    /// Reads within `costs` and `time`.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        weight: Weight,
        (costs, time): (Costs, Duration),
        read: impl Fn(&Budget<'_>) -> Result<T, EngineError> + Send + 'static,
    ) -> Result<T, EngineError> {
        let within = |costs: Costs, time: Duration, read: &dyn Fn(&Budget<'_>) -> _| {
            let deadline = Instant::now() + time;
            let expired = || Instant::now() > deadline;
            read(&Budget::new(costs, &expired))
        };
        if weight == Weight::PerhapsLight {
            let at_once = AssertUnwindSafe(|| within(LIGHT, LIGHT_TIME, &read));
            match catch_unwind(at_once).map_err(|panic| internal(&said(&*panic)))? {
                Err(EngineError::TooCostly { .. }) => {}
                answer => return answer,
            }
        }
        self.run(move || within(costs, time, &read)).await?
    }

    /// Runs `work` and awaits it, waiting for a place in the queue first: for writes and for
    /// loading, which are few and must not be refused half-way.
    pub async fn run_waiting<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, EngineError> {
        self.start(work).await?.answer().await
    }

    /// Waits for a place in the queue and starts `work`.
    pub(crate) async fn start<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<Job<T>, EngineError> {
        let place = Arc::clone(&self.places).acquire_owned().await;
        let place = place.map_err(|_closed| internal("the pool is closed"))?;
        Ok(self.start_in(place, work))
    }

    fn start_in<T: Send + 'static>(
        &self,
        place: OwnedSemaphorePermit,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Job<T> {
        let (sender, receiver) = oneshot::channel();
        self.threads.spawn(move || {
            if !sender.is_closed() {
                // A panic must end the job, not the thread; nothing of the job outlives it.
                let answer = catch_unwind(AssertUnwindSafe(work));
                let answer = answer.map_err(|panic| internal(&said(&*panic)));
                drop(place);
                // The caller may have gone meanwhile: then nobody wants the answer.
                let _gone = sender.send(answer);
            }
        });
        Job(receiver)
    }
}

/// What `work` makes of each of `items`, in their order: on the threads of the pool that it is
/// called from; one after the other where it is called from none.
pub fn each_in_parallel<T: Sync, R: Send>(
    items: &[T],
    work: impl Fn(&T) -> R + Sync + Send,
) -> Vec<R> {
    use rayon::prelude::*;
    if rayon::current_thread_index().is_none() {
        return items.iter().map(work).collect();
    }
    items.par_iter().map(work).collect()
}

impl<T> Job<T> {
    pub(crate) async fn answer(self) -> Result<T, EngineError> {
        self.0.await.map_err(|_lost| internal("a job was lost"))?
    }
}

fn internal(what: &str) -> EngineError {
    EngineError::Internal { what: what.to_owned() }
}

fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("a job panicked: {}", text.unwrap_or("without a word"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn a_panic_is_an_error_and_the_thread_works_on() {
        let pool = Pool::new(1, 4).unwrap();
        let answer = pool.run(|| panic!("odd ring {}", 7)).await;
        let Err(EngineError::Internal { what }) = answer else { panic!("{answer:?}") };
        assert_eq!(what, "a job panicked: odd ring 7");
        assert_eq!(pool.run(|| 6 * 7).await.unwrap(), 42);
    }

    #[tokio::test]
    async fn a_full_queue_refuses_and_writers_wait() {
        let pool = Pool::new(1, 1).unwrap();
        let (release, hold) = mpsc::channel::<()>();
        let running = pool.start(move || hold.recv().is_ok()).await.unwrap();
        let waiting = pool.start(|| 1).await.unwrap();
        assert!(matches!(pool.run(|| 2).await, Err(EngineError::Busy)));
        let writer = pool.run_waiting(|| 3);
        release.send(()).unwrap();
        assert_eq!(writer.await.unwrap(), 3);
        assert!(running.answer().await.unwrap());
        assert_eq!(waiting.answer().await.unwrap(), 1);
        assert_eq!(pool.run(|| 4).await.unwrap(), 4);
    }

    #[tokio::test]
    async fn little_is_read_at_once_and_more_on_the_pool() {
        let pool = Pool::new(1, 4).unwrap();
        let asked = || (Costs::default(), Duration::from_secs(10));
        let read = |candidates: u64| {
            move |budget: &Budget<'_>| {
                budget.spend(candidates, 0).map_err(EngineError::from)?;
                Ok(rayon::current_thread_index().is_some())
            }
        };
        for (weight, candidates, is_on_pool) in [
            (Weight::PerhapsLight, LIGHT.candidates, false),
            (Weight::PerhapsLight, LIGHT.candidates + 1, true),
            (Weight::Heavy, 1, true),
        ] {
            let found = pool.read(weight, asked(), read(candidates)).await.unwrap();
            assert_eq!(found, is_on_pool, "{weight:?} {candidates}");
        }
        let too_much = pool.read(Weight::PerhapsLight, asked(), read(u64::MAX)).await;
        assert!(matches!(too_much, Err(EngineError::TooCostly { .. })));
        let panics = |_: &Budget<'_>| -> Result<(), EngineError> { panic!("odd ring {}", 7) };
        let panicked = pool.read(Weight::PerhapsLight, asked(), panics).await;
        assert!(matches!(panicked, Err(EngineError::Internal { .. })));
    }

    #[tokio::test]
    async fn work_that_nobody_awaits_is_not_done() {
        let pool = Pool::new(1, 4).unwrap();
        let (release, hold) = mpsc::channel::<()>();
        let running = pool.start(move || hold.recv().is_ok()).await.unwrap();
        let (done, seen) = mpsc::channel();
        drop(pool.start(move || done.send(())).await.unwrap());
        release.send(()).unwrap();
        running.answer().await.unwrap();
        pool.run(|| ()).await.unwrap();
        assert!(seen.recv().is_err());
    }
}
