//! Enterprises that may be high risks (高风险主体): a score of reasons, the highest first.

use std::collections::BTreeMap;

use ::ledger::catalogue::Industry;
use ::ledger::clue::{
    ComplaintsRisk, Finding, HighRisk, IndustryRisk, LicenceRisk, ReboundRisk, ResidentialRisk,
    Risk, RiskInput, RiskReason,
};
use ::ledger::normal_form;
use rustc_hash::{FxHashMap, FxHashSet};
use spatial::join::JoinOn;
use spatial::{FeatureId, FeatureRef, Predicate, ValueRef};

use super::Clue;
use super::ground::Ruler;
use super::source::{Ask, Side, Source, day, is_among, moment, text};
use crate::EngineError;

/// Reasons by enterprise; each kind adds at most one.
type Reasons = FxHashMap<FeatureId, Vec<RiskReason>>;

/// A rule at work: the enterprises, and which of them are asked for.
struct Enterprises<'a> {
    ask: &'a Ask<'a>,
    source: Source<'a>,
    asked: Option<FxHashSet<FeatureId>>,
}

/// Enterprises whose reasons add up to enough, the highest score first, of equal ones the lowest id.
pub(super) fn high_risk(ask: &Ask<'_>, rule: &HighRisk) -> Result<Vec<Clue>, EngineError> {
    let source = ask.source(&rule.enterprises)?;
    source.key()?;
    let enterprises = Enterprises { ask, source, asked: ask.asked(source)? };
    let mut reasons = Reasons::default();
    if let Some(rule) = &rule.licence {
        enterprises.licence(rule, &mut reasons)?;
    }
    if let Some(rule) = &rule.industry {
        enterprises.industry(rule, &mut reasons)?;
    }
    if let Some(rule) = &rule.residential {
        enterprises.residential(rule, &mut reasons)?;
    }
    if let Some(rule) = &rule.complaints {
        enterprises.complaints(rule, &mut reasons)?;
    }
    if let Some(rule) = &rule.rebound {
        enterprises.rebound(rule, &mut reasons)?;
    }
    let mut risks = Vec::new();
    for (id, mut reasons) in reasons {
        reasons.retain(|reason| reason.weight > 0);
        let risk = Risk { enterprise: String::new(), reasons };
        if risk.score() >= rule.least_score {
            risks.push((risk.score(), id, risk));
        }
    }
    risks.sort_by_key(|(score, id, _)| (u32::MAX - score, *id));
    risks.truncate(rule.most as usize);
    let clue = |(_, id, risk): (u32, FeatureId, Risk)| {
        let enterprise = source.get(id)?;
        let finding = Finding::HighRisk(Risk { enterprise: source.name(enterprise), ..risk });
        Ok(Clue { finding, subjects: vec![source.subject(enterprise)], geometry: None })
    };
    risks.into_iter().map(clue).collect()
}

impl<'a> Enterprises<'a> {
    fn each(&self, visit: &mut dyn FnMut(FeatureRef<'a>)) {
        self.source.each(&mut |enterprise| {
            if is_among(self.asked.as_ref(), enterprise) {
                visit(enterprise);
            }
        });
    }

    fn licence(&self, rule: &LicenceRisk, reasons: &mut Reasons) -> Result<(), EngineError> {
        let field = self.source.field(&rule.field)?;
        self.each(&mut |enterprise| {
            let state = text(enterprise, field);
            let weight = match &state {
                None => rule.weight_unknown,
                Some(state) if rule.states.contains(state) => rule.weight,
                Some(_) => return,
            };
            let of = RiskInput::Licence { state };
            reasons.entry(enterprise.id()).or_default().push(RiskReason { weight, of });
        });
        Ok(())
    }

    fn industry(&self, rule: &IndustryRisk, reasons: &mut Reasons) -> Result<(), EngineError> {
        let (field, unit) = (self.source.field(&rule.field)?, self.source.field(&rule.unit)?);
        let opened = self.source.field(&rule.opened)?;
        let catalogue = &self.ask.query.catalogue;
        let today = self.ask.query.today;
        self.each(&mut |enterprise| {
            let Some(written) = text(enterprise, field) else { return };
            let Some(industry) = Industry::of(&written) else { return };
            let unit = text(enterprise, unit);
            let Some(said) = catalogue.says(&industry, unit.as_deref(), today) else { return };
            let weight = match said.entry.verdict {
                ::ledger::catalogue::Verdict::Prohibited => rule.weight_prohibited,
                ::ledger::catalogue::Verdict::Restricted => rule.weight_restricted,
            };
            let of = RiskInput::Industry {
                industry: normal_form(&written),
                name: said.entry.name.clone(),
                verdict: said.entry.verdict,
                edition: said.edition.edition.clone(),
                from: said.from,
                opened: day(enterprise, opened),
                conditions: said.entry.conditions.clone(),
            };
            reasons.entry(enterprise.id()).or_default().push(RiskReason { weight, of });
        });
        Ok(())
    }

    /// By the parcel that the enterprise names, if there is one, else by the parcel under it.
    fn residential(
        &self,
        rule: &ResidentialRisk,
        reasons: &mut Reasons,
    ) -> Result<(), EngineError> {
        let named = self.source.field(&rule.parcel)?;
        let Some(parcels) = self.ask.optional(&rule.parcels) else { return Ok(()) };
        let (Some(code), Some(use_code)) =
            (parcels.readable(&rule.code)?, parcels.readable(&rule.use_code)?)
        else {
            return Ok(());
        };
        let mut wanted: FxHashMap<String, Vec<FeatureId>> = FxHashMap::default();
        self.each(&mut |enterprise| {
            if let Some(name) = text(enterprise, named) {
                wanted.entry(normal_form(&name)).or_default().push(enterprise.id());
            }
        });
        let mut on: FxHashMap<FeatureId, FeatureId> = FxHashMap::default();
        parcels.each(&mut |parcel| {
            let enterprises = text(parcel, code).and_then(|code| wanted.get(&normal_form(&code)));
            for enterprise in enterprises.into_iter().flatten() {
                let first = on.entry(*enterprise).or_insert(parcel.id());
                *first = (*first).min(parcel.id());
            }
        });
        let is_left = |enterprise: FeatureRef<'_>| !on.contains_key(&enterprise.id());
        let left = Side::kept(self.source, &is_left).among(self.asked.as_ref());
        let meeting = JoinOn::Predicate(Predicate::Intersects);
        let under = self.ask.pairs(left, parcels, meeting)?;
        for (enterprise, parcel) in under {
            // By ids: the first is the lowest.
            on.entry(enterprise).or_insert(parcel);
        }
        for (enterprise, parcel) in on {
            let parcel = parcels.get(parcel)?;
            let Some(used) = text(parcel, use_code) else { continue };
            if rule.uses.iter().any(|one| used.starts_with(one.as_str())) {
                let of = RiskInput::Residential { parcel: parcels.name(parcel), use_code: used };
                let reason = RiskReason { weight: rule.weight, of };
                reasons.entry(enterprise).or_default().push(reason);
            }
        }
        Ok(())
    }

    fn complaints(&self, rule: &ComplaintsRisk, reasons: &mut Reasons) -> Result<(), EngineError> {
        let Some(complaints) = self.ask.optional(&rule.complaints) else { return Ok(()) };
        let Some(occurred) = complaints.readable(&rule.occurred)? else { return Ok(()) };
        let today = self.ask.query.today;
        let is_recent = |complaint: FeatureRef<'_>| {
            let on = moment(complaint, occurred).map(::ledger::place::Day::of);
            on.is_some_and(|on| (0..=i64::from(rule.days)).contains(&today.days_since(on)))
        };
        let ruler = Ruler::of(self.ask, self.source, complaints)?;
        let asked = Side::from(self.source).among(self.asked.as_ref());
        let recent = Side::kept(complaints, &is_recent);
        let pairs = self.ask.pairs(asked, recent, ruler.around(rule.metres))?;
        let mut counts: BTreeMap<FeatureId, usize> = BTreeMap::new();
        for (enterprise, complaint) in pairs {
            let distance = ruler.metres(self.source.get(enterprise)?, complaints.get(complaint)?);
            if distance.is_some_and(|distance| distance <= rule.metres) {
                *counts.entry(enterprise).or_default() += 1;
            }
        }
        for (enterprise, count) in counts {
            if count >= rule.least as usize {
                let (within_m, within_days) = (rule.metres, rule.days);
                let of = RiskInput::Complaints { count, within_m, within_days };
                let reason = RiskReason { weight: rule.weight, of };
                reasons.entry(enterprise).or_default().push(reason);
            }
        }
        Ok(())
    }

    /// By the point that the enterprise names, if it came back, else by the nearest that did.
    fn rebound(&self, rule: &ReboundRisk, reasons: &mut Reasons) -> Result<(), EngineError> {
        let tied = self.source.field(&rule.point)?;
        let Some(points) = self.ask.optional(&rule.points) else { return Ok(()) };
        let Some(count) = points.readable("rebound_count")? else { return Ok(()) };
        let names = Tied::of(points)?;
        let rebounds = |point: FeatureRef<'_>| match point.value(count) {
            ValueRef::Int(count) => count,
            _ => 0,
        };
        let mut found: FxHashMap<FeatureId, (Option<f64>, FeatureId)> = FxHashMap::default();
        self.each(&mut |enterprise| {
            let point = text(enterprise, tied).and_then(|name| names.point(&name));
            let point = point.filter(|point| points.get(*point).is_ok_and(|one| rebounds(one) > 0));
            if let Some(point) = point {
                found.insert(enterprise.id(), (None, point));
            }
        });
        let is_left = |enterprise: FeatureRef<'_>| !found.contains_key(&enterprise.id());
        let left = Side::kept(self.source, &is_left).among(self.asked.as_ref());
        let came_back = |point: FeatureRef<'_>| rebounds(point) > 0;
        let ruler = Ruler::of(self.ask, self.source, points)?;
        let around = ruler.around(rule.metres);
        let pairs = self.ask.pairs(left, Side::kept(points, &came_back), around)?;
        let mut near: FxHashMap<FeatureId, (f64, FeatureId)> = FxHashMap::default();
        for (enterprise, point) in pairs {
            let distance = ruler.metres(self.source.get(enterprise)?, points.get(point)?);
            let Some(distance) = distance.filter(|distance| *distance <= rule.metres) else {
                continue;
            };
            let nearest = near.entry(enterprise).or_insert((distance, point));
            if (distance, point) < *nearest {
                *nearest = (distance, point);
            }
        }
        found.extend(near.into_iter().map(|(id, (metres, point))| (id, (Some(metres), point))));
        for (enterprise, (distance_m, point)) in found {
            let point = points.get(point)?;
            let (name, rebounds) = (points.name(point), rebounds(point));
            let of = RiskInput::Rebound { point: name, rebounds, distance_m };
            reasons.entry(enterprise).or_default().push(RiskReason { weight: rule.weight, of });
        }
        Ok(())
    }
}

/// Points of the ledger by id and by number.
pub(super) struct Tied(FxHashMap<String, FeatureId>);

impl Tied {
    pub(super) fn of(points: Source<'_>) -> Result<Self, EngineError> {
        let mut names: FxHashMap<String, FeatureId> = FxHashMap::default();
        for field in ["id", "code"] {
            let Some(field) = points.readable(field)? else { continue };
            points.each(&mut |point| {
                if let Some(name) = text(point, field) {
                    let first = names.entry(folded(&name)).or_insert(point.id());
                    *first = (*first).min(point.id());
                }
            });
        }
        Ok(Self(names))
    }

    pub(super) fn point(&self, name: &str) -> Option<FeatureId> {
        self.0.get(&folded(name)).copied()
    }
}

/// Ids are compared in any case, numbers in any width.
fn folded(name: &str) -> String {
    normal_form(name)
}
