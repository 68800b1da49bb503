//! The URL of a webhook: what may be posted to, and at which address it is reached.

use std::fmt;
use std::net::SocketAddr;

use axum::http::Uri;
use thiserror::Error;
use tokio::net::lookup_host;

use super::WebhookSettings;
use super::address::is_public;

/// Why nothing is posted.
#[derive(Debug, Error)]
pub enum Refusal {
    /// It is no URL that is posted to.
    #[error("{0}; send https://HOST/PATH")]
    Url(&'static str),
    /// The operator has not listed the host.
    #[error("host {0:?} is not listed under webhooks.hosts in the configuration of this server")]
    Host(String),
    /// The name has no address, or its name server did not answer.
    #[error("host {host:?} is not found: {reason}")]
    Unresolved {
        /// The name.
        host: String,
        /// What the resolver said.
        reason: String,
    },
    /// One of the addresses of the host is no public one.
    #[error("host {host:?} has the address {address}, which is not on the public internet")]
    Address {
        /// The name.
        host: String,
        /// The address.
        address: SocketAddr,
    },
}

/// Where events are posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Name or address, without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Path and query.
    pub path: String,
    /// Whether TLS is spoken.
    pub is_secure: bool,
    /// Whether it may lie on this machine: in tests alone.
    is_local: bool,
}

impl Target {
    /// Reads the URL of a webhook; refuses what the settings do not allow.
    pub(super) fn read(url: &str, settings: &WebhookSettings) -> Result<Self, Refusal> {
        let uri: Uri = url.parse().map_err(|_unreadable| Refusal::Url("it is no URL"))?;
        let authority = uri.authority().ok_or(Refusal::Url("it names no host"))?;
        if authority.as_str().contains('@') {
            return Err(Refusal::Url("it holds a user name"));
        }
        if url.contains('#') {
            return Err(Refusal::Url("it has a fragment"));
        }
        let named = authority.host();
        let host = named.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let host = host.unwrap_or(named).trim_end_matches('.').to_ascii_lowercase();
        let port = match authority.as_str().strip_prefix(named) {
            Some("") => None,
            _ => Some(authority.port_u16().ok_or(Refusal::Url("its port is no number"))?),
        };
        let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        let is_loopback = host == "localhost"
            || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
        let is_local = settings.insecure_loopback && is_loopback;
        match uri.scheme_str() {
            Some("https") => {}
            Some("http") if is_local => {
                let port = port.unwrap_or(80);
                return Ok(Self { host, port, path, is_secure: false, is_local });
            }
            Some("http") => return Err(Refusal::Url("http is not encrypted")),
            _ => return Err(Refusal::Url("its scheme is not https")),
        }
        let port = port.unwrap_or(443);
        let with_port = format!("{host}:{port}");
        let is_listed = settings.hosts.iter().any(|listed| {
            let listed = listed.to_ascii_lowercase();
            listed == with_port || port == 443 && listed == host
        });
        if !is_listed && !is_local {
            return Err(Refusal::Host(host));
        }
        Ok(Self { host, port, path, is_secure: true, is_local })
    }

    /// An address of the host, checked; where one of several is not public, none is taken.
    pub(super) async fn resolve(&self) -> Result<SocketAddr, Refusal> {
        let unresolved = |reason: String| Refusal::Unresolved { host: self.host.clone(), reason };
        let found = lookup_host((self.host.as_str(), self.port)).await;
        let found: Vec<SocketAddr> =
            found.map_err(|error| unresolved(error.to_string()))?.collect();
        let allowed = |address: &SocketAddr| match self.is_local {
            true => address.ip().is_loopback(),
            false => is_public(address.ip()),
        };
        if let Some(address) = found.iter().find(|address| !allowed(address)) {
            return Err(Refusal::Address { host: self.host.clone(), address: *address });
        }
        found.first().copied().ok_or_else(|| unresolved("it has no address".to_owned()))
    }
}

impl fmt::Display for Target {
    /// What `Host` says.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]", self.host)?,
            false => f.write_str(&self.host)?,
        }
        let usual = if self.is_secure { 443 } else { 80 };
        if self.port == usual { Ok(()) } else { write!(f, ":{}", self.port) }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::*;

    fn read(url: &str, hosts: &[&str], insecure_loopback: bool) -> Result<Target, Refusal> {
        let hosts = hosts.iter().map(|host| (*host).to_owned()).collect();
        Target::read(url, &WebhookSettings { hosts, insecure_loopback, ..Default::default() })
    }

    #[test]
    fn only_listed_hosts_over_tls() {
        const HOSTS: [&str; 3] = ["hooks.example", "other.example:8443", "Upper.Example"];
        for (url, expected) in [
            ("https://hooks.example/a?b=c", Some("hooks.example")),
            ("https://hooks.example", Some("hooks.example")),
            ("https://HOOKS.example./a", Some("hooks.example")),
            ("https://upper.example/", Some("upper.example")),
            ("https://other.example:8443/a", Some("other.example:8443")),
            ("https://other.example/a", None),
            ("https://hooks.example:8443/a", None),
            ("https://hooks.example.evil/a", None),
            ("https://evil/hooks.example", None),
            ("https://hooks.example@evil/a", None),
            ("https://user@hooks.example/a", None),
            ("http://hooks.example/a", None),
            ("http://127.0.0.1:80/a", None),
            ("ftp://hooks.example/a", None),
            ("hooks.example/a", None),
            ("/a", None),
            ("https://", None),
            ("https://hooks.example/a#b", None),
            ("https://hooks.example:x/a", None),
            ("https://127.0.0.1/a", None),
        ] {
            let target = read(url, &HOSTS, false).ok();
            assert_eq!(target.map(|target| target.to_string()).as_deref(), expected, "{url}");
        }
        assert!(read("https://hooks.example/a", &[], false).is_err(), "no list, no webhook");
    }

    #[test]
    fn plain_http_is_for_loopback_and_tests_alone() {
        for (url, expected) in [
            ("http://127.0.0.1:9/a", true),
            ("http://[::1]:9/a", true),
            ("http://localhost:9/a", true),
            ("http://10.0.0.1/a", false),
            ("http://hooks.example/a", false),
        ] {
            assert_eq!(read(url, &["hooks.example"], true).is_ok(), expected, "{url}");
            assert!(read(url, &["hooks.example", "127.0.0.1:9"], false).is_err(), "{url}");
        }
    }

    #[tokio::test]
    async fn an_address_is_checked_after_the_name_is_resolved() {
        // Names and addresses that resolve without any name server.
        for host in [
            "localhost",
            "127.0.0.1",
            "10.1.2.3",
            "169.254.169.254",
            "[::1]",
            "[::ffff:10.0.0.1]",
            "100.64.0.9",
            "224.0.0.1",
            "0.0.0.0",
        ] {
            let bare = host.trim_matches(['[', ']']);
            let target = read(&format!("https://{host}/"), &[bare], false).unwrap();
            let refusal = target.resolve().await.unwrap_err();
            assert!(matches!(refusal, Refusal::Address { .. }), "{host}: {refusal}");
        }
        let target = read("https://1.1.1.1/", &["1.1.1.1"], false).unwrap();
        assert_eq!(target.resolve().await.unwrap().to_string(), "1.1.1.1:443");
        let local = read("http://127.0.0.1:9/", &[], true).unwrap();
        assert_eq!(local.resolve().await.unwrap().port(), 9);
    }
}
