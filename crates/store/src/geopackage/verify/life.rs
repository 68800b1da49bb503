//! The life of one feature as the change log and the history tell it, revision by revision.
//!
//! A state begins with the feature's arrival, or where the state before it ended; it ends with a
//! change that the log names, or with a bulk load. Where both tell it, they must tell the same.
//! Past states that were let go leave gaps, but the newest of each feature says still when it ended.

use spatial::Envelope;

use super::cursor::{Event, State};
use crate::Operation;

/// Whether a feature is there after what was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alive {
    No,
    /// Its present state began then.
    Since(u64),
    /// A bulk load ended the state before; whether it brought the next one is not written down.
    PerhapsSince(u64),
}

/// What a bulk load did to features that were there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LoadKind {
    /// It put others in their place.
    Replacing,
    /// It replaced them by key, or put others in the place of features that had no place.
    Other,
}

/// A feature between two revisions.
#[derive(Debug)]
pub(super) struct Life {
    pub(super) alive: Alive,
    /// Where the present state lies, when that was heard.
    pub(super) place: Option<Option<Envelope>>,
    heard: u64,
    /// States that ended up to here may have been let go.
    whole_from: u64,
}

impl Life {
    /// A feature that a bulk load brought, or one of which nothing was heard.
    pub(super) fn new(arrival: Option<u64>, whole_from: u64) -> Self {
        let alive = arrival.map_or(Alive::No, Alive::Since);
        Self { alive, place: None, heard: arrival.unwrap_or(0), whole_from }
    }

    /// Goes on to `revision`: `ended` are the past states that ended there, `events` what the log
    /// says of it, `load` the bulk load that made it. Answers what does not fit.
    pub(super) fn go_on(
        &mut self,
        revision: u64,
        ended: &[State],
        events: &[Event],
        load: Option<LoadKind>,
    ) -> Vec<String> {
        let mut wrong = Vec::new();
        let here = |what: &str| format!("revision {revision}: {what}");
        if revision < self.heard {
            wrong.push(here("the change log goes back in time"));
        }
        self.heard = revision;
        if ended.len() > 1 {
            wrong.push(here("two past states end here"));
        }
        let begun = self.begun();
        for State { from, until, envelope, .. } in ended {
            if from >= until {
                wrong.push(format!("a past state ends at {until}, where it began at {from}"));
            }
            match begun {
                Some(begun) if begun == *from => {}
                Some(begun) if begun < *from && *from <= self.whole_from => self.place = None,
                Some(begun) => wrong.push(here(&format!(
                    "a past state from {from} ends, but the one before it ended at {begun}"
                ))),
                None => wrong.push(here(&format!(
                    "a past state from {from} ends, but the change log has no feature then"
                ))),
            }
            if let (Some(kept), Some(place)) = (envelope, &self.place)
                && kept != place
            {
                wrong.push(here("the past state lies elsewhere than the change log says"));
            }
        }
        let kept = ended.first().and_then(|state| state.envelope);
        if events.is_empty() && !ended.is_empty() {
            self.place = None;
            self.alive = match load {
                Some(LoadKind::Replacing) => Alive::No,
                Some(LoadKind::Other) => Alive::PerhapsSince(revision),
                None => {
                    wrong.push(here("a past state ends, but the change log has no change then"));
                    Alive::PerhapsSince(revision)
                }
            };
        }
        for (position, event) in events.iter().enumerate() {
            let before = if position == 0 { kept.or(self.place) } else { self.place };
            self.hear(event, before, position == 0 && !ended.is_empty(), &mut wrong);
        }
        wrong
    }

    /// The revision at which the present state began.
    fn begun(&self) -> Option<u64> {
        match self.alive {
            Alive::No => None,
            Alive::Since(from) | Alive::PerhapsSince(from) => Some(from),
        }
    }

    fn hear(
        &mut self,
        event: &Event,
        before: Option<Option<Envelope>>,
        ended: bool,
        wrong: &mut Vec<String>,
    ) {
        let revision = event.revision;
        let here = |what: &str| format!("revision {revision}: {what}");
        let begun = self.begun();
        let there = begun.is_some();
        match event.operation {
            // Of a feature that is gone past values are erased.
            Operation::Erase if !there => return,
            // What took it away before it came back may have been let go.
            Operation::Insert if begun.is_some_and(|begun| begun < self.whole_from) => {}
            Operation::Insert if there => wrong.push(here("inserted, but it was there already")),
            Operation::Insert if ended => wrong.push(here("inserted where a past state ends")),
            Operation::Insert => {}
            _ if !there => wrong.push(here("changed, but the change log has no feature then")),
            _ if revision <= self.whole_from => {}
            _ => {
                let shown = begun.is_some_and(|begun| begun < revision);
                if shown && !ended {
                    wrong.push(here("changed, but the state before it is not in the history"));
                }
                if before.is_some_and(|before| before != event.before) {
                    wrong.push(here("the change log says that it lay elsewhere before"));
                }
            }
        }
        self.alive = match event.operation {
            Operation::Delete => Alive::No,
            _ => Alive::Since(revision),
        };
        self.place = match event.operation {
            Operation::Delete => None,
            _ => Some(event.after),
        };
    }
}
