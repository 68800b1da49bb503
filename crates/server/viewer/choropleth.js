// Towns coloured by an indicator, with the figures beside the colours. The server computes; the page
// draws five classes of equal width.
import { ask } from "/viewer/access.js";
import { element } from "/viewer/element.js";
import { shownMoment } from "/viewer/past.js";

const UNITS = "admin_units";
const LAYER = "choropleth";
// From little to much; readable with every kind of colour vision (viridis, light end first).
const COLOURS = ["#fde725", "#5ec962", "#21918c", "#3b528b", "#440154"];
const NO_VALUE = "#c4c9cd";
// Levels below the whole, which is a city over districts and towns.
const DEPTH = 2;
// Names and figures that are listed.
const LISTED = 30;

// Wires the choice `select` and the box `key` for colours and figures; `hasUnits` tells whether units
// are on the map.
export function choropleth(map, { select, key }, { word, language, hasUnits }) {
  let told = null;
  let failed = false;
  let turn = 0;

  // The indicators, once there is something to ask for.
  async function begin() {
    if (!hasUnits) return;
    await read();
    select.hidden = !told;
  }

  async function read() {
    const mine = (turn += 1);
    const asOf = shownMoment() ? `&as-of=${encodeURIComponent(shownMoment())}` : "";
    const response = await ask(`/indicators?f=json&depth=${DEPTH}${asOf}`).catch(() => null);
    const answer = response?.ok ? await response.json().catch(() => null) : null;
    if (mine !== turn) return;
    failed = !answer;
    if (answer) told = answer;
    show();
  }

  const indicator = () => told?.indicators.find(({ code }) => code === select.value);

  // The towns with their values; null where there is none.
  function valued() {
    const rows = told.rows.filter((row) => row.depth === DEPTH && row.unit);
    return rows.map((row) => ({ code: row.unit, name: row.name, value: row.figures[select.value]?.value ?? null }));
  }

  function show() {
    const chosen = select.value;
    const choices = [["", word("no_indicator")], ...(told?.indicators ?? []).map(({ code, name }) => [code, name])];
    select.ariaLabel = word("indicator");
    select.replaceChildren(...choices.map(([value, textContent]) => element("option", { value, textContent })));
    select.value = choices.some(([code]) => code === chosen) ? chosen : "";
    if (map.getLayer(LAYER)) map.removeLayer(LAYER);
    key.hidden = !select.value;
    key.replaceChildren();
    if (!select.value) return;
    const units = valued();
    const known = units.filter(({ value }) => value !== null).map(({ value }) => Number(value));
    const [least, most] = [Math.min(...known), Math.max(...known)];
    const classOf = (value) => (most > least ? Math.min(COLOURS.length - 1, Math.floor((Number(value) - least) / (most - least) * COLOURS.length)) : 0);
    const colourOf = (value) => (value === null ? NO_VALUE : COLOURS[classOf(value)]);
    if (units.length) draw(units, colourOf);
    describe(units, colourOf);
  }

  function draw(units, colourOf) {
    const colours = units.flatMap(({ code, value }) => [code, colourOf(value)]);
    // Over the ground, under everything that is looked at by itself.
    const layers = map.getStyle().layers;
    const above = layers.find((layer) => layer.type === "circle" || layer.type === "symbol");
    map.addLayer({
      id: LAYER, type: "fill", source: "tuban", "source-layer": UNITS,
      filter: ["in", ["get", "code"], ["literal", units.map(({ code }) => code)]],
      paint: { "fill-color": ["match", ["get", "code"], ...colours, NO_VALUE], "fill-opacity": 0.55, "fill-outline-color": "#41484e" },
    }, above?.id);
  }

  function describe(units, colourOf) {
    const { name, definition, unitOfMeasure, decimals, basisName, basis } = indicator();
    const figure = (value) => (value === null ? "—" : Number(value).toLocaleString(language(), { minimumFractionDigits: decimals, maximumFractionDigits: decimals }));
    const noted = basis === "template" ? ` · ${basisName}` : "";
    const sorted = [...units].sort((a, b) => Number(b.value ?? -Infinity) - Number(a.value ?? -Infinity));
    const rows = sorted.slice(0, LISTED).map(({ code, name, value }) => {
      const mark = element("span", { className: "swatch fill" });
      mark.style.background = colourOf(value);
      const row = element("tr", {}, element("td", {}, mark), element("th", { textContent: name || code }), element("td", { textContent: figure(value) }));
      row.dataset.unit = code;
      return row;
    });
    key.replaceChildren(
      element("p", { title: definition, textContent: failed ? word("no_figures") : `${name}（${unitOfMeasure}）${noted}` }),
      element("table", {}, ...rows));
  }

  select.addEventListener("change", show);
  begin();
  return {
    showWords: show,
    // Another moment, or something has changed.
    later() { if (!select.hidden) read(); },
  };
}
