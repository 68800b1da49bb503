// A polygon drawn on the map: a click sets a corner, a double click or Enter ends, Backspace takes the last
// corner back, Escape gives up.
const SOURCE = "sketch";
const COLOUR = "#0050d0";
// Fewer corners make no polygon.
export const LEAST_CORNERS = 3;
// More are none that anybody draws.
const MOST = 500;
// Pixels within which a click is the corner before it: that of a double click.
const SAME = 5;

const collection = (geometries) => ({ type: "FeatureCollection", features: geometries.map((geometry) => ({ type: "Feature", properties: {}, geometry })) });
// A ten-millionth of a degree is a centimetre.
const short = ({ lng, lat }) => [Number(lng.toFixed(7)), Number(lat.toFixed(7))];

// `told` is told the number of corners while they are set, null when drawing is given up; `ended` gets the
// polygon, as GeoJSON.
export function sketch(map, { told, ended }) {
  let corners = [];
  let pointer = null;
  let drawing = false;

  function paint(geometries) {
    const data = collection(geometries);
    if (map.getSource(SOURCE)) return map.getSource(SOURCE).setData(data);
    map.addSource(SOURCE, { type: "geojson", data });
    map.addLayer({ id: `${SOURCE}-fill`, type: "fill", source: SOURCE, filter: ["==", ["geometry-type"], "Polygon"], paint: { "fill-color": COLOUR, "fill-opacity": 0.1 } });
    map.addLayer({ id: `${SOURCE}-line`, type: "line", source: SOURCE, filter: ["!=", ["geometry-type"], "Point"], paint: { "line-color": COLOUR, "line-width": 2.5 } });
    map.addLayer({ id: `${SOURCE}-corners`, type: "circle", source: SOURCE, filter: ["==", ["geometry-type"], "Point"], paint: { "circle-color": "#fff", "circle-radius": 4, "circle-stroke-color": COLOUR, "circle-stroke-width": 2 } });
  }

  function paintCorners() {
    const line = pointer ? [...corners, pointer] : corners;
    const points = corners.map((coordinates) => ({ type: "Point", coordinates }));
    if (line.length < 2) return paint(points);
    if (line.length === 2) return paint([{ type: "LineString", coordinates: line }, ...points]);
    paint([{ type: "Polygon", coordinates: [[...line, line[0]]] }, ...points]);
  }

  function stop() {
    drawing = false;
    corners = [];
    pointer = null;
    map.getCanvas().style.cursor = "";
  }

  function finish() {
    if (corners.length < LEAST_CORNERS) return told(corners.length);
    const polygon = { type: "Polygon", coordinates: [[...corners, corners[0]]] };
    stop();
    paint([polygon]);
    ended(polygon);
  }

  function giveUp() {
    stop();
    paint([]);
    told(null);
  }

  map.on("click", (event) => {
    const last = corners.length && map.project(corners.at(-1));
    if (!drawing || corners.length >= MOST || (last && last.dist(event.point) <= SAME)) return;
    corners.push(short(event.lngLat));
    pointer = null;
    paintCorners();
    told(corners.length);
  });
  map.on("mousemove", (event) => {
    if (!drawing) return;
    map.getCanvas().style.cursor = "crosshair";
    pointer = corners.length ? short(event.lngLat) : null;
    paintCorners();
  });
  map.on("dblclick", (event) => {
    if (!drawing) return;
    event.preventDefault();
    finish();
  });
  document.addEventListener("keydown", (event) => {
    if (!drawing || event.target.closest?.("input, select, textarea")) return;
    const does = {
      Enter: finish,
      Escape: giveUp,
      Backspace() {
        corners.pop();
        paintCorners();
        told(corners.length);
      },
    }[event.key];
    if (!does) return;
    event.preventDefault();
    does();
  });

  return {
    // Whether clicks set corners.
    isDrawing: () => drawing,
    begin() {
      stop();
      drawing = true;
      paint([]);
      document.activeElement?.blur();
      map.getCanvas().style.cursor = "crosshair";
      told(0);
    },
    // Ends, as Enter and Escape do: keyboards are not everywhere.
    finish,
    giveUp,
    // Shows a geometry that is there already, or none.
    show(geometry) {
      stop();
      paint(geometry ? [geometry] : []);
    },
  };
}
