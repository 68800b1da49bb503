//! Where requests come in: a router for each view, whose handle of the engine sees no more than the view.
//!
//! *Invariant:* no route looks at who asks to decide what is there: what it is given is what is there.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use axum::Router;
use engine::{Audience, EngineError, View};
use spatial::FieldClass;

use crate::routes;
use crate::state::App;

/// Most views with an area that are kept; the one that was asked for longest ago goes first.
const MAX_AREAS: usize = 64;
const CLASSES: usize = FieldClass::ALL.len();

/// A router, and what it shares among its requests.
#[derive(Debug)]
pub struct Place {
    /// What its requests share.
    pub app: Arc<App>,
    /// Its routes.
    pub router: Router,
}

impl Place {
    fn new(app: &App, view: View) -> Arc<Self> {
        let app = Arc::new(app.viewing(view));
        let router = routes::router(Arc::clone(&app));
        Arc::new(Self { app, router })
    }
}

/// The places that there are.
#[derive(Debug)]
pub struct Door {
    app: App,
    everywhere: [[OnceLock<Arc<Place>>; CLASSES]; Audience::ALL.len()],
    /// With an area, the one used last at the end.
    areas: Mutex<Vec<Arc<Place>>>,
}

impl Door {
    /// None opened yet.
    pub fn new(app: &App) -> Self {
        Self { app: app.clone(), everywhere: Default::default(), areas: Mutex::default() }
    }

    /// What all places share.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// What [`Door::place_of`] gives, if it is there with the current state made out for it: what nearly
    /// every request finds.
    pub fn open_place(&self, view: &View) -> Option<Cow<'_, Arc<Place>>> {
        if view.areas.is_some() {
            let place = known(&mut self.areas(), view)?;
            if place.app.engine.is_known_limited()? {
                return Some(Cow::Owned(place));
            }
        }
        let place = self.everywhere[view.audience as usize][view.sees as usize].get()?;
        place.app.engine.is_known_limited().map(|_| Cow::Borrowed(place))
    }

    /// The place for whoever sees this, with the current state made out for it. An area that holds
    /// everything is none.
    pub async fn place_of(&self, view: View) -> Result<Arc<Place>, EngineError> {
        let place = self.place(view);
        let engine = &place.app.engine;
        engine.make_out().await?;
        let View { audience, sees, ref areas } = *engine.view();
        if areas.is_none() || engine.is_limited() {
            return Ok(place);
        }
        let place = self.place(View::everywhere(audience, sees));
        place.app.engine.make_out().await?;
        Ok(place)
    }

    /// The place for whoever sees this.
    fn place(&self, view: View) -> Arc<Place> {
        if view.areas.is_none() {
            let place = &self.everywhere[view.audience as usize][view.sees as usize];
            return Arc::clone(place.get_or_init(|| Place::new(&self.app, view)));
        }
        let mut areas = self.areas();
        if let Some(place) = known(&mut areas, &view) {
            return place;
        }
        let place = Place::new(&self.app, view);
        if areas.len() >= MAX_AREAS {
            areas.remove(0);
        }
        areas.push(Arc::clone(&place));
        place
    }

    fn areas(&self) -> MutexGuard<'_, Vec<Arc<Place>>> {
        self.areas.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place among these of whoever sees this, which is then the last one.
fn known(areas: &mut [Arc<Place>], view: &View) -> Option<Arc<Place>> {
    let at = areas.iter().rposition(|place| place.app.engine.view() == view)?;
    areas[at..].rotate_left(1);
    areas.last().cloned()
}
