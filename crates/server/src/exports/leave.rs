//! What leaves is counted, and stands in the audit log: who, what, how much of it, and its ground.
//!
//! Pages, whole collections and household files have a row each. Features asked for one by one, and tiles,
//! make a row a minute of each account, and none as long as the log has told of their ground within a day.

use std::collections::BTreeMap;

use engine::audit::{AuditEntry, action, result};
use engine::now;
use ledger::dossier::{Contents, Dossiers};
use spatial::{CollectionId, CollectionSnapshot, CrsRegistry, FeatureId, WorldBox};
use tile::{TileCoord, TileMatrixSet};

use super::cells::Ground;
use super::{Kind, Taker, outline};
use crate::access::Standing;
use crate::actor::Actor;
use crate::dossiers;
use crate::problem::Problem;
use crate::sender::Sender;
use crate::state::App;

/// From this zoom on tiles are counted.
const DEEP: u8 = 14;

/// Ground of the cadastre that an answer with a tile shows; an extension of it.
#[derive(Clone, Copy, Debug)]
pub struct Looked(WorldBox);

impl Looked {
    /// Of a tile with layers of these names, if it is counted.
    pub fn at<'a>(
        app: &App,
        mut layers: impl Iterator<Item = &'a str>,
        (set, coord): (&TileMatrixSet, TileCoord),
    ) -> Option<Self> {
        let settings = &app.settings.exports;
        let is_counted = coord.z() >= DEEP && layers.any(|name| settings.counts(name));
        is_counted.then(|| Self(app.engine.tile_ground(set, coord)))
    }
}

/// How often somebody is put on record.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Row {
    /// Each time.
    Own,
    /// Once a minute.
    Shared,
}

impl App {
    /// Counts features that are about to be sent, all of a collection without `ids`; whether there was
    /// anything to count. What is counted is counted each time that it is sent: no answer with it is kept.
    ///
    /// # Errors
    /// Where they and what was taken before cover more than is allowed.
    pub async fn take_features(
        &self,
        sender: &Sender,
        (held, ids): (&CollectionSnapshot, Option<&[FeatureId]>),
    ) -> Result<bool, Problem> {
        let id = &held.collection().id;
        let Some(actor) = self.counted(sender, id.as_str()) else { return Ok(false) };
        let count = ids.map_or(held.len(), <[FeatureId]>::len);
        let ground = Ground::covered(boxes(held, ids).into_iter());
        let entry = sender.entry(action::EXPORT, format!("/collections/{id}"));
        let entry = AuditEntry { count: Some(count as u64), ..entry };
        let row = if count < 2 { Row::Shared } else { Row::Own };
        self.leave((actor, Kind::Export), ground, (entry, row)).await?;
        Ok(true)
    }

    /// The same of features of several collections as they are now, one by one.
    ///
    /// # Errors
    /// Where they and what was taken before cover more than is allowed.
    pub async fn take_named<'a>(
        &self,
        sender: &Sender,
        features: impl Iterator<Item = (&'a CollectionId, FeatureId)>,
    ) -> Result<bool, Problem> {
        if sender.account().is_none() {
            return Ok(false);
        }
        let mut ids: BTreeMap<&CollectionId, Vec<FeatureId>> = BTreeMap::new();
        features.for_each(|(collection, id)| ids.entry(collection).or_default().push(id));
        let state = self.engine.snapshot();
        let mut is_counted = false;
        for (collection, mut ids) in ids {
            let Some(held) = state.collections.get(collection) else { continue };
            ids.sort_unstable();
            ids.dedup();
            is_counted |= self.take_features(sender, (held, Some(&ids))).await?;
        }
        Ok(is_counted)
    }

    /// Counts the ground that a household file shows, and puts it on record.
    ///
    /// # Errors
    /// Where it and what was taken before cover more than is allowed.
    pub async fn take_file(
        &self,
        sender: &Sender,
        (file, definitions): (&Contents, &Dossiers),
    ) -> Result<(), Problem> {
        let set = definitions.set();
        let sources = [&set.parcels.collection, &set.buildings.collection];
        let counted = sources.iter().find_map(|source| self.counted(sender, source));
        let Some(actor) = counted else { return Ok(()) };
        let ground = file_ground(file, self.engine.registry())?;
        let entry = sender.entry(action::EXPORT, dossiers::named(&file.subject));
        let entry = AuditEntry { count: Some(1), ..entry };
        self.leave((actor, Kind::Export), ground, (entry, Row::Own)).await
    }

    /// Counts a tile of which an answer said that it is to be.
    ///
    /// # Errors
    /// Where it and what was looked at before cover more than is allowed.
    pub async fn look(&self, sender: &Sender, Looked(tile): Looked) -> Result<(), Problem> {
        let Some(actor) = sender.account() else { return Ok(()) };
        let at = now();
        let Some(unseen) = self.exports.unseen(actor, &tile, at) else { return Ok(()) };
        let entry = AuditEntry { count: Some(1), ..sender.entry(action::LOOK, "tiles") };
        let ground = Ground::covered(std::iter::once(tile));
        self.leave((actor, Kind::Tile), ground, (entry, Row::Shared)).await?;
        self.exports.looked.insert(unseen, at);
        Ok(())
    }

    /// Whether a tile need not be counted for whoever sends this: it was lately, or nobody is counted.
    pub fn has_looked(&self, standing: &Standing, Looked(tile): Looked) -> bool {
        let unseen = |actor| self.exports.unseen(actor, &tile, now());
        standing.account().and_then(unseen).is_none()
    }

    /// Whoever is counted when something of a collection leaves.
    fn counted<'a>(&self, sender: &'a Sender, collection: &str) -> Option<&'a Actor> {
        sender.account().filter(|_| self.settings.exports.counts(collection))
    }

    async fn leave(
        &self,
        (actor, kind): (&Actor, Kind),
        ground: Option<Ground>,
        (mut entry, row): (AuditEntry, Row),
    ) -> Result<(), Problem> {
        entry.geometry = ground.as_ref().and_then(outline::written);
        let (settings, taker) = (&self.settings.exports, (Taker::of(actor), kind));
        match self.exports.count(settings, taker, ground.as_ref(), entry.at) {
            Ok(counted) => {
                if !counted.approvals.is_empty() {
                    entry.reason = format!("approval {}", counted.approvals);
                }
                if row == Row::Own {
                    self.engine.audit(entry).await?;
                } else if counted.is_new {
                    self.tallies.add(&self.engine, entry).await?;
                }
            }
            Err(limit) => {
                result::REFUSED.clone_into(&mut entry.result);
                limit.code().word().clone_into(&mut entry.reason);
                self.tallies.refuse(&self.engine, entry).await?;
                return Err(limit);
            }
        }
        Ok(())
    }
}

fn boxes(held: &CollectionSnapshot, ids: Option<&[FeatureId]>) -> Vec<WorldBox> {
    match ids {
        Some(ids) => {
            let features = ids.iter().filter_map(|id| held.get(*id));
            features.map(|feature| feature.world_box()).collect()
        }
        None => {
            let mut boxes = Vec::with_capacity(held.len());
            held.each(&mut |shard, slots| {
                let all = shard.world_boxes();
                boxes.extend(slots.iter().map(|slot| all[usize::from(*slot)]));
            });
            boxes
        }
    }
}

/// The ground of a file with what is drawn around its parcels.
fn file_ground(file: &Contents, registry: &CrsRegistry) -> Result<Option<Ground>, Problem> {
    let ground = dossiers::ground(file, registry).map_err(|fault| Problem::internal(&fault))?;
    Ok(Ground::covered(ground.into_iter()))
}
