"""GDAL reads vector tiles by URL, row first and column first, as it reads the features behind them, and
lists the layers and grids of WMTS.
Usage: tiles_clients.py BASE_URL"""
import json
import re
import subprocess
import sys
import urllib.request

# A tile in the middle of the sample city's parcels: zoom, column, row.
ZOOM, COLUMN, ROW = 15, 26984, 12447


def gdal(url, layer):
    command = ["ogrinfo", "-ro", "-al", "-geom=SUMMARY", f"MVT:{url}", layer]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and "ERROR" not in done.stderr, f"{url}: {done.stderr}"
    return done.stdout


def check_wmts(base):
    """GDAL takes WMTS for pictures and cannot draw these tiles: it must find every layer on every grid, each
    with the size, the corner and the coordinate system of the grid."""
    url = f"{base}/wmts/1.0.0/WMTSCapabilities.xml"
    with urllib.request.urlopen(f"{base}/tileMatrixSets", timeout=60) as answer:
        sets = [each["id"] for each in json.load(answer)["tileMatrixSets"]]
    with urllib.request.urlopen(f"{base}/collections", timeout=60) as answer:
        # What is not for everyone is in no tile.
        is_drawn = lambda each: any(link["rel"].endswith("/tilesets-vector") for link in each["links"])
        layers = ["all"] + [each["id"] for each in filter(is_drawn, json.load(answer)["collections"])]
    listed = gdalinfo(f"WMTS:{url}")["metadata"]["SUBDATASETS"].values()
    for layer in layers:
        for name in sets:
            # With one grid a layer is named alone.
            grid = f",tilematrixset={name}" if len(sets) > 1 else ""
            subdataset = f"WMTS:{url},layer={layer}{grid}"
            assert subdataset in listed, f"{subdataset} is not in {listed}"
            with urllib.request.urlopen(f"{base}/tileMatrixSets/{name}", timeout=60) as answer:
                definition = json.load(answer)
            origin, axes = definition["tileMatrices"][0]["pointOfOrigin"], definition.get("orderedAxes", ["X", "Y"])
            x, y = origin if axes[0] in ("X", "E", "Lon") else reversed(origin)
            opened = gdalinfo(f"WMTS:{url},layer={layer},tilematrixset={name},extendbeyonddateline=no")
            transform = opened["geoTransform"]
            cell = transform[1]
            at_col, at_row = (transform[0] - x) / cell / 256, (y - transform[3]) / cell / 256
            assert at_col > -1 and at_row > -1, f"{subdataset} begins at {transform}, west or north of {origin}"
            finest = min(each["cellSize"] for each in definition["tileMatrices"])
            assert cell >= finest * 0.999999, f"{subdataset}: {cell} is finer than {finest}"
            assert any(abs(each["cellSize"] / cell - 1) < 1e-6 for each in definition["tileMatrices"]), cell
            code = re.search(r'ID\["EPSG",(\d+)\]\]\s*$', opened["coordinateSystem"]["wkt"])
            expected = definition["crs"].rsplit("/", 1)[1]
            assert expected == "CRS84" or (code and code[1] == expected), opened["coordinateSystem"]["wkt"]
    print(f"ok GDAL: {len(layers)} layers of WMTS on {len(sets)} grids")


def gdalinfo(dataset):
    done = subprocess.run(["gdalinfo", "-json", "-nomd" if "layer=" in dataset else "-json", dataset],
                          capture_output=True, text=True, timeout=240)
    assert done.returncode == 0 and "ERROR" not in done.stderr, f"{dataset}: {done.stderr}"
    return json.loads(done.stdout)


def main(base):
    check_wmts(base)
    row_first = f"{base}/collections/parcels/tiles/WebMercatorQuad/{ZOOM}/{ROW}/{COLUMN}"
    # GDAL takes zoom, column and row from the end of the URL; a tile says nothing of its place.
    read = gdal(f"{base}/xyz/parcels/{ZOOM}/{COLUMN}/{ROW}.pbf", "parcels")
    count = int(re.search(r"Feature Count: (\d+)", read)[1])
    assert count > 100, count
    with urllib.request.urlopen(row_first, timeout=60) as tile:
        ogc = tile.read()
    with urllib.request.urlopen(f"{base}/xyz/parcels/{ZOOM}/{COLUMN}/{ROW}.pbf", timeout=60) as tile:
        assert tile.read() == ogc, "both paths give one tile"
    (code,) = re.findall(r"ZDDM \(String\) = (\S+)", read)[:1]
    (found,) = re.findall(r"mvt_id \(Integer64\) = (\d+)", read)[:1]
    with urllib.request.urlopen(f"{base}/collections/parcels/items/{found}", timeout=60) as answer:
        feature = json.load(answer)
    assert feature["properties"]["ZDDM"] == code, f"{found}: {feature['properties']} is not {code}"
    west, south, east, north = map(float, re.search(r"Extent: \((.*), (.*)\) - \((.*), (.*)\)", read).groups())
    half, size = 20037508.342789244, 2 * 20037508.342789244 / 2**ZOOM
    left, top = -half + COLUMN * size, half - ROW * size
    edge = size / 32
    assert left - edge < west < east < left + size + edge, (west, east, left)
    assert top - size - edge < south < north < top + edge, (south, north, top)
    print(f"ok GDAL: {count} parcels of a vector tile, the same features by their ids")


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/"))
