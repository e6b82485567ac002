"use strict";
// Hands the page's data to the reader as CSV (one row per trial), JSON (all of it) or config files, without a server.
(() => {
  const data = document.getElementById("study-data").textContent;
  const actions = document.querySelector("[data-filename]");

  // A spreadsheet runs text that begins like a formula: such text gets an apostrophe in front. Numbers stay numbers.
  function harmless(text) {
    const isNumber = /^[+-]?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text);
    return /^\s*[=+\-@\t\r\uFF1D\uFF0B\uFF0D\uFF20]/.test(text) && !isNumber ? `'${text}` : text;
  }

  function cell(value) {
    const text = harmless(value === null || value === undefined ? "" : String(value));
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  }

  function prefixed(name, values) {
    return Object.fromEntries(Object.entries(values).map(([key, value]) => [`${name}.${key}`, value]));
  }

  // Nested values become columns: `point` under their own names, `params` and `costs` with a prefix, curves stay in the
  // JSON. `front`, where costs are objectives: whether the trial is on the Pareto front.
  function flatten({ point, params, costs, curve, ...trial }, front) {
    const beside = front.length ? { front: front.includes(trial.number) } : {};
    return { ...trial, ...point, ...prefixed("params", params), ...prefixed("costs", costs), ...beside };
  }

  function csv() {
    const { study, front } = JSON.parse(data);
    const rows = study.trials.map((trial) => flatten(trial, front));
    const columns = [...new Set(rows.flatMap(Object.keys))];
    const lines = [columns, ...rows.map((row) => columns.map((column) => row[column]))];
    return lines.map((line) => line.map(cell).join(",") + "\r\n").join("");
  }

  function save(text, type, name) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }

  function offer(id, make, type, extension) {
    const button = document.getElementById(id);
    button?.addEventListener("click", () => save(make(), type, `${actions.dataset.filename}.${extension}`));
  }

  offer("download-csv", csv, "text/csv", "csv");
  offer("download-json", () => data, "application/json", "json");
  for (const button of document.querySelectorAll("[data-save]")) {
    const text = document.getElementById(button.dataset.save).textContent;
    button.addEventListener("click", () => save(text, "text/plain", button.dataset.name));
  }
})();
