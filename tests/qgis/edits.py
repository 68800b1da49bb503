"""QGIS, ogr2ogr and plain SQLite edit the file of a store. Usage: edits.py TUBAN WORK

Each edit is made once while a server runs, which shows it within two seconds, and once while none
does, so that the next start shows it. History keeps the state before."""

import json
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request

from qgis.core import QgsApplication, QgsFeature, QgsGeometry, QgsVectorLayer

SOON = 2
TILE = "xyz/lots/14/13489/6220.mvt"
BOW = "POLYGON((116.40 39.700, 116.401 39.701, 116.401 39.700, 116.40 39.701, 116.40 39.700))"


def square(x, y, side=0.001):
    corners = [(x, y), (x + side, y), (x + side, y + side), (x, y + side), (x, y)]
    return "POLYGON((" + ", ".join(f"{a} {b}" for a, b in corners) + "))"


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


class Server:
    def __init__(self, tuban, store):
        command = [tuban, "serve", store, "--listen", "127.0.0.1:0"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        Server.running = self.process
        self.base = None
        for line in self.process.stdout:
            if line.strip().startswith("browser"):
                self.base = line.split()[1].rstrip("/")
                break
        assert self.base, "the server did not start"

    running = None

    def end(self):
        self.process.terminate()
        assert self.process.wait(20) == 0, "the server did not end cleanly"

    def get(self, path):
        try:
            with urllib.request.urlopen(f"{self.base}/{path}", timeout=10) as response:
                return response.read()
        except urllib.error.HTTPError as error:
            assert error.code == 404, error
            return None

    def item(self, fid):
        found = self.get(f"collections/lots/items/{fid}")
        return found and json.loads(found)

    def tag(self):
        with urllib.request.urlopen(f"{self.base}/{TILE}", timeout=10) as response:
            return response.headers["ETag"]

    def wait(self, what, is_so):
        start = time.monotonic()
        while not is_so():
            assert time.monotonic() - start < SOON, f"{what}: not shown within {SOON} s"
            time.sleep(0.05)
        return time.monotonic() - start


def by_qgis(store, edit):
    """Edits as QGIS's editing session does: begin, change, save."""
    layer = QgsVectorLayer(f"{store}|layername=lots", "lots", "ogr")
    assert layer.isValid(), "QGIS does not open the store"
    assert layer.startEditing(), "QGIS does not edit the store"
    edit(layer)
    assert layer.commitChanges(), layer.commitErrors()


def add(layer, name, wkt):
    feature = QgsFeature(layer.fields())
    feature.setAttribute("name", name)
    feature.setGeometry(QgsGeometry.fromWkt(wkt))
    assert layer.addFeature(feature)


def attribute(layer, fid, name):
    assert layer.changeAttributeValue(fid, layer.fields().indexOf("name"), name)


def versions(store, fid):
    with sqlite3.connect(store) as db:
        rows = "SELECT actor FROM tuban_history WHERE collection = 'lots' AND fid = ? ORDER BY seq"
        return [row[0] for row in db.execute(rows, [fid])]


def name(item):
    return item and item["properties"]["name"]


def named(server, wanted):
    found = json.loads(server.get("collections/lots/items?limit=1000"))["features"]
    return [feature["id"] for feature in found if name(feature) == wanted]


def lon(server, fid):
    return server.item(fid)["geometry"]["coordinates"][0][0][0][0]


def served(tuban, store, work):
    server = Server(tuban, store)
    slowest = 0
    tag = server.tag()
    by_qgis(store, lambda layer: add(layer, "added", square(116.4, 39.7)))
    slowest = max(slowest, server.wait("a feature added", lambda: named(server, "added")))
    assert server.tag() != tag, "the tile of the place is as it was"
    by_qgis(store, lambda layer: attribute(layer, 2, "renamed"))
    slowest = max(slowest, server.wait("a value", lambda: name(server.item(2)) == "renamed"))
    far = QgsGeometry.fromWkt(square(116.45, 39.75))
    by_qgis(store, lambda layer: layer.changeGeometry(3, far))
    slowest = max(slowest, server.wait("a geometry", lambda: abs(lon(server, 3) - 116.45) < 1e-9))
    by_qgis(store, lambda layer: layer.deleteFeature(4))
    slowest = max(slowest, server.wait("a deletion", lambda: server.item(4) is None))
    for fid in (2, 3, 4):
        assert versions(store, fid) == ["external"], f"history of {fid}: {versions(store, fid)}"

    by_qgis(store, lambda layer: layer.changeGeometry(5, QgsGeometry.fromWkt(BOW)))
    slowest = max(slowest, server.wait("a flaw", lambda: server.item(5) is None))
    defects = json.loads(server.get("collections/lots/defects"))["defects"]
    assert [(d["id"], d["pointer"]) for d in defects] == [(5, "/geometry")], defects
    mended = QgsGeometry.fromWkt(square(116.41, 39.71))
    by_qgis(store, lambda layer: layer.changeGeometry(5, mended))
    slowest = max(slowest, server.wait("a mended row", lambda: server.item(5) is not None))

    more = f"{work}/more.geojson"
    feature = {"type": "Feature", "properties": {"name": "appended"}, "geometry": {
        "type": "Polygon", "coordinates": [[[116.5, 39.7], [116.501, 39.7], [116.501, 39.701], [116.5, 39.7]]]}}
    with open(more, "w", encoding="utf-8") as file:
        json.dump({"type": "FeatureCollection", "features": [feature]}, file)
    run("ogr2ogr", "-update", "-append", store, more, "-nln", "lots", "-nlt", "PROMOTE_TO_MULTI")
    slowest = max(slowest, server.wait("ogr2ogr's row", lambda: named(server, "appended")))
    with sqlite3.connect(store) as db:
        db.execute("UPDATE lots SET name = 'plain' WHERE fid = 6")
    slowest = max(slowest, server.wait("SQLite's value", lambda: name(server.item(6)) == "plain"))

    # A column that QGIS adds and one that it drops.
    layer = QgsVectorLayer(f"{store}|layername=lots", "lots", "ogr")
    dropped = layer.fields().indexOf("note")
    assert layer.dataProvider().deleteAttributes([dropped]), "QGIS does not drop the column"
    del layer
    schema = lambda: json.loads(server.get("collections/lots/schema"))["properties"]
    slowest = max(slowest, server.wait("a column dropped", lambda: "note" not in schema()))
    by_qgis(store, lambda layer: attribute(layer, 7, "after"))
    slowest = max(slowest, server.wait("a later value", lambda: name(server.item(7)) == "after"))
    server.end()
    return slowest


def unserved(tuban, store):
    def all_at_once(layer):
        add(layer, "by night", square(116.42, 39.72))
        attribute(layer, 8, "by night too")
        assert layer.changeGeometry(9, QgsGeometry.fromWkt(square(116.46, 39.76)))
        assert layer.deleteFeature(10)

    by_qgis(store, all_at_once)
    server = Server(tuban, store)
    assert len(named(server, "by night")) == 1 and name(server.item(8)) == "by night too"
    assert abs(lon(server, 9) - 116.46) < 1e-9 and server.item(10) is None
    for fid in (8, 9, 10):
        assert versions(store, fid) == ["external"], f"history of {fid}"
    server.end()


def main(tuban, work):
    store = f"{work}/edits.gpkg"
    features = [{"type": "Feature", "properties": {"name": f"lot {n}", "note": "x"}, "geometry": {
        "type": "Polygon", "coordinates": [[[x, 39.7], [x + 0.001, 39.7], [x + 0.001, 39.701], [x, 39.7]]]}}
        for n, x in enumerate(116.40 + 0.002 * n for n in range(12))]
    with open(f"{work}/lots.geojson", "w", encoding="utf-8") as file:
        json.dump({"type": "FeatureCollection", "features": features}, file)
    run(tuban, "import", store, f"{work}/lots.geojson", "--keep", "name", "--keep", "note")
    slowest = served(tuban, store, work)
    unserved(tuban, store)
    print(f"ok edits: 10 edits by QGIS, ogr2ogr and SQLite shown, the slowest after {slowest:.2f} s; 4 made by night")


if __name__ == "__main__":
    QgsApplication.setPrefixPath("/usr", True)
    application = QgsApplication([], False)
    application.initQgis()
    try:
        main(*sys.argv[1:])
    except AssertionError as error:
        print(f"not ok {error}", file=sys.stderr)
        sys.exit(1)
    finally:
        if Server.running is not None:
            Server.running.kill()
