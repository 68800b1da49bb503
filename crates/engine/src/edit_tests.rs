//! Edits made out against states, over the store in memory.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use geo_types::{Geometry as Shape, polygon};
use spatial::{Collection, Crs, Feature, FeatureId, Geometry, Revision, Timestamp, Value};

use crate::engine_tests::{collection, fid, id, parcel, town};
use crate::{Assigned, Defect, EditOp, EditSet, Engine, EngineError, FeatureEdit};

fn edits(ops: Vec<(EditOp, Option<Revision>)>) -> EditSet {
    let edit = |(number, (op, unchanged_since))| FeatureEdit {
        place: format!("/changes/{number}"),
        collection: id("parcels"),
        op,
        unchanged_since,
    };
    EditSet {
        actor: "local".to_owned(),
        reason: "test".to_owned(),
        edits: ops.into_iter().enumerate().map(edit).collect(),
    }
}

fn value(field: usize, text: &str) -> Assigned {
    Assigned { geometry: None, values: vec![(field, Value::Text(text.to_owned()))] }
}

fn feature(engine: &Engine, number: FeatureId) -> Feature {
    let snapshot = engine.snapshot();
    snapshot.collections[&id("parcels")].get(number).unwrap().to_feature()
}

fn places(defects: &[Defect]) -> Vec<&str> {
    defects.iter().map(|defect| defect.place.as_str()).collect()
}

#[tokio::test]
async fn what_an_edit_does_not_name_stays() {
    let (_store, engine) = town().await;
    let before = feature(&engine, fid(5));
    let set = edits(vec![
        (EditOp::Assign(fid(5), value(0, "planned")), None),
        (EditOp::Assign(fid(5), value(1, "changed")), Some(Revision(1))),
        (EditOp::Delete(fid(6)), None),
    ]);
    let commit = engine.edit(set).await.unwrap();
    assert_eq!(commit.revision, Revision(2));
    let after = feature(&engine, fid(5));
    assert_eq!(after.properties[0], Value::Text("planned".to_owned()));
    assert_eq!(after.properties[1], Value::Text("changed".to_owned()));
    assert_eq!(
        (&after.properties[2..], &after.geometry),
        (&before.properties[2..], &before.geometry)
    );
}

#[tokio::test]
async fn many_writers_of_one_feature_lose_nothing() {
    let (_store, engine) = town().await;
    let mut tasks = Vec::new();
    for writer in 0..6 {
        let engine = engine.clone();
        tasks.push(tokio::spawn(async move {
            // Two writers a field: whoever of them is last, its last round stands.
            let field = [0, 1, 2][writer % 3];
            for round in 0..10 {
                let text = format!("{writer} {round}");
                loop {
                    let set = edits(vec![(EditOp::Assign(fid(5), value(field, &text)), None)]);
                    match engine.edit(set).await {
                        Ok(_commit) => break,
                        Err(EngineError::KeepsChanging) => {}
                        Err(error) => panic!("{error}"),
                    }
                }
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let after = feature(&engine, fid(5));
    for field in 0..3 {
        let Value::Text(text) = &after.properties[field] else { panic!() };
        assert!(text.ends_with(" 9"), "the last of a writer stands in field {field}: {text}");
    }
    assert_eq!(engine.snapshot().revision, Revision(61));
}

#[tokio::test]
async fn a_condition_is_decided_by_the_store() {
    let (_store, engine) = town().await;
    let update =
        |since| edits(vec![(EditOp::Assign(fid(5), value(0, "x")), Some(Revision(since)))]);
    engine.edit(update(1)).await.unwrap();
    let error = engine.edit(update(1)).await.unwrap_err();
    assert!(matches!(error, EngineError::FeatureChanged { changed: Revision(2), .. }), "{error}");
    let error = engine.edit(update(9)).await.unwrap_err();
    assert!(matches!(error, EngineError::RevisionAhead { .. }), "{error}");
    let whole = Assigned {
        geometry: Some(None),
        values: parcel(0, 0).properties.into_iter().enumerate().collect(),
    };
    let stale = edits(vec![(EditOp::Assign(fid(5), whole), Some(Revision(1)))]);
    let error = engine.edit(stale).await.unwrap_err();
    assert!(matches!(error, EngineError::FeatureChanged { .. }), "{error}");
    let gone = edits(vec![(EditOp::Delete(fid(5)), Some(Revision(1)))]);
    assert!(matches!(engine.edit(gone).await, Err(EngineError::FeatureChanged { .. })));
    assert_eq!(engine.snapshot().revision, Revision(2));
    engine.edit(update(2)).await.unwrap();
}

#[tokio::test]
async fn a_tag_names_a_revision_of_its_own_feature() {
    let (store, engine) = town().await;
    let parcels = id("parcels");
    let held = std::sync::Arc::clone(&engine.snapshot().collections[&parcels]);
    let revision = engine.revision_of_item(&held, fid(5));
    let tag = engine.item_tag(&parcels, fid(5), revision, &["json"]);
    assert_ne!(tag, engine.item_tag(&parcels, fid(5), revision, &["html"]));
    let again = crate::engine_tests::open(store).await;
    assert_eq!(again.revision_in_tag(&parcels, fid(5), &tag), Some(revision), "after a restart");
    assert_eq!(again.revision_in_tag(&parcels, fid(6), &tag), None);
    assert_eq!(again.revision_in_tag(&id("wells"), fid(5), &tag), None);
    for odd in ["", "..", "a.b.c", &tag[1..], &format!("{tag}."), &tag.replace('.', ".+")] {
        assert_eq!(again.revision_in_tag(&parcels, fid(5), odd), None, "{odd}");
    }
}

#[tokio::test]
async fn a_time_leads_to_the_state_that_held_then() {
    let (_store, engine) = town().await;
    let loaded = engine.recorded_at(Revision(1)).await.unwrap();
    assert_eq!(loaded, Some(Timestamp(1_000)));
    engine.edit(edits(vec![(EditOp::Delete(fid(6)), None)])).await.unwrap();
    let edited = engine.recorded_at(Revision(2)).await.unwrap().unwrap();
    assert!(edited > Timestamp(1_000));
    for (moment, revision) in [(0, 0), (999, 0), (1_000, 1), (edited.0 - 1, 1), (edited.0, 2)] {
        let found = engine.revision_at(Timestamp(moment)).await.unwrap();
        assert_eq!(found, Revision(revision), "{moment}");
    }
}

#[tokio::test]
async fn a_geometry_is_judged_where_it_is_given_and_where_it_is_stored() {
    let (_store, engine) = town().await;
    let square = |x: f64, y: f64, side: f64| -> Geometry {
        let ring =
            polygon![(x: x, y: y), (x: x + side, y: y), (x: x + side, y: y + side), (x: x, y: y)];
        Shape::Polygon(ring).into()
    };
    let plane = Collection { crs: Crs::Epsg(4548), ..collection("planes") };
    let given = engine.given(&plane, &Crs::WGS84).unwrap();
    let stored = given.store(square(117.0, 39.7, 0.001)).unwrap();
    let east = stored.envelope().min_x;
    assert!((4.9e5..5.1e5).contains(&east), "on the zone's meridian: {east}");
    for (crs, x, y) in
        [(4490, 39.7, 117.0), (4490, 200.0, 39.7), (4548, 5e5, 39.7), (4548, 39.0, 4.4e6)]
    {
        let given = engine.given(&plane, &Crs::Epsg(crs)).unwrap();
        let defects = given.store(square(x, y, 0.001)).unwrap_err();
        assert_eq!(places(&defects), ["/coordinates/0/0"], "{crs} {x} {y}");
        assert!(!defects[0].problem.contains("117"), "{}", defects[0].problem);
    }
    // Wound the wrong way is mended, crossed is not.
    let mut turned = square(116.3, 39.7, 0.001);
    if let Shape::Polygon(polygon) = &mut turned.shape {
        polygon.exterior_mut(|ring| ring.0.reverse());
    }
    let set = |geometry| {
        edits(vec![(
            EditOp::Assign(fid(5), Assigned { geometry: Some(Some(geometry)), values: Vec::new() }),
            None,
        )])
    };
    engine.edit(set(turned)).await.unwrap();
    let kept = feature(&engine, fid(5)).geometry.unwrap();
    assert!(spatial::validity::check(&kept).is_empty(), "{kept:?}");
    let bow_tie = polygon![(x: 116.0, y: 39.0), (x: 117.0, y: 40.0), (x: 117.0, y: 39.0), (x: 116.0, y: 40.0), (x: 116.0, y: 39.0)];
    let Err(EngineError::Invalid { defects }) =
        engine.edit(set(Shape::Polygon(bow_tie).into())).await
    else {
        panic!()
    };
    assert_eq!(defects.len(), 1, "{defects:?}");
    assert!(defects[0].place.starts_with("/changes/0/feature/geometry/coordinates/0/"));
    assert!(defects[0].problem.starts_with("self_intersection: "));
}
