//! Whether sums over records hold together: what is looked at once, before any row is read.

use std::collections::BTreeSet;

use spatial::CollectionId;

use super::check::{Check, MAX_PARTS, MAX_TEXT};
use super::{Plain, RecordSum, RowCondition, RowQuantity};

/// Most sums of an edition.
const MAX_SUMS: usize = 200;
/// Most days or minutes of a condition: some ten years.
const MAX_DAYS: u32 = 3_660;
const MAX_MINUTES: u32 = MAX_DAYS * 1_440;

impl Check {
    /// Looks at all sums of an edition; their faults are those of no indicator.
    pub(super) fn record_sums(&mut self, sums: &[RecordSum]) {
        self.number("sums", sums.len(), 0..=MAX_SUMS);
        let mut seen = BTreeSet::new();
        for sum in sums {
            self.text("sums.name", &sum.name);
            if !seen.insert(sum.name.as_str()) {
                self.fault("sums.name", &sum.name, "stands there twice; give one another name");
            }
            if CollectionId::try_from(sum.collection.as_str()).is_err() {
                self.fault("sums.collection", &sum.collection, "is no id of a collection");
            }
            let fields = [
                ("sums.unit", sum.unit.as_deref()),
                ("sums.task", sum.task.as_deref()),
                ("sums.quantity.field", quantity(&sum.quantity)),
            ];
            for (key, field) in fields {
                if let Some(field) = field {
                    self.text(key, field);
                }
            }
            self.number("sums.where", sum.conditions.len(), 0..=MAX_PARTS);
            for condition in &sum.conditions {
                self.row_condition(condition);
            }
        }
    }

    fn row_condition(&mut self, condition: &RowCondition) {
        const KEY: &str = "sums.where";
        if let Some([one, other]) = condition.fields() {
            self.text(KEY, one);
            if other != one {
                self.text(KEY, other);
            }
        }
        let mut most = |name: &str, value: u32, most: u32| {
            if value > most {
                let reason = format!("is too much; give 0 to {most}");
                self.fault(KEY, &format!("{name} = {value}"), &reason);
            }
        };
        match condition {
            RowCondition::Equals { value, .. } => self.values(std::slice::from_ref(value)),
            RowCondition::AnyOf { values, .. } | RowCondition::NoneOf { values, .. } => {
                self.number("sums.where.values", values.len(), 1..=MAX_PARTS);
                self.values(values);
            }
            RowCondition::DaysByEnd { days, .. } => most("days", *days, MAX_DAYS),
            RowCondition::WithinMinutes { minutes, field, of } => {
                most("minutes", *minutes, MAX_MINUTES);
                if field == of {
                    self.fault(KEY, field, "is compared with itself; name another field as of");
                }
            }
            RowCondition::HasAll { of, field, values, conditions } => {
                if CollectionId::try_from(of.as_str()).is_err() {
                    self.fault("sums.where.of", of, "is no id of a collection");
                }
                self.text(KEY, field);
                self.number("sums.where.values", values.len(), 1..=MAX_PARTS);
                for value in values {
                    self.text("sums.where.values", value);
                }
                self.number("sums.where.where", conditions.len(), 0..=MAX_PARTS);
                for one in conditions {
                    match one.fields() {
                        Some(_) => self.row_condition(one),
                        None => {
                            let reason = "is not the row's to decide; ask for fields of the row";
                            self.fault("sums.where.where", &one.to_string(), reason);
                        }
                    }
                }
            }
            RowCondition::CompleteFile
            | RowCondition::InFile
            | RowCondition::Filled(_)
            | RowCondition::Empty(_)
            | RowCondition::InWindow(_)
            | RowCondition::ByEnd(_)
            | RowCondition::NotByEnd(_) => {}
        }
    }

    fn values(&mut self, values: &[Plain]) {
        for value in values {
            if let Plain::Text(text) = value
                && (text.trim().is_empty() || text.trim() != text || text.len() > MAX_TEXT)
            {
                let reason = "is never the value of a field; write it without blanks around it, \
                    or ask with empty";
                self.fault("sums.where.value", text, reason);
            }
        }
    }
}

fn quantity(quantity: &RowQuantity) -> Option<&str> {
    match quantity {
        RowQuantity::Field(field) => Some(field),
        _ => None,
    }
}
