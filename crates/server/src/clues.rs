//! Spatial rules and what they propose, as JSON. No HTTP here: the routes and the command line share
//! it.

mod table;

use std::fmt::Write;

use engine::clues::{Clue, CluesFound, CluesQuery, FoundClue, MissingInput, Subject, UnitShare};
use engine::each_in_parallel;
use engine::query::Place;
use formats::geojson::{Positions, push_key, push_string, push_value};
use geo_types::Rect;
use ledger::clue::{Finding, Measured, Review, Rule};
use serde_json::{Value, json};
use spatial::{AxisOrder, CollectionId, Crs, FeatureId, Geometry, GeometryType, ValueRef};

use crate::reviews;

pub use table::table;

/// Clues of a page when nothing is said.
pub const CLUES: usize = 100;
/// Features that one clue lists; a group may have more.
const MAX_SUBJECTS: usize = 1_000;
/// Clues that one thread writes together.
const TOGETHER: usize = 64;
/// What a clue is until somebody said something of it.
const PROPOSAL: &str = "proposal";

/// The area of a `bbox`: west, south, east and north in degrees, WGS 84 or CGCS2000.
///
/// # Errors
/// What is wrong with it.
pub fn bbox(text: &str) -> Result<Place, String> {
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|number| number.is_finite());
    let numbers: Option<Vec<f64>> = text.split(',').map(number).collect();
    let expected = "send west,south,east,north in degrees, such as 116.3,39.7,116.4,39.8";
    let [west, south, east, north] = match numbers.as_deref() {
        Some([west, south, east, north]) => [*west, *south, *east, *north],
        _ => return Err(format!("not four finite numbers; {expected}")),
    };
    let is_span = |low: f64, high: f64, most: f64| -most <= low && low < high && high <= most;
    if !is_span(west, east, 180.0) || !is_span(south, north, 90.0) {
        return Err(format!("no box of longitudes and latitudes; {expected}"));
    }
    let corner = |x, y| geo_types::Coord { x, y };
    let shape = Rect::new(corner(west, south), corner(east, north)).to_polygon();
    let geometry = Geometry::from(geo_types::Geometry::Polygon(shape));
    Ok(Place::Given { geometry, crs: Crs::WGS84 })
}

/// A rule, what it reads, and what of that is missing.
pub fn rule(rule: &Rule, edition: &str, missing: &[MissingInput]) -> Value {
    let kind = serde_json::to_value(&rule.kind).unwrap_or_default();
    let inputs = rule.kind.inputs().into_iter().map(|input| {
        json!({
            "collection": input.collection,
            "fields": input.fields,
            "needed": input.is_needed,
            "there": missing.iter().all(|lack| lack.collection != input.collection)
        })
    });
    json!({
        "code": rule.code,
        "name": rule.name,
        "kind": rule.kind.name(),
        "edition": edition,
        "basis": rule.basis,
        "source": rule.source,
        "parameters": kind[rule.kind.name()],
        "inputs": inputs.collect::<Vec<_>>(),
        "ready": missing.iter().all(|lack| !lack.is_needed),
        "missing": missing.iter().map(ToString::to_string).collect::<Vec<_>>()
    })
}

/// What a rule proposes, as the text of a GeoJSON document: a feature a clue, in longitude and latitude.
/// `base` is put before links; `described` is the rule as [`rule`] tells it, `links` are its own.
pub fn found(
    query: &CluesQuery,
    found: &CluesFound,
    described: &Value,
    (base, links): (&str, Option<&Value>),
) -> String {
    let mut text = String::with_capacity(1024);
    let _ = write!(
        text,
        "{{\"type\":\"FeatureCollection\",\"rule\":{described},\"revision\":{},\"date\":\"{}\",\
         \"numberMatched\":{},\"numberReturned\":{},\"offset\":{},\"features\":[",
        found.revision.0,
        query.today,
        found.count,
        found.clues.len(),
        query.offset
    );
    let numbers: Vec<usize> = (0..found.clues.len()).step_by(TOGETHER).collect();
    let parts = each_in_parallel(&numbers, |first| {
        let clues = found.clues.iter().enumerate().skip(*first).take(TOGETHER);
        let mut part = String::with_capacity(800 * TOGETHER);
        for (position, clue) in clues {
            part.push_str(if position == 0 { "\n" } else { ",\n" });
            let review = found.reviews.get(position).and_then(Option::as_ref);
            match review {
                None => {
                    part.push_str(&clue.written(base, || feature(&query.rule, clue, None, base)))
                }
                said => part.push_str(&feature(&query.rule, clue, said, base)),
            }
        }
        part
    });
    text.reserve(parts.iter().map(String::len).sum());
    parts.iter().for_each(|part| text.push_str(part));
    text.push(']');
    if !found.shares.is_empty() {
        let shares: Value = found.shares.iter().map(share).collect();
        let _ = write!(text, ",\"shares\":{shares}");
    }
    if let Some(links) = links {
        let _ = write!(text, ",\"links\":{links}");
    }
    text.push('}');
    text
}

/// The features whose places are told.
pub fn features(found: &CluesFound) -> impl Iterator<Item = (&CollectionId, FeatureId)> {
    let subjects = found.clues.iter().flat_map(|clue| &clue.subjects);
    subjects.map(|subject| (&subject.collection, subject.id))
}

/// A clue as a feature; `review` is what somebody said last of it.
fn feature(rule: &Rule, clue: &FoundClue, review: Option<&Review>, base: &str) -> String {
    let mut written = String::with_capacity(800);
    let text = &mut written;
    text.push_str("{\"type\":\"Feature\",\"geometry\":");
    match clue.placed() {
        None => text.push_str("null"),
        Some(geometry) => {
            let positions =
                Positions { axis_order: AxisOrder::EastNorth, declared: GeometryType::Any };
            positions.push_geometry(text, geometry);
        }
    }
    text.push_str(",\"properties\":{\"suspicion\":");
    push_string(text, &rule.name);
    let status = review.map_or(PROPOSAL, |review| review.verdict.identifier());
    let _ = write!(text, ",\"status\":\"{status}\",\"clue\":\"{}\",\"reason\":", clue.name());
    push_string(text, &clue.finding.to_string());
    text.push_str(",\"measured\":{");
    for (position, (name, value)) in clue.finding.measures().into_iter().enumerate() {
        if position > 0 {
            text.push(',');
        }
        push_key(text, name);
        push_measured(text, &value);
    }
    text.push_str("},\"features\":[");
    for (position, subject) in clue.subjects.iter().take(MAX_SUBJECTS).enumerate() {
        if position > 0 {
            text.push(',');
        }
        push_subject(text, subject, base);
    }
    text.push(']');
    if let Some(review) = review {
        let _ = write!(text, ",\"review\":{}", reviews::document(review));
    }
    if let Some(confirm) = confirm_rebound(clue, base) {
        let _ = write!(text, ",\"confirm\":{confirm}");
    }
    text.push_str("}}");
    written
}

fn push_measured(text: &mut String, value: &Measured) {
    match value {
        Measured::Number(number) => push_value(text, ValueRef::Real(*number)),
        Measured::Whole(number) => push_value(text, ValueRef::Int(*number)),
        Measured::Text(words) => push_string(text, words),
        Measured::Texts(texts) => {
            let _ = write!(text, "{}", json!(texts));
        }
        Measured::Truth(truth) => push_value(text, ValueRef::Bool(*truth)),
    }
}

fn push_subject(text: &mut String, subject: &Subject, base: &str) {
    let Subject { collection, id, key } = subject;
    let _ = write!(text, "{{\"collection\":\"{collection}\",\"id\":{id},\"key\":");
    match key {
        None => text.push_str("null"),
        Some(key) => push_string(text, key),
    }
    text.push_str(",\"href\":");
    push_string(text, &format!("{base}/collections/{collection}/items/{id}"));
    text.push('}');
}

/// What a person would send who looked at a clue of a rule in force.
pub fn confirm(rule: &Rule, base: &str) -> Value {
    json!({
        "method": "POST",
        "href": format!("{base}/rules/{}/reviews", rule.code),
        "body": { "clue": null, "verdict": "confirmed", "decision": null },
        "fill": ["id", "clue", "verdict", "decision"]
    })
}

/// What a person would send who finds that a point came back; who that is, is left to the person.
fn confirm_rebound(clue: &Clue, base: &str) -> Option<Value> {
    let Finding::Rebound { .. } = clue.finding else { return None };
    let closed = clue.subjects.get(1)?.key.as_ref()?;
    Some(json!({
        "method": "POST",
        "href": format!("{base}/points/{closed}/events"),
        "body": { "kind": "rebound", "confirmed_by": null, "evidence": [] },
        "fill": ["id", "occurred_at", "role", "confirmed_by", "evidence"]
    }))
}

fn share(share: &UnitShare) -> Value {
    let UnitShare { code, name, buildings, without } = share;
    let part = (*buildings > 0).then(|| *without as f64 / *buildings as f64);
    json!({
        "code": code, "name": name, "buildings": buildings, "without": without,
        "share": part.map(|part| (part * 1e4).round() / 1e4)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_are_read_and_others_refused() {
        assert!(matches!(bbox("116.3,39.7,116.4,39.8"), Ok(Place::Given { .. })));
        for text in ["", "1,2,3", "1,2,3,x", "3,2,1,4", "1,4,3,2", "1,2,181,3", "1,2,nan,3"] {
            assert!(bbox(text).is_err_and(|reason| reason.contains("send west")), "{text}");
        }
    }
}
