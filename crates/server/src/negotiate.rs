//! Which of the offered encodings an answer has: `f` wins, then `Accept` (RFC 9110 §12.5.1).

use axum::http::{HeaderMap, header};

use crate::problem::{Code, Problem};

/// One encoding of a resource.
#[derive(Debug, PartialEq, Eq)]
pub struct Offer {
    /// Value of `f`.
    pub name: &'static str,
    /// Media type of the answer, as `Content-Type` says it.
    pub media_type: &'static str,
    /// Other media types that ask for it.
    pub also: &'static [&'static str],
}

/// JSON documents.
pub const JSON: Offer = Offer { name: "json", media_type: "application/json", also: &[] };
/// Pages for people.
pub const HTML: Offer =
    Offer { name: "html", media_type: "text/html", also: &["application/xhtml+xml"] };
/// JSON Schema.
pub const SCHEMA: Offer =
    Offer { name: "json", media_type: "application/schema+json", also: &["application/json"] };
/// OpenAPI 3.0.
pub const OPENAPI: Offer = Offer {
    name: "json",
    media_type: "application/vnd.oai.openapi+json;version=3.0",
    also: &["application/openapi+json", "application/json"],
};
/// GeoJSON.
pub const GEOJSON: Offer = Offer {
    name: "json",
    media_type: "application/geo+json",
    also: &["application/json", "application/vnd.geo+json"],
};
/// JSON-FG.
pub const JSONFG: Offer =
    Offer { name: "jsonfg", media_type: "application/vnd.ogc.fg+json", also: &[] };
/// FlatGeobuf.
pub const FGB: Offer = Offer {
    name: "fgb",
    media_type: "application/flatgeobuf",
    also: &["application/vnd.flatgeobuf"],
};
/// TileJSON.
pub const TILEJSON: Offer =
    Offer { name: "tilejson", media_type: "application/vnd.mapbox.tile+json", also: &[] };
/// CSV.
pub const CSV: Offer = Offer { name: "csv", media_type: "text/csv", also: &[] };
/// Workbooks.
pub const XLSX: Offer = Offer {
    name: "xlsx",
    media_type: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    also: &[],
};

/// The offer that `f` names, or the one that `Accept` likes best; the first of equals.
pub fn choose<'o>(
    f: Option<&str>,
    headers: &HeaderMap,
    offers: &[&'o Offer],
) -> Result<&'o Offer, Problem> {
    if let Some(name) = f {
        return offers.iter().find(|offer| offer.name == name).copied().ok_or_else(|| {
            let names: Vec<&str> = offers.iter().map(|offer| offer.name).collect();
            Problem::new(
                Code::InvalidParameter,
                format!("f={name:?} is not offered; use one of: {}", names.join(", ")),
            )
        });
    }
    let accepted: Vec<Range> = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(Range::parse)
        .collect();
    let first = offers.first().copied();
    let best = if accepted.is_empty() {
        first
    } else {
        // Of equal quality, what is named outright comes before what a wildcard lets in.
        let rank = |offer: &Offer| accepted.iter().filter_map(|range| range.rank(offer)).max();
        let ranked = offers.iter().rev().filter_map(|offer| Some((rank(offer)?, *offer)));
        // The last of equals is the first offer.
        let usable = ranked.filter(|((_, quality), _)| *quality > 0);
        usable.max_by_key(|((named, quality), _)| (*quality, *named)).map(|(_, offer)| offer)
    };
    best.ok_or_else(|| {
        let types: Vec<&str> = offers.iter().map(|offer| offer.media_type).collect();
        Problem::new(
            Code::NotAcceptable,
            format!("none of the accepted media types is offered; there is {}", types.join(", ")),
        )
    })
}

/// One media range of `Accept`.
struct Range {
    media_type: String,
    /// Thousandths.
    quality: u16,
}

impl Range {
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(';');
        let media_type = parts.next()?.trim().to_ascii_lowercase();
        if media_type.is_empty() {
            return None;
        }
        let quality = parts
            .find_map(|part| part.trim().strip_prefix("q="))
            .map_or(1.0, |q| q.trim().parse::<f32>().ok().filter(|q| q.is_finite()).unwrap_or(0.0));
        Some(Self { media_type, quality: (quality.clamp(0.0, 1.0) * 1000.0) as u16 })
    }

    /// How closely the range names the offer, and how much it is liked; the closest range rules.
    fn rank(&self, offer: &Offer) -> Option<(u8, u16)> {
        let bare = |media_type: &'static str| media_type.split(';').next().unwrap_or_default();
        let mut types = std::iter::once(offer.media_type).chain(offer.also.iter().copied());
        let named = match self.media_type.as_str() {
            "*/*" | "*" => 0,
            range => match range.strip_suffix("/*") {
                Some(family) => {
                    types.any(|t| bare(t).split('/').next() == Some(family)).then_some(1)?
                }
                None => types.any(|t| bare(t) == range).then_some(2)?,
            },
        };
        Some((named, self.quality))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::*;

    fn check(f: Option<&str>, accept: &str, expected: Option<&str>) {
        let mut headers = HeaderMap::new();
        if !accept.is_empty() {
            headers.insert(header::ACCEPT, accept.parse().unwrap());
        }
        let chosen = choose(f, &headers, &[&GEOJSON, &HTML, &JSONFG, &FGB]).ok();
        assert_eq!(chosen.map(|offer| offer.name), expected, "{f:?} {accept}");
    }

    #[test]
    fn f_wins_then_the_best_named_type() {
        check(Some("html"), "application/json", Some("html"));
        check(Some("xml"), "", None);
        check(None, "", Some("json"));
        check(None, "*/*", Some("json"));
        check(None, "application/geo+json, application/json", Some("json"));
        check(
            None,
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            Some("html"),
        );
        check(None, "text/html,*/*", Some("html"));
        check(None, "text/*", Some("html"));
        check(None, "application/json;q=0.5, text/html;q=0.4", Some("json"));
        check(None, "application/flatgeobuf", Some("fgb"));
        check(None, "application/vnd.ogc.fg+json", Some("jsonfg"));
        check(None, "image/png", None);
        check(None, "application/geo+json;q=0, text/html;q=0", None);
        check(None, "text/html;q=0, */*", Some("json"));
    }

    #[test]
    fn parameters_of_a_type_do_not_hide_it() {
        let mut headers = HeaderMap::new();
        let accept = "application/vnd.oai.openapi+json;version=3.0, application/json";
        headers.insert(header::ACCEPT, accept.parse().unwrap());
        assert_eq!(choose(None, &headers, &[&HTML, &OPENAPI]).unwrap(), &OPENAPI);
    }
}
