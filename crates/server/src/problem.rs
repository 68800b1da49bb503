//! Errors as the outside sees them: `application/problem+json` by one table of stable codes.
//!
//! *Invariant:* the text of an internal failure is logged here once and never sent.

mod code;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use engine::{Defect, EngineError};
use formats::datetime::utc_of_millis;
use ledger::whistle::WhistleRefusal;
use serde::Serialize;
use spatial::OverBudget;

use crate::planner::Refusal;

pub use code::Code;

/// Defects that one answer lists.
const MAX_DEFECTS: usize = 10_000;

/// A refusal: what, and for whom it is readable.
#[derive(Debug)]
pub struct Problem {
    code: Code,
    detail: String,
    defects: Vec<Defect>,
    fields: Vec<String>,
}

/// Rides on an answer with a problem, for whoever has to say it in another form, or to keep it.
#[derive(Clone, Debug)]
pub struct Told {
    /// What kind of problem it is.
    pub code: Code,
    /// Value, place and way out.
    pub detail: String,
    /// Fields that may not be read.
    pub fields: Vec<String>,
}

#[derive(Serialize)]
struct Body<'a> {
    title: &'a str,
    status: u16,
    code: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    detail: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    defects: Vec<BodyDefect<'a>>,
}

/// One thing that is wrong with the body of a request.
#[derive(Serialize)]
struct BodyDefect<'a> {
    /// JSON pointer into the body.
    pointer: &'a str,
    problem: &'a str,
}

impl Problem {
    /// A problem of this kind; `detail` says value, place and way out.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), defects: Vec::new(), fields: Vec::new() }
    }

    /// A problem of this kind for each of `defects`, whose places are JSON pointers into the body.
    pub fn with_defects(code: Code, mut defects: Vec<Defect>) -> Self {
        let count = defects.len();
        defects.truncate(MAX_DEFECTS);
        let shown = match count > MAX_DEFECTS {
            true => format!(", of which the first {MAX_DEFECTS} are listed"),
            false => String::new(),
        };
        let counted = if count == 1 { "1 defect".to_owned() } else { format!("{count} defects") };
        let detail = format!("{counted}{shown}; nothing was changed");
        Self { code, detail, defects, fields: Vec::new() }
    }

    /// The problem as one of the body's member at `place`, a JSON pointer.
    #[must_use]
    pub fn at(mut self, place: &str) -> Self {
        self.defects = vec![Defect { place: place.to_owned(), problem: self.detail.clone() }];
        self
    }

    /// A field that may not be read, named where it stands in a question.
    pub fn unreadable(field: &str, detail: impl Into<String>) -> Self {
        Self { fields: vec![field.to_owned()], ..Self::new(Code::FieldNotReadable, detail) }
    }

    /// Whether a defect stands at `place`.
    pub fn is_at(&self, place: &str) -> bool {
        self.defects.iter().any(|defect| defect.place == place)
    }

    /// The same with places inside the value at `outer`, which is the body itself.
    pub fn inside(mut self, outer: &str) -> Self {
        for defect in &mut self.defects {
            if let Some(inner) = defect.place.strip_prefix(outer) {
                defect.place = inner.to_owned();
            }
        }
        self
    }

    /// What kind of problem it is.
    pub fn code(&self) -> Code {
        self.code
    }

    /// Value, place and way out; what the kind says when nothing more is known.
    pub fn detail(&self) -> &str {
        let (_, _, title) = self.code.parts();
        if self.detail.is_empty() { title } else { &self.detail }
    }

    /// The detail with every defect and its place, in one line.
    pub fn said(&self) -> String {
        let defects = self.defects.iter().map(|one| format!("; {}: {}", one.place, one.problem));
        std::iter::once(self.detail().to_owned()).chain(defects).collect()
    }

    /// A failure inside: `cause` goes to the log, not to the client.
    pub fn internal(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(error = %cause, "request failed");
        Self::new(Code::Internal, "")
    }
}

impl From<EngineError> for Problem {
    fn from(error: EngineError) -> Self {
        let detail = error.to_string();
        let code = match error {
            EngineError::UnknownCollection { .. } | EngineError::RuleInput { .. } => {
                Code::CollectionNotFound
            }
            EngineError::UnknownFeature { .. } => Code::FeatureNotFound,
            EngineError::UnusableGeometry { .. } => Code::InvalidGeometry,
            EngineError::TooManyFences { .. } => Code::TooManyFences,
            EngineError::BadFilter { .. } | EngineError::Unmeasurable { .. } => {
                Code::InvalidRequest
            }
            EngineError::UnknownField { .. }
            | EngineError::CursorInvalid
            | EngineError::CursorOfAnotherQuery => Code::InvalidParameter,
            EngineError::HiddenField { name } => return Self::unreadable(&name, detail),
            EngineError::OutsideArea { .. } => Code::OutsideArea,
            EngineError::HistoryDropped { start } => {
                let at = utc_of_millis(start.recorded_at.0);
                let detail = format!("past states are kept from {at} on; ask for that or later");
                return Self::new(Code::HistoryGone, detail);
            }
            EngineError::HistorySealed { cause } => {
                tracing::error!(error = %cause, "past values cannot be read");
                Code::HistorySealed
            }
            EngineError::Accounts(_) => Code::Conflict,
            EngineError::CursorGone => Code::CursorGone,
            EngineError::TooCostly { cause: OverBudget::Time } => Code::Timeout,
            EngineError::TooCostly { .. } => Code::TooCostly,
            EngineError::Busy => Code::Busy,
            EngineError::Invalid { defects } => {
                return Self::with_defects(Code::InvalidFeatures, defects);
            }
            EngineError::NoLedger => Code::NoLedger,
            EngineError::EventsOnly { place, what, point } => {
                let detail =
                    format!("{what}; POST /points/{point}/events instead; nothing was changed");
                let defects = vec![Defect { place, problem: what }];
                return Self { defects, ..Self::new(Code::EventsOnly, detail) };
            }
            EngineError::NoEnforcement => Code::NoEnforcement,
            EngineError::NoPatrols { .. } => Code::NoPatrols,
            EngineError::NoWhistles => Code::NoWhistles,
            EngineError::Whistle(WhistleRefusal::OfAnother { .. }) => Code::RoleMayNot,
            EngineError::Whistle(_) => Code::WhistleConflict,
            EngineError::NoReviews { .. } => Code::NoReviews,
            EngineError::ClueGone { .. } => Code::ClueGone,
            EngineError::ReviewDiffers { .. } | EngineError::ReviewStays { .. } => {
                Code::ReviewStays
            }
            EngineError::NoEvidence | EngineError::NoPhotos => Code::NoEvidence,
            EngineError::EvidenceDiffers { .. } | EngineError::EvidenceStays { .. } => {
                Code::EvidenceStays
            }
            EngineError::EvidenceHash { .. }
            | EngineError::EvidenceAhead { .. }
            | EngineError::TooMuchEvidence { .. }
            | EngineError::PhotoHash { .. }
            | EngineError::TooManyPhotos { .. } => Code::InvalidEvidence,
            EngineError::EvidenceLost { .. } => {
                tracing::error!(error = %detail, "evidence cannot be shown");
                Code::EvidenceLost
            }
            EngineError::LedgerRow { .. } => {
                tracing::error!(error = %detail, "the ledger is not readable");
                let detail = "another program wrote over the ledger in the file, and it is being \
                    put back; try again in a second, and see the defects of points and \
                    point_events";
                return Self::new(Code::Busy, detail);
            }
            EngineError::RevisionAhead { .. } | EngineError::FeatureChanged { .. } => {
                Code::PreconditionFailed
            }
            EngineError::KeyTaken { .. }
            | EngineError::KeepsChanging
            | EngineError::PointKeptOut { .. } => Code::Conflict,
            // Named without the path of the store, which is nobody's business outside.
            error if error.is_locked() => {
                let detail = "another program is writing to the store; try again when it has ended";
                return Self::new(Code::Busy, detail);
            }
            error if error.is_disk_full() => {
                tracing::error!(error = %detail, "no room on the disk");
                let detail = "the disk of the store is full; nothing was changed; make room on it and try \
                    again";
                return Self::new(Code::DiskFull, detail);
            }
            error => return Self::internal(&error),
        };
        Self::new(code, detail)
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let code = match &refusal {
            Refusal::Json(_) | Refusal::Member { .. } | Refusal::Unfit(_) => Code::InvalidRequest,
            Refusal::Geometry { .. } => Code::InvalidGeometry,
            Refusal::Engine(_) => Code::Internal,
        };
        match refusal {
            Refusal::Engine(error) => error.into(),
            refusal => Self::new(code, refusal.to_string()),
        }
    }
}

impl Problem {
    fn body(&self) -> Body<'_> {
        let (code, status, title) = self.code.parts();
        let defects = self.defects.iter();
        let defects = defects.map(|d| BodyDefect { pointer: &d.place, problem: &d.problem });
        let (status, defects) = (status.as_u16(), defects.collect());
        Body { title, status, code, detail: &self.detail, defects }
    }

    /// What is answered, for a place inside another document.
    pub fn document(&self) -> serde_json::Value {
        serde_json::to_value(self.body()).unwrap_or_default()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.code.status();
        let detail = self.detail().to_owned();
        let told = Told { code: self.code, detail, fields: self.fields.clone() };
        let body = serde_json::to_vec(&self.body()).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if matches!(
            self.code,
            Code::Busy | Code::Timeout | Code::RevisionNotReached | Code::ArchiveUnavailable
        ) {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        if status == StatusCode::UNAUTHORIZED {
            // RFC 6750 §3: without a token nothing is said of an error.
            let challenge = match self.code {
                Code::TokenRequired => "Bearer realm=\"Tuban\"",
                _ => "Bearer realm=\"Tuban\", error=\"invalid_token\"",
            };
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        response.extensions_mut().insert(told);
        response
    }
}
