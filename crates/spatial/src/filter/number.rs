//! Numbers of filters: integers keep every digit, and meet reals without being rounded.

use std::cmp::Ordering;
use std::fmt;

use super::Arithmetic;

/// 2^126: integral reals below it become integers, so that one number has one form.
const WHOLE: f64 = 85_070_591_730_234_615_865_843_651_857_942_052_864.0;

/// A number, never NaN.
#[derive(Clone, Copy, Debug)]
pub enum Number {
    /// An integer, exact.
    Int(i128),
    /// A real number.
    Real(f64),
}

impl Number {
    /// The canonical form of `value`: an integer where it is one, so that `1.0` is `1`. `None`
    /// for NaN and the infinities.
    pub fn canonical(value: f64) -> Option<Self> {
        if !value.is_finite() {
            return None;
        }
        let whole = value.trunc() == value && value.abs() < WHOLE;
        Some(if whole { Self::Int(value as i128) } else { Self::Real(value) })
    }

    /// The nearest double.
    pub fn as_f64(self) -> f64 {
        match self {
            Self::Int(value) => value as f64,
            Self::Real(value) => value,
        }
    }

    /// Puts two numbers in order, exactly.
    pub fn compare(self, other: Self) -> Ordering {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => a.cmp(&b),
            // Columns and arithmetic hold no NaN.
            (Self::Real(a), Self::Real(b)) => a.partial_cmp(&b).unwrap_or(Ordering::Equal),
            (Self::Int(a), Self::Real(b)) => compare_mixed(a, b),
            (Self::Real(a), Self::Int(b)) => compare_mixed(b, a).reverse(),
        }
    }

    /// `self op other`; `None` where there is no such number, e.g. at a division by zero.
    pub(super) fn combine(self, op: Arithmetic, other: Self) -> Option<Self> {
        if let (Self::Int(a), Self::Int(b)) = (self, other) {
            let exact = match op {
                Arithmetic::Add => a.checked_add(b),
                Arithmetic::Subtract => a.checked_sub(b),
                Arithmetic::Multiply => a.checked_mul(b),
                Arithmetic::IntegerDivide => a.checked_div(b),
                Arithmetic::Modulo => a.checked_rem(b),
                Arithmetic::Divide if b != 0 && a.checked_rem(b) == Some(0) => a.checked_div(b),
                Arithmetic::Power => u32::try_from(b).ok().and_then(|b| a.checked_pow(b)),
                Arithmetic::Divide => None,
            };
            if let Some(value) = exact {
                return Some(Self::Int(value));
            }
        }
        let (a, b) = (self.as_f64(), other.as_f64());
        let value = match op {
            Arithmetic::Add => a + b,
            Arithmetic::Subtract => a - b,
            Arithmetic::Multiply => a * b,
            Arithmetic::Divide if b != 0.0 => a / b,
            Arithmetic::IntegerDivide if b != 0.0 => (a / b).trunc(),
            Arithmetic::Modulo if b != 0.0 => a % b,
            Arithmetic::Power => a.powf(b),
            Arithmetic::Divide | Arithmetic::IntegerDivide | Arithmetic::Modulo => return None,
        };
        (!value.is_nan()).then_some(Self::Real(value))
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(value) => value.fmt(f),
            Self::Real(value) => value.fmt(f),
        }
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.compare(*other) == Ordering::Equal
    }
}

/// Compares an integer with a real that may lie beyond all integers.
fn compare_mixed(int: i128, real: f64) -> Ordering {
    // 2^127; the smallest i128 is its negative.
    const BEYOND: f64 = 170_141_183_460_469_231_731_687_303_715_884_105_728.0;
    if real >= BEYOND {
        return Ordering::Less;
    }
    if real < -BEYOND {
        return Ordering::Greater;
    }
    let whole = real.trunc();
    let rest = if real > whole {
        Ordering::Less
    } else if real < whole {
        Ordering::Greater
    } else {
        Ordering::Equal
    };
    int.cmp(&(whole as i128)).then(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_and_reals_compare_without_rounding() {
        let big = 110_105_001_001_000_123;
        for (int, real, order) in [
            (1, 1.0, Ordering::Equal),
            (1, 1.5, Ordering::Less),
            (-1, -1.5, Ordering::Greater),
            // The double nearest to it is 110105001001000128.
            (big, big as f64, Ordering::Less),
            (i128::MAX, 1e300, Ordering::Less),
            (i128::MIN, -1e300, Ordering::Greater),
            (i128::MAX, f64::INFINITY, Ordering::Less),
        ] {
            assert_eq!(Number::Int(int).compare(Number::Real(real)), order, "{int} {real}");
            assert_eq!(Number::Real(real).compare(Number::Int(int)), order.reverse());
        }
    }

    #[test]
    fn arithmetic_is_exact_while_it_can_be() {
        let check = |a, op, b, expected: Option<Number>| {
            assert_eq!(Number::Int(a).combine(op, Number::Int(b)), expected, "{a} {op:?} {b}");
        };
        check(
            110_105_001_001_000_123,
            Arithmetic::Multiply,
            10,
            Some(Number::Int(1_101_050_010_010_001_230)),
        );
        check(20, Arithmetic::Divide, 10, Some(Number::Int(2)));
        check(7, Arithmetic::Divide, 2, Some(Number::Real(3.5)));
        check(21, Arithmetic::IntegerDivide, 10, Some(Number::Int(2)));
        check(-21, Arithmetic::IntegerDivide, 10, Some(Number::Int(-2)));
        check(5, Arithmetic::Modulo, 2, Some(Number::Int(1)));
        check(2, Arithmetic::Power, 10, Some(Number::Int(1024)));
        check(2, Arithmetic::Power, -1, Some(Number::Real(0.5)));
        check(i128::MAX, Arithmetic::Add, 1, Some(Number::Real(i128::MAX as f64)));
        for op in [Arithmetic::Divide, Arithmetic::IntegerDivide, Arithmetic::Modulo] {
            check(1, op, 0, None);
        }
        assert_eq!(Number::Real(-1.0).combine(Arithmetic::Power, Number::Real(0.5)), None);
    }

    #[test]
    fn one_number_has_one_canonical_form() {
        assert!(matches!(Number::canonical(1e20), Some(Number::Int(100_000_000_000_000_000_000))));
        assert!(matches!(Number::canonical(-0.0), Some(Number::Int(0))));
        assert!(matches!(Number::canonical(0.1), Some(Number::Real(_))));
        assert!(matches!(Number::canonical(1e300), Some(Number::Real(_))));
        assert!(Number::canonical(f64::NAN).is_none());
    }
}
