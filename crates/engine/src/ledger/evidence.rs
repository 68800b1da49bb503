//! Photos and documents of points: kept with their bytes, found by id and by point.
//!
//! *Invariant:* the bytes of a piece are durable before its row is, and its row before it is
//! acknowledged; a row is written once.

use std::sync::Arc;

use ledger::PointId;
use ledger::point::EvidenceId;
use ledger::rows::EVIDENCE;
use ledger::rows::evidence::{Evidence, EvidenceKind, GivenPosition, Phase};
use spatial::measure::geodesic_length;
use spatial::{
    Change, ChangeOp, ChangeSet, CollectionId, CollectionSnapshot, Crs, FeatureId, Geometry,
    Revision, Snapshot, Timestamp,
};
use store::EvidenceFolder;
use store::evidence::{Digests, EvidenceFault};

use super::Held;
use super::held::{assign, blank, column, find_evidence};
use crate::now;
use crate::shown::is_lon_lat;
use crate::{Engine, EngineError};

/// Most pieces of one point: a trace tells them all.
const MOST_PIECES: usize = 1_000;

const MINUTE_MS: i64 = 60_000;

/// Steps that distances are rounded to: centimetres.
const STEPS_A_METRE: f64 = 100.0;

/// A piece of evidence as a client sends it.
#[derive(Clone, Debug)]
pub struct NewEvidence {
    /// Made by the client.
    pub id: EvidenceId,
    /// The point that it belongs to.
    pub point: PointId,
    /// What it is.
    pub kind: EvidenceKind,
    /// What it shows.
    pub phase: Option<Phase>,
    /// What its bytes are, such as `image/jpeg`.
    pub media_type: String,
    /// Them.
    pub bytes: Vec<u8>,
    /// The SHA-256 that they must have, in lower-case digits.
    pub sha256: Option<String>,
    /// When it was taken.
    pub captured_at: Option<Timestamp>,
    /// Where it was taken.
    pub position: Option<GivenPosition>,
    /// What took it.
    pub device: Option<String>,
    /// Who sends it: the authenticated principal, or `local`.
    pub actor: String,
    /// The actor's unit, if it has one.
    pub unit: Option<String>,
}

/// A piece that is kept.
#[derive(Clone, Debug)]
pub struct KeptEvidence {
    /// A state that has it.
    pub revision: Revision,
    /// The piece as it was kept first.
    pub evidence: Evidence,
    /// Its row.
    pub row: FeatureId,
    /// The collection of the state.
    pub held: Arc<CollectionSnapshot>,
    /// Whether it was new.
    pub is_new: bool,
}

impl Engine {
    /// Whether the store keeps evidence.
    pub fn has_evidence(&self) -> bool {
        find_evidence(&self.snapshot()).is_some() && self.store().evidence_folder().is_some()
    }

    /// Keeps a piece of evidence: durable and visible before this returns. Sent again with the same
    /// bytes it changes nothing.
    ///
    /// # Errors
    /// When the store keeps no evidence, the point is not there, the id has other bytes or another
    /// point, the bytes have not the hash that was said, or it was taken after now; then nothing was changed, but that bytes
    /// may lie there without a row.
    pub async fn keep_evidence(&self, new: NewEvidence) -> Result<KeptEvidence, EngineError> {
        // As a task of its own: a caller that goes away must not leave it half-way.
        let engine = self.clone();
        let task = tokio::spawn(async move { engine.keep(new).await });
        task.await.map_err(|error| EngineError::Internal { what: format!("evidence: {error}") })?
    }

    async fn keep(&self, mut new: NewEvidence) -> Result<KeptEvidence, EngineError> {
        let folder = self.evidence_folder()?;
        let bytes = Arc::new(std::mem::take(&mut new.bytes));
        let hashed = Arc::clone(&bytes);
        let digests = self.pool().run_waiting(move || Digests::of(&hashed)).await?;
        if new.sha256.as_ref().is_some_and(|said| *said != digests.sha256) {
            let (id, found) = (new.id, digests.sha256);
            return Err(EngineError::EvidenceHash { id, found });
        }
        if let Some(known) = self.kept(&new, &digests).await? {
            // A file that was lost comes back.
            folder.put(digests.sha256, bytes).await?;
            return Ok(known);
        }
        self.check_clock(&new)?;
        let length = bytes.len() as u64;
        self.check_room(&self.snapshot(), new.point).await?;
        folder.put(digests.sha256.clone(), bytes).await?;
        let _one_at_a_time = self.0.ledger.keeping.lock().await;
        if let Some(known) = self.kept(&new, &digests).await? {
            return Ok(known);
        }
        let state = self.snapshot();
        let held = find_evidence(&state).ok_or(EngineError::NoEvidence)?;
        self.check_room(&state, new.point).await?;
        let collection = held.collection();
        let received_at = state.recorded_at.map_or(now(), |recorded| recorded.max(now()));
        let distance_m = match &new.position {
            Some(position) => self.distance_to_point(&state, new.point, position).await?,
            None => None,
        };
        let far_m = f64::from(self.settings().evidence.far_m);
        let actor = new.actor.clone();
        let evidence = Evidence {
            id: new.id,
            point: new.point,
            kind: new.kind,
            phase: new.phase,
            media_type: new.media_type,
            bytes: length,
            sha256: digests.sha256,
            sm3: digests.sm3,
            captured_at: new.captured_at,
            received_at,
            position: new.position,
            distance_m,
            is_far: distance_m.map(|distance| distance > far_m),
            device: new.device,
            actor: new.actor,
            unit_of_actor: new.unit,
        };
        let mut feature = blank(collection);
        assign(collection, &mut feature, evidence.values());
        let change = Change {
            collection: collection.id.clone(),
            op: ChangeOp::Insert(feature),
            unchanged_since: None,
        };
        let reason = format!("evidence of point {}", evidence.point);
        let (expect, changes) = (None, vec![change]);
        let set = ChangeSet { expect, actor, reason, recorded_at: received_at, changes };
        let commit = self.apply(set).await?;
        let lost = || EngineError::Internal { what: "evidence that was kept is not there".into() };
        let row = commit.changes.first().map(|change| change.id).ok_or_else(lost)?;
        let held = find_evidence(&self.snapshot()).ok_or_else(lost)?;
        Ok(KeptEvidence { revision: commit.revision, evidence, row, held, is_new: true })
    }

    fn evidence_folder(&self) -> Result<EvidenceFolder, EngineError> {
        let folder = self.store().evidence_folder().ok_or(EngineError::NoEvidence)?;
        match self.has_evidence() {
            true => Ok(folder.clone()),
            false => Err(EngineError::NoEvidence),
        }
    }

    /// Refuses a piece that was taken further ahead of the clock than that of a device may be.
    fn check_clock(&self, new: &NewEvidence) -> Result<(), EngineError> {
        let Some(captured_at) = new.captured_at else { return Ok(()) };
        let (id, now, minutes) = (new.id, now(), self.settings().ledger.ahead_minutes);
        let latest = now.0.saturating_add(i64::from(minutes) * MINUTE_MS);
        match captured_at.0 > latest {
            true => Err(EngineError::EvidenceAhead { id, captured_at, now, minutes }),
            false => Ok(()),
        }
    }

    /// Refuses a piece of a point that has as many as it may.
    async fn check_room(&self, state: &Snapshot, point: PointId) -> Result<(), EngineError> {
        let ledger = Held::of(state).ok_or(EngineError::NoLedger)?;
        let count = self.with_index(state, &ledger, |index| index.pieces.of(point).len()).await?;
        match count < MOST_PIECES {
            true => Ok(()),
            false => Err(EngineError::TooMuchEvidence { point, most: MOST_PIECES }),
        }
    }

    /// What is kept under the id of `new`, if it is the same.
    async fn kept(
        &self,
        new: &NewEvidence,
        digests: &Digests,
    ) -> Result<Option<KeptEvidence>, EngineError> {
        let Some(known) = self.evidence(new.id).await? else { return Ok(None) };
        let is_same = known.evidence.sha256 == digests.sha256 && known.evidence.point == new.point;
        match is_same {
            true => Ok(Some(known)),
            false => Err(EngineError::EvidenceDiffers { id: new.id, point: known.evidence.point }),
        }
    }

    /// The piece called `id`, if it is there.
    pub async fn evidence(&self, id: EvidenceId) -> Result<Option<KeptEvidence>, EngineError> {
        let state = self.snapshot();
        let held = find_evidence(&state).ok_or(EngineError::NoEvidence)?;
        let ledger = Held::of(&state).ok_or(EngineError::NoLedger)?;
        let row = self.with_index(&state, &ledger, |index| index.pieces.row(id)).await?;
        let Some(row) = row.filter(|row| held.get(*row).is_some()) else { return Ok(None) };
        let evidence = read(&held, row)?;
        Ok(Some(KeptEvidence { revision: state.revision, evidence, row, held, is_new: false }))
    }

    /// The bytes of a piece; none when they are lost or damaged.
    pub async fn evidence_bytes(&self, evidence: &Evidence) -> Result<Vec<u8>, EngineError> {
        let folder = self.evidence_folder()?;
        folder.read(evidence.sha256.clone()).await.map_err(|fault| match fault {
            EvidenceFault::Store(error) => EngineError::Store(error),
            fault => EngineError::EvidenceLost { id: evidence.id, reason: fault.to_string() },
        })
    }

    /// How far a position is from a point, metres; none where the point has no place.
    async fn distance_to_point(
        &self,
        state: &Snapshot,
        point: PointId,
        position: &GivenPosition,
    ) -> Result<Option<f64>, EngineError> {
        let ledger = Held::of(state).ok_or(EngineError::NoLedger)?;
        let row = self.with_index(state, &ledger, |index| index.points.get(&point).copied());
        let Some(row) = row.await?.and_then(|row| ledger.points.get(row)) else { return Ok(None) };
        let Some(place) = row.geometry() else { return Ok(None) };
        let crs = &ledger.points.collection().crs;
        let there = place.envelope().center();
        let there = match is_lon_lat(crs) {
            true => there,
            false => {
                let at = CollectionId::try_from(ledger::rows::POINTS).map_err(|error| {
                    EngineError::Internal { what: format!("the id of points: {error}") }
                })?;
                let projector = self.registry().projector(crs, &Crs::WGS84);
                let projected = projector.and_then(|projector| projector.project(there));
                projected.map_err(|error| EngineError::NotOnTheMap {
                    id: at,
                    reason: error.to_string(),
                })?
            }
        };
        let here = position.source.to_wgs84(position.lon_lat);
        let line = geo_types::Geometry::LineString(vec![here, there].into());
        let metres = geodesic_length(&Geometry::from(line));
        Ok(Some((metres * STEPS_A_METRE).round() / STEPS_A_METRE))
    }
}

/// The piece of a row.
pub(super) fn read(held: &CollectionSnapshot, row: FeatureId) -> Result<Evidence, EngineError> {
    let unreadable = |reason: String| {
        let collection = held.collection().id.clone();
        EngineError::LedgerRow { collection, id: row, reason }
    };
    let feature = held.get(row).ok_or_else(|| unreadable(format!("{EVIDENCE} lacks it")))?;
    Evidence::read(&|name| column(held.collection(), feature, name))
        .map_err(|unfit| unreadable(unfit.to_string()))
}
