// OpenLayers reads the capabilities of WMTS and draws the tiles that they lead to, on Web Mercator and on every
// grid of longitude and latitude. Usage: node wmts.test.mjs URL_OF_THE_SAMPLE_CITY FOLDER_FOR_SCREENSHOTS
import assert from "node:assert/strict";
import test from "node:test";
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [base, folder] = process.argv.slice(2);
const QUIET = [
  "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
  "--disable-sync", "--disable-default-apps", "--disable-features=LocalNetworkAccessChecks",
];
// The middle of the parcels.
const TOWN = [116.45, 39.642];

test("OpenLayers by WMTS", { timeout: 120_000 }, async (t) => {
  const context = await chromium.launchPersistentContext(mkdtempSync(join(folder, "profile-")), {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    headless: true, args: QUIET, viewport: { width: 820, height: 620 },
  });
  t.after(() => context.close());
  const page = await context.newPage();
  const complaints = [];
  const asked = [];
  page.on("response", (response) => asked.push({ url: response.url(), status: response.status() }));
  page.on("console", (message) => { if (["error", "warning"].includes(message.type())) complaints.push(message.text()); });
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.route("http://portal.test/**", (route) => route.fulfill({ contentType: "text/html", body: "<div id=map style='width:800px;height:600px'></div>" }));
  await page.goto("http://portal.test/");
  await page.addScriptTag({ path: new URL("node_modules/ol/dist/ol.js", import.meta.url).pathname });
  const grids = await page.evaluate(async (url) => {
    // OpenLayers does not know CGCS2000: degrees, latitude first, and the metres of a degree by which OGC reckons
    // scales, other than its own.
    ol.proj.addProjection(new ol.proj.Projection({
      code: "EPSG:4490", units: "degrees", axisOrientation: "neu", extent: [-180, -90, 180, 90], metersPerUnit: 6378137 * Math.PI / 180,
    }));
    window.capabilities = new ol.format.WMTSCapabilities().read(await (await fetch(url)).text());
    return window.capabilities.Contents.TileMatrixSet.map((set) => ({ id: set.Identifier, crs: set.SupportedCRS }));
  }, `${base}/wmts/1.0.0/WMTSCapabilities.xml`);
  const drawable = grids.filter(({ crs }) => /(3857|CRS84|4490)$/.test(crs));
  assert.ok(drawable.some(({ id }) => id === "WebMercatorQuad"), JSON.stringify(grids));

  for (const [{ id, crs }, encoding] of drawable.flatMap((grid) => [[grid, "REST"], [grid, "KVP"]])) {
    await t.test(`draws ${id} by ${encoding}`, async () => {
      asked.length = 0;
      const seen = await page.evaluate(async ([matrixSet, requestEncoding, center]) => {
        const options = ol.source.WMTS.optionsFromCapabilities(window.capabilities, { layer: "parcels", matrixSet, requestEncoding });
        const { tileGrid, projection } = options;
        // OpenLayers takes WMTS for pictures; the URLs that it makes are those of vector tiles here.
        const tileUrlFunction = new ol.source.WMTS(options).getTileUrlFunction();
        const source = new ol.source.VectorTile({ format: new ol.format.MVT(), tileGrid, projection, tileUrlFunction });
        const layer = new ol.layer.VectorTile({ source });
        const metres = projection.getUnits() === "degrees" ? ol.proj.getPointResolution("EPSG:3857", 1, [0, 0]) * 111319.49 : 1;
        const view = new ol.View({
          projection, center: metres === 1 ? ol.proj.fromLonLat(center) : center, resolution: 2.4 / metres,
        });
        const map = new ol.Map({ target: "map", layers: [layer], view });
        await new Promise((done) => map.once("rendercomplete", done));
        const count = layer.getFeaturesInExtent(view.calculateExtent(map.getSize())).length;
        const corner = layer.getFeaturesInExtent(view.calculateExtent(map.getSize()))[0]?.getExtent();
        map.setTarget(null);
        return { count, corner, encoding: options.requestEncoding, projection: projection.getCode(), center: view.getCenter(), resolution: view.getResolution() };
      }, [id, encoding, TOWN]);
      assert.equal(seen.encoding, encoding);
      assert.ok(seen.count > 100, `${crs}: ${JSON.stringify(seen)}`);
      // A grid that is read with its axes the wrong way round lies elsewhere.
      for (const [side, middle] of [[seen.corner[0], seen.center[0]], [seen.corner[1], seen.center[1]]]) {
        assert.ok(Math.abs(side - middle) < 1500 * seen.resolution, JSON.stringify(seen));
      }
      const tiles = asked.filter(({ url }) => (encoding === "REST" ? url.includes(`/${id}/`) : new RegExp(`tilematrixset=${id}(&|$)`, "i").test(url)));
      assert.ok(tiles.length > 0);
      // Beyond the limits there are none.
      for (const { url, status } of tiles) assert.ok([200, 400, 404].includes(status), `${url} ${status}`);
      assert.ok(tiles.some(({ status }) => status === 200));
    });
  }
  assert.deepEqual(complaints.filter((text) => !/status of 40[04]/.test(text)), []);
});
