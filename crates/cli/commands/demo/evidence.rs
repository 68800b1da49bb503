//! Photos of points of the sample city: those that events of the last weeks name, each a picture of its own.
//! Older ones are not kept.

use std::sync::Arc;

use ::ledger::point::{EvidenceId, Payload};
use ::ledger::rows::events::StoredEvent;
use ::ledger::rows::evidence::{Evidence, EvidenceKind, GivenPosition, Phase, PositionSource};
use ::ledger::rows::{evidence_collection, points};
use spatial::{Crs, Feature, Timestamp, Value};
use store::evidence::Digests;
use store::{FeatureStore, GeoPackageStore};

use super::load::{append, create};
use crate::commands::CommandError;
use crate::synth::{LedgerPoint, labelled_picture};

/// How long photos were kept when the ledger ends, in milliseconds: 45 days.
const KEPT_MS: i64 = 45 * 86_400_000;
/// How long before its event a photo was taken, in milliseconds.
const BEFORE_MS: i64 = 600_000;

/// Makes the collection, writes the bytes and loads the rows, recorded at a moment.
pub(super) async fn load_evidence(
    store: &GeoPackageStore,
    told: &[Vec<LedgerPoint>],
    recorded_at: Timestamp,
) -> Result<(), CommandError> {
    let Some(folder) = store.evidence_folder() else { return Ok(()) };
    let collection = evidence_collection(&Crs::CGCS2000)?;
    create(store, collection.clone(), None, |_none| Ok(())).await?;
    let mut rows = Vec::new();
    for point in told.iter().flatten() {
        let kept = |stored: &&StoredEvent| {
            let ago = recorded_at.0 - stored.event.recorded_at.0;
            (0..KEPT_MS).contains(&ago)
        };
        for stored in point.events.iter().filter(kept) {
            for (id, phase) in pieces(&stored.event.payload) {
                let bytes = labelled_picture(id.bits());
                let piece = piece((point, stored), (id, phase), &bytes);
                let values = piece.values();
                folder.put(piece.sha256.clone(), Arc::new(bytes)).await?;
                let value = |name: &str| {
                    let found = values.iter().find(|(known, _)| *known == name);
                    found.map_or(Value::Null, |(_, value)| value.clone())
                };
                let properties = collection.fields.iter().map(|field| value(&field.name)).collect();
                rows.push(Feature { id: None, geometry: None, properties });
            }
        }
    }
    append(store, &collection, None, (rows, recorded_at)).await
}

/// What an event brings, and what each piece of it shows.
fn pieces(payload: &Payload) -> Vec<(EvidenceId, Phase)> {
    let all =
        |ids: &[EvidenceId], phase| ids.iter().map(move |id| (*id, phase)).collect::<Vec<_>>();
    match payload {
        Payload::Submit { before, after, .. } => {
            [all(before, Phase::Before), all(after, Phase::After)].concat()
        }
        Payload::Rebound { evidence, .. } => all(evidence, Phase::Rebound),
        Payload::SpotCheck { evidence, .. } => all(evidence, Phase::After),
        other => other.evidence().map(|id| (id, Phase::Before)).collect(),
    }
}

/// A photo that somebody took at the point a while before the event.
fn piece(
    (point, stored): (&LedgerPoint, &StoredEvent),
    (id, phase): (EvidenceId, Phase),
    bytes: &[u8],
) -> Evidence {
    let event = &stored.event;
    let Digests { sha256, sm3 } = Digests::of(bytes);
    let at = point.row.geometry.as_ref().map(|place| place.envelope().center());
    let accuracy = points::fields().iter().position(|field| field.name == points::ACCURACY);
    let accuracy_m = accuracy.and_then(|at| match point.row.properties.get(at) {
        Some(Value::Real(metres)) => Some(*metres),
        _ => None,
    });
    let source = PositionSource::Cgcs2000;
    Evidence {
        id,
        point: stored.point,
        kind: EvidenceKind::Photo,
        phase: Some(phase),
        media_type: "image/png".to_owned(),
        bytes: bytes.len() as u64,
        sha256,
        sm3,
        captured_at: Some(Timestamp(event.occurred_at.0 - BEFORE_MS)),
        received_at: event.recorded_at,
        position: at.map(|lon_lat| GivenPosition { lon_lat, source, accuracy_m }),
        distance_m: at.map(|_| 0.0),
        is_far: at.map(|_| false),
        device: None,
        actor: event.actor.clone(),
        unit_of_actor: stored.unit_of_actor.clone(),
    }
}
