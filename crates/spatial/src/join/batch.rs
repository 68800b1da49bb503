//! Sixteen neighbours walk down a tree at once.

use super::JoinFault;
use super::pair_test::Piece;
use crate::Envelope;
use crate::packed_tree::{Descent, FANOUT};

/// Calls `candidate` with the slots of every probe and target that count and whose envelopes
/// meet, the probe's one `grow`n; all targets of a probe come one after the other.
#[inline]
pub(super) fn each_candidate(
    probes: &Piece,
    targets: &Piece,
    grow: &impl Fn(&Envelope) -> Envelope,
    candidate: &mut impl FnMut(usize, usize) -> Result<(), JoinFault>,
) -> Result<(), JoinFault> {
    let bounds = targets.bounds;
    let (probes, targets) = (&probes.part, &targets.part);
    let tree = targets.shard.tree();
    let envelopes = targets.shard.envelopes();
    let all = probes.shard.envelopes();
    // Targets a unit of area, about.
    let density = envelopes.len() as f64 / size(&bounds).max(f64::MIN_POSITIVE);
    let mut batch: Vec<(usize, Envelope)> = Vec::with_capacity(FANOUT);
    let mut found: Vec<(usize, Envelope)> = Vec::with_capacity(8 * FANOUT);
    for (node, envelope) in probes.shard.tree().lowest().iter().enumerate() {
        if !grow(envelope).intersects(&bounds) {
            continue;
        }
        let first = node * FANOUT;
        let last = (first + FANOUT).min(all.len());
        batch.clear();
        let mut reach = Envelope::EMPTY;
        for (slot, envelope) in (first..).zip(&all[first..last]) {
            let grown = grow(envelope);
            if grown.intersects(&bounds) && probes.counts(slot) {
                reach = reach.union(&grown);
                batch.push((slot, grown));
            }
        }
        let meeting = |reach: Envelope| {
            move |bounds: &Envelope| {
                if reach.intersects(bounds) { Descent::Open } else { Descent::Skip }
            }
        };
        if size(&reach.intersection(&bounds)) * density <= MANY {
            found.clear();
            tree.walk(envelopes, &mut meeting(reach), &mut |slots, _| {
                let counts = slots.filter(|slot| targets.counts(*slot));
                found.extend(counts.map(|slot| (slot, envelopes[slot])));
            });
            for (probe, reach) in &batch {
                for (target, envelope) in &found {
                    if reach.intersects(envelope) {
                        candidate(*probe, *target)?;
                    }
                }
            }
        } else {
            // Where neighbours lie far apart, most of what is between them is no one's.
            for (probe, reach) in &batch {
                let mut outcome = Ok(());
                tree.walk(envelopes, &mut meeting(*reach), &mut |slots, _| {
                    for target in slots.filter(|slot| targets.counts(*slot)) {
                        if outcome.is_ok() {
                            outcome = candidate(*probe, target);
                        }
                    }
                });
                outcome?;
            }
        }
    }
    Ok(())
}

/// So many targets in the box around a batch cost as much as a walk for each of its probes.
const MANY: f64 = 64.0;

fn size(envelope: &Envelope) -> f64 {
    (envelope.max_x - envelope.min_x).max(0.0) * (envelope.max_y - envelope.min_y).max(0.0)
}
