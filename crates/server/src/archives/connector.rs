//! How `object_store` speaks HTTP/1.1 here: over our own client and TLS, with connections that are
//! kept, and no answer longer than the longest part of an archive that is read.
//!
//! Proxies of the environment are not used.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderValue, Uri, header};
use http_body_util::{BodyExt, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody,
    HttpResponse, HttpResponseBody, HttpService,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

use crate::tls;

/// Connections to one storage that wait for the next request.
const MAX_IDLE: usize = 16;
/// Longest time until an answer begins.
const ANSWER_TIME: Duration = Duration::from_secs(3);
/// Longest answer, in bytes: more than the longest range that is asked for.
const MAX_ANSWER: usize = 17 << 20;

/// Makes a client for each storage.
#[derive(Clone, Copy, Debug)]
pub struct Connector;

impl HttpConnector for Connector {
    fn connect(&self, _options: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(Client::default()))
    }
}

type Sender = SendRequest<HttpRequestBody>;

#[derive(Debug, Default)]
struct Client {
    /// Connections with the scheme and authority that they lead to.
    idle: Mutex<Vec<(String, Sender)>>,
}

#[async_trait]
impl HttpService for Client {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        match tokio::time::timeout(ANSWER_TIME, self.exchange(request)).await {
            Ok(answer) => answer,
            Err(elapsed) => Err(HttpError::new(HttpErrorKind::Timeout, elapsed)),
        }
    }
}

impl Client {
    async fn exchange(&self, mut request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let uri = std::mem::take(request.uri_mut());
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(refused("a URL without scheme or host"));
        };
        let key = format!("{scheme}://{authority}");
        let path = uri.path_and_query().map_or("/", PathAndQuery::as_str);
        *request.uri_mut() =
            path.parse::<Uri>().map_err(|error| HttpError::new(HttpErrorKind::Unknown, error))?;
        if !request.headers().contains_key(header::HOST) {
            let host = HeaderValue::from_str(authority.as_str());
            let host = host.map_err(|error| HttpError::new(HttpErrorKind::Unknown, error))?;
            request.headers_mut().insert(header::HOST, host);
        }
        let mut sender = match self.kept(&key) {
            Some(sender) => sender,
            None => connect(&uri).await?,
        };
        let answer = sender.send_request(request).await;
        let answer = answer.map_err(|error| HttpError::new(HttpErrorKind::Request, error))?;
        self.keep(key, sender);
        let (parts, body) = answer.into_parts();
        let body = Limited::new(body, MAX_ANSWER)
            .map_err(|error| HttpError::new_boxed(HttpErrorKind::Interrupted, error));
        Ok(HttpResponse::from_parts(parts, HttpResponseBody::new(body)))
    }

    /// A connection whose last answer was read to its end.
    fn kept(&self, key: &str) -> Option<Sender> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|(_, sender)| !sender.is_closed());
        let at = idle.iter().position(|(to, sender)| to == key && sender.is_ready())?;
        Some(idle.swap_remove(at).1)
    }

    fn keep(&self, key: String, sender: Sender) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MAX_IDLE {
            idle.push((key, sender));
        }
    }
}

fn refused(what: &'static str) -> HttpError {
    HttpError::new(HttpErrorKind::Unknown, std::io::Error::other(what))
}

async fn connect(uri: &Uri) -> Result<Sender, HttpError> {
    let failed = |error| HttpError::new(HttpErrorKind::Connect, error);
    let is_secure = uri.scheme_str() == Some("https");
    let host = uri.host().ok_or(refused("a URL without host"))?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let port = uri.port_u16().unwrap_or(if is_secure { 443 } else { 80 });
    let stream = TcpStream::connect((host, port)).await.map_err(failed)?;
    stream.set_nodelay(true).map_err(failed)?;
    if !is_secure {
        return shake_hands(stream).await;
    }
    let name = ServerName::try_from(host.to_owned())
        .map_err(|error| HttpError::new(HttpErrorKind::Unknown, error))?;
    let config = tls::client_config().ok_or(refused(tls::NO_AUTHORITIES))?;
    let stream = TlsConnector::from(config).connect(name, stream).await.map_err(failed)?;
    shake_hands(stream).await
}

async fn shake_hands<S>(stream: S) -> Result<Sender, HttpError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let made = http1::handshake(TokioIo::new(stream)).await;
    let (sender, connection) =
        made.map_err(|error| HttpError::new(HttpErrorKind::Connect, error))?;
    // Ends with the last sender or with the other side.
    tokio::spawn(connection);
    Ok(sender)
}
