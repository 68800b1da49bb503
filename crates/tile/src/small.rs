//! Small layers through the `mvt` crate, whose known defects are kept out here.
//!
//! A path that starts where the last one ended loses its MoveTo there: rings are turned, lines
//! that meet become one. Rings arrive open, simple and clipped, and the crate does nothing of
//! that kind itself. It leaves out points on straight ways along an axis.

use mvt::{GeomData, GeomEncoder, GeomType, Layer, Tile};
use spatial::{PathRole, Shard, ValueRef};

use crate::draw::Kind;
use crate::figure::{Figure, Point};
use crate::matrix_set::EXTENT;
use crate::tally::{SumValue, Summed};
use crate::writer::LayerWriter;

/// Collections up to this many features are written by the `mvt` crate.
pub(crate) const SMALL_LAYER: u64 = 300;

/// Writes one small layer.
pub(crate) struct SmallLayer<'a> {
    tile: Tile,
    layer: Option<Layer>,
    columns: &'a [(usize, &'a str)],
    count: usize,
}

impl<'a> SmallLayer<'a> {
    pub fn new(name: &str, columns: &'a [(usize, &'a str)]) -> Self {
        let tile = Tile::new(EXTENT);
        let layer = Some(tile.create_layer(name));
        Self { tile, layer, columns, count: 0 }
    }
}

impl<'a> LayerWriter<'a> for SmallLayer<'a> {
    fn enter(&mut self, _shard: &'a Shard) {}

    fn write(&mut self, shard: &Shard, slot: usize, kind: Kind, figure: &Figure) {
        let id = shard.ids()[slot].value().cast_unsigned();
        let Some(mut feature) = self.begin(id, kind, figure) else { return };
        for (column, key) in self.columns {
            match shard.columns().get(*column).map_or(ValueRef::Null, |c| c.value(slot)) {
                ValueRef::Null | ValueRef::Bytes(_) => {}
                ValueRef::Bool(v) => feature.add_tag_bool(key, v),
                ValueRef::Int(v) => feature.add_tag_sint(key, v),
                ValueRef::Real(v) => feature.add_tag_double(key, v),
                ValueRef::Text(v) => feature.add_tag_string(key, v),
            }
        }
        self.layer = Some(feature.into_layer());
        self.count += 1;
    }

    fn write_summed(&mut self, summed: &Summed<'_>, keys: &[String], figure: &Figure) {
        let Some(mut feature) = self.begin(summed.id, summed.kind, figure) else { return };
        for (key, value) in &summed.values {
            match *value {
                SumValue::Word(word) => feature.add_tag_string(&keys[*key], word),
                SumValue::Int(value) => feature.add_tag_sint(&keys[*key], value),
                SumValue::Real(value) => feature.add_tag_double(&keys[*key], value),
            }
        }
        self.layer = Some(feature.into_layer());
        self.count += 1;
    }

    fn finish(mut self) -> Vec<u8> {
        let Some(layer) = self.layer.take().filter(|_| self.count > 0) else {
            return Vec::new();
        };
        // The only layer of its tile: its name and extent cannot be refused.
        if self.tile.add_layer(layer).is_err() {
            return Vec::new();
        }
        self.tile.to_bytes().unwrap_or_default()
    }
}

impl SmallLayer<'_> {
    fn begin(&mut self, id: u64, kind: Kind, figure: &Figure) -> Option<mvt::Feature> {
        // Integers inside the tile: the crate refuses none of them.
        let geometry = geometry(kind, figure).ok()?;
        let mut feature = self.layer.take()?.into_feature(geometry);
        feature.set_id(id);
        Some(feature)
    }
}

fn geometry(kind: Kind, figure: &Figure) -> Result<GeomData, mvt::Error> {
    let mut encoder = GeomEncoder::<i32>::new(match kind {
        Kind::Points => GeomType::Point,
        Kind::Lines => GeomType::Linestring,
        Kind::Polygons => GeomType::Polygon,
    });
    let mut last: Option<Point> = None;
    for (number, path) in figure.paths().iter().enumerate() {
        let points = figure.points(*path);
        let meets = last.is_some() && last == points.first().copied();
        if number > 0 && kind != Kind::Points && !(meets && kind == Kind::Lines) {
            encoder.complete_geom()?;
        }
        let turn = usize::from(meets && matches!(path.role, PathRole::Exterior | PathRole::Hole));
        let (head, tail) = points.split_at(turn);
        for point in tail.iter().chain(head) {
            encoder.add_point(point[0], point[1])?;
            last = Some(*point);
        }
    }
    encoder.encode()
}
