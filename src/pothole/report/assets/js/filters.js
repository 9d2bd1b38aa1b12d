// What is shown: confirmed ones only, from a severity on, on streets whose name holds the searched text.

// Without accents: whoever searches for Etelaesplanadi means Eteläesplanadi.
const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLocaleLowerCase();

function makeFilters(onChange) {
  const form = byId("filters");
  const read = () => ({
    street: fold(byId("street").value.trim()),
    confirmedOnly: byId("confirmed-only").checked,
    severity: Number(byId("severity").value),
  });

  const matches = (p, { street, confirmedOnly, severity }) =>
    (!confirmedOnly || p.confirmed) && p.severity >= severity - 0.5 && fold(p.street).includes(street);

  function changed() {
    byId("severity-value").textContent = byId("severity").value;
    onChange();
  }

  form.addEventListener("input", changed);
  form.addEventListener("reset", () => setTimeout(changed));
  form.addEventListener("submit", (event) => event.preventDefault());

  return {
    shown: () => potholes.filter((p) => matches(p, read())),
    search: (name) => {
      byId("street").value = name;
      changed();
    },
  };
}
