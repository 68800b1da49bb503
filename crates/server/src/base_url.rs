//! The URL that clients reach this server by, for absolute links.

use std::net::IpAddr;

use axum::http::{HeaderMap, header};

/// How links are made absolute.
#[derive(Clone, Debug, Default)]
pub struct LinkSettings {
    /// Set by the operator; wins over everything else. No slash at the end.
    pub public_url: Option<String>,
    /// Proxies whose `Forwarded` and `X-Forwarded-*` headers are believed.
    pub trusted_proxies: Vec<IpAddr>,
}

impl LinkSettings {
    /// Whether `url` can be the start of every link: a scheme, a host and perhaps a path; or
    /// empty, when links are made from the request.
    pub fn is_base(url: &str) -> bool {
        let Some(rest) = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))
        else {
            return url.is_empty();
        };
        let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        is_host(host) && (path.is_empty() || is_prefix(path))
    }

    /// Scheme, host and prefix of links in the answer to a request from `peer`, without a slash
    /// at the end. `Host` is checked: what cannot be a host is never written into a link.
    pub fn base(&self, peer: IpAddr, headers: &HeaderMap) -> String {
        if let Some(url) = &self.public_url {
            return url.trim_end_matches('/').to_owned();
        }
        let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
        let mut scheme = "http".to_owned();
        let mut host = text(header::HOST.as_str()).map(str::to_owned);
        let mut prefix = String::new();
        if self.trusted_proxies.contains(&peer) {
            if let Some(forwarded) = text("forwarded") {
                for (key, value) in forwarded_pairs(forwarded) {
                    match key.as_str() {
                        "proto" => scheme = value,
                        "host" => host = Some(value),
                        _ => {}
                    }
                }
            } else {
                let first = |name| {
                    text(name).and_then(|v| v.split(',').next()).map(|v| v.trim().to_owned())
                };
                if let Some(value) = first("x-forwarded-proto") {
                    scheme = value;
                }
                if let Some(value) = first("x-forwarded-host") {
                    host = Some(value);
                }
                if let Some(value) = first("x-forwarded-prefix") {
                    prefix = value.trim_end_matches('/').to_owned();
                }
            }
        }
        let scheme = if scheme == "https" { "https" } else { "http" };
        let host = host.filter(|host| is_host(host)).unwrap_or_else(|| "localhost".to_owned());
        let prefix = if is_prefix(&prefix) { prefix } else { String::new() };
        format!("{scheme}://{host}{prefix}")
    }
}

impl LinkSettings {
    /// The address of the client of a request from `peer`: of what trusted proxies tell, the last
    /// one that is no such proxy itself.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        if !self.trusted_proxies.contains(&peer) {
            return peer;
        }
        let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
        let mut told: Vec<IpAddr> = match text("forwarded") {
            Some(forwarded) => {
                let mut addresses = Vec::new();
                for element in forwarded.split(',') {
                    let of = forwarded_pairs(element).find(|(key, _)| key == "for");
                    addresses.extend(of.and_then(|(_, value)| address(&value)));
                }
                addresses
            }
            None => {
                let said = text("x-forwarded-for").unwrap_or_default();
                said.split(',').filter_map(|part| address(part.trim())).collect()
            }
        };
        while told.last().is_some_and(|last| self.trusted_proxies.contains(last)) {
            told.pop();
        }
        told.pop().unwrap_or(peer)
    }
}

/// An address, with or without brackets and port.
fn address(text: &str) -> Option<IpAddr> {
    let with_port = || text.parse::<std::net::SocketAddr>().ok().map(|found| found.ip());
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    bare.parse().ok().or_else(with_port)
}

/// The pairs of the first element of a `Forwarded` header (RFC 7239), keys in lower case.
fn forwarded_pairs(header: &str) -> impl Iterator<Item = (String, String)> {
    header.split(',').next().unwrap_or_default().split(';').filter_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        Some((key.trim().to_ascii_lowercase(), value.trim().trim_matches('"').to_owned()))
    })
}

fn is_host(host: &str) -> bool {
    !host.is_empty()
        && host.len() <= 255
        && host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:[]_".contains(&b))
}

fn is_prefix(prefix: &str) -> bool {
    prefix.starts_with('/')
        && !prefix.starts_with("//")
        && prefix.bytes().all(|b| b.is_ascii_alphanumeric() || b"/.-_~".contains(&b))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::*;

    fn check_base(settings: &LinkSettings, sent: &[(&'static str, &str)], expected: &str) {
        let mut headers = HeaderMap::new();
        for (name, value) in sent {
            headers.insert(*name, value.parse().unwrap());
        }
        let base = settings.base("10.0.0.1".parse().unwrap(), &headers);
        assert_eq!(base, expected, "{sent:?}");
    }

    #[test]
    fn forwarded_headers_count_from_trusted_proxies_only() {
        let plain = LinkSettings::default();
        let trusting = LinkSettings {
            trusted_proxies: vec!["10.0.0.1".parse().unwrap()],
            ..LinkSettings::default()
        };
        let fixed = LinkSettings {
            public_url: Some("https://map.example/tuban/".into()),
            ..LinkSettings::default()
        };
        let forwarded = [("host", "a:8080"), ("forwarded", "proto=https;host=\"b\", host=c")];
        check_base(&plain, &[("host", "a:8080")], "http://a:8080");
        check_base(&plain, &forwarded, "http://a:8080");
        check_base(&trusting, &forwarded, "https://b");
        check_base(&fixed, &forwarded, "https://map.example/tuban");
        let proxied = [
            ("host", "a"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "map.example"),
            ("x-forwarded-prefix", "/t/"),
        ];
        check_base(&trusting, &proxied, "https://map.example/t");
        check_base(&plain, &[("host", "a\"><script>")], "http://localhost");
        check_base(&plain, &[], "http://localhost");
    }

    #[test]
    fn a_public_url_is_scheme_host_and_path() {
        for (url, expected) in [
            ("", true),
            ("https://map.example", true),
            ("http://[::1]:8080/tuban/", true),
            ("map.example", false),
            ("https://", false),
            ("ftp://a", false),
            ("https://a/?q", false),
            ("https://a b", false),
        ] {
            assert_eq!(LinkSettings::is_base(url), expected, "{url}");
        }
    }

    #[test]
    fn a_client_is_known_through_trusted_proxies_only() {
        let proxy: IpAddr = "10.0.0.1".parse().unwrap();
        let trusting = LinkSettings {
            trusted_proxies: vec![proxy, "10.0.0.2".parse().unwrap()],
            ..LinkSettings::default()
        };
        for (name, sent, expected) in [
            ("x-forwarded-for", "192.0.2.7", "192.0.2.7"),
            ("x-forwarded-for", "6.6.6.6, 192.0.2.7, 10.0.0.2", "192.0.2.7"),
            ("x-forwarded-for", "nonsense", "10.0.0.1"),
            ("forwarded", "for=192.0.2.7;proto=https", "192.0.2.7"),
            ("forwarded", "for=\"[2001:db8::1]:4711\"", "2001:db8::1"),
            ("x-other", "192.0.2.7", "10.0.0.1"),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(name, sent.parse().unwrap());
            let found = trusting.client(proxy, &headers).to_string();
            assert_eq!(found, expected, "{name}: {sent}");
            let plain = LinkSettings::default().client(proxy, &headers);
            assert_eq!(plain, proxy, "{name}: {sent}");
        }
    }
}
