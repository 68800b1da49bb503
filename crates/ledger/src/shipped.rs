//! Collections that ship: their ids, titles, kinds of geometry and columns, as data.

use spatial::{
    Collection, CollectionId, Crs, Envelope, Field, FieldClass, FieldType, GeometryType, Zooms,
    collection::InvalidCollectionId,
};

use crate::place::{CodeScheme, assignment_fields};

/// Name, what a reader sees, type and class of a column.
pub(crate) type Column = (&'static str, &'static str, FieldType, FieldClass);

/// A collection that ships.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShippedCollection {
    /// Its id.
    pub id: &'static str,
    /// What a reader sees.
    pub title: &'static str,
    /// A sentence.
    pub description: &'static str,
    /// What its features are.
    pub geometry_type: GeometryType,
    /// The field that names a feature, one of `columns`.
    pub(crate) key: Option<&'static str>,
    pub(crate) columns: &'static [Column],
    pub(crate) beside: Beside,
}

/// Columns that a collection has besides those of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beside {
    /// None.
    Nothing,
    /// The codes of a unit, before `urban_rural_class`.
    Codes,
    /// Those of assignment, last: each feature is assigned to units by its place.
    Assignment,
}

impl ShippedCollection {
    /// The fields, in column order.
    pub fn fields(&self) -> Vec<Field> {
        let mut fields: Vec<Field> = self.columns.iter().copied().map(field).collect();
        match self.beside {
            Beside::Nothing => {}
            Beside::Codes => {
                let at = fields.iter().position(|field| field.name == "urban_rural_class");
                let at = at.unwrap_or(fields.len());
                let codes = CodeScheme::ALL.into_iter();
                let codes = codes.map(|one| {
                    field((one.identifier(), one.chinese(), FieldType::Text, FieldClass::L1))
                });
                fields.splice(at..at, codes);
            }
            Beside::Assignment => fields.append(&mut assignment_fields()),
        }
        fields
    }

    /// The class of the field that names a feature; L0 where none does.
    pub fn key_class(&self) -> FieldClass {
        let key = self.columns.iter().find(|(name, ..)| Some(*name) == self.key);
        key.map_or(FieldClass::L0, |(.., class)| *class)
    }

    /// The collection, stored in `crs`, its extent and count still empty.
    ///
    /// # Errors
    /// None in truth: the ids are usable ones.
    pub fn collection(&self, crs: Crs) -> Result<Collection, InvalidCollectionId> {
        Ok(Collection {
            id: CollectionId::try_from(self.id)?,
            title: self.title.to_owned(),
            description: self.description.to_owned(),
            attribution: String::new(),
            crs,
            geometry_type: self.geometry_type,
            has_z: false,
            has_m: false,
            fields: self.fields(),
            key: self.key.map(str::to_owned),
            zooms: Zooms { min: 0, max: 18 },
            style: None,
            extent: Envelope::EMPTY,
            count: 0,
        })
    }

    /// Whether it is there only for those who may read classes above L1: its key is of such a one.
    pub fn is_concealed(&self) -> bool {
        let is_key = |(name, ..): &&Column| self.key == Some(*name);
        self.columns.iter().find(is_key).is_some_and(|(.., class)| *class > FieldClass::L1)
    }

    /// Whether a collection of a store is this one: it has the name and every column of its own.
    /// Others may stand beside them, in any order.
    pub fn is(&self, collection: &Collection) -> bool {
        let has = |field: Field| {
            let at = collection.field_position(&field.name);
            at.is_some_and(|at| collection.fields[at].field_type == field.field_type)
        };
        collection.id.as_str() == self.id && self.columns.iter().copied().map(field).all(has)
    }
}

/// A column as a field.
pub(crate) fn field((name, alias, field_type, class): Column) -> Field {
    Field { name: name.to_owned(), alias: Some(alias.to_owned()), field_type, class }
}
