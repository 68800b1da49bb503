"""Reports what `pyramid.sh` ran: times, sizes, and the area of polygons that is left at each zoom.

Areas are square tile units of the zoom. Every ring is clipped to its tile before its area is taken, so
that what buffers repeat is counted once; rings are summed with their sign, so that holes are taken off.

Usage: pyramid.py FOLDER
"""

import gzip
import math
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from statistics import median

import numpy
import pyogrio
import shapely
from pmtiles.reader import MmapSource, Reader, all_tiles

EXTENT = 4096
ZOOMS = range(8, 15)
COMPARED = range(8, 14)
BATCH = 64


def varint(data, at):
    number = shift = 0
    while True:
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
        shift += 7


def fields(data):
    """Fields of a message: number, and value or bytes."""
    at, end = 0, len(data)
    while at < end:
        key, at = varint(data, at)
        if key & 7 == 0:
            value, at = varint(data, at)
        elif key & 7 == 2:
            length, at = varint(data, at)
            value, at = data[at : at + length], at + length
        else:
            size = {1: 8, 5: 4}[key & 7]
            value, at = data[at : at + size], at + size
        yield key >> 3, value


def rings(geometry):
    """Rings of a polygon as lists of points; commands and zigzag numbers as MVT 2.1 has them."""
    at, end, x, y = 0, len(geometry), 0, 0
    ring = []
    while at < end:
        command, at = varint(geometry, at)
        kind, count = command & 7, command >> 3
        if kind == 7:
            yield ring
            continue
        if kind == 1:
            ring = []
        for _ in range(count):
            dx, at = varint(geometry, at)
            dy, at = varint(geometry, at)
            x += (dx >> 1) ^ -(dx & 1)
            y += (dy >> 1) ^ -(dy & 1)
            ring.append((x, y))


def clipped(ring, extent):
    """The ring within the tile, by Sutherland and Hodgman: edges along the border cancel out."""
    for axis, limit, sign in ((0, 0, 1), (0, extent, -1), (1, 0, 1), (1, extent, -1)):
        kept = []
        for at, here in enumerate(ring):
            before = ring[at - 1]
            inside, was = ((p[axis] - limit) * sign >= 0 for p in (here, before))
            if inside != was:
                share = (limit - before[axis]) / (here[axis] - before[axis])
                kept.append(tuple(b + share * (h - b) for b, h in zip(before, here)))
            if inside:
                kept.append(here)
        ring = kept
        if not ring:
            break
    return ring


def area(ring, extent):
    """Twice the signed area within the tile."""
    if any(not 0 <= x <= extent or not 0 <= y <= extent for x, y in ring):
        ring = clipped(ring, extent)
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, ring[1:] + ring[:1]))


def tile_area(data):
    """Area and polygons of a tile, in units of an extent of 4096."""
    total, count = 0.0, 0
    for number, layer in fields(data):
        if number != 3:
            continue
        parts = list(fields(layer))
        extent = next((value for name, value in parts if name == 5), EXTENT)
        unit = (EXTENT / extent) ** 2 / 2
        for name, feature in parts:
            if name != 2:
                continue
            said = dict(fields(feature))
            if said.get(3) == 3:
                count += 1
                total += unit * sum(area(ring, extent) for ring in rings(said[4]))
    return total, count


def batch_areas(batch):
    summed = {}
    for zoom, packed in batch:
        total, count = tile_area(gzip.decompress(packed))
        before = summed.get(zoom, (0.0, 0))
        summed[zoom] = (before[0] + total, before[1] + count)
    return summed


def archive(path, workers):
    """For each zoom area and polygons; the largest tile, packed."""
    batches, largest, summed = [[]], {}, {}
    with open(path, "rb") as file:
        source = MmapSource(file)
        header = Reader(source).header()
        assert header["tile_compression"].name == "GZIP", header
        for (zoom, _x, _y), tile in all_tiles(source):
            largest[zoom] = max(largest.get(zoom, 0), len(tile))
            if zoom in ZOOMS:
                batches[-1].append((zoom, bytes(tile)))
                if len(batches[-1]) == BATCH:
                    batches.append([])
    for part in workers.map(batch_areas, batches):
        for zoom, (total, count) in part.items():
            before = summed.get(zoom, (0.0, 0))
            summed[zoom] = (before[0] + total, before[1] + count)
    return summed, largest, header


def true_area(path):
    """Area of all polygons in units of the whole Web Mercator square."""
    frame = pyogrio.raw.read(path, columns=[])
    assert "4326" in frame[0]["crs"] or "6668" in frame[0]["crs"], frame[0]["crs"]

    def onto_square(points):
        latitude = numpy.radians(points[:, 1])
        x = points[:, 0] / 360 + 0.5
        y = 0.5 - numpy.log(numpy.tan(math.pi / 4 + latitude / 2)) / (2 * math.pi)
        return numpy.column_stack([x, y])

    return shapely.area(shapely.transform(shapely.from_wkb(frame[2]), onto_square)).sum()


def main():
    work = Path(sys.argv[1])
    def spent(name, column):
        lines = (work / f"{name}.seconds").read_text().splitlines()
        return median(float(line.split()[column]) for line in lines)

    truth = true_area(work / "polygons.fgb")
    with ProcessPoolExecutor(2) as workers:
        ours, our_largest, ours_said = archive(work / "ours.pmtiles", workers)
        theirs, their_largest, theirs_said = archive(work / "theirs.pmtiles", workers)

    def size(name):
        return (work / f"{name}.pmtiles").stat().st_size

    ratios = []
    for column, what in enumerate(("on the clock", "on the processors")):
        export, load, peer = (spent(name, column) for name in ("ours", "import", "theirs"))
        ratios.append(peer / export)
        print(f"{what}: Tuban {export:.1f} s (and {load:.1f} s of import), tippecanoe {peer:.1f} s, ratio {peer / export:.1f} ({peer / (export + load):.1f} with the import)")
    print(f"archive: Tuban {size('ours'):,} bytes, {ours_said['addressed_tiles_count']} tiles; tippecanoe {size('theirs'):,} bytes, {theirs_said['addressed_tiles_count']} tiles")
    print(f"largest tile: Tuban {max(our_largest.values()):,} bytes, tippecanoe {max(their_largest.values()):,} bytes")
    print("zoom | area kept: Tuban | tippecanoe | polygons: Tuban | tippecanoe | largest tile: Tuban | tippecanoe")
    more = []
    for zoom in ZOOMS:
        whole = truth * (EXTENT * 2**zoom) ** 2
        kept = [100 * side.get(zoom, (0, 0))[0] / whole for side in (ours, theirs)]
        counts = [side.get(zoom, (0, 0))[1] for side in (ours, theirs)]
        sizes = [side.get(zoom, 0) for side in (our_largest, their_largest)]
        print(f"z{zoom} | {kept[0]:.1f} % | {kept[1]:.1f} % | {counts[0]:,} | {counts[1]:,} | {sizes[0]:,} | {sizes[1]:,}")
        # Both may keep all of it: what rounding leaves is no loss.
        if zoom in COMPARED:
            more.append(kept[0] > kept[1] or kept[0] >= 99)
    smaller = max(our_largest.values()) <= max(their_largest.values())
    print(f"at least 4 times as fast: {ratios[0] >= 4}; more area at each of z8-z13: {all(more)}; tiles not larger: {smaller}")


if __name__ == "__main__":
    main()
