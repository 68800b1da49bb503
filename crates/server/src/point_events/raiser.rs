//! Who raises events: what is asked of an actor, in one place.

use ledger::point::Role;

use crate::actor::Actor;
use crate::problem::{Code, Problem};

/// An actor who raises events.
#[derive(Clone, Debug)]
pub struct Raiser {
    /// The name that events keep.
    pub name: String,
    /// The unit, if the actor has one.
    pub unit: Option<String>,
    /// The role, if the actor has one: then events need not name it.
    pub role: Option<Role>,
}

impl Raiser {
    /// The actor as one who raises events. Without accounts an actor has no unit, and the role that
    /// an event names.
    pub fn of(actor: &Actor) -> Self {
        let unit = actor.unit().map(str::to_owned);
        Self { name: actor.name().to_owned(), unit, role: actor.role() }
    }

    /// The role in which an event is raised that names this one, or none; none where neither says.
    pub fn role(&self, named: Option<Role>) -> Result<Option<Role>, Problem> {
        match (self.role, named) {
            (Some(own), Some(named)) if own != named => {
                let detail = format!(
                    "{:?} raises events as {own}, not as {named}; leave \"role\" out",
                    self.name
                );
                Err(Problem::new(Code::EventForbidden, detail))
            }
            (own, named) => Ok(own.or(named)),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_role_of_ones_own_prevails_and_no_other_may_be_named() {
        let local = Raiser::of(&Actor::local());
        assert_eq!(local.role(Some(Role::CITY)).unwrap(), Some(Role::CITY));
        assert_eq!(local.role(None).unwrap(), None);
        let clerk = Raiser { role: Some(Role::TOWN), ..local };
        assert_eq!(clerk.role(None).unwrap(), Some(Role::TOWN));
        assert_eq!(clerk.role(Some(Role::TOWN)).unwrap(), Some(Role::TOWN));
        let refused = clerk.role(Some(Role::CITY)).unwrap_err();
        assert_eq!(refused.code(), Code::EventForbidden);
        assert!(refused.detail().contains("as town, not as city"));
    }
}
