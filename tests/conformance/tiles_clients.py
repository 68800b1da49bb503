"""GDAL reads vector tiles by URL, row first and column first, as it reads the features behind them.
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


def main(base):
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
