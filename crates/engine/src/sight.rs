//! What a handle of the engine sees.
//!
//! A collection whose key is of a class that a reader may not read is not there for that reader: a
//! state without it is all that a handle of [`Engine::seeing`] gives, so that nothing made from it
//! says anything of such a collection.
//!
//! *Invariants:* what one handle writes is checked against and published in the whole state; the
//! state without concealed collections is made once a state and is the whole one where there are none.

use std::sync::{Arc, Weak};

use ::ledger::record;
use spatial::{Collection, CollectionId, FieldClass, Snapshot};

use crate::{Engine, Profile};

/// The class that sees everything.
pub(crate) const EVERYTHING: FieldClass = FieldClass::L4;

/// A state as the readers of a class see it.
#[derive(Debug)]
pub(crate) struct Seen {
    /// The whole state that it was made of.
    of: Weak<Snapshot>,
    shown: Arc<Snapshot>,
}

/// The class of the field that names a collection's features; L0 where none does.
pub fn key_class(collection: &Collection) -> FieldClass {
    let key = collection.key.as_deref().and_then(|key| collection.field_position(key));
    key.map_or(FieldClass::L0, |at| collection.fields[at].class)
}

impl Engine {
    /// A handle for readers of this class: collections whose key is of a higher one are not there.
    #[must_use]
    pub fn seeing(&self, highest: FieldClass) -> Self {
        Self(Arc::clone(&self.0), highest)
    }

    /// A handle that sees everything, for what the program does on its own account.
    #[must_use]
    pub fn whole(&self) -> Self {
        self.seeing(EVERYTHING)
    }

    /// Which fields whoever holds this handle may read.
    pub fn profile(&self) -> Profile {
        let common = Profile::default();
        Profile { within: self.1.max(common.highest), ..common }
    }

    /// The current state as this handle sees it. Take it once a request.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        let whole = self.current();
        if self.1 == EVERYTHING {
            return whole;
        }
        let kept = &self.0.seen[self.1 as usize];
        if let Some(seen) = kept.load().as_deref()
            && std::ptr::eq(seen.of.as_ptr(), Arc::as_ptr(&whole))
        {
            return Arc::clone(&seen.shown);
        }
        let is_seen = |collection: &Collection| key_class(collection) <= self.1;
        let shown = match whole.collections.values().all(|held| is_seen(held.collection())) {
            true => Arc::clone(&whole),
            false => {
                let seen = whole.collections.iter().filter(|(_, held)| is_seen(held.collection()));
                let collections = seen.map(|(id, held)| (id.clone(), Arc::clone(held))).collect();
                Arc::new(Snapshot { collections, ..*whole })
            }
        };
        let seen = Seen { of: Arc::downgrade(&whole), shown: Arc::clone(&shown) };
        kept.store(Some(Arc::new(seen)));
        shown
    }

    /// The whole current state.
    pub(crate) fn current(&self) -> Arc<Snapshot> {
        self.0.current.load_full()
    }

    /// Lets go of what was made of former states.
    pub(crate) fn forget_seen(&self) {
        self.0.seen.iter().for_each(|kept| kept.store(None));
    }

    /// Whether `state` is the current one as this handle sees it. Costs less than taking it.
    pub fn is_current(&self, state: &Weak<Snapshot>) -> bool {
        let whole = self.0.current.load();
        let is = |one: &Arc<Snapshot>| std::ptr::eq(Arc::as_ptr(one), state.as_ptr());
        if self.1 == EVERYTHING {
            return is(&whole);
        }
        let seen = self.0.seen[self.1 as usize].load();
        seen.as_deref().is_some_and(|seen| {
            std::ptr::eq(seen.of.as_ptr(), Arc::as_ptr(&whole)) && is(&seen.shown)
        })
    }

    /// Whether this handle sees a collection that there is, or that there was: one that is gone is
    /// taken for the one that ships under its name.
    pub fn sees(&self, id: &CollectionId) -> bool {
        if self.1 == EVERYTHING {
            return true;
        }
        let class = match self.0.current.load().collections.get(id) {
            Some(held) => key_class(held.collection()),
            None => record::named(id.as_str()).map_or(FieldClass::L0, |one| one.key_class()),
        };
        class <= self.1
    }
}
