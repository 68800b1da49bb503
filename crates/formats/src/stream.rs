//! The seam between an answer and its bytes: features go in one by one, bytes come out at once,
//! so that an answer of any length takes little memory.

use spatial::{FeatureId, Geometry, ValueRef};

/// One feature of a stream.
#[derive(Clone, Copy, Debug)]
pub struct StreamFeature<'a> {
    /// The id.
    pub id: FeatureId,
    /// The geometry, east first, in the CRS of the stream.
    pub geometry: Option<&'a Geometry>,
    /// The geometry in a second CRS, where the format has a place for it.
    pub place: Option<&'a Geometry>,
    /// One value a field.
    pub values: &'a [ValueRef<'a>],
}

/// Appends the parts of an answer to a buffer: once the beginning, then features, once the end.
pub trait FeatureStream: Send {
    /// What stands before the features.
    fn begin(&mut self, out: &mut Vec<u8>);

    /// The next feature.
    fn feature(&mut self, out: &mut Vec<u8>, feature: &StreamFeature<'_>);

    /// What stands behind them.
    fn end(&mut self, out: &mut Vec<u8>);
}
