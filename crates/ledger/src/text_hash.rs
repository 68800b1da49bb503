//! A number that stands for a text, the same on every machine; no secret is kept by it.

/// FNV-1a of 128 bits.
const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;

/// The hash of a text.
pub fn text_hash(text: &str) -> u128 {
    let hash =
        text.bytes().fold(OFFSET, |hash, byte| (hash ^ u128::from(byte)).wrapping_mul(PRIME));
    // The low bits of FNV are mixed worst: fold the high half into them.
    hash ^ (hash >> 61)
}
