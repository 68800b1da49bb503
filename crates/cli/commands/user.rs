//! `tuban user`: accounts, their scopes and tokens.

use std::path::Path;

use engine::places::AccountPlace;
use formats::datetime::utc_of_millis;
use server::AccountRole;
use spatial::Timestamp;
use store::accounts::{AccountChange, AccountName, Day, Scope, Token, TokenId};
use store::{AccountStore, GeoPackageStore};

use super::collection::{read_only, writable};
use super::{CommandError, now};
use crate::args::{AddArgs, RevokeArgs, ScopeArgs, TokenArgs, UserAction, UserArgs, UserName};
use crate::config::Config;
use crate::environment;
use crate::output::{say, say_columns, tell};

const DAY_MILLIS: i64 = 86_400_000;

/// Makes, lists and changes accounts.
pub async fn user(args: UserArgs, config: &Config) -> Result<(), CommandError> {
    match args.action {
        UserAction::Add(args) => add(args, config).await,
        UserAction::Set(args) => {
            let UserName { store, name } = args.account;
            let (display_name, unit, role) = (args.display_name, args.unit, args.role);
            role.as_deref().map_or(Ok(()), |role| check_role(role, config))?;
            if unit.is_some() || role.is_some() {
                let held = read_only(&store)?.accounts().await?;
                let held = held.account(&name);
                let role = role.as_deref().or(held.map(|account| &*account.role));
                let unit = unit.as_deref().or(held.and_then(|account| account.unit.as_deref()));
                check_unit(&store, (role, unit), config).await?;
            }
            let said = format!("{name} is changed");
            let change = AccountChange::Set { name, display_name, unit, role };
            make(&store, change, config).await?;
            say(said);
            Ok(())
        }
        UserAction::List { store, json } => list(&read_only(&store)?, json).await,
        UserAction::Disable(UserName { store, name }) => {
            let said = format!("{name} is disabled: its tokens are not taken any more");
            make(&store, AccountChange::Disable(name), config).await?;
            say(said);
            Ok(())
        }
        UserAction::Enable(UserName { store, name }) => {
            let said = format!("{name} is enabled: its tokens are taken again");
            make(&store, AccountChange::Enable(name), config).await?;
            say(said);
            Ok(())
        }
        UserAction::Scope(args) => scope(args, config).await,
        UserAction::Token(args) => token(args, config).await,
        UserAction::Revoke(args) => revoke(args, config).await,
        UserAction::Log { store, name, limit } => log(&read_only(&store)?, name, limit).await,
    }
}

async fn make(
    store: &Path,
    change: AccountChange,
    config: &Config,
) -> Result<Option<TokenId>, CommandError> {
    writable(store, config)?.change_accounts(change, by(), now()).await
}

/// Who runs the command, as far as the environment knows.
fn by() -> String {
    match environment::user() {
        Some(user) => format!("local ({user})"),
        None => "local".to_owned(),
    }
}

fn check_role(role: &str, config: &Config) -> Result<(), CommandError> {
    let roles = &config.ledger.roles;
    if AccountRole::of_word(role, roles).is_some() {
        return Ok(());
    }
    Err(CommandError::Argument {
        name: "--role",
        value: role.to_owned(),
        reason: format!("use one of {}", AccountRole::words(roles)),
    })
}

/// Refuses a unit that the store does not know, of a role that has one of administration.
async fn check_unit(
    store: &Path,
    (role, unit): (Option<&str>, Option<&str>),
    config: &Config,
) -> Result<(), CommandError> {
    let role = role.and_then(|word| AccountRole::of_word(word, &config.ledger.roles));
    let has_unit = role.is_some_and(AccountRole::is_of_unit);
    match unit.filter(|unit| has_unit && !unit.is_empty()) {
        Some(unit) => {
            check_place(store, ("--unit", unit), AccountPlace::Unit, Day::of(now())).await
        }
        None => Ok(()),
    }
}

/// Refuses the code of no unit, or of no area.
async fn check_place(
    store: &Path,
    (name, code): (&'static str, &str),
    place: AccountPlace,
    from: Day,
) -> Result<(), CommandError> {
    let found = place.defect(&read_only(store)?, code, from).await?;
    let refused = |reason| CommandError::Argument { name, value: code.to_owned(), reason };
    found.map(refused).map_or(Ok(()), Err)
}

async fn add(args: AddArgs, config: &Config) -> Result<(), CommandError> {
    let UserName { store, name } = args.account;
    check_role(&args.role, config)?;
    check_unit(&store, (Some(&args.role), args.unit.as_deref()), config).await?;
    let opened = writable(&store, config)?;
    let is_first = read_only(&store)?.accounts().await?.accounts.is_empty();
    let display_name = args.display_name.unwrap_or_else(|| name.to_string());
    let said = format!("{name} is added, in the role {}", args.role);
    let (unit, role) = (args.unit, args.role);
    let change = AccountChange::Add { name, display_name, unit, role };
    opened.change_accounts(change, by(), now()).await?;
    say(said);
    if is_first {
        tell(
            "this is the first account: from now on every request to a server of this store needs a \
             token, with --public every change; make one with `tuban user token`. A public server \
             that runs already offers edits after its next start",
        );
    }
    Ok(())
}

async fn scope(args: ScopeArgs, config: &Config) -> Result<(), CommandError> {
    let UserName { store, name: account } = args.account;
    let area = args.area;
    let (said, change) = match args.end {
        Some(to) => {
            let said = format!("{account} is given {area} until {to} at the latest");
            (said, AccountChange::EndScope { account, area, to })
        }
        None => {
            let from = args.from.unwrap_or_else(|| Day::of(now()));
            check_place(&store, ("AREA", &area), AccountPlace::Area, from).await?;
            let until = args.to.map_or(String::new(), |to| format!(" to {to}"));
            let said = format!("{account} is given {area} from {from}{until}");
            (said, AccountChange::Grant(Scope { account, area, from, to: args.to }))
        }
    };
    make(&store, change, config).await?;
    say(said);
    Ok(())
}

async fn token(args: TokenArgs, config: &Config) -> Result<(), CommandError> {
    let UserName { store, name: account } = args.account;
    let expires = match (args.for_good, args.until) {
        (true, _) => None,
        (false, Some(day)) => Some(day.end()),
        (false, None) => Some(Timestamp(now().0 + i64::from(args.days) * DAY_MILLIS)),
    };
    let token = server::new_token()?;
    let (hash, label) = (server::hash_of(&token), args.label);
    let said = format!("of {account}, {}; it is not shown again", until(expires));
    let change = AccountChange::Issue { account, hash, label, expires };
    let id = make(&store, change, config).await?;
    say(token);
    tell(format_args!("token {} {said}", id.map_or(String::new(), |id| id.to_string())));
    Ok(())
}

async fn revoke(args: RevokeArgs, config: &Config) -> Result<(), CommandError> {
    let opened = writable(&args.store, config)?;
    let tokens = match &args.all {
        None => args.tokens,
        Some(name) => {
            let all = read_only(&args.store)?.accounts().await?;
            if all.account(name).is_none() {
                return Err(CommandError::Argument {
                    name: "--all",
                    value: name.to_string(),
                    reason: "there is no such account; see `tuban user list`".to_owned(),
                });
            }
            let of = |token: &&Token| token.account == *name && token.revoked.is_none();
            all.tokens.iter().filter(of).map(|token| token.id).collect()
        }
    };
    for token in &tokens {
        opened.change_accounts(AccountChange::Revoke(*token), by(), now()).await?;
        say(format_args!("token {token} is revoked"));
    }
    if tokens.is_empty() {
        say("no token to revoke");
    }
    Ok(())
}

/// Until when a token is taken.
fn until(expires: Option<Timestamp>) -> String {
    expires.map_or("until it is revoked".to_owned(), |at| format!("until {}", utc_of_millis(at.0)))
}

async fn list(store: &GeoPackageStore, as_json: bool) -> Result<(), CommandError> {
    let all = store.accounts().await?;
    let now = now();
    if as_json {
        say(serde_json::to_string_pretty(&server::accounts_document(&all, now)).unwrap_or_default());
        return Ok(());
    }
    if all.accounts.is_empty() {
        say("the store has no accounts: it is served on loopback, to one actor called local");
    }
    let mut rows = Vec::new();
    for account in &all.accounts {
        rows.push([
            account.name.to_string(),
            account.role.clone(),
            account.unit.clone().unwrap_or_default(),
            if account.disabled.is_some() { "disabled" } else { "enabled" }.to_owned(),
            account.display_name.clone(),
        ]);
        for Scope { area, from, to, .. } in all.scopes.iter().filter(|s| s.account == account.name)
        {
            let to = to.map_or(String::new(), |to| format!(" to {to}"));
            rows.push([
                "  scope".to_owned(),
                area.clone(),
                String::new(),
                String::new(),
                format!("from {from}{to}"),
            ]);
        }
        for token in all.tokens.iter().filter(|token| token.account == account.name) {
            rows.push([
                format!("  token {}", token.id),
                server::token_state(token, account, now).to_owned(),
                String::new(),
                String::new(),
                format!("{}  {}", until(token.expires), token.label).trim_end().to_owned(),
            ]);
        }
    }
    say_columns(&rows, &[]);
    Ok(())
}

async fn log(
    store: &GeoPackageStore,
    name: Option<AccountName>,
    limit: u32,
) -> Result<(), CommandError> {
    let entries = store.account_log(name, limit as usize).await?;
    let rows: Vec<[String; 4]> = entries
        .into_iter()
        .map(|e| [utc_of_millis(e.at.0), e.by, e.account.to_string(), e.what])
        .collect();
    say_columns(&rows, &[]);
    Ok(())
}
