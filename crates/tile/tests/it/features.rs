//! Builds sources for the tests.

use geo_types::{Coord, Geometry as Shape, LineString, MultiPolygon, Polygon};
use spatial::{
    FeatureId, Field, FieldClass, FieldType, Geometry, Shard, ShardBuilder, Value, WorldBox,
};
use tile::inspect::{DecodedLayer, decode, defects};
use tile::{
    CommandCache, FeatureSource, LayerInput, Limits, Rendered, TileCoord, WEB_MERCATOR_QUAD, render,
};

/// Features whose storage coordinates are world units, searched one by one.
pub struct Features {
    shards: Vec<Shard>,
    count: u64,
    commands: CommandCache,
}

/// The columns of every source here.
pub const COLUMNS: [(usize, &str); 5] =
    [(0, "name"), (1, "number"), (2, "area"), (3, "open"), (4, "photo")];

impl Features {
    /// Features with the ids 1, 2, 3… in shards of `shard_len`.
    pub fn new(shapes: &[Shape<f64>], shard_len: usize) -> Self {
        Self::with_values(shapes, shard_len, |position| {
            let number = position as i64 % 7 - 3;
            vec![
                Value::Text(format!("地块{}", position % 5)),
                Value::Int(number),
                if number == 0 { Value::Null } else { Value::Real(number as f64 / 2.0) },
                Value::Bool(number > 0),
                Value::Bytes(vec![1, 2, 3]),
            ]
        })
    }

    /// The same with the values that `values` gives for a position.
    pub fn with_values(
        shapes: &[Shape<f64>],
        shard_len: usize,
        values: impl Fn(usize) -> Vec<Value>,
    ) -> Self {
        let field = |name: &str, field_type| Field {
            name: name.to_owned(),
            alias: None,
            field_type,
            class: FieldClass::L1,
        };
        let fields = [
            field("name", FieldType::Text),
            field("number", FieldType::Int),
            field("area", FieldType::Real),
            field("open", FieldType::Bool),
            field("photo", FieldType::Bytes),
        ];
        let numbered: Vec<_> = shapes.iter().cloned().enumerate().collect();
        let shards = numbered.chunks(shard_len).map(|chunk| {
            let mut builder = ShardBuilder::new(&fields, chunk.len());
            for (position, shape) in chunk {
                let values = values(*position);
                builder.push(
                    FeatureId::try_from(*position as i64 + 1).unwrap(),
                    Some(&Geometry::from(shape.clone())),
                    &|coords, world| world.extend(coords.iter().map(|c| c.map(|v| v as u32))),
                    values.iter().map(Value::as_ref),
                );
            }
            builder.finish()
        });
        let commands = CommandCache::new(1 << 24, 1);
        Self { shards: shards.collect(), count: shapes.len() as u64, commands }
    }

    /// The same, said to be part of a large collection, so that our own encoder writes it.
    pub fn bulk(shapes: &[Shape<f64>]) -> Self {
        Self { count: 1_000_000, ..Self::new(shapes, 3) }
    }

    /// The same, said to be part of a large collection.
    pub fn in_bulk(self) -> Self {
        Self { count: 1_000_000, ..self }
    }

    /// Draws the source as the layer `parcels`; from what earlier tiles kept it comes out alike.
    pub fn draw(&self, coord: TileCoord, limits: &Limits) -> Rendered {
        let layer = LayerInput { name: "parcels", source: self, columns: &COLUMNS, commands: None };
        let rendered = render(&[layer], &WEB_MERCATOR_QUAD, coord, limits);
        let keeping = LayerInput { commands: Some(&self.commands), ..layer };
        for _ in 0..2 {
            assert!(render(&[keeping], &WEB_MERCATOR_QUAD, coord, limits) == rendered, "{coord}");
        }
        rendered
    }
}

impl FeatureSource for Features {
    fn count(&self) -> u64 {
        self.count
    }

    fn search<'a>(&'a self, area: &WorldBox, visit: &mut dyn FnMut(&'a Shard, &[u16])) {
        for shard in &self.shards {
            let boxes = (0..).zip(shard.world_boxes());
            let slots: Vec<u16> =
                boxes.filter(|(_, b)| b.intersects(area)).map(|(slot, _)| slot).collect();
            if !slots.is_empty() {
                visit(shard, &slots);
            }
        }
    }
}

pub fn coord(z: u32, x: u32, y: u32) -> TileCoord {
    TileCoord::new(&WEB_MERCATOR_QUAD, z, x, y).unwrap()
}

/// The only layer of a tile, decoded and found valid; `None` for an empty tile.
pub fn valid_layer(rendered: &Rendered) -> Option<DecodedLayer> {
    let mut layers = decode(&rendered.bytes).unwrap();
    assert_eq!(defects(&layers), []);
    assert!(layers.len() <= 1);
    layers.pop()
}

pub fn ring(points: &[[f64; 2]]) -> LineString<f64> {
    points.iter().map(|[x, y]| Coord { x: *x, y: *y }).collect()
}

/// A polygon of an exterior and holes.
pub fn polygon(rings: &[&[[f64; 2]]]) -> Polygon<f64> {
    Polygon::new(ring(rings[0]), rings[1..].iter().map(|points| ring(points)).collect())
}

pub fn multi(polygons: &[Polygon<f64>]) -> Shape<f64> {
    Shape::MultiPolygon(MultiPolygon(polygons.to_vec()))
}

pub fn rectangle(x: f64, y: f64, width: f64, height: f64) -> [[f64; 2]; 4] {
    [[x, y], [x + width, y], [x + width, y + height], [x, y + height]]
}

/// Whether the rings hold the point, by even and odd crossings.
pub fn holds(rings: &[Vec<[f64; 2]>], [x, y]: [f64; 2]) -> bool {
    let mut inside = false;
    for ring in rings {
        for (position, &[ax, ay]) in ring.iter().enumerate() {
            let [bx, by] = ring[(position + 1) % ring.len()];
            if (ay > y) != (by > y) && x < ax + (y - ay) / (by - ay) * (bx - ax) {
                inside = !inside;
            }
        }
    }
    inside
}

/// Distance from the point to the nearest edge of the rings.
pub fn distance(rings: &[Vec<[f64; 2]>], [x, y]: [f64; 2]) -> f64 {
    let mut nearest = f64::INFINITY;
    for ring in rings {
        for (position, &[ax, ay]) in ring.iter().enumerate() {
            let [bx, by] = ring[(position + 1) % ring.len()];
            let (dx, dy) = (bx - ax, by - ay);
            let along = ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy).max(1e-9);
            let along = along.clamp(0.0, 1.0);
            nearest = nearest.min((ax + along * dx - x).hypot(ay + along * dy - y));
        }
    }
    nearest
}
