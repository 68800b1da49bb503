//! Objects by URL: `s3://BUCKET/KEY` in storage that speaks S3, `https://HOST/PATH` on a web server.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::http::Uri;
use object_store::aws::AmazonS3Builder;
use object_store::http::HttpBuilder;
use object_store::path::Path as ObjectPath;
use object_store::{BackoffConfig, ObjectStore, RetryConfig};
use thiserror::Error;

use super::connector::Connector;

/// The region that storage other than Amazon's is content with.
const REGION: &str = "us-east-1";
/// Attempts and their time altogether: the asker of a tile waits meanwhile.
const RETRIES: usize = 2;
const RETRY_TIME: Duration = Duration::from_secs(3);

/// With what requests to storage are signed.
#[derive(Clone)]
pub struct StorageKeys {
    /// Which key.
    pub id: String,
    /// The key.
    pub secret: String,
    /// Of keys that are lent for some time: the token that goes with them.
    pub token: Option<String>,
}

impl fmt::Debug for StorageKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StorageKeys(not shown)")
    }
}

/// A URL under which no archive can be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{url:?} {reason}; s3://BUCKET/KEY.pmtiles or https://HOST/PATH.pmtiles is expected")]
pub struct UnusableUrl {
    /// What was given.
    pub url: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

/// Where an object is.
#[derive(Clone, Debug)]
pub struct ObjectAddress {
    url: String,
    /// Bucket, or scheme and host with their port.
    whole: String,
    path: ObjectPath,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    S3 { endpoint: Option<String>, region: String, keys: Option<StorageKeys> },
    Web,
}

impl ObjectAddress {
    /// Reads a URL of a web server.
    pub fn web(url: &str) -> Result<Self, UnusableUrl> {
        Self::read(url, &["http", "https"], Kind::Web)
    }

    /// Reads an `s3://` URL. Without `endpoint` the storage is Amazon's, without `keys` nothing is
    /// signed, as public buckets want it.
    pub fn s3(
        url: &str,
        endpoint: Option<String>,
        region: Option<String>,
        keys: Option<StorageKeys>,
    ) -> Result<Self, UnusableUrl> {
        let region = region.unwrap_or_else(|| REGION.to_owned());
        if let Some(endpoint) = &endpoint {
            Self::read(&format!("{endpoint}/x"), &["http", "https"], Kind::Web)?;
        }
        Self::read(url, &["s3"], Kind::S3 { endpoint, region, keys })
    }

    fn read(url: &str, schemes: &[&str], kind: Kind) -> Result<Self, UnusableUrl> {
        let refused = |reason| UnusableUrl { url: url.to_owned(), reason };
        let uri: Uri = url.parse().map_err(|_unreadable| refused("is no URL"))?;
        let scheme = uri.scheme_str().filter(|scheme| schemes.contains(scheme));
        let scheme = scheme.ok_or(refused("begins with another scheme"))?;
        let authority = uri.authority().ok_or(refused("names no host or bucket"))?.as_str();
        if authority.contains('@') {
            return Err(refused("holds a name or password, which URLs do not keep to themselves"));
        }
        if uri.query().is_some() {
            return Err(refused("has a query, which is not sent on"));
        }
        let path = ObjectPath::from_url_path(uri.path());
        let path = path.map_err(|_unusable| refused("has a path that no object can have"))?;
        if path.as_ref().is_empty() {
            return Err(refused("names no object"));
        }
        let whole = match kind {
            Kind::S3 { .. } => authority.to_owned(),
            Kind::Web => format!("{scheme}://{authority}"),
        };
        Ok(Self { url: url.to_owned(), whole, path, kind })
    }
}

impl fmt::Display for ObjectAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}

/// The storage of the object, and the object's path there. Nothing is asked yet.
pub fn connect(
    address: &ObjectAddress,
) -> Result<(Arc<dyn ObjectStore>, ObjectPath), object_store::Error> {
    let retry = RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(50),
            ..BackoffConfig::default()
        },
        max_retries: RETRIES,
        retry_timeout: RETRY_TIME,
    };
    let path = address.path.clone();
    let store: Arc<dyn ObjectStore> = match &address.kind {
        Kind::Web => {
            let builder = HttpBuilder::new().with_url(&address.whole).with_retry(retry);
            Arc::new(builder.with_http_connector(Connector).build()?)
        }
        Kind::S3 { endpoint, region, keys } => {
            let mut builder = AmazonS3Builder::new()
                .with_bucket_name(&address.whole)
                .with_region(region)
                .with_retry(retry)
                .with_http_connector(Connector);
            if let Some(endpoint) = endpoint {
                builder = builder.with_endpoint(endpoint).with_allow_http(true);
            }
            builder = match keys {
                None => builder.with_skip_signature(true),
                Some(keys) => {
                    let builder =
                        builder.with_access_key_id(&keys.id).with_secret_access_key(&keys.secret);
                    match &keys.token {
                        Some(token) => builder.with_token(token),
                        None => builder,
                    }
                }
            };
            Arc::new(builder.build()?)
        }
    };
    Ok((store, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_that_name_no_object_are_refused_with_the_reason() {
        let s3 = |url: &str| ObjectAddress::s3(url, None, None, None);
        let cases = [
            (ObjectAddress::web("ftp://host/a.pmtiles"), "scheme"),
            (ObjectAddress::web("https://host"), "names no object"),
            (ObjectAddress::web("https://u:p@host/a.pmtiles"), "password"),
            (ObjectAddress::web("https://host/a.pmtiles?sig=1"), "query"),
            (ObjectAddress::web("https://host/a/%00"), "path"),
            (ObjectAddress::web("no url"), "is no URL"),
            (s3("https://host/a.pmtiles"), "scheme"),
            (s3("s3://bucket"), "names no object"),
            (ObjectAddress::s3("s3://b/k", Some("host:9000".to_owned()), None, None), "is no URL"),
        ];
        for (read, expected) in cases {
            let said = read.map(|address| address.to_string()).map_err(|error| error.to_string());
            assert!(said.as_ref().is_err_and(|said| said.contains(expected)), "{said:?}");
        }
        assert!(
            s3("s3://bucket/folder/a.pmtiles").is_ok_and(|a| a.path.as_ref() == "folder/a.pmtiles")
        );
        assert!(
            ObjectAddress::web("https://host:8443/底图.pmtiles")
                .is_ok_and(|a| a.whole == "https://host:8443")
        );
    }

    #[test]
    fn keys_are_not_shown() {
        let keys = StorageKeys { id: "A".into(), secret: "geheim".into(), token: Some("t".into()) };
        assert!(!format!("{keys:?}").contains("geheim"));
    }
}
