//! Links of JSON documents.

use serde_json::{Value, json};

use crate::asked::Asked;
use crate::negotiate::Offer;

/// What OGC's own relations begin with.
pub const REL: &str = "http://www.opengis.net/def/rel/ogc/1.0";

/// A link.
pub fn link(rel: &str, media_type: &str, href: &str, title: &str) -> Value {
    json!({ "rel": rel, "type": media_type, "href": href, "title": title })
}

/// `self` and an `alternate` for every other encoding of the resource asked for.
pub fn self_and_alternates(asked: &Asked, chosen: &Offer, offers: &[&Offer]) -> Vec<Value> {
    let alternates = offers.iter().filter(|offer| offer.name != chosen.name).map(|offer| {
        let href = asked.href_with("f", offer.name);
        link("alternate", offer.media_type, &href, &format!("this as {}", offer.name))
    });
    std::iter::once(link("self", chosen.media_type, &asked.href(), "this document"))
        .chain(alternates)
        .collect()
}
