//! What happens often stands in the audit log once a minute of each sender, added up: nobody can flood
//! the log by asking.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use engine::audit::{AuditEntry, MAX_GEOMETRY, result};
use engine::{Engine, EngineError};

/// The time that one row adds up.
const MINUTE: Duration = Duration::from_secs(60);
/// Most fields that a row names.
const MOST_FIELDS: usize = 100;
const COLLECTION: &str = "GEOMETRYCOLLECTION(";
/// Ends the object of a row that is about others, too.
const OTHERS: &str = " and others";

/// Who did what with what result: what is added up. Whoever shows no token is nobody, and all of them
/// together; so there are no more of these than accounts and words.
type Key = (String, String, String);

/// The rows of this minute.
#[derive(Debug, Default)]
pub struct Tallies(Mutex<HashMap<Key, AuditEntry>>);

impl Tallies {
    /// Adds something to the row of the minute.
    ///
    /// # Errors
    /// When a row that is full cannot be kept.
    pub async fn add(
        self: &Arc<Self>,
        engine: &Arc<Engine>,
        entry: AuditEntry,
    ) -> Result<(), EngineError> {
        let full = {
            let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            match open.get_mut(&key(&entry)) {
                Some(row) => merge(row, entry).err(),
                None => {
                    self.open(&mut open, engine, entry);
                    None
                }
            }
        };
        match full {
            Some(full) => engine.audit(*full).await.map(|_row| ()),
            None => Ok(()),
        }
    }

    /// Puts a refusal on record: the first of a minute at once, those after it in a row of their own.
    ///
    /// # Errors
    /// When the row cannot be kept.
    pub async fn refuse(
        self: &Arc<Self>,
        engine: &Arc<Engine>,
        entry: AuditEntry,
    ) -> Result<(), EngineError> {
        debug_assert_eq!(entry.result, result::REFUSED);
        // Of a refusal the count is how often, and where is with the first.
        let entry = AuditEntry { count: Some(1), ..entry };
        {
            let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(row) = open.get_mut(&key(&entry)) {
                let _never_full = merge(row, AuditEntry { geometry: None, ..entry });
                return Ok(());
            }
            let nothing = AuditEntry { count: None, geometry: None, ..entry.clone() };
            self.open(&mut open, engine, nothing);
        }
        engine.audit(entry).await.map(|_row| ())
    }

    /// Keeps every row as it stands: before a server ends.
    pub async fn settle(&self, engine: &Engine) {
        let rows: Vec<AuditEntry> = {
            let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            open.drain().map(|(_, row)| row).collect()
        };
        for row in rows {
            keep(engine, row).await;
        }
    }

    /// Begins a row, which is kept when the minute is over.
    fn open(
        self: &Arc<Self>,
        open: &mut HashMap<Key, AuditEntry>,
        engine: &Arc<Engine>,
        entry: AuditEntry,
    ) {
        let (key, began) = (key(&entry), entry.at);
        open.insert(key.clone(), entry);
        let (tallies, engine) = (Arc::clone(self), Arc::clone(engine));
        tokio::spawn(async move {
            tokio::time::sleep(MINUTE).await;
            let row = {
                let mut open = tallies.0.lock().unwrap_or_else(PoisonError::into_inner);
                let is_its = open.get(&key).is_some_and(|row| row.at == began);
                if is_its { open.remove(&key) } else { None }
            };
            if let Some(row) = row {
                keep(&engine, row).await;
            }
        });
    }
}

fn key(entry: &AuditEntry) -> Key {
    (entry.actor.clone(), entry.action.clone(), entry.result.clone())
}

async fn keep(engine: &Engine, row: AuditEntry) {
    // Nothing came after the first, which stands in the log.
    if row.count.is_none() {
        return;
    }
    if let Err(error) = engine.audit(row).await {
        tracing::error!(%error, "a row of the audit log was not kept");
    }
}

/// Adds `more` to `row`. When there is no room for its place, an error has the row as it was, and `more`
/// is the row.
fn merge(row: &mut AuditEntry, more: AuditEntry) -> Result<(), Box<AuditEntry>> {
    let geometry = match (&row.geometry, &more.geometry) {
        (Some(one), Some(other)) => Some(joined(one, other)),
        (one, other) => one.clone().or_else(|| other.clone()),
    };
    if geometry.as_ref().is_some_and(|text| text.len() > MAX_GEOMETRY) {
        let more = AuditEntry { at: row.at, ..more };
        return Err(Box::new(std::mem::replace(row, more)));
    }
    row.geometry = geometry;
    // What has no count stands in the log already.
    row.count = Some(row.count.unwrap_or(0) + more.count.unwrap_or(1));
    if row.ip != more.ip {
        row.ip = None;
    }
    if row.object != more.object && !row.object.ends_with(OTHERS) {
        row.object.push_str(OTHERS);
    }
    for field in more.fields {
        if row.fields.len() < MOST_FIELDS && !row.fields.contains(&field) {
            row.fields.push(field);
        }
    }
    Ok(())
}

/// Both places as one text.
fn joined(one: &str, other: &str) -> String {
    match one.strip_prefix(COLLECTION).and_then(|members| members.strip_suffix(')')) {
        Some(members) => format!("{COLLECTION}{members},{other})"),
        None => format!("{COLLECTION}{one},{other})"),
    }
}

#[cfg(test)]
mod tests {
    use engine::audit::action;
    use spatial::Timestamp;

    use super::*;

    fn entry(object: &str, field: &str, place: &str) -> AuditEntry {
        AuditEntry {
            count: Some(1),
            fields: vec![field.to_owned()],
            geometry: Some(place.to_owned()),
            ip: Some("192.0.2.1".to_owned()),
            ..AuditEntry::of(Timestamp(1), "anna", action::EXPORT, object)
        }
    }

    #[test]
    fn what_is_alike_adds_up_until_its_places_have_no_room() {
        let mut row = entry("a", "x", "POINT(1 2)");
        assert_eq!(merge(&mut row, entry("a", "x", "POINT(3 4)")), Ok(()));
        assert_eq!(merge(&mut row, entry("b", "y", "POINT(5 6)")), Ok(()));
        assert_eq!(merge(&mut row, entry("c", "y", "POINT(7 8)")), Ok(()));
        assert_eq!((row.count, row.object.as_str()), (Some(4), "a and others"));
        assert_eq!(row.fields, ["x", "y"]);
        let all = "GEOMETRYCOLLECTION(POINT(1 2),POINT(3 4),POINT(5 6),POINT(7 8))";
        assert_eq!(row.geometry.as_deref(), Some(all));
        let before = row.clone();
        let long = entry("d", "z", &format!("POINT({})", "1".repeat(MAX_GEOMETRY)));
        assert_eq!(merge(&mut row, long.clone()), Err(Box::new(before)));
        assert_eq!(row, long);
    }
}
