// Follows a study by server-sent events. What has not changed is not touched; what was lost is asked for again.
const live = document.getElementById("live");
const lost = document.getElementById("lost");
const AGAIN_MS = 1000;

function show(parts) {
  for (const [name, text] of Object.entries(parts)) {
    const html = live.querySelector(`[data-part="${name}"]`);
    const words = live.querySelector(`[data-part-text="${name}"]`);
    if (html && !html.contains(focused())) html.innerHTML = text; // the server's own template, escaped there
    else if (html) late(html, text);
    if (words) words.textContent = text;
  }
}

// A button that has the focus is not taken from under a finger: its part changes when the focus has left it.
function focused() {
  const element = document.activeElement;
  return element && element.matches("button, a, summary, input") ? element : null;
}

function late(part, text) {
  part.addEventListener("focusout", () => setTimeout(() => { part.innerHTML = text; }), { once: true });
}

function follow() {
  const source = new EventSource(live.dataset.events);
  source.addEventListener("open", () => { lost.hidden = true; live.dataset.connected = "true"; });
  source.addEventListener("message", (event) => {
    const parts = JSON.parse(event.data);
    show(parts);
    live.dataset.heard = String(Date.now());
    if (parts.last) source.close();
    if (parts.last === "deleted") location.assign("/studies");
  });
  source.addEventListener("error", () => {
    lost.textContent = "The service does not answer; the study goes on. Asking again…";
    lost.hidden = false;
    live.dataset.connected = "false";
    if (source.readyState === EventSource.CLOSED) setTimeout(follow, AGAIN_MS); // refused, not lost: it asks no more by itself
  });
}

follow();
document.documentElement.dataset.ready = "true";
