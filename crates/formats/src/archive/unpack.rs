//! Compressed parts of an archive, unpacked to a bound: a few bytes may stand for very many.

use std::io::Read;

use libdeflater::{DecompressionError, Decompressor};

use super::facts::ArchiveFault;

/// How bytes are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TileCoding {
    /// Not at all.
    Identity,
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
}

/// Largest window of zstd that is unpacked, as a power of two: 16 MiB.
const MAX_WINDOW: u32 = 24;

impl TileCoding {
    /// How a vector tile is compressed, by its first bytes, none of which could begin a tile that
    /// is not: archives say it wrongly, and a client shows nothing of what is declared wrongly.
    pub fn of_tile(bytes: &[u8]) -> Self {
        match bytes {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            _ => Self::Identity,
        }
    }

    /// `bytes`, of the part called `what`, unpacked; refused when they become more than `limit`.
    pub fn unpack(
        self,
        bytes: &[u8],
        what: &'static str,
        limit: usize,
    ) -> Result<Vec<u8>, ArchiveFault> {
        let unpacked = match self {
            Self::Identity => (bytes.len() <= limit).then(|| bytes.to_vec()),
            Self::Gzip => gunzip(bytes, limit),
            Self::Zstd => unzstd(bytes, limit),
        };
        unpacked.ok_or(ArchiveFault::Packed { what, limit })
    }
}

fn gunzip(bytes: &[u8], limit: usize) -> Option<Vec<u8>> {
    let mut unpacker = Decompressor::new();
    let mut room = (bytes.len().saturating_mul(4)).clamp(1024, limit.max(1024));
    loop {
        let mut out = vec![0; room];
        match unpacker.gzip_decompress(bytes, &mut out) {
            Ok(length) => {
                out.truncate(length);
                return (length <= limit).then_some(out);
            }
            Err(DecompressionError::InsufficientSpace) if room < limit => {
                room = room.saturating_mul(2).min(limit);
            }
            Err(_) => return None,
        }
    }
}

fn unzstd(bytes: &[u8], limit: usize) -> Option<Vec<u8>> {
    let mut unpacker = zstd::Decoder::with_buffer(bytes).ok()?;
    unpacker.window_log_max(MAX_WINDOW).ok()?;
    let mut out = Vec::new();
    unpacker.take(limit as u64 + 1).read_to_end(&mut out).ok()?;
    (out.len() <= limit).then_some(out)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use libdeflater::{CompressionLvl, Compressor};

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut compressor = Compressor::new(CompressionLvl::best());
        let mut out = vec![0; compressor.gzip_compress_bound(bytes.len())];
        let length = compressor.gzip_compress(bytes, &mut out).unwrap();
        out.truncate(length);
        out
    }

    #[test]
    fn a_bomb_is_unpacked_to_its_bound_and_no_further() {
        let zeros = vec![0; 10 << 20];
        for (coding, packed) in [
            (TileCoding::Gzip, gzip(&zeros)),
            (TileCoding::Zstd, zstd::encode_all(zeros.as_slice(), 3).unwrap()),
            (TileCoding::Identity, zeros.clone()),
        ] {
            assert_eq!(coding.unpack(&packed, "it", 10 << 20).unwrap(), zeros, "{coding:?}");
            assert!(coding.unpack(&packed, "it", (10 << 20) - 1).is_err(), "{coding:?}");
            if coding == TileCoding::Identity {
                continue;
            }
            assert_eq!(TileCoding::of_tile(&packed), coding);
            for damage in [&packed[..packed.len() / 2], &packed[..3], b"\x1f\x8b"] {
                assert!(coding.unpack(damage, "it", 10 << 20).is_err(), "{coding:?}");
            }
        }
        assert_eq!(TileCoding::of_tile(&[0x1a, 0x05]), TileCoding::Identity);
    }
}
