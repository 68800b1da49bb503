//! What rows of a collection come to in a sum: which of them count, for how much, and at which unit.
//!
//! Texts that are no day and no time count as empty; what another program wrote is not refused here.

use spatial::{Collection, FieldType, Timestamp, ValueRef};

use super::record_sum::Plain;
use super::{Moment, RecordSum, RowCondition, RowQuantity, UnitTree};
use crate::clue::read_moment;
use crate::place::Level;

/// The values of a row by the positions of its fields.
pub type RowValues<'f, 'v> = &'f dyn Fn(usize) -> ValueRef<'v>;

/// Largest amount of one row: more digits than this lose their hundredths on the way.
const MAX_AMOUNT: f64 = 1e13;
const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 86_400_000;

/// A sum whose fields were looked up in a collection.
#[derive(Clone, Debug)]
pub struct BoundSum<'a> {
    sum: &'a RecordSum,
    /// Positions of the two fields of each condition that the row itself decides.
    conditions: Vec<(&'a RowCondition, [usize; 2])>,
    quantity: Option<usize>,
    /// Where the unit stands, the finest first.
    units: Vec<usize>,
    task: Option<usize>,
}

impl<'a> BoundSum<'a> {
    /// The sum over rows of `collection`; none where a field is missing or of another type than the
    /// sum needs.
    pub fn new(sum: &'a RecordSum, collection: &Collection) -> Option<Self> {
        let position = |name: &str| collection.field_position(name);
        let own = sum.conditions.iter().filter_map(|one| Some((one, one.fields()?)));
        let conditions = own
            .map(|(condition, [one, other])| Some((condition, [position(one)?, position(other)?])));
        let quantity = match &sum.quantity {
            RowQuantity::Field(name) => {
                let at = position(name)?;
                let is_number =
                    matches!(collection.fields[at].field_type, FieldType::Int | FieldType::Real);
                is_number.then_some(Some(at))?
            }
            _ => None,
        };
        let units: Vec<usize> = match &sum.unit {
            Some(name) => vec![position(name)?],
            None => Level::ALL.into_iter().rev().filter_map(|one| position(one.field()?)).collect(),
        };
        let task = match &sum.task {
            Some(name) => Some(position(name)?),
            None => None,
        };
        let conditions = conditions.collect::<Option<Vec<_>>>()?;
        (!units.is_empty()).then_some(Self { sum, conditions, quantity, units, task })
    }

    /// The sum as it was read.
    pub fn sum(&self) -> &'a RecordSum {
        self.sum
    }

    /// Whether a row counts at `moment`, where `task` is asked for, as far as the row itself decides:
    /// complete files, files of buildings and lists of others are not looked at.
    pub fn holds(&self, row: RowValues<'_, '_>, moment: Moment, task: Option<&str>) -> bool {
        let is_of_task = match (task, self.task) {
            (None, _) => true,
            (Some(task), Some(at)) => text(row(at)) == Some(task),
            (Some(_), None) => false,
        };
        let holds = |(condition, [one, other]): &(&RowCondition, [usize; 2])| {
            condition.holds([row(*one), row(*other)], moment)
        };
        is_of_task && self.conditions.iter().all(holds)
    }

    /// What a row is worth, in hundredths; nothing of areas and patrols, which rows do not have on their
    /// own.
    ///
    /// # Errors
    /// The number of a row that is too large to be counted.
    pub fn amount(&self, row: RowValues<'_, '_>) -> Result<i64, f64> {
        let Some(at) = self.quantity else {
            return Ok(match self.sum.quantity {
                RowQuantity::Rows => 100,
                _ => 0,
            });
        };
        let number = match row(at) {
            ValueRef::Int(number) => number as f64,
            ValueRef::Real(number) => number,
            _ => 0.0,
        };
        match number.abs() <= MAX_AMOUNT {
            true => Ok((number * 100.0).round() as i64),
            false => Err(number),
        }
    }

    /// The code of the unit at which a row counts: the finest that `units` has, else the finest
    /// that the row says; none where it says none.
    pub fn unit<'v>(&self, row: RowValues<'_, 'v>, units: &UnitTree) -> Option<&'v str> {
        let said = || self.units.iter().filter_map(|at| text(row(*at)));
        said().find(|code| units.slot(code).is_some()).or_else(|| said().next())
    }

    /// The codes of all units that a row says, the finest first.
    pub fn said_units<'v>(&self, row: RowValues<'_, 'v>) -> impl Iterator<Item = &'v str> {
        self.units.iter().filter_map(move |at| text(row(*at)))
    }

    /// The code of the finest unit that a row says.
    pub fn said_unit<'v>(&self, row: RowValues<'_, 'v>) -> Option<&'v str> {
        self.units.iter().find_map(|at| text(row(*at)))
    }
}

impl RowCondition {
    /// Whether it holds for a row whose fields have these values.
    fn holds(&self, [value, other]: [ValueRef<'_>; 2], moment: Moment) -> bool {
        // The first moment that is too late.
        let end = moment.window.to.0.min(moment.at.0.saturating_add(1));
        let by_end = || time(value).filter(|at| at.0 < end);
        match self {
            Self::Equals { value: wanted, .. } => wanted.is(value),
            Self::AnyOf { values, .. } => values.iter().any(|wanted| wanted.is(value)),
            Self::NoneOf { values, .. } => !values.iter().any(|wanted| wanted.is(value)),
            Self::Filled(_) => is_filled(value),
            Self::Empty(_) => !is_filled(value),
            Self::InWindow(_) => by_end().is_some_and(|at| moment.window.holds(at)),
            Self::ByEnd(_) => by_end().is_some(),
            Self::NotByEnd(_) => by_end().is_none(),
            Self::DaysByEnd { days, .. } => {
                let least = i64::from(*days) * DAY_MS;
                by_end().is_some_and(|at| end.saturating_sub(at.0) > least)
            }
            Self::WithinMinutes { minutes, .. } => {
                let most = i64::from(*minutes) * MINUTE_MS;
                let both = by_end().zip(time(other));
                both.is_some_and(|(at, of)| at.0.saturating_sub(of.0) <= most)
            }
            // Not the row's to decide.
            Self::CompleteFile | Self::InFile | Self::HasAll { .. } => true,
        }
    }
}

impl Plain {
    fn is(&self, value: ValueRef<'_>) -> bool {
        match (self, value) {
            (Self::Flag(wanted), ValueRef::Bool(value)) => *wanted == value,
            (Self::Number(wanted), ValueRef::Int(value)) => *wanted == value,
            (Self::Text(wanted), ValueRef::Text(value)) => wanted == value.trim(),
            _ => false,
        }
    }
}

/// A text without blanks around it; none when nothing is left.
fn text(value: ValueRef<'_>) -> Option<&str> {
    match value {
        ValueRef::Text(text) => Some(text.trim()).filter(|text| !text.is_empty()),
        _ => None,
    }
}

fn is_filled(value: ValueRef<'_>) -> bool {
    match value {
        ValueRef::Null => false,
        ValueRef::Text(text) => !text.trim().is_empty(),
        _ => true,
    }
}

/// A moment, or the first of a day in Asia/Shanghai.
fn time(value: ValueRef<'_>) -> Option<Timestamp> {
    text(value).and_then(read_moment)
}
