//! PNG (ISO/IEC 15948) with the chunks that make the image and say how to show it, and no other.

use super::BrokenPhoto;

pub(super) const MAGIC: &[u8] = b"\x89PNG\r\n\x1a\n";
/// Every chunk that is copied.
const HARMLESS: [&[u8; 4]; 15] = [
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB",
    b"cICP", b"mDCV", b"cLLI", b"bKGD", b"pHYs",
];

/// The copy. What follows the end of the image is left out.
pub(super) fn stripped(bytes: &[u8]) -> Result<Vec<u8>, BrokenPhoto> {
    let broken = |at, reason| BrokenPhoto { format: "PNG", at, reason };
    if !bytes.starts_with(MAGIC) {
        return Err(broken(0, "it does not begin so"));
    }
    let mut copy = Vec::with_capacity(bytes.len());
    copy.extend_from_slice(MAGIC);
    let (mut at, mut has_data) = (MAGIC.len(), false);
    loop {
        let head = bytes.get(at..at + 8).ok_or_else(|| broken(at, "it is cut off"))?;
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]);
        let name = [head[4], head[5], head[6], head[7]];
        if (at == MAGIC.len()) != (&name == b"IHDR") {
            return Err(broken(at, "its header is expected first, and once"));
        }
        let end = usize::try_from(length).ok().and_then(|length| length.checked_add(at + 12));
        let chunk = end.and_then(|end| bytes.get(at..end));
        let chunk = chunk.ok_or_else(|| broken(at, "it is cut off"))?;
        if HARMLESS.contains(&&name) {
            copy.extend_from_slice(chunk);
        }
        has_data |= &name == b"IDAT";
        at += chunk.len();
        if &name == b"IEND" {
            return match has_data {
                true => Ok(copy),
                false => Err(broken(at, "there is no image in it")),
            };
        }
    }
}
