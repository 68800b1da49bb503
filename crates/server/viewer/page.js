// The small map of a page: the collection's own style as the ground, the page's features on top.
// It asks nothing but its own origin.
import * as maplibregl from "./maplibre-gl.mjs";
import { ask, requestOf, tokenOfPage } from "./access.js";

const MARK = "#d55e00";
const { style, bounds, items } = document.getElementById("map").dataset;
tokenOfPage();
const map = new maplibregl.Map({
  container: "map",
  style,
  transformRequest: requestOf,
  bounds: bounds ? JSON.parse(bounds) : [115.4, 39.4, 117.5, 41.1],
  fitBoundsOptions: { padding: 24, maxZoom: 18 },
  dragRotate: false,
  pitchWithRotate: false,
  maxZoom: 22,
});
map.addControl(new maplibregl.NavigationControl({ showCompass: false }), "top-right");
map.addControl(new maplibregl.ScaleControl());
map.on("error", (event) => console.warn(event.error));
map.on("idle", () => document.body.setAttribute("data-idle", "true"));

// Smallest box round every position, whatever the nesting.
function extend(box, coordinates) {
  if (typeof coordinates[0] === "number") box.extend([coordinates[0], coordinates[1]]);
  else for (const part of coordinates) extend(box, part);
}

if (items) {
  map.on("load", async () => {
    const answer = await ask(items, { headers: { Accept: "application/geo+json" } });
    if (!answer.ok) return;
    const shown = await answer.json();
    map.addSource("shown", { type: "geojson", data: shown });
    map.addLayer({ id: "shown-area", type: "fill", source: "shown", filter: ["==", ["geometry-type"], "Polygon"], paint: { "fill-color": MARK, "fill-opacity": 0.35 } });
    map.addLayer({ id: "shown-line", type: "line", source: "shown", filter: ["!=", ["geometry-type"], "Point"], paint: { "line-color": MARK, "line-width": 2 } });
    map.addLayer({ id: "shown-point", type: "circle", source: "shown", filter: ["==", ["geometry-type"], "Point"], paint: { "circle-color": MARK, "circle-radius": 6, "circle-stroke-color": "#fff", "circle-stroke-width": 1 } });
    const box = new maplibregl.LngLatBounds();
    for (const feature of shown.features ?? [shown]) {
      if (feature.geometry?.coordinates) extend(box, feature.geometry.coordinates);
    }
    if (!box.isEmpty()) map.fitBounds(box, { padding: 40, maxZoom: 18, duration: 0 });
  });
}
