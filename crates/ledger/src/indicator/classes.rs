//! Values in classes of equal width, for colours on a map.

use spatial::TableCell;

/// Classes between the least and the most of some values, which are whole numbers of their last
/// decimal. A value on the bound of two belongs to the upper one; values that are all alike are one
/// class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Classes {
    least: i128,
    most: i128,
    decimals: u8,
}

impl Classes {
    /// Most classes.
    pub const MOST: usize = 5;

    /// Those of some values; none without a value.
    pub fn of(values: impl IntoIterator<Item = i128>, decimals: u8) -> Option<Self> {
        let mut values = values.into_iter();
        let first = values.next()?;
        let (least, most) =
            values.fold((first, first), |(least, most), value| (least.min(value), most.max(value)));
        Some(Self { least, most, decimals })
    }

    /// How many there are.
    pub fn number(&self) -> usize {
        if self.least == self.most { 1 } else { Self::MOST }
    }

    /// The class of one of the values.
    pub fn class_of(&self, value: i128) -> usize {
        let width = self.most.saturating_sub(self.least);
        let above = value.saturating_sub(self.least);
        let class = above.saturating_mul(Self::MOST as i128) / width.max(1);
        usize::try_from(class).unwrap_or(0).min(self.number() - 1)
    }

    /// Where a class begins and ends, exact.
    pub fn bounds(&self, class: usize) -> [TableCell; 2] {
        [class, class + 1].map(|bound| {
            // A fifth of a whole number is a whole number of tenths.
            let tenths = self.most.saturating_sub(self.least).saturating_mul(10);
            let steps = tenths / self.number() as i128 * bound as i128;
            let mut scaled = self.least.saturating_mul(10).saturating_add(steps);
            let mut decimals = self.decimals + 1;
            while decimals > 0 && scaled % 10 == 0 {
                (scaled, decimals) = (scaled / 10, decimals - 1);
            }
            TableCell::Number { scaled, decimals }
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    /// The class of each value with its bounds.
    fn check_classes(values: &[i128], decimals: u8, expected: &[&str]) {
        let classes = Classes::of(values.iter().copied(), decimals).unwrap();
        let told = values.iter().map(|value| {
            let class = classes.class_of(*value);
            let [from, to] = classes.bounds(class);
            format!("{class}: {from} {to}")
        });
        assert_eq!(told.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn values_lie_in_their_classes() {
        let whole = ["0: 0 20", "0: 0 20", "1: 20 40", "4: 80 100", "4: 80 100"];
        check_classes(&[0, 1999, 2000, 8000, 10_000], 2, &whole);
        check_classes(&[0, 1, 2, 3], 0, &["0: 0 0.6", "1: 0.6 1.2", "3: 1.8 2.4", "4: 2.4 3"]);
        check_classes(&[-5, 5], 1, &["0: -0.5 -0.3", "4: 0.3 0.5"]);
        check_classes(&[7, 7], 0, &["0: 7 7", "0: 7 7"]);
        let extreme = Classes::of([i128::MIN, i128::MAX], 0).unwrap();
        assert!(extreme.class_of(i128::MAX) < extreme.number());
        assert_ne!(extreme.bounds(4), extreme.bounds(0));
        assert_eq!(Classes::of([], 2), None);
    }
}
