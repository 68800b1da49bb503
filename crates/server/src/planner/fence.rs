//! A fence as JSON: what `POST /fences` sends.

use engine::fences::{FenceEventKind, FenceWebhook};
use formats::Json;
use spatial::{CollectionId, Geometry};

use super::Refusal;
use super::asked::collections;
use super::geometry::{Unusable, east_first, read};
use super::members::Members;
use crate::crs_uri::OfferedCrs;

const MEMBERS: [&str; 5] = ["name", "geometry", "collections", "detect", "webhook"];
/// Longest name, in characters.
const MAX_NAME: usize = 200;
/// Longest URL of a webhook, in bytes.
const MAX_URL: usize = 2_048;
/// Lengths of a secret, in bytes.
const SECRET: std::ops::RangeInclusive<usize> = 16..=256;
/// What is told when nothing is said.
const DEFAULT_DETECT: [FenceEventKind; 3] =
    [FenceEventKind::Enter, FenceEventKind::Exit, FenceEventKind::Cross];

/// A fence asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct FenceRequest {
    /// What people call it; may be empty.
    pub name: String,
    /// A polygon or several, east first, in the CRS of the request.
    pub geometry: Geometry,
    /// Collections, ascending; all when there are none.
    pub collections: Vec<CollectionId>,
    /// What is told, ascending.
    pub detect: Vec<FenceEventKind>,
    /// Where events are posted.
    pub webhook: Option<FenceWebhook>,
}

impl FenceRequest {
    /// Reads a request whose geometry is in `crs`.
    pub fn read(body: &[u8], crs: &OfferedCrs) -> Result<Self, Refusal> {
        let members = Members::of_body(body, &MEMBERS)?;
        let name = members.text("name")?.unwrap_or_default().into_owned();
        if name.chars().count() > MAX_NAME {
            return Err(members.refuse("name", format!("at most {MAX_NAME} characters are kept")));
        }
        let place = members.place("geometry");
        let given = read(&members.required("geometry")?, &place)?;
        let unusable = |fault: Unusable| Refusal::Geometry { place: place.clone(), fault };
        given.check().map_err(unusable)?;
        let geometry = east_first(given.geometry, crs.axis_order);
        let mut named = match members.value("collections") {
            Some(_) => collections(&members)?,
            None => Vec::new(),
        };
        named.sort_unstable();
        let mut detect = match members.value("detect") {
            Some(_) => kinds(&members)?,
            None => DEFAULT_DETECT.to_vec(),
        };
        detect.sort_unstable();
        let webhook = members.value("webhook").map(|json| webhook(json, members.place("webhook")));
        Ok(Self { name, geometry, collections: named, detect, webhook: webhook.transpose()? })
    }
}

fn kinds(members: &Members<'_>) -> Result<Vec<FenceEventKind>, Refusal> {
    let words = members.texts("detect", FenceEventKind::ALL.len())?.unwrap_or_default();
    let kind = |word: &String| {
        let found = FenceEventKind::ALL.into_iter().find(|kind| kind.name() == word);
        found.ok_or_else(|| {
            let known = FenceEventKind::ALL.map(FenceEventKind::name).join(", ");
            let shown = super::members::shortened(word);
            members.refuse("detect", format!("{shown:?} is not offered; use some of: {known}"))
        })
    };
    words.iter().map(kind).collect()
}

fn webhook(json: Json<'_>, place: String) -> Result<FenceWebhook, Refusal> {
    let members = Members::of(json, place, &["url", "secret"])?;
    let url = members.required_text("url")?.into_owned();
    if url.len() > MAX_URL {
        return Err(members.refuse("url", format!("a URL has at most {MAX_URL} bytes")));
    }
    let secret = members.text("secret")?.map(|secret| secret.into_owned());
    if secret.as_ref().is_some_and(|secret| !SECRET.contains(&secret.len())) {
        let (least, most) = (SECRET.start(), SECRET.end());
        return Err(members.refuse("secret", format!("a secret has {least} to {most} bytes")));
    }
    Ok(FenceWebhook { url, secret })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::*;

    const SQUARE: &str = r#"{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,2],[0,2],[0,0]]]}"#;

    #[test]
    fn what_is_said_is_kept_and_what_is_not_has_a_default() {
        let body = format!(r#"{{"geometry":{SQUARE}}}"#);
        let fence = FenceRequest::read(body.as_bytes(), &OfferedCrs::crs84()).unwrap();
        assert_eq!((fence.name.as_str(), fence.collections.len()), ("", 0));
        assert_eq!(fence.detect, DEFAULT_DETECT);
        let body = format!(
            r#"{{"name":"东","geometry":{SQUARE},"collections":["b","a"],"detect":["inside","enter"],
            "webhook":{{"url":"https://a","secret":"0123456789abcdef"}}}}"#
        );
        let fence = FenceRequest::read(body.as_bytes(), &OfferedCrs::crs84()).unwrap();
        let names: Vec<&str> = fence.collections.iter().map(|id| id.as_str()).collect();
        assert_eq!(names, ["a", "b"]);
        assert_eq!(fence.detect, [FenceEventKind::Enter, FenceEventKind::Inside]);
        assert!(fence.webhook.unwrap().secret.is_some());
    }

    #[test]
    fn mistakes_are_named_by_member() {
        for (members, expected) in [
            (r#""name":1"#, "name"),
            (r#""detect":["leave"]"#, "use some of: enter, exit, cross, inside"),
            (r#""detect":[]"#, "1 to 4"),
            (r#""webhook":{"secret":"x"}"#, "webhook"),
            (r#""webhook":{"url":"https://a","secret":"short"}"#, "16 to 256"),
            (r#""filter":"a=1""#, "filter"),
            (r#""collections":[]"#, "collections"),
        ] {
            let body = format!(r#"{{"geometry":{SQUARE},{members}}}"#);
            let refusal = FenceRequest::read(body.as_bytes(), &OfferedCrs::crs84()).unwrap_err();
            assert!(refusal.to_string().contains(expected), "{refusal}");
        }
        let bow =
            r#"{"geometry":{"type":"Polygon","coordinates":[[[0,0],[1,1],[1,0],[0,1],[0,0]]]}}"#;
        let refusal = FenceRequest::read(bow.as_bytes(), &OfferedCrs::crs84()).unwrap_err();
        assert!(matches!(refusal, Refusal::Geometry { .. }), "{refusal}");
    }
}
