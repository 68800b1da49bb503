//! How much of an area features cover: exact areas of intersection, summed.

use std::ops::Range;

use geo_types::Coord;

use super::ring_overlay::{OverlayWork, Pieces, Swept, common_part};
use super::scan::{SPEND_VERTICES, Scan};
use super::{Area, QueryFault, Selection, Side, Test};
use crate::relate::{GeometryFault, guarded};
use crate::snapshot::CollectionSnapshot;
use crate::{Budget, FeatureRef, Predicate, Shard};

/// What features and an area have in common.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Overlay {
    /// How many features were asked for.
    pub count: u64,
    /// Σ plane area of their intersections with the area, in squared units of the storage CRS.
    /// Features that overlap each other count twice where they do; lines and points have none.
    pub area: f64,
}

impl CollectionSnapshot {
    /// The area that the features asked for have in common with the area they are asked with,
    /// which is a polygon. Features in its inside are summed unseen.
    pub fn overlay_area(
        &self,
        selection: &Selection<'_>,
        budget: &Budget<'_>,
    ) -> Result<Overlay, QueryFault> {
        let mut overlay = Overlay::default();
        walk(self, selection, budget, &mut |laying, found| {
            match found {
                Found::Inside(shard, slots) => {
                    overlay.count += slots.len() as u64;
                    overlay.area += shard.area(slots);
                }
                Found::Feature(feature) => {
                    overlay.count += 1;
                    overlay.area += laying.common_area(feature)?;
                }
            }
            Ok(())
        })?;
        Ok(overlay)
    }

    /// Visits every feature asked for, with the area that it has in common with the area asked
    /// with, in squared units of the storage CRS; in no particular order.
    pub fn overlay_each<'a>(
        &'a self,
        selection: &Selection<'_>,
        budget: &Budget<'_>,
        visit: &mut dyn FnMut(FeatureRef<'a>, f64),
    ) -> Result<(), QueryFault> {
        walk(self, selection, budget, &mut |laying, found| {
            match found {
                Found::Inside(shard, slots) => {
                    slots.for_each(|slot| visit(shard.feature(slot), shard.area(slot..slot + 1)));
                }
                Found::Feature(feature) => visit(feature, laying.common_area(feature)?),
            }
            Ok(())
        })
    }
}

impl Area {
    /// The boundary of what a feature has in common with this area, which is a polygon: straight
    /// pieces in the storage CRS from one end to the other, the inside to their left, in no order.
    pub fn common_boundary(
        &self,
        feature: FeatureRef<'_>,
    ) -> Result<Vec<[[f64; 2]; 2]>, GeometryFault> {
        guarded("the overlay", || {
            let mut pieces = Pieces::default();
            common_part(self, feature, &mut pieces, &mut OverlayWork::default());
            pieces.0
        })
    }

    /// The area that a feature has in common with this one, which is a polygon, in squared units of
    /// the storage CRS.
    pub fn common_area(&self, feature: FeatureRef<'_>) -> Result<f64, GeometryFault> {
        Ok(self.common_with(feature, &mut OverlayWork::default())?.0)
    }

    /// The same, with how many vertices were walked for it.
    fn common_with(
        &self,
        feature: FeatureRef<'_>,
        work: &mut OverlayWork<f64>,
    ) -> Result<(f64, u64), GeometryFault> {
        match self.side(&feature.envelope()) {
            Side::Outside => Ok((0.0, 0)),
            Side::Inside => Ok((feature.area(), 0)),
            Side::Boundary => guarded("the overlay", || {
                let [x, y] = feature.envelope().center();
                let mut swept = Swept { origin: Coord { x, y }, twice: 0.0 };
                let walked = common_part(self, feature, &mut swept, work);
                ((swept.twice / 2.0).max(0.0), walked)
            }),
        }
    }
}

/// What was found of a collection.
enum Found<'a> {
    /// Slots whose features lie in the inside of the area.
    Inside(&'a Shard, Range<usize>),
    /// Any feature.
    Feature(FeatureRef<'a>),
}

/// One overlay at work: the part that measures.
struct Laying<'q> {
    area: &'q Area,
    budget: &'q Budget<'q>,
    work: OverlayWork<f64>,
    /// Vertices walked that are not booked yet.
    walked: u64,
}

/// Walks what is asked for.
fn walk<'a>(
    collection: &'a CollectionSnapshot,
    selection: &Selection<'_>,
    budget: &Budget<'_>,
    visit: &mut dyn FnMut(&mut Laying<'_>, Found<'a>) -> Result<(), QueryFault>,
) -> Result<(), QueryFault> {
    let (area, test) = selection.area.ok_or(QueryFault::NotAreal)?;
    if !area.is_areal() {
        return Err(QueryFault::NotAreal);
    }
    // Of what these take unseen, all lies in the inside.
    let inside = matches!(
        test,
        Test::Predicate(Predicate::Intersects | Predicate::Within | Predicate::CoveredBy)
    );
    let scan = Scan::new(selection, budget)?;
    let mut worker = scan.worker();
    let mut laying = Laying { area, budget, work: OverlayWork::default(), walked: 0 };
    for (_, entry) in scan.edits(collection, &mut worker)? {
        visit(&mut laying, Found::Feature(entry.feature()))?;
    }
    let mut hits = Vec::new();
    for share in scan.shares(collection) {
        hits.clear();
        worker.look(share, &mut hits)?;
        let shard: &'a Shard = &share.leaf.shard;
        for hit in &hits {
            let mut outcome = Ok(());
            share.leaf.live_runs(hit.slots.clone(), &mut |mut run| {
                if outcome.is_err() {
                } else if inside && hit.unseen {
                    outcome = visit(&mut laying, Found::Inside(shard, run));
                } else {
                    outcome =
                        run.try_for_each(|s| visit(&mut laying, Found::Feature(shard.feature(s))));
                }
            });
            outcome?;
        }
    }
    laying.settle()
}

impl Laying<'_> {
    fn common_area(&mut self, feature: FeatureRef<'_>) -> Result<f64, QueryFault> {
        let common = self.area.common_with(feature, &mut self.work);
        let (common, walked) =
            common.map_err(|fault| QueryFault::Geometry { id: feature.id(), fault })?;
        self.walked += walked;
        if self.walked >= SPEND_VERTICES {
            self.settle()?;
        }
        Ok(common)
    }

    fn settle(&mut self) -> Result<(), QueryFault> {
        Ok(self.budget.spend(0, std::mem::take(&mut self.walked))?)
    }
}
