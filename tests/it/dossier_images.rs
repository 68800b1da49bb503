//! Images of household files over the real binary: the ground of a parcel out of tiles that others made, and
//! photos that are sent in.

use std::path::Path;

use rusqlite::Connection;
use serde_json::{Value, json};
use sheet::{Colour, Fonts, Image, Item, Page, Shape};

use crate::accounts::get;
use crate::dossiers::{Town, at, check_no, synthetic_photo, words};
use crate::evidence::{holds, photo};
use crate::running::{Response, Server, run};

/// Pixels of a tile, and a dot of 100 to the inch in millimetres.
const SIDE: f64 = 256.0;
const DOT: f64 = 0.254;
/// What the ground of the parcel Z3 looks like from above, and what outlines are drawn with.
const ROOF: Colour = Colour(0, 120, 250);
const GROUND: Colour = Colour(90, 140, 70);
const OUTLINE: [u8; 3] = [200, 20, 20];

/// A place in pixels of a zoom, by the formulas of Web Mercator.
fn pixel(zoom: u8, [lon, lat]: [f64; 2]) -> [f64; 2] {
    let world = SIDE * f64::from(1_u32 << zoom);
    let sin = lat.to_radians().sin();
    let down = 0.5 - ((1.0 + sin) / (1.0 - sin)).ln() / (4.0 * std::f64::consts::PI);
    [(lon / 360.0 + 0.5) * world, down * world]
}

/// A tile that shows the ground of Z3 in another colour.
fn tile(zoom: u8, [column, row]: [u32; 2]) -> Vec<u8> {
    let [west, south] = pixel(zoom, at(60.0, 0.0));
    let [east, north] = pixel(zoom, at(80.0, 20.0));
    let place = |[x, y]: [f64; 2]| {
        [(x - f64::from(column) * SIDE) * DOT, (y - f64::from(row) * SIDE) * DOT]
    };
    let shape = |ring: [[f64; 2]; 4], fill| {
        Item::Shape(Shape {
            parts: vec![ring.to_vec()],
            is_closed: true,
            fill: Some(fill),
            stroke: None,
        })
    };
    let mut page = Page::new([SIDE * DOT; 2]);
    let end = SIDE * DOT;
    page.items.push(shape([[0.0, 0.0], [end, 0.0], [end, end], [0.0, end]], GROUND));
    let corners = [[west, south], [east, south], [east, north], [west, north]];
    page.items.push(shape(corners.map(place), ROOF));
    let fonts = Fonts::shipped().unwrap();
    sheet::picture(&page, &fonts, 100.0).unwrap().bytes().to_vec()
}

/// Tiles of these zooms around the town as MBTiles, but those that `without` says.
fn archive(path: &Path, zooms: [u8; 2], format: &str, without: impl Fn(u8, [u32; 2]) -> bool) {
    let db = Connection::open(path).unwrap();
    db.execute_batch(&format!(
        "CREATE TABLE metadata (name TEXT, value TEXT);
         INSERT INTO metadata VALUES ('name', '正射'), ('format', '{format}'), ('minzoom', '{}'),
             ('maxzoom', '{}'), ('attribution', '示例测绘院');
         CREATE TABLE tiles (zoom_level, tile_column, tile_row, tile_data);
         CREATE UNIQUE INDEX place ON tiles (zoom_level, tile_column, tile_row);",
        zooms[0], zooms[1]
    ))
    .unwrap();
    for zoom in zooms[0]..=zooms[1] {
        let [first, last] = [at(-40.0, 60.0), at(160.0, -40.0)]
            .map(|corner| pixel(zoom, corner).map(|at| (at / SIDE) as u32));
        for column in first[0]..=last[0] {
            for row in first[1]..=last[1] {
                if without(zoom, [column, row]) {
                    continue;
                }
                let from_south = (1 << zoom) - 1 - row;
                let values = (zoom, column, from_south, tile(zoom, [column, row]));
                db.execute("INSERT INTO tiles VALUES (?1, ?2, ?3, ?4)", values).unwrap();
            }
        }
    }
}

fn serve(place: &Path, arguments: &[&str]) -> Server {
    Server::start(&place.join("s.gpkg"), arguments)
}

/// Left, top, right, bottom of the pixels that `is_wanted`.
fn frame(image: &Image, is_wanted: impl Fn([u8; 3]) -> bool) -> Option<[usize; 4]> {
    let width = image.pixels()[0];
    let rgb = image.rgb().unwrap();
    let wanted =
        rgb.chunks_exact(3).enumerate().filter(|(_, one)| is_wanted([one[0], one[1], one[2]]));
    wanted.fold(None, |frame, (n, _)| {
        let (x, y) = (n % width, n / width);
        let [left, top, right, bottom] = frame.unwrap_or([x, y, x, y]);
        Some([left.min(x), top.min(y), right.max(x), bottom.max(y)])
    })
}

#[test]
fn a_sheet_shows_the_ground_of_its_parcel_where_tiles_cover_it() {
    let town = Town::new();
    assert_eq!(town.json("/dossiers/H-3")["parcels"][0]["ortho"], Value::Null);
    let Town { folder, server } = town;
    drop(server);
    let place = folder.path().to_owned();
    archive(&place.join("ortho.mbtiles"), [16, 18], "png", |_, _| false);
    let server = serve(&place, &["--archive", place.join("ortho.mbtiles").to_str().unwrap()]);
    let file = server.get("/dossiers/H-3").json();
    let ortho = &file["parcels"][0]["ortho"];
    assert_eq!((&ortho["collection"], &ortho["zoom"]), (&json!("ortho"), &json!(18)));
    assert_eq!((&ortho["source"], &ortho["crs"]), (&json!("示例测绘院"), &json!("EPSG:4548")));
    let metres = ortho["metresPerPixel"].as_f64().unwrap();
    assert!((metres - 0.4593).abs() < 0.001, "{ortho}");
    let tiles = ortho["href"].as_str().unwrap().split_once("/collections").unwrap().1;
    assert_eq!(server.get(&format!("/collections{tiles}")).status, 200, "{tiles}");

    // On the page with the image the outline, drawn from the geometry, and the ground, which comes from
    // the tiles, are in one place, within a pixel of the image.
    let svg = server.get("/dossiers/H-3.svg?page=2");
    let words = words(svg.text());
    for part in ["影像图", "影像来源：示例测绘院", "像元：0.46 米", "1:"] {
        assert!(words.contains(part), "{part}: {words}");
    }
    let png = server.get("/dossiers/H-3.png?page=2&dpi=200");
    let page = Image::new(png.body).unwrap();
    let outline = frame(&page, |rgb| rgb == OUTLINE).unwrap();
    let roof = frame(&page, |[red, green, blue]| red < 40 && green < 150 && blue > 200).unwrap();
    let width = (outline[2] - outline[0]) as f64;
    let dots = width / 20.0 * metres;
    for side in 0..4 {
        let off = (outline[side] as f64 - roof[side] as f64).abs();
        assert!(off <= dots + 3.0, "side {side} is off by {off} dots: {outline:?} {roof:?}");
    }
    assert!(width > 10.0 * dots, "{outline:?}");
    let pdf = server.get("/dossiers/H-3.pdf");
    assert!(pdf.body.starts_with(b"%PDF-") && holds(&pdf.body, b"/Image"), "no image");

    let atlas = |more: &[&str]| {
        let made = run(&place, &[&["atlas", "s.gpkg", "a.pdf", "--village", "V2"], more].concat());
        assert_eq!(made.code, 0, "{}", made.err);
        (holds(&std::fs::read(place.join("a.pdf")).unwrap(), b"/Image"), made.err)
    };
    let (has_image, _) = atlas(&["--archive", "ortho.mbtiles"]);
    assert!(has_image, "the atlas has no image");
    let (has_image, said) = atlas(&[]);
    assert!(!has_image && said.contains("--archive ortho=FILE"), "{said}");
}

#[test]
fn a_coarser_tile_stands_in_and_what_cannot_be_drawn_is_told() {
    let Town { folder, server } = Town::new();
    drop(server);
    let place = folder.path().to_owned();
    let below = |zoom: u8| pixel(zoom, at(70.0, 10.0)).map(|at| (at / SIDE) as u32);
    let name = |number: usize| place.join(format!("{number}.mbtiles"));
    archive(&name(0), [16, 18], "png", |zoom, tile| zoom == 18 && tile == below(18));
    archive(&name(1), [18, 18], "png", |_, tile| tile == below(18));
    archive(&name(2), [18, 18], "webp", |_, _| false);
    archive(&name(3), [18, 18], "png", |_, _| false);
    let db = Connection::open(name(3)).unwrap();
    db.execute("UPDATE tiles SET tile_data = x'89504e470d0a1a0a00'", []).unwrap();
    archive(&name(4), [18, 18], "png", |_, _| false);
    let shipped = "ortho = { collection = \"ortho\" }";
    let other = ledger::dossier::DEFAULT_DOSSIERS.replacen(
        shipped,
        "ortho = { collection = \"aerial\", source = \"航测院\", captured = \"2026-05\" }",
        1,
    );
    std::fs::write(place.join("other.toml"), other).unwrap();
    let path = place.join("other.toml").display().to_string();
    std::fs::write(place.join("c.toml"), format!("[ledger]\ndossiers = {path:?}\n")).unwrap();
    for (archive, more, zoom, note) in [
        ("ortho=0.mbtiles", "", json!(17), ""),
        ("ortho=1.mbtiles", "", Value::Null, ""),
        ("ortho=2.mbtiles", "", Value::Null, "只能绘制PNG与JPEG"),
        ("ortho=3.mbtiles", "", Value::Null, "不能读取"),
        ("aerial=4.mbtiles", "", Value::Null, ""),
        ("aerial=4.mbtiles", "c.toml", json!(18), ""),
    ] {
        let (id, path) = archive.split_once('=').unwrap();
        let named = format!("{id}={}", place.join(path).display());
        let settings = place.join(more);
        let mut arguments = vec!["--archive", &named];
        if !more.is_empty() {
            arguments.extend(["--config", settings.to_str().unwrap()]);
        }
        let server = serve(&place, &arguments);
        let file = server.get("/dossiers/H-3").json();
        let ortho = &file["parcels"][0]["ortho"];
        assert_eq!(ortho["zoom"], zoom, "{archive} {more}: {file}");
        if !more.is_empty() {
            assert_eq!(
                (&ortho["source"], &ortho["captured"]),
                (&json!("航测院"), &json!("2026-05"))
            );
        }
        let notes = file["notes"].as_array().unwrap().iter().filter_map(Value::as_str);
        assert_eq!(notes.clone().any(|one| one.contains("影像图")), !note.is_empty());
        assert!(note.is_empty() || notes.clone().any(|one| one.contains(note)), "{file}");
        assert_eq!(server.get("/dossiers/H-3.png?page=1&dpi=40").status, 200);
    }
}

/// A new account of a role, and a token of it.
fn account(place: &Path, role: &str) -> String {
    let added = run(place, &["user", "add", "s.gpkg", role, "--role", role]);
    assert_eq!(added.code, 0, "{}", added.err);
    run(place, &["user", "token", "s.gpkg", role]).out.trim().to_owned()
}

#[test]
fn who_may_not_see_the_parcel_or_the_archive_does_not_see_its_ground() {
    let town = Town::new();
    let ring = [[-50.0, -50.0], [200.0, -50.0], [200.0, 50.0], [-50.0, 50.0], [-50.0, -50.0]];
    let area = json!({
        "type": "Feature",
        "geometry": { "type": "MultiPolygon", "coordinates": [[ring.map(|[x, y]| at(x, y))]] },
        "properties": { "code": "F-1", "name": "片区", "kind": "片区", "valid_from": "2020-01-01" }
    });
    let body = area.to_string();
    let items = "/collections/focus_areas/items";
    let made = town.server.post_as(items, "application/geo+json", body.as_bytes());
    assert_eq!(made.status, 201, "{}", made.text());
    let Town { folder, server } = town;
    drop(server);
    let place = folder.path();
    let path = place.join("ortho.mbtiles");
    archive(&path, [18, 18], "png", |_, _| false);
    let token = account(place, "town");
    let config = place.join("c.toml");
    let zoom = |is_open: bool| {
        let path = path.display().to_string();
        let settings = format!("[[archives]]\nid = \"ortho\"\npath = {path:?}\nopen = {is_open}\n");
        std::fs::write(&config, settings).unwrap();
        let server = serve(place, &["--config", config.to_str().unwrap()]);
        let answer = get(&server, "/dossiers/H-3", &token);
        assert_eq!(answer.status, 200, "{}", answer.text());
        let file = answer.json();
        assert!(file["parcels"][0]["area"].is_object(), "{file}");
        file["parcels"][0]["ortho"]["zoom"].clone()
    };
    assert_eq!(zoom(false), 18);
    // An archive is of everything: who sees an area alone is shown those that are open.
    let given = ["user", "scope", "s.gpkg", "town", "F-1", "--from", "2020-01-01"];
    let given = run(place, &given);
    assert_eq!(given.code, 0, "{}", given.err);
    assert_eq!((zoom(false), zoom(true)), (Value::Null, json!(18)));
    let server = serve(place, &["--public", "--archive", path.to_str().unwrap()]);
    for ending in ["", ".svg?page=2", ".png?page=2", ".pdf"] {
        assert_eq!(server.get(&format!("/dossiers/H-3{ending}")).status, 404, "{ending}");
    }
}

/// Sends bytes by POST, as an account if there is a token.
fn post(server: &Server, target: &str, token: &str, (media_type, body): (&str, &[u8])) -> Response {
    let authorization = match token {
        "" => String::new(),
        token => format!("Authorization: Bearer {token}\r\n"),
    };
    let head = format!(
        "POST {target} HTTP/1.1\r\nConnection: close\r\nHost: {}\r\n{authorization}\
         Content-Type: {media_type}\r\nContent-Length: {}\r\n\r\n",
        server.address,
        body.len()
    );
    Response::parse(&server.send(&[head.as_bytes(), body].concat()))
}

#[test]
fn a_photo_that_is_sent_is_part_of_the_file_once() {
    let town = Town::new();
    let lacking = town.json("/dossiers/H-3");
    assert_eq!(lacking["photos"], json!([]));
    let bytes = photo(7);
    let hash = store::evidence::Digests::of(&bytes).sha256;
    let target = format!(
        "/dossiers/H-3/photos?title=%E5%A4%A7%E9%97%A8&captured_at=2026-05-01T09:00:00%2B08:00&sha256={hash}"
    );
    let made = post(&town.server, &target, "", ("image/jpeg", &bytes));
    assert_eq!((made.status, &made.json()["outcome"]), (201, &json!("new")), "{}", made.text());
    let place = made.header("location").unwrap().split_once("/dossiers").unwrap().1.to_owned();
    let again = post(&town.server, &target, "", ("image/jpeg", &bytes));
    assert_eq!((again.status, &again.json()["outcome"]), (200, &json!("again")));
    assert_eq!(again.json()["photo"], made.json()["photo"]);
    let file = town.json("/dossiers/H-3");
    let listed = file["photos"].as_array().unwrap();
    assert_eq!((listed.len(), &listed[0]["title"]), (1, &json!("大门")));
    assert_eq!(
        (&listed[0]["sha256"], &listed[0]["code"]),
        (&json!(hash), &made.json()["photo"]["code"])
    );
    assert_eq!(listed[0]["capturedAt"], "2026-05-01T01:00:00.000Z");
    assert!(
        file["completeness"]["share"].as_f64() > lacking["completeness"]["share"].as_f64(),
        "{file}"
    );
    // What is shown is the image without what the camera says; what is kept is what was sent.
    let shown = town.get(&format!("/dossiers{place}"));
    assert_eq!((shown.status, shown.header("content-type")), (200, Some("image/jpeg")));
    assert!(!holds(&shown.body, b"Exif") && !holds(&shown.body, b"GPS"));
    let kept = town.folder.path().join("s.gpkg.evidence").join(&hash[..2]).join(&hash[2..]);
    assert_eq!(std::fs::read(kept).unwrap(), bytes);
    // The same bytes may be of another subject too.
    let other = post(&town.server, "/dossiers/F1/photos?kind=building", "", ("image/jpeg", &bytes));
    assert_eq!(other.status, 201, "{}", other.text());

    let cut = &bytes[..bytes.len() - 2];
    for (target, body, status, way) in [
        ("/dossiers/H-99/photos", ("image/jpeg", &bytes[..]), 404, "GET /dossiers lists"),
        ("/dossiers/H-3/photos?kind=person", ("image/jpeg", &bytes), 400, "household, unit"),
        ("/dossiers/H-3/photos", ("application/pdf", b"%PDF-"), 415, "image/jpeg"),
        ("/dossiers/H-3/photos", ("image/jpeg", cut), 422, "send the whole file"),
        ("/dossiers/H-3/photos", ("image/png", &bytes), 422, "no whole PNG"),
        ("/dossiers/H-3/photos?title=13800005678", ("image/jpeg", &bytes), 422, "leave it out"),
        ("/dossiers/H-3/photos?title=%20", ("image/jpeg", &bytes), 422, "characters"),
        ("/dossiers/H-3/photos?captured_at=today", ("image/jpeg", &bytes), 422, "no date"),
        ("/dossiers/H-3/photos?sha256=1", ("image/jpeg", &bytes), 422, "64 hexadecimal"),
        (
            &format!("/dossiers/H-3/photos?sha256={}", "0".repeat(64)),
            ("image/jpeg", &bytes),
            422,
            "send them again",
        ),
        ("/dossiers/H-3/photos?hash=1", ("image/jpeg", &bytes), 400, "hash"),
    ] {
        let refused = post(&town.server, target, "", body);
        check_no(&refused, status, way);
        assert!(!refused.text().contains("13800005678"), "{}", refused.text());
    }
    assert_eq!(town.json("/dossiers/H-3")["photos"].as_array().unwrap().len(), 1);
}

#[test]
fn photos_are_taken_of_those_who_work_in_the_ledger() {
    let Town { folder, server } = Town::new();
    drop(server);
    let place = folder.path();
    let [reader, worker] = ["reader", "grid_worker"].map(|role| account(place, role));
    let server = serve(place, &[]);
    let send = |token: &str| {
        post(&server, "/dossiers/H-3/photos", token, ("image/png", &synthetic_photo()))
    };
    for (token, status) in [("", 401), (reader.as_str(), 403), (worker.as_str(), 201)] {
        let answer = send(token);
        assert_eq!(answer.status, status, "{}", answer.text());
    }
    // The change says who sent it.
    let row = get(&server, "/collections/photos/items?f=json&limit=100", &worker).json();
    let row =
        row["features"].as_array().unwrap().iter().map(|one| one["id"].as_i64().unwrap()).max();
    let history = format!("/collections/photos/items/{}/history", row.unwrap());
    let history = get(&server, &history, &worker).text().to_owned();
    assert!(
        history.contains("grid_worker") && history.contains("photo of household H-3"),
        "{history}"
    );
}
