// Base maps: archives of images that the server has beside the collections, at most one of them shown.
const PREFIX = "ground:";

// The base maps among what `/collections` lists; `below` puts them under the layers of a style.
export function grounds(listed) {
  const all = listed.filter((c) => c.dataType === "map");
  let shown = all[0]?.id ?? "";
  const visibility = (id) => (id === shown ? "visible" : "none");
  return {
    all,
    shown: () => shown,
    below: (style) => ({
      ...style,
      sources: {
        ...style.sources,
        ...Object.fromEntries(all.map(({ id }) => [PREFIX + id, {
          type: "raster", url: `${location.origin}/xyz/${encodeURIComponent(id)}/tilejson.json`, tileSize: 256,
        }])),
      },
      // A background of the style stays at the very bottom.
      layers: [
        ...style.layers.filter((layer) => layer.type === "background"),
        ...all.map(({ id }) => ({ id: PREFIX + id, type: "raster", source: PREFIX + id, layout: { visibility: visibility(id) } })),
        ...style.layers.filter((layer) => layer.type !== "background"),
      ],
    }),
    show: (map, id) => {
      shown = id;
      for (const one of all) map.setLayoutProperty(PREFIX + one.id, "visibility", visibility(one.id));
    },
  };
}

// Fills `box` with the choice of a base map; hidden when there is none.
export function showGrounds(map, base, box, word) {
  box.hidden = !base.all.length;
  const choice = document.createElement("select");
  choice.append(new Option(word("noGround"), ""), ...base.all.map(({ id, title }) => new Option(title || id, id)));
  choice.value = base.shown();
  choice.addEventListener("change", () => base.show(map, choice.value));
  box.replaceChildren(word("ground"), " ", choice);
}
