//! Paths of indicators: figures of the ledger, and how far units are with their targets.

use serde_json::{Map, Value, json};

use super::parts::{
    answers, binary, format_parameter, parameter, path_parameter, schema, shared, text,
};
use crate::indicators::{DEPTH, FOCUS_AREA, INDICATOR, MAX_DEPTH};
use crate::negotiate::{CSV, HTML, JSON, XLSX};
use crate::routes::indicators::OFFERS;
use crate::routes::{MAPBOX_STYLE, QML};
use crate::state::App;

const TAG: &str = "Ledger";

/// Adds them to `paths`, of a store that has a ledger.
pub fn add_paths(paths: &mut Map<String, Value>, app: &App) {
    let Some(indicators) = app.settings.indicators.as_ref().filter(|_| app.engine.has_ledger())
    else {
        return;
    };
    let codes: Vec<&str> =
        indicators.definitions.all().iter().map(|definition| definition.code.as_str()).collect();
    let day = || json!({ "type": "string", "format": "date" });
    let depth = json!({ "type": "integer", "minimum": 0, "maximum": MAX_DEPTH, "default": DEPTH });
    let rank = json!({ "type": "string", "enum": codes });
    let parameters = json!([
        parameter("unit", "code of the unit that is the whole; all when absent", text()),
        parameter(
            FOCUS_AREA,
            "code of the focus area (重点区域、片区), as it was drawn at that moment, that all lies in; \
             of figures alone: targets are of units",
            text(),
        ),
        parameter("task", "only points and targets of this task", text()),
        parameter(
            INDICATOR,
            "codes of the indicators that are told, by commas between, or all; when absent those that \
             are not `by_name`, which take long",
            text(),
        ),
        shared("as-of"),
        parameter("from", "first day of the window, in Asia/Shanghai", day()),
        parameter("to", "last day of the window, which belongs to it", day()),
        parameter(
            "year",
            "the window as a year, quarter or month of Asia/Shanghai, as in 2026, 2026-Q3, 2026-09; \
             without it and from and to the year of the moment",
            text(),
        ),
        parameter("depth", "how many levels below the unit are told", depth),
        parameter("rank", "rank the parts of the unit by this indicator", rank),
        format_parameter(&OFFERS)
    ]);
    let style = json!({ "type": "string", "enum": ["mapbox", "json", "qml"], "default": "mapbox" });
    let client = json!({ "type": "string", "enum": ["maplibre", "qgis"], "default": "maplibre" });
    let code = json!({ "type": "string", "enum": codes });
    let of_style = [
        path_parameter("indicator", "code of an indicator", code),
        parameter("f", "MapLibre style, or QML for layers of QGIS's own", style),
        parameter("client", "for whom the style is", client),
    ];
    // Those of figures, but for the choice, the ranking and the encodings.
    let of_figures = parameters.as_array().into_iter().flatten();
    let of_figures = of_figures
        .filter(|one| !["rank", INDICATOR, "f"].iter().any(|name| one["name"] == *name))
        .cloned();
    let of_style: Vec<Value> = of_style.into_iter().chain(of_figures).collect();
    let mut styled = json!({
        "operationId": "getIndicatorStyle", "tags": [TAG],
        "summary": "a style that colours the units of one level by an indicator, in five classes of \
            equal width between the least and the most; units without a figure are grey",
        "parameters": of_style,
        "responses": answers("the style", &[(MAPBOX_STYLE, schema("Object")), (QML, text())])
    });
    styled["responses"]["200"]["content"][MAPBOX_STYLE]["example"] = style_example();
    paths.insert("/indicators/{indicator}/style".to_owned(), json!({ "get": styled }));
    let operation = |id: &str, summary: &str, told: &str, example: Value| {
        let content = [
            (JSON.media_type, schema(told)),
            (CSV.media_type, text()),
            (XLSX.media_type, binary()),
            (HTML.media_type, text()),
        ];
        let mut responses = answers(summary, &content);
        responses["200"]["content"][JSON.media_type]["example"] = example;
        json!({ "get": {
            "operationId": id, "tags": [TAG], "summary": summary, "parameters": parameters,
            "responses": responses
        } })
    };
    let summary = "indicators of a unit, of its parts and of what lies in none (未落界)";
    let figures = operation("getIndicators", summary, "Indicators", figures_example());
    paths.insert("/indicators".to_owned(), figures);
    let summary = "how far units are with their targets against the time, with lamps and reasons";
    let targets = operation("getTargets", summary, "TargetProgress", targets_example());
    paths.insert("/targets".to_owned(), targets);
}

/// `components/schemas` of these paths.
pub fn schemas() -> Map<String, Value> {
    let list = |items: Value| json!({ "type": "array", "items": items });
    let amount = || {
        json!({
            "oneOf": [{ "type": "number" }, { "type": "string" }], "nullable": true,
            "description": "exact; a text where it is beyond what numbers of JSON hold"
        })
    };
    let number = || json!({ "type": "number", "nullable": true });
    let no_value = || {
        json!({
            "type": "object",
            "required": ["code", "reason"],
            "properties": {
                "code": { "type": "string", "enum": [
                    "zero_denominator", "no_target", "no_points", "not_given", "no_weights",
                    "part_without_value", "too_large"
                ] },
                "reason": text()
            }
        })
    };
    let figure = json!({
        "type": "object",
        "required": ["numerator", "denominator", "value"],
        "properties": {
            "numerator": amount(), "denominator": amount(),
            "value": {
                "oneOf": [{ "type": "number" }, { "type": "string" }], "nullable": true,
                "description": "in the unit of measure, rounded to its decimals"
            },
            "noValue": no_value()
        }
    });
    let definition = json!({
        "type": "object",
        "required": ["code", "name", "definition", "unitOfMeasure", "basis", "source"],
        "properties": {
            "code": text(), "name": text(), "definition": text(), "unitOfMeasure": text(),
            "counted": { "type": "string", "enum": ["pieces", "m2"] },
            "decimals": { "type": "integer" },
            "extent": { "type": "string", "enum": ["stock", "flow"] },
            "better": { "type": "string", "enum": ["more", "less"] },
            "basis": { "type": "string", "enum": ["official", "local", "template"] },
            "basisName": text(), "source": text()
        }
    });
    let row = json!({
        "type": "object",
        "required": ["unit", "name", "depth", "figures"],
        "properties": {
            "unit": { "type": "string", "nullable": true }, "name": text(),
            "within": { "type": "string", "description": "of the row 未落界: in no part of this unit" },
            "depth": { "type": "integer" },
            "figures": { "type": "object", "additionalProperties": schema("IndicatorFigure") }
        }
    });
    let sum = json!({
        "type": "object",
        "description": "a sum over records beside the points that indicators ask for, in words",
        "required": ["name", "collection", "definition"],
        "properties": { "name": text(), "collection": text(), "definition": text() }
    });
    let ranking = json!({
        "type": "object",
        "required": ["indicator", "units"],
        "properties": {
            "indicator": text(),
            "units": list(json!({
                "type": "object",
                "properties": {
                    "place": { "type": "integer", "nullable": true },
                    "ties": { "type": "integer" },
                    "unit": text(), "name": text(), "value": number(), "noValue": no_value()
                }
            }))
        }
    });
    let line = || json!({ "type": "string", "nullable": true });
    let report = json!({
        "type": "object", "nullable": true,
        "description": "the latest report of progress that the unit sent, with its difficulties \
            (困难和问题) and award (奖补)",
        "properties": {
            "code": line(), "task": line(), "periodTo": line(), "difficulties": line(),
            "awardYuan": number(), "reportedAt": line()
        }
    });
    let progress = json!({
        "type": "object",
        "required": ["unit", "indicator", "planned", "done", "ratePercent", "timePercent", "lamp"],
        "properties": {
            "unit": text(), "name": text(), "depth": { "type": "integer" }, "indicator": text(),
            "planned": amount(), "done": amount(), "ratePercent": number(),
            "timePercent": {
                "type": "number", "nullable": true,
                "description": "how much of what is planned is due by the timetables of the targets"
            },
            "noValue": no_value(),
            "lamp": { "type": "string", "enum": ["green", "yellow", "red"], "nullable": true },
            "reason": { "type": "string", "nullable": true },
            "report": report
        }
    });
    let days = |what: &str| json!({ "type": "number", "nullable": true, "description": what });
    let cleared = json!({
        "type": "object",
        "description": "a task that is to be cleared as it comes (动态清零) at a unit",
        "required": ["unit", "task", "days", "open", "late", "closed", "lamp"],
        "properties": {
            "unit": text(), "name": text(), "depth": { "type": "integer" }, "task": text(),
            "days": { "type": "integer" }, "open": { "type": "integer" },
            "late": { "type": "integer" }, "closed": { "type": "integer" },
            "oldestDays": days("how long the oldest open point has been so"),
            "medianDays": days("how long closing took, of what was closed in the window"),
            "lamp": { "type": "string", "enum": ["green", "yellow", "red"] },
            "reason": { "type": "string", "nullable": true }
        }
    });
    let told = |own: Value| {
        let mut properties = json!({
            "revision": { "type": "integer", "minimum": 0 },
            "asOf": { "type": "string", "format": "date-time" },
            "day": { "type": "string", "format": "date" },
            "window": {
                "type": "object",
                "description": "first and last day, and the same as moments; the end is not in it",
                "properties": {
                    "from": text(), "to": text(), "start": text(), "end": text(),
                    "default": { "type": "boolean" }
                }
            },
            "unit": { "type": "object", "properties": { "code": text(), "name": text() } },
            "focusArea": {
                "type": "object", "nullable": true,
                "properties": { "code": text(), "name": text() }
            },
            "task": { "type": "string", "nullable": true },
            "depth": { "type": "integer" },
            "units": { "type": "string", "enum": ["admin_units", "codes"] },
            "edition": text(),
            "tasks": list(text()),
            "indicators": list(definition.clone()),
            "ranking": ranking.clone(),
            "links": list(json!({ "type": "object" }))
        });
        if let (Some(all), Value::Object(own)) = (properties.as_object_mut(), own) {
            all.extend(own);
        }
        json!({
            "type": "object",
            "required": ["revision", "asOf", "window", "unit", "edition", "indicators", "links"],
            "properties": properties
        })
    };
    Map::from_iter([
        ("IndicatorFigure".to_owned(), figure),
        ("Indicators".to_owned(), told(json!({ "sums": list(sum), "rows": list(row) }))),
        (
            "TargetProgress".to_owned(),
            told(json!({
                "targets": list(progress), "clearings": list(cleared),
                "leftOut": list(json!({ "type": "object" }))
            })),
        ),
    ])
}

fn style_example() -> Value {
    json!({
        "version": 8, "name": "销账率（%）",
        "sources": { "tuban": {
            "type": "vector", "url": "http://127.0.0.1:8080/xyz/admin_units/tilejson.json"
        } },
        "layers": [{
            "id": "admin_units-fill-0", "type": "fill",
            "source": "tuban", "source-layer": "admin_units",
            "filter": ["all", ["in", ["get", "code"], ["literal", ["110115190", "110115191"]]]],
            "paint": {
                "fill-color": [
                    "match", ["get", "code"], ["110115190"], "#fde725", ["110115191"], "#440154",
                    "#c4c9cd"
                ],
                "fill-opacity": 0.55, "fill-outline-color": "#41484e"
            },
            "metadata": {
                "tuban:legend": {
                    "zh": ["40–44 %", "56–60 %", "无数值"], "en": ["40–44 %", "56–60 %", "no figure"]
                },
                "tuban:indicator": { "name": "销账率", "unitOfMeasure": "%" }
            }
        }]
    })
}

fn example(indicator: Value, own: Value) -> Value {
    let mut example = json!({
        "revision": 41,
        "asOf": "2026-11-22T08:00:00.000Z",
        "day": "2026-11-22",
        "window": {
            "from": "2026-01-01", "to": "2026-12-31",
            "start": "2025-12-31T16:00:00.000Z", "end": "2026-12-31T16:00:00.000Z",
            "default": true
        },
        "unit": { "code": "110115", "name": "大兴区" },
        "focusArea": null,
        "task": null,
        "depth": 1,
        "units": "admin_units",
        "edition": "2026-01",
        "tasks": ["CW", "KQ"],
        "indicators": [indicator],
        "links": []
    });
    if let (Some(all), Value::Object(own)) = (example.as_object_mut(), own) {
        all.extend(own);
    }
    example
}

fn figures_example() -> Value {
    let definition = json!({
        "code": "closing_rate", "name": "销账率",
        "definition": "销账率 = 点位数（已销账） ÷ 点位数，本年及上年结转点位",
        "unitOfMeasure": "%", "counted": "pieces", "decimals": 2, "extent": "stock",
        "better": "more", "basis": "template", "basisName": "自拟口径", "source": "自拟"
    });
    let row = |unit: Value, name: &str, depth: u8, closed: u8, all: u8, value: Value| {
        let mut figure = json!({ "numerator": closed, "denominator": all, "value": value });
        if all == 0 {
            figure["noValue"] = json!({ "code": "zero_denominator", "reason": "分母为零" });
        }
        json!({
            "unit": unit, "name": name, "depth": depth, "figures": { "closing_rate": figure }
        })
    };
    let mut rest = row(Value::Null, "未落界", 1, 0, 0, Value::Null);
    rest["within"] = json!("110115");
    let rows = json!([
        row(json!("110115"), "大兴区", 0, 3, 4, json!(75)),
        row(json!("110115190"), "示例镇", 1, 3, 4, json!(75)),
        rest
    ]);
    let sum = json!({
        "name": "期内诉求", "collection": "complaints",
        "definition": "期内诉求 = complaints 的行数（occurred_at 在期内），按落界归属"
    });
    example(definition, json!({ "sums": [sum], "rows": rows }))
}

fn targets_example() -> Value {
    let definition = json!({
        "code": "completion_area", "name": "完成率（建筑面积）",
        "definition": "完成率（建筑面积） = 期内完成建筑面积 ÷ 目标值",
        "unitOfMeasure": "%", "counted": "m2", "decimals": 2, "extent": "flow",
        "better": "more", "basis": "template", "basisName": "自拟口径", "source": "自拟"
    });
    let target = json!({
        "unit": "110115190", "name": "示例镇", "depth": 1, "indicator": "completion_area",
        "planned": 10_000, "done": 9_500.5, "ratePercent": 95.01, "timePercent": 89.13,
        "lamp": "green", "reason": null,
        "report": {
            "code": "B-2026-11-005", "task": "CW", "periodTo": "2026-10-31",
            "difficulties": "安置房源不足", "awardYuan": 20_000,
            "reportedAt": "2026-11-01T01:00:00.000Z"
        }
    });
    let cleared = json!({
        "unit": "110115190", "name": "示例镇", "depth": 1, "task": "ZD", "days": 45, "open": 3,
        "late": 1, "oldestDays": 50, "closed": 12, "medianDays": 8.5, "lamp": "red",
        "reason": "动态清零：在账 3，其中超过 45 天的 1，最久 50 天；目标为零"
    });
    example(definition, json!({ "targets": [target], "clearings": [cleared], "leftOut": [] }))
}
