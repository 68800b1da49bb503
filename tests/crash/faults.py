"""Full disks, folders that cannot be written, damaged logs, two servers on one file, an end under load."""
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from served import (TUBAN, WRITERS, Served, Skipped, Suite, Writer, check_writers, gdal_reads, make_store,
                    run, settle, start_writers, table, verify)

SEED = 20261127


@contextmanager
def folder():
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


@contextmanager
def mounted(place, *arguments):
    place.mkdir(exist_ok=True)
    done = subprocess.run(["mount", *arguments, str(place)], capture_output=True, text=True)
    if done.returncode:
        raise Skipped(f"mount is refused here ({done.stderr.strip()}); it takes root")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def joined(writers, patience=60):
    for writer in writers:
        writer.join(timeout=patience)
        assert not writer.is_alive(), "a writer was not answered"


def at_work(writers, more, patience=60):
    """Waits until each writer has had `more` transactions acknowledged, however busy the machine is."""
    wanted = [len(writer.acknowledged()) + more for writer in writers]
    until = time.monotonic() + patience
    while any(len(w.acknowledged()) < count for w, count in zip(writers, wanted)):
        assert time.monotonic() < until, "the writers do not get on"
        assert not any(writer.refusals for writer in writers), [w.refusals for w in writers]
        time.sleep(0.01)


def full_disk():
    """A commit that finds no room is refused and leaves nothing; with room again all goes on."""
    with folder() as base, mounted(base / "small", "-t", "tmpfs", "-o", "size=32m", "tmpfs") as place:
        store = make_store(place)
        # It fills most of the disk: without it there is room for what comes behind.
        filler = place / "filler"
        server = Served(store)
        try:
            server.recovery()
            writers = [Writer(number) for number in range(WRITERS)]
            start_writers(server.port, writers)
            at_work(writers, 10)
            try:
                filler.write_bytes(bytes(max(0, shutil.disk_usage(place).free - 200_000)))
            except OSError:
                # The server was quicker: all the fuller is the disk.
                pass
            joined(writers)
            refused = [answer for writer in writers for answer in writer.refusals]
            assert len(refused) == WRITERS, refused
            for status, body in refused:
                assert status == 507 and "disk_full" in body, (status, body)
                assert "sqlite" not in body.lower() and str(place) not in body, body
            assert server.get("/health")[0] == 200
            check_writers(store, writers)
            filler.unlink()
            writers = [writer.again() for writer in writers]
            before = [len(writer.acknowledged()) for writer in writers]
            start_writers(server.port, writers)
            at_work(writers, 10)
            for writer in writers:
                writer.stopped = True
            joined(writers)
            assert not any(writer.refusals for writer in writers)
            verify(store)
            check_writers(store, writers)
            assert server.terminate() == 0
            verify(store)
            gdal_reads(store)
        finally:
            server.kill()
        return f"{sum(before)} transactions until it was full"


def backup_to_a_full_disk():
    """A backup for which there is no room leaves nothing."""
    with folder() as base, mounted(base / "small", "-t", "tmpfs", "-o", "size=64k", "tmpfs") as place:
        store = make_store(base)
        done = run("backup", store, place / "b.gpkg")
        assert done.returncode == 1 and "full" in done.stderr and str(place) in done.stderr, done
        assert list(place.iterdir()) == []


def read_only_folder():
    """A store in a folder that cannot be written is read, checked and copied; serving says why not."""
    with folder() as base:
        store = make_store(base / "data" if (base / "data").mkdir() is None else base)
        with mounted(base / "view", "--bind", str(store.parent)) as view:
            subprocess.run(["mount", "-o", "remount,bind,ro", str(view)], check=True)
            store = view / store.name
            verify(store)
            done = run("backup", store, base / "b.gpkg")
            assert done.returncode == 0, done.stderr
            verify(base / "b.gpkg")
            done = run("backup", store, view / "b.gpkg")
            assert done.returncode == 1 and "Read-only file system" in done.stderr, done.stderr
            done = run("serve", store, "--listen", "127.0.0.1:0", timeout=30)
            assert done.returncode == 1 and "Read-only file system" in done.stderr, done.stderr
            assert sorted(p.name for p in view.iterdir()) == sorted(p.name for p in (base / "data").iterdir())


def crashed(place):
    """A store as a killed server left it, its log still beside it, and what its writers were told."""
    store = make_store(place)
    server = Served(store)
    try:
        server.recovery()
        writers = [Writer(number) for number in range(WRITERS)]
        start_writers(server.port, writers)
        at_work(writers, 20)
    finally:
        server.kill()
    joined(writers)
    log = store.with_name(store.name + "-wal")
    assert log.stat().st_size > 0
    return store, log, writers


def living(log):
    """
    Length of that part of the log that SQLite reads: behind it lie frames of an earlier round, or
    a part of the frame that was being written when the server was killed.
    """
    frame, salts = 24 + int.from_bytes(log[8:12], "big"), log[16:24]
    end = 32
    while end + frame <= len(log) and log[end + 8:end + 16] == salts:
        end += frame
    return end


def damaged_log(damage, times):
    """Whatever happens to the log, what is left is a state that was, and it can be written on."""
    chance = random.Random(SEED)
    with folder() as base:
        store, log, writers = crashed(base)
        whole, bytes_of_log = store.read_bytes(), log.read_bytes()
        revisions = set()
        for _ in range(times):
            after = base / "after"
            shutil.rmtree(after, ignore_errors=True)
            after.mkdir()
            copy = after / store.name
            copy.write_bytes(whole)
            copy.with_name(log.name).write_bytes(damage(chance, bytearray(bytes_of_log)))
            revisions.add(verify(copy)["revision"])
            check_writers(copy, writers, complete=False)
        server = Served(copy)
        try:
            server.recovery()
            again = [writer.again() for writer in writers]
            settle(copy, again)
            start_writers(server.port, again)
            at_work(again, 3)
            for writer in again:
                writer.stopped = True
            joined(again)
            assert server.terminate() == 0
        finally:
            server.kill()
        verify(copy)
        check_writers(copy, again)
        assert len(revisions) > 1, revisions
        return f"{times} logs, {len(revisions)} states"


def cut(chance, log):
    return log[:chance.randrange(living(log))]


def flipped(chance, log):
    end = living(log)
    for _ in range(chance.choice([1, 3])):
        log[chance.randrange(end)] ^= 1 << chance.randrange(8)
    return log


def two_servers():
    """The second server of a file is refused and told who has it; an import goes through the first."""
    with folder() as base:
        store = make_store(base)
        server = Served(store)
        try:
            server.recovery()
            writers = [Writer(number) for number in range(WRITERS)]
            start_writers(server.port, writers)
            done = run("serve", store, "--listen", "127.0.0.1:0", timeout=60)
            assert done.returncode == 1, done
            assert f"process {server.process.pid}" in done.stderr and str(store) in done.stderr, done.stderr
            # An import goes through the server.
            done = run("import", store, base / "things.geojson", "--collection", "others", timeout=60)
            assert done.returncode == 0, done
            for writer in writers:
                writer.stopped = True
            joined(writers)
            assert not any(writer.refusals for writer in writers)
        finally:
            server.kill()
        verify(store)
        check_writers(store, writers)


def killed_holder():
    """The lock of a killed server is nobody's: the next one starts at once."""
    with folder() as base:
        store = make_store(base)
        for _ in range(3):
            server = Served(store)
            server.recovery()
            server.kill()


def end_under_load(times):
    """SIGTERM under load: every answer was kept, none came from a half-done commit, the log is gone."""
    slowest = 0
    with folder() as base:
        store = make_store(base)
        writers = [Writer(number) for number in range(WRITERS)]
        for _ in range(times):
            server = Served(store)
            try:
                server.recovery()
                start_writers(server.port, writers)
                at_work(writers, 5)
                began = time.monotonic()
                code = server.terminate()
                slowest = max(slowest, time.monotonic() - began)
            finally:
                server.kill()
            assert code == 0, server.said()
            joined(writers)
            assert not any(writer.refusals for writer in writers), [w.refusals for w in writers]
            left = sorted(p.name for p in base.iterdir() if p.name.startswith("s.gpkg"))
            assert left == ["s.gpkg", "s.gpkg.lock"], left
            verify(store)
            check_writers(store, writers)
            settle(store, writers)
            writers = [writer.again() for writer in writers]
        gdal_reads(store)
    return f"{times} times, at most {slowest:.2f} s"


def backups_under_load():
    """Backups of a served store under load are sound and hold what was acknowledged before them."""
    with folder() as base:
        store = make_store(base)
        server = Served(store)
        try:
            server.recovery()
            writers = [Writer(number) for number in range(WRITERS)]
            start_writers(server.port, writers)
            for number in range(8):
                at_work(writers, 3)
                before, copy = time.time(), base / f"b{number}.gpkg"
                done = run("backup", store, copy)
                assert done.returncode == 0, done.stderr
                found = verify(copy)
                assert f"revision {found['revision']}," in done.stdout, done.stdout
                check_writers(copy, writers, before)
                verify(store)
            assert not any(writer.refusals for writer in writers)
        finally:
            server.kill()


if __name__ == "__main__":
    suite = Suite("faults")
    suite.case("two servers on one file", two_servers)
    suite.case("a server after a killed one", killed_holder)
    suite.case("SIGTERM under load", end_under_load, 5)
    suite.case("backups under load", backups_under_load)
    suite.case("a full disk", full_disk)
    suite.case("a backup to a full disk", backup_to_a_full_disk)
    suite.case("a folder that cannot be written", read_only_folder)
    suite.case("a log that was cut off", damaged_log, cut, 30)
    suite.case("a log with flipped bits", damaged_log, flipped, 30)
    suite.end()
