// The map page as a user opens it. Usage: node viewer.test.mjs BASE_URL FOLDER_FOR_SCREENSHOTS
import assert from "node:assert/strict";
import test from "node:test";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [base, folder] = process.argv.slice(2);
const QUIET = [
  "--no-sandbox", "--enable-unsafe-swiftshader", "--use-angle=swiftshader", "--ignore-gpu-blocklist",
  "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
  "--disable-sync", "--disable-default-apps",
];

// Opens the page at `hash`, waits until the map is idle; answers the page, what it asked for and
// what it complained of.
async function opened(context, hash) {
  const page = await context.newPage();
  const asked = [];
  const complaints = [];
  page.on("request", (request) => asked.push(request.url()));
  page.on("console", (message) => { if (["error", "warning"].includes(message.type())) complaints.push(message.text()); });
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.goto(`${base}/${hash}`);
  await page.waitForSelector("body[data-idle]", { timeout: 90_000 });
  return { page, asked, complaints };
}

// Features that the map draws now, counted by collection.
const drawn = (page) => page.evaluate(() => {
  const counts = {};
  for (const feature of window.tuban.map.queryRenderedFeatures()) {
    counts[feature.sourceLayer] = (counts[feature.sourceLayer] ?? 0) + 1;
  }
  return counts;
});

// Share of the map's pixels that are not the background.
const inked = (page) => page.evaluate(() => new Promise((answer) => {
  const { map } = window.tuban;
  map.once("render", () => {
    const gl = map.getCanvas().getContext("webgl2");
    const { drawingBufferWidth: width, drawingBufferHeight: height } = gl;
    const pixels = new Uint8Array(width * height * 4);
    gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, pixels);
    let other = 0;
    for (let at = 0; at < pixels.length; at += 4) {
      if (Math.abs(pixels[at] - 0xf4) + Math.abs(pixels[at + 1] - 0xf1) + Math.abs(pixels[at + 2] - 0xea) > 24) other += 1;
    }
    answer(other / (width * height));
  });
  map.triggerRepaint();
}));

test("the viewer", { timeout: 240_000 }, async (t) => {
  const context = await chromium.launchPersistentContext(mkdtempSync(join(tmpdir(), "viewer-")), {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    headless: true, args: QUIET, viewport: { width: 1280, height: 800 }, locale: "zh-CN",
  });
  t.after(() => context.close());
  const listed = await (await fetch(`${base}/collections`)).json();
  const parcels = listed.collections.find((c) => c.id === "parcels").extent.spatial.bbox[0];
  const [lon, lat] = [(parcels[0] + parcels[2]) / 2, (parcels[1] + parcels[3]) / 2];

  await t.test("draws the whole city from its own origin alone", async () => {
    const { page, asked, complaints } = await opened(context, "");
    await page.screenshot({ path: join(folder, "city.png") });
    const counts = await drawn(page);
    assert.ok(counts.districts >= 1, `districts are drawn: ${JSON.stringify(counts)}`);
    assert.ok(await inked(page) > 0.05, "the map is not blank");
    const strangers = asked.filter((url) => !url.startsWith(base) && !/^(blob|data):/.test(url));
    assert.deepEqual(strangers, []);
    assert.deepEqual(complaints, []);
    await page.close();
  });

  await t.test("draws parcels, buildings and points of a village", async () => {
    const village = await (await fetch(`${base}/collections/points`)).json();
    assert.ok(village.count > 0);
    const { page, complaints } = await opened(context, `#16.2/${lat}/${lon}`);
    // The middle of all towns may be a field between them: go to the nearest drawn parcel.
    await page.screenshot({ path: join(folder, "village.png") });
    const counts = await drawn(page);
    for (const id of ["parcels", "buildings"]) assert.ok(counts[id] > 20, `${id}: ${JSON.stringify(counts)}`);
    assert.deepEqual(complaints, []);

    await page.mouse.click(760, 400);
    await page.waitForSelector(".maplibregl-popup .feature th", { timeout: 10_000 });
    const shown = await page.locator(".maplibregl-popup").innerText();
    assert.match(shown, /\d/);
    await page.screenshot({ path: join(folder, "attributes.png") });
    await page.close();
  });

  await t.test("lists layers with counts, hides them, and speaks two languages", async () => {
    const { page } = await opened(context, "");
    const rows = page.locator("#layers > li");
    assert.equal(await rows.count(), listed.collections.length);
    for (const collection of listed.collections) {
      const text = await page.locator("#layers").innerText();
      assert.ok(text.includes(collection.count.toLocaleString("zh")), collection.id);
    }
    assert.match(await page.locator("#status").innerText(), /版本/);
    await page.click("#language");
    assert.match(await page.locator("#status").innerText(), /revision/);

    const position = listed.collections.findIndex((c) => c.id === "districts");
    await rows.nth(position).locator("input").uncheck();
    await page.waitForFunction(() =>
      !window.tuban.map.queryRenderedFeatures().some((f) => f.sourceLayer === "districts"), undefined, { timeout: 20_000 });
    await page.close();
  });
});
