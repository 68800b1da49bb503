//! Paths of household files.

use engine::clues::MAX_CLUES_PAGE;
use serde_json::{Map, Value, json};

use super::parts::{
    answers, binary, format_parameter, parameter, path_parameter, schema, shared, text,
};
use crate::clues::CLUES;
use crate::negotiate::{CSV, GEOJSON, HTML, JSON, XLSX};
use crate::routes::dossier_photos::{ENDING, MAX_TITLE, TAKEN};
use crate::routes::dossier_sheets::{PDF, PNG, SVG};
use crate::routes::dossiers::{DEFAULT_FILES, FILES, LISTS, MAX_FILES};
use crate::state::App;

const TAG: &str = "Ledger";

/// Adds them to `paths`, where this server has definitions.
pub fn add_paths(paths: &mut Map<String, Value>, app: &App) {
    let Some(dossiers) = &app.settings.dossiers else { return };
    let set = dossiers.set();
    let kinds: Vec<&str> = set.subjects.iter().map(|subject| subject.kind.as_str()).collect();
    let kind = || {
        let kinds = json!({ "type": "string", "enum": kinds });
        parameter("kind", "what files are of; households when absent", kinds)
    };
    let unit = || parameter("unit", "code of a village or town", text());
    let files = |json: Value| {
        [
            (JSON.media_type, json),
            (HTML.media_type, text()),
            (CSV.media_type, text()),
            (XLSX.media_type, binary()),
        ]
    };
    let mut add = |path: &str, mut operation: Value, example: Option<(&str, Value)>| {
        operation["tags"] = json!([TAG]);
        if let Some((media_type, example)) = example {
            operation["responses"]["200"]["content"][media_type]["example"] = example;
        }
        paths.insert(path.to_owned(), json!({ "get": operation }));
    };
    let limit = json!({
        "type": "integer", "minimum": 1, "maximum": MAX_FILES, "default": DEFAULT_FILES
    });
    add(
        "/dossiers",
        json!({
            "operationId": "getDossiers",
            "summary": "household files (一户一档), each with how complete it is and what is missing",
            "parameters": [
                kind(), unit(),
                parameter("complete", "only complete files, or only others", json!({ "type": "boolean" })),
                parameter("limit", "most files; of CSV and XLSX 10000 when absent", limit),
                shared("offset"), shared("as-of"), format_parameter(&LISTS)
            ],
            "responses": answers("a page of files", &files(schema("Dossiers")))
        }),
        Some((JSON.media_type, list_example())),
    );
    let levels: Vec<&str> = set.units.iter().map(|layer| layer.level.as_str()).collect();
    let level = json!({ "type": "string", "enum": levels });
    add(
        "/dossiers/completeness",
        json!({
            "operationId": "getDossierCompleteness",
            "summary": "how complete files are, by village or town (以镇域为单位), of none (未落界) and together",
            "parameters": [
                kind(), unit(), parameter("level", "of which units; the coarsest when absent", level),
                shared("as-of"), format_parameter(&LISTS)
            ],
            "responses": answers("figures by unit", &files(schema("DossierCompleteness")))
        }),
        Some((JSON.media_type, completeness_example())),
    );
    let bbox =
        json!({ "type": "array", "items": { "type": "number" }, "minItems": 4, "maxItems": 4 });
    let mut bbox = parameter("bbox", "west,south,east,north in degrees", bbox);
    bbox["explode"] = json!(false);
    let limit = json!({
        "type": "integer", "minimum": 1, "maximum": MAX_CLUES_PAGE, "default": CLUES
    });
    let content = [(GEOJSON.media_type, schema("Clues")), (HTML.media_type, text())];
    add(
        "/dossiers/uncovered",
        json!({
            "operationId": "getUncovered",
            "summary": "buildings in no file (全覆盖) as features, with the share of those in one by village",
            "parameters": [
                bbox, parameter("unit", "code of a unit of administration", text()),
                parameter("limit", "how many", limit), shared("offset"), shared("as-of"),
                format_parameter(&[&GEOJSON, &HTML])
            ],
            "responses": answers("buildings that nobody's file has (疑似线索)", &content)
        }),
        Some((GEOJSON.media_type, uncovered_example())),
    );
    let id = || path_parameter("dossierId", "number of a household, or of another subject", text());
    let sheets = [(SVG.media_type, text()), (PNG.media_type, binary()), (PDF.media_type, binary())];
    let file = [(JSON.media_type, schema("Dossier")), (HTML.media_type, text())];
    let content: Vec<(&str, Value)> = file.into_iter().chain(sheets.clone()).collect();
    let drawn = || {
        let whole = |least: u64, most: u64, otherwise: u64| json!({ "type": "integer", "minimum": least, "maximum": most, "default": otherwise });
        let paper = json!({ "type": "string", "enum": ["A4", "A3"], "default": "A4" });
        [
            parameter("paper", "of a sheet", paper),
            parameter("page", "which page of an SVG or PNG", whole(1, 10_000, 1)),
            parameter("dpi", "dots an inch of a PNG", whole(36, 400, 150)),
        ]
    };
    add(
        "/dossiers/{dossierId}",
        json!({
            "operationId": "getDossier",
            "summary": "one file: parcels with boundary points, 四至, overlaps and red lines, buildings with \
                what lies outside their parcel, photos, points, history; each number with its method and CRS",
            "parameters": ([&[id(), kind(), shared("as-of"), format_parameter(&FILES)][..], &drawn()].concat()),
            "responses": answers("the file", &content)
        }),
        Some((JSON.media_type, example())),
    );
    for (sheet, number) in sheets.into_iter().zip(["Svg", "Png", "Pdf"]) {
        add(
            &format!("/dossiers/{{dossierId}}.{}", number.to_ascii_lowercase()),
            json!({
                "operationId": format!("getDossier{number}"),
                "summary": "the sheet of a file (分户院落图), one a parcel, to scale",
                "parameters": ([&[id(), kind(), shared("as-of")][..], &drawn()].concat()),
                "responses": answers("the sheet", &[sheet])
            }),
            None,
        );
    }
    let photo = path_parameter("photo", "code of a photo of the file", text());
    let content = [("image/jpeg", binary()), ("image/png", binary())];
    add(
        "/dossiers/{dossierId}/photos/{photo}",
        json!({
            "operationId": "getDossierPhoto",
            "summary": "a photo of a file, without what its camera says of person, place and device",
            "parameters": [id(), photo, kind(), shared("as-of")],
            "responses": answers("the photo", &content)
        }),
        None,
    );
    if app.settings.offers_edits {
        let path = format!("/dossiers/{{dossierId}}{ENDING}");
        paths.insert(path, json!({ "post": keep_photo(app, vec![id(), kind()]) }));
    }
}

/// How a photo is sent.
fn keep_photo(app: &App, mut parameters: Vec<Value>) -> Value {
    let bytes = json!({
        "type": "string", "format": "binary", "maxLength": app.settings.max_evidence_bytes
    });
    let content: Map<String, Value> = TAKEN
        .into_iter()
        .map(|format| (format.media_type().to_owned(), json!({ "schema": bytes })))
        .collect();
    let title = json!({ "type": "string", "minLength": 1, "maxLength": MAX_TITLE });
    let time = json!({ "type": "string", "format": "date-time" });
    let hash = json!({ "type": "string", "pattern": "^[0-9A-Fa-f]{64}$" });
    parameters.extend([
        parameter("title", "what it shows", title),
        parameter("captured_at", "when it was taken", time),
        parameter("sha256", "what the bytes must have, so that none is lost on the way", hash),
    ]);
    let kept = json!({
        "description": "the photo as it is kept; 200 when it was there already",
        "headers": { "Location": {
            "description": "where its bytes are", "schema": { "type": "string" }
        } },
        "content": { JSON.media_type: { "schema": schema("KeptPhoto"), "example": {
            "revision": 42, "outcome": "new", "photo": {
                "code": "H110115190212-00001-1/ba7816bf8f01cfea",
                "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
                "href": "/dossiers/H110115190212-00001-1/photos/H110115190212-00001-1%2Fba7816bf8f01cfea?kind=household"
            }
        } } }
    });
    let problem = json!({ "$ref": "#/components/responses/Problem" });
    json!({
        "operationId": "keepDossierPhoto", "tags": [TAG],
        "summary": "a photo of the subject of a file, sent as it is; the same bytes sent again change nothing",
        "parameters": parameters,
        "requestBody": { "required": true, "content": content },
        "responses": { "200": kept, "201": kept, "4XX": problem, "5XX": problem }
    })
}

/// `components/schemas` of these paths.
pub fn schemas() -> Map<String, Value> {
    let count = || json!({ "type": "integer", "minimum": 0 });
    let list = |items: Value| json!({ "type": "array", "items": items });
    let object = |properties: Value| json!({ "type": "object", "properties": properties });
    let open = || json!({ "type": "object", "additionalProperties": true });
    let links = || list(schema("Link"));
    let maybe = || json!({ "type": "number", "nullable": true });
    let line = || {
        object(json!({
            "code": text(), "name": text(), "files": count(), "complete": count(),
            "share": maybe(), "parts": list(open())
        }))
    };
    Map::from_iter([
        (
            "Dossiers".to_owned(),
            object(json!({
                "revision": count(), "subject": open(), "numberMatched": count(),
                "numberReturned": count(), "files": list(object(json!({
                    "id": text(), "fid": count(), "name": { "type": "string", "nullable": true },
                    "units": list(open()), "completeness": open(), "href": text()
                }))), "links": links()
            })),
        ),
        (
            "DossierCompleteness".to_owned(),
            object(json!({
                "revision": count(), "subject": open(),
                "level": { "type": "string", "nullable": true },
                "whole": line(), "units": list(line()), "outside": line(), "links": links()
            })),
        ),
        (
            "KeptPhoto".to_owned(),
            object(json!({
                "revision": count(), "outcome": { "type": "string", "enum": ["new", "again"] },
                "photo": object(json!({ "code": text(), "sha256": text(), "href": text() }))
            })),
        ),
        (
            "Dossier".to_owned(),
            object(json!({
                "revision": count(), "subject": open(), "units": list(open()),
                "fields": list(open()),
                "personal": { "type": "array", "nullable": true, "items": open() },
                "completeness": open(), "shares": list(open()), "parcels": list(open()),
                "buildings": list(open()), "floors": list(open()),
                "line": { "type": "object", "nullable": true, "additionalProperties": true },
                "photos": list(open()), "points": list(open()),
                "enforcement": { "type": "array", "nullable": true, "items": open() },
                "history": list(open()), "notes": list(text()), "links": links()
            })),
        ),
    ])
}

fn completeness() -> Value {
    json!({
        "share": 0.8, "complete": false,
        "parts": [
            { "part": "parcel", "title": "宗地", "weight": 4, "there": true },
            { "part": "share", "title": "份额", "weight": 1, "there": false }
        ]
    })
}

fn list_example() -> Value {
    json!({
        "revision": 41,
        "subject": {
            "kind": "household", "title": "户", "collection": "households", "edition": "2026-11",
            "basis": "template", "source": "自拟：宗地、建筑、照片与门牌齐全为完整"
        },
        "numberMatched": 1, "numberReturned": 1,
        "files": [{
            "id": "H110115190212-00001-1", "fid": 1, "name": "1号",
            "units": [{ "level": "village", "code": "110115190212", "name": "示例村" }],
            "completeness": completeness(),
            "href": "/dossiers/H110115190212-00001-1?kind=household"
        }],
        "links": []
    })
}

fn completeness_example() -> Value {
    let line = |code: &str, name: &str, files: u64| {
        json!({
            "code": code, "name": name, "files": files, "complete": 0,
            "share": (files > 0).then_some(0.8),
            "parts": [{ "part": "parcel", "title": "宗地", "there": files }]
        })
    };
    json!({
        "revision": 41,
        "subject": {
            "kind": "household", "title": "户", "collection": "households", "edition": "2026-11",
            "basis": "template", "source": "自拟：宗地、建筑、照片与门牌齐全为完整"
        },
        "level": "town", "whole": line("", "", 1),
        "units": [line("110115190000", "示例镇", 1)], "outside": line("", "未落界", 0), "links": []
    })
}

fn uncovered_example() -> Value {
    json!({
        "type": "FeatureCollection",
        "rule": {
            "code": "uncovered", "name": "疑似无档建筑", "kind": "no_file", "edition": "2026-11",
            "basis": "template", "source": "自拟：宗地、建筑、照片与门牌齐全为完整",
            "parameters": { "buildings": "buildings", "parcels": "parcels", "parcel_key": "ZDDM" },
            "inputs": [
                { "collection": "buildings", "fields": [], "needed": true, "there": true },
                { "collection": "parcels", "fields": ["ZDDM"], "needed": true, "there": true }
            ],
            "ready": true, "missing": []
        },
        "revision": 41, "date": "2026-11-22", "numberMatched": 0, "numberReturned": 0, "offset": 0,
        "features": [],
        "shares": [
            { "code": "110115190201", "name": "甲子村", "buildings": 1446, "without": 0, "share": 0.0 }
        ],
        "links": []
    })
}

fn example() -> Value {
    json!({
        "revision": 41,
        "subject": {
            "kind": "household", "title": "户", "id": "H110115190212-00001-1", "name": "1号",
            "collection": "households", "fid": 1, "href": "/collections/households/items/1",
            "lonLat": [116.34, 39.71]
        },
        "units": [], "fields": [{ "field": "door_no", "title": "门牌号", "value": "1号" }],
        "personal": null, "completeness": completeness(), "shares": [],
        "parcels": [{
            "code": "110115019212JC00001", "fid": 1, "via": "field", "households": [],
            "fields": [], "crs": "EPSG:4548",
            "area": {
                "value": 212.4518, "unit": "m2", "method": "planar_area",
                "methodText": "投影平面面积，按原始界址点坐标", "crs": "EPSG:4548"
            },
            "boundary": {
                "points": [{
                    "point": "J1", "east": 443_402.117, "north": 4_396_012.335,
                    "lonLat": [116.339_812_41, 39.701_123_34], "to": "J2", "edge": 12.405,
                    "surveyed": { "number": "J12", "kind": "1", "apart": 0.004 }
                }],
                "misclosure": [0.0, 0.0]
            },
            "sides": [{ "toward": "东", "text": "2号（17.31米）", "borders": [] }],
            "overlaps": [], "redLines": [], "change": null, "goneBuildings": [],
            "ortho": {
                "collection": "ortho", "href": "/collections/ortho/tiles/WebMercatorQuad", "zoom": 18,
                "metresPerPixel": 0.4588, "extent": [443_380.0, 4_395_990.0, 443_425.0, 4_396_035.0],
                "crs": "EPSG:4548", "source": "示意影像", "captured": null
            }
        }],
        "buildings": [], "floors": [], "line": null, "photos": [], "points": [],
        "enforcement": null, "history": [], "notes": [], "links": []
    })
}
