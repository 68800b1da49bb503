//! The shipped indicators computed anew from raw events, in the plainest way: no fold, no facts, no
//! vocabulary. What the evaluation gives must equal it.
#![allow(clippy::unwrap_used, reason = "tests")]

use spatial::Timestamp;

use super::{Moment, histories_tests::History};
use crate::point::{Event, Finding, Payload};

/// Sums above and below the line, or the times of a median.
pub(super) type Plain = (i128, Option<i128>, Vec<i64>);

/// What one point's events say about a moment.
struct Told<'a> {
    events: Vec<&'a Event>,
    moment: Moment,
}

/// The unit that a point names last, if it is on the ledger; every indicator counts those alone.
pub(super) fn unit_of(history: &History, moment: Moment) -> Option<&str> {
    let named = history.by(moment.at).filter_map(|event| match &event.payload {
        Payload::Register { unit, .. } | Payload::Transfer { unit: Some(unit), .. } => {
            Some(unit.as_str())
        }
        _ => None,
    });
    named.last()
}

/// The shipped indicator of a code over some points.
pub(super) fn plain(code: &str, points: &[&History], moment: Moment, task: Option<&str>) -> Plain {
    let told =
        points.iter().map(|history| Told { events: history.by(moment.at).collect(), moment });
    let told: Vec<Told<'_>> = told
        .filter(|told| told.is_counted() && task.is_none_or(|task| told.task() == task))
        .collect();
    let count = |keep: &dyn Fn(&&Told<'_>) -> bool| 100 * told.iter().filter(keep).count() as i128;
    let of_year = |told: &&Told<'_>| told.is_of_this_year_or_carried_over();
    let in_window = |at: Timestamp| moment.window.from <= at && at < moment.window.to;
    let sum = |quantity: &dyn Fn(&Told<'_>) -> i128| told.iter().map(quantity).sum::<i128>();
    let closed_within =
        |told: &&Told<'_>| told.state() == "closed" && in_window(told.last_closing().unwrap());
    let rebounds =
        |told: &Told<'_>| told.rebounds().into_iter().filter(|at| in_window(*at)).count();
    let ever_closed = |told: &&Told<'_>| {
        told.closings().iter().any(|(at, _, is_refuted)| !is_refuted && *at < moment.window.to)
    };
    let none = Vec::new();
    match code {
        "new_points" => (count(&|told| in_window(told.registered().unwrap())), None, none),
        "new_illegal_buildings" => {
            let is_new = |told: &&Told<'_>| in_window(told.registered().unwrap());
            (count(&|told| told.task() == "CW" && is_new(told)), None, none)
        }
        "closing_rate" => (
            count(&|told| of_year(told) && told.state() == "closed"),
            Some(count(&|told| of_year(told))),
            none,
        ),
        "in_time_rate" => (
            count(&|told| of_year(told) && told.is_closed_in_time()),
            Some(count(&|told| of_year(told) && (told.state() == "closed" || told.is_overdue()))),
            none,
        ),
        "overdue_rate" => {
            (count(&|told| told.is_overdue()), Some(count(&|told| told.state() == "open")), none)
        }
        "rebound_rate" => (count(&|told| rebounds(told) >= 1), Some(count(&ever_closed)), none),
        "repeated_rebound_rate" => {
            (count(&|told| rebounds(told) >= 2), Some(count(&ever_closed)), none)
        }
        "demolished_area" | "demolished_land" => {
            let all = |told: &Told<'_>| {
                let parts = told.progress().into_iter();
                parts
                    .map(|(_, built, land, _)| if code == "demolished_area" { built } else { land })
                    .sum()
            };
            let of = |told: &Told<'_>| if closed_within(&told) { all(told) } else { 0 };
            (sum(&of), None, none)
        }
        "completion_area" | "completion_land" | "completion_count" => {
            let of = |told: &Told<'_>| {
                let parts = told.progress().into_iter().filter(|(at, ..)| in_window(*at));
                parts
                    .map(|(_, built, land, count)| match code {
                        "completion_area" => built,
                        "completion_land" => land,
                        _ => count,
                    })
                    .sum()
            };
            (sum(&of), None, none)
        }
        "clearing_days" => {
            let closed = told.iter().filter(closed_within);
            let ms =
                closed.map(|told| told.last_closing().unwrap().0 - told.registered().unwrap().0);
            let mut ms: Vec<i64> = ms.collect();
            ms.sort_unstable();
            (0, None, ms)
        }
        _ => (0, None, none),
    }
}

impl Told<'_> {
    /// `open`, `closed`, `void`, or `off` the ledger.
    fn state(&self) -> &'static str {
        let mut state = "off";
        for event in &self.events {
            state = match &event.payload {
                Payload::Register { .. } => "open",
                Payload::DistrictClose { .. } => "closed",
                Payload::Void { .. } => "void",
                Payload::Rebound { .. } => "open",
                Payload::SpotCheck { finding: Finding::Pass, .. } => state,
                Payload::SpotCheck { .. } => "open",
                _ => state,
            };
        }
        state
    }

    fn is_counted(&self) -> bool {
        let state = self.state();
        let is_on = state == "open" || state == "closed";
        is_on && self.registered().unwrap() < self.moment.window.to
    }

    fn registered(&self) -> Option<Timestamp> {
        let register = |event: &&&Event| matches!(event.payload, Payload::Register { .. });
        self.events.iter().find(register).map(|event| event.occurred_at)
    }

    fn task(&self) -> &str {
        let task = self.events.iter().find_map(|event| match &event.payload {
            Payload::Register { task, .. } => Some(task.as_str()),
            _ => None,
        });
        task.unwrap()
    }

    /// The year in its number on the ledger.
    fn year(&self) -> i32 {
        let code = self.events.iter().find_map(|event| match &event.payload {
            Payload::Register { code, .. } => Some(code),
            _ => None,
        });
        code.unwrap().split('-').nth(2).unwrap().parse().unwrap()
    }

    fn deadline_after(&self, events: usize) -> Timestamp {
        let deadline = self.events[..events].iter().rev().find_map(|event| match &event.payload {
            Payload::Register { deadline, .. } | Payload::Extend { deadline, .. } => {
                Some(*deadline)
            }
            _ => None,
        });
        deadline.unwrap()
    }

    /// When it was closed, by which deadline, and whether that was refuted.
    fn closings(&self) -> Vec<(Timestamp, Timestamp, bool)> {
        let mut closings = Vec::new();
        for (number, event) in self.events.iter().enumerate() {
            if matches!(event.payload, Payload::DistrictClose { .. }) {
                closings.push((event.occurred_at, self.deadline_after(number), false));
            }
            if matches!(event.payload, Payload::SpotCheck { finding: Finding::NeverCleared, .. }) {
                closings.last_mut().unwrap().2 = true;
            }
        }
        closings
    }

    fn last_closing(&self) -> Option<Timestamp> {
        self.closings().last().map(|(at, _, _)| *at)
    }

    fn is_closed_in_time(&self) -> bool {
        let closings = self.closings();
        self.state() == "closed" && closings.last().is_some_and(|(at, deadline, _)| at <= deadline)
    }

    fn is_overdue(&self) -> bool {
        self.state() == "open" && self.moment.at > self.deadline_after(self.events.len())
    }

    fn rebounds(&self) -> Vec<Timestamp> {
        let came_back = |event: &&&Event| {
            matches!(
                event.payload,
                Payload::Rebound { .. } | Payload::SpotCheck { finding: Finding::Reappeared, .. }
            )
        };
        self.events.iter().filter(came_back).map(|event| event.occurred_at).collect()
    }

    /// When what was done, as corrections say: built and land area and count, in hundredths.
    fn progress(&self) -> Vec<(Timestamp, i128, i128, i128)> {
        let progress = |event: &&Event| {
            let Payload::Progress { done } = &event.payload else { return None };
            let mut done = *done;
            for other in &self.events {
                if let Payload::Correct { of, quantities, .. } = &other.payload
                    && *of == event.id
                {
                    done.build_area_m2 = quantities.build_area_m2.unwrap_or(done.build_area_m2);
                    done.land_area_m2 = quantities.land_area_m2.unwrap_or(done.land_area_m2);
                    done.count = quantities.count.unwrap_or(done.count);
                }
            }
            Some((
                event.occurred_at,
                i128::from(done.build_area_m2.hundredths()),
                i128::from(done.land_area_m2.hundredths()),
                i128::from(done.count) * 100,
            ))
        };
        self.events.iter().filter_map(progress).collect()
    }

    /// Of the window's year, 2026, or of an earlier one and not closed when 2026 began, or come back since.
    fn is_of_this_year_or_carried_over(&self) -> bool {
        // 2026-01-01 00:00 in Asia/Shanghai.
        const BEGIN: Timestamp = Timestamp(1_767_196_800_000);
        if self.year() == 2026 {
            return true;
        }
        let mut was_closed = false;
        for (number, event) in self.events.iter().enumerate() {
            if !matches!(event.payload, Payload::DistrictClose { .. }) {
                continue;
            }
            let end = self.events[number + 1..].iter().find(|event| {
                matches!(
                    event.payload,
                    Payload::Rebound { .. }
                        | Payload::SpotCheck {
                            finding: Finding::Reappeared | Finding::NeverCleared,
                            ..
                        }
                )
            });
            was_closed |= event.occurred_at < BEGIN
                && match end {
                    None => true,
                    Some(end) => {
                        let is_refuted = matches!(
                            end.payload,
                            Payload::SpotCheck { finding: Finding::NeverCleared, .. }
                        );
                        !is_refuted && end.occurred_at >= BEGIN
                    }
                };
        }
        let came_back = self.events.iter().any(|event| {
            let is_return = matches!(
                event.payload,
                Payload::Rebound { .. } | Payload::SpotCheck { finding: Finding::Reappeared, .. }
            );
            is_return && (BEGIN..self.moment.window.to).contains(&event.occurred_at)
        });
        self.year() < 2026 && (!was_closed || came_back)
    }
}
