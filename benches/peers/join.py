"""The join of points with parcels in DuckDB and SedonaDB, from memory.

Usage: join.py DIR THREADS [RUNS]. DIR holds parcels.csv (id, hexadecimal WKB) and points.csv (id,
x, y). Prints `PEER name version pairs milliseconds`, the median of the runs, for each; loading and
parsing are not timed.
"""

import importlib.metadata
import statistics
import sys
import time
from pathlib import Path

import duckdb
import duckdb_extension_spatial
import pyarrow as arrow
from sedonadb.context import connect as connect_sedona

QUERY = "select count(*) from parcels p join points q on ST_Intersects(p.geom, q.geom)"


def measure(name, version, run, runs):
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        pairs = run()
        times.append((time.perf_counter() - start) * 1000)
    print(f"PEER {name} {version} {pairs} {statistics.median(times):.1f}", flush=True)


def main(folder, threads, runs):
    duck = duckdb.connect(config={"threads": threads})
    packaged = Path(duckdb_extension_spatial.__path__[0])
    duck.execute(f"load '{next(packaged.rglob('spatial.duckdb_extension'))}'")
    duck.execute(f"""
        create table parcels as select id, ST_GeomFromHEXWKB(wkb) as geom
        from read_csv('{folder}/parcels.csv', header=false, columns={{'id': 'bigint', 'wkb': 'varchar'}});
        create table points as select id, ST_Point(x, y) as geom
        from read_csv('{folder}/points.csv', header=false,
            columns={{'id': 'bigint', 'x': 'double', 'y': 'double'}});
    """)
    plan = "\n".join(row[1] for row in duck.execute("explain " + QUERY).fetchall())
    if "SPATIAL_JOIN" not in plan:
        sys.exit("DuckDB does not plan a spatial join:\n" + plan)
    measure("DuckDB", duckdb.__version__, lambda: duck.execute(QUERY).fetchone()[0], runs)
    for table in ["parcels", "points"]:
        duck.execute(f"""
            copy (select id, ST_AsWKB(geom) as geom from {table})
            to '{folder}/{table}.parquet' (format parquet)""")
    duck.close()

    lake = connect_sedona()
    lake.sql(f"set datafusion.execution.target_partitions = {threads}").execute()
    for table in ["parcels", "points"]:
        lake.read_parquet(f"{folder}/{table}.parquet").to_view(f"{table}_wkb")
        parsed = lake.sql(f"select id, ST_GeomFromWKB(geom) as geom from {table}_wkb")
        parsed.to_memtable().to_view(table)
    version = importlib.metadata.version("sedonadb")
    measure("SedonaDB", version, lambda: arrow.table(lake.sql(QUERY)).column(0)[0].as_py(), runs)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 3)
