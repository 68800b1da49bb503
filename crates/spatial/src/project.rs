//! Projects coordinates from one coordinate system to another.
//!
//! Coordinates are east, north on both sides. WGS 84, CGCS2000, Web Mercator and the
//! Gauss-Krüger zones of CGCS2000 project in closed form ([`crate::closed_form`]); PROJ does
//! the rest, and meets them at WGS 84 longitude and latitude. A datum without a public
//! transformation is refused: PROJ alone would shift by zero and say nothing.

use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use geo::MapCoordsInPlace;
use geo_types::Geometry as Shape;

use crate::closed_form::ClosedForm;
use crate::crs::is_site_name;
use crate::crs_error::CrsError;
use crate::crs_facts::{AreaOfUse, AxisOrder, CrsFacts, CrsKind, CrsUnit, FactsFault, read_facts};
use crate::proj_link::{End, Link};
use crate::shift::Shift;
use crate::zones::{ChinaDatum, cgcs2000_alike};
use crate::{Crs, Envelope, Geometry, SourceCrs};

/// Degrees by which coordinates may leave the area of use of a projected CRS: a city in one
/// zone reaches into its neighbour.
const AREA_MARGIN: f64 = 3.0;
/// Metres; a degree is nowhere longer than it is on a sphere of this radius, but for 0.6 %.
const EARTH_RADIUS: f64 = 6_378_137.0;
/// Longest definition of a local system, in bytes.
const MAX_DEFINITION: usize = 16_384;

/// Knows the coordinate systems: EPSG's, and the local ones of this site.
#[derive(Default)]
pub struct CrsRegistry {
    sites: BTreeMap<String, Arc<str>>,
    facts: Mutex<HashMap<Crs, Arc<CrsFacts>>>,
}

impl fmt::Debug for CrsRegistry {
    /// Names the local systems; their definitions are controlled information.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CrsRegistry").field("sites", &self.sites.keys()).finish_non_exhaustive()
    }
}

impl CrsRegistry {
    /// A registry with the local systems of a site: name → definition, a PROJ string or
    /// well-known text. The operator answers for the datum shift in it (`+towgs84`,
    /// `+nadgrids`, `BOUNDCRS`): without one, its longitude and latitude count as WGS 84.
    /// `default()` is the registry without local systems.
    pub fn new(sites: BTreeMap<String, String>) -> Result<Self, CrsError> {
        for (name, definition) in &sites {
            let text = definition.trim_start();
            // A mere code, or +init, would smuggle in the zero shift that this registry refuses.
            let usable = text.starts_with("+proj=") || text.contains('[');
            if !is_site_name(name) || !usable || definition.len() > MAX_DEFINITION {
                return Err(CrsError::BadSite { name: name.clone() });
            }
        }
        let sites = sites.into_iter().map(|(name, definition)| (name, definition.into()));
        let registry = Self { sites: sites.collect(), facts: Mutex::default() };
        for name in registry.sites.keys() {
            registry.facts(&Crs::Site(name.clone()))?;
        }
        Ok(registry)
    }

    /// Names of the local systems, in order.
    pub fn site_names(&self) -> impl Iterator<Item = &str> {
        self.sites.keys().map(String::as_str)
    }

    /// What `crs` is. Read once and kept.
    pub fn facts(&self, crs: &Crs) -> Result<Arc<CrsFacts>, CrsError> {
        if let Some(facts) = self.kept().get(crs) {
            return Ok(Arc::clone(facts));
        }
        let facts =
            read_facts(crs, &self.definition(crs)?).map_err(|fault| match (crs, fault) {
                (Crs::Site(name), _) => CrsError::BadSite { name: name.clone() },
                (Crs::Epsg(code), FactsFault::Unknown) => CrsError::UnknownCode { code: *code },
                (Crs::Epsg(code), FactsFault::Kind) => CrsError::UnsupportedKind { code: *code },
            })?;
        let facts = Arc::new(facts);
        self.kept().insert(crs.clone(), Arc::clone(&facts));
        Ok(facts)
    }

    /// The way from what a file's coordinates are in to a storage CRS.
    pub fn source_projector(&self, from: &SourceCrs, to: &Crs) -> Result<Projector, CrsError> {
        let shift = match from {
            SourceCrs::Crs(crs) => return self.projector(crs, to),
            SourceCrs::Gcj02 => Shift::Gcj02,
            SourceCrs::Bd09 => Shift::Bd09,
        };
        let Projector(plan) = self.projector(&Crs::WGS84, to)?;
        Ok(Projector(Arc::new(Plan { shift: Some(shift), ..Plan::clone(&plan) })))
    }

    /// The way from one CRS to another.
    pub fn projector(&self, from: &Crs, to: &Crs) -> Result<Projector, CrsError> {
        let (from_facts, to_facts) = (self.facts(from)?, self.facts(to)?);
        let old = |crs: &Crs| matches!(crs, Crs::Epsg(code) if cgcs2000_alike(*code).is_some());
        let datum = |crs: &Crs| match crs {
            Crs::Epsg(code) => ChinaDatum::of(*code),
            Crs::Site(_) => None,
        };
        if (old(from) || old(to)) && datum(from) != datum(to) {
            return Err(CrsError::NoDatumTransformation { from: from.clone(), to: to.clone() });
        }
        let (before, after) = (ClosedForm::of(from), ClosedForm::of(to));
        let route = if from == to {
            Route::Identity
        } else if let (Some(before), Some(after)) = (before, after) {
            Route::Closed { before, after }
        } else {
            let (start, end) = (self.end(from, &from_facts)?, self.end(to, &to_facts)?);
            let link = Link::new(start.clone(), end);
            link.open().map_err(|_hidden| CrsError::NoDatumTransformation {
                from: from.clone(),
                to: to.clone(),
            })?;
            let lon_lat = if before.is_some() || from_facts.kind == CrsKind::Geographic {
                LonLat::Start
            } else if after.is_some() || to_facts.kind == CrsKind::Geographic {
                LonLat::End
            } else if let Crs::Epsg(_) = from {
                let geographic = Crs::Epsg(datum(from).map_or(4326, ChinaDatum::geographic));
                let end = self.end(&geographic, &*self.facts(&geographic)?)?;
                LonLat::Linked(Link::new(start, end))
            } else {
                LonLat::Unknown
            };
            Route::Linked { before, link, after, lon_lat }
        };
        Ok(Projector(Arc::new(Plan {
            shift: None,
            from: Side::new(from, &from_facts),
            to: Side::new(to, &to_facts),
            route,
        })))
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, HashMap<Crs, Arc<CrsFacts>>> {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn definition(&self, crs: &Crs) -> Result<Arc<str>, CrsError> {
        match crs {
            Crs::Epsg(_) => Ok(crs.to_string().into()),
            Crs::Site(name) => self
                .sites
                .get(name)
                .map(Arc::clone)
                .ok_or_else(|| CrsError::UnknownSite { name: name.clone() }),
        }
    }

    fn end(&self, crs: &Crs, facts: &CrsFacts) -> Result<End, CrsError> {
        Ok(match crs {
            _ if ClosedForm::of(crs).is_some() => End::WGS84,
            Crs::Epsg(code) => {
                End::Epsg { code: *code, north_first: facts.axis_order == AxisOrder::NorthEast }
            }
            Crs::Site(_) => End::Site(self.definition(crs)?),
        })
    }
}

/// The way from one CRS to another. Cheap to clone, free to share between threads.
#[derive(Clone, Debug)]
pub struct Projector(Arc<Plan>);

#[derive(Clone, Debug)]
struct Plan {
    /// What is taken off before anything else; the sides then start at WGS 84.
    shift: Option<Shift>,
    from: Side,
    to: Side,
    route: Route,
}

/// One end of a plan, and where its points may lie.
#[derive(Clone, Debug)]
struct Side {
    crs: Crs,
    kind: CrsKind,
    area: Option<AreaOfUse>,
    margin: f64,
    /// One centimetre in units of the CRS.
    centimetre: f64,
}

#[derive(Clone, Debug)]
enum Route {
    Identity,
    Closed {
        before: ClosedForm,
        after: ClosedForm,
    },
    /// PROJ, with a closed form on the side that has one.
    Linked {
        before: Option<ClosedForm>,
        link: Link,
        after: Option<ClosedForm>,
        lon_lat: LonLat,
    },
}

/// Where the longitudes and latitudes, which tell whether points lie in the area of use, come
/// from. Which datum they are in makes no difference to that.
#[derive(Clone, Debug)]
enum LonLat {
    /// They enter the link.
    Start,
    /// They leave the link.
    End,
    /// They take a link of their own.
    Linked(Link),
    /// From nowhere: a local plane projected to a local plane.
    Unknown,
}

impl Side {
    fn new(crs: &Crs, facts: &CrsFacts) -> Self {
        let (area, margin) = match facts.kind {
            // Numbers outside the country that a datum was made for are still angles.
            CrsKind::Geographic => {
                (Some(AreaOfUse { west: -180.0, south: -90.0, east: 180.0, north: 90.0 }), 1e-9)
            }
            CrsKind::Projected => (facts.area, AREA_MARGIN),
        };
        let centimetre = match (&facts.unit, facts.kind) {
            (CrsUnit::Degree, _) => 0.01 / (EARTH_RADIUS * 1_f64.to_radians()),
            (CrsUnit::Metre, _) => 0.01,
            (CrsUnit::Other { factor, .. }, CrsKind::Geographic) => 0.01 / (EARTH_RADIUS * factor),
            (CrsUnit::Other { factor, .. }, CrsKind::Projected) => 0.01 / factor,
        };
        Self { crs: crs.clone(), kind: facts.kind, area, margin, centimetre }
    }

    fn check(&self, lon_lat: [f64; 2], vertex: usize) -> Result<(), CrsError> {
        match &self.area {
            Some(area) if !area.contains(lon_lat, self.margin) => {
                Err(CrsError::OutsideArea { crs: self.crs.clone(), vertex })
            }
            _ => Ok(()),
        }
    }
}

impl Projector {
    /// CRS of the coordinates that go in; WGS 84 when they are shifted.
    pub fn from(&self) -> &Crs {
        &self.0.from.crs
    }

    /// CRS of the coordinates that come out.
    pub fn to(&self) -> &Crs {
        &self.0.to.crs
    }

    /// Whether both are the same, so that nothing changes.
    pub fn is_identity(&self) -> bool {
        self.0.shift.is_none() && matches!(self.0.route, Route::Identity)
    }

    /// Whether what goes in is longitude and latitude.
    pub fn takes_angles(&self) -> bool {
        self.0.from.kind == CrsKind::Geographic
    }

    /// One centimetre in units of the CRS of what comes out; along a parallel less.
    pub fn centimetre(&self) -> f64 {
        self.0.to.centimetre
    }

    /// Longitudes and latitudes beyond which nothing can be projected; `None` when all can, or
    /// nothing is known.
    pub fn reach(&self) -> Option<Envelope> {
        let Side { area, margin, .. } = &self.0.to;
        let area =
            area.filter(|area| self.0.to.kind == CrsKind::Projected && area.west <= area.east)?;
        // A little less, so that rounding cannot lead outside.
        let margin = margin - 1e-6;
        Some(Envelope::new(
            (area.west - margin).max(-180.0),
            (area.south - margin).max(-90.0),
            (area.east + margin).min(180.0),
            (area.north + margin).min(90.0),
        ))
    }

    /// Projects one point.
    pub fn project(&self, point: [f64; 2]) -> Result<[f64; 2], CrsError> {
        let mut points = [point];
        self.project_all(&mut points)?;
        Ok(points[0])
    }

    /// Projects every point in its place. After an error some are projected and some are not.
    pub fn project_all(&self, points: &mut [[f64; 2]]) -> Result<(), CrsError> {
        let Plan { shift, from, to, route } = &*self.0;
        check_finite(points)?;
        if let Some(shift) = shift {
            for (vertex, point) in points.iter_mut().enumerate() {
                from.check(*point, vertex)?;
                *point = shift.to_wgs84(*point);
            }
        }
        match route {
            Route::Identity => return Ok(()),
            Route::Closed { before, after } => {
                for (vertex, point) in points.iter_mut().enumerate() {
                    let lon_lat = before.to_lon_lat(*point);
                    from.check(lon_lat, vertex)?;
                    to.check(lon_lat, vertex)?;
                    *point = after.from_lon_lat(lon_lat);
                }
            }
            Route::Linked { before, link, after, lon_lat } => {
                let convert = |link: &Link, points: &mut [[f64; 2]]| {
                    link.convert(points).map_err(|(vertex, reason)| CrsError::Refused {
                        from: from.crs.clone(),
                        to: to.crs.clone(),
                        vertex,
                        reason,
                    })
                };
                let check_all = |points: &[[f64; 2]]| {
                    points.iter().enumerate().try_for_each(|(vertex, point)| {
                        from.check(*point, vertex)?;
                        to.check(*point, vertex)
                    })
                };
                if let Some(before) = before {
                    points.iter_mut().for_each(|point| *point = before.to_lon_lat(*point));
                }
                match lon_lat {
                    LonLat::Start => check_all(points)?,
                    LonLat::Linked(link) => {
                        let mut angles = points.to_vec();
                        convert(link, &mut angles)?;
                        check_all(&angles)?;
                    }
                    LonLat::End | LonLat::Unknown => {}
                }
                convert(link, points)?;
                if matches!(lon_lat, LonLat::End) {
                    check_all(points)?;
                }
                if let Some(after) = after {
                    points.iter_mut().for_each(|point| *point = after.from_lon_lat(*point));
                }
            }
        }
        check_finite(points)
    }

    /// Projects a geometry vertex by vertex; Z and M stay as they are. After an error the
    /// geometry is unchanged. Edges are straight on both sides: densify first where that counts.
    pub fn project_geometry(&self, geometry: &mut Geometry) -> Result<(), CrsError> {
        if self.is_identity() {
            return check_finite(&geometry.coords());
        }
        let mut coords = geometry.coords();
        self.project_all(&mut coords)?;
        unbox(&mut geometry.shape);
        let (coords, next) = (&coords, &Cell::new(0));
        geometry.shape.map_coords_in_place(|before| {
            let vertex = next.replace(next.get() + 1);
            coords.get(vertex).map_or(before, |&[x, y]| geo_types::Coord { x, y })
        });
        Ok(())
    }
}

/// Shapes that only hold upright in one plane become the polygon that they stand for.
fn unbox(shape: &mut Shape<f64>) {
    match shape {
        Shape::Rect(rect) => *shape = rect.to_polygon().into(),
        Shape::Triangle(triangle) => *shape = triangle.to_polygon().into(),
        Shape::GeometryCollection(shapes) => shapes.0.iter_mut().for_each(unbox),
        _ => {}
    }
}

fn check_finite(points: &[[f64; 2]]) -> Result<(), CrsError> {
    match points.iter().position(|point| !(point[0].is_finite() && point[1].is_finite())) {
        Some(vertex) => Err(CrsError::NotFinite { vertex }),
        None => Ok(()),
    }
}

/// Projects a known point of Beijing through PROJ and in closed form, and compares: fails when
/// PROJ's database is another release's, or the arithmetic of this machine is broken.
pub fn self_test() -> Result<(), CrsError> {
    /// 天安门 in CGCS2000, and in zone 39 without prefix as PROJ 9.6 projects it.
    const LON_LAT: [f64; 2] = [116.391_25, 39.907_25];
    const PLANE: [f64; 2] = [447_946.050_033, 4_419_408.060_371];
    let far = |point: [f64; 2]| (point[0] - PLANE[0]).hypot(point[1] - PLANE[1]) > 1e-3;
    let fail = |path, reason: String| Err(CrsError::SelfTest { path, reason });
    let by_proj = Link::new(
        End::Epsg { code: 4490, north_first: true },
        End::Epsg { code: 4548, north_first: true },
    );
    let mut points = [LON_LAT];
    if let Err(reason) =
        by_proj.open().and_then(|()| by_proj.convert(&mut points).map_err(|(_, reason)| reason))
    {
        return fail("PROJ", reason);
    }
    if far(points[0]) {
        return fail("PROJ", "a known point lands elsewhere".to_owned());
    }
    match ClosedForm::of(&Crs::Epsg(4548)).map(|form| form.from_lon_lat(LON_LAT)) {
        Some(point) if !far(point) => Ok(()),
        _ => fail("closed form", "a known point lands elsewhere".to_owned()),
    }
}

#[cfg(test)]
#[path = "project_tests.rs"]
pub(crate) mod tests;
