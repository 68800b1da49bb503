//! Outlets (便民网点): closings that no open outlet replaces (先补后拆), and communities that lack a
//! function.

use ::ledger::clue::{Finding, Outlets, Replacement, ServiceGap};
use ::ledger::place::Day;
use rustc_hash::{FxHashMap, FxHashSet};
use spatial::{FeatureId, FeatureRef};

use super::Clue;
use super::ground::Ruler;
use super::source::{Ask, Side, Source, day, is_among, text};
use crate::EngineError;

/// What parts the functions of an outlet.
const PARTING: [char; 5] = ['、', ',', '，', ';', '；'];

/// A collection of outlets, and its columns.
struct Columns {
    functions: usize,
    opened: usize,
    closed: usize,
}

impl Columns {
    fn of(source: Source<'_>, names: &Outlets) -> Result<Self, EngineError> {
        Ok(Self {
            functions: source.field(&names.functions)?,
            opened: source.field(&names.opened)?,
            closed: source.field(&names.closed)?,
        })
    }

    /// Its functions, in the order in which they stand there, each once.
    fn functions(&self, outlet: FeatureRef<'_>) -> Vec<String> {
        let text = text(outlet, self.functions).unwrap_or_default();
        let mut functions: Vec<String> = Vec::new();
        for function in text.split(PARTING).map(str::trim).filter(|one| !one.is_empty()) {
            if !functions.iter().any(|known| known == function) {
                functions.push(function.to_owned());
            }
        }
        functions
    }

    /// Whether it had opened by a day, and stays open beyond it.
    fn is_open(&self, outlet: FeatureRef<'_>, on: Day) -> bool {
        // A day of opening that is not readable proves no opening.
        let has_opened = match text(outlet, self.opened) {
            None => true,
            Some(_) => day(outlet, self.opened).is_some_and(|opened| opened <= on),
        };
        let stays = match text(outlet, self.closed) {
            None => true,
            Some(_) => day(outlet, self.closed).is_some_and(|closed| closed > on),
        };
        has_opened && stays
    }
}

/// Outlets that closed or are to close, without an outlet for each of their functions that had opened
/// nearby by then.
pub(super) fn replacement(ask: &Ask<'_>, rule: &Replacement) -> Result<Vec<Clue>, EngineError> {
    let source = ask.source(&rule.outlets.collection)?;
    let columns = Columns::of(source, &rule.outlets)?;
    let asked = ask.asked(source)?;
    let today = ask.query.today;
    let mut closing: FxHashMap<FeatureId, Day> = FxHashMap::default();
    source.each(&mut |outlet| {
        let closed = day(outlet, columns.closed);
        let closed = closed.filter(|day| today.days_since(*day) <= i64::from(rule.days));
        if let Some(closed) = closed.filter(|_| is_among(asked.as_ref(), outlet)) {
            closing.insert(outlet.id(), closed);
        }
    });
    let ids: FxHashSet<FeatureId> = closing.keys().copied().collect();
    let ruler = Ruler::of(ask, source, source)?;
    let pairs =
        ask.pairs(Side::from(source).among(Some(&ids)), source, ruler.around(rule.metres))?;
    let mut replaced: FxHashMap<FeatureId, FxHashSet<String>> = FxHashMap::default();
    for (closed, other) in pairs {
        let Some(day) = closing.get(&closed).filter(|_| closed != other) else { continue };
        let (outlet, by) = (source.get(closed)?, source.get(other)?);
        let is_near = ruler.metres(outlet, by).is_some_and(|metres| metres <= rule.metres);
        if is_near && columns.is_open(by, *day) {
            replaced.entry(closed).or_default().extend(columns.functions(by));
        }
    }
    let mut clues = Vec::new();
    for (id, closed) in closing {
        let outlet = source.get(id)?;
        let mut functions = columns.functions(outlet);
        if let Some(replaced) = replaced.get(&id) {
            functions.retain(|function| !replaced.contains(function));
        }
        if !functions.is_empty() {
            let finding = Finding::Unreplaced {
                outlet: source.name(outlet),
                functions,
                closed,
                is_to_come: closed > today,
                within_m: rule.metres,
            };
            clues.push(Clue { finding, subjects: vec![source.subject(outlet)], geometry: None });
        }
    }
    Ok(clues)
}

/// Communities that lack a function, in them and around.
pub(super) fn service_gap(ask: &Ask<'_>, rule: &ServiceGap) -> Result<Vec<Clue>, EngineError> {
    let communities = ask.source(&rule.communities)?;
    let outlets = ask.source(&rule.outlets.collection)?;
    let columns = Columns::of(outlets, &rule.outlets)?;
    let asked = ask.asked(communities)?;
    let mut offered: FxHashMap<FeatureId, Vec<String>> = FxHashMap::default();
    outlets.each(&mut |outlet| {
        if columns.is_open(outlet, ask.query.today) {
            offered.insert(outlet.id(), columns.functions(outlet));
        }
    });
    let has_place = |community: FeatureRef<'_>| community.geometry_type().is_some();
    let places = Side::kept(communities, &has_place).among(asked.as_ref());
    let on = Ruler::of(ask, communities, outlets)?.within(rule.metres);
    let mut lacking: FxHashMap<FeatureId, Vec<String>> = FxHashMap::default();
    for function in &rule.functions {
        let has = |outlet: FeatureRef<'_>| {
            offered.get(&outlet.id()).is_some_and(|functions| functions.contains(function))
        };
        for community in ask.without(places, Side::kept(outlets, &has), on)? {
            lacking.entry(community).or_default().push(function.clone());
        }
    }
    let mut clues = Vec::new();
    for (community, functions) in lacking {
        let community = communities.get(community)?;
        let finding = Finding::ServiceGap {
            community: communities.name(community),
            functions,
            within_m: rule.metres,
        };
        clues.push(Clue {
            finding,
            subjects: vec![communities.subject(community)],
            geometry: None,
        });
    }
    Ok(clues)
}
