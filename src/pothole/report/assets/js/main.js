// Wires map, list, filters and tiles together.

const map = L.map("map", { zoomSnap: 0.25, maxZoom: 20, minZoom: 3, attributionControl: false });
L.control.scale({ imperial: false }).addTo(map);
map.setView([0, 0], 3);

const roads = addRoads(map);
const markers = addMarkers(map, (id) => select(id, { map: false, list: !stacked.matches }));
const labels = addLabels(map, () => markers.places());
const table = makeTable((id) => select(id, { map: true, list: false }), sortBy);
const detail = makeDetail(() => select(null, {}));
const filters = makeFilters(refresh);

let order = { key: "rank", down: false };
let selected = null;

function select(id, move) {
  selected = id;
  markers.pick(id, { move: move.map });
  table.pick(id, { move: move.list });
  detail.show(potholes.find((p) => p.pothole_id === id));
  if (move.map && stacked.matches) byId("map").scrollIntoView({ block: "start" });
}

// The first click on a number's heading brings the largest to the top, the next one turns the order round.
function sortBy(column) {
  order = { key: column.key, down: order.key === column.key ? !order.down : Boolean(column.most) };
  refresh();
}

function compare(a, b) {
  const [x, y] = [a[order.key], b[order.key]];
  const sign = typeof x === "string" ? x.localeCompare(y) : x - y;
  return (order.down ? -sign : sign) || a.rank - b.rank;
}

function refresh() {
  const shown = filters.shown().sort(compare);
  if (selected !== null && !shown.some((p) => p.pothole_id === selected)) select(null, {});
  table.show(shown, order);
  markers.show(shown);
  const all = count(potholes.length, "place", "places");
  byId("count").textContent = shown.length === potholes.length ? all : `${number(shown.length)} of ${all}`;
  showEmpty(shown.length);
}

function showEmpty(shown) {
  const { segments_driven: driven } = data.summary;
  const empty = byId("empty");
  empty.hidden = shown > 0;
  byId("table").hidden = shown === 0;
  byId("filters").hidden = potholes.length === 0;
  empty.textContent = potholes.length
    ? "No pothole fits these filters."
    : `No potholes on ${data.date}; ${count(driven, "segment was", "segments were")} driven.`;
}

function fillTiles() {
  const { driven_km: driven, road_km: road } = data.summary;
  const km = (length) => number(length, length < 10 ? 1 : 0);
  byId("tile-confirmed").textContent = number(data.summary.confirmed);
  byId("tile-candidates").textContent = number(data.summary.candidates);
  byId("tile-segments").textContent = number(data.summary.segments_driven);
  byId("tile-km").textContent = driven === null ? "–" : km(driven);
  if (road !== null) byId("tile-km-note").textContent = `km driven, on ${km(road)} km of road`;
}

function fillWorstStreets() {
  const streets = data.summary.worst_streets;
  if (!streets.length) byId("worst").append(element("li", "none", "none"));
  for (const street of streets) {
    const button = element("button", "plain", street.name);
    button.type = "button";
    button.addEventListener("click", () => filters.search(street.name));
    const item = element("li");
    item.append(button, element("small", "", count(street.potholes, "place", "places")));
    byId("worst").append(item);
  }
}

function fillLegend() {
  const marks = SEVERITY_WORDS.map((word, i) => [`mark disc tone-${i}`, word]).reverse();
  marks.push(["mark ring tone-1", "to be checked"]);
  const lines = ROUGHNESS_WORDS.map((word, i) => [`line rough-${i}`, word]);
  lines.push(["line bare", "not driven"]);
  for (const [title, entries] of [["Potholes", marks], ["Ride", lines]]) {
    const row = element("p");
    row.append(element("b", "", title));
    for (const [className, word] of entries) {
      const entry = element("span");
      entry.append(element("i", className), word);
      row.append(entry);
    }
    byId("legend").append(row);
  }
}

function offer(id, name, type, text) {
  byId(id).href = URL.createObjectURL(new Blob([text], { type }));
  byId(id).download = name;
}

function fitMap() {
  map.invalidateSize({ animate: false }); // what was written beside it since it was made has taken its share
  const bounds = roads.bounds().isValid() ? roads.bounds() : markers.bounds();
  if (bounds.isValid()) map.fitBounds(bounds, { padding: [18, 18], maxZoom: 17, animate: false });
}

// Paper is white and has its own width: the map takes it before printing, and goes back to where it was.
let before = null;

function beforePrint() {
  before = { centre: map.getCenter(), zoom: map.getZoom() };
  setTheme("light");
  document.documentElement.classList.add("printing");
  const bounds = map.getBounds();
  map.invalidateSize({ animate: false }).fitBounds(bounds, { animate: false });
  roads.drawNow();
}

function afterPrint() {
  document.documentElement.classList.remove("printing");
  systemTheme();
  map.invalidateSize({ animate: false }).setView(before.centre, before.zoom, { animate: false });
}

fillTiles();
fillWorstStreets();
fillLegend();
refresh();
fitMap();
labels.draw();
offer("download-csv", `potholes-${data.date}.csv`, "text/csv", data.csv);
offer("download-geojson", `potholes-${data.date}.geojson`, "application/geo+json", JSON.stringify(data.potholes));
byId("attribution").textContent = data.attribution;
byId("sure").textContent = `${Math.round(100 * data.steps.confirmed)} %`;
["moderate-from", "severe-from"].forEach((id, i) => (byId(id).textContent = data.steps.severity[i]));
byId("zone").textContent = data.zone.split("/").pop().replaceAll("_", " ");
byId("filters").addEventListener("reset", fitMap);
byId("print").addEventListener("click", () => window.print());
document.addEventListener("keydown", (event) => event.key === "Escape" && selected !== null && select(null, {}));
new ResizeObserver(() => map.invalidateSize({ animate: false })).observe(byId("map"));
window.addEventListener("beforeprint", beforePrint);
window.addEventListener("afterprint", afterPrint);
