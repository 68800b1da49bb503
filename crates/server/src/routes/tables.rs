//! Tables for people as answers: CSV, a workbook, a page.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use formats::report::{table_csv, workbook};
use spatial::Table;

use super::answers;
use crate::asked::Asked;
use crate::html;
use crate::negotiate::Offer;
use crate::problem::Problem;

/// A table in the encoding of `chosen`, which is one of CSV, XLSX and HTML; files are called
/// `name`, which is plain ASCII.
pub fn table(
    asked: &Asked,
    chosen: &Offer,
    name: &str,
    table: &Table,
) -> Result<Response, Problem> {
    let bytes = match chosen.name {
        "csv" => table_csv(table),
        "xlsx" => workbook(std::slice::from_ref(table)),
        _ => {
            let body = html::tables_body(std::slice::from_ref(table), &[]);
            let mut response = html::page(asked, &table.title, None, &body);
            answers::vary_by_accept(&mut response);
            return Ok(response);
        }
    };
    let bytes = bytes.map_err(|fault| Problem::internal(&fault))?;
    let mut response = file(bytes, chosen, name);
    answers::vary_by_accept(&mut response);
    Ok(response)
}

/// A table as a file to keep, in the encoding of `chosen`, CSV or XLSX.
pub fn file(bytes: Vec<u8>, chosen: &Offer, name: &str) -> Response {
    let media_type = match chosen.name {
        "csv" => "text/csv; charset=utf-8; header=present",
        _ => chosen.media_type,
    };
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let disposition = format!("attachment; filename=\"{name}.{}\"", chosen.name);
    if let Ok(value) = HeaderValue::from_str(&disposition) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    response
}
