//! What the environment says of the user, and keeping it from leading PROJ to another PROJ's
//! database.
//!
//! The binary carries its own `proj.db`. `PROJ_DATA` or `PROJ_LIB`, which GIS software sets, may
//! point at an older one, and then every transformation fails. A running process cannot safely
//! change its environment, so the program starts itself again without these variables.

use std::env;
use std::io;
use std::process::Command;

/// Variables that move PROJ's database, its resources or its log.
const MISLEADING: [&str; 5] =
    ["PROJ_DATA", "PROJ_LIB", "PROJ_AUX_DB", "PROJ_NETWORK", "PROJ_DEBUG"];

/// Name of whoever runs this, as the environment has it: whoever called `sudo` before whom it runs
/// as. Said, not proven.
pub fn user() -> Option<String> {
    let said = ["SUDO_USER", "USER", "LOGNAME"].into_iter().find_map(|name| env::var(name).ok());
    said.filter(|name| !name.is_empty() && name.len() <= 64 && !name.contains(char::is_control))
}

/// Returns at once when no misleading variable is set. Otherwise it replaces this process by the
/// same program with the same arguments and a cleaned environment, and does not return; on
/// systems that cannot replace a process it runs the program as a child and answers its exit
/// code. Call it first in `main`, before any thread starts.
pub fn clear_misleading_variables() -> io::Result<Option<u8>> {
    if MISLEADING.iter().all(|name| env::var_os(name).is_none()) {
        return Ok(None);
    }
    let mut again = Command::new(env::current_exe()?);
    again.args(env::args_os().skip(1));
    for name in MISLEADING {
        again.env_remove(name);
    }
    replace(&mut again)
}

#[cfg(unix)]
fn replace(again: &mut Command) -> io::Result<Option<u8>> {
    use std::os::unix::process::CommandExt;
    if let Some(name) = env::args_os().next() {
        again.arg0(name);
    }
    // Only a failure returns.
    Err(again.exec())
}

#[cfg(not(unix))]
fn replace(again: &mut Command) -> io::Result<Option<u8>> {
    let status = again.status()?;
    Ok(Some(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)))
}
