"""Asks four readers' tiles and counts of a town in turn, and prints microseconds on a core; the ratio stands
behind a reader with a token, to the reader without one of a store with the same features.

profiles.py OPEN PID KNOWN PID ALONE PID TOKEN TOWN_TOKEN STORE TOWN
"""

import json
import math
import random
import sqlite3
import statistics
import struct
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "planner"))
from http_client import Client

ROUNDS = 15


class Reader(Client):
    def __init__(self, address, pid, token=None):
        super().__init__(address, pid)
        self.head = f"Host: {self.host}\r\nAccept-Encoding: gzip\r\n"
        if token:
            self.head += f"Authorization: Bearer {token.strip()}\r\n"

    def prepared(self, method, target, body=b"", media="application/json"):
        head = f"{method} {target} HTTP/1.1\r\n{self.head}"
        if body:
            head += f"Content-Type: {media}\r\nContent-Length: {len(body)}\r\n"
        return (head + "\r\n").encode() + body

    def timed(self, requests):
        """Microseconds on a core a request."""
        requests = [self.prepared(*request) for request in requests]
        begun = self.on_core()
        for request in requests:
            self.ask(request)
        return (self.on_core() - begun) / 1e3 / len(requests)


def parcels(store, town):
    """Middles of the boxes of parcels of a town, in degrees."""
    db = sqlite3.connect(store)
    ((name,),) = db.execute("select name from admin_units where code = ?", (town,))
    rows = db.execute("select geom from parcels where ZL like ? order by fid", (f"{name}%",))
    boxes = [struct.unpack("<4d", blob[8:40]) for (blob,) in rows]
    return [((west + east) / 2, (south + north) / 2) for west, east, south, north in boxes]


def tile(lon, lat, zoom):
    scale = 2**zoom
    y = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2
    return f"{zoom}/{int((lon + 180) / 360 * scale)}/{int(y * scale)}"


def main():
    open_at, open_pid, known_at, known_pid, alone_at, alone_pid, token, town_token, store, town = sys.argv[1:]
    readers = [
        ("no accounts", Reader(open_at, open_pid)),
        ("sees everything", Reader(known_at, known_pid, token)),
        ("the town alone", Reader(alone_at, alone_pid)),
        ("sees the town", Reader(known_at, known_pid, town_token)),
    ]
    r = random.Random(4)
    at = r.sample(parcels(store, town), 60)
    building = sqlite3.connect(store).execute("select min(fid) from buildings").fetchone()[0]
    tiles = {
        f"tiles z{zoom}": [("GET", f"/xyz/parcels,buildings/{one}.mvt") for one in sorted({tile(*xy, zoom) for xy in at})]
        for zoom in (13, 15, 17)
    }

    def count(lon, lat):
        ring = [
            [lon + 0.006 * math.cos(a / 32 * math.tau), lat + 0.005 * math.sin(a / 32 * math.tau)] for a in range(32)
        ]
        geometry = {"type": "Polygon", "coordinates": [ring + ring[:1]]}
        asked = {"geometry": geometry, "groupBy": ["FWJG"], "aggregates": [{"op": "overlayArea"}]}
        return ("POST", "/collections/buildings/search", json.dumps(asked).encode())

    asked = tiles | {"areas by structure": [count(*xy) for xy in at]}
    names = [name for name, _ in readers]
    print(f"{'µs on a core':30}{names[0]:>16}{names[1]:>18}{'ratio':>7}{names[2]:>18}{names[3]:>18}{'ratio':>7}")
    for name, requests in asked.items():
        for when in ("first", "again"):
            times = {reader: [] for reader, _ in readers}
            for number in range(ROUNDS):
                for label, reader in r.sample(readers, len(readers)):
                    if when == "first":
                        # An edit in the middle of each place, so that nothing of it is left.
                        touch(readers, building, number)
                    times[label].append(reader.timed(requests))
            open_, known, alone, town = (statistics.median(times[label]) for label, _ in readers)
            pairs = f"{open_:16.1f}{known:18.1f}{open_ / known:7.2f}{alone:18.1f}{town:18.1f}{alone / town:7.2f}"
            print(f"{name + ', ' + when:30}{pairs}", flush=True)


def touch(readers, building, number):
    """Edits a building on each server, behind which answers of the whole state are made anew."""
    for _, reader in readers[:3]:
        body = json.dumps({"properties": {"JZWMC": f"正房{number}"}}).encode()
        patch = ("PATCH", f"/collections/buildings/items/{building}", body, "application/merge-patch+json")
        reader.ask(reader.prepared(*patch))


if __name__ == "__main__":
    main()
