// MapLibre and OpenLayers draw tiles of grids other than Web Mercator's, each parcel where it is.
// Usage: node grids.test.mjs URL_OF_THE_SAMPLE_CITY FOLDER_FOR_SCREENSHOTS
import assert from "node:assert/strict";
import test from "node:test";
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [base, folder] = process.argv.slice(2);
const QUIET = [
  "--no-sandbox", "--enable-unsafe-swiftshader", "--use-angle=swiftshader", "--ignore-gpu-blocklist",
  "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
  "--disable-sync", "--disable-default-apps",
];
const EPSG = "http://www.opengis.net/def/crs/EPSG/0/";
// Within the parcels of the sample city.
const TOWN = [116.45, 39.642];
const PARCELS = "#d01c8b";

// Some parcels about the middle of the town: ids and a point within each, in the CRS (east first).
async function parcels(crs) {
  const [lon, lat] = TOWN;
  const asked = `bbox=${lon - 0.003},${lat - 0.002},${lon + 0.003},${lat + 0.002}&limit=60&crs=${encodeURIComponent(crs)}`;
  const { features } = await (await fetch(`${base}/collections/parcels/items?${asked}`)).json();
  const northFirst = crs.startsWith(EPSG);
  return features.map(({ id, geometry }) => {
    const polygon = geometry.type === "Polygon" ? geometry.coordinates : geometry.coordinates[0];
    return { id, at: inside(polygon[0].map(([a, b]) => (northFirst ? [b, a] : [a, b]))) };
  });
}

// The middle of the longest run of a ring along the parallel through the middle of its box.
function inside(ring) {
  const north = ring.map((p) => p[1]);
  const y = (Math.min(...north) + Math.max(...north)) / 2;
  const cuts = [];
  for (let i = 1; i < ring.length; i += 1) {
    const [[x0, y0], [x1, y1]] = [ring[i - 1], ring[i]];
    if (y0 <= y !== y1 <= y) cuts.push(x0 + ((y - y0) / (y1 - y0)) * (x1 - x0));
  }
  cuts.sort((a, b) => a - b);
  let best = [cuts[0], cuts[1]];
  for (let i = 2; i < cuts.length; i += 2) if (cuts[i + 1] - cuts[i] > best[1] - best[0]) best = [cuts[i], cuts[i + 1]];
  return [(best[0] + best[1]) / 2, y];
}

// An empty page of the server's own origin; answers it with what it asked for and complained of.
async function emptyPage(context) {
  const page = await context.newPage();
  const asked = [];
  const complaints = [];
  page.on("response", (response) => asked.push({ url: response.url(), status: response.status() }));
  page.on("console", (message) => {
    // Chromium's advice about the pixels that this test reads back.
    const advice = message.text().startsWith("Canvas2D: Multiple readback");
    if (["error", "warning"].includes(message.type()) && !advice) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  const html = "<link rel=icon href=data:,><div id=map style='width:800px;height:600px'></div>";
  await page.route(`${base}/empty.html`, (route) => route.fulfill({ contentType: "text/html", body: html }));
  await page.goto(`${base}/empty.html`);
  return { page, asked, complaints };
}

const tilesOf = (asked, set) => asked.filter(({ url }) => new RegExp(`/tiles/${set}/\\d+/\\d+/\\d+`).test(url));

test("grids", { timeout: 240_000 }, async (t) => {
  const context = await chromium.launchPersistentContext(mkdtempSync(join(folder, "profile-")), {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    headless: true, args: QUIET, viewport: { width: 800, height: 600 },
  });
  t.after(() => context.close());

  await t.test("MapLibre draws CGCS2000Quad by a projection of its own", async () => {
    const known = await parcels("http://www.opengis.net/def/crs/OGC/1.3/CRS84");
    assert.ok(known.length > 20, `${known.length} parcels`);
    const { page, asked, complaints } = await emptyPage(context);
    const found = await page.evaluate(async ([base, center, known, colour]) => {
      const { addProjection, setWorkerUrl, Map } = await import(`${base}/viewer/maplibre-gl.mjs`);
      setWorkerUrl?.(`${base}/viewer/maplibre-gl-worker.mjs`);
      const same = (point) => point;
      addProjection({
        name: "EPSG:4490",
        projection: { forward: same, inverse: same },
        tileMatrixSet: { origin: [-180, 90], extentAtZoom0: 360 },
      });
      const parcels = {
        type: "vector", minzoom: 1, maxzoom: 18,
        tiles: [`${base}/collections/parcels/tiles/CGCS2000Quad/{z}/{y}/{x}.mvt`],
      };
      const fill = { id: "parcels", type: "fill", source: "parcels", "source-layer": "parcels", paint: { "fill-color": colour, "fill-antialias": false } };
      const style = {
        version: 8, projection: { type: "EPSG:4490" }, sources: { parcels },
        layers: [{ id: "ground", type: "background", paint: { "background-color": "#ffffff" } }, fill],
      };
      const map = new Map({ container: "map", style, center, zoom: 15.4, fadeDuration: 0, canvasContextAttributes: { preserveDrawingBuffer: true } });
      window.map = map;
      await new Promise((idle) => map.once("idle", idle));
      const at = ({ at }) => map.queryRenderedFeatures(map.project(at), { layers: ["parcels"] }).map((f) => f.id);
      const gl = map.getCanvas().getContext("webgl2");
      const pixel = ({ at }) => {
        const { x, y } = map.project(at);
        const read = new Uint8Array(4);
        gl.readPixels(Math.round(x), gl.drawingBufferHeight - 1 - Math.round(y), 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, read);
        return `#${[...read.slice(0, 3)].map((v) => v.toString(16).padStart(2, "0")).join("")}`;
      };
      return known.map((one) => ({ id: one.id, found: at(one), pixel: pixel(one) }));
    }, [base, TOWN, known, PARCELS]);
    await page.screenshot({ path: join(folder, "maplibre-cgcs2000.png") });
    const tiles = tilesOf(asked, "CGCS2000Quad");
    assert.ok(tiles.length > 0 && tiles.every(({ status }) => [200, 204].includes(status)), JSON.stringify(tiles));
    // Levels as Tianditu counts them: 2^level columns.
    for (const { url } of tiles) {
      const [level, row, column] = url.match(/(\d+)\/(\d+)\/(\d+)\.mvt$/).slice(1).map(Number);
      assert.ok(Math.abs(column - ((TOWN[0] + 180) / 360) * 2 ** level) < 4 && Math.abs(row - ((90 - TOWN[1]) / 360) * 2 ** level) < 4, url);
    }
    for (const { id, found: ids, pixel } of found) {
      assert.ok(ids.includes(id), `parcel ${id}: ${ids}`);
      assert.equal(pixel, PARCELS, `parcel ${id}`);
    }
    assert.deepEqual(complaints, []);
    await page.close();
  });

  for (const { set, code, units, extent } of [
    { set: "CGCS2000Quad", code: 4490, units: "degrees", extent: [-180, -90, 180, 90] },
    { set: "CGCS2000GK117Quad", code: 4548, units: "m", extent: [-3694304, 0, 4694304, 8388608] },
  ]) {
    await t.test(`OpenLayers draws ${set} by its metadata alone`, async () => {
      const known = await parcels(`${EPSG}${code}`);
      assert.ok(known.length > 20, `${known.length} parcels`);
      const { page, asked, complaints } = await emptyPage(context);
      await page.addScriptTag({ path: new URL("node_modules/ol/dist/ol.js", import.meta.url).pathname });
      const found = await page.evaluate(async ([url, uri, units, extent, known, colour]) => {
        const projection = new ol.proj.Projection({ code: uri, units, extent, axisOrientation: "neu", worldExtent: [-180, -90, 180, 90] });
        ol.proj.addProjection(projection);
        const source = new ol.source.OGCVectorTile({ url, format: new ol.format.MVT(), projection });
        const style = new ol.style.Style({ fill: new ol.style.Fill({ color: colour }) });
        const layer = new ol.layer.VectorTile({ source, style });
        const pixels = units === "m" ? 1.5 : 1.5e-5;
        const view = new ol.View({ projection, center: known[0].at, resolution: pixels });
        const map = new ol.Map({ target: "map", layers: [layer], view });
        if (source.getState() !== "ready") {
          await new Promise((ready, failed) => source.on("change", () => {
            if (source.getState() === "ready") ready();
            if (source.getState() === "error") failed(source.getError?.() ?? new Error("the tileset is not usable"));
          }));
        }
        await new Promise((done) => map.once("rendercomplete", done));
        const [width, height] = map.getSize();
        const seen = known.filter(({ at }) => {
          const [x, y] = map.getPixelFromCoordinate(at);
          return x > 5 && y > 5 && x < width - 5 && y < height - 5;
        });
        return seen.map(({ id, at }) => ({ id, found: map.getFeaturesAtPixel(map.getPixelFromCoordinate(at)).map((f) => f.getId()) }));
      }, [`${base}/collections/parcels/tiles/${set}`, `${EPSG}${code}`, units, extent, known, PARCELS]);
      await page.screenshot({ path: join(folder, `openlayers-${set}.png`) });
      const tiles = tilesOf(asked, set);
      assert.ok(tiles.length > 0 && tiles.every(({ status }) => [200, 204].includes(status)), JSON.stringify(tiles));
      assert.ok(found.length > 20, `${found.length} in sight`);
      for (const { id, found: ids } of found) assert.ok(ids.includes(id), `parcel ${id}: ${ids}`);
      assert.deepEqual(complaints, []);
      await page.close();
    });
  }
});
