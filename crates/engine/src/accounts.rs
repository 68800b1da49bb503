//! Accounts as a server reads them from the store.

pub use store::accounts::{Account, Accounts, Day, LOCAL, Scope, TokenHash};

use crate::{Engine, EngineError};

impl Engine {
    /// Every account with its scopes and tokens; none when the store keeps none.
    pub async fn accounts(&self) -> Result<Accounts, EngineError> {
        match self.store().account_store() {
            Some(store) => Ok(store.accounts().await?),
            None => Ok(Accounts::default()),
        }
    }
}
