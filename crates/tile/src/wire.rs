//! Protocol buffer primitives, written into a slice at a position.

/// Longest varint of 64 bits.
pub(crate) const MAX_VARINT: usize = 10;

/// Bytes that are copied at once, whatever the length.
pub(crate) const BLOCK: usize = 32;

/// Copies `len` bytes; both sides have a block more, so that short pieces need no call.
#[inline]
pub(crate) fn copy_short(to: &mut [u8], from: &[u8], len: usize) {
    to[..BLOCK].copy_from_slice(&from[..BLOCK]);
    if len > BLOCK {
        to[BLOCK..len].copy_from_slice(&from[BLOCK..len]);
    }
}

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

/// Puts the length of what lies between `at + 1` and `end` at `at`, moving that aside when the
/// length takes more than the one byte left for it; answers the position after it.
#[inline]
pub(crate) fn close(bytes: &mut [u8], at: usize, end: usize) -> usize {
    let len = end - at - 1;
    if len < 0x80 {
        bytes[at] = len as u8;
        return end;
    }
    let more = varint_len(len as u64) - 1;
    bytes.copy_within(at + 1..end, at + 1 + more);
    put_varint(bytes, at, len as u64);
    end + more
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
    let long = u32::from(value > 0x7f);
    // Adding the upper part once more moves it up by one bit.
    (value + (value & !0x7f) + (long << 7), 1 + long)
}

/// Writes two numbers as varints.
#[inline]
pub(crate) fn put_tag(bytes: &mut [u8], at: usize, key: u32, value: u32) -> usize {
    let at = put_varint(bytes, at, u64::from(key));
    put_varint(bytes, at, u64::from(value))
}

/// Values below it have words.
pub(crate) const WORD_VALUES: usize = 1 << 21;
/// Keys below it can be put with a word.
pub(crate) const WORD_KEYS: usize = 1 << 7;

/// What stands for one more than a value until its tag is put: the varint from the lowest byte up, the
/// length of the tag in the highest byte. 0 for 0, which is no value. No branch, so that many are
/// made at once.
#[inline]
pub(crate) fn tag_word(value: u32) -> u32 {
    let v = value.wrapping_sub(1);
    let longer = [u32::from(v > 0x7f), u32::from(v > 0x3fff)];
    let spread = (v & 0x7f) | (v << 1 & 0x7f00) | (v << 2 & 0x7f_0000);
    let word = spread | longer[0] << 7 | longer[1] << 15 | (2 + longer[0] + longer[1]) << 24;
    if value == 0 { 0 } else { word }
}

/// Writes a tag by its word; needs four bytes of room.
#[inline]
pub(crate) fn put_word(bytes: &mut [u8], at: usize, key: u8, word: u32) -> usize {
    bytes[at..at + 4].copy_from_slice(&(word << 8 | u32::from(key)).to_le_bytes());
    at + (word >> 24) as usize
}

/// Bytes that a tag may write, though not all of them count.
pub(crate) const TAG_ROOM: usize = 2 * MAX_VARINT;

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

    fn check_close(len: usize) {
        let mut bytes = vec![1; 3];
        bytes.extend((0..len).map(|n| n as u8));
        bytes.resize(len + 3 + MAX_VARINT, 0);
        let end = close(&mut bytes, 2, 3 + len);
        let mut expected = vec![0; MAX_VARINT + len + 3];
        let expected_end = put_bytes(&mut expected, 1, 1, &bytes[end - len..end]);
        assert_eq!((&bytes[1..end], end), (&expected[1..expected_end], expected_end));
        assert!(bytes[end - len..end].iter().enumerate().all(|(n, byte)| *byte == n as u8));
    }

    #[test]
    fn a_field_is_closed_with_its_length_however_long_it_grew() {
        for len in [0, 1, 127, 128, 300, 16_383, 16_384] {
            check_close(len);
        }
    }

    #[test]
    fn a_tag_is_two_varints() {
        let values = (0..21).flat_map(|shift| [(1 << shift) - 1, 1 << shift, (1 << 21) - 1]);
        for value in values {
            let mut tag = [0; TAG_ROOM];
            let end = put_word(&mut tag, 0, 127, tag_word(value + 1));
            let mut single = [0; TAG_ROOM];
            let at = put_tag(&mut single, 0, 127, value);
            assert_eq!((end, &tag[..end]), (at, &single[..at]), "{value}");
        }
        assert_eq!(tag_word(0), 0);
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
