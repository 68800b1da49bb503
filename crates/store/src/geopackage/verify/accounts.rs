//! Whether accounts can be read, and scopes and tokens are those of accounts.

use rusqlite::Connection;

use super::Report;
use crate::geopackage::accounts::read_all;

const TABLE: &str = "tuban_accounts";

/// Tells what is wrong with the accounts.
pub(super) fn check(db: &Connection, report: &Report) {
    let all = match read_all(db) {
        Ok(all) => all,
        Err(error) => return report.unreadable(TABLE, &error),
    };
    for scope in all.scopes.iter().filter(|scope| all.account(&scope.account).is_none()) {
        let reason = format!("a scope is given to {}, who has no account", scope.account);
        report.tell("tuban_scopes", None, reason);
    }
    for token in all.tokens.iter().filter(|token| all.account(&token.account).is_none()) {
        let reason = format!("the token is of {}, who has no account", token.account);
        report.tell("tuban_tokens", Some(token.id.0), reason);
    }
}
