//! `tuban indicators`: what `GET /indicators` and `GET /targets` answer, printed or as a file, also
//! in an office's own workbook.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use formats::report::{Filled, fill_template, save_report};
use server::indicators::{Answered, FOCUS_AREA, INDICATOR, IndicatorQuery, Told, answer};
use server::tasks::KnownTasks;

use super::query::open;
use super::{CommandError, now};
use crate::args::IndicatorsArgs;
use crate::config::Config;
use crate::data_files::read_tasks;
use crate::indicator_files::{read_indicators, without_targets};
use crate::ledger_config::named;
use crate::output::{say, tell};

/// Largest template, in bytes.
const MAX_TEMPLATE_BYTES: u64 = 64 << 20;

/// What is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Json,
    Csv,
    Workbook,
}

/// Prints or writes the answer.
pub async fn indicators(args: IndicatorsArgs, config: &Config) -> Result<(), CommandError> {
    let told = match args.targets {
        true => Told::Progress,
        false => Told::Figures,
    };
    let query = IndicatorQuery::read(told, |name| match name {
        "unit" => args.unit.as_deref(),
        FOCUS_AREA => args.focus_area.as_deref(),
        "task" => args.task.as_deref(),
        INDICATOR => args.indicator.as_deref(),
        "as-of" => args.as_of.as_deref(),
        "from" => args.from.as_deref(),
        "to" => args.to.as_deref(),
        "year" => args.year.as_deref(),
        "depth" => Some(args.depth.as_str()),
        "rank" => args.rank.as_deref(),
        _ => None,
    })?;
    let kind = kind(args.out.as_deref())?;
    let template = match &args.template {
        Some(_) if kind != Kind::Workbook => {
            let value = args.out.map(|out| out.display().to_string()).unwrap_or_default();
            let reason = "a filled template is a workbook; name a file that ends in .xlsx";
            return Err(CommandError::Argument { name: "--out", value, reason: reason.to_owned() });
        }
        Some(path) => Some(read(path)?),
        None => None,
    };
    let engine = open(&args.store, config).await?;
    let indicators = Arc::new(read_indicators(&config.ledger, (&args.store, &engine.snapshot()))?);
    if let Some(note) = without_targets(&indicators, &args.store).filter(|_| args.targets) {
        tell(format_args!("note: {note}"));
    }
    let tasks = read_tasks(named(&config.ledger.tasks))?;
    let known = KnownTasks { file: &tasks, indicators: Some(&indicators), book: None };
    known.check(&engine, query.task.as_deref()).await?;
    let write = move |answered: &Answered<'_>| match (kind, template) {
        (_, Some(template)) => {
            let (bytes, filled) = fill_template(&template, answered.names())?;
            Ok((bytes, Some(filled)))
        }
        (Kind::Csv, None) => Ok((answered.csv()?, None)),
        (Kind::Workbook, None) => Ok((answered.workbook()?, None)),
        (Kind::Json, None) => {
            let text = serde_json::to_string_pretty(&answered.document()).unwrap_or_default();
            Ok((text.into_bytes(), None))
        }
    };
    let (revision, (bytes, filled)) = answer(&engine, &indicators, (query, now()), write).await?;
    let Some(out) = &args.out else {
        say(String::from_utf8_lossy(&bytes));
        return Ok(());
    };
    save_report(out, &bytes)?;
    let cells = match filled {
        Some(Filled { cells, unfilled_names }) => {
            for name in &unfilled_names {
                tell(format_args!("note: {name} was not filled"));
            }
            format!(", {cells} cells filled")
        }
        None => String::new(),
    };
    say(format_args!("{}: revision {}{cells}", out.display(), revision.0));
    Ok(())
}

/// What a file holds by its ending.
fn kind(out: Option<&Path>) -> Result<Kind, CommandError> {
    let Some(out) = out else { return Ok(Kind::Json) };
    let ending = out.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
    match ending.as_deref() {
        Some("json") => Ok(Kind::Json),
        Some("csv") => Ok(Kind::Csv),
        Some("xlsx") => Ok(Kind::Workbook),
        _ => Err(CommandError::Argument {
            name: "--out",
            value: out.display().to_string(),
            reason: "name a file that ends in .csv, .xlsx or .json".to_owned(),
        }),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, CommandError> {
    let failed = |source| CommandError::Io { path: path.to_path_buf(), source };
    let file = std::fs::File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(MAX_TEMPLATE_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MAX_TEMPLATE_BYTES {
        let reason = format!("it is larger than {MAX_TEMPLATE_BYTES} bytes; take out pictures");
        let value = path.display().to_string();
        return Err(CommandError::Argument { name: "--template", value, reason });
    }
    Ok(bytes)
}
