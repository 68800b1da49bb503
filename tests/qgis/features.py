"""QGIS's OAPIF provider reads, pages and filters collections. Usage: features.py BASE_URL"""

import json
import sys
import urllib.request

from qgis.core import QgsApplication, QgsFeatureRequest, QgsRectangle, QgsVectorLayer, QgsWkbTypes

BOX = (116.42, 39.635, 116.425, 39.65)
PAGE = 300


def answer(url):
    with urllib.request.urlopen(url, timeout=60) as response:
        return json.load(response)


def layer(base, name, more=""):
    uri = f"url='{base}/' typename='{name}' pagingEnabled='true' pageSize='{PAGE}' restrictToRequestBBOX='1'{more}"
    made = QgsVectorLayer(uri, name, "OAPIF")
    assert made.isValid(), f"{name}: QGIS does not take the collection: {made.error().message()}"
    return made


def check_collection(base, collection):
    name = collection["id"]
    made = layer(base, name)
    fields = {field.name() for field in made.fields()}
    wanted = {field["name"] for field in collection["fields"]}
    assert wanted <= fields, f"{name}: {wanted - fields} are missing"
    first = answer(f"{base}/collections/{name}/items?limit=1")["features"][0]["geometry"]
    # Events of the ledger have no place.
    shown = QgsWkbTypes.displayString(made.wkbType())
    assert first is None or shown == first["type"], f"{name}: {shown}, not {first['type']}"
    assert made.featureCount() == collection["count"], f"{name}: {made.featureCount()} features"


def check_pages(base, count):
    """More features than one page holds: QGIS follows the links."""
    read = {feature["id"] for feature in layer(base, "points").getFeatures()}
    assert len(read) == count, f"{len(read)} of {count} points are read in pages of {PAGE}"


def check_box(base):
    box = ",".join(map(str, BOX))
    expected = answer(f"{base}/collections/parcels/items?limit=10000&bbox={box}")
    expected = {feature["properties"]["ZDDM"] for feature in expected["features"]}
    request = QgsFeatureRequest(QgsRectangle(*BOX)).setFlags(QgsFeatureRequest.ExactIntersect)
    found = {feature["ZDDM"] for feature in layer(base, "parcels").getFeatures(request)}
    assert found == expected and len(found) > PAGE, f"{len(found)} parcels in the box, not {len(expected)}"


def check_filter(base):
    code = answer(f"{base}/collections/points/items?limit=1")["features"][0]["properties"]["code"]
    made = layer(base, "points")
    assert made.setSubsetString(f"\"code\" = '{code}'"), "QGIS does not take the filter"
    found = [feature["code"] for feature in made.getFeatures()]
    assert found == [code], f"{len(found)} points of one code"


def main(base):
    collections = answer(f"{base}/collections")["collections"]
    for collection in collections:
        check_collection(base, collection)
    check_pages(base, next(one["count"] for one in collections if one["id"] == "points"))
    check_box(base)
    check_filter(base)
    print(f"ok OAPIF: {len(collections)} collections read, paged and filtered")


if __name__ == "__main__":
    QgsApplication.setPrefixPath("/usr", True)
    application = QgsApplication([], False)
    application.initQgis()
    failed = False
    try:
        main(sys.argv[1])
    except AssertionError as error:
        # The traceback would keep layers alive beyond QGIS's own end.
        failed = True
        print(f"not ok {error}", file=sys.stderr)
    application.exitQgis()
    sys.exit(failed)
