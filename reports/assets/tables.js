"use strict";
// Sorts a table by the column whose heading is pressed; pressed again, the other way around. Filters it by words.
(() => {
  function compare(a, b, numeric) {
    if (a === "" || b === "") return (a === "") - (b === ""); // what is missing stays last, in both directions
    return numeric ? Number(a) - Number(b) : a.localeCompare(b);
  }

  function sort(table, heading) {
    const index = [...heading.parentElement.children].indexOf(heading);
    const direction = heading.getAttribute("aria-sort") === "ascending" ? -1 : 1;
    const numeric = heading.classList.contains("number");
    const key = (row) => row.cells[index].dataset.value;
    const rows = [...table.tBodies[0].rows].sort((a, b) => {
      const missing = key(a) === "" || key(b) === "";
      return compare(key(a), key(b), numeric) * (missing ? 1 : direction);
    });
    table.tBodies[0].append(...rows);
    for (const other of heading.parentElement.children) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", direction === 1 ? "ascending" : "descending");
  }

  for (const table of document.querySelectorAll("table.sortable")) {
    for (const heading of table.tHead.rows[0].cells) {
      heading.querySelector("button").addEventListener("click", () => sort(table, heading));
    }
  }

  // A row stays when each word of the filter stands somewhere in it.
  const filter = document.getElementById("filter");
  filter?.addEventListener("input", () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const rows = [...document.querySelector("table.sortable").tBodies[0].rows];
    for (const row of rows) {
      const text = [...row.cells].map((cell) => cell.textContent).join(" ").toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
    }
    const left = rows.filter((row) => !row.hidden).length;
    document.getElementById("filtered").textContent = words.length ? `${left} of ${rows.length}` : "";
  });
})();
