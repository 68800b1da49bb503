"""Kills a real server at random moments under concurrent writing, and looks at what is left.

Usage: kills.py KILLS
"""
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

from served import (WRITERS, Served, Suite, Writer, check_writers, gdal_reads, make_store, settle,
                    start_writers, verify)

KILLS = int(sys.argv[1])
SEED = 20261125
# A new store from time to time, so that looking at it stays quick.
ROUND = 50


def kill_and_look(store, writers, moment, look_with_gdal):
    """One life of a server, `moment` seconds long; when it listened, and how long that took."""
    server = Served(store)
    try:
        recovered = None
        if moment < 0:
            # Already while it opens the store.
            time.sleep(-moment)
        else:
            recovered = server.recovery()
            start_writers(server.port, writers)
            time.sleep(moment)
    finally:
        server.kill()
    for writer in writers:
        if writer.is_alive():
            writer.join(timeout=30)
        assert not writer.refusals, writer.refusals
    # By turns the first to open the file after the crash is another SQLite, or our own.
    if look_with_gdal:
        gdal_reads(store)
    verify(store)
    check_writers(store, writers)
    settle(store, writers)
    return recovered


def kills(suite):
    moments = random.Random(SEED)
    recoveries, transactions = [], 0
    for first in range(0, KILLS, ROUND):
        with tempfile.TemporaryDirectory() as folder:
            store = make_store(folder)
            writers = [Writer(number) for number in range(WRITERS)]

            def lives():
                nonlocal writers
                for kill in range(first, min(first + ROUND, KILLS)):
                    moment = moments.choice([1, 1, 1, -0.3]) * moments.uniform(0.002, 0.25)
                    recovered = kill_and_look(store, writers, moment, kill % 10 == 0)
                    if recovered is not None:
                        recoveries.append(recovered)
                    writers = [writer.again() for writer in writers]
                gdal_reads(store)
                return f"{sum(len(w.sent) for w in writers)} transactions kept"

            suite.case(f"{min(ROUND, KILLS - first)} kills at random moments", lives)
            transactions += sum(len(w.sent) for w in writers)
    print(f"{KILLS} kills, {transactions} transactions acknowledged or found whole")
    if recoveries:
        recoveries.sort()
        print(f"from start to /health after a kill: median {statistics.median(recoveries):.3f} s, "
              f"slowest {recoveries[-1]:.3f} s of {len(recoveries)}")


if __name__ == "__main__":
    suite = Suite("kills")
    kills(suite)
    suite.end()
