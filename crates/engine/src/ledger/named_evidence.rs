//! Whether the evidence that an event names is its point's, and shows what the event says.

use std::collections::BTreeMap;

use ledger::point::EvidenceId;
use ledger::rows::evidence::{Evidence, EvidenceKind, Phase};
use ledger::{Payload, PointId, Refusal};
use spatial::{FeatureId, Snapshot, Timestamp};

use super::evidence::read;
use super::held::find_evidence;
use super::index::Index;
use super::{NewEvent, Raising};
use crate::EngineError;

/// What the index knows of the evidence that a batch names.
#[derive(Clone, Debug, Default)]
pub(super) struct NamedEvidence {
    /// Point and row of each piece that is there.
    pieces: BTreeMap<EvidenceId, (PointId, FeatureId)>,
    /// Every piece of points that are said to have come back.
    of_rebounds: BTreeMap<PointId, Vec<FeatureId>>,
}

impl NamedEvidence {
    pub(super) fn of(index: &Index, raising: &Raising) -> Self {
        let mut named = Self::default();
        for event in &raising.events {
            let there = |id| Some((id, (index.pieces.point(id)?, index.pieces.row(id)?)));
            named.pieces.extend(event.payload.evidence().filter_map(there));
            if matches!(event.payload, Payload::Rebound { .. }) {
                named.of_rebounds.insert(event.point, index.pieces.of(event.point));
            }
        }
        named
    }

    /// Refuses an event whose evidence is not its point's or shows something else; the point was
    /// reported at a time. Evidence of a report comes after it, since there is no point before, and
    /// that of old history may never come.
    pub(super) fn refusal(
        &self,
        state: &Snapshot,
        new: &NewEvent,
        reported_at: Option<Timestamp>,
    ) -> Result<Option<Refusal>, EngineError> {
        if new.backfilled || matches!(new.payload, Payload::Report { .. }) {
            return Ok(None);
        }
        let (point, kind) = (new.point, new.payload.kind());
        let is_there = |piece: &EvidenceId| self.row(point, *piece).is_some();
        let pieces: Vec<EvidenceId> =
            new.payload.evidence().filter(|piece| !is_there(piece)).collect();
        if !pieces.is_empty() {
            return Ok(Some(Refusal::EvidenceAbsent { point, kind, pieces }));
        }
        match &new.payload {
            Payload::Submit { before, after, .. } => {
                let [before, after] = [self.pieces(state, before)?, self.pieces(state, after)?];
                let shown = shows_otherwise(&before, [Phase::Before, Phase::Rebound]);
                let shown = shown.or_else(|| shows_otherwise(&after, [Phase::After; 2]));
                let shown = shown.or_else(|| same_bytes(&after, &before));
                Ok(shown.or_else(|| taken_early(&after, &before, reported_at)))
            }
            Payload::Rebound { evidence, .. } => {
                let known = self.of_rebounds.get(&point).into_iter().flatten();
                let known: Vec<Evidence> =
                    known.map(|row| piece(state, *row)).collect::<Result<_, _>>()?;
                let (news, known): (Vec<_>, Vec<_>) =
                    known.into_iter().partition(|piece| evidence.contains(&piece.id));
                Ok(same_bytes(&news, &known))
            }
            _ => Ok(None),
        }
    }

    fn row(&self, point: PointId, piece: EvidenceId) -> Option<FeatureId> {
        self.pieces.get(&piece).filter(|(of, _)| *of == point).map(|(_, row)| *row)
    }

    fn pieces(&self, state: &Snapshot, ids: &[EvidenceId]) -> Result<Vec<Evidence>, EngineError> {
        let rows = ids.iter().filter_map(|id| self.pieces.get(id));
        rows.map(|(_, row)| piece(state, *row)).collect()
    }
}

fn piece(state: &Snapshot, row: FeatureId) -> Result<Evidence, EngineError> {
    let held = find_evidence(state).ok_or(EngineError::NoEvidence)?;
    read(&held, row)
}

/// Refuses the first piece that is no photo, or one of another phase than the first of those that are
/// wanted; a photo that does not say its phase may be of any.
fn shows_otherwise(pieces: &[Evidence], wanted: [Phase; 2]) -> Option<Refusal> {
    pieces.iter().find_map(|piece| {
        let is = match (piece.kind, piece.phase) {
            (EvidenceKind::Photo, None) => return None,
            (EvidenceKind::Photo, Some(phase)) if wanted.contains(&phase) => return None,
            (EvidenceKind::Photo, Some(phase)) => phase.identifier(),
            (kind, _) => kind.identifier(),
        };
        let (point, piece, wanted) = (piece.point, piece.id, wanted[0].identifier());
        Some(Refusal::OtherEvidence { point, piece, is, wanted })
    })
}

/// Refuses the first of `news` that is, byte by byte, one of `known` under another id.
fn same_bytes(news: &[Evidence], known: &[Evidence]) -> Option<Refusal> {
    news.iter().find_map(|new| {
        let other = known.iter().find(|known| known.sha256 == new.sha256)?;
        Some(Refusal::SameBytes { point: new.point, piece: new.id, other: other.id })
    })
}

/// Refuses the first of `after` that was taken before the point was reported or before all of
/// `before`; one that does not say when it was taken may be of any time.
fn taken_early(
    after: &[Evidence],
    before: &[Evidence],
    reported_at: Option<Timestamp>,
) -> Option<Refusal> {
    let shown = before.iter().map(|piece| piece.captured_at).min().flatten();
    let bounds = [(reported_at, "the point was reported"), (shown, "the photos of before")];
    let bounds = || bounds.into_iter().filter_map(|(at, what)| Some((at?, what)));
    after.iter().find_map(|piece| {
        let captured_at = piece.captured_at?;
        let (at, what) = bounds().find(|(at, _)| captured_at < *at)?;
        let (point, piece) = (piece.point, piece.id);
        Some(Refusal::TakenEarly { point, piece, captured_at, what, at })
    })
}
