// Towns coloured by an indicator, with the figures beside the colours. The server computes, and says in a
// style how units are drawn.
import { ask } from "/viewer/access.js";
import { element } from "/viewer/element.js";
import { shownMoment } from "/viewer/past.js";

const LAYER = "choropleth";
// Levels below the whole, which is a city over districts and towns.
const DEPTH = 2;
// Names and figures that are listed.
const LISTED = 30;

// Wires the choice `select` and the box `key` for colours and figures; `hasUnits` tells whether units
// are on the map.
export function choropleth(map, { select, key }, { word, language, hasUnits }) {
  let told = null;
  // The layer that the server draws units by; null while none is drawn.
  let drawn = null;
  let failed = false;
  let turn = 0;

  const asOf = () => (shownMoment() ? `&as-of=${encodeURIComponent(shownMoment())}` : "");

  async function answer(path) {
    const response = await ask(`${path}depth=${DEPTH}${asOf()}`).catch(() => null);
    return response?.ok ? response.json().catch(() => null) : null;
  }

  // The indicators, once there is something to ask for.
  async function begin() {
    if (!hasUnits) return;
    await read();
    select.hidden = !told;
  }

  async function read() {
    const mine = (turn += 1);
    const code = select.value;
    const [figures, style] = await Promise.all([
      answer("/indicators?f=json&"),
      code ? answer(`/indicators/${encodeURIComponent(code)}/style?`) : null,
    ]);
    if (mine !== turn) return;
    failed = !figures || Boolean(code && !style);
    if (figures) told = figures;
    drawn = style?.layers.find((layer) => layer.type === "fill") ?? null;
    draw();
    showWords();
  }

  function draw() {
    if (map.getLayer(LAYER)) map.removeLayer(LAYER);
    if (!drawn) return;
    // Over the ground, under everything that is looked at by itself.
    const above = map.getStyle().layers.find((layer) => layer.type === "circle" || layer.type === "symbol");
    map.addLayer({ ...drawn, id: LAYER, source: "tuban" }, above?.id);
  }

  // The branches of the colours: [codes, colour] of each class; the last colour is that of no figure.
  function colours() {
    const colour = drawn?.paint["fill-color"] ?? "";
    if (!Array.isArray(colour)) return { classes: [], rest: colour };
    const branches = colour.slice(2, -1);
    const classes = branches.flatMap((codes, at) => (at % 2 ? [] : [[codes, branches[at + 1]]]));
    return { classes, rest: colour.at(-1) };
  }

  function swatch(colour) {
    const mark = element("span", { className: "swatch fill" });
    mark.style.background = colour;
    return mark;
  }

  function describe() {
    const { code, name, definition, unitOfMeasure, decimals, basisName, basis } = told.indicators.find((one) => one.code === select.value);
    const { classes, rest } = colours();
    const figure = (value) => (value === null ? "—" : Number(value).toLocaleString(language(), { minimumFractionDigits: decimals, maximumFractionDigits: decimals }));
    const noted = basis === "template" ? ` · ${basisName}` : "";
    const towns = told.rows.filter((row) => row.depth === DEPTH && row.unit);
    const valued = towns.map((row) => ({ unit: row.unit, name: row.name, value: row.figures[code]?.value ?? null }));
    valued.sort((a, b) => Number(b.value ?? -Infinity) - Number(a.value ?? -Infinity));
    const rows = valued.slice(0, LISTED).map(({ unit, name, value }) => {
      const [, colour] = classes.find(([codes]) => codes.includes(unit)) ?? [null, rest];
      const row = element("tr", {}, element("td", {}, swatch(colour)), element("th", { textContent: name }), element("td", { textContent: figure(value) }));
      row.dataset.unit = unit;
      return row;
    });
    const shades = [...classes.map(([, colour]) => colour), rest];
    const legend = drawn?.metadata["tuban:legend"][language()] ?? [];
    key.replaceChildren(
      element("p", { title: definition, textContent: failed ? word("no_figures") : `${name}（${unitOfMeasure}）${noted}` }),
      element("p", { className: "classes" }, ...legend.map((label, at) => element("span", {}, swatch(shades[at]), ` ${label}`))),
      element("table", {}, ...rows));
  }

  function showWords() {
    const chosen = select.value;
    const choices = [["", word("no_indicator")], ...(told?.indicators ?? []).map(({ code, name }) => [code, name])];
    select.ariaLabel = word("indicator");
    select.replaceChildren(...choices.map(([value, textContent]) => element("option", { value, textContent })));
    select.value = choices.some(([code]) => code === chosen) ? chosen : "";
    key.hidden = !select.value;
    key.replaceChildren();
    if (select.value) describe();
  }

  select.addEventListener("change", () => {
    if (select.value) return read();
    turn += 1;
    drawn = null;
    draw();
    showWords();
  });
  begin();
  return {
    showWords,
    // Another moment, or something has changed.
    later() { if (!select.hidden) read(); },
  };
}
