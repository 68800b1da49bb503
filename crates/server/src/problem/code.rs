//! The one table of stable codes of problems: their words, statuses and titles.

use axum::http::StatusCode;

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
    /// The store keeps no reviews of clues.
    NoReviews,
    /// The rule does not find the clue now.
    ClueGone,
    /// A review is known and says something else, or stays as it is.
    ReviewStays,
    /// A review lacks what its verdict needs.
    InvalidReview,
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
    /// There is no room for what was to be written.
    DiskFull,
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

    pub(super) fn parts(self) -> (&'static str, StatusCode, &'static str) {
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
            Self::NoReviews => ("no_reviews", StatusCode::NOT_FOUND, "No reviews are kept"),
            Self::ClueGone => ("clue_gone", StatusCode::CONFLICT, "The rule finds no such clue"),
            Self::ReviewStays => {
                ("review_stays", StatusCode::CONFLICT, "Reviews stay as they were given")
            }
            Self::InvalidReview => (
                "invalid_review",
                StatusCode::UNPROCESSABLE_ENTITY,
                "The review lacks what its verdict needs",
            ),
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
            Self::DiskFull => ("disk_full", StatusCode::INSUFFICIENT_STORAGE, "The disk is full"),
            Self::Internal => {
                ("internal", StatusCode::INTERNAL_SERVER_ERROR, "Something broke inside")
            }
        }
    }
}
