//! Archives of tiles beside the collections: from files and from storage, whole, damaged, replaced.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rusqlite::Connection;

use crate::running::{Response, Server, folder_with, run};

const SQUARES: &str = r#"{"type":"FeatureCollection","features":[
{"type":"Feature","properties":{"name":"甲"},"geometry":{"type":"Polygon","coordinates":[[[116.40,39.60],[116.41,39.60],[116.41,39.61],[116.40,39.61],[116.40,39.60]]]}},
{"type":"Feature","properties":{"name":"乙"},"geometry":{"type":"Polygon","coordinates":[[[116.43,39.60],[116.44,39.60],[116.44,39.61],[116.43,39.61],[116.43,39.60]]]}}]}"#;
const PNG: &[u8] = b"\x89PNG\r\n\x1a\nnot more than a beginning";
/// Column and row of a tile with a square, and of one within the bounds without.
const TILE: &str = "14/13489/6226";
const HOLE: &str = "16/53962/24906";

/// A store with `squares`, its tiles as PMTiles and MBTiles, and an image tile as MBTiles.
fn town() -> tempfile::TempDir {
    let folder = folder_with(&[("squares.geojson", SQUARES.as_bytes())]);
    let made = run(folder.path(), &["import", "s.gpkg", "squares.geojson"]);
    assert_eq!(made.code, 0, "{}", made.err);
    for name in ["base.pmtiles", "base.mbtiles"] {
        let made = run(folder.path(), &["export", "s.gpkg", name, "--zoom", "10..16"]);
        assert_eq!(made.code, 0, "{}", made.err);
    }
    ortho(&folder.path().join("ortho.mbtiles"), PNG);
    folder
}

/// An MBTiles file whose tile 14/13489/6226 is `image`.
fn ortho(path: &Path, image: &[u8]) {
    let db = Connection::open(path).unwrap();
    db.execute_batch(
        "CREATE TABLE metadata (name TEXT, value TEXT);
         INSERT INTO metadata VALUES ('name', '正射'), ('format', 'png'), ('minzoom', '14'),
             ('maxzoom', '14'), ('bounds', '116.3,39.5,116.5,39.7'), ('attribution', '测绘');
         CREATE TABLE tiles (zoom_level, tile_column, tile_row, tile_data);
         CREATE UNIQUE INDEX place ON tiles (zoom_level, tile_column, tile_row);",
    )
    .unwrap();
    let row = (1 << 14) - 1 - 6226;
    db.execute("INSERT INTO tiles VALUES (14, 13489, ?1, ?2)", (row, image)).unwrap();
}

fn serve(folder: &Path, archives: &[&str]) -> Server {
    let settings = folder.join("none.toml");
    std::fs::write(&settings, "").unwrap();
    let mut arguments = vec!["--config", settings.to_str().unwrap()];
    arguments.extend(archives.iter().flat_map(|archive| ["--archive", *archive]));
    Server::start(&folder.join("s.gpkg"), &arguments)
}

fn path(folder: &Path, name: &str) -> String {
    folder.join(name).to_str().unwrap().to_owned()
}

const GZIP: [(&str, &str); 1] = [("Accept-Encoding", "gzip, br")];

#[test]
fn an_archive_may_be_there_without_being_listed() {
    let folder = town();
    let folder = folder.path();
    let settings = folder.join("unlisted.toml");
    let ortho = path(folder, "ortho.mbtiles");
    let text = format!("[[archives]]\nid = \"ortho\"\npath = {ortho:?}\nunlisted = true\n");
    std::fs::write(&settings, text).unwrap();
    let server = Server::start(&folder.join("s.gpkg"), &["--config", settings.to_str().unwrap()]);
    for target in ["/", "/collections", "/collections?f=html"] {
        let answer = server.get(target);
        assert!(answer.status == 200 && !answer.text().contains("ortho"), "{target}");
    }
    assert_eq!(server.get("/collections/ortho").status, 200);
    assert_eq!(server.get(&format!("/xyz/ortho/{TILE}.png")).body, PNG);
}

#[test]
fn tiles_of_an_export_are_those_of_the_server_in_both_formats() {
    let folder = town();
    let folder = folder.path();
    let both = [
        format!("pm={}", path(folder, "base.pmtiles")),
        format!("mb={}", path(folder, "base.mbtiles")),
    ];
    let server = serve(folder, &both.each_ref().map(String::as_str));
    let live = server.get(&format!("/xyz/squares/{TILE}.mvt"));
    assert!(live.status == 200 && live.body.len() > 40);
    for id in ["pm", "mb"] {
        for target in [
            format!("/xyz/{id}/{TILE}.mvt"),
            format!("/xyz/{id}/{TILE}.pbf"),
            format!("/xyz/{id}/{TILE}"),
            format!("/collections/{id}/tiles/WebMercatorQuad/14/6226/13489?f=mvt"),
        ] {
            let plain = server.get(&target);
            assert_eq!(plain.status, 200, "{target}: {}", String::from_utf8_lossy(&plain.body));
            assert!(plain.body == live.body, "{target}");
            assert_eq!(plain.header("content-type"), Some("application/vnd.mapbox-vector-tile"));
            assert_eq!(plain.header("content-encoding"), None, "{target}");
            let packed = server.ask("GET", &target, &GZIP);
            assert_eq!(packed.header("content-encoding"), Some("gzip"), "{target}");
            assert!(packed.body.starts_with(&[0x1f, 0x8b]), "{target}");
            assert_eq!(packed.header("vary"), Some("Accept-Encoding, Origin"));
            // The two codings are two representations: each is confirmed by its own tag.
            let tags = [&plain, &packed].map(|answer| answer.header("etag").unwrap().to_owned());
            assert_ne!(tags[0], tags[1]);
            let again = server.ask("GET", &target, &[GZIP[0], ("If-None-Match", &tags[1])]);
            assert_eq!((again.status, again.header("etag")), (304, Some(tags[1].as_str())));
            assert!(again.body.is_empty());
            let other = server.ask("GET", &target, &[("If-None-Match", tags[1].as_str())]);
            assert_eq!((other.status, other.body.len()), (200, plain.body.len()), "{target}");
        }
        let hole = server.get(&format!("/xyz/{id}/{HOLE}.mvt"));
        assert_eq!((hole.status, hole.body.len()), (204, 0), "{id}");
        assert!(hole.header("etag").is_some() && hole.header("cache-control").is_some());
        for (target, status, code) in [
            (format!("/xyz/{id}/14/13489/6226.png"), 400, "invalid_parameter"),
            (format!("/xyz/{id}/14/99999/6226.mvt"), 404, "tile_out_of_range"),
            (format!("/xyz/{id}/{TILE}.mvt?filter=x"), 400, "invalid_parameter"),
            (format!("/xyz/{id},squares/{TILE}.mvt"), 404, "collection_not_found"),
            (format!("/collections/{id}/tiles/WebMercatorQuad/14/1/1"), 404, "tile_out_of_range"),
            (format!("/collections/{id}/tiles/WebMercatorQuad/9/1/1"), 404, "tile_out_of_range"),
            (format!("/collections/{id}/tiles/Other/9/1/1"), 404, "tile_matrix_set_not_found"),
            (format!("/collections/{id}/items"), 404, "collection_not_found"),
        ] {
            let refused = server.get(&target);
            assert_eq!(refused.status, status, "{target}: {}", refused.text());
            assert_eq!(refused.json()["code"], code, "{target}");
        }
    }
}

#[test]
fn archives_are_listed_and_described_as_clients_look_for_them() {
    let folder = town();
    let folder = folder.path();
    let server = serve(folder, &[&path(folder, "ortho.mbtiles"), &path(folder, "base.pmtiles")]);
    let listed = server.get("/collections").json();
    let of = |id: &str| {
        let all = listed["collections"].as_array().unwrap();
        all.iter().find(|c| c["id"] == id).unwrap_or_else(|| panic!("{id}: {listed}")).clone()
    };
    let ortho = of("ortho");
    assert_eq!((&ortho["title"], &ortho["dataType"]), (&"正射".into(), &"map".into()));
    assert_eq!(
        ortho["extent"]["spatial"]["bbox"][0],
        serde_json::json!([116.3, 39.5, 116.5, 39.7])
    );
    assert!(ortho.get("itemType").is_none(), "it has no features");
    assert_eq!(of("base")["dataType"], "vector");
    assert_eq!(server.get("/collections/ortho").json()["title"], "正射");
    let landing = server.ask("GET", "/", &[("Accept", "application/json")]).json();
    let rel = "http://www.opengis.net/def/rel/ogc/1.0/tilesets-map";
    let links = landing["links"].as_array().unwrap();
    let link = links.iter().find(|link| link["rel"] == rel).unwrap();
    let list = link["href"].as_str().unwrap();
    assert!(list.ends_with("/collections/ortho/tiles"), "{list}");

    let list = server.get("/collections/ortho/tiles").json();
    let item = &list["tilesets"][0];
    assert_eq!(
        (&item["dataType"], &item["tileMatrixSetId"]),
        (&"map".into(), &"WebMercatorQuad".into())
    );
    let set = server.get("/collections/ortho/tiles/WebMercatorQuad").json();
    assert_eq!(set["mediaTypes"][0], "image/png");
    assert_eq!(set["attribution"], "测绘");
    let limits = &set["tileMatrixSetLimits"];
    assert_eq!(limits.as_array().unwrap().len(), 1);
    // (116.3 + 180) / 360 · 2^14 = 13484.9 and 13494.04
    assert_eq!(
        (&limits[0]["minTileCol"], &limits[0]["maxTileCol"]),
        (&13484.into(), &13494.into())
    );
    let item = set["links"].as_array().unwrap().iter().find(|link| link["rel"] == "item").unwrap();
    assert_eq!(item["type"], "image/png");

    for target in
        ["/xyz/ortho/tilejson.json", "/collections/ortho/tiles/WebMercatorQuad?f=tilejson"]
    {
        let tilejson = server.get(target).json();
        let template = tilejson["tiles"][0].as_str().unwrap();
        assert!(template.ends_with("/xyz/ortho/{z}/{x}/{y}.png"), "{template}");
        assert_eq!((&tilejson["minzoom"], &tilejson["maxzoom"]), (&14.into(), &14.into()));
        assert!(tilejson.get("vector_layers").is_none());
    }
    let vector = server.get("/xyz/base/tilejson.json").json();
    assert_eq!(vector["vector_layers"][0]["id"], "squares");
    let set = server.get("/collections/base/tiles/WebMercatorQuad").json();
    assert_eq!(set["layers"][0]["propertiesSchema"]["properties"]["name"]["type"], "string");

    let image = server.ask("GET", &format!("/xyz/ortho/{TILE}.png"), &GZIP);
    assert_eq!((image.status, image.header("content-type")), (200, Some("image/png")));
    assert_eq!((image.body.as_slice(), image.header("content-encoding")), (PNG, None));
    for page in
        ["/collections?f=html", "/collections/ortho?f=html", "/collections/ortho/tiles?f=html"]
    {
        assert!(server.get(page).text().contains("正射"), "{page}");
    }
}

#[test]
fn an_archive_that_cannot_be_served_ends_the_start_with_the_reason() {
    let folder = town();
    let folder = folder.path();
    std::fs::write(folder.join("noise.pmtiles"), [7; 500]).unwrap();
    let whole = std::fs::read(folder.join("base.pmtiles")).unwrap();
    std::fs::write(folder.join("cut.pmtiles"), &whole[..whole.len() / 2]).unwrap();
    std::fs::write(
        folder.join("both.toml"),
        "[[archives]]\nid = \"a\"\npath = \"base.pmtiles\"\nurl = \"https://host/a.pmtiles\"\n",
    )
    .unwrap();
    let cases: [(&[&str], &str); 9] = [
        (&["--archive", "noise.pmtiles"], "archive \"noise\" (noise.pmtiles): it does not begin"),
        (&["--archive", "cut.pmtiles"], "part of tiles"),
        (&["--archive", "none.pmtiles"], "No such file"),
        (&["--archive", "."], "NAME="),
        (&["--archive", "a=."], "not a file"),
        (&["--archive", "squares=base.pmtiles"], "id of a collection"),
        (&["--archive", "base.pmtiles", "--archive", "base=base.mbtiles"], "two archives"),
        (&["--archive", "s3://bucket"], "names no object"),
        (&["--config", "both.toml"], "path or its url"),
    ];
    for (arguments, expected) in cases {
        let all = [&["serve", "s.gpkg", "--listen", "127.0.0.1:0"], arguments].concat();
        let ended = run(folder, &all);
        assert_eq!(ended.code, 1, "{arguments:?}");
        assert!(ended.err.contains(expected), "{arguments:?}: {}", ended.err);
    }
}

#[test]
fn an_archive_that_is_damaged_or_replaced_while_it_is_served_is_noticed() {
    let folder = town();
    let folder = folder.path();
    let whole = std::fs::read(folder.join("base.pmtiles")).unwrap();
    let server = serve(folder, &[&path(folder, "base.pmtiles"), &path(folder, "ortho.mbtiles")]);
    let target = format!("/xyz/base/{TILE}.mvt");
    let first = server.get(&target);
    let tag = first.header("etag").unwrap();

    // Another export takes its place, as one that was made beside it does.
    std::fs::write(folder.join("next.pmtiles"), &whole).unwrap();
    std::fs::rename(folder.join("next.pmtiles"), folder.join("base.pmtiles")).unwrap();
    let second = server.ask("GET", &target, &[("If-None-Match", tag)]);
    assert_eq!((second.status, second.body.len()), (200, first.body.len()), "another archive");

    // Noise takes its place: refused without the path, and served again when it is whole again.
    std::fs::write(folder.join("base.pmtiles"), [7; 500]).unwrap();
    let broken = server.get(&target);
    assert_eq!((broken.status, &broken.json()["code"]), (502, &"archive_broken".into()));
    assert!(!broken.text().contains("pmtiles"), "{}", broken.text());
    let mut damaged = whole.clone();
    let root = 127..127 + u64::from_le_bytes(whole[16..24].try_into().unwrap()) as usize;
    damaged[root].fill(0x55);
    std::fs::write(folder.join("base.pmtiles"), &damaged).unwrap();
    assert_eq!(server.get(&target).status, 502);
    std::fs::write(folder.join("base.pmtiles"), &whole).unwrap();
    assert!(server.get(&target).body == first.body);
    // Without a successor it is served on.
    std::fs::remove_file(folder.join("base.pmtiles")).unwrap();
    assert_eq!(server.get(&target).status, 200);

    let image = format!("/xyz/ortho/{TILE}.png");
    let tag = server.get(&image).header("etag").unwrap().to_owned();
    ortho(&folder.join("next.mbtiles"), b"\x89PNG another");
    std::fs::rename(folder.join("next.mbtiles"), folder.join("ortho.mbtiles")).unwrap();
    let next = server.ask("GET", &image, &[("If-None-Match", &tag)]);
    assert_eq!((next.status, next.body.as_slice()), (200, b"\x89PNG another".as_slice()));
    assert_eq!(server.get("/health").status, 200);
}

/// A web server that answers ranges of one object, as storage does.
struct Storage {
    address: SocketAddr,
    object: Arc<Mutex<(Vec<u8>, String)>>,
    asked: Arc<AtomicUsize>,
    is_down: Arc<AtomicBool>,
}

impl Storage {
    fn start(bytes: Vec<u8>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let object = Arc::new(Mutex::new((bytes, "\"one\"".to_owned())));
        let (asked, is_down) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let shared = (Arc::clone(&object), Arc::clone(&asked), Arc::clone(&is_down));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (object, asked, is_down) = shared.clone();
                std::thread::spawn(move || {
                    let mut stream = BufReader::new(stream.unwrap());
                    while answer_one(&mut stream, &object, &asked, &is_down).is_some() {}
                });
            }
        });
        Self { address, object, asked, is_down }
    }
}

fn answer_one(
    stream: &mut BufReader<TcpStream>,
    object: &Mutex<(Vec<u8>, String)>,
    asked: &AtomicUsize,
    is_down: &AtomicBool,
) -> Option<()> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            text => lines.push(text.to_owned()),
        }
    }
    asked.fetch_add(1, Ordering::SeqCst);
    let (bytes, tag) = object.lock().unwrap().clone();
    let header = |name: &str| {
        lines.iter().find_map(|line| line.to_lowercase().strip_prefix(name).map(str::to_owned))
    };
    assert!(header("authorization:").is_none(), "a public bucket is not signed for");
    let is_known = lines[0].contains(" /bucket/maps/base.pmtiles ");
    let (status, body, range) = match header("range: bytes=") {
        _ if is_down.load(Ordering::SeqCst) => ("503 Slow Down", Vec::new(), String::new()),
        _ if !is_known => ("404 Not Found", Vec::new(), String::new()),
        Some(range) => {
            let (first, last) = range.split_once('-').unwrap();
            let (first, last): (usize, usize) = (first.parse().unwrap(), last.parse().unwrap());
            let last = last.min(bytes.len() - 1);
            let said = format!("Content-Range: bytes {first}-{last}/{}\r\n", bytes.len());
            ("206 Partial Content", bytes[first..=last].to_vec(), said)
        }
        None => ("200 OK", bytes, String::new()),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nETag: {tag}\r\n{range}\
         Last-Modified: Wed, 25 Nov 2026 08:00:00 GMT\r\n\r\n",
        body.len()
    );
    let stream = stream.get_mut();
    stream.write_all(head.as_bytes()).ok()?;
    if !lines[0].starts_with("HEAD") {
        stream.write_all(&body).ok()?;
    }
    Some(())
}

#[test]
fn archives_in_storage_are_read_by_ranges_and_their_failures_named() {
    let folder = town();
    let folder = folder.path();
    let whole = std::fs::read(folder.join("base.pmtiles")).unwrap();
    let storage = Storage::start(whole.clone());
    let address = storage.address;
    let settings = format!(
        "[[archives]]\nid = \"s3\"\nurl = \"s3://bucket/maps/base.pmtiles\"\n\
         endpoint = \"http://{address}\"\ntitle = \"底图\"\nattribution = \"示意\"\n\
         [[archives]]\nid = \"web\"\nurl = \"http://{address}/bucket/maps/base.pmtiles\"\n"
    );
    std::fs::write(folder.join("storage.toml"), settings).unwrap();
    let config = path(folder, "storage.toml");
    let server = Server::start(&folder.join("s.gpkg"), &["--config", &config]);
    let live = server.get(&format!("/xyz/squares/{TILE}.mvt"));
    for id in ["s3", "web"] {
        let target = format!("/xyz/{id}/{TILE}.mvt");
        let tile = server.get(&target);
        assert_eq!(tile.status, 200, "{id}: {}", String::from_utf8_lossy(&tile.body));
        assert!(tile.body == live.body, "{id}");
        let before = storage.asked.load(Ordering::SeqCst);
        let tag = tile.header("etag").unwrap();
        assert_eq!(server.ask("GET", &target, &[("If-None-Match", tag)]).status, 304);
        assert_eq!(storage.asked.load(Ordering::SeqCst), before, "a known tile is not read");
        assert_eq!(server.get(&format!("/xyz/{id}/{HOLE}.mvt")).status, 204);
    }
    let tilejson = server.get("/xyz/s3/tilejson.json").json();
    assert_eq!((&tilejson["name"], &tilejson["attribution"]), (&"底图".into(), &"示意".into()));

    let target = format!("/xyz/s3/{TILE}.mvt");
    let tag = server.get(&target).header("etag").unwrap().to_owned();
    "\"two\"".clone_into(&mut storage.object.lock().unwrap().1);
    let next = server.get(&target);
    assert!(next.body == live.body && next.header("etag") != Some(tag.as_str()), "replaced");

    storage.is_down.store(true, Ordering::SeqCst);
    let down = server.get(&target);
    assert_eq!((down.status, &down.json()["code"]), (503, &"archive_unavailable".into()));
    assert!(!down.text().contains(&address.to_string()), "{}", down.text());
    storage.is_down.store(false, Ordering::SeqCst);
    assert_eq!(server.get(&target).status, 200);

    *storage.object.lock().unwrap() = (vec![9; 4000], "\"three\"".to_owned());
    assert_eq!(server.get(&target).status, 502);

    // A store is served by one at a time.
    assert!(server.terminate().0);
    let wrong = format!("http://{address}/bucket/none.pmtiles");
    let all = ["serve", "s.gpkg", "--listen", "127.0.0.1:0", "--archive", &wrong];
    let ended = run(folder, &all);
    assert!(ended.code == 1 && ended.err.contains("none"), "{}", ended.err);
}

#[test]
fn many_readers_at_a_time_get_the_same_bytes() {
    let folder = town();
    let folder = folder.path();
    let storage = Storage::start(std::fs::read(folder.join("base.pmtiles")).unwrap());
    let web = format!("web=http://{}/bucket/maps/base.pmtiles", storage.address);
    let mb = format!("mb={}", path(folder, "base.mbtiles"));
    let server = serve(folder, &[&path(folder, "base.pmtiles"), &mb, &web]);
    let tiles = ["10/843/389", "12/3372/1556", TILE, HOLE, "16/53956/24907"];
    let ask = |id: &str, tile: &str| server.get(&format!("/xyz/{id}/{tile}.mvt"));
    let expected: Vec<Response> = tiles.iter().map(|tile| ask("squares", tile)).collect();
    assert!(expected[0].status == 200);
    std::thread::scope(|scope| {
        for reader in 0..8 {
            let (ask, expected) = (&ask, &expected);
            scope.spawn(move || {
                for round in 0..30 {
                    let id = ["base", "mb", "web"][(reader + round) % 3];
                    let at = (reader * 7 + round) % tiles.len();
                    let found = ask(id, tiles[at]);
                    assert_eq!(found.status, expected[at].status, "{id} {}", tiles[at]);
                    assert!(found.body == expected[at].body, "{id} {}", tiles[at]);
                }
            });
        }
    });
}
