// OpenLayers reads the tilesets by their metadata alone, of one collection and of the dataset.
// Usage: node openlayers.test.mjs URL_OF_THE_SAMPLE_CITY FOLDER_FOR_SCREENSHOTS
import assert from "node:assert/strict";
import test from "node:test";
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [base, folder] = process.argv.slice(2);
const QUIET = [
  "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
  "--disable-sync", "--disable-default-apps",
  // The portal of the test has no address; a browser would ask before it reads from this machine.
  "--disable-features=LocalNetworkAccessChecks",
];
// The middle of the parcels, and a place without any.
const TOWN = [116.45, 39.642];

// Draws a tileset; answers what was asked for, what went wrong, and the features drawn by layer.
async function drawn(context, { tileset, collections, zoom, name }) {
  const page = await context.newPage();
  const asked = [];
  const complaints = [];
  page.on("response", (response) => asked.push({ url: response.url(), status: response.status() }));
  page.on("requestfailed", (request) => complaints.push(`${request.url()}: ${request.failure().errorText}`));
  page.on("console", (message) => { if (["error", "warning"].includes(message.type())) complaints.push(message.text()); });
  page.on("pageerror", (error) => complaints.push(String(error)));
  // A page of another origin: the tiles are read across origins, as a portal does.
  await page.route("http://portal.test/**", (route) => route.fulfill({ contentType: "text/html", body: "<div id=map style='width:800px;height:600px'></div>" }));
  await page.goto("http://portal.test/");
  await page.addScriptTag({ path: new URL("node_modules/ol/dist/ol.js", import.meta.url).pathname });
  const result = await page.evaluate(async ([url, collections, center, zoom]) => {
    const source = new ol.source.OGCVectorTile({ url, collections, format: new ol.format.MVT() });
    const layer = new ol.layer.VectorTile({ source });
    const map = new ol.Map({ target: "map", layers: [layer], view: new ol.View({ center: ol.proj.fromLonLat(center), zoom }) });
    if (source.getState() !== "ready") {
      await new Promise((ready, failed) => source.on("change", () => {
        if (source.getState() === "ready") ready();
        if (source.getState() === "error") failed(source.getError?.() ?? new Error("the tileset is not usable"));
      }));
    }
    await new Promise((done) => map.once("rendercomplete", done));
    const counts = {};
    const extent = map.getView().calculateExtent(map.getSize());
    for (const feature of layer.getFeaturesInExtent(extent)) {
      const id = feature.get("layer");
      counts[id] = (counts[id] ?? 0) + 1;
    }
    const one = layer.getFeaturesInExtent(extent).find((feature) => feature.get("layer") === "parcels");
    const grid = source.getTileGrid();
    return { counts, one: one && { id: one.getId(), properties: one.getProperties() }, zooms: [grid.getMinZoom(), grid.getMaxZoom()] };
  }, [`${base}${tileset}`, collections, TOWN, zoom]);
  await page.screenshot({ path: join(folder, `openlayers-${name}.png`) });
  await page.close();
  return { ...result, asked, complaints };
}

test("OpenLayers", { timeout: 120_000 }, async (t) => {
  const context = await chromium.launchPersistentContext(mkdtempSync(join(folder, "profile-")), {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    headless: true, args: QUIET, viewport: { width: 820, height: 620 },
  });
  t.after(() => context.close());
  const tiles = (asked) => asked.filter(({ url }) => /WebMercatorQuad\/\d+\/\d+\/\d+/.test(url));

  await t.test("draws the tileset of a collection, within its limits", async () => {
    const seen = await drawn(context, { tileset: "/collections/parcels/tiles/WebMercatorQuad", zoom: 16, name: "parcels" });
    assert.deepEqual(seen.complaints, []);
    assert.ok(seen.counts.parcels > 100 && Object.keys(seen.counts).length === 1, JSON.stringify(seen.counts));
    assert.ok(seen.one.id > 0 && /^\d{6}/.test(seen.one.properties.ZDDM), JSON.stringify(seen.one));
    assert.ok(tiles(seen.asked).length > 0);
    for (const { url, status } of tiles(seen.asked)) assert.ok([200, 204].includes(status), `${url} ${status}`);
    // Row before column: the same tile as the XYZ path gives.
    const [z, row, col] = tiles(seen.asked)[0].url.match(/(\d+)\/(\d+)\/(\d+)$/).slice(1);
    const [ogc, xyz] = await Promise.all([
      fetch(`${base}/collections/parcels/tiles/WebMercatorQuad/${z}/${row}/${col}`),
      fetch(`${base}/xyz/parcels/${z}/${col}/${row}.mvt`),
    ]);
    assert.deepEqual(Buffer.from(await ogc.arrayBuffer()), Buffer.from(await xyz.arrayBuffer()));
  });

  await t.test("asks for nothing outside the limits", async () => {
    const seen = await drawn(context, { tileset: "/collections/parcels/tiles/WebMercatorQuad", zoom: 10, name: "far" });
    assert.deepEqual(seen.complaints, []);
    for (const { url, status } of tiles(seen.asked)) assert.ok([200, 204].includes(status), `${url} ${status}`);
  });

  await t.test("draws chosen collections of the dataset", async () => {
    const seen = await drawn(context, { tileset: "/tiles/WebMercatorQuad", collections: ["parcels", "lanes"], zoom: 16, name: "chosen" });
    assert.deepEqual(seen.complaints, []);
    assert.deepEqual(Object.keys(seen.counts).sort(), ["lanes", "parcels"]);
    assert.ok(tiles(seen.asked).every(({ url }) => url.endsWith("?collections=parcels,lanes")), tiles(seen.asked)[0].url);
  });

  await t.test("draws the whole dataset", async () => {
    const seen = await drawn(context, { tileset: "/tiles/WebMercatorQuad", zoom: 16, name: "dataset" });
    assert.deepEqual(seen.complaints, []);
    for (const id of ["buildings", "parcels", "districts"]) assert.ok(seen.counts[id] > 0, JSON.stringify(seen.counts));
  });
});
