"""What the suites for features share: requests, the documents that every test starts from, and the
list of tests by requirement. Needs nothing but Python."""
import http.client
import json
import re
import sys
import traceback
from datetime import datetime
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

SPEC = "http://www.opengis.net/spec/"
CORE = SPEC + "ogcapi-features-1/1.0/"
CRS = SPEC + "ogcapi-features-2/1.0/"
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
GEOJSON = "application/geo+json"
JSON = "application/json"
HTML = "text/html"

TESTS = []


def base():
    """The base URL of the server, from the command line."""
    return sys.argv[1].rstrip("/")


def requirement(name):
    """Registers a test under the name of its requirement."""
    def add(function):
        TESTS.append((name, function))
        return function
    return add


class Answer:
    def __init__(self, url, response):
        self.url, self.status, self.version = url, response.status, response.version
        names = {name.lower() for name, _ in response.getheaders()}
        self.headers = {name: ", ".join(response.headers.get_all(name)) for name in names}
        self.body = response.read()

    def json(self):
        return json.loads(self.body)

    @property
    def type(self):
        return self.headers.get("content-type", "")


def ask(url, accept=JSON, method="GET"):
    """The answer of one request; hrefs are taken as they stand."""
    parts = urlsplit(url)
    assert parts.scheme == "http" and parts.netloc, f"{url} is no absolute URL"
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
    try:
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.request(method, target or "/", headers={"Accept": accept} if accept else {})
        return Answer(url, connection.getresponse())
    finally:
        connection.close()


def good(url, accept=JSON):
    answer = ask(url, accept)
    assert answer.status == 200, f"{url}: {answer.status} {answer.body[:200]!r}"
    return answer


def with_query(url, **values):
    """`url` with these parameters set."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True)) | values
    return urlunsplit(parts._replace(query=urlencode(query)))


def links(document, rel):
    return [link for link in document["links"] if link["rel"] == rel]


def link(document, rel, media_type=None):
    found = [one for one in links(document, rel) if media_type in (None, one.get("type"))]
    assert found, f"no link {rel} of type {media_type} in {[(l['rel'], l.get('type')) for l in document['links']]}"
    return found[0]["href"]


def equal(found, expected, what):
    assert found == expected, f"{what}: {found!r}, not {expected!r}"


def has_rel_and_type(document, *rels):
    for rel in rels:
        for one in links(document, rel):
            assert one.get("rel") and one.get("type") and one.get("href"), f"{rel}: {one}"


once = {}


def known(name, make):
    if name not in once:
        once[name] = make()
    return once[name]


def landing():
    return known("landing", lambda: good(base() + "/").json())


def api():
    return known("api", lambda: good(link(landing(), "service-desc", OPENAPI), OPENAPI).json())


def classes():
    return known("classes", lambda: good(link(landing(), "conformance")).json()["conformsTo"])


def collections():
    return known("collections", lambda: good(link(landing(), "data")).json()["collections"])


def placed():
    """Collections whose features have places; events of the ledger have none."""
    return [collection for collection in collections() if "extent" in collection]


def items_url(collection):
    return link(collection, "items", GEOJSON)


def first_page(collection):
    return known(("page", collection["id"]), lambda: good(with_query(items_url(collection), limit=10), GEOJSON).json())


def positions(geometry):
    """Every position of a geometry."""
    if geometry["type"] == "GeometryCollection":
        for part in geometry["geometries"]:
            yield from positions(part)
        return

    def walk(coordinates):
        if coordinates and isinstance(coordinates[0], (int, float)):
            yield coordinates
        else:
            for part in coordinates:
                yield from walk(part)
    yield from walk(geometry["coordinates"])


def resolved(value):
    """What a reference of the API definition stands for."""
    while "$ref" in value:
        reference = value["$ref"]
        assert reference.startswith("#/"), f"reference {reference} leaves the document"
        target = api()
        for part in reference[2:].split("/"):
            target = target[part.replace("~1", "/").replace("~0", "~")]
        value = target
    return value


def operation(collection):
    """The operation of a collection's items, as the suite finds it: by the path as a template."""
    path = urlsplit(items_url(collection)).path
    for template, item in api()["paths"].items():
        pattern = "".join("[^/]+" if part.startswith("{") else re.escape(part) for part in re.split(r"(\{[^}]+\})", template))
        if re.fullmatch(pattern, path):
            return item["get"]
    raise AssertionError(f"no path of the API definition fits {path}")


def parameter(collection, name):
    for one in map(resolved, operation(collection)["parameters"]):
        if one["name"] == name:
            return one
    raise AssertionError(f"{collection['id']}: parameter {name} is not defined")


def run():
    """Runs what is registered; answers the exit code."""
    failed = 0
    for name, test in TESTS:
        try:
            test()
            print(f"ok      {name}")
        except Exception as error:  # noqa: BLE001 - one broken test must not hide the others
            failed += 1
            print(f"FAILED  {name}: {error}")
            if not isinstance(error, AssertionError):
                traceback.print_exc()
    print(f"{len(TESTS) - failed} passed, {failed} failed")
    return failed != 0
