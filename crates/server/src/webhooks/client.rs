//! One POST over HTTP/1.1 to an address that was checked, with or without TLS.

use std::sync::{Arc, OnceLock};

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};

use super::target::{Refusal, Target};

/// Why a delivery failed.
#[derive(Debug, Error)]
pub enum Failure {
    /// Nothing may be posted there.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The connection failed.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// The other side does not speak HTTP, or hung up.
    #[error("{0}")]
    Http(#[from] hyper::Error),
    /// The request could not be made.
    #[error("{0}")]
    Request(#[from] axum::http::Error),
    /// The certificates of this system cannot be used.
    #[error("no certificate authority of this system can be read")]
    NoAuthorities,
    /// The host has no name that a certificate could be for.
    #[error("{0:?} is no name of a host")]
    Name(String),
    /// It answered that it did not take the delivery. Redirects are not followed.
    #[error("it answered {0}")]
    Status(StatusCode),
    /// It took too long.
    #[error("it did not answer in time")]
    Timeout,
}

/// Posts `body` with these headers; the answer must be of the class 2xx.
pub async fn post(
    target: &Target,
    headers: &[(&str, String)],
    body: Vec<u8>,
) -> Result<(), Failure> {
    let address = target.resolve().await?;
    let mut request = Request::post(&target.path)
        .header(header::HOST, target.to_string())
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::USER_AGENT, concat!("tuban/", env!("CARGO_PKG_VERSION")))
        .header(header::CONTENT_LENGTH, body.len())
        .header(header::CONNECTION, "close");
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    let request = request.body(Body::from(body))?;
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    if !target.is_secure {
        return exchange(stream, request).await;
    }
    let name = ServerName::try_from(target.host.clone())
        .map_err(|_no_name| Failure::Name(target.host.clone()))?;
    let stream = TlsConnector::from(config()?).connect(name, stream).await?;
    exchange(stream, request).await
}

async fn exchange<S>(stream: S, request: Request<Body>) -> Result<(), Failure>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let answer = sender.send_request(request).await;
    // The body of the answer is not wanted.
    connection.abort();
    match answer?.status() {
        status if status.is_success() => Ok(()),
        status => Err(Failure::Status(status)),
    }
}

/// TLS with the certificate authorities of this system, read once.
fn config() -> Result<Arc<ClientConfig>, Failure> {
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
    made.clone().ok_or(Failure::NoAuthorities)
}
