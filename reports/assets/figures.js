"use strict";
// Unpacks plotly.js and draws the figures, in the colors that the reader's screen or printer asks for: first those near
// the screen, the others when the browser has nothing else to do or the reader comes near, all of them before they print.
(() => {
  const { figures, layout: base, dark } = JSON.parse(document.getElementById("figure-data").textContent);
  const plots = [...document.querySelectorAll("[data-figure]")];
  const prefersDark = matchMedia("(prefers-color-scheme: dark)");
  const narrow = matchMedia("(max-width: 40rem)");
  const coarse = matchMedia("(pointer: coarse)");
  const whenIdle = globalThis.requestIdleCallback ?? ((task) => setTimeout(task, 50));
  const waiting = new Set(); // plots that are not drawn, or not as the screen is now
  const near = new IntersectionObserver(arrive, { rootMargin: "50% 0px" });

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
    layout.dragmode = coarse.matches ? false : "zoom"; // a finger that scrolls must not zoom
    if (print) Object.assign(layout, { width: 660, height: layout.height * 0.85 }); // two figures to a page
    if (narrow.matches) layout.font.size = 12;
    return Plotly.react(place, data, layout, {
      responsive: !print,
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
    waiting.delete(place);
    near.unobserve(place);
    try {
      const width = place.clientWidth;
      await plot(place, options);
      if (!options?.print && place.clientWidth !== width) await Plotly.Plots.resize(place); // the screen has changed meanwhile
    } catch (error) {
      fail(place, error);
    }
  }

  async function arrive(entries) {
    await Promise.all(entries.filter((entry) => entry.isIntersecting).map((entry) => draw(entry.target)));
    document.documentElement.dataset.figures = waiting.size ? "near" : "drawn";
    whenIdle(drawNext);
  }

  async function drawNext() {
    const [next] = waiting;
    if (!next) return;
    await draw(next);
    if (!waiting.size) document.documentElement.dataset.figures = "drawn";
    whenIdle(drawNext);
  }

  function drawAll() {
    document.documentElement.dataset.figures = plots.length ? "waiting" : "drawn"; // tests and timings read it
    for (const place of plots) {
      waiting.add(place);
      near.observe(place); // which tells at once whether it is near
    }
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
    drawAll();
    prefersDark.addEventListener("change", drawAll);
    narrow.addEventListener("change", drawAll);
    addEventListener("beforeprint", () => plots.forEach((place) => draw(place, { print: true })));
    addEventListener("afterprint", drawAll);
  }

  start();
})();
