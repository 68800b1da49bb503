//! Writes CSV that Excel opens rightly: UTF-8 with a byte order mark, lines ended by CR LF.
//!
//! Text that a spreadsheet would run as a formula begins with an apostrophe here, and so does text that
//! reads like one that was guarded. `unguarded` takes the apostrophe off: what is written reads back the same.

use std::borrow::Cow;
use std::io::Write;

use geo_types::Geometry as Shape;
use spatial::{Feature, GeometryType, ValueRef};

use crate::atomic_file::AtomicFile;
use crate::geojson::push_hex;
use crate::number::push_number;
use crate::stream::{FeatureStream, StreamFeature};
use crate::writer::typed_values;
use crate::{DeclaredCrs, FeatureWriter, FormatError, LayerSchema, Written, write_wkt};

const FORMAT: &str = "CSV";

/// Writes one line a feature: its fields, then longitude and latitude of a point, or `WKT`.
pub(crate) struct CsvWriter {
    out: ::csv::Writer<AtomicFile>,
    schema: LayerSchema,
    place: Place,
    cell: String,
    count: u64,
}

/// The columns that hold the geometry.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    /// `lon`, `lat`.
    LonLat,
    /// `WKT`. Projected coordinates too: `X` of a survey is the north, elsewhere the east.
    Wkt,
}

impl Place {
    fn of(crs: &DeclaredCrs, geometry: GeometryType, is_measured: bool) -> Self {
        let is_lon_lat = matches!(crs, DeclaredCrs::Epsg(4326 | 4490));
        match is_lon_lat && geometry == GeometryType::Point && !is_measured {
            true => Self::LonLat,
            false => Self::Wkt,
        }
    }

    fn columns(self) -> &'static [&'static str] {
        match self {
            Self::LonLat => &["lon", "lat"],
            Self::Wkt => &["WKT"],
        }
    }
}

impl CsvWriter {
    pub(crate) fn new(mut file: AtomicFile, schema: &LayerSchema) -> Result<Self, FormatError> {
        let path = file.path().to_owned();
        file.write_all("\u{feff}".as_bytes()).map_err(FormatError::io(&path))?;
        let is_measured = schema.has_z || schema.has_m;
        let place = Place::of(&schema.crs, schema.geometry_type, is_measured);
        let out = ::csv::WriterBuilder::new()
            .terminator(::csv::Terminator::CRLF)
            .buffer_capacity(1 << 16)
            .from_writer(file);
        let mut writer = Self { out, schema: schema.clone(), place, cell: String::new(), count: 0 };
        let names: Vec<String> =
            schema.fields.iter().map(|field| guarded(&field.name).into_owned()).collect();
        let header = names.iter().map(String::as_str).chain(place.columns().iter().copied());
        writer.out.write_record(header).map_err(|error| FormatError::io(&path)(error.into()))?;
        Ok(writer)
    }

    fn write_cells(&mut self, feature: &Feature) -> Result<(), FormatError> {
        let path = self.out.get_ref().path().to_owned();
        let io = |error: ::csv::Error| FormatError::io(&path)(error.into());
        for value in typed_values(&path, FORMAT, &self.schema.fields, feature) {
            self.cell.clear();
            let cell = text_of(value?, &mut self.cell);
            self.out.write_field(cell.as_bytes()).map_err(io)?;
        }
        self.cell.clear();
        match (self.place, &feature.geometry) {
            (Place::LonLat, Some(geometry)) => {
                let Shape::Point(point) = geometry.shape else {
                    return Err(FormatError::Unwritable {
                        path,
                        format: FORMAT,
                        reason: "a layer of points has another geometry".to_owned(),
                    });
                };
                for ordinate in [point.x(), point.y()] {
                    self.cell.clear();
                    push_number(&mut self.cell, ordinate);
                    self.out.write_field(&self.cell).map_err(io)?;
                }
            }
            (Place::LonLat, None) => {
                self.out.write_field("").and_then(|()| self.out.write_field("")).map_err(io)?;
            }
            (Place::Wkt, geometry) => {
                if let Some(geometry) = geometry {
                    write_wkt(geometry, &mut self.cell);
                }
                self.out.write_field(&self.cell).map_err(io)?;
            }
        }
        self.out.write_record(None::<&[u8]>).map_err(io)
    }
}

impl FeatureWriter for CsvWriter {
    fn write(&mut self, feature: &Feature) -> Result<(), FormatError> {
        self.count += 1;
        self.write_cells(feature)
    }

    fn finish(self: Box<Self>) -> Result<Written, FormatError> {
        let path = self.out.get_ref().path().to_owned();
        let file = self.out.into_inner().map_err(|error| error.into_error());
        file.map_err(FormatError::io(&path))?.finish()?;
        Ok(Written { features: self.count, notes: Vec::new() })
    }
}

/// A value as the text of a cell; `buffer` is empty and may be used.
fn text_of<'a>(value: ValueRef<'a>, buffer: &'a mut String) -> Cow<'a, str> {
    match value {
        ValueRef::Null => Cow::Borrowed(""),
        ValueRef::Bool(value) => Cow::Borrowed(if value { "true" } else { "false" }),
        ValueRef::Int(value) => Cow::Owned(value.to_string()),
        ValueRef::Real(value) if !value.is_finite() => Cow::Borrowed(""),
        ValueRef::Real(value) => {
            push_number(buffer, value);
            Cow::Borrowed(buffer.as_str())
        }
        ValueRef::Text(value) => guarded(value),
        ValueRef::Bytes(bytes) => {
            push_hex(buffer, bytes);
            Cow::Borrowed(buffer.as_str())
        }
    }
}

/// Writes CSV as a stream; the columns are those of a file.
#[derive(Debug)]
pub struct CsvStream {
    names: Vec<String>,
    place: Place,
    line: String,
    cell: String,
}

impl CsvStream {
    /// A stream of values called `names`, with geometries in `crs`, east first.
    pub fn new(names: &[&str], crs: &DeclaredCrs, geometry: GeometryType, has_z: bool) -> Self {
        let names = names.iter().map(|name| guarded(name).into_owned()).collect();
        let place = Place::of(crs, geometry, has_z);
        Self { names, place, line: String::new(), cell: String::new() }
    }

    fn end_line(&mut self, out: &mut Vec<u8>) {
        // The comma before the first cell.
        out.extend_from_slice(self.line.get(1..).unwrap_or_default().as_bytes());
        out.extend_from_slice(b"\r\n");
        self.line.clear();
    }
}

/// Appends a cell to a line, after a comma.
pub(crate) fn push_cell(line: &mut String, cell: &str) {
    line.push(',');
    if cell.contains([',', '"', '\n', '\r']) {
        line.push('"');
        line.push_str(&cell.replace('"', "\"\""));
        line.push('"');
    } else {
        line.push_str(cell);
    }
}

impl FeatureStream for CsvStream {
    fn begin(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice("\u{feff}".as_bytes());
        let names = self.names.iter().map(String::as_str);
        for name in names.chain(self.place.columns().iter().copied()) {
            push_cell(&mut self.line, name);
        }
        self.end_line(out);
    }

    fn feature(&mut self, out: &mut Vec<u8>, feature: &StreamFeature<'_>) {
        for value in feature.values {
            self.cell.clear();
            push_cell(&mut self.line, &text_of(*value, &mut self.cell));
        }
        let point = match (self.place, feature.geometry.map(|geometry| &geometry.shape)) {
            (Place::LonLat, Some(Shape::Point(point))) => Some([point.x(), point.y()]),
            _ => None,
        };
        for column in 0..self.place.columns().len() {
            self.cell.clear();
            match (self.place, point, feature.geometry) {
                (Place::LonLat, Some(point), _) => push_number(&mut self.cell, point[column]),
                (Place::Wkt, _, Some(geometry)) => write_wkt(geometry, &mut self.cell),
                _ => {}
            }
            push_cell(&mut self.line, &self.cell);
        }
        self.end_line(out);
    }

    fn end(&mut self, _out: &mut Vec<u8>) {}
}

/// What a formula begins with. The wide forms too: some spreadsheets take them for the narrow ones.
const FORMULAS: [char; 11] = ['=', '+', '-', '@', '＝', '＋', '－', '＠', '\t', '\r', '\n'];

/// `text` as a cell that no spreadsheet runs; a plain number stays as it is.
pub(crate) fn guarded(text: &str) -> Cow<'_, str> {
    let is_guarded = unguarded(text).is_some();
    let runs = text.starts_with(FORMULAS) && text.parse::<f64>().is_err();
    match runs || is_guarded {
        true => Cow::Owned(format!("'{text}")),
        false => Cow::Borrowed(text),
    }
}

/// The text of a cell that is guarded; none for other cells.
pub(crate) fn unguarded(cell: &str) -> Option<&str> {
    let text = cell.strip_prefix('\'')?;
    text.trim_start_matches('\'').starts_with(FORMULAS).then_some(text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

    use spatial::{FieldType, Value};

    use super::*;
    use crate::OutputFormat;
    use crate::sample_tests::{feature, field, schema, write};

    fn check_written(schema: &LayerSchema, features: &[Feature], expected: &str) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        write(&path, OutputFormat::Csv, schema, features).unwrap();
        assert_eq!(std::fs::read_to_string(path).unwrap(), expected);
    }

    #[test]
    fn formulas_are_guarded_and_numbers_are_not() {
        let mut schema = schema("x");
        schema.geometry_type = GeometryType::Point;
        schema.fields = vec![field("=a", FieldType::Text), field("n", FieldType::Int)];
        let row = |text: &str, number| {
            feature(1, "POINT (116.5 -0.25)", vec![Value::Text(text.to_owned()), number])
        };
        let mut placeless = row("x,\"y\"\n", Value::Null);
        placeless.geometry = None;
        let rows = [
            row("=1+1", Value::Int(-5)),
            row("@x", Value::Null),
            row("\tx", Value::Null),
            row("-1.5", Value::Null),
            row("+86 1", Value::Null),
            row("＝1", Value::Null),
            placeless,
        ];
        check_written(
            &schema,
            &rows,
            "\u{feff}'=a,n,lon,lat\r\n'=1+1,-5,116.5,-0.25\r\n'@x,,116.5,-0.25\r\n\
             '\tx,,116.5,-0.25\r\n-1.5,,116.5,-0.25\r\n'+86 1,,116.5,-0.25\r\n\
             '＝1,,116.5,-0.25\r\n\"x,\"\"y\"\"\n\",,,\r\n",
        );
    }

    #[test]
    fn other_geometries_are_text() {
        let mut schema = schema("x");
        schema.crs = DeclaredCrs::Epsg(4548);
        schema.geometry_type = GeometryType::Point;
        schema.fields = vec![field("b", FieldType::Bool)];
        let rows = [
            feature(1, "POINT (1 2)", vec![Value::Bool(true)]),
            feature(2, "LINESTRING Z (1 2 3, 4 5 6)", vec![Value::Null]),
        ];
        check_written(
            &schema,
            &rows,
            "\u{feff}b,WKT\r\ntrue,POINT (1 2)\r\n,\"LINESTRING Z (1 2 3, 4 5 6)\"\r\n",
        );
    }
}
