// Areas of special attention (片区): draws one, tells what lies in it, saves it and tells its figures. What
// lies in it needs no saving; saving is for those who may edit, in a store that keeps such areas.
import { ask } from "/viewer/access.js";
import { POINTS, SUMS, countsTable, figuresTable } from "/viewer/area_tables.js";
import { AREA_WORDS } from "/viewer/area_words.js";
import { element } from "/viewer/element.js";
import { shownMoment } from "/viewer/past.js";
import { LEAST_CORNERS, sketch } from "/viewer/sketch.js";

const AREAS = "focus_areas";
const ITEMS = `/collections/${AREAS}/items`;
const LISTED = 1000;
// What is counted in an area, as far as the store has it.
const COUNTED = ["parcels", "buildings"];
const CODES = "PQ-";
// The kind that is offered first, and what lies between kinds in the description of the collection.
const KIND = "片区";
const BETWEEN = "、";

const today = () => new Date().toLocaleDateString("sv", { timeZone: "Asia/Shanghai" });
const isValid = ({ valid_from: from, valid_to: to }, day) => (!from || from <= day) && (!to || to > day);

// What the server says of a refusal.
class Refusal extends Error {
  constructor(status, problem) {
    const defects = problem?.defects?.map(({ pointer, problem: what }) => `${pointer}: ${what}`) ?? [];
    super([problem?.detail, ...defects].filter(Boolean).join(" · "));
    this.status = status;
  }
}

async function answer(url, options) {
  const response = await ask(url, options).catch(() => null);
  if (!response?.ok) throw new Refusal(response?.status ?? 0, await response?.json().catch(() => null));
  return response;
}

// Wires `box`; `padding` is what is left free of the view. Answers what shows the words anew, what reads
// areas anew and whether clicks on the map set corners.
export function areas(map, box, { collections, language, padding }) {
  const word = (key) => AREA_WORDS[language()][key];
  const part = (name) => box.querySelector(`[data-areas=${name}]`);
  const [fold, draw, clear, list, hint, counts, form, chosen, refusal, figures] = ["fold", "draw", "clear", "list", "hint", "counts", "form", "chosen", "refusal", "figures"].map(part);
  const held = (id) => collections.find((c) => c.id === id);
  const hasLedger = Boolean(held(POINTS)?.fields.some(({ name }) => name === "state"));
  const counted = [...COUNTED.filter(held), ...(hasLedger ? [POINTS] : [])];
  if (!counted.length) return { showWords() {}, later() {}, isDrawing: () => false };
  let known = [];
  let mayEdit = false;
  // The geometry that is shown, and the feature that it is of where it is saved.
  let area = null;
  let told = [];
  let shown = null;
  let refused = null;
  let corners = null;
  let turn = 0;

  const drawn = sketch(map, {
    told(number) {
      corners = number;
      if (number === null) area = null;
      showWords();
    },
    ended: (geometry) => look({ geometry, feature: null }),
  });
  const asOf = () => shownMoment() ?? undefined;

  // Asks what lies in a geometry, and the figures of an area that is saved.
  async function look(next) {
    const mine = (turn += 1);
    [area, corners, refused, told, shown] = [next, null, null, [], null];
    showWords();
    if (!next) return;
    try {
      const [found, indicators] = await Promise.all([
        Promise.all(counted.map((id) => count(id, next.geometry))),
        // What lies there is told to some who are told no figures.
        next.feature && hasLedger ? figuresOf(next.feature.properties.code).catch((error) => error) : null,
      ]);
      if (mine !== turn) return;
      told = found;
      if (indicators instanceof Error) refused = indicators;
      else shown = indicators;
    } catch (error) {
      if (mine !== turn) return;
      refused = error;
    }
    showWords();
  }

  async function count(id, geometry) {
    const fields = held(id).fields.map((field) => field.name);
    const sums = Object.entries(SUMS).filter(([, property]) => id === POINTS && fields.includes(property));
    const question = id === POINTS
      ? { groupBy: ["state"], aggregates: [{ op: "count" }, ...sums.map(([as, property]) => ({ op: "sum", property, as }))] }
      : { aggregates: [{ op: "count" }, { op: "overlayArea" }] };
    const body = JSON.stringify({ geometry, return: "aggregate", asOf: asOf(), ...question });
    const response = await answer(`/collections/${id}/search`, { method: "POST", headers: { "Content-Type": "application/json" }, body });
    return { id, ...await response.json() };
  }

  async function figuresOf(code) {
    const moment = asOf() ? `&as-of=${encodeURIComponent(asOf())}` : "";
    const response = await answer(`/indicators?f=json&depth=0&focus-area=${encodeURIComponent(code)}${moment}`);
    return response.json();
  }

  async function readKnown() {
    if (!held(AREAS)) return;
    const moment = asOf() ? `&as-of=${encodeURIComponent(asOf())}` : "";
    const response = await answer(`${ITEMS}?f=json&limit=${LISTED}${moment}`).catch(() => null);
    known = (await response?.json())?.features ?? [];
    showWords();
  }

  async function readRights() {
    const response = held(AREAS) && await answer("/account").catch(() => null);
    mayEdit = Boolean(response && (await response.json()).mayEdit);
    showWords();
  }

  // Does what changes something; what it answers is looked at next.
  async function change(does) {
    try {
      const next = await does();
      await readKnown();
      await look(next);
      drawn.show(next?.geometry ?? null);
    } catch (error) {
      refused = error;
      showWords();
    }
  }

  async function save() {
    const { code, name, kind } = Object.fromEntries(["code", "name", "kind"].map((field) => [field, form.elements[field].value.trim()]));
    const taken = known.find(({ properties: other }) => other.code === code && isValid(other, today()));
    if (taken) throw new Refusal(409, { detail: `${code} ${taken.properties.name}` });
    const properties = { code, name, kind: kind || null, valid_from: today() };
    const geometry = { type: "MultiPolygon", coordinates: [area.geometry.coordinates] };
    const response = await answer(ITEMS, {
      method: "POST", headers: { "Content-Type": "application/geo+json" },
      body: JSON.stringify({ type: "Feature", properties, geometry }),
    });
    form.reset();
    const feature = await (await answer(new URL(response.headers.get("location")).pathname)).json();
    return { geometry: feature.geometry, feature };
  }

  // Sends a change of the chosen area, as it is now.
  async function edit(method, body) {
    const item = `${ITEMS}/${area.feature.id}`;
    const tag = (await answer(item)).headers.get("etag");
    const headers = { "If-Match": tag, ...(body && { "Content-Type": "application/merge-patch+json" }) };
    await answer(item, { method, headers, body: body && JSON.stringify(body) });
    return null;
  }

  function showTables() {
    counts.hidden = !area;
    const counting = area && !told.length && !refused ? [element("p", { textContent: word("counting") })] : [];
    counts.replaceChildren(...(area && told.length ? [countsTable(told, { word, language, titleOf: (id) => held(id).title || word(id) })] : counting));
    figures.hidden = !shown;
    figures.replaceChildren(...(shown ? [element("h2", { textContent: word("figures") }), figuresTable(shown, { word, language })] : []));
  }

  function nextCode() {
    const numbers = known.map(({ properties: { code } }) => (code?.startsWith(CODES) ? Number(code.slice(CODES.length)) : 0));
    return `${CODES}${Math.max(0, ...numbers.filter(Number.isInteger)) + 1}`;
  }

  function showForm() {
    form.hidden = !(area && !area.feature && mayEdit && !shownMoment());
    if (form.hidden) return;
    for (const field of ["code", "name", "kind"]) form.elements[field].placeholder = form.elements[field].ariaLabel = word(field);
    form.elements.code.value ||= nextCode();
    form.elements.kind.value ||= KIND;
    const kinds = held(AREAS)?.description.split(BETWEEN) ?? [];
    part("kinds").replaceChildren(...kinds.map((value) => element("option", { value })));
    part("save").textContent = word("save");
  }

  function showChosen() {
    const properties = area?.feature?.properties;
    chosen.hidden = !properties;
    if (!properties) return chosen.replaceChildren();
    const { code, name, kind, valid_from: from } = properties;
    const button = (key, sure, does) => {
      const made = element("button", { type: "button", textContent: word(key) });
      made.dataset.does = key;
      made.addEventListener("click", () => { if (confirm(word(sure).replace("{}", name || code))) change(does); });
      return made;
    };
    const buttons = mayEdit && !shownMoment() ? [button("remove", "sure", () => edit("DELETE"))] : [];
    // What began today is taken back by removing it: it held on no day before.
    if (buttons.length && from < today()) buttons.unshift(button("end", "sureEnd", () => edit("PATCH", { properties: { valid_to: today() } })));
    const said = [code, kind, from && word("ended").replace("{}", from)].filter(Boolean).join(" · ");
    chosen.replaceChildren(element("h2", { textContent: name || code }), element("p", { textContent: said }), ...buttons);
  }

  function showWords() {
    fold.textContent = word("title");
    fold.title = word("fold");
    draw.textContent = word(corners !== null ? "finish" : area ? "again" : "draw");
    draw.disabled = corners !== null && corners < LEAST_CORNERS;
    clear.textContent = word("clear");
    clear.hidden = !area && corners === null;
    const day = (shownMoment() ? new Date(shownMoment()).toLocaleDateString("sv", { timeZone: "Asia/Shanghai" }) : today());
    const valid = known.filter(({ properties }) => isValid(properties, day));
    list.hidden = !valid.length;
    list.ariaLabel = word("choose");
    list.replaceChildren(...[["", `${word("choose")} (${valid.length})`], ...valid.map(({ id, properties }) => [id, properties.name || properties.code])]
      .map(([value, textContent]) => element("option", { value, textContent })));
    list.value = area?.feature?.id ?? "";
    hint.hidden = corners === null;
    hint.textContent = corners === null ? "" : word("hint").replace("{}", corners);
    if (corners !== null && corners < LEAST_CORNERS) hint.append(` · ${word("few")}`);
    refusal.hidden = !refused;
    const said = word("refused");
    refusal.textContent = refused ? [said[refused.status] ?? said.other, refused.message].filter(Boolean).join("：") : "";
    showTables();
    showForm();
    showChosen();
  }

  function choose() {
    const feature = known.find(({ id }) => String(id) === list.value);
    drawn.show(feature?.geometry ?? null);
    look(feature ? { geometry: feature.geometry, feature } : null);
    if (!feature?.geometry) return;
    const all = feature.geometry.coordinates.flat(2);
    const side = (which, at) => which(...all.map((corner) => corner[at]));
    map.fitBounds([[side(Math.min, 0), side(Math.min, 1)], [side(Math.max, 0), side(Math.max, 1)]], { padding, maxZoom: 17 });
  }

  fold.addEventListener("click", () => {
    const folded = box.classList.toggle("folded");
    fold.setAttribute("aria-expanded", String(!folded));
  });
  draw.addEventListener("click", () => {
    if (corners !== null) return drawn.finish();
    look(null);
    drawn.begin();
  });
  clear.addEventListener("click", () => {
    look(null);
    drawn.giveUp();
  });
  list.addEventListener("change", choose);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    refused = null;
    change(save);
  });
  box.hidden = false;
  showWords();
  readKnown();
  readRights();
  return {
    showWords,
    // Areas may have changed, or the moment that is shown.
    later: readKnown,
    isDrawing: drawn.isDrawing,
  };
}
