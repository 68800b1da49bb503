//! Tokens that are guessed: who sends too many that nobody has waits, longer each time; where many
//! addresses together send too many, each of them sooner.
//!
//! *Invariants:* while an address waits, no token from it is looked up but those that were good from
//! there before, so that waiting is no answer to a guess and nobody else at the address is kept out;
//! an address that is silent for [`QUIET`] begins anew; memory is bounded, however many addresses guess;
//! a burst makes two rows of the audit log, and so does a storm, which is one of all addresses.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Wrong tokens of a burst before its address waits.
pub(super) const FREE: u64 = 100;
/// Wrong tokens from all addresses that are a storm.
pub(super) const STORM: u64 = 1_000;
/// As [`FREE`], while there is a storm.
const FREE_IN_STORM: u64 = 10;
/// The longest that an address waits at a time.
const LONGEST: Duration = Duration::from_secs(60);
/// A burst is over when so long no wrong token came.
pub(super) const QUIET: Duration = Duration::from_secs(120);
/// Most addresses that are remembered.
const MOST: usize = 4_096;

/// What a wrong token begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Begins {
    /// With it the tokens of its address are a burst.
    pub(super) burst: bool,
    /// With it those of all addresses are a storm.
    pub(super) storm: bool,
}

/// The addresses that guess.
#[derive(Debug, Default)]
pub(super) struct Guesses {
    /// How many there are; with none, nothing is looked at.
    count: AtomicUsize,
    /// By address; that of all addresses together by none.
    bursts: Mutex<HashMap<Option<IpAddr>, Burst>>,
}

#[derive(Debug)]
struct Burst {
    /// Wrong tokens, those that were turned away unseen included.
    tried: u64,
    /// Wrong tokens that were looked up.
    wrong: u64,
    last: Instant,
    until: Instant,
    /// Whether it is on record that it is one.
    is_told: bool,
}

impl Burst {
    fn new(now: Instant) -> Self {
        Self { tried: 0, wrong: 0, last: now, until: now, is_told: false }
    }

    /// Counts a wrong token; whether it is one with this one, of `free` that are none.
    fn add(&mut self, free: u64, now: Instant) -> bool {
        if now.duration_since(self.last) >= QUIET && !self.is_told {
            // Mistakes of long ago are no burst.
            (self.tried, self.wrong) = (0, 0);
        }
        self.tried += 1;
        self.wrong += 1;
        self.last = now;
        let begins = !self.is_told && self.wrong >= free;
        self.is_told |= begins;
        begins
    }
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
        let until = bursts.get(&Some(from))?.until;
        (until > now).then(|| until - now)
    }

    /// Counts a token that was turned away unseen.
    pub(super) fn turned_away(&self, from: IpAddr, now: Instant) {
        let mut bursts = self.bursts.lock().unwrap_or_else(PoisonError::into_inner);
        for of in [Some(from), None] {
            if let Some(burst) = bursts.get_mut(&of) {
                burst.tried += 1;
                burst.last = now;
            }
        }
    }

    /// Counts a token that nobody has.
    pub(super) fn wrong(&self, from: IpAddr, now: Instant) -> Begins {
        let mut bursts = self.bursts.lock().unwrap_or_else(PoisonError::into_inner);
        let all = bursts.entry(None).or_insert_with(|| Burst::new(now));
        let storm = all.add(STORM, now);
        let free = if all.is_told { FREE_IN_STORM } else { FREE };
        if bursts.len() > MOST && !bursts.contains_key(&Some(from)) {
            bursts.retain(|of, burst| of.is_none() || now.duration_since(burst.last) < QUIET);
            // Then the one that was silent longest makes room.
            let known = bursts.iter().filter(|(of, _)| of.is_some());
            let oldest = known.min_by_key(|(_, burst)| burst.last).map(|(of, _)| *of);
            if let Some(oldest) = oldest.filter(|_| bursts.len() > MOST) {
                bursts.remove(&oldest);
            }
        }
        let own = bursts.entry(Some(from)).or_insert_with(|| Burst::new(now));
        let burst = own.add(free, now);
        if let Some(over) = own.wrong.checked_sub(free) {
            let seconds = 1_u64 << over.min(6);
            own.until = now + Duration::from_secs(seconds).min(LONGEST);
        }
        self.count.store(bursts.len(), Ordering::Relaxed);
        Begins { burst, storm }
    }

    /// Forgets a burst, or the storm, that is over; how many tokens it tried. An error says how long to wait until
    /// it may be.
    pub(super) fn ended(&self, from: Option<IpAddr>, now: Instant) -> Result<u64, Duration> {
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

    /// Sends `count` wrong tokens at one moment, round by round from so many addresses. How many were looked
    /// up, and what they began.
    fn flood(guesses: &Guesses, addresses: u32, count: u32, now: Instant) -> (u32, u32, u32) {
        let (mut looked_up, mut bursts, mut storms) = (0, 0, 0);
        for number in 0..count {
            let from = IpAddr::V4((0x0a00_0000 + number % addresses).into());
            if guesses.wait(from, now).is_some() {
                guesses.turned_away(from, now);
                continue;
            }
            looked_up += 1;
            let begins = guesses.wrong(from, now);
            bursts += u32::from(begins.burst);
            storms += u32::from(begins.storm);
        }
        (looked_up, bursts, storms)
    }

    #[test]
    fn ten_thousand_guesses_of_one_who_waits_take_days_and_are_one_burst() {
        let (guesses, a) = (Guesses::default(), from("192.0.2.1"));
        let start = Instant::now();
        let (mut now, mut bursts, mut looked_up) = (start, 0, 0);
        for _ in 0..10_000 {
            while let Some(wait) = guesses.wait(a, now) {
                guesses.turned_away(a, now);
                now += wait;
            }
            looked_up += 1;
            bursts += u64::from(guesses.wrong(a, now).burst);
        }
        assert_eq!((bursts, looked_up), (1, 10_000));
        assert!(now - start > Duration::from_secs(6 * 86_400), "{:?}", now - start);
        assert_eq!(guesses.wait(from("192.0.2.2"), now), None, "nobody else waits");
    }

    #[test]
    fn of_ten_thousand_guesses_at_once_few_are_looked_up() {
        // Addresses, and of the guesses those that are looked up, bursts and storms.
        for (addresses, expected) in [
            (1, (100, 1, 0)),
            (20, (1_019, 20, 1)),
            (100, (1_099, 100, 1)),
            (10_000, (10_000, 0, 1)),
        ] {
            let (guesses, start) = (Guesses::default(), Instant::now());
            assert_eq!(flood(&guesses, addresses, 10_000, start), expected, "{addresses}");
            assert!(guesses.bursts.lock().unwrap().len() <= MOST + 1, "{addresses}");
            // On record how many there were, once it is over.
            assert_eq!(guesses.ended(None, start), Err(QUIET));
            assert_eq!(guesses.ended(None, start + QUIET), Ok(10_000), "{addresses}");
            // Whoever is at such an address waits a minute at most, and two of silence end it all.
            let first = IpAddr::V4(0x0a00_0000.into());
            assert!(guesses.wait(first, start).is_none_or(|wait| wait <= LONGEST));
            assert_eq!(guesses.wait(first, start + LONGEST), None);
            if addresses <= 100 {
                let tried = guesses.ended(Some(first), start + QUIET);
                assert_eq!(tried, Ok(10_000 / u64::from(addresses)));
            }
            assert_eq!(guesses.wrong(first, start + QUIET), Begins::default());
        }
    }

    #[test]
    fn mistakes_of_long_ago_count_no_more_and_memory_is_bounded() {
        let (guesses, a) = (Guesses::default(), from("192.0.2.1"));
        let start = Instant::now();
        for hour in 0..100 {
            guesses.wrong(a, start + Duration::from_secs(3_600 * hour));
        }
        assert_eq!(guesses.wait(a, start + Duration::from_secs(3_600 * 99)), None);
        flood(&guesses, 3 * MOST as u32, 3 * MOST as u32, start);
        assert_eq!(guesses.bursts.lock().unwrap().len(), MOST + 1);
    }

    #[test]
    fn one_network_of_ipv6_is_one_and_a_mapped_address_is_its_own() {
        assert_eq!(from("2001:db8::1"), from("2001:db8::ffff:1"));
        assert_ne!(from("2001:db8::1"), from("2001:db8:0:1::1"));
        assert_eq!(from("::ffff:192.0.2.1"), from("192.0.2.1"));
        assert_ne!(number(from("192.0.2.1")), number(from("192.0.2.2")));
    }
}
