//! Features as bytes: for each its geometry in GeoPackage binary, length first (u32, `u32::MAX`
//! for none), then its values, each a tag and what the tag announces: 0 null, 1 false, 2 true,
//! 3 integer (i64), 4 real (f64), 5 text and 6 bytes (u32 length first). Numbers are little-endian.

use spatial::{Feature, Value, gpb};

const NO_GEOMETRY: u32 = u32::MAX;

/// Appends `feature`.
pub(super) fn encode(feature: &Feature, out: &mut Vec<u8>) {
    match &feature.geometry {
        None => out.extend_from_slice(&NO_GEOMETRY.to_le_bytes()),
        Some(geometry) => push_bytes(out, &gpb::encode(geometry, 0)),
    }
    for value in &feature.properties {
        match value {
            Value::Null => out.push(0),
            Value::Bool(truth) => out.push(1 + u8::from(*truth)),
            Value::Int(number) => {
                out.push(3);
                out.extend_from_slice(&number.to_le_bytes());
            }
            Value::Real(number) => {
                out.push(4);
                out.extend_from_slice(&number.to_le_bytes());
            }
            Value::Text(text) => {
                out.push(5);
                push_bytes(out, text.as_bytes());
            }
            Value::Bytes(bytes) => {
                out.push(6);
                push_bytes(out, bytes);
            }
        }
    }
}

/// A message is shorter than 4 GB, so that every length fits.
fn push_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    out.extend_from_slice(bytes);
}

/// The features in `bytes`, each of `fields` values; none when the bytes are no such features.
pub(super) fn decode(mut bytes: &[u8], fields: usize) -> Option<Vec<Feature>> {
    let rest = &mut bytes;
    let mut features = Vec::new();
    while !rest.is_empty() {
        let geometry = match u32::from_le_bytes(array(rest)?) {
            NO_GEOMETRY => None,
            length => Some(gpb::decode(take(rest, length as usize)?).ok()?.1.geometry),
        };
        let mut properties = Vec::with_capacity(fields);
        for _ in 0..fields {
            properties.push(match array::<1>(rest)? {
                [0] => Value::Null,
                [1] => Value::Bool(false),
                [2] => Value::Bool(true),
                [3] => Value::Int(i64::from_le_bytes(array(rest)?)),
                [4] => Value::Real(f64::from_le_bytes(array(rest)?)),
                [5] => Value::Text(String::from_utf8(counted(rest)?).ok()?),
                [6] => Value::Bytes(counted(rest)?),
                _ => return None,
            });
        }
        features.push(Feature { id: None, geometry, properties });
    }
    Some(features)
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (head, tail) = rest.split_at_checked(count)?;
    *rest = tail;
    Some(head)
}

fn array<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    take(rest, N)?.try_into().ok()
}

fn counted(rest: &mut &[u8]) -> Option<Vec<u8>> {
    let count = u32::from_le_bytes(array(rest)?) as usize;
    Some(take(rest, count)?.to_vec())
}
