"""The polygon of http_count.sh, and the asking over HTTP: one connection, kept alive."""

import http.client
import json
import math
import statistics
import sys
import time

RADIUS = 4000.0
VERTICES = 1024
ROUNDS = 200


def circle(east, north):
    angles = [2 * math.pi * n / VERTICES for n in range(VERTICES)]
    ring = [(east + RADIUS * math.cos(a), north + RADIUS * math.sin(a)) for a in angles]
    return ring + ring[:1]


def ask(address, postgis, east, north):
    ring = [[y, x] for x, y in circle(east, north)]  # EPSG:4548 puts north first
    body = json.dumps({
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "crs": "EPSG:4548", "return": "count",
    })
    connection = http.client.HTTPConnection(address)
    times, counts = [], set()
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        connection.request("POST", "/collections/parcels/search", body,
                           {"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
        times.append((time.perf_counter() - begun) * 1e3)
        if answer.status != 200:
            sys.exit(text.decode())
        counts.add(json.loads(text)["count"])
    lines = open(postgis).read().split("\n")
    peer_counts = {int(line.split()[1]) for line in lines if line.startswith("COUNT")}
    peer = [float(line) for line in lines if line and not line.startswith("COUNT")]
    if len(counts | peer_counts) != 1:
        sys.exit(f"counts differ: {counts} and {peer_counts}")
    for what, taken in [("HTTP", times), ("PostGIS socket", peer)]:
        print(f"{what:15} median {statistics.median(taken):8.2f} ms, least {min(taken):8.2f} ms")
    ratio = statistics.median(peer) / statistics.median(times)
    print(f"count {counts.pop()}, {ratio:.0f} times as fast by the median")


if __name__ == "__main__":
    east, north = map(float, sys.argv[-2:])
    if sys.argv[1] == "circle":
        print("POLYGON((" + ",".join(f"{x!r} {y!r}" for x, y in circle(east, north)) + "))")
    else:
        ask(sys.argv[2], sys.argv[3], east, north)
