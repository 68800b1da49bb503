//! Exact numbers: fractions, and sums of fractions that are never brought to one denominator.
//!
//! A score adds up rates with denominators of their own, whose product may be beyond any integer.
//! Comparing and rounding need no product: both ask for the sign of a sum, and that is found digit
//! by digit.

use std::cmp::Ordering;

/// A reduced fraction with a positive denominator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ratio {
    numerator: i128,
    denominator: i128,
}

/// Bits that one step of [`sign`] looks at; with [`MAX_DENOMINATOR`] they fit into `i128`.
const STEP: u32 = 8;
const MAX_DENOMINATOR: i128 = 1 << 118;

impl Ratio {
    /// `numerator / denominator`; none when the denominator is not positive, or when the fraction is
    /// beyond what can be compared.
    pub fn new(numerator: i128, denominator: i128) -> Option<Self> {
        if denominator <= 0 || numerator == i128::MIN {
            return None;
        }
        let divisor = common_divisor(numerator.abs(), denominator);
        let (numerator, denominator) = (numerator / divisor, denominator / divisor);
        (denominator <= MAX_DENOMINATOR).then_some(Self { numerator, denominator })
    }

    /// A whole number.
    pub fn whole(number: i64) -> Self {
        Self { numerator: i128::from(number), denominator: 1 }
    }

    /// The numerator of the reduced fraction.
    pub fn numerator(self) -> i128 {
        self.numerator
    }

    /// The denominator of the reduced fraction, at least 1.
    pub fn denominator(self) -> i128 {
        self.denominator
    }

    /// The product; none when it is beyond what can be compared.
    pub fn times(self, other: Self) -> Option<Self> {
        let one = common_divisor(self.numerator.abs(), other.denominator);
        let two = common_divisor(other.numerator.abs(), self.denominator);
        let numerator = (self.numerator / one).checked_mul(other.numerator / two)?;
        let denominator = (self.denominator / two).checked_mul(other.denominator / one)?;
        Self::new(numerator, denominator)
    }

    /// One over it; none of zero.
    pub fn inverse(self) -> Option<Self> {
        let sign = self.numerator.signum();
        Self::new(sign * self.denominator, self.numerator.abs())
    }

    /// What is as far from zero on the other side.
    pub(super) fn negated(self) -> Self {
        Self { numerator: -self.numerator, ..self }
    }
}

/// The greatest common divisor of two numbers that are not negative; 1 of two zeros.
fn common_divisor(mut one: i128, mut two: i128) -> i128 {
    while two != 0 {
        (one, two) = (two, one % two);
    }
    one.max(1)
}

/// A sum of fractions, exact.
#[derive(Clone, Debug)]
pub struct Exact {
    parts: Vec<Ratio>,
}

impl From<Ratio> for Exact {
    fn from(ratio: Ratio) -> Self {
        Self { parts: vec![ratio] }
    }
}

impl FromIterator<Ratio> for Exact {
    fn from_iter<I: IntoIterator<Item = Ratio>>(parts: I) -> Self {
        Self { parts: parts.into_iter().collect() }
    }
}

impl Exact {
    /// The fractions that it adds up.
    pub fn parts(&self) -> &[Ratio] {
        &self.parts
    }

    /// The number with so many decimals, as a whole number of the last one, halves away from zero;
    /// none when it is beyond `i128`.
    pub fn rounded(&self, decimals: u8) -> Option<i128> {
        match sign(self.parts.iter().copied()) {
            Ordering::Less => {
                let turned: Self = self.parts.iter().map(|part| part.negated()).collect();
                Some(-turned.rounded_positive(decimals)?)
            }
            _ => self.rounded_positive(decimals),
        }
    }

    fn rounded_positive(&self, decimals: u8) -> Option<i128> {
        let scale = 10_i128.checked_pow(u32::from(decimals))?;
        let mut units = 0_i128;
        let mut left = Vec::with_capacity(self.parts.len() + 1);
        for part in &self.parts {
            let scaled = part.numerator.checked_mul(scale)?;
            units = units.checked_add(scaled.div_euclid(part.denominator))?;
            left.push(Ratio::new(scaled.rem_euclid(part.denominator), part.denominator)?);
        }
        // What is left is less than one for each part.
        left.push(Ratio::new(-1, 2)?);
        while sign(left.iter().copied()) != Ordering::Less {
            units = units.checked_add(1)?;
            left.push(Ratio::whole(-1));
        }
        Some(units)
    }

    /// The nearest number that a machine has, for drawing only.
    pub fn to_f64(&self) -> f64 {
        self.parts.iter().map(|part| part.numerator as f64 / part.denominator as f64).sum()
    }
}

impl PartialEq for Exact {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Exact {}

impl PartialOrd for Exact {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Exact {
    fn cmp(&self, other: &Self) -> Ordering {
        let other = other.parts.iter().map(|part| part.negated());
        sign(self.parts.iter().copied().chain(other))
    }
}

/// Whether a sum of fractions is below, at or above zero.
///
/// The sum is a whole number plus remainders, each at least 0 and below 1. Where that does not
/// decide, more binary digits of the remainders are taken up. A sum that is not zero is at least
/// one over the product of the denominators, so after that many digits it is zero.
fn sign(parts: impl Iterator<Item = Ratio>) -> Ordering {
    let mut whole = 0_i128;
    let mut left: Vec<Ratio> = Vec::new();
    for part in parts {
        // Both numerators are sums of what points hold, far below half of `i128`.
        whole = whole.saturating_add(part.numerator.div_euclid(part.denominator));
        let remainder = part.numerator.rem_euclid(part.denominator);
        if remainder > 0 {
            left.push(Ratio { numerator: remainder, ..part });
        }
    }
    let bits = |number: i128| i128::BITS - number.leading_zeros();
    let most = left.len() as i128;
    let mut digits = left.iter().map(|part| bits(part.denominator)).sum::<u32>() + bits(most);
    loop {
        let is_empty = left.iter().all(|part| part.numerator == 0);
        if whole >= 0 {
            return if whole == 0 && is_empty { Ordering::Equal } else { Ordering::Greater };
        }
        if is_empty || whole <= -most {
            return Ordering::Less;
        }
        if digits == 0 {
            return Ordering::Equal;
        }
        whole <<= STEP;
        for part in &mut left {
            let shifted = part.numerator << STEP;
            whole += shifted / part.denominator;
            part.numerator = shifted % part.denominator;
        }
        digits = digits.saturating_sub(STEP);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    fn ratio(numerator: i128, denominator: i128) -> Ratio {
        Ratio::new(numerator, denominator).unwrap()
    }

    #[test]
    fn fractions_are_reduced_and_refused_where_they_are_none() {
        assert_eq!(ratio(6, 4), ratio(3, 2));
        assert_eq!((ratio(-6, 4).numerator(), ratio(-6, 4).denominator()), (-3, 2));
        assert_eq!(ratio(0, 7), Ratio::whole(0));
        assert_eq!(Ratio::new(1, 0), None);
        assert_eq!(Ratio::new(1, -2), None);
        assert_eq!(ratio(0, 5).inverse(), None);
        assert_eq!(ratio(-2, 5).inverse(), Some(ratio(-5, 2)));
        assert_eq!(ratio(1, 1 << 100).times(ratio(1, 1 << 20)), None);
    }

    #[test]
    fn sums_that_no_machine_number_tells_apart_are_told_apart() {
        // Denominators of 90 bits: their product has 270.
        let primes = [(1_i128 << 89) - 1, (1 << 90) - 33, (1 << 88) - 299];
        let thirds: Exact = primes.iter().map(|prime| ratio(prime / 3, *prime)).collect();
        assert_eq!(thirds.cmp(&thirds.clone()), Ordering::Equal);
        assert_eq!(thirds.cmp(&Ratio::whole(1).into()), Ordering::Less);
        assert_eq!(thirds.to_f64(), 1.0);
        assert_eq!(thirds.rounded(6), Some(1_000_000));
        let parts: Exact = [ratio(1, 3), ratio(1, 6), ratio(1, 2)].into_iter().collect();
        assert_eq!(parts, Exact::from(Ratio::whole(1)));
    }

    #[test]
    fn halves_round_away_from_zero() {
        for (numerator, denominator, decimals, expected) in [
            (1, 8, 2, 13),
            (-1, 8, 2, -13),
            (1, 3, 4, 3333),
            (2, 3, 0, 1),
            (-1, 3, 0, 0),
            (5, 2, 0, 3),
        ] {
            let exact = Exact::from(ratio(numerator, denominator));
            assert_eq!(exact.rounded(decimals), Some(expected), "{numerator}/{denominator}");
        }
    }

    proptest! {
        #[test]
        fn sums_are_compared_and_rounded_as_with_one_denominator(
            parts in prop::collection::vec((-50_i128..50, 1_i128..40), 0..5),
            others in prop::collection::vec((-50_i128..50, 1_i128..40), 0..5),
            decimals in 0_u8..4,
        ) {
            let plain = |parts: &[(i128, i128)]| parts.iter().fold((0, 1), |(n, d), (pn, pd)| {
                (n * pd + pn * d, d * pd)
            });
            let exact = |parts: &[(i128, i128)]| {
                parts.iter().map(|(n, d)| ratio(*n, *d)).collect::<Exact>()
            };
            let ((n, d), (on, od)) = (plain(&parts), plain(&others));
            prop_assert_eq!(exact(&parts).cmp(&exact(&others)), (n * od).cmp(&(on * d)));
            let scaled = n.abs() * 10_i128.pow(u32::from(decimals));
            let rounded = n.signum() * ((2 * scaled + d) / (2 * d));
            prop_assert_eq!(exact(&parts).rounded(decimals), Some(rounded));
        }
    }
}
