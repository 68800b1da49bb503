"""The part of queries.sh that Python asks: DuckDB and SedonaDB, and the table at the end.

queries.py FOLDER           prints `ENGINE KIND NAME ANSWER MILLISECONDS` lines
queries.py --report FOLDER  prints the table; fails when counts differ
"""

import sys
import time
from pathlib import Path

RUNS = 5


def best(ask):
    """The answer and the least milliseconds of some runs."""
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        answer = ask()
        times.append((time.perf_counter() - start) * 1e3)
    return answer, min(times)


def areas(folder):
    for line in (folder / "ours.txt").read_text().splitlines():
        if line.startswith("AREA "):
            _, name, wkt = line.split(" ", 2)
            yield name, wkt


def duckdb_answers(folder):
    import duckdb
    import duckdb_extension_spatial

    extension = next(Path(duckdb_extension_spatial.__file__).parent.rglob("*.duckdb_extension"))
    db = duckdb.connect(config={"allow_unsigned_extensions": "true"})
    db.execute(f"load '{extension}'")
    db.execute("set threads = 1")
    db.execute(f"create table source as select geom from ST_Read('{folder}/parcels.fgb')")
    db.execute(
        "create table parcels as select geom from source order by ST_Hilbert(geom, "
        "(select ST_Extent(ST_Extent_Agg(geom))::BOX_2D from source))"
    )
    db.execute(f"copy (select ST_AsWKB(geom) as geom from parcels) to '{folder}/parcels.parquet' (format parquet)")
    db.execute("drop table source")
    db.execute("create index parcels_geom on parcels using rtree (geom)")
    db.execute(
        f"create table points as select ST_Point(x, y) as geom "
        f"from read_csv('{folder}/points.csv', header = false, names = ['x', 'y'])"
    )

    def one(query):
        return best(lambda: db.execute(query).fetchone()[0])

    for name, wkt in areas(folder):
        literal = f"ST_GeomFromText('{wkt}')"
        yield "COUNT", name, *one(f"select count(*) from parcels where ST_Intersects(geom, {literal})")
        yield "OVERLAY", name, *one(
            f"select sum(ST_Area(ST_Intersection(geom, {literal}))) "
            f"from parcels where ST_Intersects(geom, {literal})"
        )
    yield "LOCATE", "all", *one(
        "select count(*) from points q join parcels p on ST_Intersects(p.geom, q.geom)"
    )


def sedona_answers(folder):
    import sedonadb

    sd = sedonadb.connect()
    sd.sql("set datafusion.execution.target_partitions = 1").execute()
    sd.read_parquet(f"{folder}/parcels.parquet").to_view("raw")
    sd.sql("select ST_GeomFromWKB(geom) as geom from raw").to_memtable().to_view("parcels")
    import pandas

    points = pandas.read_csv(folder / "points.csv", names=["x", "y"])
    sd.create_data_frame(points).to_view("raw_points")
    sd.sql("select ST_Point(x, y) as geom from raw_points").to_memtable().to_view("points")

    def one(query):
        return best(lambda: sd.sql(query).to_pandas().iloc[0, 0])

    for name, wkt in areas(folder):
        literal = f"ST_GeomFromText('{wkt}')"
        yield "COUNT", name, *one(f"select count(*) from parcels where ST_Intersects(geom, {literal})")
        yield "OVERLAY", name, *one(
            f"select sum(ST_Area(ST_Intersection(geom, {literal}))) "
            f"from parcels where ST_Intersects(geom, {literal})"
        )
    yield "LOCATE", "all", *one(
        "select count(*) from points q join parcels p on ST_Intersects(p.geom, q.geom)"
    )


def ask(folder):
    for engine, answers in (("DuckDB", duckdb_answers), ("SedonaDB", sedona_answers)):
        for kind, name, answer, ms in answers(folder):
            print(engine, kind, name, answer, f"{ms:.3f}", flush=True)


def report(folder):
    """Answers by question and engine, ours first."""
    table = {}
    for line in (folder / "ours.txt").read_text().splitlines():
        words = line.split()
        if words[0] in ("COUNT", "OVERLAY"):
            table[words[0], words[1]] = {"Tuban": (float(words[4]), float(words[5]))}
        elif words[0] == "LOCATE":
            table["LOCATE", "all"] = {"Tuban": (float(words[2]), float(words[3]))}
    for line in (folder / "postgis.txt").read_text().splitlines():
        kind, name, answer, ms = line.split()
        table[kind, name]["PostGIS"] = (float(answer), float(ms))
    for line in (folder / "embedded.txt").read_text().splitlines():
        engine, kind, name, answer, ms = line.split()
        table[kind, name][engine] = (float(answer), float(ms))
    peers = ("PostGIS", "DuckDB", "SedonaDB")
    print(f"{'question':<8} {'area':<10} {'answer':>16} {'Tuban ms':>10}", end="")
    print("".join(f" {peer + ' ms':>12} {'ratio':>7}" for peer in peers))
    wrong = []
    for (kind, name), answers in table.items():
        answer, ms = answers["Tuban"]
        print(f"{kind:<8} {name:<10} {answer:>16.3f} {ms:>10.4f}", end="")
        for peer in peers:
            theirs, peer_ms = answers[peer]
            print(f" {peer_ms:>12.2f} {peer_ms / ms:>6.0f}x", end="")
            if abs(theirs - answer) > (1e-9 * answer if kind == "OVERLAY" else 0):
                wrong.append(f"{kind} {name}: {answer!r}, {peer} {theirs!r}")
        print()
    for line in (folder / "ours.txt").read_text().splitlines():
        if line.startswith("GROWTH"):
            print(line)
    if wrong:
        sys.exit("answers differ:\n" + "\n".join(wrong))


if __name__ == "__main__":
    if sys.argv[1] == "--report":
        report(Path(sys.argv[2]))
    else:
        ask(Path(sys.argv[1]))
