//! Roles: in which somebody works in the ledger. Which there are is data of a city.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Longest word of a role, in bytes.
const MAX_WORD: usize = 24;
/// Longest name of a role, in characters.
const MAX_NAME: usize = 40;
/// Most roles of a city.
const MAX_ROLES: usize = 100;

/// In which role somebody raises an event, by its word: letters a to z, digits and `_`, a letter first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Role {
    /// The bytes of the word, then zeros.
    word: [u8; MAX_WORD],
}

impl Role {
    /// 网格员: a grid worker.
    pub const GRID_WORKER: Self = Self::of(b"grid_worker");
    /// 街乡: a town or street office.
    pub const TOWN: Self = Self::of(b"town");
    /// 街乡核查: who checks for the town.
    pub const TOWN_CHECKER: Self = Self::of(b"town_checker");
    /// 区: the district.
    pub const DISTRICT: Self = Self::of(b"district");
    /// 区核查: who checks for the district.
    pub const DISTRICT_CHECKER: Self = Self::of(b"district_checker");
    /// 市: the city.
    pub const CITY: Self = Self::of(b"city");
    /// 部门: a department.
    pub const DEPARTMENT: Self = Self::of(b"department");

    /// Those that a city has unless it says otherwise.
    pub const SHIPPED: [Self; 7] = [
        Self::GRID_WORKER,
        Self::TOWN,
        Self::TOWN_CHECKER,
        Self::DISTRICT,
        Self::DISTRICT_CHECKER,
        Self::CITY,
        Self::DEPARTMENT,
    ];

    const fn of(text: &[u8]) -> Self {
        let mut word = [0; MAX_WORD];
        let mut at = 0;
        while at < text.len() {
            word[at] = text[at];
            at += 1;
        }
        Self { word }
    }

    /// The word that files and interfaces use.
    pub fn identifier(&self) -> &str {
        let length = self.word.iter().position(|byte| *byte == 0).unwrap_or(MAX_WORD);
        std::str::from_utf8(&self.word[..length]).unwrap_or_default()
    }

    /// The role of a word, whether a city has it or not.
    pub fn from_identifier(word: &str) -> Option<Self> {
        let is_letter = |byte: &u8| byte.is_ascii_lowercase();
        let fits = |byte: u8| is_letter(&byte) || byte.is_ascii_digit() || byte == b'_';
        let bytes = word.as_bytes();
        let is_word = bytes.first().is_some_and(is_letter) && bytes.iter().all(|one| fits(*one));
        (is_word && bytes.len() <= MAX_WORD).then(|| Self::of(bytes))
    }
}

impl fmt::Debug for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.identifier())
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.identifier())
    }
}

/// A role as a city defines it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RoleDefinition {
    /// Its word.
    pub role: String,
    /// What people call it.
    pub name: String,
    /// The role that ships and whose rights it has: where a list names that one, this one is meant, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub like: Option<String>,
}

/// Why roles of a city are refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RolesFault {
    /// A word that is none.
    #[error(
        "{0:?} is no word of a role: use letters a to z, digits and _, a letter first, {MAX_WORD} at most, \
         and none of those of other accounts"
    )]
    Word(String),
    /// A word that is there twice.
    #[error("role {0:?} is there twice")]
    Twice(String),
    /// A name that is none.
    #[error("role {role}: {name:?} is no name; give 1 to {MAX_NAME} characters")]
    Name {
        /// The role.
        role: Role,
        /// The name, cut.
        name: String,
    },
    /// A role that is like none that ships.
    #[error("role {role} cannot be like {like:?}; use one of {}", words(&Role::SHIPPED))]
    Like {
        /// The role.
        role: Role,
        /// Like which, cut.
        like: String,
    },
    /// Too many, or none.
    #[error("{0} roles; give 1 to {MAX_ROLES}")]
    Count(usize),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Known {
    role: Role,
    name: String,
    like: Option<Role>,
}

/// The roles of a city, in the order in which it names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roles(Vec<Known>);

impl Default for Roles {
    fn default() -> Self {
        let names = ["网格员", "街乡", "街乡核查", "区", "区核查", "市", "部门"];
        let known = |(role, name): (Role, &str)| Known { role, name: name.to_owned(), like: None };
        Self(Role::SHIPPED.into_iter().zip(names).map(known).collect())
    }
}

impl Roles {
    /// The roles of definitions; `taken` says which words mean other accounts.
    ///
    /// # Errors
    /// The first fault.
    pub fn new(
        definitions: &[RoleDefinition],
        taken: &dyn Fn(&str) -> bool,
    ) -> Result<Self, RolesFault> {
        if !(1..=MAX_ROLES).contains(&definitions.len()) {
            return Err(RolesFault::Count(definitions.len()));
        }
        let cut = |text: &str| text.chars().take(MAX_NAME).collect::<String>();
        let mut roles = Self(Vec::with_capacity(definitions.len()));
        for RoleDefinition { role: word, name, like } in definitions {
            let role = Role::from_identifier(word).filter(|_| !taken(word));
            let role = role.ok_or_else(|| RolesFault::Word(cut(word)))?;
            if roles.has(role) {
                return Err(RolesFault::Twice(cut(word)));
            }
            let length = name.chars().count();
            let is_line = !name.contains(char::is_control) && name.trim() == name;
            if !is_line || !(1..=MAX_NAME).contains(&length) {
                return Err(RolesFault::Name { role, name: cut(name) });
            }
            let like = match like {
                None => None,
                Some(like) => {
                    let of = Role::from_identifier(like).filter(|of| Role::SHIPPED.contains(of));
                    // One that ships has rights of its own.
                    let of = of.filter(|_| !Role::SHIPPED.contains(&role));
                    Some(of.ok_or_else(|| RolesFault::Like { role, like: cut(like) })?)
                }
            };
            roles.0.push(Known { role, name: name.clone(), like });
        }
        Ok(roles)
    }

    /// As definitions.
    pub fn definitions(&self) -> Vec<RoleDefinition> {
        let definition = |known: &Known| RoleDefinition {
            role: known.role.to_string(),
            name: known.name.clone(),
            like: known.like.map(|like| like.to_string()),
        };
        self.0.iter().map(definition).collect()
    }

    /// Every one.
    pub fn all(&self) -> impl Iterator<Item = Role> {
        self.0.iter().map(|known| known.role)
    }

    /// Whether the city has it.
    pub fn has(&self, role: Role) -> bool {
        self.known(role).is_some()
    }

    /// Whether lists may name it: the city has it, or it ships and nobody has it here.
    pub fn may_be_named(&self, role: Role) -> bool {
        self.has(role) || Role::SHIPPED.contains(&role)
    }

    /// The role of a word, if the city has it.
    pub fn named(&self, word: &str) -> Option<Role> {
        Role::from_identifier(word).filter(|role| self.has(*role))
    }

    /// What people call a role; its word where the city has it no more.
    pub fn name<'a>(&'a self, word: &'a str) -> &'a str {
        let known = Role::from_identifier(word).and_then(|role| self.known(role));
        known.map_or(word, |known| &known.name)
    }

    /// A role by its word and name, for refusals.
    pub fn titled(&self, role: Role) -> String {
        match self.known(role) {
            Some(known) => format!("{role} ({})", known.name),
            None => role.to_string(),
        }
    }

    /// The word of the role that people call so; what is no name of one as it is.
    pub fn word<'a>(&'a self, name: &'a str) -> &'a str {
        let known = self.0.iter().find(|known| known.name == name.trim());
        known.map_or(name, |known| known.role.identifier())
    }

    /// The role that ships and whose rights a role has; itself where it is like none.
    pub fn kind(&self, role: Role) -> Role {
        self.known(role).and_then(|known| known.like).unwrap_or(role)
    }

    /// A list of roles with those that are like one in it.
    pub fn with_like(&self, named: &BTreeSet<Role>) -> BTreeSet<Role> {
        let like = self.all().filter(|role| named.contains(&self.kind(*role)));
        named.iter().copied().chain(like).collect()
    }

    /// The words, for people to choose from.
    pub fn words(&self) -> String {
        words(&self.all().collect::<Vec<_>>())
    }

    fn known(&self, role: Role) -> Option<&Known> {
        self.0.iter().find(|known| known.role == role)
    }
}

fn words(roles: &[Role]) -> String {
    roles.iter().map(Role::identifier).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn definition(role: &str, name: &str, like: Option<&str>) -> RoleDefinition {
        let like = like.map(str::to_owned);
        RoleDefinition { role: role.to_owned(), name: name.to_owned(), like }
    }

    #[test]
    fn words_are_read_back_and_others_are_none() {
        for word in ["a", "grid_worker", "office_2026", "abcdefghijklmnopqrstuvwx"] {
            assert_eq!(Role::from_identifier(word).unwrap().identifier(), word);
        }
        for word in ["", "Town", "2026_office", "_a", "a-b", "街乡", "abcdefghijklmnopqrstuvwxy"]
        {
            assert_eq!(Role::from_identifier(word), None, "{word}");
        }
    }

    #[test]
    fn a_city_names_its_roles_and_those_that_are_like_others_go_with_them() {
        let definitions = [
            definition("grid_worker", "网格员", None),
            definition("alley_chief", "街巷长", Some("grid_worker")),
            definition("campaign", "专班", None),
        ];
        let roles = Roles::new(&definitions, &|_| false).unwrap();
        let role = |word| Role::from_identifier(word).unwrap();
        assert_eq!(roles.definitions(), definitions);
        let named: BTreeSet<Role> = [Role::GRID_WORKER, Role::TOWN].into();
        let all = roles.with_like(&named);
        assert_eq!(all, [Role::GRID_WORKER, Role::TOWN, role("alley_chief")].into());
        assert_eq!(roles.kind(role("alley_chief")), Role::GRID_WORKER);
        assert_eq!(roles.kind(role("campaign")), role("campaign"));
        assert_eq!((roles.name("campaign"), roles.name("town")), ("专班", "town"));
        assert_eq!((roles.word(" 街巷长 "), roles.word("town")), ("alley_chief", "town"));
        assert_eq!((roles.named("town"), roles.named("campaign")), (None, Some(role("campaign"))));
        assert_eq!(roles.titled(role("alley_chief")), "alley_chief (街巷长)");
        assert!(roles.may_be_named(Role::CITY) && roles.may_be_named(role("campaign")));
        assert!(!roles.may_be_named(role("mayor")));
    }

    #[test]
    fn what_is_no_role_is_refused_by_its_word() {
        let town = || definition("town", "街乡", None);
        for (definitions, part) in [
            (vec![], "0 roles"),
            (vec![definition("Town", "街乡", None)], "\"Town\" is no word"),
            (vec![definition("reader", "读者", None)], "\"reader\" is no word"),
            (vec![town(), town()], "\"town\" is there twice"),
            (vec![definition("a", " ", None)], "role a: \" \" is no name"),
            (vec![town(), definition("a", "甲", Some("b"))], "role a cannot be like \"b\""),
            (vec![definition("town", "街乡", Some("city"))], "role town cannot be like \"city\""),
        ] {
            let fault = Roles::new(&definitions, &|word| word == "reader").unwrap_err();
            assert!(fault.to_string().contains(part), "{fault}");
        }
    }
}
