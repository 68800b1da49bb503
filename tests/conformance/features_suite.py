#!/usr/bin/env python3
"""OGC API - Features, Part 1, over HTTP: one test for each assertion of OGC's executable suite
(ets-ogcapi-features10 1.9), named by its requirement. Where the suite takes a sample, every declared
collection, encoding and link is walked. Needs nothing but Python.

Usage: features_suite.py BASE_URL, of a server of the sample city (`tuban demo`)."""
import re
import sys
from datetime import datetime
from urllib.parse import urlsplit, urlunsplit

from feature_requests import (
    CORE, CRS, CRS84, GEOJSON, HTML, JSON, OPENAPI, api, ask, base, classes, collections, equal,
    first_page, good, has_rel_and_type, items_url, landing, link, links, operation, parameter,
    placed, positions, requirement, resolved, run, with_query,
)

# Boxes that the suite sends: the Greenwich meridian, the Americas, the antimeridian, the poles.
BOXES = [
    (-1.5, 50.0, 1.5, 53.0), (-80.0, -5.0, -70.0, 5.0), (177.0, 65.0, -177.0, 70.0),
    (-180.0, 85.0, 180.0, 90.0), (-180.0, -90.0, 180.0, -85.0),
]


# --- landing page, API definition, conformance

@requirement("/req/core/root-op")
def _():
    answer = good(base() + "/")
    equal(answer.version, 11, "version of HTTP times ten")
    assert answer.type.startswith(JSON), answer.type
    equal(good(base()).status, 200, "without a slash")


@requirement("/req/core/root-success")
def _():
    rels = {one["rel"] for one in landing()["links"]}
    assert rels & {"service-desc", "service-doc"}, rels
    assert {"conformance", "data"} <= rels, rels
    for one in landing()["links"]:
        assert one["href"].startswith(base()), one
        equal(ask(one["href"], one["type"]).status, 200, one["href"])


@requirement("/req/core/api-definition-op")
def _():
    for accept in (OPENAPI, JSON, "application/openapi+json;version=3.0"):
        answer = good(link(landing(), "service-desc", OPENAPI), accept)
        equal(answer.type, OPENAPI, f"type of the answer to {accept}")


@requirement("/req/core/api-definition-success")
def _():
    document = api()
    assert document["openapi"].startswith("3.0."), document["openapi"]
    assert document["info"]["title"] and document["info"]["version"]
    assert good(link(landing(), "service-doc", HTML), HTML).type.startswith(HTML)


@requirement("/req/oas30/oas-definition-2")
def _():
    ids = []

    def walk(value):
        if isinstance(value, dict):
            if "$ref" in value:
                resolved(value)
            for member in value.values():
                walk(member)
        elif isinstance(value, list):
            for member in value:
                walk(member)
    walk(api())
    equal([one["url"] for one in api()["servers"]], [base()], "servers")
    for path, item in api()["paths"].items():
        assert set(item) <= {"get", "head", "post", "put", "patch", "delete", "options"}, f"{path}: {set(item)}"
        for method, one in item.items():
            ids.append(one["operationId"])
            for status, response in one["responses"].items():
                assert resolved(response)["description"], f"{method} {path} {status}"
            declared = {p["name"] for p in map(resolved, one.get("parameters", [])) if p["in"] == "path"}
            equal(declared, set(re.findall(r"\{([^}]+)\}", path)), f"path parameters of {method} {path}")
            names = [(p["in"], p["name"]) for p in map(resolved, one.get("parameters", []))]
            equal(len(names), len(set(names)), f"parameters of {method} {path}, each once")
    equal(len(ids), len(set(ids)), "operation ids, each once")


@requirement("/req/core/conformance-op")
def _():
    responses = api()["paths"]["/conformance"]["get"]["responses"]
    assert {"200", "default"} & set(responses), responses
    good(base() + "/conformance")


@requirement("/req/core/conformance-success")
def _():
    assert all(isinstance(one, str) for one in classes())
    for name in ("core", "geojson", "html", "oas30"):
        assert CORE + "conf/" + name in classes(), name
    assert CRS + "conf/crs" in classes()
    equal(len(classes()), len(set(classes())), "classes, each once")


@requirement("/req/core/http")
def _():
    for method, target, status in [("GET", "/", 200), ("HEAD", "/", 200), ("OPTIONS", "/collections", 200), ("PUT", "/collections", 405), ("GET", "/nowhere", 404)]:
        answer = ask(base() + target, method=method)
        equal((answer.version, answer.status), (11, status), f"{method} {target}")


# --- collections

@requirement("/req/core/fc-md-op")
def _():
    assert good(link(landing(), "data")).type.startswith(JSON)


@requirement("/req/core/fc-md-success")
def _():
    document = good(link(landing(), "data")).json()
    assert document["links"] and document["collections"]
    usable = [one for one in document["collections"] if one.get("id") and one.get("itemType", "feature") == "feature" and links(one, "items")]
    equal(len(usable), len(document["collections"]), "collections that hold features")
    if "crs" in document:
        assert document["crs"][0] in (CRS84, CRS84 + "h")


@requirement("/req/core/fc-md-links")
def _():
    document = good(link(landing(), "data")).json()
    assert links(document, "self") and links(document, "alternate")
    has_rel_and_type(document, "self", "alternate")
    link(document, "alternate", HTML)


@requirement("/req/core/fc-md-items-links")
def _():
    for collection in collections():
        for media_type in (GEOJSON, HTML):
            link(collection, "items", media_type)
        for one in links(collection, "items"):
            assert one.get("type"), one


@requirement("/rec/core/fc-md-extent")
def _():
    for collection in placed():
        west, south, east, north = collection["extent"]["spatial"]["bbox"][0]
        assert -180 <= west <= east <= 180 and -90 <= south <= north <= 90, collection["id"]
        for feature in first_page(collection)["features"]:
            for x, y, *_ in positions(feature["geometry"]) if feature["geometry"] else ():
                assert west <= x <= east and south <= y <= north, f"{collection['id']}/{feature['id']} lies outside"


@requirement("/req/core/sfc-md-op")
def _():
    assert "/collections/{collectionId}" in api()["paths"]
    for collection in collections():
        good(f"{base()}/collections/{collection['id']}")


@requirement("/req/core/sfc-md-success")
def _():
    for listed in collections():
        alone = good(f"{base()}/collections/{listed['id']}").json()
        for member in ("id", "title", "description", "extent", "itemType", "crs", "storageCrs"):
            equal(alone.get(member), listed.get(member), f"{member} of {listed['id']}")
        has_rel_and_type(alone, "self", "alternate", "items")


@requirement("/conf/core/every-link")
def _():
    for collection in collections():
        for one in collection["links"]:
            assert one["href"].startswith(base() + "/"), one
            answer = ask(one["href"], one.get("type", "*/*"), "HEAD")
            equal(answer.status, 200, f"{one['rel']} {one['href']}")
            if "json" in answer.type and answer.type.split(";")[0] not in (GEOJSON,):
                equal(answer.type.split(";")[0], one["type"].split(";")[0], one["href"])


# --- items

@requirement("/req/core/fc-op")
def _():
    for collection in collections():
        answer = good(with_query(items_url(collection), limit=10), GEOJSON)
        equal(answer.type, GEOJSON, collection["id"])


@requirement("/req/core/fc-response")
def _():
    for collection in collections():
        page = first_page(collection)
        equal(page["type"], "FeatureCollection", collection["id"])
        assert isinstance(page["features"], list)
        kinds = {feature["geometry"]["type"] for feature in page["features"] if feature["geometry"]}
        assert len(kinds) <= 1, f"{collection['id']}: {kinds}"
        names = {tuple(feature["properties"]) for feature in page["features"]}
        assert len(names) <= 1, f"{collection['id']}: {names}"


@requirement("/req/geojson/content")
def _():
    for collection in collections():
        page = good(with_query(items_url(collection), limit=100), GEOJSON).json()
        for feature in page["features"]:
            equal(feature["type"], "Feature", collection["id"])
            for x, y, *_ in positions(feature["geometry"]) if feature["geometry"] else ():
                assert -180 <= x <= 180 and -90 <= y <= 90, (x, y)


@requirement("/req/core/fc-links")
def _():
    for collection in collections():
        page = first_page(collection)
        assert links(page, "self"), collection["id"]
        for media_type in (HTML,):
            link(page, "alternate", media_type)
        for one in links(page, "alternate"):
            equal(ask(one["href"], None, "HEAD").status, 200, one["href"])


@requirement("/req/core/fc-rel-type")
def _():
    for collection in collections():
        has_rel_and_type(first_page(collection), "self", "alternate", "next", "collection")


@requirement("/req/core/fc-timeStamp")
def _():
    for collection in collections():
        stamp = datetime.fromisoformat(first_page(collection)["timeStamp"].replace("Z", "+00:00"))
        assert abs((datetime.now(stamp.tzinfo) - stamp).total_seconds()) < 3600, stamp


@requirement("/req/core/fc-numberMatched")
def _():
    """As the suite does it: the first page, then `next` with `limit` set to the maximum."""
    for collection in collections():
        page = first_page(collection)
        maximum = parameter(collection, "limit")["schema"]["maximum"]
        total, seen, followed = len(page["features"]), {f["id"] for f in page["features"]}, 0
        while links(page, "next"):
            followed += 1
            page = good(with_query(link(page, "next", GEOJSON), limit=maximum), GEOJSON).json()
            equal(page["numberMatched"], collection["count"], f"{collection['id']}, page {followed}")
            total += len(page["features"])
            seen |= {feature["id"] for feature in page["features"]}
        equal((total, len(seen)), (collection["count"], collection["count"]), f"features of {collection['id']}")
        assert followed <= 4 or collection["count"] > 40_000, f"{collection['id']}: {followed} pages"


@requirement("/req/core/fc-numberReturned")
def _():
    for collection in collections():
        page = first_page(collection)
        equal(page["numberReturned"], len(page["features"]), collection["id"])


@requirement("/rec/core/next-iff-more")
def _():
    for collection in collections():
        page = first_page(collection)
        equal(bool(links(page, "next")), collection["count"] > 10, collection["id"])
        whole = good(with_query(items_url(collection), limit=10_000, bbox="0,0,1,1"), GEOJSON).json()
        equal(bool(links(whole, "next")), whole["numberMatched"] > 10_000, collection["id"])


# --- limit

@requirement("/req/core/fc-limit-definition")
def _():
    for collection in collections():
        one = parameter(collection, "limit")
        equal((one["in"], one["required"], one["style"], one["explode"]), ("query", False, "form", False), collection["id"])
        schema = one["schema"]
        equal(schema["type"], "integer", collection["id"])
        assert 0 <= schema["minimum"] <= schema["default"] <= schema["maximum"], schema


@requirement("/req/core/fc-limit-response-1")
def _():
    for collection in collections():
        schema = parameter(collection, "limit")["schema"]
        middle = min(100, schema["minimum"] + (schema["maximum"] - schema["minimum"]) // 2)
        for limit in (schema["minimum"], middle, schema["maximum"] + 1):
            page = good(with_query(items_url(collection), limit=limit), GEOJSON).json()
            equal(len(page["features"]), min(limit, schema["maximum"], collection["count"]), f"{collection['id']} limit={limit}")
        page = good(items_url(collection), GEOJSON).json()
        equal(len(page["features"]), min(schema["default"], collection["count"]), collection["id"])


# --- bbox

@requirement("/req/core/fc-bbox-definition")
def _():
    for collection in collections():
        one = parameter(collection, "bbox")
        equal((one["in"], one["required"], one["style"], one["explode"]), ("query", False, "form", False), collection["id"])
        schema = one["schema"]
        equal((schema["type"], schema["minItems"], schema["maxItems"], schema["items"]["type"]), ("array", 4, 6, "number"), collection["id"])


@requirement("/req/core/fc-bbox-response")
def _():
    for collection in placed():
        extent = collection["extent"]["spatial"]["bbox"][0]
        for box in [extent, *BOXES]:
            page = good(with_query(items_url(collection), bbox=",".join(map(str, box)), limit=100), GEOJSON).json()
            if box is extent:
                equal(page["numberMatched"], collection["count"], f"{collection['id']} within its extent")
            west, south, east, north = box
            for feature in page["features"]:
                if not feature["geometry"]:
                    continue
                xs, ys = zip(*[(x, y) for x, y, *_ in positions(feature["geometry"])])
                across = max(xs) >= west or min(xs) <= east if west > east else max(xs) >= west and min(xs) <= east
                assert across and max(ys) >= south and min(ys) <= north, f"{collection['id']}/{feature['id']} is far from {box}"


@requirement("/req/core/fc-bbox-response numbers")
def _():
    for collection in collections():
        for box in (".5000000,.5,1.,1e0", "0,0,-5,1,1,5"):
            good(with_query(items_url(collection), bbox=box), GEOJSON)
        for box in ("1,2,3", "1,2,3,4,5", "a,b,c,d", "1,2,3,NaN", ""):
            equal(ask(with_query(items_url(collection), bbox=box), GEOJSON).status, 400, box)


# --- datetime

@requirement("/req/core/fc-time-definition")
def _():
    for collection in collections():
        one = parameter(collection, "datetime")
        equal((one["in"], one["required"], one["style"], one["explode"], one["schema"]["type"]), ("query", False, "form", False, "string"), collection["id"])


@requirement("/req/core/fc-time-response")
def _():
    for collection in collections():
        for value in ("2026-01-01T00:00:00Z", "2026-01-01", "2026-01-01T00:00:00Z/..", "../2026-01-01T00:00:00.000Z", "/2026-01-01", "0000-01-01T00:00:00Z/9999-12-31T00:00:00Z"):
            good(with_query(items_url(collection), datetime=value), GEOJSON)
        for value in ("2026", "now", "2026-02-01/2026-01-01", "2026-13-01T00:00:00Z"):
            equal(ask(with_query(items_url(collection), datetime=value), GEOJSON).status, 400, value)


# --- errors

@requirement("/req/core/query-param-invalid")
def _():
    for collection in collections():
        for value in ("unlimited", "0", "-1", "1.5", ""):
            equal(ask(with_query(items_url(collection), limit=value), GEOJSON).status, 400, f"{collection['id']} limit={value}")


@requirement("/req/core/query-param-unknown")
def _():
    for target in [items_url(collection) for collection in collections()] + [base() + path for path in ("/", "/api", "/conformance", "/collections")]:
        answer = ask(with_query(target, unknownQueryParameter12345=1), GEOJSON)
        equal((answer.status, answer.type), (400, "application/problem+json"), target)


# --- one feature

@requirement("/req/core/f-op")
def _():
    for collection in collections():
        assert first_page(collection)["features"], collection["id"]
        for feature in first_page(collection)["features"]:
            url = f"{urlunsplit(urlsplit(items_url(collection))._replace(query=''))}/{feature['id']}"
            answer = good(url, GEOJSON)
            equal(answer.type, GEOJSON, url)


@requirement("/req/core/f-success")
def _():
    for collection in collections():
        listed = first_page(collection)["features"][0]
        alone = good(f"{items_url(collection)}/{listed['id']}", GEOJSON).json()
        for member in ("type", "id", "geometry", "properties"):
            equal(alone[member], listed[member], f"{member} of {collection['id']}/{listed['id']}")
        equal(ask(f"{items_url(collection)}/999999999", GEOJSON).status, 404, collection["id"])
        equal(ask(f"{items_url(collection)}/none", GEOJSON).status, 404, collection["id"])


@requirement("/req/core/f-links")
def _():
    for collection in collections():
        feature = good(f"{items_url(collection)}/{first_page(collection)['features'][0]['id']}", GEOJSON).json()
        for rel in ("self", "alternate", "collection"):
            assert links(feature, rel), f"{collection['id']}: {rel}"
        has_rel_and_type(feature, "self", "alternate", "collection")
        link(feature, "alternate", HTML)
        equal(urlsplit(link(feature, "collection")).path, f"/collections/{collection['id']}", collection["id"])
        for one in feature["links"]:
            equal(ask(one["href"], one["type"]).status, 200, one["href"])


# --- HTML

@requirement("/req/html/definition and content")
def _():
    pages = [base() + "/", base() + "/conformance", base() + "/collections", base() + "/api"]
    for collection in collections():
        here = f"{base()}/collections/{collection['id']}"
        pages += [here, here + "/items", here + "/queryables", here + "/schema", here + "/sortables", f"{here}/items/{first_page(collection)['features'][0]['id']}"]
    for url in pages:
        for answer in (good(url, HTML), good(with_query(url, f="html"), JSON)):
            assert answer.type.startswith(HTML), url
            text = answer.body.decode()
            assert text.lower().startswith("<!doctype html>") and text.rstrip().endswith("</html>"), url
            for found in re.findall(r"(?:src|<link[^>]*href)=\"([^\"]+)\"", text):
                assert found.startswith((base() + "/", "/", "./")), f"{url} loads {found}"


if __name__ == "__main__":
    sys.exit(run())
