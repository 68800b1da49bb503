//! The tokens of a store as requests are checked against: made anew with every change of accounts.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use engine::accounts::{Accounts, TokenHash};
use ledger::point::Roles;
use spatial::Timestamp;

use super::{AccountRole, Bearer, TokenFault};
use crate::actor::Actor;

/// Every token that there ever was, by its hash.
#[derive(Debug, Default)]
pub(super) struct Directory {
    tokens: HashMap<TokenHash, Entry>,
}

#[derive(Debug)]
struct Entry {
    bearer: Arc<Bearer>,
    expires: Option<Timestamp>,
    /// Why it is not taken, whatever the time is.
    fault: Option<TokenFault>,
}

impl Directory {
    /// The tokens of these accounts.
    pub(super) fn new(all: &Accounts, roles: &Roles) -> Self {
        let mut tokens = HashMap::with_capacity(all.tokens.len());
        for token in &all.tokens {
            // One without an account is of nobody: it stays unknown.
            let Some(account) = all.account(&token.account) else { continue };
            let role = AccountRole::of_word(&account.role, roles);
            if role.is_none() {
                tracing::warn!(
                    account = %account.name, role = account.role,
                    "a role that is not known here: the account may read only"
                );
            }
            let scope = all.scopes.iter().filter(|scope| scope.account == account.name);
            let actor = Actor::of(account, role, scope.cloned().collect());
            let fault = match (token.revoked, account.disabled) {
                (Some(_), _) => Some(TokenFault::Revoked),
                (None, Some(_)) => Some(TokenFault::Disabled),
                (None, None) => None,
            };
            let bearer = Arc::new(Bearer { actor, hash: token.hash, seen_from: AtomicU64::new(0) });
            tokens.insert(token.hash, Entry { bearer, expires: token.expires, fault });
        }
        Self { tokens }
    }

    /// Whose token this is at `now`, and until when.
    pub(super) fn find(
        &self,
        hash: &TokenHash,
        now: Timestamp,
    ) -> Result<(&Arc<Bearer>, Option<Timestamp>), TokenFault> {
        let entry = self.tokens.get(hash).ok_or(TokenFault::Unknown)?;
        match entry.fault {
            Some(fault) => Err(fault),
            None if entry.expires.is_some_and(|expires| expires <= now) => Err(TokenFault::Expired),
            None => Ok((&entry.bearer, entry.expires)),
        }
    }
}
