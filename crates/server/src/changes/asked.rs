//! Which changes a request asks for.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use engine::feed::{ChangeBoxes, PlacedRecord, Viewport};
use spatial::{CollectionId, Envelope, Snapshot};
use tile::TileMatrixSet;

use crate::problem::{Code, Problem};
use crate::query_string::QueryString;
use crate::routes::known;
use crate::state::App;

/// Most collections that are named.
const MAX_COLLECTIONS: usize = 256;

/// Collections and boxes.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// These collections; all when there is no list.
    pub collections: Option<BTreeSet<CollectionId>>,
    /// What touches one of these boxes.
    pub boxes: Option<ChangeBoxes>,
}

/// A viewport that tiles are named of.
#[derive(Clone, Debug)]
pub struct View {
    /// The tile matrix set.
    pub set: &'static TileMatrixSet,
    /// Its tiles.
    pub viewport: Viewport,
}

/// What a reader of the stream listens for.
#[derive(Clone, Debug)]
pub struct Listening {
    /// Which changes.
    pub wanted: Wanted,
    /// Of which tiles are named.
    pub view: Option<View>,
}

fn refused(detail: String) -> Problem {
    Problem::new(Code::InvalidParameter, detail)
}

impl Wanted {
    /// Reads `collections` and `bbox`.
    pub fn read(query: &QueryString, snapshot: &Snapshot) -> Result<Self, Problem> {
        let collections = query.value("collections").map(|text| {
            let names: Vec<&str> = text.split(',').collect();
            if names.len() > MAX_COLLECTIONS {
                let count = names.len();
                let most = format!("collections names {count}; at most {MAX_COLLECTIONS} are read");
                return Err(refused(most));
            }
            names.into_iter().map(|name| known(snapshot, name)).collect()
        });
        let boxes = query.value("bbox").map(lon_lat_boxes).transpose()?;
        Ok(Self { collections: collections.transpose()?, boxes: boxes.map(ChangeBoxes) })
    }

    /// Whether changes of the collection are asked for.
    pub fn names(&self, id: &CollectionId) -> bool {
        self.collections.as_ref().is_none_or(|named| named.contains(id))
    }

    /// Whether the change is asked for.
    pub fn asks_for(&self, placed: &PlacedRecord) -> bool {
        self.names(&placed.record.collection)
            && self.boxes.as_ref().is_none_or(|boxes| boxes.hold(placed))
    }
}

impl Listening {
    /// Reads `collections`, `bbox`, `zoom` and `tms`.
    pub fn read(query: &QueryString, app: &App) -> Result<Self, Problem> {
        let wanted = Wanted::read(query, &app.engine.snapshot())?;
        let name = query.value("tms");
        let sets = app.engine.matrix_sets();
        let set = sets.find(name.unwrap_or(tile::WEB_MERCATOR_QUAD.id));
        let set = set.ok_or_else(|| {
            let shown: String = name.unwrap_or_default().chars().take(80).collect();
            let known = sets.ids().join(", ");
            let detail = format!("tms={shown:?} is not offered; use {known}");
            Problem::new(Code::TileMatrixSetNotFound, detail)
        })?;
        let view = match (query.value("zoom"), &wanted.boxes) {
            (Some(zoom), Some(boxes)) => {
                let zooms = zooms(zoom, set)?;
                let buffer = app.engine.settings().limits.buffer;
                let grid = (set, app.engine.world_grid(set));
                let viewport = Viewport::new(grid, &boxes.0, zooms, buffer);
                Some(View { set, viewport })
            }
            (Some(_), None) => {
                return Err(refused("zoom needs a bbox: tiles are named of a viewport".to_owned()));
            }
            (None, _) if name.is_some() => {
                return Err(refused("tms needs a zoom and a bbox".to_owned()));
            }
            (None, _) => None,
        };
        Ok(Self { wanted, view })
    }
}

/// `12` or `10..14`, as the tile matrices of the set are called.
fn zooms(text: &str, set: &TileMatrixSet) -> Result<RangeInclusive<u8>, Problem> {
    let one = |text: &str| set.zoom_of(text);
    let range = match text.split_once("..") {
        Some((low, high)) => one(low).zip(one(high)),
        None => one(text).map(|zoom| (zoom, zoom)),
    };
    range.filter(|(low, high)| low <= high).map(|(low, high)| low..=high).ok_or_else(|| {
        let shown: String = text.chars().take(40).collect();
        let (min, max) = (set.matrix_id(set.min_zoom()), set.matrix_id(set.max_zoom()));
        refused(format!(
            "zoom={shown:?} is not usable; send {min} to {max}, or two of them as 10..14"
        ))
    })
}

/// The boxes of a `bbox` in longitude and latitude: two when it crosses the 180th meridian.
fn lon_lat_boxes(text: &str) -> Result<Vec<Envelope>, Problem> {
    let unusable = |reason: &str| {
        let shown: String = text.chars().take(120).collect();
        refused(format!(
            "bbox={shown:?} is not usable: {reason}; send west,south,east,north in degrees"
        ))
    };
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|number| number.is_finite());
    let numbers: Option<Vec<f64>> = text.split(',').map(number).collect();
    let numbers = numbers.ok_or_else(|| unusable("not all are finite numbers"))?;
    let [west, south, east, north] = match numbers[..] {
        [west, south, east, north] | [west, south, _, east, north, _] => [west, south, east, north],
        _ => return Err(unusable(&format!("there are {} numbers", numbers.len()))),
    };
    if south > north {
        return Err(unusable("its lower border lies above its upper one"));
    }
    if west <= east {
        return Ok(vec![Envelope::new(west, south, east, north)]);
    }
    Ok(vec![Envelope::new(west, south, 180.0, north), Envelope::new(-180.0, south, east, north)])
}
