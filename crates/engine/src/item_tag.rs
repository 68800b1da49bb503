//! Tags of single features: which state of which feature a client has seen.
//!
//! A tag names a revision at which the feature was as it is shown. It may be any between the
//! feature's last change and now: that of its place is at hand. The store tells exactly whether the
//! feature changed after it, so that a tag outlives edits elsewhere and restarts.

use std::hash::{Hash, Hasher};

use spatial::{CollectionId, CollectionSnapshot, FeatureId, Revision};

use crate::{Audience, Engine};

impl Engine {
    /// A revision at which the feature called `id` was as it is in `collection`.
    pub fn revision_of_item(&self, collection: &CollectionSnapshot, id: FeatureId) -> Revision {
        match collection.get(id).map(|feature| feature.world_box()) {
            Some(place) if !place.is_empty() => collection.revision_of(&place),
            _ => collection.revision(),
        }
    }

    /// The tag of a feature as it was at `revision`, in the representation that `shown` describes.
    pub fn item_tag(
        &self,
        collection: &CollectionId,
        id: FeatureId,
        revision: Revision,
        shown: &[&str],
    ) -> String {
        let mut hasher = rustc_hash::FxHasher::default();
        (env!("CARGO_PKG_VERSION"), shown).hash(&mut hasher);
        match self.view_mark() {
            0 => {}
            // What stands around it is another.
            mark => mark.hash(&mut hasher),
        }
        match self.view().audience {
            Audience::Internal => {}
            // They read other fields.
            other => other.hash(&mut hasher),
        }
        format!("{}.{revision}.{:08x}", self.item_name(collection, id), hasher.finish() as u32)
    }

    /// The revision that `tag` names, if it is a tag of this feature in this store in whatever
    /// representation.
    pub fn revision_in_tag(
        &self,
        collection: &CollectionId,
        id: FeatureId,
        tag: &str,
    ) -> Option<Revision> {
        let mut parts = tag.split('.');
        let (name, revision, shown) = (parts.next()?, parts.next()?, parts.next()?);
        let is_own = name == self.item_name(collection, id)
            && shown.len() == 8
            && parts.next().is_none()
            && revision.bytes().all(|digit| digit.is_ascii_digit());
        revision.parse().ok().filter(|_| is_own).map(Revision)
    }

    fn item_name(&self, collection: &CollectionId, id: FeatureId) -> String {
        let mut hasher = rustc_hash::FxHasher::default();
        (self.identity(), collection.as_str(), id.value()).hash(&mut hasher);
        format!("{:016x}", hasher.finish())
    }
}
