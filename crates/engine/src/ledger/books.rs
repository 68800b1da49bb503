//! The rows of a ledger (台账) in one state, by unit and in all.
//!
//! *Invariants:* what the lines of units and 未落界 say adds up to the whole, which is what a search
//! with the same filter counts in the same state; rows come in the order of their ids.

use std::collections::BTreeMap;
use std::sync::Arc;

use ledger::book::{Book, BookColumn, Field};
use ledger::indicator::UnitTree;
use ledger::place::{ADMIN_UNITS, BELOW_DISTRICT, Day, counted_at};
use ledger::rows::POINTS;
use rustc_hash::FxHashMap;
use spatial::filter::Filter;
use spatial::{
    Collection, CollectionId, CollectionSnapshot, FeatureId, FeatureRef, Revision, Snapshot,
    Timestamp, Value, ValueRef,
};

use super::fact_list::FactList;
use super::units::{UnitSource, unit_tree};
use crate::query::Condition;
use crate::{Engine, EngineError, Profile, ReadableField};

/// Most rows of one page.
pub const MAX_BOOK_ROWS: usize = 100_000;

/// What is asked of a ledger.
#[derive(Clone, Debug)]
pub struct BookQuery {
    /// The ledger.
    pub book: Book,
    /// Its filter, read.
    pub condition: Option<Condition>,
    /// Only rows of this unit and of those beneath it.
    pub unit: Option<String>,
    /// Only rows of this task.
    pub task: Option<String>,
    /// The state that had been recorded by then; the current one when absent.
    pub as_of: Option<Timestamp>,
    /// The day of which units are taken.
    pub day: Day,
    /// How many rows are left out at the beginning.
    pub offset: usize,
    /// How many are answered, [`MAX_BOOK_ROWS`] at most.
    pub limit: usize,
}

/// A ledger, as it was found.
#[derive(Clone, Debug)]
pub struct BookPage {
    /// The state.
    pub revision: Revision,
    /// The columns of the rows.
    pub columns: Vec<BookColumn>,
    /// Columns of the ledger that the store does not have or that the reader may not read.
    pub withheld: Vec<String>,
    /// All rows together.
    pub whole: BookLine,
    /// Those of the units right beneath the one that is asked for; first, where there are some, those
    /// of that unit itself.
    pub units: Vec<BookLine>,
    /// Those of no unit that is known (未落界); none when a unit is asked for.
    pub outside: Option<BookLine>,
    /// Whether the store knows the unit that was asked for; if not, it stands alone.
    pub unit_is_known: bool,
    /// Rows by stage in the order of the ledger; last those of another stage or none.
    pub stages: Vec<(String, u64)>,
    /// Those of the page.
    pub rows: Vec<BookRow>,
}

/// What is told of the rows of one unit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BookLine {
    /// Code of the unit; empty for the whole and for rows of none.
    pub code: String,
    /// Its name.
    pub name: String,
    /// How many rows.
    pub count: u64,
    /// What they add up to, a number for each sum of the ledger, in units of its column.
    pub sums: Vec<f64>,
}

/// A row.
#[derive(Clone, Debug, PartialEq)]
pub struct BookRow {
    /// Which feature of the collection it is.
    pub id: FeatureId,
    /// Its values, as [`BookPage::columns`] has them.
    pub values: Vec<Value>,
}

/// Where a value of a row stands.
#[derive(Clone, Copy)]
enum Place {
    Own(usize),
    Point(usize),
}

/// The points of a state, by id and by code.
struct Points<'a> {
    held: &'a CollectionSnapshot,
    rows: FxHashMap<String, FeatureId>,
}

struct Reader<'a> {
    own: &'a Collection,
    points: Option<Points<'a>>,
    names_point: Option<usize>,
    profile: Profile,
}

impl<'a> Points<'a> {
    fn of(state: &'a Snapshot, profile: Profile) -> Option<Self> {
        let held = state.collections.get(&CollectionId::try_from(POINTS).ok()?)?;
        let find = |name| ReadableField::find(held.collection(), name, profile).ok();
        let names = ["id", "code"].map(|name| find(name).map(ReadableField::position));
        let mut rows = FxHashMap::default();
        held.each(&mut |shard, slots| {
            for slot in slots {
                let row = shard.feature(usize::from(*slot));
                for position in names.iter().flatten() {
                    if let ValueRef::Text(name) = row.value(*position) {
                        rows.insert(name.to_ascii_lowercase(), row.id());
                    }
                }
            }
        });
        Some(Self { held, rows })
    }
}

impl<'a> Reader<'a> {
    /// Where a field is; none when it is not there or may not be read.
    fn place(&self, field: &Field) -> Option<Place> {
        let find = |collection: &Collection, name: &str| {
            ReadableField::find(collection, name, self.profile).ok().map(ReadableField::position)
        };
        match field {
            Field::Own(name) => find(self.own, name).map(Place::Own),
            Field::Point(name) => {
                find(self.points.as_ref()?.held.collection(), name).map(Place::Point)
            }
        }
    }

    /// The point that a row names.
    fn point(&self, row: FeatureRef<'a>) -> Option<FeatureRef<'a>> {
        let points = self.points.as_ref()?;
        let ValueRef::Text(name) = row.value(self.names_point?) else { return None };
        points.held.get(*points.rows.get(&name.trim().to_ascii_lowercase())?)
    }

    fn value(&self, row: FeatureRef<'a>, place: Place) -> ValueRef<'a> {
        match place {
            Place::Own(at) => row.value(at),
            Place::Point(at) => self.point(row).map_or(ValueRef::Null, |point| point.value(at)),
        }
    }
}

/// A row that belongs to the ledger.
struct Taken<'a> {
    row: FeatureRef<'a>,
    /// Code of its unit; empty without one.
    unit: &'a str,
}

impl Engine {
    /// How many rows a ledger has now; none where its collection is not there.
    ///
    /// # Errors
    /// When its filter does not fit the collection.
    pub async fn book_count(&self, query: BookQuery) -> Result<Option<u64>, EngineError> {
        let id = collection(&query.book)?;
        if !self.snapshot().collections.contains_key(&id) {
            return Ok(None);
        }
        let query = BookQuery { offset: 0, limit: 0, ..query };
        Ok(Some(self.book(query).await?.whole.count))
    }

    /// A page of a ledger.
    ///
    /// # Errors
    /// When its collection is not there, its filter does not fit, or its rows tell no task and one is
    /// asked for.
    pub async fn book(&self, query: BookQuery) -> Result<BookPage, EngineError> {
        let current = self.snapshot();
        let own = collection(&query.book)?;
        let beside = [POINTS, ADMIN_UNITS].into_iter().filter_map(|id| id.try_into().ok());
        let beside = beside.filter(|id: &CollectionId| current.collections.contains_key(id));
        let ids: Vec<CollectionId> = std::iter::once(own.clone()).chain(beside).collect();
        let state = self.state(query.as_of, &ids).await?;
        let held = state.collections.get(&own).map(Arc::clone);
        let held = held.ok_or(EngineError::UnknownCollection { id: own })?;
        let condition = query.condition.as_ref();
        let filter = condition
            .map(|one| one.bind(held.collection(), self.registry(), self.profile()))
            .transpose()?;
        let profile = self.profile();
        let run = move || page(&state, &held, &query, filter.as_ref(), profile);
        self.pool().run(run).await?
    }
}

fn collection(book: &Book) -> Result<CollectionId, EngineError> {
    CollectionId::try_from(book.collection.as_str())
        .map_err(|error| EngineError::Internal { what: format!("ledger {}: {error}", book.id) })
}

fn page(
    state: &Snapshot,
    held: &CollectionSnapshot,
    query: &BookQuery,
    filter: Option<&Filter>,
    profile: Profile,
) -> Result<BookPage, EngineError> {
    let book = &query.book;
    let own: &Collection = held.collection();
    let find = |name: &str| ReadableField::find(own, name, profile).map(ReadableField::position);
    let names_point = book.point.as_deref().and_then(|name| find(name).ok());
    let points = names_point.and_then(|_| Points::of(state, profile));
    let reader = Reader { own, points, names_point, profile };
    let task = match (&query.task, &book.task) {
        (None, _) => None,
        (Some(task), Some(field)) => {
            let lacks = || EngineError::UnknownField {
                collection: own.id.clone(),
                name: String::from(field.clone()),
            };
            Some((task.as_str(), reader.place(field).ok_or_else(lacks)?))
        }
        (Some(_), None) => {
            let what = format!("rows of ledger {} tell no task; leave task out", book.id);
            return Err(EngineError::Unmeasurable { what });
        }
    };
    let member = book.member.as_ref().map(|one| Ok((one, find(&one.field)?)));
    let member = member.transpose().map_err(|error: EngineError| error)?;
    let below = |field: &Field| BELOW_DISTRICT.map(|name| reader.place(&field.beside(name)));
    let unit_places =
        book.unit.iter().filter_map(|field| Some((reader.place(field)?, below(field))));
    let unit_places: Vec<(Place, [Option<Place>; 3])> = unit_places.collect();
    let mut taken: Vec<Taken<'_>> = Vec::new();
    held.each(&mut |shard, slots| {
        for slot in slots {
            let row = shard.feature(usize::from(*slot));
            let is_member = member.as_ref().is_none_or(
                |(member, at)| matches!(row.value(*at), ValueRef::Text(list) if member.is_in(list)),
            );
            let of_task =
                task.is_none_or(|(task, place)| reader.value(row, place) == ValueRef::Text(task));
            if !is_member || !of_task || filter.is_some_and(|filter| !filter.matches(row)) {
                continue;
            }
            let text = |place| match reader.value(row, place) {
                ValueRef::Text(code) if !code.is_empty() => Some(code),
                _ => None,
            };
            let unit = unit_places.iter().find_map(|(place, below)| {
                let unit = text(*place)?;
                counted_at(Some(unit), below.map(|place| place.and_then(text)))
            });
            taken.push(Taken { row, unit: unit.unwrap_or_default() });
        }
    });
    taken.sort_unstable_by_key(|one| one.row.id());
    let codes = taken.iter().map(|one| one.unit).chain(query.unit.as_deref());
    let codes: std::collections::BTreeSet<&str> = codes.filter(|code| !code.is_empty()).collect();
    let codes: Vec<String> = codes.into_iter().map(str::to_owned).collect();
    let (tree, source) = unit_tree(state, query.day, &FactList::default(), codes)?;
    let asked = query.unit.as_deref().map(|code| (code, tree.slot(code)));
    if let Some((code, slot)) = asked {
        taken.retain(|one| match slot {
            Some(slot) => {
                tree.counts_at(one.unit).is_some_and(|at| child(&tree, at, slot).is_some())
            }
            None => one.unit == code,
        });
    }
    let sums: Vec<Option<usize>> = book.sums.iter().map(|sum| find(&sum.field).ok()).collect();
    let root = asked.map_or(Some(tree.root()), |(_, slot)| slot);
    let mut whole = line(&sums);
    let mut outside = line(&sums);
    // A unit that is not known stands alone.
    (outside.code, outside.name) = match asked {
        Some((code, None)) => (code.to_owned(), code.to_owned()),
        _ => (String::new(), "未落界".to_owned()),
    };
    let mut units: BTreeMap<(bool, String), BookLine> = BTreeMap::new();
    let mut stages: Vec<(String, u64)> = Vec::new();
    let stage = book.stages.as_ref().and_then(|stages| Some((stages, find(&stages.field).ok()?)));
    if let Some((known, _)) = &stage {
        stages.extend(known.words.iter().map(|word| (word.clone(), 0)));
        stages.push(("其他".to_owned(), 0));
    }
    for one in &taken {
        add(&mut whole, one.row, &sums);
        let at = tree.counts_at(one.unit).zip(root).and_then(|(at, root)| child(&tree, at, root));
        // In the whole, what is left of a unit that has ended is 未落界; of a unit, its own.
        let is_own =
            |at: &usize| Some(*at) != root || asked.is_some() || tree.slot(one.unit).is_some();
        let at = at.filter(is_own);
        match at {
            Some(slot) => {
                let unit = tree.unit(slot);
                let entry = units.entry((Some(slot) != root, unit.code.clone()));
                let entry = entry.or_insert_with(|| BookLine {
                    code: unit.code.clone(),
                    name: unit.name.clone(),
                    ..line(&sums)
                });
                add(entry, one.row, &sums);
            }
            None => add(&mut outside, one.row, &sums),
        }
        if let Some((known, at)) = &stage {
            let word = one.row.value(*at);
            let place = known.words.iter().position(|known| word == ValueRef::Text(known));
            stages[place.unwrap_or(known.words.len())].1 += 1;
        }
    }
    if asked.is_some() && outside.count > 0 {
        units.insert((false, outside.code.clone()), outside.clone());
    }
    let placed = book.columns.iter().map(|column| (column, reader.place(&column.field)));
    let (shown, lacking): (Vec<_>, Vec<_>) = placed.partition(|(_, place)| place.is_some());
    let lacking_sums = book.sums.iter().zip(&sums).filter(|(_, place)| place.is_none());
    let withheld = lacking.iter().map(|(column, _)| String::from(column.field.clone()));
    let withheld = withheld.chain(lacking_sums.map(|(sum, _)| sum.field.clone())).collect();
    let rows = taken.iter().skip(query.offset).take(query.limit.min(MAX_BOOK_ROWS));
    let rows = rows.map(|one| BookRow {
        id: one.row.id(),
        values: shown
            .iter()
            .filter_map(|(_, place)| Some(reader.value(one.row, (*place)?).to_value()))
            .collect(),
    });
    let is_known = match source {
        UnitSource::AdminUnits => asked.is_none_or(|(_, slot)| slot.is_some()),
        UnitSource::Codes => asked.is_none(),
    };
    let rows = rows.collect();
    Ok(BookPage {
        revision: state.revision,
        columns: shown.into_iter().map(|(column, _)| column.clone()).collect(),
        withheld,
        whole,
        units: units.into_values().collect(),
        outside: asked.is_none().then_some(outside),
        unit_is_known: is_known,
        stages,
        rows,
    })
}

fn line(sums: &[Option<usize>]) -> BookLine {
    BookLine { sums: vec![0.0; sums.len()], ..BookLine::default() }
}

fn add(line: &mut BookLine, row: FeatureRef<'_>, sums: &[Option<usize>]) {
    line.count += 1;
    for (sum, at) in line.sums.iter_mut().zip(sums) {
        match at.map(|at| row.value(at)) {
            Some(ValueRef::Int(number)) => *sum += number as f64,
            Some(ValueRef::Real(number)) if number.is_finite() => *sum += number,
            _ => {}
        }
    }
}

/// The unit right beneath `above` in which `slot` lies, `above` itself for itself; none when it does
/// not lie there.
fn child(tree: &UnitTree, slot: usize, above: usize) -> Option<usize> {
    if slot == above {
        return Some(slot);
    }
    let mut at = slot;
    // No deeper than there are units.
    for _ in 0..tree.len() {
        match tree.parent(at)? {
            parent if parent == above => return Some(at),
            parent => at = parent,
        }
    }
    None
}
