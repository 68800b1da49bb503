//! GeoPackage binary: a header with SRS and envelope before well-known binary.
//!
//! OGC 12-128r19, 2.1.3. The header's envelope lets an index be built without decoding.

#[cfg(test)]
mod gpb_tests;

use geo_types::Geometry as Shape;

use crate::wkb::{self, DecodeError, DecodeReason, Decoded};
use crate::{Envelope, Geometry};

const MAGIC: [u8; 2] = *b"GP";
const LITTLE_ENDIAN: u8 = 1;
const XY_ENVELOPE: u8 = 1 << 1;
const EMPTY: u8 = 1 << 4;
const EXTENDED: u8 = 1 << 5;

/// What stands before the well-known binary.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Header {
    /// Row of `gpkg_spatial_ref_sys`; −1 and 0 mean undefined.
    pub srs_id: i32,
    /// The envelope, where the header has one.
    pub envelope: Option<Envelope>,
    /// Whether the geometry is said to be empty.
    pub empty: bool,
    /// Where the well-known binary begins.
    pub body: usize,
}

/// Reads the header alone.
pub fn read_header(bytes: &[u8]) -> Result<Header, DecodeError> {
    let refuse = |offset: usize, reason: DecodeReason| Err(DecodeError { offset, reason });
    let Some(fixed) = bytes.first_chunk::<8>() else {
        return refuse(bytes.len(), DecodeReason::Truncated(8 - bytes.len()));
    };
    let [g, p, version, flags, srs @ ..] = *fixed;
    if [g, p] != MAGIC {
        return refuse(0, DecodeReason::Magic);
    }
    if version != 0 {
        return refuse(2, DecodeReason::Version(version));
    }
    if flags & EXTENDED != 0 {
        return refuse(3, DecodeReason::Extended);
    }
    let little = flags & LITTLE_ENDIAN != 0;
    let kind = flags >> 1 & 7;
    let numbers = match kind {
        0 => 0,
        1 => 4,
        2 | 3 => 6,
        4 => 8,
        _ => return refuse(3, DecodeReason::EnvelopeKind(kind)),
    };
    let body = 8 + numbers * 8;
    let Some(borders) = bytes.get(8..body) else {
        return refuse(bytes.len(), DecodeReason::Truncated(body - bytes.len()));
    };
    let border = |place: usize| {
        let mut array = [0; 8];
        array.copy_from_slice(&borders[place * 8..place * 8 + 8]);
        if little { f64::from_le_bytes(array) } else { f64::from_be_bytes(array) }
    };
    let empty = flags & EMPTY != 0;
    // Order of the standard: min x, max x, min y, max y; all NaN when the geometry is empty.
    let envelope = (kind > 0).then(|| Envelope::new(border(0), border(2), border(1), border(3)));
    Ok(Header {
        srs_id: if little { i32::from_le_bytes(srs) } else { i32::from_be_bytes(srs) },
        envelope: envelope.map(|e| if empty || e.is_empty() { Envelope::EMPTY } else { e }),
        empty,
        body,
    })
}

/// Reads header and geometry.
pub fn decode(bytes: &[u8]) -> Result<(Header, Decoded), DecodeError> {
    let header = read_header(bytes)?;
    Ok((header, wkb::decode_at(bytes, header.body)?))
}

/// The envelope, from the header where it has one; the geometry is decoded only where not.
pub fn read_envelope(bytes: &[u8]) -> Result<Envelope, DecodeError> {
    let header = read_header(bytes)?;
    if let Some(envelope) = header.envelope {
        return Ok(envelope);
    }
    if header.empty {
        return Ok(Envelope::EMPTY);
    }
    match wkb::read_point(bytes, header.body)? {
        Some(point) => Ok(Envelope::of([point])),
        None => Ok(wkb::decode_at(bytes, header.body)?.geometry.envelope()),
    }
}

/// The bytes of a geometry.
pub fn encode(geometry: &Geometry, srs_id: i32) -> Vec<u8> {
    let mut out = Vec::with_capacity(80 + geometry.vertex_count() * 16);
    encode_into(geometry, srs_id, &mut out);
    out
}

/// Appends the bytes of a geometry: with an XY envelope, which a point does without.
pub fn encode_into(geometry: &Geometry, srs_id: i32, out: &mut Vec<u8>) {
    let envelope = geometry.envelope();
    let flags = if envelope.is_empty() {
        LITTLE_ENDIAN | EMPTY
    } else if matches!(geometry.shape, Shape::Point(_)) {
        LITTLE_ENDIAN
    } else {
        LITTLE_ENDIAN | XY_ENVELOPE
    };
    out.extend_from_slice(&[MAGIC[0], MAGIC[1], 0, flags]);
    out.extend_from_slice(&srs_id.to_le_bytes());
    if flags & XY_ENVELOPE != 0 {
        for border in [envelope.min_x, envelope.max_x, envelope.min_y, envelope.max_y] {
            out.extend_from_slice(&border.to_le_bytes());
        }
    }
    wkb::encode_into(geometry, out);
}
