//! The layer that the tests of every format write and read, and the real files beside the
//! project.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::path::{Path, PathBuf};

use spatial::{Feature, FeatureId, Field, FieldClass, FieldType, GeometryType, Value};

use crate::{
    DeclaredCrs, FormatError, LayerReader, LayerSchema, OutputFormat, Row, create, read_wkt,
};

pub(crate) fn field(name: &str, field_type: FieldType) -> Field {
    Field { name: name.to_owned(), alias: None, field_type, class: FieldClass::L1 }
}

pub(crate) fn schema(name: &str) -> LayerSchema {
    LayerSchema {
        name: name.to_owned(),
        crs: DeclaredCrs::Epsg(4326),
        geometry_type: GeometryType::Any,
        has_z: false,
        has_m: false,
        fields: vec![
            field("权利", FieldType::Bool),
            field("count", FieldType::Int),
            field("area", FieldType::Real),
            field("name", FieldType::Text),
            field("day", FieldType::Date),
            field("at", FieldType::DateTime),
        ],
        place_columns: Vec::new(),
        count: None,
        notes: Vec::new(),
    }
}

pub(crate) fn feature(id: i64, wkt: &str, properties: Vec<Value>) -> Feature {
    Feature {
        id: Some(FeatureId::try_from(id).unwrap()),
        geometry: read_wkt(wkt).unwrap().map(|read| read.geometry),
        properties,
    }
}

/// Features of every type, with counterclockwise exteriors.
pub(crate) fn features() -> Vec<Feature> {
    let text = |text: &str| Value::Text(text.to_owned());
    let values = |count: i64, name: &str| {
        vec![
            Value::Bool(count % 2 == 0),
            Value::Int(count),
            Value::Real((count % 4) as f64),
            text(name),
            text("2026-02-28"),
            text("2026-11-22T08:00:00.000Z"),
        ]
    };
    [
        "POLYGON ((116.1 39.9, 116.2 39.9, 116.2 40, 116.1 39.9))",
        "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0), (1 1, 1 2, 2 2, 1 1))",
        "MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)), ((5 5, 6 5, 6 6, 5 5)))",
        "POINT (116.123456789012 -0.5)",
        "MULTIPOINT ((1 2), (3 4))",
        "LINESTRING (0 0, 1 1)",
        "MULTILINESTRING ((0 0, 1 1), (2 2, 3 3, 4 4))",
        "POLYGON Z ((0 0 1, 4 0 2, 4 4 3, 0 0 1))",
        "POINT Z (1 2 3)",
        "GEOMETRYCOLLECTION (POINT (1 2), POLYGON ((0 0, 1 0, 1 1, 0 0)))",
    ]
    .iter()
    .zip(1..)
    .map(|(wkt, id)| feature(id, wkt, values((1 << 53) + id, "某村\"1,\n号\u{1}")))
    .chain([feature(99, "POINT (7 8)", vec![Value::Null; 6])])
    .collect()
}

pub(crate) fn write(
    path: &Path,
    format: OutputFormat,
    schema: &LayerSchema,
    features: &[Feature],
) -> Result<Vec<String>, FormatError> {
    let mut writer = create(path, format, schema)?;
    for feature in features {
        writer.write(feature)?;
    }
    let written = writer.finish()?;
    assert_eq!(written.features, features.len() as u64);
    Ok(written.notes)
}

pub(crate) fn read_rows(reader: &mut dyn LayerReader) -> Result<Vec<Row>, FormatError> {
    let mut rows = Vec::new();
    loop {
        let more = reader.next_rows(7)?;
        if more.is_empty() {
            return Ok(rows);
        }
        rows.extend(more);
    }
}

/// The features of a file of one layer, none of which may be defective; and its schema.
pub(crate) fn read(
    layers: Result<Vec<Box<dyn LayerReader>>, FormatError>,
) -> (LayerSchema, Vec<Feature>) {
    let mut layers = layers.unwrap();
    assert_eq!(layers.len(), 1);
    let rows = read_rows(layers[0].as_mut()).unwrap();
    let features = rows.into_iter().map(|row| row.feature.unwrap()).collect();
    (layers[0].schema().clone(), features)
}

pub(crate) fn without_ids(mut features: Vec<Feature>) -> Vec<Feature> {
    for feature in &mut features {
        feature.id = None;
    }
    features
}

/// Opens and reads every shortening and many corruptions of `bytes`; only a panic fails.
pub(crate) fn check_hostile(
    bytes: &[u8],
    extension: &str,
    open: impl Fn(&Path) -> Result<Vec<Box<dyn LayerReader>>, FormatError>,
) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hostile").with_extension(extension);
    let read = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        for mut layer in open(&path).into_iter().flatten() {
            // Whatever is answered is well; the rows are as many as the bytes can hold.
            let rows = read_rows(layer.as_mut()).map_or(0, |rows| rows.len());
            assert!(rows <= bytes.len());
        }
    };
    for length in (0..bytes.len()).step_by(1 + bytes.len() / 150) {
        read(&bytes[..length]);
    }
    for at in (0..bytes.len()).step_by(1 + bytes.len() / 250) {
        for flip in [1, 0x80, 0xFF] {
            let mut corrupt = bytes.to_vec();
            corrupt[at] ^= flip;
            read(&corrupt);
        }
    }
}

/// A real file beside the project, or `None` with a word.
pub(crate) fn real_file(name: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let folder = std::env::var_os("TUBAN_TEST_DATA").map_or(beside, PathBuf::from);
    let path = folder.join(name);
    if path.exists() {
        return Some(path);
    }
    #[allow(clippy::print_stderr, reason = "a skipped test says so")]
    {
        eprintln!("skipped: {} is not there; set TUBAN_TEST_DATA", path.display());
    }
    None
}
