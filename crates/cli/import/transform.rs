//! From the coordinates of a file to the storage CRS.

use formats::DeclaredCrs;
use geo::MapCoordsInPlace;
use geo_types::Coord;
use spatial::identify::identify;
use spatial::plausible::{Verdict, judge, suggest};
use spatial::shift::Shift;
use spatial::zones::cgcs2000_alike;
use spatial::{Crs, CrsError, CrsRegistry, Geometry, Projector, SourceCrs};

use super::survey::Survey;
use super::{ImportError, ImportOptions};

/// What a file's coordinates are in, once that is settled.
#[derive(Clone, Debug)]
pub struct Source {
    crs: SourceCrs,
    swapped: bool,
}

/// Settles what the coordinates of `layer` are in: what the user says, else what the file says.
///
/// # Errors
/// When neither says anything, or the numbers contradict it; the error names what would fit.
pub fn source_crs(
    layer: &str,
    declared: &DeclaredCrs,
    survey: &Survey,
    registry: &CrsRegistry,
    options: &ImportOptions,
    notes: &mut Vec<String>,
) -> Result<Source, ImportError> {
    let refused = |reason: String| ImportError::Coordinates { layer: layer.to_owned(), reason };
    let named = match (&options.crs, declared) {
        (Some(crs), _) => Some(crs.clone()),
        (None, DeclaredCrs::Epsg(code)) => Some(Crs::Epsg(*code).into()),
        (None, DeclaredCrs::Wkt(text)) => Some(
            identify(text).map_err(|error| refused(format!("{error}; name it with --crs")))?.into(),
        ),
        (None, DeclaredCrs::Unknown) => None,
    };
    let named = match named {
        Some(SourceCrs::Crs(Crs::Epsg(code))) if options.assume_cgcs2000 => {
            match cgcs2000_alike(code) {
                Some(alike) => {
                    notes.push(format!(
                        "EPSG:{code} is taken for EPSG:{alike}: places may be tens of metres off"
                    ));
                    Some(Crs::Epsg(alike).into())
                }
                None => Some(Crs::Epsg(code).into()),
            }
        }
        other => other,
    };
    if survey.envelope.is_empty() {
        // Nothing has a place: any CRS holds it.
        let crs = named.unwrap_or(Crs::CGCS2000.into());
        return Ok(Source { crs, swapped: false });
    }
    let would_fit = |candidates: &[SourceCrs]| {
        if candidates.is_empty() {
            return String::from("name the right one with --crs");
        }
        let names: Vec<String> = candidates.iter().map(|c| format!("--crs {c}")).collect();
        format!("the numbers would fit {}", names.join(" or "))
    };
    let Some(crs) = named else {
        let fits = would_fit(&suggest(&survey.samples));
        return Err(refused(format!("the file does not say its CRS; {fits}")));
    };
    if let SourceCrs::Gcj02 | SourceCrs::Bd09 = crs {
        notes.push(format!(
            "{crs} was turned back by the published formula: places may be metres off"
        ));
    }
    match judge(registry, &crs, &survey.samples)? {
        Verdict::Fits => Ok(Source { crs, swapped: false }),
        Verdict::Swapped => {
            notes.push("the coordinates are north first; they were turned round".to_owned());
            Ok(Source { crs, swapped: true })
        }
        Verdict::Contradicts { because, candidates } => Err(refused(format!(
            "the coordinates contradict {crs}: {because}; {}",
            would_fit(&candidates)
        ))),
    }
}

impl Source {
    /// What a new collection of such coordinates is stored in: GCJ-02 and BD-09 become CGCS2000.
    pub fn storage(&self) -> Crs {
        self.crs.storage()
    }

    /// The way into the CRS `to`.
    pub fn into_transform(
        self,
        registry: &CrsRegistry,
        to: &Crs,
    ) -> Result<SourceTransform, CrsError> {
        let from = self.storage();
        // A CRS that does not lead to the map cannot be stored either.
        registry.projector(&from, &Crs::CGCS2000)?;
        let shift = match self.crs {
            SourceCrs::Crs(_) => None,
            SourceCrs::Gcj02 => Some(Shift::Gcj02),
            SourceCrs::Bd09 => Some(Shift::Bd09),
        };
        Ok(SourceTransform {
            swapped: self.swapped,
            shift,
            projector: registry.projector(&from, to)?,
        })
    }
}

/// Turns the coordinates of a file into those of the storage CRS.
#[derive(Clone, Debug)]
pub struct SourceTransform {
    swapped: bool,
    shift: Option<Shift>,
    projector: Projector,
}

impl SourceTransform {
    /// Transforms every vertex.
    pub fn apply(&self, geometry: &mut Geometry) -> Result<(), CrsError> {
        if self.swapped {
            geometry.shape.map_coords_in_place(|c| Coord { x: c.y, y: c.x });
        }
        if let Some(shift) = self.shift {
            geometry.shape.map_coords_in_place(|c| {
                let [x, y] = shift.to_wgs84([c.x, c.y]);
                Coord { x, y }
            });
        }
        self.projector.project_geometry(geometry)
    }
}
