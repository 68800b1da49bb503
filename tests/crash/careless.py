"""A program that acknowledges what it did not flush: the cuts of the power must find it out.

Usage: careless.py FILE ACKNOWLEDGED SYNCHRONOUS
"""
import sqlite3
import sys
import time

file, acknowledged, synchronous = sys.argv[1:]
db = sqlite3.connect(file, isolation_level=None)
db.execute("PRAGMA journal_mode = WAL")
db.execute(f"PRAGMA synchronous = {synchronous}")
db.execute("PRAGMA wal_autocheckpoint = 20")
db.execute("CREATE TABLE marks (id INTEGER PRIMARY KEY, mark INTEGER, filling TEXT)")
with open(acknowledged, "w") as told:
    for mark in range(1, 151):
        db.execute("BEGIN")
        for place in range(4):
            db.execute("REPLACE INTO marks VALUES (?, ?, ?)", (place, mark, "x" * (mark * 7 % 1500)))
        db.execute("COMMIT")
        print(mark, time.time(), file=told, flush=True)
db.close()
