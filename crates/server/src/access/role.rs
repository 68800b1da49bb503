//! The roles that an account can have: those of the ledger, and those that change no feature.

use std::fmt;

use engine::accounts::{AUDITOR, LOCAL, SECURITY_ADMINISTRATOR, SYSTEM_ADMINISTRATOR};
use ledger::point::{Role, Roles};

/// What the role of an account is called whose word is not known.
pub const UNKNOWN: &str = "unknown";

/// What an account is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AccountRole {
    /// Works in the ledger, with the rights of a role that ships.
    Ledger {
        /// In which role of the city.
        role: Role,
        /// Whose rights that has: itself, or the role that it is like.
        kind: Role,
    },
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
    /// Those that work in no ledger.
    const BESIDE: [Self; 6] = [
        Self::Reader,
        Self::Administrator,
        Self::SystemAdministrator,
        Self::SecurityAdministrator,
        Self::Auditor,
        Self::Unassigned,
    ];

    /// Every one of a city with these roles.
    pub fn all(roles: &Roles) -> impl Iterator<Item = Self> {
        let in_ledger = roles.all().map(|role| Self::Ledger { role, kind: roles.kind(role) });
        in_ledger.chain(Self::BESIDE)
    }

    /// The words of all, for people to choose from.
    pub fn words(roles: &Roles) -> String {
        Self::all(roles).map(|role| role.word().to_owned()).collect::<Vec<_>>().join(", ")
    }

    /// Whether a word means no role of the ledger.
    pub fn is_taken(word: &str) -> bool {
        let others = [LOCAL, UNKNOWN];
        Self::BESIDE.iter().any(|one| one.word() == word) || others.contains(&word)
    }

    /// The word that stores and files use.
    pub fn word(&self) -> &str {
        match self {
            Self::Ledger { role, .. } => role.identifier(),
            Self::Reader => "reader",
            Self::Administrator => "administrator",
            Self::SystemAdministrator => SYSTEM_ADMINISTRATOR,
            Self::SecurityAdministrator => SECURITY_ADMINISTRATOR,
            Self::Auditor => AUDITOR,
            Self::Unassigned => "unassigned",
        }
    }

    /// The one with this word in a city with these roles.
    pub fn of_word(word: &str, roles: &Roles) -> Option<Self> {
        Self::all(roles).find(|role| role.word() == word)
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

    /// Whether the unit of its accounts is one of administration: departments have names of their own,
    /// and others no unit to answer for.
    pub fn is_of_unit(self) -> bool {
        matches!(self, Self::Ledger { kind, .. } if kind != Role::DEPARTMENT)
    }

    /// As what it raises events, if it does.
    pub fn in_ledger(self) -> Option<Role> {
        match self {
            Self::Ledger { role, .. } => Some(role),
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
        let roles = Roles::default();
        for role in AccountRole::all(&roles) {
            assert_eq!(AccountRole::of_word(role.word(), &roles), Some(role));
        }
        assert_eq!(AccountRole::all(&roles).count(), Role::SHIPPED.len() + 6);
        assert_eq!(AccountRole::of_word("Reader", &roles), None);
    }
}
