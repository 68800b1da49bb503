//! Tokens as their bearers have them, and where a request carries one.

use axum::extract::Request;
use axum::http::{HeaderMap, Uri, header};
use engine::accounts::TokenHash;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};

/// What every token begins with, so that programs that look for leaked secrets know one.
const PREFIX: &str = "tuban_";
/// Random bytes of a token.
const SECRET_BYTES: usize = 32;
/// Longest text that is looked up; a token is shorter.
const MAX_BYTES: usize = 200;
/// Parameter of a URL that carries a token, for clients that cannot send headers.
pub const PARAMETER: &str = "token";

/// What stands before a token in a path.
const PATH_PREFIX: &str = "/t/";

/// The system has no random numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the system has no random numbers to make a token of; try again later")]
pub struct NoRandomness;

/// A new token: `tuban_` and 256 random bits in hexadecimal digits.
pub fn new_token() -> Result<String, NoRandomness> {
    use std::fmt::Write;
    let mut secret = [0; SECRET_BYTES];
    SystemRandom::new().fill(&mut secret).map_err(|_unspecified| NoRandomness)?;
    let mut text = PREFIX.to_owned();
    for byte in secret {
        let _ = write!(text, "{byte:02x}");
    }
    Ok(text)
}

/// What a store keeps of a token.
pub fn hash_of(token: &str) -> TokenHash {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
    hash
}

/// The token of `Authorization: Bearer TOKEN`; another scheme is somebody else's business, such as
/// that of a proxy in between.
pub(super) fn in_headers(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Takes the parameter [`PARAMETER`] out of the URL of a request, whatever the case of its name;
/// the last of several counts.
pub(super) fn take_from_url<B>(request: &mut Request<B>) -> Option<String> {
    let query = request.uri().query()?;
    let is_token = |pair: &&str| {
        let name = pair.split('=').next().unwrap_or_default();
        name.eq_ignore_ascii_case(PARAMETER)
    };
    let pair = query.split('&').rfind(is_token)?;
    let token = pair.split_once('=').map_or("", |(_, token)| token).to_owned();
    let kept: Vec<&str> = query.split('&').filter(|pair| !is_token(pair)).collect();
    let (path, kept) = (request.uri().path(), kept.join("&"));
    let target = if kept.is_empty() { path.to_owned() } else { format!("{path}?{kept}") };
    let mut parts = request.uri().clone().into_parts();
    parts.path_and_query = target.parse().ok();
    // A part of what was a URI is one.
    *request.uri_mut() = Uri::from_parts(parts).unwrap_or_default();
    Some(token)
}

/// Takes `/t/TOKEN` from the beginning of the path of a request, for clients that keep the URL of tiles
/// as it is and nothing else of it.
pub(super) fn take_from_path<B>(request: &mut Request<B>) -> Option<String> {
    let rest = request.uri().path().strip_prefix(PATH_PREFIX)?;
    let (token, path) = rest.split_once('/').unwrap_or((rest, ""));
    if !token.starts_with(PREFIX) {
        return None;
    }
    let query = request.uri().query().map_or(String::new(), |query| format!("?{query}"));
    let (token, target) = (token.to_owned(), format!("/{path}{query}"));
    let mut parts = request.uri().clone().into_parts();
    parts.path_and_query = target.parse().ok();
    // A part of what was a URI is one.
    *request.uri_mut() = Uri::from_parts(parts).unwrap_or_default();
    Some(token)
}

/// The hash to look a text up by; none for what is no token by its looks.
pub(super) fn looked_up(text: &str) -> Option<TokenHash> {
    (text.starts_with(PREFIX) && text.len() <= MAX_BYTES).then(|| hash_of(text))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::*;

    #[test]
    fn a_token_is_long_random_and_known_by_its_looks() {
        let [first, second] = [0; 2].map(|_| new_token().unwrap());
        assert_ne!(first, second);
        let secret = first.strip_prefix("tuban_").unwrap();
        assert!(secret.len() == 64 && secret.bytes().all(|b| b.is_ascii_hexdigit()), "{first}");
        assert_eq!(looked_up(&first), Some(hash_of(&first)));
        for other in ["", "tuban", &first[1..], &first.repeat(10)] {
            assert_eq!(looked_up(other), None, "{other}");
        }
        // FIPS 180-2, appendix B.1.
        assert_eq!(hash_of("abc")[..4], [0xba, 0x78, 0x16, 0xbf]);
    }

    #[test]
    fn a_url_loses_its_token_and_nothing_else() {
        for (sent, token, left) in [
            ("/a?token=t", Some("t"), "/a"),
            ("/a?f=json&token=t&limit=1", Some("t"), "/a?f=json&limit=1"),
            ("/a?TOKEN=t&f=json", Some("t"), "/a?f=json"),
            ("/a?token=t&token=u", Some("u"), "/a"),
            ("/a?token", Some(""), "/a"),
            ("/a?tokens=t&x=token=u", None, "/a?tokens=t&x=token=u"),
            ("/a?", None, "/a?"),
            ("/a", None, "/a"),
        ] {
            let mut request = Request::builder().uri(sent).body(()).unwrap();
            assert_eq!(take_from_url(&mut request).as_deref(), token, "{sent}");
            assert_eq!(request.uri().to_string(), left, "{sent}");
        }
    }

    #[test]
    fn a_path_loses_its_token_and_nothing_else() {
        for (sent, token, left) in [
            ("/t/tuban_1/xyz/a/1/2/3.mvt", Some("tuban_1"), "/xyz/a/1/2/3.mvt"),
            ("/t/tuban_1/a?f=json", Some("tuban_1"), "/a?f=json"),
            ("/t/tuban_1", Some("tuban_1"), "/"),
            ("/t/other/a", None, "/t/other/a"),
            ("/tiles/tuban_1", None, "/tiles/tuban_1"),
        ] {
            let mut request = Request::builder().uri(sent).body(()).unwrap();
            assert_eq!(take_from_path(&mut request).as_deref(), token, "{sent}");
            assert_eq!(request.uri().to_string(), left, "{sent}");
        }
    }

    #[test]
    fn only_a_bearer_carries_a_token() {
        for (value, expected) in [
            ("Bearer t", Some("t")),
            ("bearer  t ", Some("t")),
            ("Basic dTpw", None),
            ("Bearer", None),
            ("t", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, value.parse().unwrap());
            assert_eq!(in_headers(&headers), expected, "{value}");
        }
    }
}
