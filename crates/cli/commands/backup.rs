//! `tuban backup`: a copy of a store, also while it is served.

use std::ops::ControlFlow;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use indicatif::{HumanBytes, ProgressBar, ProgressDrawTarget, ProgressStyle};
use store::{EvidenceCopy, EvidenceFolder, Existing};

use super::CommandError;
use super::collection::read_only;
use crate::args::BackupArgs;
use crate::output::{say, tell};

/// Copies the present state of a store to a file.
pub async fn backup(args: BackupArgs) -> Result<ExitCode, CommandError> {
    let store = read_only(&args.store)?;
    let stopped = Arc::new(AtomicBool::new(false));
    let on_interrupt = Arc::clone(&stopped);
    // A second handler cannot be set in one process; then the interrupt ends it, as ever.
    let _ = ctrlc::set_handler(move || on_interrupt.store(true, Ordering::Relaxed));
    let bar = bar();
    let shown = bar.clone();
    let existing = if args.force { Existing::Replace } else { Existing::Keep };
    let done = store
        .back_up(&args.out, existing, move |copied, total| {
            shown.set_length(total);
            shown.set_position(copied);
            match stopped.load(Ordering::Relaxed) {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        })
        .await;
    bar.finish_and_clear();
    let done = done?;
    say(format_args!(
        "{}: revision {}, {} bytes ({})",
        args.out.display(),
        done.revision,
        done.bytes,
        HumanBytes(done.bytes)
    ));
    let EvidenceCopy { files, bytes, damaged } = done.evidence;
    if files > 0 {
        let beside = EvidenceFolder::beside(&args.out);
        say(format_args!("{}: {files} files, {}", beside.root().display(), HumanBytes(bytes)));
    }
    if damaged > 0 {
        tell(format_args!(
            "files of evidence that are damaged and were left out: {damaged}; `tuban verify {}` names them",
            args.store.display()
        ));
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// A bar for people, nothing when standard error is no terminal.
fn bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(8));
    let template = "copying {bar:30} {bytes}/{total_bytes}, {bytes_per_sec}, {eta} left";
    bar.set_style(
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    bar
}
