//! What is read of the arguments of every command that takes a spreadsheet into a ledger.

use engine::now;
use formats::datetime::{millis_of, utc_of_millis};
use ledger::point::Roles;
use spatial::{SHANGHAI_AHEAD_MINUTES, Timestamp};

use crate::commands::CommandError;
use crate::commands::into_ledger::refused;

/// The moment of `--date`: of a day, its first in Asia/Shanghai; `absent` of now without one.
pub(super) fn moment(
    date: Option<&str>,
    absent: impl FnOnce(Timestamp) -> Timestamp,
) -> Result<String, CommandError> {
    let Some(text) = date else { return Ok(utc_of_millis(absent(now()).0)) };
    millis_of(text, SHANGHAI_AHEAD_MINUTES).map(utc_of_millis).ok_or_else(|| {
        let wanted = "a day such as 2026-09-01 is expected, or a time with a zone".to_owned();
        refused("--date", text, wanted)
    })
}

/// Refuses a `--role` that is none.
pub(super) fn check_role(role: &str, roles: &Roles) -> Result<(), CommandError> {
    match roles.named(role) {
        Some(_) => Ok(()),
        None => Err(refused("--role", role, format!("use one of {}", roles.words()))),
    }
}
