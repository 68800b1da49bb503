//! Messages as bytes on a stream.

use std::io::{Error, ErrorKind, Read, Write};

use super::MAX_MESSAGE;

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// First of a connection: protocol and store, as JSON.
    Hello,
    /// Something short to be done, as JSON.
    Command,
    /// A load begins, as JSON; features follow.
    Load,
    /// Changes of several collections begin, as JSON; features follow.
    Changes,
    /// Features of the load or of the changes.
    Features,
    /// All features were sent.
    Finish,
    /// A spreadsheet of points, as JSON.
    Sheet,
    /// A spreadsheet of events, as JSON.
    EventSheet,
    /// A document as a route takes it, as JSON.
    Document,
    /// It is done: what came of it, as JSON.
    Done,
    /// It is not done: why, as text.
    Refused,
}

const KINDS: [(Kind, u8); 11] = [
    (Kind::Hello, b'H'),
    (Kind::Command, b'C'),
    (Kind::Load, b'L'),
    (Kind::Changes, b'G'),
    (Kind::Features, b'F'),
    (Kind::Finish, b'E'),
    (Kind::Sheet, b'S'),
    (Kind::EventSheet, b'V'),
    (Kind::Document, b'J'),
    (Kind::Done, b'D'),
    (Kind::Refused, b'R'),
];

/// Writes one message.
pub(super) fn write(to: &mut impl Write, kind: Kind, body: &[u8]) -> std::io::Result<()> {
    let length = u32::try_from(body.len()).ok().filter(|_| body.len() <= MAX_MESSAGE);
    let Some(length) = length else {
        let said = format!("a message of {} bytes; at most {MAX_MESSAGE} are sent", body.len());
        return Err(Error::new(ErrorKind::InvalidInput, said));
    };
    let code = KINDS.iter().find(|(known, _)| *known == kind).map_or(0, |(_, code)| *code);
    to.write_all(&[code])?;
    to.write_all(&length.to_le_bytes())?;
    to.write_all(body)
}

/// Reads one message; none where the stream ends between two.
pub(super) fn read(from: &mut impl Read) -> std::io::Result<Option<(Kind, Vec<u8>)>> {
    let mut code = [0];
    if from.read(&mut code)? == 0 {
        return Ok(None);
    }
    let malformed = |what: String| Error::new(ErrorKind::InvalidData, what);
    let kind = KINDS.iter().find(|(_, known)| *known == code[0]);
    let (kind, _) = kind.ok_or_else(|| malformed(format!("a message of kind {}", code[0])))?;
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let length = u32::from_le_bytes(length) as usize;
    if length > MAX_MESSAGE {
        return Err(malformed(format!(
            "a message of {length} bytes; at most {MAX_MESSAGE} are read"
        )));
    }
    // Memory grows with what arrives, not with what is announced.
    let mut body = Vec::with_capacity(length.min(1 << 16));
    from.take(length as u64).read_to_end(&mut body)?;
    if body.len() < length {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    Ok(Some((*kind, body)))
}
