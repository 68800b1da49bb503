//! What a request for features asks for, read from its query.

use std::sync::Arc;

use engine::{Bbox, ItemsQuery, Profile, ReadableField, SortBy, SortKey};
use formats::cql2;
use spatial::filter::Expression;
use spatial::{
    AxisOrder, BindContext, Collection, CrsKind, CrsRegistry, Envelope, FeatureId, Field,
    FieldType, Filter, FilterError, Value,
};

use super::times::time_span;
use crate::as_of::AS_OF;
use crate::crs_uri::{OfferedCrs, named};
use crate::problem::{Code, Problem};
use crate::query_string::{QueryString, unknown_key};
use crate::schema::{SchemaKind, geometry_name, id_name};

/// Most features of one page.
pub const MAX_LIMIT: usize = engine::MAX_PAGE;
/// Features of a page when nothing is said.
pub const DEFAULT_LIMIT: usize = 10;
/// Parameters of items that are no fields.
pub const ITEMS_PARAMETERS: [&str; 17] = [
    "f",
    AS_OF,
    "limit",
    "bbox",
    "bbox-crs",
    "crs",
    "datetime",
    "q",
    "sortby",
    "properties",
    "profile",
    "cursor",
    "offset",
    "skipGeometry",
    "filter",
    "filter-lang",
    "filter-crs",
];
/// Parameters of one item.
pub const ITEM_PARAMETERS: [&str; 5] = ["f", AS_OF, "crs", "properties", "profile"];

/// Reads parameters against one collection.
pub struct Reader<'a> {
    pub registry: &'a CrsRegistry,
    pub query: &'a QueryString,
    pub collection: &'a Collection,
    pub offered: &'a [OfferedCrs],
    pub profile: Profile,
}

fn refused(detail: String) -> Problem {
    Problem::new(Code::InvalidParameter, detail)
}

impl Reader<'_> {
    /// The conditions and the order of a request for items.
    pub fn items(&self) -> Result<ItemsQuery, Problem> {
        let mut query = ItemsQuery {
            bbox: self.bbox()?,
            filter: self.filter()?.map(Arc::new),
            phrases: self.phrases(),
            order: self.order()?,
            skip: self.offset()?,
            profile: self.profile,
            ..ItemsQuery::default()
        };
        if let Some(text) = self.query.value("datetime") {
            query.time = Some(time_span(text)?);
        }
        for (key, text) in self.query.pairs() {
            if ITEMS_PARAMETERS.contains(&key) {
                continue;
            }
            if key == id_name(self.collection) {
                query.id = Some(feature_id(text)?);
            } else if self.collection.field_position(key).is_some() {
                let field = ReadableField::find(self.collection, key, self.profile)?;
                let declared = &self.collection.fields[field.position()];
                query.equal.push((field, value(declared, text)?));
            } else {
                return Err(self.unknown(key));
            }
        }
        Ok(query)
    }

    fn unknown(&self, key: &str) -> Problem {
        let fields = ReadableField::all(self.collection, self.profile)
            .filter(|(_, field)| SchemaKind::Queryables.holds(field.field_type))
            .map(|(_, field)| field.name.as_str());
        let known: Vec<&str> = ITEMS_PARAMETERS.iter().copied().chain(fields).collect();
        unknown_key(key, &known)
    }

    /// The conditions that tiles know too: filter and time.
    pub fn selection(&self) -> Result<ItemsQuery, Problem> {
        let time = self.query.value("datetime").map(time_span).transpose()?;
        Ok(ItemsQuery { filter: self.filter()?.map(Arc::new), time, ..ItemsQuery::default() })
    }

    /// The filter in the one form that equal filters share, and what its geometries are in.
    pub fn canonical_filter(&self) -> Result<Option<String>, Problem> {
        let crs = named("filter-crs", self.query.value("filter-crs"), self.offered)?;
        let expression = self.expression()?;
        Ok(expression
            .map(|expression| format!("{}\u{1f}{}", cql2::write_text(&expression), crs.uri)))
    }

    /// How many features; more than is allowed is what is allowed.
    pub fn limit(&self) -> Result<usize, Problem> {
        let Some(text) = self.query.value("limit") else { return Ok(DEFAULT_LIMIT) };
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let limit = is_number.then(|| text.parse().unwrap_or(MAX_LIMIT)).filter(|limit| *limit > 0);
        limit.map(|limit| limit.min(MAX_LIMIT)).ok_or_else(|| {
            refused(format!(
                "limit={text:?} is not usable; send a whole number from 1 to {MAX_LIMIT}"
            ))
        })
    }

    /// How many features are left out before the first.
    fn offset(&self) -> Result<usize, Problem> {
        let Some(text) = self.query.value("offset") else { return Ok(0) };
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| text.parse().unwrap_or(usize::MAX)).ok_or_else(|| {
            refused(format!("offset={text:?} is not usable; send a whole number from 0"))
        })
    }

    /// Whether geometries are left out of the answer.
    pub fn skips_geometry(&self) -> Result<bool, Problem> {
        Ok(self.query.choice("skipGeometry", &["true", "false"])? == Some("true"))
    }

    /// The CRS of the answer.
    pub fn crs(&self) -> Result<OfferedCrs, Problem> {
        named("crs", self.query.value("crs"), self.offered)
    }

    /// The fields of the answer: those asked for, or all.
    pub fn properties(&self) -> Result<Vec<ReadableField>, Problem> {
        let Some(text) = self.query.value("properties") else {
            return Ok(ReadableField::all(self.collection, self.profile).map(|(f, _)| f).collect());
        };
        let mut fields = Vec::new();
        for name in text.split(',').filter(|name| !name.is_empty()) {
            // Id and geometry are always there.
            if name == id_name(self.collection) || name == geometry_name(self.collection) {
                continue;
            }
            let field = ReadableField::find(self.collection, name, self.profile)?;
            if !fields.contains(&field) {
                fields.push(field);
            }
        }
        Ok(fields)
    }

    fn bbox(&self) -> Result<Option<Bbox>, Problem> {
        let crs = named("bbox-crs", self.query.value("bbox-crs"), self.offered)?;
        let Some(text) = self.query.value("bbox") else { return Ok(None) };
        let unusable = |reason: &str| {
            refused(format!(
                "bbox={text:?} is not usable: {reason}; send 4 or 6 numbers, lower corner first"
            ))
        };
        let numbers: Option<Vec<f64>> = text
            .split(',')
            .map(|number| number.trim().parse::<f64>().ok().filter(|number| number.is_finite()))
            .collect();
        let numbers = numbers.ok_or_else(|| unusable("not all are finite numbers"))?;
        let [first, second, third, fourth] = match numbers[..] {
            [a, b, c, d] => [a, b, c, d],
            [a, b, _, c, d, _] => [a, b, c, d],
            _ => return Err(unusable(&format!("there are {} numbers", numbers.len()))),
        };
        let [west, south, east, north] = match crs.axis_order {
            AxisOrder::EastNorth => [first, second, third, fourth],
            AxisOrder::NorthEast => [second, first, fourth, third],
        };
        let facts = self.registry.facts(&crs.crs);
        let is_angle = facts.is_ok_and(|facts| facts.kind == CrsKind::Geographic);
        let boxes = if is_angle && (south.abs() > 90.0 || north.abs() > 90.0) {
            // Well-formed, but there is no such latitude: nothing lies there.
            Vec::new()
        } else if south > north {
            return Err(unusable("its lower border lies above its upper one"));
        } else if west <= east {
            vec![Envelope::new(west, south, east, north)]
        } else if is_angle {
            vec![
                Envelope::new(west, south, 180.0, north),
                Envelope::new(-180.0, south, east, north),
            ]
        } else {
            return Err(unusable("its western border lies beyond its eastern one"));
        };
        Ok(Some(Bbox { boxes, crs: crs.crs }))
    }

    fn expression(&self) -> Result<Option<Expression>, Problem> {
        let language = self.query.choice("filter-lang", &["cql2-text", "cql2-json"])?;
        let Some(text) = self.query.value("filter") else { return Ok(None) };
        let expression = match language {
            Some("cql2-json") => cql2::parse_json(text, &cql2::Limits::URL),
            _ => cql2::parse_text(text, &cql2::Limits::URL),
        };
        expression.map(Some).map_err(|error| refused(format!("filter: {error}")))
    }

    fn filter(&self) -> Result<Option<Filter>, Problem> {
        let crs = named("filter-crs", self.query.value("filter-crs"), self.offered)?;
        let Some(expression) = self.expression()? else { return Ok(None) };
        let projector = self
            .registry
            .projector(&crs.crs, &self.collection.crs)
            .map_err(|error| refused(format!("filter-crs: {error}")))?;
        let highest = self.profile.highest_of(self.collection);
        let context = BindContext {
            readable: &|field| field.class <= highest,
            projector: &projector,
            axes: crs.axis_order,
        };
        Filter::bind(&expression, self.collection, &context).map(Some).map_err(|error| {
            let detail = format!("filter: {error}");
            match error {
                FilterError::Unreadable { name } => Problem::unreadable(&name, detail),
                _ => Problem::new(Code::InvalidParameter, detail),
            }
        })
    }

    /// Commas part alternatives; the words of one stand one after the other.
    fn phrases(&self) -> Vec<String> {
        let alternatives = self.query.value("q").unwrap_or_default().split(',');
        alternatives
            .map(|words| words.split_whitespace().collect::<Vec<_>>().join(" "))
            .filter(|phrase| !phrase.is_empty())
            .collect()
    }

    fn order(&self) -> Result<Vec<SortKey>, Problem> {
        let mut order = Vec::new();
        let Some(text) = self.query.value("sortby") else { return Ok(order) };
        for key in text.split(',') {
            // A plus arrives as a space unless it was escaped.
            let key = key.trim();
            let (name, descending) = match key.strip_prefix('-') {
                Some(name) => (name, true),
                None => (key.strip_prefix('+').unwrap_or(key), false),
            };
            let by = if name == id_name(self.collection) {
                SortBy::Id
            } else {
                let field = ReadableField::find(self.collection, name, self.profile)?;
                if !SchemaKind::Sortables.holds(self.collection.fields[field.position()].field_type)
                {
                    return Err(refused(format!("field {name:?} has no order to sort by")));
                }
                SortBy::Field(field)
            };
            order.push(SortKey { by, descending });
        }
        Ok(order)
    }
}

/// The feature id that `text` is.
pub fn feature_id(text: &str) -> Result<FeatureId, Problem> {
    let id = text.parse::<i64>().ok().and_then(|id| FeatureId::try_from(id).ok());
    id.ok_or_else(|| refused(format!("{text:?} is no feature id; they are whole numbers from 1")))
}

/// `text` as a value of `field`.
fn value(field: &Field, text: &str) -> Result<Value, Problem> {
    use formats::datetime::{is_date, millis_of, utc_of_millis};
    let (value, wanted) = match field.field_type {
        FieldType::Bool => (text.parse().ok().map(Value::Bool), "true or false"),
        FieldType::Int => (text.parse().ok().map(Value::Int), "a whole number"),
        FieldType::Real => {
            let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
            (number.map(Value::Real), "a number")
        }
        FieldType::Text => (Some(Value::Text(text.to_owned())), ""),
        FieldType::Date => {
            (is_date(text).then(|| Value::Text(text.to_owned())), "a date such as 2026-11-22")
        }
        FieldType::DateTime => {
            let moment = (text.len() > 10).then(|| millis_of(text, 0)).flatten();
            let value = moment.map(|moment| Value::Text(utc_of_millis(moment)));
            (value, "a time such as 2026-11-22T08:00:00Z")
        }
        FieldType::Bytes => (None, "no condition: bytes are not compared"),
    };
    value.ok_or_else(|| {
        let shown: String = text.chars().take(80).collect();
        refused(format!("{}={shown:?} is not usable; send {wanted}", field.name))
    })
}
