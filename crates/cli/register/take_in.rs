//! Takes a spreadsheet in, where the store is held.

use std::collections::BTreeMap;

use engine::ledger::{Taking, Trace};
use engine::{Assigned, EditOp, EditSet, Engine, FeatureEdit};
use formats::datetime::millis_of;
use ledger::rows::{POINTS, points};
use ledger::task::Tasks;
use serde_json::{Map, Value as Json, json};
use spatial::{CollectionId, Day, SHANGHAI_AHEAD_MINUTES, Timestamp, Value, ValueRef};

use super::columns::{REGISTERED, is_given};
use super::ids::{IdOf, uuid};
use super::sheet::{PLACE, beginning};
use super::{CellDefect, Fate, RowFate, Sheet, SheetRow};

/// Rows that share a commit, unless all do.
pub(super) const TOGETHER: usize = 2_000;

/// Registers the rows of a sheet, or gives points that it knows by number their new values; one
/// answer a row, in order.
///
/// # Errors
/// When nothing, or nothing more, could be written; a sentence.
pub async fn take_in(engine: &Engine, sheet: Sheet) -> Result<Vec<RowFate>, String> {
    let (seen, numbers) = (BTreeMap::new(), BTreeMap::new());
    let mut work = Work { engine, sheet: &sheet, seen, numbers };
    let mut plans = Vec::with_capacity(sheet.rows.len());
    for row in &sheet.rows {
        plans.push(work.plan(row).await?);
    }
    let is_bad = |plan: &Plan| matches!(plan, Plan::Bad(_));
    if sheet.strict && plans.iter().any(is_bad) {
        for plan in plans.iter_mut().filter(|plan| !is_bad(plan)) {
            *plan = Plan::Withheld;
        }
    }
    let together = if sheet.strict { plans.len().max(1) } else { TOGETHER };
    let mut fates = Vec::with_capacity(plans.len());
    for (plans, rows) in plans.chunks(together).zip(sheet.rows.chunks(together)) {
        fates.extend(work.carry_out(plans, rows).await?);
    }
    Ok(fates)
}

/// What is to become of a row.
enum Plan {
    /// A report and a registration of a new point.
    Register {
        point: String,
        events: [Json; 2],
    },
    /// New values of a point of this number.
    Change {
        code: Option<String>,
        edit: Box<FeatureEdit>,
    },
    /// Nothing: the point says all that already.
    Nothing {
        code: Option<String>,
    },
    Bad(Vec<CellDefect>),
    Withheld,
}

struct Work<'a> {
    engine: &'a Engine,
    sheet: &'a Sheet,
    /// Rows by what they say.
    seen: BTreeMap<String, u64>,
    /// Rows by the column that names their point, and the name.
    numbers: BTreeMap<(&'static str, String), u64>,
}

pub(super) fn bad(column: &str, reason: impl Into<String>) -> CellDefect {
    CellDefect { column: column.to_owned(), reason: reason.into() }
}

impl Work<'_> {
    async fn plan(&mut self, row: &SheetRow) -> Result<Plan, String> {
        if !row.defects.is_empty() {
            return Ok(Plan::Bad(row.defects.clone()));
        }
        let said = said(row);
        if let Some(first) = self.seen.insert(said.clone(), row.number) {
            self.seen.insert(said, first);
            let reason = format!("it says the same as row {first}; leave one of them out");
            return Ok(Plan::Bad(vec![bad("", reason)]));
        }
        for column in ["code", "id"] {
            let Some(name) = row.cells.get(column) else { continue };
            // Whichever comes first, here and when the sheet is read again.
            let first = *self.numbers.entry((column, name.clone())).or_insert(row.number);
            if first != row.number {
                let reason = format!("row {first} has {name}, too; leave one of them out");
                return Ok(Plan::Bad(vec![bad(column, reason)]));
            }
        }
        for column in ["code", "id"] {
            let Some(name) = row.cells.get(column) else { continue };
            let trace = self.engine.trace(name, None).await.map_err(|error| error.to_string())?;
            if let Some(trace) = trace {
                return Ok(changed(row, &trace, &self.engine.settings().ledger.tasks));
            }
        }
        let plan = self.registered(row, &said);
        if let Plan::Register { point, .. } = &plan {
            let trace = self.engine.trace(point, None).await.map_err(|error| error.to_string())?;
            // The same row was read before.
            if let Some(trace) = trace {
                return Ok(Plan::Nothing { code: trace.point.code().map(str::to_owned) });
            }
        }
        Ok(plan)
    }

    /// What makes a new point of a row.
    fn registered(&self, row: &SheetRow, said: &str) -> Plan {
        let derived = row.cells.keys().filter(|column| !is_given(column));
        let defects: Vec<CellDefect> = derived
            .map(|column| {
                bad(
                    column,
                    "it follows from events, and the row is of no point yet: leave it empty",
                )
            })
            .collect();
        if !defects.is_empty() {
            return Plan::Bad(defects);
        }
        let at = row.cells.get("registered_at").and_then(|text| beginning(text));
        // A day that only the command names tells rows that are read again from new ones no better.
        let millis = at.as_deref().and_then(|at| millis_of(at, 0)).unwrap_or(0);
        let at = at.unwrap_or_else(|| self.sheet.registered_at.clone());
        let point = row.cells.get("id").cloned();
        let point = point.unwrap_or_else(|| uuid(IdOf::Point, millis, said)).to_lowercase();
        let event = |of, kind: &str| {
            let mut event = Map::new();
            event.insert("id".to_owned(), json!(uuid(of, millis, said)));
            event.insert("point".to_owned(), json!(point));
            event.insert("kind".to_owned(), json!(kind));
            event.insert("role".to_owned(), json!(self.sheet.role));
            event.insert("occurred_at".to_owned(), json!(at));
            if self.sheet.backfilled {
                event.insert("backfilled".to_owned(), json!(true));
            }
            event
        };
        let mut report = event(IdOf::Report, "report");
        let mut register = event(IdOf::Register, "register");
        report.insert("unit".to_owned(), json!(row.cells.get("unit")));
        if let Some([lon, lat]) = row.place {
            let place = json!({ "type": "Point", "coordinates": [lon, lat] });
            report.insert("geometry".to_owned(), place);
        }
        for (column, text) in &row.cells {
            if let Some((_, member)) = REGISTERED.iter().find(|(name, _)| name == column) {
                register.insert((*member).to_owned(), cell(column, text));
            } else if !points::is_derived(column) {
                report.insert(column.clone(), json!(text));
            }
        }
        Plan::Register { point, events: [Json::Object(report), Json::Object(register)] }
    }

    async fn carry_out(&self, plans: &[Plan], rows: &[SheetRow]) -> Result<Vec<RowFate>, String> {
        let events: Vec<&Json> = plans
            .iter()
            .filter_map(|plan| match plan {
                Plan::Register { events, .. } => Some(events),
                _ => None,
            })
            .flatten()
            .collect();
        let taking = if self.sheet.strict { Taking::AllOrNone } else { Taking::WholePoints };
        let mut raised = Json::Null;
        if !events.is_empty() {
            let body = serde_json::to_vec(&events).map_err(|error| error.to_string())?;
            raised = server::raise_events(self.engine, body, taking).await?;
        }
        let codes = codes(&raised);
        let outcomes = raised["events"].as_array().cloned().unwrap_or_default();
        let is_refused = outcomes.iter().any(|one| one["outcome"] == "refused");
        let mut outcomes = outcomes.chunks(2);
        let mut fates: Vec<RowFate> = rows
            .iter()
            .zip(plans)
            .map(|(row, plan)| {
                let fate = |fate, code, defects| RowFate { row: row.number, fate, code, defects };
                match plan {
                    Plan::Register { point, .. } => {
                        let both = outcomes.next().unwrap_or_default();
                        let (made, mut defects) = fate_of(both);
                        defects.iter_mut().for_each(|defect| with_place(defect, row));
                        fate(made, codes.get(point.as_str()).cloned(), defects)
                    }
                    Plan::Change { code, .. } => fate(Fate::Changed, code.clone(), Vec::new()),
                    Plan::Nothing { code } => fate(Fate::Known, code.clone(), Vec::new()),
                    Plan::Bad(defects) => fate(Fate::Refused, None, defects.clone()),
                    Plan::Withheld => fate(Fate::Withheld, None, Vec::new()),
                }
            })
            .collect();
        let changes = plans.iter().zip(&mut fates).filter_map(|(plan, fate)| match plan {
            Plan::Change { edit, .. } => Some(((**edit).clone(), fate)),
            _ => None,
        });
        let (edits, mut changed): (Vec<FeatureEdit>, Vec<&mut RowFate>) = changes.unzip();
        if self.sheet.strict && is_refused {
            changed.iter_mut().for_each(|fate| fate.fate = Fate::Withheld);
        } else if !edits.is_empty() {
            let (actor, reason) = ("local".to_owned(), "values from a spreadsheet".to_owned());
            let set = EditSet { actor, reason, edits };
            if let Err(error) = self.engine.edit(set).await {
                for fate in changed {
                    fate.fate = Fate::Refused;
                    fate.defects.push(bad("", format!("new values were not taken: {error}")));
                }
            }
        }
        Ok(fates)
    }
}

/// What a row says, in one text.
pub(super) fn said(row: &SheetRow) -> String {
    let mut said = format!("{:?}", row.place);
    for (column, text) in &row.cells {
        said.push('\u{1f}');
        said.push_str(column);
        said.push('=');
        said.push_str(text);
    }
    said
}

/// A cell as a member of an event: a number where its column holds numbers and it is one.
fn cell(column: &str, text: &str) -> Json {
    match column {
        "planned_build_area_m2" | "planned_land_area_m2" => {
            text.parse::<f64>().map_or(json!(text), |number| json!(number))
        }
        "planned_count" => {
            let whole = text.strip_suffix(".0").unwrap_or(text).parse::<u64>();
            whole.map_or(json!(text), |number| json!(number))
        }
        _ => json!(text),
    }
}

/// What a row gives a point that the ledger has.
fn changed(row: &SheetRow, trace: &Trace, tasks: &Tasks) -> Plan {
    let code = trace.point.code().map(str::to_owned);
    let collection = trace.points.collection();
    let Some(present) = trace.row.and_then(|row| trace.points.get(row)) else {
        let reason = "its point is kept out; see the defects of points";
        return Plan::Bad(vec![bad("", reason)]);
    };
    let (mut values, mut defects) = (Vec::new(), Vec::new());
    for (column, text) in &row.cells {
        let Some(position) = collection.field_position(column) else { continue };
        let text = match column.as_str() {
            "task" => tasks.code_of(text).unwrap_or(text),
            _ => text,
        };
        if is_same(present.value(position), text) {
            continue;
        }
        match points::is_derived(column) {
            true => {
                let point = trace.point.id();
                let reason = format!(
                    "it follows from events, and the point says otherwise; leave it empty, or POST \
                     /points/{point}/events"
                );
                defects.push(bad(column, reason));
            }
            false => values.push((position, Value::Text(text.to_owned()))),
        }
    }
    if !defects.is_empty() {
        return Plan::Bad(defects);
    }
    if values.is_empty() {
        return Plan::Nothing { code };
    }
    let Ok(collection) = CollectionId::try_from(POINTS) else { return Plan::Nothing { code } };
    let op = EditOp::Assign(present.id(), Assigned { geometry: None, values });
    let place = format!("row {}", row.number);
    let edit = FeatureEdit { place, collection, op, unchanged_since: None };
    Plan::Change { code, edit: Box::new(edit) }
}

/// Whether a cell says what a value is.
fn is_same(value: ValueRef<'_>, text: &str) -> bool {
    match value {
        ValueRef::Null => false,
        ValueRef::Text(present) => {
            // A day of a spreadsheet means some moment of it, in Asia/Shanghai.
            let moment = |text: &str| millis_of(text, SHANGHAI_AHEAD_MINUTES).map(Timestamp);
            let day = |text: &str| moment(text).map(Day::of);
            let is_day = text.len() == 10 && day(text).is_some() && day(text) == day(present);
            present == text || is_day
        }
        ValueRef::Int(present) => text.parse::<f64>() == Ok(present as f64),
        ValueRef::Real(present) => text.parse::<f64>() == Ok(present),
        ValueRef::Bool(present) => text == present.to_string(),
        ValueRef::Bytes(_) => false,
    }
}

/// The numbers of points by their ids.
pub(super) fn codes(raised: &Json) -> BTreeMap<&str, String> {
    let points = raised["points"].as_array().into_iter().flatten();
    points.filter_map(|one| Some((one["id"].as_str()?, one["code"].as_str()?.to_owned()))).collect()
}

/// Says where the row lies, if that is what is wrong.
fn with_place(defect: &mut CellDefect, row: &SheetRow) {
    if let (PLACE, Some([lon, lat])) = (defect.column.as_str(), row.place) {
        defect.reason = format!("longitude {lon} and latitude {lat}: {}", defect.reason);
    }
}

/// What became of a row by what became of its report and its registration.
fn fate_of(both: &[Json]) -> (Fate, Vec<CellDefect>) {
    let is_refused = |one: &Json| one["outcome"] == "refused";
    // A point that is not reported cannot be registered: that says nothing more of the row.
    let is_sequel = |(at, one): &(usize, &Json)| {
        *at > 0 && is_refused(&both[0]) && one["problem"]["defects"].is_null()
    };
    let told = both.iter().enumerate().filter(|one| !is_sequel(one)).map(|(_, one)| one);
    let told: Vec<&Json> = told.collect();
    let defects = defects_of(&told, |member| {
        let column = REGISTERED.iter().find(|(_, name)| *name == member);
        column.map_or(member, |(column, _)| column).to_owned()
    });
    let all = |outcome: &str| both.iter().all(|one| one["outcome"] == outcome);
    let fate = match defects.is_empty() {
        false => Fate::Refused,
        true if all("again") => Fate::Known,
        true if all("withheld") => Fate::Withheld,
        true => Fate::Registered,
    };
    (fate, defects)
}

/// What is wrong with refused events, by the columns that `column` says of their members.
pub(super) fn defects_of(events: &[&Json], column: impl Fn(&str) -> String) -> Vec<CellDefect> {
    let mut defects: Vec<CellDefect> = Vec::new();
    for one in events.iter().filter(|one| one["outcome"] == "refused") {
        let problem = &one["problem"];
        let of_row = |reason: &Json| {
            of_row(reason.as_str().unwrap_or_default(), one["point"].as_str().unwrap_or_default())
        };
        match problem["defects"].as_array() {
            Some(listed) => {
                for defect in listed {
                    let member = defect["pointer"].as_str().unwrap_or_default();
                    let member = member.trim_start_matches('/').split('/').next();
                    let column = column(member.unwrap_or_default());
                    if !defects.iter().any(|known| known.column == column) {
                        defects.push(bad(&column, of_row(&defect["problem"])));
                    }
                }
            }
            None => defects.push(bad("", of_row(&problem["detail"]))),
        }
    }
    defects
}

/// A reason without the id of the point, which the row does not have.
fn of_row(reason: &str, point: &str) -> String {
    let reason = reason.replace(&format!(" at point {point}"), "");
    let begins =
        [format!("point {point}: "), format!("point {point} "), format!("report {point} ")];
    let rest = begins.iter().zip(["", "it ", "it "]);
    let mut said = rest.filter_map(|(begin, it)| Some((it, reason.strip_prefix(begin)?)));
    match said.next() {
        Some((it, rest)) => format!("{it}{rest}"),
        None => reason,
    }
}
