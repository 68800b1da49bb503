//! `tuban survey`.

use std::path::PathBuf;

use clap::Args;

use super::AssumedDatum;

/// What is in a package, and what the exit codes say.
const PACKAGE: &str = "A package is a folder, a zip or a GeoPackage with the tables ZD (ZDJBXX, SHYQZD), JZD, \
    JZX, ZRZ, H and QLR, as Shapefiles and DBF in GBK, and photos called by the number of a household, \
    parcel or building (NUMBER_1.jpg, NUMBER/…). Everything is read and checked before anything is \
    written; the same package again changes nothing. Names, certificates, telephones and addresses of \
    holders are kept encrypted under the key beside the store (`[history] key_file`).\n\n\
    Exit code: 0 when everything is in the store, 3 when rows, columns or photos were left out, 1 when \
    nothing came in, 2 for a mistake in the command.";

/// `tuban survey`
#[derive(Debug, Args)]
#[command(after_help = PACKAGE)]
pub struct SurveyArgs {
    /// The store; created when it does not exist
    pub store: PathBuf,
    /// The package: a folder, a zip or one file with all tables
    pub package: PathBuf,
    /// Folder with photos, besides those in the package
    #[arg(long, value_name = "DIR")]
    pub photos: Option<PathBuf>,
    /// CRS of the coordinates, e.g. EPSG:4548, site:NAME
    #[arg(long, value_name = "CRS")]
    pub crs: Option<String>,
    /// Take a Xian 1980 or Beijing 1954 CRS for the CGCS2000 one with the same numbers, tens of
    /// metres off
    #[arg(long, value_name = "DATUM")]
    pub assume_datum: Option<AssumedDatum>,
    /// Text encoding of Shapefile and CSV, e.g. GB18030 or UTF-8 [default: found out]
    #[arg(long, value_name = "NAME")]
    pub encoding: Option<String>,
    /// Check and compare, and write nothing but the list of defects
    #[arg(long)]
    pub dry_run: bool,
    /// Why, for the change log
    #[arg(long, value_name = "TEXT", default_value = "survey package")]
    pub reason: String,
    /// Where defects are listed, a row each [default: beside the store, when there are any]
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Print what became of it as JSON
    #[arg(long)]
    pub json: bool,
}
