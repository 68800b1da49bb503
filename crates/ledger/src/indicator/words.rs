//! A definition in words, made of its vocabulary, so that it always says what is computed.

use std::fmt::{self, Display};

use super::{Condition, Definition, Formula, Measure, States, Term, Years};

impl Display for Definition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {}", self.name, self.formula)?;
        match self.population.years {
            Years::All => {}
            Years::This => f.write_str("，本年点位")?,
            Years::ThisAndCarriedOver => f.write_str("，本年及上年结转点位")?,
        }
        if !self.population.tasks.is_empty() {
            write!(f, "，任务 {}", self.population.tasks.join("、"))?;
        }
        Ok(())
    }
}

impl Display for Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sum { terms } => Terms(terms).fmt(f),
            Self::Rate { numerator, denominator } => {
                let (above, below) = (Terms(numerator), Terms(denominator));
                write!(f, "{} ÷ {}", Grouped(&above), Grouped(&below))
            }
            Self::MedianDays { conditions } => {
                write!(f, "挂账至销账天数的中位数{}", Conditions(conditions))
            }
            Self::Score { .. } => f.write_str("Σ 权重 × 指标值（越低越好的按 1 − 指标值计）"),
        }
    }
}

struct Terms<'a>(&'a [Term]);

impl Display for Terms<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (slot, term) in self.0.iter().enumerate() {
            match (slot, term.times < 0) {
                (0, false) => {}
                (0, true) => f.write_str("− ")?,
                (_, false) => f.write_str(" + ")?,
                (_, true) => f.write_str(" − ")?,
            }
            if term.times.unsigned_abs() != 1 {
                write!(f, "{} × ", term.times.unsigned_abs())?;
            }
            write!(f, "{}{}", term.measure, Conditions(&term.conditions))?;
        }
        Ok(())
    }
}

/// Terms in brackets where there is more than one.
struct Grouped<'a>(&'a Terms<'a>);

impl Display for Grouped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.0.len() {
            1 => self.0.fmt(f),
            _ => write!(f, "（{}）", self.0),
        }
    }
}

struct Conditions<'a>(&'a [Condition]);

impl Display for Conditions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (slot, condition) in self.0.iter().enumerate() {
            f.write_str(if slot == 0 { "（" } else { "且" })?;
            condition.fmt(f)?;
        }
        f.write_str(if self.0.is_empty() { "" } else { "）" })
    }
}

impl Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Points => "点位数",
            Self::PlannedCount => "计划数量",
            Self::PlannedBuildArea => "计划建筑面积",
            Self::PlannedLandArea => "计划占地面积",
            Self::ActualCount => "实际数量",
            Self::ActualBuildArea => "实际建筑面积",
            Self::ActualLandArea => "实际占地面积",
            Self::DoneCount => "期内完成数量",
            Self::DoneBuildArea => "期内完成建筑面积",
            Self::DoneLandArea => "期内完成占地面积",
            Self::Target => "目标值",
            Self::Outside(name) => name,
        })
    }
}

impl Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open => f.write_str("未销账"),
            Self::Closed => f.write_str("已销账"),
            Self::InStates(States(states)) => {
                let names: Vec<&str> = states.iter().map(|state| state.chinese()).collect();
                f.write_str(&names.join("或"))
            }
            Self::Overdue => f.write_str("超期未销账"),
            Self::DueWithinDays(days) => write!(f, "{days} 天内到期"),
            Self::ClosedInTime => f.write_str("按期销账"),
            Self::ClosedLate => f.write_str("超期销账"),
            Self::OfEarlierYear => f.write_str("往年点位"),
            Self::RegisteredInWindow => f.write_str("期内挂账"),
            Self::ClosedInWindow => f.write_str("期内销账"),
            Self::ClosedBeforeWindowEnd => f.write_str("期末前曾销账"),
            Self::ReboundsInWindow(1) => f.write_str("期内反弹"),
            Self::ReboundsInWindow(times) => write!(f, "期内反弹 {times} 次及以上"),
        }
    }
}
