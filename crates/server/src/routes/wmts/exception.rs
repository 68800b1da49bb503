//! Refusals as OGC's exception reports (OGC 06-121r3 §8), with the statuses of WMTS 1.0.0.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::{VERSION, xml};
use crate::problem::{Code, Problem};
use crate::xml::Xml;

/// Characters that are shown of what a client sent.
const SHOWN: usize = 300;

/// One refusal.
#[derive(Debug)]
pub struct Exception {
    code: &'static str,
    status: StatusCode,
    /// The parameter or operation that it is about.
    locator: Option<String>,
    text: String,
}

impl Exception {
    /// A parameter that must be there is not.
    pub fn missing(key: &'static str) -> Self {
        let text = format!("the parameter {key} is missing");
        Self::new("MissingParameterValue", Some(key), text)
    }

    /// A parameter has a value that it cannot have.
    pub fn invalid(locator: &str, text: String) -> Self {
        Self::new("InvalidParameterValue", Some(locator), text)
    }

    /// The tile is not there.
    pub fn out_of_range(locator: &str, text: String) -> Self {
        Self::new("TileOutOfRange", Some(locator), text)
    }

    /// An operation that is not offered.
    pub fn unsupported(operation: &str) -> Self {
        let text = format!("{operation:?} is not offered; there is GetCapabilities and GetTile");
        let mut exception = Self::new("OperationNotSupported", Some(operation), text);
        exception.status = StatusCode::NOT_IMPLEMENTED;
        exception
    }

    /// The client reads no version that is spoken here.
    pub fn no_version(accepted: &str, spoken: &str) -> Self {
        let text = format!("none of {accepted:?} is spoken here; use {spoken}");
        Self::new("VersionNegotiationFailed", None, text)
    }

    /// What `problem` says of the parameter called `locator`.
    pub fn at(locator: &str, problem: &Problem) -> Self {
        Self::invalid(locator, problem.detail().to_owned())
    }

    /// The same for a request by path, where what is not there is not found.
    pub fn of_a_path(mut self) -> Self {
        if self.status == StatusCode::BAD_REQUEST {
            self.status = StatusCode::NOT_FOUND;
        }
        self
    }

    /// What a problem of this kind is to OGC.
    pub fn of(code: Code, detail: &str) -> Self {
        let (name, locator) = match code {
            Code::CollectionNotFound => ("InvalidParameterValue", Some("Layer")),
            Code::TileMatrixSetNotFound => ("InvalidParameterValue", Some("TileMatrixSet")),
            Code::TileOutOfRange => ("TileOutOfRange", None),
            Code::InvalidParameter => ("InvalidParameterValue", None),
            Code::MethodNotAllowed => ("OperationNotSupported", None),
            _ => ("NoApplicableCode", None),
        };
        let mut exception = Self::new(name, locator, detail.to_owned());
        if !matches!(
            code,
            Code::CollectionNotFound | Code::TileMatrixSetNotFound | Code::TileOutOfRange
        ) {
            exception.status = code.status();
        }
        exception
    }

    fn new(code: &'static str, locator: Option<&str>, text: String) -> Self {
        let shown = |text: &str| text.chars().take(SHOWN).collect();
        let text = if text.chars().count() > SHOWN { shown(&text) } else { text };
        Self { code, status: StatusCode::BAD_REQUEST, locator: locator.map(shown), text }
    }

    /// The report.
    pub fn document(&self) -> Vec<u8> {
        let mut document = Xml::new();
        let root = [
            ("xmlns:ows", "http://www.opengis.net/ows/1.1"),
            ("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance"),
            (
                "xsi:schemaLocation",
                "http://www.opengis.net/ows/1.1 \
                 http://schemas.opengis.net/ows/1.1.0/owsExceptionReport.xsd",
            ),
            ("version", VERSION),
            ("xml:lang", "en"),
        ];
        document.element("ows:ExceptionReport", &root, |report| {
            let mut attributes = vec![("exceptionCode", self.code)];
            attributes.extend(self.locator.as_deref().map(|locator| ("locator", locator)));
            report.element("ows:Exception", &attributes, |exception| {
                exception.text("ows:ExceptionText", &self.text);
            });
        });
        document.finish()
    }
}

impl From<Problem> for Exception {
    fn from(problem: Problem) -> Self {
        Self::of(problem.code(), problem.detail())
    }
}

impl IntoResponse for Exception {
    fn into_response(self) -> Response {
        (self.status, xml(self.document())).into_response()
    }
}
