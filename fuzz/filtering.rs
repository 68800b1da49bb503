//! What both CQL2 targets do with an expression: write it, read it back, and ask it of features
//! of every kind, one by one, by shard, and against the envelope that it promises.

use std::sync::OnceLock;

use formats::cql2::{Limits, parse_json, parse_text, write_json, write_text};
use spatial::crs_facts::AxisOrder;
use spatial::{
    BindContext, Collection, CollectionId, Crs, CrsRegistry, Envelope, Expression, Feature, Field,
    FieldClass, FieldType, Filter, GeometryType, Projector, Shard, ShardBuilder, Value, Zooms,
};

struct Ground {
    collection: Collection,
    shard: Shard,
    projector: Projector,
}

fn ground() -> &'static Ground {
    static GROUND: OnceLock<Ground> = OnceLock::new();
    GROUND.get_or_init(|| {
        let field = |name: &str, field_type| Field {
            name: name.to_owned(),
            alias: None,
            field_type,
            class: FieldClass::L1,
        };
        let collection = Collection {
            id: CollectionId::try_from("parcels").expect("a name"),
            title: String::new(),
            description: String::new(),
            attribution: String::new(),
            crs: Crs::CGCS2000,
            geometry_type: GeometryType::Any,
            has_z: false,
            has_m: false,
            fields: vec![
                field("a", FieldType::Int),
                field("b", FieldType::Real),
                field("n", FieldType::Text),
                field("f", FieldType::Bool),
                field("d", FieldType::Date),
                field("t", FieldType::DateTime),
            ],
            key: None,
            zooms: Zooms { min: 0, max: 14 },
            style: None,
            extent: Envelope::EMPTY,
            count: 0,
        };
        let mut builder = ShardBuilder::new(&collection.fields, 4);
        let text = |text: &str| Value::Text(text.to_owned());
        let wkts = [
            "POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0))",
            "LINESTRING (0 0, 4 4)",
            "POINT (1 1)",
            "GEOMETRYCOLLECTION (POINT (2 2), LINESTRING (0 0, 4 4))",
        ];
        for (number, wkt) in wkts.into_iter().enumerate() {
            let geometry = formats::read_wkt(wkt).ok().flatten().map(|read| read.geometry);
            let properties = if number == 2 {
                vec![Value::Null; 6]
            } else {
                vec![
                    Value::Int(number as i64),
                    Value::Real(0.5),
                    text("Chișinău"),
                    Value::Bool(true),
                    text("2026-11-22"),
                    text("2026-11-22T08:00:00.000Z"),
                ]
            };
            let feature = Feature { id: None, geometry, properties };
            let id = (number as i64 + 1).try_into().expect("a positive number");
            builder.push_feature(id, &feature, &|c, w| w.extend(c.iter().map(|_| [0; 2])));
        }
        let projector =
            CrsRegistry::default().projector(&Crs::CGCS2000, &Crs::CGCS2000).expect("the same");
        Ground { collection, shard: builder.finish(), projector }
    })
}

/// Checks everything that holds of whatever expression was read.
pub fn check(expression: &Expression) {
    let text = write_text(expression);
    let limits = Limits { bytes: usize::MAX, ..Limits::BODY };
    assert_eq!(parse_text(&text, &limits).as_ref(), Ok(expression), "{text}");
    let json = write_json(expression);
    assert_eq!(parse_json(&json, &limits).as_ref(), Ok(expression), "{json}");
    let Ground { collection, shard, projector } = ground();
    for axes in [AxisOrder::EastNorth, AxisOrder::NorthEast] {
        let context = BindContext { readable: &|_| true, projector, axes };
        let Ok(filter) = Filter::bind(expression, collection, &context) else { continue };
        let mut on_shard = filter.on(shard);
        for slot in 0..shard.len() as u16 {
            let feature = shard.feature(slot.into());
            let matches = filter.matches(feature);
            assert_eq!(on_shard.matches(slot), matches, "{text}");
            if matches && let Some(envelope) = filter.envelope() {
                assert!(envelope.intersects(&feature.envelope()), "{text}");
            }
        }
    }
}
