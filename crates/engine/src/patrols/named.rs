//! What patrols name, held against the area of whoever sends them.

use std::collections::BTreeSet;
use std::sync::Arc;

use ledger::place::ALLEYS;
use rustc_hash::FxHashSet;

use super::read::{each, held, text};
use super::{About, NewPatrol};
use crate::sight::Witness;
use crate::{Defect, Engine, EngineError};

/// What patrols may name of an area that is a part of the store.
pub(super) struct Named {
    witness: Arc<Witness>,
    /// Points that are called so and are not of the area.
    concealed: BTreeSet<String>,
    /// Codes of the alleys of the area.
    alleys: FxHashSet<String>,
}

impl Named {
    /// What patrols of `sender` that name `points` may name; none where everything may be.
    pub(super) async fn of<'a>(
        sender: &Engine,
        points: impl Iterator<Item = &'a String>,
    ) -> Result<Option<Self>, EngineError> {
        let Some(witness) = Witness::of(sender, BTreeSet::new()).await? else { return Ok(None) };
        let mut concealed = BTreeSet::new();
        for name in points {
            match sender.seen_point(name).await {
                Err(EngineError::OutsideArea { .. }) => {
                    concealed.insert(name.clone());
                }
                found => drop(found?),
            }
        }
        let seen = sender.unconcealed();
        let read = move || {
            let mut alleys = FxHashSet::default();
            let Some(held) = held(&seen.snapshot(), ALLEYS) else { return alleys };
            let Some(code) = held.collection().field_position("code") else { return alleys };
            each(&held, &mut |row| alleys.extend(text(row, code).map(str::to_owned)));
            alleys
        };
        let alleys = sender.pool().run_waiting(read).await?;
        Ok(Some(Self { witness, concealed, alleys }))
    }

    /// What a patrol names that is not of the area; alleys that `is_alley` does not know are nobody's.
    pub(super) fn beyond(
        &self,
        patrol: &NewPatrol,
        is_alley: &dyn Fn(&str) -> bool,
    ) -> Vec<Defect> {
        let mut found = Vec::new();
        let mut add = |place: String, name: &str| {
            let shown: String = name.chars().take(60).collect();
            let problem = format!(
                "{shown:?} is not in the area that is given to you; name what is, or leave this to \
                 whoever has that area"
            );
            found.push(Defect { place, problem });
        };
        if !self.witness.answers(&patrol.unit) {
            add("/unit".to_owned(), &patrol.unit);
        }
        let mut look = |place: &str, point: Option<&String>, alley: Option<&String>| {
            if let Some(point) = point.filter(|point| self.concealed.contains(*point)) {
                add(format!("{place}/point"), point);
            }
            let is_beyond = |alley: &&String| !self.alleys.contains(*alley) && is_alley(alley);
            if let Some(alley) = alley.filter(is_beyond) {
                add(format!("{place}/alley"), alley);
            }
        };
        look("", patrol.point.as_ref(), patrol.alley.as_ref());
        for (number, result) in patrol.results.iter().enumerate() {
            let place = format!("/results/{number}");
            look(&place, result.point.as_ref(), result.alley.as_ref());
        }
        for (number, finding) in patrol.findings.iter().enumerate() {
            let point = match &finding.about {
                About::Known(point) => Some(point),
                About::Nothing | About::Reported { .. } => None,
            };
            look(&format!("/findings/{number}"), point, finding.alley.as_ref());
        }
        found
    }
}
