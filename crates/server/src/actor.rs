//! Who sends a request. A store without accounts knows one actor, `local`.

use engine::accounts::{Account, Day, LOCAL, Scope};
use ledger::point::Role;

use crate::access::{AccountRole, Duty, UNKNOWN};
use crate::problem::{Code, Problem};

/// An authenticated principal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Actor {
    name: String,
    display_name: String,
    role: ActorRole,
    unit: Option<String>,
    scope: Vec<Scope>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum ActorRole {
    /// Whoever reaches a server without accounts: in every role.
    Local,
    Account(AccountRole),
    /// A word that a newer program knows.
    Unknown,
}

impl Actor {
    /// Whoever reaches a server without accounts.
    pub fn local() -> Self {
        let name = LOCAL.to_owned();
        let display_name = String::new();
        Self { name, display_name, role: ActorRole::Local, unit: None, scope: Vec::new() }
    }

    /// The bearer of a token of `account`, which has these scopes.
    pub fn of(account: &Account, role: Option<AccountRole>, scope: Vec<Scope>) -> Self {
        Self {
            name: account.name.to_string(),
            display_name: account.display_name.clone(),
            role: role.map_or(ActorRole::Unknown, ActorRole::Account),
            unit: account.unit.clone(),
            scope,
        }
    }

    /// The name that change log and history keep.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What people call it; empty for `local`.
    pub fn display_name(&self) -> &str {
        &self.display_name
    }

    /// Whether it is the one actor of a store without accounts, which may name any role.
    pub fn is_local(&self) -> bool {
        self.role == ActorRole::Local
    }

    /// In which role it raises events. An account without one raises none and changes nothing.
    pub fn role(&self) -> Option<Role> {
        match self.role {
            ActorRole::Account(role) => role.in_ledger(),
            ActorRole::Local | ActorRole::Unknown => None,
        }
    }

    /// The role that ships and whose rights it has.
    pub fn kind(&self) -> Option<Role> {
        match self.role {
            ActorRole::Account(AccountRole::Ledger { kind, .. }) => Some(kind),
            _ => None,
        }
    }

    /// The word of its role, that of `local` included.
    pub fn account_role_word(&self) -> &str {
        match &self.role {
            ActorRole::Local => LOCAL,
            ActorRole::Account(role) => role.word(),
            ActorRole::Unknown => UNKNOWN,
        }
    }

    /// Whether it may do something. `local` may whatever the machine itself may, but see nobody's
    /// personal values: there is no name to hold to account for it.
    pub fn may(&self, duty: Duty) -> bool {
        match self.role {
            ActorRole::Local => duty != Duty::Reveal,
            ActorRole::Account(role) => role.may(duty),
            // What a newer program means by the word is not known: it reads, as ever.
            ActorRole::Unknown => matches!(duty, Duty::ReadData | Duty::ReadService),
        }
    }

    /// Code of the office that it belongs to.
    pub fn unit(&self) -> Option<&str> {
        self.unit.as_deref()
    }

    /// The areas that are given to it, with their days.
    pub fn scope(&self) -> &[Scope] {
        &self.scope
    }

    /// Codes of the units and areas that are given to it on `day`.
    pub fn areas_on(&self, day: Day) -> impl Iterator<Item = &str> {
        self.scope.iter().filter(move |scope| scope.holds_on(day)).map(|scope| scope.area.as_str())
    }

    /// Refuses a request whose member `member` calls its author `claimed`, unless it is this one.
    pub fn check_author(&self, member: &str, claimed: &str) -> Result<(), Problem> {
        if claimed == self.name {
            return Ok(());
        }
        let detail = format!(
            "{member:?} names another author than {:?}, who sends the request; leave it out",
            self.name
        );
        Err(Problem::new(Code::AuthorDiffers, detail))
    }
}
