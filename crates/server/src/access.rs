//! Who may ask: tokens of accounts, looked at before anything else looks at a request.
//!
//! *Invariants:* a token is taken out of the request at the door, so that no route, log, link, tag
//! or cache meets it; it is looked up by its SHA-256, and checked anew with every request; a store
//! that has one account never is open again, whatever becomes of the account. What is not known to
//! be a question is a change, and a change needs a token.

mod directory;
mod duty;
mod edit_right;
mod guard;
mod guesses;
mod role;
mod sight;
mod token;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, header};
use engine::accounts::TokenHash;
use engine::audit::{AuditEntry, action, result};
use engine::{Audience, Engine, EngineError, View, now};
use ledger::EditRules;
use ledger::point::Role;
use spatial::{CollectionId, FieldClass, Timestamp};
use tokio::runtime::Handle;
use tokio::sync::{Mutex, watch};

use self::directory::Directory;
pub use self::duty::Duty;
pub use self::edit_right::{Editor, check_editor, may_edit};
pub use self::guard::{ACCOUNTS, UrlToken, is_in_url, is_question, may_not, refused};
use self::guesses::Guesses;
pub use self::role::{AccountRole, UNKNOWN};
pub use self::sight::{Sight, default_profiles, default_roles, everyone};
pub use self::token::{NoRandomness, PARAMETER, hash_of, new_token};
use crate::actor::Actor;
use crate::problem::{Code, Problem};

/// Who may read what a store with accounts holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Readers {
    /// Whoever has a token.
    #[default]
    WithToken,
    /// Everyone who reaches the server.
    Everyone,
}

/// Why a token is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenFault {
    /// It is none of this store's, or no token at all.
    Unknown,
    /// Its time is over.
    Expired,
    /// It was revoked.
    Revoked,
    /// Its account is disabled.
    Disabled,
    /// It was not looked up: too many wrong ones came from the address.
    Unseen {
        /// After how many seconds tokens from there are looked up again.
        wait: u32,
    },
}

impl TokenFault {
    fn problem(self) -> Problem {
        let ask = "ask who looks after the accounts for another (`tuban user token`)";
        let (code, detail) = match self {
            Self::Unknown => (Code::TokenUnknown, format!("the token is not known here; {ask}")),
            Self::Expired => (Code::TokenExpired, format!("the token has expired; {ask}")),
            Self::Revoked => (Code::TokenRevoked, format!("the token was revoked; {ask}")),
            Self::Unseen { wait } => {
                let detail = format!(
                    "too many tokens that nobody has came from your address; wait {wait} s, then try \
                     again"
                );
                (Code::TooManyRequests, detail)
            }
            Self::Disabled => {
                let detail = "the account is disabled; ask who looks after the accounts";
                (Code::AccountDisabled, detail.to_owned())
            }
        };
        Problem::new(code, detail)
    }
}

/// Somebody who has shown a token.
#[derive(Debug)]
pub struct Bearer {
    actor: Actor,
    hash: TokenHash,
    /// Number of the address from which it was good last; 0 when it was not yet.
    seen_from: AtomicU64,
}

/// What is known of who sends a request; an extension of it.
#[derive(Clone, Debug)]
pub enum Standing {
    /// The store has no accounts: whoever reaches the server.
    Local,
    /// No token was shown.
    Anonymous,
    /// A token was shown and is taken.
    Known(Arc<Bearer>),
    /// A token was shown and is not taken.
    Refused(TokenFault),
}

impl Standing {
    /// The account of whoever shows a token that is taken.
    pub fn account(&self) -> Option<&Actor> {
        match self {
            Self::Known(bearer) => Some(&bearer.actor),
            Self::Local | Self::Anonymous | Self::Refused(_) => None,
        }
    }
}

/// The accounts of a store that is served; copies share them.
#[derive(Clone, Debug, Default)]
pub struct Access(Option<Arc<Shared>>);

#[derive(Debug)]
struct Shared {
    engine: Arc<Engine>,
    readers: Readers,
    edits: EditRules,
    sight: Sight,
    has_accounts: AtomicBool,
    guesses: Guesses,
    directory: watch::Sender<Arc<Directory>>,
    /// Held while accounts are read, so that what was read later stays.
    reading: Mutex<()>,
}

impl Access {
    /// Reads the accounts of the engine's store. `edits` says which of them change features.
    pub async fn open(
        engine: &Arc<Engine>,
        readers: Readers,
        edits: EditRules,
        sight: Sight,
    ) -> Result<Self, EngineError> {
        let (directory, _) = watch::channel(Arc::default());
        let has_accounts = AtomicBool::new(false);
        let engine = Arc::clone(engine);
        let (reading, guesses) = Default::default();
        let shared = Arc::new(Shared {
            engine,
            readers,
            edits,
            sight,
            has_accounts,
            guesses,
            directory,
            reading,
        });
        let access = Self(Some(shared));
        access.reload().await?;
        Ok(access)
    }

    /// Reads the accounts anew; from when this returns on, requests are checked against them.
    pub async fn reload(&self) -> Result<(), EngineError> {
        let Some(shared) = &self.0 else { return Ok(()) };
        let _reading = shared.reading.lock().await;
        let all = shared.engine.accounts().await?;
        let directory = Arc::new(Directory::new(&all, &shared.engine.settings().ledger.roles));
        if !all.accounts.is_empty() {
            shared.has_accounts.store(true, Ordering::Relaxed);
        }
        shared.directory.send_replace(directory);
        Ok(())
    }

    /// Whether the store has accounts.
    pub fn has_accounts(&self) -> bool {
        self.shared().is_some()
    }

    /// What requests are checked with, where there are accounts.
    fn shared(&self) -> Option<&Arc<Shared>> {
        self.0.as_ref().filter(|shared| shared.has_accounts.load(Ordering::Relaxed))
    }

    /// Takes the token out of a request that came from where `address` says, and says who sends it. Who sends
    /// many that nobody has is made to wait, and stands in the audit log.
    pub fn admit<B>(
        &self,
        request: &mut Request<B>,
        address: impl FnOnce(&HeaderMap) -> IpAddr,
    ) -> Standing {
        let Some(shared) = self.shared() else { return Standing::Local };
        // One in the path opens that URL, and no other is made of it.
        let in_path = token::take_from_path(request);
        let in_url = token::take_from_url(request);
        let shown = token::in_headers(request.headers());
        let shown = shown.or(in_path.as_deref()).or(in_url.as_deref());
        let from = || address(request.headers());
        let standing = shown.map_or(Standing::Anonymous, |text| shared.admit(text, from()));
        request.headers_mut().remove(header::AUTHORIZATION);
        if in_path.is_some() {
            request.extensions_mut().insert(UrlToken::default());
        } else if let (Some(token), Standing::Known(_)) = (in_url, &standing) {
            request.extensions_mut().insert(UrlToken::new(&token));
        }
        standing
    }

    /// Whether who stood so a while ago, by the same bytes from the same address, would be admitted
    /// alike now. `false` where that takes a closer look.
    pub fn still_stands(&self, standing: &Standing) -> bool {
        match (self.shared(), standing) {
            (None, Standing::Local) | (Some(_), Standing::Anonymous) => true,
            (Some(shared), Standing::Known(bearer)) => {
                let directory = shared.directory.borrow();
                let found = directory.find(&bearer.hash, now());
                found.is_ok_and(|(found, _)| Arc::ptr_eq(found, bearer))
            }
            _ => false,
        }
    }

    /// Whether such a sender may read.
    pub fn lets_read(&self, standing: &Standing) -> bool {
        match standing {
            Standing::Local => true,
            Standing::Known(bearer) => bearer.actor.may(Duty::ReadData),
            Standing::Anonymous => self.is_public(),
            Standing::Refused(_) => false,
        }
    }

    /// What such a sender may see.
    pub fn view(&self, standing: &Standing) -> View {
        let unsaid = || View::everywhere(Audience::Internal, FieldClass::L1);
        self.0.as_ref().map_or_else(unsaid, |shared| shared.sight.of(standing))
    }

    /// Whether everyone who reaches the server reads.
    pub fn is_public(&self) -> bool {
        self.0.as_ref().is_none_or(|shared| shared.readers == Readers::Everyone)
    }

    /// Whether accounts of this role change features.
    fn lets_edit(&self, role: Role) -> bool {
        self.0.as_ref().is_none_or(|shared| shared.edits.may_edit(role))
    }

    /// The roles that change features of a collection, where roles are asked.
    fn editors_of(&self, collection: &CollectionId) -> Option<BTreeSet<Role>> {
        self.0.as_ref().map(|shared| shared.edits.editors_of(collection))
    }

    /// Keeps an answer out of caches that several people share, where not everyone reads the same.
    pub fn keep_private(&self, standing: &Standing, headers: &mut HeaderMap) {
        if !self.has_accounts() {
            return;
        }
        if self.is_public() {
            headers.append(header::VARY, HeaderValue::from_static("authorization"));
            if matches!(standing, Standing::Anonymous) {
                return;
            }
        }
        let said = headers.get(header::CACHE_CONTROL).map(HeaderValue::to_str);
        let said = match said {
            None | Some(Err(_)) => "private".to_owned(),
            Some(Ok(said)) if said.contains("no-store") || said.contains("private") => return,
            Some(Ok(said)) => format!("private, {said}"),
        };
        if let Ok(value) = HeaderValue::from_str(&said) {
            headers.insert(header::CACHE_CONTROL, value);
        }
    }

    /// Ends when whoever has begun to read may read no more: an account was made, or the token
    /// was revoked, has expired, or is of an account that was disabled or sees something else now.
    pub async fn refused(&self, standing: Standing) {
        let Some(shared) = &self.0 else { return std::future::pending().await };
        let mut directory = shared.directory.subscribe();
        let seen = shared.sight.of(&standing);
        loop {
            let now = now();
            let known = Arc::clone(&directory.borrow_and_update());
            let expires = match &standing {
                Standing::Local if self.has_accounts() => return,
                Standing::Known(bearer) => match known.find(&bearer.hash, now) {
                    // It sees something else now.
                    Ok((bearer, _))
                        if !shared.sees(bearer, &seen) || !bearer.actor.may(Duty::ReadData) =>
                    {
                        return;
                    }
                    // What is given for some days ends with one.
                    Ok((bearer, expires)) if !bearer.actor.scope().is_empty() => {
                        let soon = Timestamp(now.0 + NAP.as_millis() as i64);
                        Some(expires.map_or(soon, |expires| expires.min(soon)))
                    }
                    Ok((_, expires)) => expires,
                    Err(_) => return,
                },
                standing if self.lets_read(standing) => None,
                _ => return,
            };
            let rest = expires.map(|at| Duration::from_millis((at.0 - now.0).unsigned_abs()));
            tokio::select! {
                changed = directory.changed() => if changed.is_err() { return },
                () = sleep(rest) => {}
            }
        }
    }
}

impl Shared {
    /// Whether the bearer of a token sees so much now.
    fn sees(&self, bearer: &Arc<Bearer>, view: &View) -> bool {
        self.sight.of(&Standing::Known(Arc::clone(bearer))) == *view
    }

    /// Who shows this text as a token at `address`.
    fn admit(self: &Arc<Self>, text: &str, address: IpAddr) -> Standing {
        let (from, now) = (guesses::network(address), Instant::now());
        let number = guesses::number(from);
        let standing = self.stands(text);
        let is_known_here = match &standing {
            Standing::Known(bearer) => bearer.seen_from.load(Ordering::Relaxed) == number,
            _ => false,
        };
        if is_known_here {
            return standing;
        }
        if let Some(wait) = self.guesses.wait(from, now) {
            self.guesses.turned_away(from, now);
            let wait = u32::try_from(wait.as_secs() + 1).unwrap_or(u32::MAX);
            return Standing::Refused(TokenFault::Unseen { wait });
        }
        match &standing {
            Standing::Known(bearer) => bearer.seen_from.store(number, Ordering::Relaxed),
            Standing::Refused(TokenFault::Unknown) => {
                let begins = self.guesses.wrong(from, now);
                if begins.burst {
                    self.follow(Some(from), guesses::FREE);
                }
                if begins.storm {
                    self.follow(None, guesses::STORM);
                }
            }
            _ => {}
        }
        standing
    }

    /// Puts a burst of guesses on record, or a storm from all addresses: that it is one, and when it is
    /// over, of how many.
    fn follow(self: &Arc<Self>, from: Option<IpAddr>, begun: u64) {
        let Ok(runtime) = Handle::try_current() else { return };
        let shared = Arc::clone(self);
        runtime.spawn(async move {
            let said = |count: u64, reason: &str| AuditEntry {
                ip: from.map(|from| from.to_string()),
                count: Some(count),
                reason: reason.to_owned(),
                result: result::REFUSED.to_owned(),
                ..AuditEntry::of(now(), "", action::GUESS, "tokens")
            };
            let keep = async |entry| {
                if let Err(error) = shared.engine.audit(entry).await {
                    tracing::error!(%error, "guesses of tokens are not on record");
                }
            };
            tracing::warn!(address = ?from, "tokens are guessed");
            keep(said(begun, "a burst of tokens that nobody has begins")).await;
            let tried = loop {
                match shared.guesses.ended(from, Instant::now()) {
                    Ok(tried) => break tried,
                    Err(rest) => tokio::time::sleep(rest).await,
                }
            };
            if tried > 0 {
                keep(said(tried, "the burst of tokens that nobody has is over")).await;
            }
        });
    }

    /// Who shows this text as a token.
    fn stands(&self, text: &str) -> Standing {
        let Some(hash) = token::looked_up(text) else {
            return Standing::Refused(TokenFault::Unknown);
        };
        match self.directory.borrow().find(&hash, now()) {
            Ok((bearer, _)) => Standing::Known(Arc::clone(bearer)),
            Err(fault) => Standing::Refused(fault),
        }
    }
}

/// Longest sleep at a time: a clock may be set.
const NAP: Duration = Duration::from_secs(60);

/// Sleeps until `rest` is over, at most a while; for ever when there is no end.
async fn sleep(rest: Option<Duration>) {
    match rest {
        Some(rest) => tokio::time::sleep(rest.min(NAP)).await,
        None => std::future::pending().await,
    }
}
