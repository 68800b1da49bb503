//! Protocol buffer primitives, written into a slice at a position.

/// Longest varint of 64 bits.
pub(crate) const MAX_VARINT: usize = 10;

/// Bytes of `value` as a varint.
#[inline]
pub(crate) fn varint_len(value: u64) -> usize {
    // 7 payload bits a byte; `| 1` makes zero take one byte.
    (70 - (value | 1).leading_zeros() as usize) / 7
}

/// Writes `value` at `at`; answers the position after it.
#[inline]
pub(crate) fn put_varint(bytes: &mut [u8], mut at: usize, mut value: u64) -> usize {
    while value >= 0x80 {
        bytes[at] = value as u8 | 0x80;
        at += 1;
        value >>= 7;
    }
    bytes[at] = value as u8;
    at + 1
}

/// Writes `tag`, the length of `payload` and `payload`.
#[inline]
pub(crate) fn put_bytes(bytes: &mut [u8], at: usize, tag: u8, payload: &[u8]) -> usize {
    bytes[at] = tag;
    let at = put_varint(bytes, at + 1, payload.len() as u64);
    bytes[at..at + payload.len()].copy_from_slice(payload);
    at + payload.len()
}

/// Appends `value` as a varint.
pub(crate) fn push_varint(bytes: &mut Vec<u8>, value: u64) {
    let mut buffer = [0; MAX_VARINT];
    let end = put_varint(&mut buffer, 0, value);
    bytes.extend_from_slice(&buffer[..end]);
}

/// Small magnitudes to small numbers, whatever the sign.
#[inline]
pub(crate) fn zigzag(value: i32) -> u32 {
    ((value << 1) ^ (value >> 31)).cast_unsigned()
}

/// Small magnitudes to small numbers, whatever the sign.
pub(crate) fn zigzag64(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

/// Writes two numbers below 2^14 as varints, without a branch; needs four bytes of room.
#[inline]
pub(crate) fn put_pair(bytes: &mut [u8], at: usize, first: u32, second: u32) -> usize {
    let (first, first_len) = spread(first);
    let (second, second_len) = spread(second);
    let word = first | second << (8 * first_len);
    bytes[at..at + 4].copy_from_slice(&word.to_le_bytes());
    at + (first_len + second_len) as usize
}

/// A number below 2^14 as varint bytes in a word, and how many.
#[inline]
fn spread(value: u32) -> (u32, u32) {
    let high = value >> 7;
    let long = u32::from(high != 0);
    ((value & 0x7f) | long << 7 | high << 8, 1 + long)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_varint(value: u64) {
        let mut bytes = [0; MAX_VARINT];
        let end = put_varint(&mut bytes, 0, value);
        assert_eq!(end, varint_len(value), "{value}");
        let back = bytes[..end].iter().rev().fold(0, |sum, byte| sum << 7 | u64::from(byte & 0x7f));
        assert_eq!(back, value);
    }

    #[test]
    fn a_varint_is_as_long_as_said() {
        for shift in 0..64 {
            check_varint(1 << shift);
            check_varint((1 << shift) - 1);
        }
        check_varint(u64::MAX);
    }

    #[test]
    fn a_pair_is_two_varints() {
        for first in [0, 1, 127, 128, 8_191, 16_383] {
            for second in [0, 1, 127, 128, 300, 16_383] {
                let mut pair = [0; 8];
                let end = put_pair(&mut pair, 0, first, second);
                let mut single = [0; 8];
                let at = put_varint(&mut single, 0, u64::from(first));
                let at = put_varint(&mut single, at, u64::from(second));
                assert_eq!((end, &pair[..end]), (at, &single[..at]));
            }
        }
    }
}
