//! Who may change something from a browser: pages of this server's own origin, and those that
//! the operator names. Otherwise any page that a user happens to open could write to a server on
//! the same machine. Programs that send no `Origin` are no browsers.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::problem::{Code, Problem};
use crate::state::App;

/// Refuses a request that is not safe (RFC 9110, 9.2.1) and comes from a page of another origin.
pub async fn refuse_other_origins(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Response {
    if request.method().is_safe() {
        return next.run(request).await;
    }
    let Some(origin) = request.headers().get(header::ORIGIN) else {
        return next.run(request).await;
    };
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(peer)| peer.ip());
    let origin = origin.to_str().unwrap_or_default();
    let settings = &app.settings;
    let named = settings.edit_origins.iter().any(|named| named.trim_end_matches('/') == origin);
    if named
        || is_own(&settings.links.base(peer, request.headers()), origin, || {
            settings.links.public_url.is_some() || settings.links.trusted_proxies.contains(&peer)
        })
    {
        return next.run(request).await;
    }
    let shown: String = origin.chars().take(100).collect();
    let detail = format!(
        "a page of {shown:?} may not change anything here; name it in edit_origins of the \
         configuration if it may"
    );
    Problem::new(Code::ForeignOrigin, detail).into_response()
}

/// Whether `origin` is that of `base`. A name that leads to this machine today may have been
/// another's a minute ago, so that only addresses, `localhost` and what the operator vouches for
/// count.
fn is_own(base: &str, origin: &str, vouched: impl FnOnce() -> bool) -> bool {
    let Some((scheme, rest)) = base.split_once("://") else { return false };
    let authority = rest.split('/').next().unwrap_or_default();
    if format!("{scheme}://{authority}") != origin {
        return false;
    }
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    host == "localhost" || host.parse::<IpAddr>().is_ok() || vouched()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_own_by_address_or_by_the_operators_word() {
        for (base, origin, vouched, expected) in [
            ("http://localhost:8080", "http://localhost:8080", false, true),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080", false, true),
            ("http://[::1]:8080", "http://[::1]:8080", false, true),
            ("http://localhost:8080", "http://localhost:9090", false, false),
            ("http://localhost:8080", "https://localhost:8080", false, false),
            ("http://localhost:8080", "null", false, false),
            ("http://localhost:8080", "http://evil.example", false, false),
            // A name of somebody else's that leads here.
            ("http://evil.example:8080", "http://evil.example:8080", false, false),
            ("https://map.example/tuban", "https://map.example", true, true),
            ("https://map.example/tuban", "https://other.example", true, false),
        ] {
            assert_eq!(is_own(base, origin, || vouched), expected, "{origin} at {base}");
        }
    }
}
