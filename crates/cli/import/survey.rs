//! The first reading of a layer: what must be known before the first row is stored.
//!
//! Which columns are personal and where the numbers lie shows only in the rows. A personal value
//! must not reach the disk even for a moment, so the rows are read twice rather than taken back.

use ledger::{PersonalDetector, PersonalReason};
use spatial::{Envelope, GeometryType};

use super::{ImportError, Watch};
use formats::LayerReader;

/// Rows read at a time.
pub const CHUNK: usize = 1024;
/// Most sample points kept for the look at the coordinates.
const SAMPLES: usize = 1000;

/// What the first reading found.
#[derive(Debug)]
pub struct Survey {
    /// Rows, good and bad.
    pub rows: u64,
    /// Extent of the finite coordinates, as the file gives them.
    pub envelope: Envelope,
    /// A point of every so many features, spread over the layer.
    pub samples: Vec<[f64; 2]>,
    /// One entry a field: why it is personal.
    pub personal: Vec<Option<PersonalReason>>,
    /// The geometry types met.
    pub types: Vec<GeometryType>,
    /// Whether any vertex has a Z.
    pub has_z: bool,
    /// Whether any vertex has an M.
    pub has_m: bool,
}

/// Reads `reader` to its end.
pub fn survey(reader: &mut dyn LayerReader, watch: &Watch) -> Result<Survey, ImportError> {
    let mut detector = PersonalDetector::new(&reader.schema().fields);
    let mut survey = Survey {
        rows: 0,
        envelope: Envelope::EMPTY,
        samples: Vec::new(),
        personal: Vec::new(),
        types: Vec::new(),
        has_z: false,
        has_m: false,
    };
    let mut stride = 1;
    loop {
        watch.check()?;
        let rows = reader.next_rows(CHUNK)?;
        if rows.is_empty() {
            break;
        }
        for row in &rows {
            survey.rows += 1;
            let Ok(feature) = &row.feature else { continue };
            detector.observe(&feature.properties);
            let Some(geometry) = &feature.geometry else { continue };
            let envelope = geometry.envelope();
            if envelope.min_x.is_finite() && envelope.max_y.is_finite() {
                survey.envelope = survey.envelope.union(&envelope);
                if survey.rows.is_multiple_of(stride) {
                    survey.samples.push([envelope.min_x, envelope.min_y]);
                    if survey.samples.len() == SAMPLES {
                        // Thin out, so that the samples stay spread over all rows.
                        let mut keep = false;
                        survey.samples.retain(|_| {
                            keep = !keep;
                            keep
                        });
                        stride *= 2;
                    }
                }
            }
            let geometry_type = geometry.geometry_type();
            if !survey.types.contains(&geometry_type) {
                survey.types.push(geometry_type);
            }
            survey.has_z |= !geometry.z.is_empty();
            survey.has_m |= !geometry.m.is_empty();
        }
        watch.advance(rows.len() as u64);
    }
    survey.personal = detector.verdict();
    Ok(survey)
}

/// The declared type that holds all `types`: a multi type where single and multi meet, and for
/// every kind of polygon, since a repair may split one.
pub fn widest(types: &[GeometryType]) -> GeometryType {
    use GeometryType::{
        Any, LineString, MultiLineString, MultiPoint, MultiPolygon, Point, Polygon,
    };
    let multi = |t: &GeometryType| match t {
        Point | MultiPoint => MultiPoint,
        LineString | MultiLineString => MultiLineString,
        Polygon | MultiPolygon => MultiPolygon,
        Any => Any,
    };
    match types {
        [] => Any,
        [first, rest @ ..] if *first != Polygon && rest.iter().all(|t| t == first) => *first,
        [first, rest @ ..] if rest.iter().all(|t| multi(t) == multi(first)) => multi(first),
        _ => Any,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_widest_type_holds_all() {
        use GeometryType::{Any, LineString, MultiPolygon, Point, Polygon};
        let cases: [(&[GeometryType], GeometryType); 5] = [
            (&[], Any),
            (&[Point, Point], Point),
            (&[Polygon, Polygon], MultiPolygon),
            (&[Polygon, Point], Any),
            (&[LineString, Any], Any),
        ];
        for (types, expected) in cases {
            assert_eq!(widest(types), expected, "{types:?}");
        }
    }
}
