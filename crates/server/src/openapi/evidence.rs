//! Paths of photos and documents.

use formats::PhotoFormat;
use ledger::rows::evidence::{EvidenceKind, Phase, PositionSource, fields};
use ledger::rows::{ID, MAX_ACCURACY_M};
use serde_json::{Map, Value, json};
use spatial::FieldClass;

use super::parts::{answers, path_parameter, schema, shared, text};
use super::points::properties;
use crate::negotiate::JSON;
use crate::routes::evidence::ENDING;
use crate::state::App;

const TAG: &str = "Ledger";

/// Adds them to `paths`, of a store that keeps evidence.
pub fn add_paths(paths: &mut Map<String, Value>, app: &App) {
    if !app.engine.has_evidence() {
        return;
    }
    let mut responses = answers("the list", &[(JSON.media_type, schema("EvidenceList"))]);
    responses["200"]["content"][JSON.media_type]["example"] = json!({
        "revision": 12, "point": "01990000-0000-7000-8000-000000000001",
        "evidence": [example()["evidence"]], "links": []
    });
    let list = json!({
        "operationId": "getPointEvidence", "tags": [TAG],
        "summary": "photos and documents of a point, with their hashes, how far from the point they \
            were taken, and where their bytes are",
        "parameters": [point(), shared("as-of")],
        "responses": responses
    });
    let mut of_point = json!({ "get": list });
    if app.settings.offers_edits {
        of_point["post"] = keep(app);
    }
    paths.insert(format!("/points/{{id}}{ENDING}"), of_point);
    let bytes = json!({
        "operationId": "getEvidence", "tags": [TAG],
        "summary": "the bytes of a photo or document; of a photo a copy without EXIF and other \
            notes, but for which way is up. Its tag is the SHA-256 of what was sent",
        "parameters": [path_parameter("id", "id of a piece of evidence", text())],
        "responses": answers("the bytes", &PhotoFormat::ALL.map(|format| {
            (format.media_type(), json!({ "type": "string", "format": "binary" }))
        }))
    });
    paths.insert("/evidence/{id}".to_owned(), json!({ "get": bytes }));
}

fn keep(app: &App) -> Value {
    let content: Map<String, Value> = PhotoFormat::ALL
        .into_iter()
        .map(|format| {
            let schema = json!({
                "type": "string", "format": "binary", "maxLength": app.settings.max_evidence_bytes
            });
            (format.media_type().to_owned(), json!({ "schema": schema }))
        })
        .collect();
    let kept = json!({
        "description": "the piece as it is kept; 200 when it was there already",
        "headers": { "Location": {
            "description": "where its bytes are", "schema": { "type": "string" }
        } },
        "content": { JSON.media_type: {
            "schema": schema("KeptEvidence"), "examples": { "photo": { "value": example() } }
        } }
    });
    let problem = json!({ "$ref": "#/components/responses/Problem" });
    json!({
        "operationId": "keepPointEvidence", "tags": [TAG],
        "summary": "a photo or document of a point, sent as it is; sent again under the same id it \
            changes nothing, and other bytes under a known id are refused",
        "parameters": parameters(),
        "requestBody": { "required": true, "content": content },
        "responses": { "200": kept, "201": kept, "4XX": problem, "5XX": problem }
    })
}

fn parameters() -> Vec<Value> {
    let words = |all: Vec<&str>| json!({ "type": "string", "enum": all });
    let number =
        |least: f64, most: f64| json!({ "type": "number", "minimum": least, "maximum": most });
    let uuid = json!({ "type": "string", "format": "uuid" });
    let hash = json!({ "type": "string", "pattern": "^[0-9A-Fa-f]{64}$" });
    let time = json!({ "type": "string", "format": "date-time" });
    let kinds = words(EvidenceKind::ALL.map(EvidenceKind::identifier).to_vec());
    let phases = words(Phase::ALL.map(Phase::identifier).to_vec());
    let sources = words(PositionSource::ALL.map(PositionSource::identifier).to_vec());
    let told = [
        ("kind", "photo or document; by its format when absent", kinds, json!("photo")),
        ("phase", "what of the point's history it shows", phases, json!("after")),
        (
            "sha256",
            "what the bytes must have, so that none is lost on the way",
            hash,
            json!("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ),
        ("captured_at", "when it was taken", time, json!("2026-09-01T09:30:00+08:00")),
        ("lon", "longitude where it was taken, as given", number(-180.0, 180.0), json!(116.3447)),
        ("lat", "latitude where it was taken, as given", number(-90.0, 90.0), json!(39.7299)),
        (
            "crs_src",
            "what the position is of; phone maps hand out GCJ-02",
            sources,
            json!("GCJ-02"),
        ),
        ("accuracy_m", "how far off it may be, metres", number(0.0, MAX_ACCURACY_M), json!(8)),
        ("device", "what took it", text(), json!("执法终端 07")),
    ];
    let parameter = |(name, about, schema, example): (&str, &str, Value, Value)| {
        json!({
            "name": name, "in": "query", "required": name == ID, "style": "form",
            "explode": false, "description": about, "schema": schema, "example": example
        })
    };
    let id = ("id", "a UUID of version 7, made by the client; events name it", uuid, example_id());
    let mut parameters = vec![point(), parameter(id)];
    parameters.extend(told.into_iter().map(parameter));
    parameters
}

/// `components/schemas` of these paths.
pub fn schemas() -> Map<String, Value> {
    let mut piece = properties(&fields());
    piece.insert("href".to_owned(), json!({ "type": "string", "description": "its bytes" }));
    let pieces = json!({ "type": "array", "items": schema("Evidence") });
    let mut schemas = Map::new();
    schemas.insert(
        "Evidence".to_owned(),
        json!({
            "type": "object", "properties": piece,
            "description": "a photo or document of a point; where exactly it was taken, and by which \
                device, is not for everyone"
        }),
    );
    schemas.insert(
        "EvidenceList".to_owned(),
        json!({
            "type": "object", "required": ["revision", "point", "evidence", "links"],
            "properties": {
                "revision": { "type": "integer" }, "point": { "type": "string" },
                "evidence": pieces,
                "links": { "type": "array", "items": schema("Link") }
            }
        }),
    );
    schemas.insert(
        "KeptEvidence".to_owned(),
        json!({
            "type": "object", "required": ["revision", "outcome", "evidence"],
            "properties": {
                "revision": { "type": "integer" },
                "outcome": { "type": "string", "enum": ["new", "again"] },
                "evidence": schema("Evidence")
            }
        }),
    );
    schemas
}

fn point() -> Value {
    path_parameter("id", "id of a point, or its number on the ledger", text())
}

fn example_id() -> Value {
    json!("01990000-0000-7000-8000-00000000000b")
}

/// A piece that was just kept.
fn example() -> Value {
    let mut piece = Map::new();
    for field in fields().iter().filter(|field| field.class <= FieldClass::L1) {
        let value = match field.name.as_str() {
            ID => example_id(),
            "point" => json!("01990000-0000-7000-8000-000000000001"),
            "kind" => json!("photo"),
            "phase" => json!("after"),
            "media_type" => json!("image/jpeg"),
            "bytes" => json!(3),
            "sha256" => json!("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            "sm3" => json!("66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"),
            "captured_at" => json!("2026-09-01T01:30:00.000Z"),
            "received_at" => json!("2026-09-01T01:31:07.250Z"),
            "crs_src" => json!("GCJ-02"),
            "distance_m" => json!(12.4),
            "far" => json!(false),
            "actor" => json!("local"),
            _ => Value::Null,
        };
        piece.insert(field.name.clone(), value);
    }
    piece.insert(
        "href".to_owned(),
        json!("http://127.0.0.1:8080/evidence/01990000-0000-7000-8000-00000000000b"),
    );
    json!({ "revision": 12, "outcome": "new", "evidence": piece })
}
