// The time slider: now, or a moment between the first change and now.
import { ask } from "/viewer/access.js";

const SOURCE = "tuban";
const STEPS = 1000;
// Pause after the last move of the slider before tiles are asked for.
const SETTLE = 150;

// The moment shown, as RFC 3339; null for now.
let moment = null;

// The moment that is shown, as RFC 3339; null for now.
export const shownMoment = () => moment;

// The URL of a tile, of the moment that is shown.
export function atMoment(url) {
  if (!moment || !/\/xyz\/.*\.(mvt|pbf)/.test(url)) return url;
  return `${url}${url.includes("?") ? "&" : "?"}as-of=${encodeURIComponent(moment)}`;
}

// Lets go what was told of features since their tiles were asked for: of every layer by itself, as a source of
// vector tiles has it.
export function forgetStates(map) {
  const layers = map.getStyle().layers.filter((layer) => layer.source === SOURCE);
  for (const sourceLayer of new Set(layers.map((layer) => layer["source-layer"]))) {
    map.removeFeatureState({ source: SOURCE, sourceLayer });
  }
}

// Wires the controls of `box`; `changed` is told the moment, or null. Answers what shows the words anew.
export async function slider(map, box, { word, locale, changed }) {
  const [range, shown, now] = ["range", "moment", "now"].map((name) => box.querySelector(`[data-time=${name}]`));
  const response = await ask("/changes?limit=1");
  const first = response.ok ? Date.parse((await response.json()).changes[0]?.at) : NaN;
  // A store that nothing was ever written to has no past.
  box.hidden = !Number.isFinite(first);
  range.max = STEPS;
  range.value = STEPS;
  let settling = 0;
  const text = () => {
    const day = moment && new Date(moment).toLocaleString(locale(), { timeZone: "Asia/Shanghai", hour12: false });
    shown.textContent = moment ? `${word("past")} ${day}` : word("present");
    now.textContent = word("toPresent");
    range.ariaLabel = word("slider");
    now.hidden = !moment;
    box.classList.toggle("past", Boolean(moment));
  };
  const show = (next) => {
    if (next === moment) return;
    moment = next;
    text();
    clearTimeout(settling);
    settling = setTimeout(() => {
      forgetStates(map);
      map.refreshTiles(SOURCE);
      changed(moment);
    }, SETTLE);
  };
  range.addEventListener("input", () => {
    const share = Number(range.value) / STEPS;
    if (share >= 1) return show(null);
    // At the first change itself there is what it brought.
    show(new Date(first + share * (Date.now() - first)).toISOString());
  });
  now.addEventListener("click", () => {
    range.value = STEPS;
    show(null);
  });
  text();
  return text;
}
