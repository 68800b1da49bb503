//! One POST over HTTP/1.1 to an address that was checked, with or without TLS.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

use super::target::{Refusal, Target};
use crate::tls;

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
    #[error("{}", tls::NO_AUTHORITIES)]
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
    let config = tls::client_config().ok_or(Failure::NoAuthorities)?;
    let stream = TlsConnector::from(config).connect(name, stream).await?;
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
