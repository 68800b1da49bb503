//! The one place that calls PROJ to transform points.
//!
//! PROJ's objects belong to one thread and take 11–15 ms to open, so every thread keeps the few
//! that it used last.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use proj::{Proj, ProjBuilder};

/// How many opened links a thread keeps.
const KEPT: usize = 16;

thread_local! {
    static OPENED: RefCell<Vec<(Arc<Ends>, Rc<Proj>)>> = const { RefCell::new(Vec::new()) };
}

/// One end of a link.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum End {
    /// A code of the registry, and whether the authority puts north first.
    Epsg { code: u32, north_first: bool },
    /// The definition of a local system; east first.
    Site(Arc<str>),
}

impl End {
    /// WGS 84, latitude first as PROJ sees it.
    pub(crate) const WGS84: Self = Self::Epsg { code: 4326, north_first: true };

    fn definition(&self) -> String {
        match self {
            Self::Epsg { code, .. } => format!("EPSG:{code}"),
            Self::Site(definition) => definition.to_string(),
        }
    }
}

#[derive(PartialEq, Eq)]
struct Ends {
    from: End,
    to: End,
}

/// A transformation by PROJ. Coordinates are east, north and angles are degrees on both sides.
#[derive(Clone)]
pub(crate) struct Link(Arc<Ends>);

impl fmt::Debug for Link {
    /// Keeps the definition of a local system to itself.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |end: &End| match end {
            End::Epsg { code, .. } => format!("EPSG:{code}"),
            End::Site(_) => "site".to_owned(),
        };
        write!(f, "Link({} -> {})", name(&self.0.from), name(&self.0.to))
    }
}

impl Link {
    pub(crate) fn new(from: End, to: End) -> Self {
        Self(Arc::new(Ends { from, to }))
    }

    /// Opens it in this thread: fails when PROJ knows no way that is more than a zero shift.
    pub(crate) fn open(&self) -> Result<(), String> {
        self.opened().map(drop)
    }

    /// Transforms the points in their place; an error names the first point that fails.
    pub(crate) fn convert(&self, points: &mut [[f64; 2]]) -> Result<(), (usize, String)> {
        let proj = self.opened().map_err(|reason| (0, reason))?;
        let swap = |end: &End| matches!(end, End::Epsg { north_first: true, .. }) && !self.local();
        let (swap_before, swap_after) = (swap(&self.0.from), swap(&self.0.to));
        let ordered = |[x, y]: [f64; 2], swap| if swap { (y, x) } else { (x, y) };
        let mut batch: Vec<(f64, f64)> =
            points.iter().map(|point| ordered(*point, swap_before)).collect();
        // A failing array call says neither which point failed nor leaves the others done.
        if proj.convert_array(&mut batch).is_err() {
            for (vertex, point) in points.iter().enumerate() {
                batch[vertex] = proj
                    .convert(ordered(*point, swap_before))
                    .map_err(|error| (vertex, error.to_string()))?;
            }
        }
        for (point, &(x, y)) in points.iter_mut().zip(&batch) {
            let (x, y) = ordered([x, y], swap_after);
            *point = [x, y];
        }
        Ok(())
    }

    /// Whether an end is a local system; PROJ then normalises the axes itself.
    fn local(&self) -> bool {
        [&self.0.from, &self.0.to].iter().any(|end| matches!(end, End::Site(_)))
    }

    fn opened(&self) -> Result<Rc<Proj>, String> {
        let kept = OPENED.with_borrow(|opened| {
            opened
                .iter()
                .find(|(ends, _)| Arc::ptr_eq(ends, &self.0) || **ends == *self.0)
                .map(|(_, proj)| Rc::clone(proj))
        });
        if let Some(proj) = kept {
            return Ok(proj);
        }
        let proj = Rc::new(self.create().map_err(|error| error.to_string())?);
        OPENED.with_borrow_mut(|opened| {
            if opened.len() == KEPT {
                opened.remove(0);
            }
            opened.push((Arc::clone(&self.0), Rc::clone(&proj)));
        });
        Ok(proj)
    }

    fn create(&self) -> Result<Proj, proj::ProjCreateError> {
        let (from, to) = (self.0.from.definition(), self.0.to.definition());
        if self.local() {
            return Proj::new_known_crs(&from, &to, None);
        }
        let (from, to) = (Proj::new(&from)?, Proj::new(&to)?);
        // Without this option PROJ answers an unknown datum shift with a shift of zero.
        let options = Some(vec!["ALLOW_BALLPARK=NO"]);
        ProjBuilder::new().proj_create_crs_to_crs_from_pj(&from, &to, None, options)
    }
}
