//! Members that several operations share: CRS, collections, filters, aggregates.

use engine::query::{Aggregate, AggregateOp, AreaCrs, Condition, Sort};
use formats::cql2::{Limits, parse_json, parse_text};
use formats::{Json, JsonKind};
use spatial::crs::is_crs84;
use spatial::{CollectionId, Crs, CrsRegistry};

use super::Refusal;
use super::members::{Members, shortened, wrong_type};
use crate::crs_uri::OfferedCrs;

/// Most collections of one search.
pub const MAX_COLLECTIONS: usize = 32;
/// Most aggregates of one request.
const MAX_AGGREGATES: usize = 32;
/// Most fields to group or sort by.
const MAX_KEYS: usize = 8;

/// The CRS that the member `name` names, with its axis order; CRS84 without it.
pub(super) fn crs(
    members: &Members<'_>,
    name: &str,
    registry: &CrsRegistry,
) -> Result<OfferedCrs, Refusal> {
    let read = |text: &str| named_crs(text, registry);
    Ok(members.parsed(name, read)?.unwrap_or_else(OfferedCrs::crs84))
}

/// The CRS that `text` names, with its axis order; or what is wrong with the name.
pub(crate) fn named_crs(text: &str, registry: &CrsRegistry) -> Result<OfferedCrs, String> {
    if is_crs84(text) {
        return Ok(OfferedCrs::crs84());
    }
    let crs: Crs = text.parse().map_err(|error| format!("{error}"))?;
    let Crs::Epsg(code) = crs else {
        return Err(format!("{crs} is a local grid; its coordinates are not given out"));
    };
    let facts = registry.facts(&crs).map_err(|error| error.to_string())?;
    let uri = format!("http://www.opengis.net/def/crs/EPSG/0/{code}");
    Ok(OfferedCrs { uri, axis_order: facts.axis_order, crs })
}

/// The collection that the member `name` names.
pub(super) fn collection(members: &Members<'_>, name: &str) -> Result<CollectionId, Refusal> {
    members.required(name)?;
    let id = members.parsed(name, |text| CollectionId::try_from(text))?;
    id.ok_or_else(|| members.refuse(name, "a string is expected"))
}

/// The collections that `collections` lists.
pub(super) fn collections(members: &Members<'_>) -> Result<Vec<CollectionId>, Refusal> {
    const NAME: &str = "collections";
    members.required(NAME)?;
    let names = members.texts(NAME, MAX_COLLECTIONS)?.unwrap_or_default();
    let read = |name: &String| {
        CollectionId::try_from(name.as_str())
            .map_err(|error| members.refuse(NAME, error.to_string()))
    };
    names.iter().map(read).collect()
}

/// The filter that the member `name` holds: CQL2 text in a string, CQL2 JSON in an object.
pub(super) fn condition(
    members: &Members<'_>,
    (name, language, crs_name): (&str, &str, &str),
    registry: &CrsRegistry,
) -> Result<Option<Condition>, Refusal> {
    const TEXT: &str = "cql2-text";
    const JSON: &str = "cql2-json";
    let said = members.choice(language, &[(TEXT, JsonKind::Text), (JSON, JsonKind::Object)])?;
    let filter_crs = crs(members, crs_name, registry)?;
    let Some(filter) = members.value(name) else {
        for unused in [language, crs_name] {
            if members.value(unused).is_some() {
                return Err(members.refuse(unused, format!("there is no {name} for it")));
            }
        }
        return Ok(None);
    };
    let found = if filter.kind() == JsonKind::Text { JsonKind::Text } else { JsonKind::Object };
    if said.is_some_and(|said| said != found) {
        return Err(members.refuse(name, format!("{language} says another language")));
    }
    let refused = |error: formats::cql2::Cql2Error| members.refuse(name, error.to_string());
    let expression = match filter.kind() {
        JsonKind::Text => {
            parse_text(&filter.text().unwrap_or_default(), &Limits::BODY).map_err(refused)?
        }
        JsonKind::Object | JsonKind::Bool => {
            parse_json(filter.raw(), &Limits::BODY).map_err(refused)?
        }
        _ => {
            let wanted = "CQL2, as text or as an object";
            return Err(wrong_type(&filter, members.place(name), wanted));
        }
    };
    Ok(Some(Condition { expression, crs: filter_crs.crs, axes: filter_crs.axis_order }))
}

/// What areas are measured in.
pub(super) fn area_crs(members: &Members<'_>) -> Result<Option<AreaCrs>, Refusal> {
    members.parsed("areaCrs", |text| match text {
        "geodesic" => Ok(AreaCrs::Geodesic),
        text => match text.parse::<Crs>() {
            Ok(crs) => Ok(AreaCrs::Plane(crs)),
            Err(error) => Err(format!("{error}; or geodesic")),
        },
    })
}

/// An operation on a field, or on geometries.
#[derive(Clone, Copy)]
enum Operation {
    OfField(fn(String) -> AggregateOp),
    Plain(fn() -> AggregateOp),
}

const OPERATIONS: [(&str, Operation); 8] = [
    ("count", Operation::Plain(|| AggregateOp::Count)),
    ("sum", Operation::OfField(AggregateOp::Sum)),
    ("min", Operation::OfField(AggregateOp::Min)),
    ("max", Operation::OfField(AggregateOp::Max)),
    ("mean", Operation::OfField(AggregateOp::Mean)),
    ("area", Operation::Plain(|| AggregateOp::Area)),
    ("overlayArea", Operation::Plain(|| AggregateOp::OverlayArea)),
    ("unionArea", Operation::Plain(|| AggregateOp::UnionArea)),
];

/// The list `aggregates`.
pub(super) fn aggregates(members: &Members<'_>) -> Result<Vec<Aggregate>, Refusal> {
    let items = members.list("aggregates", MAX_AGGREGATES)?.unwrap_or_default();
    let mut aggregates: Vec<Aggregate> = Vec::with_capacity(items.len());
    for (place, item) in items {
        let aggregate = aggregate(item, place)?;
        if aggregates.iter().any(|known| known.name == aggregate.name) {
            let reason = format!("two aggregates are called {:?}; set \"as\"", aggregate.name);
            return Err(members.refuse("aggregates", reason));
        }
        aggregates.push(aggregate);
    }
    Ok(aggregates)
}

fn aggregate(item: Json<'_>, place: String) -> Result<Aggregate, Refusal> {
    let members = Members::of(item, place, &["op", "property", "as"])?;
    let op_name = members.required_text("op")?;
    let operation = members.choice("op", &OPERATIONS)?;
    let property = members.text("property")?;
    let (op, default_name) = match (operation, property) {
        (Some(Operation::OfField(make)), Some(field)) => {
            (make(field.to_string()), format!("{op_name}_{field}"))
        }
        (Some(Operation::OfField(_)), None) => {
            return Err(members.refuse("op", format!("{op_name} needs a property")));
        }
        (Some(Operation::Plain(make)), None) => (make(), op_name.to_string()),
        (_, Some(_)) => {
            return Err(members.refuse("property", format!("{op_name} has no property")));
        }
        (None, None) => return Err(members.refuse("op", "an operation is expected")),
    };
    let name = match members.text("as")? {
        Some(name) if name.is_empty() => return Err(members.refuse("as", "a name is expected")),
        Some(name) => shortened(&name),
        None => default_name,
    };
    Ok(Aggregate { op, name })
}

/// The fields of `groupBy`.
pub(super) fn group_by(members: &Members<'_>) -> Result<Vec<String>, Refusal> {
    Ok(members.texts("groupBy", MAX_KEYS)?.unwrap_or_default())
}

/// The fields of `sortby`: `"a,-b"`, or `["a", "-b"]`.
pub(super) fn sort_by(members: &Members<'_>) -> Result<Vec<Sort>, Refusal> {
    const NAME: &str = "sortby";
    let keys = match members.value(NAME).map(|value| value.kind()) {
        None => return Ok(Vec::new()),
        Some(JsonKind::Text) => {
            let text = members.required_text(NAME)?;
            text.split(',').map(|key| key.trim().to_owned()).collect()
        }
        Some(_) => members.texts(NAME, MAX_KEYS)?.unwrap_or_default(),
    };
    if keys.len() > MAX_KEYS || keys.iter().any(String::is_empty) {
        let reason = format!("1 to {MAX_KEYS} fields are expected, such as \"-AREA,NAME\"");
        return Err(members.refuse(NAME, reason));
    }
    let sort = |key: String| match key.strip_prefix('-') {
        Some(name) => Sort { name: name.to_owned(), descending: true },
        None => Sort { name: key.strip_prefix('+').unwrap_or(&key).to_owned(), descending: false },
    };
    Ok(keys.into_iter().map(sort).collect())
}
