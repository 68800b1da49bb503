//! Fills an R-tree's shadow tables bottom-up in Hilbert order.
//!
//! Row by row SQLite needs some 0.3 ms a feature; this way a million take about a second. The
//! format is that of SQLite's `rtree.c`: a node is a blob of fixed size with the tree's depth
//! (root only) and its number of cells as two big-endian u16, then cells of a 64-bit id and four
//! 32-bit floats, min x, max x, min y, max y. The root is node 1. `_rowid` maps a feature to its
//! leaf, `_parent` a node to the one above.

use std::collections::HashSet;

use rayon::slice::ParallelSliceMut;
use rusqlite::Connection;
use spatial::{Envelope, hilbert};

use super::schema::{Columns, ident};
use crate::StoreError;

const CELL_BYTES: usize = 8 + 4 * 4;
/// SQLite's own bound, for any page size.
const MAX_CELLS: usize = 51;

/// Up to so many changed boxes are put into an R-tree one by one; beyond that, and beyond one in
/// sixteen, it is made anew.
const FEW: usize = 1000;

/// A box with the id of a feature, or of the node below.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Cell {
    pub(crate) id: i64,
    /// Min x, max x, min y, max y.
    pub(crate) borders: [f32; 4],
}

impl Cell {
    /// The smallest box of 32-bit floats round an envelope that is not empty.
    pub(crate) fn new(id: i64, envelope: &Envelope) -> Self {
        fn down(value: f64) -> f32 {
            let near = value as f32;
            if f64::from(near) > value { near.next_down() } else { near }
        }
        fn up(value: f64) -> f32 {
            let near = value as f32;
            if f64::from(near) < value { near.next_up() } else { near }
        }
        let Envelope { min_x, min_y, max_x, max_y } = *envelope;
        Self { id, borders: [down(min_x), up(max_x), down(min_y), up(max_y)] }
    }

    fn union(self, other: &Self) -> Self {
        let ([a, b, c, d], [e, f, g, h]) = (self.borders, other.borders);
        Self { id: self.id, borders: [a.min(e), b.max(f), c.min(g), d.max(h)] }
    }
}

/// Every box that the R-tree holds now.
fn read(db: &Connection, columns: &Columns) -> Result<Vec<Cell>, StoreError> {
    let sql = format!("SELECT id, minx, maxx, miny, maxy FROM {}", ident(&columns.rtree()));
    let mut statement = db.prepare(&sql)?;
    let mut rows = statement.query([])?;
    let mut cells = Vec::new();
    while let Some(row) = rows.next()? {
        let borders = [row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?];
        cells.push(Cell { id: row.get(0)?, borders });
    }
    Ok(cells)
}

/// Makes the R-tree of a collection that has none yet.
pub(crate) fn build(
    db: &Connection,
    columns: &Columns,
    mut cells: Vec<Cell>,
) -> Result<(), StoreError> {
    db.execute_batch(&columns.create_rtree())?;
    if cells.is_empty() {
        return Ok(());
    }
    let name = |table: &str| ident(&format!("{}_{table}", columns.rtree()));
    let node_bytes: usize = db.query_row(
        &format!("SELECT length(data) FROM {} WHERE nodeno = 1", name("node")),
        [],
        |row| row.get(0),
    )?;
    let capacity = (node_bytes.saturating_sub(4) / CELL_BYTES).clamp(2, MAX_CELLS);
    sort_by_hilbert(&mut cells);

    let mut put_node = db.prepare(&format!("REPLACE INTO {} VALUES (?1, ?2)", name("node")))?;
    let mut put_parent = db.prepare(&format!("INSERT INTO {} VALUES (?1, ?2)", name("parent")))?;
    let mut blob = vec![0; node_bytes];
    let mut next_node = 2;
    let mut depth = 0_u16;
    loop {
        let nodes = cells.len().div_ceil(capacity);
        let mut above = Vec::with_capacity(nodes);
        let mut leaf_of = Vec::new();
        for part in even_parts(&cells, nodes) {
            let node = if nodes == 1 { 1 } else { next_node };
            next_node += 1;
            write_node(&mut blob, if nodes == 1 { depth } else { 0 }, part);
            put_node.execute((node, &blob))?;
            if depth == 0 {
                leaf_of.extend(part.iter().map(|cell| (cell.id, node)));
            } else {
                for cell in part {
                    put_parent.execute((cell.id, node))?;
                }
            }
            let united = part.iter().fold(part[0], |all, cell| all.union(cell));
            above.push(Cell { id: node, ..united });
        }
        if depth == 0 {
            write_leaves(db, &name("rowid"), leaf_of)?;
        }
        if nodes == 1 {
            return Ok(());
        }
        cells = above;
        depth += 1;
    }
}

/// Takes the boxes of the features `moved` out and puts `cells` in, of which the last counts where a
/// feature has several; `held` is how many features the collection had.
pub(crate) fn update(
    db: &Connection,
    columns: &Columns,
    held: u64,
    (mut moved, mut cells): (Vec<i64>, Vec<Cell>),
) -> Result<(), StoreError> {
    moved.sort_unstable();
    moved.dedup();
    let mut seen = HashSet::with_capacity(cells.len());
    cells.reverse();
    cells.retain(|cell| seen.insert(cell.id));
    let held = usize::try_from(held).unwrap_or(usize::MAX);
    if cells.len() + moved.len() > FEW.max(held / 16) {
        let kept = read(db, columns)?;
        cells.extend(kept.into_iter().filter(|cell| moved.binary_search(&cell.id).is_err()));
        db.execute_batch(&format!("DROP TABLE {}", ident(&columns.rtree())))?;
        build(db, columns, cells)
    } else {
        put(db, columns, &moved, &cells)
    }
}

/// Takes the boxes of `moved` out and puts `cells` in, one by one.
fn put(
    db: &Connection,
    columns: &Columns,
    moved: &[i64],
    cells: &[Cell],
) -> Result<(), StoreError> {
    let rtree = ident(&columns.rtree());
    let mut cut = db.prepare(&format!("DELETE FROM {rtree} WHERE id = ?1"))?;
    for id in moved {
        cut.execute([id])?;
    }
    let mut put = db.prepare(&format!("INSERT INTO {rtree} VALUES (?1, ?2, ?3, ?4, ?5)"))?;
    for Cell { id, borders: [min_x, max_x, min_y, max_y] } in cells {
        put.execute((id, min_x, max_x, min_y, max_y))?;
    }
    Ok(())
}

/// `cells` in `count` runs whose lengths differ by one at most, so that no node is almost empty.
fn even_parts(cells: &[Cell], count: usize) -> impl Iterator<Item = &[Cell]> {
    (0..count).map(move |n| &cells[n * cells.len() / count..(n + 1) * cells.len() / count])
}

fn write_node(blob: &mut [u8], depth: u16, cells: &[Cell]) {
    blob.fill(0);
    blob[..2].copy_from_slice(&depth.to_be_bytes());
    blob[2..4].copy_from_slice(&(cells.len() as u16).to_be_bytes());
    for (place, cell) in blob[4..].chunks_exact_mut(CELL_BYTES).zip(cells) {
        place[..8].copy_from_slice(&cell.id.to_be_bytes());
        for (border, value) in place[8..].chunks_exact_mut(4).zip(cell.borders) {
            border.copy_from_slice(&value.to_be_bytes());
        }
    }
}

/// In ascending ids, so that the table's B-tree only grows at its end.
fn write_leaves(
    db: &Connection,
    table: &str,
    mut leaf_of: Vec<(i64, i64)>,
) -> Result<(), StoreError> {
    leaf_of.par_sort_unstable();
    let mut put = db.prepare(&format!("INSERT INTO {table} VALUES (?1, ?2)"))?;
    for (id, node) in leaf_of {
        put.raw_bind_parameter(1, id)?;
        put.raw_bind_parameter(2, node)?;
        put.raw_execute()?;
    }
    Ok(())
}

fn sort_by_hilbert(cells: &mut [Cell]) {
    let mut all = cells[0];
    for cell in cells.iter() {
        all = all.union(cell);
    }
    let [min_x, max_x, min_y, max_y] = all.borders.map(f64::from);
    let scale = |low: f32, high: f32, min: f64, max: f64| {
        let middle = (f64::from(low) + f64::from(high)) / 2.0;
        if max > min { ((middle - min) / (max - min) * f64::from(u32::MAX)) as u32 } else { 0 }
    };
    cells.par_sort_by_cached_key(|cell| {
        let [low_x, high_x, low_y, high_y] = cell.borders;
        hilbert::key([scale(low_x, high_x, min_x, max_x), scale(low_y, high_y, min_y, max_y)])
    });
}
