//! Coordinate systems as URIs name them, each with its authority's axis order.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use engine::Engine;
use spatial::crs::is_crs84;
use spatial::{AxisOrder, Collection, CollectionId, CollectionSnapshot, Crs, Revision};

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

/// The well-known scale set called `uri` as a URN of OGC.
pub fn scale_set_urn(uri: &str) -> String {
    let name = uri.rsplit('/').next().unwrap_or(uri);
    format!("urn:ogc:def:wkss:OGC:1.0:{name}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::*;

    #[test]
    fn a_urn_belongs_to_a_uri() {
        for (uri, expected) in [
            (CRS84, "urn:ogc:def:crs:OGC:1.3:CRS84"),
            ("http://www.opengis.net/def/crs/EPSG/0/3857", "urn:ogc:def:crs:EPSG::3857"),
            ("http://www.opengis.net/def/crs/EPSG/0/4490", "urn:ogc:def:crs:EPSG::4490"),
            ("site:town", "site:town"),
        ] {
            assert_eq!(urn(uri), expected);
        }
        let scales = "http://www.opengis.net/def/wkss/OGC/1.0/GoogleMapsCompatible";
        assert_eq!(scale_set_urn(scales), "urn:ogc:def:wkss:OGC:1.0:GoogleMapsCompatible");
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
