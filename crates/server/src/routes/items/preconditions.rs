//! Conditions of a change: `If-Match`, `If-Unmodified-Since`, `If-None-Match` (RFC 9110 §13).
//!
//! They become the newest revision at which the feature may have changed; the store decides by it,
//! inside the transaction of the change.

use axum::http::{HeaderMap, HeaderName, header};
use spatial::{CollectionSnapshot, FeatureId, Revision};

use crate::http_date;
use crate::problem::{Code, Problem};
use crate::state::App;

/// What a request says of the feature that it changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Nothing.
    None,
    /// That there is one.
    Exists,
    /// That it has not changed after this revision.
    UnchangedSince(Revision),
}

impl Condition {
    /// The newest revision at which the feature may have changed.
    pub fn unchanged_since(self) -> Option<Revision> {
        match self {
            Self::UnchangedSince(revision) => Some(revision),
            Self::None | Self::Exists => None,
        }
    }
}

/// The refusal of a request whose condition does not hold.
pub fn failed(detail: &str) -> Problem {
    Problem::new(Code::PreconditionFailed, detail)
}

/// The condition of `headers` on the feature called `id`.
pub async fn read(
    app: &App,
    collection: &CollectionSnapshot,
    id: FeatureId,
    headers: &HeaderMap,
) -> Result<Condition, Problem> {
    let name = &collection.collection().id;
    let now = app.engine.snapshot().revision;
    let seen = |tag: &str| app.engine.revision_in_tag(name, id, tag).filter(|seen| *seen <= now);
    if let Some(tags) = tags(headers, header::IF_NONE_MATCH) {
        let current = app.engine.revision_of_item(collection, id);
        let is_named = tags.iter().any(|tag| match tag {
            Tag::Any => true,
            Tag::Strong(tag) | Tag::Weak(tag) => seen(tag) == Some(current),
        });
        if is_named && collection.get(id).is_some() {
            return Err(failed("If-None-Match names the feature as it is"));
        }
    }
    if let Some(tags) = tags(headers, header::IF_MATCH) {
        if tags.contains(&Tag::Any) {
            return Ok(Condition::Exists);
        }
        let newest = tags.iter().filter_map(|tag| match tag {
            Tag::Strong(tag) => seen(tag),
            // A weak tag never matches where a strong one is needed.
            Tag::Weak(_) | Tag::Any => None,
        });
        // Unchanged since any of them is unchanged since the newest.
        return newest.max().map(Condition::UnchangedSince).ok_or_else(|| {
            failed("If-Match names no state of the feature that this store knows; read it again")
        });
    }
    let date = headers.get(header::IF_UNMODIFIED_SINCE).and_then(|date| date.to_str().ok());
    // A date that cannot be read is to be ignored.
    match date.and_then(http_date::read) {
        Some(moment) => Ok(Condition::UnchangedSince(app.engine.revision_at(moment).await?)),
        None if app.settings.require_if_match => Err(Problem::new(
            Code::PreconditionRequired,
            "this server changes a feature only with If-Match or If-Unmodified-Since; read it first",
        )),
        None => Ok(Condition::None),
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Tag<'h> {
    Any,
    Strong(&'h str),
    Weak(&'h str),
}

/// The tags that a header lists; what is none is passed over. `None` without the header.
fn tags(headers: &HeaderMap, name: HeaderName) -> Option<Vec<Tag<'_>>> {
    if !headers.contains_key(&name) {
        return None;
    }
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    let listed = values.flat_map(|value| value.split(',')).map(str::trim);
    let unquoted = |tag| str::strip_prefix(tag, '"').and_then(|tag| tag.strip_suffix('"'));
    let read = listed.filter_map(|tag| match tag.strip_prefix("W/") {
        Some(weak) => unquoted(weak).map(Tag::Weak),
        None if tag == "*" => Some(Tag::Any),
        None => unquoted(tag).map(Tag::Strong),
    });
    Some(read.collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::*;

    #[test]
    fn tags_are_listed_strong_and_weak() {
        let mut headers = HeaderMap::new();
        assert_eq!(tags(&headers, header::IF_MATCH), None);
        headers.append(header::IF_MATCH, "\"a.1.b\", W/\"c\"".parse().unwrap());
        headers.append(header::IF_MATCH, "bare, *".parse().unwrap());
        let found = tags(&headers, header::IF_MATCH).unwrap();
        assert_eq!(found, [Tag::Strong("a.1.b"), Tag::Weak("c"), Tag::Any]);
    }
}
