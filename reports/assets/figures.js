"use strict";
// Unpacks plotly.js and draws the figures, in the colors that the reader's screen or printer asks for.
(() => {
  const { figures, layout: base, dark } = JSON.parse(document.getElementById("figure-data").textContent);
  const plots = [...document.querySelectorAll("[data-figure]")];
  const prefersDark = matchMedia("(prefers-color-scheme: dark)");
  const narrow = matchMedia("(max-width: 40rem)");
  const coarse = matchMedia("(pointer: coarse)");

  async function unpack(id) {
    const packed = Uint8Array.from(atob(document.getElementById(id).textContent), (c) => c.charCodeAt(0));
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

  function draw(plot, { print = false } = {}) {
    const figure = figures[plot.dataset.figure];
    const whole = { data: figure.data, layout: { ...base, ...figure.layout } };
    const { data, layout } = structuredClone(prefersDark.matches && !print ? recolor(whole) : whole);
    layout.dragmode = coarse.matches ? false : "zoom"; // a finger that scrolls must not zoom
    if (print) Object.assign(layout, { width: 660, height: layout.height * 0.85 }); // two figures to a page
    if (narrow.matches) layout.font.size = 12;
    return Plotly.react(plot, data, layout, {
      responsive: !print,
      displaylogo: false,
      displayModeBar: coarse.matches ? false : undefined,
      modeBarButtonsToRemove: ["lasso2d", "select2d", "autoScale2d", "zoomIn2d", "zoomOut2d"],
      toImageButtonOptions: { format: "svg", filename: plot.dataset.figure },
    });
  }

  function fail(plot, error) {
    const note = document.createElement("p");
    note.className = "failed";
    note.textContent = `This figure could not be drawn here (${error.message}); its table holds the numbers.`;
    plot.replaceChildren(note);
  }

  async function drawAll(options) {
    for (const plot of plots) await Promise.resolve(plot).then((p) => draw(p, options)).catch((e) => fail(plot, e));
    document.documentElement.dataset.figures = "drawn";
  }

  async function start() {
    try {
      run(await unpack("plotly-packed"));
    } catch (error) {
      plots.forEach((plot) => fail(plot, error));
      return;
    }
    await drawAll();
    prefersDark.addEventListener("change", () => drawAll());
    narrow.addEventListener("change", () => drawAll());
    addEventListener("beforeprint", () => plots.forEach((plot) => draw(plot, { print: true })));
    addEventListener("afterprint", () => drawAll());
  }

  start();
})();
