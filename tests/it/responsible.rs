//! Who is responsible at positions on a day, with the real binary: by the day and by what one may
//! read, for one position and for many.

use serde_json::{Value, json};

use crate::places::{city, shop};
use crate::running::{Server, run};

fn answers() -> String {
    let answer = |values: Value| {
        json!({ "type": "Feature", "geometry": null, "properties": values }).to_string()
    };
    let daxing = |role: &str, unit: &str, from: &str, to: &str| {
        answer(json!({
            "role": role, "unit": unit, "person": "张三", "office_phone": "6924-0001",
            "area_collection": "admin_units", "area_code": "110115",
            "valid_from": from, "valid_to": to
        }))
    };
    [
        daxing("责任规划师", "甲院", "2020-01-01", "2024-07-01"),
        daxing("责任规划师", "乙院", "2024-07-01", "2999-01-01"),
    ]
    .join("\n")
}

/// The city of places, and who answers for a district.
fn answered_city() -> (tempfile::TempDir, Server) {
    let (folder, server) = city();
    std::fs::write(folder.path().join("answers.geojsonl"), answers()).unwrap();
    let import =
        &["import", "s.gpkg", "answers.geojsonl", "--collection", "responsibilities", "--append"];
    let loaded = run(folder.path(), import);
    assert_eq!(loaded.code, 0, "{}{}", loaded.out, loaded.err);
    (folder, server)
}

/// Tables, in which positions name everything by id, say what `told` says of each position.
fn check_tables(tables: &Value, told: &Value) {
    let named = |list: &str, ids: &Value| -> Vec<Value> {
        let rows = tables[list].as_array().unwrap();
        let of = |id: &Value| rows.iter().find(|row| row["id"] == *id).unwrap().clone();
        ids.as_array().unwrap().iter().map(of).collect()
    };
    let (positions, here) = (&tables["positions"], told["positions"].as_array().unwrap());
    assert_eq!(positions.as_array().unwrap().len(), here.len());
    for (position, here) in positions.as_array().unwrap().iter().zip(here) {
        assert_eq!(
            (&position["position"], &position["complete"], &tables["withheld"]),
            (&here["position"], &here["complete"], &here["withheld"])
        );
        let mut units: Vec<Value> = Vec::new();
        for (list, by) in [("units", "polygon"), ("parents", "parent")] {
            for mut unit in named("units", &position[list]) {
                unit["by"] = by.into();
                units.push(unit);
            }
        }
        let order = ["city", "district", "town", "village", "courtyard"];
        units.sort_by_key(|unit| order.iter().position(|level| unit["level"] == *level));
        assert_eq!(json!(units), here["units"]);
        // The level of an area is told by the units of a position.
        let mut here = here.clone();
        for entry in here["responsible"].as_array_mut().unwrap() {
            entry["area"].as_object_mut().unwrap().remove("level");
        }
        for list in ["gridCells", "focusAreas", "plans", "responsible"] {
            assert_eq!(json!(named(list, &position[list])), here[list], "{list}");
        }
        for (near, alley) in
            position["alleys"].as_array().unwrap().iter().zip(here["alleys"].as_array().unwrap())
        {
            let mut row = named("alleys", &json!([near["id"]])).remove(0);
            row["distance"] = near["distance"].clone();
            assert_eq!(row, *alley);
        }
    }
}

#[test]
fn who_is_responsible_depends_on_the_day_and_on_what_one_may_read() {
    let (folder, server) = answered_city();
    let ask = |query: &str| server.get(&format!("/responsible?lon=116.34&lat=39.72{query}"));
    for (date, unit) in [("2024-06-30", "甲院"), ("2024-07-01", "乙院")] {
        let answer = ask(&format!("&date={date}"));
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert!(answer.header("tuban-revision").is_some());
        for secret in ["张三", "6924"] {
            assert!(!answer.text().contains(secret), "{}", answer.text());
        }
        let told = answer.json();
        let units: Vec<_> = told["units"].as_array().unwrap().iter().collect();
        assert_eq!(units.len(), 2);
        assert_eq!((&units[0]["name"], &units[0]["by"]), (&json!("北京市"), &json!("parent")));
        assert_eq!((&units[1]["code"], &units[1]["by"]), (&json!("110115"), &json!("polygon")));
        assert_eq!(
            (&units[1]["aliases"], &units[1]["level"]),
            (&json!(["大兴"]), &json!("district"))
        );
        let responsible = told["responsible"].as_array().unwrap();
        assert_eq!(responsible.len(), 1);
        assert_eq!(
            (&responsible[0]["role"], &responsible[0]["unit"]),
            (&json!("责任规划师"), &json!(unit))
        );
        assert_eq!(told["withheld"], json!(["person", "office_phone"]));
        let twin = ["responsible", "s.gpkg", "116.34", "39.72", "--date", date];
        let twin = run(folder.path(), &twin);
        let mut twin: Value = serde_json::from_str(&twin.out).unwrap();
        let mut told = told;
        told["links"].take();
        twin["links"] = Value::Null;
        assert_eq!(twin, told);
    }
    // Before the units were valid, nobody answers; nor where there is none.
    assert_eq!(ask("&date=2014-12-31").json()["units"], json!([]));
    let far = server.get("/responsible?lon=120&lat=30&date=2024-06-30").json();
    assert_eq!((&far["units"], &far["responsible"]), (&json!([]), &json!([])));
    // What had not been recorded by then is not told.
    assert_eq!(ask("&date=2024-06-30&as-of=2020-01-01").json()["responsible"], json!([]));
    let set = ["collection", "set", "s.gpkg", "responsibilities", "--class", "office_phone=L1"];
    assert_eq!(run(folder.path(), &set).code, 0);
    let open = ask("&date=2024-06-30").json();
    assert_eq!(open["responsible"][0]["office_phone"], "6924-0001");
    assert_eq!(open["withheld"], json!(["person"]));

    let checked = run(folder.path(), &["places", "check", "s.gpkg"]);
    assert_eq!((checked.code, checked.out.contains("no defect")), (0, true), "{}", checked.out);
    let nowhere = json!({
        "type": "Feature", "geometry": null,
        "properties": { "role": "街巷长", "unit": "甲", "area_collection": "alleys", "area_code": "a9" }
    });
    let made = server.post_as(
        "/collections/responsibilities/items",
        "application/geo+json",
        nowhere.to_string().as_bytes(),
    );
    assert_eq!(made.status, 201, "{}", made.text());
    let checked = run(folder.path(), &["places", "check", "s.gpkg"]);
    assert_eq!(checked.code, 1, "{}", checked.out);
    assert!(checked.out.contains("responsibility 3 is for a9 of alleys"), "{}", checked.out);
    // What is loaded through the server comes assigned, too.
    let more = ["import", "s.gpkg", "shops.geojsonl", "--collection", "shops", "--append"];
    assert_eq!(run(folder.path(), &more).code, 0);
    assert_eq!(shop(&server, 4, ""), json!(["110115", "polygon"]));
    let history = server.get("/collections/shops/items/4/history").json();
    assert_eq!(history["changes"].as_array().unwrap().len(), 1);

    let page = server.ask("GET", "/responsible?lon=116.34&lat=39.72", &[("Accept", "text/html")]);
    assert_eq!((page.status, page.text().contains("大兴区")), (200, true));
    for (query, said) in [
        ("lat=39", "lon is missing"),
        ("lon=116&lat=91", "lat=\"91\" is not a number from -90 to 90"),
        ("lon=NaN&lat=39", "lon=\"NaN\" is not a number"),
        ("lon=116&lat=39&date=2024-02-30", "is not a day"),
        ("lon=116&lat=39&alley=501", "from 0 to 500"),
        ("lon=116&lat=39&as-of=then", "as-of"),
        ("lon=116&lat=39&name=x", "\"name\" is unknown"),
    ] {
        let refused = server.get(&format!("/responsible?{query}"));
        assert_eq!(refused.status, 400, "{query}");
        let detail = refused.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(said), "{query}: {detail}");
    }
    let api = server.get("/api").json();
    assert_eq!(api["paths"]["/responsible"]["get"]["operationId"], "getResponsible");
    assert_eq!(api["paths"]["/responsible"]["post"]["operationId"], "getResponsibleAtPositions");
}

#[test]
fn many_positions_are_answered_at_once_as_each_by_itself() {
    let (_folder, server) = answered_city();
    let ring =
        json!([[116.3, 39.7], [116.36, 39.7], [116.36, 39.74], [116.3, 39.74], [116.3, 39.7]]);
    let area = json!({ "type": "MultiPolygon", "coordinates": [[ring]] });
    let line = json!({ "type": "MultiLineString", "coordinates": [[[116.339, 39.7201], [116.341, 39.7201]]] });
    let post = |area: &str, code: &str| json!({ "role": "街巷长", "unit": "甲", "area_collection": area, "area_code": code });
    for (collection, shape, values) in [
        ("grid_cells", &area, json!({ "code": "g1" })),
        ("focus_areas", &area, json!({ "code": "f1", "name": "片" })),
        ("planning_layers", &area, json!({ "code": "p1", "kind": "绿隔" })),
        ("alleys", &line, json!({ "code": "a1", "name": "甲巷" })),
        ("responsibilities", &Value::Null, post("alleys", "a1")),
        ("responsibilities", &Value::Null, post("grid_cells", "g1")),
    ] {
        let feature = json!({ "type": "Feature", "geometry": shape, "properties": values });
        let path = format!("/collections/{collection}/items");
        let made = server.post_as(&path, "application/geo+json", feature.to_string().as_bytes());
        assert_eq!(made.status, 201, "{collection}: {}", made.text());
    }
    // Many positions at once, as of the points of a day, each as by itself.
    let body = json!({
        "positions": [[120, 30], [116.34, 39.72]], "date": "2024-06-30", "alley": 30
    });
    let told = server.post("/responsible", &body.to_string());
    assert_eq!(told.status, 200, "{}", told.text());
    assert!(told.header("tuban-revision").is_some());
    let told = told.json();
    assert_eq!(told["date"], "2024-06-30");
    for (here, at) in
        told["positions"].as_array().unwrap().iter().zip(["lon=120&lat=30", "lon=116.34&lat=39.72"])
    {
        let mut alone = server.get(&format!("/responsible?{at}&date=2024-06-30&alley=30")).json();
        for apart in ["links", "date", "revision"] {
            alone.as_object_mut().unwrap().remove(apart);
        }
        assert_eq!(*here, alone);
    }
    // The same in tables, in which everything stands once.
    let mut tables = body.clone();
    tables["return"] = "tables".into();
    let tables = server.post("/responsible", &tables.to_string()).json();
    check_tables(&tables, &told);
    let mut units = body.clone();
    units["collections"] = json!(["admin_units"]);
    let units = server.post("/responsible", &units.to_string()).json();
    let here = &units["positions"][1];
    assert_eq!(here["units"], told["positions"][1]["units"]);
    assert_eq!((&here["gridCells"], &here["alleys"]), (&json!([]), &json!([])));
    let mut named = body.clone();
    named["properties"] = json!(["code", "role"]);
    let named = server.post("/responsible", &named.to_string()).json();
    let names =
        |value: &Value| -> Vec<String> { value.as_object().unwrap().keys().cloned().collect() };
    let here = &named["positions"][1];
    assert_eq!(names(&here["units"][0]), ["id", "code", "by"]);
    assert_eq!(names(&here["responsible"][0]), ["role", "id", "area"]);
    assert_eq!(names(&here["alleys"][0]), ["code", "id", "distance"]);
    let mut hidden = body.clone();
    hidden["properties"] = json!(["person"]);
    let hidden = server.post("/responsible", &hidden.to_string());
    assert_eq!(hidden.status, 403, "{}", hidden.text());
    let here = &units["positions"][1];
    let is_of_units = |entry: &Value| entry["area"]["collection"] == "admin_units";
    let answer = told["positions"][1]["responsible"].as_array().unwrap();
    let of_units: Vec<&Value> = answer.iter().filter(|entry| is_of_units(entry)).collect();
    assert_eq!(json!(of_units), here["responsible"]);
    for list in ["gridCells", "focusAreas", "plans", "alleys"] {
        assert_eq!(told["positions"][1][list].as_array().unwrap().len(), 1, "{list}");
    }
    let before =
        json!({ "positions": [[116.34, 39.72]], "date": "2024-06-30", "asOf": "2020-01-01" });
    assert_eq!(
        server.post("/responsible", &before.to_string()).json()["positions"][0]["responsible"],
        json!([])
    );
    let many = vec![[116.0, 39.0]; 1001];
    for (body, said) in [
        (json!({}), "positions"),
        (json!({ "positions": [] }), "positions"),
        (json!({ "positions": many }), "1001 items; there may be 1 to 1000"),
        (json!({ "positions": [[116, 39], [116, 91]] }), "positions[1]"),
        (json!({ "positions": [[116]] }), "positions[0]"),
        (json!({ "positions": [{ "lon": 116, "lat": 39 }] }), "positions[0]"),
        (json!({ "positions": [[116, 39]], "date": "2024-02-30" }), "date"),
        (json!({ "positions": [[116, 39]], "alley": 501 }), "alley"),
        (json!({ "positions": [[116, 39]], "return": "codes" }), "positions, tables"),
        (
            json!({ "positions": [[116, 39]], "collections": ["parcels"] }),
            "admin_units, grid_cells",
        ),
        (json!({ "positions": [[116, 39]], "collections": [] }), "0 items"),
        (
            json!({ "positions": [[116, 39]], "properties": ["wer"] }),
            "\"wer\" is a property of none",
        ),
        (json!({ "positions": [[116, 39]], "properties": ["stat12"] }), "none of the places"),
        (json!({ "positions": [[116, 39]], "asOf": "then" }), "asOf"),
        (json!({ "positions": [[116, 39]], "name": "x" }), "\"name\" is unknown"),
    ] {
        let refused = server.post("/responsible", &body.to_string());
        assert_eq!(refused.status, 400, "{body}");
        let detail = refused.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(said), "{body}: {detail}");
    }
}
