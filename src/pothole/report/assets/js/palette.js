// Colours live in the style sheet; the map, which draws on a canvas, reads them from there for the theme in force.

const dark = window.matchMedia("(prefers-color-scheme: dark)");
const themeListeners = [];

function setTheme(name) {
  document.documentElement.dataset.theme = name;
  themeListeners.forEach((listener) => listener());
}

const systemTheme = () => setTheme(dark.matches ? "dark" : "light");
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const whenThemeChanges = (listener) => themeListeners.push(listener);

dark.addEventListener("change", systemTheme);
systemTheme();
