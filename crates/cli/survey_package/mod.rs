//! A survey package (权籍调查成果) into household files: read, checked and compared with the store as a whole,
//! then written as one commit.
//!
//! `package` finds the files, `tables` reads and recognises the layers, `links` holds their rows against each
//! other, `ground` measures them, `holders` makes households and shares of holders, `photos` finds whose a
//! photo is, `held` is what the store has, `differences` what the package has otherwise, `changes` what is to be
//! done; `plan` puts all of it together, `write` does it. `people` compares persons without naming them.
//!
//! *Invariants:* nothing is written before everything is read and checked; what is there already is written
//! again by nobody; a defect names a row, never a personal value.

mod changes;
mod differences;
mod grid;
mod ground;
mod held;
mod holders;
mod links;
mod outcome;
mod package;
mod people;
mod photos;
mod plan;
mod tables;
mod write;

use std::path::PathBuf;

use formats::ReadOptions;
use ledger::dossier::Dossiers;
use ledger::survey::{DefectKind, SurveyDefect, SurveyTables};
use spatial::{SourceCrs, Timestamp};

pub use outcome::SurveyOutcome;
pub use plan::{Job, plan};

/// How a package is taken in.
#[derive(Debug)]
pub struct SurveyOptions {
    /// CRS of the coordinates, whatever the files say.
    pub crs: Option<SourceCrs>,
    /// Take an older Chinese datum for CGCS2000.
    pub assume_cgcs2000: bool,
    /// How files are read.
    pub read: ReadOptions,
    /// Photos outside the package.
    pub photos: Option<PathBuf>,
    /// Largest photo, bytes.
    pub max_photo_bytes: usize,
    /// Write nothing.
    pub dry_run: bool,
    /// Why, for the change log.
    pub reason: String,
    /// When.
    pub recorded_at: Timestamp,
    /// Where defects are listed.
    pub report: PathBuf,
    /// Which table is which.
    pub tables: SurveyTables,
    /// What household files are made of.
    pub dossiers: Dossiers,
}

/// What was found wrong so far.
#[derive(Debug, Default)]
struct Defects(Vec<SurveyDefect>);

impl Defects {
    fn add(
        &mut self,
        (layer, row): (&str, u64),
        kind: DefectKind,
        field: Option<&str>,
        detail: impl Into<String>,
    ) {
        self.0.push(SurveyDefect {
            layer: layer.to_owned(),
            row,
            kind,
            field: field.map(str::to_owned),
            detail: detail.into(),
        });
    }
}
