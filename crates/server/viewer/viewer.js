// The map page: layers with counts and legend, attributes on click, Chinese and English.
// It asks nothing but its own origin; labels are drawn with the reader's own fonts.
import * as maplibregl from "/viewer/maplibre-gl.mjs";

const WORDS = {
  zh: {
    other: "English", revision: "版本", features: "个要素", nothing: "此处没有要素",
    lost: "数据请求失败，请检查服务是否仍在运行", empty: "库中还没有数据：用 tuban import 导入", rest: "其他",
  },
  en: {
    other: "中文", revision: "revision", features: "features", nothing: "nothing here",
    lost: "a request failed: is the server still running?", empty: "the store is empty: use tuban import", rest: "other",
  },
};

const stored = localStorage.getItem("language");
let language = stored in WORDS ? stored : navigator.language.startsWith("zh") ? "zh" : "en";
const word = (key) => WORDS[language][key];
const element = (name, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
};

const answer = async (url) => {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return response.json();
};

const hidden = new Set();
let collections = [];
let aliases = new Map();
let style;
let map;
let revision = "";
let failed = false;

async function start() {
  const [listed, drawn] = await Promise.all([answer("/collections"), answer("/styles/all")]);
  collections = listed.collections;
  revision = listed.revision;
  style = drawn;
  aliases = new Map(collections.map((c) => [c.id, new Map((c.fields ?? []).map((f) => [f.name, f.alias ?? f.name]))]));
  map = new maplibregl.Map({
    container: "map",
    style,
    hash: true,
    bounds: listed.focus ?? extent(collections),
    fitBoundsOptions: { padding: { top: 30, bottom: 30, left: 300, right: 30 } },
    maxZoom: 22,
    attributionControl: { compact: false },
    dragRotate: false,
  });
  map.touchZoomRotate.disableRotation();
  map.addControl(new maplibregl.NavigationControl({ showCompass: false }), "top-right");
  map.addControl(new maplibregl.ScaleControl({ maxWidth: 120 }), "bottom-left");
  map.on("error", (event) => { failed = true; console.warn(event.error); showStatus(); });
  map.on("click", showFeatures);
  map.on("mousemove", (event) => {
    map.getCanvas().style.cursor = map.queryRenderedFeatures(event.point).length ? "pointer" : "";
  });
  map.on("idle", () => document.body.setAttribute("data-idle", "true"));
  // For tests and for the curious, in the console.
  window.tuban = { map, collections };
  showWords();
}

// The smallest box round all collections, as MapLibre wants it: [[west, south], [east, north]].
function extent(all) {
  const boxes = all.map((c) => c.extent?.spatial?.bbox?.[0]).filter(Boolean);
  if (!boxes.length) return [[115.4, 39.4], [117.5, 41.1]];
  return [
    [Math.min(...boxes.map((b) => b[0])), Math.min(...boxes.map((b) => b[1]))],
    [Math.max(...boxes.map((b) => b[2])), Math.max(...boxes.map((b) => b[3]))],
  ];
}

const layersOf = (id) => style.layers.filter((layer) => layer["source-layer"] === id);

// The colour property of a collection's first layer that has one: [property name, value].
function colorOf(id) {
  for (const layer of layersOf(id)) {
    const found = Object.entries(layer.paint ?? {}).find(([key]) => /^(fill|circle|line)-color$/.test(key));
    if (found) return found;
  }
  return ["fill-color", "#999"];
}

function swatch(kind, color) {
  const made = element("span", { className: `swatch ${kind.split("-")[0]}` });
  made.style.background = color;
  return made;
}

function showLayers() {
  document.getElementById("layers").replaceChildren(...collections.map((collection) => {
    const [kind, color] = colorOf(collection.id);
    const matched = Array.isArray(color) && color[0] === "match";
    const box = element("input", { type: "checkbox", checked: !hidden.has(collection.id) });
    box.addEventListener("change", () => {
      box.checked ? hidden.delete(collection.id) : hidden.add(collection.id);
      for (const layer of layersOf(collection.id)) {
        map.setLayoutProperty(layer.id, "visibility", box.checked ? "visible" : "none");
      }
    });
    const item = element("li", {}, element("label", { title: collection.description || collection.id },
      box,
      swatch(kind, matched ? color.at(-1) : color),
      element("span", { className: "title", textContent: collection.title || collection.id }),
      element("span", { className: "count", textContent: collection.count.toLocaleString(language) })));
    if (matched) {
      const rows = [];
      for (let at = 2; at + 1 < color.length; at += 2) rows.push([[color[at]].flat().join(" · "), color[at + 1]]);
      rows.push([word("rest"), color.at(-1)]);
      item.append(element("ul", { className: "categories" },
        ...rows.map(([label, shade]) => element("li", {}, swatch(kind, shade), label))));
    }
    return item;
  }));
}

function showStatus() {
  const status = document.getElementById("status");
  const total = collections.reduce((sum, collection) => sum + collection.count, 0);
  status.className = failed ? "failed" : "";
  status.textContent = failed ? word("lost")
    : collections.length ? `${total.toLocaleString(language)} ${word("features")} · ${word("revision")} ${revision}` : word("empty");
}

function showWords() {
  document.documentElement.lang = language;
  document.getElementById("language").textContent = word("other");
  showLayers();
  showStatus();
}

function showFeatures(event) {
  const { x, y } = event.point;
  const found = map.queryRenderedFeatures([[x - 3, y - 3], [x + 3, y + 3]]);
  const seen = new Map();
  for (const feature of found) seen.set(`${feature.sourceLayer}/${feature.id}`, feature);
  if (!seen.size) return;
  const content = element("div");
  for (const feature of [...seen.values()].slice(0, 8)) {
    const title = collections.find((c) => c.id === feature.sourceLayer)?.title || feature.sourceLayer;
    const names = aliases.get(feature.sourceLayer);
    content.append(element("section", { className: "feature" },
      element("h2", { textContent: `${title} · ${feature.id}` }),
      element("table", {}, ...Object.entries(feature.properties).map(([name, value]) =>
        element("tr", {}, element("th", { textContent: names?.get(name) ?? name, title: name }),
          element("td", { textContent: value }))))));
  }
  new maplibregl.Popup({ maxWidth: "360px" }).setLngLat(event.lngLat).setDOMContent(content).addTo(map);
}

document.getElementById("language").addEventListener("click", () => {
  language = language === "zh" ? "en" : "zh";
  localStorage.setItem("language", language);
  showWords();
});

start().catch((error) => { console.error(error); failed = true; showStatus(); });
