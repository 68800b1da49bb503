"""Counts the edges that neighbours in a real tessellation do not share any more in its tiles.

Usage: check_shared_edges.py TUBAN DATA FOLDER

Reads the tiles over London, z5 to z14, of the 181,408 census output areas of England and Wales in
DATA/bench; without that file it says so and ends. GEOS counts polygons with torn edges
(coverage_invalid_edges), and the area is compared with that of the source. Everything made on the
way lies in FOLDER.
"""

import gzip
import lzma
import shutil
import subprocess
import sys
from pathlib import Path

import mapbox_vector_tile
import numpy as np
import shapely
from check_tiles import EXTENT, Server, Source, mercator

FILE = "bench/uk_output_areas_181k.fgb.xz"
COLLECTION = "areas"
LONDON = (-0.12, 51.51)
ZOOMS = range(5, 15)
# Polygons with torn edges that are allowed: a twentieth of what the better of tippecanoe and PostGIS
# leaves. Below these zooms a tile has squares for what is too small, which fit no neighbour.
MOST_TORN = {10: 2744 // 20, 11: 457 // 20, 12: 62 // 20, 13: 8 // 20, 14: 0}
PART_OF_AREA = (0.98, 1.02)


def main(tuban, data, folder):
    packed, folder = Path(data) / FILE, Path(folder)
    if not packed.exists():
        print(f"skipped: shared edges are not checked, there is no {packed}")
        return
    folder.mkdir(parents=True, exist_ok=True)
    layer, store = folder / "areas.fgb", folder / "areas.gpkg"
    with lzma.open(packed) as source, open(layer, "wb") as target:
        shutil.copyfileobj(source, target)
    command = [tuban, "import", store, layer, "--collection", COLLECTION]
    subprocess.run(command, check=True, capture_output=True)
    layer.unlink()
    source = Source(tuban, store, COLLECTION, folder)
    square = shapely.box(0, 0, EXTENT, EXTENT)
    with Server(tuban, store) as server:
        for z in ZOOMS:
            x, y = (int(v * 2**z) for v in mercator(np.array([LONDON]))[0])
            body, limited = server.tile(COLLECTION, z, x, y)
            tile = mapbox_vector_tile.decode(body, default_options={"y_coord_down": True, "geojson": True})
            features = tile[COLLECTION]["features"]
            shapes = np.array([shapely.geometry.shape(feature["geometry"]) for feature in features])
            invalid = int((~shapely.is_valid(shapes)).sum())
            torn = int((~shapely.is_empty(shapely.coverage_invalid_edges(shapes))).sum())
            drawn = shapely.area(shapely.intersection(shapes, square)).sum() if invalid == 0 else np.nan
            near = np.array(list(source.near(z, x, y).values()))
            truth = shapely.area(shapely.intersection(near, square)).sum()
            print(
                f"ok z{z}: {len(shapes)} polygons{' (limited)' if limited else ''}, {torn} with torn edges, "
                f"area {drawn / truth:.2%}, {len(gzip.compress(body, 1)) / 1000:.0f} kB by gzip",
                flush=True,
            )
            assert invalid == 0, f"z{z}: {invalid} invalid polygons"
            assert torn <= MOST_TORN.get(z, torn), f"z{z}: {torn} polygons with torn edges"
            low, high = PART_OF_AREA
            assert low <= drawn / truth <= high, f"z{z}: {drawn / truth:.2%} of the area"


if __name__ == "__main__":
    main(*sys.argv[1:])
