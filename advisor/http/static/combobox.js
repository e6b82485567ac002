// An editable combobox with a list, as the ARIA Authoring Practices describe it: the input keeps the focus.
// https://www.w3.org/WAI/ARIA/apg/patterns/combobox/
export function combobox(input, address) {
  const list = document.createElement("ul");
  list.id = `${input.id}-list`;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", `${input.labels[0].textContent.trim()}: suggestions`);
  list.hidden = true;
  input.after(list);
  for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": list.id })) {
    input.setAttribute(name, value);
  }
  let asked = 0;
  let active = -1;

  function show(items) {
    active = -1;
    list.replaceChildren(...items.map(option));
    list.hidden = items.length === 0;
    input.setAttribute("aria-expanded", String(!list.hidden));
    input.removeAttribute("aria-activedescendant");
  }

  function option({ name, detail }, index) {
    const item = document.createElement("li");
    item.id = `${list.id}-${index}`;
    item.setAttribute("role", "option");
    item.setAttribute("aria-selected", "false");
    item.dataset.name = name;
    const note = document.createElement("span");
    note.textContent = detail;
    item.append(name, " ", note);
    item.addEventListener("pointerdown", (event) => { event.preventDefault(); choose(item); });
    return item;
  }

  function choose(item) {
    input.value = item.dataset.name;
    show([]);
    input.dispatchEvent(new Event("change", { bubbles: true }));
  }

  function move(step) {
    const items = [...list.children];
    active = (active + step + items.length) % items.length;
    items.forEach((item, index) => item.setAttribute("aria-selected", String(index === active)));
    items[active].scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", items[active].id);
  }

  async function ask() {
    const number = ++asked;
    const response = await fetch(`${address}?${new URLSearchParams({ q: input.value })}`);
    if (response.ok && number === asked && document.activeElement === input) show(await response.json());
  }

  input.addEventListener("input", (event) => { event.stopPropagation(); ask(); });
  input.addEventListener("blur", () => { asked += 1; show([]); });
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" && list.hidden) ask();
    if (list.hidden) return;
    if (event.key === "ArrowDown") move(1);
    else if (event.key === "ArrowUp") move(active < 0 ? 0 : -1);
    else if (event.key === "Enter" && active >= 0) choose(list.children[active]);
    else if (event.key === "Escape") show([]);
    else return;
    event.preventDefault();
  });
}
