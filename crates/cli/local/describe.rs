//! Collections and loads as JSON, for the other side of the socket.

use serde::{Deserialize, Serialize};
use spatial::{
    Collection, CollectionId, Crs, Day, Envelope, Field, FieldClass, FieldType, GeometryType,
    Revision, Timestamp, Zooms,
};
use store::audit::{AuditEntry, AuditHead, HeadKey};
use store::{Load, LoadMode, LoadSummary};

use super::accounts::DescribedChange;
use super::personal::DescribedPersonal;

/// First message of a connection.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Hello {
    pub(super) protocol: u64,
    pub(super) fingerprint: String,
}

/// Something short to be done.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) enum Command {
    Describe {
        collection: Described,
    },
    Rename {
        from: String,
        to: String,
    },
    Remove {
        id: String,
    },
    Style {
        id: String,
        name: String,
        qml: String,
        sld: String,
    },
    /// `at` is the moment, in milliseconds.
    Accounts {
        change: DescribedChange,
        by: String,
        at: i64,
    },
    AuditHead {
        head: DescribedHead,
    },
    Audit {
        entry: DescribedEntry,
    },
    Personal {
        load: DescribedPersonal,
    },
}

/// A signed head of the audit log; a day is a number from 1970-01-01 on, a moment milliseconds.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DescribedHead {
    day: i64,
    seq: u64,
    hash: [u8; 32],
    signed_at: i64,
    key: [u8; 32],
    signature: Vec<u8>,
}

impl From<AuditHead> for DescribedHead {
    fn from(head: AuditHead) -> Self {
        let AuditHead { day, seq, hash, signed_at, key, signature } = head;
        Self { day: day.0, seq, hash, signed_at: signed_at.0, key: key.0, signature }
    }
}

impl DescribedHead {
    /// The head.
    pub(super) fn read(self) -> AuditHead {
        let Self { day, seq, hash, signed_at, key, signature } = self;
        let (day, signed_at, key) = (Day(day), Timestamp(signed_at), HeadKey(key));
        AuditHead { day, seq, hash, signed_at, key, signature }
    }
}

/// An entry of the audit log by whoever works at the machine; `at` is the moment, in milliseconds.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DescribedEntry {
    at: i64,
    actor: String,
    action: String,
    object: String,
    geometry: Option<String>,
    count: Option<u64>,
}

impl From<AuditEntry> for DescribedEntry {
    fn from(entry: AuditEntry) -> Self {
        let AuditEntry { at, actor, action, object, geometry, count, .. } = entry;
        Self { at: at.0, actor, action, object, geometry, count }
    }
}

impl DescribedEntry {
    /// The entry.
    pub(super) fn read(self) -> AuditEntry {
        let Self { at, actor, action, object, geometry, count } = self;
        AuditEntry { geometry, count, ..AuditEntry::of(Timestamp(at), &actor, &action, object) }
    }
}

/// A load, but for its features.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LoadHead {
    collection: Described,
    mode: Mode,
    actor: String,
    reason: String,
    recorded_at: i64,
}

#[derive(Debug, Deserialize, Serialize)]
enum Mode {
    Create,
    Append,
    Replace,
    Upsert,
}

/// What came of a command or a load.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Outcome {
    pub(super) revision: u64,
    pub(super) inserted: u64,
    pub(super) updated: u64,
    pub(super) removed: u64,
    /// Number of a new token.
    pub(super) token: Option<i64>,
}

/// A collection, count and extent apart.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Described {
    id: String,
    title: String,
    description: String,
    attribution: String,
    crs: String,
    geometry: String,
    has_z: bool,
    has_m: bool,
    fields: Vec<DescribedField>,
    key: Option<String>,
    min_zoom: u8,
    max_zoom: u8,
    style: Option<String>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct DescribedField {
    name: String,
    alias: Option<String>,
    kind: String,
    class: String,
}

/// The one of `all` whose name is `name`.
fn named<T: Copy + std::fmt::Debug>(all: &[T], name: &str) -> Option<T> {
    all.iter().copied().find(|one| format!("{one:?}") == name)
}

impl From<&Collection> for Described {
    fn from(collection: &Collection) -> Self {
        let field = |field: &Field| DescribedField {
            name: field.name.clone(),
            alias: field.alias.clone(),
            kind: format!("{:?}", field.field_type),
            class: format!("{:?}", field.class),
        };
        Self {
            id: collection.id.to_string(),
            title: collection.title.clone(),
            description: collection.description.clone(),
            attribution: collection.attribution.clone(),
            crs: collection.crs.to_string(),
            geometry: format!("{:?}", collection.geometry_type),
            has_z: collection.has_z,
            has_m: collection.has_m,
            fields: collection.fields.iter().map(field).collect(),
            key: collection.key.clone(),
            min_zoom: collection.zooms.min,
            max_zoom: collection.zooms.max,
            style: collection.style.clone(),
        }
    }
}

impl Described {
    /// The collection; none when a name in it is not known here.
    pub(super) fn read(self) -> Option<Collection> {
        let fields = self.fields.into_iter().map(|field| {
            Some(Field {
                field_type: named(&FieldType::ALL, &field.kind)?,
                class: named(&FieldClass::ALL, &field.class)?,
                name: field.name,
                alias: field.alias,
            })
        });
        let crs = match self.crs.split_once(':')? {
            ("EPSG", code) => Crs::Epsg(code.parse().ok()?),
            ("site", name) => Crs::Site(name.to_owned()),
            _ => return None,
        };
        Some(Collection {
            id: CollectionId::try_from(self.id.as_str()).ok()?,
            title: self.title,
            description: self.description,
            attribution: self.attribution,
            crs,
            geometry_type: named(&GeometryType::ALL, &self.geometry)?,
            has_z: self.has_z,
            has_m: self.has_m,
            fields: fields.collect::<Option<_>>()?,
            key: self.key,
            zooms: Zooms { min: self.min_zoom, max: self.max_zoom },
            style: self.style,
            extent: Envelope::EMPTY,
            count: 0,
        })
    }
}

impl From<&Load> for LoadHead {
    fn from(load: &Load) -> Self {
        Self {
            collection: Described::from(&load.collection),
            mode: match load.mode {
                LoadMode::Create => Mode::Create,
                LoadMode::Append => Mode::Append,
                LoadMode::Replace => Mode::Replace,
                LoadMode::Upsert => Mode::Upsert,
            },
            actor: load.actor.clone(),
            reason: load.reason.clone(),
            recorded_at: load.recorded_at.0,
        }
    }
}

impl LoadHead {
    /// The load; none when a name in it is not known here.
    pub(super) fn read(self) -> Option<Load> {
        Some(Load {
            collection: self.collection.read()?,
            mode: match self.mode {
                Mode::Create => LoadMode::Create,
                Mode::Append => LoadMode::Append,
                Mode::Replace => LoadMode::Replace,
                Mode::Upsert => LoadMode::Upsert,
            },
            actor: self.actor,
            reason: self.reason,
            recorded_at: Timestamp(self.recorded_at),
        })
    }
}

impl From<LoadSummary> for Outcome {
    fn from(summary: LoadSummary) -> Self {
        let LoadSummary { revision, inserted, updated, removed } = summary;
        Self { revision: revision.0, inserted, updated, removed, token: None }
    }
}

impl From<Revision> for Outcome {
    fn from(revision: Revision) -> Self {
        Self { revision: revision.0, inserted: 0, updated: 0, removed: 0, token: None }
    }
}

impl From<Outcome> for LoadSummary {
    fn from(outcome: Outcome) -> Self {
        let Outcome { revision, inserted, updated, removed, .. } = outcome;
        Self { revision: Revision(revision), inserted, updated, removed }
    }
}
