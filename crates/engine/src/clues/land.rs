//! Released land that is not greened in time (留白增绿).

use ::ledger::clue::{Finding, IdleLand};
use geo_types::Geometry as Shape;
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use spatial::join::JoinOn;
use spatial::union::union_of_shapes;
use spatial::{FeatureId, FeatureRef, Predicate};

use super::Clue;
use super::ground::Ground;
use super::parcels::union_fault;
use super::source::{Ask, Side, day, is_among, text};
use crate::EngineError;

/// Land that was released longer ago than it may lie idle, of which no use is recorded and too little
/// is green. Green plots that overlap count once.
pub(super) fn idle(ask: &Ask<'_>, rule: &IdleLand) -> Result<Vec<Clue>, EngineError> {
    let land = ask.source(&rule.land)?;
    let (released, actual_use) = (land.field(&rule.released)?, land.field(&rule.actual_use)?);
    let asked = ask.asked(land)?;
    let today = ask.query.today;
    let waited = |plot: FeatureRef<'_>| {
        let released = day(plot, released)?;
        let days = today.days_since(released);
        let used = text(plot, actual_use);
        let is_idle = used.as_ref().is_none_or(|used| rule.idle_uses.contains(used));
        (days > i64::from(rule.days) && is_idle).then_some((released, days, used))
    };
    let is_late = |plot: FeatureRef<'_>| is_among(asked.as_ref(), plot) && waited(plot).is_some();
    let mut late = Vec::new();
    land.each(&mut |plot| {
        if is_late(plot) {
            late.push(plot);
        }
    });
    let green = rule.green.as_deref().and_then(|name| ask.optional(name));
    let ground = Ground::of(ask, land, green.unwrap_or(land))?;
    let mut greens: FxHashMap<FeatureId, Vec<Shape<f64>>> = FxHashMap::default();
    if let Some(green) = green {
        let on = JoinOn::Predicate(Predicate::Intersects);
        let late: FxHashSet<FeatureId> = late.iter().map(|plot| plot.id()).collect();
        for (plot, id) in ask.pairs(Side::from(land).among(Some(&late)), green, on)? {
            greens.entry(plot).or_default().extend(ground.moved(green.get(id)?)?);
        }
    }
    let clue = |plot: &FeatureRef<'_>| -> Result<Option<Clue>, EngineError> {
        let plot = *plot;
        let Some((released, days, used)) = waited(plot) else { return Ok(None) };
        let area_m2 = ground.whole(plot)?;
        let green_m2 = match greens.get(&plot.id()).map(Vec::as_slice) {
            None => 0.0,
            Some([one]) => ground.common(plot, one)?,
            Some(shapes) => {
                let united = union_of_shapes(shapes, ask.budget).map_err(union_fault)?;
                ground.common(plot, &united.geometry.shape)?
            }
        };
        if area_m2 <= 0.0 || green_m2 >= rule.least_share * area_m2 {
            return Ok(None);
        }
        let finding = Finding::IdleLand {
            land: land.name(plot),
            released,
            days,
            allowed_days: rule.days,
            area_m2,
            green_m2,
            least_share: rule.least_share,
            actual_use: used,
        };
        Ok(Some(Clue { finding, subjects: vec![land.subject(plot)], geometry: None }))
    };
    let clues = late.par_iter().map(clue).collect::<Result<Vec<_>, EngineError>>()?;
    Ok(clues.into_iter().flatten().collect())
}
