// The ledger beside the map: open points of the view or of a town with their lamps, and the trace of
// a point. Usage: ledger.test.mjs URL_OF_THE_SAMPLE_CITY URL_WITHOUT_LEDGER FOLDER_FOR_SCREENSHOTS
import assert from "node:assert/strict";
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { chromium } from "playwright-core";

const [base, otherBase, folder] = process.argv.slice(2);
const QUIET = ["--no-sandbox", "--enable-unsafe-swiftshader", "--use-angle=swiftshader", "--ignore-gpu-blocklist", "--no-first-run"];
const OPEN = ["registered", "dispatched", "returned", "in_progress", "suspended", "submitted", "verified_town", "rebounded", "transferred"];
const idle = (page) => page.waitForSelector("body[data-idle]", { timeout: 60_000 });
const read = async (path) => (await fetch(`${base}${path}`)).json();

test("the ledger beside the map", { timeout: 240_000 }, async (t) => {
  const context = await chromium.launchPersistentContext(mkdtempSync(join(folder, "ledger-")), {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    headless: true, args: QUIET, viewport: { width: 1280, height: 800 }, locale: "zh-CN",
  });
  t.after(() => context.close());
  const points = (await read("/collections/points/items?f=json&limit=5000")).features.map((f) => f.properties);
  const open = points.filter((point) => OPEN.includes(point.state));
  const page = await context.newPage();
  const asked = [];
  const complaints = [];
  page.on("request", (request) => asked.push(request.url()));
  page.on("console", (message) => { if (["error", "warning"].includes(message.type())) complaints.push(message.text()); });
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.goto(`${base}/`);
  await idle(page);
  const fold = page.locator("[data-ledger=fold]");
  const rows = page.locator("#ledger li");
  const counted = (count) => page.waitForFunction((text) => document.querySelector("[data-ledger=fold]").textContent.includes(text),
    `· ${count.toLocaleString("zh")} `);

  await t.test("lists open points of the view by deadline, with lamps", async () => {
    await counted(open.length);
    assert.ok(!await rows.first().isVisible(), "the list is folded");
    await fold.click();
    await rows.first().waitFor({ state: "visible" });
    assert.equal(await rows.count(), 100);
    assert.match(await page.locator("[data-ledger=rest]").innerText(), new RegExp(`${open.length - 100}.*未列出`));
    const expected = open.map((point) => point.deadline).sort().slice(0, 100);
    const now = Date.now();
    const lamps = expected.map((deadline) => (Date.parse(deadline) < now ? "red" : Date.parse(deadline) - now <= 7 * 86_400_000 ? "yellow" : "green"));
    assert.deepEqual(await page.locator("#ledger li .lamp").evaluateAll((all) => all.map((mark) => mark.dataset.lamp)), lamps);
    await page.screenshot({ path: join(folder, "ledger.png") });
  });

  await t.test("lists those of a town, wherever the map is", async () => {
    const choices = await page.locator("[data-ledger=scope] option").allInnerTexts();
    assert.deepEqual(choices, ["当前视图", "示例镇", "虚构镇"]);
    await page.selectOption("[data-ledger=scope]", { label: "虚构镇" });
    const of = open.filter((point) => point.town === "110115191");
    await counted(of.length);
    const codes = new Set(of.map((point) => point.code));
    const shown = await page.locator("#ledger .code").allInnerTexts();
    assert.ok(shown.length && shown.every((code) => codes.has(code)), "points of another town");
  });

  await t.test("flies to a point and tells what has happened to it", async () => {
    const code = await page.locator("#ledger .code").first().innerText();
    await rows.first().locator("button").click();
    await page.waitForSelector(".maplibregl-popup .trace li");
    const trace = await read(`/points/${code}/trace`);
    assert.equal(await page.locator(".trace h2").innerText(), code);
    assert.equal(await page.locator(".trace li").count(), trace.events.length);
    assert.match(await page.locator(".trace li").first().innerText(), /上报/);
    assert.match(await page.locator(".trace table").innerText(), /期限/);
    await idle(page);
    await page.waitForFunction(() => window.tuban.map.getZoom() >= 16.4);
    await page.waitForTimeout(500);
    await page.screenshot({ path: join(folder, "trace.png") });
    await page.click(".maplibregl-popup-close-button");
  });

  await t.test("colours points by lamp, and by state again", async () => {
    const colour = () => page.evaluate(() => {
      const { map } = window.tuban;
      const layer = map.getStyle().layers.find((l) => l["source-layer"] === "points" && l.type === "circle");
      return JSON.stringify(map.getPaintProperty(layer.id, "circle-color"));
    });
    const before = await colour();
    await page.selectOption("[data-ledger=colours]", "lamp");
    assert.match(await colour(), /deadline/);
    assert.match(await page.locator("[data-ledger=key]").innerText(), /绿灯.*黄灯.*红灯/s);
    await page.evaluate(() => window.tuban.map.jumpTo({ zoom: 14.5 }));
    await idle(page);
    await page.screenshot({ path: join(folder, "lamps.png") });
    await page.selectOption("[data-ledger=colours]", "state");
    assert.equal(await colour(), before);
  });

  await t.test("lights yellow for as many days as the server says", async () => {
    const days = 400;
    const other = await context.newPage();
    await other.route("**/styles/points?by=lamp", async (route) => {
      const text = await (await route.fetch()).text();
      assert.match(text, /"yellowDays":7\b/);
      await route.fulfill({ body: text.replaceAll('"yellowDays":7', `"yellowDays":${days}`), contentType: "application/json" });
    });
    await other.goto(`${base}/`);
    await idle(other);
    await other.click("[data-ledger=fold]");
    await other.waitForSelector("#ledger li .lamp");
    const dues = open.map((point) => Date.parse(point.deadline)).sort((a, b) => a - b).slice(0, 100);
    const lamps = dues.map((due) => (due < Date.now() ? "red" : due - Date.now() <= days * 86_400_000 ? "yellow" : "green"));
    assert.deepEqual(await other.locator("#ledger li .lamp").evaluateAll((all) => all.map((mark) => mark.dataset.lamp)), lamps);
    await other.close();
  });

  await t.test("colours towns by an indicator", async () => {
    const { rows } = await read("/indicators?f=json&depth=2");
    const towns = rows.filter((row) => row.depth === 2 && row.unit);
    const figure = (row) => row.figures.closing_rate.value?.toLocaleString("zh", { minimumFractionDigits: 2 }) ?? "—";
    await page.evaluate(() => window.tuban.map.jumpTo({ zoom: 12 }));
    await page.selectOption("[data-ledger=indicator]", "closing_rate");
    await page.waitForSelector("[data-ledger=figures] tr");
    const shown = await page.locator("[data-ledger=figures] tr").evaluateAll((all) => all.map((row) => [row.dataset.unit, row.lastChild.textContent]));
    assert.deepEqual(new Map(shown), new Map(towns.slice(0, 30).map((row) => [row.unit, figure(row)])));
    await idle(page);
    const style = await read("/indicators/closing_rate/style?depth=2");
    const colour = style.layers.find((layer) => layer.type === "fill");
    assert.deepEqual(await page.evaluate(() => window.tuban.map.getPaintProperty("choropleth", "fill-color")), colour.paint["fill-color"]);
    const legend = await page.locator("[data-ledger=figures] .classes > span").allInnerTexts();
    assert.deepEqual(legend.map((label) => label.trim()), colour.metadata["tuban:legend"].zh);
    await page.waitForFunction(() => window.tuban.map.queryRenderedFeatures({ layers: ["choropleth"] }).some((f) => f.properties.code === "110115191"));
    await page.screenshot({ path: join(folder, "choropleth.png") });
    await page.selectOption("[data-ledger=indicator]", "");
    assert.ok(!await page.locator("[data-ledger=figures]").isVisible());
  });

  await t.test("draws one ledger over the map, in its own colours", async () => {
    const choices = await page.locator("[data-ledger=book] option").evaluateAll((all) => all.map((one) => one.value));
    for (const id of ["", "base", "outlets", "licences", "rebound", "land", "markets", "notices"]) assert.ok(choices.includes(id), id);
    assert.ok(!choices.includes("special_groups"), "it is for enforcement alone");
    await page.evaluate(() => window.tuban.map.jumpTo({ zoom: 15 }));
    await idle(page);
    const drawn = (of) => page.waitForFunction((of) => {
      const { map } = window.tuban;
      const layers = map.getStyle().layers.filter((layer) => layer.source === "ledger").map((layer) => layer.id);
      const ids = new Set(layers.length ? map.queryRenderedFeatures({ layers }).map((f) => f.properties.code) : []);
      const known = new Map(of);
      const bounds = map.getBounds();
      const inside = of.filter(([, place]) => bounds.contains(place)).map(([code]) => code);
      return inside.length > 0 && inside.every((code) => ids.has(code)) && [...ids].every((code) => known.has(code));
    }, of, { timeout: 30_000 });
    const placed = async (path) => (await read(path)).features.map((f) => [f.properties.code, f.geometry.coordinates]);
    for (const [id, path] of [
      ["rebound", `/collections/points/items?f=json&limit=5000&filter=${encodeURIComponent("state='rebounded' OR rebound_count>=1")}`],
      // In no tiles: drawn from its features.
      ["licences", "/collections/enterprises/items?f=json&limit=5000&filter=point%20IS%20NOT%20NULL"],
    ]) {
      const rows = await placed(path);
      await page.evaluate((center) => window.tuban.map.jumpTo({ center }), rows[0][1]);
      await page.selectOption("[data-ledger=book]", id);
      await drawn(rows);
      const key = id === "rebound" ? "反弹.*销账.*其他" : "存续.*无照";
      await page.waitForFunction((key) => new RegExp(key, "s").test(document.querySelector("[data-ledger=bookKey]").textContent), key);
      await page.screenshot({ path: join(folder, `ledger-${id}.png`) });
    }
    await page.selectOption("[data-ledger=book]", "");
    await page.waitForFunction(() => !window.tuban.map.getSource("ledger"));
    assert.ok(!await page.locator("[data-ledger=bookKey]").isVisible());
  });

  await t.test("speaks English, and asks nothing but its own origin", async () => {
    await page.click("#language");
    assert.match(await fold.innerText(), /^Ledger · \d+ open/);
    assert.match(await page.locator("#ledger .due").first().innerText(), /days|today/);
    assert.deepEqual(asked.filter((url) => !url.startsWith(`${base}/`) && !/^(blob|data):/.test(url)), []);
    assert.deepEqual(complaints, []);
  });

  await t.test("is not there in a store without a ledger", async () => {
    const other = await context.newPage();
    await other.goto(`${otherBase}/`);
    await idle(other);
    assert.ok(!await other.locator("#ledger").isVisible());
    await other.close();
  });
});
