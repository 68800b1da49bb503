"""Cuts the power: what a disk may hold when writes that were not flushed are lost, whole or in part.

The real server runs under strace, which keeps every write, truncation, flush, creation and removal
of the store's files in order. At random moments of that record a disk is made up: what was flushed
is there; of what was not, each write is there, or not, or in some of its 512-byte sectors; a
creation or removal holds once the folder was flushed, and by chance before. The store is then opened
from that disk, and must be sound and hold every transaction that was acknowledged by that moment.
The shared-memory file is left out: SQLite makes it anew.

Usage: power.py CUTS
"""
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from served import (WRITERS, Served, Skipped, Suite, Writer, check_writers, gdal_reads, make_store,
                    start_writers, verify)

CUTS = int(sys.argv[1])
SEED = 20261126
SECTOR = 512
SECONDS = 6
CALLS = "open,openat,creat,pwrite64,write,lseek,fsync,fdatasync,ftruncate,fallocate,unlink,unlinkat,rename,renameat,renameat2,pwritev,writev"

LINE = re.compile(r"^(\d+) +(\d+\.\d+) (?:<\.\.\. (\w+) resumed>(.*)|(\w+)\((.*))$")
DESCRIPTOR = re.compile(r"^(\d+)<([^>]*)>")
QUOTED = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


class Record:
    """What happened to the files, in order: (time, file name, what, detail)."""

    def __init__(self, trace, folder, names):
        self.folder, self.names, self.steps = str(folder), names, []
        self.offsets, begun = {}, {}
        for line in open(trace):
            found = LINE.match(line.rstrip("\n"))
            if not found:
                continue
            process, at, resumed, rest, call, arguments = found.groups()
            if call:
                if arguments.endswith("<unfinished ...>"):
                    # A write may reach the disk from here on; a flush counts when it returns.
                    begun[process] = (float(at), call, arguments)
                    continue
                self.note(float(at), call, arguments)
            elif process in begun:
                begun_at, call, arguments = begun.pop(process)
                at = float(at) if call in ("fsync", "fdatasync") else begun_at
                self.note(at, call, arguments.replace("<unfinished ...>", "") + rest)
        self.steps.sort(key=lambda step: step[0])

    def note(self, at, call, arguments):
        result = arguments.rsplit("= ", 1)[-1].split(" ")[0].split("<")[0]
        if result.startswith("-") or result == "?":
            return
        if call in ("open", "openat", "creat"):
            path = text(QUOTED.search(arguments).group(1))
            descriptor = int(result)
            self.offsets[descriptor] = 0
            if "O_CREAT" in arguments and self.name(path):
                self.steps.append((at, self.name(path), "create", None))
            return
        if call in ("unlink", "unlinkat"):
            name = self.name(text(QUOTED.search(arguments).group(1)))
            if name:
                self.steps.append((at, name, "unlink", None))
            return
        if call.startswith("rename"):
            if any(self.name(text(path)) for path in QUOTED.findall(arguments)):
                raise AssertionError(f"a rename of the store's files is not modelled: {arguments}")
            return
        descriptor, path = DESCRIPTOR.match(arguments).groups()
        descriptor, path = int(descriptor), text(path)
        name = "" if path == self.folder else self.name(path)
        if name is None:
            return
        if call in ("fsync", "fdatasync"):
            self.steps.append((at, name, "flush", None))
        elif call == "lseek":
            self.offsets[descriptor] = int(result)
        elif call == "ftruncate":
            self.steps.append((at, name, "length", int(arguments.split(", ")[1].split(")")[0])))
        elif call in ("pwrite64", "write"):
            data = bytes.fromhex(QUOTED.search(arguments).group(1).replace("\\x", ""))
            assert len(data) == int(result), "strace cut a write short"
            if call == "write":
                offset = self.offsets.get(descriptor, 0)
                self.offsets[descriptor] = offset + len(data)
            else:
                offset = int(arguments.rsplit(") = ", 1)[0].rsplit(", ", 1)[1])
            self.steps.append((at, name, "write", (offset, data)))
        else:
            raise AssertionError(f"{call} is not modelled: {arguments[:200]}")

    def name(self, path):
        folder, _, name = path.rpartition("/")
        return name if folder == self.folder and name in self.names else None


def text(quoted):
    """A path as strace -xx writes it, every byte in hexadecimal."""
    return bytes.fromhex(quoted.replace("\\x", "")).decode()


class Disk:
    """Files as they lie on the disk, and what is still on its way there."""

    def __init__(self, files):
        self.durable = {name: bytearray(data) for name, data in files.items()}
        # The file that the programs see under a name may be another than the durable one.
        self.seen = dict(self.durable)
        self.waiting = {id(data): [] for data in self.durable.values()}
        self.all = list(self.durable.values())

    def step(self, name, what, detail):
        if what == "flush":
            if name == "":
                self.durable = dict(self.seen)
            elif name in self.seen:
                data = self.seen[name]
                for change in self.waiting[id(data)]:
                    apply(data, change)
                self.waiting[id(data)] = []
        elif what == "create":
            if name not in self.seen:
                self.seen[name] = bytearray()
                self.waiting[id(self.seen[name])] = []
                self.all.append(self.seen[name])
        elif what == "unlink":
            self.seen.pop(name, None)
        elif name in self.seen:
            self.waiting[id(self.seen[name])].append((what, detail))

    def after_a_cut(self, chance):
        """One of the disks that a cut of the power may leave."""
        files = {}
        for name in set(self.durable) | set(self.seen):
            which = self.durable if chance.random() < 0.5 else self.seen
            if name not in which:
                continue
            data = bytearray(which[name])
            # By chance nearly all of it got there, or next to nothing.
            likely = chance.choice([0.05, 0.5, 0.95])
            for what, detail in self.waiting[id(which[name])]:
                if what == "write" and chance.random() < 0.3:
                    for sector in torn(detail, chance, likely):
                        apply(data, (what, sector))
                elif chance.random() < likely:
                    apply(data, (what, detail))
            files[name] = data
        return files


def torn(write, chance, likely):
    """Some sectors of a write, cut where the disk's sectors begin."""
    offset, data = write
    first = -offset % SECTOR
    cuts = [0, *range(first, len(data), SECTOR)] if first else list(range(0, len(data), SECTOR))
    for start, end in zip(cuts, [*cuts[1:], len(data)]):
        if chance.random() < likely:
            yield offset + start, data[start:end]


def apply(data, change):
    what, detail = change
    if what == "length":
        del data[detail:]
        data.extend(bytes(detail - len(data)))
    else:
        offset, written = detail
        data.extend(bytes(max(0, offset - len(data))))
        data[offset:offset + len(written)] = written


def recorded(folder):
    """A served store under load: its record, its files at the start, its writers, its end."""
    store = make_store(folder)
    names = [store.name, store.name + "-wal", store.name + "-journal"]
    start = {store.name: store.read_bytes()}
    trace = folder / "trace"
    server = Served(store, "strace", "-f", "-y", "-xx", "-ttt", "-s", "10000000", "-e", f"trace={CALLS}",
                    "-o", trace)
    writers = [Writer(number) for number in range(WRITERS)]
    assert server.ready(), server.said()
    start_writers(server.port, writers)
    # Pauses let the writer of the store fold its log into the file, which is when both change.
    for pause in (SECONDS / 3, 1.6) * 2:
        time.sleep(pause)
        writers = toggled(server, writers)
    for writer in writers:
        writer.stopped = True
    for writer in writers:
        if writer.is_alive():
            writer.join(timeout=60)
        assert not writer.refusals, writer.refusals
    # To the server alone: strace is to record how it ends.
    pid = server.process.pid
    os.kill(int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0]), signal.SIGTERM)
    assert server.process.wait(timeout=60) == 0, server.said()
    return Record(trace, folder, names), start, writers, time.time()


def toggled(server, writers):
    """Stops writers that run, starts those that stand."""
    if any(writer.is_alive() for writer in writers):
        for writer in writers:
            writer.stopped = True
        for writer in writers:
            writer.join(timeout=60)
            assert not writer.refusals, writer.refusals
        return [writer.again() for writer in writers]
    start_writers(server.port, writers)
    return writers


def found_out(synchronous):
    """How many of 100 cuts find that a program, which flushes so, lost what it had acknowledged or
    broke its file. With full flushing none may, without any must: else these cuts prove nothing."""
    chance, found = random.Random(SEED), 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        file, told, trace = folder / "m.db", folder / "told", folder / "trace"
        subprocess.run(["strace", "-f", "-y", "-xx", "-ttt", "-s", "10000000", "-e", f"trace={CALLS}", "-o", trace,
                        sys.executable, "careless.py", file, told, synchronous], check=True)
        promised = [line.split() for line in told.read_text().splitlines()]
        record = Record(trace, folder, ["m.db", "m.db-wal", "m.db-journal"])
        disk, done = Disk({}), 0
        # The first steps make the file; what comes before its first flush was promised to nobody.
        for moment in sorted(chance.sample(range(30, len(record.steps)), 100)):
            for _, called, what, detail in record.steps[done:moment]:
                disk.step(called, what, detail)
            done = moment
            after = folder / "after"
            shutil.rmtree(after, ignore_errors=True)
            after.mkdir()
            for called, data in disk.after_a_cut(chance).items():
                (after / called).write_bytes(data)
            newest = max((int(mark) for mark, at in promised if float(at) < record.steps[moment][0]), default=0)
            db = sqlite3.connect(after / "m.db")
            try:
                marks = {mark for (mark,) in db.execute("SELECT mark FROM marks")} or {0}
                sound = db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
                found += not sound or len(marks) > 1 or max(marks) < newest
            except sqlite3.DatabaseError:
                found += newest > 0
            finally:
                db.close()
    return found


def check_the_cuts():
    counts = [found_out(synchronous) for synchronous in ("FULL", "NORMAL", "OFF")]
    assert counts[0] == 0 and counts[1] > 20 and counts[2] > 50, counts
    return f"of 100 each, {counts[0]} with full flushing, {counts[1]} with less, {counts[2]} with none"


def cuts(suite):
    chance = random.Random(SEED)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        if not shutil.which("strace") or subprocess.run(["strace", "-o", "/dev/null", "true"],
                                                        capture_output=True).returncode:
            raise Skipped("strace is missing, or may trace nothing here")
        suite.case("programs that do not flush are found out", check_the_cuts)
        record, start, writers, end = recorded(folder)
        disk, done = Disk(start), 0
        kinds = {kind: sum(step[2] == kind for step in record.steps) for kind in ("write", "flush", "length")}
        print(f"recorded {sum(len(w.acknowledged()) for w in writers)} transactions, {kinds['write']} writes, "
              f"{kinds['flush']} flushes, {kinds['length']} truncations", flush=True)
        assert kinds["write"] > 200 and kinds["flush"] > 20, kinds
        moments = sorted(chance.sample(range(len(record.steps)), min(CUTS, len(record.steps))))
        place = folder / "after"

        def at(moment):
            nonlocal done
            for _, file, what, detail in record.steps[done:moment]:
                disk.step(file, what, detail)
            done = max(done, moment)
            files = disk.after_a_cut(chance)
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir()
            for file, data in files.items():
                (place / file).write_bytes(data)
            # Just before the next write begins: whatever was answered until then was promised.
            until = record.steps[moment][0] if moment < len(record.steps) else end
            store = place / "s.gpkg"
            verify(store)
            check_writers(store, writers, until)

        for part in range(0, len(moments), 50):
            def look(some=moments[part:part + 50]):
                for moment in some:
                    try:
                        at(moment)
                    except AssertionError as error:
                        raise AssertionError(f"cut before step {moment}: {error}") from error
                gdal_reads(place / "s.gpkg")

            suite.case(f"{len(moments[part:part + 50])} cuts of the power", look)
        suite.case("a cut after the end", lambda: at(len(record.steps)))


if __name__ == "__main__":
    suite = Suite("power cuts")
    try:
        cuts(suite)
    except Skipped as skipped:
        print(f"skipped power cuts: {skipped}")
    suite.end()
