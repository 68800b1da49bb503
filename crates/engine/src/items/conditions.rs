//! Conditions on the values of a feature.
//!
//! Columns are dictionaries: a value is tested once a shard, whatever the number of its features.

use spatial::{Collection, FeatureId, FieldType, Shard, Value, ValueRef};

use super::{ItemsQuery, TimeSpan};
use crate::ReadableField;

/// Conditions that must all hold.
pub(crate) struct Conditions<'a> {
    id: Option<FeatureId>,
    every: Vec<ColumnTest<'a>>,
    /// Of these one must hold, unless there is none.
    any: Vec<ColumnTest<'a>>,
    is_search: bool,
}

impl<'a> Conditions<'a> {
    pub(crate) fn new(query: &'a ItemsQuery, collection: &'a Collection) -> Self {
        let mut every = Vec::new();
        if let Some(span) = &query.time
            && let Some((field, declared)) = ReadableField::time(collection, query.profile)
        {
            let is_day = declared.field_type == FieldType::Date;
            let test = Box::new(move |value: ValueRef<'_>| within(span, value, is_day));
            every.push(ColumnTest::new(field, true, test));
        }
        for (field, wanted) in &query.equal {
            let test = Box::new(move |value: ValueRef<'_>| is_equal(wanted.as_ref(), value));
            every.push(ColumnTest::new(*field, *wanted == Value::Null, test));
        }
        let phrases: Vec<String> =
            query.phrases.iter().map(|phrase| phrase.to_lowercase()).collect();
        let is_search = !phrases.is_empty();
        let texts = ReadableField::all(collection, query.profile)
            .filter(|(_, field)| is_search && field.field_type == FieldType::Text);
        let any = texts.map(|(field, _)| {
            let phrases = phrases.clone();
            let test = Box::new(move |value: ValueRef<'_>| {
                let ValueRef::Text(text) = value else { return false };
                let text = text.to_lowercase();
                phrases.iter().any(|phrase| text.contains(phrase.as_str()))
            });
            ColumnTest::new(field, false, test)
        });
        Self { id: query.id, any: any.collect(), every, is_search }
    }

    /// Whether the feature at `slot` meets them.
    pub(crate) fn hold(&mut self, shard: &'a Shard, slot: usize) -> bool {
        self.id.is_none_or(|id| shard.ids()[slot] == id)
            && self.every.iter_mut().all(|test| test.holds(shard, slot))
            && (!self.is_search || self.any.iter_mut().any(|test| test.holds(shard, slot)))
    }
}

fn within(span: &TimeSpan, value: ValueRef<'_>, is_day: bool) -> bool {
    let ValueRef::Text(text) = value else { return true };
    let late = span.from.as_ref().is_none_or(|from| text >= part(from, is_day));
    let early = span.to.as_ref().is_none_or(|to| text <= part(to, is_day));
    late && early
}

fn part(moment: &super::Moment, is_day: bool) -> &str {
    if is_day { &moment.day } else { &moment.utc }
}

fn is_equal(wanted: ValueRef<'_>, value: ValueRef<'_>) -> bool {
    match (wanted, value) {
        (ValueRef::Real(a), ValueRef::Real(b)) => a.total_cmp(&b).is_eq() || a == b,
        (a, b) => a == b,
    }
}

type Accepts<'a> = Box<dyn Fn(ValueRef<'_>) -> bool + 'a>;

/// A test of one column, which remembers its verdicts on the values of a shard.
struct ColumnTest<'a> {
    column: usize,
    accepts_null: bool,
    accepts: Accepts<'a>,
    shard: Option<&'a Shard>,
    verdicts: Vec<Option<bool>>,
}

impl<'a> ColumnTest<'a> {
    fn new(field: ReadableField, accepts_null: bool, accepts: Accepts<'a>) -> Self {
        Self { column: field.position(), accepts_null, accepts, shard: None, verdicts: Vec::new() }
    }

    fn holds(&mut self, shard: &'a Shard, slot: usize) -> bool {
        let column = &shard.columns()[self.column];
        let Some(code) = column.code(slot) else { return self.accepts_null };
        if !self.shard.is_some_and(|known| std::ptr::eq(known, shard)) {
            self.shard = Some(shard);
            self.verdicts.clear();
            self.verdicts.resize(column.distinct(), None);
        }
        let (accepts, verdict) = (&self.accepts, &mut self.verdicts[usize::from(code)]);
        *verdict.get_or_insert_with(|| accepts(column.decode(code)))
    }
}
