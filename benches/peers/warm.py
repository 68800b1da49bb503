"""The tiles of warm.sh: which ones, fetched once from each server, and the table of what came out."""

import collections
import http.client
import math
import pathlib
import random
import statistics
import sys

HALF = 20037508.342789244
# How many tiles of each zoom: a view holds equally many at every zoom, and people work far in.
LISTS = {
    "mix": {12: 4, 13: 12, 14: 40, 15: 100, 16: 200},
    "same": {14: 40, 15: 100, 16: 200},
    "small": {17: 100, 18: 100},
}
SERVERS = ["tuban", "nginx", "martin"]


def candidates(box, zoom):
    """All tiles whose middle lies within the box (metres of Web Mercator), in a shuffled order."""
    side = 2 * HALF / 2**zoom
    xs = range(math.ceil((box[0] + HALF) / side - 0.5), math.floor((box[2] + HALF) / side + 0.5))
    ys = range(math.ceil((HALF - box[3]) / side - 0.5), math.floor((HALF - box[1]) / side + 0.5))
    tiles = [(zoom, x, y) for x in xs for y in ys]
    random.Random(zoom).shuffle(tiles)
    return tiles


def fetch(connection, path, headers):
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    return answer, answer.read()


def tag_of(connection, path):
    """The body and the entity tag of a tile in gzip, after both were seen to be right."""
    answer, body = fetch(connection, path, {"Accept-Encoding": "gzip"})
    if answer.status == 204:
        return b"", None
    tag, coding = answer.getheader("ETag"), answer.getheader("Content-Encoding")
    if answer.status != 200 or coding != "gzip" or not tag:
        sys.exit(f"{path}: status {answer.status}, Content-Encoding {coding}, ETag {tag}")
    again, _ = fetch(connection, path, {"Accept-Encoding": "gzip", "If-None-Match": tag})
    if again.status != 304:
        sys.exit(f"{path}: asked again with {tag}: {again.status}")
    return body, tag


def choose(work, address, box):
    """Makes the lists of tiles that hold something, and files of our bytes for nginx."""
    connection = http.client.HTTPConnection(address)
    for name, zooms in LISTS.items():
        chosen = []
        for zoom, wanted in zooms.items():
            found = 0
            for z, x, y in candidates(box, zoom):
                if found == wanted:
                    break
                body, tag = tag_of(connection, f"/xyz/parcels/{z}/{x}/{y}.mvt")
                if tag:
                    file = work / "www" / "xyz" / "parcels" / f"{z}/{x}/{y}.mvt"
                    file.parent.mkdir(parents=True, exist_ok=True)
                    file.write_bytes(body)
                    chosen.append(f"{z}/{x}/{y}")
                    found += 1
        random.Random(1).shuffle(chosen)
        (work / f"{name}.tiles").write_text("\n".join(chosen))


def warm(work, server, address, pattern):
    """Asks a server for every tile of every list, and writes what wrk asks: with and without tags."""
    connection = http.client.HTTPConnection(address)
    for name in LISTS:
        plain, tagged, sizes = [], [], collections.defaultdict(list)
        for tile in (work / f"{name}.tiles").read_text().split():
            path = pattern.replace("ZXY", tile)
            body, tag = tag_of(connection, path)
            if not tag:
                sys.exit(f"{server}: {path} is empty")
            plain.append(path)
            tagged.append(f"{path} {tag}")
            sizes[int(tile.split("/")[0])].append(len(body))
        (work / f"{server}.{name}.list").write_text("\n".join(plain))
        (work / f"{server}.{name}.tagged").write_text("\n".join(tagged))
        means = ", ".join(f"z{z} {statistics.mean(s) / 1e3:.1f}" for z, s in sorted(sizes.items()))
        print(f"{server:7} {name:6} {len(plain)} tiles, mean kB in gzip: {means}")


def table(figures):
    """Medians of the runs: lines of kind, server, requests, µs, bytes, failed, p50, p99, CPU µs."""
    runs = collections.defaultdict(list)
    for line in figures.read_text().splitlines():
        kind, server, *numbers = line.split()
        requests, micros, size, failed, p50, p99, cpu = map(int, numbers)
        if failed:
            print(f"not to be trusted: {failed} requests failed ({kind}, {server})")
        runs[kind, server].append(
            (requests / micros * 1e6, size / micros, p50 / 1e3, p99 / 1e3, cpu / requests))
    head = ("asked", "server", "req/s", "MB/s", "p50 ms", "p99 ms", "CPU µs")
    print("{:14} {:8} {:>9} {:>8} {:>8} {:>8} {:>8}   ours to it: req/s, CPU".format(*head))
    for kind in dict.fromkeys(kind for kind, _ in runs):
        ours = None
        for server in SERVERS:
            if (kind, server) not in runs:
                continue
            rate, rest, p50, p99, cpu = map(statistics.median, zip(*runs[kind, server]))
            line = f"{kind:14} {server:8} {rate:9.0f} {rest:8.1f} {p50:8.2f} {p99:8.2f} {cpu:8.1f}"
            if ours:
                # Of each round by itself: what else the machine does then falls on both.
                pairs = list(zip(runs[kind, SERVERS[0]], runs[kind, server]))
                ratio = statistics.median(a[0] / b[0] for a, b in pairs)
                line += f"   {ratio:.2f}x, {cpu / ours:.2f}x"
            else:
                ours = cpu
            print(line)


if __name__ == "__main__":
    work = pathlib.Path(sys.argv[2])
    if sys.argv[1] == "choose":
        choose(work, sys.argv[3], list(map(float, sys.argv[4:8])))
    elif sys.argv[1] == "warm":
        warm(work, *sys.argv[3:6])
    else:
        table(work / "figures")
