//! States as readers with one view see them.
//!
//! What a reader may not see of a collection is marked shard by shard, and the marks of a shard are kept
//! as long as it lives: a publication costs the shards that it made, and no more, but where it changed
//! what other collections belong by. All handles with one view share a lens.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use arc_swap::ArcSwapOption;
use ledger::place::{ADMIN_UNITS, Day, FOCUS_AREAS};
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet, FxHasher};
use spatial::{Collection, CollectionId, CollectionSnapshot, FieldClass, Mask, Shard, Snapshot};

use super::belonging::{Belonging, NameSums, Names, NamesOf};
use super::record::{Asked, Witness};
use super::{Audience, View, key_class};
use crate::places::Jurisdiction;
use crate::{Engine, now};

/// Marks of shards that are no more, beyond which they are let go.
const SPARE_MARKS: usize = 256;

/// A state as the readers with a view see it.
#[derive(Debug)]
struct Seen {
    /// The whole state that it was made of.
    of: Weak<Snapshot>,
    day: Day,
    shown: Arc<Snapshot>,
    mark: u64,
    /// Whether an area is all that is seen.
    is_limited: bool,
}

/// A view, and what was made for it.
#[derive(Debug)]
pub(crate) struct Lens {
    view: View,
    number: u64,
    seen: ArcSwapOption<Seen>,
    memo: Mutex<Memo>,
    /// The same area with nothing concealed, once it was asked for.
    unconcealed: OnceLock<Arc<Lens>>,
}

/// What is kept from one state to the next.
#[derive(Debug, Default)]
pub(super) struct Memo {
    jurisdiction: Option<(JurisdictionKey, Arc<Jurisdiction>)>,
    marks: BTreeMap<CollectionId, Marks>,
    parts: BTreeMap<CollectionId, Kept>,
    sums: BTreeMap<CollectionId, NameSums>,
}

/// Units and focus areas, by their states, and the day.
type JurisdictionKey = ([usize; 2], Day);

/// Which features of the shards of one collection are not there.
#[derive(Debug, Default)]
struct Marks {
    /// Of what they depend beside the features.
    context: u64,
    by_shard: FxHashMap<usize, (Weak<Shard>, Mask)>,
}

/// A collection of the last state.
#[derive(Debug)]
struct Kept {
    of: Weak<CollectionSnapshot>,
    context: u64,
    part: Arc<CollectionSnapshot>,
    names: Option<Arc<Names>>,
}

impl Lens {
    pub(crate) fn new(view: View) -> Self {
        let number = view.number();
        let (seen, memo, unconcealed) = Default::default();
        Self { view, number, seen, memo, unconcealed }
    }

    /// The lens for the same area with nothing concealed.
    pub(super) fn unconcealed(&self, make: impl FnOnce() -> Arc<Self>) -> Arc<Self> {
        Arc::clone(self.unconcealed.get_or_init(make))
    }

    pub(crate) fn view(&self) -> &View {
        &self.view
    }

    /// Another number for another view, the same in every process.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    fn memo(&self) -> MutexGuard<'_, Memo> {
        // What is half made is made anew.
        self.memo.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was made of `whole`. Asked with every request: no count of references changes.
    fn seen<T>(&self, whole: &Arc<Snapshot>, read: impl FnOnce(&Seen) -> T) -> Option<T> {
        let seen = self.seen.load();
        let seen = seen.as_deref()?;
        let is_today = self.view.areas.is_none() || seen.day == Day::of(now());
        // The weak reference holds the place in memory: no later state has the same address.
        let is_of = std::ptr::eq(seen.of.as_ptr(), Arc::as_ptr(whole));
        (is_today && is_of).then(|| read(seen))
    }

    /// Of what [`Lens::is_limited`] tells, that which is known without making anything out: nothing
    /// before `whole`, which is the current state, has been.
    pub(crate) fn is_known_limited(&self, whole: &Arc<Snapshot>) -> Option<bool> {
        match self.view.is_whole() {
            true => Some(false),
            false => {
                self.seen(whole, |seen| self.view.audience == Audience::Public || seen.is_limited)
            }
        }
    }

    /// The current state `whole` as it is seen, and a number: another one means that the same features
    /// may look otherwise.
    pub(crate) fn shown(&self, engine: &Engine, whole: Arc<Snapshot>) -> (Arc<Snapshot>, u64) {
        if self.view.is_whole() {
            return (whole, 0);
        }
        let told = |seen: &Seen| (Arc::clone(&seen.shown), seen.mark);
        if let Some(told) = self.seen(&whole, told) {
            return told;
        }
        let mut memo = self.memo();
        // Whoever came first made it.
        if let Some(told) = self.seen(&whole, told) {
            return told;
        }
        let day = Day::of(now());
        let jurisdiction = self.jurisdiction(engine, &whole, day, &mut memo);
        let shown = self.make(engine, &whole, jurisdiction.as_deref(), &mut memo);
        let mark = self.mark(engine, jurisdiction.as_deref());
        let is_limited = jurisdiction.is_some();
        let of = Arc::downgrade(&whole);
        let seen = Seen { of, day, shown: Arc::clone(&shown), mark, is_limited };
        self.seen.store(Some(Arc::new(seen)));
        (shown, mark)
    }

    /// Whether only a part of the current state `whole` is for the readers, so that what was made of all
    /// of it is not for them.
    pub(crate) fn is_limited(&self, engine: &Engine, whole: Arc<Snapshot>) -> bool {
        match (self.view.audience, &self.view.areas) {
            (Audience::Public, _) => true,
            (_, None) => false,
            (_, Some(_)) => {
                self.shown(engine, Arc::clone(&whole));
                // Made just now, unless another state came meanwhile: then nothing is known.
                self.seen(&whole, |seen| seen.is_limited).unwrap_or(true)
            }
        }
    }

    /// A past state as it is seen, by the units of today.
    pub(crate) fn shown_past(&self, engine: &Engine, past: Arc<Snapshot>) -> Arc<Snapshot> {
        if self.view.is_whole() {
            return past;
        }
        let mut memo = self.memo();
        let current = engine.current();
        let jurisdiction = self.jurisdiction(engine, &current, Day::of(now()), &mut memo);
        // Most shards are those of the current state: what is known of them holds, but where others
        // belong by names, which were others then.
        let mut passing = Memo::default();
        let is_lent = |id: &CollectionId| {
            let rule = engine.settings().areas.of(id.as_str());
            past.collections.contains_key(id) && rule.is_none_or(|rule| rule.of.is_empty())
        };
        let lent: Vec<_> = memo.marks.keys().filter(|id| is_lent(id)).cloned().collect();
        passing.marks.extend(lent.into_iter().filter_map(|id| memo.marks.remove_entry(&id)));
        let shown = self.make(engine, &past, jurisdiction.as_deref(), &mut passing);
        memo.marks.extend(passing.marks.into_iter().filter(|(id, _)| is_lent(id)));
        shown
    }

    /// Lets go of what was made of former states.
    pub(crate) fn forget(&self) {
        self.seen.store(None);
    }

    /// Whether `state` is what is seen of the current state `whole`.
    pub(crate) fn is_current(&self, whole: &Arc<Snapshot>, state: &Weak<Snapshot>) -> bool {
        let is = |one: &Arc<Snapshot>| std::ptr::eq(Arc::as_ptr(one), state.as_ptr());
        match self.view.is_whole() {
            true => is(whole),
            false => self.seen(whole, |seen| is(&seen.shown)).unwrap_or(false),
        }
    }

    fn mark(&self, engine: &Engine, jurisdiction: Option<&Jurisdiction>) -> u64 {
        let mut hasher = FxHasher::default();
        match (self.view.audience, jurisdiction) {
            (Audience::Internal | Audience::Enforce, None) => return 0,
            (Audience::Public, _) => format!("{:?}", engine.settings().public).hash(&mut hasher),
            _ => {}
        }
        jurisdiction.map(Jurisdiction::mark).hash(&mut hasher);
        hasher.finish()
    }

    /// The area that the view is limited to; none where it holds everything.
    fn jurisdiction(
        &self,
        engine: &Engine,
        current: &Snapshot,
        day: Day,
        memo: &mut Memo,
    ) -> Option<Arc<Jurisdiction>> {
        let areas = self.view.areas.as_ref()?;
        let of = |name: &str| {
            let held = current.collections.iter().find(|(id, _)| id.as_str() == name);
            held.map_or(0, |(_, held)| Arc::as_ptr(held) as usize)
        };
        let key = ([of(ADMIN_UNITS), of(FOCUS_AREAS)], day);
        let made = match &memo.jurisdiction {
            Some((known, made)) if *known == key => Arc::clone(made),
            _ => {
                let made = Arc::new(Jurisdiction::of(engine, current, areas, day));
                memo.jurisdiction = Some((key, Arc::clone(&made)));
                made
            }
        };
        (!made.is_everything()).then_some(made)
    }

    /// What decides of single features of these collections; none where everything belongs.
    pub(super) fn witness(&self, engine: &Engine, ids: BTreeSet<CollectionId>) -> Option<Witness> {
        let whole = engine.current();
        let mut memo = self.memo();
        let jurisdiction = self.jurisdiction(engine, &whole, Day::of(now()), &mut memo)?;
        let mut making = Making::new(engine, &jurisdiction, &whole, &mut memo);
        let mut asked = |id: CollectionId| {
            let rule = engine.settings().areas.of(id.as_str()).cloned();
            let owners = rule.iter().flat_map(|rule| &rule.of).map(|owner| &owner.collection);
            let names = owners.map(|owner| (owner.clone(), making.names(owner))).collect();
            (id, Asked { rule, names })
        };
        let asked = ids.into_iter().map(&mut asked).collect();
        Some(Witness { jurisdiction, asked })
    }

    fn make(
        &self,
        engine: &Engine,
        whole: &Arc<Snapshot>,
        jurisdiction: Option<&Jurisdiction>,
        memo: &mut Memo,
    ) -> Arc<Snapshot> {
        let is_seen = |collection: &Collection| key_class(collection) <= self.view.sees;
        let is_public = self.view.audience == Audience::Public;
        let all = &whole.collections;
        if !is_public
            && jurisdiction.is_none()
            && all.values().all(|held| is_seen(held.collection()))
        {
            return Arc::clone(whole);
        }
        let mut collections = BTreeMap::new();
        let mut making = jurisdiction.map(|area| Making::new(engine, area, whole, memo));
        for (id, held) in all {
            let part = match &mut making {
                Some(making) => making.part(id, held),
                None => Arc::clone(held),
            };
            match is_public {
                false if is_seen(held.collection()) => {
                    collections.insert(id.clone(), part);
                }
                false => {}
                true => {
                    collections.extend(opened(engine, &part).map(|opened| (id.clone(), opened)));
                }
            }
        }
        Arc::new(Snapshot { collections, ..**whole })
    }
}

/// A collection as everyone reads it: what is listed is of class L0, and nothing else of it.
fn opened(engine: &Engine, held: &Arc<CollectionSnapshot>) -> Option<Arc<CollectionSnapshot>> {
    let collection = held.collection();
    let listed = engine.settings().public.of(collection.id.as_str())?;
    let mut fields = collection.fields.clone();
    for field in &mut fields {
        field.class = match field.class {
            FieldClass::L0 | FieldClass::L1 if listed.fields.contains(&field.name) => {
                FieldClass::L0
            }
            class => class.max(FieldClass::L1),
        };
    }
    // A key that is not listed names nothing.
    let described = Collection { fields, ..(**collection).clone() };
    let key = match key_class(&described) {
        FieldClass::L0 => described.key.clone(),
        _ => None,
    };
    Some(Arc::new(held.described_as(Collection { key, ..described })))
}

/// The collections of one state, made one after the other: those first that others belong by.
pub(super) struct Making<'a> {
    engine: &'a Engine,
    jurisdiction: &'a Jurisdiction,
    whole: &'a Snapshot,
    memo: &'a mut Memo,
    done: BTreeSet<CollectionId>,
}

impl<'a> Making<'a> {
    pub(super) fn new(
        engine: &'a Engine,
        jurisdiction: &'a Jurisdiction,
        whole: &'a Snapshot,
        memo: &'a mut Memo,
    ) -> Self {
        memo.parts.retain(|id, _| whole.collections.contains_key(id));
        memo.marks.retain(|id, _| whole.collections.contains_key(id));
        memo.sums.retain(|id, _| whole.collections.contains_key(id));
        Self { engine, jurisdiction, whole, memo, done: BTreeSet::new() }
    }

    /// What belongs to the area of a collection.
    pub(super) fn part(
        &mut self,
        id: &CollectionId,
        held: &Arc<CollectionSnapshot>,
    ) -> Arc<CollectionSnapshot> {
        let known = self.memo.parts.get(id);
        if let Some(known) = known.filter(|_| self.done.contains(id)) {
            return Arc::clone(&known.part);
        }
        let rule = self.engine.settings().areas.of(id.as_str()).cloned();
        let mut names: BTreeMap<String, Arc<Names>> = BTreeMap::new();
        for owner in rule.iter().flat_map(|rule| &rule.of) {
            // Rules lead round in no circle.
            names.insert(owner.collection.clone(), self.names(&owner.collection));
        }
        let mut context = FxHasher::default();
        self.jurisdiction.mark().hash(&mut context);
        names.values().for_each(|names| names.mark().hash(&mut context));
        let context = context.finish();
        self.done.insert(id.clone());
        if let Some(kept) = self.memo.parts.get(id)
            && kept.context == context
            && Weak::ptr_eq(&kept.of, &Arc::downgrade(held))
        {
            return Arc::clone(&kept.part);
        }
        let (engine, jurisdiction) = (self.engine, self.jurisdiction);
        let collection = held.collection();
        let belonging = || {
            let names = |id: &str| names.get(id).cloned();
            let rule = (rule.as_ref(), &names as NamesOf<'_>);
            Belonging::new(jurisdiction, engine.registry(), collection, rule)
        };
        let marks = self.memo.marks.entry(id.clone()).or_default();
        let part = Arc::new(marks.part(held, context, &belonging));
        let kept = Kept { of: Arc::downgrade(held), context, part: Arc::clone(&part), names: None };
        self.memo.parts.insert(id.clone(), kept);
        part
    }

    /// Names of what belongs to the area of a collection; none where there is no such collection.
    fn names(&mut self, id: &str) -> Arc<Names> {
        let held = self.whole.collections.iter().find(|(known, _)| known.as_str() == id);
        let Some((id, held)) = held else { return Arc::default() };
        let part = self.part(id, held);
        let Memo { parts, sums, .. } = &mut *self.memo;
        let Some(kept) = parts.get_mut(id) else { return Arc::default() };
        let names = kept.names.get_or_insert_with(|| {
            let mark = sums.entry(id.clone()).or_default().mark(&part, kept.context);
            Arc::new(Names::of(part, mark))
        });
        Arc::clone(names)
    }
}

impl Marks {
    /// What belongs of a collection, asked of those shards alone that are not marked yet.
    fn part<'b>(
        &mut self,
        held: &Arc<CollectionSnapshot>,
        context: u64,
        belonging: &(dyn Fn() -> Belonging<'b> + Sync),
    ) -> CollectionSnapshot {
        if self.context != context {
            self.by_shard.clear();
            self.context = context;
        }
        let (mut unknown, mut count): (Vec<Arc<Shard>>, usize) = (Vec::new(), 0);
        held.each_shard(&mut |shard| {
            count += 1;
            if !self.by_shard.contains_key(&(Arc::as_ptr(shard) as usize)) {
                unknown.push(Arc::clone(shard));
            }
        });
        let nothing = FxHashSet::default();
        let marked: Vec<(Arc<Shard>, Mask)> = unknown
            .into_par_iter()
            .map_init(belonging, |belonging, shard| {
                let mask = Mask::of(&shard, &mut |feature| belonging.holds(feature, &nothing));
                (shard, mask)
            })
            .collect();
        for (shard, mask) in marked {
            // The reference keeps the address from being another shard's.
            let key = Arc::as_ptr(&shard) as usize;
            self.by_shard.insert(key, (Arc::downgrade(&shard), mask));
        }
        if self.by_shard.len() > 2 * count + SPARE_MARKS {
            self.by_shard.retain(|_, (shard, _)| shard.strong_count() > 0);
        }
        held.masked(&mut |shard| {
            let known = self.by_shard.get(&(Arc::as_ptr(shard) as usize));
            // What is not known is withheld.
            known.map_or(Mask::Everything, |(_, mask)| mask.clone())
        })
    }
}
