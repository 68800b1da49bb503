//! What a handle of the engine sees.
//!
//! A handle has a [`View`]: an audience, the class up to which the keys of collections may be for these
//! to be there, and perhaps an area. All that a handle gives is made from a state without what its view
//! does not hold, so that nothing made from it says anything of the rest: no collection, feature, count,
//! extent or place.
//!
//! *Invariants:* what one handle writes is checked against and published in the whole state; a state is
//! made out once for all handles with one view; what is not known to belong to an area is withheld.

mod belonging;
mod focus;
mod lens;
mod record;
mod view;
mod written;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use ::ledger::record as shipped;
use spatial::{Collection, CollectionId, FieldClass, Snapshot};

pub use focus::FocusPart;
pub(crate) use lens::Lens;
pub(crate) use record::{Judge, Witness};
pub use view::{Audience, View};

use crate::{Engine, EngineError, Profile};

/// The lenses that are in use.
#[derive(Debug, Default)]
pub(crate) struct Lenses(Mutex<HashMap<View, Weak<Lens>>>);

impl Lenses {
    fn of(&self, view: View) -> Arc<Lens> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = all.get(&view).and_then(Weak::upgrade) {
            return known;
        }
        all.retain(|_, lens| lens.strong_count() > 0);
        let lens = Arc::new(Lens::new(view.clone()));
        all.insert(view, Arc::downgrade(&lens));
        lens
    }

    fn forget(&self) {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.values().filter_map(Weak::upgrade).for_each(|lens| lens.forget());
    }
}

/// The class of the field that names a collection's features; L0 where none does.
pub fn key_class(collection: &Collection) -> FieldClass {
    let key = collection.key.as_deref().and_then(|key| collection.field_position(key));
    key.map_or(FieldClass::L0, |at| collection.fields[at].class)
}

impl Engine {
    /// A handle for those who see so much.
    #[must_use]
    pub fn viewing(&self, view: View) -> Self {
        Self(Arc::clone(&self.0), self.0.lenses.of(view))
    }

    /// A handle for readers of this class everywhere: collections whose key is of a higher one are not
    /// there.
    #[must_use]
    pub fn seeing(&self, highest: FieldClass) -> Self {
        self.viewing(View::everywhere(Audience::Internal, highest))
    }

    /// A handle that sees everything, for what the program does on its own account.
    #[must_use]
    pub fn whole(&self) -> Self {
        self.viewing(View::EVERYTHING)
    }

    /// A handle that sees no less of any collection, where this one sees anything: for what the program
    /// looks up on its own account for somebody.
    #[must_use]
    pub fn unconcealed(&self) -> Self {
        let view = View { areas: self.view().areas.clone(), ..View::EVERYTHING };
        if view == *self.view() {
            return self.clone();
        }
        let lens = self.1.unconcealed(|| self.0.lenses.of(view));
        Self(Arc::clone(&self.0), lens)
    }

    /// Another number for a handle with another view, the same in every process.
    pub fn view_number(&self) -> u64 {
        self.1.number()
    }

    /// What this handle sees.
    pub fn view(&self) -> &View {
        self.1.view()
    }

    /// Which fields whoever holds this handle may read.
    pub fn profile(&self) -> Profile {
        self.view().profile()
    }

    /// Counts below this are not told; 0 where all are.
    pub fn least_count(&self) -> u64 {
        match self.view().audience {
            Audience::Public => self.settings().public.least_count(),
            Audience::Internal | Audience::Enforce => 0,
        }
    }

    /// The current state as this handle sees it. Take it once a request.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.1.shown(self, self.current()).0
    }

    /// Another number means that the same revision of a place may look otherwise; 0 for everywhere.
    pub(crate) fn view_mark(&self) -> u64 {
        self.1.shown(self, self.current()).1
    }

    /// Whether this handle sees a part of the store only, so that what was made of all of it is not for
    /// its readers. An area that names every unit there is is no part.
    pub fn is_limited(&self) -> bool {
        self.1.is_limited(self, self.current())
    }

    /// What [`Engine::is_limited`] tells, if the current state has been made out as this handle sees it.
    /// Costs less than taking it.
    pub fn is_known_limited(&self) -> Option<bool> {
        self.1.is_known_limited(&self.0.current.load())
    }

    /// Makes the current state out as this handle sees it, away from the async runtime: what is asked of
    /// the handle next finds it.
    pub async fn make_out(&self) -> Result<(), EngineError> {
        if self.is_known_limited().is_some() {
            return Ok(());
        }
        let engine = self.clone();
        self.pool().run_waiting(move || drop(engine.snapshot())).await
    }

    /// The whole current state.
    pub(crate) fn current(&self) -> Arc<Snapshot> {
        self.0.current.load_full()
    }

    /// Lets go of what was made of former states.
    pub(crate) fn forget_seen(&self) {
        self.0.lenses.forget();
    }

    /// Whether `state` is the current one as this handle sees it. Costs less than taking it.
    pub fn is_current(&self, state: &Weak<Snapshot>) -> bool {
        self.1.is_current(&self.0.current.load(), state)
    }

    /// Whether this handle sees a collection that there is, or that there was: one that is gone is
    /// taken for the one that ships under its name.
    pub fn sees(&self, id: &CollectionId) -> bool {
        if self.view().audience == Audience::Public {
            return self.settings().public.of(id.as_str()).is_some();
        }
        let class = match self.0.current.load().collections.get(id) {
            Some(held) => key_class(held.collection()),
            None => shipped::named(id.as_str()).map_or(FieldClass::L0, |one| one.key_class()),
        };
        class <= self.view().sees
    }
}
