"""Imports the real layers and holds them to what is known of them.

Usage: check_real_layers.py TUBAN DATA STORE

Every row comes in; the compounds found in BD-09 land on the same compounds in WGS 84; the text of
the Shapefile in GBK is that of the FlatGeobuf it was made from.
"""

import csv
import json
import math
import subprocess
import sys
from pathlib import Path

# File, collection, rows, further arguments.
LAYERS = [
    ("beijing_streets_331_wgs84.fgb", "streets", 331, []),
    ("beijing_districts_16_wgs84.fgb", "districts", 16, []),
    ("beijing_cbd_buildings_5442_wgs84.fgb", "buildings", 5442, []),
    ("beijing_compounds_wgs84.fgb", "compounds", 3700, []),
    ("beijing_compounds_raw_bd09.geojsonl", "compounds-bd09", 3700, ["--crs", "bd09"]),
    ("beijing_osm_pois.fgb", "pois", 51_370, []),
    ("formats/shp_gbk_cpg_epsg4548/建筑物.shp", "buildings-shp", 5442, []),
]
# Columns of the FlatGeobuf and of the Shapefile.
COLUMNS = {
    "id": "编号",
    "name": "建筑名称",
    "floors": "层数",
    "street_code": "街道代码",
    "street": "所属街道",
    "area_m2": "面积",
}
MOST_BD09_METRES = 0.5


def run(tuban, *arguments):
    done = subprocess.run([tuban, *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 0, f"{arguments}: code {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def import_layers(tuban, data, store):
    for file, collection, rows, more in LAYERS:
        options = ["--collection", collection, "--json", *more]
        [outcome] = json.loads(run(tuban, "import", store, data / file, *options))
        told = {key: outcome[key] for key in ("read", "inserted", "skipped")}
        assert told == {"read": rows, "inserted": rows, "skipped": {}}, f"{file}: {outcome}"
    print(f"ok {len(LAYERS)} layers: every one of {sum(layer[2] for layer in LAYERS)} rows came in")


def rings(geometry):
    polygons = geometry["coordinates"]
    for polygon in [polygons] if geometry["type"] == "Polygon" else polygons:
        yield from polygon


def check_bd09(tuban, store, folder):
    by_index = []
    for collection in ("compounds", "compounds-bd09"):
        path = folder / f"{collection}.geojsonl"
        run(tuban, "export", store, path, "--collection", collection, "--force")
        with open(path, encoding="utf-8") as lines:
            features = map(json.loads, lines)
            by_index.append({f["properties"]["src_idx"]: f["geometry"] for f in features})
    expected, found = by_index
    assert len(expected) == 3700 and expected.keys() == found.keys(), "the compounds are not the same"
    farthest, vertices = 0.0, 0
    for index, geometry in expected.items():
        for ring, shifted in zip(rings(geometry), rings(found[index]), strict=True):
            for (lon, lat), (other_lon, other_lat) in zip(ring, shifted, strict=True):
                east = math.radians(other_lon - lon) * math.cos(math.radians(lat)) * 6_378_137
                north = math.radians(other_lat - lat) * 6_378_137
                farthest = max(farthest, math.hypot(east, north))
                vertices += 1
    assert farthest <= MOST_BD09_METRES, f"BD-09 lands {farthest:.3f} m off"
    print(f"ok BD-09: {vertices} vertices at most {farthest:.3f} m from WGS 84")


def check_shapefile_text(tuban, store, folder):
    tables = []
    for collection in ("buildings", "buildings-shp"):
        path = folder / f"{collection}.csv"
        run(tuban, "export", store, path, "--collection", collection, "--force")
        with open(path, encoding="utf-8-sig", newline="") as lines:
            tables.append(list(csv.DictReader(lines)))
    for number, (row, shp_row) in enumerate(zip(*tables, strict=True), 1):
        for name, shp_name in COLUMNS.items():
            assert row[name] == shp_row[shp_name], f"row {number}: {row[name]!r} {shp_row[shp_name]!r}"
    named = sum(bool(row["name"]) for row in tables[0])
    assert named > 100, "hardly a name: the comparison says nothing"
    print(f"ok Shapefile in GBK: {len(tables[0])} rows, {named} of them named, read as in the FlatGeobuf")


def main(tuban, data, store):
    data, store = Path(data), Path(store)
    import_layers(tuban, data, store)
    check_bd09(tuban, store, store.parent)
    check_shapefile_text(tuban, store, store.parent)


if __name__ == "__main__":
    main(*sys.argv[1:])
