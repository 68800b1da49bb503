//! Points that a body of events names by their numbers: clerks know no others.

use std::collections::{BTreeMap, BTreeSet};

use formats::JsonKind;
use ledger::PointId;
use spatial::Value;

use crate::edits::parse;

/// Members of an event that name a point.
const NAMING: [&str; 2] = ["point", "into_point"];

/// The points of the ledger that a body names by number.
pub type Numbered = BTreeMap<String, PointId>;

/// What a body calls points by that is no id; nothing of a body that cannot be read.
pub fn numbers(body: &[u8]) -> BTreeSet<String> {
    let Ok(json) = parse(body) else { return BTreeSet::new() };
    let events = match json.kind() {
        JsonKind::List => json.items(),
        _ => vec![json],
    };
    let objects = events.into_iter().filter(|event| event.kind() == JsonKind::Object);
    let members = objects.flat_map(|event| event.members());
    let naming = members.filter(|(name, _)| NAMING.contains(&&**name));
    let names = naming.filter_map(|(_, value)| Some(value.text()?.into_owned()));
    names.filter(|name| PointId::try_from(name.as_str()).is_err()).collect()
}

/// A member with the id of its point where it names one by number; every other as it is.
///
/// # Errors
/// What to do, where no point has the number.
pub fn by_id(member: &str, value: Value, numbered: &Numbered) -> Result<Value, String> {
    let Value::Text(name) = &value else { return Ok(value) };
    if !NAMING.contains(&member) || PointId::try_from(name.as_str()).is_ok() {
        return Ok(value);
    }
    let known = numbered.get(name).map(|point| Value::Text(point.to_string()));
    known.ok_or_else(|| {
        let shown: String = name.chars().take(60).collect();
        let new = match member {
            "point" => "; a report under a new id, a UUID of version 7, begins one",
            _ => "; name one that is on it",
        };
        format!("the ledger has no point {shown:?}, by id or number{new}")
    })
}
