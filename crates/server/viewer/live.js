// Follows the change stream for what the map shows: tiles whose geometry changed are asked for anew,
// attributes that changed are shown at once and their tiles asked for a little later.
import { ask, withToken } from "/viewer/access.js";
import { forgetStates } from "/viewer/past.js";

const SOURCE = "tuban";
// Share of the viewport by which more is listened for on each side, so that small moves ask for nothing.
const AROUND = 0.5;
// Tiles of changed attributes may wait: the map shows the new value already.
const LATER = 1000;
// Pause before a stream that the server refused is asked for again.
const AGAIN = 3000;
const PAINTED = ["fill", "line", "circle"];

// The style with colours that follow a feature's state where it says something, else its attribute.
export function followStates(style) {
  const follow = (value) => {
    if (!Array.isArray(value)) return value;
    if (value[0] === "get" && value.length === 2) return ["coalesce", ["feature-state", value[1]], value];
    return value[0] === "literal" ? value : value.map(follow);
  };
  const layers = style.layers.map((layer) => {
    if (layer.source !== SOURCE || !PAINTED.includes(layer.type) || !layer.paint) return layer;
    const coloured = Object.entries(layer.paint).map(([name, value]) => [name, name.endsWith("-color") ? follow(value) : value]);
    return { ...layer, paint: Object.fromEntries(coloured) };
  });
  return { ...style, layers };
}

// Follows from `revision` on. `told` gets every event, `stateChanged` says "on", "lost" or "off",
// `refused` gets the answer to whom the token does not let read any more.
export function follow(map, revision, { told, stateChanged, refused }) {
  let stream = null;
  let asked = null;
  let seen = revision;
  let paused = false;
  let waiting = null;
  const late = new Map();

  const zoom = () => {
    const { minzoom, maxzoom } = map.getSource(SOURCE);
    return Math.max(minzoom, Math.min(maxzoom, Math.floor(map.getZoom())));
  };
  const view = () => {
    const [[west, south], [east, north]] = map.getBounds().toArray();
    return { west, south, east, north, zoom: zoom() };
  };
  const holds = (outer, inner) => outer && outer.zoom === inner.zoom && outer.west <= inner.west
    && outer.east >= inner.east && outer.south <= inner.south && outer.north >= inner.north;

  function stop() {
    stream?.close();
    stream = null;
    clearTimeout(waiting);
  }

  function listen() {
    stop();
    if (paused || document.hidden) return;
    const { west, south, east, north, zoom } = view();
    const [dx, dy] = [(east - west) * AROUND, (north - south) * AROUND];
    asked = { west: west - dx, south: Math.max(-85.1, south - dy), east: east + dx, north: Math.min(85.1, north + dy), zoom };
    const opened = new EventSource(withToken(`/changes/stream?bbox=${boxText(asked)}&zoom=${zoom}&since=${seen}`));
    stream = opened;
    opened.onmessage = (event) => heard(JSON.parse(event.data));
    opened.addEventListener("current", (event) => {
      seen = Math.max(seen, JSON.parse(event.data).revision);
      stateChanged("on");
    });
    opened.onerror = () => {
      stateChanged("lost");
      // What is merely cut off comes back by itself, with what it has missed.
      if (opened.readyState === EventSource.CLOSED) waiting = setTimeout(startOver, AGAIN);
    };
  }

  // The server refused: it is full, or it serves another store by now.
  async function startOver() {
    try {
      const answer = await ask("/collections");
      if (answer.status === 401) return refused(answer);
      const { revision } = await answer.json();
      if (revision < seen) {
        seen = revision;
        forgetStates(map);
        map.refreshTiles(SOURCE);
        told({ revision, described: ["*"], changes: [] });
      }
      listen();
    } catch {
      waiting = setTimeout(startOver, AGAIN);
    }
  }

  function heard(event) {
    if (event.revision <= seen) return;
    seen = event.revision;
    for (const { collection, id } of event.changes) {
      // What a tile says by now is newer than a state that was set before.
      if (id === null) forget({ source: SOURCE, sourceLayer: collection });
      else forget({ source: SOURCE, sourceLayer: collection, id });
    }
    for (const { collection, id, properties } of event.states ?? []) {
      map.setFeatureState({ source: SOURCE, sourceLayer: collection, id }, properties);
    }
    refresh(event.tiles?.WebMercatorQuad);
    const quiet = event.attributeTiles?.WebMercatorQuad ?? [];
    if (quiet.length) {
      if (!late.size) setTimeout(refreshLate, LATER);
      late.set(quiet === "all" ? "all" : JSON.stringify(quiet), quiet);
    }
    told(event);
  }

  function forget(feature) {
    // A map without the layer has no state of it.
    if (map.getStyle().layers.some((layer) => layer["source-layer"] === feature.sourceLayer)) map.removeFeatureState(feature);
  }

  function refreshLate() {
    const lists = [...late.values()];
    late.clear();
    refresh(lists.includes("all") ? "all" : lists.flat());
  }

  function refresh(tiles) {
    if (paused || !tiles?.length) return;
    if (tiles === "all") map.refreshTiles(SOURCE);
    else map.refreshTiles(SOURCE, tiles.map(([z, x, y]) => ({ z, x, y })));
  }

  map.on("moveend", () => { if (stream && !paused && !holds(asked, view())) listen(); });
  // A browser keeps six connections to a server: pages that nobody looks at must not hold them all.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) stop();
    else if (!paused && !stream) listen();
  });
  listen();
  return {
    // No more is followed until it is resumed; then what was missed is caught up with.
    pause() {
      paused = true;
      stop();
      stateChanged("off");
    },
    resume() {
      paused = false;
      listen();
    },
  };
}

function boxText({ west, south, east, north }) {
  if (east - west >= 360) return [-180, south, 180, north].map(short).join(",");
  const turned = (lon) => ((((lon + 180) % 360) + 360) % 360) - 180;
  return [turned(west), south, turned(east), north].map(short).join(",");
}

// A ten-millionth of a degree is a centimetre.
const short = (number) => Number(number.toFixed(7));
