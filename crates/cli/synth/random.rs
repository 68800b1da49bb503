//! Seeded random numbers that are the same on every machine: SplitMix64, no floating library.

/// A stream of random numbers.
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

impl Random {
    /// The stream of one thing: the same seed and path give the same numbers, whatever was drawn
    /// for other things before.
    pub fn of(seed: u64, path: &[u64]) -> Self {
        let mut state = mix(seed ^ 0x7475_6261_6e21);
        for step in path {
            state = mix(state ^ mix(step.wrapping_add(0x9e37_79b9_7f4a_7c15)));
        }
        Self(state)
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// Uniform in `0.0..1.0`.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform in `low..high`.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Uniform in `-reach..reach`.
    pub fn around(&mut self, reach: f64) -> f64 {
        self.between(-reach, reach)
    }

    /// True with this probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// Uniform in `0..count`, for small counts.
    pub fn below(&mut self, count: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(count)) >> 64) as u64
    }

    /// One of `choices` by weight; the last when the weights add up to nothing.
    pub fn pick<T: Copy>(&mut self, choices: &[(u32, T)]) -> T {
        let total: u64 = choices.iter().map(|(weight, _)| u64::from(*weight)).sum();
        let mut left = self.below(total.max(1));
        for (weight, choice) in &choices[..choices.len() - 1] {
            if left < u64::from(*weight) {
                return *choice;
            }
            left -= u64::from(*weight);
        }
        choices[choices.len() - 1].1
    }
}

/// The finaliser of SplitMix64: a bijection that spreads every bit.
fn mix(state: u64) -> u64 {
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}
