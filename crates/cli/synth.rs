//! `tuban synth`: believable towns that do not exist, for demonstrations, tests and benches.
//!
//! Everything follows from a seed: the same seed gives the same features on every machine, in
//! the same order. Villages do not depend on each other, so any of them can be made alone, and
//! many at once. Names and codes pass the checks of `ledger` and belong to nobody; persons are
//! in no layer, and those of `people` are none.
//!
//! A village is laid out on a straight *sheet* (`layout`, `lots`, `yard`, `lanes`), bent
//! onto the ground (`bend`), and written in the CRS that is asked for (`ground`).

mod bend;
mod calendar;
mod ground;
mod history;
mod lanes;
mod layers;
mod layout;
mod ledger_rows;
mod lots;
mod naming;
mod ortho;
mod people;
mod pictures;
mod places;
mod plan;
mod points;
mod random;
mod records;
mod region;
mod survey;
mod tasks;
mod village;
mod write;
mod yard;

#[cfg(test)]
mod ledger_rows_tests;
#[cfg(test)]
mod places_tests;
#[cfg(test)]
mod records_tests;
#[cfg(test)]
mod survey_tests;
#[cfg(test)]
mod synth_tests;

use spatial::{Collection, Crs, CrsError, Feature};
use thiserror::Error;

use ground::Ground;
use region::Region;
use village::Village;

pub use calendar::{OPENED, ends_of_months};
pub use layers::Layer;
pub use ledger_rows::LedgerPoint;
pub use ortho::write_ortho;
pub use people::{Holder, PEOPLE};
pub use records::{Records, collections as record_collections, labelled_picture};
pub use survey::BUILDINGS_LAST;
pub use write::{SynthArgs, run};

/// Why nothing was generated.
#[derive(Debug, Error)]
pub enum SynthError {
    /// A number of parcels that no region can have.
    #[error("--parcels {value}: from 300 to 10000000 are laid out")]
    Parcels {
        /// The number asked for.
        value: u64,
    },
    /// A number of towns that does not go with the parcels.
    #[error("--towns {value}: with so many parcels there can be {least} to {most}")]
    Towns {
        /// The number asked for.
        value: u64,
        /// Fewest.
        least: u64,
        /// Most.
        most: u64,
    },
    /// The CRS is not known, or the region lies outside it.
    #[error("--crs: {0}")]
    Crs(#[from] CrsError),
    /// A layer's name is no collection's.
    #[error(transparent)]
    Collection(#[from] spatial::collection::InvalidCollectionId),
    /// One layer goes to one file, several to a folder.
    #[error("{path}: a file holds one layer; choose it with --layer, or name a folder")]
    OneFile {
        /// Where it should go.
        path: std::path::PathBuf,
    },
    /// The file would not be what its ending says.
    #[error("{path}: FlatGeobuf is written; name a folder or an .fgb file, then import that")]
    OtherFormat {
        /// Where it should go.
        path: std::path::PathBuf,
    },
    /// A folder cannot be made.
    #[error("{path}: {source}")]
    Folder {
        /// The folder.
        path: std::path::PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file cannot be written.
    #[error(transparent)]
    Format(#[from] formats::FormatError),
    /// The ledger refuses an event.
    #[error(transparent)]
    Event(#[from] ledger::Refusal),
    /// A point cannot have its number.
    #[error(transparent)]
    Code(#[from] ledger::PointCodeFault),
    /// An id is none.
    #[error(transparent)]
    Id(#[from] ledger::point::InvalidId),
    /// The fonts of images cannot be read.
    #[error(transparent)]
    Font(#[from] sheet::FontFault),
    /// A tile of the image cannot be drawn.
    #[error(transparent)]
    Image(#[from] sheet::RasterFault),
    /// A point without any event.
    #[error("a point of the ledger has no event to begin with")]
    NoHistory,
}

/// A generated region.
#[derive(Clone, Debug)]
pub struct Synth {
    region: Region,
    ground: Ground,
}

impl Synth {
    /// Plans a region of exactly `parcels` parcels, 625 m² of ground each, in `towns` towns (as
    /// many as suit the parcels when not said), its coordinates in `crs`.
    pub fn new(seed: u64, parcels: u64, towns: Option<u64>, crs: &Crs) -> Result<Self, SynthError> {
        Ok(Self { region: Region::new(seed, parcels, towns)?, ground: Ground::new(crs)? })
    }

    /// The collection of a layer, its extent and count still empty.
    pub fn collection(&self, layer: Layer) -> Result<Collection, SynthError> {
        layer.collection(self.ground.crs())
    }

    /// Number of villages.
    pub fn villages(&self) -> usize {
        self.region.villages()
    }

    /// The features of a layer in one village; none of [`Layer::Towns`]. Villages are in Hilbert
    /// order.
    ///
    /// # Panics
    /// When there is no such village.
    pub fn village(&self, layer: Layer, village: usize) -> Result<Vec<Feature>, SynthError> {
        let mut features = Vec::new();
        Village::new(&self.region, &self.ground, village).features(layer, &mut features)?;
        Ok(features)
    }

    /// The features of a layer, village by village. Holds one village in memory.
    pub fn features(&self, layer: Layer) -> impl Iterator<Item = Result<Feature, SynthError>> + '_ {
        let towns = if layer == Layer::Towns { self.region.towns } else { 0 };
        let villages = if layer == Layer::Towns { 0 } else { self.villages() };
        let towns = (0..towns).map(|town| village::town(&self.region, &self.ground, town));
        let villages = (0..villages).flat_map(move |village| {
            let (features, error) = match self.village(layer, village) {
                Ok(features) => (features, None),
                Err(error) => (Vec::new(), Some(error)),
            };
            features.into_iter().map(Ok).chain(error.map(Err))
        });
        towns.chain(villages)
    }
}
