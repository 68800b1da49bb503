//! Content coding and conditional requests: `Accept-Encoding` and `If-None-Match`.

use axum::http::{HeaderMap, header};

/// How a body is coded on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// As it is.
    Identity,
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
}

impl Coding {
    /// As `Content-Encoding` has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}

/// Whether the client accepts a body in this coding: a coding that is named outright, then what a
/// wildcard says of the others (RFC 9110 §12.5.3). Identity is always possible here.
pub fn accepts(headers: &HeaderMap, coding: Coding) -> bool {
    if coding == Coding::Identity {
        return true;
    }
    let (mut named, mut others) = (None, None);
    for value in headers.get_all(header::ACCEPT_ENCODING) {
        for item in value.to_str().unwrap_or_default().split(',') {
            let (name, quality) = name_and_quality(item);
            match name.strip_prefix("x-").unwrap_or(&name) {
                "*" => others = Some(quality),
                name if name == coding.name() => named = Some(quality),
                _ => {}
            }
        }
    }
    named.or(others).is_some_and(|quality| quality > 0.0)
}

/// Lower-case name and quality of one item of `Accept-Encoding`.
fn name_and_quality(item: &str) -> (String, f32) {
    let (name, parameters) = item.split_once(';').unwrap_or((item, ""));
    let quality = parameters
        .trim()
        .strip_prefix("q=")
        .map_or(1.0, |quality| quality.trim().parse().unwrap_or(0.0_f32));
    (name.trim().to_ascii_lowercase(), quality)
}

/// The best coding that the client accepts: zstd, then gzip, at the highest quality named
/// (RFC 9110 §12.5.3). Identity is always possible here.
pub fn accepted_coding(headers: &HeaderMap) -> Coding {
    let mut best = (Coding::Identity, 0.0);
    for value in headers.get_all(header::ACCEPT_ENCODING) {
        for item in value.to_str().unwrap_or_default().split(',') {
            let (name, quality) = name_and_quality(item);
            let coding = match name.as_str() {
                "zstd" => Coding::Zstd,
                "gzip" | "x-gzip" | "*" => Coding::Gzip,
                _ => continue,
            };
            let better = quality > best.1
                || quality > 0.0
                    && (quality - best.1).abs() < f32::EPSILON
                    && coding == Coding::Zstd;
            if better {
                best = (coding, quality);
            }
        }
    }
    best.0
}

/// Whether `If-None-Match` names `etag` (with its quotes), by weak comparison.
pub fn is_unchanged(headers: &HeaderMap, etag: &str) -> bool {
    headers.get_all(header::IF_NONE_MATCH).iter().any(|value| {
        value.to_str().unwrap_or_default().split(',').any(|tag| {
            let tag = tag.trim();
            tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag
        })
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::*;

    #[test]
    fn the_best_accepted_coding_is_chosen() {
        let cases = [
            ("", Coding::Identity),
            ("gzip, deflate", Coding::Gzip),
            ("gzip, deflate, br, zstd", Coding::Zstd),
            ("zstd;q=0.5, gzip", Coding::Gzip),
            ("gzip;q=0", Coding::Identity),
            ("*", Coding::Gzip),
            ("br", Coding::Identity),
            ("identity", Coding::Identity),
            ("GZIP;q=0.8", Coding::Gzip),
        ];
        for (accepted, expected) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, accepted.parse().unwrap());
            assert_eq!(accepted_coding(&headers), expected, "{accepted}");
        }
    }

    #[test]
    fn a_coding_is_accepted_by_name_or_by_wildcard() {
        let cases = [
            ("", [false, false]),
            ("gzip, deflate, br", [true, false]),
            ("X-GZIP", [true, false]),
            ("zstd;q=0.5, gzip;q=0", [false, true]),
            ("*", [true, true]),
            ("*;q=0, gzip", [true, false]),
            ("gzip;q=0, *", [false, true]),
            ("br", [false, false]),
        ];
        for (accepted, expected) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, accepted.parse().unwrap());
            let found = [Coding::Gzip, Coding::Zstd].map(|coding| accepts(&headers, coding));
            assert_eq!(found, expected, "{accepted}");
            assert!(accepts(&headers, Coding::Identity));
        }
    }

    #[test]
    fn etags_match_weakly_and_in_lists() {
        let cases = [
            ("\"a\"", true),
            ("W/\"a\"", true),
            ("\"b\", \"a\"", true),
            ("*", true),
            ("\"b\"", false),
            ("a", false),
        ];
        for (sent, expected) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_NONE_MATCH, sent.parse().unwrap());
            assert_eq!(is_unchanged(&headers, "\"a\""), expected, "{sent}");
        }
    }
}
