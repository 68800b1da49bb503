//! Events of fences posted to the URLs that their owners named: at least once, in order, signed.
//!
//! *Invariants:* only hosts that the operator has listed are spoken to, over https, at an address
//! that was checked to be public after the name was resolved; a redirect is not followed. Nothing
//! of an answer but its status is used.

mod address;
mod client;
mod deliver;
mod target;

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use engine::fences::Fences;

pub use target::{Refusal, Target};

/// What the operator may set.
#[derive(Clone, Debug)]
pub struct WebhookSettings {
    /// Hosts that may be posted to, as `host` (port 443) or `host:port`; none: webhooks are
    /// refused.
    pub hosts: Vec<String>,
    /// For tests of this program alone: lets loopback addresses be posted to, without TLS too.
    pub insecure_loopback: bool,
    /// Longest time for one delivery.
    pub timeout: Duration,
    /// Pause before a failed delivery is tried again; doubled up to ten minutes.
    pub first_pause: Duration,
}

/// The longest pause between attempts.
pub const MAX_PAUSE: Duration = Duration::from_secs(600);

impl Default for WebhookSettings {
    fn default() -> Self {
        Self {
            hosts: Vec::new(),
            insecure_loopback: false,
            timeout: Duration::from_secs(10),
            first_pause: Duration::from_secs(1),
        }
    }
}

/// The webhooks of a server.
#[derive(Debug)]
pub struct Webhooks {
    settings: WebhookSettings,
}

impl Webhooks {
    /// With these settings; nothing is posted before [`Webhooks::start`].
    pub fn new(settings: WebhookSettings) -> Self {
        Self { settings }
    }

    /// Refuses a URL that nothing would be posted to.
    pub fn check(&self, url: &str) -> Result<Target, Refusal> {
        Target::read(url, &self.settings)
    }

    /// Posts the events of `fences` until these are dropped.
    pub fn start(self: &Arc<Self>, fences: &Arc<Fences>) {
        tokio::spawn(deliver::watch(Arc::clone(self), Arc::downgrade(fences)));
    }
}

/// What `Tuban-Signature` says: HMAC-SHA256 of the time, a full stop and the body, in hexadecimal.
fn signature(secret: &str, timestamp: &str, body: &[u8]) -> String {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret.as_bytes());
    let mut context = ring::hmac::Context::with_key(&key);
    context.update(timestamp.as_bytes());
    context.update(b".");
    context.update(body);
    let mut text = String::from("sha256=");
    for byte in context.sign().as_ref() {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_that_of_the_standard() {
        // As `printf '1700000000.{}' | openssl dgst -sha256 -hmac Jefe` prints it.
        let expected = "sha256=d3793e2b4103edfbd98cc19591832f5fad701d413db9fcae0ae7dab8184ed207";
        assert_eq!(signature("Jefe", "1700000000", b"{}"), expected);
    }
}
