//! The command line: every command, flag and value.

mod atlas;
mod audit;
mod indicators;
mod ledger;
mod ledgers;
mod matching;
mod meeting;
mod patrols;
mod places;
mod rules;
mod survey;
mod user;
mod whistle;
mod worklist;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use atlas::{AtlasArgs, AtlasPaper};
pub use audit::{AuditAction, AuditArgs};
pub use indicators::IndicatorsArgs;
pub use ledger::{
    ApprovalArgs, LedgerAction, LedgerArgs, PointArgs, PointOfState, RaiseArgs, RegisterArgs,
};
pub use ledgers::{LedgersArgs, PrintedAs, TownArgs, TownPart};
pub use matching::MatchArgs;
pub use meeting::{MeetingAction, MeetingArgs};
pub use patrols::{
    AddPatrolsArgs, CoverageArgs, PatrolsAction, PatrolsArgs, StatisticsArgs, ToldArgs,
};
pub use places::{PlacesAction, PlacesArgs, ResponsibleArgs};
pub use rules::{ReviewArg, RulesArgs};
pub use survey::SurveyArgs;
pub use user::{
    AddArgs, RevokeArgs, ScopeArgs, SetUserArgs, TokenArgs, UserAction, UserArgs, UserName,
};
pub use whistle::{AddWhistleArgs, ArriveArgs, CloseArgs, ToldAtArgs, WhistleAction, WhistleArgs};
pub use worklist::WorklistArgs;

/// One engine for households, parcels and rectification points.
#[derive(Debug, Parser)]
#[command(name = "tuban", version, about, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,

    /// Configuration file [default: tuban.toml of this folder, if there is one]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Say more on standard error: -v for steps, -vv for details
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Create the sample city and serve it
    Demo(DemoArgs),
    /// Serve a store: map, tiles and data
    Serve(ServeArgs),
    /// Read files into a store
    Import(ImportArgs),
    /// Take a survey package (权籍调查成果) into household files: parcels, boundaries, buildings, holders, photos
    Survey(SurveyArgs),
    /// Write a collection to a file
    Export(ExportArgs),
    /// Ask what is inside an area, how much of it, next to what; compare geometries
    Query(QueryArgs),
    /// Print what a store holds, or what one of its tiles holds
    Inspect(InspectArgs),
    /// List, describe, change, rename or remove collections
    Collection(CollectionArgs),
    /// Make, list and change accounts, their scopes and tokens
    User(UserArgs),
    /// Make the collections of places (units, grid cells, alleys …), or check what is in them
    Places(PlacesArgs),
    /// Tell who is responsible at a position on a day
    Responsible(ResponsibleArgs),
    /// List the spatial rules, or tell what one of them proposes
    Rules(RulesArgs),
    /// List what waits for a unit, a person, a role (待办), the most urgent first
    Worklist(WorklistArgs),
    /// Take patrols from a file; tell what they cover of the alleys, and what patrollers did
    Patrols(PatrolsArgs),
    /// Call departments (吹哨), tell that they came (报到), close the call
    Whistle(WhistleArgs),
    /// Match a spreadsheet without coordinates to enterprises, points, parcels, outlets (数据归集对比)
    Match(MatchArgs),
    /// Make a ledger of rectification points, fill it from spreadsheets, tell of its points
    Ledger(LedgerArgs),
    /// Write the household files (一户一档) of a village or town as one PDF with index map
    Atlas(AtlasArgs),
    /// List the ledgers (台账), or the rows of one by unit; as a table, CSV, XLSX or JSON
    Ledgers(LedgersArgs),
    /// Tell problems and projects of a town (两清单), or its plan (一街(镇)一方案)
    Town(TownArgs),
    /// Tell indicators of the ledger, targets and rankings; fill an office's own workbook with them
    Indicators(IndicatorsArgs),
    /// Write what a meeting was told as a signed pack, and check such packs
    Meeting(MeetingArgs),
    /// Print the audit log, check it row by row, sign its head
    Audit(AuditArgs),
    /// Erase personal values of one feature for good, from every past state too
    Erase(EraseArgs),
    /// Copy a store to a file, also while it is served
    Backup(BackupArgs),
    /// Check a store: file, indexes, change log and history; also while it is served
    Verify(VerifyArgs),
    /// Bring every collection back to an earlier state, as a new revision
    Restore(RestoreArgs),
    /// Generate fictional towns with parcels, buildings, households and points
    Synth(crate::synth::SynthArgs),
    /// Print the configuration in force, every key
    Config,
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// An IP address and a port; `localhost` stands for 127.0.0.1.
fn listen_address(text: &str) -> Result<SocketAddr, String> {
    let text = text.replacen("localhost:", "127.0.0.1:", 1);
    text.parse().map_err(|_error| {
        "an IP address and a port are expected, such as 127.0.0.1:8080 or [::1]:8080".to_owned()
    })
}

/// `tuban demo`
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Folder of the sample city
    #[arg(long, value_name = "DIR", default_value = "demo")]
    pub dir: PathBuf,
    /// Address and port to listen on
    #[arg(long, value_name = "ADDR", value_parser = listen_address)]
    pub listen: Option<SocketAddr>,
    /// Parcels of the city's two towns, where it is not there yet
    #[arg(long, value_name = "N", default_value_t = 20_000)]
    pub parcels: u64,
    /// Create the city and end
    #[arg(long)]
    pub prepare_only: bool,
}

/// `tuban serve`
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// The store, a GeoPackage that Tuban made
    pub store: PathBuf,
    /// Address and port to listen on
    #[arg(long, value_name = "ADDR", value_parser = listen_address)]
    pub listen: Option<SocketAddr>,
    /// URL that clients reach the server by, for absolute links
    #[arg(long, value_name = "URL")]
    pub public_url: Option<String>,
    /// Whoever reaches the address reads the whole map, without a token; without accounts needed
    /// for an address other than loopback
    #[arg(long)]
    pub public: bool,
    /// Serve tiles that others made beside the store: PMTiles or MBTiles, PMTiles also by
    /// s3://BUCKET/KEY or https://HOST/PATH; may be repeated
    #[arg(long, value_name = "[NAME=]FILE|URL")]
    pub archive: Vec<String>,
}

/// What the exit codes of an import say.
const IMPORT_CODES: &str = "Exit code: 0 when everything is in the store, 3 when rows or columns \
    were left out, 1 when a file failed and nothing of its layer came in, 2 for a mistake in the \
    command.";

/// `tuban import`
#[derive(Debug, Args)]
#[command(after_help = IMPORT_CODES)]
pub struct ImportArgs {
    /// The store; created when it does not exist
    pub store: PathBuf,
    /// GeoJSON, GeoJSONSeq, FlatGeobuf, GeoPackage, Shapefile (also zipped), CSV or XLSX
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// Id of the collection [default: the name of the file or layer]
    #[arg(long, value_name = "ID")]
    pub collection: Option<String>,
    /// CRS of the coordinates, e.g. EPSG:4548, gcj02, bd09, site:NAME
    #[arg(long, value_name = "CRS")]
    pub crs: Option<String>,
    /// Take a Xian 1980 or Beijing 1954 CRS for the CGCS2000 one with the same numbers, tens of
    /// metres off
    #[arg(long, value_name = "DATUM")]
    pub assume_datum: Option<AssumedDatum>,
    /// Text encoding of Shapefile and CSV, e.g. GB18030 or UTF-8 [default: found out]
    #[arg(long, value_name = "NAME")]
    pub encoding: Option<String>,
    /// Add to a collection that exists
    #[arg(long, group = "mode")]
    pub append: bool,
    /// Put the file in the place of all features of a collection that exists
    #[arg(long, group = "mode")]
    pub replace: bool,
    /// Replace features whose KEY field is equal, add the others
    #[arg(long, value_name = "KEY", group = "mode")]
    pub upsert: Option<String>,
    /// Give a new collection the columns `district`, `town`, `village`, `courtyard`, `grid` and
    /// `assigned_by`: each feature is assigned to the units that it lies in
    #[arg(long, conflicts_with_all = ["append", "upsert"])]
    pub assign: bool,
    /// This field is not personal although its name or values look so: keep it
    #[arg(long, value_name = "FIELD")]
    pub keep: Vec<String>,
    /// Keep personal columns apart, encrypted, instead of leaving them out; KEY is the field that tells
    /// rows apart, and becomes the key of the collection
    #[arg(long, value_name = "KEY")]
    pub personal: Option<String>,
    /// Why, for the change log
    #[arg(long, value_name = "TEXT", default_value = "import")]
    pub reason: String,
    /// Where rows that were repaired or skipped are listed
    /// [default: beside the store, when there are any]
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Print the summary as JSON
    #[arg(long)]
    pub json: bool,
}

/// A datum that may be taken for another.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum AssumedDatum {
    /// China Geodetic Coordinate System 2000
    Cgcs2000,
}

/// `tuban export`
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// The store
    pub store: PathBuf,
    /// File to write; the ending chooses the format: .fgb .geojson .geojsonl .csv .gpkg, or a
    /// pyramid of tiles: .pmtiles .mbtiles
    pub out: PathBuf,
    /// The collection; may be left out when the store has one only. Of a pyramid: one or several,
    /// parted by commas [default: all]
    #[arg(long, value_name = "ID")]
    pub collection: Option<String>,
    /// First and last zoom of a pyramid, A..B [default: those of the collections]
    #[arg(long, value_name = "A..B")]
    pub zoom: Option<String>,
    /// CRS to write [default: the storage CRS; GeoJSON is always WGS 84]
    #[arg(long, value_name = "CRS")]
    pub crs: Option<String>,
    /// Replace the file if it exists
    #[arg(long)]
    pub force: bool,
}

/// `tuban inspect`
#[derive(Debug, Args)]
pub struct InspectArgs {
    /// The store
    pub store: PathBuf,
    /// A tile Z/X/Y: print its layers, sizes and validity
    #[arg(long, value_name = "Z/X/Y")]
    pub tile: Option<String>,
    /// Only this collection
    #[arg(long, value_name = "ID")]
    pub collection: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `tuban collection`
#[derive(Debug, Args)]
pub struct CollectionArgs {
    /// What to do
    #[command(subcommand)]
    pub action: CollectionAction,
}

/// What `tuban collection` does.
#[derive(Debug, Subcommand)]
pub enum CollectionAction {
    /// A line a collection
    List {
        /// The store
        store: PathBuf,
    },
    /// Everything said of one collection, with its fields and their classes
    Describe {
        /// The store
        store: PathBuf,
        /// The collection
        id: String,
    },
    /// Change what is said of a collection
    Set(Box<SetArgs>),
    /// Give a collection another id
    Rename {
        /// The store
        store: PathBuf,
        /// Id now
        from: String,
        /// Id from now on
        to: String,
    },
    /// Remove a collection and its features; the change log stays
    Remove {
        /// The store
        store: PathBuf,
        /// The collection
        id: String,
        /// Do it without asking
        #[arg(long)]
        yes: bool,
    },
}

/// `tuban collection set`
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").multiple(true).required(true).args([
    "title", "description", "attribution", "key", "min_zoom", "max_zoom", "class", "alias", "style",
]))]
pub struct SetArgs {
    /// The store
    pub store: PathBuf,
    /// The collection
    pub id: String,
    /// What a reader sees
    #[arg(long)]
    pub title: Option<String>,
    /// A sentence or two
    #[arg(long)]
    pub description: Option<String>,
    /// Whom the data is owed to
    #[arg(long)]
    pub attribution: Option<String>,
    /// Unique field for upserts and look-ups; empty for none
    #[arg(long, value_name = "FIELD")]
    pub key: Option<String>,
    /// First zoom with tiles
    #[arg(long, value_name = "Z", value_parser = clap::value_parser!(u8).range(0..=22))]
    pub min_zoom: Option<u8>,
    /// Last zoom with tiles
    #[arg(long, value_name = "Z", value_parser = clap::value_parser!(u8).range(0..=22))]
    pub max_zoom: Option<u8>,
    /// Class of a field: FIELD=L0 … FIELD=L4; tiles carry L0 and L1
    #[arg(long, value_name = "FIELD=CLASS")]
    pub class: Vec<String>,
    /// What a reader sees instead of a field's name: FIELD=ALIAS
    #[arg(long, value_name = "FIELD=ALIAS")]
    pub alias: Vec<String>,
    /// File with a JSON list of MapLibre layers; empty for the default style
    #[arg(long, value_name = "FILE")]
    pub style: Option<PathBuf>,
}

/// What an erasure reaches and what not.
const ERASE_REACH: &str = "The values become null now and in every past state; the change log says \
    who erased them, when and why. The file is written anew, so that no free page keeps a copy: \
    there must be as much free disk space as the file has bytes. Backups and exports made before \
    still hold the values: erase them there too, or delete them. Erasing again does no harm.";

/// `tuban erase`
#[derive(Debug, Args)]
#[command(after_help = ERASE_REACH)]
pub struct EraseArgs {
    /// The store; no server may hold it
    pub store: PathBuf,
    /// The collection
    pub collection: String,
    /// Id of the feature; it may be gone, as long as it has a past
    pub id: i64,
    /// A field of class L3 or L4; may be repeated [default: all of them]
    #[arg(long, value_name = "FIELD")]
    pub field: Vec<String>,
    /// Why, for the change log
    #[arg(long, value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub reason: String,
}

/// What a backup does not hold.
const BACKUP_LACKS: &str = "The key file (STORE.key) is not copied: keep it apart from backups, for \
    without it the past values of classes L3 and L4 in them cannot be read.";

/// `tuban backup`
#[derive(Debug, Args)]
#[command(after_help = BACKUP_LACKS)]
pub struct BackupArgs {
    /// The store
    pub store: PathBuf,
    /// File to write: a store itself, with change log and history
    pub out: PathBuf,
    /// Replace an older backup of the same store
    #[arg(long)]
    pub force: bool,
}

/// What the exit codes of a check say.
const VERIFY_CODES: &str = "Exit code: 0 when nothing is wrong, 1 when something is, or when the \
    store cannot be read, 2 for a mistake in the command.";

/// `tuban verify`
#[derive(Debug, Args)]
#[command(after_help = VERIFY_CODES)]
pub struct VerifyArgs {
    /// The store
    pub store: PathBuf,
    /// Print the findings as JSON
    #[arg(long)]
    pub json: bool,
}

/// `tuban restore`
#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// The store; no server may hold it
    pub store: PathBuf,
    /// The state to go back to
    #[arg(long, value_name = "N")]
    pub to_revision: u64,
    /// Why, for the change log
    #[arg(long, value_name = "TEXT", default_value = "restore")]
    pub reason: String,
    /// Remove collections that came later; without it they are only emptied. A removed collection
    /// cannot come back
    #[arg(long)]
    pub remove_new: bool,
    /// Print what would change, and change nothing; also while the store is served
    #[arg(long)]
    pub dry_run: bool,
}

/// `tuban query`
#[derive(Debug, Args)]
pub struct QueryArgs {
    /// What to ask
    #[command(subcommand)]
    pub operation: QueryOperation,
}

/// What `tuban query` asks. Requests are the bodies of the server's operations.
#[derive(Debug, Subcommand)]
pub enum QueryOperation {
    /// Features of collections in an area: a page of them, ids, a count, or sums
    Search(Box<SearchArgs>),
    /// Two collections: how many of the second lie to each feature of the first
    Join(StoredArgs),
    /// Features of a collection put together by distance
    Cluster(StoredArgs),
    /// How pairs of geometries lie to each other; needs no store
    Relate(GivenArgs),
    /// Intersections, unions and differences of pairs of geometries; needs no store
    Overlay(GivenArgs),
    /// Whether geometries are valid, and where they are not; needs no store
    Validate(GivenArgs),
}

/// A request to a store.
#[derive(Debug, Args)]
pub struct StoredArgs {
    /// The store
    pub store: PathBuf,
    /// File with the request as JSON; - for standard input
    pub request: PathBuf,
    /// Write the answer to this file
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// A request that brings its geometries.
#[derive(Debug, Args)]
pub struct GivenArgs {
    /// File with the request as JSON; - for standard input
    pub request: PathBuf,
    /// Write the answer to this file
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// `tuban query search`
#[derive(Debug, Args)]
pub struct SearchArgs {
    /// The store
    pub store: PathBuf,
    /// File with the request as JSON; - for standard input. The flags below say the same
    #[arg(conflicts_with = "flags")]
    pub request: Option<PathBuf>,
    /// What the request would say
    #[command(flatten)]
    pub flags: SearchFlags,
    /// Write to this file: found features for .geojson, .geojsonl, .fgb, .csv and .gpkg, the
    /// answer for anything else
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// A search said by flags.
#[derive(Debug, Args)]
#[group(id = "flags", multiple = true)]
pub struct SearchFlags {
    /// Collection to search, more than once for several
    #[arg(long, value_name = "ID")]
    pub collection: Vec<String>,
    /// GeoJSON file with the area: a geometry, or one feature
    #[arg(long, value_name = "FILE", group = "flags")]
    pub area: Option<PathBuf>,
    /// CRS of the area and of the answer [default: CRS84]
    #[arg(long, value_name = "CRS")]
    pub crs: Option<String>,
    /// intersects, within, contains, touches, …
    #[arg(long, value_name = "NAME")]
    pub predicate: Option<String>,
    /// At most so many metres from the area
    #[arg(long, value_name = "METRES")]
    pub distance: Option<f64>,
    /// The so many features nearest to the area
    #[arg(long, value_name = "K")]
    pub nearest: Option<u64>,
    /// Condition in CQL2 text
    #[arg(long, value_name = "CQL2")]
    pub filter: Option<String>,
    /// features, ids, count or aggregate
    #[arg(long = "return", value_name = "WHAT")]
    pub returned: Option<String>,
    /// count, area, overlayArea, unionArea, sum:FIELD, min:FIELD, max:FIELD or mean:FIELD
    #[arg(long, value_name = "OP[:FIELD]")]
    pub aggregate: Vec<String>,
    /// Field whose values make groups
    #[arg(long, value_name = "FIELD")]
    pub group_by: Vec<String>,
    /// What areas are measured in: geodesic, or a projected CRS
    #[arg(long, value_name = "CRS")]
    pub area_crs: Option<String>,
    /// Fields to sort by, with - before it for the largest first
    #[arg(long, value_name = "FIELDS", allow_hyphen_values = true)]
    pub sortby: Option<String>,
    /// Most features [default: 10; all when features go to a file]
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,
}
