//! The ledger as rows of two collections: `points`, one row a point, and `point_events`, one row an
//! event, which are never changed. Beside them may stand `evidence`, one row a photo or document, and
//! `enforcement_records`, one row an act of a department.
//!
//! The columns stand in one table each, in [`points`] and [`events`], with what they hold. Names
//! and types are what files, interfaces and other programs see.
//!
//! *Invariant:* an event that was written reads back as the same event; the derived columns of a
//! point follow from its events alone.

pub mod enforcement;
pub mod events;
pub mod evidence;
pub mod facts;
pub mod points;

use spatial::{
    Collection, CollectionId, Crs, Envelope, Field, GeometryType, Zooms,
    collection::InvalidCollectionId,
};

/// Id of the collection of points.
pub const POINTS: &str = "points";
/// Id of the collection of their events.
pub const POINT_EVENTS: &str = "point_events";
/// Id of the collection of evidence.
pub const EVIDENCE: &str = "evidence";
/// Id of the collection of records of departments.
pub const ENFORCEMENT: &str = "enforcement_records";
/// The key of each.
pub const ID: &str = "id";
/// Farthest off that a position may be that is taken, of a report, a piece of evidence or a patrol,
/// in metres.
pub const MAX_ACCURACY_M: f64 = 100_000.0;

/// The collections of a new ledger, with points stored in `crs`.
///
/// # Errors
/// None in truth: both names are usable ones.
pub fn collections(crs: &Crs) -> Result<[Collection; 2], InvalidCollectionId> {
    let of_points = "Rectification points; events alone change their states";
    let of_events = "Events of rectification points; they are raised and then stay as they are";
    Ok([
        collection(crs, (POINTS, "整治点位", of_points), points::fields())?,
        collection(crs, (POINT_EVENTS, "点位事件", of_events), events::fields())?,
    ])
}

/// The collection of evidence beside points that are stored in `crs`.
///
/// # Errors
/// None in truth: its name is a usable one.
pub fn evidence_collection(crs: &Crs) -> Result<Collection, InvalidCollectionId> {
    let about = "Photos and documents of rectification points; their bytes lie beside the store";
    collection(crs, (EVIDENCE, "证据", about), evidence::fields())
}

/// The collection of records of departments beside points that are stored in `crs`.
///
/// # Errors
/// None in truth: its name is a usable one.
pub fn enforcement_collection(crs: &Crs) -> Result<Collection, InvalidCollectionId> {
    let about = "What departments did at rectification points";
    collection(crs, (ENFORCEMENT, "执法记录", about), enforcement::fields())
}

fn collection(
    crs: &Crs,
    (id, title, description): (&str, &str, &str),
    fields: Vec<Field>,
) -> Result<Collection, InvalidCollectionId> {
    Ok(Collection {
        id: CollectionId::try_from(id)?,
        title: title.to_owned(),
        description: description.to_owned(),
        attribution: String::new(),
        crs: crs.clone(),
        geometry_type: GeometryType::Point,
        has_z: false,
        has_m: false,
        fields,
        key: Some(ID.to_owned()),
        zooms: Zooms { min: 0, max: 18 },
        style: None,
        extent: Envelope::EMPTY,
        count: 0,
    })
}

/// Whether rows of a collection follow from events, or come with the bytes of evidence: no file is loaded into
/// it. What departments did is written as any record.
pub fn is_kept_by_events(collection: &Collection) -> bool {
    collection.id.as_str() != ENFORCEMENT && is_of_ledger(collection)
}

/// Whether a collection is one of the ledger's: it has the name and every column. Others may stand
/// beside them, in any order.
pub fn is_of_ledger(collection: &Collection) -> bool {
    let has_all = |fields: &[Field]| {
        fields.iter().all(|field| {
            let known = collection.field_position(&field.name);
            known.is_some_and(|at| collection.fields[at].field_type == field.field_type)
        })
    };
    match collection.id.as_str() {
        POINTS => has_all(&points::derived_fields()),
        POINT_EVENTS => has_all(&events::fields()),
        ENFORCEMENT => has_all(&enforcement::fields()),
        EVIDENCE => has_all(&evidence::fields()),
        _ => false,
    }
}
