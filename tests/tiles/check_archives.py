"""Reads exported pyramids with readers that are not ours: PMTiles by its own package, MBTiles by
SQLite and GDAL's rules. Both must hold the same tiles, those that the server answers. Served as
archives, also PMTiles that the package wrote, they answer every tile as the archive has it.

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
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import write

from check_tiles import Server

ZOOMS = (8, 14)
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


def written_by_others(path):
    """Images in PMTiles of the package's own writer, enough of them for leaf directories."""
    tiles = {}
    with write(path) as archive:
        for place in range(zxy_to_tileid(9, 0, 0), zxy_to_tileid(9, 0, 0) + 40_000):
            if place % 7 < 4:
                tiles[place] = b"\x89PNG\r\n\x1a\n" + str(hash((SEED, place // 3))).encode()
                archive.write_tile(place, tiles[place])
        header = {
            "tile_type": TileType.PNG, "tile_compression": Compression.NONE, "min_zoom": 9, "max_zoom": 9,
            "min_lon_e7": -1_800_000_000, "min_lat_e7": -850_000_000,
            "max_lon_e7": 1_800_000_000, "max_lat_e7": 850_000_000,
            "center_zoom": 9, "center_lon_e7": 0, "center_lat_e7": 0,
        }
        archive.finalize(header, {"name": "others"})
    with open(path, "rb") as file:
        return {place: bytes(tile) for place, tile in all_tiles(MmapSource(file))}


def check_served(tuban, store, folder, tiles):
    """Both archives of ours, and one of the package's writer, by way of the server."""
    others = written_by_others(folder / "others.pmtiles")
    archives = [f"--archive={name}" for name in (
        f"pm={folder / 'a.pmtiles'}", f"mb={folder / 'a.mbtiles'}", f"others={folder / 'others.pmtiles'}")]
    pick = random.Random(SEED)
    with Server(tuban, store, *archives) as server:
        for z, x, y in pick.sample(sorted(tiles), min(SAMPLE, len(tiles))):
            for archive in ("pm", "mb"):
                path = f"/xyz/{archive}/{z}/{x}/{y}.mvt"
                status, headers, body = server.get(path, "gzip")
                assert status == 200 and headers["Content-Encoding"] == "gzip", (path, status)
                assert body == tiles[z, x, y], path
                status, headers, body = server.get(path)
                assert status == 200 and "Content-Encoding" not in headers, (path, status)
                assert body == gzip.decompress(tiles[z, x, y]), path
        for z, x, y in pick.sample([(9, x, y) for x in range(512) for y in range(512)], 5 * SAMPLE):
            status, headers, body = server.get(f"/xyz/others/{z}/{x}/{y}.png", "gzip")
            expected = others.get((z, x, y), b"")
            assert (status, body) == (200 if expected else 204, expected), (z, x, y, status)
            assert not expected or headers["Content-Type"] == "image/png", headers
    return len(others)


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
    images = check_served(tuban, store, folder, pm_tiles)
    print(f"served again as archives: ours in both formats, and {images} images of the package's writer")
    print(f"{len(pm_tiles)} tiles equal in both archives, a sample equal to the server's; an export cut off {cuts} times ended the same")


if __name__ == "__main__":
    main()
