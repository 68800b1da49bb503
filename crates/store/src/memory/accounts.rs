//! Accounts in memory.

use async_trait::async_trait;
use spatial::Timestamp;

use super::MemoryStore;
use crate::StoreError;
use crate::accounts::{AccountChange, AccountEntry, AccountName, AccountStore, Accounts, TokenId};

/// Accounts and what became of them.
#[derive(Debug, Default)]
pub(super) struct Known {
    accounts: Accounts,
    log: Vec<AccountEntry>,
}

#[async_trait]
impl AccountStore for MemoryStore {
    async fn accounts(&self) -> Result<Accounts, StoreError> {
        Ok(self.known.lock().await.accounts.clone())
    }

    async fn change_accounts(
        &self,
        change: AccountChange,
        by: String,
        at: Timestamp,
    ) -> Result<Option<TokenId>, StoreError> {
        let mut known = self.known.lock().await;
        let done = known.accounts.apply(&change, at)?;
        if !done.rows.is_empty() {
            let seq = i64::try_from(known.log.len()).unwrap_or(i64::MAX) + 1;
            self.audited.lock().await.append(done.audited(&by, at));
            let (account, what) = (done.account, done.what);
            known.log.push(AccountEntry { seq, at, by, account, what });
        }
        Ok(done.token)
    }

    async fn account_log(
        &self,
        account: Option<AccountName>,
        limit: usize,
    ) -> Result<Vec<AccountEntry>, StoreError> {
        let known = self.known.lock().await;
        let of = |entry: &&AccountEntry| account.as_ref().is_none_or(|name| entry.account == *name);
        Ok(known.log.iter().rev().filter(of).take(limit).cloned().collect())
    }
}
