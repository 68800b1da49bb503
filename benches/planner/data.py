"""What the planner's questions are asked of beside parcels and buildings: all synthetic, by fixed seeds.

data.py STORE OUT      writes the collections that STORE does not have yet: OUT/layers.gpkg, and tables
                       without geometry as OUT/NAME.csv
data.py STORE OUT late writes OUT/late.csv: events that are recorded after the meeting
"""

import csv
import datetime
import random
import sys
import zlib
from pathlib import Path

import numpy
import shapely
from shapely.geometry import LineString, Polygon

import ledger
from geopackage import Store, Writer, blob

TODAY = datetime.date(2026, 10, 1)
FUNCTIONS = ["蔬菜零售", "便利店", "早餐", "美容美发", "洗染", "家政", "末端配送", "便民维修"]


def day(ago):
    return (TODAY - datetime.timedelta(days=ago)).isoformat()


def moment(at):
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")


class Ground:
    """Places among the parcels of a store, in the plane."""

    def __init__(self, store):
        self.store = store
        rows = store.rows("select geom, ZDDM from parcels order by fid")
        inside = shapely.point_on_surface(store.to_plane(store.shapes([row[0] for row in rows])))
        self.codes = [row[1] for row in rows]
        self.xy = shapely.get_coordinates(inside)
        self.count = len(rows)

    def near(self, random_, jitter):
        """A position near a parcel, and the code of that parcel."""
        at = random_.randrange(self.count)
        x, y = self.xy[at]
        return (x + random_.uniform(-jitter, jitter), y + random_.uniform(-jitter, jitter)), self.codes[at]


def points_of(ground, rows):
    """Point geometries in the CRS of the store of rows that begin with a plane position."""
    return ground.store.from_plane(shapely.points([row[0] for row in rows]))


def facilities(ground, writer):
    r = random.Random(2)
    rows = []
    for kind, share, least in [("school", 5_000, 5), ("metro", 20_000, 2)]:
        for at in range(max(least, ground.count // share)):
            rows.append((ground.near(r, 60)[0], kind, f"{kind} {at + 1}"))
    writer.layer("facilities", "POINT", [("kind", "TEXT"), ("name", "TEXT")])
    writer.add("facilities", ["kind", "name"], [row[1:] for row in rows], points_of(ground, rows))


def railways(ground, writer):
    r = random.Random(3)
    (west, south), (east, north) = ground.xy.min(axis=0), ground.xy.max(axis=0)
    lines = []
    for at in range(5):
        ends = [south + (north - south) * (at + r.random()) / 5 for _ in range(2)]
        share = numpy.linspace(0, 1, 40)
        y = ends[0] + (ends[1] - ends[0]) * share + 150 * numpy.sin(share * 9 + at)
        lines.append(LineString(numpy.column_stack([west + (east - west) * share, y])))
    writer.layer("railways", "LINESTRING", [("name", "TEXT")])
    names = [(f"示例{at + 1}线",) for at in range(5)]
    writer.add("railways", ["name"], names, ground.store.from_plane(numpy.array(lines)))


def outlets(ground, writer):
    r = random.Random(4)
    rows = []
    for at in range(max(40, ground.count // 250)):
        functions = "、".join(r.sample(FUNCTIONS, r.randint(1, 3)))
        opened = r.randrange(30, 2_000)
        closed = day(r.randrange(-30, opened)) if r.random() < 0.25 else None
        rows.append((ground.near(r, 40)[0], f"W{at + 1:06}", functions, day(opened), closed))
    columns = ["code", "functions", "opened", "closed"]
    writer.layer("outlets", "POINT", list(zip(columns, ["TEXT", "TEXT", "DATE", "DATE"])))
    writer.add("outlets", columns, [row[1:] for row in rows], points_of(ground, rows))


def complaints(ground, writer, closed):
    """Half of them near a point that was closed, from shortly before to long after."""
    r = random.Random(5)
    rows = []
    for at in range(max(400, ground.count // 20)):
        if closed and r.random() < 0.5:
            (x, y), when = closed[r.randrange(len(closed))]
            where = (x + r.uniform(-40, 40), y + r.uniform(-40, 40))
            when += datetime.timedelta(days=r.uniform(-20, 130))
        else:
            where = ground.near(r, 30)[0]
            when = datetime.datetime(2026, 9, 30) - datetime.timedelta(minutes=r.randrange(1_000_000))
        rows.append((where, f"S{at + 1:07}", r.choice(["违建", "占道", "噪声"]), moment(when)))
    columns = ["code", "category", "occurred_at"]
    writer.layer("complaints", "POINT", list(zip(columns, ["TEXT", "TEXT", "DATETIME"])))
    writer.add("complaints", columns, [row[1:] for row in rows], points_of(ground, rows))


def rectangle(x, y, width, height, turn):
    cos, sin = numpy.cos(turn), numpy.sin(turn)
    corners = [(-1, -1), (1, -1), (1, 1), (-1, 1)]
    at = [(a * width / 2, b * height / 2) for a, b in corners]
    return Polygon([(x + a * cos - b * sin, y + a * sin + b * cos) for a, b in at])


def land(ground, writer):
    r = random.Random(6)
    released, green = [], []
    for at in range(max(60, ground.count // 500)):
        (x, y), _ = ground.near(r, 0)
        width, height, turn = r.uniform(20, 120), r.uniform(20, 120), r.uniform(0, 3)
        use = r.choice([None, None, "闲置", "绿化", "公服", "临时绿化"])
        released.append((rectangle(x, y, width, height, turn), f"T{at + 1:05}", day(r.randrange(700)), use))
        if r.random() < 0.6:
            part = r.uniform(0.2, 1.1)
            green.append((rectangle(x, y, width * part, height * 1.1, turn), f"L{at + 1:05}", day(r.randrange(300))))
    for name, rows, columns in [
        ("land_releases", released, [("code", "TEXT"), ("released_at", "DATE"), ("actual_use", "TEXT")]),
        ("green_plots", green, [("code", "TEXT"), ("done", "DATE")]),
    ]:
        shapes = shapely.multipolygons([[row[0]] for row in rows])
        writer.layer(name, "MULTIPOLYGON", columns)
        writer.add(name, [c for c, _ in columns], [r[1:] for r in rows], ground.store.from_plane(shapes))


def enterprises(ground, writer):
    r = random.Random(7)
    rows = []
    for at in range(max(800, ground.count * 6 // 100)):
        industry, state = r.choice(["F5211", "H6210", "C1411", "O8052"]), r.choice(["存续", "存续", "吊销"])
        rows.append((ground.near(r, 25)[0], f"Q{at + 1:07}", industry, state, day(r.randrange(4_000))))
    columns = ["code", "industry", "licence_state", "opened"]
    writer.layer("enterprises", "POINT", list(zip(columns, ["TEXT", "TEXT", "TEXT", "DATE"])))
    writer.add("enterprises", columns, [row[1:] for row in rows], points_of(ground, rows))


def surveys(ground, writer, out):
    """A survey before, of more change than the sample city's own: without every fiftieth building, every
    hundredth smaller; and who has a permit."""
    store = ground.store
    writer.layer("buildings_before", "MULTIPOLYGON", [("ZRZH", "TEXT")])

    def smaller(blob_):
        shape = store.to_plane(store.shapes([blob_])[0:1])
        centre = shapely.get_coordinates(shapely.centroid(shape))[0]
        shape = shapely.transform(shape, lambda xy: centre + (xy - centre) * 0.6)
        return store.from_plane(shape)[0]

    permitted, batch = [], []
    for geom, code, parcel in store.db.execute("select geom, ZRZH, ZDDM from buildings order by fid"):
        mark = hash_of(code)
        if mark % 50 < 2 and mark % 3 == 0:
            permitted.append((f"X{len(permitted) + 1:06}", parcel))
        if mark % 50 == 0:
            continue
        batch.append((blob(smaller(geom), writer.crs) if mark % 100 == 1 else geom, code))
        if len(batch) == 50_000:
            writer.db.executemany("insert into buildings_before (geom, ZRZH) values (?, ?)", batch)
            batch.clear()
    writer.db.executemany("insert into buildings_before (geom, ZRZH) values (?, ?)", batch)
    table(out / "permits.csv", ["code", "ZDDM"], permitted)


def table(path, columns, rows):
    with open(path, "w", newline="", encoding="utf-8") as file:
        write = csv.writer(file)
        write.writerow(columns)
        write.writerows(rows)


def hash_of(code):
    """A number of a code, alike everywhere."""
    return zlib.crc32(code.encode())


def late(store, out):
    """Events after the meeting: checks by towns end in closings, registered points are dispatched."""
    r = random.Random(8)
    rows = []
    for code, state in store.rows("select code, state from points where state in ('verified_town', 'registered') order by id"):
        if r.random() < 0.25 and len(rows) < 4_000:
            if state == "registered":
                rows.append((code, "dispatch", "town", "示例科室", None))
            else:
                rows.append((code, "district_close", "district_checker", None, "site"))
    table(out / "late.csv", ["code", "kind", "role", "receiver", "proof"], rows)


def main():
    store, out = Store(sys.argv[1]), Path(sys.argv[2])
    if sys.argv[3:] == ["late"]:
        return late(store, out)
    ground, writer = Ground(store), Writer(out / "layers.gpkg", store.crs)

    def lacks(name):
        return store.count(name) == 0

    if lacks("points"):
        closed = ledger.write(ground, writer)
        columns, posts = ledger.places(ground, writer)
        table(out / "responsibilities.csv", columns, posts)
    else:
        rows = store.rows("select geom, closed_at from points where state = 'closed' order by id")
        at = shapely.get_coordinates(store.to_plane(store.shapes([row[0] for row in rows])))
        when = [datetime.datetime.strptime(row[1], "%Y-%m-%dT%H:%M:%S.%fZ") for row in rows]
        closed = list(zip(map(tuple, at), when))
    for name, make in [
        ("facilities", facilities),
        ("railways", railways),
        ("outlets", outlets),
        ("land_releases", land),
        ("enterprises", enterprises),
    ]:
        if lacks(name):
            make(ground, writer)
    if lacks("buildings_before"):
        surveys(ground, writer, out)
    if lacks("complaints"):
        complaints(ground, writer, closed)
    writer.close()


if __name__ == "__main__":
    main()
