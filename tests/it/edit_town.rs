//! A small town whose features may be edited, one server a test.

use std::path::Path;

use serde_json::Value;

use crate::running::{Response, Server, folder_with, point, run};

/// Six square parcels in a row, with a key, a hidden field and every type of value.
fn parcels() -> String {
    let features: Vec<String> = (0..6)
        .map(|number| {
            format!(
                r#"{{"type":"Feature","properties":{{"code":"P{number}","name":"甲村{number}号","area":{number}.5,"floors":{number},"on":"2026-03-01","at":"2026-03-01T08:00:00Z","state":true,"owner":"张{number}"}},"geometry":{}}}"#,
                square(number)
            )
        })
        .collect();
    format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, features.join(","))
}

/// The square of parcel `number`, CRS84.
pub fn square(number: u32) -> String {
    let west = 116.4 + f64::from(number) / 1000.0;
    square_at(west, 39.6)
}

/// A square of 0.0005 degrees.
pub fn square_at(west: f64, south: f64) -> String {
    let (east, north) = (west + 0.0005, south + 0.0005);
    format!(
        r#"{{"type":"Polygon","coordinates":[[[{west},{south}],[{east},{south}],[{east},{north}],[{west},{north}],[{west},{south}]]]}}"#
    )
}

/// A feature with these properties and geometry.
pub fn feature(properties: &str, geometry: &str) -> String {
    format!(r#"{{"type":"Feature","properties":{properties},"geometry":{geometry}}}"#)
}

/// A served store of parcels and of points far from them.
pub struct Town {
    pub server: Server,
    pub folder: tempfile::TempDir,
}

impl Town {
    /// The town under the default settings.
    pub fn new() -> Self {
        Self::with_settings("")
    }

    /// The town under these lines of `tuban.toml`.
    pub fn with_settings(settings: &str) -> Self {
        let points =
            [point(r#"{"label":"one"}"#, 117.4, 39.6), point(r#"{"label":"two"}"#, 117.5, 39.6)];
        let folder = folder_with(&[
            ("parcels.geojson", parcels().as_bytes()),
            ("points.geojsonl", points.join("\n").as_bytes()),
            ("tuban.toml", settings.as_bytes()),
        ]);
        let crs = ["--crs", "EPSG:4490"];
        for arguments in [
            &[&["import", "town.gpkg", "parcels.geojson", "--keep", "owner"], &crs[..]].concat()[..],
            &[&["import", "town.gpkg", "points.geojsonl"], &crs[..]].concat(),
            &["collection", "set", "town.gpkg", "parcels", "--class", "owner=L3", "--key", "code"],
        ] {
            let done = run(folder.path(), arguments);
            assert_eq!(done.code, 0, "{arguments:?}: {}", done.err);
        }
        Self { server: Self::serve(folder.path()), folder }
    }

    fn serve(folder: &Path) -> Server {
        let config = folder.join("tuban.toml");
        Server::start(&folder.join("town.gpkg"), &["--config", config.to_str().unwrap()])
    }

    /// The same store under a new server.
    pub fn restarted(self) -> Self {
        self.restarted_after(&["collection", "list", "town.gpkg"])
    }

    /// The same store under a new server, with a command between the two.
    pub fn restarted_after(self, command: &[&str]) -> Self {
        let Self { server, folder } = self;
        assert!(server.terminate().0);
        let done = run(folder.path(), command);
        assert_eq!(done.code, 0, "{command:?}: {}", done.err);
        Self { server: Self::serve(folder.path()), folder }
    }

    /// A feature as it is, with its tag.
    pub fn item(&self, path: &str) -> (Value, String) {
        let answer = self.server.get(&format!("/collections/{path}"));
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        (answer.json(), answer.header("etag").unwrap().to_owned())
    }

    /// Changes a feature.
    pub fn change(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Response {
        let media_type = match method {
            "PATCH" => "application/merge-patch+json",
            _ => "application/geo+json",
        };
        let mut all = vec![];
        if !headers.iter().any(|(name, _)| *name == "Content-Type") {
            all.push(("Content-Type", media_type));
        }
        // An empty value stands for an absent header.
        all.extend(headers.iter().filter(|(_, value)| !value.is_empty()));
        self.server.change(method, &format!("/collections/{path}"), &all, body)
    }

    /// The revision that readers see.
    pub fn revision(&self) -> u64 {
        self.server.get("/health").header("tuban-revision").unwrap().parse().unwrap()
    }
}

/// Checks status and code of a refusal, and that it repeats no value; its defects as
/// `pointer: problem`.
pub fn check_refusal(answer: &Response, status: u16, code: &str, what: &str) -> Vec<String> {
    assert_eq!(answer.status, status, "{what}: {}", answer.text());
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{what}");
    assert!(answer.header("tuban-revision").is_some(), "{what}");
    let problem = answer.json();
    assert_eq!(problem["code"], code, "{what}: {problem}");
    assert!(!answer.text().contains("secret"), "{what} repeats a value: {problem}");
    let defects = problem["defects"].as_array().cloned().unwrap_or_default();
    let shown = |d: &Value| {
        format!("{}: {}", d["pointer"].as_str().unwrap(), d["problem"].as_str().unwrap())
    };
    defects.iter().map(shown).collect()
}
