//! The roles that an account can have: those of the ledger, and those that change no feature.

use std::fmt;

use engine::accounts::{AUDITOR, SECURITY_ADMINISTRATOR, SYSTEM_ADMINISTRATOR};
use ledger::point::Role;

/// What an account is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AccountRole {
    /// Works in the ledger.
    Ledger(Role),
    /// Reads, and changes nothing: maps, screens, links to share.
    Reader,
    /// Looks after accounts and the server; changes no feature and raises no event. Where the three
    /// below are, nobody becomes one any more.
    Administrator,
    /// One of three (系统管理员): looks after accounts and the server, and reads no data.
    SystemAdministrator,
    /// One of three (安全保密管理员): gives roles, scopes and tokens.
    SecurityAdministrator,
    /// One of three (安全审计员): reads the audit log, and nothing else.
    Auditor,
    /// Has no right yet: as the system administrator makes accounts.
    Unassigned,
}

impl AccountRole {
    /// Every one.
    pub fn all() -> impl Iterator<Item = Self> {
        Role::ALL.into_iter().map(Self::Ledger).chain([
            Self::Reader,
            Self::Administrator,
            Self::SystemAdministrator,
            Self::SecurityAdministrator,
            Self::Auditor,
            Self::Unassigned,
        ])
    }

    /// The word that stores and files use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ledger(role) => role.identifier(),
            Self::Reader => "reader",
            Self::Administrator => "administrator",
            Self::SystemAdministrator => SYSTEM_ADMINISTRATOR,
            Self::SecurityAdministrator => SECURITY_ADMINISTRATOR,
            Self::Auditor => AUDITOR,
            Self::Unassigned => "unassigned",
        }
    }

    /// The one with this word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::all().find(|role| role.word() == word)
    }

    /// Whether it looks after accounts, rights or the audit log.
    pub fn administers(self) -> bool {
        matches!(
            self,
            Self::Administrator
                | Self::SystemAdministrator
                | Self::SecurityAdministrator
                | Self::Auditor
        )
    }

    /// As what it raises events, if it does.
    pub fn in_ledger(self) -> Option<Role> {
        match self {
            Self::Ledger(role) => Some(role),
            _ => None,
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
        assert_eq!(AccountRole::all().count(), Role::ALL.len() + 6);
        assert_eq!(AccountRole::of_word("Reader"), None);
    }
}
