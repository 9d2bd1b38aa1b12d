// Street names written along their streets: important and long ones first, never two over each other.

const MOST_LABELS = 60;
const APART = 300; // pixels between two labels of one name
const PLACES = [0.5, 0.35, 0.65, 0.2, 0.8, 0.05, 0.95]; // along the line, as a share of what is free

const pen = document.createElement("canvas").getContext("2d");
pen.font = `11px ${getComputedStyle(document.body).fontFamily}`;
const textWidth = (text) => pen.measureText(text).width + 6;
const square = (middle, half) => L.bounds(middle.subtract([half, half]), middle.add([half, half]));

// The point of a line on the screen at that many pixels from its start.
function pointAt(pixels, distance) {
  for (let i = 1; i < pixels.length; i += 1) {
    const [from, to] = [pixels[i - 1], pixels[i]];
    const step = from.distanceTo(to);
    if (distance <= step && step > 0) return from.add(to.subtract(from).multiplyBy(distance / step));
    distance -= step;
  }
  return pixels[pixels.length - 1];
}

// The room that a text takes from one point towards the other, and its angle, never upside down.
function box(from, to, width) {
  const middle = from.add(to).divideBy(2);
  let turn = Math.atan2(to.y - from.y, to.x - from.x);
  if (Math.abs(turn) > Math.PI / 2) turn -= Math.sign(turn) * Math.PI;
  const [cos, sin] = [Math.abs(Math.cos(turn)), Math.abs(Math.sin(turn))];
  const half = L.point(width * cos + 12 * sin, width * sin + 12 * cos).divideBy(2);
  return { middle, angle: (turn * 180) / Math.PI, corners: L.bounds(middle.subtract(half), middle.add(half)) };
}

// One label a line: its middle stretch gives place and direction.
function labelCandidates() {
  const lines = [...data.roads.driven, ...data.roads.bare].filter(([name]) => data.roads.names[name]);
  return lines
    .map(([name, grade, steps]) => {
      const line = points(steps);
      return { name: data.roads.names[name], grade, line, bounds: L.latLngBounds(line) };
    })
    .sort((a, b) => b.grade - a.grade || b.line.length - a.line.length);
}

function addLabels(map, obstacles) {
  const pane = map.createPane("labels");
  const group = L.layerGroup().addTo(map);
  const candidates = labelCandidates();

  // Where a label may stand on the screen: at one of a few places along its line, if the line is long enough.
  function* spots({ name, line }) {
    const pixels = line.map((point) => map.latLngToContainerPoint(point));
    const width = textWidth(name);
    const length = pixels.slice(1).reduce((sum, pixel, i) => sum + pixel.distanceTo(pixels[i]), 0);
    if (length < width) return;
    for (const share of PLACES) {
      const at = width / 2 + share * (length - width);
      yield box(pointAt(pixels, at - width / 2), pointAt(pixels, at + width / 2), width);
    }
  }

  function draw() {
    group.clearLayers();
    const view = map.getBounds();
    const taken = obstacles().map((place) => square(map.latLngToContainerPoint(place), 9));
    const written = [];
    for (const candidate of candidates) {
      if (written.length >= MOST_LABELS) break;
      if (!view.intersects(candidate.bounds)) continue;
      const spot = freeSpot(candidate, taken, written);
      if (!spot) continue;
      taken.push(spot.corners);
      written.push({ name: candidate.name, middle: spot.middle });
      group.addLayer(label(candidate.name, map.containerPointToLatLng(spot.middle), spot.angle));
    }
  }

  function freeSpot(candidate, taken, written) {
    const repeats = (spot) => written.some((w) => w.name === candidate.name && w.middle.distanceTo(spot.middle) < APART);
    for (const spot of spots(candidate)) {
      if (!repeats(spot) && !taken.some((other) => other.intersects(spot.corners))) return spot;
    }
    return null;
  }

  function label(name, latlng, angle) {
    const text = element("span", "", name);
    text.style.transform = `translate(-50%, -50%) rotate(${angle.toFixed(1)}deg)`;
    const icon = L.divIcon({ className: "street-label", html: text, iconSize: [0, 0] });
    return L.marker(latlng, { icon, pane: "labels", interactive: false, keyboard: false });
  }

  pane.style.pointerEvents = "none";
  map.on("moveend", draw);
  return { draw };
}
