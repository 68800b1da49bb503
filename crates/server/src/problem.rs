//! Errors as the outside sees them: one table of stable codes, `application/problem+json`.
//!
//! *Invariant:* the text of an internal failure is logged here once and never sent.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use engine::{Defect, EngineError};
use formats::datetime::utc_of_millis;
use ledger::whistle::WhistleRefusal;
use serde::Serialize;
use spatial::OverBudget;

use crate::planner::Refusal;

/// Defects that one answer lists.
const MAX_DEFECTS: usize = 10_000;

/// Stable code of a kind of problem; clients may rely on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// No route has this path.
    NotFound,
    /// There is no such collection.
    CollectionNotFound,
    /// There is no such feature.
    FeatureNotFound,
    /// There is no such tile matrix set.
    TileMatrixSetNotFound,
    /// The store has no ledger.
    NoLedger,
    /// The ledger has no such point.
    PointNotFound,
    /// Only an event may change what the request would change.
    EventsOnly,
    /// An event may not follow the state of its point, or contradicts another point.
    EventConflict,
    /// Whoever raises an event may not.
    EventForbidden,
    /// The store keeps no records of departments.
    NoEnforcement,
    /// The store keeps no patrols.
    NoPatrols,
    /// A patrol is known with other content.
    PatrolStays,
    /// A patrol says what cannot be.
    InvalidPatrol,
    /// The store keeps no calls of departments.
    NoWhistles,
    /// There is no such call of departments.
    WhistleNotFound,
    /// The rules of calls refuse what is told of one.
    WhistleConflict,
    /// The store keeps no evidence.
    NoEvidence,
    /// There is no such piece of evidence.
    EvidenceNotFound,
    /// A piece of evidence is known with other bytes, or stays as it is.
    EvidenceStays,
    /// What is said of a piece of evidence cannot be, or its bytes are not whole.
    InvalidEvidence,
    /// The bytes of a piece of evidence are not what they were.
    EvidenceLost,
    /// An event lacks something, or says what cannot be.
    InvalidEvent,
    /// There is no such fence.
    FenceNotFound,
    /// Events that were asked for are not kept any more.
    EventsGone,
    /// Nothing is posted to the URL of a webhook.
    WebhookRefused,
    /// There are as many fences as there may be.
    TooManyFences,
    /// There is no such style.
    StyleNotFound,
    /// A part of an archive of tiles is not readable as such.
    ArchiveBroken,
    /// An archive of tiles cannot be reached, or is being replaced.
    ArchiveUnavailable,
    /// Zoom, row or column is not a number, or lies outside the tile matrix set.
    TileOutOfRange,
    /// A parameter is unknown or has a value that it cannot have.
    InvalidParameter,
    /// The body of a request says something that cannot be done.
    InvalidRequest,
    /// A geometry is well written but not usable.
    InvalidGeometry,
    /// The body of a request is longer than it may be.
    BodyTooLarge,
    /// The body of a request is of a media type that is not read.
    UnsupportedMediaType,
    /// Features of the request do not fit their collections; `defects` lists how.
    InvalidFeatures,
    /// A field that the reader may not read is named in a condition, an order or a selection.
    FieldNotReadable,
    /// A field that the writer may not read is given a value.
    FieldNotWritable,
    /// No token was sent where one is needed.
    TokenRequired,
    /// The token is none of the store's.
    TokenUnknown,
    /// The time of the token is over.
    TokenExpired,
    /// The token was revoked.
    TokenRevoked,
    /// The account of the token is disabled.
    AccountDisabled,
    /// The role of the sender may not do it.
    RoleMayNot,
    /// With what was taken before, features would cover more ground than is allowed.
    ExportLimit,
    /// What is asked for, or changed, is not of the part of the store that the sender sees.
    OutsideArea,
    /// The request names another author than the one who sends it.
    AuthorDiffers,
    /// A page of another origin would change something.
    ForeignOrigin,
    /// What the request is conditional on does not hold (any more).
    PreconditionFailed,
    /// A condition is missing that this server asks of every change.
    PreconditionRequired,
    /// The request contradicts what others do at the same time.
    Conflict,
    /// The state that the request waits for is not there yet.
    RevisionNotReached,
    /// No encoding that is offered is accepted.
    NotAcceptable,
    /// A state that was let go.
    HistoryGone,
    /// Past values are sealed and the key is missing.
    HistorySealed,
    /// The state that a cursor belongs to is not kept any more.
    CursorGone,
    /// Answering would cost more than one request may.
    TooCostly,
    /// The path or query is longer than the server reads.
    UriTooLong,
    /// The method is not offered here.
    MethodNotAllowed,
    /// The request took longer than it may.
    Timeout,
    /// The sender has asked more often than it may.
    TooManyRequests,
    /// Too many requests wait already.
    Busy,
    /// Something broke inside.
    Internal,
}

impl Code {
    /// The status of an answer with it.
    pub fn status(self) -> StatusCode {
        self.parts().1
    }

    /// Its word.
    pub fn word(self) -> &'static str {
        self.parts().0
    }

    fn parts(self) -> (&'static str, StatusCode, &'static str) {
        match self {
            Self::NotFound => ("not_found", StatusCode::NOT_FOUND, "Nothing is here"),
            Self::CollectionNotFound => {
                ("collection_not_found", StatusCode::NOT_FOUND, "There is no such collection")
            }
            Self::FeatureNotFound => {
                ("feature_not_found", StatusCode::NOT_FOUND, "There is no such feature")
            }
            Self::ForeignOrigin => {
                ("foreign_origin", StatusCode::FORBIDDEN, "The page is of another origin")
            }
            Self::InvalidRequest => {
                ("invalid_request", StatusCode::BAD_REQUEST, "The request is not usable")
            }
            Self::InvalidGeometry => {
                ("invalid_geometry", StatusCode::UNPROCESSABLE_ENTITY, "A geometry is not usable")
            }
            Self::BodyTooLarge => {
                ("body_too_large", StatusCode::PAYLOAD_TOO_LARGE, "The body is too large")
            }
            Self::UnsupportedMediaType => (
                "unsupported_media_type",
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "The media type is not read",
            ),
            Self::InvalidFeatures => (
                "invalid_features",
                StatusCode::UNPROCESSABLE_ENTITY,
                "Features do not fit their collections",
            ),
            Self::FieldNotWritable => {
                ("field_not_writable", StatusCode::FORBIDDEN, "The field may not be written")
            }
            Self::TokenRequired => {
                ("token_required", StatusCode::UNAUTHORIZED, "A token is needed")
            }
            Self::TokenUnknown => {
                ("token_unknown", StatusCode::UNAUTHORIZED, "The token is not known")
            }
            Self::TokenExpired => {
                ("token_expired", StatusCode::UNAUTHORIZED, "The token has expired")
            }
            Self::TokenRevoked => {
                ("token_revoked", StatusCode::UNAUTHORIZED, "The token was revoked")
            }
            Self::AccountDisabled => {
                ("account_disabled", StatusCode::UNAUTHORIZED, "The account is disabled")
            }
            Self::RoleMayNot => ("role_may_not", StatusCode::FORBIDDEN, "The role may not do this"),
            Self::ExportLimit => {
                ("export_limit", StatusCode::FORBIDDEN, "It covers more ground than is allowed")
            }
            Self::OutsideArea => {
                ("outside_area", StatusCode::FORBIDDEN, "It is not of what the sender sees")
            }
            Self::AuthorDiffers => {
                ("author_differs", StatusCode::FORBIDDEN, "The author is another than the sender")
            }
            Self::PreconditionFailed => (
                "precondition_failed",
                StatusCode::PRECONDITION_FAILED,
                "The feature is another than the request expects",
            ),
            Self::PreconditionRequired => (
                "precondition_required",
                StatusCode::PRECONDITION_REQUIRED,
                "The request lacks a condition",
            ),
            Self::Conflict => ("conflict", StatusCode::CONFLICT, "Others change the same"),
            Self::RevisionNotReached => (
                "revision_not_reached",
                StatusCode::SERVICE_UNAVAILABLE,
                "The revision is not reached yet",
            ),
            Self::FieldNotReadable => {
                ("field_not_readable", StatusCode::FORBIDDEN, "The field may not be read")
            }
            Self::NotAcceptable => {
                ("not_acceptable", StatusCode::NOT_ACCEPTABLE, "No accepted encoding is offered")
            }
            Self::HistoryGone => {
                ("history_gone", StatusCode::GONE, "The state asked for is kept no more")
            }
            Self::HistorySealed => {
                ("history_sealed", StatusCode::SERVICE_UNAVAILABLE, "Past values cannot be read")
            }
            Self::CursorGone => ("cursor_gone", StatusCode::GONE, "The cursor is too old"),
            Self::TooCostly => (
                "too_costly",
                StatusCode::UNPROCESSABLE_ENTITY,
                "The request costs more than it may",
            ),
            Self::TileMatrixSetNotFound => (
                "tile_matrix_set_not_found",
                StatusCode::NOT_FOUND,
                "There is no such tile matrix set",
            ),
            Self::NoLedger => ("no_ledger", StatusCode::NOT_FOUND, "There is no ledger"),
            Self::PointNotFound => {
                ("point_not_found", StatusCode::NOT_FOUND, "There is no such point")
            }
            Self::EventsOnly => {
                ("events_only", StatusCode::CONFLICT, "Only an event may change this")
            }
            Self::EventConflict => {
                ("event_conflict", StatusCode::CONFLICT, "The event may not follow")
            }
            Self::EventForbidden => {
                ("event_forbidden", StatusCode::FORBIDDEN, "The event may not be raised by you")
            }
            Self::NoEnforcement => {
                ("no_enforcement", StatusCode::NOT_FOUND, "No records of departments are kept")
            }
            Self::NoPatrols => ("no_patrols", StatusCode::NOT_FOUND, "No patrols are kept"),
            Self::PatrolStays => {
                ("patrol_stays", StatusCode::CONFLICT, "A patrol stays as it was sent")
            }
            Self::InvalidPatrol => {
                ("invalid_patrol", StatusCode::UNPROCESSABLE_ENTITY, "The patrol cannot be taken")
            }
            Self::NoWhistles => {
                ("no_whistles", StatusCode::NOT_FOUND, "No calls of departments are kept")
            }
            Self::WhistleNotFound => {
                ("whistle_not_found", StatusCode::NOT_FOUND, "There is no such call")
            }
            Self::WhistleConflict => {
                ("whistle_conflict", StatusCode::CONFLICT, "The call is not to be told so")
            }
            Self::NoEvidence => ("no_evidence", StatusCode::NOT_FOUND, "No evidence is kept"),
            Self::EvidenceNotFound => {
                ("evidence_not_found", StatusCode::NOT_FOUND, "There is no such evidence")
            }
            Self::EvidenceStays => {
                ("evidence_stays", StatusCode::CONFLICT, "Evidence stays as it was sent")
            }
            Self::InvalidEvidence => (
                "invalid_evidence",
                StatusCode::UNPROCESSABLE_ENTITY,
                "The evidence cannot be kept",
            ),
            Self::EvidenceLost => (
                "evidence_lost",
                StatusCode::INTERNAL_SERVER_ERROR,
                "The bytes are not what they were",
            ),
            Self::InvalidEvent => (
                "invalid_event",
                StatusCode::UNPROCESSABLE_ENTITY,
                "The event is not one that can be raised",
            ),
            Self::FenceNotFound => {
                ("fence_not_found", StatusCode::NOT_FOUND, "There is no such fence")
            }
            Self::EventsGone => ("events_gone", StatusCode::GONE, "Events are not kept any more"),
            Self::WebhookRefused => {
                ("webhook_refused", StatusCode::BAD_REQUEST, "Nothing is posted there")
            }
            Self::TooManyFences => {
                ("too_many_fences", StatusCode::CONFLICT, "There are too many fences")
            }
            Self::StyleNotFound => {
                ("style_not_found", StatusCode::NOT_FOUND, "There is no such style")
            }
            Self::ArchiveBroken => {
                ("archive_broken", StatusCode::BAD_GATEWAY, "The archive of tiles is damaged")
            }
            Self::ArchiveUnavailable => (
                "archive_unavailable",
                StatusCode::SERVICE_UNAVAILABLE,
                "The archive of tiles cannot be read",
            ),
            Self::TileOutOfRange => {
                ("tile_out_of_range", StatusCode::NOT_FOUND, "There is no such tile")
            }
            Self::InvalidParameter => {
                ("invalid_parameter", StatusCode::BAD_REQUEST, "A parameter is not usable")
            }
            Self::UriTooLong => ("uri_too_long", StatusCode::URI_TOO_LONG, "The URL is too long"),
            Self::MethodNotAllowed => (
                "method_not_allowed",
                StatusCode::METHOD_NOT_ALLOWED,
                "The method is not offered here",
            ),
            Self::TooManyRequests => {
                ("too_many_requests", StatusCode::TOO_MANY_REQUESTS, "Asked more often than may be")
            }
            Self::Timeout => {
                ("timeout", StatusCode::SERVICE_UNAVAILABLE, "The request took too long")
            }
            Self::Busy => ("busy", StatusCode::SERVICE_UNAVAILABLE, "The server is busy"),
            Self::Internal => {
                ("internal", StatusCode::INTERNAL_SERVER_ERROR, "Something broke inside")
            }
        }
    }
}

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
            EngineError::NoEvidence | EngineError::NoPhotos => Code::NoEvidence,
            EngineError::EvidenceDiffers { .. } | EngineError::EvidenceStays { .. } => {
                Code::EvidenceStays
            }
            EngineError::EvidenceHash { .. }
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
