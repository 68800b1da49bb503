//! The snapshot against a plain map of features, over random edits.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;

use geo_types::{Coord, Geometry as Shape, LineString, MultiPolygon, Polygon, Rect};
use proptest::prelude::*;

use super::*;
use crate::{
    Crs, Feature, Field, FieldClass, FieldType, Geometry, GeometryType, Value, WorldPoint, Zooms,
    hilbert,
};

/// The test's world: one storage unit is a million world units, y turned over.
fn to_world(coords: &[[f64; 2]], world: &mut Vec<WorldPoint>) {
    world.extend(coords.iter().map(|[x, y]| [(x * 1e6) as u32, (4e9 - y * 1e6) as u32]));
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
        geometry_type: GeometryType::Any,
        has_z: true,
        has_m: false,
        fields: vec![field("name", FieldType::Text), field("area", FieldType::Real)],
        key: None,
        zooms: Zooms { min: 0, max: 22 },
        style: None,
        extent: Envelope::EMPTY,
        count: 0,
    }
}

fn id(value: i64) -> FeatureId {
    FeatureId::try_from(value).unwrap()
}

fn shape() -> impl Strategy<Value = Option<Geometry>> {
    let corner = (0..400_u32, 0..400_u32).prop_map(|(x, y)| Coord { x: x.into(), y: y.into() });
    (corner, 0..30_u32, 0..30_u32, 0..8_u8).prop_map(|(at, w, h, kind)| {
        let far = Coord { x: at.x + f64::from(w), y: at.y + f64::from(h) };
        match kind {
            0 => None,
            1 => Some(Shape::Point(at.into()).into()),
            2 => {
                let mut line = Geometry::from(Shape::LineString(LineString(vec![at, far])));
                line.z = vec![1.5, 2.5];
                Some(line)
            }
            3 => {
                let hole = Rect::new(
                    Coord { x: at.x + f64::from(w) / 4.0, y: at.y + f64::from(h) / 4.0 },
                    Coord { x: at.x + f64::from(w) / 2.0, y: at.y + f64::from(h) / 2.0 },
                );
                let rings = vec![hole.to_polygon().exterior().clone()];
                let outer = Rect::new(at, far).to_polygon().exterior().clone();
                Some(Shape::MultiPolygon(MultiPolygon(vec![Polygon::new(outer, rings)])).into())
            }
            _ => Some(Shape::Polygon(Rect::new(at, far).to_polygon()).into()),
        }
    })
}

fn feature() -> impl Strategy<Value = Feature> {
    (shape(), 0..5_u8, any::<i16>()).prop_map(|(geometry, name, area)| {
        let name = match name {
            0 => Value::Null,
            4 => Value::Text(" 村1 ".to_owned()),
            _ => Value::Text(format!("村{name}")),
        };
        Feature { id: None, geometry, properties: vec![name, Value::Real(area.into())] }
    })
}

#[derive(Clone, Debug)]
enum Step {
    Commit(Vec<(i64, Option<Feature>)>),
    Fold,
}

fn step() -> impl Strategy<Value = Step> {
    let edit = (1..120_i64, prop::option::weighted(0.7, feature()));
    prop_oneof![
        4 => prop::collection::vec(edit, 1..20).prop_map(Step::Commit),
        1 => Just(Step::Fold),
    ]
}

type Model = BTreeMap<FeatureId, Feature>;

fn build(model: &Model) -> CollectionSnapshot {
    let collection = collection();
    let features: Vec<_> =
        model.iter().map(|(id, feature)| Feature { id: Some(*id), ..feature.clone() }).collect();
    let stages =
        features.chunks(7).map(|chunk| Stage::new(&collection, chunk, &to_world)).collect();
    CollectionSnapshot::build(collection, Revision(1), stages)
}

/// The world box, the naive way.
fn world_box(feature: &Feature) -> WorldBox {
    let coords = feature.geometry.as_ref().map_or(Vec::new(), Geometry::coords);
    let mut world = Vec::new();
    to_world(&coords, &mut world);
    let mut all = WorldBox::EMPTY;
    world.into_iter().for_each(|point| all.extend(point));
    all
}

fn envelope(feature: &Feature) -> Envelope {
    feature.geometry.as_ref().map_or(Envelope::EMPTY, Geometry::envelope)
}

/// Ids in the order in which a search answers.
fn ordered<'m>(model: &'m Model, keep: impl Fn(&Feature) -> bool + 'm) -> Vec<FeatureId> {
    let kept = model.iter().filter(|(_, feature)| keep(feature));
    let mut ranked: Vec<_> =
        kept.map(|(id, feature)| (hilbert::box_key(&world_box(feature)), *id)).collect();
    ranked.sort_unstable();
    ranked.into_iter().map(|(_, id)| id).collect()
}

fn ids<'a>(search: impl FnOnce(Visit<'a, '_>)) -> Vec<FeatureId> {
    let mut found = Vec::new();
    search(&mut |shard, slots| {
        assert!(slots.is_sorted() && !slots.is_empty());
        found.extend(slots.iter().map(|slot| shard.ids()[usize::from(*slot)]));
    });
    found
}

fn check_feature(found: FeatureRef<'_>, expected: &Feature) {
    let coords: Vec<_> = found.paths().flat_map(|path| path.coords.to_vec()).collect();
    let geometry = expected.geometry.as_ref();
    assert_eq!(coords, geometry.map_or(Vec::new(), Geometry::coords));
    assert_eq!(found.geometry_type(), geometry.map(Geometry::geometry_type));
    assert_eq!(found.world_box(), world_box(expected));
    for (column, value) in expected.properties.iter().enumerate() {
        assert_eq!(found.value(column).to_value(), *value);
    }
    let z = geometry.map_or(Vec::new(), |geometry| geometry.z.clone());
    if z.is_empty() {
        assert!(found.z().iter().all(|z| *z == 0.0));
    } else {
        assert_eq!(found.z(), z);
    }
}

fn check(snapshot: &CollectionSnapshot, model: &Model, areas: &[(u32, u32, u32)]) {
    assert_eq!(snapshot.len(), model.len());
    assert_eq!(snapshot.collection().count, model.len() as u64);
    assert_eq!(ids(|visit| snapshot.each(visit)), ordered(model, |_| true));
    for number in 0..125 {
        let id = FeatureId::try_from(number).ok();
        let found = id.and_then(|id| snapshot.get(id));
        let expected = id.and_then(|id| model.get(&id));
        assert_eq!(found.map(FeatureRef::id), expected.and(id));
        if let (Some(found), Some(expected)) = (found, expected) {
            check_feature(found, expected);
        }
    }
    for name in ["村1", " 村2", "村3 ", "村4", ""] {
        let expected = ordered(
            model,
            |feature| matches!(&feature.properties[0], Value::Text(own) if own.trim() == name.trim()),
        );
        assert_eq!(ids(|visit| snapshot.with_text(0, name, visit)), expected, "{name:?}");
    }
    assert_eq!(ids(|visit| snapshot.with_text(1, "1", visit)), Vec::new(), "numbers are no texts");
    let everywhere = WorldBox { min: [0; 2], max: [u32::MAX; 2] };
    let placed = ordered(model, |feature| feature.geometry.is_some());
    assert_eq!(ids(|visit| snapshot.search_world(&everywhere, visit)), placed);
    for (x, y, side) in areas {
        let (x, y, side) = (f64::from(*x), f64::from(*y), f64::from(*side));
        let area = Envelope::new(x, y, x + side, y + side);
        let expected = ordered(model, |feature| {
            !envelope(feature).is_empty() && area.intersects(&envelope(feature))
        });
        assert_eq!(ids(|visit| snapshot.search(&area, visit)), expected);
        let mut corners = Vec::new();
        to_world(&[[x, y + side], [x + side, y]], &mut corners);
        let area = WorldBox { min: corners[0], max: corners[1] };
        let expected = ordered(model, |feature| {
            feature.geometry.is_some() && area.intersects(&world_box(feature))
        });
        assert_eq!(ids(|visit| snapshot.search_world(&area, visit)), expected);
    }
    let (bounds, extent) = (snapshot.world_box(), snapshot.collection().extent);
    for feature in model.values() {
        let world_box = world_box(feature);
        assert!(world_box.is_empty() || bounds.contains(&world_box));
        assert!(feature.geometry.is_none() || extent.contains(&envelope(feature)));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_snapshot_answers_like_a_map_after_any_edits(
        start in prop::collection::btree_map(1..120_i64, feature(), 0..80),
        steps in prop::collection::vec(step(), 0..12),
        areas in prop::collection::vec((0..420_u32, 0..420_u32, 0..200_u32), 1..6),
    ) {
        let mut model: Model = start.into_iter().map(|(n, feature)| (id(n), feature)).collect();
        let mut snapshot = build(&model);
        check(&snapshot, &model, &areas);
        let first = (snapshot.clone(), model.clone());
        for (number, step) in steps.iter().enumerate() {
            let revision = Revision(number as u64 + 2);
            match step {
                Step::Fold => {
                    snapshot = snapshot.fold();
                    prop_assert_eq!(snapshot.delta.len(), 0);
                }
                Step::Commit(edits) => {
                    let places = |model: &Model| -> Vec<WorldBox> {
                        edits.iter().filter_map(|(n, _)| model.get(&id(*n))).map(world_box).collect()
                    };
                    let mut touched = places(&model);
                    for (number, feature) in edits {
                        match feature {
                            Some(feature) => model.insert(id(*number), feature.clone()),
                            None => model.remove(&id(*number)),
                        };
                    }
                    touched.extend(places(&model));
                    let edits: Vec<_> = edits
                        .iter()
                        .map(|(number, feature)| Edit { id: id(*number), feature: feature.as_ref() })
                        .collect();
                    snapshot = snapshot.apply(revision, &edits, &to_world);
                    for area in touched.iter().filter(|area| !area.is_empty()) {
                        prop_assert_eq!(snapshot.revision_of(area), revision);
                    }
                }
            }
            check(&snapshot, &model, &areas);
        }
        // An older state is what it was.
        check(&first.0, &first.1, &areas);
    }
}

/// A row of unit squares; `shift` moves them.
fn squares(numbers: std::ops::Range<i64>, shift: f64) -> Model {
    let square = |number: i64| {
        let at = Coord { x: (number % 64) as f64 + shift, y: (number / 64) as f64 };
        let shape = Rect::new(at, Coord { x: at.x + 1.0, y: at.y + 1.0 }).to_polygon();
        let properties = vec![Value::Text(format!("A{number}")), Value::Null];
        (id(number), Feature { id: None, geometry: Some(Shape::Polygon(shape).into()), properties })
    };
    numbers.map(square).collect()
}

fn apply(snapshot: &CollectionSnapshot, revision: u64, edits: &Model) -> CollectionSnapshot {
    let edits: Vec<_> =
        edits.iter().map(|(id, feature)| Edit { id: *id, feature: Some(feature) }).collect();
    snapshot.apply(Revision(revision), &edits, &to_world)
}

#[test]
fn shards_split_when_they_fill_and_join_when_they_empty() {
    let areas = [(3, 3, 17), (0, 0, 400)];
    let mut model = squares(1..3000, 0.0);
    let mut snapshot = build(&model);
    assert_eq!(snapshot.leaves.len(), 1);
    let more = squares(3000..9000, 0.25);
    snapshot = apply(&snapshot, 2, &more);
    model.extend(more);
    check(&snapshot, &model, &areas);
    assert!(snapshot.wants_fold());
    snapshot = snapshot.fold();
    check(&snapshot, &model, &areas);
    assert!((2..=4).contains(&snapshot.leaves.len()), "{} shards", snapshot.leaves.len());

    let gone: Vec<_> = (1..8950).map(|n| Edit { id: id(n), feature: None }).collect();
    snapshot = snapshot.apply(Revision(3), &gone, &to_world).fold();
    model.retain(|id, _| id.value() >= 8950);
    check(&snapshot, &model, &areas);
    assert_eq!(snapshot.leaves.len(), 1);

    let rest: Vec<_> = model.keys().map(|id| Edit { id: *id, feature: None }).collect();
    snapshot = snapshot.apply(Revision(4), &rest, &to_world).fold();
    check(&snapshot, &Model::new(), &areas);
    snapshot = apply(&snapshot, 5, &squares(1..9, 0.0)).fold();
    check(&snapshot, &squares(1..9, 0.0), &areas);
}

#[test]
fn a_commit_beyond_the_delta_folds_at_once() {
    let many = squares(1..17_000, 0.0);
    let snapshot = apply(&build(&Model::new()), 2, &many);
    assert_eq!((snapshot.delta.len(), snapshot.len()), (0, many.len()));
    check(&snapshot, &many, &[(5, 40, 9)]);
}

#[derive(Clone, Debug)]
enum FoldStep {
    /// Moves features, or strikes them; ids above those that are there are new features.
    Edit(Vec<(i64, Option<f64>)>),
    Start(usize),
    Finish,
}

fn fold_step() -> impl Strategy<Value = FoldStep> {
    let edit = (1..9_300_i64, prop::option::weighted(0.8, 0.0..60.0_f64));
    prop_oneof![
        3 => prop::collection::vec(edit, 1..200).prop_map(FoldStep::Edit),
        2 => (1..4_usize).prop_map(FoldStep::Start),
        2 => Just(FoldStep::Finish),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn a_fold_of_some_shards_takes_in_whatever_was_edited_meanwhile(
        steps in prop::collection::vec(fold_step(), 1..16),
    ) {
        let areas = [(3, 3, 17), (0, 100, 9), (0, 0, 400)];
        let mut model = squares(1..9000, 0.0);
        let mut snapshot = build(&model);
        prop_assert!(snapshot.leaves.len() > 2);
        let (mut fold, mut touched) = (None, Vec::new());
        for (number, step) in steps.into_iter().enumerate() {
            match step {
                FoldStep::Edit(edits) => {
                    let mut last = BTreeMap::new();
                    for (number, shift) in edits {
                        let feature = shift.map(|shift| {
                            squares(number..number + 1, shift).remove(&id(number)).unwrap()
                        });
                        last.insert(id(number), feature);
                    }
                    for (id, feature) in &last {
                        match feature {
                            Some(feature) => model.insert(*id, feature.clone()),
                            None => model.remove(id),
                        };
                    }
                    let edits: Vec<_> = last
                        .iter()
                        .map(|(id, feature)| Edit { id: *id, feature: feature.as_ref() })
                        .collect();
                    snapshot = snapshot.apply(Revision(number as u64 + 2), &edits, &to_world);
                    touched.extend(last.into_keys());
                }
                FoldStep::Start(most) => fold = fold.or_else(|| Some(snapshot.start_fold(most))),
                FoldStep::Finish => {
                    if let Some(fold) = fold.take() {
                        snapshot = snapshot.finish_fold(fold).unwrap();
                    }
                }
            }
            check(&snapshot, &model, &areas);
            for id in &touched {
                match (snapshot.get(*id), model.get(id)) {
                    (Some(found), Some(expected)) => check_feature(found, expected),
                    (found, expected) => prop_assert!(found.is_none() && expected.is_none()),
                }
            }
        }
        let late = snapshot.start_fold(1);
        let other = snapshot.fold();
        prop_assert_eq!(other.delta.len(), 0);
        prop_assert!(other.finish_fold(late).is_none());
        check(&other, &model, &areas);
    }
}

#[test]
fn a_footprint_tells_what_changed_until_shards_are_made_anew() {
    let built = build(&squares(1..9000, 0.0));
    let then = built.footprint(0).unwrap();
    let ids = |numbers: &[i64]| numbers.iter().map(|number| id(*number)).collect::<FxHashSet<_>>();
    let check = |now: &CollectionSnapshot, most: usize, expected: Option<&[i64]>| {
        let changed = now.changed_since(&then, most);
        assert_eq!(changed.map(|one| one.ids), expected.map(ids));
    };
    check(&built, 0, Some(&[]));
    let moved = apply(&built, 2, &squares(5..6, 20.0));
    check(&moved, 1, Some(&[5]));
    let more = apply(&moved, 3, &squares(8999..9002, 0.5));
    check(&more, 4, Some(&[5, 8999, 9000, 9001]));
    check(&more, 3, None);
    let gone = more.apply(Revision(4), &[Edit { id: id(70), feature: None }], &to_world);
    let gone = gone.apply(Revision(5), &[Edit { id: id(9001), feature: None }], &to_world);
    check(&gone, 9, Some(&[5, 70, 8999, 9000]));
    // Where it lay and where it lies: of 5 both, of 70 the first, of others what was there in between.
    let square = |number: i64, shift: f64| {
        let feature = squares(number..number + 1, shift).remove(&id(number));
        feature.and_then(|one| one.geometry).unwrap().envelope()
    };
    let boxes = |then: &CollectionSnapshot| {
        let mut boxes = gone.changed_since(&then.footprint(9).unwrap(), 9).unwrap().boxes;
        boxes.sort_by(|a, b| (a.min_y, a.min_x).partial_cmp(&(b.min_y, b.min_x)).unwrap());
        boxes
    };
    assert_eq!(boxes(&more), [square(70, 0.0), square(9001, 0.5)]);
    let of_four = [(5, 0.0), (5, 20.0), (70, 0.0), (8999, 0.0), (8999, 0.5), (9000, 0.5)];
    assert_eq!(boxes(&built), of_four.map(|(number, shift)| square(number, shift)));
    // What came and went between the two is none that changed, by the footprint of in between.
    let since = gone.changed_since(&more.footprint(4).unwrap(), 9);
    assert_eq!(since.map(|one| one.ids), Some(ids(&[70, 9001])));
    assert!(more.footprint(3).is_none());
    check(&gone.fold(), 9, None);
    let titled = gone.describe(Revision(6), Collection { title: "新".into(), ..collection() });
    check(&titled, 9, Some(&[5, 70, 8999, 9000]));
    let keyless = gone.describe(Revision(6), Collection { key: Some("n".into()), ..collection() });
    check(&keyless, 9, None);
    check(&build(&squares(1..9000, 0.0)), 9, None);
}

#[test]
fn only_the_place_of_an_edit_changes_its_revision() {
    let snapshot = build(&squares(1..640, 0.0));
    let far = WorldBox { min: [60_000_000, 3_999_000_000], max: [61_000_000, 3_999_900_000] };
    let moved = apply(&snapshot, 2, &squares(5..6, 20.0));
    for x in [5_500_000, 25_500_000] {
        let near = WorldBox { min: [x, 3_999_500_000], max: [x + 9, 3_999_500_009] };
        assert_eq!(moved.revision_of(&near), Revision(2));
        assert_eq!(snapshot.revision_of(&near), Revision(1));
    }
    assert_eq!(moved.revision_of(&far), Revision(1));
    assert_eq!(moved.revision(), Revision(2));
    let described = moved.describe(Revision(3), Collection { title: "新".into(), ..collection() });
    assert_eq!(described.revision_of(&far), Revision(3));
    assert_eq!(described.collection().count, 639);
}

#[test]
fn area_sums_come_from_prefixes() {
    let snapshot = build(&squares(1..2000, 0.0));
    let shard = &snapshot.leaves[0].shard;
    assert!((shard.area(0..shard.len()) - 1999.0).abs() < 1e-9);
    assert!((shard.area(10..25) - 15.0).abs() < 1e-9);
    let pond = Polygon::new(
        Rect::new(Coord { x: 1e6, y: 4e6 }, Coord { x: 1e6 + 10.0, y: 4e6 + 10.0 })
            .to_polygon()
            .exterior()
            .clone(),
        vec![
            Rect::new(Coord { x: 1e6 + 1.0, y: 4e6 + 1.0 }, Coord { x: 1e6 + 3.0, y: 4e6 + 3.0 })
                .to_polygon()
                .exterior()
                .clone(),
        ],
    );
    let mut builder = crate::ShardBuilder::new(&collection().fields, 1);
    builder.push(id(1), Some(&Shape::Polygon(pond).into()), &to_world, []);
    assert_eq!(builder.finish().feature(0).area(), 96.0);
}

/// Ids that a walk meets, a page at a time, each page begun where the last one ended.
fn paged(snapshot: &CollectionSnapshot, area: Option<&Envelope>, page: usize) -> Vec<FeatureId> {
    let mut found: Vec<FeatureId> = Vec::new();
    let mut after = None;
    loop {
        let before = found.len();
        snapshot.walk(after, area, &mut |shard, slots| {
            for slot in slots {
                if found.len() == before + page {
                    return std::ops::ControlFlow::Break(());
                }
                found.push(shard.ids()[usize::from(*slot)]);
                after = Some(shard.rank(usize::from(*slot)));
            }
            std::ops::ControlFlow::Continue(())
        });
        if found.len() == before {
            return found;
        }
    }
}

#[test]
fn a_walk_in_pages_meets_each_feature_once_and_the_placeless_always() {
    let mut model = squares(1..9000, 0.0);
    for (_, feature) in model.iter_mut().step_by(500) {
        feature.geometry = None;
    }
    let edits: Model = squares(8990..9100, 0.5).into_iter().chain(squares(70..80, 0.25)).collect();
    let built = build(&model);
    let edited = apply(&built, 2, &edits);
    model.extend(edits);
    for snapshot in [&edited, &edited.fold()] {
        for area in [None, Some(Envelope::new(3.5, 3.5, 20.0, 9.0)), Some(Envelope::EMPTY)] {
            let expected = ordered(&model, |feature| {
                let envelope = envelope(feature);
                envelope.is_empty() || area.is_none_or(|area| area.intersects(&envelope))
            });
            for page in [7, 4096, 100_000] {
                assert_eq!(paged(snapshot, area.as_ref(), page), expected, "{area:?} by {page}");
            }
        }
    }
}
