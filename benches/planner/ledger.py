"""A ledger of 300 points for each 1,000 parcels with its events, and units with posts that answer for
them, for stores that have none: rows as `tuban import` takes them into a new store."""

import datetime
import random
import uuid

import numpy
import shapely

TASKS = ["CW", "KQ", "ZD", "WZ", "QZ", "BJ", "LB", "GX", "DX", "DX2"]
# How many in a hundred end in each state, and the events that led there.
PATHS = {
    "reported": (3, ["report"]),
    "registered": (10, ["report", "register"]),
    "dispatched": (8, ["report", "register", "dispatch"]),
    "in_progress": (15, ["report", "register", "dispatch", "accept"]),
    "submitted": (4, ["report", "register", "dispatch", "accept", "submit"]),
    "verified_town": (8, ["report", "register", "dispatch", "accept", "submit", "town_verify"]),
    "closed": (48, ["report", "register", "dispatch", "accept", "submit", "town_verify", "district_close"]),
    "rebounded": (
        4,
        ["report", "register", "dispatch", "accept", "submit", "town_verify", "district_close", "rebound"],
    ),
}
ROLES = {
    "report": "grid_worker", "register": "town", "dispatch": "town", "accept": "grid_worker",
    "submit": "grid_worker", "town_verify": "town_checker", "district_close": "district_checker",
    "rebound": "district_checker",
}
TEXTS = "id code task state unit receiver submitted_by merged_into address source special_action ledger_types parcel note district town village courtyard grid assigned_by person"
MOMENTS = "state_since registered_at deadline suspended_until closed_at first_closed_at checked_at reply_by"
REALS = "planned_build_area_m2 planned_land_area_m2 actual_build_area_m2 actual_land_area_m2"
WHOLE = "year planned_count actual_count rebound_count events"
ORDER = (
    "id code task year state state_since registered_at deadline suspended_until unit receiver person "
    "planned_build_area_m2 planned_land_area_m2 planned_count actual_build_area_m2 actual_land_area_m2 "
    "actual_count closed_at first_closed_at checked_at reply_by rebound_count submitted_by merged_into events "
    "address source special_action ledger_types parcel note district town village courtyard grid assigned_by"
).split()
EVENT_TEXTS = (
    "id point kind actor role unit_of_actor reason approval code task unit person receiver before after evidence "
    "proof finding confirmed_by into_point demand answer to_event department"
)
EVENT_ORDER = (
    "id point seq kind actor role unit_of_actor occurred_at recorded_at backfilled reason approval code task unit "
    "person receiver due_at build_area_m2 land_area_m2 count before after evidence proof finding confirmed_by "
    "into_point demand answer to_event department"
).split()


def kinds(order, texts, moments, reals, whole):
    kind = {name: "TEXT" for name in texts.split()}
    kind |= {name: "DATETIME" for name in moments.split()} | {name: "DOUBLE" for name in reals.split()}
    kind |= {name: "INTEGER" for name in whole.split()} | {"backfilled": "BOOLEAN"}
    return [(name, kind[name]) for name in order]


def text(at):
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def unique(r, at):
    """A UUID of version 7 for a moment."""
    ms = int(at.timestamp() * 1000)
    return str(uuid.UUID(int=ms << 80 | 7 << 76 | r.getrandbits(12) << 64 | 2 << 62 | r.getrandbits(62)))


def towns_of(ground, xy):
    """The code of the village of each position, by polygon; None where there is none."""
    rows = ground.store.rows("select geom, XZQDM from villages order by fid")
    tree = shapely.STRtree(ground.store.to_plane(ground.store.shapes([row[0] for row in rows])))
    found = [None] * len(xy)
    for point, village in zip(*tree.query(shapely.points(xy), predicate="intersects")):
        found[point] = found[point] or rows[village][1]
    return found


def write(ground, writer):
    """Adds both collections; gives position and time of the closings."""
    r = random.Random(1)
    count = ground.count * 3 // 10
    places = [ground.near(r, 4) for _ in range(count)]
    villages = towns_of(ground, numpy.array([place[0] for place in places]))
    states = r.choices(list(PATHS), [share for share, _ in PATHS.values()], k=count)
    recorded = text(datetime.datetime.now(datetime.timezone.utc))
    writer.layer("points", "POINT", kinds(ORDER, TEXTS, MOMENTS, REALS, WHOLE))
    writer.layer(
        "point_events",
        "POINT",
        kinds(EVENT_ORDER, EVENT_TEXTS, "occurred_at recorded_at due_at", "build_area_m2 land_area_m2", "seq count"),
    )
    shapes = ground.store.from_plane(shapely.points([place[0] for place in places]))
    closed, numbers = [], {}
    for begin in range(0, count, 20_000):
        end = min(count, begin + 20_000)
        points, events = [], []
        for at in range(begin, end):
            of = (places[at][1], villages[at] or "110115000000", states[at])
            point, rows = history(r, numbers, of, recorded)
            points.append(tuple(point.get(name) for name in ORDER))
            events.extend(tuple(event.get(name) for name in EVENT_ORDER) for event in rows)
            if states[at] == "closed":
                when = datetime.datetime.strptime(point["closed_at"], "%Y-%m-%dT%H:%M:%S.000Z")
                closed.append((places[at][0], when))
        writer.add("points", ORDER, points, shapes[begin:end])
        writer.add("point_events", EVENT_ORDER, events)
    return closed


def history(r, numbers, of, recorded):
    """The row of a point and the rows of its events; `numbers` counts the points of each series."""
    parcel, village, state = of
    unit = village[:9]
    when = datetime.datetime(2024, 10, 1, tzinfo=datetime.timezone.utc) + datetime.timedelta(
        minutes=r.randrange(1_000_000)
    )
    area = round(r.uniform(5, 200), 2)
    task = r.choice(TASKS)
    point = {
        "id": unique(r, when), "state": state, "rebound_count": 0, "source": "巡查", "parcel": parcel,
        "district": "110115", "town": unit, "village": village, "assigned_by": "polygon",
        "unit": unit, "address": f"示例路{r.randrange(500)}号", "special_action": "示例行动",
    }
    rows = []
    for seq, kind in enumerate(PATHS[state][1], 1):
        event = {
            "id": unique(r, when), "point": point["id"], "seq": seq, "kind": kind, "actor": f"{kind}-{unit}",
            "role": ROLES[kind], "occurred_at": text(when), "recorded_at": recorded, "backfilled": 1,
        }
        quantities = {"build_area_m2": area, "land_area_m2": area, "count": 1}
        if kind == "report":
            event["unit"] = unit
        if kind == "register":
            due = text(when + datetime.timedelta(days=r.randrange(30, 300)))
            series = f"{unit}-{task}-{when.year}"
            numbers[series] = numbers.get(series, 0) + 1
            code = f"{series}-{numbers[series]:05}"
            event |= {"code": code, "task": task, "unit": unit, "due_at": due} | quantities
            point |= {
                "code": code, "task": task, "year": when.year, "registered_at": text(when), "deadline": due,
                "planned_build_area_m2": area, "planned_land_area_m2": area, "planned_count": 1,
            }
        if kind == "dispatch":
            event["receiver"] = point["receiver"] = "示例科室"
        if kind == "submit":
            event |= {"before": unique(r, when), "after": unique(r, when)} | quantities
            point["submitted_by"] = event["actor"]
            point |= {"actual_build_area_m2": area, "actual_land_area_m2": area, "actual_count": 1}
        if kind == "district_close":
            event["proof"] = "site"
            point |= {"closed_at": text(when), "first_closed_at": text(when)}
        if kind == "rebound":
            event |= {"confirmed_by": "示例核查员", "evidence": unique(r, when)}
            point["rebound_count"] = 1
        point |= {"state_since": text(when), "events": seq}
        rows.append(event)
        when += datetime.timedelta(hours=r.randrange(3, 200))
    return point, rows


def places(ground, writer):
    """Adds the units of the towns and villages of a store; gives the posts that answer for them."""
    store = ground.store
    columns = ["code", "name", "level", "parent", "valid_from", "valid_to"]
    rows = store.rows("select geom, XZQDM, XZQMC from towns order by fid")
    towns = [(row[0], row[1][:9], row[2], "town", "110115") for row in rows]
    whole = shapely.union_all(store.shapes([row[0] for row in rows]))
    whole = whole if whole.geom_type == "MultiPolygon" else shapely.multipolygons([whole])
    rows = store.rows("select geom, XZQDM, XZQMC from villages order by fid")
    villages = [(row[0], row[1], row[2], "village", row[1][:9]) for row in rows]
    units = [(None, "110000", "北京市", "city", None), (whole, "110115", "大兴区", "district", "110000")]
    units += [(store.shapes([one[0]])[0], *one[1:]) for one in towns + villages]
    writer.layer("admin_units", "MULTIPOLYGON", [(name, "TEXT") for name in columns[:4]] + [(name, "DATE") for name in columns[4:]])
    for shape, *row in units:
        shapes = None if shape is None else [shape]
        writer.add("admin_units", columns, [(*row, "2020-01-01", None)], shapes)
    columns = ["role", "unit", "area_collection", "area_code", "valid_from", "valid_to"]
    posts = []
    for _, code, name, level, _ in towns + villages:
        for role in ("责任规划师", "街乡镇") if level == "town" else ("网格员", "街巷长"):
            # One post went to another team in the middle of a year.
            posts.append((role, f"{name}{role}甲", "admin_units", code, "2020-01-01", "2026-07-01"))
            posts.append((role, f"{name}{role}乙", "admin_units", code, "2026-07-01", None))
    return columns, posts
