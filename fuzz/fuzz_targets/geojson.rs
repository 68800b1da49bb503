//! A GeoJSON file of any kind is read to its end or refused.
#![no_main]

use std::path::PathBuf;
use std::sync::OnceLock;

use formats::geojson::{open, open_seq};
use libfuzzer_sys::fuzz_target;

fn file() -> &'static PathBuf {
    static FILE: OnceLock<PathBuf> = OnceLock::new();
    FILE.get_or_init(|| {
        std::env::temp_dir().join(format!("fuzz-geojson-{}.json", std::process::id()))
    })
}

fuzz_target!(|bytes: &[u8]| {
    let path = file();
    std::fs::write(path, bytes).expect("the folder of temporary files takes a file");
    for layers in [open(path), open_seq(path)] {
        for mut layer in layers.into_iter().flatten() {
            while layer.next_rows(100).is_ok_and(|rows| !rows.is_empty()) {}
        }
    }
});
