//! Where tests find real data that is not part of the repository.

use std::path::{Path, PathBuf};

/// The file at `inner` below `TUBAN_TEST_DATA`, or below `shared/data` beside the repository;
/// says so when it is absent.
pub(crate) fn real_data(inner: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let root = std::env::var_os("TUBAN_TEST_DATA").map_or(beside, PathBuf::from);
    let path = root.join(inner);
    if path.exists() {
        return Some(path);
    }
    #[expect(clippy::print_stderr, reason = "a skipped test says so")]
    {
        eprintln!("skipped: {} is absent (set TUBAN_TEST_DATA)", path.display());
    }
    None
}
