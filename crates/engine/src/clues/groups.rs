//! Features that lie together (连片).

use ::ledger::clue::{Contiguous, Finding};
use spatial::cluster::{ClusterFault, ClusterQuery, cluster};
use spatial::{FeatureId, FeatureRef};

use super::Clue;
use super::source::{Ask, is_among, text};
use crate::EngineError;
use crate::query::metric;

/// Groups of features, each within the distance of another of its group.
pub(super) fn contiguous(ask: &Ask<'_>, rule: &Contiguous) -> Result<Vec<Clue>, EngineError> {
    let source = ask.source(&rule.collection)?;
    let asked = ask.asked(source)?;
    let only = rule.only.as_ref();
    let only = only.map(|only| Ok::<_, EngineError>((source.field(&only.field)?, &only.values)));
    let only = only.transpose()?;
    let keep = |feature: FeatureRef<'_>| {
        is_among(asked.as_ref(), feature)
            && only.is_none_or(|(field, values)| {
                text(feature, field).is_some_and(|value| values.contains(&value))
            })
    };
    let (metric, units) = metric(&source.held.collection().crs, ask.registry)?;
    // With a least of 1 whatever is near enough is put together; groups that are too small go after.
    let query = ClusterQuery {
        distance: rule.metres * units,
        metric,
        least: 1,
        area: None,
        keep: Some(&keep),
        sums: &[],
    };
    let found = cluster(source.held, &query, ask.budget).map_err(|fault| match fault {
        ClusterFault::Budget(cause) => EngineError::TooCostly { cause },
        fault => EngineError::Unmeasurable { what: fault.to_string() },
    })?;
    let least = usize::try_from(rule.least).unwrap_or(usize::MAX);
    let groups = found.clusters.into_iter().filter(|group| group.members.len() >= least);
    let subject = |id: FeatureId| Ok(source.subject(source.get(id)?));
    groups
        .map(|group| {
            let finding =
                Finding::Contiguous { members: group.members.len(), within_m: rule.metres };
            let subjects = group.members.into_iter().map(subject);
            let subjects = subjects.collect::<Result<_, EngineError>>()?;
            Ok(Clue { finding, subjects, geometry: Some(group.hull) })
        })
        .collect()
}
