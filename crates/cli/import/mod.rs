//! From a file to the store: read twice, transform, repair, load in one transaction a layer.
//!
//! *Invariant:* nothing is lost in silence. A row ends in the store, or in the counts and the
//! report with its number; a column ends in the store, or by name in the outcome.

mod error;
mod personal;
mod plan;
mod prepare;
pub mod report;
mod survey;
mod target;
mod transform;
mod watch;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use engine::places::LoadAssigner;
use formats::{LayerReader, ReadOptions};
use ledger::record::Consistency;
use serde::Serialize;
use spatial::{Collection, CollectionId, CrsRegistry, SourceCrs, Timestamp};
use store::{Load, LoadItem, LoadMode};
use tokio::sync::mpsc;

pub use error::ImportError;
use personal::{PersonalColumns, PersonalOutcome};
pub use plan::LeftOut;
use prepare::Flaw;
pub(crate) use prepare::{Preparation, cast};
use report::{Action, Report};
pub(crate) use survey::{CHUNK, Survey, survey};
pub use target::Target;
pub(crate) use transform::{SourceTransform, source_crs};
pub use watch::Watch;

/// Chunks that may wait for the store.
const QUEUE: usize = 8;

/// What the user asks for, the same for every file.
#[derive(Clone, Debug)]
pub struct ImportOptions {
    /// Id of the collection; the name of the layer when absent.
    pub collection: Option<CollectionId>,
    /// CRS of the coordinates, whatever the file says.
    pub crs: Option<SourceCrs>,
    /// Take an older Chinese datum for CGCS2000.
    pub assume_cgcs2000: bool,
    /// How files are read.
    pub read: ReadOptions,
    /// What happens to a collection that exists.
    pub mode: LoadMode,
    /// Key of an upsert.
    pub key: Option<String>,
    /// Fields that are not personal although they look so.
    pub keep: Vec<String>,
    /// Whether a new collection has the columns of assignment, by which features are assigned to units.
    pub assign: bool,
    /// Field that tells features apart, where personal columns go into the table of their own.
    pub personal: Option<String>,
    /// Why, for the change log.
    pub reason: String,
    /// When.
    pub recorded_at: Timestamp,
    /// How many minutes the clocks may be ahead by which rows tell what happened.
    pub ahead_minutes: u32,
    /// Where the report goes; absent: beside the store.
    pub report: Option<PathBuf>,
}

impl ImportOptions {
    /// Reads coordinates as `crs`, where it is given, and says nothing else.
    pub(crate) fn of(crs: Option<SourceCrs>, read: ReadOptions) -> Self {
        Self {
            collection: None,
            crs,
            assume_cgcs2000: false,
            read,
            mode: LoadMode::Append,
            key: None,
            keep: Vec::new(),
            assign: false,
            personal: None,
            reason: String::new(),
            recorded_at: Timestamp(0),
            ahead_minutes: 0,
            report: None,
        }
    }
}

impl ImportOptions {
    /// Nothing that rows tell happened after it.
    fn latest(&self) -> Timestamp {
        Timestamp(self.recorded_at.0.saturating_add(i64::from(self.ahead_minutes) * 60_000))
    }
}

/// What became of one layer.
#[derive(Clone, Debug, Serialize)]
pub struct ImportOutcome {
    /// Where it went.
    pub collection: String,
    /// Storage CRS.
    pub crs: String,
    /// Rows read.
    pub read: u64,
    /// Features added.
    pub inserted: u64,
    /// Features replaced in place.
    pub updated: u64,
    /// Features removed.
    pub removed: u64,
    /// Rows left out, by kind.
    pub skipped: BTreeMap<String, u64>,
    /// Rows mended, by kind; one row may count under several.
    pub repaired: BTreeMap<String, u64>,
    /// Rows kept as they are and to be looked at, by kind; one row may count more than once.
    pub warned: BTreeMap<String, u64>,
    /// Columns left out.
    pub left_out: Vec<LeftOut>,
    /// Columns that are kept apart, encrypted.
    pub personal: Option<PersonalOutcome>,
    /// How the layer was understood.
    pub notes: Vec<String>,
    /// Revision of the store afterwards.
    pub revision: u64,
    /// Where the rows are listed.
    pub report: Option<PathBuf>,
}

impl ImportOutcome {
    /// Whether anything of the file is not in the store.
    pub fn is_partial(&self) -> bool {
        let lost = |personal: &PersonalOutcome| personal.unplaced + personal.too_long > 0;
        !self.skipped.is_empty()
            || !self.left_out.is_empty()
            || self.personal.as_ref().is_some_and(lost)
    }
}

/// Imports every layer of `file` and adds what became of each to `outcomes`.
///
/// # Errors
/// The first layer that fails ends the import; the layers before it stay, and their outcomes. An
/// interrupt takes back what the file has created.
pub async fn import_file(
    store: Target<'_>,
    store_path: &Path,
    registry: &Arc<CrsRegistry>,
    file: &Path,
    options: &ImportOptions,
    watch: &Watch,
    outcomes: &mut Vec<ImportOutcome>,
) -> Result<(), ImportError> {
    let layers = formats::open(file, &options.read)?.len();
    if layers > 1 && options.collection.is_some() {
        return Err(ImportError::OneIdForManyLayers { path: file.to_path_buf(), layers });
    }
    let before = outcomes.len();
    for layer in 0..layers {
        let open = || -> Result<Box<dyn LayerReader>, ImportError> {
            Ok(formats::open(file, &options.read)?.swap_remove(layer))
        };
        let job = Job { store, store_path, registry, options, watch, earlier: outcomes };
        match import_layer(job, &open).await {
            Ok(outcome) => outcomes.push(outcome),
            Err(ImportError::Stopped { .. }) if options.mode == LoadMode::Create => {
                for outcome in outcomes.drain(before..) {
                    store.remove(&CollectionId::try_from(outcome.collection.as_str())?).await?;
                }
                return Err(ImportError::Stopped { what: "file" });
            }
            Err(failure) => return Err(failure),
        }
    }
    Ok(())
}

/// What importing a layer goes by.
#[derive(Clone, Copy)]
struct Job<'a> {
    store: Target<'a>,
    store_path: &'a Path,
    registry: &'a Arc<CrsRegistry>,
    options: &'a ImportOptions,
    watch: &'a Watch,
    /// The layers that the same command imported before.
    earlier: &'a [ImportOutcome],
}

/// Imports one layer; `open` starts reading it anew at each call.
async fn import_layer(
    job: Job<'_>,
    open: &dyn Fn() -> Result<Box<dyn LayerReader>, ImportError>,
) -> Result<ImportOutcome, ImportError> {
    let Job { store, store_path, registry, options, watch, earlier } = job;
    let mut first = open()?;
    let schema = first.schema().clone();
    let id = match &options.collection {
        Some(id) => id.clone(),
        None => plan::id_from_name(&schema.name)?,
    };
    let existing = find(store, &id).await?;
    match (&existing, &options.mode) {
        (Some(_), LoadMode::Create) => return Err(ImportError::CollectionExists { id }),
        (None, LoadMode::Append | LoadMode::Upsert) => {
            return Err(ImportError::NoCollection { id });
        }
        _ => {}
    }

    watch.start("looking through", schema.count);
    let survey = tokio::task::block_in_place(|| survey(first.as_mut(), watch))?;
    drop(first);
    let mut notes = schema.notes.clone();
    let source = source_crs(&schema.name, &schema.crs, &survey, registry, options, &mut notes)?;
    let mut columns = plan::choose_columns(&schema, &survey, &options.keep)?;

    let (mut collection, mode) = match existing {
        Some(existing) if options.mode != LoadMode::Replace => (existing, options.mode.clone()),
        existing => {
            let crs = source.storage();
            let mut new = plan::new_collection(id.clone(), &schema, &survey, &columns, crs);
            if options.assign || existing.as_ref().is_some_and(LoadAssigner::concerns) {
                plan::add_assignment(&mut new);
            }
            let mode = match existing {
                None => LoadMode::Create,
                Some(old) => {
                    take_over(&mut new, &old);
                    LoadMode::Replace
                }
            };
            (new, mode)
        }
    };
    let key = plan::set_key(&mut collection, &mode, options)?;
    let personal = match &options.personal {
        Some(key) => {
            let names: Vec<String> = schema.fields.iter().map(|f| f.name.clone()).collect();
            let found = (names.as_slice(), &mut columns);
            Some(PersonalColumns::new(&survey, found, (&collection, key))?)
        }
        None => None,
    };
    let preparation = Preparation {
        transform: source.into_transform(registry, &collection.crs)?,
        columns: plan::match_columns(&collection, &columns)?,
        collection: collection.clone(),
        key,
        replaces: mode == LoadMode::Replace,
        consistency: Consistency::of(&collection).map(|held| (held, options.latest())),
        names: store.names(store_path, &collection).await?,
        assigner: store.assigner(store_path, registry, &collection, options.recorded_at).await?,
    };

    let report_path =
        options.report.clone().unwrap_or_else(|| report::default_path(store_path, id.as_str()));
    let goes_on = earlier.iter().any(|outcome| outcome.report.as_ref() == Some(&report_path));
    let mut report = Report::new(report_path, goes_on);
    let (sender, receiver) = mpsc::channel(QUEUE);
    let load = Load {
        collection: collection.clone(),
        mode,
        actor: "local".to_owned(),
        reason: options.reason.clone(),
        recorded_at: options.recorded_at,
    };
    watch.start("importing", Some(survey.rows));
    let reader = open()?;
    let feeding = {
        let watch = watch.clone();
        let layer = schema.name.clone();
        tokio::task::spawn_blocking(move || {
            let fed = feed(reader, &preparation, &layer, &mut report, &watch, &sender);
            (fed, report)
        })
    };
    let loaded = store.load(load, receiver).await;
    let (fed, report) = feeding.await.map_err(|_panic| ImportError::ReaderPanicked)?;
    watch.finish();
    // The reader's own reason says more than "the load was given up".
    fed?;
    let summary = loaded?;
    let personal = match personal {
        Some(personal) => {
            watch.start("keeping personal values", Some(survey.rows));
            let put = personal.put(store, open()?, &collection, (options, watch)).await;
            watch.finish();
            Some(put?)
        }
        None => None,
    };

    let counted = |wanted: Action| {
        report
            .counts()
            .iter()
            .filter(|((action, _), _)| *action == wanted)
            .map(|((_, kind), count)| (kind.clone(), *count))
            .collect::<BTreeMap<_, _>>()
    };
    let [skipped, repaired, warned] =
        [Action::Skipped, Action::Repaired, Action::Warned].map(counted);
    Ok(ImportOutcome {
        collection: id.to_string(),
        crs: collection.crs.to_string(),
        read: survey.rows,
        inserted: summary.inserted,
        updated: summary.updated,
        removed: summary.removed,
        skipped,
        repaired,
        warned,
        left_out: columns.left_out,
        personal,
        notes,
        revision: summary.revision.0,
        report: report.finish().map_err(ImportError::Report)?,
    })
}

async fn find(store: Target<'_>, id: &CollectionId) -> Result<Option<Collection>, ImportError> {
    Ok(store.collections().await?.into_iter().find(|c| c.id == *id))
}

/// What is said of a collection outlives its replacement; its schema and CRS are the new file's.
fn take_over(new: &mut Collection, old: &Collection) {
    new.title.clone_from(&old.title);
    new.description.clone_from(&old.description);
    new.attribution.clone_from(&old.attribution);
    new.zooms = old.zooms;
    new.style.clone_from(&old.style);
    new.key = old.key.clone().filter(|key| new.field_position(key).is_some());
    for field in &mut new.fields {
        if let Some(known) = old.fields.iter().find(|f| f.name == field.name) {
            field.class = known.class;
            field.alias.clone_from(&known.alias);
        }
    }
}

/// Reads all rows and sends what is kept to the store.
fn feed(
    mut reader: Box<dyn LayerReader>,
    preparation: &Preparation,
    layer: &str,
    report: &mut Report,
    watch: &Watch,
    sender: &mpsc::Sender<LoadItem>,
) -> Result<(), ImportError> {
    let (mut read_so_far, mut kept) = (0, 0);
    loop {
        watch.check()?;
        let rows = reader.next_rows(CHUNK)?;
        if rows.is_empty() {
            break;
        }
        let read = rows.len() as u64;
        read_so_far += read;
        let mut features = Vec::with_capacity(rows.len());
        for row in rows {
            let number = row.number;
            match preparation.prepare(row) {
                Ok(prepared) => {
                    for kind in prepared.mended {
                        report
                            .add(layer, number, Action::Repaired, kind, None, "")
                            .map_err(ImportError::Report)?;
                    }
                    for Flaw { kind, field, reason } in prepared.warned {
                        report
                            .add(layer, number, Action::Warned, kind, field.as_deref(), &reason)
                            .map_err(ImportError::Report)?;
                    }
                    features.push(prepared.feature);
                }
                Err(skip) => report
                    .add(
                        layer,
                        number,
                        Action::Skipped,
                        skip.kind,
                        skip.field.as_deref(),
                        &skip.reason,
                    )
                    .map_err(ImportError::Report)?,
            }
        }
        if let Some(assigner) = &preparation.assigner {
            assigner.assign(&mut features)?;
        }
        kept += features.len();
        if sender.blocking_send(LoadItem::Features(features)).is_err() {
            // The store has given up; its own error says why.
            return Ok(());
        }
        watch.advance(read);
    }
    watch.check()?;
    // A wrong --encoding must not empty a collection.
    if preparation.replaces && kept == 0 && read_so_far > 0 {
        let skipped = report.counts().iter().filter(|((action, _), _)| *action == Action::Skipped);
        return Err(ImportError::NothingToReplaceWith {
            read: read_so_far,
            kinds: skipped.map(|((_, kind), count)| format!("{count} × {kind}")).collect(),
            report: report.made().map(Path::to_path_buf),
        });
    }
    let _ = sender.blocking_send(LoadItem::Finish);
    Ok(())
}
