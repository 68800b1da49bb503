//! 吹哨报到: a unit calls departments to a place, they come, and the caller closes the call.
//!
//! *Invariant:* a department comes once, not before it was called and not after the call was closed;
//! a call is closed once. The same told again changes nothing.

use std::collections::BTreeSet;

use spatial::{Timestamp, Value};
use thiserror::Error;

use crate::point::Role;
use crate::point::moment::{self, MINUTE_MS, Utc};

/// Most departments of one call.
pub const MAX_DEPARTMENTS: usize = 50;

/// Who may do what, and who may be called: data of a city.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WhistleRules {
    /// Who calls.
    pub callers: BTreeSet<Role>,
    /// Who says that a department came; accounts of departments say it of their own alone.
    pub arrivers: BTreeSet<Role>,
    /// Who closes a call.
    pub closers: BTreeSet<Role>,
    /// The departments that may be called; any when none is named.
    pub departments: BTreeSet<String>,
}

impl WhistleRules {
    /// Refuses a department that the city does not name, in a sentence.
    pub fn check_department(&self, department: &str) -> Result<(), String> {
        let known = &self.departments;
        if known.is_empty() || known.contains(department) {
            return Ok(());
        }
        let words: Vec<&str> = known.iter().map(String::as_str).collect();
        Err(format!(
            "{department:?} is no department that may be called; use one of {}",
            words.join(", ")
        ))
    }
}

impl Default for WhistleRules {
    /// Towns call and close, departments come and a town may say so for them: 自拟.
    fn default() -> Self {
        Self {
            callers: BTreeSet::from([Role::TOWN, Role::DISTRICT]),
            arrivers: BTreeSet::from([Role::DEPARTMENT, Role::TOWN]),
            closers: BTreeSet::from([Role::TOWN, Role::DISTRICT]),
            departments: BTreeSet::new(),
        }
    }
}

/// A call, as its rows say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whistle {
    /// Its number.
    pub code: String,
    /// Code of the unit that calls.
    pub caller: Option<String>,
    /// What about.
    pub subject: Option<String>,
    /// The point, by id or number.
    pub point: Option<String>,
    /// When.
    pub called_at: Option<Timestamp>,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
    /// What came of it.
    pub result: Option<String>,
    /// Who was called, in order.
    pub arrivals: Vec<Arrival>,
}

/// A department that was called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// The department.
    pub department: String,
    /// When it came.
    pub arrived_at: Option<Timestamp>,
    /// What it said.
    pub note: Option<String>,
}

/// Whether something was told for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Telling {
    /// It changes the call.
    New,
    /// It was told before.
    Again,
}

/// Whether a call may be closed although not all came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// No.
    Refused,
    /// Yes: whoever closes it knows.
    Accepted,
}

/// Why nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum WhistleRefusal {
    /// The number is that of another call.
    #[error(
        "call {code} is there already and says something else; send what was sent, or another code"
    )]
    Differs {
        /// Its number.
        code: String,
    },
    /// The department was not called.
    #[error("{department:?} was not called; called were {}", .called.join(", "))]
    NotCalled {
        /// The department, cut.
        department: String,
        /// Those that were.
        called: Vec<String>,
    },
    /// It came at another time.
    #[error("{department} came at {} already; an arrival stays as it was told", Utc(*.at))]
    Came {
        /// The department.
        department: String,
        /// When.
        at: Timestamp,
    },
    /// It is said to have come before it was called.
    #[error("{} is before the call, which was at {}", Utc(*.at), Utc(*.called_at))]
    Early {
        /// What was said.
        at: Timestamp,
        /// When the call was.
        called_at: Timestamp,
    },
    /// A time is ahead of the clock.
    #[error("{} is ahead of the clock here; set the clock of the device right", Utc(*.at))]
    Ahead {
        /// What was said.
        at: Timestamp,
    },
    /// The call was closed before.
    #[error("the call was closed at {}", Utc(*.at))]
    Closed {
        /// When.
        at: Timestamp,
    },
    /// Departments that were called have not come.
    #[error("not come yet: {}; send \"accept_missing\": true to close the call all the same", .missing.join(", "))]
    NotAllCame {
        /// They.
        missing: Vec<String>,
    },
    /// Another unit called.
    #[error("unit {unit} did not call; {caller} did, and closes the call")]
    OfAnother {
        /// Who sends the request.
        unit: String,
        /// Who called.
        caller: String,
    },
}

impl Whistle {
    /// Whether a department may be told to have come at a moment; without one, now.
    ///
    /// # Errors
    /// Why not.
    pub fn arrive(
        &self,
        department: &str,
        said: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Telling, WhistleRefusal> {
        let Some(arrival) = self.arrivals.iter().find(|one| one.department == department) else {
            return Err(WhistleRefusal::NotCalled {
                department: department.chars().take(60).collect(),
                called: self.arrivals.iter().map(|one| one.department.clone()).collect(),
            });
        };
        if let Some(at) = arrival.arrived_at {
            return match said.is_none_or(|said| said == at) {
                true => Ok(Telling::Again),
                false => Err(WhistleRefusal::Came { department: department.to_owned(), at }),
            };
        }
        let at = said.unwrap_or(now);
        self.check_after_call(at)?;
        match self.closed_at {
            Some(closed) if at > closed => Err(WhistleRefusal::Closed { at: closed }),
            _ => Ok(Telling::New),
        }
    }

    /// Whether the call may be closed with this result at a moment; without one, now.
    ///
    /// # Errors
    /// Why not.
    pub fn close(
        &self,
        result: &str,
        (said, now): (Option<Timestamp>, Timestamp),
        missing: Missing,
    ) -> Result<Telling, WhistleRefusal> {
        if let Some(at) = self.closed_at {
            let is_same =
                self.result.as_deref() == Some(result) && said.is_none_or(|said| said == at);
            return match is_same {
                true => Ok(Telling::Again),
                false => Err(WhistleRefusal::Closed { at }),
            };
        }
        self.check_after_call(said.unwrap_or(now))?;
        let not_come: Vec<String> = self.missing().map(str::to_owned).collect();
        match not_come.is_empty() || missing == Missing::Accepted {
            true => Ok(Telling::New),
            false => Err(WhistleRefusal::NotAllCame { missing: not_come }),
        }
    }

    fn check_after_call(&self, at: Timestamp) -> Result<(), WhistleRefusal> {
        match self.called_at {
            Some(called_at) if at < called_at => Err(WhistleRefusal::Early { at, called_at }),
            _ => Ok(()),
        }
    }

    /// The departments that have not come, in order.
    pub fn missing(&self) -> impl Iterator<Item = &str> {
        self.arrivals
            .iter()
            .filter(|one| one.arrived_at.is_none())
            .map(|one| one.department.as_str())
    }

    /// Whole minutes from the call until a department came.
    pub fn minutes(&self, arrival: &Arrival) -> Option<i64> {
        let ms = arrival.arrived_at?.0.saturating_sub(self.called_at?.0);
        Some(ms.div_euclid(MINUTE_MS))
    }
}

/// Refuses a moment that is more than so many minutes ahead of `now`.
///
/// # Errors
/// When it is.
pub fn check_clock(
    said: Option<Timestamp>,
    now: Timestamp,
    ahead_minutes: u32,
) -> Result<(), WhistleRefusal> {
    let latest = now.0.saturating_add(i64::from(ahead_minutes) * MINUTE_MS);
    match said {
        Some(at) if at.0 > latest => Err(WhistleRefusal::Ahead { at }),
        _ => Ok(()),
    }
}

/// A moment as columns of calls hold it.
pub fn written(at: Timestamp) -> Value {
    Value::Text(moment::written(at))
}

/// The number of the next call of a day: `CS-20261126-0007` after `CS-20261126-0006`.
pub fn next_code<'a>(day: spatial::Day, known: impl Iterator<Item = &'a str>) -> String {
    let prefix = format!("CS-{}-", day.to_string().replace('-', ""));
    let number = |code: &str| code.strip_prefix(prefix.as_str())?.parse::<u32>().ok();
    let last = known.filter_map(number).max().unwrap_or(0);
    format!("{prefix}{:04}", last.saturating_add(1))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp(1_795_334_400_000 + minutes * MINUTE_MS)
    }

    fn whistle(arrived: [Option<i64>; 2]) -> Whistle {
        let arrival = |(department, minutes): (&str, Option<i64>)| Arrival {
            department: department.to_owned(),
            arrived_at: minutes.map(at),
            note: None,
        };
        Whistle {
            code: "CS-1".to_owned(),
            caller: Some("110115001".to_owned()),
            subject: None,
            point: None,
            called_at: Some(at(0)),
            closed_at: None,
            result: None,
            arrivals: [("城管", arrived[0]), ("公安", arrived[1])].map(arrival).to_vec(),
        }
    }

    #[test]
    fn a_department_comes_once_after_the_call_and_before_its_end() {
        let called = whistle([Some(10), None]);
        assert_eq!(called.minutes(&called.arrivals[0]), Some(10));
        assert_eq!(called.arrive("公安", None, at(5)), Ok(Telling::New));
        assert_eq!(called.arrive("公安", Some(at(5)), at(9)), Ok(Telling::New));
        assert_eq!(called.arrive("城管", Some(at(10)), at(99)), Ok(Telling::Again));
        assert_eq!(called.arrive("城管", None, at(99)), Ok(Telling::Again));
        let refused = |department, said| {
            called.arrive(department, Some(at(said)), at(99)).unwrap_err().to_string()
        };
        assert_eq!(
            refused("城管", 11),
            "城管 came at 2026-11-22T08:10:00Z already; an arrival stays as it was told"
        );
        assert!(refused("公安", -1).starts_with("2026-11-22T07:59:00Z is before the call"));
        assert_eq!(refused("消防", 1), "\"消防\" was not called; called were 城管, 公安");
        let closed = Whistle { closed_at: Some(at(30)), ..called };
        assert_eq!(closed.arrive("公安", Some(at(30)), at(99)), Ok(Telling::New), "told late");
        let late = closed.arrive("公安", None, at(31)).unwrap_err();
        assert_eq!(late, WhistleRefusal::Closed { at: at(30) });
    }

    #[test]
    fn a_call_is_closed_once_and_knowingly_without_those_who_did_not_come() {
        let close =
            |whistle: &Whistle, result, missing| whistle.close(result, (None, at(40)), missing);
        let waiting = whistle([Some(1), None]);
        let refused = close(&waiting, "已劝离", Missing::Refused).unwrap_err();
        assert_eq!(refused, WhistleRefusal::NotAllCame { missing: vec!["公安".to_owned()] });
        assert_eq!(close(&waiting, "已劝离", Missing::Accepted), Ok(Telling::New));
        let whole = whistle([Some(1), Some(2)]);
        assert_eq!(close(&whole, "已劝离", Missing::Refused), Ok(Telling::New));
        let closed =
            Whistle { closed_at: Some(at(40)), result: Some("已劝离".to_owned()), ..whole };
        assert_eq!(close(&closed, "已劝离", Missing::Refused), Ok(Telling::Again));
        let other = close(&closed, "另说", Missing::Refused).unwrap_err();
        assert_eq!(other, WhistleRefusal::Closed { at: at(40) });
        let early = closed.close("已劝离", (Some(at(-1)), at(50)), Missing::Refused);
        assert_eq!(early, Err(WhistleRefusal::Closed { at: at(40) }));
    }

    #[test]
    fn numbers_follow_each_other_day_by_day() {
        let day: spatial::Day = "2026-11-26".parse().unwrap();
        let known = ["CS-20261126-0009", "CS-20261125-0100", "CS-20261126-x", "W-1"];
        assert_eq!(next_code(day, known.into_iter()), "CS-20261126-0010");
        assert_eq!(next_code(day, std::iter::empty()), "CS-20261126-0001");
        let ahead = check_clock(Some(at(11)), at(0), 10);
        assert_eq!(ahead, Err(WhistleRefusal::Ahead { at: at(11) }));
        assert_eq!(check_clock(Some(at(10)), at(0), 10), Ok(()));
        assert_eq!(check_clock(None, at(0), 0), Ok(()));
    }
}
