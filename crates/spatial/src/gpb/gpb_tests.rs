//! The GeoPackage header in all its kinds, and the envelope without decoding.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use geo_types::{LineString, MultiPoint, Point, line_string};
use proptest::prelude::*;

use super::*;

fn header(flags: u8, srs_id: i32, borders: &[f64]) -> Vec<u8> {
    let little = flags & 1 != 0;
    let mut out = vec![b'G', b'P', 0, flags];
    out.extend(if little { srs_id.to_le_bytes() } else { srs_id.to_be_bytes() });
    for border in borders {
        out.extend(if little { border.to_le_bytes() } else { border.to_be_bytes() });
    }
    out
}

fn line() -> Geometry {
    Shape::LineString(line_string![(x: 1.0, y: 5.0), (x: 3.0, y: 4.0)]).into()
}

#[test]
fn every_kind_of_envelope_is_read_in_both_byte_orders() {
    for (kind, numbers) in [(0, 0), (1, 4), (2, 6), (3, 6), (4, 8)] {
        for little in [0, 1] {
            let borders = [1.0, 3.0, 4.0, 5.0, 7.0, 8.0, 9.0, 10.0];
            let mut bytes = header(kind << 1 | little, 4490, &borders[..numbers]);
            wkb::encode_into(&line(), &mut bytes);
            let (header, decoded) = decode(&bytes).unwrap();
            assert_eq!(header.srs_id, 4490);
            let envelope = Envelope::new(1.0, 4.0, 3.0, 5.0);
            assert_eq!(header.envelope, (kind > 0).then_some(envelope));
            assert_eq!(decoded.geometry, line());
            assert_eq!(read_envelope(&bytes), Ok(envelope));
        }
    }
}

#[test]
fn the_envelope_of_the_header_is_taken_without_decoding() {
    let mut bytes = header(0b11, -1, &[1.0, 3.0, 4.0, 5.0]);
    bytes.extend(b"no geometry at all");
    assert_eq!(read_envelope(&bytes), Ok(Envelope::new(1.0, 4.0, 3.0, 5.0)));
    assert_eq!(
        decode(&bytes),
        Err(DecodeError { offset: 40, reason: DecodeReason::ByteOrder(b'n') })
    );
}

#[test]
fn points_are_written_without_an_envelope_and_lines_with_one() {
    let point = encode(&Shape::Point(Point::new(1.0, 2.0)).into(), 4548);
    assert_eq!((point.len(), point[3]), (8 + 21, 0b1));
    assert_eq!(read_envelope(&point), Ok(Envelope::new(1.0, 2.0, 1.0, 2.0)));
    let written = encode(&line(), 4548);
    assert_eq!((written.len(), written[3]), (8 + 32 + 9 + 32, 0b11));
    assert_eq!(decode(&written).unwrap().1.geometry, line());
}

#[test]
fn an_empty_geometry_says_so_and_lies_nowhere() {
    for shape in [Shape::MultiPoint(MultiPoint(vec![])), Shape::LineString(LineString(vec![]))] {
        let bytes = encode(&shape.clone().into(), 4490);
        let (header, decoded) = decode(&bytes).unwrap();
        assert!(header.empty && header.envelope.is_none());
        assert_eq!(decoded.geometry.shape, shape);
        assert_eq!(read_envelope(&bytes), Ok(Envelope::EMPTY));
    }
    let nan = header(0b1_0011, 0, &[f64::NAN; 4]);
    assert_eq!(read_header(&nan).unwrap().envelope, Some(Envelope::EMPTY));
}

#[test]
fn headers_that_lie_are_refused_with_their_place() {
    for (bytes, offset, reason) in [
        (b"GP".to_vec(), 2, DecodeReason::Truncated(6)),
        (b"PG\0\0\0\0\0\0".to_vec(), 0, DecodeReason::Magic),
        (b"GP\x01\0\0\0\0\0".to_vec(), 2, DecodeReason::Version(1)),
        (header(5 << 1, 0, &[]), 3, DecodeReason::EnvelopeKind(5)),
        (header(1 << 5, 0, &[]), 3, DecodeReason::Extended),
        (header(0b11, 0, &[1.0]), 16, DecodeReason::Truncated(24)),
    ] {
        assert_eq!(read_header(&bytes), Err(DecodeError { offset, reason }));
        assert_eq!(decode(&bytes).unwrap_err(), DecodeError { offset, reason });
    }
}

proptest! {
    #[test]
    fn cuts_and_flips_never_panic(flip in 1..=255u8) {
        let bytes = encode(&line(), 4490);
        for place in 0..bytes.len() {
            prop_assert!(decode(&bytes[..place]).is_err());
            let mut bytes = bytes.clone();
            bytes[place] ^= flip;
            if let Ok((header, _)) = decode(&bytes) {
                prop_assert!(header.body <= bytes.len());
            }
            let _ = read_envelope(&bytes);
        }
    }
}
