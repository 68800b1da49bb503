//! Parts of collections against collections that were built of the rest alone.
#![allow(clippy::unwrap_used, reason = "tests")]

use geo_types::{Coord, Geometry as Shape, Rect};

use super::sample::{collection, feature, id, to_world};
use super::*;
use crate::query::Selection;
use crate::{Budget, Costs, Feature};

/// Squares in a row of rows; every seventh has no place.
fn squares(numbers: std::ops::Range<i64>, shift: f64) -> Vec<Feature> {
    let square = |number: i64| {
        let at = Coord { x: (number % 97) as f64 + shift, y: (number / 97) as f64 + shift };
        let shape = Rect::new(at, Coord { x: at.x + 0.5, y: at.y + 0.5 }).to_polygon();
        feature(number, (number % 7 != 0).then_some(Shape::Polygon(shape)))
    };
    numbers.map(square).collect()
}

fn build(features: &[Feature]) -> CollectionSnapshot {
    let stages = vec![Stage::new(&collection(), features, &to_world)];
    CollectionSnapshot::build(collection(), Revision(1), stages)
}

fn ids(state: &CollectionSnapshot) -> Vec<FeatureId> {
    let mut found = Vec::new();
    state.each(&mut |shard, slots| {
        found.extend(slots.iter().map(|slot| shard.ids()[usize::from(*slot)]));
    });
    found
}

fn around(state: &CollectionSnapshot, area: &WorldBox) -> Vec<FeatureId> {
    let mut found = Vec::new();
    state.search_world(area, &mut |shard, slots| {
        found.extend(slots.iter().map(|slot| shard.ids()[usize::from(*slot)]));
    });
    found
}

/// That what `keep` keeps of a collection is told as if there were nothing else.
fn check_part(keep: &dyn Fn(i64) -> bool) {
    let (built, edits) = (squares(1..9_000, 0.0), squares(8_950..9_100, 0.25));
    let shown: Vec<_> =
        edits.iter().map(|one| Edit { id: one.id.unwrap(), feature: Some(one) }).collect();
    let whole = build(&built).apply(Revision(2), &shown, &to_world);
    let mut asked = 0;
    let part = whole.masked(&mut |shard| {
        asked += 1;
        Mask::of(shard, &mut |feature| keep(feature.id().value()))
    });
    let rest: Vec<Feature> = built[..8_949].iter().chain(&edits).cloned().collect();
    let rest: Vec<Feature> = rest.into_iter().filter(|one| keep(one.id.unwrap().value())).collect();
    let alone = build(&rest);
    let mut shards = 0;
    whole.each_shard(&mut |_shard| shards += 1);
    assert_eq!(asked, shards, "each shard is asked about once");
    assert_eq!(ids(&part), ids(&alone));
    assert_eq!(part.len(), alone.len());
    assert_eq!(part.collection(), alone.collection(), "count and extent are those of the part");
    assert_eq!(part.world_box(), alone.world_box());
    for number in 1..9_100 {
        let (found, expected) = (part.get(id(number)), alone.get(id(number)));
        assert_eq!(found.map(|f| f.to_feature()), expected.map(|f| f.to_feature()), "{number}");
    }
    let world = |x: f64, y: f64| [(x * 1e6) as u32, (4e9 - y * 1e6) as u32];
    for (x, y, side) in [(0.0, 0.0, 100.0), (10.2, 20.2, 30.0), (50.0, 93.0, 2.0)] {
        let area = WorldBox { min: world(x, y + side), max: world(x + side, y) };
        assert_eq!(around(&part, &area), around(&alone, &area), "{x} {y}");
        assert_eq!(part.count_world(&area), alone.count_world(&area));
        let area = crate::query::Area::new(
            &Shape::Rect(Rect::new(Coord { x, y }, Coord { x: x + side, y: y + side })).into(),
            16,
        )
        .unwrap();
        let inside = crate::query::Test::Predicate(crate::Predicate::Within);
        let selection = Selection { area: Some((&area, inside)), ..Selection::default() };
        let budget = Budget::new(Costs::default(), &|| false);
        let count = |state: &CollectionSnapshot| state.count(&selection, &budget).unwrap();
        assert_eq!(count(&part), count(&alone), "{x} {y} {side}");
    }
    assert!(part.heap_bytes_beside(&whole) < whole.heap_bytes() / 4, "shards are shared");
}

#[test]
fn a_part_is_told_as_if_there_were_nothing_else() {
    check_part(&|number| number % 97 < 40);
    check_part(&|number| number < 3_000);
    check_part(&|number| number % 2 == 0);
    check_part(&|number| number == 9_050);
    check_part(&|_| false);
}

#[test]
fn a_part_that_lacks_nothing_shares_everything() {
    let whole = build(&squares(1..5_000, 0.0));
    let part = whole.masked(&mut |_shard| Mask::Nothing);
    assert!(Arc::ptr_eq(&part.top, &whole.top));
    assert!(Arc::ptr_eq(part.collection(), whole.collection()));
}
