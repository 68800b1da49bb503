//! A small town whose every figure is known: 400 parcels of 100 m in rows of 20, and a point in
//! the middle of every second one.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::running::{Response, Server, run};

/// South-western corner of the town in EPSG:4548, east and north, metres.
pub const ORIGIN: [f64; 2] = [440_000.0, 4_390_000.0];
/// Length of a parcel's side, metres.
pub const SIDE: f64 = 100.0;
/// Parcels in a row, and rows.
pub const ROW: usize = 20;

/// One parcel, as a linear scan sees it.
pub struct Parcel {
    pub id: i64,
    /// West, south, east and north border.
    pub borders: [f64; 4],
    pub code: i64,
    pub size: Option<f64>,
    pub kind: Option<&'static str>,
}

impl Parcel {
    fn new(position: usize) -> Self {
        let (column, row) = (position % ROW, position / ROW);
        let west = ORIGIN[0] + column as f64 * SIDE;
        let south = ORIGIN[1] + row as f64 * SIDE;
        Self {
            id: position as i64 + 1,
            borders: [west, south, west + SIDE, south + SIDE],
            code: 110_115_000_000_000_000 + position as i64,
            size: (!position.is_multiple_of(7)).then_some(position as f64 * 0.25),
            kind: [Some("house"), Some("宅基地"), None][position % 3],
        }
    }

    /// Area that the parcel shares with a rectangle.
    pub fn shared(&self, [west, south, east, north]: [f64; 4]) -> f64 {
        let width = self.borders[2].min(east) - self.borders[0].max(west);
        let height = self.borders[3].min(north) - self.borders[1].max(south);
        width.max(0.0) * height.max(0.0)
    }

    /// Whether the parcel and a rectangle share a point.
    pub fn meets(&self, [west, south, east, north]: [f64; 4]) -> bool {
        self.borders[0] <= east
            && self.borders[2] >= west
            && self.borders[1] <= north
            && self.borders[3] >= south
    }
}

pub fn parcels() -> Vec<Parcel> {
    (0..ROW * ROW).map(Parcel::new).collect()
}

/// A rectangle as GeoJSON, ordinates in the order east, north.
pub fn rectangle([west, south, east, north]: [f64; 4]) -> Value {
    json!({
        "type": "Polygon",
        "coordinates":
            [[[west, south], [east, south], [east, north], [west, north], [west, south]]]
    })
}

/// A rectangle as EPSG:4548 wants it: north first.
pub fn rectangle_4548([west, south, east, north]: [f64; 4]) -> Value {
    rectangle([south, west, north, east])
}

/// From the middle of the third parcel of the third row to the middle of the eighth of the
/// seventh: 6 columns and 5 rows are met.
pub const AREA: [f64; 4] = [440_250.0, 4_390_250.0, 440_750.0, 4_390_650.0];

pub struct Town {
    pub server: Server,
    pub store: PathBuf,
    folder: tempfile::TempDir,
}

impl Town {
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn post(&self, target: &str, body: &Value) -> Response {
        self.server.post(target, &body.to_string())
    }

    /// The answer to a request that is answered.
    pub fn answer(&self, target: &str, body: &Value) -> Value {
        let answer = self.post(target, body);
        assert_eq!(answer.status, 200, "{target} {body}: {}", answer.text());
        answer.json()
    }
}

pub static TOWN: LazyLock<Town> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let feature = |properties: Value, geometry: Value| json!({ "type": "Feature", "properties": properties, "geometry": geometry });
    let all = parcels();
    let lots: Vec<Value> = all
        .iter()
        .map(|parcel| {
            let properties = json!({
                "code": parcel.code, "size": parcel.size, "kind": parcel.kind,
                "since": format!("2020-01-{:02}", parcel.id % 28 + 1), "holder": "withheld"
            });
            feature(properties, rectangle(parcel.borders))
        })
        .collect();
    let points: Vec<Value> = all
        .iter()
        .step_by(2)
        .map(|parcel| {
            let middle = [parcel.borders[0] + SIDE / 2.0, parcel.borders[1] + SIDE / 2.0];
            let geometry = json!({ "type": "Point", "coordinates": middle });
            feature(json!({ "weight": parcel.id }), geometry)
        })
        .collect();
    for (name, features) in [("parcels", lots), ("points", points)] {
        let text = json!({ "type": "FeatureCollection", "features": features }).to_string();
        let file = format!("{name}.geojson");
        std::fs::write(folder.path().join(&file), text).unwrap();
        let imported = run(folder.path(), &["import", "town.gpkg", &file, "--crs", "EPSG:4548"]);
        assert_eq!(imported.code, 0, "{}", imported.err);
    }
    let classed =
        run(folder.path(), &["collection", "set", "town.gpkg", "parcels", "--class", "holder=L2"]);
    assert_eq!(classed.code, 0, "{}", classed.err);
    let store = folder.path().join("town.gpkg");
    Town { server: Server::start(&store, &[]), store, folder }
});
