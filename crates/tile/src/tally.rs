//! Sums up, cell by cell, what is not drawn feature by feature.
//!
//! Cells are those of the grid of the zoom, so that a feature counts in one cell of one tile: the
//! sums of all tiles of a zoom are those of the collection. A cell of polygons is drawn as one
//! rectangle in the middle of what it sums up and as large as that; what rounding to whole units
//! leaves over goes to the next cell, so that a tile keeps its area. A cell of points is a point
//! there, a cell of lines a dash.

use spatial::cells::{MAX_CATEGORIES, is_category, middle};
use spatial::{CellEntry, Column, Distinct, FixedSum, PathRole, Portion, Shard, Size, ValueRef};

use crate::coord::TileCoord;
use crate::draw::Kind;
use crate::figure::{ALL, Figure, Point};
use crate::matrix_set::EXTENT;
use crate::plan::Plan;

/// Key of the word that says what a feature is that stands for others.
const AGGREGATION: &str = "tuban:aggregation";
/// Key of the number of features that it stands for.
const COUNT: &str = "tuban:count";

/// A value of a feature that stands for others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum SumValue {
    Word(&'static str),
    Int(i64),
    Real(f64),
}

/// What is drawn of one cell.
pub(crate) struct Summed<'a> {
    pub id: u64,
    pub kind: Kind,
    /// How many features it stands for.
    pub count: u64,
    /// The feature itself, when it stands for one that was looked at.
    pub only: Option<(&'a Shard, usize)>,
    /// Points of the figure.
    pub points: Vec<Point>,
    /// Numbers of keys, ascending, and values.
    pub values: Vec<(usize, SumValue)>,
}

/// Sums of the cells of one layer of one tile.
pub(crate) struct Tally<'a> {
    columns: Vec<(usize, &'a str)>,
    coord: TileCoord,
    /// Cells along one side, as a power of two.
    bits: u8,
    /// By row and column: one more than the position in `cells`; 0 when nothing is there.
    index: Vec<u32>,
    cells: Vec<Cell<'a>>,
    numbers: Vec<NumberColumn<'a>>,
    categories: Vec<CategoryColumn<'a>>,
    /// Cell by cell, the sum of every column of numbers.
    sums: Vec<FixedSum>,
    /// Cell by cell, the counts of every category.
    counts: Vec<i64>,
    shard: Option<&'a Shard>,
}

#[derive(Default)]
struct Cell<'a> {
    count: u64,
    /// Twice the area in square world units.
    area2: u128,
    /// Sum of the middles, in world units from the corner of the tile.
    middles: [u64; 2],
    dimension: u8,
    only: Option<(&'a Shard, usize)>,
}

struct NumberColumn<'a> {
    position: usize,
    name: &'a str,
    integer: bool,
}

/// A column whose values are counted, unless they turn out to be many.
struct CategoryColumn<'a> {
    position: usize,
    name: &'a str,
    values: Vec<ValueRef<'a>>,
    /// Position in `values` of each code of the shard entered last.
    codes: [u8; MAX_CATEGORIES],
    many: bool,
}

impl<'a> Tally<'a> {
    pub fn new(columns: &[(usize, &'a str)], coord: TileCoord, plan: &Plan) -> Self {
        Self {
            columns: columns.to_vec(),
            coord,
            bits: plan.cells,
            index: Vec::new(),
            cells: Vec::new(),
            numbers: Vec::new(),
            categories: Vec::new(),
            sums: Vec::new(),
            counts: Vec::new(),
            shard: None,
        }
    }

    fn level(&self) -> u8 {
        self.coord.z() + self.bits
    }

    /// Features come from `shard` from now on.
    fn enter(&mut self, shard: &'a Shard) {
        if self.shard.is_some_and(|entered| std::ptr::eq(entered, shard)) {
            return;
        }
        if self.shard.is_none() {
            self.index.resize(1 << (2 * self.bits), 0);
            for &(position, name) in &self.columns {
                let values = shard.columns().get(position).map(Column::values);
                match values {
                    Some(Distinct::Int(_) | Distinct::Real(_)) => {
                        let integer = matches!(values, Some(Distinct::Int(_)));
                        self.numbers.push(NumberColumn { position, name, integer });
                    }
                    Some(Distinct::Text(_) | Distinct::Bool) => {
                        self.categories.push(CategoryColumn {
                            position,
                            name,
                            values: Vec::new(),
                            codes: [0; MAX_CATEGORIES],
                            many: false,
                        });
                    }
                    Some(Distinct::Bytes) | None => {}
                }
            }
        }
        self.shard = Some(shard);
        for column in &mut self.categories {
            column.enter(shard);
        }
    }

    /// Counts the feature at `slot` of `shard` in its cell, if that is of this tile.
    #[inline]
    pub fn add(&mut self, shard: &'a Shard, slot: usize) {
        self.change(shard, slot, 1);
    }

    /// Takes a feature away that was counted with its shard.
    pub fn take(&mut self, shard: &'a Shard, slot: usize) {
        self.change(shard, slot, -1);
    }

    #[inline]
    fn change(&mut self, shard: &'a Shard, slot: usize, times: i64) {
        let size = shard.sizes()[slot];
        if size == Size::PLACELESS {
            return;
        }
        let middle = middle(&shard.world_boxes()[slot]);
        let level = u32::from(self.level());
        let place = middle.map(|v| (u64::from(v) >> (32 - level)) as u32);
        let Some(place) = self.place(place) else { return };
        self.enter(shard);
        let entry = CellEntry::of(shard.feature(slot), size, 0);
        let position = self.cell(place);
        if times > 0 {
            let only = (self.cells[position].count == 0).then_some((shard, slot));
            self.count(position, &entry);
            self.cells[position].only = only;
        } else {
            self.discount(position, &entry);
        }
        for (number, column) in self.numbers.iter().enumerate() {
            let column = &shard.columns()[column.position];
            if let Some(code) = column.code(slot) {
                let one = FixedSum::of(column.values(), code);
                let sum = &mut self.sums[position * self.numbers.len() + number];
                if times > 0 { sum.add(one) } else { sum.take(one) }
            }
        }
        let first = position * self.categories.len() * MAX_CATEGORIES;
        for (number, column) in self.categories.iter().enumerate().filter(|(_, c)| !c.many) {
            if let Some(code) = shard.columns()[column.position].code(slot) {
                let value = usize::from(column.codes[usize::from(code)]);
                self.counts[first + number * MAX_CATEGORIES + value] += times;
            }
        }
    }

    /// Counts what of `portion` is of a size that `takes`.
    pub fn add_portion(&mut self, portion: &Portion<'a, '_>, takes: impl Fn(Size) -> bool) {
        let add_feature = |tally: &mut Self, shard: &'a Shard, slot: usize| {
            if takes(shard.sizes()[slot]) {
                tally.add(shard, slot);
            }
        };
        match portion {
            Portion::Feature(shard, slot) => add_feature(self, shard, usize::from(*slot)),
            Portion::Shard { shard, gone } => {
                let gone = gone.iter().map(|slot| usize::from(*slot));
                if shard.cells().at(self.level()).is_none() {
                    let mut gone = gone.peekable();
                    for slot in 0..shard.len() {
                        if gone.next_if_eq(&slot).is_none() {
                            add_feature(self, shard, slot);
                        }
                    }
                    return;
                }
                self.add_sums(shard, &takes);
                for slot in gone.filter(|slot| takes(shard.sizes()[*slot])) {
                    self.take(shard, slot);
                }
            }
        }
    }

    fn add_sums(&mut self, shard: &'a Shard, takes: impl Fn(Size) -> bool) {
        let cells = shard.cells();
        let Some(level) = cells.at(self.level()) else { return };
        self.enter(shard);
        let shift = level.level() - self.level();
        let numbers: Vec<usize> =
            self.numbers.iter().filter_map(|column| cells.number(column.position)).collect();
        let categories: Vec<Option<(usize, usize)>> = self
            .categories
            .iter()
            .map(|column| {
                let first = cells.category(column.position).filter(|_| !column.many)?;
                Some((first, shard.columns()[column.position].distinct()))
            })
            .collect();
        for (at, entry) in level.entries().iter().enumerate() {
            if !takes(entry.size) {
                continue;
            }
            let Some(place) = self.place(entry.cell.map(|v| v >> shift)) else { continue };
            let cell = self.cell(place);
            self.count(cell, entry);
            let (sums, counts) = cells.sums(level, at);
            let first = cell * self.numbers.len();
            for (sum, number) in self.sums[first..].iter_mut().zip(&numbers) {
                sum.add(sums[*number]);
            }
            let mut to = cell * self.categories.len() * MAX_CATEGORIES;
            for (column, from) in self.categories.iter().zip(&categories) {
                if let Some((first, distinct)) = from {
                    for (code, count) in counts[*first..first + distinct].iter().enumerate() {
                        self.counts[to + usize::from(column.codes[code])] += i64::from(*count);
                    }
                }
                to += MAX_CATEGORIES;
            }
        }
    }

    /// Position of the cell at a column and row of the whole grid, if it is of this tile.
    #[inline]
    fn place(&self, cell: [u32; 2]) -> Option<usize> {
        let mask = (1 << self.bits) - 1;
        let is_here =
            cell[0] >> self.bits == self.coord.x() && cell[1] >> self.bits == self.coord.y();
        is_here.then_some(((cell[1] & mask) << self.bits | (cell[0] & mask)) as usize)
    }

    /// Position of the cell at `place`, which is there from now on.
    #[inline]
    fn cell(&mut self, place: usize) -> usize {
        if self.index[place] == 0 {
            self.cells.push(Cell::default());
            self.index[place] = self.cells.len() as u32;
            self.sums.resize(self.cells.len() * self.numbers.len(), FixedSum::default());
            let width = self.categories.len() * MAX_CATEGORIES;
            self.counts.resize(self.cells.len() * width, 0);
        }
        self.index[place] as usize - 1
    }

    /// Sums of the middles of `entry` from the corner of the tile.
    fn middles(&self, entry: &CellEntry) -> [u64; 2] {
        let zoom = u32::from(self.coord.z());
        let corner = [self.coord.x(), self.coord.y()].map(|tile| u64::from(tile) << (32 - zoom));
        [0, 1].map(|axis| entry.middles[axis] - u64::from(entry.count) * corner[axis])
    }

    fn count(&mut self, position: usize, entry: &CellEntry) {
        let middles = self.middles(entry);
        let cell = &mut self.cells[position];
        cell.count += u64::from(entry.count);
        cell.area2 += u128::from(entry.area2);
        cell.middles = [0, 1].map(|axis| cell.middles[axis] + middles[axis]);
        cell.dimension = cell.dimension.max(entry.dimension);
        cell.only = None;
    }

    fn discount(&mut self, position: usize, entry: &CellEntry) {
        let middles = self.middles(entry);
        let cell = &mut self.cells[position];
        cell.count -= u64::from(entry.count);
        cell.area2 -= u128::from(entry.area2);
        cell.middles = [0, 1].map(|axis| cell.middles[axis] - middles[axis]);
        cell.only = None;
    }

    /// The keys of what is summed up.
    pub fn keys(&self) -> Vec<String> {
        let mut keys = vec![AGGREGATION.to_owned(), COUNT.to_owned()];
        keys.extend(self.numbers.iter().map(|column| format!("tuban:sum:{}", column.name)));
        for column in self.categories.iter().filter(|column| !column.many) {
            keys.extend(column.values.iter().map(|value| {
                let value: &dyn std::fmt::Display = match value {
                    ValueRef::Text(text) => text,
                    ValueRef::Bool(truth) => truth,
                    _ => &"",
                };
                format!("tuban:count:{}:{value}", column.name)
            }));
        }
        keys
    }

    /// What is drawn of every cell, row by row; `scale` is square tile units a square world unit.
    pub fn drawn(&self, scale: f64) -> Vec<Summed<'a>> {
        let mut left = 0.0;
        let is_filled = |cell: u32| cell > 0 && self.cells[cell as usize - 1].count > 0;
        let filled = self.index.iter().enumerate().filter(|(_, cell)| is_filled(**cell));
        filled
            .map(|(place, cell)| {
                let position = *cell as usize - 1;
                let cell = &self.cells[position];
                let kind = match cell.dimension {
                    0 => Kind::Points,
                    1 => Kind::Lines,
                    _ => Kind::Polygons,
                };
                Summed {
                    id: self.id(place),
                    kind,
                    count: cell.count,
                    only: cell.only,
                    points: self.figure(place, cell, scale, &mut left),
                    values: self.values(position, kind),
                }
            })
            .collect()
    }

    /// Id of a cell: above those of features, the same in every state. Two cells of one id are
    /// 2^23 cells apart, and in no tile together.
    fn id(&self, place: usize) -> u64 {
        let mask = (1 << self.bits) - 1;
        let at = |tile: u32, cell: usize| {
            ((u64::from(tile) << self.bits) | cell as u64 & mask) & ((1 << 23) - 1)
        };
        let column = at(self.coord.x(), place);
        let row = at(self.coord.y(), place >> self.bits);
        1 << 52 | u64::from(self.level()) << 46 | row << 23 | column
    }

    fn figure(&self, place: usize, cell: &Cell<'_>, scale: f64, left: &mut f64) -> Vec<Point> {
        let side = (EXTENT >> self.bits) as i32;
        let mask = (1 << self.bits) - 1;
        let corner = [place & mask, place >> self.bits].map(|cell| cell as i32 * side);
        // A tile unit is 2^(20 - zoom) world units.
        let unit = scale.sqrt();
        let middle = [0, 1].map(|axis| {
            let mean = cell.middles[axis] as f64 / cell.count as f64 * unit;
            (mean.round() as i32).clamp(corner[axis], corner[axis] + side)
        });
        // A place in the cell for something `size` wide.
        let within = |axis: usize, size: i32| {
            let low = middle[axis] - size / 2;
            low.clamp(corner[axis], (corner[axis] + side - size).max(corner[axis]))
        };
        match cell.dimension {
            0 => vec![middle],
            1 => {
                let west = within(0, 2);
                vec![[west, middle[1]], [west + 2, middle[1]]]
            }
            _ => {
                let wanted = cell.area2 as f64 / 2.0 * scale + *left;
                let width = (wanted.max(1.0).sqrt() as i32).clamp(1, side);
                let height = ((wanted / f64::from(width)).round() as i32).clamp(1, side);
                *left = wanted - f64::from(width) * f64::from(height);
                let (west, north) = (within(0, width), within(1, height));
                let (east, south) = (west + width, north + height);
                vec![[west, north], [east, north], [east, south], [west, south]]
            }
        }
    }

    fn values(&self, position: usize, kind: Kind) -> Vec<(usize, SumValue)> {
        let word = if kind == Kind::Points { "cluster" } else { "cell" };
        let count = self.cells[position].count;
        let mut values = Vec::with_capacity(2 + self.numbers.len() + self.categories.len());
        values.push((0, SumValue::Word(word)));
        values.push((1, SumValue::Int(i64::try_from(count).unwrap_or(i64::MAX))));
        for (number, column) in self.numbers.iter().enumerate() {
            let sum = self.sums[position * self.numbers.len() + number];
            let sum = match column.integer {
                true => SumValue::Int(sum.to_int()),
                false => SumValue::Real(sum.to_real()),
            };
            values.push((2 + number, sum));
        }
        let mut key = 2 + self.numbers.len();
        let mut first = position * self.categories.len() * MAX_CATEGORIES;
        for column in &self.categories {
            if !column.many {
                for value in 0..column.values.len() {
                    let count = self.counts[first + value];
                    if count > 0 {
                        values.push((key + value, SumValue::Int(count)));
                    }
                }
                key += column.values.len();
            }
            first += MAX_CATEGORIES;
        }
        values
    }
}

impl Summed<'_> {
    /// Puts the points into `figure`.
    pub fn draw(&self, figure: &mut Figure) {
        figure.clear();
        let points = self.points.iter().copied();
        match self.kind {
            Kind::Points => figure.push_points(points),
            Kind::Lines => {
                figure.push_line(points, self.points.len());
            }
            Kind::Polygons => {
                figure.push_ring(PathRole::Exterior, points, ALL, [0; 2]);
            }
        }
    }
}

impl<'a> CategoryColumn<'a> {
    fn enter(&mut self, shard: &'a Shard) {
        if self.many {
            return;
        }
        let Some(column) = shard.columns().get(self.position).filter(|c| is_category(c)) else {
            self.many = true;
            return;
        };
        for code in 0..column.distinct() {
            let value = column.decode(code as u16);
            let found = self.values.iter().position(|known| *known == value);
            let position = found.unwrap_or_else(|| {
                self.values.push(value);
                self.values.len() - 1
            });
            if position >= MAX_CATEGORIES {
                self.many = true;
                return;
            }
            self.codes[code] = position as u8;
        }
    }
}
