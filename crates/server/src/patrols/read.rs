//! The body of a request as patrols: every defect of each, with its pointer.

use engine::Defect;
use engine::patrols::{
    About, Looked, MAX_FINDINGS, MAX_FIXES, NewFinding, NewPatrol, NewResult, TrackFix,
};
use formats::{Json, JsonKind};
use ledger::PointId;
use ledger::checklist::Checklists;
use ledger::point::PatrolId;
use ledger::rows::MAX_ACCURACY_M;
use ledger::rows::evidence::PositionSource;
use serde_json::Value;
use spatial::Timestamp;

use crate::actor::Actor;
use crate::as_of;
use crate::edits::parse;
use crate::problem::{Code, Problem};

/// Most patrols of one body.
pub const MAX_PATROLS: usize = 200;
/// Longest text, in characters, and longest name.
const MAX_TEXT: usize = 2_000;
const MAX_NAME: usize = 100;

const MEMBERS: [&str; 13] = [
    "code",
    "role",
    "unit",
    "person",
    "alley",
    "point",
    "started_at",
    "ended_at",
    "device",
    "crs_src",
    "track",
    "results",
    "findings",
];
const FIX: [&str; 4] = ["lon", "lat", "at", "accuracy_m"];
const RESULT: [&str; 8] =
    ["checklist", "version", "item", "passed", "alley", "point", "checked_at", "note"];
const FINDING: [&str; 10] =
    ["checklist", "version", "item", "alley", "point", "event", "lon", "lat", "found_at", "note"];

/// One patrol of a body.
pub(super) struct Told {
    /// Its code, as far as it can be read.
    pub(super) code: Option<String>,
    /// The patrol, or what is wrong with it.
    pub(super) patrol: Result<Patrol, Problem>,
}

/// A patrol with the events of its findings, in order.
pub(super) struct Patrol {
    pub(super) new: NewPatrol,
    pub(super) events: Vec<Value>,
}

/// A whole body.
pub(super) struct Body {
    pub(super) patrols: Vec<Told>,
    pub(super) is_list: bool,
}

impl Told {
    /// How many points its findings report.
    pub(super) fn reports(&self) -> usize {
        self.events().len()
    }

    /// The events of its findings.
    pub(super) fn events(&self) -> &[Value] {
        self.patrol.as_ref().map_or(&[], |patrol| &patrol.events)
    }
}

/// Reads a body: one patrol, or a list of them.
pub(super) fn read(body: &[u8], checklists: &Checklists, actor: &Actor) -> Result<Body, Problem> {
    let json = parse(body)?;
    let (all, is_list) = match json.kind() {
        JsonKind::Object => (vec![json], false),
        JsonKind::List => (json.items(), true),
        kind => {
            let detail = format!("a patrol or a list of patrols is expected, not {}", kind.name());
            return Err(Problem::new(Code::InvalidRequest, detail));
        }
    };
    if all.len() > MAX_PATROLS {
        let detail = format!("{} patrols; send at most {MAX_PATROLS} at a time", all.len());
        return Err(Problem::new(Code::BodyTooLarge, detail));
    }
    let told = |json: Json<'_>| {
        let mut reader = Reader { checklists, actor, defects: Vec::new(), events: Vec::new() };
        let patrol = reader.patrol(json);
        let Reader { defects, events, .. } = reader;
        let patrol = match patrol {
            Some(new) if defects.is_empty() => Ok(Patrol { new, events }),
            _ => Err(Problem::with_defects(Code::InvalidPatrol, defects)),
        };
        let code = json.members().into_iter().find(|(name, _)| name == "code");
        let code = code.and_then(|(_, code)| code.text().map(|t| t.chars().take(60).collect()));
        Told { code, patrol }
    };
    Ok(Body { patrols: all.into_iter().map(told).collect(), is_list })
}

struct Reader<'r> {
    checklists: &'r Checklists,
    actor: &'r Actor,
    defects: Vec<Defect>,
    events: Vec<Value>,
}

/// The members of an object at a place.
struct Object<'a> {
    place: String,
    members: Vec<(std::borrow::Cow<'a, str>, Json<'a>)>,
}

impl<'a> Object<'a> {
    fn get(&self, name: &str) -> Option<Json<'a>> {
        let found = self.members.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| *value).filter(|value| value.kind() != JsonKind::Null)
    }

    fn at(&self, name: &str) -> String {
        format!("{}/{name}", self.place)
    }
}

impl Reader<'_> {
    fn add(&mut self, place: impl Into<String>, problem: impl Into<String>) {
        self.defects.push(Defect { place: place.into(), problem: problem.into() });
    }

    fn object<'a>(&mut self, json: Json<'a>, place: &str, known: &[&str]) -> Option<Object<'a>> {
        if json.kind() != JsonKind::Object {
            self.add(place, format!("an object is expected, not {}", json.kind().name()));
            return None;
        }
        let members = json.members();
        for (name, _) in &members {
            if !known.contains(&&**name) {
                let shown: String = name.chars().take(60).collect();
                let shown = shown.replace('~', "~0").replace('/', "~1");
                let all = known.join(", ");
                self.add(format!("{place}/{shown}"), format!("it may have: {all}"));
            }
        }
        Some(Object { place: place.to_owned(), members })
    }

    fn text(&mut self, object: &Object<'_>, name: &str, most: usize) -> Option<String> {
        let json = object.get(name)?;
        let Some(text) = json.text() else {
            self.add(object.at(name), format!("text is expected, not {}", json.kind().name()));
            return None;
        };
        let text = text.trim();
        if text.chars().count() > most || text.chars().any(char::is_control) {
            self.add(object.at(name), format!("at most {most} characters, none of control"));
            return None;
        }
        (!text.is_empty()).then(|| text.to_owned())
    }

    fn needed(&mut self, object: &Object<'_>, name: &str) -> Option<String> {
        let before = self.defects.len();
        let text = self.text(object, name, MAX_NAME);
        if text.is_none() && self.defects.len() == before {
            self.add(object.at(name), "it is missing");
        }
        text
    }

    fn moment(&mut self, object: &Object<'_>, name: &str) -> Option<Timestamp> {
        let text = self.text(object, name, MAX_NAME)?;
        let read = match text.len() {
            // A day is no moment of a walk.
            0..=10 => Err("send a time with a zone, such as 2026-11-22T08:00:00+08:00".to_owned()),
            _ => as_of::moment(&text),
        };
        read.map_err(|problem| self.add(object.at(name), problem)).ok()
    }

    fn needed_moment(&mut self, object: &Object<'_>, name: &str) -> Option<Timestamp> {
        let before = self.defects.len();
        let moment = self.moment(object, name);
        if moment.is_none() && self.defects.len() == before {
            self.add(object.at(name), "it is missing");
        }
        moment
    }

    fn number(&mut self, object: &Object<'_>, name: &str, most: f64, least: f64) -> Option<f64> {
        let json = object.get(name)?;
        let number = (json.kind() == JsonKind::Number).then(|| json.number()).flatten();
        let fits = number.filter(|number| (least..=most).contains(number));
        if fits.is_none() {
            self.add(object.at(name), format!("a number from {least} to {most} is expected"));
        }
        fits
    }

    fn items<'a>(&mut self, object: &Object<'a>, name: &str, most: usize) -> Vec<Json<'a>> {
        let Some(json) = object.get(name) else { return Vec::new() };
        if json.kind() != JsonKind::List {
            self.add(object.at(name), format!("a list is expected, not {}", json.kind().name()));
            return Vec::new();
        }
        let items = json.items();
        if items.len() > most {
            let problem = format!("{} of them; at most {most} are taken", items.len());
            self.add(object.at(name), problem);
            return Vec::new();
        }
        items
    }

    fn patrol(&mut self, json: Json<'_>) -> Option<NewPatrol> {
        let object = self.object(json, "", &MEMBERS)?;
        let code = self.needed(&object, "code");
        let code = code.and_then(|code| {
            let read = PatrolId::try_from(code.as_str());
            read.map_err(|error| self.add("/code", error.to_string())).ok()
        });
        let role = self.needed(&object, "role");
        let unit = match self.actor.unit() {
            Some(own) => self.text(&object, "unit", MAX_NAME).or_else(|| Some(own.to_owned())),
            None => self.needed(&object, "unit"),
        };
        let person = self.text(&object, "person", MAX_NAME);
        let own = [self.actor.display_name(), self.actor.name()];
        let own = own.into_iter().find(|name| !name.is_empty() && !self.actor.is_local());
        let person = person.or_else(|| own.map(str::to_owned));
        let alley = self.text(&object, "alley", MAX_NAME);
        let point = self.text(&object, "point", MAX_NAME);
        let device = self.text(&object, "device", MAX_NAME);
        let started_at = self.needed_moment(&object, "started_at");
        let ended_at = self.needed_moment(&object, "ended_at");
        let source = self.source(&object);
        let track = self.items(&object, "track", MAX_FIXES);
        let fixes = track.into_iter().enumerate();
        let track: Vec<TrackFix> =
            fixes.filter_map(|(number, fix)| self.fix(fix, &format!("/track/{number}"))).collect();
        let results = self.items(&object, "results", MAX_FINDINGS).into_iter().enumerate();
        let results: Vec<NewResult> = results
            .filter_map(|(number, one)| self.result(one, &format!("/results/{number}")))
            .collect();
        let findings = self.items(&object, "findings", MAX_FINDINGS).into_iter().enumerate();
        let findings: Vec<NewFinding> = findings
            .filter_map(|(number, one)| self.finding(one, &format!("/findings/{number}"), source))
            .collect();
        if source.is_none() && !track.is_empty() && object.get("crs_src").is_none() {
            self.add("/crs_src", which_source());
        }
        Some(NewPatrol {
            code: code?,
            role: role?,
            unit: unit?,
            person,
            alley,
            point,
            started_at: started_at?,
            ended_at: ended_at?,
            device,
            source: source.unwrap_or(PositionSource::Wgs84),
            track,
            results,
            findings,
        })
    }

    fn source(&mut self, object: &Object<'_>) -> Option<PositionSource> {
        let text = self.text(object, "crs_src", MAX_NAME)?;
        let found = PositionSource::ALL
            .into_iter()
            .find(|one| one.identifier().eq_ignore_ascii_case(&text))
            .or_else(|| match text.to_ascii_lowercase().as_str() {
                "gcj02" => Some(PositionSource::Gcj02),
                "bd09" => Some(PositionSource::Bd09),
                _ => None,
            });
        if found.is_none() {
            self.add(object.at("crs_src"), which_source());
        }
        found
    }

    fn fix(&mut self, json: Json<'_>, place: &str) -> Option<TrackFix> {
        let object = self.object(json, place, &FIX)?;
        let lon_lat = self.position(&object);
        if lon_lat.is_none() && object.get("lon").or(object.get("lat")).is_none() {
            self.add(place, "lon and lat are missing");
        }
        let at = self.needed_moment(&object, "at");
        let accuracy_m = self.number(&object, "accuracy_m", MAX_ACCURACY_M, 0.0);
        Some(TrackFix { lon_lat: lon_lat?, at: at?, accuracy_m })
    }

    fn position(&mut self, object: &Object<'_>) -> Option<[f64; 2]> {
        let lon = self.number(object, "lon", 180.0, -180.0);
        let lat = self.number(object, "lat", 90.0, -90.0);
        if object.get("lon").is_some() != object.get("lat").is_some() {
            self.add(&object.place, "both lon and lat are needed");
        }
        Some([lon?, lat?])
    }

    /// The item of a checklist, which must be known; the version in force when none is said.
    fn looked(&mut self, object: &Object<'_>) -> Option<Looked> {
        let code = self.text(object, "checklist", MAX_NAME);
        let version = self.text(object, "version", MAX_NAME);
        let item = self.text(object, "item", MAX_NAME);
        let Some(code) = code else {
            if item.or(version).is_some() {
                self.add(object.at("checklist"), "say of which checklist the item is");
            }
            return None;
        };
        let Some(checklist) = self.checklists.named(&code, version.as_deref()) else {
            let all = self.checklists.all().iter();
            let all: Vec<String> =
                all.map(|one| format!("{} of version {}", one.code, one.version)).collect();
            let problem = format!("there is no such checklist; there are {}", all.join(", "));
            self.add(object.at("checklist"), problem);
            return None;
        };
        let Some(item) = item else {
            self.add(object.at("item"), "say which item of the checklist it is");
            return None;
        };
        if checklist.item(&item).is_none() {
            let (name, version) = (&checklist.name, &checklist.version);
            let problem = match checklist.is_empty_template() {
                true => format!(
                    "{name} is an empty form: nobody has filled in its items; fill them in in the \
                     file of checklists that [patrols] of the configuration names"
                ),
                false => {
                    let all: Vec<&str> =
                        checklist.items.iter().map(|item| item.code.as_str()).collect();
                    format!(
                        "version {version} of {name} has no such item; it has {}",
                        all.join(", ")
                    )
                }
            };
            self.add(object.at("item"), problem);
            return None;
        }
        Some(Looked { checklist: code, version: checklist.version.clone(), item })
    }

    fn result(&mut self, json: Json<'_>, place: &str) -> Option<NewResult> {
        let object = self.object(json, place, &RESULT)?;
        if object.get("checklist").is_none() {
            self.add(object.at("checklist"), "it is missing");
        }
        let looked = self.looked(&object);
        let passed = object.get("passed").and_then(|passed| passed.truth());
        if passed.is_none() {
            self.add(object.at("passed"), "true or false is expected");
        }
        let alley = self.text(&object, "alley", MAX_NAME);
        let point = self.text(&object, "point", MAX_NAME);
        let checked_at = self.moment(&object, "checked_at");
        let note = self.text(&object, "note", MAX_TEXT);
        Some(NewResult { looked: looked?, passed: passed?, alley, point, checked_at, note })
    }

    fn finding(
        &mut self,
        json: Json<'_>,
        place: &str,
        source: Option<PositionSource>,
    ) -> Option<NewFinding> {
        let object = self.object(json, place, &FINDING)?;
        let looked = self.looked(&object);
        let alley = self.text(&object, "alley", MAX_NAME);
        let point = self.text(&object, "point", MAX_NAME);
        let found_at = self.moment(&object, "found_at");
        let note = self.text(&object, "note", MAX_TEXT);
        let position = self.position(&object);
        let about = match (object.get("event"), point) {
            (Some(_), Some(_)) => {
                self.add(object.at("point"), "the event names its point; leave this one out");
                return None;
            }
            (Some(event), None) => self.reported(&object, event, (position, source))?,
            (None, Some(point)) => About::Known(point),
            (None, None) => About::Nothing,
        };
        if position.is_some() && object.get("event").is_none() {
            let problem = "a place is kept of a point alone: add an event of kind \"report\"";
            self.add(object.at("lon"), problem);
        }
        if looked.is_none() && note.is_none() && about == About::Nothing {
            self.add(
                place,
                "say what was found: an item of a checklist, a note, a point or an event",
            );
        }
        Some(NewFinding { looked, alley, about, found_at, note })
    }

    /// The point that the event of a finding reports; the event goes among those to be raised, with
    /// the place of the finding where it brings none.
    fn reported(
        &mut self,
        object: &Object<'_>,
        event: Json<'_>,
        (position, source): (Option<[f64; 2]>, Option<PositionSource>),
    ) -> Option<About> {
        let place = object.at("event");
        let Ok(mut told) = serde_json::from_str::<Value>(event.raw()) else {
            self.add(&place, "it is not readable");
            return None;
        };
        if told.get("kind").and_then(Value::as_str) != Some("report") {
            let problem = "a finding carries an event of kind \"report\"; POST others to \
                           /points/events";
            self.add(format!("{place}/kind"), problem);
            return None;
        }
        let text =
            |name: &str| told.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (point, id) = (text("point"), text("id"));
        let point = PointId::try_from(point.as_str());
        let point =
            point.map_err(|error| self.add(format!("{place}/point"), error.to_string())).ok();
        let event_id = ledger::EventId::try_from(id.as_str());
        let event_id = event_id.map_err(|error| self.add(format!("{place}/id"), error.to_string()));
        if let Some(position) = position {
            let Some(source) = source else {
                self.add("/crs_src", which_source());
                return None;
            };
            if told.get("geometry").is_some_and(|geometry| !geometry.is_null()) {
                self.add(object.at("lon"), "the event has a geometry; send one of both");
                return None;
            }
            let coordinates = source.to_wgs84(position);
            told["geometry"] = serde_json::json!({ "type": "Point", "coordinates": coordinates });
        }
        let event = event_id.ok()?.to_string();
        self.events.push(told);
        Some(About::Reported { point: point?, event })
    }
}

fn which_source() -> String {
    let all = PositionSource::ALL.map(PositionSource::identifier).join(", ");
    format!("say what the positions are of: {all}; phone maps hand out GCJ-02")
}
