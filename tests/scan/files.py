"""What commands write and print, scanned; stores and their copies are read as databases and as bytes."""

import gzip
import subprocess

from pmtiles.reader import MemorySource, all_tiles

# Collections of which every format is written; of the others one.
PERSONS = ("households", "parcels", "kept", "left_out", "apart", "shares", "points")
ENDINGS = ("csv", "geojson", "geojsonl", "fgb", "gpkg")
PYRAMID = "10..14"


class FileScan:
    def __init__(self, tuban, store, folder, scanner, findings):
        self.tuban, self.store, self.folder = tuban, store, folder
        self.scanner, self.findings = scanner, findings
        self.files, self.bytes = 0, 0

    def run(self, *arguments, codes=(0,)):
        """Runs a command, scans what it prints."""
        command = [self.tuban, *map(str, arguments)]
        done = subprocess.run(command, cwd=self.folder, capture_output=True)
        assert done.returncode in codes, f"{arguments}: {done.returncode} {done.stderr.decode()[-400:]}"
        self.scan(f"output of {' '.join(map(str, arguments[:3]))}", done.stdout + done.stderr)
        return done.stdout

    def scan(self, place, body):
        self.files += 1
        self.bytes += len(body)
        self.findings.add("the command line", place, self.scanner.find(body))

    def write(self, out, *arguments, codes=(0,)):
        """Runs a command that writes a file, scans both."""
        self.run(*(self.folder / out if one == "OUT" else one for one in arguments), codes=codes)
        body = (self.folder / out).read_bytes()
        assert body, out
        self.scan(out, body)
        return body

    def exports(self, collections):
        for collection in collections:
            for ending in ENDINGS if collection in PERSONS else ENDINGS[:1]:
                out = f"{collection}.{ending}"
                self.write(out, "export", self.store, "OUT", "--collection", collection)
        self.write("city.mbtiles", "export", self.store, "OUT", "--zoom", PYRAMID)
        self.scan_pyramid(self.write("city.pmtiles", "export", self.store, "OUT", "--zoom", PYRAMID))

    def scan_pyramid(self, archive):
        for place, tile in all_tiles(MemorySource(archive)):
            self.scan(f"tile {place} of an archive", gzip.decompress(tile))

    def reports(self, rules, ledgers, town, village, all_of_each):
        """Commands that read the whole store, seconds each: all of them, or one of each kind."""
        commands = {"indicators": [], "ledgers": [], "town": [["plan.html", town, "plan"]], "worklist": []}
        commands["atlas"] = [["atlas.pdf", "OUT", "--village", village, "--watermark", "示例"]]
        for ending in ("xlsx", "csv"):
            commands["indicators"].append([f"figures.{ending}", "--depth", "3"])
            commands["indicators"].append([f"targets.{ending}", "--targets"])
            commands["ledgers"] += [[f"{ledger}.{ending}", ledger] for ledger in ledgers]
            commands["town"].append([f"lists.{ending}", town, "lists"])
            commands["worklist"].append([f"work.{ending}"])
        for command, ones in commands.items():
            for out, *arguments in ones if all_of_each else ones[:1]:
                arguments += [] if "OUT" in arguments else ["--out", "OUT"]
                self.write(out, command, self.store, *arguments)
        for rule in rules if all_of_each else rules[:1]:
            # One that wants a collection or a feature says so.
            self.run("rules", self.store, rule, "--limit", "1000", codes=(0, 1, 2))
        self.run("patrols", "statistics", self.store)
        self.run("inspect", self.store, "--json")
        self.run("verify", self.store)

    def meeting(self, code):
        self.run("meeting", "key", self.folder / "office.key")
        self.write("pack.zip", "meeting", "export", self.store, code, "OUT", "--key", self.folder / "office.key")
