"use strict";
// Unpacks plotly.js and draws the figures, in the colors that the reader's screen or printer asks for: first those near
// the screen, the others when the browser has nothing else to do or the reader comes near, all of them before they print.
(() => {
  const { figures, layout: base, dark } = JSON.parse(document.getElementById("figure-data").textContent);
  const plots = [...document.querySelectorAll("[data-figure]")];
  const prefersDark = matchMedia("(prefers-color-scheme: dark)");
  const narrow = matchMedia("(max-width: 40rem)");
  const coarse = matchMedia("(pointer: coarse)");
  const waiting = new Set(); // plots that are not drawn, or not as the screen is now
  let near; // plots on the screen, or half a screen away, once that is known
  const widths = new Map(); // that plots were drawn at [px]
  const watcher = new IntersectionObserver(arrive, { rootMargin: "50% 0px" });
  const ruler = new ResizeObserver(() => wait(plots.filter((place) => place.clientWidth !== widths.get(place))));
  let busy = false;

  function bytes(base64) {
    return Uint8Array.fromBase64?.(base64) ?? Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  }

  async function unpack(id) {
    const packed = bytes(document.getElementById(id).textContent);
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).text();
  }

  function run(source) {
    const script = document.createElement("script");
    script.textContent = source;
    document.head.append(script);
  }

  // Figures hold the light palette; each of its colors has one counterpart in the dark.
  function recolor(value) {
    if (typeof value === "string") return dark[value] ?? value;
    if (Array.isArray(value)) return value.map(recolor);
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, recolor(item)]));
  }

  function plot(place, { print = false } = {}) {
    const figure = figures[place.dataset.figure];
    const whole = { data: figure.data, layout: { ...base, ...figure.layout } };
    const { data, layout } = structuredClone(prefersDark.matches && !print ? recolor(whole) : whole);
    if (place.clientWidth) layout.width = place.clientWidth;
    layout.dragmode = coarse.matches ? false : "zoom"; // a finger that scrolls must not zoom
    if (print) Object.assign(layout, { width: 660, height: layout.height * 0.85 }); // two figures to a page
    if (narrow.matches) layout.font.size = 12;
    return Plotly.react(place, data, layout, {
      displaylogo: false,
      displayModeBar: coarse.matches ? false : undefined,
      modeBarButtonsToRemove: ["lasso2d", "select2d", "autoScale2d", "zoomIn2d", "zoomOut2d"],
      toImageButtonOptions: { format: "svg", filename: place.dataset.figure },
    });
  }

  function fail(place, error) {
    const note = document.createElement("p");
    note.className = "failed";
    note.textContent = `This figure could not be drawn here (${error.message}); its table holds the numbers.`;
    place.replaceChildren(note);
  }

  async function draw(place, options) {
    widths.set(place, place.clientWidth);
    try {
      await plot(place, options);
    } catch (error) {
      fail(place, error);
    }
  }

  function idle() {
    return new Promise((go) => (globalThis.requestIdleCallback ? requestIdleCallback(go, { timeout: 500 }) : setTimeout(go, 50)));
  }

  function nearest() {
    return [...waiting].find((place) => near?.has(place));
  }

  // Says how far it is: the figures that can be seen are drawn, or all. Tests and timings read it.
  function tell() {
    document.documentElement.dataset.figures = !waiting.size ? "drawn" : near && !nearest() ? "near" : "waiting";
  }

  // One figure at a time. One that has to be drawn anew meanwhile waits again.
  async function work() {
    if (busy) return;
    busy = true;
    while (waiting.size) {
      if (!nearest()) await idle();
      const next = nearest() ?? [...waiting][0];
      waiting.delete(next);
      await draw(next);
      tell();
    }
    busy = false;
  }

  function wait(places) {
    places.forEach((place) => waiting.add(place));
    tell();
    work();
  }

  function arrive(entries) {
    near ??= new Set();
    for (const entry of entries) near[entry.isIntersecting ? "add" : "delete"](entry.target);
    tell();
  }

  function reserve() {
    for (const place of plots) place.style.minHeight = `${figures[place.dataset.figure].layout.height}px`;
  }

  async function start() {
    try {
      reserve();
      run(await unpack("plotly-packed"));
    } catch (error) {
      plots.forEach((place) => fail(place, error));
      return;
    }
    wait(plots);
    for (const observer of [watcher, ruler]) plots.forEach((place) => observer.observe(place));
    prefersDark.addEventListener("change", () => wait(plots));
    addEventListener("beforeprint", () => plots.forEach((place) => draw(place, { print: true })));
    addEventListener("afterprint", () => wait(plots));
  }

  start();
})();
