//! Writes the WKT1 of a coordinate system from its WKT2.
//!
//! `gpkg_spatial_ref_sys.definition` and `.prj` readers of old ask for WKT1, and PROJ is not
//! asked for it through its safe binding. Five projection methods cover China and most of the
//! world; a system with another has no WKT1 here.

use crate::crs_facts::{AxisOrder, CrsUnit};
use crate::crs_wkt::Node;

/// WKT1's names of the methods of WKT2.
const METHODS: [(&str, &str); 5] = [
    ("Transverse Mercator", "Transverse_Mercator"),
    ("Mercator (variant A)", "Mercator_1SP"),
    ("Popular Visualisation Pseudo Mercator", "Mercator_1SP"),
    ("Lambert Conic Conformal (1SP)", "Lambert_Conformal_Conic_1SP"),
    ("Lambert Conic Conformal (2SP)", "Lambert_Conformal_Conic_2SP"),
];

/// WKT1 names of the parameters of WKT2, in the order in which WKT1 lists them.
const PARAMETERS: [(&str, &str); 11] = [
    ("Latitude of natural origin", "latitude_of_origin"),
    ("Latitude of false origin", "latitude_of_origin"),
    ("Longitude of natural origin", "central_meridian"),
    ("Longitude of false origin", "central_meridian"),
    ("Latitude of 1st standard parallel", "standard_parallel_1"),
    ("Latitude of 2nd standard parallel", "standard_parallel_2"),
    ("Scale factor at natural origin", "scale_factor"),
    ("False easting", "false_easting"),
    ("Easting at false origin", "false_easting"),
    ("False northing", "false_northing"),
    ("Northing at false origin", "false_northing"),
];

/// What tells every reader of WKT1 that a Mercator is the one of web maps.
const WEB_MERCATOR: &str = ",EXTENSION[\"PROJ4\",\"+proj=merc +a=6378137 +b=6378137 +lat_ts=0 \
                            +lon_0=0 +x_0=0 +y_0=0 +k=1 +units=m +nadgrids=@null +wktext +no_defs\"]";

/// WKT1 of the `GEOGCRS` or `PROJCRS` node of an EPSG code; none when this module cannot say it.
pub(crate) fn write_wkt1(
    node: &Node,
    code: u32,
    order: AxisOrder,
    unit: &CrsUnit,
) -> Option<String> {
    let authority = format!("AUTHORITY[\"EPSG\",\"{code}\"]");
    if node.keyword == "GEOGCRS" {
        let axes = match order {
            AxisOrder::NorthEast => "AXIS[\"Latitude\",NORTH],AXIS[\"Longitude\",EAST]",
            AxisOrder::EastNorth => "AXIS[\"Longitude\",EAST],AXIS[\"Latitude\",NORTH]",
        };
        let degrees = *unit == CrsUnit::Degree;
        return degrees.then(|| geographic(node, &format!("{axes},{authority}"))).flatten();
    }
    let base = node.child(&["BASEGEOGCRS"])?;
    let base_code = base.child(&["ID"])?.numbers().next()?;
    let base = geographic(base, &format!("AUTHORITY[\"EPSG\",\"{base_code}\"]"))?;
    let conversion = node.child(&["CONVERSION"])?;
    let method = conversion.child(&["METHOD"])?.name()?;
    let (_, projection) = METHODS.iter().find(|(name, _)| *name == method)?;
    let (unit_name, factor) = match unit {
        CrsUnit::Metre => ("metre", 1.0),
        CrsUnit::Other { name, factor } => (name.as_str(), *factor),
        CrsUnit::Degree => return None,
    };
    let is_mercator = *projection == "Mercator_1SP";
    let is_web = method.starts_with("Popular");
    let mut parameters = String::new();
    for (name, short) in PARAMETERS {
        let found = conversion.children().find(|child| child.name() == Some(name));
        let Some(parameter) = found.filter(|_| !(is_mercator && short == "latitude_of_origin"))
        else {
            if is_web && short == "scale_factor" {
                parameters.push_str("PARAMETER[\"scale_factor\",1],");
            }
            continue;
        };
        let units = parameter.child(&["LENGTHUNIT", "ANGLEUNIT"]);
        // WKT1 has one linear unit, and degrees.
        match units.and_then(|unit| Some((unit.keyword.as_str(), unit.numbers().next()?))) {
            Some(("LENGTHUNIT", size)) if size != factor => return None,
            Some(("ANGLEUNIT", size)) if (size - 1f64.to_radians()).abs() > 1e-12 => return None,
            _ => {}
        }
        let number = parameter.numbers().next()?;
        parameters.push_str(&format!("PARAMETER[\"{short}\",{number}],"));
    }
    let axes = match order {
        AxisOrder::NorthEast => "AXIS[\"Northing\",NORTH],AXIS[\"Easting\",EAST]",
        AxisOrder::EastNorth => "AXIS[\"Easting\",EAST],AXIS[\"Northing\",NORTH]",
    };
    let extension = if is_web { WEB_MERCATOR } else { "" };
    Some(format!(
        "PROJCS[{},{base},PROJECTION[\"{projection}\"],{parameters}\
         UNIT[{},{factor}],{axes}{extension},{authority}]",
        quoted(node.name()?),
        quoted(unit_name),
    ))
}

fn geographic(node: &Node, tail: &str) -> Option<String> {
    let datum = node.find(&["DATUM", "ENSEMBLE"])?;
    let ellipsoid = datum.child(&["ELLIPSOID"])?;
    let mut shape = ellipsoid.numbers();
    let (axis, flattening) = (shape.next()?, shape.next()?);
    let meridian = node.find(&["PRIMEM"]);
    let greenwich = meridian.and_then(|node| node.numbers().next()).unwrap_or(0.0);
    let name = match datum.name()?.trim_end_matches(" ensemble") {
        // The one datum that WKT1 has always called by another name.
        "World Geodetic System 1984" => "WGS_1984".to_owned(),
        name => name.split(|c: char| !c.is_alphanumeric()).collect::<Vec<_>>().join("_"),
    };
    Some(format!(
        "GEOGCS[{},DATUM[{},SPHEROID[{},{axis},{flattening}]],PRIMEM[{},{greenwich}],\
         UNIT[\"degree\",0.0174532925199433],{tail}]",
        quoted(node.name()?),
        quoted(name.trim_matches('_')),
        quoted(ellipsoid.name()?),
        quoted(meridian.and_then(Node::name).unwrap_or("Greenwich")),
    ))
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}
