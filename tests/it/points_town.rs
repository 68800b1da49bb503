//! A served ledger, and the events that tests raise at it.

use std::path::Path;

use serde_json::{Value, json};

use crate::running::{Response, Server, folder_with, run};

/// A store with an empty ledger, and a server over it.
pub struct Town {
    pub folder: tempfile::TempDir,
    pub server: Server,
}

/// A UUID of version 7 for a small number.
pub fn uuid(number: u64) -> String {
    format!("01990000-0000-7000-8000-{number:012x}")
}

/// An event, so many minutes after the start of September 2025, in Asia/Shanghai.
pub fn event(point: u64, number: u64, kind: &str, role: &str, more: Value) -> Value {
    let (hour, minute) = (number / 60 % 24, number % 60);
    let mut event = json!({
        "id": uuid(number), "point": uuid(point), "kind": kind, "role": role,
        "occurred_at": format!("2025-09-01T{hour:02}:{minute:02}:00+08:00")
    });
    for (name, value) in more.as_object().unwrap() {
        event[name] = value.clone();
    }
    event
}

pub fn report(point: u64, number: u64) -> Value {
    let more = json!({
        "unit": "110115001", "address": "学府路", "source": "巡查",
        "geometry": { "type": "Point", "coordinates": [116.3385, 39.7285] }
    });
    event(point, number, "report", "grid_worker", more)
}

pub fn register(point: u64, number: u64) -> Value {
    let more = json!({
        "task": "CW", "unit": "110115001", "due_at": "2025-10-31", "build_area_m2": 120.5
    });
    event(point, number, "register", "town", more)
}

/// The events that lead a point to a submission, numbered from `from` on.
pub fn submitted(point: u64, from: u64) -> Vec<Value> {
    let photos = json!({
        "before": [uuid(9000 + point * 2)], "after": [uuid(9001 + point * 2)],
        "build_area_m2": 120.5
    });
    vec![
        report(point, from),
        register(point, from + 1),
        event(point, from + 2, "dispatch", "town", json!({ "receiver": "城管队" })),
        event(point, from + 3, "accept", "town", json!({})),
        event(point, from + 4, "submit", "town", photos),
    ]
}

impl Town {
    pub fn new() -> Self {
        let folder = folder_with(&[]);
        let made = run(folder.path(), &["ledger", "init", "s.gpkg"]);
        assert_eq!((made.code, made.err.as_str()), (0, ""), "{}", made.out);
        let server = Server::start(&folder.path().join("s.gpkg"), &[]);
        Self { folder, server }
    }

    pub fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("s.gpkg")
    }

    /// The server over the same store, once more.
    pub fn restarted(self) -> Self {
        let Self { folder, server } = self;
        drop(server);
        let server = Server::start(&folder.path().join("s.gpkg"), &[]);
        Self { folder, server }
    }

    /// Raises a batch; its answer.
    pub fn batch(&self, events: &[Value]) -> Value {
        let answer = self.server.post("/points/events", &json!(events).to_string());
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    /// Raises a batch of which every event must be new.
    pub fn take(&self, events: &[Value]) {
        let answer = self.batch(events);
        for event in answer["events"].as_array().unwrap() {
            assert_eq!(event["outcome"], "new", "{event}");
        }
    }

    /// Raises one event at its point.
    pub fn raise(&self, event: &Value) -> Response {
        let point = event["point"].as_str().unwrap();
        self.server.post(&format!("/points/{point}/events"), &event.to_string())
    }

    pub fn trace(&self, point: &str) -> Value {
        let answer = self.server.get(&format!("/points/{point}/trace"));
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    /// The properties of a row of a collection.
    pub fn row(&self, collection: &str, fid: i64) -> Value {
        let answer = self.server.get(&format!("/collections/{collection}/items/{fid}"));
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["properties"].clone()
    }

    /// Every row of `points` says what the trace of its point says.
    pub fn check_rows(&self) -> usize {
        let items = self.server.get("/collections/points/items?limit=1000").json();
        let rows = items["features"].as_array().unwrap();
        let mut events = 0;
        for row in rows {
            let trace = self.trace(row["properties"]["id"].as_str().unwrap());
            for (name, value) in row["properties"].as_object().unwrap() {
                assert_eq!(&trace["point"][name], value, "{name}");
            }
            events += trace["events"].as_array().unwrap().len();
        }
        let all = self.server.get("/collections/point_events/items?limit=1").json();
        assert_eq!(all["numberMatched"], events);
        rows.len()
    }
}

/// Opens the file as another program does that writes no geometry.
pub fn other_program(path: &Path) -> rusqlite::Connection {
    let db = rusqlite::Connection::open(path).unwrap();
    db.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
    // What the triggers of the R-tree call.
    let flags = rusqlite::functions::FunctionFlags::SQLITE_UTF8;
    for name in ["ST_IsEmpty", "ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"] {
        db.create_scalar_function(name, 1, flags, |_| Ok(None::<f64>)).unwrap();
    }
    db
}
