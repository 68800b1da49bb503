//! Filters: CQL2 expressions (OGC 21-065r2) bound to a collection, and asked feature by feature.
//!
//! [`Expression`] is what was written; [`Filter::bind`] looks its names up, checks that kinds
//! fit, brings its geometries into the storage CRS and works out what no feature has a part in.
//! Logic has three values: what compares with a missing value is unknown, and a feature matches
//! only where the whole is true. Texts compare by code point, numbers exactly, times by
//! [`Time::compare`].

mod array;
mod bind;
mod error;
mod expression;
mod fold;
mod functions;
mod like;
mod literal;
mod number;
mod scalar;
mod spatial_test;
mod temporal;
mod test;
mod time;

use std::fmt;

use bind::Binder;
pub use error::FilterError;
pub use expression::{
    Arithmetic, ArrayRelation, Bbox, Bound, Comparison, Expression, Literal, TemporalRelation,
};
pub use functions::{FUNCTIONS, Function};
pub use number::Number;
pub use scalar::Kind;
use scalar::{Dependence, Row};
use test::{Test, Verdicts};
pub use time::{Date, Instant, Time, TimeFault};

use crate::crs_facts::AxisOrder;
use crate::{Collection, Envelope, FeatureRef, Field, Projector, Shard};

/// What binding must know of the reader and of the request.
pub struct BindContext<'a> {
    /// Whether the reader may read a field; what it may not read it may not filter by.
    pub readable: &'a dyn Fn(&Field) -> bool,
    /// The way from the CRS of the filter's geometries to the storage CRS.
    pub projector: &'a Projector,
    /// Order in which the filter's geometries name the axes.
    pub axes: AxisOrder,
}

impl fmt::Debug for BindContext<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BindContext").field("axes", &self.axes).finish_non_exhaustive()
    }
}

/// A filter of one collection. Free to share between threads.
#[derive(Clone, Debug)]
pub struct Filter {
    test: Test,
    /// Tests whose verdicts go by the code of one column's value.
    tables: usize,
    columns: Vec<usize>,
    needs_geometry: bool,
    envelope: Option<Envelope>,
}

impl Filter {
    /// `expression` as a filter of `collection`.
    pub fn bind(
        expression: &Expression,
        collection: &Collection,
        context: &BindContext<'_>,
    ) -> Result<Self, FilterError> {
        let mut tables = 0;
        let test = Binder { collection, context }.test(expression)?.settled(&mut tables);
        let (mut columns, mut needs_geometry) = (Vec::new(), false);
        test.columns(&mut |seen| match seen {
            Dependence::Column(column) => columns.push(column),
            Dependence::Geometry => needs_geometry = true,
        });
        columns.sort_unstable();
        columns.dedup();
        let envelope = test.envelope();
        Ok(Self { test, tables, columns, needs_geometry, envelope })
    }

    /// Whether `feature`, one of the collection, matches. For many features of one shard
    /// [`Filter::on`] is faster.
    pub fn matches(&self, feature: FeatureRef<'_>) -> bool {
        self.test.truth(Row::Feature(feature), &mut Verdicts::none()) == Some(true)
    }

    /// The filter for the features of `shard`: what depends on one column is asked once a
    /// distinct value.
    pub fn on<'a>(&'a self, shard: &'a Shard) -> ShardFilter<'a> {
        ShardFilter { filter: self, shard, verdicts: Verdicts::of(self.tables) }
    }

    /// An envelope in the storage CRS that every match meets; `None` when the filter says
    /// nothing about the place. The empty envelope says that nothing matches.
    pub fn envelope(&self) -> Option<&Envelope> {
        self.envelope.as_ref()
    }

    /// Positions of the fields that it looks at, ascending.
    pub fn columns(&self) -> &[usize] {
        &self.columns
    }

    /// Whether it looks at geometries.
    pub fn needs_geometry(&self) -> bool {
        self.needs_geometry
    }
}

/// A filter for the features of one shard.
#[derive(Debug)]
pub struct ShardFilter<'a> {
    filter: &'a Filter,
    shard: &'a Shard,
    verdicts: Verdicts,
}

impl ShardFilter<'_> {
    /// Whether the feature at `slot` matches.
    ///
    /// # Panics
    /// When `slot` is not below the length of the shard.
    pub fn matches(&mut self, slot: u16) -> bool {
        let row = Row::Feature(self.shard.feature(usize::from(slot)));
        self.filter.test.truth(row, &mut self.verdicts) == Some(true)
    }
}
