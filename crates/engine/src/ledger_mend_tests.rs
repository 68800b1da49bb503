//! Another program writes over the ledger in the file: it is put back, and listed.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::path::Path;
use std::time::Duration;

use ledger::rows::{POINT_EVENTS, POINTS};
use rusqlite::{Connection, functions::FunctionFlags};
use spatial::{Envelope, Revision, Timestamp, Value, gpb};
use store::Operation;

use crate::engine_tests::{fid, id};
use crate::ledger::Outcome;
use crate::ledger_tests::{
    by, check_rows, ledger_at, new, open, pid, register, report, row, value,
};
use crate::{Engine, EngineError};

/// A ledger of two points in a file that another program has open.
async fn town(folder: &tempfile::TempDir) -> (Engine, Connection) {
    let path = folder.path().join("s.gpkg");
    let (_store, engine) = ledger_at(&path).await;
    let events = vec![
        new(1, 1, report()),
        new(1, 2, register("")),
        new(2, 3, report()),
        new(2, 4, register("")),
    ];
    engine.raise(by("ann", events)).await.unwrap();
    (engine, gdal(&path))
}

/// Another program that has the functions of the R-tree, as GDAL and QGIS do.
fn gdal(path: &Path) -> Connection {
    let db = Connection::open(path).unwrap();
    type Border = fn(&Envelope) -> f64;
    let borders: [(&str, Border); 5] = [
        ("ST_MinX", |e| e.min_x),
        ("ST_MaxX", |e| e.max_x),
        ("ST_MinY", |e| e.min_y),
        ("ST_MaxY", |e| e.max_y),
        ("ST_IsEmpty", |e| f64::from(u8::from(e.is_empty()))),
    ];
    for (name, border) in borders {
        db.create_scalar_function(name, 1, FunctionFlags::default(), move |context| {
            let bytes = context.get_raw(0).as_blob().ok();
            Ok(bytes.and_then(|bytes| gpb::read_envelope(bytes).ok()).map(|e| border(&e)))
        })
        .unwrap();
    }
    db
}

/// Takes in what the other program wrote, and waits until so many defects are listed.
async fn settled(engine: &Engine, collection: &str, defects: usize) -> Vec<String> {
    engine.take_in_foreign(Timestamp(9_000)).await.unwrap();
    for _ in 0..500 {
        let listed = engine.kept_out(&id(collection), 100).await.unwrap();
        if listed.len() >= defects {
            return listed.into_iter().map(|one| format!("{} {}", one.place, one.reason)).collect();
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("nothing was put back in {collection}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_that_another_program_writes_is_put_back_and_listed() {
    let folder = tempfile::tempdir().unwrap();
    let (engine, other) = town(&folder).await;
    other
        .execute("UPDATE points SET state = 'closed', code = 'x', note = 'kept' WHERE fid = 1", [])
        .unwrap();
    let listed = settled(&engine, POINTS, 1).await;
    assert!(listed[0].starts_with("/properties/code put back code, state:"), "{listed:?}");
    assert!(listed[0].contains("/points/{id}/events"));
    assert_eq!(value(&engine, 1, "state"), Value::Text("registered".into()));
    assert_eq!(value(&engine, 1, "note"), Value::Text("kept".into()), "all else is theirs");
    assert_eq!(check_rows(&engine, None).await, 2);
    let before = Revision(engine.snapshot().revision.0 - 1);
    let records = engine.store().changes(before, 10).await.unwrap();
    assert_eq!((records[0].actor.as_str(), records[0].operation), ("tuban", Operation::Replace));
    // Moving a point, or writing its own columns, is nobody's defect.
    other.execute("UPDATE points SET address = 'elsewhere' WHERE fid = 2", []).unwrap();
    engine.take_in_foreign(Timestamp(9_000)).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(engine.kept_out(&id(POINTS), 100).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_another_program_changes_removes_or_makes_up_are_put_right() {
    let folder = tempfile::tempdir().unwrap();
    let (engine, other) = town(&folder).await;
    other
        .execute_batch(
            "UPDATE point_events SET actor = 'mallory', unit = '110115009' WHERE fid = 2;
             DELETE FROM point_events WHERE fid = 4;
             INSERT INTO point_events (id, point, seq, kind, actor, role, occurred_at, recorded_at,
                 backfilled, approval)
             SELECT '00000000-0000-7000-8000-0000000000ff', point, 3, 'void', 'mallory', 'city',
                 occurred_at, recorded_at, 0, 'V' FROM point_events WHERE fid = 2;",
        )
        .unwrap();
    let listed = settled(&engine, POINT_EVENTS, 3).await;
    for part in ["was changed", "was removed", "nobody raised"] {
        assert!(listed.iter().any(|one| one.contains(part)), "{part}: {listed:?}");
    }
    assert_eq!(check_rows(&engine, None).await, 2);
    for (point, count) in [(1, 2), (2, 2)] {
        let trace = engine.trace(&pid(point).to_string(), None).await.unwrap().unwrap();
        assert_eq!(trace.steps.len(), count);
        assert!(trace.steps.iter().all(|step| step.stored.event.actor == "ann"));
        assert_eq!(trace.point.unit(), Some("110115001"));
    }
    // What was raised is still known, and the next number is free.
    let events = vec![new(2, 4, register("")), new(3, 5, report()), new(3, 6, register(""))];
    let done = engine.raise(by("ann", events)).await.unwrap();
    assert_eq!(done.outcomes[0], Outcome::Again);
    assert_eq!(value(&engine, 3, "code"), Value::Text("110115001-CW-2026-00003".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_point_that_another_program_removes_comes_back_and_one_that_it_draws_waits_for_a_report()
{
    let folder = tempfile::tempdir().unwrap();
    let (engine, other) = town(&folder).await;
    other.execute("DELETE FROM points WHERE fid = 1", []).unwrap();
    let listed = settled(&engine, POINTS, 1).await;
    assert!(listed[0].contains("a point that was removed"), "{listed:?}");
    assert_eq!(row(&engine, 1), fid(3));
    assert_eq!(value(&engine, 1, "address"), Value::Text("村1号".into()));
    let state = engine.snapshot();
    assert!(state.collections[&id(POINTS)].get(fid(3)).unwrap().geometry().is_some());
    assert_eq!(check_rows(&engine, None).await, 2);

    let drawn = format!(
        "INSERT INTO points (id, state, note, geom) SELECT '{}', 'closed', 'drawn', geom FROM \
         points WHERE fid = 2",
        pid(9)
    );
    other.execute(&drawn, []).unwrap();
    let listed = settled(&engine, POINTS, 2).await;
    assert!(listed[1].contains("put back state"), "{listed:?}");
    assert_eq!(value(&engine, 9, "state"), Value::Null);
    let told = crate::ledger::NewEvent { geometry: None, ..new(9, 50, report()) };
    let done = engine.raise(by("ann", vec![told])).await.unwrap();
    assert_eq!(done.outcomes, [Outcome::New { seq: 1 }]);
    assert_eq!(value(&engine, 9, "note"), Value::Text("drawn".into()));
    assert_eq!((row(&engine, 9), value(&engine, 9, "events")), (fid(4), Value::Int(1)));
    assert_eq!(check_rows(&engine, None).await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_while_nobody_served_the_store_is_found_in_the_change_log() {
    let folder = tempfile::tempdir().unwrap();
    let (engine, other) = town(&folder).await;
    let store = std::sync::Arc::clone(engine.store());
    drop(engine);
    other.execute("UPDATE points SET state = 'void' WHERE fid = 2", []).unwrap();
    other.execute("UPDATE point_events SET actor = 'mallory' WHERE fid = 1", []).unwrap();
    crate::take_in_foreign(&*store, Timestamp(9_000)).await.unwrap();
    let engine = open(store).await;
    assert_eq!(value(&engine, 2, "state"), Value::Text("void".into()));
    engine.mend_ledger().await.unwrap();
    assert_eq!(value(&engine, 2, "state"), Value::Text("registered".into()));
    let trace = engine.trace(&pid(1).to_string(), None).await.unwrap().unwrap();
    assert_eq!(trace.steps[0].stored.event.actor, "ann");
    let revision = engine.snapshot().revision;
    engine.mend_ledger().await.unwrap();
    assert_eq!(engine.snapshot().revision, revision, "once is enough");
    assert_eq!(engine.kept_out(&id(POINTS), 100).await.unwrap().len(), 1);
    assert_eq!(engine.kept_out(&id(POINT_EVENTS), 100).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_events_that_another_program_loads_at_once_are_none() {
    let folder = tempfile::tempdir().unwrap();
    let (engine, other) = town(&folder).await;
    let load = |from: u32| {
        format!(
            "WITH RECURSIVE n(i) AS (SELECT {from} UNION ALL SELECT i + 1 FROM n WHERE i < {from} + \
             10000) INSERT INTO point_events (id, point, seq, kind, actor, role, occurred_at, \
             recorded_at, backfilled, approval) SELECT printf('00000000-0000-7000-8000-%012x', i), \
             point, 3, 'void', 'mallory', 'city', occurred_at, recorded_at, 0, 'V' FROM n, \
             point_events WHERE fid = 2"
        )
    };
    other.execute(&load(100_000), []).unwrap();
    let rows = || engine.snapshot().collections[&id(POINT_EVENTS)].len();
    engine.take_in_foreign(Timestamp(9_000)).await.unwrap();
    for _ in 0..6_000 {
        if rows() == 4 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!((rows(), check_rows(&engine, None).await), (4, 2));
    let trace = engine.trace(&pid(1).to_string(), None).await.unwrap().unwrap();
    assert_eq!(trace.steps.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_point_whose_row_is_spoiled_waits_until_the_row_is_mended() {
    let folder = tempfile::tempdir().unwrap();
    let (engine, other) = town(&folder).await;
    other.execute("UPDATE points SET year = 'MMXXVI', state = 'void' WHERE fid = 1", []).unwrap();
    let listed = settled(&engine, POINTS, 1).await;
    assert!(listed[0].starts_with("/properties/year"), "{listed:?}");
    let dispatch = || {
        let payload = ledger::Payload::Dispatch { receiver: "team".into(), person: None };
        by("ann", vec![new(1, 9, payload)])
    };
    let refused = engine.raise(dispatch()).await;
    assert!(matches!(refused, Err(EngineError::PointKeptOut { .. })), "{refused:?}");
    other.execute("UPDATE points SET year = 2026 WHERE fid = 1", []).unwrap();
    let listed = settled(&engine, POINTS, 1).await;
    assert!(listed[0].contains("put back state"), "{listed:?}");
    let done = engine.raise(dispatch()).await.unwrap();
    assert_eq!((done.outcomes, row(&engine, 1)), (vec![Outcome::New { seq: 3 }], fid(1)));
    assert_eq!(check_rows(&engine, None).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_position_that_another_program_takes_away_is_put_back_where_it_was_last() {
    let folder = tempfile::tempdir().unwrap();
    let (engine, other) = town(&folder).await;
    let position = |number: u64| {
        let state = engine.snapshot();
        state.collections[&id(POINTS)].get(row(&engine, number)).unwrap().geometry()
    };
    let (first, second) = (position(1).unwrap(), position(2).unwrap());
    other.execute("UPDATE points SET geom = NULL, state = 'void' WHERE fid = 1", []).unwrap();
    let listed = settled(&engine, POINTS, 2).await;
    for part in ["/geometry put back geometry: taken away", "/properties/state put back state"] {
        assert!(listed.iter().any(|one| one.starts_with(part)), "{part}: {listed:?}");
    }
    assert_eq!(position(1), Some(first.clone()));
    // Another program may move a point, and then it lies there.
    let move_there =
        "UPDATE points SET geom = (SELECT geom FROM points WHERE fid = 1) WHERE fid = 2";
    for sql in [move_there, "UPDATE points SET geom = NULL WHERE fid = 2"] {
        other.execute(sql, []).unwrap();
        engine.take_in_foreign(Timestamp(9_000)).await.unwrap();
    }
    settled(&engine, POINTS, 3).await;
    assert_eq!(position(2), Some(first));
    assert_ne!(position(2), Some(second));
    assert_eq!(check_rows(&engine, None).await, 2);
    // What it drew and nobody reported lies where it likes.
    let drawn = "INSERT INTO points (note, geom) SELECT 'drawn', geom FROM points WHERE fid = 1";
    for sql in [drawn, "UPDATE points SET geom = NULL WHERE note = 'drawn'"] {
        other.execute(sql, []).unwrap();
        engine.take_in_foreign(Timestamp(9_000)).await.unwrap();
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(engine.kept_out(&id(POINTS), 100).await.unwrap().len(), 3);
}
