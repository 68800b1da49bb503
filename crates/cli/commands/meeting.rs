//! `tuban meeting`: makes keys, writes signed packs of what a meeting was told, and checks them.

use std::io::Read;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use formats::datetime::utc_of_millis;
use formats::report::{PackedFile, save_report};
use ledger::indicator::year_of;
use ledger::record::calls::PROGRESS_REPORTS;
use ledger::rows::POINTS;
use server::indicators::{Answered, IndicatorQuery, Told, answer};

use super::query::open;
use super::{CommandError, now};
use crate::args::{MeetingAction, MeetingArgs};
use crate::config::Config;
use crate::indicator_files::{read_indicators, without_targets};
use crate::meeting::{About, find_meeting, key, rows_csv, signed, verify};
use crate::output::{say, tell};

/// Levels below the whole that are told.
const DEPTH: &str = "2";
/// Largest pack that is checked, in bytes.
const MAX_PACK_BYTES: u64 = 512 << 20;

/// Does what is asked about meetings.
pub async fn meeting(args: MeetingArgs, config: &Config) -> Result<ExitCode, CommandError> {
    match args.action {
        MeetingAction::Key { file } => {
            let (public, beside) = key::make(&file)?;
            say(format_args!("{}: keep it to yourself", file.display()));
            say(format_args!("{}: {}", beside.display(), public.hex()));
            Ok(ExitCode::SUCCESS)
        }
        MeetingAction::Export { store, code, out, key, unit, year } => {
            let asked = Asked { code: &code, unit: unit.as_deref(), year: year.as_deref() };
            export(&store, asked, (&out, &key), config).await?;
            Ok(ExitCode::SUCCESS)
        }
        MeetingAction::Verify { pack, key } => check(&pack, key.as_deref()),
    }
}

/// What is told: of which meeting, unit and window.
#[derive(Clone, Copy)]
struct Asked<'a> {
    code: &'a str,
    unit: Option<&'a str>,
    year: Option<&'a str>,
}

async fn export(
    store: &Path,
    Asked { code, unit, year }: Asked<'_>,
    (out, key): (&Path, &Path),
    config: &Config,
) -> Result<(), CommandError> {
    let pair = key::read_secret(key)?;
    let engine = open(store, config).await?;
    let (meeting, moment) = find_meeting(&engine, code)?;
    let (now, as_of) = (now(), utc_of_millis(moment.0));
    if moment > now {
        let reason = format!("it is told the state of {as_of}, which has not come yet");
        return Err(CommandError::Argument { name: "meeting", value: meeting.code, reason });
    }
    let indicators = Arc::new(read_indicators(&config.ledger, (store, &engine.snapshot()))?);
    if let Some(note) = without_targets(&indicators, store) {
        tell(format_args!("note: targets.csv is empty, for {note}"));
    }
    let year = year.map_or_else(|| year_of(moment).to_string(), str::to_owned);
    let mut files: Vec<PackedFile> = Vec::new();
    let mut revision = 0;
    for (told, name) in [(Told::Figures, "indicators"), (Told::Progress, "targets")] {
        let query = IndicatorQuery::read(told, |name| match name {
            "unit" => unit,
            "as-of" => Some(as_of.as_str()),
            "year" => Some(year.as_str()),
            "depth" => Some(DEPTH),
            _ => None,
        })?;
        let write = |answered: &Answered<'_>| Ok((answered.csv()?, answered.workbook()?));
        let (of, (csv, workbook)) = answer(&engine, &indicators, (query, now), write).await?;
        revision = of.0;
        files.push((format!("{name}.csv"), csv));
        files.push((format!("{name}.xlsx"), workbook));
    }
    for (collection, by) in [(POINTS, "code"), (PROGRESS_REPORTS, "code")] {
        if let Some(csv) = rows_csv(&engine, (collection, by), moment).await? {
            files.push((format!("{collection}.csv"), csv));
        }
    }
    let edition = indicators.definitions.edition().to_owned();
    let about = About { meeting, as_of, revision, edition };
    let bytes = signed(about, files, &pair)?;
    save_report(out, &bytes)?;
    say(format_args!("{}: revision {revision}, signed with Ed25519", out.display()));
    Ok(())
}

fn check(path: &Path, expected: Option<&Path>) -> Result<ExitCode, CommandError> {
    let expected = expected.map(key::read_public).transpose()?;
    let io = |source| CommandError::Io { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(io)?;
    file.take(MAX_PACK_BYTES + 1).read_to_end(&mut bytes).map_err(io)?;
    let (manifest, faults) = verify(&bytes, expected.as_ref())?;
    for fault in &faults {
        say(fault);
    }
    if !faults.is_empty() {
        return Ok(ExitCode::FAILURE);
    }
    if let Some(manifest) = manifest {
        let whose = match expected {
            Some(_) => "that key",
            None => "the key below; compare it with the one that you were given",
        };
        say(format_args!(
            "{}: meeting {} as of {}, revision {}, {} files, signed with {whose}\n{}",
            path.display(),
            manifest.meeting.code,
            manifest.as_of,
            manifest.revision,
            manifest.files.len(),
            manifest.public_key
        ));
    }
    Ok(ExitCode::SUCCESS)
}
