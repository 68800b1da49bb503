//! Positions become parts of alleys: each belongs to one alley, and between two that follow each
//! other on it the alley is covered.

use std::collections::BTreeMap;

use super::{Intervals, OnAlley, PatrolRules};

/// A position of a track, in the order of time.
#[derive(Clone, Debug, PartialEq)]
pub struct Fix {
    /// Metres, in a plane of the track.
    pub at: [f64; 2],
    /// When, milliseconds.
    pub time: i64,
    /// How far from an alley it may be, metres.
    pub reach: f64,
    /// Alleys that it may be on.
    pub near: Vec<Near>,
}

/// An alley that a position may be on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Near {
    /// Which alley.
    pub alley: usize,
    /// Where on it.
    pub on: OnAlley,
}

/// What is covered of each alley.
pub type Covered = BTreeMap<usize, Intervals>;

impl Fix {
    /// The alley that it belongs to: the one that was said, else the nearest within reach.
    fn own(&self, said: Option<usize>) -> Option<Near> {
        let within = self.near.iter().filter(|near| near.on.distance <= self.reach);
        within.copied().min_by(|a, b| {
            let is_said = |near: &Near| Some(near.alley) != said;
            let by_distance = a.on.distance.total_cmp(&b.on.distance);
            is_said(a).cmp(&is_said(b)).then(by_distance).then(a.alley.cmp(&b.alley))
        })
    }
}

/// What a track covers; `said` is the alley that the patroller says it was on.
///
/// Between two positions of one part of an alley, with none of it between them, the alley is covered
/// when they are near in time and in place, and along it too: who takes a short cut does not cover
/// the way round.
pub fn covered(fixes: &[Fix], said: Option<usize>, rules: &PatrolRules) -> Covered {
    let mut covered = Covered::new();
    let mut before: BTreeMap<(usize, usize), (&Fix, Near)> = BTreeMap::new();
    for fix in fixes {
        let Some(own) = fix.own(said) else { continue };
        let last = before.insert((own.alley, own.on.part), (fix, own));
        let Some((last, there)) = last else { continue };
        let seconds = fix.time.saturating_sub(last.time) / 1000;
        let metres = (fix.at[0] - last.at[0]).hypot(fix.at[1] - last.at[1]);
        let along = (own.on.along - there.on.along).abs();
        let is_near = seconds <= i64::from(rules.gap_seconds)
            && metres <= rules.gap_m
            && along <= rules.gap_m + fix.reach + last.reach;
        if is_near {
            covered.entry(own.alley).or_default().add(own.on.along, there.on.along);
        }
    }
    covered.retain(|_, intervals| !intervals.is_empty());
    covered
}
