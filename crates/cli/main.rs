//! Entry point of the binary.

use std::process::ExitCode;

/// Gives memory back to the system that reading a store needed for a while.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match tuban::environment::clear_misleading_variables() {
        Ok(None) => tuban::run(),
        Ok(Some(code)) => ExitCode::from(code),
        // PROJ may still be fine; its self-test says so before anything is transformed.
        Err(_error) => tuban::run(),
    }
}
