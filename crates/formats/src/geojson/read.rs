//! Reads the layer of a GeoJSON file.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek};
use std::path::{Path, PathBuf};

use spatial::{Feature, Field};

use super::feature::{self, RawFeature};
use super::sniff::{Columns, Sniff};
use super::split::{Document, Piece, SplitError};
use super::{FORMAT, MAX_FEATURE_BYTES, MAX_FIELDS};
use crate::json::{Cursor, JsonValue};
use crate::reader::{make_names_unique, stem};
use crate::{DeclaredCrs, FormatError, LayerReader, LayerSchema, Row, RowDefect};

/// Separator of a text sequence by RFC 8142.
const RECORD_SEPARATOR: u8 = 0x1E;

/// Opens a feature collection, a feature or a geometry; a sequence of them is recognised.
pub fn open(path: &Path) -> Result<Vec<Box<dyn LayerReader>>, FormatError> {
    let mut texts = Texts::open(path, Kind::Document)?;
    let first = {
        let file = texts.input();
        file.fill_buf().map_err(FormatError::io(path))?.first().copied()
    };
    if first == Some(RECORD_SEPARATOR) {
        return open_seq(path);
    }
    let mut members = Members::default();
    let mut sniff = Sniff::default();
    while texts.next(&mut members)?.is_some() {
        push(path, &mut sniff, &texts.text)?;
    }
    if !members.has_features && texts.is_followed()? {
        return open_seq(path);
    }
    if !members.has_features {
        // The outermost object itself is the feature.
        texts.kind = Kind::Whole;
        texts.rewind()?;
        texts.next(&mut members)?;
        push(path, &mut sniff, &texts.text)?;
    }
    layer(texts, sniff, members)
}

/// Opens a sequence of features, one a line or each after a record separator.
pub fn open_seq(path: &Path) -> Result<Vec<Box<dyn LayerReader>>, FormatError> {
    let mut texts = Texts::open(path, Kind::Lines)?;
    let first = texts.input().fill_buf().map_err(FormatError::io(path))?.first().copied();
    if first == Some(RECORD_SEPARATOR) {
        texts.kind = Kind::Records;
    }
    let mut members = Members::default();
    let mut sniff = Sniff::default();
    while texts.next(&mut members)?.is_some() {
        push(path, &mut sniff, &texts.text)?;
    }
    layer(texts, sniff, members)
}

fn push(path: &Path, sniff: &mut Sniff, text: &[u8]) -> Result<(), FormatError> {
    // A defective feature is counted, and reported when it is read.
    let raw = feature::read(text).unwrap_or_default();
    sniff.push(&raw).map_err(|_too_many| {
        let reason = format!("more than {MAX_FIELDS} different properties");
        FormatError::malformed(path, FORMAT, reason)
    })
}

fn layer(
    mut texts: Texts,
    sniff: Sniff,
    members: Members,
) -> Result<Vec<Box<dyn LayerReader>>, FormatError> {
    texts.rewind()?;
    let mut notes = members.notes;
    let (count, geometry_type, has_z) = (sniff.count, sniff.geometry_type(), sniff.has_z);
    let columns = sniff.finish();
    let mut fields: Vec<Field> = columns.fields.clone();
    make_names_unique(&mut fields, &mut notes);
    let schema = LayerSchema {
        name: members.name.unwrap_or_else(|| stem(&texts.path)),
        crs: members.crs,
        geometry_type,
        has_z,
        has_m: false,
        fields,
        place_columns: Vec::new(),
        count: Some(count),
        notes,
    };
    Ok(vec![Box::new(GeoJsonReader { texts, columns, schema })])
}

struct GeoJsonReader {
    texts: Texts,
    columns: Columns,
    schema: LayerSchema,
}

impl LayerReader for GeoJsonReader {
    fn schema(&self) -> &LayerSchema {
        &self.schema
    }

    fn next_rows(&mut self, limit: usize) -> Result<Vec<Row>, FormatError> {
        let mut rows = Vec::with_capacity(limit.min(4096));
        let mut members = Members::default();
        while rows.len() < limit
            && let Some(number) = self.texts.next(&mut members)?
        {
            let row = match feature::read(&self.texts.text).and_then(|raw| self.feature(raw)) {
                Ok((feature, mended)) => Row { number, feature: Ok(feature), mended },
                Err(defect) => Row::new(number, Err(defect)),
            };
            rows.push(row);
        }
        Ok(rows)
    }
}

impl GeoJsonReader {
    fn feature(&self, raw: RawFeature<'_>) -> Result<(Feature, Vec<&'static str>), RowDefect> {
        let properties = self.columns.values(&raw).map_err(|name| {
            let reason = "the value is not of the field's type; a number may be too large";
            RowDefect::of_field("bad_value", &name, reason)
        })?;
        let (geometry, mended) =
            raw.geometry.map(|read| (Some(read.geometry), read.mended)).unwrap_or_default();
        Ok((Feature { id: None, geometry, properties }, mended))
    }
}

/// How the features lie in the file.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// In the member `features` of one object.
    Document,
    /// The whole file is the one feature.
    Whole,
    /// One a line.
    Lines,
    /// Each after a record separator.
    Records,
}

/// The texts of the features of a file, one after the other.
struct Texts {
    path: PathBuf,
    kind: Kind,
    document: Document<BufReader<File>>,
    /// The text of the current feature.
    text: Vec<u8>,
    /// Number of the current feature, line or record.
    number: u64,
}

impl Texts {
    fn open(path: &Path, kind: Kind) -> Result<Self, FormatError> {
        let file = File::open(path).map_err(FormatError::io(path))?;
        let document = Document::new(BufReader::with_capacity(1 << 18, file));
        let mut texts = Self { path: path.to_owned(), kind, document, text: Vec::new(), number: 0 };
        texts.skip_byte_order_mark()?;
        Ok(texts)
    }

    fn input(&mut self) -> &mut BufReader<File> {
        &mut self.document.input
    }

    fn skip_byte_order_mark(&mut self) -> Result<(), FormatError> {
        let path = self.path.clone();
        let marked = self.input().fill_buf().map_err(FormatError::io(&path))?;
        if marked.starts_with(b"\xEF\xBB\xBF") {
            self.input().consume(3);
        }
        Ok(())
    }

    fn rewind(&mut self) -> Result<(), FormatError> {
        self.input().rewind().map_err(FormatError::io(&self.path.clone()))?;
        self.document.restart();
        self.number = 0;
        self.skip_byte_order_mark()
    }

    /// Whether another value follows the outermost object.
    fn is_followed(&mut self) -> Result<bool, FormatError> {
        self.document.has_more().map_err(|error| self.error(error))
    }

    /// Reads the next text; its number, or `None` at the end.
    fn next(&mut self, members: &mut Members) -> Result<Option<u64>, FormatError> {
        loop {
            let found = match self.kind {
                Kind::Document => match self.document.next(&mut self.text) {
                    Ok(Piece::Feature) => true,
                    Ok(Piece::Member(name)) => {
                        members.push(&name, &self.text);
                        continue;
                    }
                    Ok(Piece::End) => false,
                    Err(error) => return Err(self.error(error)),
                },
                Kind::Whole => {
                    self.text.clear();
                    self.limited(|input, text| input.read_to_end(text))?;
                    !self.text.is_empty()
                }
                Kind::Lines => self.delimited(b'\n')?,
                Kind::Records => self.delimited(RECORD_SEPARATOR)?,
            };
            if !found {
                members.has_features |= self.document.had_features();
                return Ok(None);
            }
            self.number += 1;
            // What stands before the first record separator is no record.
            if self.kind == Kind::Records && self.number == 1 && self.text.is_empty() {
                self.number = 0;
            }
            let is_blank = self.text.iter().all(u8::is_ascii_whitespace);
            if !is_blank || self.kind == Kind::Document {
                return Ok(Some(self.number));
            }
        }
    }

    /// Reads up to `end` or the end of the file; `false` when nothing is left.
    fn delimited(&mut self, end: u8) -> Result<bool, FormatError> {
        self.text.clear();
        let read = self.limited(|input, text| input.read_until(end, text))?;
        if self.text.last() == Some(&end) {
            self.text.pop();
        }
        Ok(read > 0)
    }

    fn limited(
        &mut self,
        read: impl FnOnce(&mut dyn BufRead, &mut Vec<u8>) -> std::io::Result<usize>,
    ) -> Result<usize, FormatError> {
        let mut input = (&mut self.document.input).take(MAX_FEATURE_BYTES as u64 + 1);
        let length = read(&mut input, &mut self.text).map_err(FormatError::io(&self.path))?;
        if length > MAX_FEATURE_BYTES {
            return Err(self.error(SplitError::Malformed("a value longer than 256 MiB")));
        }
        Ok(length)
    }

    fn error(&self, error: SplitError) -> FormatError {
        match error {
            SplitError::Io(source) => FormatError::io(&self.path)(source),
            SplitError::Malformed(reason) => {
                let place = format!("{reason}, after feature {}", self.number);
                FormatError::malformed(&self.path, FORMAT, place)
            }
        }
    }
}

/// What the members beside the features say.
struct Members {
    has_features: bool,
    name: Option<String>,
    crs: DeclaredCrs,
    notes: Vec<String>,
}

impl Default for Members {
    /// RFC 7946: longitude and latitude of WGS 84 where nothing else is said.
    fn default() -> Self {
        Self { has_features: false, name: None, crs: DeclaredCrs::Epsg(4326), notes: Vec::new() }
    }
}

impl Members {
    fn push(&mut self, name: &[u8], text: &[u8]) {
        let Ok(text) = std::str::from_utf8(text) else { return };
        match name {
            b"\"name\"" => {
                if let Ok(JsonValue::Text(name)) = Cursor::new(text).value() {
                    self.name = Some(name.into_owned()).filter(|name| !name.is_empty());
                }
            }
            b"\"crs\"" => {
                self.crs = declared_crs(text);
                if self.crs == DeclaredCrs::Unknown {
                    self.notes.push("the member crs names no CRS that is known here".to_owned());
                }
            }
            _ => {}
        }
    }
}

/// The CRS that a member `crs` of GeoJSON 2008 names.
fn declared_crs(text: &str) -> DeclaredCrs {
    let mut name = None;
    let found = Cursor::new(text).members(|cursor, key| {
        if key != "properties" || cursor.peek() != Some(b'{') {
            return cursor.skip_value();
        }
        cursor.members(|cursor, key| match (&*key, cursor.value()?) {
            ("name", JsonValue::Text(text)) => {
                name = Some(text.to_ascii_uppercase());
                Ok(())
            }
            _ => Ok(()),
        })
    });
    let name = name.filter(|_| found.is_ok()).unwrap_or_default();
    let is_epsg = name.contains("EPSG");
    let code = name.rsplit([':', '/']).next().unwrap_or_default();
    match code.parse() {
        _ if code == "CRS84" || code == "CRS84H" => DeclaredCrs::Epsg(4326),
        Ok(code) if is_epsg => DeclaredCrs::Epsg(code),
        _ => DeclaredCrs::Unknown,
    }
}
