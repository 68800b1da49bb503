//! Roles in the configuration: those that a city has, and the lists that name them.

use std::collections::{BTreeMap, BTreeSet};

use engine::Audience;
use ledger::EditRules;
use ledger::point::{Role, RoleDefinition, Roles};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use server::AccountRole;
use spatial::{CollectionId, FieldClass};

/// A role of the ledger by its word.
#[derive(PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct RoleWord(pub Role);

impl TryFrom<String> for RoleWord {
    type Error = String;

    fn try_from(word: String) -> Result<Self, String> {
        Role::from_identifier(&word).map(Self).ok_or_else(|| {
            unknown(&word, "word of a role", Role::SHIPPED.iter().map(Role::identifier))
        })
    }
}

/// Reads the roles of a city.
pub fn read_definitions<'de, D: Deserializer<'de>>(from: D) -> Result<Roles, D::Error> {
    let definitions = Vec::<RoleDefinition>::deserialize(from)?;
    Roles::new(&definitions, &AccountRole::is_taken).map_err(D::Error::custom)
}

/// Writes the roles of a city.
pub fn write_definitions<S: Serializer>(roles: &Roles, to: S) -> Result<S::Ok, S::Error> {
    roles.definitions().serialize(to)
}

/// Reads a list of roles of the ledger.
pub fn read_roles<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeSet<Role>, D::Error> {
    let roles = BTreeSet::<RoleWord>::deserialize(from)?;
    Ok(roles.into_iter().map(|RoleWord(role)| role).collect())
}

/// Writes a list of roles of the ledger.
pub fn write_roles<S: Serializer>(roles: &BTreeSet<Role>, to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(roles.iter().map(|role| role.identifier()))
}

/// Most collections that a configuration names.
const MAX_COLLECTIONS: usize = 1_000;

/// Who changes which collections, laid over those that are so by default.
pub fn edits_over_defaults<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<BTreeMap<CollectionId, BTreeSet<Role>>, D::Error> {
    let mut edits = EditRules::default_collections();
    for (name, roles) in BTreeMap::<String, BTreeSet<RoleWord>>::deserialize(from)? {
        let id = CollectionId::try_from(name.as_str()).map_err(|fault| {
            let shown: String = name.chars().take(40).collect();
            D::Error::custom(format!("{shown:?} is no id of a collection: {fault}"))
        })?;
        edits.insert(id, roles.into_iter().map(|RoleWord(role)| role).collect());
    }
    match edits.len() {
        0..=MAX_COLLECTIONS => Ok(edits),
        many => {
            Err(D::Error::custom(format!("{many} collections; {MAX_COLLECTIONS} are the most")))
        }
    }
}

/// Writes who changes which collections.
pub fn write_edits<S: Serializer>(
    edits: &BTreeMap<CollectionId, BTreeSet<Role>>,
    to: S,
) -> Result<S::Ok, S::Error> {
    to.collect_map(edits.iter().map(|(id, roles)| {
        (id.as_str(), roles.iter().map(|role| role.identifier()).collect::<Vec<_>>())
    }))
}

/// The classes of a configuration laid over those that roles have by default.
pub fn sees_over_defaults<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<BTreeMap<Role, FieldClass>, D::Error> {
    let mut sees = server::default_roles();
    for (RoleWord(role), word) in BTreeMap::<RoleWord, String>::deserialize(from)? {
        let class = FieldClass::ALL.into_iter().find(|class| format!("{class:?}") == word);
        let class = class.filter(|class| *class >= FieldClass::L1).ok_or_else(|| {
            let shown: String = word.chars().take(40).collect();
            D::Error::custom(format!("{role}: {shown:?} is no class; use L1, L2, L3 or L4"))
        })?;
        sees.insert(role, class);
    }
    Ok(sees)
}

/// Reads the profiles of roles that are named, over the defaults of the others.
pub fn profiles_over_defaults<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<BTreeMap<String, Audience>, D::Error> {
    let mut profiles = server::default_profiles();
    let cut = |text: &str| text.chars().take(40).collect::<String>();
    for (role, word) in BTreeMap::<String, String>::deserialize(from)? {
        let audience = Audience::of_word(&word).ok_or_else(|| {
            let shown = cut(&word);
            D::Error::custom(format!("{shown:?} is no profile; use public, internal or enforce"))
        })?;
        if Role::from_identifier(&role).is_none() {
            let said = format!("{:?} is no role; see `tuban user add --help`", cut(&role));
            return Err(D::Error::custom(said));
        }
        profiles.insert(role, audience);
    }
    Ok(profiles)
}

/// Writes the profiles of roles.
pub fn write_profiles<S: Serializer>(
    profiles: &BTreeMap<String, Audience>,
    to: S,
) -> Result<S::Ok, S::Error> {
    to.collect_map(profiles.iter().map(|(role, audience)| (role, audience.word())))
}

/// Writes the classes of roles.
pub fn write_sees<S: Serializer>(
    sees: &BTreeMap<Role, FieldClass>,
    to: S,
) -> Result<S::Ok, S::Error> {
    to.collect_map(sees.iter().map(|(role, class)| (role.identifier(), format!("{class:?}"))))
}

/// A role that a list names and the city does not have, and in which section; those that ship may be
/// named, whoever has them. `named` are roles by section, `profiles` the words of accounts that have a
/// profile.
pub fn unknown_role<'c>(
    own: &Roles,
    mut named: impl Iterator<Item = (&'static str, &'c Role)>,
    mut profiles: impl Iterator<Item = &'c String>,
) -> Option<(&'static str, String)> {
    let ships = Roles::default();
    let found = named.find(|(_, role)| !own.may_be_named(**role));
    let is_unknown = |word: &&String| {
        [own, &ships].iter().all(|roles| AccountRole::of_word(word, roles).is_none())
    };
    found
        .map(|(section, role)| (section, role.to_string()))
        .or_else(|| Some(("accounts.profiles", profiles.find(is_unknown)?.clone())))
}

/// What is said of a word that is none of a list.
pub fn unknown<'a>(word: &str, what: &str, words: impl Iterator<Item = &'a str>) -> String {
    let shown: String = word.chars().take(40).collect();
    format!("{shown:?} is no {what}; use {}", words.collect::<Vec<_>>().join(", "))
}
