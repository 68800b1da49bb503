//! The viewer's files, embedded in the binary and compressed once.

use std::sync::OnceLock;

use libdeflater::{CompressionLvl, Compressor};

/// One embedded file.
#[derive(Debug)]
pub struct Asset {
    /// Media type.
    pub media_type: &'static str,
    /// The bytes.
    pub bytes: &'static [u8],
    gzip: OnceLock<Vec<u8>>,
}

impl Asset {
    const fn new(media_type: &'static str, bytes: &'static [u8]) -> Self {
        Self { media_type, bytes, gzip: OnceLock::new() }
    }

    /// The bytes as gzip, made at the first call.
    pub fn gzip(&self) -> &[u8] {
        self.gzip.get_or_init(|| {
            let mut compressor = Compressor::new(CompressionLvl::new(9).unwrap_or_default());
            let mut out = vec![0; compressor.gzip_compress_bound(self.bytes.len())];
            let length = compressor.gzip_compress(self.bytes, &mut out).unwrap_or(0);
            out.truncate(length);
            out
        })
    }

    /// A validator that changes with the bytes, quotes included.
    pub fn etag(&self) -> String {
        let hash = self.bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| {
            (h ^ u64::from(*b)).wrapping_mul(0x100_0000_01b3)
        });
        format!("\"{hash:016x}\"")
    }
}

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";

/// The page at `/`.
pub static INDEX: Asset =
    Asset::new("text/html; charset=utf-8", include_bytes!("../viewer/index.html"));

static FILES: [(&str, Asset); 23] = [
    ("area_tables.js", Asset::new(JAVASCRIPT, include_bytes!("../viewer/area_tables.js"))),
    ("area_words.js", Asset::new(JAVASCRIPT, include_bytes!("../viewer/area_words.js"))),
    ("areas.js", Asset::new(JAVASCRIPT, include_bytes!("../viewer/areas.js"))),
    ("sketch.js", Asset::new(JAVASCRIPT, include_bytes!("../viewer/sketch.js"))),
    ("access.js", Asset::new(JAVASCRIPT, include_bytes!("../viewer/access.js"))),
    ("viewer.js", Asset::new(JAVASCRIPT, include_bytes!("../viewer/viewer.js"))),
    ("labels.js", Asset::new(JAVASCRIPT, include_bytes!("../viewer/labels.js"))),
    ("grounds.js", Asset::new(JAVASCRIPT, include_bytes!("../viewer/grounds.js"))),
    ("books.js", Asset::new(JAVASCRIPT, include_bytes!("../viewer/books.js"))),
    ("choropleth.js", Asset::new(JAVASCRIPT, include_bytes!("../viewer/choropleth.js"))),
    ("element.js", Asset::new(JAVASCRIPT, include_bytes!("../viewer/element.js"))),
    ("lamp.js", Asset::new(JAVASCRIPT, include_bytes!("../viewer/lamp.js"))),
    ("ledger.js", Asset::new(JAVASCRIPT, include_bytes!("../viewer/ledger.js"))),
    ("ledger_words.js", Asset::new(JAVASCRIPT, include_bytes!("../viewer/ledger_words.js"))),
    ("live.js", Asset::new(JAVASCRIPT, include_bytes!("../viewer/live.js"))),
    ("past.js", Asset::new(JAVASCRIPT, include_bytes!("../viewer/past.js"))),
    ("viewer.css", Asset::new(CSS, include_bytes!("../viewer/viewer.css"))),
    ("page.js", Asset::new(JAVASCRIPT, include_bytes!("../viewer/page.js"))),
    ("page.css", Asset::new(CSS, include_bytes!("../viewer/page.css"))),
    ("icon.svg", Asset::new("image/svg+xml", include_bytes!("../viewer/icon.svg"))),
    (
        "maplibre-gl.mjs",
        Asset::new(JAVASCRIPT, include_bytes!("../viewer/vendor/maplibre-gl/maplibre-gl.mjs")),
    ),
    (
        "maplibre-gl-worker.mjs",
        Asset::new(
            JAVASCRIPT,
            include_bytes!("../viewer/vendor/maplibre-gl/maplibre-gl-worker.mjs"),
        ),
    ),
    (
        "maplibre-gl.css",
        Asset::new(CSS, include_bytes!("../viewer/vendor/maplibre-gl/maplibre-gl.css")),
    ),
];

/// The file of this name below `/viewer/`.
pub fn asset(name: &str) -> Option<&'static Asset> {
    FILES.iter().find(|(known, _)| *known == name).map(|(_, asset)| asset)
}
