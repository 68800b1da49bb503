//! Who sends a request. A store without accounts knows one actor, `local`.

use crate::problem::{Code, Problem};

/// The actor of a store without accounts.
const LOCAL: &str = "local";

/// An authenticated principal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor(String);

impl Actor {
    /// Whoever reaches a server without accounts.
    pub fn local() -> Self {
        Self(LOCAL.to_owned())
    }

    /// The name that change log and history keep.
    pub fn name(&self) -> &str {
        &self.0
    }

    /// Refuses a request whose member `member` calls its author `claimed`, unless it is this one.
    pub fn check_author(&self, member: &str, claimed: &str) -> Result<(), Problem> {
        if claimed == self.0 {
            return Ok(());
        }
        let detail = format!(
            "{member:?} names another author than {:?}, who sends the request; leave it out",
            self.0
        );
        Err(Problem::new(Code::AuthorDiffers, detail))
    }
}
