//! Edits as JSON: features, parts of features and transactions, read strictly.
//!
//! *Invariant:* every defect of a request is found before it is refused, each with its JSON pointer
//! into the body, and none repeats a value. What the writer may not read it cannot write.

mod feature;
mod findings;
mod own_records;
mod transaction;

pub use feature::{FeatureReader, Form};
pub use findings::Findings;
pub use own_records::OwnRecords;
pub use transaction::read_transaction;

use formats::{Json, JsonDepth, Numbers};

use crate::problem::{Code, Problem};

/// How deep an edit may nest: a transaction, its change, a feature, a geometry in collections.
const DEPTH: JsonDepth = JsonDepth { most: 32, deep: &[], deep_most: 32 };

/// The body of an edit. A number that is too large is a defect of its feature, not of the text.
pub fn parse(body: &[u8]) -> Result<Json<'_>, Problem> {
    Json::parse_with(body, &DEPTH, Numbers::Any).map_err(|fault| {
        let detail = format!("the request is not readable: {fault}");
        Problem::new(Code::InvalidRequest, detail)
    })
}
