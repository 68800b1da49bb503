//! Which points an indicator is about, and what each is worth.

use spatial::Timestamp;

use super::{Closed, Condition, Ending, Measure, Moment, Period, PointFacts, Population, Years};
use crate::point::{Quantities, State};

/// A moment with what is asked of it for each point.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    moment: Moment,
    /// The year in which the window ends.
    year: i32,
    /// When that year began.
    year_begins: Timestamp,
}

impl From<Moment> for Asked {
    fn from(moment: Moment) -> Self {
        let year = moment.window.year();
        let whole = Period::of_year(year).map(Period::window);
        Self { moment, year, year_begins: whole.unwrap_or(moment.window).from }
    }
}

/// What one point counts for, in the hundredths in which everything is counted.
const ONE: i128 = 100;
const DAY_MS: i64 = 86_400_000;

impl Population {
    /// Whether a point belongs to it.
    pub(super) fn holds(&self, facts: &PointFacts, asked: Asked) -> bool {
        let Some(registered_at) = facts.registered_at.filter(|_| facts.is_counted()) else {
            return false;
        };
        if registered_at >= asked.moment.window.to {
            return false;
        }
        let is_own = |task: &String| facts.task.as_deref() == Some(task.as_str());
        if !self.tasks.is_empty() && !self.tasks.iter().any(is_own) {
            return false;
        }
        match self.years {
            Years::All => true,
            Years::This => facts.year == Some(asked.year),
            Years::ThisAndCarriedOver => {
                facts.year == Some(asked.year) || is_carried_over(facts, asked)
            }
        }
    }
}

/// 跨年结转: of an earlier year, and not closed when the window's year began, or come back since; also when
/// it was put on the ledger only after that, for otherwise it would count in no year.
fn is_carried_over(facts: &PointFacts, asked: Asked) -> bool {
    let year = asked.year_begins..asked.moment.window.to;
    let came_back = || facts.rebounds.iter().any(|at| year.contains(at));
    facts.year.is_some_and(|year| year < asked.year)
        && (!facts.was_closed_at(asked.year_begins) || came_back())
}

impl PointFacts {
    /// Whether it is of the year in which a window ends, or carried over into it.
    pub fn is_of_year(&self, moment: Moment) -> bool {
        Population { tasks: Vec::new(), years: Years::ThisAndCarriedOver }
            .holds(self, moment.into())
    }
}

impl Condition {
    /// Whether it holds for a point of the ledger.
    pub(super) fn holds(&self, facts: &PointFacts, asked: Asked) -> bool {
        let Moment { at, window } = asked.moment;
        match self {
            Self::Open => facts.state.is_open(),
            Self::Closed => facts.state == State::Closed,
            Self::InStates(states) => states.0.contains(&facts.state),
            Self::Overdue => {
                facts.state.is_open() && facts.deadline.is_some_and(|deadline| at > deadline)
            }
            Self::DueWithinDays(days) => {
                let within_ms = i64::from(*days) * DAY_MS;
                let left_ms = facts.deadline.map(|deadline| deadline.0.saturating_sub(at.0));
                facts.state.is_open() && left_ms.is_some_and(|left| (0..=within_ms).contains(&left))
            }
            Self::ClosedInTime => facts.closing().is_some_and(Closed::is_in_time),
            Self::ClosedLate => facts.closing().is_some_and(|closing| !closing.is_in_time()),
            Self::OfEarlierYear => facts.year.is_some_and(|year| year < asked.year),
            Self::RegisteredInWindow => facts.registered_at.is_some_and(|at| window.holds(at)),
            Self::ClosedInWindow => {
                facts.closing().is_some_and(|closing| window.holds(closing.from))
            }
            Self::ClosedBeforeWindowEnd => facts.closings.iter().any(|closed| {
                closed.from < window.to && !matches!(closed.ended, Some((_, Ending::Refuted)))
            }),
            Self::ReboundsInWindow(least) => {
                let times = facts.rebounds.iter().filter(|at| window.holds(**at)).count();
                times >= *least as usize
            }
        }
    }
}

impl Closed {
    /// 按期: at the deadline or before.
    pub fn is_in_time(&self) -> bool {
        self.from <= self.deadline
    }
}

impl Measure {
    /// What a point is worth, in hundredths; nothing where no point is asked.
    pub(super) fn of(&self, facts: &PointFacts, asked: Asked) -> i128 {
        let count = |quantities: &Quantities| i128::from(quantities.count) * ONE;
        let built = |quantities: &Quantities| i128::from(quantities.build_area_m2.hundredths());
        let land = |quantities: &Quantities| i128::from(quantities.land_area_m2.hundredths());
        let done = |quantity: fn(&Quantities) -> i128| {
            let within = facts.progress.iter().filter(|done| asked.moment.window.holds(done.at));
            within.map(|done| quantity(&done.quantities)).sum()
        };
        match self {
            Self::Points => ONE,
            Self::PlannedCount => count(&facts.planned),
            Self::PlannedBuildArea => built(&facts.planned),
            Self::PlannedLandArea => land(&facts.planned),
            Self::ActualCount => count(&facts.actual),
            Self::ActualBuildArea => built(&facts.actual),
            Self::ActualLandArea => land(&facts.actual),
            Self::DoneCount => done(count),
            Self::DoneBuildArea => done(built),
            Self::DoneLandArea => done(land),
            Self::Target | Self::Outside(_) => 0,
        }
    }
}

/// The days, in milliseconds, from registering to the closing that lasts.
pub(super) fn ms_to_close(facts: &PointFacts) -> Option<i64> {
    let closing = facts.closing()?;
    Some(closing.from.0.saturating_sub(facts.registered_at?.0))
}
