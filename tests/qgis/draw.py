"""QGIS, without a window, as a client. Usage: draw.py BASE_URL STORE FOLDER

Each case draws one map and asserts on its pixels: a blank map is how QGIS says that a tile has the
wrong winding or a wrong coding, and a missing colour how it says that it did not understand a style.
"""

import json
import sqlite3
import sys
import urllib.request
from collections import Counter
from datetime import datetime, timedelta, timezone
from urllib.parse import quote

from qgis.core import (
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsFeatureRequest,
    QgsMapRendererParallelJob,
    QgsMapSettings,
    QgsProject,
    QgsRectangle,
    QgsVectorLayer,
    QgsVectorTileLayer,
)
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QColor, QImage

SIZE = QSize(640, 480)
MERCATOR = QgsCoordinateReferenceSystem("EPSG:3857")
LON_LAT = QgsCoordinateReferenceSystem("EPSG:4326")
# How far a channel of a pixel may be from the colour that is looked for.
REACH = 12
# A colour counts as drawn from this many pixels on: one small circle.
LEAST_PIXELS = 8


def answer(url):
    with urllib.request.urlopen(url, timeout=30) as response:
        return response.read()


def draw(layer, lon_lat_box, path):
    """How many pixels there are of each (red, green, blue) on a white sheet."""
    to_mercator = QgsCoordinateTransform(LON_LAT, MERCATOR, QgsProject.instance())
    settings = QgsMapSettings()
    settings.setLayers([layer])
    settings.setDestinationCrs(MERCATOR)
    settings.setExtent(to_mercator.transformBoundingBox(QgsRectangle(*lon_lat_box)))
    settings.setOutputSize(SIZE)
    settings.setBackgroundColor(QColor("#ffffff"))
    job = QgsMapRendererParallelJob(settings)
    job.start()
    job.waitForFinished()
    image = job.renderedImage().convertToFormat(QImage.Format_RGB32)
    image.save(path)
    pixels = memoryview(image.constBits().asstring(image.sizeInBytes())).cast("I")
    return {(p >> 16 & 255, p >> 8 & 255, p & 255): n for p, n in Counter(pixels).items()}


def last(value):
    """What a zoom interpolation ends with; constants are what they are."""
    return value[-1] if isinstance(value, list) else value


def looked_for(style):
    """The colours that a map in this MapLibre style must show, over white."""
    found = set()
    for layer in style["layers"]:
        kind, paint = layer["type"], layer["paint"]
        value = paint["text-color" if kind == "symbol" else f"{kind}-color"]
        # ["match", input, labels, colour, …, fallback]
        colours = [*value[3::2], value[-1]] if isinstance(value, list) else [value]
        opacity = last(paint.get(f"{kind}-opacity", 1)) if kind != "symbol" else 1
        for colour in map(QColor, colours):
            channels = (colour.red(), colour.green(), colour.blue())
            found.add(tuple(round(c * opacity + 255 * (1 - opacity)) for c in channels))
    return found


def check(name, layer, box, path, shares, colours=()):
    """The drawn share of the sheet lies between `shares`, and each of `colours` is there."""
    assert layer.isValid(), f"{name}: QGIS does not take the layer"
    pixels = draw(layer, box, path)
    share = 1 - pixels.get((255, 255, 255), 0) / (SIZE.width() * SIZE.height())
    assert shares[0] <= share <= shares[1], f"{name}: {share:.4f} of the sheet is drawn, not {shares}"
    for colour in colours:
        near = sum(n for p, n in pixels.items() if all(abs(a - b) <= REACH for a, b in zip(p, colour)))
        assert near >= LEAST_PIXELS, f"{name}: {near} pixels have the colour {colour}"
    print(f"ok {name}: {share:.3f} drawn, {len(colours)} colours found")


def tile_layer(base, ids, style=False):
    uri = f"type=xyz&url={base}/xyz/{ids}/{{z}}/{{x}}/{{y}}.pbf&zmin=0&zmax=18"
    if style:
        uri += f"&styleUrl={base}/styles/{ids}?client=qgis"
    layer = QgsVectorTileLayer(uri, ids)
    if style:
        message, loaded = layer.loadDefaultStyle()
        assert loaded, f"{ids}: the style is not understood: {message}"
    return layer


def part(box, x, y, share):
    """The part of `box` round the place at (x, y) of its width and height, `share` of both."""
    west, south, east, north = box
    lon, lat = west + (east - west) * x, south + (north - south) * y
    width, height = (east - west) * share / 2, (north - south) * share / 2
    return [lon - width, lat - height, lon + width, lat + height]


def check_tiles(base, box, folder):
    # A village on the lower row, near enough for everything to be drawn.
    village = part(box["parcels"], 1 / 20, 1 / 6, 0.025)
    # Where the towns are: many points, no single houses.
    town = part(box["parcels"], 0.25, 0.5, 0.5)
    for name, ids, view, shares in [
        ("districts", "districts", box["districts"], (0.3, 0.7)),
        ("parcels", "parcels", village, (0.3, 0.95)),
        ("buildings", "buildings", village, (0.2, 0.9)),
        ("lanes", "lanes", village, (0.01, 0.6)),
        ("points", "points", town, (0.005, 0.5)),
        ("village", "villages,parcels,buildings,lanes", village, (0.9, 1)),
    ]:
        path = f"{folder}/qgis-{name}"
        style = json.loads(answer(f"{base}/styles/{ids}?client=qgis"))
        # Over each other, see-through colours mix; the opaque ones remain as they are.
        colours = looked_for(style) if "," not in ids else {(255, 255, 255)}
        check(f"{name}, QGIS's own style", tile_layer(base, ids), view, f"{path}.png", shares)
        check(f"{name}, published style", tile_layer(base, ids, True), view, f"{path}-styled.png", shares if "," not in ids else (0.7, 1), colours)


def check_ledgers(base, box, folder):
    """Rows of ledgers, by the filtered tiles and the style that each names: stages stay apart by colour."""
    town = part(box["parcels"], 0.25, 0.5, 0.5)
    for ledger, shares, colours in [
        ("rebound", (0.0005, 0.1), {(142, 36, 170), (46, 158, 79)}),
        ("outlets", (0.001, 0.2), {(11, 122, 117), (154, 165, 171)}),
        ("markets", (0.0001, 0.05), {(46, 158, 79)}),
    ]:
        style_url = f"{base}/ledgers/{ledger}/style?client=qgis"
        style = json.loads(answer(style_url))
        assert colours <= looked_for(style), f"{ledger}: the style has not the colours {colours}"
        tiles = quote(style["sources"]["tuban"]["tiles"][0], safe=":/{}?=")
        layer = QgsVectorTileLayer(f"type=xyz&url={tiles}&zmin=0&zmax=18&styleUrl={style_url}", ledger)
        message, loaded = layer.loadDefaultStyle()
        assert loaded, f"{ledger}: the style is not understood: {message}"
        view = part(box["parcels"], 0.5, 0.5, 1.05) if ledger == "markets" else town
        check(f"ledger {ledger}, its own style", layer, view, f"{folder}/qgis-ledger-{ledger}.png", shares, colours)


def check_lamps(base, store, box, folder):
    """Points by lamp: the tiles in the published style, and the GeoPackage in its QML, whose rules take the very points
    that the lamps are of, also where clocks are ahead of UTC."""
    town = part(box["parcels"], 0.25, 0.5, 0.5)
    url = f"{base}/styles/points?by=lamp"
    lamps = next(l["metadata"]["tuban:lamps"] for l in json.loads(answer(url))["layers"] if "metadata" in l)
    now = datetime.now(timezone.utc)
    expected = Counter()
    for feature in json.loads(answer(f"{base}/collections/points/items?f=json&limit=10000"))["features"]:
        point = feature["properties"]
        lamp = "neither"
        if point["state"] in lamps["open"] and point["deadline"]:
            left = datetime.fromisoformat(point["deadline"].replace("Z", "+00:00")) - now
            lamp = "red" if left < timedelta(0) else "yellow" if left <= timedelta(lamps["yellowDays"]) else "green"
        expected[lamp] += 1
    assert min(expected[lamp] for lamp in ("red", "yellow", "green")) > 0, f"the city has lamps {expected}"
    colours = {QColor(lamps[name]).getRgb()[:3] for name in expected}

    layer = QgsVectorTileLayer(f"type=xyz&url={base}/xyz/points/{{z}}/{{x}}/{{y}}.pbf&zmin=0&zmax=18&styleUrl={quote(url + '&client=qgis', safe=':/')}", "lamps")
    message, loaded = layer.loadDefaultStyle()
    assert loaded, f"lamps: the style is not understood: {message}"
    check("points by lamp, published style", layer, town, f"{folder}/qgis-lamps.png", (0.003, 0.5), colours)

    layer = stored_layer(store, "points", answer(f"{url}&f=qml"), folder)
    rules = layer.renderer().rootRule().children()
    taken = {}
    for rule, name in zip(rules, ("red", "yellow", "green")):
        taken[name] = sum(1 for _ in layer.getFeatures(QgsFeatureRequest().setFilterExpression(rule.filterExpression())))
    taken["neither"] = layer.featureCount() - sum(taken.values())
    assert taken == dict(expected), f"the rules of the QML take {taken}, not {dict(expected)}"
    check(f"points by lamp, QML: {taken}", layer, town, f"{folder}/qgis-lamps-stored.png", (0.003, 0.5), colours)


def check_choropleth(base, store, box, folder):
    """Towns by an indicator: the tiles in the published style, and the GeoPackage in its QML, whose legend names every
    class."""
    url = f"{base}/indicators/closing_rate/style?depth=2"
    drawn = json.loads(answer(url))["layers"][1]
    figures = json.loads(answer(f"{base}/indicators?f=json&depth=2"))
    towns = {row["unit"]: row["figures"]["closing_rate"]["value"] for row in figures["rows"] if row["depth"] == 2 and row["unit"]}
    assert len({value for value in towns.values() if value is not None}) > 1, f"towns of the city differ: {towns}"
    *classes, none = drawn["metadata"]["tuban:legend"]["zh"]
    value = drawn["paint"]["fill-color"]
    shades = [QColor(colour) for colour in value[3:-1:2]]
    over_white = {tuple(round(c * drawn["paint"]["fill-opacity"] + 255 * (1 - drawn["paint"]["fill-opacity"])) for c in shade.getRgb()[:3]) for shade in shades}
    both = part(box["parcels"], 0.5, 0.5, 1.2)

    layer = QgsVectorTileLayer(f"type=xyz&url={base}/xyz/admin_units/{{z}}/{{x}}/{{y}}.pbf&zmin=0&zmax=18&styleUrl={quote(url + '&client=qgis', safe=':/')}", "choropleth")
    message, loaded = layer.loadDefaultStyle()
    assert loaded, f"choropleth: the style is not understood: {message}"
    check("towns by an indicator, published style", layer, both, f"{folder}/qgis-choropleth.png", (0.1, 0.9), over_white)

    layer = stored_layer(store, "admin_units", answer(f"{url}&f=qml"), folder)
    rules = layer.renderer().rootRule().children()
    labels = [rule.label().split(" ", 1)[1] for rule in rules]
    assert labels in (classes, [*classes, none]), f"the legend of the QML says {labels}"
    taken = set()
    for rule in rules:
        codes = [feature["code"] for feature in layer.getFeatures(QgsFeatureRequest().setFilterExpression(rule.filterExpression()))]
        assert codes and not taken & set(codes), f"{rule.label()} takes {codes}"
        taken |= set(codes)
    assert taken == set(towns), f"the rules of the QML take {taken}, not {set(towns)}"
    layer.setLabelsEnabled(False)
    check(f"towns by an indicator, QML: {', '.join(labels)}", layer, both, f"{folder}/qgis-choropleth-stored.png", (0.1, 0.9), over_white)


def stored_layer(store, name, qml, folder):
    """A layer of the GeoPackage in a style that the server tells."""
    layer = QgsVectorLayer(f"{store}|layername={name}", name, "ogr")
    path = f"{folder}/{name}.qml"
    with open(path, "wb") as file:
        file.write(qml)
    # Without the flag QGIS takes the style of the GeoPackage itself.
    message, loaded = layer.loadNamedStyle(path, True)
    assert loaded, f"{name}: the QML is not understood: {message}"
    return layer


def check_services(base, box, folder):
    """Esri's VectorTileServer on Web Mercator, the grid that QGIS before 3.26 takes every service for, drawn in the
    style that the service names."""
    village = part(box["parcels"], 1 / 20, 1 / 6, 0.025)
    service = f"{base}/arcgis/rest/services/parcels/VectorTileServer"
    style = json.loads(answer(f"{service}/resources/styles/root.json"))
    layer = QgsVectorTileLayer(f"type=xyz&serviceType=arcgis&url={service}&zmin=0&zmax=18", "service")
    assert layer.isValid(), "QGIS does not take the service"
    message, loaded = layer.loadDefaultStyle()
    assert loaded, f"the style of the service is not understood: {message}"
    path = f"{folder}/qgis-service.png"
    check("parcels, ArcGIS service and its style", layer, village, path, (0.3, 0.95), looked_for(style))


def check_store(base, store, collections, box, folder):
    """The GeoPackage itself, while it is being served: names, counts, aliases, stored styles."""
    tile = f"{base}/xyz/parcels/10/843/387.mvt"
    before = answer(tile)
    village = part(box["parcels"], 1 / 20, 1 / 6, 0.025)
    for name, view, shares in [
        ("parcels", village, (0.3, 0.95)),
        ("points", part(box["parcels"], 0.25, 0.5, 0.5), (0.005, 0.5)),
        ("towns", part(box["parcels"], 0.5, 0.5, 1.2), (0.003, 0.2)),
    ]:
        layer = QgsVectorLayer(f"{store}|layername={name}", name, "ogr")
        assert layer.isValid(), f"{name}: QGIS does not open the layer of {store}"
        assert layer.featureCount() == collections[name]["count"], f"{name}: {layer.featureCount()} features"
        for field in collections[name]["fields"]:
            at = layer.fields().indexOf(field["name"])
            assert at >= 0, f"{name}: no field {field['name']}"
            alias = layer.attributeAlias(at) or None
            assert alias == field["alias"], f"{name}.{field['name']}: alias {alias}, not {field['alias']}"
        style = json.loads(answer(f"{base}/styles/{name}?client=qgis"))
        style["layers"] = [each for each in style["layers"] if each["type"] != "symbol"]
        check(f"{name} of the GeoPackage, stored style", layer, view, f"{folder}/qgis-{name}-stored.png", shares, looked_for(style))
    whole = QgsVectorLayer(store, "store", "ogr")
    names = {each.split("!!::!!")[1] for each in whole.dataProvider().subLayers()}
    assert names >= set(collections), f"QGIS lists {names}"
    del layer, whole
    QgsProject.instance().clear()
    assert answer(tile) == before, "the server answers as before"
    with sqlite3.connect(f"file:{store}?mode=ro", uri=True) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",), "QGIS left the store in WAL"
    print("ok the GeoPackage, opened while it is served")


def main(base, store, folder):
    collections = {c["id"]: c for c in json.loads(answer(f"{base}/collections"))["collections"]}
    box = {name: c["extent"]["spatial"]["bbox"][0] for name, c in collections.items() if "extent" in c}
    check_tiles(base, box, folder)
    check_ledgers(base, box, folder)
    check_lamps(base, store, box, folder)
    check_choropleth(base, store, box, folder)
    check_services(base, box, folder)
    check_store(base, store, collections, box, folder)


if __name__ == "__main__":
    QgsApplication.setPrefixPath("/usr", True)
    application = QgsApplication([], False)
    application.initQgis()
    failed = False
    try:
        main(*sys.argv[1:])
    except AssertionError as error:
        # The traceback would keep layers alive beyond QGIS's own end.
        failed = True
        print(f"not ok {error}", file=sys.stderr)
    application.exitQgis()
    sys.exit(failed)
