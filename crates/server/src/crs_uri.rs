//! Coordinate systems as URIs name them, each with its authority's axis order.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use engine::Engine;
use spatial::crs::is_crs84;
use spatial::{
    AxisOrder, Collection, CollectionId, CollectionSnapshot, Crs, CrsRegistry, Revision,
};

use crate::problem::{Code, Problem};

/// WGS 84, longitude first: what coordinates are in when nothing else is asked for.
pub const CRS84: &str = "http://www.opengis.net/def/crs/OGC/1.3/CRS84";

/// A coordinate system that a collection is offered in.
#[derive(Clone, Debug, PartialEq)]
pub struct OfferedCrs {
    /// What answers and `Content-Crs` call it.
    pub uri: String,
    /// The system, east first.
    pub crs: Crs,
    /// Which ordinate comes first in requests and answers.
    pub axis_order: AxisOrder,
}

impl OfferedCrs {
    /// WGS 84, longitude first.
    pub fn crs84() -> Self {
        Self { uri: CRS84.to_owned(), crs: Crs::WGS84, axis_order: AxisOrder::EastNorth }
    }
}

/// What a collection is offered in, CRS84 first.
pub type CrsList = Arc<Vec<OfferedCrs>>;

/// The lists of the collections, each made once a state.
#[derive(Debug, Default)]
pub struct CrsLists(Mutex<BTreeMap<CollectionId, (Revision, CrsList)>>);

impl CrsLists {
    /// What `snapshot` is offered in, CRS84 first.
    pub fn of(&self, engine: &Engine, snapshot: &CollectionSnapshot) -> CrsList {
        let (collection, revision) = (snapshot.collection(), snapshot.revision());
        let mut lists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, list)) = lists.get(&collection.id)
            && *known == revision
        {
            return Arc::clone(list);
        }
        let list = Arc::new(offered(engine, collection));
        lists.insert(collection.id.clone(), (revision, Arc::clone(&list)));
        list
    }
}

fn offered(engine: &Engine, collection: &Collection) -> Vec<OfferedCrs> {
    let mut list = vec![OfferedCrs::crs84()];
    for crs in engine.offered_crs(collection) {
        // A local grid has no URI that anybody could look up.
        let (Crs::Epsg(code), Ok(facts)) = (&crs, engine.registry().facts(&crs)) else { continue };
        let uri = format!("http://www.opengis.net/def/crs/EPSG/0/{code}");
        list.push(OfferedCrs { uri, axis_order: facts.axis_order, crs });
    }
    list
}

/// What the collection is stored in, if it is offered: longitude first for WGS 84, as it is
/// stored.
pub fn storage_uri(collection: &Collection, offered: &[OfferedCrs]) -> Option<String> {
    offered.iter().find(|one| one.crs == collection.crs).map(|one| one.uri.clone())
}

/// The one of `offered` that `text`, the value of the parameter `key`, names; CRS84 without one.
pub fn named(key: &str, text: Option<&str>, offered: &[OfferedCrs]) -> Result<OfferedCrs, Problem> {
    let Some(text) = text else { return Ok(OfferedCrs::crs84()) };
    let crs = text.parse::<Crs>().ok();
    let found = offered
        .iter()
        .find(|one| Some(&one.crs) == crs.as_ref() && (one.uri == CRS84) == is_crs84(text));
    found.cloned().ok_or_else(|| {
        let uris: Vec<&str> = offered.iter().map(|one| one.uri.as_str()).collect();
        let shown: String = text.chars().take(120).collect();
        Problem::new(
            Code::InvalidParameter,
            format!("{key}={shown:?} is not offered here; use one of: {}", uris.join(", ")),
        )
    })
}

/// Which ordinate the authority of the CRS called `uri` puts first; the east where nobody knows
/// the CRS but this site.
pub fn axis_order(uri: &str, registry: &CrsRegistry) -> AxisOrder {
    if is_crs84(uri) {
        return AxisOrder::EastNorth;
    }
    let facts = uri.parse::<Crs>().ok().and_then(|crs| registry.facts(&crs).ok());
    facts.map_or(AxisOrder::EastNorth, |facts| facts.axis_order)
}

/// The CRS called `uri` as a URN of OGC; a local grid, which has none, by its name.
pub fn urn(uri: &str) -> String {
    if is_crs84(uri) {
        return "urn:ogc:def:crs:OGC:1.3:CRS84".to_owned();
    }
    match uri.parse::<Crs>() {
        Ok(Crs::Epsg(code)) => format!("urn:ogc:def:crs:EPSG::{code}"),
        Ok(site) => site.to_string(),
        Err(_) => uri.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::*;

    #[test]
    fn a_urn_and_an_axis_order_belong_to_a_uri() {
        let registry = CrsRegistry::new(BTreeMap::new()).unwrap();
        let epsg = "http://www.opengis.net/def/crs/EPSG/0/";
        for (uri, expected, order) in [
            (CRS84.to_owned(), "urn:ogc:def:crs:OGC:1.3:CRS84", AxisOrder::EastNorth),
            (format!("{epsg}3857"), "urn:ogc:def:crs:EPSG::3857", AxisOrder::EastNorth),
            (format!("{epsg}4490"), "urn:ogc:def:crs:EPSG::4490", AxisOrder::NorthEast),
            (format!("{epsg}4548"), "urn:ogc:def:crs:EPSG::4548", AxisOrder::NorthEast),
            ("site:town".to_owned(), "site:town", AxisOrder::EastNorth),
        ] {
            assert_eq!(
                (urn(&uri).as_str(), axis_order(&uri, &registry)),
                (expected, order),
                "{uri}"
            );
        }
    }

    #[test]
    fn a_crs_is_named_by_uri_urn_or_curie() {
        let epsg = |code| OfferedCrs {
            uri: format!("http://www.opengis.net/def/crs/EPSG/0/{code}"),
            crs: Crs::Epsg(code),
            axis_order: AxisOrder::NorthEast,
        };
        let offered = [OfferedCrs::crs84(), epsg(4326), epsg(4490)];
        for (text, expected) in [
            (None, Some(0)),
            (Some(CRS84), Some(0)),
            (Some("http://www.opengis.net/def/crs/EPSG/0/4326"), Some(1)),
            (Some("http://www.opengis.net/def/crs/EPSG/0/4490"), Some(2)),
            (Some("[EPSG:4490]"), Some(2)),
            (Some("urn:ogc:def:crs:EPSG::4490"), Some(2)),
            (Some("http://www.opengis.net/def/crs/0/unsupported"), None),
            (Some("http://www.opengis.net/def/crs/EPSG/0/4548"), None),
            (Some(""), None),
        ] {
            let found = named("crs", text, &offered).ok();
            assert_eq!(found.as_ref(), expected.map(|at: usize| &offered[at]), "{text:?}");
        }
    }
}
