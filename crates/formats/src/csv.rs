//! CSV and TSV: delimiter, encoding and header are found out, then the cells become features.
//!
//! The bytes are split before they are decoded: no byte of UTF-8 or GB18030 beyond the first of
//! a character can be taken for a comma, semicolon, tab, quote or line end. UTF-16 files are
//! turned into UTF-8 in memory first.

#[cfg(test)]
mod csv_tests;

use std::fs::File;
use std::io::{Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use ::csv::{ByteRecord, Position, Reader, ReaderBuilder, Terminator};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

use crate::csv_write::unguarded;
use crate::dbf::{claim_beside, stem};
use crate::detect::ReadOptions;
use crate::encoding::{RowEncoding, Tally, Text, bad_encoding, decode};
use crate::table::{self, Cell, CellRow, CellRows, Table, columns::is_number};
use crate::{FormatError, LayerReader};

const FORMAT: &str = "CSV";
/// A record longer than this is a quote that is not closed.
const MAX_RECORD_BYTES: u64 = 16 << 20;
const MAX_RECORD_LINES: u64 = 500;
/// UTF-16 is converted in memory.
const MAX_UTF16_BYTES: u64 = 512 << 20;
const MAX_COLUMNS: usize = 2000;
/// How much of the file tells its delimiter.
const SAMPLE_BYTES: u64 = 1 << 16;
const DELIMITERS: [u8; 3] = [b',', b'\t', b';'];

/// Opens the table in `path`.
pub fn open(path: &Path, options: &ReadOptions) -> Result<Vec<Box<dyn LayerReader>>, FormatError> {
    let malformed =
        |reason: String| FormatError::Malformed { path: path.to_owned(), format: FORMAT, reason };
    let named = options.named_encoding(path)?;
    let (source, utf16) = Source::open(path, named)?;
    let mut rows = Rows::new(path.to_owned(), source)?;
    let (claim, mut notes) = claim_beside(path)?;
    if rows.delimiter != b',' {
        notes.push(format!("cells are separated by {:?}", char::from(rows.delimiter)));
    }
    let Some(first) = rows.first_record()? else {
        return Err(malformed("it has no row".to_owned()));
    };
    if first.len() > MAX_COLUMNS {
        return Err(malformed(format!("{} columns; at most {MAX_COLUMNS} are read", first.len())));
    }
    rows.encoding = match (utf16, named) {
        (Some(encoding), _) => {
            notes.push(format!("text encoding {}: said by its first bytes", encoding.name()));
            RowEncoding::fixed(UTF_8)
        }
        (None, Some(encoding)) => {
            notes.push(format!("text encoding {}: said by --encoding", encoding.name()));
            RowEncoding::fixed(encoding)
        }
        (None, None) => {
            let mut tally = Tally::new(claim);
            rows.go_to(Position::new())?;
            while let Some(record) = rows.next_record()? {
                tally.row(&texts(record));
            }
            let (encoding, why) = tally.choose();
            notes.extend(why);
            encoding
        }
    };
    let texts = texts(&first);
    let encoding = rows.encoding.of(&texts);
    let encoding = encoding.ok_or_else(|| {
        malformed(format!("its header: {}", bad_encoding(None, rows.encoding).reason))
    })?;
    let mut header: Vec<String> = texts
        .iter()
        .map(|text| decode(encoding, *text).map_or_else(String::new, |(text, _)| text.into_owned()))
        .map(|name| unguarded(&name).unwrap_or(&name).trim().to_owned())
        .collect();
    // Trailing separators make nameless columns.
    while header.last().is_some_and(String::is_empty) {
        header.pop();
    }
    // Long codes are no names of columns either, and may be personal.
    let code = |name: &String| name.len() > 10 && name.bytes().all(|b| b.is_ascii_alphanumeric());
    let code = |name: &String| code(name) && name.bytes().filter(u8::is_ascii_digit).count() > 8;
    let has_header =
        header.iter().any(|name| !name.is_empty() && !is_number(name)) && !header.iter().any(code);
    if !has_header {
        notes.push("the first row is data: there is no header, columns are numbered".to_owned());
        header.fill(String::new());
    }
    rows.skip_first = has_header;
    let table = Table { name: stem(path), header, rows: Box::new(rows), notes };
    Ok(vec![table::open(table, options, &malformed)?])
}

/// The bytes of the file, in an encoding that keeps ASCII.
trait Bytes: Read + Seek + Send {}
impl<T: Read + Seek + Send> Bytes for T {}

/// Bytes without a byte order mark and with a line end behind them, within the bound of one
/// record.
struct Source {
    bytes: Box<dyn Bytes>,
    /// Length of the byte order mark.
    start: u64,
    left: u64,
    ended: bool,
}

impl Source {
    fn new(bytes: Box<dyn Bytes>, start: u64) -> Self {
        Self { bytes, start, left: MAX_RECORD_BYTES, ended: false }
    }
}

impl Source {
    /// Opens `path`; UTF-16, by its mark or by the user's word, becomes UTF-8.
    fn open(
        path: &Path,
        forced: Option<&'static Encoding>,
    ) -> Result<(Self, Option<&'static Encoding>), FormatError> {
        let io = |source| FormatError::Io { path: path.to_owned(), source };
        let mut file = File::open(path).map_err(io)?;
        let mut mark = Vec::new();
        (&mut file).take(3).read_to_end(&mut mark).map_err(io)?;
        let found = Encoding::for_bom(&mark);
        let utf16 = forced.or(found.map(|(encoding, _)| encoding));
        let utf16 = utf16.filter(|encoding| [UTF_16LE, UTF_16BE].contains(encoding));
        let start = found.map_or(0, |(_, length)| length as u64);
        file.seek(SeekFrom::Start(start)).map_err(io)?;
        let Some(encoding) = utf16 else {
            return Ok((Self::new(Box::new(file), start), None));
        };
        let malformed =
            |reason| FormatError::Malformed { path: path.to_owned(), format: FORMAT, reason };
        let mut bytes = Vec::new();
        (&mut file).take(MAX_UTF16_BYTES + 1).read_to_end(&mut bytes).map_err(io)?;
        if bytes.len() as u64 > MAX_UTF16_BYTES {
            return Err(malformed(format!(
                "UTF-16 files are read up to {} MiB; save it as UTF-8",
                MAX_UTF16_BYTES >> 20
            )));
        }
        let text = encoding
            .decode_without_bom_handling_and_without_replacement(&bytes)
            .ok_or_else(|| malformed(format!("it is not {} throughout", encoding.name())))?;
        let bytes = Box::new(Cursor::new(text.into_owned().into_bytes()));
        Ok((Self::new(bytes, 0), Some(encoding)))
    }
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.left == 0 {
            let reason = format!("a record of more than {MAX_RECORD_BYTES} bytes");
            return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, reason));
        }
        let mut read = self.bytes.read(buffer)?;
        if read == 0 && !self.ended && !buffer.is_empty() {
            buffer[0] = b'\n';
            (read, self.ended) = (1, true);
        }
        self.left = self.left.saturating_sub(read as u64);
        Ok(read)
    }
}

impl Seek for Source {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.ended = false;
        let to = match to {
            SeekFrom::Start(at) => SeekFrom::Start(at + self.start),
            other => other,
        };
        Ok(self.bytes.seek(to)?.saturating_sub(self.start))
    }
}

struct Rows {
    path: PathBuf,
    reader: Reader<Source>,
    record: ByteRecord,
    delimiter: u8,
    encoding: RowEncoding,
    /// Whether the first record is a header.
    skip_first: bool,
}

impl Rows {
    fn new(path: PathBuf, mut source: Source) -> Result<Self, FormatError> {
        let io = |source| FormatError::Io { path: path.clone(), source };
        let mut sample = Vec::new();
        source.bytes.by_ref().take(SAMPLE_BYTES).read_to_end(&mut sample).map_err(io)?;
        source.seek(SeekFrom::Start(0)).map_err(io)?;
        let delimiter = find_delimiter(&sample);
        let mut builder = builder(delimiter);
        // With a line end of its own each record's line is known exactly; a carriage return
        // before it is trimmed with the cell.
        if sample.contains(&b'\n') {
            builder.terminator(Terminator::Any(b'\n'));
        }
        let reader = builder.from_reader(source);
        let encoding = RowEncoding::fixed(UTF_8);
        Ok(Self { path, reader, record: ByteRecord::new(), delimiter, encoding, skip_first: false })
    }

    fn go_to(&mut self, position: Position) -> Result<(), FormatError> {
        self.reader.seek(position).map_err(|error| self.error(&error))
    }

    fn first_record(&mut self) -> Result<Option<ByteRecord>, FormatError> {
        Ok(self.next_record()?.cloned())
    }

    /// The next record that is not blank.
    fn next_record(&mut self) -> Result<Option<&ByteRecord>, FormatError> {
        loop {
            self.reader.get_mut().left = MAX_RECORD_BYTES;
            let more = self.reader.read_byte_record(&mut self.record);
            if !more.map_err(|error| self.error(&error))? {
                return Ok(None);
            }
            let line = self.record.position().map_or(0, Position::line);
            let lines = self.reader.position().line().saturating_sub(line);
            if lines > MAX_RECORD_LINES {
                return Err(self.malformed(format!(
                    "the row at line {line} runs over {lines} lines: a quote in it is not closed"
                )));
            }
            if self.record.iter().any(|cell| !cell.trim_ascii().is_empty()) {
                return Ok(Some(&self.record));
            }
        }
    }

    fn malformed(&self, reason: String) -> FormatError {
        FormatError::Malformed { path: self.path.clone(), format: FORMAT, reason }
    }

    fn error(&self, error: &csv::Error) -> FormatError {
        self.malformed(error.to_string())
    }
}

impl CellRows for Rows {
    fn rewind(&mut self) -> Result<(), FormatError> {
        self.go_to(Position::new())?;
        if self.skip_first {
            self.next_record()?;
        }
        Ok(())
    }

    fn next_row(&mut self) -> Result<Option<CellRow>, FormatError> {
        let encoding = self.encoding;
        if self.next_record()?.is_none() {
            return Ok(None);
        }
        let record = &self.record;
        let inside: usize =
            record.iter().map(|cell| cell.iter().filter(|b| **b == b'\n').count()).sum();
        let number = self.reader.position().line().saturating_sub(1 + inside as u64);
        let texts = texts(record);
        let Some(of_row) = encoding.of(&texts) else {
            return Ok(Some((number, Err(bad_encoding(None, encoding)))));
        };
        let cells = texts.iter().map(|text| match decode(of_row, *text) {
            Some((text, _)) => cell(&text),
            None => Cell::Empty,
        });
        Ok(Some((number, Ok(cells.collect()))))
    }
}

fn builder(delimiter: u8) -> ReaderBuilder {
    let mut builder = ReaderBuilder::new();
    builder.delimiter(delimiter).has_headers(false).flexible(true);
    builder
}

fn texts(record: &ByteRecord) -> Vec<Text<'_>> {
    record.iter().map(Text::from).collect()
}

/// A cell that this program guarded against being run as a formula is the text behind the apostrophe.
/// Spreadsheets are made to keep a code by writing `="0012"`.
fn cell(text: &str) -> Cell {
    if let Some(text) = unguarded(text) {
        return match text.trim() {
            "" => Cell::Empty,
            text => Cell::Text(text.to_owned()),
        };
    }
    let text = text.trim();
    if text.is_empty() {
        return Cell::Empty;
    }
    match text.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"')) {
        Some(code) => Cell::Text(code.to_owned()),
        None => Cell::Untyped(text.to_owned()),
    }
}

/// The delimiter that splits most records of the sample into as many cells as the first one;
/// the one that makes more cells when several do.
fn find_delimiter(sample: &[u8]) -> u8 {
    /// Records that are looked at.
    const RECORDS: usize = 20;
    let score = |delimiter: u8| {
        let mut reader = builder(delimiter).from_reader(sample);
        let records = reader.byte_records().take(RECORDS).map_while(Result::ok);
        let widths: Vec<usize> = records.map(|record| record.len()).collect();
        let first = widths.first().copied().unwrap_or(0);
        if first < 2 {
            return (0, first);
        }
        let alike = widths.iter().filter(|width| **width == first).count();
        (alike * 100 / widths.len(), first)
    };
    DELIMITERS.into_iter().rev().max_by_key(|delimiter| score(*delimiter)).unwrap_or(b',')
}
