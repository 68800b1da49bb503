//! What filters select: tables of filters and the features that match.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::OnceLock;

use proptest::prelude::*;
use spatial::crs_facts::AxisOrder;
use spatial::{
    BindContext, Collection, CollectionId, CollectionSnapshot, Crs, CrsRegistry, Envelope, Feature,
    Field, FieldClass, FieldType, Filter, FilterError, Projector, Revision, Stage, Value, Zooms,
};

use super::{Limits, parse_text};
use crate::read_wkt;

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

fn collection(crs: Crs) -> Collection {
    let field = |name: &str, field_type, class| Field {
        name: name.to_owned(),
        alias: None,
        field_type,
        class,
    };
    Collection {
        id: CollectionId::try_from("parcels").unwrap(),
        title: String::new(),
        description: String::new(),
        attribution: String::new(),
        crs,
        geometry_type: spatial::GeometryType::Any,
        has_z: false,
        has_m: false,
        fields: vec![
            field("地块编号", FieldType::Text, FieldClass::L1),
            field("code", FieldType::Int, FieldClass::L1),
            field("area", FieldType::Real, FieldClass::L1),
            field("vacant", FieldType::Bool, FieldClass::L1),
            field("day", FieldType::Date, FieldClass::L1),
            field("at", FieldType::DateTime, FieldClass::L1),
            field("owner", FieldType::Text, FieldClass::L3),
            field("scan", FieldType::Bytes, FieldClass::L1),
        ],
        key: None,
        zooms: Zooms { min: 0, max: 14 },
        style: None,
        extent: Envelope::EMPTY,
        count: 0,
    }
}

fn snapshot(crs: Crs, features: Vec<(Option<&str>, Vec<Value>)>) -> CollectionSnapshot {
    let collection = collection(crs);
    let features: Vec<_> = features
        .into_iter()
        .enumerate()
        .map(|(number, (wkt, properties))| Feature {
            id: Some((number as i64 + 1).try_into().unwrap()),
            geometry: wkt.map(|wkt| read_wkt(wkt).unwrap().unwrap().geometry),
            properties,
        })
        .collect();
    let stage = Stage::new(&collection, &features, &|c, w| w.extend(c.iter().map(|_| [0; 2])));
    CollectionSnapshot::build(collection, Revision(1), vec![stage])
}

/// Five features; the fifth has neither values nor a place.
fn parcels() -> CollectionSnapshot {
    let row = |name: &str, code: i64, area: f64, vacant: bool, day: &str, at: &str| {
        vec![
            text(name),
            Value::Int(code),
            Value::Real(area),
            Value::Bool(vacant),
            text(day),
            text(at),
            text("某甲"),
            Value::Bytes(vec![1]),
        ]
    };
    snapshot(
        Crs::CGCS2000,
        vec![
            (
                Some("POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0))"),
                row(
                    "JC-1_a",
                    110_105_001_001_000_123,
                    10.0,
                    true,
                    "2026-01-01",
                    "2025-12-31T16:00:00.000Z",
                ),
            ),
            (
                Some("POLYGON ((4 0, 8 0, 8 4, 4 4, 4 0))"),
                row(
                    "jc-2%b",
                    110_105_001_001_000_124,
                    0.1,
                    false,
                    "2026-06-30",
                    "2026-06-30T08:00:00.500Z",
                ),
            ),
            (
                Some("LINESTRING (-1 2, 9 2)"),
                row("Straße Ａ", -7, -2.5, true, "2026-12-31", "2026-12-31T23:59:59.999Z"),
            ),
            (
                Some("POINT (179 1)"),
                row("é\\x", 0, 3.0, false, "2027-01-01", "2027-01-01T00:00:00.000Z"),
            ),
            (None, vec![Value::Null; 8]),
        ],
    )
}

fn bind(snapshot: &CollectionSnapshot, text: &str) -> Result<Filter, FilterError> {
    static SAME: OnceLock<Projector> = OnceLock::new();
    let same = || CrsRegistry::default().projector(&Crs::CGCS2000, &Crs::CGCS2000).unwrap();
    let projector = SAME.get_or_init(same);
    let readable = |field: &Field| field.class <= FieldClass::L1;
    let context = BindContext { readable: &readable, projector, axes: AxisOrder::EastNorth };
    Filter::bind(&parse_text(text, &Limits::BODY).unwrap(), snapshot.collection(), &context)
}

/// Ids of the features that match, found one by one, by shard and through the index.
fn selected(snapshot: &CollectionSnapshot, filter: &Filter) -> Vec<i64> {
    let (mut found, mut by_shard, mut indexed) = (Vec::new(), Vec::new(), Vec::new());
    snapshot.each(&mut |shard, slots| {
        let mut on_shard = filter.on(shard);
        for &slot in slots {
            let feature = shard.feature(slot.into());
            let matches = filter.matches(feature);
            if matches && let Some(envelope) = filter.envelope() {
                assert!(envelope.intersects(&feature.envelope()));
            }
            found.extend(matches.then(|| feature.id().value()));
            by_shard.extend(on_shard.matches(slot).then(|| feature.id().value()));
        }
    });
    assert_eq!(found, by_shard);
    if let Some(envelope) = filter.envelope() {
        snapshot.search(envelope, &mut |shard, slots| {
            let features = slots.iter().map(|slot| shard.feature((*slot).into()));
            indexed.extend(features.filter(|f| filter.matches(*f)).map(|f| f.id().value()));
        });
        indexed.sort_unstable();
        found.sort_unstable();
        assert_eq!(found, indexed);
    }
    found.sort_unstable();
    found
}

fn check(cases: &[(&str, &[i64])]) {
    let parcels = parcels();
    for (text, expected) in cases {
        let filter = bind(&parcels, text).unwrap();
        assert_eq!(selected(&parcels, &filter), *expected, "{text}");
    }
}

#[test]
fn a_missing_value_is_neither_true_nor_false() {
    check(&[
        ("code = 0", &[4]),
        ("code <> 0", &[1, 2, 3]),
        ("NOT code = 0", &[1, 2, 3]),
        ("code IS NULL", &[5]),
        ("code IS NOT NULL", &[1, 2, 3, 4]),
        ("geometry IS NULL", &[5]),
        ("geom IS NOT NULL", &[1, 2, 3, 4]),
        ("scan IS NULL", &[5]),
        ("code = 0 OR TRUE", &[1, 2, 3, 4, 5]),
        ("code = 0 OR code IS NULL", &[4, 5]),
        ("NOT (code = 0 AND FALSE)", &[1, 2, 3, 4, 5]),
        ("NOT (code = 0 OR FALSE)", &[1, 2, 3]),
        ("code NOT IN (0, -7)", &[1, 2]),
        ("0 IN (1, code)", &[4]),
        ("0 NOT IN (1, code)", &[1, 2, 3]),
        ("code NOT BETWEEN 1 AND 2", &[1, 2, 3, 4]),
        ("1 BETWEEN 2 AND code", &[]),
        ("NOT (1 BETWEEN 2 AND code)", &[1, 2, 3, 4, 5]),
        ("S_DISJOINT(geom, POINT(50 50))", &[1, 2, 3, 4]),
        ("NOT S_INTERSECTS(geom, POINT(50 50))", &[1, 2, 3, 4]),
        ("1 / code > 0", &[1, 2]),
        ("10 / (code + 7) IS NULL", &[3, 5]),
        ("NOT (1 / code > 0)", &[3]),
        ("vacant", &[1, 3]),
        ("NOT vacant", &[2, 4]),
        ("vacant = FALSE", &[2, 4]),
        ("(code = 0) = FALSE", &[1, 2, 3]),
        ("(code = 0) IS NULL", &[5]),
    ]);
}

#[test]
fn numbers_compare_exactly() {
    check(&[
        ("code = 110105001001000123", &[1]),
        ("code > 110105001001000123", &[2]),
        ("code = 110105001001000123.0", &[1]),
        ("code IN (110105001001000124, 1)", &[2]),
        ("code + 1 = 110105001001000124", &[1]),
        ("code * 10 = 1101050010010001230", &[1]),
        ("code < 99999999999999999999999999999999999999999999", &[1, 2, 3, 4]),
        ("area = 0.1", &[2]),
        ("area = 10", &[1]),
        ("area > code", &[3, 4]),
        ("-area = 2.5", &[3]),
        ("area % 3 = 1 AND area div 3 = 3", &[1]),
        ("abs(area) = 2.5 OR ceil(area) = 1", &[2, 3]),
        ("ROUND(area) = -3", &[3]),
    ]);
}

#[test]
fn texts_compare_by_code_point_and_fold_on_request() {
    check(&[
        ("地块编号 = 'JC-1_a'", &[1]),
        ("地块编号 = 'jc-1_A'", &[]),
        ("地块编号 < 'a'", &[1, 3]),
        ("CASEI(地块编号) = CASEI('jc-1_A')", &[1]),
        ("CASEI(地块编号) LIKE CASEI('jC%')", &[1, 2]),
        ("CASEI(地块编号) LIKE 'strasse%'", &[3]),
        ("ACCENTI(地块编号) LIKE '%A'", &[3]),
        ("ACCENTI(地块编号) = ACCENTI('É\\x')", &[]),
        ("CASEI(ACCENTI(地块编号)) = CASEI(ACCENTI('É\\x'))", &[4]),
        ("地块编号 LIKE 'JC-1\\_a'", &[1]),
        ("地块编号 LIKE 'jc-2\\_b'", &[]),
        ("地块编号 LIKE '%\\%%'", &[2]),
        ("地块编号 LIKE '%\\\\%%'", &[2]),
        ("地块编号 LIKE '_\\\\\\\\x'", &[4]),
        ("地块编号 NOT LIKE '%-%'", &[3, 4]),
        ("'abc' LIKE 'a%'", &[1, 2, 3, 4, 5]),
        ("length(地块编号) = 6", &[1, 2]),
        ("upper(地块编号) = 'JC-2%B'", &[2]),
        ("trim(lower('  X ')) = 'x'", &[1, 2, 3, 4, 5]),
    ]);
}

#[test]
fn times_compare_with_texts_dates_and_instants() {
    check(&[
        ("day = '2026-01-01'", &[1]),
        ("day >= DATE('2026-12-31')", &[3, 4]),
        ("'2026-06-30' = day", &[2]),
        ("day IN ('2026-01-01', DATE('2027-01-01'))", &[1, 4]),
        ("day BETWEEN '2026-01-01' AND '2026-12-31'", &[1, 2, 3]),
        ("at = '2026-06-30T16:00:00.5+08:00'", &[2]),
        ("at > TIMESTAMP('2026-12-31T23:59:59Z')", &[3, 4]),
        // Days are days of Shanghai.
        ("at = DATE('2026-01-01')", &[1]),
        ("at < DATE('2026-01-01')", &[]),
        ("at >= '2027-01-01'", &[3, 4]),
        ("year(at) = 2027 AND month(at) = 1 AND day(at) = 1", &[3, 4]),
        ("day = at", &[1, 2, 4]),
    ]);
}

#[test]
fn spans_of_time_lie_as_cql2_says() {
    // a is the span of June 10 to 20; each line names the relations of a to b.
    let spans = [
        ("'2026-06-01','2026-06-05'", "after disjoint"),
        ("'2026-06-25','2026-06-30'", "before disjoint"),
        ("'2026-06-01','2026-06-10'", "metBy intersects"),
        ("'2026-06-20','2026-06-30'", "meets intersects"),
        ("'2026-06-01','2026-06-15'", "overlappedBy intersects"),
        ("'2026-06-15','2026-06-30'", "overlaps intersects"),
        ("'2026-06-12','2026-06-18'", "contains intersects"),
        ("'2026-06-01','2026-06-30'", "during intersects"),
        ("'2026-06-10','2026-06-20'", "equals intersects"),
        ("'2026-06-15','2026-06-20'", "finishedBy intersects"),
        ("'2026-06-01','2026-06-20'", "finishes intersects"),
        ("'2026-06-10','2026-06-15'", "startedBy intersects"),
        ("'2026-06-10','2026-06-30'", "starts intersects"),
        ("'..','2026-06-15'", "overlappedBy intersects"),
        ("'2026-06-15','..'", "overlaps intersects"),
        ("'..','..'", "during intersects"),
    ];
    let parcels = parcels();
    for (b, expected) in spans {
        for relation in spatial::filter::TemporalRelation::ALL {
            let name = relation.name().strip_prefix("t_").unwrap();
            let filter =
                format!("{}(INTERVAL('2026-06-10','2026-06-20'), INTERVAL({b}))", relation.name());
            let holds = !selected(&parcels, &bind(&parcels, &filter).unwrap()).is_empty();
            assert_eq!(holds, expected.split(' ').any(|one| one == name), "{filter}");
        }
    }
    check(&[
        ("T_DURING(day, INTERVAL('2026-01-01','2026-12-31'))", &[2]),
        ("T_INTERSECTS(at, INTERVAL('2026-01-01','2026-12-31'))", &[1, 2]),
        ("T_AFTER(INTERVAL(day, '..'), DATE('2026-06-30'))", &[3, 4]),
        ("T_EQUALS(INTERVAL(day, day), day)", &[1, 2, 3, 4]),
        ("T_BEFORE(INTERVAL('..', at), INTERVAL('2026-06-30T09:00:00Z', '..'))", &[1, 2]),
    ]);
}

#[test]
fn arrays_compare_as_sets() {
    check(&[
        ("A_CONTAINS(('JC-1_a', 'x'), 地块编号)", &[1]),
        ("A_CONTAINEDBY(地块编号, ('JC-1_a', 'jc-2%b'))", &[1, 2]),
        ("A_EQUALS(code, (-7))", &[3]),
        ("A_EQUALS((0, 0.0), code)", &[4]),
        ("A_OVERLAPS(('2026-01-01', '2027-01-01'), day)", &[1, 4]),
        ("A_CONTAINS((1, 2, 3), (3, 1))", &[1, 2, 3, 4, 5]),
        ("A_CONTAINS((1, 2), ())", &[1, 2, 3, 4, 5]),
        ("A_OVERLAPS((), code)", &[]),
        ("A_OVERLAPS(((1, 2), 3), ([3], (1, 2)))", &[1, 2, 3, 4, 5]),
        ("A_EQUALS((1), ('1'))", &[]),
        ("NOT A_EQUALS((code), (0))", &[1, 2, 3]),
    ]);
}

#[test]
fn geometries_lie_as_their_names_say() {
    check(&[
        ("S_INTERSECTS(geometry, BBOX(1, 1, 2, 1.5))", &[1]),
        ("S_INTERSECTS(geom, BBOX(4, 1, 4, 1))", &[1, 2]),
        ("S_INTERSECTS(geom, BBOX(8, 0, 8, 9))", &[2, 3]),
        ("S_INTERSECTS(geom, BBOX(170, -9, -170, 9))", &[4]),
        ("S_DISJOINT(geom, BBOX(170, -9, -170, 9))", &[1, 2, 3]),
        ("S_WITHIN(geom, BBOX(0, 0, 8, 4))", &[1, 2]),
        ("S_WITHIN(geom, BBOX(-2, -2, 9.5, 5))", &[1, 2, 3]),
        ("S_CONTAINS(geom, POINT(1 1))", &[1]),
        ("S_CONTAINS(geom, POINT(4 2))", &[3]),
        ("S_COVERS(geom, POINT(4 2))", &[1, 2, 3]),
        ("S_TOUCHES(geom, POINT(4 2))", &[1, 2]),
        ("S_CROSSES(geom, BBOX(0, 0, 4, 4))", &[3]),
        ("S_OVERLAPS(geom, BBOX(2, 1, 6, 3))", &[1, 2]),
        ("S_EQUALS(POLYGON((4 4, 0 4, 0 0, 4 0, 4 4)), geom)", &[1]),
        ("S_EQUALS(geom, geom)", &[1, 2, 3, 4]),
        ("S_WITHIN(POINT(1 1), geom)", &[1]),
        ("S_INTERSECTS(POINT(1 1), BBOX(0, 0, 2, 2))", &[1, 2, 3, 4, 5]),
        ("S_INTERSECTS(geom, BBOX(1, 1, 2, 3)) AND S_INTERSECTS(geom, BBOX(5, 1, 6, 3))", &[3]),
        ("S_INTERSECTS(geom, POINT(1 1)) OR S_INTERSECTS(geom, POINT(179 1))", &[1, 4]),
    ]);
}

#[test]
fn a_filter_says_what_it_looks_at() {
    fn shared_between_threads<T: Send + Sync>(_: &T) {}
    let parcels = parcels();
    let filter = bind(&parcels, "area > 1 AND code = 5 OR area < 0 AND 1 = 1").unwrap();
    assert_eq!((filter.columns(), filter.needs_geometry()), (&[1, 2][..], false));
    shared_between_threads(&filter);
    assert_eq!(filter.envelope(), None);
    let filter = bind(
        &parcels,
        "S_INTERSECTS(geom, BBOX(0,0,2,9)) AND S_WITHIN(geom, BBOX(1,-5,9,5)) AND code = 5",
    );
    assert_eq!(filter.unwrap().envelope(), Some(&Envelope::new(1.0, 0.0, 2.0, 5.0)));
    let filter =
        bind(&parcels, "S_INTERSECTS(geom, BBOX(0,0,9,9)) AND S_TOUCHES(geom, BBOX(5,5,6,6))");
    assert_eq!(filter.unwrap().envelope(), Some(&Envelope::new(5.0, 5.0, 6.0, 6.0)));
    let nothing = bind(&parcels, "code = 5 AND 1 = 2").unwrap();
    assert!(nothing.envelope().unwrap().is_empty());
}

#[test]
fn what_does_not_fit_is_refused_by_its_name() {
    let parcels = parcels();
    for (filter, expected) in [
        (
            "Code = 1",
            "property \"Code\" is unknown; known: geometry, 地块编号, code, area, vacant, day, at, scan",
        ),
        (
            "owner = '某甲'",
            "property \"owner\" may not be filtered by: it needs rights that this reader lacks",
        ),
        (
            "owner IS NULL",
            "property \"owner\" may not be filtered by: it needs rights that this reader lacks",
        ),
        ("code = '5'", "property \"code\" is a number and '5' is text; they cannot be compared"),
        (
            "地块编号 IN (1, 2)",
            "property \"地块编号\" is text and the number 1 is a number; they cannot be compared",
        ),
        (
            "day > 5",
            "property \"day\" is a time and the number 5 is a number; they cannot be compared",
        ),
        ("day = 'spring'", "\"spring\" is no time: write 2026-11-22, or 2026-11-22T08:00:00Z"),
        (
            "地块编号 = DATE('2026-01-01')",
            "property \"地块编号\" is text and '2026-01-01' is a time; they cannot be compared",
        ),
        ("code", "property \"code\" is a number, but a filter takes a truth value"),
        ("geometry", "property \"geometry\" is a geometry, but its place takes one value"),
        ("geom = 1", "property \"geom\" is a geometry, but its place takes one value"),
        ("code LIKE 'a'", "property \"code\" is a number, but LIKE takes text"),
        (
            "地块编号 LIKE 地块编号",
            "property \"地块编号\" is something else, but LIKE takes text as its pattern",
        ),
        ("code + 地块编号 = 1", "property \"地块编号\" is text, but + takes a number"),
        ("CASEI(code) = 'a'", "property \"code\" is a number, but CASEI takes text"),
        ("scan = scan", "property \"scan\" is bytes, but a comparison takes values with an order"),
        (
            "S_INTERSECTS(code, POINT(1 1))",
            "property \"code\" is a number, but S_INTERSECTS takes a geometry",
        ),
        ("T_AFTER(code, day)", "property \"code\" is a number, but T_AFTER takes a time"),
        (
            "T_AFTER(INTERVAL('2027-01-01','2026-01-01'), day)",
            "the interval from 2027-01-01 to 2026-01-01 ends before it begins",
        ),
        (
            "buffer(code) = 1",
            "function \"buffer\" is unknown; known: abs, ceil, day, floor, length, lower, month, round, trim, upper, year",
        ),
        ("abs(1, 2) = 1", "function abs takes 1 arguments, not 2"),
        ("year(code) = 1", "property \"code\" is a number, but year takes a time"),
        ("code = (1, 2)", "a list is an array, but its place takes one value"),
        (
            "S_INTERSECTS(geom, BBOX(0, 5, 1, 4))",
            "the box [0.0, 5.0, 1.0, 4.0] has its lower border above its upper one",
        ),
        (
            "S_INTERSECTS(geom, POLYGON((0 0, 4 4, 4 0, 0 4, 0 0)))",
            "a geometry of the filter is not valid: self_intersection at 2 2",
        ),
        (
            "S_INTERSECTS(geom, LINESTRING(0 0, 1e-12 0))",
            "a geometry of the filter is not valid: extent_too_small at 0 0",
        ),
    ] {
        assert_eq!(bind(&parcels, filter).unwrap_err().to_string(), expected, "{filter}");
    }
}

#[test]
fn geometries_come_in_another_crs_and_axis_order() {
    let registry = CrsRegistry::default();
    let plane = Crs::Epsg(4548);
    let to_plane = registry.projector(&Crs::CGCS2000, &plane).unwrap();
    let [x, y] = to_plane.project([116.4, 39.9]).unwrap();
    let wkt = format!("POINT ({x} {y})");
    let parcels = snapshot(plane.clone(), vec![(Some(wkt.as_str()), vec![Value::Null; 8])]);
    let count = |filter: &str, from: &Crs, axes| {
        let projector = registry.projector(from, &plane).unwrap();
        let context = BindContext { readable: &|_| true, projector: &projector, axes };
        let expression = parse_text(filter, &Limits::URL).unwrap();
        let filter = Filter::bind(&expression, parcels.collection(), &context).unwrap();
        selected(&parcels, &filter).len()
    };
    let (lon_lat, lat_lon) = (AxisOrder::EastNorth, AxisOrder::NorthEast);
    let angles = &Crs::WGS84;
    assert_eq!(count("S_INTERSECTS(geom, BBOX(116.39, 39.89, 116.41, 39.91))", angles, lon_lat), 1);
    assert_eq!(count("S_INTERSECTS(geom, BBOX(39.89, 116.39, 39.91, 116.41))", angles, lat_lon), 1);
    assert_eq!(count("S_INTERSECTS(geom, BBOX(116.41, 39.89, 116.42, 39.91))", angles, lon_lat), 0);
    // The whole world, of which the plane holds a strip.
    assert_eq!(count("S_INTERSECTS(geom, BBOX(-180, -90, 180, 90))", angles, lon_lat), 1);
    assert_eq!(count("S_WITHIN(geom, BBOX(-90, -180, 90, 180))", angles, lat_lon), 1);
    assert_eq!(count("S_INTERSECTS(geom, BBOX(-20, 39, -10, 40))", angles, lon_lat), 0);
    assert_eq!(count("S_DISJOINT(geom, BBOX(-20, 39, -10, 40))", angles, lon_lat), 1);
    let world = "S_INTERSECTS(geom, BBOX(-2e7, -2e7, 2e7, 2e7))";
    assert_eq!(count(world, &Crs::WEB_MERCATOR, lon_lat), 1);
    // The northern edge of a wide box bows: straight in degrees, it passes north of the chord.
    let wide =
        "S_INTERSECTS(geom, POLYGON((115 39, 118 39, 118 39.89999999, 115 39.89999999, 115 39)))";
    assert_eq!(count(wide, angles, lon_lat), 0);
    let wide =
        "S_INTERSECTS(geom, POLYGON((115 39, 118 39, 118 39.9000002, 115 39.9000002, 115 39)))";
    assert_eq!(count(wide, angles, lon_lat), 1);
}

/// A filter over places and values.
fn filter() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        (
            proptest::sample::select(
                &[
                    "S_INTERSECTS",
                    "S_WITHIN",
                    "S_CONTAINS",
                    "S_DISJOINT",
                    "S_TOUCHES",
                    "S_OVERLAPS",
                    "S_EQUALS"
                ][..]
            ),
            0..8_i32,
            0..8_i32,
            0..4_i32,
            0..4_i32,
            any::<bool>()
        )
            .prop_map(|(name, x, y, width, height, swapped)| {
                let bbox = format!("BBOX({x},{y},{},{})", x + width, y + height);
                if swapped {
                    format!("{name}({bbox},geom)")
                } else {
                    format!("{name}(geom,{bbox})")
                }
            }),
        (0..8_i32, 0..8_i32, 1..4_i32).prop_map(|(x, y, side)| format!(
            "S_INTERSECTS(geom,POLYGON(({x} {y},{} {y},{x} {},{x} {y})))",
            x + side,
            y + side
        )),
        (0..9_i32).prop_map(|code| format!("code = {code}")),
        Just("vacant".to_owned()),
        Just("1 = 2".to_owned()),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) AND ({b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) OR ({b})")),
            inner.prop_map(|a| format!("NOT ({a})")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// [`selected`] compares the three ways of asking.
    #[test]
    fn the_index_changes_no_answer(
        places in proptest::collection::vec((0..8_i32, 0..8_i32, 0..4_i32, proptest::option::of(0..9_i64)), 1..12),
        filter in filter(),
    ) {
        let features: Vec<_> = places
            .iter()
            .map(|(x, y, side, code)| {
                let (east, north) = (x + side, y + side);
                let wkt = match (side, code) {
                    (0, _) => format!("POINT ({x} {y})"),
                    (1, _) => format!("LINESTRING ({x} {y}, {east} {north})"),
                    _ => format!("POLYGON (({x} {y}, {east} {y}, {east} {north}, {x} {north}, {x} {y}))"),
                };
                let mut values = vec![Value::Null; 8];
                values[1] = code.map_or(Value::Null, Value::Int);
                values[3] = code.map_or(Value::Null, |code| Value::Bool(code % 2 == 0));
                (wkt, values)
            })
            .collect();
        let rows = features.iter().map(|(wkt, values)| (Some(wkt.as_str()), values.clone()));
        let rows = rows.chain([(None, vec![Value::Null; 8])]).collect();
        let snapshot = snapshot(Crs::CGCS2000, rows);
        selected(&snapshot, &bind(&snapshot, &filter).unwrap());
    }
}
