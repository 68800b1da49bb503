//! Which columns of a table hold its geometry.
//!
//! In order: columns that the user names; a WKT column; longitude and latitude; east and north;
//! X and Y. Survey practice calls the northing X and the easting Y, drawing practice the other
//! way round, so X and Y are told apart by magnitude; when that does not decide, X is taken as
//! east and a note says so.

use std::cmp::Ordering;

use geo_types::{Coord, Geometry as Shape, Point};
use spatial::{Geometry, GeometryType};

use super::Cell;
use super::coordinate::{NotACoordinate, coordinate};
use crate::detect::ReadOptions;
use crate::{RowDefect, read_wkt};

const WKT: &[&str] = &["wkt", "geom", "geometry", "thegeom", "wktgeom", "shape", "几何"];
/// Pairs of names, east first.
const LON_LAT: (&[&str], &[&str]) =
    (&["lon", "lng", "long", "longitude", "经度", "东经"], &["lat", "latitude", "纬度", "北纬"]);
const EAST_NORTH: (&[&str], &[&str]) = (
    &["东坐标", "东向坐标", "easting", "east", "横坐标"],
    &["北坐标", "北向坐标", "northing", "north", "纵坐标"],
);
const X_Y: (&[&str], &[&str]) = (
    &["x", "x坐标", "坐标x", "xcoord", "coordx", "pointx", "中心x", "中心点x"],
    &["y", "y坐标", "坐标y", "ycoord", "coordy", "pointy", "中心y", "中心点y"],
);

/// The columns that may hold the geometry, and what their cells have shown so far.
#[derive(Debug)]
pub(super) enum Place {
    Nowhere,
    Pair(Pair),
    Wkt(WktColumn),
}

#[derive(Debug)]
pub(super) struct Pair {
    slots: [usize; 2],
    /// Whether the user said which column is which.
    named: bool,
    /// Another pair that could be the place.
    rival: Option<[usize; 2]>,
    /// Rows that look like each order.
    east_first: u64,
    north_first: u64,
    undecided: u64,
}

#[derive(Debug)]
pub(super) struct WktColumn {
    slot: usize,
    named: bool,
    types: Vec<GeometryType>,
    has_z: bool,
    has_m: bool,
    read: u64,
}

fn bare(name: &str) -> String {
    let unit = name.find(['(', '（']).unwrap_or(name.len());
    let letters = name[..unit].chars().filter(|c| !c.is_whitespace() && !matches!(c, '_' | '-'));
    letters.collect::<String>().to_lowercase()
}

impl Place {
    /// By name; an error lists the columns when the user names one that is not there.
    pub(super) fn find(names: &[String], options: &ReadOptions) -> Result<Self, String> {
        let named = |name: &str| {
            let slot = names.iter().position(|known| known == name);
            slot.or_else(|| names.iter().position(|known| known.eq_ignore_ascii_case(name)))
                .ok_or_else(|| format!("no column {name:?}; there are: {}", names.join(", ")))
        };
        let bare_names: Vec<String> = names.iter().map(|name| bare(name)).collect();
        let among = |list: &[&str]| bare_names.iter().position(|name| list.contains(&&**name));
        if let Some(name) = &options.wkt {
            return Ok(Self::Wkt(WktColumn::new(named(name)?, true)));
        }
        match (&options.x, &options.y) {
            (Some(x), Some(y)) => return Ok(Self::Pair(Pair::new([named(x)?, named(y)?], true))),
            (None, None) => {}
            _ => return Err("name both the x and the y column, or none".to_owned()),
        }
        let mut pairs = [LON_LAT, EAST_NORTH, X_Y]
            .iter()
            .filter_map(|(east, north)| Some([among(east)?, among(north)?]));
        let (pair, rival) = (pairs.next(), pairs.next());
        Ok(match (among(WKT), pair) {
            (Some(slot), _) => Self::Wkt(WktColumn::new(slot, false)),
            (None, Some(slots)) => Self::Pair(Pair { rival, ..Pair::new(slots, false) }),
            (None, None) => Self::Nowhere,
        })
    }

    /// Takes one row as evidence.
    pub(super) fn see(&mut self, cells: &[Cell]) {
        match self {
            Self::Nowhere => {}
            Self::Pair(pair) => {
                let both = pair.slots.map(|slot| cells.get(slot).map(coordinate));
                if let [Some(Ok(Some(x))), Some(Ok(Some(y)))] = both {
                    *match order([x, y]) {
                        Order::EastFirst => &mut pair.east_first,
                        Order::NorthFirst => &mut pair.north_first,
                        Order::Ambiguous => &mut pair.undecided,
                    } += 1;
                }
            }
            Self::Wkt(column) => {
                if let Some(Cell::Untyped(text) | Cell::Text(text)) = cells.get(column.slot)
                    && let Ok(Some(read)) = read_wkt(text)
                {
                    column.read += 1;
                    column.has_z |= !read.geometry.z.is_empty();
                    column.has_m |= !read.geometry.m.is_empty();
                    let geometry_type = read.geometry.geometry_type();
                    if !column.types.contains(&geometry_type) {
                        column.types.push(geometry_type);
                    }
                }
            }
        }
    }

    /// Where the geometry is, and notes on why.
    pub(super) fn settle(self, names: &[String]) -> (Found, Vec<String>) {
        match self {
            Self::Nowhere => {
                let note = "no column holds a geometry (looked for WKT, lon/lat, X/Y): the \
                            features have no place; name the columns if there are some";
                (Found::Nowhere, vec![note.to_owned()])
            }
            Self::Wkt(column) if column.read == 0 && !column.named => {
                let name = &names[column.slot];
                let note = format!("column {name:?} holds no WKT: the features have no place");
                (Found::Nowhere, vec![note])
            }
            Self::Wkt(column) => {
                let notes = vec![format!("geometry: WKT in column {:?}", names[column.slot])];
                (Found::Wkt(column), notes)
            }
            Self::Pair(pair) => pair.settle(names),
        }
    }
}

impl WktColumn {
    fn new(slot: usize, named: bool) -> Self {
        Self { slot, named, types: Vec::new(), has_z: false, has_m: false, read: 0 }
    }
}

impl Pair {
    fn new(slots: [usize; 2], named: bool) -> Self {
        Self { slots, named, rival: None, east_first: 0, north_first: 0, undecided: 0 }
    }

    fn settle(self, names: &[String]) -> (Found, Vec<String>) {
        let [x, y] = self.slots;
        let rows = self.east_first + self.north_first + self.undecided;
        if rows == 0 && !self.named {
            let note = format!(
                "columns {:?} and {:?} hold no coordinates: the features have no place",
                names[x], names[y]
            );
            return (Found::Nowhere, vec![note]);
        }
        // The majority: a few rows of zeros or slips of the pen must not hide the rest.
        let order = match self.east_first.cmp(&self.north_first) {
            _ if self.named => Order::EastFirst,
            Ordering::Greater => Order::EastFirst,
            Ordering::Less => Order::NorthFirst,
            Ordering::Equal => Order::Ambiguous,
        };
        let (east, north) = if order == Order::NorthFirst { (y, x) } else { (x, y) };
        let mut notes = vec![format!("geometry: east {:?}, north {:?}", names[east], names[north])];
        if let Some([x, y]) = self.rival {
            notes.push(format!(
                "{:?} and {:?} look like coordinates too and are kept as fields; name the columns \
                 if those are meant",
                names[x], names[y]
            ));
        }
        match order {
            Order::EastFirst => {}
            Order::NorthFirst => notes.push(format!(
                "{:?} holds northings by their magnitude, as in survey practice",
                names[x]
            )),
            Order::Ambiguous => notes.push(format!(
                "magnitude does not tell east from north; if {:?} is north, name the columns the \
                 other way round",
                names[x]
            )),
        }
        (Found::Pair([east, north]), notes)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    EastFirst,
    NorthFirst,
    Ambiguous,
}

/// Which of two numbers is east, for places in China: latitudes 3–54 against longitudes 73–136
/// degrees; northings of 1–7.2 million against eastings of six digits, or of eight with the
/// zone before them (or of Web Mercator).
fn order([x, y]: [f64; 2]) -> Order {
    let is_north = |v: f64| (3.0..=54.0).contains(&v) || (1e6..=7.2e6).contains(&v);
    let is_east =
        |v: f64| (73.0..=136.0).contains(&v) || (1e5..1e6).contains(&v) || (8e6..=5e7).contains(&v);
    if is_east(x) && is_north(y) {
        Order::EastFirst
    } else if is_north(x) && is_east(y) {
        Order::NorthFirst
    } else {
        Order::Ambiguous
    }
}

/// Where the geometry is.
#[derive(Debug)]
pub(super) enum Found {
    Nowhere,
    /// Columns of east and north.
    Pair([usize; 2]),
    Wkt(WktColumn),
}

impl Found {
    /// Whether the column at `slot` became the geometry.
    pub(super) fn uses(&self, slot: usize) -> bool {
        match self {
            Self::Nowhere => false,
            Self::Pair(slots) => slots.contains(&slot),
            Self::Wkt(column) => column.slot == slot,
        }
    }

    pub(super) fn geometry_type(&self) -> Option<GeometryType> {
        use GeometryType as T;
        match self {
            Self::Nowhere => None,
            Self::Pair(_) => Some(T::Point),
            Self::Wkt(column) => match column.types.as_slice() {
                [one] => Some(*one),
                [T::Polygon, T::MultiPolygon] | [T::MultiPolygon, T::Polygon] => {
                    Some(T::MultiPolygon)
                }
                [T::LineString, T::MultiLineString] | [T::MultiLineString, T::LineString] => {
                    Some(T::MultiLineString)
                }
                [T::Point, T::MultiPoint] | [T::MultiPoint, T::Point] => Some(T::MultiPoint),
                _ => None,
            },
        }
    }

    pub(super) fn has_z(&self) -> bool {
        matches!(self, Self::Wkt(column) if column.has_z)
    }

    pub(super) fn has_m(&self) -> bool {
        matches!(self, Self::Wkt(column) if column.has_m)
    }

    /// The geometry of one row, with the kinds of what was mended in it.
    pub(super) fn geometry(
        &self,
        cells: &[Cell],
        names: &[String],
    ) -> Result<(Option<Geometry>, Vec<&'static str>), RowDefect> {
        let defect = |kind, slot: usize, reason: String| RowDefect {
            kind,
            field: Some(names[slot].clone()),
            reason,
        };
        match self {
            Self::Nowhere => Ok((None, Vec::new())),
            Self::Wkt(column) => match cells.get(column.slot) {
                None | Some(Cell::Empty) => Ok((None, Vec::new())),
                Some(Cell::Untyped(text) | Cell::Text(text)) => match read_wkt(text) {
                    Ok(Some(read)) => Ok((Some(read.geometry), read.mended)),
                    Ok(None) => Ok((None, Vec::new())),
                    Err(error) => Err(defect("bad_geometry", column.slot, error.to_string())),
                },
                Some(_) => {
                    Err(defect("bad_geometry", column.slot, "not a WKT geometry".to_owned()))
                }
            },
            Self::Pair(slots) => {
                let mut numbers = [None; 2];
                for (number, &slot) in numbers.iter_mut().zip(slots) {
                    *number = coordinate(cells.get(slot).unwrap_or(&Cell::Empty)).map_err(
                        |NotACoordinate| defect("bad_number", slot, "not a coordinate".to_owned()),
                    )?;
                }
                match (numbers, slots) {
                    ([Some(x), Some(y)], _) => {
                        Ok((Some(Shape::Point(Point(Coord { x, y })).into()), Vec::new()))
                    }
                    ([None, None], _) => Ok((None, Vec::new())),
                    ([None, _], [slot, _]) | ([_, None], [_, slot]) => {
                        Err(defect("bad_number", *slot, "empty beside a coordinate".to_owned()))
                    }
                }
            }
        }
    }
}
