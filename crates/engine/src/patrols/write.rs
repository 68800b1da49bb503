//! The rows of a patrol, and a digest of what was sent.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use ledger::point::moment::written;
use ledger::rows::evidence::PositionSource;
use spatial::{Timestamp, Value};
use store::evidence::Digests;

use super::read::value;
use super::{About, Looked, NewFinding, NewPatrol, NewResult, PatrolCovered, TrackFix};

/// Names of columns with their values.
type Values = Vec<(&'static str, Value)>;

/// A patrol on its way into rows.
pub(super) struct Rows<'a> {
    pub(super) patrol: &'a NewPatrol,
    /// The ids of points, by what they are called.
    pub(super) points: &'a BTreeMap<String, Option<String>>,
    pub(super) now: Timestamp,
    pub(super) covered: &'a PatrolCovered,
}

impl Rows<'_> {
    pub(super) fn patrol(&self) -> Values {
        let patrol = self.patrol;
        vec![
            ("code", Value::Text(patrol.code.to_string())),
            ("role", Value::Text(patrol.role.clone())),
            ("unit", Value::Text(patrol.unit.clone())),
            ("person", value(patrol.person.as_deref())),
            ("alley", value(patrol.alley.as_deref())),
            ("point", self.point(patrol.point.as_ref())),
            ("started_at", Value::Text(written(patrol.started_at))),
            ("ended_at", Value::Text(written(patrol.ended_at))),
            ("recorded_at", Value::Text(written(self.now))),
            ("covered_m", Value::Real(self.covered.covered_m)),
            ("findings", Value::Int(i64::try_from(patrol.findings.len()).unwrap_or(i64::MAX))),
        ]
    }

    pub(super) fn track(&self, digest: &str) -> Values {
        let patrol = self.patrol;
        let worst = patrol.track.iter().filter_map(|fix| fix.accuracy_m).reduce(f64::max);
        vec![
            ("patrol", Value::Text(patrol.code.to_string())),
            ("device", value(patrol.device.as_deref())),
            ("accuracy_m", worst.map_or(Value::Null, Value::Real)),
            ("source_crs", Value::Text(PositionSource::identifier(patrol.source).to_owned())),
            ("fixes", Value::Int(i64::try_from(patrol.track.len()).unwrap_or(i64::MAX))),
            ("track", value(Some(self.positions().as_str()).filter(|track| !track.is_empty()))),
            ("digest", Value::Text(digest.to_owned())),
        ]
    }

    /// Every position as it was given: longitude, latitude, seconds since the beginning and, if the
    /// device says it, the accuracy in metres.
    fn positions(&self) -> String {
        let patrol = self.patrol;
        let position = |fix: &TrackFix| {
            let [lon, lat] = fix.lon_lat;
            let seconds = (fix.at.0 - patrol.started_at.0) as f64 / 1000.0;
            let accuracy = fix.accuracy_m.map_or(String::new(), |metres| format!(" {metres}"));
            format!("{lon} {lat} {seconds}{accuracy}")
        };
        patrol.track.iter().map(position).collect::<Vec<String>>().join(";")
    }

    pub(super) fn results(&self) -> Vec<Values> {
        let patrol = self.patrol;
        let row = |(number, result): (usize, &NewResult)| {
            let alley = result.alley.as_deref().or(patrol.alley.as_deref());
            let point = result.point.as_ref().or(patrol.point.as_ref());
            let at = result.checked_at.unwrap_or(patrol.ended_at);
            let mut values = looked(Some(&result.looked));
            values.extend([
                ("code", self.code('r', number)),
                ("patrol", Value::Text(patrol.code.to_string())),
                ("alley", value(alley)),
                ("point", self.point(point)),
                ("passed", Value::Bool(result.passed)),
                ("checked_at", Value::Text(written(at))),
                ("note", value(result.note.as_deref())),
            ]);
            values
        };
        patrol.results.iter().enumerate().map(row).collect()
    }

    pub(super) fn findings(&self) -> Vec<Values> {
        let patrol = self.patrol;
        let row = |(number, finding): (usize, &NewFinding)| {
            let alley = finding.alley.as_deref().or(patrol.alley.as_deref());
            let (point, event) = match &finding.about {
                About::Nothing => (Value::Null, Value::Null),
                About::Known(name) => (self.point(Some(name)), Value::Null),
                About::Reported { point, event } => {
                    (Value::Text(point.to_string()), Value::Text(event.clone()))
                }
            };
            let at = finding.found_at.unwrap_or(patrol.ended_at);
            let mut values = looked(finding.looked.as_ref());
            values.extend([
                ("code", self.code('f', number)),
                ("patrol", Value::Text(patrol.code.to_string())),
                ("alley", value(alley)),
                ("point", point),
                ("event", event),
                ("note", value(finding.note.as_deref())),
                ("found_at", Value::Text(written(at))),
            ]);
            values
        };
        patrol.findings.iter().enumerate().map(row).collect()
    }

    fn code(&self, kind: char, number: usize) -> Value {
        Value::Text(format!("{}-{kind}{}", self.patrol.code, number + 1))
    }

    fn point(&self, name: Option<&String>) -> Value {
        value(name.and_then(|name| self.points.get(name)?.as_deref()))
    }
}

fn looked(looked: Option<&Looked>) -> Values {
    let of = |get: fn(&Looked) -> &String| value(looked.map(|looked| get(looked).as_str()));
    vec![
        ("checklist", of(|looked| &looked.checklist)),
        ("version", of(|looked| &looked.version)),
        ("item", of(|looked| &looked.item)),
    ]
}

/// The SHA-256 of what a patrol says, whatever the order of its members was: the same patrol sent
/// again has the same.
pub(super) fn digest(patrol: &NewPatrol) -> String {
    let NewPatrol { code, role, unit, person, alley, point, started_at, ended_at, .. } = patrol;
    let NewPatrol { device, source, track, results, findings, .. } = patrol;
    let mut text = format!(
        "{code}\n{role:?} {unit:?} {person:?} {alley:?} {point:?}\n{} {} {device:?} {}\n",
        started_at.0,
        ended_at.0,
        source.identifier()
    );
    // Writing to a string never fails.
    for fix in track {
        let ([lon, lat], accuracy) = (fix.lon_lat, fix.accuracy_m);
        let _written = writeln!(text, "{lon} {lat} {} {accuracy:?}", fix.at.0);
    }
    for result in results {
        let NewResult { looked, passed, alley, point, checked_at, note } = result;
        let Looked { checklist, version, item } = looked;
        let at = checked_at.map(|at| at.0);
        let _written = writeln!(
            text,
            "r {checklist:?} {version:?} {item:?} {passed} {alley:?} {point:?} {at:?} {note:?}"
        );
    }
    for finding in findings {
        let NewFinding { looked, alley, about, found_at, note } = finding;
        let looked = looked.as_ref().map(|one| (&one.checklist, &one.version, &one.item));
        let about = match about {
            About::Nothing => String::new(),
            About::Known(point) => format!("known {point:?}"),
            About::Reported { point, event } => format!("reported {point} {event:?}"),
        };
        let at = found_at.map(|at| at.0);
        let _written = writeln!(text, "f {looked:?} {alley:?} {about} {at:?} {note:?}");
    }
    Digests::of(text.as_bytes()).sha256
}
