// All about the selected pothole, in words, beside its place on the map.

function detailFacts(p) {
  const seen = p.first_seen === p.last_seen ? clock(p.first_seen) : `${clock(p.first_seen)} to ${clock(p.last_seen)}`;
  const passes = `${number(p.hit_count)} of ${count(p.pass_count, "pass", "passes")}`;
  return [
    ["Severity", `${number(p.severity)} of 100, ${SEVERITY_WORDS[severityClass(p.severity)]}`],
    ["Confidence", `${percent(p.confidence)}, ${p.confirmed ? "confirmed" : "to be checked"}`],
    ["Hits", `${passes}, ${count(p.vehicle_count, "vehicle", "vehicles")}`],
    ["Direction", p.direction || "not known"],
    ["Seen", seen],
    ["Street", p.road_grade ? `importance ${p.road_grade} of 5` : "importance not known"],
    ["Place", `${place(p)}, within ${number(Math.max(1, p.radius_m))} m`],
  ];
}

function makeDetail(onClose) {
  const box = byId("detail");

  function show(p) {
    box.hidden = !p;
    if (!p) return;
    const title = element("h2", "", `${p.rank}. ${p.street}`);
    const close = element("button", "close", "×");
    close.type = "button";
    close.setAttribute("aria-label", "Close");
    close.addEventListener("click", onClose);
    const list = element("dl");
    detailFacts(p).forEach(([name, value]) => list.append(element("dt", "", name), element("dd", "", value)));
    box.replaceChildren(close, title, list);
  }

  return { show };
}
