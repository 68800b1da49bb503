//! Archives of tiles that are served beside the store: `[[archives]]` of the configuration file and
//! `--archive` of the command line.
//!
//! Keys of object storage are taken from the environment, where its other tools look for them, and
//! stand in no file of ours: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use server::{ArchivePlace, ArchiveSettings, ObjectAddress, StorageKeys};
use spatial::CollectionId;

use crate::CommandError;

/// One archive.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ArchiveConfig {
    /// Its name in URLs, unlike that of any collection.
    pub id: String,
    /// A PMTiles or MBTiles file; this or `url`.
    #[serde(default)]
    pub path: PathBuf,
    /// PMTiles in object storage, `s3://BUCKET/KEY`, or on a web server, `https://HOST/PATH`.
    #[serde(default)]
    pub url: String,
    /// With `s3://`: where storage that is not Amazon's is reached, such as `http://minio:9000`.
    #[serde(default)]
    pub endpoint: String,
    /// With `s3://`: the region.
    #[serde(default)]
    pub region: String,
    /// What a reader sees; empty: what the archive says.
    #[serde(default)]
    pub title: String,
    /// More about it; empty: what the archive says.
    #[serde(default)]
    pub description: String,
    /// Whom it is owed to; empty: what the archive says.
    #[serde(default)]
    pub attribution: String,
    /// Whether it is there for those, too, who see a part of the store only: everyone, and accounts with
    /// an area. For base maps.
    #[serde(default)]
    pub open: bool,
    /// Whether the landing page and lists of collections leave it out; its tiles are there. For images of sheets, which clients
    /// of features would take for a layer.
    #[serde(default)]
    pub unlisted: bool,
}

impl ArchiveConfig {
    /// Reads `[ID=]PATH|URL`; without an id the name of the file is one.
    pub fn of_argument(text: &str) -> Result<Self, CommandError> {
        let (id, place) = match text.split_once('=') {
            // A file that is called so is one.
            Some((id, place)) if !Path::new(text).exists() => (Some(id), place),
            _ => (None, text),
        };
        let stem = Path::new(place).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let id = id.unwrap_or(stem).to_owned();
        if CollectionId::try_from(id.as_str()).is_err() {
            let reason = format!("{id:?} cannot be a name in URLs; say --archive NAME={place}");
            return Err(CommandError::Argument { name: "--archive", value: text.into(), reason });
        }
        let mut archive = Self { id, ..Self::default() };
        if place.contains("://") {
            place.clone_into(&mut archive.url);
        } else {
            archive.path = PathBuf::from(place);
        }
        Ok(archive)
    }

    /// What the server is told; `keys` sign requests to `s3://`.
    pub fn settings(&self, keys: Option<&StorageKeys>) -> Result<ArchiveSettings, CommandError> {
        let id = CollectionId::try_from(self.id.as_str())?;
        let refused = |reason: &str| CommandError::Argument {
            name: "archive",
            value: self.id.clone(),
            reason: reason.to_owned(),
        };
        let is_s3 = self.url.starts_with("s3://");
        let is_plain = self.endpoint.is_empty() && self.region.is_empty();
        if !(is_s3 || is_plain) {
            return Err(refused("endpoint and region go with a url of s3://"));
        }
        let said = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let place = match (self.path.as_os_str().is_empty(), self.url.is_empty()) {
            (false, true) => ArchivePlace::File(self.path.clone()),
            (true, false) => {
                let address = if is_s3 {
                    let (endpoint, region) = (said(&self.endpoint), said(&self.region));
                    ObjectAddress::s3(&self.url, endpoint, region, keys.cloned())
                } else {
                    ObjectAddress::web(&self.url)
                };
                ArchivePlace::Object(address.map_err(|unusable| refused(&unusable.to_string()))?)
            }
            _ => return Err(refused("name its path or its url, one of them")),
        };
        Ok(ArchiveSettings {
            id,
            place,
            title: self.title.clone(),
            description: self.description.clone(),
            attribution: self.attribution.clone(),
            is_open: self.open,
            is_listed: !self.unlisted,
        })
    }
}

/// Keys of object storage in the environment, if there are any.
pub fn storage_keys() -> Option<StorageKeys> {
    let variable = |name| std::env::var(name).ok().filter(|value: &String| !value.is_empty());
    Some(StorageKeys {
        id: variable("AWS_ACCESS_KEY_ID")?,
        secret: variable("AWS_SECRET_ACCESS_KEY")?,
        token: variable("AWS_SESSION_TOKEN"),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::*;

    #[test]
    fn an_argument_names_file_or_url_and_perhaps_an_id() {
        let cases = [
            ("tiles/ortho.pmtiles", "ortho", "tiles/ortho.pmtiles", ""),
            ("底图=a.b.mbtiles", "底图", "a.b.mbtiles", ""),
            ("s3://bucket/maps/base.pmtiles", "base", "", "s3://bucket/maps/base.pmtiles"),
            ("b=https://host/x.pmtiles", "b", "", "https://host/x.pmtiles"),
        ];
        for (text, id, path, url) in cases {
            let read = ArchiveConfig::of_argument(text).unwrap();
            assert_eq!(
                (read.id.as_str(), read.path.to_str().unwrap(), read.url.as_str()),
                (id, path, url)
            );
            assert!(read.settings(None).is_ok(), "{text}");
        }
        for text in ["7 days.pmtiles", "=a.pmtiles", "a b=x.pmtiles"] {
            let said = ArchiveConfig::of_argument(text).unwrap_err().to_string();
            assert!(said.contains("NAME="), "{said}");
        }
    }

    #[test]
    fn what_cannot_be_served_is_refused_with_the_reason() {
        let archive = |path: &str, url: &str, endpoint: &str| ArchiveConfig {
            id: "a".to_owned(),
            path: path.into(),
            url: url.to_owned(),
            endpoint: endpoint.to_owned(),
            ..ArchiveConfig::default()
        };
        let cases = [
            (archive("", "", ""), "path or its url"),
            (archive("a.pmtiles", "https://h/a", ""), "path or its url"),
            (archive("", "https://h/a.pmtiles", "http://h:9000"), "s3://"),
            (archive("", "ftp://h/a.pmtiles", ""), "scheme"),
            (ArchiveConfig { id: "gpkg_x".into(), ..archive("a", "", "") }, "gpkg_x"),
        ];
        for (archive, expected) in cases {
            let said = archive.settings(None).unwrap_err().to_string();
            assert!(said.contains(expected), "{said}");
        }
    }
}
