// The map page: layers with counts and legend, attributes on click, Chinese and English.
// It asks nothing but its own origin; labels are drawn with the reader's own fonts.
import * as maplibregl from "/viewer/maplibre-gl.mjs";
import { ask, keepToken, requestOf, signedIn, tokenOfPage } from "/viewer/access.js";
import { areas } from "/viewer/areas.js";
import { areaLabels, liftAreaLabels, named } from "/viewer/labels.js";
import { element } from "/viewer/element.js";
import { grounds, showGrounds } from "/viewer/grounds.js";
import { ledger } from "/viewer/ledger.js";
import { follow, followStates } from "/viewer/live.js";
import { atMoment, slider } from "/viewer/past.js";

const WORDS = {
  zh: {
    other: "English", revision: "版本", features: "个要素", more: "个要素未列出", fold: "图层列表", show: "缩放到图层", away: "放大地图后可见",
    lost: "数据请求失败，请检查服务是否仍在运行", empty: "库中还没有数据：用 tuban import 导入", rest: "其他",
    on: "实时", broken: "实时更新中断，正在重连", off: "实时更新已暂停",
    ground: "底图", noGround: "无底图",
    enter: "登录", leave: "退出登录", token: "令牌", needed: "请输入令牌（由管理员用 tuban user token 签发）",
    token_unknown: "令牌无效", token_expired: "令牌已过期", token_revoked: "令牌已撤销", account_disabled: "账号已停用",
    present: "现在", past: "当时：", toPresent: "回到现在", slider: "查看过去的时刻",
    "NavigationControl.ZoomIn": "放大", "NavigationControl.ZoomOut": "缩小", "Popup.Close": "关闭",
    "AttributionControl.ToggleAttribution": "数据来源", "Map.Title": "地图",
  },
  en: {
    other: "中文", revision: "revision", features: "features", more: "more features here", fold: "List of layers", show: "Zoom to layer", away: "zoom in to see it",
    lost: "A request failed: is the server still running?", empty: "The store is empty: use tuban import", rest: "other",
    on: "live", broken: "live updates lost, reconnecting", off: "live updates paused",
    ground: "Base map", noGround: "no base map",
    enter: "Sign in", leave: "Sign out", token: "Token", needed: "Enter a token (made with tuban user token)",
    token_unknown: "The token is not known", token_expired: "The token has expired", token_revoked: "The token was revoked", account_disabled: "The account is disabled",
    present: "now", past: "as of", toPresent: "back to now", slider: "Show a moment of the past",
  },
};
// Features that one popup describes.
const MOST_DESCRIBED = 8;
const NARROW = matchMedia("(max-width: 560px)").matches;
// Room that the panel takes from what is brought into view.
const PADDING = NARROW ? { top: 72, bottom: 24, left: 16, right: 16 } : { top: 40, bottom: 40, left: 310, right: 40 };
// Nearer than this, a single point stands for nothing.
const NEAREST = 17;
// What the page opens on when the store says nothing better: Beijing.
const NOWHERE = [[115.4, 39.4], [117.5, 41.1]];

const byId = (id) => document.getElementById(id);
const stored = localStorage.getItem("language");
let language = stored in WORDS ? stored : navigator.language.startsWith("zh") ? "zh" : "en";
const word = (key) => WORDS[language][key];

const answer = async (url) => {
  const response = await ask(url);
  if (response.status === 401) await askForToken(response);
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return response.json();
};

// Why a token is asked for, as the server's code; empty while none is.
let refusal = "";

// The server answers 401: what is shown needs another token.
async function askForToken(response) {
  const { code } = await response.clone().json().catch(() => ({}));
  refusal = code ?? "token_required";
  fold(false);
  showWords();
}

const hidden = new Set();
let collections = [];
let style = { layers: [] };
let map;
let popup;
let revision = "";
let failed = false;
// Whether changes are followed: "on", "lost" or "off"; unknown until the stream has answered.
let live = "";
let showMoment = () => {};
// The list of open points; nothing in a store without a ledger.
let points = { showWords() {}, later() {}, trace: () => null };
// The tool that draws areas and tells what lies in them.
let drawnAreas = { showWords() {}, later() {}, isDrawing: () => false };
// Base maps, and which of them is shown.
let base = null;

async function start() {
  const [listed, drawn] = await Promise.all([answer("/collections"), answer("/styles/all")]);
  style = drawn;
  revision = listed.revision;
  // Archives of tiles are no layers: those with images can lie below all of them.
  // Features without places, such as events, are none either, nor what no tile shows.
  const isDrawn = (c) => c.links.some((link) => link.rel.endsWith("/tilesets-vector"));
  collections = listed.collections.filter((c) => c.itemType === "feature" && isDrawn(c) && (c.extent || !c.count));
  base = grounds(listed.collections);
  // What a style draws only when it is asked for is off at first.
  const isOff = (c) => layersOf(c.id).every((layer) => layer.layout?.visibility === "none");
  for (const { id } of collections.filter(isOff)) hidden.add(id);
  // As on the map: what is drawn last stands first.
  const floor = (c) => style.layers.findIndex((layer) => layer["source-layer"] === c.id);
  collections.sort((a, b) => floor(b) - floor(a));
  const { lifted, style: drawable } = liftAreaLabels(style, collections);
  map = new maplibregl.Map({
    container: "map",
    style: base.below(followStates(drawable)),
    transformRequest: (url) => requestOf(atMoment(url)),
    // A tile out of view may change unseen: it is asked for again, and mostly answered 304.
    maxTileCacheSize: 0,
    locale: WORDS[language],
    hash: true,
    bounds: opening(collections),
    fitBoundsOptions: { padding: PADDING },
    maxZoom: 22,
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
  });
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  map.addControl(new maplibregl.NavigationControl({ showCompass: false }), "bottom-right");
  map.addControl(new maplibregl.ScaleControl({ maxWidth: 120 }), "bottom-left");
  map.on("error", (event) => {
    console.warn(event.error);
    // What is wrong with the token, the list says.
    if (event.error?.status === 401 && !refusal) answer("/collections").catch(() => {});
    showFailure(true);
  });
  map.on("sourcedata", (event) => { if (event.tile?.state === "loaded") showFailure(false); });
  map.on("click", (event) => { if (!drawnAreas.isDrawing()) showFeatures(event); });
  map.on("mousemove", (event) => {
    if (drawnAreas.isDrawing()) return;
    map.getCanvas().style.cursor = map.queryRenderedFeatures(event.point).length ? "pointer" : "";
  });
  map.on("zoomend", showReach);
  // At rest: everything is drawn, and every name in its place.
  const placeLabels = areaLabels(map, lifted);
  map.on("idle", () => { if (!placeLabels()) document.body.setAttribute("data-idle", "true"); });
  map.on("movestart", () => document.body.removeAttribute("data-idle"));
  map.once("load", () => {
    points = ledger(map, byId("ledger"), { collections: listed.collections, language: () => language, show: showPopup });
    drawnAreas = areas(map, byId("areas"), { collections: listed.collections, language: () => language, padding: PADDING });
  });
  map.once("load", () => followChanges(listed.revision).catch((error) => console.error(error)));
  // For tests and for the curious, in the console.
  window.tuban = { map, collections };
  showWords();
}

async function followChanges(since) {
  if (!map.getSource("tuban")) return;
  if (!map.isSourceLoaded("tuban")) await new Promise((loaded) => { map.once("idle", loaded); });
  const following = follow(map, since, {
    told: (event) => {
      revision = Math.max(revision, event.revision);
      showStatus();
      if (event.omitted || event.changes.some((change) => change.collection === "points")) points.later();
      if (event.omitted || event.changes.some((change) => change.collection === "focus_areas")) drawnAreas.later();
      const counted = event.changes.some((change) => !["replace", "erase"].includes(change.operation));
      if (counted || event.described?.length || event.omitted) countLater();
    },
    stateChanged: (state) => {
      live = state;
      showStatus();
    },
    refused: askForToken,
  });
  showMoment = await slider(map, byId("time"), {
    word, locale: () => language, changed(moment) {
      if (moment) following.pause();
      else following.resume();
      points.later();
      drawnAreas.later();
    },
  });
}

// Reads counts and titles anew, at most once a second.
let counting = 0;
function countLater() {
  counting ||= setTimeout(async () => {
    counting = 0;
    const listed = await answer("/collections").catch(() => null);
    for (const now of listed?.collections ?? []) {
      Object.assign(collections.find((c) => c.id === now.id) ?? {}, now);
    }
    showLayers();
    showStatus();
  }, 1000);
}

// The map opens where most features are, as MapLibre wants it: [[west, south], [east, north]].
function opening(all) {
  const placed = all.filter((c) => c.count && c.extent);
  if (!placed.length) return base.all.length ? boxOf(base.all[0]) : NOWHERE;
  return boxOf(placed.reduce((a, b) => (b.count > a.count ? b : a)));
}

function boxOf(collection) {
  const [west, south, east, north] = collection.extent.spatial.bbox[0];
  return [[west, south], [east, north]];
}

const layersOf = (id) => style.layers.filter((layer) => layer["source-layer"] === id);

// How a collection looks: kind of symbol, [label, colour] of its categories or one colour, outline.
function lookOf(id) {
  const layers = layersOf(id).filter((layer) => ["fill", "line", "circle"].includes(layer.type));
  const first = layers[0];
  if (!first) return { kind: "fill", color: "#999", categories: [] };
  const color = first.paint?.[`${first.type}-color`] ?? "#000";
  const outline = first.type === "circle" ? first.paint["circle-stroke-color"]
    : layers.find((layer) => layer.type === "line")?.paint?.["line-color"];
  const plain = (value) => (typeof value === "string" ? value : "#999");
  if (color[0] !== "match") return { kind: first.type, color: plain(color), outline, categories: [] };
  const named = first.metadata?.["tuban:legend"]?.[language];
  const categories = [];
  for (let at = 2; at + 1 < color.length; at += 2) categories.push([[color[at]].flat().join(", "), plain(color[at + 1])]);
  categories.push([word("rest"), plain(color.at(-1))]);
  return { kind: first.type, categories: categories.map(([label, shade], at) => [named?.[at] ?? label, shade]) };
}

function swatch(kind, color, outline) {
  const made = element("span", { className: `swatch ${kind}` });
  made.style.background = color;
  if (outline && outline !== "#ffffff") made.style.borderColor = outline;
  return made;
}

// All colours of the categories in one round swatch.
function wheel(categories) {
  const share = 100 / categories.length;
  return `conic-gradient(${categories.map(([, shade], at) => `${shade} ${at * share}% ${(at + 1) * share}%`).join(", ")})`;
}

function titleOf(collection) {
  const { id, title } = collection;
  const made = element("span", { className: "title", textContent: title || id });
  if (language === "en" && title && title !== id) made.append(element("small", { textContent: ` ${id}` }));
  return made;
}

function showLayers() {
  byId("layers").replaceChildren(...collections.map((collection) => {
    const look = lookOf(collection.id);
    const box = element("input", { type: "checkbox", checked: !hidden.has(collection.id) });
    box.addEventListener("change", () => {
      box.checked ? hidden.delete(collection.id) : hidden.add(collection.id);
      for (const layer of layersOf(collection.id)) {
        map.setLayoutProperty(layer.id, "visibility", box.checked ? "visible" : "none");
      }
    });
    const item = element("li", {}, element("label", {},
      box,
      look.categories.length ? swatch("circle", wheel(look.categories)) : swatch(look.kind, look.color, look.outline),
      titleOf(collection),
      element("span", { className: "count", textContent: collection.count.toLocaleString(language) })));
    if (collection.count && collection.extent) {
      const show = element("button", { type: "button", className: "show", title: word("show"), ariaLabel: word("show") });
      show.addEventListener("click", () => map.fitBounds(boxOf(collection), { padding: PADDING, maxZoom: NEAREST }));
      item.append(show);
    }
    item.dataset.id = collection.id;
    if (look.categories.length) {
      item.append(element("ul", { className: "categories" },
        ...look.categories.map(([label, shade]) => element("li", {}, swatch(look.kind, shade), label))));
    }
    return item;
  }));
  showReach();
}

// Greys the layers that are not drawn at this zoom.
function showReach() {
  const zoom = map.getZoom();
  for (const item of byId("layers").children) {
    const collection = collections.find((c) => c.id === item.dataset.id);
    const drawn = layersOf(collection.id).some((layer) =>
      zoom >= Math.max(layer.minzoom ?? 0, collection.minzoom) && zoom < (layer.maxzoom ?? 24));
    item.classList.toggle("away", !drawn);
    item.firstChild.title = [collection.description || collection.id, drawn ? "" : word("away")].filter(Boolean).join(" · ");
  }
}

function showStatus() {
  const total = collections.reduce((sum, collection) => sum + collection.count, 0);
  const status = byId("status");
  status.className = failed ? "failed" : "";
  if (live) status.dataset.live = live;
  const state = live === "lost" ? word("broken") : live && word(live);
  status.title = state;
  const following = live === "lost" || live === "off" ? ` · ${state}` : "";
  status.textContent = refusal ? word("needed")
    : failed ? word("lost")
    : total ? `${total.toLocaleString(language)} ${word("features")} · ${word("revision")} ${revision}${following}` : word("empty");
}

function showFailure(now) {
  if (now === failed) return;
  failed = now;
  showStatus();
}

function showWords() {
  document.documentElement.lang = language;
  const other = byId("language");
  other.textContent = word("other");
  other.lang = language === "zh" ? "en" : "zh";
  byId("fold").title = word("fold");
  byId("enter").textContent = word("enter");
  byId("sign-out").textContent = word("leave");
  byId("sign-out").hidden = !signedIn();
  // Pages are asked for by the browser itself, which sends no token.
  byId("more").hidden = signedIn() || refusal !== "";
  byId("sign-in").hidden = !refusal;
  byId("why").textContent = word(refusal) ?? word("needed");
  byId("token").placeholder = byId("token").ariaLabel = word("token");
  if (map) showLayers();
  if (map) showGrounds(map, base, byId("grounds"), word);
  showMoment();
  points.showWords();
  drawnAreas.showWords();
  showStatus();
}

function fold(folded) {
  byId("panel").classList.toggle("folded", folded);
  byId("fold").setAttribute("aria-expanded", String(!folded));
}

// Draws the outline of one feature over everything, or of none.
function select(feature) {
  if (map.getLayer("selected")) map.removeLayer("selected");
  if (!feature) return;
  const point = feature.geometry.type.endsWith("Point");
  map.addLayer({
    id: "selected",
    type: point ? "circle" : "line",
    source: feature.source,
    "source-layer": feature.sourceLayer,
    filter: ["==", ["id"], feature.id],
    paint: point
      ? { "circle-radius": 10, "circle-opacity": 0, "circle-stroke-color": "#0050d0", "circle-stroke-width": 3 }
      : { "line-color": "#0050d0", "line-width": 3 },
  });
}

function described(feature) {
  const collection = collections.find((c) => c.id === feature.sourceLayer);
  const fields = collection.fields.filter((field) => field.name in feature.properties);
  const look = lookOf(collection.id);
  return element("section", { className: "feature" },
    element("h2", {},
      look.categories.length ? swatch("circle", wheel(look.categories)) : swatch(look.kind, look.color, look.outline),
      titleOf(collection), element("small", { textContent: `#${feature.id}` })),
    element("table", {}, ...fields.map((field) =>
      element("tr", {}, element("th", { textContent: field.alias ?? field.name, title: field.name }),
        element("td", { textContent: feature.properties[field.name] })))));
}

function showFeatures(event) {
  const { x, y } = event.point;
  const seen = new Map();
  const rendered = map.queryRenderedFeatures([[x - 3, y - 3], [x + 3, y + 3]]).map(named);
  for (const feature of rendered.filter(({ sourceLayer }) => collections.some((c) => c.id === sourceLayer))) {
    const key = `${feature.sourceLayer}/${feature.id}`;
    if (!seen.has(key)) seen.set(key, feature);
  }
  const found = [...seen.values()];
  popup?.remove();
  if (!found.length) return;
  const content = element("div", {}, ...found.slice(0, MOST_DESCRIBED).map(described));
  if (found.length > MOST_DESCRIBED) {
    content.append(element("p", { textContent: `${found.length - MOST_DESCRIBED} ${word("more")}` }));
  }
  const point = found.find((feature) => feature.sourceLayer === "points");
  const trace = point?.properties.id && points.trace(point.properties.id);
  if (trace) content.append(trace);
  showPopup(event.lngLat, content);
  select(found[0]);
}

function showPopup(place, content) {
  popup?.remove();
  popup = new maplibregl.Popup({ maxWidth: "min(380px, 92vw)", padding: NARROW ? {} : { left: 290 } }).setLngLat(place).setDOMContent(content);
  popup.on("close", () => select(null));
  popup.addTo(map);
}

byId("language").addEventListener("click", () => {
  language = language === "zh" ? "en" : "zh";
  localStorage.setItem("language", language);
  showWords();
});
byId("fold").addEventListener("click", () => fold(!byId("panel").classList.contains("folded")));

byId("sign-in").addEventListener("submit", (event) => {
  event.preventDefault();
  keepToken(byId("token").value.trim());
  location.reload();
});
byId("sign-out").addEventListener("click", () => {
  keepToken("");
  location.reload();
});

// A token stays in no address bar.
if (tokenOfPage()) history.replaceState(null, "", `${location.pathname}${location.hash}`);
fold(NARROW);
start().catch((error) => { console.error(error); showFailure(true); showWords(); });
