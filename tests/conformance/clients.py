"""Clients that are not ours read, page and filter a collection: OWSLib, and GDAL's OAPIF driver. OWSLib
reads tiles by WMTS too.
Usage: clients.py BASE_URL"""
import json
import subprocess
import sys
import urllib.request

from owslib.ogcapi.features import Features
from owslib.wmts import WebMapTileService

BBOX = [116.42, 39.635, 116.43, 39.65]


def equal(found, expected, what):
    assert found == expected, f"{what}: {found!r}, not {expected!r}"


def answer(url):
    with urllib.request.urlopen(url, timeout=60) as response:
        return json.load(response)


def check_owslib(base, counts):
    client = Features(base + "/")
    equal(sorted(client.feature_collections()), sorted(counts), "collections of OWSLib")
    assert any(one.endswith("ogcapi-features-1/1.0/conf/core") for one in client.conformance()["conformsTo"])
    equal(client.api()["openapi"][:4], "3.0.", "version of OpenAPI")
    for name, count in counts.items():
        equal(client.collection(name)["id"], name, "collection")
        page = client.collection_items(name, limit=7)
        equal((page["numberMatched"], page["numberReturned"]), (count, min(count, 7)), name)
        listed = page["features"][0]
        equal(client.collection_item(name, str(listed["id"]))["properties"], listed["properties"], name)
        queryables = client.collection_queryables(name)["properties"]
        assert set(listed["properties"]) <= set(queryables), f"{name}: {sorted(queryables)}"
    near = client.collection_items("parcels", bbox=BBOX, limit=1)
    assert 0 < near["numberMatched"] < counts["parcels"], near["numberMatched"]
    code = near["features"][0]["properties"]["ZDDM"]
    equal(client.collection_items("parcels", ZDDM=code)["numberMatched"], 1, "parcels of one code")
    print(f"ok OWSLib: {len(counts)} collections, {near['numberMatched']} parcels in a box")


def check_wmts(base, counts):
    """Layers, grids and tiles by key and by path; the tiles are those of OGC API – Tiles."""
    by_key = WebMapTileService(f"{base}/wmts")
    by_path = WebMapTileService(f"{base}/wmts/1.0.0/WMTSCapabilities.xml")
    equal(by_key.identification.type, "OGC WMTS", "type of service")
    equal(sorted(by_key.contents), sorted([*counts, "all"]), "layers of WMTS")
    sets = {each["id"]: answer(f"{base}/tileMatrixSets/{each['id']}") for each in answer(f"{base}/tileMatrixSets")["tileMatrixSets"]}
    equal(sorted(by_key.tilematrixsets), sorted(sets), "grids of WMTS")
    tiles = 0
    for name, definition in sets.items():
        matrices = by_key.tilematrixsets[name].tilematrix
        for matrix in definition["tileMatrices"]:
            found = matrices[matrix["id"]]
            equal(found.topleftcorner, tuple(matrix["pointOfOrigin"]), f"corner of {name}")
            equal(found.scaledenominator, matrix["scaleDenominator"], f"scale of {name}")
            equal((found.matrixwidth, found.matrixheight), (matrix["matrixWidth"], matrix["matrixHeight"]), name)
        for layer in by_key.contents:
            source = "/tiles" if layer == "all" else f"/collections/{layer}/tiles"
            links = by_key.contents[layer].tilematrixsetlinks[name].tilematrixlimits
            last = list(links.values())[-1]
            place = (last.tilematrix, last.mintilerow, last.mintilecol)
            with urllib.request.urlopen(f"{base}{source}/{name}/{place[0]}/{place[1]}/{place[2]}", timeout=60) as tile:
                expected = tile.read()
            asked = dict(zip(("tilematrix", "row", "column"), place))
            asked.update(layer=layer, tilematrixset=name, format="application/vnd.mapbox-vector-tile", style="default")
            for client in (by_key, by_path):
                equal(client.gettile(**asked).read(), expected, f"tile {place} of {layer} on {name}")
                tiles += 1
    print(f"ok OWSLib: {len(by_key.contents)} layers of WMTS on {len(sets)} grids, {tiles} tiles")


def gdal(*arguments):
    done = subprocess.run(["ogrinfo", "-ro", *arguments], capture_output=True, text=True, timeout=240)
    assert done.returncode == 0 and "ERROR" not in done.stderr, f"{arguments}: {done.stderr}"
    return done.stdout


def check_gdal(base, counts):
    for name, count in counts.items():
        said = gdal("-so", f"OAPIF:{base}", name)
        assert f"Feature Count: {count}\n" in said, f"{name}: not {count} features in\n{said}"
    # A page is small here: GDAL follows the links until it has all.
    said = gdal("-q", "-oo", "PAGE_SIZE=700", f"OAPIF:{base}", "villages", "-geom=NO")
    equal(said.count("OGRFeature(villages)"), counts["villages"], "villages, page by page")
    box = answer(f"{base}/collections/points/items?limit=1&bbox={','.join(map(str, BBOX))}")["numberMatched"]
    said = gdal("-q", f"OAPIF:{base}", "points", "-geom=NO", "-spat", *map(str, BBOX))
    equal(said.count("OGRFeature(points)"), box, "points in a box")
    code = answer(f"{base}/collections/parcels/items?limit=1")["features"][0]["properties"]["ZDDM"]
    said = gdal("-q", f"OAPIF:{base}", "parcels", "-geom=NO", "-where", f"ZDDM = '{code}'")
    equal(said.count("OGRFeature(parcels)"), 1, "parcels of one code")
    print(f"ok GDAL: {len(counts)} collections, {box} points in a box")


def main(base):
    listed = answer(f"{base}/collections")["collections"]
    counts = {one["id"]: one["count"] for one in listed}
    # What is not for everyone is in no tile.
    is_drawn = lambda one: any(link["rel"].endswith("/tilesets-vector") for link in one["links"])
    check_owslib(base, counts)
    check_wmts(base, [one["id"] for one in filter(is_drawn, listed)])
    check_gdal(base, counts)


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/"))
