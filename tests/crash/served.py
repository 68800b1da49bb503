"""A store of fictional points, the real server on it, and writers whose every word is kept.

Each writer owns GROUP features. One transaction sets the marker of all of them to the next number,
adds a feature with that number, and from time to time removes one that it added before: so a crash
that keeps half of a transaction, or forgets one that was acknowledged, shows in the table.
"""
import http.client
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

TUBAN = os.environ["TUBAN"]
GROUP = 4
WRITERS = 3
COLLECTION = "things"


def feature(marker, place):
    lon = 116.3 + place % 1000 * 1e-4
    return {
        "type": "Feature",
        "properties": {"marker": marker, "note": f"mark {marker} " + "x" * (marker % 50)},
        "geometry": {"type": "Point", "coordinates": [round(lon, 6), round(39.6 + marker % 97 * 1e-4, 6)]},
    }


def run(*arguments, **options):
    return subprocess.run([TUBAN, *map(str, arguments)], capture_output=True, text=True, **options)


def make_store(folder):
    """A store whose first WRITERS * GROUP features belong to the writers."""
    folder = Path(folder)
    source, store = folder / "things.geojson", folder / "s.gpkg"
    features = [feature(0, n) for n in range(WRITERS * GROUP)] + [feature(-1, n) for n in range(200)]
    source.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    made = run("import", store, source, "--collection", COLLECTION)
    assert made.returncode == 0, made.stderr
    return store


class Served:
    """A server process on a free port."""

    def __init__(self, store, *before, log=None):
        self.started = time.monotonic()
        self.log = log or tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [*before, TUBAN, "serve", str(store), "--listen", "127.0.0.1:0"],
            stdout=subprocess.PIPE, stderr=self.log, stdin=subprocess.DEVNULL, text=True,
            start_new_session=True)
        self.port = None

    def ready(self):
        """Waits until it listens; false when it ended instead."""
        for line in self.process.stdout:
            if " s on " in line:
                self.port = int(line.rsplit(":", 1)[1])
                break
        if self.port is None:
            return False
        # What it prints later must not fill the pipe.
        threading.Thread(target=self.process.stdout.read, daemon=True).start()
        return True

    def get(self, target):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("GET", target)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def recovery(self):
        """Seconds from the start of the process to the first answer of /health."""
        assert self.ready(), self.said()
        status, body = self.get("/health")
        assert status == 200, body
        return time.monotonic() - self.started

    def said(self):
        self.process.wait(timeout=60)
        self.log.seek(0)
        text = self.log.read()
        return text.decode() if isinstance(text, bytes) else text

    def kill(self):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()

    def terminate(self, patience=60):
        """Asks it to end; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=patience)


class Writer(threading.Thread):
    """Sends one transaction after the other until it is stopped or the server is gone."""

    def __init__(self, number, past=None):
        super().__init__(daemon=True)
        self.number = number
        self.own = [number * GROUP + n + 1 for n in range(GROUP)]
        # By marker: when it was acknowledged (none when no answer came), at which revision, the id
        # of the feature that it added, the marker whose feature it removed.
        self.sent = past.sent if past else {}
        self.marker = past.marker if past else 0
        # Markers whose added features are there.
        self.kept = past.kept if past else []
        self.port, self.stopped, self.refusals = None, False, []

    def again(self):
        """A writer that goes on where this one ended."""
        return Writer(self.number, self)

    def tag(self, marker):
        """The marker of an added feature: no writer's and no other's."""
        return 1_000_000 * (self.number + 1) + marker

    def change_set(self, marker):
        changes = [{"collection": COLLECTION, "op": "replace", "id": fid, "feature": feature(marker, fid)}
                   for fid in self.own]
        changes.append({"collection": COLLECTION, "op": "insert", "feature": feature(self.tag(marker), marker)})
        removed = self.kept[0] if marker % 3 == 0 and self.kept else None
        if removed is not None:
            changes.append({"collection": COLLECTION, "op": "delete", "id": self.sent[removed]["added"]})
        return json.dumps({"reason": f"writer {self.number}", "changes": changes}), removed

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        while not self.stopped:
            self.marker += 1
            marker = self.marker
            body, removed = self.change_set(marker)
            entry = self.sent[marker] = {"at": None, "revision": 0, "added": None, "removed": removed}
            try:
                connection.request("POST", "/transactions", body, {"Content-Type": "application/json"})
                answer = connection.getresponse()
                text = answer.read()
            except (OSError, http.client.HTTPException):
                return
            if answer.status // 100 != 2:
                self.refusals.append((answer.status, text.decode()))
                del self.sent[marker]
                return
            done = json.loads(text)
            entry.update(at=time.time(), revision=done["revision"], added=done["ids"][GROUP])
            if removed is not None:
                self.kept.remove(removed)
            self.kept.append(marker)

    def acknowledged(self, until=None):
        return [m for m, s in list(self.sent.items()) if s["at"] and (until is None or s["at"] < until)]


def start_writers(port, writers):
    for writer in writers:
        writer.port = port
        writer.start()


def table(store):
    """Features by id, and the revision, as any SQLite program reads them."""
    db = sqlite3.connect(store)
    try:
        rows = dict(db.execute(f"SELECT fid, marker FROM {COLLECTION}"))
        (revision,) = db.execute("SELECT value FROM tuban_meta WHERE name = 'revision'").fetchone()
        return rows, revision
    finally:
        db.close()


def check_writers(store, writers, until=None, complete=True):
    """What was acknowledged is there, and nothing is there by halves. Without `complete` the newest
    transactions may be missing (the file was damaged), but from the end alone."""
    rows, revision = table(store)
    for writer in writers:
        markers = {rows.get(fid) for fid in writer.own}
        assert len(markers) == 1, f"half a transaction: {[rows.get(fid) for fid in writer.own]}"
        (marker,) = markers
        assert marker == 0 or marker in writer.sent, f"{marker} was never sent"
        acknowledged = writer.acknowledged(until)
        if complete:
            newest = max(acknowledged, default=0)
            assert marker >= newest, f"writer {writer.number}: {newest} was acknowledged, {marker} is there"
            assert revision >= max((writer.sent[m]["revision"] for m in acknowledged), default=0)
        done = {m: sent for m, sent in writer.sent.items() if m <= marker}
        expected = set(done) - {sent["removed"] for sent in done.values()}
        base = writer.tag(0)
        present = {m - base for m in rows.values() if base <= m < base + 1_000_000}
        assert present == expected, f"writer {writer.number} at {marker}: {sorted(present ^ expected)}"


def settle(store, writers):
    """After a crash, the fate of each writer's last transaction is what the table says."""
    rows, _ = table(store)
    added = {marker: fid for fid, marker in rows.items()}
    for writer in writers:
        marker = rows[writer.own[0]]
        for later in [m for m in writer.sent if m > marker]:
            del writer.sent[later]
        for m, entry in writer.sent.items():
            if entry["at"] is None:
                entry.update(at=time.time(), added=added[writer.tag(m)])
        writer.kept[:] = [m for m in writer.sent if writer.tag(m) in added]


def verify(store):
    """`tuban verify` finds nothing."""
    done = run("verify", store, "--json")
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    found = json.loads(done.stdout)
    assert found["sound"] and not found["defects"], found
    return found


def gdal_reads(store):
    """GDAL reads the file as a GeoPackage and counts as many features as it says."""
    done = subprocess.run(["ogrinfo", "-ro", "-al", "-so", str(store)], capture_output=True, text=True)
    assert done.returncode == 0 and "Layer name: things" in done.stdout, done.stdout + done.stderr
    rows, _ = table(store)
    assert f"Feature Count: {len(rows)}" in done.stdout, done.stdout


class Suite:
    """Counts cases in the manner of the other suites."""

    def __init__(self, name):
        self.name, self.passed, self.failed = name, 0, 0

    def case(self, title, check, *arguments):
        try:
            note = check(*arguments)
        except Skipped as skipped:
            print(f"skipped {title}: {skipped}", flush=True)
        except Exception as error:  # The others are still asked.
            self.failed += 1
            print(f"FAILED {title}: {type(error).__name__}: {str(error)[:4000]}", flush=True)
        else:
            self.passed += 1
            print(f"ok {title}{': ' + note if note else ''}", flush=True)

    def end(self):
        print(f"{self.name}: {self.passed} passed, {self.failed} failed")
        sys.exit(1 if self.failed else 0)


class Skipped(Exception):
    """What this machine cannot do."""
