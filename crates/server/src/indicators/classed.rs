//! The units of one level below the whole in classes of an indicator, as a map shows them.

use ledger::indicator::{Classes, Place};
use ledger::place::Day;

use super::{Answered, INDICATOR, IndicatorRefusal, no_indicator};

/// Units by an indicator.
#[derive(Clone, Debug)]
pub struct Classed {
    /// The name of the indicator.
    pub name: String,
    /// What its values are in.
    pub unit_of_measure: String,
    /// The day in Shanghai that the units are of.
    pub day: Day,
    /// From little to much; those without units are left out.
    pub classes: Vec<UnitClass>,
    /// The codes of units that have no value.
    pub without: Vec<String>,
}

/// Units whose values lie between the same bounds.
#[derive(Clone, Debug)]
pub struct UnitClass {
    /// Which of [`Classes::MOST`] it is.
    pub number: usize,
    /// Where it begins and ends, written out.
    pub bounds: [String; 2],
    /// The codes of its units.
    pub units: Vec<String>,
}

impl Answered<'_> {
    /// The units at the depth that was asked for, in classes of the indicator of a code.
    ///
    /// # Errors
    /// When the indicator is not told, or no unit lies so deep.
    pub fn classed(&self, code: &str) -> Result<Classed, IndicatorRefusal> {
        let definitions = self.question.definitions;
        let (indicator, definition) =
            definitions.named(code).ok_or_else(|| no_indicator(definitions, INDICATOR, code))?;
        let depth = self.query.depth;
        let units: Vec<(&String, Option<i128>)> = self
            .figures
            .rows
            .iter()
            .filter(|row| row.depth == depth)
            .filter_map(|row| {
                let Place::Unit { code, .. } = &row.place else { return None };
                let value = row.figures[indicator].value.as_ref().ok();
                Some((code, value.and_then(|value| value.rounded(definition.decimals))))
            })
            .collect();
        if units.is_empty() {
            let reason = "levels below the unit there is no other unit; send a smaller number";
            return Err(IndicatorRefusal::parameter("depth", &depth.to_string(), reason));
        }
        let of = |wanted: Option<usize>, classes: Option<&Classes>| -> Vec<String> {
            let class = |value: Option<i128>| Some(classes?.class_of(value?));
            let chosen = units.iter().filter(|(_, value)| class(*value) == wanted);
            chosen.map(|(code, _)| (*code).clone()).collect()
        };
        let classes =
            Classes::of(units.iter().filter_map(|(_, value)| *value), definition.decimals);
        let numbers = 0..classes.map_or(0, |classes| classes.number());
        let every = numbers.filter_map(|number| {
            let bounds = classes?.bounds(number).map(|bound| bound.to_string());
            let units = of(Some(number), classes.as_ref());
            (!units.is_empty()).then_some(UnitClass { number, bounds, units })
        });
        Ok(Classed {
            name: definition.name.clone(),
            unit_of_measure: definition.unit_of_measure.clone(),
            day: Day::of(self.question.moment.at),
            classes: every.collect(),
            without: of(None, classes.as_ref()),
        })
    }
}
