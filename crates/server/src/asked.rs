//! What a handler knows of a request: where it came in, its raw query, its headers.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::HeaderMap;
use axum::http::request::Parts;

use crate::access::Standing;
use crate::negotiate::{Offer, choose};
use crate::problem::Problem;
use crate::query_string::{QueryString, encode};
use crate::sender::Sender;
use crate::state::App;

/// One request.
#[derive(Debug)]
pub struct Asked {
    /// Scheme, host and prefix of links, without a slash at the end.
    pub base: String,
    /// The path as it was sent.
    pub path: String,
    /// The query as it was sent, without `?`.
    pub raw_query: Option<String>,
    /// The headers.
    pub headers: HeaderMap,
    /// Who asks.
    pub standing: Standing,
    /// The address that it came from.
    pub address: IpAddr,
}

impl FromRequestParts<Arc<App>> for Asked {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(peer)| peer.ip());
        Ok(Self {
            base: app.settings.links.base(peer, &parts.headers),
            path: escaped(parts.uri.path()),
            raw_query: parts.uri.query().map(escaped),
            address: app.settings.links.client(peer, &parts.headers),
            headers: parts.headers.clone(),
            // The door has said it of every request.
            standing: parts.extensions.get().cloned().unwrap_or(Standing::Anonymous),
        })
    }
}

impl Asked {
    /// Who asks and from where.
    pub fn sender(&self) -> Sender {
        Sender { standing: self.standing.clone(), address: self.address }
    }

    /// The parameters; one that is not in `known` is refused.
    pub fn query(&self, known: &[&str]) -> Result<QueryString, Problem> {
        QueryString::parse(self.raw_query.as_deref(), known)
    }

    /// For resources whose only parameter is `f`: the encoding.
    pub fn format<'o>(&self, offers: &[&'o Offer]) -> Result<&'o Offer, Problem> {
        choose(self.query(&["f"])?.value("f"), &self.headers, offers)
    }

    /// The URL asked for.
    pub fn href(&self) -> String {
        let query = self.raw_query.as_deref().filter(|query| !query.is_empty());
        let query = query.map_or(String::new(), |query| format!("?{query}"));
        format!("{}{}{query}", self.base, self.path)
    }

    /// The URL asked for with `key` set to `value`.
    pub fn href_with(&self, key: &str, value: &str) -> String {
        let pairs = self.raw_query.as_deref().unwrap_or_default().split('&');
        let kept = pairs.filter(|pair| {
            !pair.is_empty() && pair.split('=').next().is_some_and(|name| name != key)
        });
        let mut query: String = kept.flat_map(|pair| [pair, "&"]).collect();
        query.push_str(key);
        query.push('=');
        query.push_str(&encode(value));
        format!("{}{}?{query}", self.base, self.path)
    }

    /// The URL of the same resource, without a query.
    pub fn resource(&self) -> String {
        format!("{}{}", self.base, self.path)
    }
}

/// `text` of a URL with what may not stand in one, as some clients send it, percent-encoded.
fn escaped(text: &str) -> String {
    use std::fmt::Write;
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_repeats_the_query_but_for_one_key() {
        let asked = Asked {
            base: "http://a".to_owned(),
            path: escaped("/collections/村/items"),
            raw_query: Some(escaped("q=村&f=html&limit=2&f=json&\"<")),
            headers: HeaderMap::new(),
            standing: Standing::Local,
            address: Ipv4Addr::LOCALHOST.into(),
        };
        assert_eq!(
            asked.href_with("f", "csv"),
            "http://a/collections/%E6%9D%91/items?q=%E6%9D%91&limit=2&%22%3C&f=csv"
        );
        assert_eq!(asked.resource(), "http://a/collections/%E6%9D%91/items");
    }
}
