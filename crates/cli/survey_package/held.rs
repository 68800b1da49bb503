//! What the store has of the collections that a package goes to, and what they are where it has none.

use std::collections::{BTreeMap, HashMap};

use ledger::dossier::{Dossiers, SubjectKind};
use ledger::record;
use ledger::rows::is_of_ledger;
use ledger::survey::{KnownHousehold, Meaning, SurveyTable, SurveyTables, TableRole};
use spatial::{
    Collection, CollectionId, Crs, Envelope, Feature, Field, FieldClass, FieldType, GeometryType,
    Revision, Value, Zooms,
};
use store::{FeatureStore, GeoPackageStore, PersonalStore};

use super::people::Tokens;
use crate::import::ImportError;
use crate::styles::style_of;

/// A collection with its features.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) collection: Collection,
    /// Whether the store does not have it yet.
    pub(super) is_new: bool,
    pub(super) features: Vec<Feature>,
    by_key: HashMap<String, usize>,
}

impl Held {
    fn new(collection: Collection, key: &str, features: Option<Vec<Feature>>) -> Self {
        let is_new = features.is_none();
        let mut held = Self {
            collection,
            is_new,
            features: features.unwrap_or_default(),
            by_key: HashMap::new(),
        };
        for at in 0..held.features.len() {
            if let Some(key) = held.text(at, key).map(str::to_owned) {
                held.by_key.entry(key).or_insert(at);
            }
        }
        held
    }

    /// Where the feature of that key stands.
    pub(super) fn find(&self, key: &str) -> Option<usize> {
        self.by_key.get(key).copied()
    }

    /// The keys of all features.
    pub(super) fn keys(&self) -> impl Iterator<Item = &String> {
        self.by_key.keys()
    }

    /// The text in a field of a feature.
    pub(super) fn text(&self, at: usize, field: &str) -> Option<&str> {
        let position = self.collection.field_position(field)?;
        match self.features[at].properties.get(position) {
            Some(Value::Text(text)) => Some(text.trim()).filter(|text| !text.is_empty()),
            _ => None,
        }
    }
}

/// A personal value of a household, in the clear; never shown.
pub(super) type PersonalValues = BTreeMap<String, String>;

/// Everything that the store has of what a package goes to.
pub(super) struct Store {
    pub(super) revision: Revision,
    /// By role; holders have none.
    pub(super) tables: BTreeMap<TableRole, Held>,
    pub(super) households: Held,
    pub(super) shares: Held,
    pub(super) photos: Held,
    /// Personal values by the number of their household.
    pub(super) personal: HashMap<String, PersonalValues>,
}

/// The kind of subjects that are households.
pub(super) fn household_kind(dossiers: &Dossiers) -> Result<&SubjectKind, ImportError> {
    let found = dossiers.set().subjects.iter().find(|kind| kind.is_household);
    found.ok_or_else(|| ImportError::Unsuited {
        collection: "households".to_owned(),
        reason: "`[ledger] dossiers` names no kind of subjects that are households".to_owned(),
    })
}

impl Store {
    /// Reads what is there. New collections are stored in `crs`.
    pub(super) async fn read(
        reader: Option<&GeoPackageStore>,
        (tables, dossiers): (&SurveyTables, &Dossiers),
        crs: &Crs,
    ) -> Result<Self, ImportError> {
        let revision = match reader {
            Some(reader) => reader.revision().await?,
            None => Revision(0),
        };
        let known = collections(reader).await?;
        let mut of_roles = BTreeMap::new();
        for role in TableRole::ALL {
            let table = tables.table(role);
            let (Some(name), Some(key)) = (&table.collection, table.key_field()) else { continue };
            let fresh = || of_table(table, name, key, crs);
            of_roles.insert(role, hold(reader, &known, (name, key), fresh).await?);
        }
        let kind = household_kind(dossiers)?;
        let fresh = || of_households(kind, crs);
        let households = hold(reader, &known, (&kind.collection, &kind.id), fresh).await?;
        let set = dossiers.set();
        let record = |name: &str| match record::named(name) {
            Some(record) => Ok(record.collection(crs.clone())?),
            None => Err(unsuited(name, "the store has none; make it, or name one that ships")),
        };
        let of_shares = &set.shares;
        let name = &of_shares.collection;
        let shares = hold(reader, &known, (name, "code"), || record(name)).await?;
        require(&shares, &[&of_shares.household, &of_shares.parcel])?;
        let of_photos = &set.photos;
        let name = &of_photos.collection;
        let photos = hold(reader, &known, (name, &of_photos.code), || record(name)).await?;
        require(&photos, &[&of_photos.kind, &of_photos.subject, &of_photos.hash])?;
        if households.collection.key.as_deref() != Some(kind.id.as_str()) {
            let reason = format!(
                "personal values go by its key: `tuban collection set STORE {} --key {}`",
                kind.collection, kind.id
            );
            return Err(unsuited(&kind.collection, &reason));
        }
        let mut personal = HashMap::new();
        if let Some(reader) = reader {
            for (at, feature) in households.features.iter().enumerate() {
                let (Some(id), Some(number)) = (feature.id, households.text(at, &kind.id)) else {
                    continue;
                };
                let values = reader.personal(&households.collection.id, id).await?;
                if !values.is_empty() {
                    let values = values.into_iter().map(|one| (one.field, one.value));
                    personal.insert(number.to_owned(), values.collect());
                }
            }
        }
        Ok(Self { revision, tables: of_roles, households, shares, photos, personal })
    }

    /// Every collection.
    pub(super) fn all(&self) -> impl Iterator<Item = &Held> {
        self.tables.values().chain([&self.households, &self.shares, &self.photos])
    }

    /// Every share that says who holds what: where it stands, household and parcel.
    pub(super) fn each_share(
        &self,
        dossiers: &Dossiers,
    ) -> impl Iterator<Item = (usize, &str, &str)> {
        let (held, table) = (&self.shares, dossiers.set().shares.clone());
        (0..held.features.len()).filter_map(move |at| {
            Some((at, held.text(at, &table.household)?, held.text(at, &table.parcel)?))
        })
    }

    /// The households, with the parcels that they hold by the names of now, and tokens of who they are.
    pub(super) fn known_households(
        &self,
        dossiers: &Dossiers,
        tables: &SurveyTables,
        (tokens, named): (&Tokens, &dyn Fn(&str) -> String),
    ) -> Result<Vec<KnownHousehold>, ImportError> {
        let kind = household_kind(dossiers)?;
        let mut parcels: HashMap<&str, Vec<String>> = HashMap::new();
        for (_, household, parcel) in self.each_share(dossiers) {
            parcels.entry(household).or_default().push(named(parcel));
        }
        let fields_of = |meaning: Meaning| -> Vec<&str> {
            let all = tables.set().tables.iter();
            let columns = all.flat_map(|table| table.all(meaning).map(|at| &table.columns[at]));
            columns.filter_map(|column| column.field.as_deref()).collect()
        };
        let (names, certificates) = (fields_of(Meaning::Person), fields_of(Meaning::Certificate));
        let known = (0..self.households.features.len()).filter_map(|at| {
            let number = self.households.text(at, &kind.id)?;
            let mut one = KnownHousehold { number: number.to_owned(), ..KnownHousehold::default() };
            one.parcels = parcels.remove(number).unwrap_or_default();
            let own = kind.parcel.as_ref().and_then(|field| self.households.text(at, field));
            one.parcels.extend(own.map(named).filter(|own| !one.parcels.contains(own)));
            for (field, value) in self.personal.get(number).into_iter().flatten() {
                let base = base_of(field);
                if names.contains(&base) {
                    one.names.insert(tokens.of(value));
                } else if certificates.contains(&base) {
                    one.certificates.insert(tokens.of(value));
                }
            }
            Some(one)
        });
        Ok(known.collect())
    }
}

/// The name of a field without the number of the person: `QLRMC` of `QLRMC_2`.
pub(super) fn base_of(field: &str) -> &str {
    match field.rsplit_once('_') {
        Some((base, number)) if number.bytes().all(|byte| byte.is_ascii_digit()) => base,
        _ => field,
    }
}

/// The collections of a store, by id.
pub(super) async fn collections(
    reader: Option<&GeoPackageStore>,
) -> Result<BTreeMap<String, Collection>, ImportError> {
    let all = match reader {
        Some(reader) => reader.collections().await?,
        None => Vec::new(),
    };
    Ok(all.into_iter().map(|one| (one.id.to_string(), one)).collect())
}

async fn hold(
    reader: Option<&GeoPackageStore>,
    known: &BTreeMap<String, Collection>,
    (name, key): (&str, &str),
    fresh: impl FnOnce() -> Result<Collection, ImportError>,
) -> Result<Held, ImportError> {
    let (Some(reader), Some(collection)) = (reader, known.get(name)) else {
        return Ok(Held::new(fresh()?, key, None));
    };
    if is_of_ledger(collection) {
        return Err(ImportError::Ledger { id: collection.id.clone() });
    }
    let features = reader.all_features(&collection.id).await?;
    let held = Held::new(collection.clone(), key, Some(features));
    require(&held, &[key])?;
    Ok(held)
}

fn unsuited(collection: &str, reason: &str) -> ImportError {
    ImportError::Unsuited { collection: collection.to_owned(), reason: reason.to_owned() }
}

/// Refuses a collection that lacks a text field which rows are found by.
fn require(held: &Held, fields: &[&str]) -> Result<(), ImportError> {
    let collection = &held.collection;
    for field in fields {
        let at = collection.field_position(field);
        if at.is_none_or(|at| collection.fields[at].field_type != FieldType::Text) {
            let reason = format!(
                "it has no text field {field}, by which its rows are found: rename it with `tuban \
                 collection rename`, or name its own field in the file of `[ledger] survey`"
            );
            return Err(unsuited(collection.id.as_str(), &reason));
        }
    }
    Ok(())
}

/// A collection as packages make them, empty.
pub(super) fn described(
    name: &str,
    title: &str,
    geometry_type: GeometryType,
    (fields, key): (Vec<Field>, Option<&str>),
    crs: &Crs,
) -> Result<Collection, ImportError> {
    Ok(Collection {
        id: CollectionId::try_from(name)?,
        title: title.to_owned(),
        description: String::new(),
        attribution: String::new(),
        crs: crs.clone(),
        geometry_type,
        has_z: false,
        has_m: false,
        fields,
        key: key.map(str::to_owned),
        zooms: Zooms { min: 0, max: 18 },
        style: style_of(name).map(str::to_owned),
        extent: Envelope::EMPTY,
        count: 0,
    })
}

fn of_table(
    table: &SurveyTable,
    name: &str,
    key: &str,
    crs: &Crs,
) -> Result<Collection, ImportError> {
    let fields = table.columns.iter().filter_map(|column| column.stored()).collect();
    described(name, &table.title, table.geometry.of_collection(), (fields, Some(key)), crs)
}

fn of_households(kind: &SubjectKind, crs: &Crs) -> Result<Collection, ImportError> {
    let mut fields: Vec<Field> = Vec::new();
    let shown = kind.fields.iter().map(|one| (one.field.as_str(), Some(one.title.as_str())));
    let needed = [Some(kind.id.as_str()), kind.parcel.as_deref(), kind.name.as_deref()];
    for (name, title) in shown.chain(needed.into_iter().flatten().map(|name| (name, None))) {
        if !fields.iter().any(|field| field.name == name) {
            fields.push(Field {
                name: name.to_owned(),
                alias: title.map(str::to_owned),
                field_type: FieldType::Text,
                class: FieldClass::L1,
            });
        }
    }
    described(&kind.collection, &kind.title, GeometryType::Point, (fields, Some(&kind.id)), crs)
}
