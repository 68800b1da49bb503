//! The region: a net of cells, one village each, some of them a town. EPSG:4548 metres.
//!
//! Nodes and borders of the net are jittered; two neighbours draw the border between them from
//! the same numbers, so towns and villages cover the region without gap or overlap.

use super::SynthError;
use super::random::Random;

/// Ground a parcel, its share of lanes and fields included, m²: 625 km² for a million.
pub(super) const GROUND_PER_PARCEL: f64 = 625.0;
/// Parcels of a village, on average and about.
const VILLAGE_PARCELS: f64 = 600.0;
/// Fewest parcels a town may have: below, its village is no more than two blocks.
const MIN_TOWN_PARCELS: u64 = 300;
/// Most parcels: beyond, the region outgrows its zone.
const MAX_PARCELS: u64 = 10_000_000;
/// Villages a town has by default, at most and about.
const DEFAULT_TOWN_VILLAGES: f64 = 200.0;
/// Village numbers of a statistical code that this generator uses: 201 to 399, 401 to 599.
const MAX_TOWN_VILLAGES: u64 = 398;
/// Towns of which the county has unused numbers.
const MAX_TOWNS: u64 = 88;
/// Middle of the region: fields of Daxing.
const MIDDLE: [f64; 2] = [453_000.0, 4_390_000.0];
/// How far a node lies off its place, and a border off its line, in cell sides.
const NODE_JITTER: f64 = 0.028;
const BORDER_JITTER: f64 = 0.012;
/// Vertices of a border between two nodes; odd, so that a road can meet its middle one.
const BORDER_POINTS: u64 = 5;

/// What the region consists of; the same for every layer.
#[derive(Clone, Debug)]
pub(super) struct Region {
    pub seed: u64,
    pub towns: u64,
    /// Side of a cell, metres.
    pub side: f64,
    /// Villages of each town, along east and along north.
    town_villages: [u64; 2],
    /// Towns along east.
    town_columns: u64,
    /// Cells along east and along north.
    cells: [u64; 2],
    /// Cells in the order in which their features are written, with the serial of the first
    /// parcel; one more than there are cells.
    order: Vec<([u64; 2], u64)>,
}

/// One village of the region.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// Column and row of its cell.
    pub cell: [u64; 2],
    /// Its town, from 0.
    pub town: u64,
    /// Its number in the town, from 0.
    pub village: u64,
    /// Number of its parcels.
    pub parcels: u64,
}

impl Region {
    pub fn new(seed: u64, parcels: u64, towns: Option<u64>) -> Result<Self, SynthError> {
        if !(MIN_TOWN_PARCELS..=MAX_PARCELS).contains(&parcels) {
            return Err(SynthError::Parcels { value: parcels });
        }
        let by_villages = parcels as f64 / VILLAGE_PARCELS / DEFAULT_TOWN_VILLAGES;
        let towns = towns
            .unwrap_or_else(|| (by_villages.ceil() as u64).max(2).min(parcels / MIN_TOWN_PARCELS));
        if towns == 0 || towns > MAX_TOWNS || parcels / towns < MIN_TOWN_PARCELS {
            let most = (parcels / MIN_TOWN_PARCELS).min(MAX_TOWNS);
            return Err(SynthError::Towns { value: towns, least: 1, most });
        }
        let villages = (parcels as f64 / towns as f64 / VILLAGE_PARCELS).round().max(1.0);
        let along_east = villages.sqrt().ceil();
        let along_north = (villages / along_east).round().max(1.0);
        let town_villages = [along_east as u64, along_north as u64];
        if town_villages[0] * town_villages[1] > MAX_TOWN_VILLAGES {
            let least = parcels.div_ceil(MAX_TOWN_VILLAGES * VILLAGE_PARCELS as u64) + 1;
            return Err(SynthError::Towns { value: towns, least, most: MAX_TOWNS });
        }
        // The widest arrangement of the towns that is no wider than it must be.
        let town_rows =
            (1..=towns).filter(|n| towns.is_multiple_of(*n) && n * n <= towns).max().unwrap_or(1);
        let town_columns = towns / town_rows;
        let cells = [town_columns * town_villages[0], town_rows * town_villages[1]];
        let count = cells[0] * cells[1];
        let side = (GROUND_PER_PARCEL * parcels as f64 / count as f64).sqrt();
        let mut region =
            Self { seed, towns, side, town_villages, town_columns, cells, order: Vec::new() };
        region.order = region.share_out(parcels);
        Ok(region)
    }

    /// Shares the parcels out among the cells, in Hilbert order of the cells.
    fn share_out(&self, parcels: u64) -> Vec<([u64; 2], u64)> {
        let mut cells: Vec<[u64; 2]> = (0..self.cells[1])
            .flat_map(|row| (0..self.cells[0]).map(move |column| [column, row]))
            .collect();
        // World y goes south, rows go north.
        cells.sort_by_key(|[column, row]| {
            spatial::hilbert::key([(*column << 20) as u32, u32::MAX - (*row << 20) as u32])
        });
        let weight = |cell: &[u64; 2]| {
            // In integers, so that the shares add up exactly.
            750 + Random::of(self.seed, &[b'w'.into(), cell[0], cell[1]]).below(450)
        };
        let total: u64 = cells.iter().map(weight).sum();
        let mut weights = 0;
        let mut order = Vec::with_capacity(cells.len() + 1);
        for cell in cells {
            order.push((cell, weights * parcels / total));
            weights += weight(&cell);
        }
        order.push(([0, 0], parcels));
        order
    }

    /// Number of villages.
    pub fn villages(&self) -> usize {
        self.order.len() - 1
    }

    /// The village at `position` of the order of writing.
    pub fn place(&self, position: usize) -> Place {
        let (cell, first) = self.order[position];
        let [town_east, town_north] = self.town_villages;
        Place {
            cell,
            town: cell[1] / town_north * self.town_columns + cell[0] / town_east,
            village: cell[1] % town_north * town_east + cell[0] % town_east,
            parcels: self.order[position + 1].1 - first,
        }
    }

    /// The node south-west of a cell.
    fn node(&self, [column, row]: [u64; 2]) -> [f64; 2] {
        let mut random = Random::of(self.seed, &[b'n'.into(), column, row]);
        let along = |at: u64, cells: u64, middle: f64, off: f64| {
            middle + (at as f64 - cells as f64 / 2.0 + off) * self.side
        };
        [
            along(column, self.cells[0], MIDDLE[0], random.around(NODE_JITTER)),
            along(row, self.cells[1], MIDDLE[1], random.around(NODE_JITTER)),
        ]
    }

    /// The border that leaves a node eastward (`axis` 0) or northward (1): the node and the
    /// vertices up to the next node, which is left out.
    fn border(&self, from: [u64; 2], axis: usize) -> Vec<[f64; 2]> {
        let mut to = from;
        to[axis] += 1;
        let [a, b] = [self.node(from), self.node(to)];
        let mut random = Random::of(self.seed, &[b'b'.into(), from[0], from[1], axis as u64]);
        let mut points = vec![a];
        for point in 1..=BORDER_POINTS {
            let t = point as f64 / (BORDER_POINTS + 1) as f64;
            let mut between = [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t];
            between[1 - axis] += random.around(BORDER_JITTER) * self.side;
            points.push(between);
        }
        points
    }

    /// Where a road crosses the border of a cell: the middles of west, east, south and north.
    pub fn gates(&self, [column, row]: [u64; 2]) -> [[f64; 2]; 4] {
        let middle = |from, axis| self.border(from, axis)[BORDER_POINTS.div_ceil(2) as usize];
        [
            middle([column, row], 1),
            middle([column + 1, row], 1),
            middle([column, row], 0),
            middle([column, row + 1], 0),
        ]
    }

    /// The four parts of a cell, north-west, north-east, south-west and south-east, as closed
    /// counter-clockwise rings: parted by straight lines from its middle to where roads cross its border.
    pub fn quarters(&self, [column, row]: [u64; 2]) -> [Vec<[f64; 2]>; 4] {
        let side = |from: [u64; 2], axis: usize| {
            let mut to = from;
            to[axis] += 1;
            let mut side = self.border(from, axis);
            side.push(self.node(to));
            side
        };
        let [west, east] = [column, column + 1].map(|column| side([column, row], 1));
        let [south, north] = [row, row + 1].map(|row| side([column, row], 0));
        let (gate, middle) = (BORDER_POINTS.div_ceil(2) as usize, self.middle([column, row]));
        // Along the border the way round the cell: southern and eastern sides forward, the others back.
        let back = |part: &[[f64; 2]]| part.iter().rev().copied().collect::<Vec<_>>();
        let ring = |first: &[[f64; 2]], then: &[[f64; 2]]| {
            let mut ring = first.to_vec();
            ring.extend(&then[1..]);
            ring.push(middle);
            ring.push(ring[0]);
            ring
        };
        [
            ring(&back(&north[..=gate]), &back(&west[gate..])),
            ring(&east[gate..], &back(&north[gate..])),
            ring(&back(&west[..=gate]), &south[..=gate]),
            ring(&south[gate..], &east[..=gate]),
        ]
    }

    /// Middle of a cell.
    pub fn middle(&self, [column, row]: [u64; 2]) -> [f64; 2] {
        let corners = [[0, 0], [1, 0], [0, 1], [1, 1]]
            .map(|[east, north]| self.node([column + east, row + north]));
        [0, 1].map(|axis| corners.iter().map(|corner| corner[axis]).sum::<f64>() / 4.0)
    }

    /// The closed counter-clockwise ring round the cells from `low` to below `high`.
    pub fn ring(&self, low: [u64; 2], high: [u64; 2]) -> Vec<[f64; 2]> {
        let mut ring = Vec::new();
        let reversed = |from, axis| {
            // From the far node, which starts the next border, back to just before this one.
            let mut to: [u64; 2] = from;
            to[axis] += 1;
            let mut border = self.border(from, axis);
            border.reverse();
            border.pop();
            border.insert(0, self.node(to));
            border
        };
        (low[0]..high[0]).for_each(|column| ring.extend(self.border([column, low[1]], 0)));
        (low[1]..high[1]).for_each(|row| ring.extend(self.border([high[0], row], 1)));
        (low[0]..high[0]).rev().for_each(|column| ring.extend(reversed([column, high[1]], 0)));
        (low[1]..high[1]).rev().for_each(|row| ring.extend(reversed([low[0], row], 1)));
        ring.push(ring[0]);
        ring
    }

    /// The ring of a town.
    pub fn town_ring(&self, town: u64) -> Vec<[f64; 2]> {
        let [east, north] = self.town_villages;
        let low = [town % self.town_columns * east, town / self.town_columns * north];
        self.ring(low, [low[0] + east, low[1] + north])
    }
}
