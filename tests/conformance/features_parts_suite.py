#!/usr/bin/env python3
"""OGC API - Features, Parts 2 (coordinate systems), 3 and 5 (filters, schemas), sorting, and HTTP itself:
one test for each assertion of OGC's executable suite and of the standards, named by its requirement,
over every declared collection and coordinate system. Needs nothing but Python.

Usage: features_parts_suite.py BASE_URL, of a server of the sample city (`tuban demo`)."""
import json
import re
import sys

from feature_requests import (
    CRS84, GEOJSON, HTML, JSON, SPEC, ask, classes, collections, equal, first_page, good, items_url,
    landing, link, operation, parameter, placed, positions, requirement, resolved, run, with_query,
)

# --- coordinate systems

def crs_of(collection):
    return [uri for uri in collection["crs"] if uri != "#/crs"]


@requirement("/req/crs/crs-uri")
def _():
    for collection in collections():
        for uri in crs_of(collection):
            assert re.fullmatch(r"http://www\.opengis\.net/def/crs/(OGC/1\.3/CRS84|EPSG/0/\d+)", uri), uri


@requirement("/req/crs/fc-md-crs-list")
def _():
    for collection in collections():
        assert crs_of(collection)[0] == CRS84, collection["id"]
        equal(len(crs_of(collection)), len(set(crs_of(collection))), collection["id"])


@requirement("/req/crs/fc-md-storageCrs-valid-value")
def _():
    for collection in collections():
        assert collection["storageCrs"] in crs_of(collection), collection["id"]


@requirement("/req/crs/fc-crs-definition and fc-bbox-crs-definition")
def _():
    for collection in collections():
        for name in ("crs", "bbox-crs"):
            one = parameter(collection, name)
            equal((one["in"], one["required"], one["style"], one["explode"], one["schema"]["type"]), ("query", False, "form", False, "string"), collection["id"])


@requirement("/req/crs/fc-crs-valid-value, ogc-crs-header")
def _():
    for collection in collections():
        feature = f"{items_url(collection)}/{first_page(collection)['features'][0]['id']}"
        for url in (items_url(collection), feature):
            for uri in crs_of(collection):
                answer = good(with_query(url, crs=uri), GEOJSON)
                equal(answer.headers["content-crs"], f"<{uri}>", url)


@requirement("/req/crs/fc-crs-default-value")
def _():
    for collection in collections():
        feature = f"{items_url(collection)}/{first_page(collection)['features'][0]['id']}"
        for url in (items_url(collection), feature):
            answer = good(url, GEOJSON)
            equal(answer.headers["content-crs"], f"<{CRS84}>", url)
            equal(good(with_query(url, crs=CRS84), GEOJSON).json().get("features"), answer.json().get("features"), url)


@requirement("/req/crs/fc-crs-valid-value unsupported")
def _():
    odd = "http://www.opengis.net/def/crs/0/unsupported"
    for collection in collections():
        feature = f"{items_url(collection)}/{first_page(collection)['features'][0]['id']}"
        for url in (with_query(items_url(collection), crs=odd), with_query(feature, crs=odd), with_query(items_url(collection), **{"bbox-crs": odd, "bbox": "0,0,1,1"})):
            equal(ask(url, GEOJSON).status, 400, url)


@requirement("/req/crs/fc-bbox-crs-action")
def _():
    """The box of each of some features, in each system as the server itself writes it, finds the feature."""
    for collection in collections():
        placed = [feature["id"] for feature in first_page(collection)["features"] if feature["geometry"]][:3]
        for uri in crs_of(collection):
            for fid in placed:
                geometry = good(with_query(f"{items_url(collection)}/{fid}", crs=uri), GEOJSON).json()["geometry"]
                firsts, seconds = zip(*[(a, b) for a, b, *_ in positions(geometry)])
                box = (min(firsts), min(seconds), max(firsts), max(seconds))
                slack = 1e-6 if max(map(abs, box)) <= 360 else 0.1
                box = (box[0] - slack, box[1] - slack, box[2] + slack, box[3] + slack)
                found = good(with_query(items_url(collection), **{"bbox": ",".join(map(repr, box)), "bbox-crs": uri, "limit": 10_000}), GEOJSON).json()
                assert fid in {feature["id"] for feature in found["features"]}, f"{collection['id']}/{fid} is not in its own box in {uri}"


@requirement("/req/crs/fc-bbox-crs-valid-value")
def _():
    """The suite knows no axis order of some systems: such boxes answer 200, whatever they hold."""
    for collection in placed():
        extent = ",".join(map(str, collection["extent"]["spatial"]["bbox"][0]))
        whole = {f["id"] for f in good(with_query(items_url(collection), bbox=extent, limit=10_000), GEOJSON).json()["features"]}
        for uri in crs_of(collection):
            page = good(with_query(items_url(collection), **{"bbox": extent, "bbox-crs": uri}), GEOJSON).json()
            assert {feature["id"] for feature in page["features"]} <= whole, f"{collection['id']} {uri}"


# --- schemas, sorting, selection

@requirement("/req/queryables/get-queryables")
def _():
    for collection in collections():
        for rel, roles in (("queryables", ("primary-geometry",)), ("schema", ("primary-geometry", "id")), ("sortables", ("id",))):
            url = link(collection, f"http://www.opengis.net/def/rel/ogc/1.0/{rel}", "application/schema+json")
            answer = good(url, "application/schema+json")
            equal(answer.type, "application/schema+json", url)
            schema = answer.json()
            equal((schema["$schema"], schema["$id"], schema["type"]), ("https://json-schema.org/draft/2020-12/schema", url, "object"), url)
            found = [one.get("x-ogc-role") for one in schema["properties"].values()]
            for role in roles:
                equal(found.count(role), 1, f"{role} in {url}")
            for name, one in schema["properties"].items():
                if one.get("x-ogc-role") == "primary-geometry":
                    assert "type" not in one and "$ref" not in one and one["format"].startswith("geometry-"), one
                else:
                    assert one["type"], f"{name} in {url}"


@requirement("/req/queryables-query-parameters/parameters")
def _():
    for collection in collections():
        schema = good(link(collection, "http://www.opengis.net/def/rel/ogc/1.0/queryables"), JSON).json()
        defined = {one["name"] for one in map(resolved, operation(collection)["parameters"])}
        for name, one in schema["properties"].items():
            if "type" not in one:
                continue
            assert name in defined, f"{collection['id']}: {name} is no parameter"
            value = next((f["properties"][name] for f in first_page(collection)["features"] if f["properties"][name] is not None), None)
            if value is not None:
                text = json.dumps(value) if not isinstance(value, str) else value
                page = good(with_query(items_url(collection), **{name: text}), GEOJSON).json()
                assert page["features"] and all(f["properties"][name] == value for f in page["features"]), f"{collection['id']}: {name}={text}"


@requirement("/req/filter/filter-param and filter-lang-param")
def _():
    for conformance in ("ogcapi-features-3/1.0/conf/filter", "ogcapi-features-3/1.0/conf/features-filter", "cql2/1.0/conf/cql2-text", "cql2/1.0/conf/cql2-json", "cql2/1.0/conf/basic-cql2", "cql2/1.0/conf/spatial-functions"):
        assert SPEC + conformance in classes(), conformance
    for collection in placed():
        count = collection["count"]
        west, south, east, north = collection["extent"]["spatial"]["bbox"][0]
        box = f"{west},{south},{(west + east) / 2},{north}"
        by_bbox = good(with_query(items_url(collection), bbox=box), GEOJSON).json()["numberMatched"]
        placeless = good(with_query(items_url(collection), filter="geometry IS NULL"), GEOJSON).json()["numberMatched"]
        near = good(with_query(items_url(collection), filter=f"S_INTERSECTS(geometry,BBOX({box}))"), GEOJSON).json()["numberMatched"]
        equal(near + placeless, by_bbox, f"{collection['id']} by filter and by box")
        far = {"op": "not", "args": [{"op": "s_intersects", "args": [{"property": "geometry"}, {"bbox": list(map(float, box.split(",")))}]}]}
        page = good(with_query(items_url(collection), **{"filter": json.dumps(far), "filter-lang": "cql2-json"}), GEOJSON).json()
        equal(near + page["numberMatched"] + placeless, count, f"{collection['id']} near and far")
        for field in collection["fields"]:
            name = f'"{field["name"]}"'
            there = good(with_query(items_url(collection), filter=f"{name} IS NOT NULL", limit=1), GEOJSON).json()
            missing = good(with_query(items_url(collection), filter=f"({name} IS NULL)", limit=1), GEOJSON).json()
            equal(there["numberMatched"] + missing["numberMatched"], count, f"{collection['id']} with and without {name}")
            for feature in there["features"]:
                value = feature["properties"][field["name"]]
                literal = "'" + value.replace("'", "''") + "'" if isinstance(value, str) else json.dumps(value)
                same = good(with_query(items_url(collection), filter=f"({name} = {literal})"), GEOJSON).json()
                equal({one["properties"][field["name"]] for one in same["features"]}, {value}, f"{collection['id']} {name} = {literal}")


@requirement("/req/filter/filter-crs")
def _():
    for collection in placed():
        found = next(feature for feature in first_page(collection)["features"] if feature["geometry"])
        for uri in crs_of(collection):
            geometry = good(with_query(f"{items_url(collection)}/{found['id']}", crs=uri), GEOJSON).json()["geometry"]
            x, y, *_ = next(positions(geometry))
            slack = 1e-7 if max(abs(x), abs(y)) <= 360 else 0.01
            box = f"BBOX({x - slack!r},{y - slack!r},{x + slack!r},{y + slack!r})"
            page = good(with_query(items_url(collection), **{"filter": f"S_INTERSECTS(geometry,{box})", "filter-crs": uri, "limit": 1000}), GEOJSON).json()
            assert found["id"] in {one["id"] for one in page["features"]}, f"{collection['id']}/{found['id']} in {uri}"


@requirement("/req/filter/response invalid")
def _():
    for collection in collections():
        for filter in ("this is no filter", "(((", "nosuchfield = 1", "S_INTERSECTS(geometry, POLYGON((0 0, 1 1)))", ""):
            equal(ask(with_query(items_url(collection), filter=filter), GEOJSON).status, 400, f"{collection['id']}: {filter}")
        equal(ask(with_query(items_url(collection), **{"filter": "TRUE", "filter-lang": "sql"}), GEOJSON).status, 400, collection["id"])


@requirement("/req/functions/get-functions")
def _():
    functions = good(link(landing(), "http://www.opengis.net/def/rel/ogc/1.0/functions")).json()["functions"]
    for one in functions:
        assert one["name"] and one["returns"] and all(argument["type"] for argument in one["arguments"]), one


@requirement("/req/sorting/sortby")
def _():
    for collection in collections():
        schema = good(link(collection, "http://www.opengis.net/def/rel/ogc/1.0/sortables"), JSON).json()
        for name, one in schema["properties"].items():
            for sign in ("", "+", "-"):
                page = good(with_query(items_url(collection), sortby=sign + name, limit=50), GEOJSON).json()
                values = [f["id"] if one.get("x-ogc-role") == "id" else f["properties"][name] for f in page["features"]]
                there = [value for value in values if value is not None]
                equal(there, sorted(there, reverse=sign == "-"), f"{collection['id']} by {sign}{name}")
                assert values[:len(there)] == there, "features without a value come last"
        equal(ask(with_query(items_url(collection), sortby="no such field"), GEOJSON).status, 400, collection["id"])


@requirement("/req/properties/properties")
def _():
    for collection in collections():
        names = [field["name"] for field in collection["fields"]]
        for chosen in (names[:1], names[::-1][:2], []):
            page = good(with_query(items_url(collection), properties=",".join(chosen)), GEOJSON).json()
            for feature in page["features"]:
                equal(sorted(feature["properties"]), sorted(chosen), collection["id"])


# --- HTTP

@requirement("/conf/http/methods")
def _():
    for collection in collections():
        one = f"{items_url(collection)}/{first_page(collection)['features'][0]['id']}"
        for url, allowed, refused in ((items_url(collection), {"POST"}, "DELETE"), (one, {"PUT", "PATCH", "DELETE"}, "POST")):
            answer = ask(url, method="OPTIONS")
            equal((answer.status, set(answer.headers["allow"].split(", "))), (200, {"GET", "HEAD", "OPTIONS"} | allowed), url)
            equal(ask(url, method=refused).status, 405, url)
            head, get = ask(url, GEOJSON, "HEAD"), ask(url, GEOJSON)
            for name in ("content-type", "content-crs", "etag", "vary"):
                equal(head.headers[name], get.headers[name], f"{name} of {url}")


@requirement("/conf/http/negotiation")
def _():
    for collection in collections():
        for accept, expected in [(None, GEOJSON), ("*/*", GEOJSON), (GEOJSON, GEOJSON), (f"{GEOJSON}, {JSON}", GEOJSON), ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", HTML), ("application/flatgeobuf", "application/flatgeobuf"), ("text/csv", "text/csv")]:
            answer = good(with_query(items_url(collection), limit=1), accept)
            equal(answer.type.split(";")[0], expected, f"{collection['id']} accepting {accept}")
            assert "Accept" in answer.headers["vary"]
        equal(ask(items_url(collection), "image/png").status, 406, collection["id"])
        equal(good(with_query(items_url(collection), f="json", limit=1), HTML).type, GEOJSON, "f wins")


if __name__ == "__main__":
    sys.exit(run())
