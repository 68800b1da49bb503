//! What a layer becomes: the collection, its columns, and what is left out.

use formats::LayerSchema;
use ledger::place::assignment_fields;
use ledger::{PersonalKind, PersonalReason, class_of};
use serde::Serialize;
use spatial::{Collection, CollectionId, Crs, Envelope, Field, FieldType, GeometryType, Zooms};
use store::LoadMode;

use super::survey::{Survey, widest};
use super::{ImportError, ImportOptions};

/// Names that the store keeps for itself, in lower case.
const STORE_COLUMNS: [&str; 2] = ["fid", "geom"];
/// Zooms of a new collection; clients overzoom beyond the last.
const ZOOMS: Zooms = Zooms { min: 0, max: 18 };

/// A column that is not stored, and why.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LeftOut {
    /// Name of the field.
    pub field: String,
    /// Why, for a person; never a value.
    pub reason: String,
}

/// The fields of a layer after the look at what is personal.
#[derive(Debug)]
pub struct Columns {
    /// What is stored.
    pub fields: Vec<Field>,
    /// Position in the file of each of them.
    pub sources: Vec<usize>,
    /// What is not.
    pub left_out: Vec<LeftOut>,
}

/// Chooses the columns: personal ones go unless `keep` names them, names that the store keeps
/// for itself or that differ in case only get a number.
pub fn choose_columns(
    schema: &LayerSchema,
    survey: &Survey,
    keep: &[String],
) -> Result<Columns, ImportError> {
    if let Some(unknown) = keep.iter().find(|k| !schema.fields.iter().any(|f| f.name == **k)) {
        return Err(ImportError::UnknownKeep {
            field: unknown.clone(),
            known: schema.fields.iter().map(|f| f.name.clone()).collect(),
        });
    }
    let mut columns = Columns { fields: Vec::new(), sources: Vec::new(), left_out: Vec::new() };
    let mut taken: Vec<String> = STORE_COLUMNS.iter().map(|name| (*name).to_owned()).collect();
    for (position, field) in schema.fields.iter().enumerate() {
        let personal = survey.personal.get(position).copied().flatten();
        let kept = keep.contains(&field.name);
        if let Some(reason) = personal
            && !kept
        {
            columns.left_out.push(LeftOut { field: field.name.clone(), reason: told(&reason) });
            continue;
        }
        let mut field = field.clone();
        if !kept {
            field.class = class_of(&field.name);
        }
        let wanted = field.name.clone();
        let mut number = 2;
        while taken.contains(&field.name.to_lowercase()) {
            field.name = format!("{wanted}_{number}");
            number += 1;
        }
        taken.push(field.name.to_lowercase());
        columns.fields.push(field);
        columns.sources.push(position);
    }
    Ok(columns)
}

fn told(reason: &PersonalReason) -> String {
    match reason {
        PersonalReason::ByName { class } => {
            format!("its name says that it is personal ({class:?})")
        }
        PersonalReason::ByValues { kind, share } => {
            let kind = match kind {
                PersonalKind::IdentityNumber => "identity numbers",
                PersonalKind::MobileNumber => "mobile numbers",
            };
            format!("{:.0} % of its values look like {kind}", share * 100.0)
        }
    }
}

/// The collection that a new layer makes.
pub fn new_collection(
    id: CollectionId,
    schema: &LayerSchema,
    survey: &Survey,
    columns: &Columns,
    crs: Crs,
) -> Collection {
    let geometry_type = match schema.geometry_type {
        GeometryType::Any => widest(&survey.types),
        declared => widest(&[&[declared], survey.types.as_slice()].concat()),
    };
    Collection {
        id,
        title: schema.name.clone(),
        description: String::new(),
        attribution: String::new(),
        crs,
        geometry_type,
        has_z: survey.has_z,
        has_m: survey.has_m,
        fields: columns.fields.clone(),
        key: None,
        zooms: ZOOMS,
        style: None,
        extent: Envelope::EMPTY,
        count: 0,
    }
}

/// Adds the columns of assignment that a collection lacks.
pub fn add_assignment(collection: &mut Collection) {
    for field in assignment_fields() {
        if collection.field_position(&field.name).is_none() {
            collection.fields.push(field);
        }
    }
}

/// A field of the file for each field of `collection`. A field that the collection does not have
/// is refused, since its values would be lost.
pub fn match_columns(
    collection: &Collection,
    columns: &Columns,
) -> Result<Vec<Option<usize>>, ImportError> {
    for field in &columns.fields {
        if collection.field_position(&field.name).is_none() {
            return Err(ImportError::UnknownField {
                collection: collection.id.clone(),
                field: field.name.clone(),
                known: collection.fields.iter().map(|f| f.name.clone()).collect(),
            });
        }
    }
    Ok(collection
        .fields
        .iter()
        .map(|wanted| {
            let found = columns.fields.iter().position(|f| f.name == wanted.name)?;
            Some(columns.sources[found])
        })
        .collect())
}

/// Makes the key of an upsert, or of personal values, the key of the collection; the position of
/// what must not be empty.
pub fn set_key(
    collection: &mut Collection,
    mode: &LoadMode,
    options: &ImportOptions,
) -> Result<Option<usize>, ImportError> {
    let key = options.key.as_deref().or(options.personal.as_deref());
    let Some(key) = key else { return Ok(None) };
    if *mode == LoadMode::Append {
        return match collection.key.as_deref() == Some(key) {
            true => Ok(collection.field_position(key)),
            false => Err(ImportError::OtherKey { id: collection.id.clone(), key: key.to_owned() }),
        };
    }
    let position = collection.field_position(key).filter(|position| {
        !matches!(collection.fields[*position].field_type, FieldType::Bytes | FieldType::Real)
    });
    let Some(position) = position else {
        return Err(ImportError::BadKey {
            key: key.to_owned(),
            known: collection.fields.iter().map(|f| f.name.clone()).collect(),
        });
    };
    collection.key = Some(key.to_owned());
    Ok(Some(position))
}

/// A collection id from the name of a file or layer: what cannot stand in an id becomes `_`.
pub fn id_from_name(name: &str) -> Result<CollectionId, ImportError> {
    let mut id: String = name
        .trim()
        .chars()
        .map(|c| if c.is_alphanumeric() || c == '-' { c } else { '_' })
        .collect();
    if !id.starts_with(char::is_alphabetic) {
        id.insert_str(0, "layer_");
    }
    let mut end = id.len().min(spatial::collection::MAX_COLLECTION_ID_BYTES);
    while !id.is_char_boundary(end) {
        end -= 1;
    }
    id.truncate(end);
    let lower = id.to_lowercase();
    Ok(CollectionId::try_from(lower.as_str())?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::*;

    #[test]
    fn file_names_become_collection_ids() {
        for (name, expected) in [
            ("Parcels", "parcels"),
            ("建筑物", "建筑物"),
            ("2024 roads.v2", "layer_2024_roads_v2"),
            ("", "layer_"),
        ] {
            assert_eq!(id_from_name(name).unwrap().as_str(), expected);
        }
        assert!(matches!(id_from_name("gpkg_contents"), Err(ImportError::CollectionId(_))));
        assert_eq!(id_from_name(&"长".repeat(40)).unwrap().as_str(), "长".repeat(21));
    }
}
