//! Evidence as requests tell of it, and as it is told to readers.

use engine::ledger::{NewEvidence, Trace};
use engine::{Defect, Profile, ReadableField};
use formats::PhotoFormat;
use ledger::PointId;
use ledger::point::EvidenceId;
use ledger::rows::evidence::{EvidenceKind, GivenPosition, Phase, PositionSource};
use ledger::rows::{ID, MAX_ACCURACY_M};
use serde_json::{Map, Value as Json, json};
use spatial::{CollectionSnapshot, FeatureId, Timestamp, ValueRef};

use crate::actor::Actor;
use crate::as_of;
use crate::problem::{Code, Problem};
use crate::query_string::QueryString;

/// What a request may say of a piece beside its bytes.
pub const PARAMETERS: [&str; 10] =
    [ID, "kind", "phase", "sha256", "captured_at", "lon", "lat", "crs_src", "accuracy_m", "device"];
/// Longest name of a device, characters.
const MAX_DEVICE: usize = 200;

/// Who sees the bytes of evidence, which may show people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EvidenceReaders {
    /// Whoever reaches a server without accounts; with accounts those that work in the ledger.
    #[default]
    Local,
    /// Accounts that work in the ledger alone.
    Accounts,
}

impl EvidenceReaders {
    /// Refuses who may not see evidence.
    pub fn check(self, actor: &Actor) -> Result<(), Problem> {
        let may = match self {
            Self::Local => actor.is_local() || actor.role().is_some(),
            Self::Accounts => actor.role().is_some(),
        };
        if may {
            return Ok(());
        }
        let (code, detail) = match actor.is_local() {
            true => {
                let way = "photos may show people, and everyone reaches this server; make accounts \
                           with `tuban user add` and ask with a token";
                (Code::TokenRequired, way.to_owned())
            }
            false => {
                let who = actor.account_role_word();
                let way = format!(
                    "the role {who} sees no photos and documents of points; ask for one that works in the ledger"
                );
                (Code::RoleMayNot, way)
            }
        };
        Err(Problem::new(code, detail))
    }
}

/// A piece of evidence of `point`, of what the query says and these bytes.
///
/// # Errors
/// Everything that is wrong with the query, by parameter, and bytes that are no whole photo or
/// document of their format.
pub fn read(
    query: &QueryString,
    (point, actor): (PointId, &Actor),
    format: PhotoFormat,
    bytes: Vec<u8>,
) -> Result<NewEvidence, Problem> {
    let mut read = Reader { query, defects: Vec::new() };
    let id = read.parsed(ID, |text| EvidenceId::try_from(text).map_err(|e| e.to_string()));
    if id.is_none() && query.value(ID).is_none() {
        read.add(ID, "it is missing; make a UUID of version 7");
    }
    let kind = read.named(
        "kind",
        EvidenceKind::from_identifier,
        &EvidenceKind::ALL.map(EvidenceKind::identifier),
    );
    let phase = read.named("phase", Phase::from_identifier, &Phase::ALL.map(Phase::identifier));
    let sha256 = read.parsed("sha256", |text| {
        is_hash(text)
            .then(|| text.to_ascii_lowercase())
            .ok_or("64 hexadecimal digits are expected".to_owned())
    });
    let captured_at: Option<Timestamp> = read.parsed("captured_at", as_of::moment);
    let position = read.position();
    let device = read.parsed("device", |text| {
        let is_fit = text.chars().count() <= MAX_DEVICE && !text.chars().any(char::is_control);
        let wanted = || format!("at most {MAX_DEVICE} characters, none of control, are expected");
        is_fit.then(|| text.to_owned()).ok_or_else(wanted)
    });
    if let Err(broken) = format.stripped(&bytes) {
        read.add("", &format!("{broken}; send the whole file"));
    }
    let Some(id) = id.filter(|_| read.defects.is_empty()) else {
        return Err(Problem::with_defects(Code::InvalidEvidence, read.defects));
    };
    let by_format = match format {
        PhotoFormat::Jpeg | PhotoFormat::Png => EvidenceKind::Photo,
        PhotoFormat::Pdf => EvidenceKind::Document,
    };
    Ok(NewEvidence {
        id,
        point,
        kind: kind.unwrap_or(by_format),
        phase,
        media_type: format.media_type().to_owned(),
        bytes,
        sha256,
        captured_at,
        position,
        device,
        actor: actor.name().to_owned(),
        unit: actor.unit().map(str::to_owned),
    })
}

/// Reads parameters one by one, and keeps what is wrong.
struct Reader<'q> {
    query: &'q QueryString,
    defects: Vec<Defect>,
}

impl Reader<'_> {
    /// Places are pointers into the parameters; that of the body is empty.
    fn add(&mut self, name: &str, problem: &str) {
        let place = if name.is_empty() { String::new() } else { format!("/{name}") };
        self.defects.push(Defect { place, problem: problem.to_owned() });
    }

    fn parsed<T>(&mut self, name: &str, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        match parse(self.query.value(name)?) {
            Ok(value) => Some(value),
            Err(problem) => {
                self.add(name, &problem);
                None
            }
        }
    }

    fn named<T>(
        &mut self,
        name: &str,
        find: impl Fn(&str) -> Option<T>,
        all: &[&str],
    ) -> Option<T> {
        let wanted = format!("it is one of: {}", all.join(", "));
        self.parsed(name, |text| find(text).ok_or_else(|| wanted.clone()))
    }

    fn number(&mut self, name: &str, (least, most): (f64, f64)) -> Option<f64> {
        self.parsed(name, |text| {
            let number = text.trim().parse::<f64>().ok().filter(|n| (least..=most).contains(n));
            number.ok_or_else(|| format!("a number from {least} to {most} is expected"))
        })
    }

    fn position(&mut self) -> Option<GivenPosition> {
        let lon = self.number("lon", (-180.0, 180.0));
        let lat = self.number("lat", (-90.0, 90.0));
        let accuracy_m = self.number("accuracy_m", (0.0, MAX_ACCURACY_M));
        let all = PositionSource::ALL.map(PositionSource::identifier);
        let source = self.named("crs_src", PositionSource::from_identifier, &all);
        let given = ["lon", "lat", "crs_src"].map(|name| self.query.value(name).is_some());
        match given {
            [false, false, _] => {}
            [true, true, true] => {}
            [true, true, false] => {
                let what = format!("say what the position is of: {}", all.join(", "));
                self.add("crs_src", &what);
            }
            [lon, ..] => {
                self.add(if lon { "lat" } else { "lon" }, "both lon and lat are needed, or none");
            }
        }
        Some(GivenPosition { lon_lat: [lon?, lat?], source: source?, accuracy_m })
    }
}

/// Whether a text is a SHA-256, as 64 hexadecimal digits.
pub fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// A piece as everyone sees it, with where its bytes are.
pub fn piece((held, profile): (&CollectionSnapshot, Profile), row: FeatureId, base: &str) -> Json {
    let mut document = Map::new();
    let Some(feature) = held.get(row) else { return Json::Object(document) };
    for (field, declared) in ReadableField::all(held.collection(), profile) {
        let value = match feature.value(field.position()) {
            ValueRef::Null | ValueRef::Bytes(_) => Json::Null,
            ValueRef::Bool(truth) => json!(truth),
            ValueRef::Int(number) => json!(number),
            ValueRef::Real(number) => json!(number),
            ValueRef::Text(text) => json!(text),
        };
        document.insert(declared.name.clone(), value);
    }
    let href = document.get(ID).and_then(Json::as_str).map(|id| format!("{base}/evidence/{id}"));
    document.insert("href".to_owned(), json!(href));
    Json::Object(document)
}

/// Every piece of a traced point.
pub fn pieces(trace: &Trace, profile: Profile, base: &str) -> Vec<Json> {
    let held = trace.evidence.as_ref();
    let rows = trace.pieces.iter();
    held.map_or(Vec::new(), |held| rows.map(|row| piece((held, profile), *row, base)).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use engine::accounts::Account;

    use super::*;
    use crate::access::AccountRole;
    use ledger::point::Roles;

    #[test]
    fn bytes_are_shown_to_whoever_works_in_the_ledger() {
        let actor = |word: &str| {
            let account = Account {
                name: "zhang".try_into().unwrap(),
                display_name: String::new(),
                unit: None,
                role: word.to_owned(),
                created: Timestamp(0),
                disabled: None,
            };
            Actor::of(&account, AccountRole::of_word(word, &Roles::default()), Vec::new())
        };
        for readers in [EvidenceReaders::Local, EvidenceReaders::Accounts] {
            readers.check(&actor("grid_worker")).unwrap();
            for word in ["reader", "administrator", "a newer word"] {
                let refused = readers.check(&actor(word)).unwrap_err();
                assert_eq!(refused.code(), Code::RoleMayNot, "{word}");
            }
        }
        EvidenceReaders::Local.check(&Actor::local()).unwrap();
        let refused = EvidenceReaders::Accounts.check(&Actor::local()).unwrap_err();
        assert_eq!(refused.code(), Code::TokenRequired);
    }
}
