//! One tile: which collections and columns, from the cache or rendered.

mod selection;

use std::borrow::Cow;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use selection::Selected;
pub use selection::{Labels, LayerSelection, TileSelection, has_labels, label_layer};
use spatial::{
    Collection, CollectionId, CollectionSnapshot, FieldClass, FieldType, OverBudget, Revision,
    Snapshot,
};
use tile::{Aggregation, CommandCache, FeatureSource, LayerInput, TileCoord, TileMatrixSet};

use crate::cache::{CachedTile, TileKey};
use crate::compress::{Encoding, compress};
use crate::grids::Grids;
use crate::{Engine, EngineError, Metrics, ReadableField, key_class};

/// Most collections of one tile.
pub const MAX_TILE_COLLECTIONS: usize = 64;
/// The highest class that any tile carries, whoever asks.
pub const HIGHEST_IN_TILES: FieldClass = FieldClass::L1;

/// What a reader may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Profile {
    /// Highest class of the fields shown.
    pub highest: FieldClass,
    /// The same within collections whose own key is above `highest`; whoever may not read their key
    /// sees nothing of them ([`Engine::seeing`]).
    pub within: FieldClass,
}

impl Profile {
    /// Highest class of the fields of `collection` that are shown.
    pub fn highest_of(&self, collection: &Collection) -> FieldClass {
        match key_class(collection) > self.highest {
            true => self.within.max(self.highest),
            false => self.highest,
        }
    }
}

impl Default for Profile {
    fn default() -> Self {
        Self { highest: FieldClass::L1, within: FieldClass::L1 }
    }
}

/// What is asked for.
#[derive(Clone, Debug)]
pub struct TileRequest {
    /// Collections; each becomes a layer, in this order. Repetition means nothing.
    pub collections: Vec<CollectionId>,
    /// The grid.
    pub matrix_set: &'static TileMatrixSet,
    /// The place.
    pub coord: TileCoord,
    /// How the answer is encoded.
    pub encoding: Encoding,
    /// Who asks.
    pub profile: Profile,
    /// The state to cut the tile from, a past one for instance; the current one when absent.
    pub state: Option<Arc<Snapshot>>,
    /// Which features and attributes; all that the profile may see when absent.
    pub selection: Option<Arc<TileSelection>>,
}

/// A tile.
#[derive(Clone, Debug)]
pub struct TileAnswer {
    /// The tile as encoded; empty when nothing is in it.
    pub bytes: Arc<[u8]>,
    /// How the bytes are encoded; as asked for, except that an empty tile has no encoding.
    pub encoding: Encoding,
    /// The entity tag, quotes included.
    pub etag: String,
    /// State that the tile shows.
    pub revision: Revision,
    /// Present when not every feature is drawn as itself, with all of its attributes.
    pub aggregation: Option<Arc<Aggregation>>,
    /// Whether the tile was in the cache.
    pub cached: bool,
}

/// A request made out against one state.
struct Plan {
    snapshot: Arc<Snapshot>,
    /// In the order of the layers, each once.
    collections: Vec<CollectionId>,
    key: TileKey,
}

impl Engine {
    /// Renders a tile, or takes it from the cache.
    pub async fn tile(&self, request: &TileRequest) -> Result<TileAnswer, EngineError> {
        let plan = self.plan(request)?;
        let (etag, revision) = (self.tag(&plan.key), plan.snapshot.revision);
        let rendered = AtomicBool::new(false);
        let key = plan.key.clone();
        let tile = self.cache().tile(&key, async {
            rendered.store(true, Ordering::Relaxed);
            self.render(plan, request).await
        });
        let tile = tile.await?;
        let cached = !rendered.into_inner();
        let metrics = self.metrics();
        let counter = if cached { &metrics.tile_cache_hits } else { &metrics.tile_cache_misses };
        Metrics::add(counter, 1);
        let encoding = if tile.bytes.is_empty() { Encoding::Identity } else { request.encoding };
        let CachedTile { bytes, aggregation } = tile;
        Ok(TileAnswer { bytes, encoding, etag, revision, aggregation, cached })
    }

    /// The entity tag that [`Engine::tile`] would answer with, quotes included. Costs no
    /// rendering: it is made of the newest change at the place.
    pub fn etag(&self, request: &TileRequest) -> Result<String, EngineError> {
        Ok(self.tag(&self.plan(request)?.key))
    }

    /// Counts a tile that was answered again by whoever keeps the answers of [`Engine::tile`].
    pub fn count_kept_tile(&self) {
        Metrics::add(&self.metrics().tile_cache_hits, 1);
    }

    fn plan(&self, request: &TileRequest) -> Result<Plan, EngineError> {
        let mut collections: Vec<CollectionId> = Vec::new();
        for id in &request.collections {
            if !collections.contains(id) {
                collections.push(id.clone());
            }
            if collections.len() > MAX_TILE_COLLECTIONS {
                break;
            }
        }
        if !(1..=MAX_TILE_COLLECTIONS).contains(&collections.len()) {
            return Err(EngineError::TileCollections {
                asked: request.collections.len(),
                max: MAX_TILE_COLLECTIONS,
            });
        }
        let snapshot = request.state.clone().unwrap_or_else(|| self.snapshot());
        let area = self.around(request.matrix_set, request.coord);
        let mut place = Revision(0);
        let mut words = String::new();
        for id in &collections {
            let source = collection(&snapshot, id)?;
            place = place.max(source.revision_of(&area));
            if request.state.is_some() {
                let said = source.collection();
                words.push_str(&format!("{:?}{:?}", said.fields, said.zooms));
            }
        }
        if let Some(selection) = &request.selection {
            words.push_str(&selection.words);
        }
        // Caches never cross views.
        let mark = self.view_mark();
        if mark != 0 {
            words.push_str(&format!("\u{0}{}:{mark:x}", self.view().audience.word()));
        }
        let names: Vec<&str> = collections.iter().map(CollectionId::as_str).collect();
        let key = TileKey {
            collections: names.join(",").into(),
            matrix_set: request.matrix_set.id,
            coord: request.coord,
            highest: request.profile.highest.min(HIGHEST_IN_TILES),
            encoding: request.encoding,
            place,
            words: words.into(),
        };
        Ok(Plan { snapshot, collections, key })
    }

    fn tag(&self, key: &TileKey) -> String {
        let encoding = match key.encoding {
            Encoding::Identity => 'i',
            Encoding::Gzip => 'g',
            Encoding::Zstd => 'z',
        };
        let class = if key.highest == FieldClass::L0 { '0' } else { '1' };
        let mut words = rustc_hash::FxHasher::default();
        if !key.words.is_empty() {
            key.words.hash(&mut words);
        }
        let shown = self.fingerprint() ^ words.finish();
        format!("\"{shown:016x}-{}-{encoding}{class}\"", key.place)
    }

    async fn render(&self, plan: Plan, request: &TileRequest) -> Result<CachedTile, EngineError> {
        let Plan { snapshot, collections, key } = plan;
        let (limits, selection) = (self.settings().limits, request.selection.clone());
        let (set, most) = (request.matrix_set, self.settings().query_time);
        let (grids, commands) = (Arc::clone(&self.0.grids), Arc::clone(&self.0.commands));
        let (tile, features, time) = self
            .pool()
            .run(move || {
                let start = Instant::now();
                let shown = Content {
                    collections: &collections,
                    highest: key.highest,
                    commands: Some(&*commands),
                    selection: selection.as_deref().map(|selection| (selection, start + most)),
                };
                let (tile, features) =
                    cut((&snapshot, &grids), &shown, (set, key.coord), &limits, key.encoding)?;
                Ok::<_, EngineError>((tile, features, start.elapsed()))
            })
            .await??;
        let metrics = self.metrics();
        metrics.rendered(time);
        Metrics::add(&metrics.tile_bytes, tile.bytes.len() as u64);
        Metrics::add(&metrics.tile_features, features as u64);
        Ok(tile)
    }
}

/// What of a state a tile shows.
pub(crate) struct Content<'a> {
    /// In the order of the layers, each once.
    pub(crate) collections: &'a [CollectionId],
    pub(crate) highest: FieldClass,
    /// Where commands are kept for the tiles to come, where that is worth it.
    pub(crate) commands: Option<&'a CommandCache>,
    /// A selection, and when its conditions must be decided.
    pub(crate) selection: Option<(&'a TileSelection, Instant)>,
}

/// Cuts one tile; answers how many features are in it, too.
pub(crate) fn cut(
    (snapshot, grids): (&Snapshot, &Grids),
    shown: &Content<'_>,
    (set, coord): (&TileMatrixSet, TileCoord),
    limits: &tile::Limits,
    encoding: Encoding,
) -> Result<(CachedTile, usize), EngineError> {
    let mut layers = Vec::with_capacity(shown.collections.len());
    for id in shown.collections {
        let source = collection(snapshot, id)?;
        if set.drawn(source.collection().zooms).contains(&coord.z()) {
            let placed = grids.source(source, set, &coord.world_box(limits.buffer))?;
            let part = shown
                .selection
                .and_then(|(selection, deadline)| Some((selection.layers.get(id)?, deadline)));
            let fields = part.and_then(|(part, _)| part.fields.as_deref());
            let columns = columns(source, shown.highest, fields);
            layers.push((id.as_str(), (source, placed), columns, part));
        }
    }
    let layers: Vec<_> = layers
        .iter()
        .map(|(name, (source, placed), columns, part)| {
            let whole: &dyn FeatureSource = match placed {
                Some(placed) => placed,
                None => *source,
            };
            let part = part
                .map(|(part, deadline)| Selected::new(source.collection(), whole, part, deadline));
            (*name, whole, columns, part)
        })
        .collect();
    let inputs: Vec<_> = layers
        .iter()
        .map(|(name, whole, columns, part)| {
            let source = part.as_ref().map_or(*whole, |part| part);
            LayerInput { name, source, columns, commands: shown.commands }
        })
        .collect();
    let labels = match shown.selection {
        Some((TileSelection { labels: Labels::With, .. }, _)) => labels(snapshot, &inputs, coord),
        _ => Vec::new(),
    };
    let mut planned = *limits;
    for tries_left in (0..TRIES).rev() {
        let made = tile::render_and(&inputs, set, coord, &planned, |rendered| {
            if layers.iter().any(|(.., part)| part.as_ref().is_some_and(Selected::is_over)) {
                return Err(EngineError::TooCostly { cause: OverBudget::Time });
            }
            let whole: Cow<'_, [u8]> = match labels.as_slice() {
                [] => Cow::Borrowed(&rendered.bytes),
                labels => Cow::Owned([&rendered.bytes, labels].concat()),
            };
            let bytes = if whole.is_empty() { Arc::default() } else { compress(&whole, encoding)? };
            // Told by gzip whatever the encoding, so that a tile is the same in all of them.
            let weight = match encoding {
                _ if whole.len() <= limits.bytes => 0,
                Encoding::Gzip => bytes.len(),
                _ => compress(&whole, Encoding::Gzip)?.len(),
            };
            let features = rendered.layers.iter().map(|layer| layer.features).sum();
            let aggregation = rendered.aggregation.clone().map(Arc::new);
            Ok((weight, (CachedTile { bytes, aggregation }, features)))
        });
        let (weight, tile) = made?;
        if weight <= limits.bytes || tries_left == 0 {
            return Ok(tile);
        }
        // It compresses less than tiles usually do.
        planned.bytes =
            (planned.bytes as f64 * limits.bytes as f64 / weight as f64 * 0.97) as usize;
    }
    Err(EngineError::Internal { what: "a tile was not even tried".to_owned() })
}

/// How often a tile is planned anew that turns out to be heavier than it may.
const TRIES: usize = 3;

/// The label points of those of `layers` that have some, as layers of their own.
fn labels(snapshot: &Snapshot, layers: &[LayerInput<'_>], coord: TileCoord) -> Vec<u8> {
    let known = |layer: &LayerInput<'_>| {
        let mut all = snapshot.collections.values().map(|source| source.collection());
        all.find(|collection| collection.id.as_str() == layer.name)
    };
    let named = layers.iter().filter_map(|layer| Some((known(layer)?, layer)));
    named
        .filter(|(of, _)| has_labels(of))
        .flat_map(|(of, layer)| {
            tile::labels(&LayerInput { name: &label_layer(&of.id), ..*layer }, coord)
        })
        .collect()
}

fn collection<'a>(
    snapshot: &'a Snapshot,
    id: &CollectionId,
) -> Result<&'a CollectionSnapshot, EngineError> {
    let found = snapshot.collections.get(id).map(|collection| &**collection);
    // One whose key is above the class of tiles is in none, whoever asks.
    let found = found.filter(|found| key_class(found.collection()) <= HIGHEST_IN_TILES);
    found.ok_or_else(|| EngineError::UnknownCollection { id: id.clone() })
}

/// Columns that become attributes: of a class that the reader may see, no bytes, and of `only`.
fn columns<'a>(
    source: &'a CollectionSnapshot,
    highest: FieldClass,
    only: Option<&[ReadableField]>,
) -> Vec<(usize, &'a str)> {
    let fields = source.collection().fields.iter().enumerate();
    let is_wanted =
        |position| only.is_none_or(|only| only.iter().any(|field| field.position() == position));
    fields
        .filter(|(_, field)| field.class <= highest && field.field_type != FieldType::Bytes)
        .filter(|(position, _)| is_wanted(*position))
        .map(|(position, field)| (position, field.name.as_str()))
        .collect()
}
