//! Where a request ends, as far as its first bytes say.

/// Where the head ends that `bytes` begin with. `None` where it is not whole, or where HTTP might find
/// another end: behind an empty line at its beginning, or after lines that end in LF alone.
pub fn end_of_head(bytes: &[u8]) -> Option<usize> {
    let mut line = 0;
    loop {
        let end = line + memchr::memchr(b'\n', &bytes[line..])?;
        match bytes[line..end].split_last() {
            Some((b'\r', [])) if line > 0 => return Some(end + 1),
            Some((b'\r', [_, ..])) => line = end + 1,
            _ => return None,
        }
    }
}

/// Bytes of the body that a head of POST says to have. Where HTTP counts otherwise, the bytes of head and body
/// together are those of no request that it answered.
pub fn length_of_body(head: &[u8]) -> usize {
    const NAME: &[u8] = b"content-length:";
    if !head.starts_with(b"POST ") {
        return 0;
    }
    let mut lines = head.split(|byte| *byte == b'\n');
    let value = lines.find_map(|line| match line.split_at_checked(NAME.len()) {
        Some((name, value)) if name.eq_ignore_ascii_case(NAME) => Some(value.trim_ascii()),
        _ => None,
    });
    let length = value.and_then(|value| std::str::from_utf8(value).ok()?.parse().ok());
    length.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_ends_with_an_empty_line() {
        for (bytes, end) in [
            ("GET / HTTP/1.1\r\n\r\n", Some(18)),
            ("GET / HTTP/1.1\r\na: b\r\n\r\nGET", Some(24)),
            ("GET / HTTP/1.1\r\na: b\r\n", None),
            ("GET / HTTP/1.1\n\r\n\r\n", None),
            ("GET / HTTP/1.1\r\n\n\r\n\r\n", None),
            ("\r\nGET / HTTP/1.1\r\n\r\n", None),
            ("", None),
        ] {
            assert_eq!(end_of_head(bytes.as_bytes()), end, "{bytes:?}");
        }
    }
}
