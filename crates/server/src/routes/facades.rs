//! What is refused below the paths of a facade, in the form that the facade's clients read.
//!
//! Handlers, the router and what holds for all routes refuse by a `Problem`; it is said anew here,
//! outside of them all, so that no refusal leaves in another form.

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::Response;

use super::vector_tile_server;
use super::wmts::{self, Exception};
use crate::negotiate::JSON;
use crate::problem::{Code, Problem, Told};

/// In whose form.
#[derive(Clone, Copy)]
enum Form {
    Wmts,
    Esri,
}

impl Form {
    fn of(path: &str) -> Option<Self> {
        let below = |root: &str| {
            path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if below("/wmts") {
            Some(Self::Wmts)
        } else if below("/arcgis") {
            Some(Self::Esri)
        } else {
            None
        }
    }

    /// Media type and body of a refusal.
    fn say(self, told: &Told) -> (&'static str, Vec<u8>) {
        match self {
            Self::Wmts => (wmts::XML.media_type, Exception::of(told.code, &told.detail).document()),
            Self::Esri => {
                let body = vector_tile_server::said(told.code, &told.detail);
                (JSON.media_type, body.to_string().into_bytes())
            }
        }
    }
}

/// An answer to a request of this path, a problem in the facade's own form.
pub fn in_their_form(path: &str, response: Response) -> Response {
    let (Some(form), Some(told)) = (Form::of(path), response.extensions().get::<Told>()) else {
        return response;
    };
    let (media_type, body) = form.say(told);
    let (mut parts, _) = response.into_parts();
    parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(body))
}

/// The refusal of a path that is nowhere.
pub fn no_path(path: &str) -> Problem {
    match Form::of(path) {
        Some(Form::Wmts) => wmts::no_path(path),
        Some(Form::Esri) => vector_tile_server::no_path(path),
        None => {
            let detail = format!("{path} is no path of this server; see / and /collections");
            Problem::new(Code::NotFound, detail)
        }
    }
}
