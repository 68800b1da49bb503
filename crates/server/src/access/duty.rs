//! What each role of accounts may do beside the ledger: one table, in which the three administrators
//! (三员) keep apart what none of them may hold together.

use ledger::point::Role;

use super::AccountRole;

/// Something that not everyone may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duty {
    /// Reads what the store holds: features, tiles, ledgers, files of households.
    ReadData,
    /// Sees personal values of one record in the clear, with a reason.
    Reveal,
    /// Reads how the server does: `/metrics`.
    ReadService,
    /// Reads accounts with their scopes and tokens, without the tokens' text.
    ReadAccounts,
    /// Makes accounts without a right, names them, disables and enables them.
    KeepAccounts,
    /// Gives roles and scopes, makes and revokes tokens.
    GiveRights,
    /// Reads the audit log.
    ReadAudit,
}

impl Duty {
    /// Every one.
    pub const ALL: [Self; 7] = [
        Self::ReadData,
        Self::Reveal,
        Self::ReadService,
        Self::ReadAccounts,
        Self::KeepAccounts,
        Self::GiveRights,
        Self::ReadAudit,
    ];

    /// What GET of a path is; none for what tells everybody who has a token about itself.
    pub(super) fn of_path(path: &str) -> Option<Self> {
        match path {
            "/" | "/account" | "/api" | "/conformance" => None,
            "/metrics" => Some(Self::ReadService),
            "/audit" => Some(Self::ReadAudit),
            "/accounts" => Some(Self::ReadAccounts),
            _ => Some(Self::ReadData),
        }
    }

    /// In words, after "may not".
    pub fn words(self) -> &'static str {
        match self {
            Self::ReadData => "read what the store holds",
            Self::Reveal => "see personal values in the clear",
            Self::ReadService => "read how the server does",
            Self::ReadAccounts => "read accounts",
            Self::KeepAccounts => "make, name, disable or enable accounts",
            Self::GiveRights => "give roles and scopes, or make and revoke tokens",
            Self::ReadAudit => "read the audit log",
        }
    }
}

impl AccountRole {
    /// Whether accounts of this role do it.
    pub fn may(self, duty: Duty) -> bool {
        use Duty::{
            GiveRights, KeepAccounts, ReadAccounts, ReadAudit, ReadData, ReadService, Reveal,
        };
        match self {
            // Those who enforce for district and city; the same that see classes up to L4.
            Self::Ledger { kind: Role::DISTRICT | Role::DISTRICT_CHECKER | Role::CITY, .. } => {
                matches!(duty, ReadData | ReadService | Reveal)
            }
            Self::Ledger { .. } | Self::Reader => matches!(duty, ReadData | ReadService),
            // The one administrator of a small office: everything but the log and personal values.
            Self::Administrator => {
                matches!(duty, ReadData | ReadService | ReadAccounts | KeepAccounts | GiveRights)
            }
            Self::SystemAdministrator => matches!(duty, ReadService | ReadAccounts | KeepAccounts),
            Self::SecurityAdministrator => matches!(duty, ReadData | ReadAccounts | GiveRights),
            Self::Auditor => matches!(duty, ReadAudit),
            Self::Unassigned => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use ledger::point::Roles;

    use super::*;

    /// Letters of the duties of a role, in the order of [`Duty::ALL`].
    fn duties(role: AccountRole) -> String {
        let letters = Duty::ALL.iter().zip("drsakgl".chars());
        letters.filter(|(duty, _)| role.may(**duty)).map(|(_, letter)| letter).collect()
    }

    #[test]
    fn the_table_of_duties() {
        // d data, r reveal, s service, a accounts, k keep accounts, g give rights, l audit log
        for role in AccountRole::all(&Roles::default()) {
            let expected = match role.word() {
                "district" | "district_checker" | "city" => "drs",
                "administrator" => "dsakg",
                "system_administrator" => "sak",
                "security_administrator" => "dag",
                "auditor" => "l",
                "unassigned" => "",
                _ => "ds",
            };
            assert_eq!(duties(role), expected, "{role}");
        }
    }

    #[test]
    fn what_no_two_of_the_three_share() {
        let three = [
            AccountRole::SystemAdministrator,
            AccountRole::SecurityAdministrator,
            AccountRole::Auditor,
        ];
        for duty in [Duty::KeepAccounts, Duty::GiveRights, Duty::ReadAudit] {
            assert_eq!(three.iter().filter(|role| role.may(duty)).count(), 1, "{duty:?}");
        }
        assert!(three.iter().all(|role| !role.may(Duty::Reveal)));
        let blind = [AccountRole::SystemAdministrator, AccountRole::Auditor];
        assert!(blind.iter().all(|role| !role.may(Duty::ReadData)));
    }

    #[test]
    fn a_path_that_is_not_named_is_data() {
        for (path, duty) in [
            ("/audit", Some(Duty::ReadAudit)),
            ("/accounts", Some(Duty::ReadAccounts)),
            ("/account", None),
            ("/metrics", Some(Duty::ReadService)),
            ("/dossiers/1", Some(Duty::ReadData)),
            ("/audit/", Some(Duty::ReadData)),
            ("/anything", Some(Duty::ReadData)),
        ] {
            assert_eq!(Duty::of_path(path), duty, "{path}");
        }
    }
}
