//! How often one actor sees personal values in the clear.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Most records that an actor sees within [`WINDOW`].
pub const MOST: usize = 30;
/// The time in which they are counted.
pub const WINDOW: Duration = Duration::from_secs(600);

/// When each actor last saw some. There are no more entries than accounts.
#[derive(Debug, Default)]
pub struct Reveals(Mutex<HashMap<String, VecDeque<Instant>>>);

impl Reveals {
    /// Counts one more record of `actor`, or says after which time it may be asked again.
    pub fn count(&self, actor: &str, now: Instant) -> Result<(), Duration> {
        // Nothing panics while it is held.
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = all.entry(actor.to_owned()).or_default();
        while seen.front().is_some_and(|first| now.duration_since(*first) >= WINDOW) {
            seen.pop_front();
        }
        if let Some(first) = seen.front().filter(|_| seen.len() >= MOST) {
            return Err(WINDOW.saturating_sub(now.duration_since(*first)));
        }
        seen.push_back(now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_actor_waits_and_others_do_not() {
        let (reveals, start) = (Reveals::default(), Instant::now());
        for number in 0..MOST as u64 {
            assert_eq!(reveals.count("a", start + Duration::from_secs(number)), Ok(()));
        }
        let late = start + Duration::from_secs(100);
        assert_eq!(reveals.count("a", late), Err(Duration::from_secs(500)));
        assert_eq!(reveals.count("b", late), Ok(()));
        assert_eq!(reveals.count("a", start + WINDOW), Ok(()));
        assert!(reveals.count("a", start + WINDOW).is_err(), "one went, one came");
    }
}
