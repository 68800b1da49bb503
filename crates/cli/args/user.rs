//! `tuban user`: accounts, their scopes and tokens.

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};
use spatial::{Day, InvalidDay};
use store::accounts::{AccountName, TokenId};

/// `tuban user`
#[derive(Debug, Args)]
pub struct UserArgs {
    /// What to do
    #[command(subcommand)]
    pub action: UserAction,
}

/// A store and one of its accounts.
#[derive(Debug, Args)]
pub struct UserName {
    /// The store
    pub store: PathBuf,
    /// Name of the account, as the change log has it
    #[arg(value_parser = account_name)]
    pub name: AccountName,
}

/// What `tuban user` does. All of it works while the store is served, at once.
#[derive(Debug, Subcommand)]
pub enum UserAction {
    /// Make an account; from the first one on every request to a server needs a token
    Add(AddArgs),
    /// Change what is said of an account
    Set(SetUserArgs),
    /// Accounts with their scopes and tokens
    List {
        /// The store
        store: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Take the tokens of an account no more; its name stays taken
    Disable(UserName),
    /// Take the tokens of an account again
    Enable(UserName),
    /// Give an account a unit or an area for a time, or end that
    Scope(ScopeArgs),
    /// Make a token and print it, this once
    Token(TokenArgs),
    /// Take tokens no more, for good
    Revoke(RevokeArgs),
    /// What became of accounts: when, by whom, what; the newest first
    Log {
        /// The store
        store: PathBuf,
        /// Only of this account
        #[arg(value_parser = account_name)]
        name: Option<AccountName>,
        /// Most lines
        #[arg(long, value_name = "N", default_value_t = 100)]
        limit: u32,
    },
}

/// What an account of each role may do.
const ROLES: &str = "Roles: grid_worker, town, town_checker, district, district_checker, city and \
    department, or those that [[ledger.roles]] of tuban.toml names, raise the events that [ledger.raisers] of tuban.toml lets them, and edit features \
    if [accounts] editors names them, those of some collections only if [accounts.edits] does. A reader only reads. An administrator looks after accounts \
    and the server, and changes no data. Three may do that apart from one another (三员): a \
    system_administrator makes and disables accounts, a security_administrator gives roles, scopes \
    and tokens, an auditor reads the audit log; none becomes another. An account that is unassigned \
    may do nothing yet.";

/// `tuban user add`
#[derive(Debug, Args)]
#[command(after_help = ROLES)]
pub struct AddArgs {
    /// Store and name
    #[command(flatten)]
    pub account: UserName,
    /// Its role
    #[arg(long)]
    pub role: String,
    /// Code of the unit that it belongs to
    #[arg(long, value_name = "CODE")]
    pub unit: Option<String>,
    /// What people call it [default: its name]
    #[arg(long, value_name = "TEXT")]
    pub display_name: Option<String>,
}

/// `tuban user set`
#[derive(Debug, Args)]
#[command(after_help = ROLES, group = clap::ArgGroup::new("what").multiple(true).required(true).args([
    "role", "unit", "display_name",
]))]
pub struct SetUserArgs {
    /// Store and name
    #[command(flatten)]
    pub account: UserName,
    /// Its role
    #[arg(long)]
    pub role: Option<String>,
    /// Code of the unit that it belongs to; empty for none
    #[arg(long, value_name = "CODE")]
    pub unit: Option<String>,
    /// What people call it
    #[arg(long, value_name = "TEXT")]
    pub display_name: Option<String>,
}

/// `tuban user scope`
#[derive(Debug, Args)]
pub struct ScopeArgs {
    /// Store and name
    #[command(flatten)]
    pub account: UserName,
    /// Code of a unit or an area
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub area: String,
    /// First day, of Asia/Shanghai [default: today]
    #[arg(long, value_name = "DAY", value_parser = day, conflicts_with = "end")]
    pub from: Option<Day>,
    /// Last day [default: none]
    #[arg(long, value_name = "DAY", value_parser = day, conflicts_with = "end")]
    pub to: Option<Day>,
    /// End what was given with this day
    #[arg(long, value_name = "DAY", value_parser = day)]
    pub end: Option<Day>,
}

/// What to do with a token.
const TOKEN_USE: &str = "The token is sent as `Authorization: Bearer TOKEN`, or as ?token=TOKEN by clients that \
    cannot set headers. The store keeps only its SHA-256: what is lost is made anew.";

/// `tuban user token`
#[derive(Debug, Args)]
#[command(after_help = TOKEN_USE)]
pub struct TokenArgs {
    /// Store and name
    #[command(flatten)]
    pub account: UserName,
    /// What it is for, such as the program or the device
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub label: String,
    /// It is taken for so many days
    #[arg(long, value_name = "N", default_value_t = 90, group = "life", value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub days: u32,
    /// It is taken to the end of this day of Asia/Shanghai
    #[arg(long, value_name = "DAY", value_parser = day, group = "life")]
    pub until: Option<Day>,
    /// It is taken until it is revoked
    #[arg(long, group = "life")]
    pub for_good: bool,
}

/// `tuban user revoke`
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("which").required(true).args(["tokens", "all"]))]
pub struct RevokeArgs {
    /// The store
    pub store: PathBuf,
    /// Numbers of tokens, as `tuban user list` shows them
    #[arg(value_name = "TOKEN", value_parser = token_id)]
    pub tokens: Vec<TokenId>,
    /// Every token of this account
    #[arg(long, value_name = "NAME", value_parser = account_name)]
    pub all: Option<AccountName>,
}

fn account_name(text: &str) -> Result<AccountName, String> {
    AccountName::try_from(text).map_err(|error| error.reason.to_owned())
}

fn day(text: &str) -> Result<Day, String> {
    text.parse().map_err(|odd: InvalidDay| odd.to_string())
}

fn token_id(text: &str) -> Result<TokenId, String> {
    let number = text.parse().ok().filter(|number| *number > 0).map(TokenId);
    let said = "the number of a token is expected, such as 3, and not the token itself";
    number.ok_or_else(|| said.to_owned())
}
