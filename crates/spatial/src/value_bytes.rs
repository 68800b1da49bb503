//! Values as bytes: a tag and what the tag announces. 0 null, 1 false, 2 true, 3 integer (i64),
//! 4 real (f64), 5 text and 6 bytes (u32 length first). Numbers are little-endian.

use crate::Value;

/// Tag of text.
const TEXT: u8 = 5;
/// Tag of bytes; whoever adds tags of its own begins behind it.
const BYTES: u8 = 6;

/// Appends a value; text and bytes are shorter than 4 GB.
pub fn push_value(out: &mut Vec<u8>, value: &Value) {
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
        Value::Text(text) => push_tagged(out, TEXT, text.as_bytes()),
        Value::Bytes(bytes) => push_tagged(out, BYTES, bytes),
    }
}

fn push_tagged(out: &mut Vec<u8>, tag: u8, bytes: &[u8]) {
    out.push(tag);
    push_counted(out, bytes);
}

/// Appends bytes behind their length (u32), which must hold it.
pub fn push_counted(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    out.extend_from_slice(bytes);
}

/// Takes a value off the front; none when there is no such value.
pub fn take_value(rest: &mut &[u8]) -> Option<Value> {
    Some(match take_array::<1>(rest)? {
        [0] => Value::Null,
        [1] => Value::Bool(false),
        [2] => Value::Bool(true),
        [3] => Value::Int(i64::from_le_bytes(take_array(rest)?)),
        [4] => Value::Real(f64::from_le_bytes(take_array(rest)?)),
        [TEXT] => Value::Text(String::from_utf8(take_counted(rest)?).ok()?),
        [BYTES] => Value::Bytes(take_counted(rest)?),
        _ => return None,
    })
}

/// Takes so many bytes off the front.
pub fn take<'a>(rest: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (head, tail) = rest.split_at_checked(count)?;
    *rest = tail;
    Some(head)
}

/// Takes an array off the front.
pub fn take_array<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    take(rest, N)?.try_into().ok()
}

/// Takes what [`push_counted`] appended off the front.
pub fn take_counted(rest: &mut &[u8]) -> Option<Vec<u8>> {
    let count = u32::from_le_bytes(take_array(rest)?) as usize;
    Some(take(rest, count)?.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_comes_back_and_a_cut_one_does_not() {
        let values = [
            Value::Null,
            Value::Bool(false),
            Value::Bool(true),
            Value::Int(-7),
            Value::Real(1.5),
            Value::Text("村".to_owned()),
            Value::Bytes(vec![0, 255]),
        ];
        for value in values {
            let mut bytes = Vec::new();
            push_value(&mut bytes, &value);
            assert_eq!(take_value(&mut bytes.as_slice()), Some(value.clone()));
            assert_eq!(take_value(&mut &bytes[..bytes.len() - 1]), None, "{value:?}");
        }
        assert_eq!(take_value(&mut [9].as_slice()), None);
    }
}
