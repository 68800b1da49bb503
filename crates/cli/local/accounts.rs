//! Changes of accounts as JSON, for the other side of the socket.

use serde::{Deserialize, Serialize};
use spatial::Timestamp;
use store::accounts::{AccountChange, AccountName, Day, Scope, TokenId};

/// A change of accounts. Days are numbers from 1970-01-01 on, moments milliseconds.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) enum DescribedChange {
    Add { name: String, display_name: String, unit: Option<String>, role: String },
    Set { name: String, display_name: Option<String>, unit: Option<String>, role: Option<String> },
    Disable { name: String },
    Enable { name: String },
    Grant { account: String, area: String, from: i64, to: Option<i64> },
    EndScope { account: String, area: String, to: i64 },
    Issue { account: String, hash: [u8; 32], label: String, expires: Option<i64> },
    Revoke { token: i64 },
}

impl From<AccountChange> for DescribedChange {
    fn from(change: AccountChange) -> Self {
        match change {
            AccountChange::Add { name, display_name, unit, role } => {
                Self::Add { name: name.to_string(), display_name, unit, role }
            }
            AccountChange::Set { name, display_name, unit, role } => {
                Self::Set { name: name.to_string(), display_name, unit, role }
            }
            AccountChange::Disable(name) => Self::Disable { name: name.to_string() },
            AccountChange::Enable(name) => Self::Enable { name: name.to_string() },
            AccountChange::Grant(Scope { account, area, from, to }) => {
                let to = to.map(|to| to.0);
                Self::Grant { account: account.to_string(), area, from: from.0, to }
            }
            AccountChange::EndScope { account, area, to } => {
                Self::EndScope { account: account.to_string(), area, to: to.0 }
            }
            AccountChange::Issue { account, hash, label, expires } => {
                let expires = expires.map(|at| at.0);
                Self::Issue { account: account.to_string(), hash, label, expires }
            }
            AccountChange::Revoke(token) => Self::Revoke { token: token.0 },
        }
    }
}

impl DescribedChange {
    /// The change; none when a name in it is no name.
    pub(super) fn read(self) -> Option<AccountChange> {
        let named = |text: String| AccountName::try_from(text.as_str()).ok();
        Some(match self {
            Self::Add { name, display_name, unit, role } => {
                AccountChange::Add { name: named(name)?, display_name, unit, role }
            }
            Self::Set { name, display_name, unit, role } => {
                AccountChange::Set { name: named(name)?, display_name, unit, role }
            }
            Self::Disable { name } => AccountChange::Disable(named(name)?),
            Self::Enable { name } => AccountChange::Enable(named(name)?),
            Self::Grant { account, area, from, to } => {
                let (from, to) = (Day(from), to.map(Day));
                AccountChange::Grant(Scope { account: named(account)?, area, from, to })
            }
            Self::EndScope { account, area, to } => {
                AccountChange::EndScope { account: named(account)?, area, to: Day(to) }
            }
            Self::Issue { account, hash, label, expires } => {
                let expires = expires.map(Timestamp);
                AccountChange::Issue { account: named(account)?, hash, label, expires }
            }
            Self::Revoke { token } => AccountChange::Revoke(TokenId(token)),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::*;

    #[test]
    fn a_change_is_the_same_on_the_other_side() {
        let name = || AccountName::try_from("zhang").unwrap();
        let (area, text) = ("110115001".to_owned(), || "张".to_owned());
        let scope = |to| Scope { account: name(), area: area.clone(), from: Day(20_000), to };
        for change in [
            AccountChange::Add {
                name: name(),
                display_name: text(),
                unit: Some(area.clone()),
                role: "town".to_owned(),
            },
            AccountChange::Set {
                name: name(),
                display_name: Some(text()),
                unit: None,
                role: Some("city".to_owned()),
            },
            AccountChange::Disable(name()),
            AccountChange::Enable(name()),
            AccountChange::Grant(scope(None)),
            AccountChange::Grant(scope(Some(Day(20_001)))),
            AccountChange::EndScope { account: name(), area: area.clone(), to: Day(-1) },
            AccountChange::Issue {
                account: name(),
                hash: [7; 32],
                label: text(),
                expires: Some(Timestamp(5)),
            },
            AccountChange::Revoke(TokenId(9)),
        ] {
            let sent = serde_json::to_vec(&DescribedChange::from(change.clone())).unwrap();
            let read: DescribedChange = serde_json::from_slice(&sent).unwrap();
            assert_eq!(read.read(), Some(change));
        }
        let local = DescribedChange::Disable { name: "local".to_owned() };
        assert_eq!(local.read(), None);
    }
}
