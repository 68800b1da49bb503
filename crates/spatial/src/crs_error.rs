//! What can be wrong with a coordinate system or with projecting into it.

use crate::Crs;
use crate::zones::cgcs2000_alike;

/// Why a CRS cannot be used, or a point not projected. Never carries the definition of a
/// `site:` system, nor a coordinate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CrsError {
    /// The registry has no such code.
    #[error("EPSG:{code} is not in the registry; look the code up at epsg.org")]
    UnknownCode {
        /// The code.
        code: u32,
    },
    /// The code is no plane or longitude-latitude system.
    #[error(
        "EPSG:{code} is no two-dimensional coordinate system; name the projected or \
         longitude-latitude system of the horizontal coordinates"
    )]
    UnsupportedKind {
        /// The code.
        code: u32,
    },
    /// The configuration defines no such local system.
    #[error("site:{name} is not defined; define it under [sites] in the configuration file")]
    UnknownSite {
        /// Name of the local system.
        name: String,
    },
    /// The definition of a local system cannot be used. The definition stays unsaid: it is
    /// controlled information.
    #[error(
        "the definition of site:{name} cannot be used: it must be one PROJ string \
         (\"+proj=…\") or the well-known text of a two-dimensional coordinate system"
    )]
    BadSite {
        /// Name of the local system.
        name: String,
    },
    /// No transformation between the datums is public.
    #[error("no public transformation leads from {from} to {to}; {}", way_out(from, to))]
    NoDatumTransformation {
        /// CRS of the coordinates.
        from: Crs,
        /// CRS that was asked for.
        to: Crs,
    },
    /// A coordinate is infinite or no number.
    #[error("vertex {vertex} has a coordinate that is no finite number")]
    NotFinite {
        /// Position of the vertex, from 0.
        vertex: usize,
    },
    /// A point lies too far outside the area that a CRS is made for.
    #[error(
        "vertex {vertex} lies outside the area where {crs} may be used; check which coordinate \
         system the numbers are in"
    )]
    OutsideArea {
        /// The CRS.
        crs: Crs,
        /// Position of the vertex, from 0.
        vertex: usize,
    },
    /// PROJ refuses to transform a point.
    #[error("vertex {vertex} cannot be projected from {from} to {to}: {reason}")]
    Refused {
        /// CRS of the coordinates.
        from: Crs,
        /// CRS that was asked for.
        to: Crs,
        /// Position of the vertex, from 0.
        vertex: usize,
        /// PROJ's words.
        reason: String,
    },
    /// A known point did not land where it must.
    #[error(
        "the self-test of coordinate systems failed ({path}): {reason}; the environment \
         variables PROJ_DATA and PROJ_LIB must not point at another PROJ's database"
    )]
    SelfTest {
        /// Which way was tested.
        path: &'static str,
        /// What came out.
        reason: String,
    },
}

fn way_out(from: &Crs, to: &Crs) -> String {
    const SITE: &str = "define a site: system with the operator's own parameters in the \
                        configuration file";
    let old = |crs: &Crs| matches!(crs, Crs::Epsg(code) if cgcs2000_alike(*code).is_some());
    if old(from) || old(to) {
        format!("{SITE}, or accept an error of tens of metres with --assume-datum cgcs2000")
    } else {
        SITE.to_owned()
    }
}
