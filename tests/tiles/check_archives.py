"""Reads exported pyramids with readers that are not ours: PMTiles by its own package, MBTiles by
SQLite and GDAL's rules. Both must hold the same tiles, those that the server answers.

Usage: check_archives.py TUBAN STORE FOLDER
"""

import gzip
import json
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

from pmtiles.reader import MmapSource, Reader, all_tiles

from check_tiles import Server

ZOOMS = (8, 15)
SEED = 20261125
SAMPLE = 200


def export(tuban, store, out, *options):
    command = [tuban, "export", store, out, "--zoom", f"{ZOOMS[0]}..{ZOOMS[1]}", *options]
    return subprocess.run(command, check=True, capture_output=True, text=True)


def of_pmtiles(path):
    with open(path, "rb") as file:
        source = MmapSource(file)
        header, metadata = Reader(source).header(), Reader(source).metadata()
        tiles = {place: bytes(tile) for place, tile in all_tiles(source)}
    assert header["tile_type"].name == "MVT" and header["tile_compression"].name == "GZIP"
    assert (header["min_zoom"], header["max_zoom"]) == ZOOMS, header
    assert header["addressed_tiles_count"] == len(tiles)
    assert header["clustered"]
    return tiles, metadata


def of_mbtiles(path):
    with sqlite3.connect(path) as db:
        metadata = dict(db.execute("select name, value from metadata"))
        assert db.execute("pragma integrity_check").fetchone() == ("ok",)
        rows = db.execute("select zoom_level, tile_column, tile_row, tile_data from tiles")
        tiles = {(z, x, 2**z - 1 - row): tile for z, x, row, tile in rows}
    assert metadata["format"] == "pbf"
    assert (int(metadata["minzoom"]), int(metadata["maxzoom"])) == ZOOMS
    return tiles, json.loads(metadata["json"])


def check_cut_off(tuban, store, folder, whole):
    """An export that is killed and begun again ends as one that was left alone."""
    out = folder / "cut.pmtiles"
    command = [tuban, "export", store, out, "--zoom", f"{ZOOMS[0]}..{ZOOMS[1]}"]
    cuts = 0
    for _ in range(20):
        running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        part = folder / "cut.pmtiles.part"
        while running.poll() is None and not (part.exists() and part.stat().st_size > 100_000):
            time.sleep(0.01)
        time.sleep(0.05)
        if running.poll() is not None:
            break
        running.send_signal(signal.SIGKILL)
        running.wait()
        cuts += 1
        if cuts == 3:
            break
    told = subprocess.run(command, check=True, capture_output=True, text=True).stderr if cuts else ""
    assert cuts == 0 or "going on" in told, told
    assert out.read_bytes() == whole.read_bytes()
    assert not (folder / "cut.pmtiles.part").exists()
    return cuts


def main():
    tuban, store, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    folder.mkdir()
    pm, mb = folder / "a.pmtiles", folder / "a.mbtiles"
    for out in (pm, mb):
        print(export(tuban, store, out).stdout.strip())
    pm_tiles, pm_said = of_pmtiles(pm)
    mb_tiles, mb_said = of_mbtiles(mb)
    assert pm_tiles == mb_tiles
    assert pm_said["vector_layers"] == mb_said["vector_layers"]
    names = ",".join(layer["id"] for layer in pm_said["vector_layers"])
    with Server(tuban, store) as server:
        for z, x, y in random.Random(SEED).sample(sorted(pm_tiles), min(SAMPLE, len(pm_tiles))):
            tile, _ = server.tile(names, z, x, y)
            assert tile == gzip.decompress(pm_tiles[z, x, y]), (z, x, y)
    cuts = check_cut_off(tuban, store, folder, pm)
    refused = subprocess.run([tuban, "export", store, pm], capture_output=True, text=True)
    assert refused.returncode != 0 and "--force" in refused.stderr, refused.stderr
    print(f"{len(pm_tiles)} tiles equal in both archives, a sample equal to the server's; an export cut off {cuts} times ended the same")


if __name__ == "__main__":
    main()
