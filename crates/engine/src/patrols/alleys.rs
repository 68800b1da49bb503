//! The alleys of a state in metres, each in a plane of its own, found by place.

use ledger::patrol::{AlleyLine, Near, Plane};
use ledger::place::{ALLEYS, Day, Validity, ValidityReader};
use rustc_hash::FxHashMap;
use spatial::{CrsRegistry, Envelope, FeatureId, Snapshot};

use super::places::LonLat;
use super::read::{each, held, text};
use crate::EngineError;

/// Degrees of a cell that alleys are found by: half a kilometre.
const CELL: f64 = 0.005;
/// An alley in more cells than so many is looked at everywhere.
const MAX_CELLS: f64 = 4_096.0;

/// One alley.
pub(super) struct Alley {
    pub(super) row: FeatureId,
    pub(super) code: Option<String>,
    pub(super) name: Option<String>,
    pub(super) town: Option<String>,
    pub(super) validity: Validity,
    pub(super) line: AlleyLine,
    pub(super) plane: Plane,
}

/// Alleys with an index of their places.
pub(super) struct Alleys {
    pub(super) all: Vec<Alley>,
    /// Where they lie, longitude and latitude.
    pub(super) bounds: Envelope,
    cells: FxHashMap<[i64; 2], Vec<usize>>,
    everywhere: Vec<usize>,
}

impl Alleys {
    /// Those of `state` whose validity is wanted; one without a line has no place and is no alley.
    pub(super) fn read(
        state: &Snapshot,
        registry: &CrsRegistry,
        is_wanted: &dyn Fn(&Validity) -> bool,
    ) -> Result<Self, EngineError> {
        let mut alleys = Self {
            all: Vec::new(),
            bounds: Envelope::EMPTY,
            cells: FxHashMap::default(),
            everywhere: Vec::new(),
        };
        let Some(held) = held(state, ALLEYS) else { return Ok(alleys) };
        let collection = held.collection();
        let places = LonLat::of(&collection.crs, registry)?;
        let reader = ValidityReader::of(collection);
        let column = |name: &str| collection.field_position(name);
        let [code, name, town] = ["code", "name", "town"].map(column);
        each(&held, &mut |row| {
            let Some(validity) = reader.validity(row).filter(is_wanted) else { return };
            let paths = row.paths().map(|path| places.lon_lats(path.coords));
            let Some(paths) = paths.collect::<Option<Vec<_>>>() else { return };
            let bounds = Envelope::of(paths.iter().flatten().copied());
            if bounds.is_empty() {
                return;
            }
            let plane = Plane::about(bounds.center());
            let part = |path: Vec<[f64; 2]>| path.into_iter().map(|at| plane.metres(at)).collect();
            let line = AlleyLine::new(paths.into_iter().map(part));
            if line.length() <= 0.0 {
                return;
            }
            let of = |at: Option<usize>| at.and_then(|at| text(row, at)).map(str::to_owned);
            let [code, name, town] = [code, name, town].map(of);
            let row = row.id();
            alleys.add(Alley { row, code, name, town, validity, line, plane }, &bounds);
        });
        Ok(alleys)
    }

    fn add(&mut self, alley: Alley, bounds: &Envelope) {
        let number = self.all.len();
        let [first, last] = [[bounds.min_x, bounds.min_y], [bounds.max_x, bounds.max_y]].map(cell);
        let count = (last[0] - first[0] + 1) as f64 * (last[1] - first[1] + 1) as f64;
        match count <= MAX_CELLS {
            true => {
                for x in first[0]..=last[0] {
                    for y in first[1]..=last[1] {
                        self.cells.entry([x, y]).or_default().push(number);
                    }
                }
            }
            false => self.everywhere.push(number),
        }
        self.bounds = self.bounds.union(bounds);
        self.all.push(alley);
    }

    /// The alleys within `reach` metres of a position, each with its nearest place.
    pub(super) fn near(&self, lon_lat: [f64; 2], reach: f64) -> Vec<Near> {
        let [east, north] = Plane::about(lon_lat).degrees(reach);
        let first = cell([lon_lat[0] - east, lon_lat[1] - north]);
        let last = cell([lon_lat[0] + east, lon_lat[1] + north]);
        let mut numbers = self.everywhere.clone();
        for x in first[0]..=last[0] {
            for y in first[1]..=last[1] {
                numbers.extend(self.cells.get(&[x, y]).into_iter().flatten());
            }
        }
        numbers.sort_unstable();
        numbers.dedup();
        let near = |alley: usize| {
            let one = &self.all[alley];
            let on = one.line.nearest(one.plane.metres(lon_lat))?;
            (on.distance <= reach).then_some(Near { alley, on })
        };
        numbers.into_iter().filter_map(near).collect()
    }

    /// The alley that has a code on a day.
    pub(super) fn called(&self, code: &str, day: Day) -> Option<usize> {
        let is_it =
            |alley: &Alley| alley.code.as_deref() == Some(code) && alley.validity.holds(day);
        self.all.iter().position(is_it)
    }
}

fn cell(lon_lat: [f64; 2]) -> [i64; 2] {
    lon_lat.map(|degrees| (degrees / CELL).floor() as i64)
}
