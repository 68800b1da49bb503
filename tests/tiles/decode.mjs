// Decodes vector tiles as browsers do. Reads tiles from standard input, each after its length
// (32 bits, little-endian), and answers each with one line of JSON.
import { VectorTile, classifyRings } from "@mapbox/vector-tile";
import { PbfReader } from "pbf";

function decode(bytes) {
  const layers = {};
  for (const [name, layer] of Object.entries(new VectorTile(new PbfReader(bytes)).layers)) {
    const features = [];
    for (let number = 0; number < layer.length; number++) {
      const feature = layer.feature(number);
      const paths = feature.loadGeometry();
      // Rings of each polygon: what the decoder leaves out makes these fewer than the paths.
      const groups = feature.type === 3 ? classifyRings(paths).map((rings) => rings.length) : [];
      features.push([
        feature.id,
        feature.type,
        feature.properties,
        paths.map((path) => path.map(({ x, y }) => [x, y])),
        groups,
      ]);
    }
    layers[name] = { version: layer.version, extent: layer.extent, features };
  }
  return layers;
}

let waiting = Buffer.alloc(0);
for await (const chunk of process.stdin) {
  waiting = Buffer.concat([waiting, chunk]);
  while (waiting.length >= 4 && waiting.length >= 4 + waiting.readUInt32LE(0)) {
    const end = 4 + waiting.readUInt32LE(0);
    process.stdout.write(JSON.stringify(decode(waiting.subarray(4, end))) + "\n");
    waiting = waiting.subarray(end);
  }
}
