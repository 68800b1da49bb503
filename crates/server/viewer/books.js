// One ledger (台账) over the map, drawn in its own colours: the server says how, and what its rows are.
import { ask } from "/viewer/access.js";
import { element } from "/viewer/element.js";

const SOURCE = "ledger";

// Wires the choice `select` and the box `key` for its colours.
export function books(map, { select, key }, { word, language }) {
  let listed = [];
  let shown = "";
  let style = null;
  let turn = 0;

  async function begin() {
    const response = await ask("/ledgers?f=json").catch(() => null);
    const answer = response?.ok ? await response.json().catch(() => null) : null;
    listed = (answer?.ledgers ?? []).filter((ledger) => ledger.links.some((link) => link.rel === "stylesheet"));
    select.hidden = !listed.length;
    showWords();
  }

  function clear() {
    for (const layer of map.getStyle().layers) if (layer.source === SOURCE) map.removeLayer(layer.id);
    if (map.getSource(SOURCE)) map.removeSource(SOURCE);
  }

  async function show() {
    const mine = (turn += 1);
    const ledger = listed.find(({ id }) => id === select.value);
    const link = ledger?.links.find(({ rel }) => rel === "stylesheet");
    const response = link && await ask(new URL(link.href).pathname).catch(() => null);
    const answer = response?.ok ? await response.json().catch(() => null) : null;
    if (mine !== turn) return;
    clear();
    style = answer;
    shown = answer ? ledger.id : "";
    if (answer) {
      map.addSource(SOURCE, answer.sources.tuban);
      for (const layer of answer.layers) {
        if (layer.source) map.addLayer({ ...layer, id: `${SOURCE}:${layer.id}`, source: SOURCE });
      }
    }
    describe(Boolean(link) && !answer);
  }

  function describe(failed) {
    const marks = new Map();
    for (const { type, paint, metadata } of style?.layers ?? []) {
      const names = metadata?.["tuban:legend"]?.[language()] ?? [];
      const colour = paint?.[`${type}-color`];
      const shades = Array.isArray(colour) ? [...colour.filter((_, at) => at > 2 && at % 2 === 1), colour.at(-1)] : [colour];
      names.forEach((name, at) => marks.set(name, shades[at]));
    }
    key.hidden = !shown && !failed;
    key.replaceChildren(...(failed ? [word("failed")] : [...marks].map(([name, shade]) => {
      const mark = element("span", { className: "lamp" });
      mark.style.background = shade;
      return element("span", {}, mark, ` ${name}`);
    })));
  }

  function showWords() {
    const chosen = select.value;
    select.ariaLabel = word("book");
    select.replaceChildren(...[["", word("no_book")], ...listed.map(({ id, title }) => [id, title])]
      .map(([value, textContent]) => element("option", { value, textContent })));
    select.value = listed.some(({ id }) => id === chosen) ? chosen : "";
    if (shown) describe(false);
  }

  select.addEventListener("change", show);
  begin();
  return {
    showWords,
    // Another moment, or something has changed.
    later() {
      if (!shown) return;
      if (style.sources.tuban.type === "vector") map.refreshTiles(SOURCE);
      else map.getSource(SOURCE).setData(style.sources.tuban.data);
    },
  };
}
