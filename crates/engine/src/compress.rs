//! Content encodings of a tile.

use std::cell::RefCell;
use std::sync::Arc;

use libdeflater::{CompressionLvl, Compressor};

use crate::EngineError;

/// How the bytes of an answer are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// As they are.
    Identity,
    /// gzip, fastest level.
    Gzip,
    /// Zstandard, level 1.
    Zstd,
}

impl Encoding {
    /// Name in `Content-Encoding`; `identity` is not sent.
    pub fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}

/// Level 0 would only store; from 2 on the time grows faster than the tile shrinks.
const GZIP_LEVEL: i32 = 1;
/// Of tiles that are written once and read often: a tenth smaller than at the level above. Up to 9
/// they are half as much smaller.
const ARCHIVE_LEVEL: i32 = 10;

thread_local! {
    // A compressor holds 64 KiB of tables: one a thread of the pool.
    static GZIP: RefCell<Compressor> = RefCell::new(Compressor::new(
        CompressionLvl::new(GZIP_LEVEL).unwrap_or_default(),
    ));
    static ARCHIVE: RefCell<Compressor> = RefCell::new(Compressor::new(
        CompressionLvl::new(ARCHIVE_LEVEL).unwrap_or_default(),
    ));
}

/// `bytes` by gzip for an archive; none for none. Equal tiles give equal bytes.
pub(crate) fn for_archive(bytes: &[u8]) -> Result<Arc<[u8]>, EngineError> {
    if bytes.is_empty() {
        return Ok(Arc::default());
    }
    ARCHIVE.with_borrow_mut(|compressor| gzip(compressor, bytes))
}

fn gzip(compressor: &mut Compressor, bytes: &[u8]) -> Result<Arc<[u8]>, EngineError> {
    let mut out = vec![0; compressor.gzip_compress_bound(bytes.len())];
    let length = compressor.gzip_compress(bytes, &mut out).map_err(|error| {
        EngineError::Internal { what: format!("{}: {error}", Encoding::Gzip.name()) }
    })?;
    Ok(out[..length].into())
}

/// `bytes` in another encoding. The level is a constant: equal tiles give equal bytes.
pub(crate) fn compress(bytes: &[u8], encoding: Encoding) -> Result<Arc<[u8]>, EngineError> {
    let failed = |error: &dyn std::fmt::Display| EngineError::Internal {
        what: format!("{}: {error}", encoding.name()),
    };
    match encoding {
        Encoding::Identity => Ok(bytes.into()),
        Encoding::Gzip => GZIP.with_borrow_mut(|compressor| gzip(compressor, bytes)),
        Encoding::Zstd => {
            zstd::bulk::compress(bytes, 1).map(Arc::from).map_err(|error| failed(&error))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn each_encoding_gives_back_the_tile() {
        let tile: Vec<u8> = (0..50_000_u32).map(|n| ((n * n) >> 7) as u8).collect();
        assert_eq!(*compress(&tile, Encoding::Identity).unwrap(), *tile);
        let zstd = compress(&tile, Encoding::Zstd).unwrap();
        assert_eq!(zstd::bulk::decompress(&zstd, tile.len()).unwrap(), tile);
        let gzip = compress(&tile, Encoding::Gzip).unwrap();
        let mut out = vec![0; tile.len()];
        let length = libdeflater::Decompressor::new().gzip_decompress(&gzip, &mut out).unwrap();
        assert_eq!((length, out), (tile.len(), tile.clone()));
    }

    #[test]
    fn each_encoding_makes_a_tile_smaller() {
        let tile: Vec<u8> = (0..50_000_u32).map(|n| (n % 97) as u8).collect();
        for encoding in [Encoding::Gzip, Encoding::Zstd] {
            let length = compress(&tile, encoding).unwrap().len();
            assert!(length < tile.len() / 4, "{encoding:?}: {length}");
        }
    }
}
