// Asks without leaving the page, says how long it has been waiting, and lets one explore the front.
import { combobox } from "./combobox.js";

const form = document.getElementById("propose-form");
const answer = document.getElementById("answer");
const announcement = document.getElementById("announcement");
let asked = 0;

function query() {
  const kept = [...new FormData(form)].filter(([name, value]) => value !== "" && form.elements[name].dataset.initial !== value);
  return new URLSearchParams(kept.length ? kept : [["gpu", form.elements.gpu.value]]);
}

async function propose() {
  const number = ++asked;
  const address = query();
  const stop = wait();
  try {
    const response = await fetch(`/propose/answer?${address}`);
    if (!response.ok) throw new Error((await response.json()).detail ?? response.statusText);
    const html = await response.text();
    if (number !== asked) return;
    answer.innerHTML = html; // the server's own template, escaped there
    history.pushState(null, "", `/propose?${address}`);
    explore();
    mark();
    announcement.textContent = answer.querySelector("#headline, .notice").textContent;
  } catch (error) {
    if (number === asked) announce(`No answer: ${error.message}`);
  } finally {
    stop();
  }
}

function announce(text) {
  announcement.textContent = text;
  const notice = document.createElement("p");
  notice.className = "notice";
  notice.textContent = text;
  answer.replaceChildren(notice);
}

function wait() {
  const button = form.querySelector("[type=submit]");
  const progress = document.createElement("p");
  const bar = document.createElement("progress");
  const words = document.createElement("span");
  bar.setAttribute("aria-label", "Computing");
  progress.className = "waiting";
  progress.append(bar, words);
  answer.replaceChildren(progress);
  announcement.textContent = "Computing the candidates.";
  button.disabled = true;
  const began = performance.now();
  const tell = () => { words.textContent = ` Computing every candidate: ${Math.round((performance.now() - began) / 1000)} s`; };
  tell();
  const timer = setInterval(tell, 1000);
  return () => {
    clearInterval(timer);
    button.disabled = false;
    progress.remove();
  };
}

// What is wrong is said beside its field too.
function mark() {
  const said = new Map([...answer.querySelectorAll("[data-error]")].map((e) => [e.dataset.error, e.textContent]));
  for (const field of form.querySelectorAll("[data-field]")) {
    const note = field.querySelector(".error");
    const input = field.querySelector("[name]");
    note.textContent = said.get(field.dataset.field) ?? "";
    note.hidden = !note.textContent;
    if (note.textContent) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
  }
}

// The plot: an axis to choose, and a slider that goes from point to point; so it needs no mouse.
function explore() {
  const figure = document.getElementById("pareto");
  if (!figure) return;
  const points = [...figure.querySelectorAll("[data-xs]")];
  const links = [...figure.querySelectorAll("#front a")];
  const slider = figure.querySelector("#point");
  const ring = figure.querySelector("#chosen");
  figure.querySelector(".axes").hidden = false;
  figure.querySelector("#explore").hidden = false;

  function choose(index) {
    const point = points[index];
    slider.value = String(index);
    slider.setAttribute("aria-valuetext", links[index].textContent);
    figure.querySelector("#told").textContent = links[index].textContent;
    figure.querySelector("#point-link").href = links[index].getAttribute("href");
    ring.setAttribute("cx", point.getAttribute("cx"));
    ring.setAttribute("cy", point.getAttribute("cy"));
    ring.removeAttribute("display");
  }

  for (const radio of figure.querySelectorAll("[name=axis]")) {
    radio.addEventListener("change", () => {
      for (const point of points) point.setAttribute("cx", `${point.dataset.xs.split(" ")[radio.value]}%`);
      for (const axis of figure.querySelectorAll(".axis")) {
        if (axis.dataset.axis === radio.value) axis.removeAttribute("display");
        else axis.setAttribute("display", "none");
      }
      figure.querySelector("#axis-name").textContent = radio.parentElement.textContent.trim();
      choose(Number(slider.value));
    });
  }
  slider.addEventListener("input", () => choose(Number(slider.value)));
  points.forEach((point, index) => {
    point.addEventListener("pointerenter", () => choose(index));
    point.addEventListener("click", () => choose(index));
  });
  choose(points.length - 1);
}

combobox(form.elements.gpu, "/gpus/suggestions");
form.addEventListener("submit", (event) => { event.preventDefault(); propose(); });
addEventListener("popstate", () => location.reload());
explore();
document.documentElement.dataset.ready = "true";
