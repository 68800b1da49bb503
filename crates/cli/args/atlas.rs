//! `tuban atlas`: of which unit, on which paper, and where it is written.

use std::path::PathBuf;

use clap::{ArgGroup, Args, ValueEnum};
use spatial::Timestamp;

/// The paper of an atlas.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AtlasPaper {
    /// 210 by 297 mm.
    A4,
    /// 297 by 420 mm.
    A3,
}

/// `tuban atlas`
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("unit").required(true).args(["village", "town"]))]
pub struct AtlasArgs {
    /// The store; it may be served
    pub store: PathBuf,
    /// The PDF that is written
    pub out: PathBuf,
    /// Code of the village whose files are drawn
    #[arg(long, value_name = "CODE")]
    pub village: Option<String>,
    /// Code of the town whose files are drawn
    #[arg(long, value_name = "CODE")]
    pub town: Option<String>,
    /// Of what files are [default: the first kind of the definitions, households]
    #[arg(long, value_name = "KIND")]
    pub kind: Option<String>,
    /// The paper of the sheets
    #[arg(long, value_name = "PAPER", value_enum, default_value_t = AtlasPaper::A4)]
    pub paper: AtlasPaper,
    /// Text that stands faintly across each page
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub watermark: String,
    /// Take the ortho-image from tiles of PNG or JPEG, a PMTiles or MBTiles file, beside those of the
    /// configuration; the definitions say which archive is the image: "ortho" unless they are changed
    #[arg(long, value_name = "[ID=]PATH|URL")]
    pub archive: Vec<String>,
    /// As it had been recorded: a day of Asia/Shanghai, or a time with a zone
    #[arg(long, value_name = "TIME", value_parser = server::moment)]
    pub as_of: Option<Timestamp>,
}
