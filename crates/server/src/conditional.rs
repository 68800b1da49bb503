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

/// The best coding that the client accepts: zstd, then gzip, at the highest quality named
/// (RFC 9110 §12.5.3). Identity is always possible here.
pub fn accepted_coding(headers: &HeaderMap) -> Coding {
    let mut best = (Coding::Identity, 0.0);
    for value in headers.get_all(header::ACCEPT_ENCODING) {
        for item in value.to_str().unwrap_or_default().split(',') {
            let (name, parameters) = item.split_once(';').unwrap_or((item, ""));
            let quality = parameters
                .trim()
                .strip_prefix("q=")
                .map_or(1.0, |q| q.trim().parse().unwrap_or(0.0_f32));
            let coding = match name.trim().to_ascii_lowercase().as_str() {
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
