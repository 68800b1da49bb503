//! Accounts as a server reads them from the store.

pub use store::accounts::{
    AUDITOR, Account, AccountChange, AccountFault, AccountName, Accounts, Day, LOCAL,
    SECURITY_ADMINISTRATOR, SYSTEM_ADMINISTRATOR, Scope, Token, TokenHash, TokenId,
};

use crate::{Engine, EngineError, now};

impl Engine {
    /// Every account with its scopes and tokens; none when the store keeps none.
    pub async fn accounts(&self) -> Result<Accounts, EngineError> {
        match self.store().account_store() {
            Some(store) => Ok(store.accounts().await?),
            None => Ok(Accounts::default()),
        }
    }

    /// Changes accounts, in the name of `by`; the number of a new token. Whoever checks requests
    /// reads them anew after it.
    pub async fn change_accounts(
        &self,
        change: AccountChange,
        by: &str,
    ) -> Result<Option<TokenId>, EngineError> {
        let store = self.store().account_store();
        let store = store.ok_or_else(|| EngineError::Internal {
            what: "the store keeps no accounts".to_owned(),
        })?;
        Ok(store.change_accounts(change, by.to_owned(), now()).await?)
    }
}
