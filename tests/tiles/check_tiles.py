"""Reads vector tiles with two decoders that are not ours and puts every polygon to GEOS.

Usage: check_tiles.py TUBAN STORE TWIN

TWIN was made of the same files as STORE: its server, started anew and asked in another order and
with other codings, must answer the same bytes. Low zooms are read whole, higher ones at places
drawn with a fixed seed, each with its eastern and southern neighbours.
"""

import gzip
import http.client
import json
import math
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
import shapely
import zstandard
from mapbox_vector_tile.decoder import TileData

ZOOMS = range(10, 19)
# A zoom of up to so many tiles is read whole; of others, so many places.
WHOLE = 8
PLACES = 4
# From this zoom on, what is drawn is compared with the source.
TRUE_FROM = 14
SEED = 20261122
EXTENT = 4096
BUFFER = 64
LOW, HIGH = -BUFFER, EXTENT + BUFFER
# A clipped edge ends at a whole number on the border of its tile: half a unit off on each axis.
# A square that stands for small polygons is one unit off where it meets the border.
MOST_APART = 1.5
# Polygons of less area than this, in square units, are summed up in cells.
SMALL = 4.0
# Numbers of cells begin here.
CELLS = 2**52
POINTS, LINES, POLYGONS = 1, 2, 3
# The server ends a connection that has been silent for 10 s; on a busy machine the checks between
# two requests may take longer.
MOST_SILENT = 5.0


class Server:
    """The server, until the end of the `with` block."""

    def __init__(self, tuban, store, *options):
        # What is looked at is the tiles; how long an unoptimised binary takes on a busy machine is not.
        config = Path(store).with_name("patient.toml")
        config.write_text("[server]\nrequest_timeout_seconds = 60\n")
        command = [tuban, "serve", store, "--listen", "127.0.0.1:0", "--config", config, *options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        for line in self.process.stdout:
            if line.strip().startswith("browser"):
                address = line.split()[1].removeprefix("http://").rstrip("/")
                self.connection = http.client.HTTPConnection(address, timeout=90)
                self.answered = time.monotonic()
                return self
        raise AssertionError("the server did not start")

    def __exit__(self, *_):
        self.connection.close()
        self.process.terminate()
        self.process.wait()

    def get(self, path, coding="identity"):
        if time.monotonic() - self.answered > MOST_SILENT:
            self.connection.close()
        self.connection.request("GET", path, headers={"Accept-Encoding": coding})
        answer = self.connection.getresponse()
        body = answer.read()
        self.answered = time.monotonic()
        return answer.status, answer.headers, body

    def tile(self, layers, z, x, y, coding="identity"):
        """Bytes of a tile after decoding, and whether limits leave large features to cells."""
        path = f"/xyz/{layers}/{z}/{x}/{y}.mvt"
        status, headers, body = self.get(path, coding)
        if status == 204:
            assert body == b"", f"{path}: 204 with a body"
            return b"", False
        assert status == 200 and body, f"{path}: {status}"
        said = headers.get("Content-Encoding", "identity")
        assert said == coding, f"{path}: {said}, not {coding}"
        if coding == "gzip":
            body = gzip.decompress(body)
        elif coding == "zstd":
            body = zstandard.ZstdDecompressor().decompressobj().decompress(body)
        said = dict(word.split("=") for word in headers.get("Tuban-Aggregation", "least=0").split("; "))
        return body, int(said["least"]) > SMALL or "without" in said


class BrowserDecoder:
    """The decoder of browsers, in a process of its own."""

    def __init__(self):
        self.process = subprocess.Popen(
            ["node", Path(__file__).with_name("decode.mjs")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def start(self, body):
        self.process.stdin.write(len(body).to_bytes(4, "little") + body)
        self.process.stdin.flush()

    def finish(self):
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Source:
    """A collection as exported, in Web Mercator with the world from 0 to 1, y south."""

    def __init__(self, tuban, store, collection, folder):
        path = Path(folder) / f"{collection}.geojsonl"
        command = [tuban, "export", store, path, "--collection", collection]
        subprocess.run(command, check=True, capture_output=True)
        ids, shapes = [], []
        with open(path, encoding="utf-8") as lines:
            for feature in map(json.loads, lines):
                if feature["geometry"]:
                    ids.append(feature["id"])
                    shapes.append(json.dumps(feature["geometry"]))
        self.ids = np.array(ids)
        self.shapes = shapely.transform(shapely.from_geojson(shapes), mercator)
        self.tree = shapely.STRtree(self.shapes)

    def whole(self, z):
        """Every tile of a zoom, when they are few."""
        west, north, east, south = (int(v * 2**z) for v in shapely.total_bounds(self.shapes))
        if (east - west + 1) * (south - north + 1) > WHOLE:
            return set()
        return {(x, y) for x in range(west, east + 1) for y in range(north, south + 1)}

    def tiles(self, z, dice):
        """Some tiles of a zoom."""
        tiles = set()
        for shape in dice.choices(self.shapes, k=PLACES):
            vertex = dice.choice(shapely.get_coordinates(shape))
            x, y = (int(v * 2**z) for v in vertex)
            tiles |= {(x, y), (x + 1, y), (x, y + 1)}
        return tiles

    def near(self, z, x, y):
        """Features whose box meets the buffered tile, by id, in units of the tile."""
        scale = 2**z * EXTENT
        box = shapely.box(*((np.array([x, y, x, y]) * EXTENT + [LOW - 1, LOW - 1, HIGH + 1, HIGH + 1]) / scale))
        found = self.tree.query(box)
        local = shapely.transform(self.shapes[found], lambda c: c * scale - [x * EXTENT, y * EXTENT])
        return dict(zip(self.ids[found].tolist(), local))


def mercator(lon_lat):
    lon, lat = lon_lat.T
    y = np.log(np.tan(np.pi / 4 + np.radians(lat) / 2)) / (2 * np.pi)
    return np.column_stack([lon / 360 + 0.5, 0.5 - y])


def area2(ring):
    """Twice the signed area; positive for exteriors where y points south."""
    (x, y) = np.array(ring, dtype=np.int64).T
    return int(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]))


def flags(properties):
    """Names of the properties that are true or false, which Python takes for 1 and 0."""
    return {key for key, value in properties.items() if value is True or value is False}


def nested(paths, groups):
    """The browser decoder's rings, polygon by polygon."""
    rings = iter(paths)
    return [[next(rings) for _ in range(count)] for count in groups]


def decoded(name, body, browser):
    """A layer's features after both decoders agreed on them, kind and nested paths by id, and what
    of them stands for how many."""
    browser.start(body)
    tile = TileData(pbf_data=body, default_options={"y_coord_down": True, "geojson": True, "transformer": None})
    first = tile.get_message()
    second = browser.finish()
    assert list(first) == list(second) == [name], f"layers {list(first)} and {list(second)}"
    [raw] = tile.tile.layers
    assert len(set(raw.keys)) == len(raw.keys), "repeated keys"
    # A value of a column that hardly repeats may stand twice: the specification's SHOULD, given up for speed.
    truths = [value.bool_value for value in raw.values if value.HasField("bool_value")]
    assert len(set(truths)) == len(truths), "repeated values"
    first, second = first[name], second[name]
    for key, wanted in (("version", 2), ("extent", EXTENT)):
        assert first[key] == second[key] == wanted, f"{key} {first[key]} and {second[key]}"
    features, sums = {}, {}
    for one, (number, kind, properties, paths, groups) in zip(
        first["features"], second["features"], strict=True
    ):
        assert one["id"] == number, f"ids {one['id']} and {number}"
        same = one["properties"] == properties and flags(one["properties"]) == flags(properties)
        assert same, f"properties of {number} differ"
        shape, found = one["geometry"]["type"], one["geometry"]["coordinates"]
        if kind == POINTS:
            parts = paths[0] if len(paths) == 1 else [path[0] for path in paths]
            other, found = parts, [found] if shape == "Point" else found
        elif kind == LINES:
            other, found = paths, [found] if shape == "LineString" else found
        else:
            assert kind == POLYGONS, f"feature {number} is of kind {kind}"
            assert sum(groups) == len(paths), f"a ring of {number} has no area"
            other, found = nested(paths, groups), [found] if shape == "Polygon" else found
        assert found == other and found, f"the decoders read {number} differently"
        assert number not in features, f"feature {number} appears twice"
        features[number] = (kind, found)
        if number >= CELLS:
            sums[number] = properties["tuban:count"]
    return features, sums


def check_musts(number, kind, parts):
    """What the specification demands of a geometry and validity does not imply."""
    paths = [parts] if kind == POINTS else parts
    if kind == POLYGONS:
        for polygon in parts:
            for place, ring in enumerate(polygon):
                assert len(ring) >= 4 and ring[0] == ring[-1], f"a ring of {number} is not closed"
                assert (area2(ring) > 0) == (place == 0), f"ring {place} of {number} turns the wrong way"
        paths = [ring for polygon in parts for ring in polygon]
    for path in paths:
        array = np.array(path)
        assert array.min() >= LOW and array.max() <= HIGH, f"{number} leaves the buffered tile"
        assert (array[1:] != array[:-1]).any(axis=1).all(), f"{number} repeats a point"
        assert kind != LINES or len(path) >= 2, f"{number} has a line of one point"


def geometries(features):
    """Features as shapes, all of them multi-part."""
    shapes = {}
    for kind, name in ((POINTS, "MULTIPOINT"), (LINES, "MULTILINESTRING"), (POLYGONS, "MULTIPOLYGON")):
        chosen = {n: parts for n, (found, parts) in features.items() if found == kind}
        level, offsets = list(chosen.values()), []
        for _ in range(kind):
            offsets.append(np.cumsum([0, *map(len, level)]))
            level = [part for parts in level for part in parts]
        if chosen:
            ragged = np.array(level, dtype=float), tuple(offsets[::-1])
            drawn = shapely.from_ragged_array(shapely.GeometryType[name], *ragged)
            shapes.update(zip(chosen, drawn))
    return shapes


def thin(shapes, width):
    """Whether nothing of the area stays after `width` is taken off on every side."""
    return shapely.is_empty(shapely.buffer(shapes, -width, quad_segs=1, join_style="mitre"))


def beyond(shapes, others):
    """Whether a part of a shape that is no sliver lies farther than rounding goes from the other."""
    rest = shapely.difference(shapes, shapely.buffer(others, MOST_APART, quad_segs=2))
    far = shapely.area(rest) > 0
    far[far] = ~thin(rest[far], 0.5)
    return far


def own(shapes):
    """Features that stand for themselves; cells have numbers beyond theirs."""
    return {number: shape for number, shape in shapes.items() if number < CELLS}


def check_truth(drawn, near, limited):
    """Features of the source are in the tile, at their place; nothing else is."""
    strange = drawn.keys() - near.keys()
    assert not strange, f"{strange} are drawn but not there"
    ids = np.array(list(near))
    source = shapely.make_valid(np.array(list(near.values()), dtype=object))
    clipped = shapely.intersection(source, shapely.box(LOW, LOW, HIGH, HIGH))
    area, parts = shapely.area(source), shapely.get_num_geometries(source)
    here = np.isin(ids, list(drawn))
    if not limited:
        dimension = shapely.get_dimensions(source)
        # What lies in the buffer alone may be left to the neighbour.
        core = shapely.box(1, 1, EXTENT - 1, EXTENT - 1)
        due = (dimension == 0) & shapely.intersects(source, core)
        due |= (dimension == 2) & (area >= SMALL * parts) & ~thin(shapely.intersection(source, core), MOST_APART)
        assert not (due & ~here).any(), f"{ids[due & ~here]} are missing"
    shapes = np.array([drawn[n] for n in ids[here].tolist()], dtype=object)
    source, clipped = source[here], clipped[here]
    apart = shapely.distance(shapes, source)
    assert (apart <= MOST_APART).all(), f"{ids[here][apart > MOST_APART]} are elsewhere"
    # Small parts may be merged, and limits draw squares of any size.
    whole = (area[here] >= SMALL) & (parts[here] == 1) & (not limited)
    wrong = beyond(clipped[whole], shapes[whole]) | beyond(shapes[whole], source[whole])
    assert not wrong.any(), f"{ids[here][whole][wrong]} are drawn otherwise"


def outline(shape):
    return shapely.boundary(shape) if shape.geom_type.endswith("Polygon") else shape


def seam_distance(a, b, strip):
    """How far two drawings of a feature lie apart within the strip that both tiles cover."""
    left, top, right, bottom = strip
    if a and b:
        bounds = [shape.bounds for shape in (a, b)]
        if all(left < x1 and top < y1 and x2 < right and y2 < bottom for x1, y1, x2, y2 in bounds):
            return 0.0 if shapely.equals(a, b) else math.inf
    # Along its border each tile has edges of its own, where it cuts features off.
    inner, apart = shapely.box(left + 1, top + 1, right - 1, bottom - 1), 0.0
    for one, other in ((a, b), (b, a)):
        cut = shapely.get_coordinates(shapely.intersection(outline(one), inner) if one else None)
        if len(cut):
            apart = max(apart, shapely.distance(shapely.points(cut), outline(other)).max() if other else math.inf)
    return apart


def check_seams(tiles, counts):
    """Neighbours draw the same where their buffers overlap."""
    for (x, y), (shapes, limited) in tiles.items():
        for east, south in ((1, 0), (0, 1)):
            other, other_limited = tiles.get((x + east, y + south), ({}, True))
            if limited or other_limited:
                continue
            strip = (EXTENT - BUFFER, LOW, HIGH, HIGH) if east else (LOW, EXTENT - BUFFER, HIGH, HIGH)
            shift = np.array([east, south]) * EXTENT
            one, two = in_strip(shapes, strip, 0), in_strip(other, strip, shift)
            axis = 0 if east else 1
            both = {
                n
                for shapes in (one, two)
                for n, shape in shapes.items()
                if shape.bounds[axis] < EXTENT - MOST_APART and shape.bounds[axis + 2] > EXTENT + MOST_APART
                and shape.bounds[1 - axis] < EXTENT - MOST_APART and shape.bounds[3 - axis] > MOST_APART
            }
            for number in (one.keys() & two.keys()) | both:
                apart = seam_distance(one.get(number), two.get(number), strip)
                assert apart <= MOST_APART, (
                    f"{number} lies {apart:.2f} units apart in {x}/{y} and {x + east}/{y + south}"
                )
                counts["seam features"] += 1
                counts["apart"] = max(counts["apart"], apart)


def in_strip(shapes, strip, shift):
    """Shapes, moved by `shift`, that meet the strip."""
    moved = shapely.transform(np.array(list(shapes.values()), dtype=object), lambda c: c + shift)
    meets = shapely.intersects(moved, shapely.box(*strip))
    return {n: shape for n, shape, met in zip(shapes, moved, meets) if met}


def check_collection(server, browser, source, name, zooms, dice, seen):
    counts = Counter()
    for z in zooms:
        tiles, numbers, summed = {}, set(), 0
        whole = source.whole(z)
        for x, y in sorted(whole or source.tiles(z, dice)):
            place = f"{name} {z}/{x}/{y}"
            try:
                body, limited = server.tile(name, z, x, y)
                seen[(name, z, x, y)] = body
                counts["tiles"] += 1
                counts["empty"] += not body
                features, sums = decoded(name, body, browser) if body else ({}, {})
                for number, (kind, parts) in features.items():
                    check_musts(number, kind, parts)
                    counts["features"] += 1
                    counts["polygons"] += len(parts) if kind == POLYGONS else 0
                shapes = geometries(features)
                drawn = np.array(list(shapes.values()), dtype=object)
                for shape in drawn[~shapely.is_valid(drawn)]:
                    counts["invalid"] += 1
                    print(f"{place}: {shapely.is_valid_reason(shape)}", file=sys.stderr)
                shapes = own(shapes)
                numbers |= shapes.keys()
                summed += sum(sums.get(n, 0) for n in features.keys() - shapes.keys())
                if z >= TRUE_FROM:
                    check_truth(shapes, source.near(z, x, y), limited)
                tiles[x, y] = shapes, limited
            except AssertionError as error:
                raise AssertionError(f"{place}: {error}") from error
        if len(tiles) == len(whole):
            found = len(numbers) + summed
            # Nothing at all is drawn above the zooms of a layer.
            assert found in (0, len(source.ids)), f"{name}, zoom {z}: {found} features, not {len(source.ids)}"
            counts["whole zooms"] += 1
        try:
            check_seams(tiles, counts)
        except AssertionError as error:
            raise AssertionError(f"{name}, zoom {z}: {error}") from error
    return counts


def check_every_feature(server, browser, source, name, z, dice):
    """All tiles of a place hold, between them, the features that the source has there."""
    x, y = (int(v * 2**15) for v in shapely.get_coordinates(dice.choice(source.shapes))[0])
    side = 2 ** (z - 15)
    found = set()
    for column in range(x * side, (x + 1) * side):
        for row in range(y * side, (y + 1) * side):
            body, limited = server.tile(name, z, column, row)
            assert not limited, f"{name} {z}/{column}/{row} is limited"
            found |= own(decoded(name, body, browser)[0]).keys() if body else set()
    units = EXTENT * side
    rim = MOST_APART
    near = source.near(15, x, y)
    scaled = {n: shapely.transform(shape, lambda c: c * side) for n, shape in near.items()}
    surely = shapely.box(rim, rim, units - rim, units - rim)
    perhaps = shapely.box(-BUFFER - rim, -BUFFER - rim, units + BUFFER + rim, units + BUFFER + rim)
    least = {
        n for n, shape in scaled.items()
        if shapely.intersects(shape, surely) and (shapely.get_dimensions(shape) == 0 or shapely.area(shape) >= SMALL)
    }
    most = {n for n, shape in scaled.items() if shapely.intersects(shape, perhaps)}
    assert least <= found <= most, (
        f"{name}, zoom {z}, place 15/{x}/{y}: missing {sorted(least - found)[:9]}, too many {sorted(found - most)[:9]}"
    )
    return len(found)


def check_again(tuban, twin, seen, dice):
    """The same bytes from another store of the same files, in another order and coding."""
    keys = list(seen)
    dice.shuffle(keys)
    with Server(tuban, twin) as server:
        for place, key in enumerate(keys):
            coding = ("identity", "gzip", "zstd")[place % 3]
            body, _ = server.tile(*key, coding)
            assert body == seen[key], f"{key}: other bytes after a restart, asked for in {coding}"
    return len(keys)


def check_together(server, names, seen, dice):
    """A tile of several collections is their tiles, one after the other."""
    checked = 0
    for _, z, x, y in dice.sample(sorted(seen), min(60, len(seen))):
        single = [server.tile(name, z, x, y) for name in sorted(names)]
        body, limited = server.tile(",".join(names), z, x, y)
        if not limited and not any(alone for _, alone in single):
            assert body == b"".join(part for part, _ in single), f"{z}/{x}/{y}: not its layers' bytes"
            checked += 1
    return checked


def main(tuban, store, twin):
    started = time.monotonic()
    browser, dice, seen, total = BrowserDecoder(), random.Random(SEED), {}, Counter()
    with tempfile.TemporaryDirectory() as folder, Server(tuban, store) as server:
        listed = json.loads(server.get("/collections")[2])["collections"]
        # What is not for everyone is in no tile.
        collections = [one for one in listed if any(link["rel"].endswith("/tilesets-vector") for link in one["links"])]
        names = [collection["id"] for collection in collections]
        for collection in collections:
            name = collection["id"]
            source = Source(tuban, store, name, folder)
            if not source.ids.size:
                # A table without geometry has tiles, all of them empty.
                assert server.tile(name, 14, 0, 0)[0] == b"", f"{name}: a tile without a geometry"
                continue
            zooms = [z for z in ZOOMS if collection["minzoom"] <= z <= collection["maxzoom"]]
            counts = check_collection(server, browser, source, name, zooms, dice, seen)
            whole = [check_every_feature(server, browser, source, name, z, dice) for z in (16, 18) if z in zooms]
            print(
                f"ok {name}: {counts['tiles']} tiles ({counts['empty']} empty), {counts['features']} features, "
                f"{counts['polygons']} polygons, {counts['invalid']} invalid; {counts['seam features']} at seams, "
                f"at most {counts['apart']:.2f} units apart; all {whole} features of a place"
            )
            for key in ("tiles", "features", "polygons", "invalid", "seam features"):
                total[key] += counts[key]
        assert server.tile(names[0], 14, 0, 0) == (b"", False), "an empty tile is no 204"
        together = check_together(server, names, seen, dice)
    browser.close()
    again = check_again(tuban, twin, seen, dice)
    print(f"ok {together} tiles of all collections are their layers; {again} tiles are the same bytes on a second run, in gzip and zstd")
    print(f"{dict(total)} in {time.monotonic() - started:.0f} s")
    assert total["invalid"] == 0, f"{total['invalid']} polygons are invalid"
    assert total["polygons"] > 1000 and total["seam features"] > 100, "too little was seen"


if __name__ == "__main__":
    main(*sys.argv[1:])
