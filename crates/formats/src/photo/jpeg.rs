//! JPEG (ITU-T T.81) without its application segments and comments, but for those that say how to
//! show it: JFIF, an ICC profile, Adobe's colours, and of EXIF which way is up.

use super::BrokenPhoto;

/// A start of image, and the first byte of the next marker.
pub(super) const MAGIC: &[u8] = &[0xff, 0xd8, 0xff];
const APP0: u8 = 0xe0;
const APP1: u8 = 0xe1;
const APP2: u8 = 0xe2;
const APP14: u8 = 0xee;
const APP15: u8 = 0xef;
const COMMENT: u8 = 0xfe;
const START_OF_SCAN: u8 = 0xda;
const END_OF_IMAGE: u8 = 0xd9;
const EXIF: &[u8] = b"Exif\0\0";
/// The tag of EXIF that says which way is up (TIFF 6.0).
const ORIENTATION: u16 = 0x0112;

/// The copy. What follows the end of the image, such as the video of a moving photo, is left out.
pub(super) fn stripped(bytes: &[u8]) -> Result<Vec<u8>, BrokenPhoto> {
    let broken = |at, reason| BrokenPhoto { format: "JPEG", at, reason };
    if !bytes.starts_with(MAGIC) {
        return Err(broken(0, "it does not begin so"));
    }
    let mut copy = Vec::with_capacity(bytes.len());
    copy.extend_from_slice(&bytes[..2]);
    let (mut at, mut has_scan, mut has_orientation) = (2, false, false);
    loop {
        let marker = loop {
            match (bytes.get(at), bytes.get(at + 1)) {
                (Some(0xff), Some(0xff)) => at += 1,
                (Some(0xff), Some(marker @ 0xc0..=0xfe)) => break *marker,
                (Some(_), Some(_)) => return Err(broken(at, "a marker is expected")),
                _ => return Err(broken(at, "it is cut off")),
            }
        };
        if marker == END_OF_IMAGE {
            if !has_scan {
                return Err(broken(at, "there is no image in it"));
            }
            copy.extend_from_slice(&[0xff, END_OF_IMAGE]);
            return Ok(copy);
        }
        if (0xd0..=0xd8).contains(&marker) {
            return Err(broken(at, "this marker may not stand here"));
        }
        let length = match (bytes.get(at + 2), bytes.get(at + 3)) {
            (Some(high), Some(low)) => usize::from(u16::from_be_bytes([*high, *low])),
            _ => return Err(broken(at, "it is cut off")),
        };
        if length < 2 {
            return Err(broken(at, "a segment is shorter than its length"));
        }
        let end = at + 2 + length;
        let segment = bytes.get(at..end).ok_or_else(|| broken(at, "it is cut off"))?;
        let body = &segment[4..];
        match marker {
            APP1 if body.starts_with(EXIF) && !has_orientation => {
                if let Some(orientation) = orientation(&body[EXIF.len()..]) {
                    copy.extend_from_slice(&upright(orientation));
                    has_orientation = true;
                }
            }
            _ if is_harmless(marker, body) => copy.extend_from_slice(segment),
            _ => {}
        }
        at = end;
        if marker == START_OF_SCAN {
            has_scan = true;
            let scan = scan_end(bytes, at).ok_or_else(|| broken(bytes.len(), "it is cut off"))?;
            copy.extend_from_slice(&bytes[at..scan]);
            at = scan;
        }
    }
}

/// Whether a segment only says how the image is to be shown.
fn is_harmless(marker: u8, body: &[u8]) -> bool {
    match marker {
        // A thumbnail, which may show more than the image, makes it longer.
        APP0 => body.starts_with(b"JFIF\0") && body.len() == 14,
        APP2 => body.starts_with(b"ICC_PROFILE\0"),
        APP14 => body.starts_with(b"Adobe") && body.len() <= 12,
        APP0..=APP15 | COMMENT => false,
        // Tables, frames and scans; extensions (0xf0 to 0xfd) are of no use to a reader.
        _ => marker < 0xe0,
    }
}

/// Where the marker after a scan begins.
fn scan_end(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += bytes.get(at..)?.iter().position(|byte| *byte == 0xff)?;
        match bytes.get(at + 1)? {
            // A byte 0xff of the data, a restart, or a fill byte.
            0x00 | 0xd0..=0xd7 => at += 2,
            0xff => at += 1,
            _ => return Some(at),
        }
    }
}

/// Which way is up, 2 to 8, of the first directory of a TIFF structure; none when it is as it lies.
fn orientation(tiff: &[u8]) -> Option<u8> {
    let is_little = match tiff.get(..2)? {
        b"II" => true,
        b"MM" => false,
        _ => return None,
    };
    let u16_at = |at: usize| {
        let two = [*tiff.get(at)?, *tiff.get(at.checked_add(1)?)?];
        Some(if is_little { u16::from_le_bytes(two) } else { u16::from_be_bytes(two) })
    };
    let (first, second) = (usize::from(u16_at(4)?), usize::from(u16_at(6)?));
    let directory = if is_little { second << 16 | first } else { first << 16 | second };
    let count = u16_at(directory)?;
    let entry = (0..usize::from(count))
        .map(|number| directory + 2 + number * 12)
        .find(|entry| u16_at(*entry) == Some(ORIENTATION))?;
    u8::try_from(u16_at(entry + 8)?).ok().filter(|orientation| (2..=8).contains(orientation))
}

/// A segment of EXIF that says which way is up and nothing else.
fn upright(orientation: u8) -> [u8; 36] {
    let mut segment = *b"\xff\xe1\x00\x22Exif\0\0MM\x00\x2a\x00\x00\x00\x08\
        \x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00";
    segment[29] = orientation;
    segment
}
