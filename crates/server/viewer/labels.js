// Names of areas: one a feature, where it is seen. Tiles cut areas into pieces, and the map would
// name every piece; here the pieces in view are taken together again.

// A collection with more features is named by its tiles: its areas are small, and seldom cut.
const MOST_NAMED = 5000;
const SOURCE = "labels";
const NOTHING = { type: "FeatureCollection", features: [] };

// The style with its layers that name areas moved to a source of their own.
export function liftAreaLabels(style, collections) {
  const few = (id) => collections.some((c) => c.id === id && c.count <= MOST_NAMED);
  const lifts = (layer) => layer.metadata?.["tuban:names"] === "areas" && few(layer["source-layer"]);
  const layers = style.layers.map((layer) => {
    if (!lifts(layer)) return layer;
    const { "source-layer": _, ...lifted } = layer;
    lifted.source = SOURCE;
    lifted.filter = ["==", ["get", "tuban:layer"], layer.id];
    lifted.layout = { "symbol-sort-key": ["get", "tuban:rank"], ...layer.layout };
    return lifted;
  });
  const sources = { ...style.sources, [SOURCE]: { type: "geojson", data: NOTHING } };
  return { lifted: style.layers.filter(lifts), style: { ...style, sources, layers } };
}

// Makes the function that places the names for what is in view; it answers whether one has moved.
export function areaLabels(map, lifted) {
  let placed = "[]";
  return () => {
    const features = lifted.flatMap((layer) => namesOf(map, layer));
    const text = JSON.stringify(features);
    if (text === placed) return false;
    placed = text;
    map.getSource(SOURCE).setData({ type: "FeatureCollection", features });
    return true;
  };
}

// What a name stands for, as if the feature itself had been found under the pointer.
export function named(feature) {
  if (feature.source !== SOURCE) return feature;
  const { "tuban:layer": layer, "tuban:collection": sourceLayer, "tuban:rank": _, ...properties } = feature.properties;
  return { id: feature.id, source: "tuban", sourceLayer, layer, properties, geometry: { type: "Polygon" } };
}

function namesOf(map, layer) {
  const zoom = map.getZoom();
  if (zoom < (layer.minzoom ?? 0) || zoom >= (layer.maxzoom ?? 24)) return [];
  const [[west, south], [east, north]] = map.getBounds().toArray();
  const pieces = new Map();
  for (const feature of map.querySourceFeatures(layer.source, { sourceLayer: layer["source-layer"], filter: layer.filter })) {
    const { type, coordinates } = feature.geometry;
    const polygons = type === "Polygon" ? [coordinates] : type === "MultiPolygon" ? coordinates : [];
    if (!pieces.has(feature.id)) pieces.set(feature.id, { properties: feature.properties, polygons: [] });
    for (const polygon of polygons) {
      const seen = polygon.map((ring) => clipped(ring, west, south, east, north)).filter((ring) => ring.length > 2);
      if (seen.length) pieces.get(feature.id).polygons.push(seen);
    }
  }
  return [...pieces].flatMap(([id, { properties, polygons }]) => {
    const spot = middle(polygons);
    if (!spot) return [];
    const about = { "tuban:layer": layer.id, "tuban:collection": layer["source-layer"], "tuban:rank": -spot.area };
    return [{ type: "Feature", id, properties: { ...properties, ...about }, geometry: { type: "Point", coordinates: spot.at } }];
  });
}

// A place inside the polygons: at the height of their centre of gravity, at it or in the middle of
// the widest part there.
export function middle(polygons) {
  let [area, x, y] = [0, 0, 0];
  for (const ring of polygons.flat()) {
    const [ox, oy] = ring[0];
    ring.forEach(([ax, ay], at) => {
      const [bx, by] = ring[(at + 1) % ring.length];
      const cross = (ax - ox) * (by - oy) - (bx - ox) * (ay - oy);
      area += cross;
      x += cross * (ax + bx + ox);
      y += cross * (ay + by + oy);
    });
  }
  if (!area) return null;
  [x, y] = [x / area / 3, y / area / 3];
  const spans = polygons.flatMap((polygon) => crossings(polygon, y)).sort((a, b) => a[0] - b[0]);
  const joined = [];
  for (const [from, to] of spans) {
    const last = joined.at(-1);
    if (last && from <= last[1]) last[1] = Math.max(last[1], to);
    else joined.push([from, to]);
  }
  if (!joined.length) return null;
  const [from, to] = joined.reduce((a, b) => (b[1] - b[0] > a[1] - a[0] ? b : a));
  const inside = joined.some((span) => span[0] < x && x < span[1]);
  return { area: Math.abs(area) / 2, at: [inside ? x : (from + to) / 2, y] };
}

// Where the horizontal line at `y` lies inside a polygon: [from, to] each.
function crossings(polygon, y) {
  const at = [];
  for (const ring of polygon) {
    ring.forEach(([ax, ay], i) => {
      const [bx, by] = ring[(i + 1) % ring.length];
      if ((ay > y) !== (by > y)) at.push(ax + ((y - ay) / (by - ay)) * (bx - ax));
    });
  }
  at.sort((a, b) => a - b);
  return Array.from({ length: at.length >> 1 }, (_, i) => [at[2 * i], at[2 * i + 1]]);
}

// The part of a ring inside a box (Sutherland and Hodgman), without its closing point.
function clipped(ring, west, south, east, north) {
  const cut = (points, axis, sign, limit) => {
    const inside = (p) => sign * (p[axis] - limit) <= 0;
    const out = [];
    points.forEach((p, i) => {
      const q = points[(i + 1) % points.length];
      if (inside(p)) out.push(p);
      if (inside(p) !== inside(q)) {
        const share = (limit - p[axis]) / (q[axis] - p[axis]);
        out.push(axis === 0 ? [limit, p[1] + share * (q[1] - p[1])] : [p[0] + share * (q[0] - p[0]), limit]);
      }
    });
    return out;
  };
  return [[0, 1, east], [0, -1, west], [1, 1, north], [1, -1, south]]
    .reduce((points, [axis, sign, limit]) => cut(points, axis, sign, limit), ring.slice(0, -1));
}
