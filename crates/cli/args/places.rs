//! `tuban places` and `tuban responsible`: flags and values.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use ledger::place::Day;
use server::places::{ALLEY_METRES, MAX_ALLEY_METRES};

/// `tuban places`
#[derive(Debug, Args)]
pub struct PlacesArgs {
    /// What to do
    #[command(subcommand)]
    pub action: PlacesAction,
}

/// How units get into a store.
const PLACES_LOADING: &str = "Load them with `tuban import STORE FILE --collection admin_units \
    --append`: columns are matched by name (`tuban collection describe STORE admin_units`), such as \
    code, name, aliases, level (city, district, town, village, courtyard, or 市 … 楼院), parent, \
    valid_from, valid_to. Then `tuban places check STORE`. Features of a collection with the fields \
    assigned_by and district, town, village, courtyard or grid are assigned by the polygons: at \
    once while the store is served, else at the end of the import.";

/// What `tuban places` does.
#[derive(Debug, Subcommand)]
pub enum PlacesAction {
    /// Make the collections that are missing; those that are there stay as they are
    #[command(after_help = PLACES_LOADING)]
    Init {
        /// The store; created when it does not exist
        store: PathBuf,
        /// Storage CRS of the new collections
        #[arg(long, value_name = "CRS", default_value = "EPSG:4490")]
        crs: String,
    },
    /// List every defect of units, cells, alleys, areas and responsibilities, and assignments by hand
    /// that the polygons contradict; exit code 1 when there is a defect
    Check {
        /// The store; it may be served
        store: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// `tuban responsible`
#[derive(Debug, Args)]
pub struct ResponsibleArgs {
    /// The store; it may be served
    pub store: PathBuf,
    /// Longitude, WGS 84 or CGCS2000
    #[arg(allow_hyphen_values = true, value_parser = degrees::<180>)]
    pub lon: f64,
    /// Latitude
    #[arg(allow_hyphen_values = true, value_parser = degrees::<90>)]
    pub lat: f64,
    /// The day in Asia/Shanghai [default: today]
    #[arg(long, value_name = "DAY")]
    pub date: Option<Day>,
    /// How far an alley may be away, in metres
    #[arg(long, value_name = "METRES", default_value_t = ALLEY_METRES, value_parser = alley_metres)]
    pub alley: f64,
}

/// A number of degrees from `-MOST` to `MOST`.
fn degrees<const MOST: u16>(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number: &f64| number.abs() <= f64::from(MOST));
    number.ok_or_else(|| format!("a number from -{MOST} to {MOST} is expected"))
}

fn alley_metres(text: &str) -> Result<f64, String> {
    let metres = text.parse().ok().filter(|metres| (0.0..=MAX_ALLEY_METRES).contains(metres));
    metres.ok_or_else(|| format!("a number from 0 to {MAX_ALLEY_METRES} is expected"))
}
