"""QGIS, without a window, draws vector tiles by their URL. Usage: draw_tiles.py BASE_URL FOLDER

Each case draws one map and asserts on its pixels: blank maps are how QGIS says that a tile has the
wrong winding, a wrong coding or a style that it does not understand.
"""

import json
import sys
import urllib.request

from qgis.core import (
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsMapRendererParallelJob,
    QgsMapSettings,
    QgsProject,
    QgsRectangle,
    QgsVectorTileLayer,
)
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QColor

BACKGROUND = QColor("#ffffff")
SIZE = QSize(640, 480)


def answer(url):
    with urllib.request.urlopen(url, timeout=30) as response:
        return json.load(response)


def draw(layer, lon_lat_box, path):
    """Share of pixels that are not background, and how many colours there are."""
    mercator = QgsCoordinateReferenceSystem("EPSG:3857")
    to_mercator = QgsCoordinateTransform(
        QgsCoordinateReferenceSystem("EPSG:4326"), mercator, QgsProject.instance()
    )
    settings = QgsMapSettings()
    settings.setLayers([layer])
    settings.setDestinationCrs(mercator)
    settings.setExtent(to_mercator.transformBoundingBox(QgsRectangle(*lon_lat_box)))
    settings.setOutputSize(SIZE)
    settings.setBackgroundColor(BACKGROUND)
    job = QgsMapRendererParallelJob(settings)
    job.start()
    job.waitForFinished()
    image = job.renderedImage()
    image.save(path)
    colours = {}
    for x in range(0, image.width(), 2):
        for y in range(0, image.height(), 2):
            pixel = image.pixel(x, y)
            colours[pixel] = colours.get(pixel, 0) + 1
    inked = sum(n for pixel, n in colours.items() if pixel != BACKGROUND.rgb())
    return inked / sum(colours.values()), len(colours)


def check(name, layer, box, path, least_share):
    assert layer.isValid(), f"{name}: QGIS does not take the layer"
    share, colours = draw(layer, box, path)
    assert share >= least_share, f"{name}: {share:.4f} of the pixels are drawn, {least_share} expected"
    print(f"ok {name}: {share:.3f} of the pixels drawn, {colours} colours")
    return colours


def tile_layer(base, collection, max_zoom, style):
    uri = f"type=xyz&url={base}/xyz/{collection}/{{z}}/{{x}}/{{y}}.pbf&zmin=0&zmax={max_zoom}"
    if style:
        uri += f"&styleUrl={base}/styles/{collection}?client=qgis"
    layer = QgsVectorTileLayer(uri, collection)
    if style:
        message, loaded = layer.loadDefaultStyle()
        assert loaded, f"{collection}: the style is not understood: {message}"
    return layer


def middle(box, share):
    """The part of `box` round its middle, `share` of its width and height."""
    west, south, east, north = box
    lon, lat = (west + east) / 2, (south + north) / 2
    width, height = (east - west) * share / 2, (north - south) * share / 2
    return [lon - width, lat - height, lon + width, lat + height]


def main(base, folder):
    collections = {c["id"]: c for c in answer(f"{base}/collections")["collections"]}
    box = {name: c["extent"]["spatial"]["bbox"][0] for name, c in collections.items()}
    checks = 0
    for name, part, least in [
        ("districts", box["districts"], 0.2),
        ("parcels", middle(box["parcels"], 0.2), 0.02),
        ("buildings", middle(box["parcels"], 0.2), 0.01),
        ("shops", box["shops"], 0.005),
    ]:
        zoom = collections[name]["maxzoom"]
        check(f"{name}, QGIS's own style", tile_layer(base, name, zoom, False), part, f"{folder}/qgis-{name}.png", least)
        check(f"{name}, published style", tile_layer(base, name, zoom, True), part, f"{folder}/qgis-{name}-styled.png", least)
        checks += 2
    print(f"{checks} passed, 0 failed")


if __name__ == "__main__":
    QgsApplication.setPrefixPath("/usr", True)
    application = QgsApplication([], False)
    application.initQgis()
    try:
        main(*sys.argv[1:])
    finally:
        application.exitQgis()
