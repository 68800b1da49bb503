//! Tokens that are guessed: who sends too many that nobody has waits, longer each time.
//!
//! *Invariants:* while an address waits, no token from it is looked up but those that were good from
//! there before, so that waiting is no answer to a guess and nobody else at the address is kept out;
//! memory is bounded, however many addresses guess; a burst makes two rows of the audit log.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Wrong tokens of a burst before its address waits.
pub(super) const FREE: u64 = 100;
/// The longest that an address waits at a time.
const LONGEST: Duration = Duration::from_secs(60);
/// A burst is over when so long no wrong token came.
pub(super) const QUIET: Duration = Duration::from_secs(120);
/// Most addresses that are remembered.
const MOST: usize = 4_096;

/// What became of a wrong token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Guess {
    /// One of few.
    Counted,
    /// The one with which a burst begins to be one.
    Burst,
}

/// The addresses that guess.
#[derive(Debug, Default)]
pub(super) struct Guesses {
    /// How many there are; with none, nothing is looked at.
    count: AtomicUsize,
    bursts: Mutex<HashMap<IpAddr, Burst>>,
}

#[derive(Debug)]
struct Burst {
    /// Wrong tokens, those that were turned away unseen included.
    tried: u64,
    /// Wrong tokens that were looked up.
    wrong: u64,
    last: Instant,
    until: Instant,
}

/// What guesses are counted by: of IPv6 the network, whose addresses are all one customer's.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 => v4,
    }
}

/// A number for an address; never 0.
pub(super) fn number(network: IpAddr) -> u64 {
    let mut hasher = DefaultHasher::new();
    network.hash(&mut hasher);
    hasher.finish() | 1
}

impl Guesses {
    /// How long tokens from `from` are not looked up, if they are not.
    pub(super) fn wait(&self, from: IpAddr, now: Instant) -> Option<Duration> {
        if self.count.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let bursts = self.bursts.lock().unwrap_or_else(PoisonError::into_inner);
        let until = bursts.get(&from)?.until;
        (until > now).then(|| until - now)
    }

    /// Counts a token that was turned away unseen.
    pub(super) fn turned_away(&self, from: IpAddr, now: Instant) {
        let mut bursts = self.bursts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(burst) = bursts.get_mut(&from) {
            burst.tried += 1;
            burst.last = now;
        }
    }

    /// Counts a token that nobody has.
    pub(super) fn wrong(&self, from: IpAddr, now: Instant) -> Guess {
        let mut bursts = self.bursts.lock().unwrap_or_else(PoisonError::into_inner);
        if bursts.len() >= MOST && !bursts.contains_key(&from) {
            bursts.retain(|_, burst| now.duration_since(burst.last) < QUIET);
            // Then the one that was silent longest makes room.
            let oldest = bursts.iter().min_by_key(|(_, burst)| burst.last).map(|(from, _)| *from);
            if let Some(oldest) = oldest.filter(|_| bursts.len() >= MOST) {
                bursts.remove(&oldest);
            }
        }
        let new = Burst { tried: 0, wrong: 0, last: now, until: now };
        let burst = bursts.entry(from).or_insert(new);
        if now.duration_since(burst.last) >= QUIET && burst.wrong < FREE {
            // Mistakes of long ago are no burst.
            (burst.tried, burst.wrong) = (0, 0);
        }
        burst.tried += 1;
        burst.wrong += 1;
        burst.last = now;
        if let Some(over) = burst.wrong.checked_sub(FREE) {
            let seconds = 1_u64 << over.min(6);
            burst.until = now + Duration::from_secs(seconds).min(LONGEST);
        }
        let guess = if burst.wrong == FREE { Guess::Burst } else { Guess::Counted };
        self.count.store(bursts.len(), Ordering::Relaxed);
        guess
    }

    /// Forgets a burst that is over; how many tokens it tried. An error says how long to wait until
    /// it may be.
    pub(super) fn ended(&self, from: IpAddr, now: Instant) -> Result<u64, Duration> {
        let mut bursts = self.bursts.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(burst) = bursts.get(&from) else { return Ok(0) };
        let silent = now.duration_since(burst.last);
        if silent < QUIET {
            return Err(QUIET - silent);
        }
        let tried = burst.tried;
        bursts.remove(&from);
        self.count.store(bursts.len(), Ordering::Relaxed);
        Ok(tried)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::*;

    fn from(text: &str) -> IpAddr {
        network(text.parse().unwrap())
    }

    #[test]
    fn ten_thousand_guesses_take_days_and_one_burst() {
        let (guesses, a) = (Guesses::default(), from("192.0.2.1"));
        let start = Instant::now();
        let (mut now, mut bursts, mut looked_up) = (start, 0, 0);
        for _ in 0..10_000 {
            while let Some(wait) = guesses.wait(a, now) {
                guesses.turned_away(a, now);
                now += wait;
            }
            looked_up += 1;
            bursts += u64::from(guesses.wrong(a, now) == Guess::Burst);
        }
        assert_eq!((bursts, looked_up), (1, 10_000));
        assert!(now - start > Duration::from_secs(6 * 86_400), "{:?}", now - start);
        // Sent without waiting, all but a few are not looked up.
        let b = from("192.0.2.2");
        let seen = (0..10_000).filter(|_| guesses.wait(b, start).is_none()).count();
        assert_eq!(seen, 10_000, "nobody else waits");
        let seen = (0..10_000).filter(|_| {
            let looked_up = guesses.wait(b, start).is_none();
            if looked_up {
                guesses.wrong(b, start);
            } else {
                guesses.turned_away(b, start)
            }
            looked_up
        });
        assert_eq!(seen.count() as u64, FREE);
        assert_eq!(guesses.ended(b, start), Err(QUIET));
        assert_eq!(guesses.ended(b, start + QUIET), Ok(10_000));
        assert_eq!(guesses.wait(b, start), None);
    }

    #[test]
    fn mistakes_of_long_ago_count_no_more_and_memory_is_bounded() {
        let (guesses, a) = (Guesses::default(), from("192.0.2.1"));
        let start = Instant::now();
        for hour in 0..100 {
            guesses.wrong(a, start + Duration::from_secs(3_600 * hour));
        }
        assert_eq!(guesses.wait(a, start + Duration::from_secs(3_600 * 99)), None);
        for number in 0..3 * MOST as u32 {
            guesses.wrong(IpAddr::V4(number.into()), start);
        }
        assert_eq!(guesses.bursts.lock().unwrap().len(), MOST);
    }

    #[test]
    fn one_network_of_ipv6_is_one_and_a_mapped_address_is_its_own() {
        assert_eq!(from("2001:db8::1"), from("2001:db8::ffff:1"));
        assert_ne!(from("2001:db8::1"), from("2001:db8:0:1::1"));
        assert_eq!(from("::ffff:192.0.2.1"), from("192.0.2.1"));
        assert_ne!(number(from("192.0.2.1")), number(from("192.0.2.2")));
    }
}
