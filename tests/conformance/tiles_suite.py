#!/usr/bin/env python3
"""OGC API - Tiles over HTTP: one test for each assertion of OGC's executable suite (ets-ogcapi-tiles10
1.2), named by its requirement and by the suite's method, and one for each further requirement of
20-057 that the server declares. Where the suite takes a sample, every declared collection, tileset,
tile matrix set and link is walked. The server is met as the suite meets it: same Accept headers, hrefs
taken as they stand. Needs nothing but Python.

Usage: tiles_suite.py BASE_URL, of a server of the sample city (`tuban demo`)."""
import http.client
import json
import math
import re
import sys
import traceback
from urllib.parse import urlsplit

REL = "http://www.opengis.net/def/rel/ogc/1.0/"
SPEC = "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/"
MVT = "application/vnd.mapbox-vector-tile"
TILEJSON = "application/vnd.mapbox.tile+json"
OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
MAX_INT = 2**31 - 1
# What the suite's two HTTP clients send.
ACCEPT_JSON = "application/json, application/javascript, text/javascript, text/json"
ACCEPT_JAVA = "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"
# The register of OGC, as far as this server may name it: id by definition URI.
REGISTER = {
    f"http://www.opengis.net/def/tilematrixset/OGC/1.0/{name}": name
    for name in ("WebMercatorQuad", "WorldCRS84Quad", "WorldMercatorWGS84Quad")
}
DEGREE = math.pi * 6378137 / 180
# Every grid that is built in: its first matrix, as the register or its own definition has it.
GRIDS = {
    "WebMercatorQuad": {
        "crs": "http://www.opengis.net/def/crs/EPSG/0/3857", "axes": ["X", "Y"], "ids": range(0, 23),
        "size": (1, 1), "origin": [-180 * DEGREE, 180 * DEGREE], "scale": 559082264.0287178, "cell": 156543.033928041,
    },
    "WorldCRS84Quad": {
        "crs": "http://www.opengis.net/def/crs/OGC/1.3/CRS84", "axes": ["Lon", "Lat"], "ids": range(0, 18),
        "size": (2, 1), "origin": [-180, 90], "scale": 279541132.0143589, "cell": 0.703125,
    },
    "CGCS2000Quad": {
        "crs": "http://www.opengis.net/def/crs/EPSG/0/4490", "axes": ["Lat", "Lon"], "ids": range(1, 22),
        "size": (2, 1), "origin": [90, -180], "scale": 279541132.0143589, "cell": 0.703125,
    },
    "CGCS2000GK117Quad": {
        "crs": "http://www.opengis.net/def/crs/EPSG/0/4548", "axes": ["N", "E"], "ids": range(0, 21),
        "size": (1, 1), "origin": [8388608, 500000 - 4194304], "scale": 32768 / 0.00028, "cell": 32768,
    },
}
# Where the sample city is full: every tile of these ranges has content. Template, matrix, first and
# last row, first and last column.
FULL = [
    ("/tiles/WebMercatorQuad/{tileMatrix}/{tileRow}/{tileCol}", 11, 771, 776, 1682, 1689),
    ("/collections/parcels/tiles/WebMercatorQuad/{tileMatrix}/{tileRow}/{tileCol}", 15, 12446, 12448, 26980, 26987),
    ("/tiles/WorldCRS84Quad/{tileMatrix}/{tileRow}/{tileCol}", 10, 282, 284, 1682, 1689),
    ("/collections/parcels/tiles/WorldCRS84Quad/{tileMatrix}/{tileRow}/{tileCol}", 14, 4583, 4583, 26980, 26987),
    ("/tiles/CGCS2000Quad/{tileMatrix}/{tileRow}/{tileCol}", 11, 282, 284, 1682, 1689),
    ("/collections/parcels/tiles/CGCS2000Quad/{tileMatrix}/{tileRow}/{tileCol}", 15, 4583, 4583, 26980, 26987),
]

base = ""
TESTS = []


def requirement(name, method=None):
    """Registers a test under the name of its requirement and, if there is one, the suite's method."""
    def add(function):
        TESTS.append((name + (f" {method}" if method else ""), function))
        return function
    return add


class Answer:
    def __init__(self, response):
        self.status = response.status
        names = {name.lower() for name, _ in response.getheaders()}
        self.headers = {name: ", ".join(response.headers.get_all(name)) for name in names}
        self.body = response.read()
        self.version = response.version

    def json(self):
        return json.loads(self.body)


def ask(url, accept=ACCEPT_JSON, method="GET", **headers):
    """Asks for an absolute URL of the server under test."""
    parts = urlsplit(url)
    assert parts.scheme == "http" and parts.netloc, f"{url!r} is not absolute"
    connection = http.client.HTTPConnection(parts.netloc, timeout=60)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, target or "/", headers={"Accept": accept, **fields} if accept else fields)
    answer = Answer(connection.getresponse())
    connection.close()
    return answer


def document(url, accept=ACCEPT_JSON):
    answer = ask(url, accept)
    assert answer.status == 200, f"{url} answers {answer.status}: {answer.body[:200]!r}"
    return answer.json()


def status(url):
    """Status of a tile, asked for as the suite does."""
    return ask(url, ACCEPT_JAVA).status


def fill(template, matrix, row, col):
    return template.replace("{tileMatrix}", str(matrix)).replace("{tileRow}", str(row)).replace("{tileCol}", str(col))


def links_of(part, rel, media_type=None):
    return [l for l in part["links"] if l["rel"] == rel and (media_type is None or l.get("type") == media_type)]


def landing():
    return document(f"{base}/")


def collections():
    """Those that tiles show; what is not for everyone has none."""
    return [one for one in document(f"{base}/collections")["collections"] if tilesets_links(one)]


def tilesets_links(part):
    return [l for l in part["links"] if l["rel"].startswith(f"{REL}tilesets-")]


def tileset_lists():
    """Every list of tilesets that the landing page or a collection links: href and document."""
    parts = [landing(), *collections()]
    hrefs = {link["href"] for part in parts for link in tilesets_links(part)}
    assert len(hrefs) == len(parts), f"{len(hrefs)} lists for the dataset and {len(parts) - 1} collections"
    return [(href, document(href)) for href in sorted(hrefs)]


def tilesets():
    """Every tileset of every list: item of the list and metadata."""
    found = []
    for href, listed in tileset_lists():
        assert listed["tilesets"], f"{href} is empty"
        for item in listed["tilesets"]:
            (self_link,) = links_of(item, "self", "application/json")
            found.append((item, document(self_link["href"])))
    return found


def template_of(part):
    (item,) = links_of(part, "item", MVT)
    assert item["templated"] is True
    return item["href"]


def api():
    (link,) = [l for l in landing()["links"] if l["rel"] == "service-desc" and l["type"] == OPENAPI]
    answer = ask(link["href"], OPENAPI)
    assert answer.status == 200, answer.status
    return answer.json()


# The suite's assertions.

@requirement("/req/core/http")
def http_1_1():
    assert ask(f"{base}/").version == 11, "the answer is HTTP/1.1"


@requirement("/req/oas30/completeness", "apiDefinitionValidation")
def api_definition_is_valid():
    definition = api()
    assert re.fullmatch(r"3\.0\.\d+", definition["openapi"]) and definition["info"]["version"]
    identifiers = []

    def check(node, place):
        if isinstance(node, dict):
            if isinstance(node.get("$ref"), str):
                target = definition
                assert node["$ref"].startswith("#/"), node["$ref"]
                for step in node["$ref"][2:].split("/"):
                    target = target[step.replace("~1", "/").replace("~0", "~")]
            for name, value in node.items():
                check(value, f"{place}/{name}")
        elif isinstance(node, list):
            for position, value in enumerate(node):
                check(value, f"{place}/{position}")

    def resolved(node):
        while "$ref" in node:
            steps, node = node["$ref"][2:].split("/"), definition
            for step in steps:
                node = node[step.replace("~1", "/").replace("~0", "~")]
        return node

    check(definition, "#")
    for path, item in definition["paths"].items():
        for method in set(item) & {"get", "post", "put", "patch", "delete", "head", "options"}:
            operation = item[method]
            identifiers.append(operation["operationId"])
            assert operation["responses"], f"{method} {path}"
            for code, response in operation["responses"].items():
                assert resolved(response)["description"], f"{method} {path} {code}"
            declared = [resolved(p) for p in item.get("parameters", []) + operation.get("parameters", [])]
            in_path = {p["name"] for p in declared if p["in"] == "path"}
            assert in_path == set(re.findall(r"{(\w+)}", path)), f"{method} {path}: {in_path}"
            assert all(p["required"] for p in declared if p["in"] == "path"), path
    assert len(identifiers) == len(set(identifiers)), "operation ids are unique"


@requirement("/req/oas30/operation-id", "apiDefinitionOperationIdValidation")
def tile_operations_are_named():
    paths = api()["paths"]
    expected = {
        "/tiles": ".dataset.vector.getTileSetsList",
        "/tiles/{tileMatrixSetId}": ".dataset.vector.getTileSet",
        "/tiles/{tileMatrixSetId}/{tileMatrix}/{tileRow}/{tileCol}": ".dataset.vector.getTile",
        "/collections/{collectionId}/tiles": ".collection.vector.getTileSetsList",
        "/collections/{collectionId}/tiles/{tileMatrixSetId}": ".collection.vector.getTileSet",
        "/collections/{collectionId}/tiles/{tileMatrixSetId}/{tileMatrix}/{tileRow}/{tileCol}": ".collection.vector.getTile",
    }
    for path, ending in expected.items():
        assert paths[path]["get"]["operationId"].endswith(ending), f"{path}: {paths[path]['get']['operationId']}"


@requirement("/req/core/conformance-success", "validateConformanceOperationAndResponse")
def conformance_names_the_core():
    declared = document(f"{base}/conformance")["conformsTo"]
    assert all(isinstance(one, str) for one in declared)
    for name in ("core", "tileset", "tilesets-list", "dataset-tilesets", "geodata-tilesets", "collections-selection", "oas30", "mvt"):
        assert SPEC + name in declared, f"{name} is not declared"
    # The suite joins a base that ends in a slash and a path that begins with one.
    assert document(f"{base}//conformance")["conformsTo"] == declared


@requirement("/req/core/tc-op", "validateTilesAreAvailable")
def tiles_are_available():
    for part in [landing(), *collections()]:
        for link in tilesets_links(part):
            for item in document(link["href"])["tilesets"]:
                assert item["tileMatrixSetId"] in template_of(item)


@requirement("/req/core/tc-op", "verifyMinimalConformance")
def a_registered_tile_matrix_set_is_in_the_template():
    named = set()
    for item, tileset in tilesets():
        name = item["tileMatrixSetId"]
        named.add(name)
        assert tileset.get("tileMatrixSetURI") == item.get("tileMatrixSetURI")
        # One that the register does not have must not claim to be of it.
        assert REGISTER.get(item.get("tileMatrixSetURI"), "none") == (name if name in REGISTER.values() else "none"), item
        assert f"/tiles/{name}/" in template_of(item) and f"/tiles/{name}/" in template_of(tileset)
    assert named == set(GRIDS), named


def template_variable(name, schema):
    for item, tileset in tilesets():
        assert "{%s}" % name in template_of(item) and "{%s}" % name in template_of(tileset), template_of(item)
    for path, item in api()["paths"].items():
        if "{tileCol}" in path and path.split("/")[-4] == "{tileMatrixSetId}":
            (parameter,) = [p for p in item["get"]["parameters"] if p.get("name") == name]
            assert (parameter["in"], parameter["required"]) == ("path", True), path
            assert {**parameter["schema"], **schema} == parameter["schema"], f"{path}: {parameter['schema']}"


@requirement("/req/core/tc-tilematrix-definition", "validateTileMatrixDefinitionIsAvailable")
def tile_matrix_is_a_variable():
    template_variable("tileMatrix", {"type": "string"})


@requirement("/req/core/tc-tilerow-definition", "validateTileRowDefinitionIsAvailable")
def tile_row_is_a_variable():
    template_variable("tileRow", {"type": "integer", "minimum": 0})


@requirement("/req/core/tc-tilecol-definition", "validateTileColDefinitionIsAvailable")
def tile_col_is_a_variable():
    template_variable("tileCol", {"type": "integer", "minimum": 0})


@requirement("/req/core/tc-success", "validateSuccessfulTilesExecutionFollowingLinks")
def the_corner_of_every_limit_is_a_tile():
    for item, tileset in tilesets():
        assert item["tileMatrixSetLimits"] and item["tileMatrixSetLimits"] == tileset["tileMatrixSetLimits"]
        for template in (template_of(item), template_of(tileset)):
            for limit in item["tileMatrixSetLimits"]:
                url = fill(template, limit["tileMatrix"], limit["maxTileRow"], limit["minTileCol"])
                assert status(url) in (200, 204), url


@requirement("/req/core/tc-success", "validateSuccessfulTilesExecution")
def every_tile_of_a_full_range_has_content():
    for template, matrix, first_row, last_row, first_col, last_col in FULL:
        for row in range(first_row, last_row + 1):
            for col in range(first_col, last_col + 1):
                url = base + fill(template, matrix, row, col)
                answer = ask(url, ACCEPT_JAVA)
                assert answer.status == 200 and answer.body, f"{url}: {answer.status}"
                assert answer.headers["content-type"] == MVT, url


@requirement("/req/core/tc-error", "validateTilesErrorConditions")
def a_row_beyond_any_limit_is_no_tile():
    for item, _ in tilesets():
        for limit in item["tileMatrixSetLimits"]:
            beyond = [(limit["maxTileRow"] + 1, limit["minTileCol"]), (limit["minTileRow"], limit["maxTileCol"] + 1)]
            if limit["minTileRow"]:
                beyond.append((limit["minTileRow"] - 1, limit["minTileCol"]))
            if limit["minTileCol"]:
                beyond.append((limit["minTileRow"], limit["minTileCol"] - 1))
            for row, col in beyond:
                url = fill(template_of(item), limit["tileMatrix"], row, col)
                assert status(url) == 404, url


@requirement("/req/core/tc-error", "verifyErrorResponses")
def numbers_out_of_range_are_no_tile():
    for item, _ in tilesets():
        template = template_of(item)
        for limit in item["tileMatrixSetLimits"]:
            for row, col in [(MAX_INT, MAX_INT), (MAX_INT, limit["minTileCol"]), (limit["minTileRow"], MAX_INT)]:
                assert status(fill(template, limit["tileMatrix"], row, col)) == 404, (template, limit)
        limit = item["tileMatrixSetLimits"][0]
        for matrix, row, col, expected in [
            (99, 0, 0, 404), ("no-such-matrix", 0, 0, 400), (limit["tileMatrix"], "x", 0, 400),
            (limit["tileMatrix"], 0, "1.5", 400), (limit["tileMatrix"], -1, 0, 400), (limit["tileMatrix"], 0, "%00", 400),
        ]:
            answer = ask(fill(template, matrix, row, col), ACCEPT_JAVA)
            assert answer.status == expected, f"{template} {matrix}/{row}/{col}: {answer.status}"
            assert answer.headers["content-type"] == "application/problem+json"


@requirement("/req/tilesets-list/tileset-links", "validateTilesetsListResponse")
def list_items_say_what_a_client_must_know():
    for part in [landing(), *collections()]:
        for link in tilesets_links(part):
            assert "/tiles" in link["href"]
            href = link["href"] if "f=json" in link["href"] else link["href"] + "?f=json"
            for item in document(href)["tilesets"]:
                registered = ["tileMatrixSetURI"] if item["tileMatrixSetId"] in REGISTER.values() else []
                for member in ["title", "dataType", "crs", "tileMatrixSetId", *registered]:
                    assert isinstance(item[member], str) and item[member], f"{member} in {href}"
                assert item["crs"] == GRIDS[item["tileMatrixSetId"]]["crs"]
                assert item["dataType"] == "vector"
                assert links_of(item, f"{REL}tiling-scheme"), href


@requirement("/req/dataset-tilesets/landingpage", "landingPageRetrieval")
def the_landing_page_links_the_tilesets_of_the_dataset():
    (link,) = links_of(landing(), f"{REL}tilesets-vector")
    assert link["type"] == "application/json" and urlsplit(link["href"]).path.endswith("/tiles")
    (link,) = links_of(landing(), f"{REL}tiling-schemes")
    assert document(link["href"])["tileMatrixSets"]


@requirement("/req/geodata-tilesets/desc-links", "geospatialResourceTilesetsLinksCheck")
def every_collection_links_its_tilesets():
    for collection in collections():
        assert links_of(collection, f"{REL}tilesets-vector"), collection["id"]


@requirement("/req/geodata-tilesets/operation", "geospatialResourceTilesetsRetrieval")
def the_tilesets_of_every_collection_are_listed():
    for collection in collections():
        (link,) = links_of(collection, f"{REL}tilesets-vector")
        assert link["href"].endswith("/tiles") or "/tiles?" in link["href"], link["href"]
        assert document(link["href"])["tilesets"], link["href"]


# Further requirements of the classes that the server declares.

@requirement("/req/tileset/description")
def a_tileset_is_described():
    for item, tileset in tilesets():
        for member in ("title", "dataType", "crs", "tileMatrixSetId", "tileMatrixSetURI", "tileMatrixSetLimits"):
            assert tileset.get(member) == item.get(member), member
        assert MVT in tileset["mediaTypes"]
        matrices = document(links_of(tileset, f"{REL}tiling-scheme")[0]["href"])["tileMatrices"]
        known = {matrix["id"]: matrix for matrix in matrices}
        for limit in tileset["tileMatrixSetLimits"]:
            matrix = known[limit["tileMatrix"]]
            assert 0 <= limit["minTileRow"] <= limit["maxTileRow"] < matrix["matrixHeight"]
            assert 0 <= limit["minTileCol"] <= limit["maxTileCol"] < matrix["matrixWidth"]
        # Features without places, such as events of the ledger, have no box.
        if "boundingBox" not in tileset:
            continue
        west, south = tileset["boundingBox"]["lowerLeft"]
        east, north = tileset["boundingBox"]["upperRight"]
        lon, lat = tileset["centerPoint"]["coordinates"]
        assert -180 <= west <= lon <= east <= 180 and -90 <= south <= lat <= north <= 90
        assert tileset["centerPoint"]["tileMatrix"] in known
        for layer in tileset["layers"]:
            assert layer["dataType"] == "vector" and layer.get("geometryDimension", 0) in (0, 1, 2)
            assert layer["propertiesSchema"]["type"] == "object"
            assert int(layer["minTileMatrix"]) <= int(layer["maxTileMatrix"]) and layer["maxTileMatrix"] in known


@requirement("/req/tileset/tile-matrix-set")
def every_tile_matrix_set_is_defined():
    (link,) = links_of(landing(), f"{REL}tiling-schemes")
    listed = document(link["href"])["tileMatrixSets"]
    assert listed
    for one in listed:
        (self_link,) = links_of(one, "self", "application/json")
        definition = document(self_link["href"])
        for member in ("id", "title", "crs", "uri"):
            assert definition.get(member) == one.get(member), member
        assert REGISTER.get(one.get("uri"), one["id"]) == one["id"] and ("uri" in one) == (one["id"] in REGISTER.values())
        grid = GRIDS[one["id"]]
        assert (definition["crs"], definition["orderedAxes"]) == (grid["crs"], grid["axes"])
        assert [matrix["id"] for matrix in definition["tileMatrices"]] == [str(number) for number in grid["ids"]]
        # East first, whatever the order of the axes.
        turned = -1 if grid["axes"][0] in ("Lat", "N") else 1
        west, north = grid["origin"][::turned]
        for level, matrix in enumerate(definition["tileMatrices"]):
            assert all(math.isclose(a, b) for a, b in zip(matrix["pointOfOrigin"], grid["origin"])), matrix
            assert (matrix["tileWidth"], matrix["tileHeight"], matrix["cornerOfOrigin"]) == (256, 256, "topLeft")
            assert (matrix["matrixWidth"], matrix["matrixHeight"]) == tuple(side << level for side in grid["size"])
            for member, first in (("scaleDenominator", grid["scale"]), ("cellSize", grid["cell"])):
                assert math.isclose(matrix[member], first / 2**level, rel_tol=1e-12), f"{one['id']} {matrix['id']}: {matrix[member]}"
            width, height = (matrix["cellSize"] * 256 * matrix[side] for side in ("matrixWidth", "matrixHeight"))
            corners = [definition["boundingBox"][corner][::turned] for corner in ("lowerLeft", "upperRight")]
            for found, expected in zip(sum(corners, []), (west, north - height, west + width, north)):
                assert math.isclose(found, expected, abs_tol=1e-6), (one["id"], found, expected)
    for item, _ in tilesets():
        assert item["tileMatrixSetId"] in {one["id"] for one in listed}


@requirement("/req/mvt/content")
def a_tile_is_a_vector_tile_that_caches():
    for template, matrix, row, _, col, _ in FULL:
        url = base + fill(template, matrix, row, col)
        plain = ask(url, None)
        assert plain.status == 200 and plain.headers["content-type"] == MVT
        # Field 3, length-delimited: a layer.
        assert plain.body[0] == 0x1A, plain.body[:4]
        etag = plain.headers["etag"]
        unchanged = ask(url, None, If_None_Match=etag)
        assert (unchanged.status, unchanged.body) == (304, b"")
        head = ask(url, None, method="HEAD")
        assert (head.status, head.body, head.headers["etag"]) == (200, b"", etag)
        coded = ask(url, None, Accept_Encoding="gzip")
        assert coded.headers["content-encoding"] == "gzip" and "accept-encoding" in coded.headers["vary"].lower()


@requirement("/req/core/tc-empty")
def a_tile_without_data_within_the_limits_is_no_content():
    found = 0
    for item, _ in tilesets():
        limit = item["tileMatrixSetLimits"][-1]
        for row, col in [(limit["minTileRow"], limit["minTileCol"]), (limit["maxTileRow"], limit["maxTileCol"]), (limit["maxTileRow"], limit["minTileCol"])]:
            answer = ask(fill(template_of(item), limit["tileMatrix"], row, col), ACCEPT_JAVA)
            assert answer.status in (200, 204)
            assert (answer.status == 204) == (not answer.body)
            found += answer.status == 204
    assert found, "some corner of the city is empty"


@requirement("/req/collections-selection/collections")
def a_selection_is_tiles_of_those_collections():
    template, matrix, row, _, col, _ = FULL[1]
    one = ask(base + fill(template, matrix, row, col), None).body
    dataset = base + fill("/tiles/WebMercatorQuad/{tileMatrix}/{tileRow}/{tileCol}", matrix, row, col)
    assert ask(f"{dataset}?collections=parcels", None).body == one
    both = ask(f"{dataset}?collections=parcels,lanes", None)
    assert both.status == 200 and len(both.body) > len(one)
    assert ask(f"{dataset}?collections=nothing-like-that", None).status == 400
    for item in document(f"{base}/tiles?collections=parcels,lanes")["tilesets"]:
        tileset = document(links_of(item, "self")[0]["href"])
        assert sorted(layer["id"] for layer in tileset["layers"]) == ["lanes", "parcels"]
        assert "collections=parcels,lanes" in template_of(tileset)


@requirement("/rec/core/link-header-templates")
def templates_are_in_a_header_too():
    for href, listed in tileset_lists():
        header = ask(href).headers["link-template"]
        for item in listed["tilesets"]:
            assert f'"{template_of(item)}"; rel="item"' in header, header
            assert template_of(item) in ask(links_of(item, "self")[0]["href"]).headers["link-template"]


@requirement("/rec/tileset/tilejson")
def tilejson_describes_the_same_tiles():
    for _, tileset in tilesets():
        if tileset["tileMatrixSetId"] != "WebMercatorQuad":
            # TileJSON has no word for another grid.
            assert not links_of(tileset, "alternate", TILEJSON)
            (here,) = links_of(tileset, "self", "application/json")
            assert ask(here["href"], TILEJSON).status == 406
            continue
        (link,) = links_of(tileset, "alternate", TILEJSON)
        tilejson = document(link["href"], TILEJSON)
        assert [layer["id"] for layer in tilejson["vector_layers"]] == [layer["id"] for layer in tileset["layers"]]
        matrices = [int(limit["tileMatrix"]) for limit in tileset["tileMatrixSetLimits"]]
        assert (tilejson["minzoom"], tilejson["maxzoom"]) == (min(matrices), max(matrices))
        for layer, described in zip(tilejson["vector_layers"], tileset["layers"]):
            assert set(layer["fields"]) == set(described["propertiesSchema"]["properties"])
        limit = tileset["tileMatrixSetLimits"][-1]
        place = {"z": limit["tileMatrix"], "x": str(limit["maxTileCol"]), "y": str(limit["minTileRow"])}
        url = re.sub(r"{(\w)}", lambda match: place[match[1]], tilejson["tiles"][0])
        row_first = fill(template_of(tileset), limit["tileMatrix"], limit["minTileRow"], limit["maxTileCol"])
        assert ask(url, None).body == ask(row_first, None).body


@requirement("/req/core/links")
def every_link_is_absolute_and_answers_in_its_type():
    waiting = [f"{base}/tileMatrixSets", *(href for href, _ in tileset_lists())]
    seen = set()

    def links(node):
        if isinstance(node, dict):
            if isinstance(node.get("href"), str) and "rel" in node:
                yield node
            for value in node.values():
                yield from links(value)
        elif isinstance(node, list):
            for value in node:
                yield from links(value)

    while waiting:
        for link in links(document(waiting.pop())):
            href = link["href"]
            assert href.startswith(f"{base}/"), f"{href} is not an absolute link to this server"
            if link.get("templated") or href in seen:
                continue
            seen.add(href)
            answer = ask(href, link["type"])
            assert answer.status == 200, f"{href} answers {answer.status}"
            found = answer.headers["content-type"].split(";")[0]
            assert found == link["type"].split(";")[0], f"{href}: {found}, not {link['type']}"
            if link["type"] == "application/json" and re.search(r"/tiles\b|/tileMatrixSets\b", href):
                waiting.append(href)
    assert len(seen) > len(collections()), "links were followed"


def main():
    global base
    base = sys.argv[1].rstrip("/")
    passed = failed = 0
    for name, test in TESTS:
        try:
            test()
            passed += 1
            print(f"ok      {name}")
        except Exception as error:  # A test may fail in any way; the others still run.
            failed += 1
            frame = traceback.extract_tb(error.__traceback__)[-1]
            print(f"FAILED  {name}: {type(error).__name__} {error} ({frame.name}, line {frame.lineno})")
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
