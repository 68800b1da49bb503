// Who asks: the token of an account, kept as long as this tab, and sent with what the page asks of
// its own origin. A server without accounts, or one that is public, needs none.
const KEY = "tuban-token";

let token = sessionStorage.getItem(KEY) ?? "";

// Whether a token is kept.
export const signedIn = () => token !== "";

// Keeps another token; an empty one forgets it.
export function keepToken(next) {
  token = next;
  if (token) sessionStorage.setItem(KEY, token);
  else sessionStorage.removeItem(KEY);
}

// Keeps the token that the page was opened with, if it was.
export function tokenOfPage() {
  const given = new URLSearchParams(location.search).get("token");
  if (given) keepToken(given);
  return Boolean(given);
}

const own = (url) => new URL(url, location.href).origin === location.origin;

// Asks as `fetch` does.
export const ask = (url, options = {}) => fetch(url, { ...options, headers: { ...options.headers, ...requestOf(url).headers } });

// A request as MapLibre's `transformRequest` has it.
export function requestOf(url) {
  return token && own(url) ? { url, headers: { Authorization: `Bearer ${token}` } } : { url };
}

// The URL for a stream of events, which cannot send headers.
export function withToken(url) {
  return token ? `${url}${url.includes("?") ? "&" : "?"}token=${encodeURIComponent(token)}` : url;
}
