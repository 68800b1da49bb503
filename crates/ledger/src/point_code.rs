//! Numbers of points on the ledger: 6 digits of the district and 3 of the town, the task, the year of
//! registering and 5 digits, as in `110115001-CW-2026-00001`.

use std::fmt;

use spatial::{Day, Timestamp};
use thiserror::Error;

use crate::normal_form;

/// Longest code of a task within a number, in characters.
const MAX_TASK: usize = 16;
/// The last number of a series.
const LAST: u32 = 99_999;

/// What is wrong with a number, or keeps one from being issued.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PointCodeFault {
    /// Text that is no number.
    #[error("{code:?} is no number of the ledger, such as 110115001-CW-2026-00001")]
    Form {
        /// The refused text, cut at 60 characters.
        code: String,
    },
    /// A unit of which no number begins.
    #[error(
        "unit {unit:?} has no 6, 9 or 12 digits of a district, town or village to begin a number \
         with: name such a unit, or give the number as code"
    )]
    Unit {
        /// The unit, cut at 60 characters.
        unit: String,
    },
    /// A task that does not fit into a number.
    #[error("task {task:?} is no code of 1 to 16 letters or digits: name the task by its code")]
    Task {
        /// The task, cut at 60 characters.
        task: String,
    },
    /// A number of another series than the registration's.
    #[error(
        "{code} is no number of {series}, which the unit, the task and the year of this registration \
         begin: correct the number, or leave it out and one is given"
    )]
    Series {
        /// The number.
        code: PointCode,
        /// What it should begin with.
        series: PointSeries,
    },
    /// All numbers of a series are given.
    #[error("all {LAST} numbers of {series} are given: name another unit or task")]
    Full {
        /// The series.
        series: String,
    },
}

/// What the numbers of one town, task and year begin with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PointSeries(String);

/// The number of a point on the ledger.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PointCode {
    series: PointSeries,
    number: u32,
}

impl PointSeries {
    /// The series of what a unit registers under a task at a moment. A district counts as its town
    /// 000, a village as its town; the year is that of Asia/Shanghai.
    ///
    /// # Errors
    /// When the unit is no code of 6, 9 or 12 digits, or the task no code of letters and digits.
    pub fn of(unit: &str, task: &str, registered_at: Timestamp) -> Result<Self, PointCodeFault> {
        let digits = normal_form(unit);
        let town = match (digits.len(), digits.bytes().all(|byte| byte.is_ascii_digit())) {
            (6, true) => format!("{digits}000"),
            (9 | 12, true) => digits.chars().take(9).collect(),
            _ => return Err(PointCodeFault::Unit { unit: shown(unit) }),
        };
        if !is_task(task) {
            return Err(PointCodeFault::Task { task: shown(task) });
        }
        Ok(Self(format!("{town}-{task}-{:04}", Day::of(registered_at).year())))
    }

    /// The number behind `last`; where that was the last one of all, the first that is not given.
    ///
    /// # Errors
    /// When all are given.
    pub fn next(
        &self,
        last: u32,
        is_given: impl Fn(&PointCode) -> bool,
    ) -> Result<PointCode, PointCodeFault> {
        self.code(last.saturating_add(1)).or_else(|full| {
            let all = (1..=LAST).filter_map(|number| self.code(number).ok());
            all.into_iter().find(|code| !is_given(code)).ok_or(full)
        })
    }

    /// Its number `number`.
    ///
    /// # Errors
    /// When the series has no such number.
    pub fn code(&self, number: u32) -> Result<PointCode, PointCodeFault> {
        match (1..=LAST).contains(&number) {
            true => Ok(PointCode { series: self.clone(), number }),
            false => Err(PointCodeFault::Full { series: self.0.clone() }),
        }
    }
}

impl PointCode {
    /// Refuses a number that a registration of `series` cannot have: of another task, of a later year, or of
    /// another town; a district registers in all its towns. Those of earlier years were given before.
    ///
    /// # Errors
    /// When it is of another series.
    pub fn check_of(&self, series: &PointSeries) -> Result<(), PointCodeFault> {
        let parts = |series: &PointSeries| -> Vec<String> {
            series.0.split('-').map(str::to_owned).collect()
        };
        let (own, wanted) = (parts(&self.series), parts(series));
        let is_of_town = match (own.first(), wanted.first()) {
            (Some(own), Some(wanted)) => {
                own == wanted || wanted.ends_with("000") && own.get(..6) == wanted.get(..6)
            }
            _ => false,
        };
        match is_of_town && own.get(1) == wanted.get(1) && own.get(2) <= wanted.get(2) {
            true => Ok(()),
            false => Err(PointCodeFault::Series { code: self.clone(), series: series.clone() }),
        }
    }

    /// The series that it belongs to.
    pub fn series(&self) -> &PointSeries {
        &self.series
    }

    /// Its place in the series, from 1 on.
    pub fn number(&self) -> u32 {
        self.number
    }
}

impl TryFrom<&str> for PointCode {
    type Error = PointCodeFault;

    fn try_from(text: &str) -> Result<Self, PointCodeFault> {
        let fault = || PointCodeFault::Form { code: shown(text) };
        let digits = |part: &str, count: usize| {
            part.len() == count && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        let parts: Vec<&str> = text.split('-').collect();
        let [town, task, year, number] = parts.as_slice() else { return Err(fault()) };
        if !digits(town, 9) || !is_task(task) || !digits(year, 4) || !digits(number, 5) {
            return Err(fault());
        }
        let series = PointSeries(format!("{town}-{task}-{year}"));
        series.code(number.parse().map_err(|_odd| fault())?).map_err(|_none| fault())
    }
}

impl fmt::Display for PointSeries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for PointCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:05}", self.series, self.number)
    }
}

fn is_task(task: &str) -> bool {
    let length = task.chars().count();
    (1..=MAX_TASK).contains(&length) && task.chars().all(char::is_alphanumeric)
}

fn shown(text: &str) -> String {
    text.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    const NOON: Timestamp = Timestamp(1_788_264_000_000);

    #[test]
    fn a_number_is_read_as_it_is_written() {
        for text in ["110115001-CW-2026-00001", "110115000-违建-2026-99999"] {
            assert_eq!(PointCode::try_from(text).unwrap().to_string(), text);
        }
        for odd in [
            "",
            "110115001-CW-2026-00000",
            "11011501-CW-2026-00001",
            "110115001-CW-26-00001",
            "110115001--2026-00001",
            "110115001-C W-2026-00001",
            "110115001-CW-2026-000001",
            "110115001-CW-2026-0000١",
            "110115001-CW-2026-00001-1",
        ] {
            let code = odd.to_owned();
            assert_eq!(PointCode::try_from(odd), Err(PointCodeFault::Form { code }), "{odd}");
        }
    }

    #[test]
    fn the_next_number_is_the_one_behind_the_last_or_the_first_that_is_free() {
        let series = PointSeries::of("110115001", "CW", NOON).unwrap();
        let next = |last, given: &[u32]| {
            series.next(last, |code| given.contains(&code.number())).map(|code| code.number())
        };
        assert_eq!(next(0, &[]), Ok(1));
        assert_eq!(next(41, &[1, 41]), Ok(42));
        assert_eq!(next(LAST, &[1, 2, 4, LAST]), Ok(3));
        let full = series.next(LAST, |_| true);
        assert_eq!(full, Err(PointCodeFault::Full { series: series.to_string() }));
    }

    #[test]
    fn a_number_that_is_given_belongs_to_task_year_and_town() {
        let fits = |code: &str, unit: &str| {
            let series = PointSeries::of(unit, "CW", NOON).unwrap();
            PointCode::try_from(code).unwrap().check_of(&series).is_ok()
        };
        for (code, unit, expected) in [
            ("110115001-CW-2026-00009", "110115001", true),
            ("110115001-CW-2024-00009", "110115001202", true),
            ("110115001-CW-2026-00009", "110115", true),
            ("110115000-CW-2026-00009", "110115", true),
            ("110115001-CW-2027-00009", "110115001", false),
            ("110115001-KQ-2026-00009", "110115001", false),
            ("110115002-CW-2026-00009", "110115001", false),
            ("110116001-CW-2026-00009", "110115", false),
        ] {
            assert_eq!(fits(code, unit), expected, "{code} of {unit}");
        }
    }

    #[test]
    fn a_series_is_that_of_town_task_and_year() {
        for (unit, begin) in
            [("110115", "110115000"), ("110115001", "110115001"), ("110115001202", "110115001")]
        {
            let series = PointSeries::of(unit, "CW", NOON).unwrap();
            assert_eq!(series.to_string(), format!("{begin}-CW-2026"));
            let code = series.code(7).unwrap();
            assert_eq!(PointCode::try_from(code.to_string().as_str()), Ok(code));
        }
        let unit = "城管".to_owned();
        assert_eq!(PointSeries::of("城管", "CW", NOON), Err(PointCodeFault::Unit { unit }));
        let task = "C-W".to_owned();
        assert_eq!(PointSeries::of("110115", "C-W", NOON), Err(PointCodeFault::Task { task }));
        let full = PointSeries::of("110115", "CW", NOON).unwrap();
        assert!(full.code(LAST).is_ok() && full.code(LAST + 1).is_err());
    }
}
