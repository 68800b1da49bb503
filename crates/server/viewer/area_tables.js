// What lies in an area and the figures of it, as tables.
import { element } from "/viewer/element.js";
import { LEDGER_WORDS } from "/viewer/ledger_words.js";

export const POINTS = "points";
// What is summed up of points, by the name of the sum.
export const SUMS = { planned: "planned_build_area_m2", done: "actual_build_area_m2" };
const HECTARE = 10_000;

const number = (language, value, decimals = 0) => value.toLocaleString(language(), { minimumFractionDigits: decimals, maximumFractionDigits: decimals });

function row(name, ...cells) {
  return element("tr", {}, element("th", { textContent: name }), ...cells.map((textContent) => element("td", { textContent })));
}

// A row for each collection of `told`, which holds answers to searches with the collection's `id`; of points one
// for each state, too.
export function countsTable(told, { word, language, titleOf }) {
  const total = ({ id, count }, said) => {
    const made = row(titleOf(id), number(language, count), said);
    made.dataset.counted = id;
    return made;
  };
  const ofState = ({ key: { state }, count, values }) => {
    const sums = Object.keys(SUMS).filter((sum) => values[sum]).map((sum) => `${word(sum)} ${number(language, values[sum])}`);
    const made = row(LEDGER_WORDS[language()].states[state] ?? state, number(language, count), sums.length ? `${sums.join(" · ")} ${word("m2")}` : "");
    made.className = "part";
    made.dataset.state = state;
    return made;
  };
  return element("table", {}, ...told.flatMap((one) => {
    if (one.id === POINTS) return [total(one, ""), ...one.groups.map(ofState)];
    const inside = (one.groups[0]?.values.overlayArea ?? 0) / HECTARE;
    return [total(one, `${word("inside")} ${number(language, inside, 2)} ${word("hectares")}`)];
  }));
}

// The figures of the whole in an answer of `/indicators`, those that there are.
export function figuresTable({ indicators, rows }, { word, language }) {
  const figures = rows.find(({ depth }) => depth === 0)?.figures ?? {};
  const told = indicators.filter(({ code }) => (figures[code]?.value ?? null) !== null);
  if (!told.length) return element("p", { textContent: word("none") });
  return element("table", {}, ...told.map(({ code, name, decimals, unitOfMeasure, definition }) => {
    const made = row(name, `${number(language, Number(figures[code].value), decimals)} ${unitOfMeasure}`);
    made.title = definition;
    made.dataset.indicator = code;
    return made;
  }));
}
