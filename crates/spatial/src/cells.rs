//! What the features of a shard add up to, cell by cell of the world grid: what is shown of them
//! where a zoom cannot show them one by one.
//!
//! A cell of level `l` is 2^(32−l) world units wide; a feature belongs to the cell that holds the
//! middle of its box, so that each counts once however tiles are cut. Sums are integers
//! throughout: the same features add up to the same whichever shards they are in, and what was
//! added can be taken away again. Sums of a shard are kept at every second level, from cells of
//! some thirty features up to cells that hold all of it.

use crate::size::{Size, dimension};
use crate::tight::tighten;
use crate::{Column, Distinct, FeatureRef, Shard, WorldBox, WorldPoint};

/// Features that a cell of the finest level that is kept holds about.
const MEMBERS: usize = 32;
/// A shard of fewer features keeps no sums: they are looked at one by one.
const WORTH: usize = 256;
/// Levels from one that is kept to the next.
const STEP: u8 = 2;
/// Most distinct values of a column that are counted one by one.
pub const MAX_CATEGORIES: usize = 16;
/// Fraction bits of a sum.
const FRACTION: u32 = 40;

/// A sum of numbers in units of 2^−40: exact for integers, and for reals as far as they are
/// multiples of that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FixedSum(i128);

impl FixedSum {
    /// Sum of the value that `code` stands for; nothing when it is no number.
    #[inline]
    pub fn of(values: Distinct<'_>, code: u16) -> Self {
        match values {
            Distinct::Int(values) => Self(i128::from(values[usize::from(code)]) << FRACTION),
            Distinct::Real(values) => Self::from_real(values[usize::from(code)]),
            Distinct::Bool | Distinct::Text(_) | Distinct::Bytes => Self::default(),
        }
    }

    /// A real number; what is none counts as 0.
    #[inline]
    pub fn from_real(value: f64) -> Self {
        let scaled = value * (1_u64 << FRACTION) as f64;
        // Most numbers fit 64 bits, which is ten times as fast; `as` saturates, and makes 0 of
        // what is no number.
        if scaled.abs() < 9.0e18 {
            Self(i128::from(scaled.round_ties_even() as i64))
        } else {
            Self(scaled as i128)
        }
    }

    /// Adds `other`.
    #[inline]
    pub fn add(&mut self, other: Self) {
        self.0 = self.0.saturating_add(other.0);
    }

    /// Takes `other` away.
    #[inline]
    pub fn take(&mut self, other: Self) {
        self.0 = self.0.saturating_sub(other.0);
    }

    /// The sum as a real number.
    pub fn to_real(self) -> f64 {
        self.0 as f64 / (1_u64 << FRACTION) as f64
    }

    /// The sum of integers; saturates.
    pub fn to_int(self) -> i64 {
        let whole = self.0 >> FRACTION;
        i64::try_from(whole).unwrap_or(if whole < 0 { i64::MIN } else { i64::MAX })
    }
}

/// Middle of a box, rounded down: where a feature counts.
#[inline]
pub fn middle(area: &WorldBox) -> WorldPoint {
    [area.min[0].midpoint(area.max[0]), area.min[1].midpoint(area.max[1])]
}

/// What some features of one cell, one size and one dimension add up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CellEntry {
    /// Column and row of the cell.
    pub cell: [u32; 2],
    /// Size class of each.
    pub size: Size,
    /// Dimension of each: 0, 1 or 2.
    pub dimension: u8,
    /// How many they are.
    pub count: u32,
    /// Twice their area in square world units.
    pub area2: u64,
    /// Sum of their middles.
    pub middles: [u64; 2],
}

impl CellEntry {
    /// What `feature` alone makes at `level`.
    #[inline]
    pub fn of(feature: FeatureRef<'_>, size: Size, level: u8) -> Self {
        let middle = middle(&feature.world_box());
        Self {
            cell: middle.map(|v| (u64::from(v) >> (32 - level)) as u32),
            size,
            dimension: if size == Size::POINT { 0 } else { dimension(feature) },
            count: 1,
            area2: (feature.world_area() * 2.0) as u64,
            middles: middle.map(u64::from),
        }
    }

    fn key(&self) -> (u32, u32, Size, u8) {
        (self.cell[1], self.cell[0], self.size, self.dimension)
    }

    fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.area2 = self.area2.saturating_add(other.area2);
        self.middles = [0, 1].map(|axis| self.middles[axis] + other.middles[axis]);
    }
}

/// The sums of a shard at one level.
#[derive(Clone, Debug)]
pub struct CellLevel {
    level: u8,
    entries: Vec<CellEntry>,
    /// Entry by entry, the sums of every column of numbers.
    numbers: Vec<FixedSum>,
    /// Entry by entry, the counts of every value of every column of categories.
    categories: Vec<u16>,
}

impl CellLevel {
    /// The level.
    pub fn level(&self) -> u8 {
        self.level
    }

    /// Entries by row, column, size and dimension.
    pub fn entries(&self) -> &[CellEntry] {
        &self.entries
    }
}

/// The sums of a shard.
#[derive(Clone, Debug, Default)]
pub struct ShardCells {
    /// Positions of the columns of numbers.
    numbers: Vec<u16>,
    /// Columns of few values: position, and where its counts begin in those of an entry.
    categories: Vec<(u16, u16)>,
    /// Counts of an entry.
    width: usize,
    /// From the finest on.
    levels: Vec<CellLevel>,
}

/// Whether each value of `column` is counted: texts and truth values, when they are few.
pub fn is_category(column: &Column) -> bool {
    matches!(column.values(), Distinct::Text(_) | Distinct::Bool)
        && column.distinct() <= MAX_CATEGORIES
}

impl ShardCells {
    /// The sums of `shard`, whose sizes are known.
    pub(crate) fn build(shard: &Shard) -> Self {
        let placed = |slot: &usize| shard.sizes()[*slot] != Size::PLACELESS;
        let members: Vec<usize> = (0..shard.len()).filter(placed).collect();
        if members.len() < WORTH {
            return Self::default();
        }
        let mut made = Self::default();
        for (position, column) in shard.columns().iter().enumerate() {
            if matches!(column.values(), Distinct::Int(_) | Distinct::Real(_)) {
                made.numbers.push(position as u16);
            } else if is_category(column) {
                made.categories.push((position as u16, made.width as u16));
                made.width += column.distinct();
            }
        }
        let area = shard.world_tree().bounds();
        let side = [0, 1].map(|axis| f64::from(area.max[axis] - area.min[axis]) + 1.0);
        let cell = (side[0] * side[1] * MEMBERS as f64 / members.len() as f64).sqrt();
        let finest = (32.0 - cell.log2()).floor().clamp(0.0, 32.0) as u8;
        made.levels.push(made.finest(shard, &members, finest));
        while let Some(last) = made.levels.last()
            && last.level > 0
            && last.entries.len() > 4
        {
            let coarser = made.coarser(last, last.level.saturating_sub(STEP));
            made.levels.push(coarser);
        }
        made
    }

    fn finest(&self, shard: &Shard, members: &[usize], level: u8) -> CellLevel {
        let of = |slot: usize| CellEntry::of(shard.feature(slot), shard.sizes()[slot], level);
        let mut order: Vec<(CellEntry, u16)> =
            members.iter().map(|slot| (of(*slot), *slot as u16)).collect();
        order.sort_unstable_by_key(|(entry, slot)| (entry.key(), *slot));
        let mut made = CellLevel::new(level);
        for (entry, slot) in &order {
            self.open(&mut made, entry);
            let numbers = made.numbers.len() - self.numbers.len();
            for (sum, position) in made.numbers[numbers..].iter_mut().zip(&self.numbers) {
                let column = &shard.columns()[usize::from(*position)];
                if let Some(code) = column.code(usize::from(*slot)) {
                    sum.add(FixedSum::of(column.values(), code));
                }
            }
            let counts = made.categories.len() - self.width;
            for (position, first) in &self.categories {
                let code = shard.columns()[usize::from(*position)].code(usize::from(*slot));
                if let Some(code) = code {
                    made.categories[counts + usize::from(*first) + usize::from(code)] += 1;
                }
            }
        }
        made.shrink();
        made
    }

    fn coarser(&self, finer: &CellLevel, level: u8) -> CellLevel {
        let shift = finer.level - level;
        let coarse = |entry: &CellEntry| CellEntry {
            cell: entry.cell.map(|v| (u64::from(v) >> shift) as u32),
            ..*entry
        };
        let mut order: Vec<(CellEntry, usize)> =
            finer.entries.iter().map(coarse).enumerate().map(|(at, entry)| (entry, at)).collect();
        order.sort_unstable_by_key(|(entry, at)| (entry.key(), *at));
        let mut made = CellLevel::new(level);
        for (entry, at) in &order {
            self.open(&mut made, entry);
            let (numbers, counts) = self.sums(finer, *at);
            let first = made.numbers.len() - self.numbers.len();
            for (sum, more) in made.numbers[first..].iter_mut().zip(numbers) {
                sum.add(*more);
            }
            let first = made.categories.len() - self.width;
            for (count, more) in made.categories[first..].iter_mut().zip(counts) {
                *count += more;
            }
        }
        made.shrink();
        made
    }

    /// Adds `entry` to the last one of `level`, or begins another.
    fn open(&self, level: &mut CellLevel, entry: &CellEntry) {
        match level.entries.last_mut() {
            Some(last) if last.key() == entry.key() => last.add(entry),
            _ => {
                level.entries.push(*entry);
                level.numbers.resize(level.numbers.len() + self.numbers.len(), FixedSum(0));
                level.categories.resize(level.categories.len() + self.width, 0);
            }
        }
    }

    /// The sums by which cells of `level` can be made: those of the coarsest level that is kept
    /// and not coarser. `None` when only the features themselves can tell.
    pub fn at(&self, level: u8) -> Option<&CellLevel> {
        self.levels.iter().rev().find(|kept| kept.level >= level)
    }

    /// Sums of the numbers and counts of the categories of the entry at position `entry` of
    /// `level`, one of these.
    pub fn sums<'a>(&self, level: &'a CellLevel, entry: usize) -> (&'a [FixedSum], &'a [u16]) {
        let (numbers, width) = (self.numbers.len(), self.width);
        (
            &level.numbers[entry * numbers..(entry + 1) * numbers],
            &level.categories[entry * width..(entry + 1) * width],
        )
    }

    /// Where the sum of the column at `position` stands among those of an entry.
    pub fn number(&self, position: usize) -> Option<usize> {
        self.numbers.iter().position(|column| usize::from(*column) == position)
    }

    /// Where the counts of the column at `position` begin among those of an entry.
    pub fn category(&self, position: usize) -> Option<usize> {
        let found = self.categories.iter().find(|(column, _)| usize::from(*column) == position);
        found.map(|(_, first)| usize::from(*first))
    }

    /// Bytes of memory that the sums hold.
    pub(crate) fn heap_bytes(&self) -> usize {
        let level = |level: &CellLevel| {
            level.entries.capacity() * size_of::<CellEntry>()
                + level.numbers.capacity() * size_of::<FixedSum>()
                + level.categories.capacity() * 2
        };
        self.levels.iter().map(level).sum::<usize>()
            + self.levels.capacity() * size_of::<CellLevel>()
            + self.numbers.capacity() * 2
            + self.categories.capacity() * 4
    }
}

impl CellLevel {
    fn new(level: u8) -> Self {
        Self { level, entries: Vec::new(), numbers: Vec::new(), categories: Vec::new() }
    }

    fn shrink(&mut self) {
        tighten(&mut self.entries);
        tighten(&mut self.numbers);
        tighten(&mut self.categories);
    }
}
