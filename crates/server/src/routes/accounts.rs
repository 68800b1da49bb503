//! `/accounts`: accounts for the administrators, each of whom does a part: the table of
//! [`crate::access::Duty`] says who.
//!
//! Accounts that administer are made and given tokens on the machine itself (`tuban user`), so that
//! none of the three makes another, or acts as one. Nobody changes an own account.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::{get, post};
use engine::accounts::{AccountChange, AccountName, Accounts, Day, Scope, TokenHash, TokenId};
use engine::audit::{action, result};
use engine::now;
use engine::places::AccountPlace;
use serde::Deserialize;
use serde_json::{Value, json};
use spatial::Timestamp;

use super::answers;
use super::origin::refuse_other_origins;
use crate::access::{ACCOUNTS, AccountRole, Duty, hash_of, may_not, new_token};
use crate::account_document::accounts_document;
use crate::actor::Actor;
use crate::asked::Asked;
use crate::negotiate::JSON;
use crate::problem::{Code, Problem};
use crate::request_body::{self, EditBody};
use crate::sender::Sender;
use crate::state::App;
use ledger::point::Roles;

/// Where accounts are read and changed.
pub const PATH: &str = ACCOUNTS;
/// How long a token is taken when a request says nothing, in days.
const TOKEN_DAYS: u32 = 90;
const MAX_TOKEN_DAYS: u32 = 3_650;
const DAY_MILLIS: i64 = 86_400_000;

/// The routes; accounts are changed by pages of this origin alone.
pub fn routes(app: &Arc<App>) -> Router<Arc<App>> {
    let changes = Router::new()
        .route(PATH, post(change))
        .layer(DefaultBodyLimit::max(app.settings.max_body_bytes))
        .layer(from_fn_with_state(Arc::clone(app), refuse_other_origins));
    changes.route(PATH, get(list))
}

/// `GET /accounts`: every account with scopes and tokens, without the text of these.
async fn list(
    State(app): State<Arc<App>>,
    actor: Actor,
    asked: Asked,
) -> Result<Response, Problem> {
    asked.query(&[])?;
    if !actor.may(Duty::ReadAccounts) {
        return Err(may_not(&actor, Duty::ReadAccounts.words()));
    }
    Ok(private(&accounts_document(&app.engine.accounts().await?, now())))
}

fn private(body: &Value) -> Response {
    let mut response = answers::json(JSON.media_type, body);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// What a body asks for.
#[derive(Debug, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case", deny_unknown_fields)]
enum Wanted {
    Add { name: String, display_name: Option<String>, unit: Option<String> },
    Name { name: String, display_name: String },
    Disable { name: String },
    Enable { name: String },
    Rights { name: String, role: Option<String>, unit: Option<String> },
    Grant { name: String, area: String, from: Option<String>, to: Option<String> },
    EndScope { name: String, area: String, to: String },
    Token { name: String, label: Option<String>, days: Option<u32> },
    Revoke { token: i64 },
}

impl Wanted {
    fn duty(&self) -> Duty {
        match self {
            Self::Add { .. } | Self::Name { .. } | Self::Disable { .. } | Self::Enable { .. } => {
                Duty::KeepAccounts
            }
            Self::Rights { .. }
            | Self::Grant { .. }
            | Self::EndScope { .. }
            | Self::Token { .. }
            | Self::Revoke { .. } => Duty::GiveRights,
        }
    }

    /// The name of the account that it is about.
    fn account<'a>(&'a self, all: &'a Accounts) -> Option<&'a str> {
        match self {
            Self::Add { name, .. }
            | Self::Name { name, .. }
            | Self::Disable { name }
            | Self::Enable { name }
            | Self::Rights { name, .. }
            | Self::Grant { name, .. }
            | Self::EndScope { name, .. }
            | Self::Token { name, .. } => Some(name),
            Self::Revoke { token } => {
                let found = all.tokens.iter().find(|known| known.id.0 == *token);
                found.map(|token| token.account.as_str())
            }
        }
    }

    /// The change of the store; `hash` is that of a new token.
    fn change(self, hash: TokenHash) -> Result<AccountChange, Problem> {
        let unassigned = || AccountRole::Unassigned.word().to_owned();
        Ok(match self {
            Self::Add { name, display_name, unit } => AccountChange::Add {
                display_name: display_name.unwrap_or_else(|| name.clone()),
                name: named(&name)?,
                unit,
                role: unassigned(),
            },
            Self::Name { name, display_name } => AccountChange::Set {
                name: named(&name)?,
                display_name: Some(display_name),
                unit: None,
                role: None,
            },
            Self::Disable { name } => AccountChange::Disable(named(&name)?),
            Self::Enable { name } => AccountChange::Enable(named(&name)?),
            Self::Rights { name, role, unit } => {
                AccountChange::Set { name: named(&name)?, display_name: None, unit, role }
            }
            Self::Grant { name, area, from, to } => AccountChange::Grant(Scope {
                account: named(&name)?,
                area,
                from: from.map_or_else(|| Ok(Day::of(now())), |text| day("from", &text))?,
                to: to.map(|text| day("to", &text)).transpose()?,
            }),
            Self::EndScope { name, area, to } => {
                AccountChange::EndScope { account: named(&name)?, area, to: day("to", &to)? }
            }
            Self::Token { name, label, days } => {
                let days = days.unwrap_or(TOKEN_DAYS);
                if !(1..=MAX_TOKEN_DAYS).contains(&days) {
                    let reason = format!("{days} is no number from 1 to {MAX_TOKEN_DAYS}");
                    return Err(refused(format!("days: {reason}")));
                }
                let expires = Some(Timestamp(now().0 + i64::from(days) * DAY_MILLIS));
                let (account, label) = (named(&name)?, label.unwrap_or_default());
                AccountChange::Issue { account, hash, label, expires }
            }
            Self::Revoke { token } => AccountChange::Revoke(TokenId(token)),
        })
    }
}

fn refused(detail: impl Into<String>) -> Problem {
    Problem::new(Code::InvalidRequest, detail)
}

fn named(text: &str) -> Result<AccountName, Problem> {
    AccountName::try_from(text).map_err(|error| refused(error.to_string()))
}

fn day(member: &str, text: &str) -> Result<Day, Problem> {
    text.parse().map_err(|_odd| {
        let shown: String = text.chars().take(40).collect();
        refused(format!("{member}: {shown:?} is no day; send one such as 2026-11-26"))
    })
}

/// `POST /accounts`: one change. The text of a new token is answered this once.
async fn change(
    State(app): State<Arc<App>>,
    actor: Actor,
    sender: Sender,
    headers: HeaderMap,
    EditBody(body): EditBody,
) -> Result<Response, Problem> {
    let body =
        request_body::read(&headers, body, app.settings.max_body_bytes, &[request_body::JSON])?;
    let wanted: Wanted = serde_json::from_slice(&body)
        .map_err(|error| refused(format!("the body is no change of accounts: {error}")))?;
    let all = app.engine.accounts().await?;
    let roles = &app.engine.settings().ledger.roles;
    let checked = match check(&actor, &wanted, &all, roles) {
        Ok(()) => check_place(&app, &wanted, &all, roles).await?,
        Err(refusal) => Err(refusal),
    };
    if let Err(refusal) = checked {
        let mut entry = sender.entry(action::ACCOUNT, wanted.account(&all).unwrap_or_default());
        entry.result = result::REFUSED.to_owned();
        entry.reason = refusal.detail().to_owned();
        app.engine.audit(entry).await?;
        return Err(refusal);
    }
    let makes_token = matches!(wanted, Wanted::Token { .. });
    let token =
        if makes_token { new_token().map_err(|e| Problem::internal(&e))? } else { String::new() };
    let change = wanted.change(hash_of(&token))?;
    let id = app.engine.change_accounts(change, actor.name()).await?;
    app.settings.access.reload().await?;
    let body = match id {
        Some(id) => json!({ "done": true, "token": token, "id": id.0 }),
        None => json!({ "done": true }),
    };
    let mut response = private(&body);
    if makes_token {
        *response.status_mut() = StatusCode::CREATED;
    }
    Ok(response)
}

/// Refuses a unit or area that the store does not know.
async fn check_place(
    app: &App,
    wanted: &Wanted,
    all: &Accounts,
    known: &Roles,
) -> Result<Result<(), Problem>, Problem> {
    let today = Day::of(now());
    let (member, code, place, from) = match wanted {
        Wanted::Rights { role, unit, .. } => {
            let held = wanted.account(all).and_then(|name| AccountName::try_from(name).ok());
            let held = held.and_then(|name| all.account(&name));
            let role = role.as_deref().or(held.map(|account| &*account.role));
            let role = role.and_then(|word| AccountRole::of_word(word, known));
            let unit = unit.as_deref().or(held.and_then(|account| account.unit.as_deref()));
            let unit =
                unit.filter(|unit| role.is_some_and(AccountRole::is_of_unit) && !unit.is_empty());
            let Some(unit) = unit else { return Ok(Ok(())) };
            ("unit", unit, AccountPlace::Unit, today)
        }
        Wanted::Grant { area, from, .. } => {
            let from = from.as_deref().and_then(|text| text.parse().ok()).unwrap_or(today);
            ("area", &**area, AccountPlace::Area, from)
        }
        _ => return Ok(Ok(())),
    };
    let found = place.defect(&**app.engine.store(), code, from).await;
    let found = found.map_err(|error| Problem::internal(&error))?;
    Ok(found.map_or(Ok(()), |problem| Err(refused(format!("{member}: {problem}")))))
}

/// Refuses what the sender may not change.
fn check(actor: &Actor, wanted: &Wanted, all: &Accounts, known: &Roles) -> Result<(), Problem> {
    let duty = wanted.duty();
    if !actor.may(duty) {
        return Err(may_not(actor, duty.words()));
    }
    let name = wanted.account(all).unwrap_or_default();
    if name == actor.name() {
        return Err(may_not(actor, "change an own account"));
    }
    let held =
        AccountName::try_from(name).ok().and_then(|name| all.account(&name)).map(|a| &*a.role);
    let given = match wanted {
        Wanted::Rights { role, .. } => role.as_deref(),
        _ => None,
    };
    let roles = [held, given].map(|word| word.and_then(|word| AccountRole::of_word(word, known)));
    if roles.iter().flatten().any(|role| role.administers()) {
        let what = "change accounts that administer; that is done on the machine itself, with \
                    `tuban user`";
        return Err(may_not(actor, what));
    }
    if let Some(word) = given
        && AccountRole::of_word(word, known).is_none()
    {
        let shown: String = word.chars().take(40).collect();
        return Err(refused(format!("role: {shown:?} is none of {}", AccountRole::words(known))));
    }
    Ok(())
}
