// A slider beside each number that has stops. The number's field stays what is sent; the slider only writes into it.
export function sliders(form, moved) {
  for (const field of form.querySelectorAll("[data-stops]")) {
    const slider = document.createElement("input");
    slider.type = "range";
    slider.min = "0";
    slider.setAttribute("aria-label", `${field.labels[0].textContent.trim()}, slider`);
    field.labels[0].after(slider);
    slider.addEventListener("input", (event) => {
      event.stopPropagation();
      field.value = stopsOf(field)[slider.value];
      slider.setAttribute("aria-valuetext", field.value);
      moved();
    });
    field.addEventListener("input", () => place(field, slider));
    place(field, slider);
  }
}

// New stops and what empty fields mean, as the server answers.
export function restop(form, stops, shown) {
  for (const field of form.querySelectorAll("[data-stops]")) {
    if (!stops[field.name]) continue;
    field.dataset.stops = stops[field.name].join(",");
    const slider = field.parentElement.querySelector("[type=range]");
    if (document.activeElement !== slider) place(field, slider);
  }
  for (const [name, value] of Object.entries(shown)) {
    const field = form.elements[name];
    if (field) field.placeholder = value;
  }
  for (const field of form.querySelectorAll("[data-stops]")) {
    const slider = field.parentElement.querySelector("[type=range]");
    if (document.activeElement !== slider) place(field, slider);
  }
}

function stopsOf(field) {
  return field.dataset.stops.split(",").filter(Boolean).map(Number);
}

function place(field, slider) {
  const stops = stopsOf(field);
  const value = Number((field.value || field.placeholder).replaceAll(",", ""));
  const at = stops.findIndex((stop) => stop >= value);
  slider.max = String(Math.max(0, stops.length - 1));
  slider.value = String(at < 0 ? stops.length - 1 : at);
  slider.disabled = stops.length === 0;
  slider.setAttribute("aria-valuetext", String(value));
}
