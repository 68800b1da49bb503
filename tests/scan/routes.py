"""Everything that is served beside tiles, asked for as one profile."""

import json
import re
from urllib.parse import quote

from persons import IDENTITY, NAME, TELEPHONE

PAGE = 10_000
# Household files that are drawn, and those that are read: one drawn takes tens of milliseconds.
DRAWN = 24
READ = 240
# Features whose own page and history is asked for: one in so many; of what was edited each.
ONE_IN = 10
# Asked for as pages, as tiles, without end, or by who may change something.
APART = ("/items", "{tileMatrix}", "{level}", "/stream", "{fenceId}", "{photo}", "/approval", ".png", ".pdf", ".svg")
TOWN_RING = [[116.40, 39.62], [116.50, 39.62], [116.50, 39.66], [116.40, 39.66], [116.40, 39.62]]
AREA = {"type": "Polygon", "coordinates": [TOWN_RING]}


class RouteScan:
    def __init__(self, asker, extent):
        self.asker, self.every, self.one_in = asker, extent.every, extent.one_in
        self.collections = [one["id"] for one in asker.json("/collections")["collections"]]
        self.api = asker.json("/api")
        listed = asker.json(f"/dossiers?limit={PAGE}") or {"files": []}
        self.households = [one["id"] for one in listed["files"]]
        points = asker.json(f"/collections/points/items?limit={PAGE}") or {"features": []}
        self.points = [one["properties"]["id"] for one in points["features"]]

    def some(self, values, count):
        """All, or so many of them, spread evenly."""
        step = 1 if self.every else max(1, len(values) // count)
        return values[::step]

    def resolved(self, parameter):
        while "$ref" in parameter:
            node = self.api
            for name in parameter["$ref"][2:].split("/"):
                node = node[name]
            parameter = node
        return parameter

    def known(self, path, parameter):
        """What a parameter of a path may be."""
        name, schema = parameter["name"], parameter["schema"]
        if "enum" in schema:
            return schema["enum"]
        if path.startswith("/whistles") or path.startswith("/checklists"):
            parts = path.strip("/").split("/")
            listed = self.asker.json("/checklists" if parts[0] == "checklists" else f"/collections/whistles/items?limit={PAGE}") or {}
            ones = listed.get("checklists") or [one["properties"] for one in listed.get("features", [])]
            return [one["code"] for one in ones]
        return {
            "dossierId": self.some(self.households, DRAWN),
            "townCode": ["110115190", "110115191"],
            "id": self.points[:: self.one_in] if path.startswith("/points") else self.some(self.households, READ),
            "service": self.collections + ["all"],
        }.get(name, [])

    def documents(self):
        """Every path of the OpenAPI document that is read, with each of its parameters' values and formats."""
        targets = []
        for path, operations in self.api["paths"].items():
            if "get" not in operations or any(part in path for part in APART):
                continue
            given = operations["get"].get("parameters", []) + operations.get("parameters", [])
            parameters = {one["name"]: one for one in map(self.resolved, given)}
            paths = [path]
            for name in re.findall(r"{(\w+)}", path):
                values = self.known(path, parameters[name])
                paths = [one.replace(f"{{{name}}}", quote(str(value))) for one in paths for value in values]
            formats = parameters.get("f", {"schema": {}})["schema"].get("enum", [])
            formats = [one for one in formats if one not in ("png", "svg", "pdf")]
            targets += [f"{one}?f={form}" for one in paths for form in formats] or paths
        targets += ["/", "/health", "/metrics", "/responsible?lon=116.44&lat=39.64", "/wmts?SERVICE=WMTS&REQUEST=GetCapabilities"]
        targets += [f"/worklist?unit=*&role=*&limit=10000&f={form}" for form in ("json", "csv", "xlsx", "html")]
        targets += [f"/indicators?depth=3&f={form}" for form in ("json", "csv", "xlsx")]
        targets += [f"/rules/{rule}?limit=1000" for rule in ("several_homesteads", "no_file", "rebound")]
        targets += [f"/styles/{one}?client=qgis" for one in self.collections]
        return self.asker.all(targets), len(targets)

    def pages(self):
        """Every feature of every collection in every format."""
        rows = {}
        for collection in self.collections:
            items = f"/collections/{collection}/items"
            first = self.asker.json(f"{items}?limit=1")
            if first is None:
                continue
            rows[collection] = count = first["numberMatched"]
            target = f"{items}?f=json&limit={PAGE}"
            seen = 0
            while target:
                page = self.asker.json(target)
                seen += page["numberReturned"]
                links = [one["href"] for one in page["links"] if one["rel"] == "next"]
                target = links and "/" + links[0].split("/", 3)[3]
            assert seen == count, f"{collection}: {seen} of {count} features"
            for form in ("csv", "fgb", "jsonfg", "html"):
                offsets = range(0, count, PAGE) if form != "html" else [0]
                self.asker.all(f"{items}?f={form}&limit={PAGE}&offset={offset}" for offset in offsets)
            self.asker.get(f"/collections/{collection}/all.fgb")
        return rows

    def features(self, edited, before):
        """Features one by one with their history, and past states."""
        persons = [one for one in ("households", "kept", "left_out", "parcels") if one in self.collections]
        targets = [f"/collections/kept/items/{fid}{end}" for fid in edited for end in ("", "/history")] if persons else []
        for collection in persons:
            features = self.asker.json(f"/collections/{collection}/items?limit={PAGE}&skipGeometry=true")["features"]
            fids = [one["id"] for one in features][:: 1 if self.every else ONE_IN * self.one_in]
            targets += [f"/collections/{collection}/items/{fid}{end}" for fid in fids for end in ("", "/history")]
            targets += [f"/collections/{collection}/items?as-of={before}&limit={PAGE}&f={form}" for form in ("json", "csv", "fgb")]
        return self.asker.all(targets), len(targets)

    def changes(self):
        """The feed from its beginning."""
        since, commits = 0, 0
        while True:
            page = self.asker.json(f"/changes?since={since}&limit=1000")
            if page is None or page["next"] == since:
                return commits
            since, commits = page["next"], commits + 1

    def searches(self):
        """Areas with features; texts and conditions that only a reader of personal fields could put."""
        told = 0
        for collection in self.collections:
            body = {"geometry": AREA, "limit": PAGE, "return": "features"}
            while body:
                answer = self.asker.post(f"/collections/{collection}/search", body)
                told += 1
                cursor = json.loads(answer.body).get("cursor") if answer.status == 200 else None
                body = cursor and body | {"cursor": cursor}
        self.asker.post("/search", {"geometry": AREA, "collections": self.collections, "return": "features", "limit": 1000})
        if "households" in self.collections:
            self.asker.post("/join", {"first": "households", "second": "kept", "limit": PAGE})
            self.asker.post("/cluster", {"collection": "kept", "distance": 5, "minSize": 2, "limit": 1000})
            for group in ("QLRMC", "LXDH", "ZJH"):
                self.asker.post("/collections/kept/search", {"geometry": AREA, "aggregates": [{"op": "count"}], "groupBy": [group]})
                self.asker.get(f"/collections/kept/items?sortby={group}&limit=100")
                self.asker.get(f"/collections/kept/items?properties={group}&limit=100")
                self.asker.get(f"/collections/kept/items?filter={group}%20IS%20NOT%20NULL&limit=100")
        for collection in self.collections:
            for text in ("样例", "欧阳", "1540000", "154900", "119999"):
                self.asker.get(f"/collections/{collection}/items?q={quote(text)}&limit=1000")
        return told

    def guesses(self, persons):
        """Whether a value is there is not told either: who names one hears no more than of one that nobody has."""
        answers = set()
        for collection in ("kept", "households", "left_out"):
            if collection not in self.collections:
                continue
            for person in persons:
                for text in (person[NAME], person[TELEPHONE], person[IDENTITY]):
                    # The answer's links repeat the question.
                    answer = self.asker.client.get(f"/collections/{collection}/items?q={quote(text)}&limit=10")
                    assert answer.status == 200 and json.loads(answer.body)["numberMatched"] == 0, (collection, answer.status)
                for field, text in person.items():
                    condition = quote(f"{field} = '{text}'")
                    answer = self.asker.client.get(f"/collections/{collection}/items?filter={condition}&limit=10")
                    answers.add((collection, field, answer.status))
        assert all(status == 400 or status == 403 for _, _, status in answers), answers
        return len(answers)

    def sheets(self):
        """Household files drawn, and what of their holders is shown."""
        targets = []
        for id in self.some(self.households, DRAWN):
            targets += [f"/dossiers/{id}{end}" for end in (".svg", ".svg?page=2", ".pdf", "?f=html")]
        for id in self.some(self.households, READ):
            targets += [f"/dossiers/{id}", f"/dossiers/{id}/personal"]
        for id in self.points[:: max(1, len(self.points) // DRAWN)]:
            targets.append(f"/points/{id}/approval")
        return self.asker.all(targets), len(targets)
