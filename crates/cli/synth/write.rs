//! The command `tuban synth`: layers to FlatGeobuf files.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use formats::{DeclaredCrs, LayerSchema, OutputFormat};
use rayon::prelude::*;
use spatial::{Crs, Feature};

use super::{Layer, Synth, SynthError};
use crate::output::say;

/// Villages made at once: what lies in memory.
const AT_ONCE: usize = 32;

/// `tuban synth`
#[derive(Debug, Args)]
pub struct SynthArgs {
    /// Folder for one file a layer, or an .fgb file for the layer of --layer
    pub out: PathBuf,
    /// Number of parcels, 300 to 10000000
    #[arg(long, value_name = "N", default_value_t = 20_000)]
    pub parcels: u64,
    /// The same seed gives the same bytes
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Number of towns [default: 2, more for more than 240000 parcels]
    #[arg(long, value_name = "N")]
    pub towns: Option<u64>,
    /// Only these layers [default: all]
    #[arg(long, value_name = "LAYER", value_delimiter = ',')]
    pub layer: Vec<Layer>,
    /// CRS of the coordinates
    #[arg(long, value_name = "CRS", default_value = "EPSG:4490")]
    pub crs: Crs,
}

/// Generates the layers and writes them.
pub fn run(args: &SynthArgs) -> Result<(), SynthError> {
    let synth = Synth::new(args.seed, args.parcels, args.towns, &args.crs)?;
    let is_file = args.out.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("fgb"));
    match &args.layer[..] {
        [layer] if is_file => write(&synth, *layer, &args.out),
        _ if is_file => Err(SynthError::OneFile { path: args.out.clone() }),
        _ if OutputFormat::of_path(&args.out).is_some() => {
            Err(SynthError::OtherFormat { path: args.out.clone() })
        }
        layers => {
            fs::create_dir_all(&args.out)
                .map_err(|source| SynthError::Folder { path: args.out.clone(), source })?;
            let layers = if layers.is_empty() { &Layer::ALL[..] } else { layers };
            layers.iter().try_for_each(|layer| {
                write(&synth, *layer, &args.out.join(layer.id()).with_extension("fgb"))
            })
        }
    }
}

fn write(synth: &Synth, layer: Layer, path: &Path) -> Result<(), SynthError> {
    let collection = synth.collection(layer)?;
    let crs = match collection.crs {
        Crs::Epsg(code) => DeclaredCrs::Epsg(code),
        Crs::Site(_) => DeclaredCrs::Unknown,
    };
    let schema = LayerSchema {
        name: layer.id().to_owned(),
        crs,
        geometry_type: collection.geometry_type,
        has_z: false,
        has_m: false,
        fields: collection.fields,
        place_columns: Vec::new(),
        count: None,
        notes: Vec::new(),
    };
    let mut writer = formats::create(path, OutputFormat::FlatGeobuf, &schema)?;
    if layer == Layer::Towns {
        for feature in synth.features(layer) {
            writer.write(&feature?)?;
        }
    }
    for first in (0..synth.villages()).step_by(AT_ONCE) {
        let last = synth.villages().min(first + AT_ONCE);
        let villages: Vec<Result<Vec<Feature>, SynthError>> =
            (first..last).into_par_iter().map(|village| synth.village(layer, village)).collect();
        for village in villages {
            for feature in village? {
                writer.write(&feature)?;
            }
        }
    }
    let written = writer.finish()?;
    say(format_args!("{}: {} features", path.display(), written.features));
    Ok(())
}
