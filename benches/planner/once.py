"""Asks questions 7, 10 and 12 each of another place, as patrollers do of where they stand, so that no answer is of use
twice: one after the other, and twenty sent at once (HTTP and PostgreSQL both answer what waits in a connection in order).

once.py STORE MEETING ADDRESS PID POSTGIS_HOST [NUMBER…]
"""

import random
import sys
import time

import shapely
from psycopg import pq

from asked import PostGIS, Tuban
from geopackage import Store, moved
from questions import DAY, IS_OPEN, NEAREST_POINTS, NEIGHBOURS, PLANE_CRS, RESPONSIBLE, Places, hexed

QUESTIONS = 2_000
TRAIN = 20


def asked(places):
    """Requests and statements of each question, each of another parcel or position."""
    r, store = random.Random(5), places.store
    all_fids = [fid for (fid,) in store.rows("select fid from parcels order by fid")]
    fids = r.sample(all_fids, min(2 * QUESTIONS, len(all_fids)))
    rows = [store.rows("select geom from parcels where fid = ?", fid)[0][0] for fid in fids]
    at = shapely.get_coordinates(shapely.point_on_surface(store.to_plane(store.shapes(rows))))
    degrees = shapely.get_coordinates(moved(shapely.points(at), 4548, 4490)).tolist()
    nearest = {"crs": PLANE_CRS, "nearest": {"k": 10}, "filter": IS_OPEN, "return": "ids"}
    return {
        7: ([f"/rules/neighbours?limit=10000&date={DAY}&id={fid}" for fid in fids], [(NEIGHBOURS, fid) for fid in fids]),
        10: (
            [f"/responsible?lon={lon!r}&lat={lat!r}&date={DAY}" for lon, lat in degrees],
            [(RESPONSIBLE, hexed(shapely.Point(xy)), DAY) for xy in at],
        ),
        12: (
            [("/collections/points/search", nearest | {"geometry": {"type": "Point", "coordinates": [y, x]}})
             for x, y in at.tolist()],
            [(NEAREST_POINTS, hexed(shapely.Point(xy))) for xy in at],
        ),
    }


def ask_tuban(tuban, train):
    """Sends requests at once and reads all answers."""
    tuban.socket.sendall(b"".join(train))
    held, left = b"", len(train)
    while left:
        held += tuban.received()
        while (end := held.find(b"\r\n\r\n")) >= 0:
            head = held[:end].lower()
            assert head[9:12] == b"200", held[:500]
            length = int(head.partition(b"content-length: ")[2].split(b"\r")[0])
            if len(held) < end + 4 + length:
                break
            held, left = held[end + 4 + length :], left - 1


def ask_postgis(postgis, train):
    if len(train) == 1:
        return postgis.ask(train[0])
    raw = postgis.raw
    raw.enter_pipeline_mode()
    for request in train:
        raw.send_query_prepared(*request)
    raw.pipeline_sync()
    raw.flush()
    while (result := raw.get_result()) is None or result.status != pq.ExecStatus.PIPELINE_SYNC:
        if result is not None:
            postgis.checked(result)
    raw.exit_pipeline_mode()


def measured(server, ask, requests, size):
    """Microseconds an answer: on the clock and on a core of the server."""
    core, begun = server.on_core(), time.perf_counter()
    for first in range(0, len(requests), size):
        ask(server, requests[first : first + size])
    return (time.perf_counter() - begun) * 1e6 / len(requests), (server.on_core() - core) / 1e3 / len(requests)


def main():
    path, meeting, address, pid, host, *numbers = sys.argv[1:]
    tuban, postgis = Tuban(address, pid), PostGIS(host)
    print(f"\neach of another place, microseconds{'on the clock':>26}{'on a core':>30}")
    for number, (http, sql) in asked(Places(Store(path), meeting)).items():
        if numbers and str(number) not in numbers:
            continue
        sides = [
            (tuban, ask_tuban, [tuban.prepared(one) for one in http]),
            (postgis, ask_postgis, [postgis.prepared(one) for one in sql]),
        ]
        half = len(http) // 2
        for name, size, part in (("one by one", 1, slice(half)), (f"{TRAIN} at once", TRAIN, slice(half, None))):
            # The server lets go of connections on which nothing was asked for some seconds.
            tuban.socket.close()
            tuban.connect()
            ours, theirs = (measured(server, ask, requests[part], size) for server, ask, requests in sides)
            clock, core = ((mine, other, other / mine) for mine, other in zip(ours, theirs))
            columns = "".join(f"{mine:>12.1f}{other:>9.1f}{ratio:>8.1f}x" for mine, other, ratio in (clock, core))
            print(f"{number:<3}{name:<12}{columns}", flush=True)


if __name__ == "__main__":
    main()
