//! The roles that an account can have: those of the ledger, and two that change nothing.

use std::fmt;

use ledger::point::Role;

/// What an account is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AccountRole {
    /// Works in the ledger.
    Ledger(Role),
    /// Reads, and changes nothing: maps, screens, links to share.
    Reader,
    /// Looks after accounts and the server; changes no feature and raises no event.
    Administrator,
}

impl AccountRole {
    /// Every one.
    pub fn all() -> impl Iterator<Item = Self> {
        Role::ALL.into_iter().map(Self::Ledger).chain([Self::Reader, Self::Administrator])
    }

    /// The word that stores and files use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ledger(role) => role.identifier(),
            Self::Reader => "reader",
            Self::Administrator => "administrator",
        }
    }

    /// The one with this word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::all().find(|role| role.word() == word)
    }

    /// As what it raises events, if it does.
    pub fn in_ledger(self) -> Option<Role> {
        match self {
            Self::Ledger(role) => Some(role),
            Self::Reader | Self::Administrator => None,
        }
    }
}

impl fmt::Display for AccountRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_has_a_word_of_its_own() {
        for role in AccountRole::all() {
            assert_eq!(AccountRole::of_word(role.word()), Some(role));
        }
        assert_eq!(AccountRole::all().count(), Role::ALL.len() + 2);
        assert_eq!(AccountRole::of_word("Reader"), None);
    }
}
