// The lamp of an open point: how near its deadline is. A style cannot know what day it is, so the
// page tells it the moment.
const DAY = 86_400_000;
// As `yellow_days` has it by default; a point's trace says the lamp by the rules of the server.
const YELLOW_DAYS = 7;

export const LAMPS = { green: "#2e9e4f", yellow: "#e0a100", red: "#d62728" };
// Of points without a deadline, and of those that are not open.
export const NEITHER = "#c4c9cd";

// States in which a point is on the ledger and still to be done.
export const OPEN = ["registered", "dispatched", "returned", "in_progress", "suspended", "submitted", "verified_town", "rebounded", "transferred"];

// "green", "yellow" or "red" at a moment in milliseconds; empty without a deadline.
export function lampOf(deadline, at) {
  const left = Date.parse(deadline) - at;
  if (Number.isNaN(left)) return "";
  return left < 0 ? "red" : left <= YELLOW_DAYS * DAY ? "yellow" : "green";
}

// Whole days in Shanghai from a moment to a deadline; below 0 when it is over.
export function daysLeft(deadline, at) {
  const day = (ms) => Math.floor((ms + 8 * 3_600_000) / DAY);
  return day(Date.parse(deadline)) - day(at);
}

// The colour of points by their lamp, for the style. Deadlines are RFC 3339 in UTC, alike in length, so
// that their texts are in the order of time.
export function lampColours(at) {
  const now = (name) => ["coalesce", ["feature-state", name], ["get", name], ""];
  const text = (ms) => new Date(ms).toISOString();
  return ["case",
    ["!", ["in", now("state"), ["literal", OPEN]]], NEITHER,
    ["==", now("deadline"), ""], NEITHER,
    ["<", now("deadline"), text(at)], LAMPS.red,
    ["<=", now("deadline"), text(at + YELLOW_DAYS * DAY)], LAMPS.yellow,
    LAMPS.green];
}
