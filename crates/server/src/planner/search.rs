//! Searches: `/search` over several collections, `/collections/{id}/search` over one.

use std::fmt::Write;
use std::sync::Arc;

use engine::query::{Found, Place, Relation, SearchQuery, Searched, Wanted};
use engine::{Engine, EngineError, MAX_PAGE, Pinned, Profile, ReadableField};
use formats::geojson::{
    GeoJsonStream, Positions, Profile as GeoJsonProfile, push_key, push_string, push_value,
};
use formats::{FeatureStream, Json, JsonKind, StreamFeature};
use spatial::{
    AxisOrder, CollectionId, CollectionSnapshot, Crs, CrsRegistry, FeatureId, Field, Pattern,
    Predicate, Revision, Timestamp,
};

use super::Refusal;
use super::asked::{
    aggregates, area_crs, collection, collections, condition, crs, group_by, sort_by,
};
use super::geometry::{Unusable, east_first, read};
use super::members::{Members, wrong_type};
use crate::as_of::moment;
use crate::crs_uri::OfferedCrs;

/// Features of a page when nothing is said.
const DEFAULT_LIMIT: usize = 10;
/// Most neighbours of one search.
const MAX_NEIGHBOURS: u64 = 1_000;
/// Longest distance, in metres.
pub const MAX_DISTANCE: f64 = 100_000.0;

const MEMBERS: [&str; 19] = [
    "asOf",
    "geometry",
    "crs",
    "predicate",
    "pattern",
    "distance",
    "nearest",
    "filter",
    "filterLang",
    "filterCrs",
    "return",
    "aggregates",
    "groupBy",
    "areaCrs",
    "sortby",
    "properties",
    "limit",
    "cursor",
    "collections",
];

/// What of the features found is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Return {
    Features,
    Ids,
    Count,
    Aggregate,
}

/// A search made out.
#[derive(Clone, Debug)]
pub struct SearchRequest {
    collections: Vec<CollectionId>,
    /// Whether the answer is keyed by collection.
    keyed: bool,
    query: SearchQuery,
    returned: Return,
    crs: OfferedCrs,
    /// Fields of the answer; all when absent.
    properties: Option<Vec<String>>,
    cursor: Option<String>,
    /// The moment whose state is searched; now when absent.
    as_of: Option<Timestamp>,
    /// How many features, if that was said.
    limit: Option<usize>,
}

/// All features of a search.
#[derive(Clone, Debug)]
pub struct FoundFeatures {
    /// The state that was read.
    pub pinned: Pinned,
    /// Ids in the order asked for.
    pub ids: Vec<FeatureId>,
    /// Fields of the answer.
    pub fields: Vec<ReadableField>,
    /// CRS asked for.
    pub crs: Crs,
}

/// Ids or groups of an answer that is written at once.
const SHORT: usize = 500;

/// The answer to a search.
#[derive(Clone, Debug)]
pub struct SearchAnswer {
    /// The JSON text.
    pub body: Vec<u8>,
    /// State that was read.
    pub revision: Revision,
    /// CRS of the features in it, if there are any.
    pub content_crs: Option<String>,
    /// Whether it is one of several pages.
    pub is_paged: bool,
    /// Features in it.
    pub features: Vec<(Arc<CollectionSnapshot>, Vec<FeatureId>)>,
}

impl SearchRequest {
    /// Reads the body of a search: of `one` collection, or of those that it lists.
    pub fn read(
        body: &[u8],
        one: Option<&CollectionId>,
        registry: &CrsRegistry,
    ) -> Result<Self, Refusal> {
        let known = MEMBERS.get(..MEMBERS.len() - usize::from(one.is_some())).unwrap_or(&MEMBERS);
        let members = Members::of_body(body, known)?;
        let collections = match one {
            Some(one) => vec![one.clone()],
            None => collections(&members)?,
        };
        let crs = crs(&members, "crs", registry)?;
        let filter = condition(&members, ("filter", "filterLang", "filterCrs"), registry)?;
        let place = place(&members, &crs)?;
        let is_nearest = members.value("nearest").is_some();
        let relation = relation(&members)?;
        let place = match (place, relation) {
            (Some(place), relation) => {
                Some((place, relation.unwrap_or(Relation::Predicate(Predicate::Intersects))))
            }
            (None, None) => None,
            (None, Some(_)) => {
                let named = ["predicate", "pattern", "distance", "nearest"];
                let named = named.into_iter().find(|name| members.value(name).is_some());
                return Err(
                    members.refuse(named.unwrap_or_default(), "there is no geometry for it")
                );
            }
        };
        let (returned, wanted) = wanted(&members, is_nearest)?;
        let properties = members.texts("properties", 2_000)?;
        let cursor = members.text("cursor")?.map(|text| text.into_owned());
        if cursor.is_some() && one.is_none() {
            let reason = "a cursor belongs to one collection; send it to \
                          /collections/{id}/search with the same members";
            return Err(members.refuse("cursor", reason));
        }
        let as_of = members.parsed("asOf", moment)?;
        let profile = Profile::default();
        let query = SearchQuery { place, condition: filter, wanted, profile };
        let keyed = one.is_none();
        let limit = match (&query.wanted, members.value("limit")) {
            (Wanted::Page { limit, .. }, Some(_)) => Some(*limit),
            _ => None,
        };
        Ok(Self { collections, keyed, query, returned, crs, properties, cursor, as_of, limit })
    }

    /// Answers with what `engine` finds.
    pub async fn answer(mut self, engine: &Engine) -> Result<SearchAnswer, Refusal> {
        // What was read is asked by whoever holds this handle.
        self.query.profile = engine.profile();
        let pinned: Vec<Pinned> = match (&self.cursor, self.collections.as_slice()) {
            (Some(cursor), [one]) => vec![engine.pin(one, Some(cursor))?],
            _ => engine.pin_all(self.as_of, &self.collections).await?,
        };
        // Fields are looked up before anything is searched.
        let fields = pinned.iter().map(|one| self.fields(one)).collect::<Result<Vec<_>, _>>()?;
        let order = self.crs.axis_order;
        let found = engine.search(pinned, self.query.clone()).await;
        let found = found.map_err(|error| at_geometry(error, order))?;
        let features = self.found_features(&found);
        let answer = match self.is_short(&found) {
            true => self.write(engine, &found, &fields)?,
            false => {
                let writing = engine.clone();
                let write = move || self.write(&writing, &found, &fields);
                engine.pool().run_waiting(write).await??
            }
        };
        Ok(SearchAnswer { features, ..answer })
    }

    /// The features that were found, where features are answered.
    fn found_features(&self, found: &[Searched]) -> Vec<(Arc<CollectionSnapshot>, Vec<FeatureId>)> {
        let page = |one: &Searched| match &*one.found {
            Found::Page { ids, .. } if self.returned == Return::Features => {
                Some((Arc::clone(one.pinned.collection()), ids.clone()))
            }
            _ => None,
        };
        found.iter().filter_map(page).collect()
    }

    /// Every feature of a search for features of one collection, on all pages; at most `most`,
    /// or the limit of the request when it has one.
    pub async fn all_features(
        self,
        engine: &Engine,
        most: Option<usize>,
    ) -> Result<FoundFeatures, Refusal> {
        let [collection] = self.collections.as_slice() else {
            return Err(Refusal::Unfit("features go to a file from one collection; name one"));
        };
        if self.returned != Return::Features {
            return Err(Refusal::Unfit("only features go to a file of features; leave out return"));
        }
        let order = self.crs.axis_order;
        let mut query = self.query.clone();
        let mut left = most.or(self.limit).unwrap_or(usize::MAX);
        let mut ids = Vec::new();
        let mut pinned = match self.cursor.as_deref() {
            Some(cursor) => engine.pin(collection, Some(cursor))?,
            None => {
                let state = engine.state(self.as_of, std::slice::from_ref(collection)).await?;
                engine.pin_in(&state, collection)?
            }
        };
        loop {
            if let Wanted::Page { limit, .. } = &mut query.wanted {
                *limit = left.min(MAX_PAGE);
            }
            let found = engine.search(vec![pinned.clone()], query.clone()).await;
            let found = found.map_err(|error| at_geometry(error, order))?.pop();
            let found = found.map(|one| Arc::unwrap_or_clone(one.found));
            let Some(Found::Page { ids: page, next, .. }) = found else {
                break;
            };
            left = left.saturating_sub(page.len());
            ids.extend(page);
            match next {
                Some(next) if left > 0 => pinned = engine.pin(collection, Some(&next))?,
                _ => break,
            }
        }
        let fields = self.fields(&pinned)?;
        Ok(FoundFeatures { pinned, ids, fields, crs: self.crs.crs })
    }

    /// The fields of the answer.
    fn fields(&self, pinned: &Pinned) -> Result<Vec<ReadableField>, EngineError> {
        let (collection, profile) = (pinned.collection().collection(), self.query.profile);
        match &self.properties {
            None => Ok(ReadableField::all(collection, profile).map(|(field, _)| field).collect()),
            Some(names) => {
                names.iter().map(|name| ReadableField::find(collection, name, profile)).collect()
            }
        }
    }

    /// Whether an answer is written in less time than another thread takes to begin with it.
    fn is_short(&self, found: &[Searched]) -> bool {
        let rows = found.iter().map(|one| match &*one.found {
            Found::Count => 1,
            Found::Page { ids, .. } => ids.len(),
            Found::Groups { groups, .. } => groups.len(),
        });
        self.returned != Return::Features && rows.sum::<usize>() <= SHORT
    }

    fn write(
        &self,
        engine: &Engine,
        found: &[Searched],
        fields: &[Vec<ReadableField>],
    ) -> Result<SearchAnswer, EngineError> {
        let revision = found.first().map_or(Revision(0), |first| first.pinned.revision());
        let mut body = Vec::new();
        if self.keyed {
            body.extend_from_slice(
                format!("{{\"revision\":{revision},\"collections\":{{").as_bytes(),
            );
        }
        for (position, (one, fields)) in found.iter().zip(fields).enumerate() {
            if self.keyed {
                let mut key = String::from(if position == 0 { "\n" } else { ",\n" });
                push_key(&mut key, one.pinned.collection().collection().id.as_str());
                body.extend_from_slice(key.as_bytes());
            }
            self.write_one(engine, one, fields, &mut body)?;
        }
        if self.keyed {
            body.extend_from_slice(b"}}");
        }
        if body.last() != Some(&b'\n') {
            body.push(b'\n');
        }
        let has_features = self.returned == Return::Features;
        let content_crs = has_features.then(|| self.crs.uri.clone());
        let goes_on = |one: &Searched| matches!(*one.found, Found::Page { next: Some(_), .. });
        let is_paged = self.cursor.is_some() || found.iter().any(goes_on);
        Ok(SearchAnswer { body, revision, content_crs, is_paged, features: Vec::new() })
    }

    fn write_one(
        &self,
        engine: &Engine,
        searched: &Searched,
        fields: &[ReadableField],
        body: &mut Vec<u8>,
    ) -> Result<(), EngineError> {
        let revision = searched.pinned.revision();
        let mut members = format!("\"revision\":{revision},\"count\":{}", searched.count);
        match &*searched.found {
            Found::Count => {}
            Found::Page { ids, distances, next } => {
                if let Some(distances) = distances {
                    push_distances(&mut members, distances);
                }
                if let Some(next) = next {
                    members.push_str(",\"next\":");
                    push_string(&mut members, next);
                }
                if self.returned == Return::Features {
                    let returned = ids.len();
                    let _ = write!(
                        members,
                        ",\"numberMatched\":{},\"numberReturned\":{returned}",
                        searched.count
                    );
                    return self.features(engine, &searched.pinned, (ids, fields), members, body);
                }
                push_ids(&mut members, ids);
            }
            Found::Groups { groups, area_crs } => {
                if let Some(area_crs) = area_crs {
                    members.push_str(",\"areaCrs\":");
                    push_string(&mut members, &area_crs.to_string());
                }
                self.push_groups(&mut members, groups);
            }
        }
        body.extend_from_slice(format!("{{{members}}}").as_bytes());
        Ok(())
    }

    /// A feature collection with further members.
    fn features(
        &self,
        engine: &Engine,
        pinned: &Pinned,
        (ids, fields): (&[FeatureId], &[ReadableField]),
        members: String,
        body: &mut Vec<u8>,
    ) -> Result<(), EngineError> {
        let collection = pinned.collection().collection();
        let declared: Vec<&Field> =
            fields.iter().map(|field| &collection.fields[field.position()]).collect();
        let positions =
            Positions { axis_order: self.crs.axis_order, declared: collection.geometry_type };
        let shown = engine.shown(collection, &self.crs.crs)?;
        let mut stream = GeoJsonStream::new(GeoJsonProfile::Plain, positions, &declared, members);
        stream.begin(body);
        for feature in ids.iter().filter_map(|id| pinned.collection().get(*id)) {
            let geometry = shown.geometry(feature)?;
            let values: Vec<_> =
                fields.iter().map(|field| feature.value(field.position())).collect();
            let id = feature.id();
            let geometry = geometry.as_ref();
            stream.feature(body, &StreamFeature { id, geometry, place: None, values: &values });
        }
        stream.end(body);
        Ok(())
    }

    fn push_groups(&self, text: &mut String, groups: &[engine::query::Group]) {
        let Wanted::Aggregate { aggregates, group_by, .. } = &self.query.wanted else { return };
        let keys = written_keys(group_by.iter().map(String::as_str));
        let names = written_keys(aggregates.iter().map(|one| one.name.as_str()));
        text.push_str(",\"groups\":[");
        for (position, group) in groups.iter().enumerate() {
            text.push_str(if position == 0 { "\n" } else { ",\n" });
            text.push_str("{\"key\":");
            push_values(text, &keys, &group.key);
            text.push_str(",\"count\":");
            push_whole(text, group.count);
            text.push_str(",\"values\":");
            push_values(text, &names, &group.values);
            text.push('}');
        }
        text.push(']');
    }
}

/// The place that `geometry` describes: GeoJSON, or a stored feature.
pub(super) fn place(members: &Members<'_>, crs: &OfferedCrs) -> Result<Option<Place>, Refusal> {
    const NAME: &str = "geometry";
    let Some(value) = members.value(NAME) else { return Ok(None) };
    if value.kind() != JsonKind::Object {
        let wanted = "a GeoJSON geometry, or {\"collection\", \"id\"}";
        return Err(wrong_type(&value, NAME.to_owned(), wanted));
    }
    if value.members().iter().any(|(name, _)| name == "collection" || name == "id") {
        return stored(value, members.place(NAME)).map(Some);
    }
    let given = read(&value, NAME)?;
    let refused = |fault| Refusal::Geometry { place: NAME.to_owned(), fault };
    given.check_form().map_err(refused)?;
    if given.geometry.vertex_count() == 0 {
        return Err(refused(Unusable { reason: "the geometry is empty".into(), at: None }));
    }
    let geometry = east_first(given.geometry, crs.axis_order);
    Ok(Some(Place::Given { geometry, crs: crs.crs.clone() }))
}

fn stored(value: Json<'_>, place: String) -> Result<Place, Refusal> {
    let members = Members::of(value, place, &["collection", "id"])?;
    let collection = collection(&members, "collection")?;
    members.required("id")?;
    let id = members.whole("id", 1..=FeatureId::MAX.value().cast_unsigned())?;
    let id = id.and_then(|id| FeatureId::try_from(id.cast_signed()).ok());
    let id = id.ok_or_else(|| members.refuse("id", "the id of a feature is expected"))?;
    Ok(Place::Stored { collection, id })
}

/// How many neighbours are asked for, if any are.
pub(super) fn neighbours(members: &Members<'_>) -> Result<Option<usize>, Refusal> {
    let Some(value) = members.value("nearest") else { return Ok(None) };
    let nearest = Members::of(value, members.place("nearest"), &["k"])?;
    nearest.required("k")?;
    let count = nearest.whole("k", 1..=MAX_NEIGHBOURS)?;
    Ok(count.map(|count| usize::try_from(count).unwrap_or(usize::MAX)))
}

fn relation(members: &Members<'_>) -> Result<Option<Relation>, Refusal> {
    let predicate = members.parsed("predicate", str::parse::<Predicate>)?;
    let pattern = members.parsed("pattern", str::parse::<Pattern>)?;
    let distance = members.measure("distance", MAX_DISTANCE)?;
    let neighbours = neighbours(members)?;
    let two = |name: &str| {
        let reason = "predicate, pattern, distance and nearest exclude each other; \
                      only nearest takes a distance with it";
        members.refuse(name, reason)
    };
    match (predicate, pattern, distance, neighbours) {
        (None, None, None, None) => Ok(None),
        (Some(predicate), None, None, None) => Ok(Some(Relation::Predicate(predicate))),
        (None, Some(pattern), None, None) => Ok(Some(Relation::Pattern(pattern))),
        (None, None, Some(distance), None) => Ok(Some(Relation::Distance(distance))),
        (None, None, within, Some(count)) => {
            Ok(Some(Relation::Nearest { count, within: within.unwrap_or(f64::INFINITY) }))
        }
        (_, Some(_), ..) => Err(two("pattern")),
        (Some(_), ..) => Err(two("predicate")),
    }
}

/// What is answered; members that have no part in it are refused.
fn wanted(members: &Members<'_>, is_nearest: bool) -> Result<(Return, Wanted), Refusal> {
    let offered = [
        ("features", Return::Features),
        ("ids", Return::Ids),
        ("count", Return::Count),
        ("aggregate", Return::Aggregate),
    ];
    let has_aggregates = ["aggregates", "groupBy"].iter().any(|name| members.value(name).is_some());
    let default = if has_aggregates { Return::Aggregate } else { Return::Features };
    let returned = members.choice("return", &offered)?.unwrap_or(default);
    let unused: &[&str] = match (returned, is_nearest) {
        (Return::Features | Return::Ids, true) => &["limit", "cursor", "sortby"],
        _ => &[],
    };
    let foreign: &[&str] = match returned {
        Return::Features => &["aggregates", "groupBy", "areaCrs"],
        Return::Ids => &["aggregates", "groupBy", "areaCrs", "properties"],
        Return::Count => {
            &["aggregates", "groupBy", "areaCrs", "properties", "sortby", "limit", "cursor"]
        }
        Return::Aggregate => &["properties", "sortby", "limit", "cursor"],
    };
    if let Some(name) = foreign.iter().chain(unused).find(|name| members.value(name).is_some()) {
        let what = if is_nearest { "nearest" } else { "this return" };
        return Err(members.refuse(name, format!("{name} has no part in {what}")));
    }
    let wanted = match returned {
        Return::Count => Wanted::Count,
        Return::Features | Return::Ids => {
            let limit = members.whole("limit", 1..=MAX_PAGE as u64)?;
            let limit = limit.map_or(DEFAULT_LIMIT, |limit| limit as usize);
            Wanted::Page { order: sort_by(members)?, limit }
        }
        Return::Aggregate => Wanted::Aggregate {
            aggregates: aggregates(members)?,
            group_by: group_by(members)?,
            area_crs: area_crs(members)?,
        },
    };
    Ok((returned, wanted))
}

/// The engine's refusal of the geometry, its place in the axis order of the request.
pub(super) fn at_geometry(error: EngineError, order: AxisOrder) -> Refusal {
    match error {
        EngineError::UnusableGeometry { reason, at } => {
            let at = at.map(|[x, y]| if order == AxisOrder::NorthEast { [y, x] } else { [x, y] });
            let fault = Unusable { reason: reason.into(), at };
            Refusal::Geometry { place: "geometry".to_owned(), fault }
        }
        error => error.into(),
    }
}

/// An object of names and values.
/// Keys of JSON objects as they are written, of which many have the same.
pub(super) fn written_keys<'n>(names: impl IntoIterator<Item = &'n str>) -> Vec<String> {
    let written = |name: &'n str| {
        let mut key = String::with_capacity(name.len() + 3);
        push_key(&mut key, name);
        key
    };
    names.into_iter().map(written).collect()
}

pub(super) fn push_values(text: &mut String, keys: &[String], values: &[spatial::Value]) {
    text.push('{');
    for (position, (key, value)) in keys.iter().zip(values).enumerate() {
        text.push_str(if position == 0 { "" } else { "," });
        text.push_str(key);
        push_value(text, value.as_ref());
    }
    text.push('}');
}

/// A number of features, sooner than `write!` does it.
fn push_whole(text: &mut String, number: u64) {
    push_value(text, spatial::ValueRef::Int(i64::try_from(number).unwrap_or(i64::MAX)));
}

pub(super) fn push_ids(text: &mut String, ids: &[FeatureId]) {
    text.push_str(",\"ids\":[");
    for (position, id) in ids.iter().enumerate() {
        text.push_str(if position == 0 { "" } else { "," });
        push_value(text, spatial::ValueRef::Int(id.value()));
    }
    text.push(']');
}

fn push_distances(text: &mut String, distances: &[f64]) {
    text.push_str(",\"distances\":[");
    for (position, distance) in distances.iter().enumerate() {
        text.push_str(if position == 0 { "" } else { "," });
        push_value(text, spatial::ValueRef::Real(*distance));
    }
    text.push(']');
}
