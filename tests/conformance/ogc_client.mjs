// @camptocamp/ogc-client reads the landing page, every collection, and features by page and box.
// Usage: node ogc_client.mjs BASE_URL
import assert from "node:assert/strict";
import { OgcApiEndpoint } from "@camptocamp/ogc-client";

const base = process.argv[2];
const endpoint = new OgcApiEndpoint(`${base}/`);
assert.equal((await endpoint.info).title, "Tuban 图斑");
assert.equal(await endpoint.hasFeatures, true);
assert.ok((await endpoint.vectorTileCollections).length);
const names = await endpoint.featureCollections;
const { collections } = await (await fetch(`${base}/collections`)).json();
assert.deepEqual(names, collections.map((one) => one.id));
for (const { id, count, crs } of collections) {
  const info = await endpoint.getCollectionInfo(id);
  assert.equal(info.id, id);
  assert.deepEqual(info.crs, crs);
  assert.ok(info.queryables.length && info.sortables.length, id);
  const [first, ...rest] = await endpoint.getCollectionItems(id, 3);
  assert.equal(rest.length, Math.min(count, 3) - 1, id);
  assert.equal((await endpoint.getCollectionItem(id, String(first.id))).id, first.id);
}
const url = await endpoint.getCollectionItemsUrl("parcels", { limit: 5, asJson: true, extent: [116.42, 39.635, 116.43, 39.65] });
const near = await (await fetch(url)).json();
assert.ok(near.numberReturned === 5 && near.numberMatched > 5, url);
const [later] = await endpoint.getCollectionItems("parcels", 1, 4, null, ["fid"]);
assert.equal(later.id, 5);
console.log(`ok @camptocamp/ogc-client: ${names.length} collections`);
