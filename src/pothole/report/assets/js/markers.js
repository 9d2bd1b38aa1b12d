// Potholes on the map: a disc when confirmed, a ring when not; size and colour by severity.

const RADIUS = [6, 8, 11];

function addMarkers(map, onPick) {
  map.createPane("potholes").style.zIndex = 450;
  const renderer = L.svg({ pane: "potholes", padding: 0.3 });
  const markers = new Map();
  const group = L.featureGroup().addTo(map);
  const halo = L.circle([0, 0], { renderer, interactive: false, className: "halo", weight: 1.5, dashArray: "4 4" });
  let picked = null;

  // The least urgent first, so that the most urgent lies on top.
  for (const pothole of [...potholes].reverse()) {
    const marker = L.circleMarker([pothole.lat, pothole.lon], { renderer, pane: "potholes", bubblingMouseEvents: false });
    marker.on("click", () => onPick(pothole.pothole_id));
    marker.bindTooltip(() => markerTip(pothole), { direction: "top", offset: [0, -6] });
    markers.set(pothole.pothole_id, { pothole, marker });
  }

  function paint() {
    const scale = Math.min(1, Math.max(0.55, 1.18 ** (map.getZoom() - 14.5)));
    const tones = SEVERITY_WORDS.map((_, kind) => colour(`severity-${kind}`));
    const [ink, paper] = [colour("ink"), colour("paper")];
    markers.forEach(({ pothole, marker }, id) => {
      const kind = severityClass(pothole.severity);
      const look = pothole.confirmed
        ? { color: paper, weight: 1.5, fillColor: tones[kind], fillOpacity: 1 }
        : { color: tones[kind], weight: 2.5, fillColor: paper, fillOpacity: 0.75 };
      const mark = id === picked ? { color: ink, weight: 3, radius: RADIUS[kind] + 3 } : {};
      marker.setStyle({ ...look, radius: RADIUS[kind] * scale, ...mark });
    });
    halo.setStyle({ color: ink, fillColor: ink, fillOpacity: 0.08 });
  }

  function show(shown) {
    const ids = new Set(shown.map((p) => p.pothole_id));
    markers.forEach(({ marker }, id) => (ids.has(id) ? group.addLayer(marker) : group.removeLayer(marker)));
  }

  function pick(id, { move }) {
    picked = id;
    halo.remove();
    paint();
    if (id === null) return;
    const { pothole, marker } = markers.get(id);
    halo.setLatLng(marker.getLatLng()).setRadius(pothole.radius_m).addTo(map);
    marker.bringToFront();
    if (move) map.setView(marker.getLatLng(), Math.max(map.getZoom(), 18), { animate: !reducedMotion.matches });
  }

  map.on("zoomend", paint);
  whenThemeChanges(paint);
  paint();
  const places = () => group.getLayers().map((marker) => marker.getLatLng());
  return { show, pick, places, bounds: () => group.getBounds() };
}

function markerTip(pothole) {
  const tip = element("div");
  tip.append(element("b", "", `${pothole.rank}. ${pothole.street}`));
  const severity = `${SEVERITY_WORDS[severityClass(pothole.severity)]} (${number(pothole.severity)})`;
  tip.append(element("div", "", `${severity}, confidence ${percent(pothole.confidence)}`));
  return tip;
}
