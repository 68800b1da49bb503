//! Who sends a request and from where, for the audit log.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use engine::audit::AuditEntry;
use engine::now;

use crate::access::Standing;
use crate::actor::Actor;
use crate::state::App;

/// Who sends a request, whether a token was shown or not, and the address that it came from.
#[derive(Clone, Debug)]
pub struct Sender {
    /// None for whoever showed no token that is taken.
    pub actor: Option<Actor>,
    /// That of the client, as far as proxies that are trusted tell it.
    pub address: IpAddr,
}

impl Sender {
    /// An entry of the audit log, of now: done, and nothing else said of it.
    pub fn entry(&self, action: &str, object: impl Into<String>) -> AuditEntry {
        let actor = self.actor.as_ref();
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
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(peer)| peer.ip());
        let actor = match parts.extensions.get::<Standing>() {
            Some(Standing::Local) => Some(Actor::local()),
            Some(standing) => standing.account().cloned(),
            None => None,
        };
        Ok(Self { actor, address: app.settings.links.client(peer, &parts.headers) })
    }
}
