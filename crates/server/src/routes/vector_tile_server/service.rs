//! What a service is: collections on a grid, and what Esri's clients call both.

use serde_json::{Value, json};
use spatial::{CollectionId, CollectionSnapshot, Crs, Envelope, Snapshot, WorldBox};
use tile::{TileCoord, TileMatrixSet, WEB_MERCATOR_QUAD};

use super::{DATASET, SERVICES};
use crate::problem::{Code, Problem};
use crate::query_string::encode;
use crate::routes::collections::known;
use crate::routes::tile_layers::{of_dataset, snapshots};
use crate::routes::tile_limits::box_on;
use crate::routes::tiles::matrix_set;
use crate::state::App;

/// What stands between the layers and the grid in a name.
const ON: char = '@';
/// Esri's own number of Web Mercator.
const WEB_MERCATOR_WKID: u32 = 102_100;

/// Layers on a grid.
#[derive(Debug)]
pub struct Service<'a> {
    /// The collection, or [`DATASET`].
    pub subject: String,
    /// The grid.
    pub set: &'static TileMatrixSet,
    /// What the tiles show.
    pub layers: Vec<&'a CollectionSnapshot>,
    /// Where that lies on the grid; empty when nothing of it does.
    pub area: WorldBox,
}

impl<'a> Service<'a> {
    /// The service called `name`: a collection or [`DATASET`], and perhaps `@` and a grid.
    pub fn named(app: &App, snapshot: &'a Snapshot, name: &str) -> Result<Self, Problem> {
        let (subject, grid) = name.split_once(ON).unwrap_or((name, WEB_MERCATOR_QUAD.id));
        let set = matrix_set(app, grid)?;
        if spatial_reference(set).is_none() {
            return Err(Problem::new(
                Code::TileMatrixSetNotFound,
                format!(
                    "{grid} is on a coordinate system that only this site knows: clients of this \
                     interface could not place its tiles; use /tiles/{grid}"
                ),
            ));
        }
        let ids = if subject == DATASET {
            of_dataset(snapshot, None)?
        } else {
            vec![known(snapshot, subject)?]
        };
        let layers = snapshots(snapshot, &ids);
        let boxes = layers.iter().map(|layer| box_on(&app.engine, set, layer));
        let area = boxes.fold(WorldBox::EMPTY, |all, one| all.union(&one));
        Ok(Self { subject: subject.to_owned(), set, layers, area })
    }

    /// Every service that there is, by name.
    pub fn all(app: &App, snapshot: &Snapshot) -> Vec<String> {
        let ids = snapshot.collections.keys().map(CollectionId::as_str);
        let subjects = std::iter::once(DATASET).chain(ids.filter(|id| *id != DATASET));
        let sets = app.engine.matrix_sets().iter();
        let sets: Vec<_> = sets.filter(|set| spatial_reference(set).is_some()).collect();
        subjects.flat_map(|subject| sets.iter().map(move |set| name(subject, set))).collect()
    }

    /// Its name.
    pub fn name(&self) -> String {
        name(&self.subject, self.set)
    }

    /// The collections that are its layers.
    pub fn ids(&self) -> Vec<CollectionId> {
        self.layers.iter().map(|layer| layer.collection().id.clone()).collect()
    }

    /// The tile at `level`, `row` and `col`.
    pub fn coord(&self, level: u32, row: u32, col: u32) -> Result<TileCoord, Problem> {
        TileCoord::new(self.set, level, col, row)
            .map_err(|error| Problem::new(Code::TileOutOfRange, error.to_string()))
    }

    /// First and last level with tiles.
    pub fn levels(&self) -> (u8, u8) {
        // Where a layer is not drawn at all its range is empty.
        let zooms = || {
            let drawn = self.layers.iter().map(|layer| self.set.drawn(layer.collection().zooms));
            drawn.filter(|zooms| !zooms.is_empty())
        };
        let first = zooms().map(|zooms| *zooms.start()).min();
        let last = zooms().map(|zooms| *zooms.end()).max();
        match (first, last) {
            (Some(first), Some(last)) => (first.min(last), last),
            _ => (self.set.min_zoom(), self.set.max_zoom()),
        }
    }

    /// Extent of the layers in the grid's CRS, east first; the grid's when nothing has a place.
    pub fn extent(&self) -> Envelope {
        let ([west, north], width) = (self.set.origin, self.set.width);
        if self.area.is_empty() {
            return Envelope::new(west, north - self.set.height(), west + width, north);
        }
        // World units are 2^-32 of the width.
        let unit = width / 4_294_967_296.0;
        let east = |units: f64| west + units * unit;
        let south = |units: f64| north - units * unit;
        let WorldBox { min, max } = self.area;
        Envelope::new(
            east(f64::from(min[0])),
            south(f64::from(max[1]) + 1.0),
            east(f64::from(max[0]) + 1.0),
            south(f64::from(min[1])),
        )
    }
}

/// The name of the service of `subject` on `set`.
fn name(subject: &str, set: &TileMatrixSet) -> String {
    if set.id == WEB_MERCATOR_QUAD.id {
        subject.to_owned()
    } else {
        format!("{subject}{ON}{}", set.id)
    }
}

/// Path of the service called `name`, below the start of links.
pub fn path(name: &str) -> String {
    format!("{SERVICES}/{}/VectorTileServer", encode(name))
}

/// Path of the service of `subject` on `set`, if there is one.
pub fn path_on(subject: &str, set: &TileMatrixSet) -> Option<String> {
    spatial_reference(set).map(|_known| path(&name(subject, set)))
}

/// The CRS of `set` by its numbers; `None` for one that only this site knows, of which nothing
/// but the name is told.
pub fn spatial_reference(set: &TileMatrixSet) -> Option<Value> {
    match set.coordinates {
        Crs::WEB_MERCATOR => Some(json!({ "wkid": WEB_MERCATOR_WKID, "latestWkid": 3857 })),
        Crs::Epsg(code) => Some(json!({ "wkid": code, "latestWkid": code })),
        Crs::Site(_) => None,
    }
}
