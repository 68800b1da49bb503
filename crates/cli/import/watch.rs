//! What a long import shows, and how it is stopped.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::ImportError;

/// A progress bar on standard error, and the wish to stop.
#[derive(Clone, Debug)]
pub struct Watch {
    bar: ProgressBar,
    stopped: Arc<AtomicBool>,
}

impl Watch {
    /// A bar for people, nothing when standard error is no terminal. `stopped` turns true when
    /// the user asks to stop.
    pub fn new(stopped: Arc<AtomicBool>) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(8));
        bar.enable_steady_tick(Duration::from_millis(250));
        Self { bar, stopped }
    }

    /// Starts a step of `total` rows, when that is known.
    pub fn start(&self, step: &str, total: Option<u64>) {
        let template = if total.is_some() {
            "{msg} {bar:30} {human_pos}/{human_len} rows, {per_sec}, {eta} left"
        } else {
            "{msg} {spinner} {human_pos} rows, {per_sec}"
        };
        let style =
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        self.bar.set_style(style);
        self.bar.set_message(step.to_owned());
        if let Some(total) = total {
            self.bar.set_length(total);
        }
        self.bar.reset();
    }

    /// Moves on by `rows`.
    pub fn advance(&self, rows: u64) {
        self.bar.inc(rows);
    }

    /// Clears the bar.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }

    /// Whether to go on.
    pub fn check(&self) -> Result<(), ImportError> {
        if self.stopped.load(Ordering::Relaxed) {
            return Err(ImportError::Stopped { what: "layer" });
        }
        Ok(())
    }
}
