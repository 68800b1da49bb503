// The ledger beside the map: open points of the view or of a town by deadline, with lamp and state; a
// click flies there and shows what has happened to the point. Stores without a ledger have none.
import { ask } from "/viewer/access.js";
import { books } from "/viewer/books.js";
import { choropleth } from "/viewer/choropleth.js";
import { element } from "/viewer/element.js";
import { daysLeft, lampColours, lampOf, readLamps } from "/viewer/lamp.js";
import { LEDGER_WORDS } from "/viewer/ledger_words.js";
import { shownMoment } from "/viewer/past.js";

const POINTS = "points";
const LISTED = 100;
const MOST_TOWNS = 1000;
// Pause after the last move or change before the list is read anew.
const SETTLE = 300;
// How often lamps are looked at again.
const TURN = 600_000;
// Zoom at which one point is looked at.
const NEAR = 16.5;
// What an event tells beside its kind, in this order.
const TOLD = ["reason", "approval", "receiver", "department", "demand", "answer", "finding", "proof"];

// Whether a store has a ledger.
const hasLedger = (collections) => {
  const points = collections.find((c) => c.id === POINTS);
  const names = new Set(points?.fields.map((field) => field.name));
  return collections.some((c) => c.id === "point_events") && ["id", "code", "state", "deadline"].every((name) => names.has(name));
};

// Wires `box`; `language` tells the language, `show` puts a popup on the map. Answers what shows the
// words anew, what reads the list anew and what shows the trace of a point.
export function ledger(map, box, { collections, language, show }) {
  const word = (key) => LEDGER_WORDS[language()][key];
  if (!hasLedger(collections)) return { showWords() {}, later() {}, trace: () => null };
  const part = (name) => box.querySelector(`[data-ledger=${name}]`);
  const [fold, scope, colours, key, list, rest] = ["fold", "scope", "colours", "key", "list", "rest"].map(part);
  const units = choropleth(map, { select: part("indicator"), key: part("figures") }, {
    word, language, hasUnits: collections.some((c) => c.id === "admin_units"),
  });
  const over = books(map, { select: part("book"), key: part("bookKey") }, { word, language });
  const byState = new Map(paintedPoints().map((id) => [id, map.getPaintProperty(id, "circle-color")]));
  const hasTowns = collections.find((c) => c.id === POINTS).fields.some((field) => field.name === "town");
  let towns = [];
  // What the server says of lamps, once it has.
  let lamps = null;
  let shown = { features: [], numberMatched: 0 };
  let failed = false;
  let waiting = 0;
  let turn = 0;

  function paintedPoints() {
    const layers = map.getStyle().layers.filter((layer) => layer["source-layer"] === POINTS && layer.type === "circle");
    return layers.map((layer) => layer.id).filter((id) => id !== "selected");
  }

  const now = () => Date.parse(shownMoment() ?? "") || Date.now();
  const asOf = () => (shownMoment() ? `&as-of=${encodeURIComponent(shownMoment())}` : "");
  const dayOf = (moment) => new Date(moment).toLocaleDateString(language() === "zh" ? "zh-CN" : "en-GB", { timeZone: "Asia/Shanghai" });

  async function read() {
    clearTimeout(waiting);
    waiting = 0;
    const mine = (turn += 1);
    lamps ??= await readLamps();
    if (mine !== turn) return;
    if (!lamps) {
      failed = true;
      return showList();
    }
    const states = lamps.open.map((state) => `'${state}'`).join(",");
    const town = scope.value && ` AND town='${scope.value.replaceAll("'", "''")}'`;
    const [[west, south], [east, north]] = map.getBounds().toArray();
    const view = scope.value ? "" : `&bbox=${[Math.max(-180, west), Math.max(-90, south), Math.min(180, east), Math.min(90, north)].map((n) => n.toFixed(7)).join(",")}`;
    const filter = encodeURIComponent(`state IN (${states})${town || ""}`);
    const response = await ask(`/collections/${POINTS}/items?f=json&limit=${LISTED}&sortby=deadline&properties=id,code,state,deadline,address&filter=${filter}${view}${asOf()}`).catch(() => null);
    const answer = response?.ok ? await response.json().catch(() => null) : null;
    if (mine !== turn) return;
    failed = !answer;
    if (answer) shown = answer;
    showList();
  }

  function later() {
    clearTimeout(waiting);
    waiting = setTimeout(read, SETTLE);
  }

  function mark(lamp) {
    const made = element("span", { className: "lamp", title: lamp && word(lamp) });
    made.style.background = lamps?.[lamp || "neither"] ?? "";
    made.dataset.lamp = lamp;
    return made;
  }

  function due(deadline) {
    if (!deadline) return word("noDeadline");
    const days = daysLeft(deadline, now());
    const left = days === 0 ? word("today") : word(days < 0 ? "overdue" : "left").replace("{}", Math.abs(days));
    return `${dayOf(deadline)} · ${left}`;
  }

  function showList() {
    const { features, numberMatched } = shown;
    fold.textContent = `${word("title")} · ${numberMatched.toLocaleString(language())} ${word("open")}`;
    list.replaceChildren(...features.map(({ properties, geometry }) => {
      const { id, code, state, deadline, address } = properties;
      const row = element("button", { type: "button", title: address ?? "" },
        mark(lampOf(lamps, deadline, now())),
        element("span", { className: "code", textContent: code ?? word("noCode") }),
        element("span", { className: "state", textContent: word("states")[state] ?? state }),
        element("span", { className: "due", textContent: due(deadline) }));
      row.addEventListener("click", () => visit(id, geometry));
      return element("li", {}, row);
    }));
    const more = numberMatched - features.length;
    rest.textContent = failed ? word("failed") : !numberMatched ? word("none") : more > 0 ? `${more.toLocaleString(language())} ${word("more")}` : "";
  }

  function visit(id, geometry) {
    const place = geometry?.type === "Point" ? geometry.coordinates.slice(0, 2) : null;
    if (place) map.easeTo({ center: place, zoom: Math.max(map.getZoom(), NEAR), duration: 600 });
    show(place ?? map.getCenter(), trace(id));
  }

  // What has happened to a point; it fills itself.
  function trace(id) {
    const made = element("section", { className: "trace" });
    ask(`/points/${encodeURIComponent(id)}/trace${asOf().replace("&", "?")}`)
      .then((response) => (response.ok ? response.json() : Promise.reject(new Error(String(response.status)))))
      .then((told) => made.replaceChildren(...traced(told)))
      .catch(() => made.replaceChildren(element("p", { textContent: word("failed") })));
    return made;
  }

  function traced({ point, events }) {
    const row = (name, ...said) => element("tr", {}, element("th", { textContent: word(name) }), element("td", {}, ...said));
    const rows = [row("state", word("states")[point.state] ?? point.state)];
    if (point.lamp) rows.push(row("lamp", mark(point.lamp), ` ${word(point.lamp)}`));
    if (point.deadline) rows.push(row("deadline", due(point.deadline)));
    const unit = new Map(towns).get(point.unit) ?? point.unit;
    for (const [name, said] of Object.entries({ task: point.task, unit, address: point.address })) if (said) rows.push(row(name, said));
    if (point.rebound_count) rows.push(row("rebounds", String(point.rebound_count)));
    return [
      element("h2", { textContent: point.code ?? word("noCode") }),
      element("table", {}, ...rows),
      element("ol", {}, ...events.map((event) => {
        const said = TOLD.map((name) => event[name]).filter(Boolean).join(" · ");
        const noted = ["backfilled", "late"].filter((name) => event[name]).map(word).join(" · ");
        const kind = element("strong", { textContent: word("kinds")[event.kind] ?? event.kind });
        kind.title = `${new Date(event.recorded_at).toLocaleString(language(), { timeZone: "Asia/Shanghai", hour12: false })} ${noted}`;
        return element("li", {}, element("time", { dateTime: event.occurred_at, textContent: dayOf(event.occurred_at) }), " ", kind, " ",
          element("small", { textContent: [word("roles")[event.role] ?? event.role, event.actor].join(" ") }),
          ...(said ? [element("p", { textContent: said })] : []));
      })),
    ];
  }

  async function paint() {
    if (colours.value === "lamp") lamps ??= await readLamps();
    const byLamp = colours.value === "lamp" && lamps;
    key.hidden = !byLamp;
    if (byLamp) key.replaceChildren(...["green", "yellow", "red", "neither"].map((lamp) => element("span", {}, mark(lamp), ` ${word(lamp)}`)));
    for (const [id, colour] of byState) {
      if (map.getLayer(id)) map.setPaintProperty(id, "circle-color", byLamp ? lampColours(lamps, now()) : colour);
    }
  }

  function unfold(open) {
    box.classList.toggle("folded", !open);
    fold.setAttribute("aria-expanded", String(open));
  }

  function options(select, choices) {
    const chosen = select.value;
    select.replaceChildren(...choices.map(([value, textContent]) => element("option", { value, textContent })));
    select.value = choices.some(([value]) => value === chosen) ? chosen : choices[0][0];
  }

  function showWords() {
    fold.title = word("fold");
    scope.ariaLabel = word("scope");
    colours.ariaLabel = word("colours");
    options(scope, [["", word("view")], ...towns]);
    options(colours, [["state", word("by_state")], ["lamp", word("by_lamp")]]);
    units.showWords();
    over.showWords();
    paint();
    showList();
  }

  async function readTowns() {
    if (!hasTowns || !collections.some((c) => c.id === "admin_units")) return;
    const filter = encodeURIComponent("level IN ('town','街乡镇')");
    const response = await ask(`/collections/admin_units/items?f=json&limit=${MOST_TOWNS}&properties=code,name&filter=${filter}`).catch(() => null);
    const answer = response?.ok ? await response.json().catch(() => null) : null;
    const named = new Map(answer?.features.map(({ properties }) => [properties.code, properties.name || properties.code]));
    towns = [...named].sort(([a], [b]) => (a < b ? -1 : 1));
    showWords();
  }

  fold.addEventListener("click", () => unfold(box.classList.contains("folded")));
  scope.addEventListener("change", read);
  colours.addEventListener("change", paint);
  map.on("moveend", () => { if (!scope.value) later(); });
  setInterval(() => {
    paint();
    showList();
  }, TURN);
  box.hidden = false;
  unfold(false);
  showWords();
  readTowns();
  read();
  return {
    showWords,
    // What is shown may have changed: an event, or another moment of the slider.
    later() {
      if (colours.value === "lamp") paint();
      units.later();
      over.later();
      later();
    },
    trace,
  };
}
