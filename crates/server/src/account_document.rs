//! Accounts as JSON, for administrators: over HTTP and by the command.

use engine::accounts::{Account, Accounts, Scope, Token};
use formats::datetime::utc_of_millis;
use serde_json::{Value, json};
use spatial::Timestamp;

/// Whether a token is taken: `valid`, or why not.
pub fn token_state(token: &Token, account: &Account, now: Timestamp) -> &'static str {
    if token.revoked.is_some() {
        "revoked"
    } else if token.expires.is_some_and(|expires| expires <= now) {
        "expired"
    } else if account.disabled.is_some() {
        "disabled"
    } else {
        "valid"
    }
}

/// Every account with its scopes and tokens, without the text of these.
pub fn accounts_document(all: &Accounts, now: Timestamp) -> Value {
    let moment = |at: Option<Timestamp>| at.map(|at| utc_of_millis(at.0));
    let accounts = all.accounts.iter().map(|account| {
        let scope = all.scopes.iter().filter(|scope| scope.account == account.name);
        let tokens = all.tokens.iter().filter(|token| token.account == account.name);
        let scope = scope.map(|Scope { area, from, to, .. }| {
            json!({ "area": area, "from": from.to_string(), "to": to.map(|to| to.to_string()) })
        });
        let tokens = tokens.map(|token| {
            json!({
                "id": token.id.0,
                "label": token.label,
                "state": token_state(token, account, now),
                "created": moment(Some(token.created)),
                "expires": moment(token.expires),
                "revoked": moment(token.revoked)
            })
        });
        json!({
            "name": account.name.as_str(),
            "displayName": account.display_name,
            "role": account.role,
            "unit": account.unit,
            "created": moment(Some(account.created)),
            "disabled": moment(account.disabled),
            "scope": scope.collect::<Vec<_>>(),
            "tokens": tokens.collect::<Vec<_>>()
        })
    });
    json!({ "accounts": accounts.collect::<Vec<_>>() })
}
