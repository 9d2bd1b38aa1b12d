// The page's data, and how its values are written for people.

const data = JSON.parse(document.getElementById("data").textContent);
const potholes = data.potholes.features.map((feature) => ({
  ...feature.properties,
  lon: feature.geometry.coordinates[0],
  lat: feature.geometry.coordinates[1],
}));

const byId = (id) => document.getElementById(id);
const number = (value, decimals = 0) =>
  value.toLocaleString("en", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });

// Rounded down, and never 100: nobody has looked yet.
const percent = (share) => `${Math.min(99, Math.floor(share * 100 + 1e-9))} %`;
const place = (p) => `${p.lat.toFixed(5)}, ${p.lon.toFixed(5)}`;

// Hours and minutes as they stand in the ISO text (already in the report's zone); with the day when it is another one.
const clock = (iso) => (iso.startsWith(data.date) ? iso.slice(11, 16) : `${iso.slice(5, 10)} ${iso.slice(11, 16)}`);

const severityClass = (severity) => data.steps.severity.filter((step) => severity >= step).length;
const roughnessClass = (mps2) => data.steps.roughness.filter((step) => mps2 > step).length;
const SEVERITY_WORDS = ["slight", "moderate", "severe"];
const ROUGHNESS_WORDS = ["smooth", "slightly rough", "rough", "very rough"];

const count = (n, one, many) => `${number(n)} ${n === 1 ? one : many}`;

const reducedMotion = window.matchMedia("(prefers-reduced-motion: reduce)");
const stacked = window.matchMedia("(max-width: 1100px)"); // the list stands below the map

// An element with text; whatever the text holds, it is never read as HTML.
function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}
