//! What a request needs before a route meets it, and what routes ask of its sender.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderValue, Method, header};
use axum::response::{IntoResponse, Response};

use super::{Duty, PARAMETER, Standing, TokenFault};
use crate::actor::Actor;
use crate::negotiate::{HTML, JSON, choose};
use crate::problem::{Code, Problem};
use crate::query_string::{QueryString, append};
use crate::routes::personal::is_reveal;
use crate::state::App;

/// Whose POST only carries a question: these paths, and `search` of a collection.
const QUESTIONS: [&str; 7] = [
    "/search",
    "/join",
    "/cluster",
    "/responsible",
    "/geometry/relate",
    "/geometry/overlay",
    "/geometry/validate",
];

/// Where accounts are changed.
pub const ACCOUNTS: &str = "/accounts";

/// What a request is, as far as tokens matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Need {
    /// What everyone may see: health, and the map page that asks for a token.
    Nothing,
    /// A question.
    Reading,
    /// Everything else.
    Writing,
}

impl Need {
    fn of(request: &Request) -> Self {
        let path = request.uri().path();
        match *request.method() {
            Method::GET | Method::HEAD if is_open(request, path) => Self::Nothing,
            Method::GET | Method::HEAD | Method::OPTIONS => Self::Reading,
            Method::POST if is_question(path) => Self::Reading,
            _ => Self::Writing,
        }
    }
}

/// Whether POST on `path` only carries a question.
pub fn is_question(path: &str) -> bool {
    let of_collection =
        path.strip_prefix("/collections/").and_then(|rest| rest.strip_suffix("/search"));
    QUESTIONS.contains(&path) || of_collection.is_some_and(|id| !id.contains('/'))
}

fn is_open(request: &Request, path: &str) -> bool {
    let is_page = || {
        let query = QueryString::read(request.uri().query()).unwrap_or_default();
        let chosen = choose(query.value("f"), request.headers(), &[&JSON, &HTML]);
        chosen.is_ok_and(|chosen| chosen == &HTML)
    };
    path == "/health" || path.starts_with("/viewer/") || (path == "/" && is_page())
}

/// The token that a request had in its URL, for documents whose reader asks for more by the URLs in
/// them and cannot send headers either; an extension of the request.
#[derive(Clone, Debug, Default)]
pub struct UrlToken(Option<Arc<str>>);

impl UrlToken {
    pub(super) fn new(token: &str) -> Self {
        Self(Some(token.into()))
    }

    /// `url`, whose query begins at `?` if it has one, with the token if there is one.
    pub fn append(&self, url: &str) -> String {
        match &self.0 {
            None => url.to_owned(),
            Some(token) => append(url, PARAMETER, token),
        }
    }

    /// `url`, which ends in `?` and to which a client adds parameters, with the token if there is one.
    pub fn before_more(&self, url: &str) -> String {
        match &self.0 {
            None => url.to_owned(),
            Some(token) => format!("{url}{PARAMETER}={token}&"),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for UrlToken {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(parts.extensions.get().cloned().unwrap_or_default())
    }
}

/// The refusal of a request whose sender may not even ask.
pub fn refused(app: &App, request: &Request) -> Option<Response> {
    let need = Need::of(request);
    let duty = Duty::of_path(request.uri().path());
    let refusal = match (need, request.extensions().get::<Standing>()) {
        (Need::Nothing, _) => None,
        (_, Some(Standing::Refused(fault))) => Some(fault.problem()),
        (Need::Reading, Some(Standing::Known(bearer))) => duty
            .filter(|duty| !bearer.actor.may(*duty))
            .map(|duty| may_not(&bearer.actor, duty.words())),
        // Where everyone reads, these are not for everyone.
        (Need::Reading, Some(Standing::Anonymous)) if is_of_office(duty) => Some(missing()),
        // Nobody is known, and others than this machine may ask.
        (_, Some(Standing::Local)) if is_of_office(duty) && !app.settings.offers_edits => {
            Some(of_this_machine())
        }
        (Need::Reading, Some(standing)) if app.settings.access.lets_read(standing) => None,
        // Its handler looks at the role.
        (Need::Writing, Some(Standing::Known(_))) if has_own_guard(request) => None,
        (Need::Writing, Some(Standing::Local)) => None,
        (Need::Writing, Some(Standing::Known(bearer))) => {
            bearer.actor.role().is_none().then(|| may_not(&bearer.actor, "change anything"))
        }
        _ => Some(missing()),
    };
    let mut response = refusal?.into_response();
    if let Some(Standing::Refused(TokenFault::Unseen { wait })) =
        request.extensions().get::<Standing>()
    {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(*wait));
    }
    Some(response)
}

/// Whether the token of a request stands in its URL, which a page that links elsewhere would tell there.
pub fn is_in_url(request: &Request) -> bool {
    request.extensions().get::<UrlToken>().is_some()
}

/// Whether something is for those who look after accounts or the log.
fn is_of_office(duty: Option<Duty>) -> bool {
    matches!(duty, Some(Duty::ReadAudit | Duty::ReadAccounts))
}

fn of_this_machine() -> Problem {
    let detail = "this server knows no accounts and takes no changes: accounts and the audit log are \
                  for commands on its own machine, `tuban user` and `tuban audit`";
    Problem::new(Code::TokenRequired, detail)
}

fn missing() -> Problem {
    let detail = "send a token: `Authorization: Bearer TOKEN`, or ?token=TOKEN where headers cannot \
                  be sent; who looks after the accounts makes one with `tuban user token`";
    Problem::new(Code::TokenRequired, detail)
}

/// Whether the request's handler says itself who may, because it is not the roles of the ledger or
/// because a refusal stands in the audit log.
fn has_own_guard(request: &Request) -> bool {
    let path = request.uri().path();
    request.method() == Method::POST && (path == ACCOUNTS || is_reveal(path))
}

/// The refusal of what the role of `actor` may not.
pub fn may_not(actor: &Actor, what: &str) -> Problem {
    let detail =
        format!("{}, in the role {}, may not {what}", actor.name(), actor.account_role_word());
    Problem::new(Code::RoleMayNot, detail)
}

/// Who sends the request.
pub(super) fn sender(extensions: &Extensions) -> Result<Actor, Problem> {
    match extensions.get::<Standing>() {
        Some(Standing::Local) => Ok(Actor::local()),
        Some(Standing::Known(bearer)) => Ok(bearer.actor.clone()),
        Some(Standing::Refused(fault)) => Err(fault.problem()),
        Some(Standing::Anonymous) | None => Err(missing()),
    }
}

impl<S: Sync> FromRequestParts<S> for Actor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        sender(&parts.extensions)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use axum::body::Body;

    use super::*;

    #[test]
    fn what_is_not_known_to_be_a_question_is_a_change() {
        use Need::{Nothing, Reading, Writing};
        for (method, target, accept, expected) in [
            ("GET", "/", "text/html", Nothing),
            ("HEAD", "/?f=html", "", Nothing),
            ("GET", "/", "application/json", Reading),
            ("GET", "/?f=json", "text/html", Reading),
            ("GET", "/health", "", Nothing),
            ("GET", "/viewer/viewer.js", "", Nothing),
            ("POST", "/viewer/viewer.js", "", Writing),
            ("GET", "/metrics", "", Reading),
            ("GET", "/collections/a/items?f=html", "text/html", Reading),
            ("OPTIONS", "/transactions", "", Reading),
            ("POST", "/search", "", Reading),
            ("POST", "/collections/a/search", "", Reading),
            ("POST", "/responsible", "", Reading),
            ("POST", "/collections/a/items/search", "", Writing),
            ("POST", "/collections/a/items", "", Writing),
            ("POST", "/transactions", "", Writing),
            ("POST", "/fences", "", Writing),
            ("POST", "/anything", "", Writing),
            ("PUT", "/search", "", Writing),
            ("DELETE", "/fences/1", "", Writing),
            ("BREW", "/", "text/html", Writing),
        ] {
            let request = Request::builder().method(method).uri(target).header("accept", accept);
            let request = request.body(Body::empty()).unwrap();
            assert_eq!(Need::of(&request), expected, "{method} {target} {accept}");
        }
    }

    #[test]
    fn a_url_gets_the_token_that_it_came_by() {
        let token = UrlToken::new("tuban_1");
        assert_eq!(token.append("/a"), "/a?token=tuban_1");
        assert_eq!(token.append("/a?b=c"), "/a?b=c&token=tuban_1");
        assert_eq!(token.before_more("/a?"), "/a?token=tuban_1&");
        assert_eq!(UrlToken::default().append("/a?b=c"), "/a?b=c");
        assert_eq!(UrlToken::default().before_more("/a?"), "/a?");
    }
}
