// The map page as a user opens it.
// Usage: node viewer.test.mjs URL_OF_THE_SAMPLE_CITY URL_OF_AN_EMPTY_STORE FOLDER_FOR_SCREENSHOTS
import assert from "node:assert/strict";
import test from "node:test";
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [base, emptyBase, folder] = process.argv.slice(2);
const QUIET = [
  "--no-sandbox", "--enable-unsafe-swiftshader", "--use-angle=swiftshader", "--ignore-gpu-blocklist",
  "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
  "--disable-sync", "--disable-default-apps",
];

// Opens the page at `hash`, waits until the map is idle; answers the page, what it asked for and
// what it complained of.
async function opened(context, hash, { origin = base, size } = {}) {
  const page = await context.newPage();
  if (size) await page.setViewportSize(size);
  const asked = [];
  const complaints = [];
  page.on("request", (request) => asked.push(request.url()));
  page.on("console", (message) => { if (["error", "warning"].includes(message.type())) complaints.push(message.text()); });
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.goto(`${origin}/${hash}`);
  await page.waitForSelector("body[data-idle]", { timeout: 60_000 });
  const check_quiet = () => {
    assert.deepEqual(asked.filter((url) => !url.startsWith(`${origin}/`) && !/^(blob|data):/.test(url)), [], "requests off the origin");
    assert.deepEqual(complaints, [], "errors and warnings in the console");
  };
  return { page, check_quiet };
}

const moved = async (page, center, zoom) => {
  await page.evaluate(([center, zoom]) => { window.tuban.map.jumpTo({ center, zoom }); }, [center, zoom]);
  await page.waitForSelector("body[data-idle]", { timeout: 60_000 });
};

// Features that the map draws now, counted by collection.
const drawn = (page) => page.evaluate(() => {
  const counts = {};
  for (const feature of window.tuban.map.queryRenderedFeatures()) {
    counts[feature.sourceLayer] = (counts[feature.sourceLayer] ?? 0) + 1;
  }
  return counts;
});

// Share of the map's pixels within `reach` of a colour #rrggbb, in each channel.
const shareOf = (page, colour, reach) => page.evaluate(([colour, reach]) => new Promise((answer) => {
  const { map } = window.tuban;
  const wanted = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  map.once("render", () => {
    const gl = map.getCanvas().getContext("webgl2");
    const { drawingBufferWidth: width, drawingBufferHeight: height } = gl;
    const pixels = new Uint8Array(width * height * 4);
    gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, pixels);
    let near = 0;
    for (let at = 0; at < pixels.length; at += 4) {
      if (wanted.every((channel, i) => Math.abs(pixels[at + i] - channel) <= reach)) near += 1;
    }
    answer(near / (width * height));
  });
  map.triggerRepaint();
}), [colour, reach]);

const paintOf = (page, type, id, property) => page.evaluate(([type, id, property]) =>
  window.tuban.map.getStyle().layers.find((l) => l.type === type && l.id.startsWith(id ? `${id}-${type}-` : type)).paint[property], [type, id, property]);

// Every name of areas that is drawn, with where it stands.
const areaNames = (page, id) => page.evaluate((id) => window.tuban.map.queryRenderedFeatures()
  .filter((f) => f.layer.id.startsWith(`${id}-symbol-`))
  .map((f) => ({ id: f.id, name: f.properties.name ?? f.properties.XZQMC, at: f.geometry.coordinates })), id);

// A building in view whose middle lies on it and on a parcel: its properties and where to click.
const clickable = (page) => page.evaluate(() => {
  const { map } = window.tuban;
  const ids = map.getStyle().layers.filter((l) => l.type === "fill").map((l) => l.id);
  const at = ([x, y]) => map.queryRenderedFeatures([x, y], { layers: ids });
  for (let x = 420; x < 1100; x += 7) {
    for (let y = 200; y < 700; y += 7) {
      const stack = at([x, y]);
      const names = stack.map((f) => f.sourceLayer);
      if (names[0] === "buildings" && names.includes("parcels")) {
        return { x, y, names, building: stack[0].properties, parcel: stack[names.indexOf("parcels")].properties };
      }
    }
  }
  return null;
});

test("the viewer", { timeout: 240_000 }, async (t) => {
  const context = await chromium.launchPersistentContext(mkdtempSync(join(folder, "profile-")), {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    headless: true, args: QUIET, viewport: { width: 1280, height: 800 }, locale: "zh-CN",
  });
  t.after(() => context.close());
  const listed = await (await fetch(`${base}/collections`)).json();
  const of = (id) => listed.collections.find((c) => c.id === id);
  const [west, south, east, north] = of("parcels").extent.spatial.bbox[0];

  await t.test("opens where most features are, and draws them", async () => {
    const { page, check_quiet } = await opened(context, "");
    await page.screenshot({ path: join(folder, "opening.png") });
    const bounds = await page.evaluate(() => window.tuban.map.getBounds().toArray().flat());
    assert.ok(bounds[0] < west && bounds[1] < south && bounds[2] > east && bounds[3] > north, `all parcels are in view: ${bounds}`);
    assert.ok((bounds[2] - bounds[0]) < 2 * (east - west), `the parcels fill the view: ${bounds}`);
    const villages = await areaNames(page, "villages");
    assert.ok(villages.length >= 20 && new Set(villages.map((v) => v.id)).size === villages.length, `villages: ${JSON.stringify(villages)}`);
    const counts = await drawn(page);
    for (const id of ["parcels", "villages", "points", "lanes"]) assert.ok(counts[id] >= 30, `${id}: ${JSON.stringify(counts)}`);
    assert.ok(await shareOf(page, await paintOf(page, "fill", "parcels", "fill-color"), 30) > 0.01, "parcels have their colour");
    check_quiet();

    // The whole city: 16 districts, named in Chinese without a glyph server.
    await moved(page, [116.4, 40.2], 8.2);
    await page.screenshot({ path: join(folder, "city.png") });
    const ground = await paintOf(page, "background", undefined, "background-color");
    assert.ok(await shareOf(page, await paintOf(page, "fill", "districts", "fill-color"), 3) > 0.15, "the districts are filled");
    assert.ok(await shareOf(page, ground, 3) > 0.15, "the ground is seen beside them");
    const names = await areaNames(page, "districts");
    assert.ok(names.length >= 12 && names.every(({ name }) => name.endsWith("区")), `labels: ${JSON.stringify(names)}`);
    assert.equal(new Set(names.map(({ name }) => name)).size, names.length, "each district is named once");
    // A name stands on what it names.
    for (const { id, name, at } of names) {
      const below = await page.evaluate(({ at, id }) => {
        const { map } = window.tuban;
        return map.queryRenderedFeatures(map.project(at), { layers: ["districts-fill-0"] }).map((f) => f.id).includes(id);
      }, { at, id });
      assert.ok(below, `${name} stands on another district`);
    }
    const text = await paintOf(page, "symbol", "districts", "text-color");
    const inked = await shareOf(page, text, 24);
    await page.evaluate(() => new Promise((answer) => {
      const { map } = window.tuban;
      map.once("idle", answer);
      for (const layer of map.getStyle().layers) if (layer.type === "symbol") map.setLayoutProperty(layer.id, "visibility", "none");
    }));
    assert.ok(inked > 2 * await shareOf(page, text, 24) && inked > 2e-4, `labels leave ink: ${inked}`);
    check_quiet();
    await page.close();
  });

  await t.test("draws a village with parcels below buildings, and tells what lies under a click", async () => {
    const village = (await (await fetch(`${base}/collections`)).json()).collections.find((c) => c.id === "villages");
    assert.ok(village.count > 0);
    // The middle of a village on the lower row: towns are nets of villages.
    const { page, check_quiet } = await opened(context, `#17/${south + (north - south) / 6}/${west + (east - west) / 20}`);
    await page.screenshot({ path: join(folder, "village.png") });
    const counts = await drawn(page);
    for (const id of ["parcels", "buildings", "lanes"]) assert.ok(counts[id] > 20, `${id}: ${JSON.stringify(counts)}`);

    const found = await clickable(page);
    assert.ok(found, "no building lies on a parcel in view");
    assert.deepEqual(found.names.filter((id) => ["buildings", "parcels", "villages", "districts"].includes(id)).slice(0, 4),
      ["buildings", "parcels", "villages", "districts"], "the small lie on the large");
    await page.mouse.click(found.x, found.y);
    await page.waitForSelector(".maplibregl-popup .feature th");
    const rows = await page.locator(".maplibregl-popup tr").evaluateAll((all) => all.map((row) => [row.cells[0].title, row.cells[0].innerText, row.cells[1].innerText]));
    for (const [id, properties] of [["buildings", found.building], ["parcels", found.parcel]]) {
      for (const field of of(id).fields.filter((f) => f.name in properties)) {
        const expected = [field.name, field.alias, String(properties[field.name])];
        assert.ok(rows.some((row) => expected.every((text, at) => text === row[at])), `${id}: ${expected} in ${JSON.stringify(rows)}`);
      }
    }
    const selected = () => page.evaluate(() => Boolean(window.tuban.map.getLayer("selected")));
    assert.ok(await selected(), "the feature is outlined");
    await page.waitForTimeout(500);
    await page.screenshot({ path: join(folder, "attributes.png") });
    await page.click(".maplibregl-popup-close-button");
    assert.ok(!await selected(), "the outline goes with the popup");
    check_quiet();
    await page.close();
  });

  await t.test("lists layers with counts and legend, hides them, and speaks two languages", async () => {
    const { page, check_quiet } = await opened(context, "");
    const rows = page.locator("#layers > li");
    // What has no place, such as events of the ledger, is no layer, nor what is in no tile.
    const isDrawn = (c) => c.links.some((link) => link.rel.endsWith("/tilesets-vector"));
    const placed = listed.collections.filter((c) => isDrawn(c) && (c.extent || !c.count));
    assert.ok(placed.length < listed.collections.length);
    assert.equal(await rows.count(), placed.length);
    for (const collection of placed) {
      const row = page.locator(`#layers > li[data-id=${collection.id}]`);
      assert.equal(await row.locator(".title").innerText(), collection.title);
      assert.equal(await row.locator(".count").innerText(), collection.count.toLocaleString("zh"));
    }
    const order = await rows.evaluateAll((all) => all.map((row) => row.dataset.id));
    for (const [upper, lower] of [["points", "lanes"], ["buildings", "parcels"], ["parcels", "villages"], ["villages", "districts"]]) {
      assert.ok(order.indexOf(upper) < order.indexOf(lower), `${upper} stand before ${lower}: ${order}`);
    }
    const legend = page.locator("#layers > li[data-id=points] .categories li");
    assert.deepEqual([await legend.count(), await legend.nth(4).innerText()], [7, "销账"]);
    assert.match(await page.locator("#status").innerText(), /版本/);
    await page.click("#language");
    assert.match(await page.locator("#status").innerText(), /revision/);
    assert.equal(await legend.nth(4).innerText(), "closed");
    await page.screenshot({ path: join(folder, "english.png") });
    await page.click("#language");

    // From the village into the whole city by the button of a layer.
    await page.click("#layers > li[data-id=districts] .show");
    await page.waitForFunction(() => window.tuban.map.getZoom() < 9.5 && document.body.hasAttribute("data-idle"));
    const [left, bottom, right, top] = of("districts").extent.spatial.bbox[0];
    const seen = await page.evaluate(() => window.tuban.map.getBounds().toArray().flat());
    assert.ok(seen[0] < left && seen[1] < bottom && seen[2] > right && seen[3] > top, `all districts are in view: ${seen}`);
    // A name can be clicked like what it names.
    const [town] = await areaNames(page, "towns");
    const spot = await page.evaluate(({ at }) => window.tuban.map.project(at), town);
    await page.mouse.click(spot.x, spot.y);
    await page.waitForSelector(".maplibregl-popup .feature th");
    assert.match(await page.locator(".maplibregl-popup").innerText(), new RegExp(town.name));
    await page.click(".maplibregl-popup-close-button");
    await page.click("#layers > li[data-id=parcels] .show");
    await page.waitForFunction(() => window.tuban.map.getZoom() > 11 && document.body.hasAttribute("data-idle"));

    await page.locator("#layers > li[data-id=parcels] input").uncheck();
    await page.waitForFunction(() => !window.tuban.map.queryRenderedFeatures().some((f) => f.sourceLayer === "parcels"));
    await page.locator("#layers > li[data-id=parcels] input").check();
    await page.waitForFunction(() => window.tuban.map.queryRenderedFeatures().some((f) => f.sourceLayer === "parcels"));
    check_quiet();

    // A server that is gone is told, and so is its return.
    await page.route("**/*.mvt", (route) => route.abort());
    await page.evaluate(() => window.tuban.map.jumpTo({ center: [116.1, 40.4], zoom: 12 }));
    await page.waitForSelector("#status.failed");
    await page.unroute("**/*.mvt");
    await page.evaluate(() => window.tuban.map.jumpTo({ center: [116.4, 40.0], zoom: 11 }));
    await page.waitForSelector("#status:not(.failed)");
    await page.close();
  });

  await t.test("fits a phone", async () => {
    const { page, check_quiet } = await opened(context, "", { size: { width: 390, height: 800 } });
    await page.screenshot({ path: join(folder, "phone.png") });
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "nothing sticks out");
    assert.ok(!await page.locator("#layers").isVisible(), "the list is folded");
    await page.click("#fold");
    assert.ok(await page.locator("#layers").isVisible());
    const box = await page.locator("#panel").boundingBox();
    assert.ok(box.x >= 0 && box.x + box.width <= 390 && box.height <= 800 * 0.56, JSON.stringify(box));
    check_quiet();
    await page.close();
  });

  await t.test("says that a store holds nothing", async () => {
    const { page, check_quiet } = await opened(context, "", { origin: emptyBase });
    assert.deepEqual(await page.locator("#layers .count").allInnerTexts(), ["0"]);
    assert.match(await page.locator("#status").innerText(), /tuban import/);
    check_quiet();
    await page.close();
  });
});
