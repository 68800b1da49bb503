//! Spatial rules as data, and what they find said in words.
//!
//! A rule names its kind in a closed vocabulary, the collections and fields that it reads, and its
//! distances (metres), areas (square metres) and days. What it finds is a clue (疑似线索): a proposal
//! with its inputs and reason. Only a person's event makes anything of it.
//!
//! *Invariant:* nothing here says more than 疑似; a reason is made of the inputs alone.

mod business_finding;
mod business_rule;
mod check;
#[cfg(test)]
mod clue_tests;
mod finding;
mod review;
mod rule;

use spatial::Timestamp;

use crate::place::Day;
use crate::point::moment;

pub use business_finding::{Left, Risk, RiskInput, RiskReason};
pub use business_rule::{
    ComplaintsRisk, ExitOverdue, HighRisk, IndustryRisk, LegalSteps, LicenceAlive, LicenceRisk,
    ReboundRisk, ResidentialRisk,
};
pub use check::Rules;
pub use finding::{Finding, Measured, Toward};
pub use review::{MAX_REVIEW_TEXT, Review, ReviewRefusal, Verdict};
pub use rule::{
    ComplaintNearClosed, Contiguous, Dependence, Files, IdleLand, Input, Kind, Neighbours,
    NewBuilding, NoFile, Only, Outlets, OverParcel, ParcelGap, ParcelOverlap, Permits, Rebound,
    Replacement, Rule, RuleSet, ServiceGap, SeveralHomesteads, Units,
};

/// The moment of a text as the store writes times; of a day, its first moment in Asia/Shanghai.
pub fn read_moment(text: &str) -> Option<Timestamp> {
    match text.len() {
        10 => text.parse::<Day>().ok().map(Day::start),
        _ => moment::read(text),
    }
}

/// The day of a date, or in Asia/Shanghai of a moment, as the store writes both.
pub fn day_of(text: &str) -> Option<Day> {
    read_moment(text).map(Day::of)
}

/// The rules that come with the program, as TOML.
pub const DEFAULT_RULES: &str = include_str!("../../clues.toml");
