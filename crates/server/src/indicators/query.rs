//! What is asked of the indicators, read from texts: parameters of a URL and flags of a command.
//!
//! Days are those of Asia/Shanghai; the last day of a window belongs to it.

use engine::{EngineError, Profile};
use formats::report::ReportFault;
use ledger::indicator::{InvalidPeriod, Period, Window, year_of};
use spatial::{Day, Timestamp};
use thiserror::Error;

use crate::as_of::{AS_OF, moment};

/// Names of the parameters, besides the encoding.
pub const PARAMETERS: [&str; 10] =
    ["unit", FOCUS_AREA, "task", INDICATOR, AS_OF, "from", "to", "year", "depth", "rank"];
/// Names the indicators that are told, by commas between.
pub const INDICATOR: &str = "indicator";
/// The value of it that stands for every one.
pub const ALL_INDICATORS: &str = "all";
/// Names the focus area that all lies in.
pub const FOCUS_AREA: &str = "focus-area";
/// Most levels below the unit that may be asked for.
pub const MAX_DEPTH: usize = 4;
/// Levels below the unit that are told when nothing is said.
pub const DEPTH: usize = 1;

const DAY_MS: i64 = 86_400_000;

/// Why there is no answer.
#[derive(Debug, Error)]
pub enum IndicatorRefusal {
    /// A parameter cannot be used.
    #[error("{name}={value:?} {reason}")]
    Parameter {
        /// Its name.
        name: &'static str,
        /// Its value, cut.
        value: String,
        /// Why, and what may be sent.
        reason: String,
    },
    /// The engine refuses or fails.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The table cannot be written.
    #[error(transparent)]
    Report(#[from] ReportFault),
}

impl IndicatorRefusal {
    pub(super) fn parameter(name: &'static str, value: &str, reason: impl Into<String>) -> Self {
        let value = value.chars().take(60).collect();
        Self::Parameter { name, value, reason: reason.into() }
    }
}

/// What is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// Every indicator of every unit.
    Figures,
    /// How far units are with their targets.
    Progress,
}

/// What is asked.
#[derive(Clone, Debug)]
pub struct IndicatorQuery {
    /// What is told.
    pub told: Told,
    /// The code of the unit that is the whole; all when absent.
    pub unit: Option<String>,
    /// The code of the focus area that all lies in; everywhere when absent.
    pub focus_area: Option<String>,
    /// The codes of the indicators that are told; those that need not be asked for by name when absent.
    pub indicators: Option<Vec<String>>,
    /// Only this task.
    pub task: Option<String>,
    /// When had been recorded what counts; now when absent.
    pub as_of: Option<Timestamp>,
    /// How many levels below the unit are told.
    pub depth: usize,
    /// The code of the indicator by which the parts of the unit are ranked.
    pub rank: Option<String>,
    /// Who asks.
    pub profile: Profile,
    /// Counts below this are not told.
    pub least_count: u64,
    span: Span,
}

/// The window, as far as it is said.
#[derive(Clone, Copy, Debug)]
enum Span {
    /// The year of the moment.
    Unsaid,
    Period(Period),
    Days {
        from: Option<Timestamp>,
        /// The first moment after the last day.
        to: Option<Timestamp>,
    },
}

impl IndicatorQuery {
    /// Reads the values of [`PARAMETERS`] by name.
    ///
    /// # Errors
    /// When one of them cannot be used.
    pub fn read<'v>(
        told: Told,
        value: impl Fn(&str) -> Option<&'v str>,
    ) -> Result<Self, IndicatorRefusal> {
        let refused = IndicatorRefusal::parameter;
        let as_of = value(AS_OF).map(|text| {
            moment(text).map_err(|_odd| {
                refused(
                    AS_OF,
                    text,
                    "is no date and no time with a zone; send 2026-11-22T08:00:00Z or 2026-11-22",
                )
            })
        });
        let depth = value("depth").map(|text| {
            let depth = text.parse().ok().filter(|depth| *depth <= MAX_DEPTH);
            depth.ok_or_else(|| {
                IndicatorRefusal::parameter(
                    "depth",
                    text,
                    format!("is no number of levels from 0 to {MAX_DEPTH}"),
                )
            })
        });
        if let (Told::Progress, Some(code)) = (told, value(FOCUS_AREA)) {
            let reason = "has no targets: these are of units; ask /indicators about it";
            return Err(refused(FOCUS_AREA, code, reason));
        }
        Ok(Self {
            told,
            unit: value("unit").map(str::to_owned),
            focus_area: value(FOCUS_AREA).map(str::to_owned),
            indicators: value(INDICATOR)
                .map(|codes| codes.split(',').map(|code| code.trim().to_owned()).collect()),
            task: value("task").map(str::to_owned),
            as_of: as_of.transpose()?,
            depth: depth.transpose()?.unwrap_or(DEPTH),
            rank: value("rank").map(str::to_owned),
            profile: Profile::default(),
            least_count: 0,
            span: span(&value)?,
        })
    }

    /// The window, and whether it was said, when the facts are those of `at`.
    pub(super) fn window(&self, at: Timestamp) -> (Window, bool) {
        let year = |at: Timestamp| {
            let whole = Period::of_year(year_of(at)).map(Period::window);
            whole.unwrap_or(Window { from: at, to: Timestamp(at.0.saturating_add(DAY_MS)) })
        };
        match self.span {
            Span::Unsaid | Span::Days { from: None, to: None } => (year(at), false),
            Span::Period(period) => (period.window(), true),
            Span::Days { from, to } => {
                let last = to.map(|to| Timestamp(to.0.saturating_sub(1)));
                let from_year = from.map(|from| year(from).to);
                let to_year = last.map(|last| year(last).from);
                let from = from.or(to_year).unwrap_or(at);
                (Window { from, to: to.or(from_year).unwrap_or(at) }, true)
            }
        }
    }
}

fn span<'v>(value: &impl Fn(&str) -> Option<&'v str>) -> Result<Span, IndicatorRefusal> {
    let refused = IndicatorRefusal::parameter;
    let day = |name: &'static str| {
        let text = value(name)?;
        let day = text.parse::<Day>();
        Some(day.map_err(|_odd| refused(name, text, "is no day such as 2026-11-22")))
    };
    let (from, to) = (day("from").transpose()?, day("to").transpose()?);
    let (from, to) = (from.map(Day::start), to.map(Day::end));
    match value("year") {
        Some(text) if from.is_some() || to.is_some() => {
            Err(refused("year", text, "and from or to are sent; send the one or the others"))
        }
        Some(text) => {
            let period = text.parse::<Period>().map_err(|InvalidPeriod { value }| {
                refused("year", &value, "is no year 2026, quarter 2026-Q3 or month 2026-09")
            })?;
            Ok(Span::Period(period))
        }
        None if from.is_none() && to.is_none() => Ok(Span::Unsaid),
        None => match (from, to) {
            (Some(from), Some(to)) if from >= to => {
                let text = value("to").unwrap_or_default();
                Err(refused("to", text, "is a day before from; send the later day as to"))
            }
            _ => Ok(Span::Days { from, to }),
        },
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    /// The window of parameters, on 2026-11-26 in Shanghai, as days.
    fn window(pairs: &[(&str, &str)]) -> Result<(String, String, bool), String> {
        let value = |name: &str| pairs.iter().find(|(n, _)| *n == name).map(|(_, value)| *value);
        let query = IndicatorQuery::read(Told::Figures, value).map_err(|odd| odd.to_string())?;
        let (window, said) = query.window(Timestamp(1_795_708_800_000));
        let day = |at: Timestamp| Day::of(at).to_string();
        Ok((day(window.from), day(Timestamp(window.to.0 - 1)), said))
    }

    #[test]
    fn a_window_is_a_year_a_period_or_days_and_its_last_day_belongs_to_it() {
        for (pairs, from, to, said) in [
            (&[][..], "2026-01-01", "2026-12-31", false),
            (&[("year", "2025")], "2025-01-01", "2025-12-31", true),
            (&[("year", "2026-Q3")], "2026-07-01", "2026-09-30", true),
            (&[("from", "2026-03-02"), ("to", "2026-03-02")], "2026-03-02", "2026-03-02", true),
            (&[("from", "2025-03-02")], "2025-03-02", "2025-12-31", true),
            (&[("to", "2024-12-31")], "2024-01-01", "2024-12-31", true),
        ] {
            let expected = (from.to_owned(), to.to_owned(), said);
            assert_eq!(window(pairs).unwrap(), expected, "{pairs:?}");
        }
    }

    #[test]
    fn other_parameters_are_refused_with_what_may_be_sent() {
        for (pairs, expected) in [
            (&[("year", "26")][..], "year=\"26\" is no year 2026"),
            (&[("year", "2026"), ("to", "2026-01-01")], "year=\"2026\" and from or to are sent"),
            (&[("from", "2026-02-30")], "from=\"2026-02-30\" is no day"),
            (&[("to", "2026-02-01T00:00:00Z")], "is no day such as"),
            (&[("from", "2026-02-02"), ("to", "2026-02-01")], "to=\"2026-02-01\" is a day before"),
            (&[("depth", "5")], "depth=\"5\" is no number of levels from 0 to 4"),
            (&[("as-of", "yesterday")], "as-of=\"yesterday\" is no date"),
        ] {
            let refusal = window(pairs).unwrap_err();
            assert!(refusal.contains(expected), "{refusal}");
        }
    }
}
