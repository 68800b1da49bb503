"""The 15 questions of a planner: what each asks of Tuban and of PostGIS, and what their answers say.

An answer is a set of keys, or keys with a number; numbers are square metres unless said otherwise.
Every place is one of a fixed list, asked in turn.
"""

import json
import math
import random
from dataclasses import dataclass
from typing import Callable

import numpy
import shapely

from data import TODAY
from fold import OPEN
from geopackage import moved

OPEN_LIST = ", ".join(f"'{state}'" for state in OPEN)
IS_OPEN = f"state IN ({OPEN_LIST})"
DAY = TODAY.isoformat()
VEGETABLES = "蔬菜零售"
LIMIT_M2 = 200
PLANE_CRS = "EPSG:4548"


@dataclass
class Question:
    number: int
    title: str
    # A collection that it reads.
    edited: str
    # Requests and statements for each place; reading makes an answer of what came back.
    http: list
    sql: list
    read_http: Callable
    read_sql: Callable
    # Relative difference that numbers may have, and an absolute one: rules tell two decimals.
    tolerance: tuple = (1e-6, 0.006)
    # Whether it is a question that is asked for many at once.
    is_many: bool = False


def areal(rows, keys=1):
    return {tuple(row[:keys]): tuple(float(cell or 0) for cell in row[keys:]) for row in rows}


def pairs(rows):
    return {tuple(int(cell) for cell in row) for row in rows}


def ids(rows):
    return {int(row[0]) for row in rows}


def clue_ids(bodies, subjects=1):
    """Features that clues on all pages are about: the first subjects of each."""
    answers = [json.loads(body) for body in bodies]
    found = [clue for answer in answers for clue in answer["features"]]
    assert len(found) == answers[0]["numberMatched"], "more clues than these pages hold"
    named = [[one["id"] for one in clue["properties"]["features"][:subjects]] for clue in found]
    return {tuple(one) if subjects > 1 else one[0] for one in named}


def clue_areas(name):
    def read(bodies):
        found = json.loads(bodies[0])["features"]
        return {(clue["properties"]["features"][0]["id"],): (clue["properties"]["measured"][name],) for clue in found}

    return read


def responsible_here(here):
    """Units at a position and who answers for them; PostGIS is not asked for cells of the grid."""
    posts = {
        (one["area"]["code"], one["role"], one["unit"])
        for one in here["responsible"]
        if one["area"]["collection"] == "admin_units"
    }
    return posts | {(one["level"], one["code"]) for one in here["units"] if one["by"] == "polygon"}


class Places:
    """Where is asked, by a fixed seed: positions of parcels in the plane."""

    def __init__(self, store, meeting):
        r = random.Random(9)
        self.store, self.meeting = store, meeting
        self.is_city = store.count("parcels") > 100_000
        last = store.rows("select max(fid) from parcels")[0][0]
        some = [store.rows("select fid, ZDDM, geom from parcels where fid = ?", r.randint(1, last))[0] for _ in range(5)]
        self.parcels = [(fid, code) for fid, code, _ in some]
        shapes = store.to_plane(store.shapes([geom for _, _, geom in some]))
        self.at = shapely.get_coordinates(shapely.point_on_surface(shapes))
        self.areas = [bay(xy, 1_000 if self.is_city else 300) for xy in self.at]
        self.large = [bay(xy, 2_000 if self.is_city else 600) for xy in self.at]
        self.boxes = [box(xy, 500 if self.is_city else 250) for xy in self.at]
        self.yards = [box(xy, 150) for xy in self.at]
        some = [store.rows("select geom from parcels where fid = ?", r.randint(1, last))[0][0] for _ in range(200)]
        self.day = shapely.get_coordinates(shapely.point_on_surface(store.to_plane(store.shapes(some))))
        self.railways = [fid for (fid,) in store.rows("select fid from railways order by fid")]

    def geojson(self, shape):
        """In EPSG:4548, whose axes are north and east."""
        ring = [[y, x] for x, y in shapely.get_coordinates(shape)]
        geometry = {"type": "Polygon", "coordinates": [ring]}
        return {"geometry": geometry, "crs": PLANE_CRS}


def bay(xy, radius):
    """A round area with five bays, of 128 vertices."""
    angles = numpy.linspace(0, 2 * math.pi, 128, endpoint=False)
    reach = radius * (1 + 0.25 * numpy.sin(5 * angles))
    return shapely.Polygon(numpy.column_stack([xy[0] + reach * numpy.cos(angles), xy[1] + reach * numpy.sin(angles)]))


def box(xy, half):
    """West, south, east and north in degrees about a position, to six decimals."""
    (west, south), (east, north) = shapely.get_coordinates(
        moved(shapely.points([(xy[0] - half, xy[1] - half), (xy[0] + half, xy[1] + half)]), 4548, 4490)
    )
    return tuple(round(float(one), 6) for one in (west, south, east, north))


def box_area(bounds):
    """The same box as an area of the plane; its edges run along parallels and meridians."""
    return moved(shapely.segmentize(shapely.box(*bounds), 1e-4), 4490, 4548)


def hexed(shape):
    return shapely.to_wkb(shapely.set_srid(shape, 4548), hex=True, include_srid=True)


def questions(places):
    p = places
    rule = f"limit=10000&date={DAY}"
    bbox = [f"bbox={','.join(map(str, one))}" for one in p.boxes]
    outlets = f"functions LIKE '%{VEGETABLES}%' AND opened <= DATE('{DAY}') AND (closed IS NULL OR closed > DATE('{DAY}'))"
    states = {"groupBy": ["state", "task"], "aggregates": [{"op": "sum", "property": "planned_build_area_m2"}]}
    aggregates = [{"op": "area"}, {"op": "overlayArea"}]

    def by_state(body):
        groups = json.loads(body)["groups"]
        return {
            (one["key"]["state"], one["key"]["task"] or ""): (one["count"], one["values"]["sum_planned_build_area_m2"] or 0)
            for one in groups
        }

    def inside(bodies):
        found = json.loads(bodies[0])["collections"]
        sums = {(name,): (one["count"], *one["groups"][0]["values"].values()) for name, one in found.items()}
        return sums | by_state(bodies[1])

    def inside_sql(results):
        first = {(row[0],): tuple(float(cell or 0) for cell in row[1:]) for row in results[0]}
        return first | states_sql(results[1])

    def states_sql(rows):
        return {(row[0], row[1] or ""): (int(row[2]), float(row[3] or 0)) for row in rows}

    def over_limit(bodies):
        groups = json.loads(bodies[1])["groups"]
        sums = {(one["key"]["ZDDM"],): (one["values"]["sum_ZZDMJ"],) for one in groups}
        return clue_areas("outside_m2")(bodies) | {key: one for key, one in sums.items() if one[0] > LIMIT_M2}

    def neighbours(bodies):
        found = {}
        for clue in json.loads(bodies[0])["features"]:
            subjects, measured = clue["properties"]["features"], clue["properties"]["measured"]
            if len(subjects) > 1:
                found[measured["toward"], subjects[1]["id"]] = (measured["shared_m"],)
        return found

    def ranking(body):
        answer = json.loads(body)
        ranked = answer["ranking"]["units"]
        return {(one["unit"],): (one["value"],) for one in ranked if one["value"] is not None}

    def nearest(bodies):
        found = json.loads(bodies[0])
        near = dict(zip(map(tuple, found["pairs"]), ((one,) for one in found["distances"])))
        return near | {(("gap", one)): (1,) for one in clue_ids(bodies[1:])}

    def gaps_sql(results):
        near = {(int(a), int(b)): (float(d),) for a, b, d in results[0]}
        return near | {("gap", first): (1,) for (first, _), (metres,) in near.items() if metres > 800}

    def responsible(bodies):
        return responsible_here(json.loads(bodies[0]))

    def responsible_sql(results):
        rows = results[0]
        units = {(level, code) for level, code, *_ in rows}
        return units | {(code, role, unit) for _, code, role, unit in rows if role}

    geojson = [p.geojson(area) for area in p.areas]
    positions = shapely.get_coordinates(moved(shapely.points(p.at), 4548, 4490))
    return [
        Question(
            1, "inside an area: parcels, buildings, households, points by state and task, areas", "points",
            [[("/search", one | {"collections": ["parcels", "buildings", "households"], "aggregates": aggregates}),
              ("/collections/points/search", one | states)] for one in geojson],
            [[(INSIDE, hexed(area)), (BY_STATE, hexed(area))] for area in p.areas],
            inside, inside_sql,
        ),
        Question(
            2, "open points within 200 m of a school or a metro station", "points",
            [[("/join", {"first": "points", "second": "facilities", "distance": 200, "filter": IS_OPEN,
                         "return": "pairs", "limit": 100_000})]],
            [[NEAR_FACILITIES]],
            lambda bodies: {tuple(one) for one in json.loads(bodies[0])["pairs"]},
            lambda results: pairs(results[0]),
        ),
        Question(
            3, "buildings across the border of their parcel, parcels with more than 200 m² of buildings", "buildings",
            [[f"/rules/over_parcel?{rule}&{where}",
              ("/collections/buildings/search",
               p.geojson(area) | {"groupBy": ["ZDDM"], "aggregates": [{"op": "sum", "property": "ZZDMJ"}]})]
             for where, area in zip(bbox, p.areas)],
            [[(OVER_PARCEL, hexed(box_area(bounds))), (OVER_LIMIT, hexed(area))]
             for bounds, area in zip(p.boxes, p.areas)],
            over_limit,
            lambda results: {(int(row[0]),): (float(row[1]),) for row in results[0]} | areal(results[1]),
        ),
        Question(
            4, "buildings that the last survey had not, without a permit", "buildings",
            [[f"/rules/new_building?{rule}&{where}"] for where in bbox],
            [[(NEW_BUILDINGS, hexed(box_area(bounds)))] for bounds in p.boxes],
            clue_areas("new_m2"),
            lambda results: {(int(row[0]),): (float(row[1]),) for row in results[0]},
        ),
        Question(
            5, "nearest open vegetable outlet of each community, gaps over 800 m", "outlets",
            [[("/join", {"first": "villages", "second": "outlets", "nearest": {"k": 1}, "secondFilter": outlets,
                         "return": "pairs", "limit": 100_000}),
              f"/rules/service_gap?{rule}"]],
            [[NEAREST_OUTLETS]],
            nearest, gaps_sql,
            (1e-6 if p.store.is_plane else 1e-4, 0.006),
        ),
        Question(
            6, "closed points with a complaint within 30 m and 90 days", "complaints",
            [[f"/rules/complaint_near_closed?{rule}&offset={at}" for at in ((0, 10_000) if p.is_city else (0,))]],
            [[COMPLAINTS]],
            lambda bodies: clue_ids(bodies, 2),
            lambda results: pairs(results[0]),
        ),
        Question(
            7, "neighbours of a parcel on its four sides (四至), metres of shared border", "parcels",
            [[f"/rules/neighbours?{rule}&id={fid}"] for fid, _ in p.parcels],
            [[(NEIGHBOURS, fid)] for fid, _ in p.parcels],
            neighbours,
            lambda results: {(row[0], int(row[1])): (float(row[2]),) for row in results[0]},
            (1e-6, 0.02),
        ),
        Question(
            8, "points within 100 m of a railway", "points",
            [[("/collections/points/search",
               {"geometry": {"collection": "railways", "id": fid}, "distance": 100, "return": "ids", "limit": 10_000})]
             for fid in p.railways],
            [[(NEAR_RAILWAY, fid)] for fid in p.railways],
            lambda bodies: set(json.loads(bodies[0])["ids"]),
            lambda results: ids(results[0]),
        ),
        Question(
            9, "ranking of towns by closing rate, at the meeting and now (%)", "points",
            [[f"/indicators?unit=110115&depth=1&rank=closing&as-of={p.meeting}",
              "/indicators?unit=110115&depth=1&rank=closing"]],
            [[(RANKING_THEN, p.meeting), RANKING_NOW]],
            lambda bodies: {(when, *key): value for when, body in enumerate(bodies) for key, value in ranking(body).items()},
            lambda results: {(when, row[0]): (float(row[1]),) for when, rows in enumerate(results) for row in rows},
            (0, 0.006),
        ),
        Question(
            10, "who is responsible at a position on a day", "admin_units",
            [[f"/responsible?lon={lon!r}&lat={lat!r}&date={DAY}"] for lon, lat in positions.tolist()],
            [[(RESPONSIBLE, hexed(shapely.Point(xy)), DAY)] for xy in p.at],
            responsible, responsible_sql,
        ),
        Question(
            11, "released land that is not greened after 180 days", "land_releases",
            [[f"/rules/idle_land?{rule}"]],
            [[(IDLE_LAND, DAY)]],
            clue_ids,
            lambda results: ids(results[0]),
        ),
        Question(
            12, "the ten open points nearest to a position (m)", "points",
            [[("/collections/points/search",
               {"geometry": {"type": "Point", "coordinates": [xy[1], xy[0]]}, "crs": PLANE_CRS,
                "nearest": {"k": 10}, "filter": IS_OPEN, "return": "ids"})] for xy in p.at.tolist()],
            [[(NEAREST_POINTS, hexed(shapely.Point(xy)))] for xy in p.at],
            lambda bodies: {(one,): (far,) for one, far in zip(*(json.loads(bodies[0])[n] for n in ("ids", "distances")))},
            lambda results: areal([[int(row[0]), row[1]] for row in results[0]]),
            # Metres of the ellipsoid and of the plane, where the store holds degrees.
            (1e-6 if p.store.is_plane else 1e-4, 0.006),
        ),
        Question(
            13, "an area split along the borders of communities, areas", "villages",
            [[("/collections/villages/search",
               p.geojson(area) | {"groupBy": ["XZQDM"], "aggregates": [{"op": "overlayArea"}]})] for area in p.large],
            [[(SPLIT, hexed(area))] for area in p.large],
            lambda bodies: {(one["key"]["XZQDM"],): (one["values"]["overlayArea"],) for one in json.loads(bodies[0])["groups"]},
            lambda results: areal(results[0]),
        ),
        Question(
            14, "enterprises on residential parcels", "enterprises",
            [[("/join", {"first": "enterprises", "second": "parcels", "predicate": "intersects",
                         "secondFilter": "QLLX = '6'", "return": "pairs", "limit": 100_000})]],
            [[ENTERPRISES]],
            lambda bodies: {tuple(one) for one in json.loads(bodies[0])["pairs"]},
            lambda results: pairs(results[0]),
        ),
        Question(
            15, "points by state and task inside an area, as of the meeting", "points",
            [[("/collections/points/search", one | states | {"asOf": p.meeting})] for one in geojson],
            [[(BY_STATE_THEN, hexed(area), p.meeting)] for area in p.areas],
            lambda bodies: by_state(bodies[0]),
            lambda results: states_sql(results[0]),
        ),
    ]


def many(places):
    """Questions 7, 10 and 12 as they are asked for the parcels of a block, the reports of a day, and all
    schools and stations."""
    p = places

    def neighbours(bodies):
        found, pages = {}, [json.loads(body) for body in bodies]
        clues = [clue for page in pages for clue in page["features"]]
        assert len(clues) == pages[0]["numberMatched"], "more clues than these pages hold"
        for clue in clues:
            subjects, measured = clue["properties"]["features"], clue["properties"]["measured"]
            if len(subjects) > 1:
                found[subjects[0]["id"], measured["toward"], subjects[1]["id"]] = (measured["shared_m"],)
        return found

    def responsible(bodies):
        answer = json.loads(bodies[0])
        units, entries = ({one["id"]: one for one in answer[name]} for name in ("units", "responsible"))
        found = set()
        for at, here in enumerate(answer["positions"]):
            of = [units[one] for one in here["units"]]
            posts = [entries[one] for one in here["responsible"]]
            found |= {(at, one["level"], one["code"]) for one in of}
            found |= {(at, one["area"]["code"], one["role"], one["unit"]) for one in posts}
        return found

    def responsible_sql(results):
        found = set()
        for at, level, code, role, unit in results[0]:
            found |= {(int(at) - 1, level, code)} | ({(int(at) - 1, code, role, unit)} if role else set())
        return found

    def nearest(bodies):
        answer = json.loads(bodies[0])
        return dict(zip(map(tuple, answer["pairs"]), ((one,) for one in answer["distances"])))

    positions = shapely.get_coordinates(moved(shapely.points(p.day), 4548, 4490)).tolist()
    # The type geometry parts what is in an array by colons.
    points = ":".join(hexed(shapely.Point(xy)) for xy in p.day)
    return [
        Question(
            7, "neighbours of the parcels of a block on their four sides", "parcels",
            [[f"/rules/neighbours?limit=10000&date={DAY}&bbox={','.join(map(str, one))}"] for one in p.yards],
            [[(NEIGHBOURS_OF_MANY, hexed(box_area(one)))] for one in p.yards],
            neighbours,
            lambda results: {(int(row[0]), row[1], int(row[2])): (float(row[3]),) for row in results[0]},
            (1e-6, 0.02), True,
        ),
        Question(
            10, "who is responsible at 200 positions on a day", "admin_units",
            [[("/responsible", {"positions": positions, "date": DAY, "collections": ["admin_units"], "return": "tables",
                                "properties": ["level", "code", "role", "unit"]})]],
            [[(RESPONSIBLE_AT_MANY, "{" + points + "}", DAY)]],
            responsible, responsible_sql, is_many=True,
        ),
        Question(
            12, "the ten open points nearest to each school and station (m)", "points",
            [[("/join", {"first": "facilities", "second": "points", "nearest": {"k": 10}, "secondFilter": IS_OPEN,
                         "return": "pairs", "limit": 100_000})]],
            [[NEAREST_POINTS_OF_MANY]],
            nearest,
            lambda results: {(int(a), int(b)): (float(far),) for a, b, far in results[0]},
            (1e-6 if p.store.is_plane else 1e-4, 0.006), True,
        ),
    ]


def summed(name):
    return f"""select '{name}', count(*), sum(ST_Area(geom)),
        sum(case when ST_CoveredBy(geom, $1::geometry) then ST_Area(geom)
            else ST_Area(ST_Intersection(geom, $1::geometry)) end)
        from {name} where ST_Intersects(geom, $1::geometry)"""


INSIDE = f"""{summed('parcels')} union all {summed('buildings')}
    union all select 'households', count(*), 0, 0 from households where ST_Intersects(geom, $1::geometry)"""
BY_STATE = """select state, task, count(*), sum(planned_build_area_m2) from points
    where ST_Intersects(geom, $1::geometry) group by state, task"""
BY_STATE_THEN = """select state, task, count(*), sum(planned_build_area_m2) from point_states
    where ST_Intersects(geom, $1::geometry) and since <= $2::timestamptz and (until is null or until > $2::timestamptz)
    group by state, task"""
NEAR_FACILITIES = f"""select p.fid, f.fid from facilities f join points p on ST_DWithin(p.geom, f.geom, 200)
    where p.state in ({OPEN_LIST})"""
OVER_PARCEL = """select b.fid, ST_Area(b.geom) - h.inside from buildings b cross join lateral (
        select ST_Area(ST_Intersection(p.geom, b.geom)) as inside from parcels p
        where ST_Intersects(p.geom, b.geom) order by 1 desc, p.fid limit 1) h
    where ST_Intersects(b.geom, $1::geometry)
        and not exists (select from parcels p where ST_CoveredBy(b.geom, p.geom))
        and ST_Area(b.geom) - h.inside > 1"""
OVER_LIMIT = f"""select zddm, sum(zzdmj) from buildings where ST_Intersects(geom, $1::geometry)
    group by zddm having sum(zzdmj) > {LIMIT_M2}"""
NEW_BUILDINGS = """select fid, m2 from (
        select b.fid, ST_Area(b.geom) - coalesce(
            (select ST_Area(ST_Intersection(b.geom, ST_Union(l.geom))) from buildings_before l
             where ST_Intersects(l.geom, b.geom)), 0) as m2
        from buildings b where ST_Intersects(b.geom, $1::geometry)
            and not exists (select from buildings_before l where ST_CoveredBy(b.geom, l.geom))
            and not exists (select from permits p where p.zddm = b.zddm)) q where m2 > 10"""
NEAREST_OUTLETS = f"""select v.fid, o.fid, o.metres from villages v cross join lateral (
        select fid, o.geom <-> v.geom as metres from outlets o
        where functions like '%{VEGETABLES}%' and opened <= '{DAY}' and (closed is null or closed > '{DAY}')
        order by o.geom <-> v.geom, fid limit 1) o"""
COMPLAINTS = """select c.fid, p.fid from complaints c join points p on ST_DWithin(p.geom, c.geom, 30)
    where p.state = 'closed' and c.day - p.closed_day between 0 and 90"""
NEIGHBOURS = """with one as (select fid, geom from parcels where fid = $1::int),
    side as (select (ST_DumpSegments(ST_Boundary(ST_ForcePolygonCCW(geom)))).geom as edge from one),
    around as (select q.fid, ST_Boundary(q.geom) as border from one join parcels q
        on ST_DWithin(q.geom, one.geom, 0.05) where q.fid <> one.fid),
    facing as (select edge, degrees(ST_Azimuth(ST_StartPoint(edge), ST_EndPoint(edge))) + 90 as outward from side)
    select case floor(((outward + 45)::numeric % 360) / 90) when 0 then '北' when 1 then '东'
            when 2 then '南' else '西' end as toward,
        fid, sum(ST_Length(ST_Intersection(edge, border))) as metres
    from facing join around on ST_DWithin(edge, border, 0.05)
    group by 1, 2 having sum(ST_Length(ST_Intersection(edge, border))) > 0.05"""
NEIGHBOURS_OF_MANY = """with one as (select fid, geom from parcels where ST_Intersects(geom, $1::geometry)),
    side as (select fid, (ST_DumpSegments(ST_Boundary(ST_ForcePolygonCCW(geom)))).geom as edge from one),
    around as (select one.fid as of, q.fid, ST_Boundary(q.geom) as border from one join parcels q
        on ST_DWithin(q.geom, one.geom, 0.05) where q.fid <> one.fid),
    facing as (select fid, edge, degrees(ST_Azimuth(ST_StartPoint(edge), ST_EndPoint(edge))) + 90 as outward from side)
    select facing.fid, case floor(((outward + 45)::numeric % 360) / 90) when 0 then '北' when 1 then '东'
            when 2 then '南' else '西' end as toward,
        around.fid, sum(ST_Length(ST_Intersection(edge, border))) as metres
    from facing join around on around.of = facing.fid and ST_DWithin(edge, border, 0.05)
    group by 1, 2, 3 having sum(ST_Length(ST_Intersection(edge, border))) > 0.05"""
NEAR_RAILWAY = """select p.fid from railways r join points p on ST_DWithin(p.geom, r.geom, 100) where r.fid = $1::int"""
RANKING_THEN = """select town, 100.0 * count(*) filter (where state = 'closed') / count(*) as rate
    from point_states where since <= $1::timestamptz and (until is null or until > $1::timestamptz)
        and registered_at is not null and state <> 'void' group by town order by rate desc"""
RANKING_NOW = """select town, 100.0 * count(*) filter (where state = 'closed') / count(*) as rate
    from points where registered_at is not null and state <> 'void' group by town order by rate desc"""
RESPONSIBLE = """select u.level, u.code, r.role, r.unit from admin_units u left join responsibilities r
        on r.area_code = u.code and r.area_collection = 'admin_units' and (r.valid_from is null or r.valid_from <= $2)
            and (r.valid_to is null or r.valid_to > $2)
    where ST_Intersects(u.geom, $1::geometry) and (u.valid_from is null or u.valid_from <= $2::date)
        and (u.valid_to is null or u.valid_to > $2::date)"""
RESPONSIBLE_AT_MANY = """select at.n, u.level, u.code, r.role, r.unit
    from unnest($1::geometry[]) with ordinality as at (geom, n)
    join admin_units u on ST_Intersects(u.geom, at.geom)
    left join responsibilities r on r.area_code = u.code and r.area_collection = 'admin_units'
        and (r.valid_from is null or r.valid_from <= $2) and (r.valid_to is null or r.valid_to > $2)
    where (u.valid_from is null or u.valid_from <= $2::date) and (u.valid_to is null or u.valid_to > $2::date)"""
IDLE_LAND = """select fid from land_releases l where $1::date - released_at > 180
    and (actual_use is null or actual_use = '闲置')
    and coalesce((select ST_Area(ST_Intersection(l.geom, ST_Union(g.geom))) from green_plots g
        where ST_Intersects(g.geom, l.geom)), 0) < 0.5 * ST_Area(l.geom)"""
NEAREST_POINTS = f"""select fid, geom <-> $1::geometry as metres from points where state in ({OPEN_LIST})
    order by geom <-> $1::geometry limit 10"""
NEAREST_POINTS_OF_MANY = f"""select f.fid, p.fid, p.metres from facilities f cross join lateral (
        select fid, geom <-> f.geom as metres from points where state in ({OPEN_LIST})
        order by geom <-> f.geom limit 10) p"""
SPLIT = """select xzqdm, sum(ST_Area(ST_Intersection(geom, $1::geometry))) from villages
    where ST_Intersects(geom, $1::geometry) group by xzqdm"""
ENTERPRISES = """select e.fid, p.fid from enterprises e join parcels p on ST_Intersects(p.geom, e.geom)
    where p.qllx = '6'"""
