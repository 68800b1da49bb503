//! `tuban match`: a spreadsheet without coordinates held against collections that have them.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use engine::Engine;
use formats::report::{save_report, table_csv, workbook};
use ledger::normal_form;
use spatial::{Collection, CollectionId, CrsRegistry, Feature, Table, ValueRef};
use store::{Load, LoadItem, LoadMode};
use tokio::sync::mpsc;

use super::collection::writable;
use super::query::open;
use super::{CommandError, now, registry};
use crate::EXIT_PARTIAL;
use crate::args::MatchArgs;
use crate::config::Config;
use crate::import::ImportError;
use crate::matching::{Appending, RowOutcome, Tally, Targets, column_of, matters, table};
use crate::output::{say, tell};
use crate::register::{ReadSheet, SheetColumns, SheetOptions, SheetRow, read};

/// Rows that are told of on the way; the report has all.
const SHOWN: usize = 20;
/// Features that are sent together.
const TOGETHER: usize = 2_000;

/// Matches the rows, reports, and appends those that were found.
pub async fn matching(args: MatchArgs, config: &Config) -> Result<ExitCode, CommandError> {
    let out = args.out.as_deref().map(Out::of).transpose()?;
    let registry = registry(config)?;
    let engine = open(&args.store, config).await?;
    let mut targets = Vec::with_capacity(args.to.len());
    for name in &args.to {
        let read = Targets::read(&engine, name.trim());
        targets.push(read.map_err(|fault| refused("--to", name, fault.to_string()))?);
    }
    let into = args.append.as_deref().map(|id| appended_to(&engine, id)).transpose()?;
    let options = SheetOptions::without_places(args.encoding.as_deref(), config);
    let columns = SheetColumns::Others { of: column_of, name: "enterprises" };
    let read = read(&args.file, &options, columns, &registry);
    let ReadSheet { rows, notes, .. } = read.map_err(|source| failed(&args.file, source))?;
    let outcomes: Vec<RowOutcome> = rows.iter().map(|row| outcome(row, &targets)).collect();
    let report = table(&outcomes, &targets, &registry)?;
    if let Some(out) = &out {
        out.write(&report)?;
    }
    told(&args.file, &outcomes, &report, &notes);
    if let Some((into, codes)) = into {
        let appending = Appending { into: &into, codes, targets: &targets, registry: &registry };
        let made = appending.make(&rows, &outcomes)?;
        let count = made.features.len();
        append(&args, config, &registry, &into, made.features).await?;
        say(format_args!(
            "{}: {count} rows appended, {} were there, {} have no place",
            into.id, made.known, made.placeless
        ));
        for (row, column) in made.unfit.iter().take(SHOWN) {
            tell(format_args!("  row {row}, {column}: the value does not fit and was left empty"));
        }
    }
    let is_whole = Tally::of(&outcomes).found == outcomes.len();
    Ok(if is_whole { ExitCode::SUCCESS } else { ExitCode::from(EXIT_PARTIAL) })
}

/// What becomes of a row.
fn outcome(row: &SheetRow, targets: &[Targets]) -> RowOutcome {
    let defect = row.defects.first().map(|defect| format!("{}：{}", defect.column, defect.reason));
    let outcomes = match defect {
        Some(_) => Vec::new(),
        None => {
            let found = targets
                .iter()
                .map(|one| one.matcher.find(&matters(&row.cells, one.collection().id.as_str())));
            found.collect()
        }
    };
    RowOutcome { row: row.number, outcomes, defect }
}

/// A collection that takes rows, and the codes that it has.
fn appended_to(
    engine: &Engine,
    name: &str,
) -> Result<(Collection, BTreeSet<String>), CommandError> {
    let state = engine.snapshot();
    let held = CollectionId::try_from(name).ok().and_then(|id| state.collections.get(&id));
    let Some(held) = held else {
        let reason =
            "there is no such collection; `tuban ledger add STORE enterprises` makes that one";
        return Err(refused("--append", name, reason.to_owned()));
    };
    let collection = held.collection();
    if ledger::rows::is_kept_by_events(collection) {
        return Err(failed(Path::new(name), ImportError::Ledger { id: collection.id.clone() }));
    }
    if let Some(reason) = Appending::refused(collection) {
        return Err(refused("--append", name, reason));
    }
    let key = collection.key.as_deref().and_then(|key| collection.field_position(key));
    let mut codes = BTreeSet::new();
    held.each(&mut |shard, slots| {
        for slot in slots {
            let value = key.map(|key| shard.feature(usize::from(*slot)).value(key));
            if let Some(ValueRef::Text(code)) = value {
                codes.insert(normal_form(code));
            }
        }
    });
    Ok(((**collection).clone(), codes))
}

/// Writes the features, assigned to the units that they lie in, as one load.
async fn append(
    args: &MatchArgs,
    config: &Config,
    registry: &Arc<CrsRegistry>,
    into: &Collection,
    mut features: Vec<Feature>,
) -> Result<(), CommandError> {
    if features.is_empty() {
        return Ok(());
    }
    let store = writable(&args.store, config)?;
    let (target, moment) = (store.target(), now());
    let assigner = target.assigner(&args.store, registry, into, moment).await;
    if let Some(assigner) = assigner.map_err(|source| failed(&args.store, source))? {
        assigner.assign(&mut features)?;
    }
    let (sender, source) = mpsc::channel(2);
    let feeding = tokio::spawn(async move {
        while !features.is_empty() {
            let rest = features.split_off(features.len().min(TOGETHER));
            let some = std::mem::replace(&mut features, rest);
            if sender.send(LoadItem::Features(some)).await.is_err() {
                // The store has given up; its own error says why.
                return;
            }
        }
        let _gone = sender.send(LoadItem::Finish).await;
    });
    let load = Load {
        collection: into.clone(),
        mode: LoadMode::Append,
        actor: "local".to_owned(),
        reason: args.reason.clone(),
        recorded_at: moment,
    };
    let loaded = target.load(load, source).await;
    feeding.await?;
    loaded.map(|_summary| ()).map_err(|source| failed(&args.store, source))
}

/// Where the report goes.
struct Out<'a> {
    path: &'a Path,
    is_workbook: bool,
}

impl<'a> Out<'a> {
    fn of(path: &'a Path) -> Result<Self, CommandError> {
        let is_workbook = match path.extension().and_then(|ending| ending.to_str()) {
            Some("csv") => false,
            Some("xlsx") => true,
            _ => {
                let reason = "a name that ends in .csv or .xlsx is expected".to_owned();
                return Err(refused("--out", &path.display().to_string(), reason));
            }
        };
        Ok(Self { path, is_workbook })
    }

    fn write(&self, report: &Table) -> Result<(), CommandError> {
        let bytes = match self.is_workbook {
            true => workbook(std::slice::from_ref(report))?,
            false => table_csv(report)?,
        };
        Ok(save_report(self.path, &bytes)?)
    }
}

fn told(file: &Path, outcomes: &[RowOutcome], report: &Table, notes: &[String]) {
    let Tally { found, ambiguous, unmatched } = Tally::of(outcomes);
    say(format_args!(
        "{}: {found} of {} rows found, {ambiguous} ambiguous, {unmatched} not found",
        file.display(),
        outcomes.len()
    ));
    for note in notes {
        tell(format_args!("  note: {note}"));
    }
    let open =
        |row: &&Vec<spatial::TableCell>| row.get(1).is_some_and(|cell| *cell != "已匹配".into());
    let total = report.rows.iter().filter(open).count();
    for row in report.rows.iter().filter(open).take(SHOWN) {
        let cells = [0, 1, 2, 5].map(|at| row.get(at).map(ToString::to_string).unwrap_or_default());
        tell(format_args!("  row {}: {} {} {}", cells[0], cells[1], cells[2], cells[3]));
    }
    if total > SHOWN {
        tell(format_args!("  … and {} more; --out FILE.csv lists all", total - SHOWN));
    }
}

fn refused(name: &'static str, value: &str, reason: String) -> CommandError {
    CommandError::Argument { name, value: value.to_owned(), reason }
}

fn failed(path: &Path, source: ImportError) -> CommandError {
    CommandError::Import { path: path.to_owned(), source: Box::new(source) }
}
