// The map page of a store with accounts: it asks for a token, sends it with all that it asks for,
// and asks again when it is revoked.
// Usage: access.test.mjs URL STORE BINARY FOLDER_FOR_SCREENSHOTS
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { chromium } from "playwright-core";

const [base, store, tuban, folder] = process.argv.slice(2);
const QUIET = ["--no-sandbox", "--enable-unsafe-swiftshader", "--use-angle=swiftshader", "--ignore-gpu-blocklist", "--no-first-run"];
const user = (...rest) => execFileSync(tuban, ["user", rest[0], store, ...rest.slice(1)], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();

const drawn = (page) => page.waitForFunction(() => document.body.dataset.idle && window.tuban?.map.queryRenderedFeatures().length > 0, null, { timeout: 60_000 });
const live = (page) => page.waitForSelector("#status[data-live=on]", { timeout: 60_000 });

test("the viewer with accounts", { timeout: 240_000 }, async (t) => {
  const context = await chromium.launchPersistentContext(mkdtempSync(join(folder, "access-")), {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    headless: true, args: QUIET, viewport: { width: 1280, height: 800 }, locale: "zh-CN",
  });
  t.after(() => context.close());
  const token = user("token", "li");
  const number = () => JSON.parse(user("list", "--json")).accounts[0].tokens.at(-1).id;

  await t.test("asks for a token, and draws and follows with it", async () => {
    const page = await context.newPage();
    const asked = [];
    page.on("request", (request) => asked.push(request));
    await page.goto(`${base}/`);
    await page.waitForSelector("#sign-in", { state: "visible" });
    assert.match(await page.textContent("#why"), /令牌/);
    assert.equal(await page.isVisible("#more"), false);
    await page.fill("#token", "tuban_wrong");
    await page.click("#enter");
    await page.waitForFunction(() => document.getElementById("why").textContent === "令牌无效");
    await page.screenshot({ path: join(folder, "sign-in.png") });
    await page.fill("#token", token);
    await page.click("#enter");
    await drawn(page);
    await live(page);
    await page.screenshot({ path: join(folder, "signed-in.png") });
    assert.equal(await page.isVisible("#sign-in"), false);
    const tiles = asked.filter((request) => request.url().includes("/xyz/"));
    assert.ok(tiles.length && tiles.every((request) => request.headers().authorization === `Bearer ${token}`), "tiles are asked for by header");
    const withToken = asked.filter((request) => request.url().includes(token)).map((request) => new URL(request.url()).pathname);
    assert.deepEqual([...new Set(withToken)], ["/changes/stream"], "only the stream has it in its URL");
    await page.click("#sign-out");
    await page.waitForSelector("#sign-in", { state: "visible" });
    await page.close();
  });

  await t.test("opens by a link with a token, which leaves the address bar", async () => {
    const page = await context.newPage();
    await page.goto(`${base}/?token=${token}`);
    await drawn(page);
    assert.ok(!page.url().includes("tuban_"), page.url());
    await page.reload();
    await drawn(page);
    await live(page);
    user("revoke", String(number()));
    await page.waitForSelector("#sign-in", { state: "visible", timeout: 60_000 });
    assert.equal(await page.textContent("#why"), "令牌已撤销");
    await page.close();
  });

  await t.test("draws the map of a page that is opened by such a link", async () => {
    const page = await context.newPage();
    await page.goto(`${base}/collections/places/items?f=html&token=${user("token", "li")}`);
    await page.waitForSelector("body[data-idle]", { timeout: 60_000 });
    await page.close();
  });
});
