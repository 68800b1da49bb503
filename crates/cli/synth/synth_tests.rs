//! Generated towns: covered without overlap, plausible, valid, coded right, and the same
//! whenever the seed is.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};

use ledger::{BuildingCode, DivisionCode, DivisionLevel, ParcelCode, UnitCode};
use spatial::{Crs, Feature, FieldType, Value, geometry::visit_paths};

use super::ground::{self, NATIVE};
use super::{Layer, Synth, SynthArgs, SynthError};

type Vertex = [i64; 2];

fn area(ring: &[[f64; 2]]) -> f64 {
    ground::area(ring.iter().copied())
}

fn synth(seed: u64, parcels: u64) -> Synth {
    Synth::new(seed, parcels, None, &NATIVE).unwrap()
}

fn features(synth: &Synth, layer: Layer) -> Vec<Feature> {
    synth.features(layer).map(Result::unwrap).collect()
}

fn ring(feature: &Feature) -> Vec<[f64; 2]> {
    feature.geometry.as_ref().unwrap().coords()
}

fn text(feature: &Feature, position: usize) -> &str {
    match &feature.properties[position] {
        Value::Text(text) => text,
        other => panic!("{other:?} is no text"),
    }
}

/// Vertices of a native ring in whole millimetres.
fn millimetres(ring: &[[f64; 2]]) -> Vec<Vertex> {
    ring.iter().map(|point| point.map(|c| (c * 1000.0).round() as i64)).collect()
}

fn inside(ring: &[[f64; 2]], [x, y]: [f64; 2]) -> bool {
    ring.windows(2).fold(false, |is_inside, pair| {
        let [[ax, ay], [bx, by]] = [pair[0], pair[1]];
        let crosses = (ay > y) != (by > y) && x < (bx - ax) * (y - ay) / (by - ay) + ax;
        is_inside != crosses
    })
}

/// Twice the signed area of a, b, c, exactly.
fn turn(a: Vertex, b: Vertex, c: Vertex) -> i128 {
    let [ab, ac] = [[b[0] - a[0], b[1] - a[1]], [c[0] - a[0], c[1] - a[1]]];
    i128::from(ab[0]) * i128::from(ac[1]) - i128::from(ab[1]) * i128::from(ac[0])
}

/// Whether two segments have a point in common that is not an end of both.
fn cross([a, b]: [Vertex; 2], [c, d]: [Vertex; 2]) -> bool {
    let [abc, abd] = [turn(a, b, c), turn(a, b, d)].map(i128::signum);
    let [cda, cdb] = [turn(c, d, a), turn(c, d, b)].map(i128::signum);
    let within = |a: Vertex, b: Vertex, p: Vertex| {
        (0..2).all(|axis| (a[axis].min(b[axis])..=a[axis].max(b[axis])).contains(&p[axis]))
    };
    let lies_on = |a, b, p, side: i128| side == 0 && p != a && p != b && within(a, b, p);
    (abc * abd < 0 && cda * cdb < 0)
        || lies_on(a, b, c, abc)
        || lies_on(a, b, d, abd)
        || lies_on(c, d, a, cda)
        || lies_on(c, d, b, cdb)
}

/// Pairs of edges, one each, that cross or overlap: found cell by cell of a grid.
fn count_crossings(edges: &BTreeSet<[Vertex; 2]>) -> usize {
    const CELL: i64 = 25_000;
    let mut cells: BTreeMap<Vertex, Vec<[Vertex; 2]>> = BTreeMap::new();
    for edge in edges {
        let low = [0, 1].map(|axis| edge[0][axis].min(edge[1][axis]) / CELL);
        let high = [0, 1].map(|axis| edge[0][axis].max(edge[1][axis]) / CELL);
        for x in low[0]..=high[0] {
            for y in low[1]..=high[1] {
                cells.entry([x, y]).or_default().push(*edge);
            }
        }
    }
    let pairs = |edges: &Vec<[Vertex; 2]>| {
        let mut found = 0;
        for (at, edge) in edges.iter().enumerate() {
            found += edges[at + 1..].iter().filter(|other| cross(*edge, **other)).count();
        }
        found
    };
    cells.values().map(pairs).sum()
}

/// Checks that polygons cover without overlap: rings are counter-clockwise, every edge is had
/// by one polygon or by two in opposite directions, and no two edges cross or overlap. Answers
/// the share of edges that are had by two.
fn check_coverage(rings: &[Vec<[f64; 2]>]) -> f64 {
    let mut directed = BTreeSet::new();
    let mut edges = BTreeSet::new();
    for ring in rings {
        assert_eq!(ring.first(), ring.last());
        assert!(area(ring) > 0.0, "counter-clockwise");
        let vertices = millimetres(ring);
        let distinct: BTreeSet<_> = vertices.iter().collect();
        assert_eq!(distinct.len(), vertices.len() - 1, "a vertex comes once");
        for pair in vertices.windows(2) {
            assert!(directed.insert([pair[0], pair[1]]), "two polygons on one side of an edge");
            edges.insert([pair[0].min(pair[1]), pair[0].max(pair[1])]);
        }
    }
    assert_eq!(count_crossings(&edges), 0, "edges that cross or overlap");
    (directed.len() - edges.len()) as f64 / edges.len() as f64
}

#[test]
fn parcels_share_their_edges_and_never_overlap() {
    for seed in 1..=2 {
        let synth = synth(seed, 3000);
        let parcels = features(&synth, Layer::Parcels);
        assert_eq!(parcels.len(), 3000);
        let rings: Vec<_> = parcels.iter().map(ring).collect();
        let shared = check_coverage(&rings);
        assert!((0.25..0.6).contains(&shared), "{shared} of the edges are shared");
    }
}

#[test]
fn villages_make_up_the_towns() {
    let synth = synth(5, 30_000);
    let villages: Vec<_> = features(&synth, Layer::Villages).iter().map(ring).collect();
    let towns: Vec<_> = features(&synth, Layer::Towns).iter().map(ring).collect();
    check_coverage(&villages);
    check_coverage(&towns);
    let total = |rings: &[Vec<[f64; 2]>]| rings.iter().map(|ring| area(ring)).sum::<f64>();
    assert!((total(&villages) - total(&towns)).abs() < 1.0);
    let of_villages: BTreeSet<Vertex> = villages.iter().flat_map(|r| millimetres(r)).collect();
    assert!(towns.iter().flat_map(|r| millimetres(r)).all(|vertex| of_villages.contains(&vertex)));
}

#[test]
fn parcels_are_of_the_size_and_shape_that_benches_are_told() {
    let synth = synth(1, 60_000);
    let parcels = features(&synth, Layer::Parcels);
    let rings: Vec<_> = parcels.iter().map(ring).collect();
    let count = rings.len() as f64;
    let vertices = rings.iter().map(|ring| ring.len() - 1).sum::<usize>() as f64 / count;
    assert!((8.0..9.0).contains(&vertices), "{vertices} distinct vertices a parcel");
    let plausible = rings.iter().filter(|ring| (150.0..400.0).contains(&area(ring))).count();
    assert!(plausible as f64 > 0.99 * count, "{plausible} of {count} parcels of 150 to 400 m²");
    let towns: f64 = features(&synth, Layer::Towns).iter().map(|town| area(&ring(town))).sum();
    assert!((towns / count / 625.0 - 1.0).abs() < 0.02, "{} m² of ground a parcel", towns / count);
    for (parcel, ring) in parcels.iter().zip(&rings) {
        assert_eq!(parcel.properties.len(), 5);
        let Value::Real(stated) = parcel.properties[3] else { panic!("ZDMJ is a number") };
        assert!((stated - area(ring)).abs() < 0.01);
    }
}

#[test]
fn everything_lies_in_its_village() {
    for (seed, parcels) in [(1, 20_000), (2, 700), (3, 300), (4, 5000)] {
        let synth = synth(seed, parcels);
        for village in 0..synth.villages() {
            let of = |layer| synth.village(layer, village).unwrap();
            let outline = ring(&of(Layer::Villages)[0]);
            for layer in [Layer::Parcels, Layer::Buildings, Layer::Households, Layer::Points] {
                for feature in of(layer) {
                    let outside =
                        ring(&feature).into_iter().find(|point| !inside(&outline, *point));
                    assert_eq!(outside, None, "{layer:?} of seed {seed}, {parcels} parcels");
                }
            }
        }
    }
}

#[test]
fn codes_pass_their_checks_and_belong_together() {
    let synth = Synth::new(1, 12_000, Some(12), &NATIVE).unwrap();
    let mut seen = BTreeSet::new();
    for town in features(&synth, Layer::Towns) {
        let code = DivisionCode::try_from(text(&town, 0)).unwrap();
        assert_eq!(code.level(), DivisionLevel::Town);
        seen.insert(code.prefix().to_owned());
    }
    assert_eq!(seen.len(), 12);
    for village in features(&synth, Layer::Villages) {
        let code = DivisionCode::try_from(text(&village, 0)).unwrap();
        assert_eq!(code.level(), DivisionLevel::Village);
        assert!(seen.contains(&code.as_str()[..9]), "{code} is in no town");
        assert!(seen.insert(code.as_str().to_owned()), "{code} comes twice");
    }
    let mut parcels = BTreeSet::new();
    for parcel in features(&synth, Layer::Parcels) {
        let code = ParcelCode::try_from(text(&parcel, 0)).unwrap();
        assert_eq!(code.warnings(), []);
        assert_eq!(UnitCode::try_from(text(&parcel, 1)).unwrap().parcel(), code);
        assert!(parcels.insert(code), "a parcel code comes twice");
    }
    let mut buildings = BTreeSet::new();
    for building in features(&synth, Layer::Buildings) {
        let code = BuildingCode::try_from(text(&building, 0)).unwrap();
        assert_eq!(code.parcel().as_str(), text(&building, 1));
        assert!(parcels.contains(&code.parcel()));
        assert!(buildings.insert(code), "a building code comes twice");
    }
    let mut keys = BTreeSet::new();
    for (layer, key, parcel) in [(Layer::Households, 0, 1), (Layer::Points, 0, 11)] {
        for feature in features(&synth, layer) {
            assert!(keys.insert(text(&feature, key).to_owned()), "a key comes twice");
            assert!(parcels.contains(&ParcelCode::try_from(text(&feature, parcel)).unwrap()));
        }
    }
}

#[test]
fn names_are_unique_up_to_the_largest_region() {
    let mut names = BTreeSet::new();
    for town in 0..88 {
        assert!(names.insert(super::naming::town_name(town)));
        assert!(names.insert(super::naming::town_code(town)));
        for village in [0, 1, 198, 199, 397] {
            let code = super::naming::village_code(town, village);
            let prefix = super::naming::parcel_prefix(town, village);
            assert!(DivisionCode::try_from(code.as_str()).is_ok(), "{code}");
            assert!(ParcelCode::try_from(format!("{prefix}00001").as_str()).is_ok(), "{prefix}");
            assert!(names.insert(code) && names.insert(prefix));
        }
    }
    let villages: BTreeSet<_> = (0..398).map(super::naming::village_name).collect();
    assert_eq!(villages.len(), 398);
}

#[test]
fn some_houses_reach_beyond_their_parcel() {
    let synth = synth(1, 3000);
    let parcels: BTreeMap<String, Vec<[f64; 2]>> = features(&synth, Layer::Parcels)
        .iter()
        .map(|parcel| (text(parcel, 0).to_owned(), ring(parcel)))
        .collect();
    let buildings = features(&synth, Layer::Buildings);
    let reaches_out = |building: &&Feature| {
        let parcel = &parcels[text(building, 1)];
        ring(building).iter().any(|point| !inside(parcel, *point))
    };
    let beyond = buildings.iter().filter(reaches_out).count() as f64;
    assert!((0.03..0.12).contains(&(beyond / 3000.0)), "{beyond} of 3000 courtyards");
    assert!((2.0..4.0).contains(&(buildings.len() as f64 / 3000.0)));
}

#[test]
fn points_are_in_states_that_fit_their_dates() {
    let points = features(&synth(1, 60_000), Layer::Points);
    assert!((0.03..0.1).contains(&(points.len() as f64 / 60_000.0)), "{}", points.len());
    let mut states = BTreeSet::new();
    let mut codes = BTreeSet::new();
    for point in &points {
        let [id, state, since] = [text(point, 0), text(point, 4), text(point, 5)];
        assert_eq!((id.len(), &id[14..15]), (36, "7"), "a UUIDv7");
        assert!(("2026-01-05"..="2026-09-30").contains(&since), "{since}");
        states.insert(state.to_owned());
        if matches!(state, "reported" | "rejected") {
            assert_eq!([&point.properties[1], &point.properties[7]], [&Value::Null; 2]);
        } else {
            let [registered, deadline] = [text(point, 6), text(point, 7)];
            assert!(registered <= since || state == "rejected", "{state} {registered} {since}");
            assert!(registered < deadline);
            assert!(codes.insert(text(point, 1).to_owned()), "a point code comes twice");
        }
        assert_eq!(
            matches!(point.properties[9], Value::Real(area) if area > 0.0),
            text(point, 2) == "拆除违法建设"
        );
    }
    assert_eq!(states.len(), 13);
}

#[test]
fn features_are_valid_and_of_the_types_that_the_schema_says() {
    let synth = synth(1, 700);
    for layer in Layer::ALL {
        let fields = synth.collection(layer).unwrap().fields;
        for feature in features(&synth, layer) {
            assert_eq!(feature.properties.len(), fields.len());
            for (value, field) in feature.properties.iter().zip(&fields) {
                let fits = match value {
                    Value::Null => true,
                    Value::Text(_) => matches!(field.field_type, FieldType::Text | FieldType::Date),
                    Value::Int(_) => field.field_type == FieldType::Int,
                    Value::Real(_) => field.field_type == FieldType::Real,
                    _ => false,
                };
                assert!(fits, "{layer:?} {}", field.name);
            }
            let geometry = feature.geometry.unwrap();
            assert_eq!(geometry.geometry_type(), layer.geometry_type());
            assert_eq!(spatial::validity::check(&geometry), [], "{layer:?}");
        }
    }
}

#[test]
fn nothing_in_it_is_personal() {
    let synth = synth(1, 700);
    for layer in Layer::ALL {
        let mut detector = ledger::PersonalDetector::new(&layer.fields());
        features(&synth, layer).iter().for_each(|feature| detector.observe(&feature.properties));
        assert!(detector.verdict().iter().all(Option::is_none), "{layer:?}");
    }
}

/// FNV-1a of every coordinate and value in order.
fn digest(synth: &Synth, layer: Layer) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    let mut add = |bytes: &[u8]| {
        for byte in bytes {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    };
    for feature in synth.features(layer) {
        let feature = feature.unwrap();
        visit_paths(&feature.geometry.unwrap().shape, &mut |_, path| {
            path.iter().for_each(|c| add(&[c.x.to_le_bytes(), c.y.to_le_bytes()].concat()));
        });
        feature.properties.iter().for_each(|value| add(format!("{value:?}").as_bytes()));
    }
    hash
}

#[test]
fn a_seed_always_gives_the_same_region() {
    let digests = Layer::ALL.map(|layer| digest(&synth(1, 1000), layer));
    assert_eq!(digests, GOLDEN);
    assert_ne!(digest(&synth(2, 1000), Layer::Parcels), GOLDEN[3]);
    let degrees = Synth::new(1, 1000, None, &Crs::CGCS2000).unwrap();
    assert_eq!(digest(&degrees, Layer::Parcels), GOLDEN_DEGREES);
}

/// Digests of 1,000 parcels of seed 1, layer by layer. Benches of different days are compared:
/// who changes these makes their figures incomparable.
const GOLDEN: [u64; 7] = [
    0xaaf1_7dd8_7c69_c88d,
    0x5a7f_27be_4560_2957,
    0xecbd_a348_be73_9eaa,
    0x8f03_1f70_430d_967c,
    0xd274_119b_0b15_a020,
    0x6c31_5a71_ffb5_105d,
    0x8519_fe89_3e32_fe2d,
];
/// Digest of the parcels in CGCS2000.
const GOLDEN_DEGREES: u64 = 0xf618_e056_a7aa_9f43;

#[test]
fn a_region_lies_where_degrees_say() {
    let synth = Synth::new(1, 1000, None, &Crs::CGCS2000).unwrap();
    for parcel in features(&synth, Layer::Parcels) {
        let [lon, lat] = ring(&parcel)[0];
        assert!((116.3..116.6).contains(&lon) && (39.55..39.75).contains(&lat), "{lon} {lat}");
    }
}

#[test]
fn impossible_regions_are_refused() {
    let refused = |parcels, towns| Synth::new(1, parcels, towns, &NATIVE).unwrap_err().to_string();
    assert!(refused(299, None).contains("299"));
    assert!(refused(10_000_001, None).contains("10000001"));
    assert!(refused(1000, Some(4)).contains("1 to 3"));
    assert!(refused(1000, Some(0)).contains("1 to 3"));
    assert!(refused(1_000_000, Some(2)).contains("--towns 2"));
    let far = Synth::new(1, 1000, None, &Crs::Epsg(1));
    assert!(matches!(far, Err(SynthError::Crs(_))));
}

#[test]
fn the_largest_region_is_planned_with_every_parcel() {
    let synth = synth(1, 10_000_000);
    let places: u64 =
        (0..synth.villages()).map(|village| synth.region.place(village).parcels).sum();
    assert_eq!(places, 10_000_000);
    assert!((0..synth.villages()).all(|village| synth.region.place(village).village < 398));
    assert_eq!(
        synth.village(Layer::Parcels, 5000).unwrap().len() as u64,
        synth.region.place(5000).parcels
    );
}

#[test]
fn the_command_writes_the_same_file_again() {
    let folder = tempfile::tempdir().unwrap();
    let out = |name: &str| folder.path().join(name);
    let args = |out, layer: &[Layer]| SynthArgs {
        out,
        parcels: 700,
        seed: 1,
        towns: None,
        layer: layer.to_vec(),
        crs: Crs::CGCS2000,
    };
    super::run(&args(out("all"), &[])).unwrap();
    super::run(&args(out("one.fgb"), &[Layer::Parcels])).unwrap();
    for layer in Layer::ALL {
        let written = std::fs::metadata(out("all").join(layer.id()).with_extension("fgb"));
        assert!(written.unwrap().len() > 0, "{layer:?}");
    }
    let parcels = std::fs::read(out("one.fgb")).unwrap();
    assert!(parcels == std::fs::read(out("all/parcels.fgb")).unwrap(), "other bytes");
    let two = super::run(&args(out("two.fgb"), &[Layer::Parcels, Layer::Points])).unwrap_err();
    assert!(matches!(two, SynthError::OneFile { .. }));
    assert!(!out("two.fgb").exists());
    let other = super::run(&args(out("towns.gpkg"), &[])).unwrap_err();
    assert!(matches!(other, SynthError::OtherFormat { .. }));
    assert!(!out("towns.gpkg").exists());
}
