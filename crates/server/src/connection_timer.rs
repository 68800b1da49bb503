//! Deadlines of seconds for one connection, which cost next to nothing to set.
//!
//! The timer of the runtime takes a lock and asks the clock each time that a deadline is set, which
//! happens with every request. Here the clock of a connection goes in steps: one deadline of the
//! runtime a step moves it on, and all others are held against it.
//!
//! *Invariant:* a deadline is never early, and late by a step at most.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper::rt::{Sleep, Timer};

/// The clock of a connection.
#[derive(Clone, Debug)]
pub struct ConnectionTimer {
    start: Instant,
    step: Duration,
    /// Steps since the start.
    steps: Arc<AtomicU32>,
}

impl ConnectionTimer {
    /// A clock that begins now and goes in steps of this length, and what moves it on.
    pub fn new(step: Duration) -> (Self, Steps) {
        let timer = Self { start: Instant::now(), step, steps: Arc::new(AtomicU32::new(0)) };
        let next = tokio::time::sleep(step);
        (timer.clone(), Steps { timer, next: Box::pin(next), is_awaited: false })
    }

    /// A time that has passed.
    fn passed(&self) -> Instant {
        self.start + self.step * self.steps.load(Ordering::Relaxed)
    }
}

impl Timer for ConnectionTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(self.now() + duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        Box::pin(Deadline { timer: self.clone(), deadline })
    }

    /// A time to come, at most a step from now.
    fn now(&self) -> Instant {
        self.passed() + self.step
    }
}

#[derive(Debug)]
struct Deadline {
    timer: ConnectionTimer,
    deadline: Instant,
}

impl Future for Deadline {
    type Output = ();

    /// The connection is polled with each step, and polls this.
    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if self.timer.passed() >= self.deadline { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Sleep for Deadline {}

/// Moves the clock of a connection on.
#[derive(Debug)]
pub struct Steps {
    timer: ConnectionTimer,
    next: Pin<Box<tokio::time::Sleep>>,
    is_awaited: bool,
}

impl Steps {
    /// Moves the clock on if it is time and it does not stand for a step, and has the task woken with the
    /// next step. To be called before the connection is polled, always by the same task.
    #[inline]
    pub fn poll(&mut self, context: &mut Context<'_>, stands: impl Fn() -> bool) {
        while !self.is_awaited || self.next.is_elapsed() {
            self.is_awaited = self.next.as_mut().poll(context).is_pending();
            if !self.is_awaited {
                self.timer.steps.fetch_add(u32::from(!stands()), Ordering::Relaxed);
                self.next.as_mut().reset(tokio::time::Instant::now() + self.timer.step);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    #[tokio::test]
    async fn a_deadline_comes_and_never_early() {
        for wanted in [1, 20, 30, 90] {
            let wanted = Duration::from_millis(wanted);
            let (timer, mut steps) = ConnectionTimer::new(Duration::from_millis(20));
            // Somewhere in a step.
            tokio::time::sleep(Duration::from_millis(7)).await;
            let begun = Instant::now();
            let mut deadline = timer.sleep(wanted);
            poll_fn(|context| {
                steps.poll(context, || false);
                deadline.as_mut().poll(context)
            })
            .await;
            assert!(begun.elapsed() >= wanted, "{wanted:?}");
        }
    }
}
