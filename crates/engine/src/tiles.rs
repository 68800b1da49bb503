//! One tile: which collections and columns, from the cache or rendered.

mod selection;

use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use selection::Selected;
pub use selection::{Labels, LayerSelection, TileSelection, has_labels, label_layer};
use spatial::{
    CollectionId, CollectionSnapshot, FieldClass, FieldType, OverBudget, Revision, Snapshot,
};
use tile::{FeatureSource, LayerInput, Sampled, TileCoord, TileMatrixSet};

use crate::cache::{CachedTile, TileKey};
use crate::compress::{Encoding, compress};
use crate::{Engine, EngineError, Metrics, ReadableField};

/// Most collections of one tile.
pub const MAX_TILE_COLLECTIONS: usize = 32;
/// The highest class that any tile carries, whoever asks.
const HIGHEST_IN_TILES: FieldClass = FieldClass::L1;

/// What a reader may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Profile {
    /// Highest class of the fields shown.
    pub highest: FieldClass,
}

impl Default for Profile {
    fn default() -> Self {
        Self { highest: FieldClass::L1 }
    }
}

/// What is asked for.
#[derive(Clone, Debug)]
pub struct TileRequest {
    /// Collections; each becomes a layer. Order and repetition mean nothing.
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
    /// Present when limits left features out.
    pub aggregation: Option<Sampled>,
    /// Whether the tile was in the cache.
    pub cached: bool,
}

/// A request made out against one state.
struct Plan {
    snapshot: Arc<Snapshot>,
    /// Ascending, each once.
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
        let CachedTile { bytes, sampled: aggregation } = tile;
        Ok(TileAnswer { bytes, encoding, etag, revision, aggregation, cached })
    }

    /// The entity tag that [`Engine::tile`] would answer with, quotes included. Costs no
    /// rendering: it is made of the newest change at the place.
    pub fn etag(&self, request: &TileRequest) -> Result<String, EngineError> {
        Ok(self.tag(&self.plan(request)?.key))
    }

    fn plan(&self, request: &TileRequest) -> Result<Plan, EngineError> {
        let mut collections = request.collections.clone();
        collections.sort_unstable();
        collections.dedup();
        if !(1..=MAX_TILE_COLLECTIONS).contains(&collections.len()) {
            return Err(EngineError::TileCollections {
                asked: collections.len(),
                max: MAX_TILE_COLLECTIONS,
            });
        }
        let snapshot = request.state.clone().unwrap_or_else(|| self.snapshot());
        let area = request.coord.world_box(self.settings().limits.buffer);
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
        let (tile, features, time) = self
            .pool()
            .run(move || {
                let start = Instant::now();
                let shown = Content {
                    collections: &collections,
                    highest: key.highest,
                    selection: selection.as_deref().map(|selection| (selection, start + most)),
                };
                let (tile, features) =
                    cut(&snapshot, &shown, (set, key.coord), &limits, key.encoding)?;
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
    /// Ascending, each once.
    pub(crate) collections: &'a [CollectionId],
    pub(crate) highest: FieldClass,
    /// A selection, and when its conditions must be decided.
    pub(crate) selection: Option<(&'a TileSelection, Instant)>,
}

/// Cuts one tile; answers how many features are in it, too.
pub(crate) fn cut(
    snapshot: &Snapshot,
    shown: &Content<'_>,
    (set, coord): (&TileMatrixSet, TileCoord),
    limits: &tile::Limits,
    encoding: Encoding,
) -> Result<(CachedTile, usize), EngineError> {
    let mut layers = Vec::with_capacity(shown.collections.len());
    for id in shown.collections {
        let source = collection(snapshot, id)?;
        let zooms = source.collection().zooms;
        if (zooms.min..=zooms.max).contains(&coord.z()) {
            let part = shown
                .selection
                .and_then(|(selection, deadline)| Some((selection.layers.get(id)?, deadline)));
            let fields = part.and_then(|(part, _)| part.fields.as_deref());
            let columns = columns(source, shown.highest, fields);
            let part = part.map(|(part, deadline)| Selected::new(source, part, deadline));
            layers.push((id.as_str(), source, columns, part));
        }
    }
    let inputs: Vec<_> = layers
        .iter()
        .map(|(name, source, columns, part)| {
            let whole: &dyn FeatureSource = *source;
            let source = part.as_ref().map_or(whole, |part| part);
            LayerInput { name, source, columns }
        })
        .collect();
    tile::render_and(&inputs, set, coord, limits, |rendered| {
        let labels: Vec<u8> = match shown.selection {
            Some((TileSelection { labels: Labels::With, .. }, _)) => {
                let collections = layers.iter().map(|(_, source, ..)| source.collection());
                let named = collections.zip(&inputs).filter(|(of, _)| has_labels(of));
                named.flat_map(|(of, input)| labels_of(&of.id, input, coord)).collect()
            }
            _ => Vec::new(),
        };
        if layers.iter().any(|(.., part)| part.as_ref().is_some_and(Selected::is_over)) {
            return Err(EngineError::TooCostly { cause: OverBudget::Time });
        }
        let bytes = match (rendered.bytes.as_slice(), labels.as_slice()) {
            ([], []) => Arc::default(),
            (bytes, []) => compress(bytes, encoding)?,
            (bytes, labels) => compress(&[bytes, labels].concat(), encoding)?,
        };
        let features = rendered.layers.iter().map(|layer| layer.features).sum();
        Ok((CachedTile { bytes, sampled: rendered.sampled }, features))
    })
}

fn labels_of(id: &CollectionId, layer: &LayerInput<'_>, coord: TileCoord) -> Vec<u8> {
    tile::labels(&LayerInput { name: &label_layer(id), ..*layer }, coord)
}

fn collection<'a>(
    snapshot: &'a Snapshot,
    id: &CollectionId,
) -> Result<&'a CollectionSnapshot, EngineError> {
    let found = snapshot.collections.get(id).map(|collection| &**collection);
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
