// The tool that draws areas: what lies in a polygon, unsaved and saved, and who may save.
// Usage: areas.test.mjs URL_OF_THE_SAMPLE_CITY URL_WITH_ACCOUNTS READER_TOKEN CLERK_TOKEN FOLDER_FOR_SCREENSHOTS
import assert from "node:assert/strict";
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { chromium } from "playwright-core";

const [base, guarded, reader, clerk, folder] = process.argv.slice(2);
const QUIET = ["--no-sandbox", "--enable-unsafe-swiftshader", "--use-angle=swiftshader", "--ignore-gpu-blocklist", "--no-first-run"];
const idle = (page) => page.waitForSelector("body[data-idle]", { timeout: 60_000 });
const read = async (path) => (await fetch(`${base}${path}`)).json();
const part = (page, name) => page.locator(`[data-areas=${name}]`);

// Where corners are on the sheet, beside all panels.
const SQUARE = [[620, 220], [880, 220], [880, 480], [620, 480]];

const open = async (page, url, center) => {
  await page.goto(url);
  await idle(page);
  await page.evaluate((center) => window.tuban.map.jumpTo({ center, zoom: 14.5 }), center);
  await idle(page);
  await part(page, "fold").click();
};
const clicked = async (page, corners) => { for (const [x, y] of corners) await page.mouse.click(x, y, { delay: 20 }); };
// Double clicks are told from single ones by their time.
const settle = (page) => page.waitForTimeout(400);
const drawn = async (page, corners) => {
  await part(page, "draw").click();
  for (const corner of corners) {
    await clicked(page, [corner]);
    await settle(page);
  }
  // The button ends, too.
  assert.equal(await part(page, "draw").innerText(), "完成");
  await part(page, "draw").click();
};
// The polygon of corners on the sheet, as the map has it.
const polygonOf = (page, corners) => page.evaluate((corners) => {
  const box = window.tuban.map.getCanvas().getBoundingClientRect();
  const ring = corners.map(([x, y]) => window.tuban.map.unproject([x - box.left, y - box.top])).map(({ lng, lat }) => [Number(lng.toFixed(7)), Number(lat.toFixed(7))]);
  return { type: "Polygon", coordinates: [[...ring, ring[0]]] };
}, corners);
const found = async (id, geometry, more = {}) => {
  const body = JSON.stringify({ geometry, return: "aggregate", aggregates: [{ op: "count" }], ...more });
  return (await fetch(`${base}/collections/${id}/search`, { method: "POST", headers: { "Content-Type": "application/json" }, body })).json();
};
const shown = (page, id) => page.locator(`[data-counted=${id}] td`).first().innerText();

test("areas that are drawn", { timeout: 240_000 }, async (t) => {
  const context = await chromium.launchPersistentContext(mkdtempSync(join(folder, "areas-")), {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    headless: true, args: QUIET, viewport: { width: 1280, height: 800 }, locale: "zh-CN",
  });
  t.after(() => context.close());
  const page = await context.newPage();
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("dialog", (dialog) => dialog.accept());
  const towns = (await read("/collections/towns")).extent.spatial.bbox[0];
  const center = [(towns[0] + towns[2]) / 2, (towns[1] + towns[3]) / 2];
  await open(page, `${base}/`, center);

  await t.test("corners are set, taken back and given up", async () => {
    const hint = part(page, "hint");
    await part(page, "draw").click();
    assert.match(await hint.innerText(), /：0 个.*至少三个/);
    for (const corner of SQUARE.slice(0, 3)) {
      await clicked(page, [corner]);
      await settle(page);
    }
    assert.match(await hint.innerText(), /：3 个/);
    await page.keyboard.press("Backspace");
    assert.match(await hint.innerText(), /：2 个/);
    await page.keyboard.press("Enter");
    assert.match(await hint.innerText(), /：2 个.*至少三个/, "two corners are no polygon");
    assert.equal(await page.locator(".maplibregl-popup").count(), 0, "clicks describe nothing meanwhile");
    await page.keyboard.press("Escape");
    assert.ok(!await hint.isVisible());
    assert.ok(!await part(page, "counts").isVisible());
  });

  await t.test("an unsaved polygon tells at once what lies in it", async () => {
    await part(page, "draw").click();
    for (const corner of SQUARE.slice(0, 3)) {
      await clicked(page, [corner]);
      await settle(page);
    }
    const zoom = await page.evaluate(() => window.tuban.map.getZoom());
    const began = Date.now();
    await page.mouse.dblclick(...SQUARE[3]);
    await page.waitForSelector("[data-counted=points]");
    const took = Date.now() - began;
    assert.ok(took < 1000, `${took} ms`);
    assert.equal(await page.evaluate(() => window.tuban.map.getZoom()), zoom, "a double click ends and does not zoom");
    const geometry = await polygonOf(page, SQUARE);
    for (const id of ["parcels", "buildings", "points"]) {
      const { count } = await found(id, geometry);
      assert.ok(count > 0, `${id} lie in it`);
      assert.equal(await shown(page, id), count.toLocaleString("zh"), id);
    }
    const { groups } = await found("points", geometry, { groupBy: ["state"] });
    const states = await page.locator("[data-areas=counts] [data-state]").evaluateAll((rows) => rows.map((row) => [row.dataset.state, Number(row.children[1].textContent)]));
    assert.deepEqual(states, groups.map(({ key, count }) => [key.state, count]));
    assert.match(await part(page, "counts").innerText(), /公顷.*计划拆 \d+.*㎡/s);
  });

  await t.test("a polygon is saved as an area, with its figures", async () => {
    const before = (await read("/collections/focus_areas/items?f=json")).numberMatched;
    await page.fill("#areas [name=name]", "画出来的片区");
    assert.equal(await page.inputValue("#areas [name=code]"), `PQ-${before + 1}`);
    assert.equal(await page.inputValue("#areas [name=kind]"), "片区");
    await page.screenshot({ path: join(folder, "areas-unsaved.png") });
    await part(page, "save").click();
    await page.waitForSelector("[data-areas=figures] [data-indicator]");
    const { features } = await read(`/collections/focus_areas/items?f=json&code=PQ-${before + 1}`);
    assert.equal(features.length, 1);
    const { code, name, kind, valid_from } = features[0].properties;
    assert.deepEqual([name, kind], ["画出来的片区", "片区"]);
    assert.equal(valid_from, new Date().toLocaleDateString("sv", { timeZone: "Asia/Shanghai" }));
    const figures = (await read(`/indicators?f=json&depth=0&focus-area=${code}`)).rows[0].figures;
    const rate = await page.locator("[data-indicator=closing_rate] td").innerText();
    assert.equal(rate, `${figures.closing_rate.value.toFixed(2)} %`);
    assert.match(await part(page, "chosen").innerText(), /画出来的片区/);
    assert.ok((await part(page, "list").locator("option").allInnerTexts()).includes("画出来的片区"));
    await page.screenshot({ path: join(folder, "areas-saved.png") });
  });

  await t.test("an area of today is removed, and an older one ended", async () => {
    const [area] = (await read("/collections/focus_areas/items?f=json")).features.filter(({ properties }) => properties.name === "画出来的片区");
    assert.deepEqual(await part(page, "chosen").locator("button").evaluateAll((all) => all.map((one) => one.dataset.does)), ["remove"]);
    await page.click("[data-does=remove]");
    await page.waitForFunction(() => document.querySelector("[data-areas=chosen]").hidden);
    assert.equal((await fetch(`${base}/collections/focus_areas/items/${area.id}`)).status, 404);
    await page.selectOption("[data-areas=list]", { label: "示例城乡接合部（虚构）" });
    await page.waitForSelector("[data-areas=figures] [data-indicator]");
    await page.click("[data-does=end]");
    await page.waitForFunction(() => document.querySelector("[data-areas=chosen]").hidden);
    const [ended] = (await read("/collections/focus_areas/items?f=json&code=PQ-2")).features;
    assert.equal(ended.properties.valid_to, new Date().toLocaleDateString("sv", { timeZone: "Asia/Shanghai" }));
    assert.ok(!(await part(page, "list").locator("option").allInnerTexts()).includes("示例城乡接合部（虚构）"));
  });

  await t.test("edges that cross are refused in words", async () => {
    const [a, b, c, d] = SQUARE;
    await drawn(page, [a, c, b, d]);
    await page.waitForSelector("[data-areas=refusal]:not([hidden])");
    assert.match(await part(page, "refusal").innerText(), /图形或填写的内容不能用：.*self_intersection/);
    await part(page, "clear").click();
    assert.ok(!await part(page, "refusal").isVisible());
    assert.deepEqual(complaints, []);
  });

  await t.test("whoever may not edit is told what lies there, and offered no saving", async () => {
    const other = await context.newPage();
    await open(other, `${guarded}/?token=${reader}`, [116.35, 39.75]);
    await drawn(other, SQUARE);
    await other.waitForSelector("[data-counted=parcels]");
    assert.equal(await shown(other, "parcels"), "1");
    assert.ok(!await part(other, "form").isVisible());
    await other.close();
  });

  await t.test("a clerk is told why an area beyond the own town is not saved", async () => {
    const other = await context.newPage();
    await open(other, `${guarded}/?token=${clerk}`, [116.9, 39.75]);
    await drawn(other, SQUARE);
    await other.waitForSelector("[data-counted=parcels]");
    await other.fill("#areas [name=name]", "别人的地方");
    await part(other, "save").click();
    await other.waitForSelector("[data-areas=refusal]:not([hidden])");
    assert.match(await part(other, "refusal").innerText(), /^无权这样做：/);
    assert.equal(await shown(other, "parcels"), "0", "what lies there is still told");
    await other.screenshot({ path: join(folder, "areas-refused.png") });
    await other.close();
  });
});
