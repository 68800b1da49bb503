//! `tuban verify`: whether a store is sound.

use std::process::ExitCode;
use std::sync::mpsc;
use std::time::Instant;

use serde_json::json;
use store::Defect;

use super::CommandError;
use super::collection::read_only;
use crate::args::VerifyArgs;
use crate::output::{say, tell};

/// Prints every defect as it is found, then what was looked at.
pub async fn verify(args: VerifyArgs) -> Result<ExitCode, CommandError> {
    let started = Instant::now();
    let store = read_only(&args.store)?;
    let as_json = args.json;
    if as_json {
        say("{\"defects\": [");
    }
    // Printing must not wait for the check, nor the check for printing.
    let (sender, defects) = mpsc::channel::<Defect>();
    let printing = std::thread::spawn(move || {
        for (number, defect) in defects.iter().enumerate() {
            if as_json {
                let Defect { table, fid, reason } = defect;
                let comma = if number == 0 { "" } else { "," };
                say(format_args!(
                    "{comma}{}",
                    json!({ "table": table, "fid": fid, "reason": reason })
                ));
            } else {
                let fid = defect.fid.map(|fid| format!(", feature {fid}")).unwrap_or_default();
                say(format_args!("{}{fid}: {}", defect.table, defect.reason));
            }
        }
    });
    let checked = store
        .verify(move |defect| {
            let _ = sender.send(defect);
        })
        .await;
    let _ = printing.join();
    if as_json {
        let done = checked.as_ref().ok();
        say(format_args!(
            "], \"sound\": {}, \"error\": {}, \"revision\": {}, \"collections\": {}, \"features\": {}, \
             \"changes\": {}, \"pastStates\": {}, \"evidence\": {}, \"seconds\": {:.3}}}",
            done.is_some_and(|done| done.defects == 0),
            json!(checked.as_ref().err().map(ToString::to_string)),
            json!(done.map(|done| done.revision.0)),
            json!(done.map(|done| done.collections)),
            json!(done.map(|done| done.features)),
            json!(done.map(|done| done.log_rows)),
            json!(done.map(|done| done.history_rows)),
            json!(done.map(|done| done.evidence)),
            started.elapsed().as_secs_f64()
        ));
    }
    let done = checked?;
    let summary = format!(
        "{}: revision {}, {} collections, {} features, {} changes, {} past states{} in {:.1} s: {}",
        args.store.display(),
        done.revision,
        done.collections,
        done.features,
        done.log_rows,
        done.history_rows,
        match done.evidence {
            0 => String::new(),
            files => format!(", {files} files of evidence"),
        },
        started.elapsed().as_secs_f64(),
        match done.defects {
            0 => "sound".to_owned(),
            1 => "1 defect".to_owned(),
            defects => format!("{defects} defects"),
        }
    );
    if as_json {
        tell(summary)
    } else {
        say(summary)
    }
    Ok(if done.defects == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
