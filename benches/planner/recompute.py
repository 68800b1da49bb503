"""The answers of questions.py once more, from the GeoPackage alone: SQL for rows, shapely for geometry.

Shapes are compared in the plane of EPSG:4548. Where the store holds degrees, distances are those of
the plane too, so what lies within a twentieth of a per cent of a bound may be answered otherwise;
such keys are named and left out. Areas of a store in degrees are those of the ellipsoid.
"""

import datetime
import math
from collections import defaultdict

import numpy
import pyproj
import shapely

from data import TODAY
from fold import OPEN, states
from questions import LIMIT_M2, VEGETABLES, box_area

ELLIPSOID = pyproj.Geod(a=6_378_137.0, rf=298.257222101)
SHANGHAI = datetime.timedelta(hours=8)


def day(text):
    """The day of a time, in Asia/Shanghai."""
    at = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return (at + SHANGHAI).date()


class Layer:
    """Rows of a table with their shapes in the plane, and a tree over them."""

    def __init__(self, store, table, columns=(), where="geom is not null"):
        listed = "".join(f', "{column}"' for column in columns)
        rows = store.rows(f'select fid, geom{listed} from "{table}" where {where} order by fid')
        self.fids = [row[0] for row in rows]
        self.values = [row[2:] for row in rows]
        self.stored = store.shapes([row[1] for row in rows])
        self.shapes = store.to_plane(self.stored)
        self.tree = shapely.STRtree(self.shapes)

    def within(self, shapes, metres):
        """Pairs of positions: of `shapes`, of this layer."""
        return zip(*self.tree.query(shapes, predicate="dwithin", distance=metres))

    def meeting(self, shape):
        return self.tree.query(shape, predicate="intersects")


class Recomputed:
    def __init__(self, store, places):
        self.store, self.places = store, places
        self.layers = {}
        # Planes and ellipsoids differ by less than this share where the towns lie.
        self.slack = 0.0 if store.is_plane else 5e-4

    def layer(self, *what):
        if what not in self.layers:
            self.layers[what] = Layer(self.store, *what)
        return self.layers[what]

    def about(self, table, columns, *areas):
        """The rows of a table whose boxes in the file's R-tree meet those of some areas, and a little more."""
        boxes = []
        for area in areas:
            west, south, east, north = shapely.bounds(self.store.from_plane(shapely.buffer(area, 50)))
            boxes.append(f"maxx >= {west!r} and minx <= {east!r} and maxy >= {south!r} and miny <= {north!r}")
        where = f'fid in (select id from "rtree_{table}_geom" where {" or ".join(boxes)})'
        return Layer(self.store, table, columns, where.replace("np.float64", ""))

    def states(self, at=None):
        if ("states", at) not in self.layers:
            self.layers["states", at] = states(self.store, at)
        return self.layers["states", at]

    def answer(self, question, place):
        """The answer to a question at a place, and the keys that may be answered otherwise."""
        of_many = "_of_many" if question.is_many else ""
        found = getattr(self, f"question_{question.number}{of_many}")(place)
        return found if isinstance(found, tuple) else (found, set())

    def area(self, shape):
        """Square metres of a shape of the plane, as the store's CRS measures them."""
        if self.store.is_plane:
            return float(shapely.area(shape))
        degrees = self.store.from_plane(shapely.segmentize(shape, 50))
        return abs(ELLIPSOID.geometry_area_perimeter(shapely.orient_polygons(degrees))[0])

    def near(self, pairs_of, metres):
        """Pairs up to a distance, and those of which the bound lies too near."""
        sure, unsure = set(), set()
        for key, far in pairs_of(metres * (1 + self.slack)):
            (sure if far <= metres else unsure).add(key)
            if self.slack and abs(far - metres) <= metres * self.slack:
                unsure.add(key)
        return sure, unsure

    def by_state(self, area, state_of):
        points = self.layer("points", ("task", "planned_build_area_m2"))
        sums = defaultdict(lambda: [0, 0.0])
        for at in points.meeting(area):
            task, planned = points.values[at]
            one = sums[state_of[points.fids[at]], task or ""]
            one[0] += 1
            one[1] += planned or 0
        return {key: tuple(one) for key, one in sums.items()}

    def question_1(self, place):
        area = self.places.areas[place]
        found = {}
        for name in ("parcels", "buildings", "households"):
            layer = self.about(name, (), area)
            hits = layer.meeting(area)
            shapes = layer.shapes[hits]
            whole = shared = 0.0
            if name != "households":
                shapely.prepare(area)
                inside = shapely.covered_by(shapes, area)
                whole = sum(map(self.area, shapes))
                parts = numpy.where(inside, shapes, shapely.intersection(shapes, area))
                shared = sum(map(self.area, parts))
            found[name,] = (len(hits), whole, shared)
        return found | self.by_state(area, self.states())

    def question_2(self, _):
        points = self.layer("points", ("state",))
        facilities = self.layer("facilities")

        def pairs_of(metres):
            for a, b in points.within(facilities.shapes, metres):
                if points.values[b][0] in OPEN:
                    far = shapely.distance(facilities.shapes[a], points.shapes[b])
                    yield (points.fids[b], facilities.fids[a]), far

        return self.near(pairs_of, 200)

    def question_3(self, place):
        box, area = box_area(self.places.boxes[place]), self.places.areas[place]
        buildings = self.about("buildings", ("ZDDM", "ZZDMJ"), box, area)
        parcels = self.about("parcels", (), box)
        found = {}
        for at in buildings.meeting(box):
            shape = buildings.shapes[at]
            held = [(-self.area(shapely.intersection(shape, parcels.shapes[one])), one) for one in parcels.meeting(shape)]
            outside = self.area(shape) + min(held)[0] if held else 0
            if outside > 1 and min(held)[0] < 0:
                found[buildings.fids[at],] = (outside,)
        sums = defaultdict(float)
        for at in buildings.meeting(area):
            parcel, metres = buildings.values[at]
            sums[parcel] += metres or 0
        return found | {(parcel,): (total,) for parcel, total in sums.items() if total > LIMIT_M2}

    def question_4(self, place):
        box = box_area(self.places.boxes[place])
        buildings, earlier = self.about("buildings", ("ZDDM",), box), self.about("buildings_before", (), box)
        permitted = {parcel for (parcel,) in self.store.rows("select ZDDM from permits")}
        found = {}
        for at in buildings.meeting(box):
            if buildings.values[at][0] in permitted:
                continue
            shape = buildings.shapes[at]
            before = earlier.shapes[earlier.meeting(shape)]
            left = self.area(shapely.difference(shape, shapely.union_all(before)))
            if left > 10:
                found[buildings.fids[at],] = (left,)
        return found

    def question_5(self, _):
        villages = self.layer("villages")
        outlets = self.layer("outlets", ("functions", "opened", "closed"))
        today = TODAY.isoformat()

        def is_open(at):
            functions, opened, closed = outlets.values[at]
            return VEGETABLES in functions and opened <= today and (closed is None or closed > today)

        chosen = [at for at in range(len(outlets.fids)) if is_open(at)]
        tree = shapely.STRtree(outlets.shapes[chosen])
        found, unsure = {}, set()
        for village, near in zip(*tree.query_nearest(villages.shapes, all_matches=True)):
            first = villages.fids[village]
            far = float(shapely.distance(villages.shapes[village], outlets.shapes[chosen[near]]))
            key = (first, outlets.fids[chosen[near]])
            # Of outlets that are as near, all of them in a community, the lower id counts.
            known = [one for one in found if one[0] == first]
            if not known or key < known[0]:
                for one in known:
                    del found[one]
                found[key] = (far,)
            if far > 800:
                found["gap", first] = (1,)
        return found, unsure

    def question_6(self, _):
        points, complaints = self.layer("points", ("state", "closed_at")), self.layer("complaints", ("occurred_at",))

        def pairs_of(metres):
            for a, b in points.within(complaints.shapes, metres):
                state, closed = points.values[b]
                if state == "closed" and 0 <= (day(complaints.values[a][0]) - day(closed)).days <= 90:
                    far = shapely.distance(complaints.shapes[a], points.shapes[b])
                    yield (complaints.fids[a], points.fids[b]), far

        return self.near(pairs_of, 30)

    def question_7(self, place):
        parcels = self.about("parcels", (), shapely.Point(self.places.at[place]))
        return sides_of(parcels, parcels.fids.index(self.places.parcels[place][0]))

    def question_7_of_many(self, place):
        yard = box_area(self.places.yards[place])
        parcels = self.about("parcels", (), shapely.buffer(yard, 200))
        return {
            (parcels.fids[at], *key): metres
            for at in parcels.meeting(yard) for key, metres in sides_of(parcels, at).items()
        }

    def question_8(self, place):
        points, railways = self.layer("points", ("state",)), self.layer("railways")
        at = railways.fids.index(self.places.railways[place])

        def pairs_of(metres):
            for _, b in points.within(railways.shapes[[at]], metres):
                yield points.fids[b], shapely.distance(railways.shapes[at], points.shapes[b])

        return self.near(pairs_of, 100)

    def question_9(self, _):
        found = {}
        rows = self.store.rows("select fid, id, town from points")
        registered = {point for (point,) in self.store.rows("select point from point_events where kind = 'register'")}
        for when, at in enumerate((self.places.meeting, None)):
            state_of = self.states(at)
            counts = defaultdict(lambda: [0, 0])
            for fid, point, town in rows:
                if point in registered and state_of[fid] != "void":
                    counts[town][0] += state_of[fid] == "closed"
                    counts[town][1] += 1
            found |= {(when, town): (100 * closed / all_,) for town, (closed, all_) in counts.items()}
        return found

    def question_10(self, place):
        return self.responsible(shapely.Point(self.places.at[place]))

    def question_10_of_many(self, _):
        return {
            (at, *key) for at, xy in enumerate(self.places.day) for key in self.responsible(shapely.Point(xy))
        }

    def responsible(self, here):
        units = self.layer("admin_units", ("level", "code", "valid_from", "valid_to"))
        today = TODAY.isoformat()

        def holds(since, until):
            return (since is None or since <= today) and (until is None or today < until)

        posts = self.store.rows(
            "select area_code, role, unit, valid_from, valid_to from responsibilities where area_collection = 'admin_units'")
        found = set()
        for at in units.meeting(here):
            level, code, since, until = units.values[at]
            if holds(since, until):
                found.add((level, code))
                found |= {(code, role, unit) for area, role, unit, *valid in posts if area == code and holds(*valid)}
        return found

    def question_11(self, _):
        land, green = self.layer("land_releases", ("released_at", "actual_use")), self.layer("green_plots")
        found = set()
        for at, (released, use) in enumerate(land.values):
            waited = (TODAY - datetime.date.fromisoformat(released)).days
            if waited > 180 and use in (None, "闲置"):
                shape = land.shapes[at]
                covered = shapely.union_all(green.shapes[green.meeting(shape)])
                if shapely.area(shapely.intersection(shape, covered)) < 0.5 * shapely.area(shape):
                    found.add(land.fids[at])
        return found

    def question_12(self, place):
        near, _ = self.ten_nearest(shapely.Point(self.places.at[place]))
        return near

    def question_12_of_many(self, _):
        found, unsure = {}, set()
        facilities = self.layer("facilities")
        for fid, shape in zip(facilities.fids, facilities.shapes):
            near, close = self.ten_nearest(shape)
            found |= {(fid, *key): far for key, far in near.items()}
            unsure |= {(fid, *key) for key in close}
        return found, unsure

    def ten_nearest(self, here):
        """The ten open points nearest to a place, and those that are as near as the tenth but for the slack."""
        points = self.layer("points", ("state",))
        far = shapely.distance(points.shapes, here)
        order = [at for at in numpy.argsort(far, kind="stable")[:1000] if points.values[at][0] in OPEN]
        near = {(points.fids[at],): (float(far[at]),) for at in order[:10]}
        last = far[order[9]]
        return near, {(points.fids[at],) for at in order if abs(far[at] - last) <= last * self.slack}

    def question_13(self, place):
        villages = self.layer("villages", ("XZQDM",))
        area = self.places.large[place]
        return {
            (villages.values[at][0],): (self.area(shapely.intersection(villages.shapes[at], area)),)
            for at in villages.meeting(area)
        }

    def question_14(self, _):
        enterprises, parcels = self.layer("enterprises"), self.layer("parcels", ("QLLX",))
        return {
            (enterprises.fids[a], parcels.fids[b])
            for a, b in zip(*parcels.tree.query(enterprises.shapes, predicate="intersects"))
            if parcels.values[b][0] == "6"
        }

    def question_15(self, place):
        return self.by_state(self.places.areas[place], self.states(self.places.meeting))


def sides_of(parcels, at):
    """Metres that a parcel shares with each neighbour on each of its four sides."""
    shape = shapely.orient_polygons(parcels.shapes[at])
    found = defaultdict(float)
    for near in parcels.tree.query(shape, predicate="dwithin", distance=0.05):
        if near != at:
            for toward, metres in shared_sides(shape, parcels.shapes[near]):
                found[toward, parcels.fids[near]] += metres
    return {key: (metres,) for key, metres in found.items() if metres > 0.05}


def shared_sides(shape, other, tolerance=0.05):
    """Metres that each edge of a shape, counterclockwise, has within a tolerance of the edges of another."""
    borders = [shapely.get_coordinates(ring) for ring in rings(other)]
    lines = numpy.concatenate([numpy.stack([ring[:-1], ring[1:]], axis=1) for ring in borders])
    for polygon in shapely.get_parts(shape):
        ring = shapely.get_coordinates(shapely.get_exterior_ring(polygon))
        for a, b in zip(ring[:-1], ring[1:]):
            length = math.dist(a, b)
            along = (b - a) / length
            spans = []
            for line in lines:
                t = (line - a) @ along
                aside = numpy.abs((line - a) @ numpy.array([along[1], -along[0]]))
                low, high = max(0.0, t.min()), min(length, t.max())
                if high - low > tolerance and aside.max() <= tolerance:
                    spans.append((low, high))
            end, total = 0.0, 0.0
            for low, high in sorted(spans):
                total += max(0.0, high - max(low, end))
                end = max(end, high)
            if total:
                # Counterclockwise, the outside lies to the right.
                bearing = math.degrees(math.atan2(along[1], -along[0])) % 360
                yield "北东南西"[int((bearing + 45) % 360 // 90)], total


def rings(shape):
    for polygon in shapely.get_parts(shape):
        yield shapely.get_exterior_ring(polygon)
        yield from (shapely.get_interior_ring(polygon, at) for at in range(shapely.get_num_interior_rings(polygon)))
