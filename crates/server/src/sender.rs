//! Who sends a request and from where, for the audit log.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap};
use engine::audit::AuditEntry;
use engine::now;

use crate::access::Standing;
use crate::actor::Actor;
use crate::state::App;

/// Who sends a request, whether a token was shown or not, and the address that it came from.
#[derive(Clone, Debug)]
pub struct Sender {
    /// Who.
    pub standing: Standing,
    /// The address of the client, as far as proxies that are trusted tell it.
    pub address: IpAddr,
}

impl Sender {
    /// Who sends a request with these headers and extensions.
    pub fn of(app: &App, (headers, extensions): (&HeaderMap, &Extensions)) -> Self {
        let peer = extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(peer)| peer.ip());
        // The door has said it of every request.
        let standing = extensions.get().cloned().unwrap_or(Standing::Anonymous);
        Self { standing, address: app.settings.links.client(peer, headers) }
    }

    /// The account, where a token was shown that is taken.
    pub fn account(&self) -> Option<&Actor> {
        self.standing.account()
    }

    /// An entry of the audit log, of now: done, and nothing else said of it.
    pub fn entry(&self, action: &str, object: impl Into<String>) -> AuditEntry {
        let local = matches!(self.standing, Standing::Local).then(Actor::local);
        let actor = self.account().or(local.as_ref());
        AuditEntry {
            role: actor.map(|actor| actor.account_role_word().to_owned()),
            ip: Some(self.address.to_string()),
            ..AuditEntry::of(now(), actor.map_or("", Actor::name), action, object)
        }
    }
}

impl FromRequestParts<Arc<App>> for Sender {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Infallible> {
        Ok(Self::of(app, (&parts.headers, &parts.extensions)))
    }
}
