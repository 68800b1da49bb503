//! Holds the features of each collection to what the change log and the history say of them.
//!
//! Four orders of the same ids are merged: the features that are there, the changes, the past
//! states, and the ranges of ids that bulk loads gave. An id of which no row speaks costs nothing.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, Rows};
use spatial::{Envelope, Revision};

use super::super::retention;
use super::Report;
use super::apart::Apart;
use super::cursor::{self, Cursor, Event, State};
use super::life::{Alive, Life, LoadKind};
use crate::StoreError;

/// A feature as its table has it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Found {
    /// It lies here, or nowhere.
    At(Option<Envelope>),
    /// It is there, but its row cannot be read.
    Unreadable,
}

/// A range of ids that a bulk load gave.
struct Load {
    first: i64,
    last: i64,
    revision: u64,
}

/// Change log and history, read along with the features.
pub(super) struct Record<'s> {
    db: &'s Connection,
    report: &'s Report,
    revision: u64,
    events: Cursor<'s, Event>,
    states: Cursor<'s, State>,
    /// The collection whose features are read, and what stands for it alone.
    collection: String,
    /// Ids up to here belong to a collection of this name that was removed.
    floor: i64,
    /// Ids up to here are done.
    done: i64,
    apart: Apart,
    loads: Vec<Load>,
    /// The first load that may hold ids above `done`.
    next_load: usize,
    kinds: HashMap<u64, LoadKind>,
    /// States that ended up to here may have been let go.
    whole_from: u64,
}

impl<'s> Record<'s> {
    pub(super) fn new(
        db: &'s Connection,
        report: &'s Report,
        revision: Revision,
        (events, states): (Rows<'s>, Rows<'s>),
    ) -> Result<Self, StoreError> {
        let start = retention::start(db)?;
        Ok(Self {
            whole_from: start.map_or(0, |start| start.revision.0),
            db,
            report,
            revision: revision.0,
            events: cursor::events(events, report),
            states: cursor::states(states, report),
            collection: String::new(),
            floor: 0,
            done: 0,
            apart: Apart::default(),
            loads: Vec::new(),
            next_load: 0,
            kinds: HashMap::new(),
        })
    }

    /// Rows read of the change log and of the history.
    pub(super) fn rows(&self) -> (u64, u64) {
        (self.events.count, self.states.count)
    }

    /// Goes on to the features of `collection`; names come in ascending order.
    pub(super) fn begin(&mut self, collection: &str, apart: Apart) -> Result<(), StoreError> {
        self.finish_until(Some(collection))?;
        self.start(collection)?;
        self.apart = apart;
        Ok(())
    }

    /// The rows of the collection that no revision shows.
    pub(super) fn apart(&self) -> &Apart {
        &self.apart
    }

    /// Leaves a collection out that cannot be read.
    pub(super) fn pass_over(&mut self, collection: &str) -> Result<(), StoreError> {
        self.finish_until(Some(collection))?;
        while self.events.head().is_some_and(|head| head.collection == collection) {
            self.events.take(self.report);
        }
        while self.states.head().is_some_and(|head| head.collection == collection) {
            self.states.take(self.report);
        }
        Ok(())
    }

    /// Hears of a feature that is there; ids come in ascending order.
    pub(super) fn present(&mut self, fid: i64, found: Found) {
        self.absent_until(Some(fid));
        self.missing_until(fid);
        self.check(fid, Some(found));
        self.done = fid;
    }

    /// Hears that no more features of the collection are there.
    pub(super) fn finish(&mut self) {
        self.absent_until(None);
        self.missing_until(i64::MAX);
    }

    /// Hears that there are no more collections.
    pub(super) fn finish_all(&mut self) -> Result<(), StoreError> {
        self.finish_until(None)
    }

    /// Reads over collections that are no more.
    fn finish_until(&mut self, next: Option<&str>) -> Result<(), StoreError> {
        while let Some(name) = self.head_name()
            && next.is_none_or(|next| name.as_str() < next)
        {
            self.start(&name)?;
            if self.floor == 0 {
                let reason = format!("they name collection {name}, which never was");
                self.report.tell("tuban_change_log, tuban_history", None, reason);
            }
            // Of what was removed with its collection nothing can be held to be there.
            self.floor = i64::MAX;
            self.finish();
        }
        Ok(())
    }

    fn head_name(&self) -> Option<String> {
        let [a, b] = [
            self.events.head().map(|head| &head.collection),
            self.states.head().map(|head| &head.collection),
        ];
        a.into_iter().chain(b).min().cloned()
    }

    fn start(&mut self, collection: &str) -> Result<(), StoreError> {
        let retired = "SELECT last_fid FROM tuban_retired WHERE collection = ?1";
        let retired = self.db.query_row(retired, [collection], |row| row.get(0)).optional()?;
        collection.clone_into(&mut self.collection);
        self.apart = Apart::default();
        self.floor = retired.unwrap_or(0);
        self.done = self.floor;
        self.next_load = 0;
        self.loads.clear();
        self.kinds.clear();
        let mut loads = self.db.prepare_cached(
            "SELECT revision, fid, last_fid, before_min_x NOTNULL FROM tuban_change_log
             WHERE operation = 'load' AND collection = ?1 ORDER BY fid",
        )?;
        let mut rows = loads.query([collection])?;
        while let Some(row) = rows.next()? {
            let revision: u64 = row.get(0)?;
            let kind = if row.get(3)? { LoadKind::Replacing } else { LoadKind::Other };
            self.kinds.insert(revision, kind);
            self.check_revision("tuban_change_log", None, revision);
            if let (Some(first), Some(last)) = (row.get(1)?, row.get(2)?) {
                let before = self.loads.last().map_or(0, |load: &Load| load.last);
                if first <= before || last < first {
                    let reason = format!(
                        "revision {revision}: the load gave the ids {first} to {last} after {before}"
                    );
                    self.report.tell("tuban_change_log", None, reason);
                }
                self.loads.push(Load { first, last, revision });
            }
        }
        Ok(())
    }

    fn check_revision(&self, table: &str, fid: Option<i64>, revision: u64) {
        if revision > self.revision {
            let reason = format!(
                "{}: revision {revision} is newer than the store, which is at {}",
                self.collection, self.revision
            );
            self.report.tell(table, fid, reason);
        }
    }

    fn is_broken(&self) -> bool {
        self.events.broken || self.states.broken
    }

    /// Checks the features below `limit` of which the record speaks and that are not there.
    fn absent_until(&mut self, limit: Option<i64>) {
        let below = |fid: &i64| limit.is_none_or(|limit| *fid < limit);
        while let Some(fid) = self.next_recorded().filter(below) {
            self.missing_until(fid);
            self.check(fid, None);
            self.done = self.done.max(fid);
        }
    }

    fn next_recorded(&self) -> Option<i64> {
        let own = |name: &str, fid| (name == self.collection).then_some(fid);
        let event = self.events.head().and_then(|head| own(&head.collection, head.fid));
        let state = self.states.head().and_then(|head| own(&head.collection, head.fid));
        // A row that stands apart may be missing, too.
        let apart = self.apart.ids.range(self.done.saturating_add(1)..).next().copied();
        event.into_iter().chain(state).chain(apart).min()
    }

    /// Tells which ids after `done` and before `limit` a bulk load gave: no row says how they went.
    fn missing_until(&mut self, limit: i64) {
        let from = self.done.max(self.floor).saturating_add(1);
        while let Some(load) = self.loads.get(self.next_load) {
            if load.first >= limit {
                return;
            }
            let (first, last) = (load.first.max(from), load.last.min(limit - 1));
            if first <= last && !self.is_broken() {
                let reason = if first == last {
                    "it was loaded and never removed, but it is not there".to_owned()
                } else {
                    format!(
                        "features {first} to {last} were loaded and never removed, but they are not there"
                    )
                };
                self.report.tell(&self.collection, (first == last).then_some(first), reason);
            }
            if load.last >= limit {
                return;
            }
            self.next_load += 1;
        }
    }

    /// Holds one feature to its record; `found` is none when it is not there.
    fn check(&mut self, fid: i64, found: Option<Found>) {
        if fid <= self.floor {
            if found.is_some() && self.floor < i64::MAX {
                let reason = "it has an id of a collection of this name that was removed";
                self.report.tell(&self.collection, Some(fid), reason);
            }
            while self.next_of(fid).is_some() {
                self.take(fid, u64::MAX);
            }
            return;
        }
        if self.apart.ids.contains(&fid) {
            while self.next_of(fid).is_some() {
                self.take(fid, u64::MAX);
            }
            return;
        }
        let arrival = self.arrival(fid);
        let mut life = Life::new(arrival, self.whole_from);
        let mut heard = arrival.is_some();
        while let Some(revision) = self.next_of(fid) {
            heard = true;
            let (ended, events) = self.take(fid, revision);
            let load = self.kinds.get(&revision).copied();
            for reason in life.go_on(revision, &ended, &events, load) {
                self.report.tell(&self.collection, Some(fid), reason);
            }
        }
        if !self.is_broken() {
            self.compare(fid, &life, heard, found);
        }
    }

    fn compare(&self, fid: i64, life: &Life, heard: bool, found: Option<Found>) {
        let tell = |reason: &str| self.report.tell(&self.collection, Some(fid), reason);
        match (life.alive, found) {
            (Alive::No, Some(_)) if heard => tell("it is there, but the change log removed it"),
            (Alive::No, Some(_)) => tell("it is there, but the change log does not know it"),
            (Alive::Since(_), None) => {
                tell("the change log has it and never removed it, but it is not there");
            }
            (_, Some(Found::At(place))) if life.place.is_some_and(|logged| logged != place) => {
                tell("it lies elsewhere than the change log says");
            }
            _ => {}
        }
    }

    /// The load that gave this id.
    fn arrival(&self, fid: i64) -> Option<u64> {
        let after = self.loads.partition_point(|load| load.last < fid);
        self.loads.get(after).filter(|load| load.first <= fid).map(|load| load.revision)
    }

    /// The next revision at which the record speaks of this feature.
    fn next_of(&self, fid: i64) -> Option<u64> {
        let own = |name: &str, id: i64| name == self.collection && id == fid;
        let event = self.events.head().filter(|head| own(&head.collection, head.fid));
        let state = self.states.head().filter(|head| own(&head.collection, head.fid));
        let [event, state] = [event.map(|e| e.row.revision), state.map(|s| s.row.until)];
        event.into_iter().chain(state).min()
    }

    /// Takes what the record says of this feature up to `revision`.
    fn take(&mut self, fid: i64, revision: u64) -> (Vec<State>, Vec<Event>) {
        let (mut ended, mut events) = (Vec::new(), Vec::new());
        while let Some(head) = self.states.head()
            && (head.collection == self.collection && head.fid == fid)
            && head.row.until <= revision
        {
            let (until, let_go) = (head.row.until, head.row.let_go);
            self.check_revision("tuban_history", Some(fid), until);
            if let_go && until > self.whole_from {
                let reason = format!(
                    "revision {until}: the properties cannot be read, as of a state that was let go"
                );
                self.report.tell("tuban_history", Some(fid), reason);
            }
            ended.extend(self.states.take(self.report).map(|taken| taken.row));
        }
        while let Some(head) = self.events.head()
            && (head.collection == self.collection && head.fid == fid)
            && head.row.revision <= revision
        {
            self.check_revision("tuban_change_log", Some(fid), head.row.revision);
            events.extend(self.events.take(self.report).map(|taken| taken.row));
        }
        (ended, events)
    }
}
