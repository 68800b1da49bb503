"""Scans what the sample city serves, exports, prints and logs for names, telephones and identity numbers.

Nobody below `enforce` is told one: not in a tile of any grid and zoom, not by another route, not in a file.
Asked are, of a store without accounts, whoever reaches it, and of one with accounts everyone (`public`),
the role `town` in one town, and in all (`internal`). Looked for are the holders of all households, as
they lie encrypted in the store, three series of persons that are planted (sample.py), and any number that
could be somebody's.

Tiles: of all collections each tile down to the last zoom of a grid that has at most 3,000 of them (z13 of
Web Mercator); over the two towns each tile at every zoom, where a child of an empty tile is asked for by
sample; of each shop and place the tile at its last zoom. With --every each tile there is, each household file
and each feature. With --one-in N only one in N households, shops and places is asked for, zooms are whole to
20,000 and 80,000 tiles divided by N, and below that the tiles of these households are asked for.

That an account of `enforce` is shown values, by the same routes and to the same search, says that a value
would be found. Usage: scan_personal_values.py TUBAN FOLDER [--every] [--one-in N]
"""

import argparse
import gzip
import io
import json
import multiprocessing
import sqlite3
import tempfile
import time
import zipfile
import zlib
from collections import Counter
from pathlib import Path

from asker import Asker, Findings
from client import Client
from files import PERSONS, FileScan
from persons import IDENTITY, KINDS, NAME, TELEPHONE
from routes import AREA, RouteScan
from sample import COUNTED, City, Server
from scanner import Scanner, text_of_pdf
from tiles import DOORS, Extent, Grid, TileScan

SCOPE = "110115190"
VILLAGE = "110115190201"
EDITED = 40
REVEALED = 5
OPEN, PUBLIC, TOWN, EVERYWHERE = "open", "public", "internal, one town", "internal, everywhere"


def group(values):
    return {kind: list(values[kind].values()) for kind in KINDS}


def ordinary_numbers(store):
    """Numbers of the map that have the form of a telephone and are an id of OpenStreetMap."""
    db = sqlite3.connect(f"file:{store}?mode=ro", uri=True)
    tables = ("shops", "places")
    return {str(number).encode() for table in tables for (number,) in db.execute(f"select osm_id from {table}")}


def minimal_pdf(text):
    stream = zlib.compress(f"BT /F1 12 Tf 20 100 Td ({text}) Tj ET".encode())
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 400 200]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Filter/FlateDecode/Length %d>>stream\n%s\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    body = b"%PDF-1.4\n"
    for number, one in enumerate(objects, 1):
        body += b"%d 0 obj%s endobj\n" % (number, one)
    return body + b"trailer<</Root 1 0 R>>\n"


def zipped(text):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/sharedStrings.xml", f"<si><t>{text}</t></si>")
    return held.getvalue()


def database(cell):
    with tempfile.NamedTemporaryFile(suffix=".db") as file:
        db = sqlite3.connect(file.name)
        db.execute("create table t (a)")
        db.execute("insert into t values (?)", (cell,))
        db.commit()
        db.close()
        return Path(file.name).read_bytes()


def check_scanner(scanner, person):
    """Each kind is found in each kind of body, and what only looks like one is not."""
    for kind, value in person.items():
        bodies = [f'{{"a":"{value}"}}'.encode(), f"x{value}".encode("gb18030"), gzip.compress(value.encode())]
        bodies += [zipped(value), database(value), database(gzip.compress(value.encode()))]
        if kind != NAME:
            bodies.append(minimal_pdf(value))
        if value.isdigit():
            bodies += [database(int(value)), database(float(value))]
        for number, body in enumerate(bodies):
            assert scanner.find(body) == {kind}, (kind, number)
    for text, kind in (("tel 13912345678.", TELEPHONE), ("ZJH:11010519491231002X,", IDENTITY)):
        assert scanner.find(text.encode()) == {kind}, text
    for text in ("110105194912310021", "110115190201JC00012", "154****0001", "119***********0011", "0.13912345678", "8613912345678"):
        assert scanner.find(text.encode()) == set(), text


def edit(asker):
    """Makes past states of persons in the clear, a fence and its events; ids of what was edited."""
    fence = {"name": "towns", "collections": ["kept"], "detect": ["inside", "enter", "exit"], "geometry": AREA}
    made = asker.post("/fences", fence)
    assert made.status == 201, made.body[:300]
    for fid in range(1, EDITED + 1):
        body = {"properties": {"door": 100_000 + fid}}
        path = f"/collections/kept/items/{fid}"
        answer = asker.client.send_json("PATCH", path, body, "application/merge-patch+json")
        assert answer.status in (200, 204), answer.body[:300]
        asker.scan(f"PATCH {path}", answer)
        # A field above L1 is not written here, and what was said of it is not repeated.
        answer = asker.client.send_json("PATCH", path, {"properties": {"QLRMC": "某"}}, "application/merge-patch+json")
        assert answer.status == 403, answer.status
    return list(range(1, EDITED + 1))


def streams(asker):
    """Feeds of events from their beginning."""
    target = "/changes/stream?since=0"
    asker.scan(target, asker.client.stream(target, b"event: current"))
    for end in ("", "/events?since=0&limit=1000"):
        asker.get(f"/fences/1{end}")
    asker.get("/fences")


def other_doors(asker, grid):
    """The tiles of one zoom by the other paths that lead to them, with labels, and as they were."""
    matrices = [grid.town_matrix(one) for one in grid.matrices]
    matrix = [one for one in matrices if one and one.count() <= DOORS][-1]
    parameters = asker.json("/api")["paths"]["/collections/{collectionId}/tiles"]["get"]["parameters"]
    tiled = ",".join(next(one for one in parameters if one.get("name") == "collectionId")["schema"]["enum"])
    # Esri's levels of degrees begin at one tile of 360 degrees.
    level = int(matrix.id) + (grid.name == "WorldCRS84Quad")
    filled = 0
    doors = [
        f"/tiles/{grid.name}/{matrix.id}/{{row}}/{{col}}?labels=true",
        f"/tiles/{grid.name}/{matrix.id}/{{row}}/{{col}}?as-of=2026-11-20",
        f"/wmts/1.0.0/all/default/{grid.name}/{matrix.id}/{{row}}/{{col}}.mvt",
        f"/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&LAYER=all&STYLE=default&TILEMATRIXSET={grid.name}"
        f"&TILEMATRIX={matrix.id}&TILEROW={{row}}&TILECOL={{col}}&FORMAT=application/vnd.mapbox-vector-tile",
        f"/arcgis/rest/services/all@{grid.name}/VectorTileServer/tile/{level}/{{row}}/{{col}}.pbf",
    ]
    if grid.name == "WebMercatorQuad":
        doors.append(f"/xyz/{tiled}/{matrix.id}/{{col}}/{{row}}.mvt")
    if "kept" in tiled:
        doors += [f"/collections/{one}/tiles/{grid.name}/{matrix.id}/{{row}}/{{col}}" for one in ("kept", "households")]
    for door in doors:
        targets = [door.format(row=row, col=col) for row, col in sorted(matrix.all())]
        answers = [answer for _, answer in asker.scanned(targets)]
        # A collection has fewer tiles than all of them, one that somebody sees a part of fewer still.
        expected = (200, 204, 404) if "/collections/" in door else (200, 204)
        assert all(one.status in expected for one in answers), (asker.profile, door)
        assert any(one.body for one in answers) or "as-of" in door, (asker.profile, door)
        filled += sum(bool(one.body) for one in answers)
        # A field that is not told cannot be asked for.
        if "/kept/" in door:
            held = next(target for target, one in zip(targets, answers) if one.body)
            refused = asker.get(f"{held}?properties=QLRMC,LXDH,ZJH")
            assert refused.status == 403, refused.status
    return len(doors), filled


class Told:
    """Says what was asked, and when."""

    def __init__(self):
        self.began = time.monotonic()

    def add(self, *words):
        print(f"{time.monotonic() - self.began:6.1f} s  {' '.join(map(str, words))}", flush=True)


def scan_tiles(told, asker, grids, places, background, extent):
    scan = TileScan(asker, extent)
    for grid in grids:
        scan.walk(grid, places, background)
        zooms = {matrix: count for (name, matrix), count in scan.tiles.items() if name == grid.name}
        empty = sum(count for (name, _), count in scan.empty.items() if name == grid.name)
        shown = " ".join(f"z{matrix}:{count}" for matrix, count in zooms.items())
        told.add(f"tiles, {asker.profile}, {grid.name}: {sum(zooms.values())} ({empty} empty) {shown}")
    return scan


def scan_profile(told, asker, city, grids, edited, before, extent, background):
    routes = RouteScan(asker, extent)
    answered, asked = routes.documents()
    told.add(f"paths, {asker.profile}: {answered} answered of {asked}")
    rows = routes.pages()
    told.add(f"items, {asker.profile}: {sum(rows.values())} features of {len(rows)} collections in five formats")
    there, asked = routes.features(edited, before)
    told.add(f"features and history, {asker.profile}: {there} answered of {asked}; {routes.changes()} pages of the feed")
    person = {kind: next(iter(city.kept[kind].values())) for kind in KINDS}
    holder = {kind: next(iter(city.holders[kind].values())) for kind in KINDS}
    searched = routes.searches()
    told.add(f"search, {asker.profile}: {searched} pages; {routes.guesses([person, holder])} ways to guess refused")
    there, asked = routes.sheets()
    told.add(f"household files and forms, {asker.profile}: {there} answered of {asked}")
    doors = [other_doors(asker, grid) for grid in grids]
    told.add(f"other paths to tiles, {asker.profile}: {sum(d for d, _ in doors)} paths, {sum(n for _, n in doors)} tiles")
    scan_tiles(told, asker, grids, list(city.places.values()), background, extent)
    told.add(f"in all, {asker.profile}: {asker.answers} answers, {len(asker.seen)} distinct, {asker.bytes / 1e6:.0f} MB")
    return rows


def grids_of(client, townsman=None):
    listed = json.loads(client.get("/tileMatrixSets?f=json").body)["tileMatrixSets"]
    return [Grid(client, one["id"], townsman) for one in listed]


def check_enforce(told, asker, city, edited):
    """A reader of L3 is told names and telephones by these routes, and by no route an identity number unasked."""
    seen = {NAME, TELEPHONE}
    items = "/collections/kept/items"
    targets = [f"{items}?f={form}&limit=1000" for form in ("json", "csv", "fgb", "jsonfg", "html")]
    targets += [f"{items}/{edited[0]}", f"{items}/{edited[0]}/history", "/collections/kept/all.fgb"]
    for target in targets:
        answer = asker.client.get(target)
        assert answer.status == 200 and asker.scanner.find(answer.body) == seen, (target, answer.status)
    body = {"geometry": AREA, "limit": 1000, "return": "features"}
    answer = asker.client.send_json("POST", "/collections/kept/search", body)
    assert asker.scanner.find(answer.body) == seen, answer.body[:300]
    listed = json.loads(asker.client.get(f"/dossiers?limit={REVEALED}").body)["files"]
    for one in listed:
        asked = {"fields": list(KINDS), "reason": "核实", "case": "(2026) 京试 1 号"}
        answer = asker.client.send_json("POST", f"/dossiers/{one['id']}/reveal", asked)
        assert answer.status == 200 and asker.scanner.find(answer.body) == set(KINDS), answer.body[:300]
    told.add(f"enforce is told names and telephones by {len(targets) + 1} routes, and all of {len(listed)} who are revealed")


def check_masks(asker):
    """Who is below `enforce` is told that values are there, and their masks."""
    files = asker.json(f"/dossiers?limit={REVEALED}")["files"]
    for one in files:
        values = asker.json(f"/dossiers/{one['id']}/personal")["values"]
        assert len(values) == len(KINDS) and all("*" in value["masked"] for value in values), one["id"]
        asked = {"fields": list(KINDS), "reason": "核实", "case": "(2026) 京试 1 号"}
        assert asker.post(f"/dossiers/{one['id']}/reveal", asked).status == 403


def check_sheets_are_read(asker):
    """What is drawn is read: the number of a household is found in its page, sheet and PDF."""
    one = asker.json("/dossiers?limit=1")["files"][0]["id"]
    for end in ("?f=html", ".svg", ".pdf"):
        body = asker.client.get(f"/dossiers/{one}{end}").body
        text = text_of_pdf(body) if body.startswith(b"%PDF") else body
        assert one.encode() in text, end


def check_tiles_are_read(told, city, scanner):
    """Fields that the operator calls L1 are found in the tiles of every grid."""
    classes = [word for kind in KINDS for word in ("--class", f"{kind}=L1")]
    city.run("collection", "set", city.store, "kept", *classes)
    with Server(city.tuban, city.store, city.folder.parent / "l1.log") as server:
        client = Client(server.address, city.tokens["everywhere"])
        for grid in grids_of(client):
            matrix = grid.town_matrix(grid.matrices[-1])
            (tile,) = grid.placed(matrix, list(city.places.values())[:1])
            body = client.get(f"/tiles/{grid.name}/{matrix.id}/{tile[0]}/{tile[1]}").body
            assert scanner.find(body) == set(KINDS), grid.name
    told.add("a tile of every grid with such fields is found to have them")


def scan_store(told, city, scanner, findings):
    """Files that stay: the store, its copy, its evidence, its reports; the columns of `kept` are in the clear."""
    city.run("backup", city.store, city.folder / "copy.gpkg")
    files = [path for path in city.folder.rglob("*") if path.is_file() and path.suffix != ".toml"]
    for path in files:
        body = path.read_bytes()
        findings.add("files", path.name, scanner.known(body))
    copy = (city.folder / "copy.gpkg").read_bytes()
    findings.add("files", "copy.gpkg", scanner.find_in_database(copy, scanner.known))
    told.add(f"the store, a copy and what lies beside them: {len(files)} files")


def scan_logs(city, scanner, findings):
    """What commands say of who read and wrote."""
    files = FileScan(city.tuban, city.store, city.folder, scanner, findings)
    files.run("audit", "list", city.store)
    files.run("user", "log", city.store)


def scan_commands(told, city, scanner, findings, extent):
    out = city.folder.parent / "out"
    out.mkdir()
    files = FileScan(city.tuban, city.store, out, scanner, findings)
    db = sqlite3.connect(f"file:{city.store}?mode=ro", uri=True)
    collections = [row[0] for row in db.execute("select collection from tuban_collections order by 1")]
    (meeting,) = db.execute("select min(code) from meetings").fetchone()
    db.close()
    files.exports(collections if extent.one_in == 1 else PERSONS[:3])
    files.reports(city.rules, city.ledgers, SCOPE, VILLAGE, extent.one_in == 1)
    files.meeting(meeting)
    told.add(f"commands: {files.files} outputs, files and tiles of archives, {files.bytes / 1e6:.0f} MB")


class Beside:
    """What is scanned in a process of its own; findings are added when it is waited for."""

    def __init__(self, scan, findings):
        self.findings = findings
        # Forked: what is looked for is not made twice.
        context = multiprocessing.get_context("fork")
        self.counts, self.sent = context.Pipe(duplex=False)
        self.process = context.Process(target=self.run, args=(scan, self.sent))
        self.process.start()

    @staticmethod
    def run(scan, sent):
        findings = Findings()
        scan(findings)
        sent.send(findings.counts)

    def wait(self):
        self.sent.close()
        try:
            self.findings.counts += self.counts.recv()
        except EOFError:
            raise SystemExit("what is scanned beside ended early") from None
        self.process.join()


def scan_exports(told, asker, auditor):
    """What stands in the audit log of what left, and of all that happened before."""
    for collection in ("parcels", "buildings"):
        asker.all(f"/collections/{collection}/items?f={form}&limit=1000" for form in ("json", "csv", "fgb"))
        asker.get(f"/collections/{collection}/items/1")
    one = asker.json("/dossiers?limit=1")["files"][0]["id"]
    asker.all(f"/dossiers/{one}{end}" for end in ("", ".pdf", "/personal"))
    for grid in grids_of(asker.client):
        other_doors(asker, grid)
    target, rows, actions = "/audit?limit=1000", 0, Counter()
    while target:
        page = auditor.json(target)
        rows += page["numberReturned"]
        actions.update(row["action"] for row in page["rows"])
        links = [one["href"] for one in page["links"] if one["rel"] == "next"]
        target = links and "/" + links[0].split("/", 3)[3]
    assert actions["export"] and actions["reveal"] and actions["refused_read"], actions
    told.add(f"audit log: {rows} rows, {dict(actions)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tuban", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--every", action="store_true", help="ask for each tile, household file and feature")
    parser.add_argument("--one-in", type=int, default=1, help="ask for one of so many that are told apart")
    given = parser.parse_args()
    extent = Extent(given.every, given.one_in)
    told, findings = Told(), Findings()
    city = City(given.tuban, given.folder / "demo")
    city.plant()
    groups = [group(values) for values in (city.holders, city.kept, city.apart, city.surveyed)]
    ordinary = ordinary_numbers(city.store)
    scanner = Scanner(groups, ordinary)
    sealed = Scanner([groups[0], *groups[2:]], ordinary)
    counts = Counter(kind for values in groups for kind in KINDS for _ in values[kind])
    told.add(f"looked for: {len(scanner.kinds)} values, {dict(counts)}, as {scanner.patterns} byte patterns")
    check_scanner(scanner, {kind: next(iter(city.holders[kind].values())) for kind in KINDS})
    findings.add("the command line", "making the city", scanner.find(city.printed))
    db = sqlite3.connect(f"file:{city.store}?mode=ro", uri=True)
    tables = ("shops", "places")
    boxes = [db.execute(f"select minx, miny from rtree_{table}_geom").fetchall() for table in tables]
    background = [place for table in boxes for place in table]
    db.close()
    before = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    logs = [given.folder / f"{name}.log" for name in ("open", "accounts", "counted")]

    with Server(given.tuban, city.store, logs[0]) as server:
        asker = Asker(OPEN, server.address, "", scanner, findings)
        edited = edit(asker)
        streams(asker)
        check_sheets_are_read(asker)
        city.rules = [one["code"] for one in asker.json("/rules")["rules"]]
        city.ledgers = [one["id"] for one in asker.json("/ledgers")["ledgers"]]
        scan_profile(told, asker, city, grids_of(asker.client), edited, before, extent, background)

    erased = city.run("erase", city.store, "households", "17", "--reason", "asked by letter")
    findings.add("the command line", "erase", scanner.find(erased))
    roles = (("town", "town", SCOPE), ("everywhere", "town"), ("district", "district"), ("auditor", "auditor"))
    city.tokens = {account[0]: city.account(*account) for account in roles}

    copy = city.copied(given.folder / "copy")

    def scan_commands_and_tiles(findings):
        scan_commands(told, copy, scanner, findings, extent)
        scan_store(told, copy, sealed, findings)
        check_tiles_are_read(told, copy, scanner)

    beside = Beside(scan_commands_and_tiles, findings)
    with Server(given.tuban, city.store, logs[1], "--public") as server:
        def asker_of(profile, account):
            return Asker(profile, server.address, city.tokens.get(account, ""), scanner, findings)

        everywhere = asker_of(EVERYWHERE, "everywhere")
        check_masks(everywhere)
        check_enforce(told, asker_of("enforce", "district"), city, edited)
        for asker in (asker_of(PUBLIC, ""), asker_of(TOWN, "town"), everywhere):
            grids = grids_of(asker.client, everywhere.client)
            scan_profile(told, asker, city, grids, edited, before, extent, background)

    with Server(given.tuban, city.store, logs[2], "--public", config=COUNTED) as server:
        asker = Asker(EVERYWHERE, server.address, city.tokens["everywhere"], scanner, findings)
        scan_exports(told, asker, Asker("auditor", server.address, city.tokens["auditor"], scanner, findings))

    for log in logs:
        findings.add("logs", log.name, scanner.find(log.read_bytes()))
    beside.wait()
    scan_logs(city, scanner, findings)
    scan_store(told, city, sealed, findings)
    findings.tell()
    if findings.counts:
        raise SystemExit(1)
    told.add("no name, telephone or identity number was told to anybody below enforce")


if __name__ == "__main__":
    main()
