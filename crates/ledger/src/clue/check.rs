//! Whether rules hold together: what is looked at once, before anything is asked.

use std::collections::BTreeSet;
use std::sync::Arc;

use spatial::CollectionId;

use super::{HighRisk, Kind, Outlets, Rule, RuleSet};
use crate::catalogue::Catalogue;
use crate::data_check::{Check, DataFault};
use crate::point::{Role, Roles};

/// Most rules of an edition.
const MAX_RULES: usize = 100;
/// Farthest that a rule may look, in metres.
const MAX_METRES: f64 = 5_000.0;
/// Most square metres of a threshold: a square kilometre.
const MAX_M2: f64 = 1e6;
/// Most days: twenty years.
const MAX_DAYS: u32 = 7_305;
/// Most values of a list.
const MAX_VALUES: usize = 100;

/// Rules that hold together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rules {
    edition: String,
    rules: Vec<Rule>,
    catalogue: Arc<Catalogue>,
}

impl Rules {
    /// Takes the rules of an edition.
    ///
    /// # Errors
    /// Every fault that is found.
    pub fn new(set: RuleSet, roles: &Roles) -> Result<Self, Vec<DataFault>> {
        let mut check = Check::new("rule");
        check.line("edition", &set.edition);
        check.count("rules", set.rules.len(), 1..=MAX_RULES);
        let mut seen = BTreeSet::new();
        for rule in &set.rules {
            check.of.clone_from(&rule.code);
            if !seen.insert(rule.code.as_str()) {
                check.fault("code", &rule.code, "stands there twice; give one another name");
            }
            check.rule(rule);
            check.readers(rule, roles);
        }
        let (edition, rules) = (set.edition, set.rules);
        check.finish(Self { edition, rules, catalogue: Arc::default() })
    }

    /// With the catalogue of industries (禁限目录) that rules read.
    #[must_use]
    pub fn with_catalogue(self, catalogue: Catalogue) -> Self {
        Self { catalogue: Arc::new(catalogue), ..self }
    }

    /// The catalogue of industries; one without editions unless it was given.
    pub fn catalogue(&self) -> &Arc<Catalogue> {
        &self.catalogue
    }

    /// Which edition it is.
    pub fn edition(&self) -> &str {
        &self.edition
    }

    /// Every rule, in order.
    pub fn all(&self) -> &[Rule] {
        &self.rules
    }

    /// The rule of a code.
    pub fn named(&self, code: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.code == code)
    }
}

impl Check {
    fn number(&mut self, key: &'static str, number: f64, (least, most): (f64, f64)) {
        if !(least..=most).contains(&number) {
            let reason = format!("is not usable; give {least} to {most}");
            self.fault(key, &number.to_string(), &reason);
        }
    }

    fn metres(&mut self, metres: f64) {
        self.number("metres", metres, (0.0, MAX_METRES));
    }

    fn area(&mut self, key: &'static str, area: f64) {
        self.number(key, area, (0.0, MAX_M2));
    }

    fn days(&mut self, days: u32) {
        self.number("days", f64::from(days), (0.0, f64::from(MAX_DAYS)));
    }

    fn values(&mut self, key: &'static str, values: &[String]) {
        self.count(key, values.len(), 1..=MAX_VALUES);
        values.iter().for_each(|value| self.line(key, value));
    }

    fn rule(&mut self, rule: &Rule) {
        self.name("code", &rule.code);
        self.line("name", &rule.name);
        if !rule.name.starts_with("疑似") {
            self.fault("name", &rule.name, "must begin with 疑似: a rule only proposes");
        }
        self.line("source", &rule.source);
        for input in rule.kind.inputs() {
            if let Err(error) = CollectionId::try_from(input.collection) {
                self.fault("collection", input.collection, &format!("is unusable: {error}"));
            }
            for field in input.fields {
                self.line("field", field);
            }
        }
        self.kind(&rule.kind);
    }

    fn kind(&mut self, kind: &Kind) {
        match kind {
            Kind::Rebound(rule) => self.metres(rule.metres),
            Kind::OverParcel(rule) => self.area("least_m2", rule.least_m2),
            Kind::ParcelOverlap(rule) => self.area("least_m2", rule.least_m2),
            Kind::ParcelGap(rule) => {
                self.area("least_m2", rule.least_m2);
                self.number("most_m2", rule.most_m2, (rule.least_m2, MAX_M2));
            }
            Kind::NoFile(_) => {}
            Kind::ComplaintNearClosed(rule) => {
                self.metres(rule.metres);
                self.days(rule.days);
            }
            Kind::Replacement(rule) => {
                self.metres(rule.metres);
                self.days(rule.days);
                self.outlets(&rule.outlets);
            }
            Kind::ServiceGap(rule) => {
                self.metres(rule.metres);
                self.values("functions", &rule.functions);
                self.outlets(&rule.outlets);
            }
            Kind::IdleLand(rule) => {
                self.number("least_share", rule.least_share, (0.0, 1.0));
                self.days(rule.days);
                self.values("idle_uses", &rule.idle_uses);
            }
            Kind::Contiguous(rule) => {
                self.metres(rule.metres);
                if rule.least < 2 {
                    self.fault("least", &rule.least.to_string(), "make no group; give 2 or more");
                }
                if let Some(only) = &rule.only {
                    self.values("only.values", &only.values);
                }
            }
            Kind::Neighbours(rule) => self.number("metres", rule.metres, (0.001, 1.0)),
            Kind::SeveralHomesteads(_) => {}
            Kind::NewBuilding(rule) => self.area("least_m2", rule.least_m2),
            Kind::HighRisk(rule) => self.high_risk(rule),
            Kind::LicenceAlive(rule) => {
                self.values("alive", &rule.alive);
                rule.tasks.iter().for_each(|task| self.line("tasks", task));
                self.days(rule.days);
            }
            Kind::ExitOverdue(rule) => {
                self.values("done", &rule.done);
                self.days(rule.days);
            }
            Kind::LegalSteps(rule) => {
                self.values("tasks", &rule.tasks);
                self.values("order", &rule.order);
                let mut seen = BTreeSet::new();
                for step in rule.order.iter().filter(|step| !seen.insert(step.as_str())) {
                    self.fault("order", step, "stands there twice");
                }
            }
        }
    }

    fn readers(&mut self, rule: &Rule, roles: &Roles) {
        for reader in rule.kind.readers().unwrap_or_default() {
            let role = Role::from_identifier(reader);
            if role.is_none_or(|role| !roles.may_be_named(role)) {
                let words = roles.words();
                self.fault("readers", reader, &format!("is no role of the ledger; use {words}"));
            }
        }
    }

    fn high_risk(&mut self, rule: &HighRisk) {
        let mut weights = Vec::new();
        if let Some(one) = &rule.licence {
            self.values("licence.states", &one.states);
            weights.extend([one.weight, one.weight_unknown]);
        }
        if let Some(one) = &rule.industry {
            weights.extend([one.weight_prohibited, one.weight_restricted]);
        }
        if let Some(one) = &rule.residential {
            self.values("residential.uses", &one.uses);
            weights.push(one.weight);
        }
        if let Some(one) = &rule.complaints {
            self.metres(one.metres);
            self.days(one.days);
            self.number("complaints.least", f64::from(one.least), (1.0, 10_000.0));
            weights.push(one.weight);
        }
        if let Some(one) = &rule.rebound {
            self.metres(one.metres);
            weights.push(one.weight);
        }
        if weights.is_empty() {
            self.fault("high_risk", "", "has no reason; give licence, industry, residential …");
        }
        for weight in weights {
            self.number("weight", f64::from(weight), (0.0, 1_000.0));
        }
        self.number("least_score", f64::from(rule.least_score), (1.0, 10_000.0));
        self.number("most", f64::from(rule.most), (1.0, 100_000.0));
    }

    fn outlets(&mut self, outlets: &Outlets) {
        let Outlets { functions, opened, closed, .. } = outlets;
        if functions == opened || functions == closed || opened == closed {
            self.fault("outlets", functions, "names one field twice; give three fields");
        }
    }
}
