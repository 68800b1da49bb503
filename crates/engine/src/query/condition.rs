//! Filters of a query, bound to each collection that they are asked of.

use spatial::filter::{BindContext, Expression, Filter, FilterError};
use spatial::{AxisOrder, Collection, Crs, CrsRegistry};

use crate::{EngineError, Profile};

/// A CQL2 expression, and what its geometries are in.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// What must hold of a feature.
    pub expression: Expression,
    /// CRS of the geometries in it.
    pub crs: Crs,
    /// Order in which they name the axes.
    pub axes: AxisOrder,
}

impl Condition {
    /// The condition as a filter of `collection`, of fields that `profile` may read.
    pub(crate) fn bind(
        &self,
        collection: &Collection,
        registry: &CrsRegistry,
        profile: Profile,
    ) -> Result<Filter, EngineError> {
        let projector = registry.projector(&self.crs, &collection.crs).map_err(|error| {
            EngineError::Unmeasurable { what: format!("geometries of the filter: {error}") }
        })?;
        let highest = profile.highest_of(collection);
        let context = BindContext {
            readable: &|field| field.class <= highest,
            projector: &projector,
            axes: self.axes,
        };
        Filter::bind(&self.expression, collection, &context).map_err(|fault| match fault {
            FilterError::Unreadable { name } => EngineError::HiddenField { name },
            fault => EngineError::BadFilter {
                collection: collection.id.clone(),
                reason: fault.to_string(),
            },
        })
    }
}
