//! Tiles of a snapshot: the same bytes however its features came into it.

use geo_types::{Geometry as Shape, Rect, coord};
use spatial::{
    Collection, CollectionId, CollectionSnapshot, Crs, Edit, Envelope, Feature, FeatureId, Field,
    FieldClass, FieldType, Geometry, GeometryType, Revision, Stage, Value, WorldPoint, Zooms,
};
use tile::inspect::{DecodedFeature, DecodedValue, decode, defects};
use tile::{CommandCache, LayerInput, Limits, TileCoord, WEB_MERCATOR_QUAD, render, render_and};

const COLUMNS: [(usize, &str); 3] = [(0, "code"), (1, "use"), (2, "area")];

/// Storage coordinates are world units.
fn to_world(coords: &[[f64; 2]], world: &mut Vec<WorldPoint>) {
    world.extend(coords.iter().map(|c| c.map(|v| v as u32)));
}

fn collection() -> Collection {
    let field = |name: &str, field_type| Field {
        name: name.to_owned(),
        alias: None,
        field_type,
        class: FieldClass::L1,
    };
    Collection {
        id: CollectionId::try_from("parcels").unwrap(),
        title: String::new(),
        description: String::new(),
        attribution: String::new(),
        crs: Crs::WEB_MERCATOR,
        geometry_type: GeometryType::Polygon,
        has_z: false,
        has_m: false,
        fields: vec![
            field("code", FieldType::Text),
            field("use", FieldType::Text),
            field("area", FieldType::Real),
        ],
        key: None,
        zooms: Zooms { min: 0, max: 18 },
        style: None,
        extent: Envelope::EMPTY,
        count: 0,
    }
}

/// Parcel `number` of a square of a hundred by a hundred; codes begin to repeat at 5000.
fn parcel(number: i64) -> Feature {
    let at = |k: i64| (1 << 24) as f64 + k as f64 * 9_000.0;
    let (x, y) = (at(number % 100), at(number / 100));
    let far = coord! { x: x + 8_000.0 + (number % 13 * 70) as f64, y: y + 8_500.0 };
    let use_code = match number % 9 {
        0 => Value::Null,
        n => Value::Text(format!("用途{n}")),
    };
    Feature {
        id: Some(FeatureId::try_from(number + 1).unwrap()),
        geometry: Some(Geometry::from(Shape::from(Rect::new(coord! { x: x, y: y }, far)))),
        properties: vec![
            Value::Text(format!("110115JC{:05}", number % 5_000)),
            use_code,
            Value::Real((number * 37 % 1_000) as f64 / 10.0),
        ],
    }
}

fn build(numbers: impl Iterator<Item = i64>) -> CollectionSnapshot {
    let features: Vec<_> = numbers.map(parcel).collect();
    let stage = Stage::new(&collection(), &features, &to_world);
    CollectionSnapshot::build(collection(), Revision(1), vec![stage])
}

fn tiles(source: &CollectionSnapshot) -> Vec<Vec<u8>> {
    let commands = CommandCache::new(1 << 24, 1);
    let layer = LayerInput { name: "parcels", source, columns: &COLUMNS, commands: None };
    let keeping = LayerInput { commands: Some(&commands), ..layer };
    let middle = [(1 << 24) + 450_000; 2];
    let draw = |zoom: u8| {
        let coord = TileCoord::holding(zoom, middle);
        let rendered = render(&[layer], &WEB_MERCATOR_QUAD, coord, &Limits::UNBOUNDED);
        // In memory that the one before has used, from nothing and from what that one kept.
        for layer in [layer, keeping, keeping] {
            render_and(&[layer], &WEB_MERCATOR_QUAD, coord, &Limits::UNBOUNDED, |again| {
                assert!(*again == rendered, "{coord}");
            });
        }
        assert_ne!(rendered.bytes, [], "{coord}");
        rendered.bytes
    };
    (9..=16).map(draw).collect()
}

#[test]
fn tiles_do_not_tell_a_delta_from_shards() {
    let all = || 0..10_000;
    let whole = build(all());
    assert_eq!(whole.len(), 10_000);
    let expected = tiles(&whole);
    let late = |number: &i64| number % 7 == 3;
    let early = build(all().filter(|number| !late(number)));
    let missing: Vec<_> = all().filter(late).map(parcel).collect();
    let edits: Vec<_> = missing
        .iter()
        .map(|feature| Edit { id: feature.id.unwrap(), feature: Some(feature) })
        .collect();
    let edited = early.apply(Revision(2), &edits, &to_world);
    check_sums(&[&whole, &edited, &edited.fold()]);
    assert!(tiles(&edited) == expected, "edits in the delta");
    assert!(tiles(&edited.fold()) == expected, "edits folded into the shards");
}

/// What the tiles of a zoom add up to: count, tenths of `area`, and features of each use.
type Sums = (i64, i64, [i64; 9]);

fn add(sums: &mut Sums, feature: &DecodedFeature) {
    let stands_for_many = feature.properties.iter().any(|(key, _)| key == "tuban:count");
    sums.0 += i64::from(!stands_for_many);
    for (key, value) in &feature.properties {
        let key = key.as_str();
        match (key.strip_prefix("tuban:count:use:用途"), value) {
            (Some(number), DecodedValue::Int(count)) => {
                sums.2[number.parse::<usize>().unwrap()] += count;
            }
            (None, DecodedValue::Int(count)) if key == "tuban:count" => sums.0 += count,
            (None, DecodedValue::Double(area)) if key == "area" || key == "tuban:sum:area" => {
                sums.1 += (area * 10.0).round() as i64;
            }
            (None, DecodedValue::Text(text)) if key == "use" => {
                let number = text.strip_prefix("用途").unwrap();
                sums.2[number.parse::<usize>().unwrap()] += 1;
            }
            _ => {}
        }
    }
}

fn sums(source: &CollectionSnapshot, zoom: u8, limits: &Limits) -> Sums {
    let layer = LayerInput { name: "parcels", source, columns: &COLUMNS, commands: None };
    let corners = [[(1 << 24) - 1; 2], [(1 << 24) + 920_000; 2]];
    let [first, last] = corners.map(|corner| TileCoord::holding(zoom, corner));
    let mut seen = std::collections::BTreeSet::new();
    let mut sums = Sums::default();
    for x in first.x()..=last.x() {
        for y in first.y()..=last.y() {
            let coord = TileCoord::new(&WEB_MERCATOR_QUAD, zoom.into(), x, y).unwrap();
            let rendered = render(&[layer], &WEB_MERCATOR_QUAD, coord, limits);
            let layers = decode(&rendered.bytes).unwrap();
            assert_eq!(defects(&layers), []);
            for feature in layers.iter().flat_map(|layer| &layer.features) {
                if seen.insert(feature.id) {
                    add(&mut sums, feature);
                }
            }
        }
    }
    sums
}

/// The same sums at every zoom, by whatever way a tile comes to them.
fn check_sums(sources: &[&CollectionSnapshot]) {
    let expected = sums(sources[0], 17, &Limits::UNBOUNDED);
    assert_eq!(expected.0, 10_000);
    for source in sources {
        for zoom in [7, 9, 11, 12, 13] {
            for (features, one_by_one) in [(300, 0), (300, u64::MAX), (2_000, 0), (20_000, 0)] {
                let limits = Limits { features, one_by_one, ..Limits::default() };
                let found = sums(source, zoom, &limits);
                assert_eq!(found, expected, "z{zoom}, {features} features, {one_by_one}");
            }
        }
    }
}
