// What happens on the map page while features are edited: it repaints what changed and nothing else,
// says when it hears nothing, catches up, and shows the past.
// Usage: node live.test.mjs URL_OF_THE_SAMPLE_CITY FOLDER_FOR_SCREENSHOTS [URL_THAT_TAKES_EDITS]
import assert from "node:assert/strict";
import test from "node:test";
import { mkdtempSync } from "node:fs";
import { createServer, connect } from "node:net";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [base, folder, editBase = base] = process.argv.slice(2);
const QUIET = [
  "--no-sandbox", "--enable-unsafe-swiftshader", "--use-angle=swiftshader", "--ignore-gpu-blocklist",
  "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
  "--disable-sync", "--disable-default-apps",
];

// A door between browser and server that can be shut.
async function door(target) {
  const { hostname, port } = new URL(target);
  const open = new Set();
  let shut = false;
  const server = createServer((socket) => {
    if (shut) return socket.destroy();
    const behind = connect(port, hostname);
    for (const [one, other] of [[socket, behind], [behind, socket]]) {
      open.add(one);
      one.on("error", () => other.destroy());
      one.on("close", () => { open.delete(one); other.destroy(); });
      one.pipe(other);
    }
  });
  await new Promise((listening) => { server.listen(0, "127.0.0.1", listening); });
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    shut(now) {
      shut = now;
      if (now) for (const socket of open) socket.destroy();
    },
    close() {
      this.shut(true);
      server.close();
    },
  };
}

const item = async (collection, id) => (await fetch(`${base}/collections/${collection}/items/${id}?f=json`)).json();

// Writes a feature; answers when that was acknowledged and at which revision.
async function written(collection, feature) {
  const response = await fetch(`${editBase}/collections/${collection}/items/${feature.id}`, {
    method: "PUT", headers: { "Content-Type": "application/geo+json" },
    body: JSON.stringify({ type: "Feature", geometry: feature.geometry, properties: feature.properties }),
  });
  assert.ok(response.ok, `${response.status} ${await response.text()}`);
  return { at: Date.now(), revision: Number(response.headers.get("tuban-revision")) };
}

const shifted = (geometry, dx, dy) => ({
  ...geometry,
  coordinates: JSON.parse(JSON.stringify(geometry.coordinates), (_, value) =>
    (Array.isArray(value) && typeof value[0] === "number" ? [value[0] + dx, value[1] + dy] : value)),
});

// The time (Date.now) at which a point is first drawn within half a metre of `at`.
const drawnAt = (page, id, at, timeout = 20_000) => page.evaluate(([id, at, timeout]) => new Promise((answer, fail) => {
  const { map } = window.tuban;
  const began = Date.now();
  const look = () => {
    const near = map.queryRenderedFeatures({ layers: map.getStyle().layers.filter((l) => l["source-layer"] === "points" && l.type === "circle").map((l) => l.id) })
      .filter((f) => f.id === id)
      .some((f) => Math.abs(f.geometry.coordinates[0] - at[0]) < 5e-6 && Math.abs(f.geometry.coordinates[1] - at[1]) < 5e-6);
    if (near) return answer(Date.now());
    if (Date.now() - began > timeout) return fail(new Error(`feature ${id} is not drawn at ${at}`));
    requestAnimationFrame(look);
  };
  look();
}), [id, at, timeout]);

const live = (page, state) => page.waitForSelector(`#status[data-live=${state}]`, { timeout: 20_000 });

test("the map page while features are edited", { timeout: 240_000 }, async (t) => {
  const offered = editBase !== base
    || (await fetch(`${base}/collections/points/items/1`, { method: "OPTIONS" })).headers.get("allow")?.includes("PUT");
  if (!offered) return t.skip("this server takes no edits");
  const context = await chromium.launchPersistentContext(mkdtempSync(join(folder, "profile-")), {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    headless: true, args: QUIET, viewport: { width: 1280, height: 800 }, locale: "en-US",
  });
  const gate = await door(base);
  t.after(async () => { await context.close(); gate.close(); });
  const beforeEdits = Date.now();
  // A point away from the border of its tile.
  const found = (await (await fetch(`${base}/collections/points/items?limit=1&f=json&filter=state='registered'`)).json()).features[0];
  const [lon, lat] = found.geometry.coordinates;
  const page = await context.newPage();
  const asked = [];
  page.on("request", (request) => asked.push(request.url()));
  await page.goto(`${gate.url}/#16.5/${lat}/${lon}`);
  await page.waitForSelector("body[data-idle]", { timeout: 60_000 });
  await live(page, "on");
  const tiles = () => asked.filter((url) => url.includes(".mvt"));
  let feature = await item("points", found.id);
  let revision = 0;

  await t.test("an edit is repainted, and only its tiles are asked for", async () => {
    const times = [];
    for (let round = 0; round < 20; round += 1) {
      asked.length = 0;
      feature = { ...feature, geometry: shifted(feature.geometry, 0.0002 * (round % 2 ? -1 : 1), 0) };
      const edit = await written("points", feature);
      revision = edit.revision;
      times.push(await drawnAt(page, feature.id, feature.geometry.coordinates) - edit.at);
      await page.waitForTimeout(300);
      assert.ok(tiles().length >= 1 && tiles().length <= 4, `tiles asked for: ${tiles().length}`);
    }
    times.sort((a, b) => a - b);
    console.log(`# from acknowledgement to repaint: median ${times[10]} ms, p95 ${times[18]} ms, slowest ${times[19]} ms`);
    await page.waitForFunction((n) => document.querySelector("#status").textContent.includes(`revision ${n}`), revision);
  });

  await t.test("an attribute is shown at once, and its tile a little later", async () => {
    const field = await page.evaluate(() => {
      const layer = window.tuban.map.getStyle().layers.find((l) => l["source-layer"] === "points" && l.type === "circle");
      return JSON.stringify(layer.paint["circle-color"]).match(/"feature-state","([^"]+)"/)?.[1];
    });
    assert.ok(field, "the colour of points follows their state");
    asked.length = 0;
    // States follow from events alone.
    assert.equal(field, "state");
    const other = "dispatched";
    const raised = await fetch(`${base}/points/${feature.properties.id}/events`, {
      method: "POST", headers: { "Content-Type": "application/json" },
      body: JSON.stringify({
        id: "019aaaaa-0000-7000-8000-00000000000a", kind: "dispatch", role: "town", receiver: "城管队", occurred_at: new Date().toISOString(),
      }),
    });
    assert.ok(raised.ok, `${raised.status} ${await raised.text()}`);
    feature = await item("points", feature.id);
    assert.equal(feature.properties.state, other);
    await page.waitForFunction(([id, field, other]) => window.tuban.map.getFeatureState({ source: "tuban", sourceLayer: "points", id })[field] === other,
      [feature.id, field, other]);
    await page.waitForFunction(([id, field, other]) => window.tuban.map.querySourceFeatures("tuban", { sourceLayer: "points" })
      .some((f) => f.id === id && f.properties[field] === other), [feature.id, field, other]);
    assert.ok(tiles().length >= 1 && tiles().length <= 4, `tiles asked for: ${tiles().length}`);
    assert.deepEqual(asked.filter((url) => !url.startsWith(gate.url) && !/^(blob|data):/.test(url)), []);
  });

  await t.test("what is out of reach is listened to again after a move", async () => {
    asked.length = 0;
    await page.evaluate(() => window.tuban.map.jumpTo({ zoom: 14.2 }));
    await page.waitForSelector("body[data-idle]");
    await live(page, "on");
    const streams = asked.filter((url) => url.includes("/changes/stream"));
    assert.equal(streams.length, 1);
    assert.match(streams[0], /zoom=14&since=\d+/);
    await page.evaluate(() => window.tuban.map.panBy([40, 0], { animate: false }));
    await page.waitForSelector("body[data-idle]");
    assert.equal(asked.filter((url) => url.includes("/changes/stream")).length, 1, "a small move asks for nothing");
    await page.evaluate(([lon, lat]) => window.tuban.map.jumpTo({ center: [lon, lat], zoom: 16.5 }), [lon, lat]);
    await page.waitForSelector("body[data-idle]");
    await live(page, "on");
  });

  await t.test("a lost stream is said, and caught up with", async () => {
    gate.shut(true);
    await live(page, "lost");
    assert.match(await page.locator("#status").innerText(), /reconnecting/);
    feature = { ...feature, geometry: shifted(feature.geometry, 0, 0.0003) };
    await written("points", feature);
    gate.shut(false);
    await drawnAt(page, feature.id, feature.geometry.coordinates);
    await live(page, "on");
    assert.doesNotMatch(await page.locator("#status").innerText(), /reconnecting/);
  });

  await t.test("a page that nobody looks at listens to nothing, and catches up when it is seen again", async () => {
    const hide = (hidden) => page.evaluate((hidden) => {
      Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
      document.dispatchEvent(new Event("visibilitychange"));
    }, hidden);
    const readers = async () => Number((await (await fetch(`${base}/metrics`)).text()).match(/^tuban_stream_readers (\d+)$/m)[1]);
    const until = async (count) => {
      for (let round = 0; round < 100 && await readers() !== count; round += 1) await page.waitForTimeout(50);
      assert.equal(await readers(), count);
    };
    await until(1);
    await hide(true);
    await until(0);
    feature = { ...feature, geometry: shifted(feature.geometry, -0.0002, 0) };
    await written("points", feature);
    await hide(false);
    await drawnAt(page, feature.id, feature.geometry.coordinates);
    await until(1);
  });

  await t.test("the past is shown, and left", async () => {
    asked.length = 0;
    const slide = (share) => page.evaluate((share) => {
      const range = document.querySelector("#time input");
      range.value = Math.floor(share * range.max);
      range.dispatchEvent(new Event("input"));
    }, share);
    const first = Date.parse((await (await fetch(`${base}/changes?limit=1`)).json()).changes[0].at);
    const told = { source: "tuban", sourceLayer: "points", id: feature.id };
    await page.evaluate((told) => window.tuban.map.setFeatureState(told, { state: "void" }), told);
    await slide((beforeEdits - first) / (Date.now() - first));
    await page.waitForSelector("#time.past");
    await drawnAt(page, feature.id, [lon, lat]);
    const kept = await page.evaluate((told) => window.tuban.map.getFeatureState(told), told);
    assert.deepEqual(kept, {}, "what was told of a feature since then");
    assert.match(await page.locator("#time output").innerText(), /as of/);
    assert.match(await page.locator("#status").innerText(), /paused/);
    assert.ok(tiles().length && tiles().every((url) => url.includes("as-of=")), "tiles of that moment");
    await page.screenshot({ path: join(folder, "past.png") });
    feature = { ...feature, geometry: shifted(feature.geometry, 0.0001, 0) };
    await written("points", feature);
    await page.waitForTimeout(700);
    await drawnAt(page, feature.id, [lon, lat], 100);
    await page.click("#time button");
    await page.waitForSelector("#time:not(.past)");
    await drawnAt(page, feature.id, feature.geometry.coordinates);
    await live(page, "on");
    await page.click("#language");
    assert.match(await page.locator("#time output").innerText(), /现在/);
  });
});
