//! What rules about enterprises and legal steps found: a score made of reasons, each with its inputs.
//!
//! *Invariants:* the score is the sum of the reasons' weights; an enterprise is called by its code alone.

use std::fmt;

use super::finding::{Measured, hundredths};
use crate::catalogue::Verdict;
use crate::place::Day;

/// An enterprise that may be a high risk.
#[derive(Clone, Debug, PartialEq)]
pub struct Risk {
    /// Its code.
    pub enterprise: String,
    /// What speaks for it.
    pub reasons: Vec<RiskReason>,
}

/// One reason, and what it counts.
#[derive(Clone, Debug, PartialEq)]
pub struct RiskReason {
    /// What it counts.
    pub weight: u32,
    /// What it is made of.
    pub of: RiskInput,
}

/// What a reason is made of.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the values are named by what they are; units stand in the names")]
pub enum RiskInput {
    /// The state of its licence; none where nothing is known.
    Licence { state: Option<String> },
    /// What the catalogue says of its industry.
    Industry {
        industry: String,
        name: String,
        verdict: Verdict,
        edition: String,
        from: Day,
        opened: Option<Day>,
        conditions: String,
    },
    /// Its parcel is for dwelling.
    Residential { parcel: String, use_code: String },
    /// Complaints nearby.
    Complaints { count: usize, within_m: f64, within_days: u32 },
    /// A point that came back: its own, or one so far away.
    Rebound { point: String, rebounds: i64, distance_m: Option<f64> },
}

impl Risk {
    /// What the reasons count together.
    pub fn score(&self) -> u32 {
        self.reasons.iter().fold(0, |score, reason| score.saturating_add(reason.weight))
    }

    pub(super) fn measures(&self) -> Vec<(&'static str, Measured)> {
        let whole = |number: usize| Measured::Whole(i64::try_from(number).unwrap_or(i64::MAX));
        let reasons = self.reasons.iter().map(ToString::to_string).collect();
        let mut measures = vec![
            ("score", Measured::Whole(i64::from(self.score()))),
            ("reasons", Measured::Texts(reasons)),
        ];
        for reason in &self.reasons {
            match &reason.of {
                RiskInput::Licence { state } => {
                    measures.push(("licence_weight", Measured::Whole(i64::from(reason.weight))));
                    let state = state.iter().map(|state| Measured::Text(state.clone()));
                    measures.extend(state.map(|state| ("licence_state", state)));
                }
                RiskInput::Industry { industry, verdict, edition, from, .. } => {
                    measures.push(("industry_weight", Measured::Whole(i64::from(reason.weight))));
                    measures.push(("industry", Measured::Text(industry.clone())));
                    measures.push(("verdict", Measured::Text(verdict.chinese().to_owned())));
                    measures.push(("catalogue_edition", Measured::Text(edition.clone())));
                    measures.push(("catalogue_from", Measured::Text(from.to_string())));
                }
                RiskInput::Residential { parcel, use_code } => {
                    measures
                        .push(("residential_weight", Measured::Whole(i64::from(reason.weight))));
                    measures.push(("parcel", Measured::Text(parcel.clone())));
                    measures.push(("use_code", Measured::Text(use_code.clone())));
                }
                RiskInput::Complaints { count, within_m, within_days } => {
                    measures.push(("complaints_weight", Measured::Whole(i64::from(reason.weight))));
                    measures.push(("complaints", whole(*count)));
                    measures.push(("within_m", Measured::Number(hundredths(*within_m))));
                    measures.push(("within_days", Measured::Whole(i64::from(*within_days))));
                }
                RiskInput::Rebound { point, rebounds, distance_m } => {
                    measures.push(("rebound_weight", Measured::Whole(i64::from(reason.weight))));
                    measures.push(("rebound_point", Measured::Text(point.clone())));
                    measures.push(("rebounds", Measured::Whole(*rebounds)));
                    let metres = distance_m.map(|metres| Measured::Number(hundredths(metres)));
                    measures.extend(metres.map(|metres| ("rebound_distance_m", metres)));
                }
            }
        }
        measures
    }
}

impl fmt::Display for RiskReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.of {
            RiskInput::Licence { state: Some(state) } => write!(f, "证照状态为{state}")?,
            RiskInput::Licence { state: None } => f.write_str("没有证照状态")?,
            RiskInput::Industry { industry, name, verdict, edition, from, opened, conditions } => {
                write!(
                    f,
                    "行业 {industry} 属禁限目录 {edition} 版{}类（{name}",
                    verdict.chinese()
                )?;
                if !conditions.is_empty() {
                    write!(f, "；{conditions}")?;
                }
                f.write_str("）")?;
                match opened {
                    Some(opened) if opened < from => {
                        write!(f, "，{opened} 成立，早于该版施行日 {from}，属存量")?;
                    }
                    Some(opened) => write!(f, "，{opened} 成立")?,
                    None => f.write_str("，成立日不详")?,
                }
            }
            RiskInput::Residential { parcel, use_code } => {
                write!(f, "位于居住用途宗地 {parcel}（用途 {use_code}）")?;
            }
            RiskInput::Complaints { count, within_m, within_days } => {
                let metres = hundredths(*within_m);
                write!(f, "{metres} 米内 {within_days} 天内有 {count} 件群众诉求")?;
            }
            RiskInput::Rebound { point, rebounds, distance_m: None } => {
                write!(f, "所属点位 {point} 曾反弹 {rebounds} 次")?;
            }
            RiskInput::Rebound { point, rebounds, distance_m: Some(metres) } => {
                write!(f, "{} 米处点位 {point} 曾反弹 {rebounds} 次", hundredths(*metres))?;
            }
        }
        write!(f, "（{} 分）", self.weight)
    }
}

impl fmt::Display for Risk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "疑似高风险主体：主体 {}，{} 分", self.enterprise, self.score())?;
        let reasons: Vec<String> = self.reasons.iter().map(ToString::to_string).collect();
        write!(f, "：{}", reasons.join("；"))
    }
}

/// What is late or lacking after a closing or an exit.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the values are named by what they are; units stand in the names")]
pub enum Left {
    /// A licence that lives on after its point was closed.
    Licence { enterprise: String, point: String, state: String, closed: Day, days: i64 },
    /// An exit that is not done by its day.
    Exit { enterprise: String, state: String, due: Day, days: i64 },
    /// An exit of which no released land is known.
    Land { enterprise: String, exited: Day, days: i64 },
    /// Legal steps of a closed point that are not recorded, late, or out of order.
    Steps { point: String, missing: Vec<String>, late: Vec<String>, disordered: Vec<String> },
}

impl Left {
    pub(super) fn measures(&self) -> Vec<(&'static str, Measured)> {
        use Measured::{Text, Texts, Whole};
        match self {
            Self::Licence { state, closed, days, .. } => vec![
                ("licence_state", Text(state.clone())),
                ("closed", Text(closed.to_string())),
                ("days", Whole(*days)),
            ],
            Self::Exit { state, due, days, .. } => vec![
                ("exit_state", Text(state.clone())),
                ("due", Text(due.to_string())),
                ("days", Whole(*days)),
            ],
            Self::Land { exited, days, .. } => {
                vec![("exited", Text(exited.to_string())), ("days", Whole(*days))]
            }
            Self::Steps { missing, late, disordered, .. } => vec![
                ("missing", Texts(missing.clone())),
                ("late", Texts(late.clone())),
                ("disordered", Texts(disordered.clone())),
            ],
        }
    }
}

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Licence { enterprise, point, state, closed, days } => write!(
                f,
                "疑似封堵后仍持照：主体 {enterprise} 所属点位 {point} 已于 {closed} 销账，{days} 天后证照仍为{state}"
            ),
            Self::Exit { enterprise, state, due, days } => write!(
                f,
                "疑似退出逾期：主体 {enterprise} 应于 {due} 前退出，已逾期 {days} 天，状态为{state}"
            ),
            Self::Land { enterprise, exited, days } => write!(
                f,
                "疑似退出未腾退：主体 {enterprise} 已于 {exited} 退出，{days} 天后仍没有腾退面积"
            ),
            Self::Steps { point, missing, late, disordered } => {
                write!(f, "疑似法律程序不全：已销账点位 {point}")?;
                for (names, what) in [(missing, "缺"), (late, "逾期"), (disordered, "早于前一步骤")]
                {
                    if !names.is_empty() {
                        write!(f, "，{what}：{}", names.join("、"))?;
                    }
                }
                Ok(())
            }
        }
    }
}
