//! Whether a code is that of something in the tables of places, read from the store itself: an account
//! is given an area before anything else of the store is open.

use ledger::place::{ADMIN_UNITS, Day, FOCUS_AREAS};
use spatial::{Collection, Feature, Value};
use store::{FeatureStore, StoreError};

/// What an account may be given by code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountPlace {
    /// A unit of administration, as the one that it belongs to.
    Unit,
    /// A unit or a focus area, as what it sees.
    Area,
}

impl AccountPlace {
    /// Why a code may not be given from `day` on; none where it may, as in a store without units.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn defect(
        self,
        store: &dyn FeatureStore,
        code: &str,
        day: Day,
    ) -> Result<Option<String>, StoreError> {
        let (mut has_units, collections) = (false, store.collections().await?);
        for collection in &collections {
            let is_units = collection.id.as_str() == ADMIN_UNITS;
            if !is_units && (self == Self::Unit || collection.id.as_str() != FOCUS_AREAS) {
                continue;
            }
            for feature in store.all_features(&collection.id).await? {
                let text = |name: &str| text(collection, &feature, name);
                let until = text("valid_to").and_then(|day| day.parse::<Day>().ok());
                if until.is_some_and(|until| until <= day) {
                    continue;
                }
                has_units |= is_units;
                if text("code") == Some(code.trim()) {
                    return Ok(None);
                }
            }
        }
        let shown: String = code.chars().take(60).collect();
        let (what, tables) = match self {
            Self::Unit => ("unit", ADMIN_UNITS.to_owned()),
            Self::Area => ("unit or focus area", format!("{ADMIN_UNITS} or {FOCUS_AREAS}")),
        };
        let problem = format!(
            "{shown:?} is the code of no {what} from {day} on; take one of {tables}, or load it there \
             first"
        );
        Ok(has_units.then_some(problem))
    }
}

fn text<'a>(collection: &Collection, feature: &'a Feature, name: &str) -> Option<&'a str> {
    match collection.field_position(name).and_then(|at| feature.properties.get(at)) {
        Some(Value::Text(text)) => Some(text.trim()).filter(|text| !text.is_empty()),
        _ => None,
    }
}
