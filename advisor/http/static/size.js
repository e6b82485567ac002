// The answer follows the form: one request at a time, the latest state of the form wins.
import { combobox } from "./combobox.js";
import { restop, sliders } from "./sliders.js";

const form = document.getElementById("size-form");
const answer = document.getElementById("answer");
const announcement = document.getElementById("announcement");
const ANNOUNCED_MS = 700; // after the last change: a screen reader is not to read every step of a slider
let busy = false;
let again = false;
let speaking = 0;

// What differs from the form's first state, so that links stay short.
function query() {
  const kept = [...new FormData(form)].filter(([name, value]) => value !== "" && form.elements[name].dataset.initial !== value);
  return new URLSearchParams(kept.filter(([name]) => name !== "config" || form.elements.model.value === "config.json"));
}

async function follow() {
  if (busy) {
    again = true;
    return;
  }
  busy = true;
  const asked = query();
  const began = performance.now();
  try {
    const response = await fetch(`/size/answer?${asked}`);
    if (!response.ok) throw new Error((await response.json()).detail ?? response.statusText);
    show(await response.json());
    history.replaceState(null, "", asked.size ? `/?${asked}` : "/");
    answer.dataset.milliseconds = String(performance.now() - began);
  } catch (error) {
    say(`No answer: ${error.message}`);
    answer.classList.add("stale");
  }
  busy = false;
  if (again) {
    again = false;
    follow();
  }
}

function show({ html, errors, shown, stops, said }) {
  const failed = Object.keys(errors).length > 0;
  answer.classList.toggle("stale", failed && !("" in errors));
  if (!failed || "" in errors) answer.innerHTML = html; // the server's own template, escaped there
  for (const field of form.querySelectorAll("[data-field]")) mark(field, errors[field.dataset.field] ?? "");
  if (!failed) restop(form, stops, shown);
  summarize();
  say(failed ? Object.values(errors).join(". ") : said);
}

// On a narrow screen the answer lies below the form: its first figures stay in sight.
function summarize() {
  const figures = [...answer.querySelectorAll(".verdict h2, .tiles dd:not(.note)")].slice(0, 3);
  document.getElementById("summary").textContent = figures.map((figure) => figure.textContent).join(" · ");
}

function mark(field, error) {
  const note = field.querySelector(".error");
  note.textContent = error;
  note.hidden = !error;
  const input = field.querySelector("[name]");
  if (error) input.setAttribute("aria-invalid", "true");
  else input.removeAttribute("aria-invalid");
}

function say(text) {
  clearTimeout(speaking);
  speaking = setTimeout(() => { announcement.textContent = text; }, ANNOUNCED_MS);
}

// Another model: its dimensions are its own again.
function changeModel() {
  for (const name of ["depth", "d_model", "heads", "hidden", "sequence"]) form.elements[name].value = "";
  showConfig();
}

function showConfig() {
  form.querySelector("[data-field=config]").hidden = form.elements.model.value !== "config.json";
}

// A file is read here and becomes the text of the field: nothing is uploaded that is not shown.
function takeFiles() {
  const area = form.elements.config;
  const label = document.createElement("label");
  label.className = "upload";
  label.textContent = "or choose the file ";
  const file = document.createElement("input");
  file.type = "file";
  file.accept = ".json,application/json";
  file.addEventListener("change", async () => {
    if (!file.files.length) return;
    area.value = await file.files[0].text();
    follow();
  });
  label.append(file);
  area.after(label);
}

showConfig();
summarize();
takeFiles();
combobox(form.elements.gpu, "/gpus/suggestions");
sliders(form, follow);
form.addEventListener("input", (event) => { if (event.target.type !== "file") follow(); });
form.addEventListener("change", (event) => {
  if (event.target.name === "model") changeModel();
  if (event.target.type !== "file") follow();
});
form.addEventListener("submit", (event) => { event.preventDefault(); follow(); });
document.documentElement.dataset.ready = "true";
