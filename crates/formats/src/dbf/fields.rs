//! Columns of a DBF: their descriptors, names and values.

use encoding_rs::{Encoding, UTF_8};
use spatial::{Field, FieldClass, FieldType, Value};

use crate::RowDefect;
use crate::encoding::{RowEncoding, Text, bad_encoding, decode};

/// Names of more bytes than this are cut by the format.
const NAME_BYTES: usize = 10;

/// How the bytes of a column are read.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    /// `C`
    Text,
    /// `N`, `F`: digits; the flag says that the column has no decimals.
    Digits { whole: bool },
    /// `L`
    Truth,
    /// `D`
    Day,
    /// `T`, `@`: a Julian day and milliseconds.
    Moment,
    /// `I`, `+`
    Int32,
    /// `B` of FoxPro, `O`
    Double,
    /// `Y`
    Currency,
}

/// One column.
#[derive(Clone, Debug)]
pub(super) struct Column {
    /// Unique name.
    pub name: String,
    raw_name: Vec<u8>,
    kind: Kind,
    field_type: FieldType,
    start: usize,
    end: usize,
}

/// Reads the descriptors; columns that are not read (memos and other references) are noted.
pub(super) fn read_columns(
    descriptors: &[u8],
    record_bytes: usize,
) -> Result<(Vec<Column>, Vec<String>), String> {
    let descriptors: Vec<&[u8]> =
        descriptors.chunks_exact(32).take_while(|descriptor| descriptor[0] != 0x0D).collect();
    // Clipper and FoxPro keep the high byte of a text column's width in the decimals.
    let width = |descriptor: &[u8], wide: bool| {
        let high = if wide && descriptor[11] == b'C' { usize::from(descriptor[17]) } else { 0 };
        usize::from(descriptor[16]) + high * 256
    };
    let total = |wide| 1 + descriptors.iter().map(|d| width(d, wide)).sum::<usize>();
    let wide = total(false) != record_bytes && total(true) == record_bytes;
    if total(wide) > record_bytes {
        return Err(format!(
            "the columns are {} bytes wide, a row has {record_bytes}",
            total(wide)
        ));
    }
    let (mut columns, mut notes) = (Vec::with_capacity(descriptors.len()), Vec::new());
    let mut start = 1;
    for descriptor in descriptors {
        let name = descriptor[..11].split(|&byte| byte == 0).next().unwrap_or_default();
        let end = start + width(descriptor, wide);
        let kind = match (descriptor[11], end - start) {
            (b'C', _) => Some((Kind::Text, FieldType::Text)),
            (b'N' | b'F', _) => match descriptor[17] {
                0 => Some((Kind::Digits { whole: true }, FieldType::Int)),
                _ => Some((Kind::Digits { whole: false }, FieldType::Real)),
            },
            (b'L', 1) => Some((Kind::Truth, FieldType::Bool)),
            (b'D', 8) => Some((Kind::Day, FieldType::Date)),
            (b'T' | b'@', 8) => Some((Kind::Moment, FieldType::Text)),
            (b'I' | b'+', 4) => Some((Kind::Int32, FieldType::Int)),
            (b'B' | b'O', 8) => Some((Kind::Double, FieldType::Real)),
            (b'Y', 8) => Some((Kind::Currency, FieldType::Real)),
            _ => None,
        };
        match kind {
            Some((kind, field_type)) => columns.push(Column {
                name: String::new(),
                raw_name: name.trim_ascii_end().to_vec(),
                kind,
                field_type,
                start,
                end,
            }),
            None => notes.push(format!(
                "column {:?} of type {:?} (a memo or other reference) is not read",
                String::from_utf8_lossy(name),
                char::from(descriptor[11])
            )),
        }
        start = end;
    }
    Ok((columns, notes))
}

/// Gives every column its name: decoded, without a character cut in half, unique whatever the
/// case. Returns notes on what had to be done.
pub(super) fn name_columns(columns: &mut [Column], encoding: RowEncoding) -> Vec<String> {
    let mut notes = Vec::new();
    let mut names: Vec<String> = Vec::with_capacity(columns.len());
    for (slot, column) in columns.iter().enumerate() {
        let text = column.name_text();
        let decoded = encoding
            .of(&[text])
            .or_else(|| RowEncoding::fixed(encoding.taken()).of(&[text]))
            .and_then(|encoding| decode(encoding, text));
        let name = match &decoded {
            Some((name, cut)) => {
                if *cut {
                    notes.push(format!("field name {name:?} is cut inside a character"));
                }
                name.trim().to_owned()
            }
            None => {
                notes.push(format!("the name of field {} cannot be decoded", slot + 1));
                String::new()
            }
        };
        names.push(name);
    }
    let (unique, renamed) = crate::table::unique_names(names);
    notes.extend(renamed);
    for (column, name) in columns.iter_mut().zip(unique) {
        column.name = name;
    }
    notes
}

/// What a first pass over the rows learns of number columns.
#[derive(Debug)]
pub(super) struct Survey {
    /// By column: values that do not fit the type that the descriptor promises.
    not_int: Vec<u64>,
    overflown: Vec<u64>,
}

impl Survey {
    pub(super) fn new(columns: &[Column]) -> Self {
        Self { not_int: vec![0; columns.len()], overflown: vec![0; columns.len()] }
    }

    pub(super) fn row(&mut self, columns: &[Column], record: &[u8]) {
        for (slot, column) in columns.iter().enumerate() {
            if let Kind::Digits { whole } = column.kind {
                let digits = column.digits(record);
                if digits.first() == Some(&b'*') {
                    self.overflown[slot] += 1;
                } else if whole && !digits.is_empty() && parse_int(digits).is_none() {
                    self.not_int[slot] += 1;
                }
            }
        }
    }

    pub(super) fn finish(self, columns: &mut [Column]) -> Vec<String> {
        let mut overflown = 0;
        for (slot, column) in columns.iter_mut().enumerate() {
            if self.not_int[slot] > 0 {
                column.kind = Kind::Digits { whole: false };
                column.field_type = FieldType::Real;
            }
            overflown += self.overflown[slot];
        }
        match overflown {
            0 => Vec::new(),
            n => vec![format!("{n} numbers overflow their column (****) and are read as null")],
        }
    }
}

fn parse_int(digits: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(digits).ok()?;
    // "12." and "12.000" occur in columns without decimals.
    let whole = text
        .split_once('.')
        .map_or(text, |(whole, rest)| if rest.bytes().all(|b| b == b'0') { whole } else { text });
    whole.parse().ok()
}

impl Column {
    pub(super) fn is_text(&self) -> bool {
        self.kind == Kind::Text
    }

    pub(super) fn name_text(&self) -> Text<'_> {
        Text { bytes: &self.raw_name, may_be_cut: self.raw_name.len() >= NAME_BYTES }
    }

    pub(super) fn field(&self) -> Field {
        Field {
            name: self.name.clone(),
            alias: None,
            field_type: self.field_type,
            class: FieldClass::L1,
        }
    }

    fn bytes<'a>(&self, record: &'a [u8]) -> &'a [u8] {
        record.get(self.start..self.end).unwrap_or_default()
    }

    /// A text value without its padding of spaces or zeros.
    pub(super) fn text<'a>(&self, record: &'a [u8]) -> Text<'a> {
        let bytes = self.bytes(record);
        let padding = bytes.iter().rev().take_while(|b| matches!(b, b' ' | 0)).count();
        Text { bytes: &bytes[..bytes.len() - padding], may_be_cut: padding == 0 }
    }

    fn digits<'a>(&self, record: &'a [u8]) -> &'a [u8] {
        let bytes = self.bytes(record);
        bytes.split(|&b| b == 0).next().unwrap_or_default().trim_ascii()
    }

    /// The value in `record`.
    pub(super) fn value(
        &self,
        record: &[u8],
        encoding: &'static Encoding,
    ) -> Result<Value, RowDefect> {
        let defect = |kind, reason: &str| RowDefect {
            kind,
            field: Some(self.name.clone()),
            reason: reason.to_owned(),
        };
        let bytes = self.bytes(record);
        let value = match self.kind {
            Kind::Text => {
                let text = self.text(record);
                if text.bytes.is_empty() {
                    return Ok(Value::Null);
                }
                let (text, _) = decode(encoding, text)
                    .ok_or_else(|| bad_encoding(Some(&self.name), RowEncoding::fixed(encoding)))?;
                Some(Value::Text(text.into_owned()))
            }
            Kind::Digits { whole } => {
                let digits = self.digits(record);
                if digits.is_empty() || digits[0] == b'*' {
                    return Ok(Value::Null);
                }
                let value = if whole {
                    parse_int(digits).map(Value::Int)
                } else {
                    let text = decode(UTF_8, digits.into()).map(|(text, _)| text);
                    text.and_then(|text| text.parse().ok()).and_then(real)
                };
                return value.ok_or_else(|| defect("bad_number", "not a number"));
            }
            Kind::Truth => match bytes[0] {
                b'T' | b't' | b'Y' | b'y' => Some(Value::Bool(true)),
                b'F' | b'f' | b'N' | b'n' => Some(Value::Bool(false)),
                b'?' | b' ' | 0 => Some(Value::Null),
                _ => return Err(defect("bad_truth", "neither true (T, Y) nor false (F, N)")),
            },
            Kind::Day => {
                let digits = self.digits(record);
                if digits.iter().all(|b| *b == b'0') {
                    return Ok(Value::Null);
                }
                let text = String::from_utf8_lossy(digits);
                return (digits.len() == 8 && digits.is_ascii())
                    .then(|| format!("{}-{}-{}", &text[..4], &text[4..6], &text[6..]))
                    .filter(|day| crate::datetime::is_date(day))
                    .map(Value::Text)
                    .ok_or_else(|| defect("bad_date", "not a day of the calendar as YYYYMMDD"));
            }
            Kind::Moment => match bytes.first_chunk::<8>() {
                Some([0, 0, 0, 0, ..]) | Some([b' ', b' ', b' ', b' ', ..]) | None => {
                    Some(Value::Null)
                }
                Some([a, b, c, d, time @ ..]) => {
                    moment(i32::from_le_bytes([*a, *b, *c, *d]), i32::from_le_bytes(*time))
                        .map(Value::Text)
                }
            },
            Kind::Int32 => {
                bytes.first_chunk().map(|bytes| Value::Int(i64::from(i32::from_le_bytes(*bytes))))
            }
            Kind::Double => bytes.first_chunk().and_then(|bytes| real(f64::from_le_bytes(*bytes))),
            Kind::Currency => bytes
                .first_chunk()
                .map(|bytes| Value::Real(i64::from_le_bytes(*bytes) as f64 / 10_000.0)),
        };
        value.ok_or_else(|| defect("bad_value", "the bytes hold no value of the column's type"))
    }
}

fn real(value: f64) -> Option<Value> {
    value.is_finite().then_some(Value::Real(value))
}

/// Local date and time of a Julian day and the milliseconds in it; the file says no zone.
fn moment(julian_day: i32, millis: i32) -> Option<String> {
    /// Julian day of 1970-01-01.
    const EPOCH: i64 = 2_440_588;
    if !(0..86_400_000).contains(&millis) || !(1_721_426..=5_373_484).contains(&julian_day) {
        return None;
    }
    let (year, month, day) = spatial::calendar::civil_from_days(i64::from(julian_day) - EPOCH);
    let seconds = millis / 1000;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    Some(format!("{year:04}-{month:02}-{day:02} {hours:02}:{minutes:02}:{seconds:02}"))
}
