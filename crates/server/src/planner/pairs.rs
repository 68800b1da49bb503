//! Relations, overlays and validity of geometries that come with the request: batches, so that
//! others can check our geometry. No collection has a part in it.
//!
//! *Invariant:* one result an item, in their order; an item that has none says why, and the
//! others are not touched by that.

use std::fmt::Write;

use engine::each_in_parallel;
use formats::geojson::{Positions, push_string};
use formats::{Json, write_wkt};
use spatial::pair::compare_valid;
use spatial::{AxisOrder, Budget, Geometry, OverlayOp, overlay, wkb};

use super::Refusal;
use super::geometry::{Given, Notation, read};
use super::members::Members;

/// Most items of one batch.
pub const MAX_BATCH: usize = 10_000;

/// `{"pairs":[{"a","b"}…]}` → `{"results":[{"relate":"212FF1FF2","intersects":true,…}|{"error"}]}`.
/// Geometries are planar, edges straight in their own numbers.
pub fn relate(body: &[u8], budget: &Budget<'_>) -> Result<String, Refusal> {
    batch(body, "pairs", &["a", "b"], |pair, out| {
        let (a, b) = operands(pair, budget)?;
        let compared = compare_valid(&a.geometry.shape, &b.geometry.shape).map_err(said)?;
        let _ = write!(out, "\"relate\":\"{}\"", compared.matrix);
        for (predicate, holds) in compared.predicates() {
            let _ = write!(out, ",\"{predicate}\":{holds}");
        }
        Ok(())
    })
}

/// `{"pairs":[{"a","b","op"}…]}` → `{"results":[{"geometry","area"}|{"error"}]}`. The geometry is
/// written as `a` was; the area is planar, in squared units of the numbers.
pub fn overlay_pairs(body: &[u8], budget: &Budget<'_>) -> Result<String, Refusal> {
    let ops = OverlayOp::ALL.map(|op| (op.name(), op));
    let op_of = |pair: &Members<'_>| {
        pair.required("op")?;
        pair.choice("op", &ops)
    };
    batch_checked(body, "pairs", &["a", "b", "op"], op_of, |pair, op, out| {
        let Some(op) = op else { return Err("op is missing".to_owned()) };
        let (a, b) = operands(pair, budget)?;
        let overlaid = overlay(op, &a.geometry.shape, &b.geometry.shape).map_err(said)?;
        out.push_str("\"geometry\":");
        push_geometry(out, &overlaid.geometry, a.notation);
        out.push_str(",\"area\":");
        push_number(out, overlaid.area);
        Ok(())
    })
}

/// `{"geometries":[…]}` → `{"results":[{"valid":true}|{"valid":false,"reason","place","defects"}|
/// {"error"}]}`. Repeated vertices and winding are named among the defects but make nothing
/// invalid.
pub fn validate(body: &[u8], budget: &Budget<'_>) -> Result<String, Refusal> {
    let members = Members::of_body(body, &["geometries"])?;
    members.required("geometries")?;
    let items = members.list("geometries", MAX_BATCH)?.unwrap_or_default();
    Ok(results(&items, |(place, item), out| validity_of(item, place, budget, out)))
}

fn validity_of(
    item: &Json<'_>,
    place: &str,
    budget: &Budget<'_>,
    out: &mut String,
) -> Result<(), String> {
    let given = read(item, place).map_err(said)?;
    given.check_size().map_err(said)?;
    budget.spend(1, given.geometry.vertex_count() as u64).map_err(said)?;
    let defects = given.defects();
    let first = defects.iter().find(|(kind, _)| !kind.is_harmless());
    let _ = write!(out, "\"valid\":{}", first.is_none());
    if let Some((kind, at)) = first {
        let _ = write!(out, ",\"reason\":\"{kind}\",\"place\":");
        push_place(out, *at);
    }
    if !defects.is_empty() {
        out.push_str(",\"defects\":[");
        for (position, (kind, at)) in defects.iter().enumerate() {
            out.push_str(if position == 0 { "" } else { "," });
            let _ = write!(out, "{{\"reason\":\"{kind}\",\"place\":");
            push_place(out, *at);
            let _ = write!(out, ",\"harmless\":{}}}", kind.is_harmless());
        }
        out.push(']');
    }
    Ok(())
}

/// What an item answers, or why it has no answer.
type Outcome = Result<(), String>;

fn batch(
    body: &[u8],
    list: &str,
    known: &[&str],
    work: impl Fn(&Members<'_>, &mut String) -> Outcome + Sync,
) -> Result<String, Refusal> {
    batch_checked(body, list, known, |_| Ok(()), |pair, (), out| work(pair, out))
}

/// Reads every item as an object and `check`s it before work begins: what is wrong with the
/// request is a refusal of the whole, what is wrong with a geometry is one result.
fn batch_checked<C: Copy + Send + Sync>(
    body: &[u8],
    list: &str,
    known: &[&str],
    check: impl Fn(&Members<'_>) -> Result<C, Refusal>,
    work: impl Fn(&Members<'_>, C, &mut String) -> Outcome + Sync,
) -> Result<String, Refusal> {
    let members = Members::of_body(body, &[list])?;
    members.required(list)?;
    let items = members.list(list, MAX_BATCH)?.unwrap_or_default();
    let mut pairs = Vec::with_capacity(items.len());
    for (place, item) in items {
        let pair = Members::of(item, place, known)?;
        for operand in ["a", "b"] {
            pair.required(operand)?;
        }
        pairs.push((check(&pair)?, pair));
    }
    Ok(results(&pairs, |(checked, pair), out| work(pair, *checked, out)))
}

fn results<T: Sync>(items: &[T], work: impl Fn(&T, &mut String) -> Outcome + Sync) -> String {
    let answers = each_in_parallel(items, |item| {
        let mut out = String::from("{");
        if let Err(error) = work(item, &mut out) {
            out.clear();
            out.push_str("{\"error\":");
            push_string(&mut out, &error);
        }
        out.push('}');
        out
    });
    format!("{{\"results\":[{}]}}\n", answers.join(","))
}

/// The two geometries of a pair, fit for algorithms.
fn operands(pair: &Members<'_>, budget: &Budget<'_>) -> Result<(Given, Given), String> {
    let operand = |name: &str| {
        let json = pair.required(name).map_err(said)?;
        let given = read(&json, name).map_err(said)?;
        given.check().map_err(|fault| format!("{name}: {fault}"))?;
        Ok::<_, String>(given)
    };
    let (a, b) = (operand("a")?, operand("b")?);
    let vertices = a.geometry.vertex_count() + b.geometry.vertex_count();
    budget.spend(2, vertices as u64).map_err(said)?;
    Ok((a, b))
}

fn said(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn push_geometry(out: &mut String, geometry: &Geometry, notation: Notation) {
    match notation {
        Notation::GeoJson => {
            let declared = geometry.geometry_type();
            Positions { axis_order: AxisOrder::EastNorth, declared }.push_geometry(out, geometry);
        }
        Notation::Wkt => {
            let mut text = String::new();
            write_wkt(geometry, &mut text);
            push_string(out, &text);
        }
        Notation::WkbHex => {
            out.push('"');
            for byte in wkb::encode(geometry) {
                let _ = write!(out, "{byte:02x}");
            }
            out.push('"');
        }
    }
}

fn push_place(out: &mut String, at: Option<[f64; 2]>) {
    match at {
        Some([x, y]) => {
            out.push('[');
            push_number(out, x);
            out.push(',');
            push_number(out, y);
            out.push(']');
        }
        None => out.push_str("null"),
    }
}

fn push_number(out: &mut String, number: f64) {
    // serde_json writes the shortest text that reads back the same, and null for no number.
    out.push_str(&serde_json::Value::from(number).to_string());
}
