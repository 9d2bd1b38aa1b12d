// The ranked list: sorted by a click on a heading, walked with the arrow keys.

const text = (write) => (p) => element("td", "num", write(p));

// ``most``: the first click on the heading brings the largest to the top.
const COLUMNS = [
  { key: "rank", title: "#", hint: "Rank", cell: rankCell },
  { key: "street", title: "Street", cell: streetCell },
  { key: "direction", title: "Dir.", hint: "Direction of travel", cell: text((p) => p.direction || "–") },
  { key: "hit_count", title: "Hits / passes", hint: "Passes with a jolt / all passes", cell: text(hits), most: true },
  { key: "vehicle_count", title: "Vehicles", cell: text((p) => number(p.vehicle_count)), most: true },
  { key: "confidence", title: "Confidence", hint: "How sure it is that a pothole is there", cell: sureCell, most: true },
  { key: "severity", title: "Severity", hint: "1 (hardly felt) to 100", cell: severityCell, most: true },
  { key: "first_seen", title: "First", hint: "First hit of the day", cell: text((p) => clock(p.first_seen)) },
  { key: "last_seen", title: "Last", hint: "Last hit of the day", cell: text((p) => clock(p.last_seen)), most: true },
];

function rankCell(p) {
  const cell = element("td");
  const kind = severityClass(p.severity);
  const mark = element("span", `mark ${p.confirmed ? "disc" : "ring"} tone-${kind}`);
  mark.setAttribute("role", "img");
  mark.setAttribute("aria-label", `${p.confirmed ? "confirmed" : "to be checked"}, ${SEVERITY_WORDS[kind]}`);
  const slot = element("span", "slot");
  slot.append(mark);
  cell.append(slot, element("span", "rank", String(p.rank)));
  return cell;
}

function streetCell(p) {
  const cell = element("td", "street");
  cell.append(element("span", "name", p.street), element("span", "place", place(p)));
  return cell;
}

function hits(p) {
  return `${number(p.hit_count)} / ${number(p.pass_count)}`;
}

function sureCell(p) {
  return barCell(percent(p.confidence), p.confidence, "sure");
}

function severityCell(p) {
  return barCell(number(p.severity), p.severity / 100, `severity-${severityClass(p.severity)}`);
}

function barCell(value, share, tone) {
  const cell = element("td", "bar");
  const bar = element("i");
  bar.style.width = `${Math.round(share * 100)}%`;
  bar.style.background = `var(--${tone})`;
  const track = element("span", "track");
  track.append(bar);
  cell.append(element("span", "value", value), track);
  return cell;
}

function heading(column, onSort) {
  const made = element("th");
  made.id = `col-${column.key}`;
  made.scope = "col";
  const button = element("button", "", column.title);
  button.type = "button";
  button.title = column.hint || column.title;
  button.addEventListener("click", () => onSort(column));
  made.append(button);
  return made;
}

function makeTable(onPick, onSort) {
  const body = byId("table").tBodies[0];
  const rows = new Map(potholes.map((p) => [p.pothole_id, makeRow(p)]));

  function makeRow(p) {
    const row = element("tr");
    row.dataset.id = p.pothole_id;
    row.tabIndex = -1;
    row.append(...COLUMNS.map((column) => Object.assign(column.cell(p), { headers: `col-${column.key}` })));
    return row;
  }

  const rowOf = (event) => event.target.closest("tr");
  const focus = (row) => row && (setStop(row), row.focus());
  // One row at a time can be reached with Tab; the arrow keys go on from there.
  const setStop = (row) => {
    body.querySelectorAll('tr[tabindex="0"]').forEach((other) => (other.tabIndex = -1));
    if (row) row.tabIndex = 0;
  };

  body.addEventListener("click", (event) => (setStop(rowOf(event)), onPick(rowOf(event).dataset.id)));
  body.addEventListener("keydown", (event) => {
    const row = rowOf(event);
    const steps = {
      ArrowDown: () => focus(row.nextElementSibling),
      ArrowUp: () => focus(row.previousElementSibling),
      Home: () => focus(body.firstElementChild),
      End: () => focus(body.lastElementChild),
      Enter: () => onPick(row.dataset.id),
      " ": () => onPick(row.dataset.id),
    };
    if (!steps[event.key]) return;
    event.preventDefault();
    steps[event.key]();
  });

  const headings = COLUMNS.map((column) => heading(column, onSort));
  byId("table").tHead.rows[0].append(...headings);

  function show(shown, order) {
    body.replaceChildren(...shown.map((p) => rows.get(p.pothole_id)));
    setStop(body.querySelector(".picked") || body.firstElementChild);
    headings.forEach((other) => other.removeAttribute("aria-sort"));
    byId(`col-${order.key}`).setAttribute("aria-sort", order.down ? "descending" : "ascending");
  }

  function pick(id, { move }) {
    rows.forEach((row, key) => {
      row.classList.toggle("picked", key === id);
      if (key === id) row.setAttribute("aria-current", "true");
      else row.removeAttribute("aria-current");
    });
    const row = rows.get(id);
    if (row && row.isConnected) setStop(row);
    if (row && move) row.scrollIntoView({ block: "center", behavior: reducedMotion.matches ? "auto" : "smooth" });
  }

  return { show, pick };
}
