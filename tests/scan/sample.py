"""The sample city with persons planted in it, and a server of it."""

import copy
import os
import re
import shutil
import subprocess
import time

import persons

# An unoptimised binary on a busy machine may take its time. Exports are not counted where every tile is asked
# for, and where they are counted they are not limited.
PATIENT = "[server]\nrequest_timeout_seconds = 60\n[exports]\n"
UNCOUNTED = PATIENT + "collections = []\n"
COUNTED = PATIENT + "limit_km2 = 1e9\ntiles_km2 = 1e9\n"
# Collections that fill the towns; they are given tiles down to the last zoom of the grids.
DEEP = ("households", "parcels", "buildings", "points", "shares", "kept", "left_out", "apart")
LAST_ZOOM = "22"
# Persons that a survey package brings.
SURVEYED = 20
CLASSES = ("QLRMC=L3", "LXDH=L3", "ZJH=L4")


class Server:
    """A server, until the end of the `with` block."""

    def __init__(self, tuban, store, log, *options, config=UNCOUNTED):
        store.with_name("tuban.toml").write_text(config)
        command = [tuban, "serve", store, "--listen", "127.0.0.1:0", "--config", store.with_name("tuban.toml")]
        archive = f"ortho={store.with_name('ortho.mbtiles')}"
        self.log = log
        with open(log, "w") as out:
            self.process = subprocess.Popen([*command, "--archive", archive, "-vv", *options], stdout=out, stderr=out)

    def __enter__(self):
        while not (said := re.search(r" s on (\S+:\d+)", self.log.read_text())):
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.1)
        self.address = said[1]
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


class City:
    """The store, and who is in it: holders by household, and three series of persons that are planted.

    `kept` has persons in columns of classes L3 and L4, so that every route has something to keep back;
    `apart` in the encrypted table beside rows that are refused; a survey package brings others there. The
    columns of `left_out` are not stored.
    """

    def __init__(self, tuban, folder):
        self.tuban, self.folder = tuban, folder
        self.store = folder / "city.gpkg"
        # A sample city that is there already is copied.
        made = os.environ.get("TUBAN_SAMPLE")
        shutil.copytree(made, folder) if made else folder.mkdir()
        self.printed = self.run("demo", "--dir", folder, "--prepare-only")
        self.holders, self.places = persons.holders(self.store)
        self.kept = persons.planted(self.places, 0)
        self.apart = persons.planted(list(self.places)[::7], 1)
        codes = [f"110115190216JC{number:05}" for number in range(1, SURVEYED + 1)]
        self.surveyed = persons.planted(codes, 2)

    def copied(self, folder):
        """The same in another folder."""
        other = copy.copy(self)
        other.folder, other.store = folder, folder / self.store.name
        shutil.copytree(self.folder, folder)
        return other

    def run(self, *arguments, codes=(0,)):
        """What a command prints."""
        done = subprocess.run([self.tuban, *map(str, arguments)], cwd=self.folder, capture_output=True)
        assert done.returncode in codes, f"{arguments}: {done.returncode} {done.stderr.decode()[-400:]}"
        return done.stdout + done.stderr

    def load(self, name, values, places, *options, code=0):
        table = self.folder.parent / f"{name}.csv"
        persons.write_table(table, values, places)
        arguments = ("import", self.store, table, "--collection", name, "--crs", "EPSG:4490")
        self.printed += self.run(*arguments, *options, codes=(code,))

    def plant(self):
        keep = [word for kind in persons.KINDS for word in ("--keep", kind)]
        self.load("kept", self.kept, self.places, *keep)
        classes = [word for one in CLASSES for word in ("--class", one)]
        self.printed += self.run("collection", "set", self.store, "kept", "--key", "household_no", *classes)
        self.load("left_out", self.holders, self.places, code=3)
        places = {number: self.places[number] for number in self.apart[persons.NAME]}
        # Rows without a place are listed in the report.
        for number in list(places)[::9]:
            places[number] = ("nowhere", places[number][1])
        report = self.folder / "report.csv"
        self.load("apart", self.apart, places, "--personal", "household_no", "--report", report, code=3)
        assert report.exists()
        package = self.folder.parent / "package"
        persons.write_package(package, self.surveyed)
        self.printed += self.run("survey", self.store, package, "--crs", "EPSG:4490")
        for collection in DEEP:
            self.printed += self.run("collection", "set", self.store, collection, "--max-zoom", LAST_ZOOM)

    def account(self, name, role, *scope):
        self.run("user", "add", self.store, name, "--role", role)
        if scope:
            self.run("user", "scope", self.store, name, *scope)
        printed = self.run("user", "token", self.store, name).decode()
        return re.search(r"tuban_[0-9a-f]+", printed)[0]
