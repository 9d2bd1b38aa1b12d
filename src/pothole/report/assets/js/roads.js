// The road lines are the base map: grey where nobody drove, coloured by roughness where somebody did.

const GRADE_WIDTH = [1.6, 1.6, 1.8, 2.2, 2.8, 3.4];

// Steps in micro-degrees to [lat, lon] pairs.
function points(steps) {
  let [x, y] = steps;
  const line = [[y / 1e6, x / 1e6]];
  for (let i = 2; i < steps.length; i += 2) {
    x += steps[i];
    y += steps[i + 1];
    line.push([y / 1e6, x / 1e6]);
  }
  return line;
}

function roadTip(name, roughness, passes, impacts) {
  const tip = element("div");
  tip.append(element("b", "", name || "unnamed road"));
  const ride = roughness === null ? "" : `${ROUGHNESS_WORDS[roughnessClass(roughness)]} ride, `;
  tip.append(element("div", "", `${ride}${count(passes, "pass", "passes")}, ${count(impacts, "jolt", "jolts")}`));
  return tip;
}

// Undriven roads: one layer a grade, not to be clicked.
function bareRoads(renderer) {
  const byGrade = new Map();
  for (const [, grade, steps] of data.roads.bare) {
    if (!byGrade.has(grade)) byGrade.set(grade, []);
    byGrade.get(grade).push(points(steps));
  }
  return [...byGrade].map(([grade, lines]) => L.polyline(lines, { renderer, interactive: false, grade }));
}

// Driven roads: one layer a stretch, so that each says its own condition.
function drivenRoads(renderer) {
  return data.roads.driven.flatMap(([name, grade, steps, roughness, passes, impacts]) => {
    const line = points(steps);
    return roughness.map((cm, i) => {
      const mps2 = cm === null ? null : cm / 100;
      const stretch = L.polyline([line[i], line[i + 1]], { renderer, grade, mps2 });
      return stretch.bindTooltip(() => roadTip(data.roads.names[name], mps2, passes[i], impacts[i]), { sticky: true });
    });
  });
}

function addRoads(map) {
  const renderer = L.canvas({ padding: 0.3, tolerance: 4 });
  const bare = L.featureGroup(bareRoads(renderer)).addTo(map);
  const roughestLast = drivenRoads(renderer).sort((a, b) => (a.options.mps2 || 0) - (b.options.mps2 || 0));
  const driven = L.featureGroup(roughestLast).addTo(map);

  function paint() {
    const rough = ROUGHNESS_WORDS.map((_, i) => colour(`rough-${i}`));
    const [grey, unknown] = [colour("bare"), colour("unknown")];
    const scale = Math.min(3, Math.max(0.7, 1.35 ** (map.getZoom() - 15)));
    const weight = (layer) => GRADE_WIDTH[layer.options.grade] * scale;
    bare.eachLayer((layer) => layer.setStyle({ color: grey, weight: weight(layer) }));
    driven.eachLayer((layer) => {
      const { mps2 } = layer.options;
      layer.setStyle({ color: mps2 === null ? unknown : rough[roughnessClass(mps2)], weight: weight(layer) * 1.35 });
    });
  }

  map.on("zoomend", paint);
  whenThemeChanges(paint);
  paint();
  // A canvas is drawn with the next frame; before printing there is none, so it is drawn at once (Leaflet is pinned).
  const drawNow = () => renderer._redraw();
  return { drawNow, bounds: () => (driven.getLayers().length ? driven : bare).getBounds() };
}
