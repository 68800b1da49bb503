//! What is kept: given for the very collections that it was made from, and the same as a new engine finds.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use ::ledger::clue::{ComplaintNearClosed, Kind};
use rustc_hash::FxHashSet;
use spatial::{Changes, CollectionSnapshot, FeatureId, GeometryType};

use crate::clues::sample::{Dice, POINTS, Row, described, opened, points, query};
use crate::engine_tests::{fid, id, open};
use crate::kept::{KeptAnswers, Same, mark};
use crate::query::{
    Aggregate, AggregateOp, Found, JoinQuery, JoinRelation, JoinWanted, Place, Relation,
    SearchQuery, Wanted,
};
use crate::{EditOp, EditSet, Engine, FeatureEdit, Profile};

async fn city() -> Engine {
    let mut dice = Dice(3);
    let mut placed = |count: usize| -> Vec<Row> {
        let row = |n: usize| (Some(dice.point(600.0)), vec![format!("c{n}"), dice.day()]);
        (0..count).map(row).collect()
    };
    let (complaints, outlets) = (placed(200), placed(40));
    opened(vec![
        (described("points", GeometryType::Point, &POINTS), points(&mut Dice(7), 250)),
        (described("complaints", GeometryType::Point, &["no", "day"]), complaints),
        (described("outlets", GeometryType::Point, &["no", "opened"]), outlets),
    ])
    .await
}

async fn delete(engine: &Engine, collection: &str, feature: FeatureId) {
    let edit = FeatureEdit {
        place: "/changes/0".to_owned(),
        collection: id(collection),
        op: EditOp::Delete(feature),
        unchanged_since: None,
    };
    let (actor, reason) = ("local".to_owned(), "test".to_owned());
    engine.edit(EditSet { actor, reason, edits: vec![edit] }).await.unwrap();
}

fn held(engine: &Engine, names: &[&str]) -> Vec<Arc<CollectionSnapshot>> {
    let snapshot = engine.snapshot();
    names.iter().map(|name| Arc::clone(&snapshot.collections[&id(name)])).collect()
}

fn asks(question: &str) -> Same<impl Fn(&&str) -> bool> {
    Same { mark: mark(question), is_same: move |one: &&str| *one == question }
}

#[tokio::test]
async fn an_answer_ends_with_a_change_of_what_it_was_made_from_alone() {
    let engine = city().await;
    let read = ["complaints", "points"];
    let answers: KeptAnswers<&str, usize> = KeptAnswers::new(10);
    let check_finds = |names: &[&str], question: &str, expected: Option<usize>| {
        let held = held(&engine, names);
        let read: Vec<&Arc<CollectionSnapshot>> = held.iter().collect();
        let found = answers.find(&read, asks(question));
        assert_eq!(found.as_deref(), expected.as_ref(), "{names:?} {question}");
    };
    let keep = |question: &'static str, items: usize| {
        let held = held(&engine, &read);
        let read: Vec<_> = held.iter().collect();
        answers.keep(&read, (question, asks(question)), &Arc::new(items), items);
    };
    keep("how many", 4);
    check_finds(&read, "how many", Some(4));
    check_finds(&read, "which", None);
    check_finds(&read[..1], "how many", None);
    check_finds(&["complaints", "outlets"], "how many", None);
    check_finds(&["complaints", "outlets", "points"], "how many", None);
    delete(&engine, "outlets", fid(1)).await;
    check_finds(&read, "how many", Some(4));
    delete(&engine, "points", fid(1)).await;
    check_finds(&read, "how many", None);

    keep("too many", 11);
    check_finds(&read, "too many", None);
    keep("first", 4);
    keep("second", 4);
    check_finds(&read, "first", Some(4));
    // What was asked for longest ago makes room.
    keep("third", 4);
    check_finds(&read, "first", Some(4));
    check_finds(&read, "second", None);
    check_finds(&read, "third", Some(4));
}

#[tokio::test]
async fn the_latest_answer_is_told_with_what_changed_since() {
    let engine = city().await;
    let answers: KeptAnswers<&str, usize> = KeptAnswers::mended(10);
    let keep = |items: usize| {
        let held = held(&engine, &["complaints", "points"]);
        let read: Vec<_> = held.iter().collect();
        answers.keep(&read, ("how many", asks("how many")), &Arc::new(items), items);
    };
    let check_earlier = |names: &[&str], question: &str, expected: Option<(usize, [&[i64]; 2])>| {
        let held = held(&engine, names);
        let read: Vec<&Arc<CollectionSnapshot>> = held.iter().collect();
        let found = answers.earlier(&read, asks(question));
        let ids =
            |changed: Vec<Changes>| changed.into_iter().map(|one| one.ids).collect::<Vec<_>>();
        let found = found.map(|one| (*one.answer, ids(one.changed)));
        let expected = expected.map(|(answer, changed)| {
            let ids = |ids: &[i64]| ids.iter().map(|id| fid(*id)).collect::<FxHashSet<_>>();
            (answer, changed.map(ids).to_vec())
        });
        assert_eq!(found, expected, "{names:?} {question}");
    };
    let read = ["complaints", "points"];
    keep(4);
    check_earlier(&read, "how many", Some((4, [&[], &[]])));
    check_earlier(&read, "which", None);
    check_earlier(&["outlets", "points"], "how many", None);
    delete(&engine, "points", fid(1)).await;
    delete(&engine, "points", fid(7)).await;
    delete(&engine, "complaints", fid(3)).await;
    check_earlier(&read, "how many", Some((4, [&[3], &[1, 7]])));
    keep(5);
    check_earlier(&read, "how many", Some((5, [&[], &[]])));
    delete(&engine, "points", fid(2)).await;
    check_earlier(&read, "how many", Some((5, [&[], &[2]])));
}

fn near_closed() -> Kind {
    Kind::ComplaintNearClosed(ComplaintNearClosed {
        complaints: "complaints".to_owned(),
        occurred: "day".to_owned(),
        points: "points".to_owned(),
        metres: 30.0,
        days: 90,
    })
}

fn joins() -> Vec<JoinQuery> {
    let join = |relation, wanted| JoinQuery {
        first: id("outlets"),
        second: id("points"),
        relation,
        condition: None,
        second_condition: None,
        wanted,
        profile: Profile::default(),
    };
    let mean =
        Aggregate { name: "mean".to_owned(), op: AggregateOp::Mean("accuracy_m".to_owned()) };
    let nearest = JoinRelation::Nearest { count: 3, within: f64::INFINITY };
    vec![
        join(JoinRelation::Distance(80.0), JoinWanted::Pairs),
        join(JoinRelation::Distance(80.0), JoinWanted::Counts(vec![mean])),
        join(JoinRelation::Distance(120.0), JoinWanted::Counts(Vec::new())),
        join(nearest, JoinWanted::Pairs),
    ]
}

fn searches() -> Vec<SearchQuery> {
    let place = Place::Stored { collection: id("outlets"), id: fid(40) };
    let search = |relation, wanted| SearchQuery {
        place: Some((place.clone(), relation)),
        condition: None,
        wanted,
        profile: Profile::default(),
    };
    let near = Relation::Distance(200.0);
    let page = |limit| Wanted::Page { order: Vec::new(), limit };
    let groups = Wanted::Aggregate {
        aggregates: Vec::new(),
        group_by: vec!["state".to_owned()],
        area_crs: None,
    };
    let nearest = Relation::Nearest { count: 5, within: f64::INFINITY };
    vec![
        search(near, Wanted::Count),
        search(near, groups),
        search(near, page(3)),
        search(nearest, page(5)),
    ]
}

/// Asks a new engine of the same store, too.
async fn check_as_anew(engine: &Engine) {
    let fresh = open(Arc::clone(engine.store())).await;
    let clues = engine.clues(query(near_closed())).await.unwrap();
    let anew = fresh.clues(query(near_closed())).await.unwrap();
    assert_eq!((clues.revision, clues.clues), (anew.revision, anew.clues));
    for search in searches() {
        let asked = |engine: Engine| {
            let search = search.clone();
            async move {
                let pinned = engine.pin_all(None, &[id("points")]).await.unwrap();
                let searched = engine.search(pinned, search).await.unwrap().remove(0);
                let found = match Arc::unwrap_or_clone(searched.found) {
                    // Cursors are those of an engine.
                    Found::Page { ids, distances, next } => {
                        format!("{ids:?} {distances:?} {}", next.is_some())
                    }
                    other => format!("{other:?}"),
                };
                (searched.pinned.revision(), searched.count, found)
            }
        };
        assert_eq!(asked(engine.clone()).await, asked(fresh.clone()).await, "{search:?}");
    }
    for join in joins() {
        for limit in [7, 1_000] {
            let joined = engine.join(join.clone(), limit, None).await.unwrap();
            let anew = fresh.join(join.clone(), limit, None).await.unwrap();
            assert_eq!((joined.revision, joined.count), (anew.revision, anew.count), "{join:?}");
            assert_eq!((joined.pairs, joined.rows), (anew.pairs, anew.rows), "{join:?}");
        }
    }
}

#[tokio::test]
async fn rules_searches_and_joins_answer_as_anew_behind_every_edit() {
    let engine = city().await;
    check_as_anew(&engine).await;
    let mut dice = Dice(29);
    for row in 1..12 {
        let collection = dice.pick(&["points", "complaints", "outlets"]);
        delete(&engine, collection, fid(row)).await;
        check_as_anew(&engine).await;
    }
}
