//! What a coordinate system is: name, kind, axis order, unit, area of use, well-known text.
//!
//! The facts of an EPSG code are read out of the registry that PROJ carries; those of a `site:`
//! system out of its definition, of which only what cannot give the parameters away is kept.

use proj::Proj;

use crate::Crs;
use crate::crs_wkt::{Item, Node};
use crate::crs_wkt1::write_wkt1;

/// What the coordinates of a CRS are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrsKind {
    /// Longitude and latitude.
    Geographic,
    /// Coordinates of a plane.
    Projected,
}

/// Which axis the authority puts first. Coordinates inside the engine are always east first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AxisOrder {
    /// Longitude or easting first.
    EastNorth,
    /// Latitude or northing first: 4326, 4490, and every Gauss-Krüger code of China.
    NorthEast,
}

/// Unit of both axes.
#[derive(Clone, Debug, PartialEq)]
pub enum CrsUnit {
    /// Degrees of arc.
    Degree,
    /// Metres.
    Metre,
    /// Any other.
    Other {
        /// Its name in the registry.
        name: String,
        /// Radians (geographic) or metres (projected) a unit.
        factor: f64,
    },
}

/// Where a CRS may be used, in degrees; `west > east` crosses the antimeridian.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AreaOfUse {
    /// Western border.
    pub west: f64,
    /// Southern border.
    pub south: f64,
    /// Eastern border.
    pub east: f64,
    /// Northern border.
    pub north: f64,
}

impl AreaOfUse {
    /// Whether a longitude and latitude lie inside, or less than `margin` degrees outside.
    pub fn contains(&self, [lon, lat]: [f64; 2], margin: f64) -> bool {
        let (west, east) = (self.west - margin, self.east + margin);
        let in_longitude = if self.west <= self.east {
            (west..=east).contains(&lon)
        } else {
            lon >= west || lon <= east
        };
        in_longitude && (self.south - margin..=self.north + margin).contains(&lat)
    }
}

/// The facts of one CRS.
#[derive(Clone, Debug, PartialEq)]
pub struct CrsFacts {
    /// Name in the registry; `site:NAME` for a local grid.
    pub name: String,
    /// Longitude and latitude, or a plane.
    pub kind: CrsKind,
    /// The authority's axis order.
    pub axis_order: AxisOrder,
    /// Unit of both axes.
    pub unit: CrsUnit,
    /// Where it may be used; none for a local grid.
    pub area: Option<AreaOfUse>,
    /// Name of the datum; none for a local grid.
    pub datum: Option<String>,
    /// WKT1; none where it is not written, and for a local grid, whose parameters never enter
    /// a store.
    pub wkt1: Option<String>,
    /// WKT2 (ISO 19162:2019); none for a local grid.
    pub wkt2: Option<String>,
}

impl CrsFacts {
    /// Text for `gpkg_spatial_ref_sys.definition`: WKT1 where it is written, else WKT2, which
    /// GDAL and QGIS read there too; none for a local grid.
    pub fn definition(&self) -> Option<&str> {
        self.wkt1.as_deref().or(self.wkt2.as_deref())
    }
}

/// Why there are no facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FactsFault {
    /// PROJ does not know it, or cannot read its definition.
    Unknown,
    /// It is no two-dimensional geographic or projected CRS.
    Kind,
}

/// Reads the facts of `crs`, defined to PROJ by `definition`.
pub(crate) fn read_facts(crs: &Crs, definition: &str) -> Result<CrsFacts, FactsFault> {
    // Only with this flag does PROJ read a PROJ string as a system, not as an operation.
    let is_string = definition.trim_start().starts_with('+');
    let definition = format!("{definition}{}", if is_string { " +type=crs" } else { "" });
    let system = Proj::new(&definition).map_err(|_hidden| FactsFault::Unknown)?;
    // The crate asserts that PROJ can write the text; what PROJ can write as JSON, it can.
    system.to_projjson(Some(false), None, None).map_err(|_hidden| FactsFault::Kind)?;
    let text = system.as_wkt(None, None).map_err(|_hidden| FactsFault::Kind)?;
    let root = Node::parse(&text).map_err(|_hidden| FactsFault::Kind)?;
    let node = root.find(&["GEOGCRS", "PROJCRS"]).ok_or(FactsFault::Kind)?;
    if node != &root && root.keyword != "BOUNDCRS" {
        return Err(FactsFault::Kind);
    }
    let axes: Vec<&Node> = node.children().filter(|child| child.keyword == "AXIS").collect();
    let [first, second] = axes[..] else {
        return Err(FactsFault::Kind);
    };
    let kind = if node.keyword == "GEOGCRS" { CrsKind::Geographic } else { CrsKind::Projected };
    let public = !matches!(crs, Crs::Site(_));
    let (order, unit) = (axis_order(first, second), unit_of(node, first));
    Ok(CrsFacts {
        name: node.name().filter(|_| public).map_or_else(|| crs.to_string(), str::to_owned),
        kind,
        area: area(node).filter(|_| public),
        datum: node
            .find(&["DATUM", "ENSEMBLE"])
            .and_then(Node::name)
            .filter(|_| public)
            .map(str::to_owned),
        wkt1: match crs {
            Crs::Epsg(code) => write_wkt1(node, *code, order, &unit),
            Crs::Site(_) => None,
        },
        axis_order: order,
        unit,
        wkt2: public.then_some(text),
    })
}

fn axis_order(first: &Node, second: &Node) -> AxisOrder {
    let direction = |axis: &Node| match axis.items.get(1) {
        Some(Item::Word(word)) => word.to_ascii_lowercase(),
        _ => String::new(),
    };
    let north = |axis: &Node| matches!(direction(axis).as_str(), "north" | "south");
    // Around a pole both axes point north or south: the name alone tells them apart.
    let named = |axis: &Node| axis.name().is_some_and(|name| name.contains("orthing"));
    let swapped = if north(first) && north(second) {
        named(first) || first.name().is_some_and(|name| name == "(N)")
    } else {
        north(first)
    };
    if swapped { AxisOrder::NorthEast } else { AxisOrder::EastNorth }
}

fn unit_of(node: &Node, axis: &Node) -> CrsUnit {
    const UNITS: [&str; 3] = ["LENGTHUNIT", "ANGLEUNIT", "UNIT"];
    let unit = axis.child(&UNITS).or_else(|| node.child(&UNITS));
    let name = unit.and_then(Node::name).unwrap_or("unknown");
    match name {
        "metre" => CrsUnit::Metre,
        "degree" => CrsUnit::Degree,
        _ => CrsUnit::Other {
            name: name.to_owned(),
            factor: unit.and_then(|unit| unit.numbers().next()).unwrap_or(1.0),
        },
    }
}

fn area(node: &Node) -> Option<AreaOfUse> {
    let borders: Vec<f64> = node.find(&["BBOX"])?.numbers().collect();
    let [south, west, north, east] = borders[..] else {
        return None;
    };
    Some(AreaOfUse { west, south, east, north })
}
