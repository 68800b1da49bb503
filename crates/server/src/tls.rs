//! TLS of the clients in this program, with the certificate authorities of this system.

use std::sync::{Arc, OnceLock};

use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};

/// Why there may be no TLS.
pub const NO_AUTHORITIES: &str = "no certificate authority of this system can be read";

/// The configuration, read once; `None` when this system has no certificate authorities.
pub fn client_config() -> Option<Arc<ClientConfig>> {
    static CONFIG: OnceLock<Option<Arc<ClientConfig>>> = OnceLock::new();
    let made = CONFIG.get_or_init(|| {
        let mut roots = RootCertStore::empty();
        let (added, _unusable) =
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let provider = Arc::new(crypto::ring::default_provider());
        let config =
            ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.ok()?.with_root_certificates(roots).with_no_client_auth();
        (added > 0).then(|| Arc::new(config))
    });
    made.clone()
}
