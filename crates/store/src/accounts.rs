//! Accounts of those who write and read, their tokens and the areas that they are given: the
//! words, and the seam to a store.
//!
//! *Invariants:* an account, a scope and a token are never removed, so that a name in the change
//! log always leads to its account; of a token only its SHA-256 is kept; every change stands in
//! the account log, which only grows. Accounts are no features: keeping them makes no revision.

mod apply;
mod fault;
mod name;

use async_trait::async_trait;
pub use spatial::Day;
use spatial::Timestamp;

pub(crate) use apply::Row;
pub use fault::AccountFault;
pub use name::{AccountName, InvalidAccountName, LOCAL};

use crate::StoreError;

/// Longest label, display name, code or role, in characters.
pub const MAX_TEXT: usize = 100;
/// Most accounts of a store.
pub const MAX_ACCOUNTS: usize = 100_000;
/// Most scopes of an account, and most tokens of it that are not revoked.
pub const MAX_PER_ACCOUNT: usize = 1_000;

/// Role of who looks after accounts and the server (系统管理员).
pub const SYSTEM_ADMINISTRATOR: &str = "system_administrator";
/// Role of who gives roles, scopes and tokens (安全保密管理员).
pub const SECURITY_ADMINISTRATOR: &str = "security_administrator";
/// Role of who reads the audit log (安全审计员).
pub const AUDITOR: &str = "auditor";
/// Roles that nobody holds two of, not even one after the other (三员).
pub const SEPARATE: [&str; 3] = [SYSTEM_ADMINISTRATOR, SECURITY_ADMINISTRATOR, AUDITOR];
/// Role of the one who does what these three do, where they are not.
pub const ADMINISTRATOR: &str = "administrator";

/// SHA-256 of a token's text.
pub type TokenHash = [u8; 32];

/// Number of a token; never given again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenId(pub i64);

impl std::fmt::Display for TokenId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Somebody, or a program, that is known by a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// What the change log calls it.
    pub name: AccountName,
    /// What people call it.
    pub display_name: String,
    /// Code of the office that it belongs to.
    pub unit: Option<String>,
    /// Word of its role.
    pub role: String,
    /// Since when.
    pub created: Timestamp,
    /// Since when its tokens are not taken, if so.
    pub disabled: Option<Timestamp>,
}

/// An area that is given to an account for a time.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Scope {
    /// To which account.
    pub account: AccountName,
    /// Code of a unit or an area.
    pub area: String,
    /// First day.
    pub from: Day,
    /// Last day, if there is one.
    pub to: Option<Day>,
}

impl Scope {
    /// Whether it is given on `day`.
    pub fn holds_on(&self, day: Day) -> bool {
        self.from <= day && self.to.is_none_or(|to| day <= to)
    }
}

/// What lets its bearer act as an account.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    /// Its number.
    pub id: TokenId,
    /// As which account.
    pub account: AccountName,
    /// SHA-256 of its text.
    pub hash: TokenHash,
    /// What it is for, in the operator's words.
    pub label: String,
    /// Since when.
    pub created: Timestamp,
    /// From when on it is not taken any more, if ever.
    pub expires: Option<Timestamp>,
    /// When it was revoked, if it was.
    pub revoked: Option<Timestamp>,
}

impl std::fmt::Debug for Token {
    /// Without the hash.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (id, account) = (self.id, &self.account);
        f.debug_struct("Token").field("id", &id).field("account", account).finish_non_exhaustive()
    }
}

/// Every account with what belongs to it, of one state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accounts {
    /// The accounts, by name.
    pub accounts: Vec<Account>,
    /// Their scopes, by account, area and first day.
    pub scopes: Vec<Scope>,
    /// Their tokens, by number.
    pub tokens: Vec<Token>,
}

/// What is asked to be changed.
#[derive(Clone, PartialEq, Eq)]
pub enum AccountChange {
    /// A new account.
    Add {
        /// What the change log calls it; taken for good.
        name: AccountName,
        /// What people call it.
        display_name: String,
        /// Code of its office.
        unit: Option<String>,
        /// Word of its role.
        role: String,
    },
    /// What is said of an account; what is none stays.
    Set {
        /// Which.
        name: AccountName,
        /// What people call it.
        display_name: Option<String>,
        /// Code of its office; empty for none.
        unit: Option<String>,
        /// Word of its role.
        role: Option<String>,
    },
    /// Its tokens are not taken any more.
    Disable(AccountName),
    /// Its tokens are taken again.
    Enable(AccountName),
    /// An area is given; a scope of the same account, area and first day gets another last day.
    Grant(Scope),
    /// Every scope of an account in an area that would last longer ends with a day. One that
    /// begins later never holds then.
    EndScope {
        /// Whose.
        account: AccountName,
        /// Where.
        area: String,
        /// Last day.
        to: Day,
    },
    /// A new token.
    Issue {
        /// As which account its bearer acts.
        account: AccountName,
        /// SHA-256 of its text.
        hash: TokenHash,
        /// What it is for.
        label: String,
        /// From when on it is not taken any more.
        expires: Option<Timestamp>,
    },
    /// A token is not taken any more.
    Revoke(TokenId),
}

impl std::fmt::Debug for AccountChange {
    /// As the account log says it: without hashes.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("AccountChange").field(&self.said()).finish()
    }
}

/// A change of accounts that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountEntry {
    /// Its place in the account log, from 1.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
    /// Whose account.
    pub account: AccountName,
    /// What, in words.
    pub what: String,
}

/// Accounts, kept with the features.
#[async_trait]
pub trait AccountStore: Send + Sync {
    /// Every account, scope and token, of one state.
    async fn accounts(&self) -> Result<Accounts, StoreError>;

    /// Makes a change and its entry in the account log, in one durable transaction; what is so
    /// already is left as it is, without an entry. Answers the number of a new token.
    async fn change_accounts(
        &self,
        change: AccountChange,
        by: String,
        at: Timestamp,
    ) -> Result<Option<TokenId>, StoreError>;

    /// The newest entries of the account log, at most `limit`, the newest first; those of one
    /// account if it is named.
    async fn account_log(
        &self,
        account: Option<AccountName>,
        limit: usize,
    ) -> Result<Vec<AccountEntry>, StoreError>;
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::*;

    #[test]
    fn a_scope_holds_from_its_first_day_to_its_last() {
        let day = |text: &str| text.parse::<Day>().unwrap();
        let account = AccountName::try_from("zhang").unwrap();
        let (from, to) = (day("2026-01-01"), Some(day("2026-06-30")));
        let scope = Scope { account, area: "110115001".to_owned(), from, to };
        for (text, holds) in [
            ("2025-12-31", false),
            ("2026-01-01", true),
            ("2026-06-30", true),
            ("2026-07-01", false),
        ] {
            assert_eq!(scope.holds_on(day(text)), holds, "{text}");
        }
    }
}
