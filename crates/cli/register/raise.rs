//! Raises events from a spreadsheet, where the store is held: one a row, such as many points that
//! are dispatched or get a later deadline together.

use std::collections::BTreeMap;

use engine::Engine;
use engine::ledger::Taking;
use formats::datetime::millis_of;
use ledger::{EventId, PointId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use super::event_columns::word;
use super::ids::{IdOf, uuid};
use super::sheet::beginning;
use super::take_in::{TOGETHER, bad, codes, defects_of, said};
use super::{CellDefect, Fate, RowFate, SheetRow};

/// A spreadsheet of events, and how it is taken in.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct EventSheet {
    /// Whether one bad row keeps all others out.
    pub strict: bool,
    /// In which role events are raised of which the row does not say so.
    pub role: String,
    /// When events happened of which the row does not say so, RFC 3339.
    pub occurred_at: String,
    /// Its rows, by the columns of `point_events`.
    pub rows: Vec<SheetRow>,
}

/// Raises the events of a sheet; one answer a row, in order.
///
/// # Errors
/// When nothing, or nothing more, could be written; a sentence.
pub async fn raise_rows(engine: &Engine, sheet: EventSheet) -> Result<Vec<RowFate>, String> {
    let mut seen = BTreeMap::new();
    let mut plans: Vec<Plan> = Vec::with_capacity(sheet.rows.len());
    for row in &sheet.rows {
        plans.push(plan(engine, &sheet, row, &mut seen).await?);
    }
    let mut fates: Vec<RowFate> = Vec::with_capacity(plans.len());
    let withhold = sheet.strict && plans.iter().any(|plan| plan.event.is_err());
    let together = if sheet.strict { plans.len().max(1) } else { TOGETHER };
    for (plans, rows) in plans.chunks(together).zip(sheet.rows.chunks(together)) {
        let events: Vec<&Json> = match withhold {
            true => Vec::new(),
            false => plans.iter().filter_map(|plan| plan.event.as_ref().ok()).collect(),
        };
        let taking = if sheet.strict { Taking::AllOrNone } else { Taking::Each };
        let mut raised = Json::Null;
        if !events.is_empty() {
            let body = serde_json::to_vec(&events).map_err(|error| error.to_string())?;
            raised = server::raise_events(engine, body, taking).await?;
        }
        let codes = codes(&raised);
        let mut outcomes = raised["events"].as_array().into_iter().flatten();
        for (plan, row) in plans.iter().zip(rows) {
            let code = codes.get(plan.point.as_str()).cloned();
            let (fate, defects) = match &plan.event {
                Err(defects) => (Fate::Refused, defects.clone()),
                Ok(_) if withhold => (Fate::Withheld, Vec::new()),
                Ok(_) => fate_of(outcomes.next().unwrap_or(&Json::Null)),
            };
            fates.push(RowFate { row: row.number, fate, code, defects });
        }
    }
    Ok(fates)
}

/// What is to become of a row.
struct Plan {
    /// The id of its point, where it is known.
    point: String,
    event: Result<Json, Vec<CellDefect>>,
}

async fn plan(
    engine: &Engine,
    sheet: &EventSheet,
    row: &SheetRow,
    seen: &mut BTreeMap<String, u64>,
) -> Result<Plan, String> {
    let refused = |defects| Plan { point: String::new(), event: Err(defects) };
    if !row.defects.is_empty() {
        return Ok(refused(row.defects.clone()));
    }
    let said = said(row);
    if let Some(first) = seen.get(&said) {
        let reason = format!("it says the same as row {first}; leave one of them out");
        return Ok(refused(vec![bad("", reason)]));
    }
    seen.insert(said.clone(), row.number);
    // A row may call its point by its number alone; a registration gives one.
    let names = ["point", "code"].map(|column| Some((column, row.cells.get(column)?.as_str())));
    let Some((column, name)) = names.into_iter().flatten().next() else {
        let reason = "it is missing; give the id of the point, or its number in the column code";
        return Ok(refused(vec![bad("point", reason)]));
    };
    let known = engine.point_called(name).await.map_err(|error| error.to_string())?;
    let Some(point) = known.or_else(|| PointId::try_from(name).ok()) else {
        let shown: String = name.chars().take(60).collect();
        let reason = format!("the ledger has no point {shown:?}, by id or number");
        return Ok(refused(vec![bad(column, reason)]));
    };
    let at = row.cells.get("occurred_at");
    let at = at.map(|text| beginning(text).unwrap_or_else(|| text.clone()));
    let millis = at.as_deref().and_then(|at| millis_of(at, 0)).unwrap_or(0);
    let id = row.cells.get("id").cloned();
    let id = id.unwrap_or_else(|| uuid(IdOf::Event, millis, &said)).to_lowercase();
    let at = match at {
        Some(at) => at,
        None => before(engine, point, &id).await?.unwrap_or_else(|| sheet.occurred_at.clone()),
    };
    let mut event = Map::new();
    for (name, text) in &row.cells {
        if name != "point" && name != column {
            let value = match name.as_str() {
                "role" => json!(engine.settings().ledger.roles.word(text)),
                _ => cell(name, text),
            };
            event.insert(name.clone(), value);
        }
    }
    if let Some([lon, lat]) = row.place {
        let place = json!({ "type": "Point", "coordinates": [lon, lat] });
        event.insert("geometry".to_owned(), place);
    }
    event.entry("role").or_insert_with(|| json!(sheet.role));
    for (name, text) in [("id", id), ("point", point.to_string()), ("occurred_at", at)] {
        event.insert(name.to_owned(), Json::String(text));
    }
    Ok(Plan { point: point.to_string(), event: Ok(Json::Object(event)) })
}

/// When the event of an id happened, if its point has it: the same row that is read again on
/// another day means the same event.
async fn before(engine: &Engine, point: PointId, id: &str) -> Result<Option<String>, String> {
    let Ok(id) = EventId::try_from(id) else { return Ok(None) };
    let trace = engine.trace(&point.to_string(), None).await.map_err(|error| error.to_string())?;
    let steps = trace.map(|trace| trace.steps).unwrap_or_default();
    let found = steps.into_iter().find(|step| step.stored.event.id == id);
    Ok(found.map(|step| formats::datetime::utc_of_millis(step.stored.event.occurred_at.0)))
}

/// A cell as a member of an event.
fn cell(column: &str, text: &str) -> Json {
    match column {
        "build_area_m2" | "land_area_m2" => {
            text.parse::<f64>().map_or(json!(text), |number| json!(number))
        }
        "count" => {
            let whole = text.strip_suffix(".0").unwrap_or(text).parse::<u64>();
            whole.map_or(json!(text), |number| json!(number))
        }
        "before" | "after" | "evidence" => {
            let ids = text.split([',', '，', ';', '；', '、', ' ', '\n']).map(str::trim);
            ids.filter(|id| !id.is_empty()).collect::<Vec<_>>().into()
        }
        "backfilled" => match text {
            "true" | "1" | "是" => json!(true),
            "false" | "0" | "否" => json!(false),
            _ => json!(text),
        },
        _ => json!(word(column, text)),
    }
}

/// What became of a row by what became of its event.
fn fate_of(outcome: &Json) -> (Fate, Vec<CellDefect>) {
    let fate = match outcome["outcome"].as_str() {
        Some("new") => Fate::Raised,
        Some("again") => Fate::Known,
        Some("withheld") => Fate::Withheld,
        _ => Fate::Refused,
    };
    (fate, defects_of(&[outcome], |member| member.to_owned()))
}
