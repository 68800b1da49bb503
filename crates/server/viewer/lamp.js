// The lamp of an open point: how near its deadline is. Which states are open, how many days are yellow
// and what the colours are, the server's style by lamp says; the moment, the page.
import { ask } from "/viewer/access.js";

const DAY = 86_400_000;

// What the server says of lamps: `open` states, `yellowDays`, colours of `green`, `yellow`, `red` and
// `neither`; null when it does not answer.
export async function readLamps() {
  const response = await ask("/styles/points?by=lamp").catch(() => null);
  const style = response?.ok ? await response.json().catch(() => null) : null;
  return style?.layers.map((layer) => layer.metadata?.["tuban:lamps"]).find(Boolean) ?? null;
}

// "green", "yellow" or "red" at a moment in milliseconds; empty without a deadline.
export function lampOf({ yellowDays }, deadline, at) {
  const left = Date.parse(deadline) - at;
  if (Number.isNaN(left)) return "";
  return left < 0 ? "red" : left <= yellowDays * DAY ? "yellow" : "green";
}

// Whole days in Shanghai from a moment to a deadline; below 0 when it is over.
export function daysLeft(deadline, at) {
  const day = (ms) => Math.floor((ms + 8 * 3_600_000) / DAY);
  return day(Date.parse(deadline)) - day(at);
}

// The colour of points by their lamp, for the map. Deadlines are RFC 3339 in UTC, alike in length, so
// that their texts are in the order of time.
export function lampColours({ open, yellowDays, green, yellow, red, neither }, at) {
  const now = (name) => ["coalesce", ["feature-state", name], ["get", name], ""];
  const text = (ms) => new Date(ms).toISOString();
  return ["case",
    ["!", ["in", now("state"), ["literal", open]]], neither,
    ["==", now("deadline"), ""], neither,
    ["<", now("deadline"), text(at)], red,
    ["<=", now("deadline"), text(at + yellowDays * DAY)], yellow,
    green];
}
