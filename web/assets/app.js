// Keeps the page fresh: each "view" event carries the body anew, rendered and
// escaped by the server.
"use strict";

const view = document.getElementById("view");
const link = document.getElementById("link");

function say(text, tone) {
  link.textContent = text;
  link.className = "chip " + tone;
}

function ago(time) {
  const seconds = Math.max(0, Math.round((Date.now() - Date.parse(time.dateTime)) / 1000));
  if (seconds < 60) return seconds + " s ago";
  if (seconds < 3600) return Math.round(seconds / 60) + " min ago";
  if (seconds < 86400) return Math.round(seconds / 3600) + " h ago";
  return Math.round(seconds / 86400) + " d ago";
}

function refreshTimes() {
  for (const time of view.querySelectorAll("time.ago")) time.textContent = ago(time);
}

function show(html) {
  const open = new Set([...view.querySelectorAll("details[open]")].map((d) => d.id));
  const next = new DOMParser().parseFromString(html, "text/html").body;
  view.replaceChildren(...next.childNodes);
  for (const d of view.querySelectorAll("details")) d.open = open.has(d.id);
  refreshTimes();
}

const source = new EventSource("/live");
source.addEventListener("open", () => say("live", "good"));
source.addEventListener("view", (event) => show(event.data));
source.addEventListener("error", () => {
  if (source.readyState === EventSource.CLOSED) say("signed out", "bad");
  else say("reconnecting", "warn");
});

refreshTimes();
setInterval(refreshTimes, 5000);
