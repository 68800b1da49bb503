//! What a change does to accounts: the rules, for every store alike.

use spatial::Timestamp;

use crate::audit::{AuditEntry, action};

use super::{
    ADMINISTRATOR, Account, AccountChange, AccountFault, AccountName, Accounts, MAX_ACCOUNTS,
    MAX_PER_ACCOUNT, MAX_TEXT, SEPARATE, Scope, Token, TokenId,
};

/// A row that a change made or changed, as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Row {
    Account(Account),
    Scope(Scope),
    Token(Token),
}

/// What a change did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Applied {
    /// Whose account it was.
    pub(crate) account: AccountName,
    /// What has changed; nothing when it was so already.
    pub(crate) rows: Vec<Row>,
    /// What the account log says.
    pub(crate) what: String,
    /// The new token.
    pub(crate) token: Option<TokenId>,
}

impl Applied {
    /// What the audit log says of it.
    pub(crate) fn audited(&self, by: &str, at: Timestamp) -> AuditEntry {
        let entry = AuditEntry::of(at, by, action::ACCOUNT, self.account.as_str());
        AuditEntry { reason: self.what.clone(), ..entry }
    }
}

impl AccountChange {
    /// What the account log says of it.
    pub(super) fn said(&self) -> String {
        let of = |name: &str, value: Option<&str>| {
            value.map_or(String::new(), |value| match value {
                "" => format!(", no {name}"),
                value => format!(", {name} {value}"),
            })
        };
        match self {
            Self::Add { display_name, unit, role, .. } => {
                format!(
                    "added: role {role}{}{}",
                    of("unit", unit.as_deref()),
                    of("called", Some(display_name))
                )
            }
            Self::Set { display_name, unit, role, .. } => {
                let said = [
                    of("role", role.as_deref()),
                    of("unit", unit.as_deref()),
                    of("called", display_name.as_deref()),
                ];
                format!("set: {}", said.concat().trim_start_matches(", "))
            }
            Self::Disable(_) => "disabled".to_owned(),
            Self::Enable(_) => "enabled".to_owned(),
            Self::Grant(Scope { area, from, to, .. }) => {
                let to = to.map_or(String::new(), |to| format!(" to {to}"));
                format!("given {area} from {from}{to}")
            }
            Self::EndScope { area, to, .. } => format!("given {area} until {to}"),
            Self::Issue { label, expires, .. } => {
                let until = expires.map_or("for good".to_owned(), |at| {
                    format!("until {}Z", spatial::calendar::UtcSecond(at.0.div_euclid(1000)))
                });
                format!(
                    "token issued {until}{}",
                    of("for", Some(label).filter(|l| !l.is_empty()).map(String::as_str))
                )
            }
            Self::Revoke(token) => format!("token {token} revoked"),
        }
    }
}

impl Accounts {
    /// The account called `name`.
    pub fn account(&self, name: &AccountName) -> Option<&Account> {
        self.accounts.iter().find(|account| account.name == *name)
    }

    /// Makes a change, or leaves everything as it was.
    pub(crate) fn apply(
        &mut self,
        change: &AccountChange,
        at: Timestamp,
    ) -> Result<Applied, AccountFault> {
        let mut what = change.said();
        let mut token = None;
        let (account, rows) = match change {
            AccountChange::Add { name, display_name, unit, role } => {
                if self.account(name).is_some() {
                    return Err(AccountFault::Taken { name: name.clone() });
                }
                self.check_role(None, role)?;
                if self.accounts.len() >= MAX_ACCOUNTS {
                    return Err(AccountFault::TooMany { what: "accounts" });
                }
                let account = Account {
                    name: name.clone(),
                    display_name: checked("display name", display_name)?,
                    unit: unit.as_deref().map(|unit| code("unit", unit)).transpose()?,
                    role: code("role", role)?,
                    created: at,
                    disabled: None,
                };
                (name.clone(), self.put(Row::Account(account)))
            }
            AccountChange::Set { name, display_name, unit, role } => {
                let mut account = self.known(name)?.clone();
                if let Some(text) = display_name {
                    account.display_name = checked("display name", text)?;
                }
                if let Some(text) = unit {
                    account.unit = match text.as_str() {
                        "" => None,
                        text => Some(code("unit", text)?),
                    };
                }
                if let Some(text) = role {
                    self.check_role(Some(&account), text)?;
                    account.role = code("role", text)?;
                }
                (name.clone(), self.put(Row::Account(account)))
            }
            AccountChange::Disable(name) => {
                let mut account = self.known(name)?.clone();
                account.disabled = account.disabled.or(Some(at));
                (name.clone(), self.put(Row::Account(account)))
            }
            AccountChange::Enable(name) => {
                let account = Account { disabled: None, ..self.known(name)?.clone() };
                (name.clone(), self.put(Row::Account(account)))
            }
            AccountChange::Grant(scope) => {
                self.known(&scope.account)?;
                code("area", &scope.area)?;
                (scope.account.clone(), self.grant(scope)?)
            }
            AccountChange::EndScope { account, area, to } => {
                self.known(account)?;
                let given: Vec<Scope> = self
                    .scopes
                    .iter()
                    .filter(|scope| scope.account == *account && scope.area == *area)
                    .cloned()
                    .collect();
                if given.is_empty() {
                    return Err(AccountFault::UnknownScope {
                        name: account.clone(),
                        area: cut(area),
                    });
                }
                let longer = given.into_iter().filter(|scope| scope.to.is_none_or(|end| end > *to));
                let ended =
                    longer.flat_map(|scope| self.put(Row::Scope(Scope { to: Some(*to), ..scope })));
                let rows = ended.collect();
                (account.clone(), rows)
            }
            AccountChange::Issue { account, hash, label, expires } => {
                self.known(account)?;
                if self.tokens.iter().any(|token| token.hash == *hash) {
                    return Err(AccountFault::SameToken);
                }
                if expires.is_some_and(|expires| expires <= at) {
                    return Err(AccountFault::Expired);
                }
                let held = |token: &&Token| token.account == *account && token.revoked.is_none();
                if self.tokens.iter().filter(held).count() >= MAX_PER_ACCOUNT {
                    return Err(AccountFault::TooMany { what: "tokens" });
                }
                let id = TokenId(self.tokens.iter().map(|token| token.id.0).max().unwrap_or(0) + 1);
                let issued = Token {
                    id,
                    account: account.clone(),
                    hash: *hash,
                    label: if label.is_empty() { String::new() } else { checked("label", label)? },
                    created: at,
                    expires: *expires,
                    revoked: None,
                };
                token = Some(id);
                what = format!("token {id}: {what}");
                (account.clone(), self.put(Row::Token(issued)))
            }
            AccountChange::Revoke(id) => {
                let token = self.tokens.iter().find(|token| token.id == *id);
                let mut token = token.ok_or(AccountFault::UnknownToken { token: *id })?.clone();
                token.revoked = token.revoked.or(Some(at));
                (token.account.clone(), self.put(Row::Token(token)))
            }
        };
        Ok(Applied { account, rows, what, token })
    }

    /// Refuses a role that its bearer may not have.
    fn check_role(&self, held: Option<&Account>, wanted: &str) -> Result<(), AccountFault> {
        let is_separate = |role: &str| SEPARATE.contains(&role);
        let others = || self.accounts.iter().any(|account| is_separate(&account.role));
        if wanted == ADMINISTRATOR && held.is_none_or(|held| held.role != ADMINISTRATOR) && others()
        {
            return Err(AccountFault::ThreeThere);
        }
        match held {
            // What was one of three stays it: its name in the logs means that duty.
            Some(held) if is_separate(&held.role) && held.role != wanted => {
                Err(AccountFault::Separate {
                    name: held.name.clone(),
                    held: held.role.clone(),
                    wanted: cut(wanted),
                })
            }
            _ => Ok(()),
        }
    }

    fn known(&self, name: &AccountName) -> Result<&Account, AccountFault> {
        self.account(name).ok_or_else(|| AccountFault::Unknown { name: name.clone() })
    }

    fn grant(&mut self, scope: &Scope) -> Result<Vec<Row>, AccountFault> {
        if let Some(to) = scope.to.filter(|to| *to < scope.from) {
            return Err(AccountFault::EndsBefore { from: scope.from, to });
        }
        let given = self.scopes.iter().filter(|given| given.account == scope.account);
        if given.count() >= MAX_PER_ACCOUNT {
            return Err(AccountFault::TooMany { what: "scopes" });
        }
        Ok(self.put(Row::Scope(scope.clone())))
    }

    /// Puts a row in its place among those of its kind; nothing when it is there already.
    fn put(&mut self, row: Row) -> Vec<Row> {
        let is_new = match &row {
            Row::Account(account) => placed(&mut self.accounts, account, |a| a.name.clone()),
            Row::Scope(scope) => {
                placed(&mut self.scopes, scope, |s| (s.account.clone(), s.area.clone(), s.from))
            }
            Row::Token(token) => placed(&mut self.tokens, token, |t| t.id),
        };
        if is_new { vec![row] } else { Vec::new() }
    }
}

/// Keeps `rows` ordered by `key`, one of each; whether something has changed.
fn placed<T: Clone + PartialEq, K: Ord>(rows: &mut Vec<T>, row: &T, key: impl Fn(&T) -> K) -> bool {
    let sought = key(row);
    match rows.binary_search_by(|known| key(known).cmp(&sought)) {
        Ok(at) if rows[at] == *row => return false,
        Ok(at) => rows[at] = row.clone(),
        Err(at) => rows.insert(at, row.clone()),
    }
    true
}

fn cut(text: &str) -> String {
    text.chars().take(40).collect()
}

fn checked(what: &'static str, text: &str) -> Result<String, AccountFault> {
    let length = text.chars().count();
    if length == 0 || length > MAX_TEXT || text.contains(char::is_control) {
        return Err(AccountFault::Text { what, text: cut(text) });
    }
    Ok(text.to_owned())
}

/// A text without blanks.
fn code(what: &'static str, text: &str) -> Result<String, AccountFault> {
    if text.contains(char::is_whitespace) {
        return Err(AccountFault::Text { what, text: cut(text) });
    }
    checked(what, text)
}
