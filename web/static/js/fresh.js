// Keeps the page in step with the box: a stream that fell silent is taken up again, and what other
// tabs or devices changed is fetched.

const SILENT_MS = 25_000; // the stream says something every 10 s
const AGAIN_MS = 3_000;
const LOOK_MS = 20_000;

const away = document.getElementById("connection");
const follower = () => document.querySelector("[id^=follow-]");
const isFollower = (element) => element.id?.startsWith("follow-");
let heardAt = Date.now();

function heard() {
  heardAt = Date.now();
  away.textContent = "";
}

function takeUpAgain() {
  const old = follower();
  if (!old || document.hidden) return;
  heardAt = Date.now();
  const fresh = old.cloneNode();
  fresh.removeAttribute("data-htmx-powered");
  htmx.swap({ sourceElement: document.body, target: old, swap: "outerHTML", text: fresh.outerHTML });
}

function lost({ target }) {
  if (isFollower(target)) away.textContent = away.dataset.away;
}

document.addEventListener("htmx:sse:after:connection", heard);
document.addEventListener("htmx:sse:before:message", heard);
document.addEventListener("htmx:sse:error", lost);
// htmx tries a broken stream again, but not one that could not be opened at all.
for (const name of ["htmx:error", "htmx:response:error"]) {
  document.addEventListener(name, (event) => {
    lost(event);
    if (isFollower(event.target)) setTimeout(takeUpAgain, AGAIN_MS);
  });
}
// The box knows of no such turn any more: show what it does know.
document.addEventListener("htmx:sse:close", ({ target, detail }) => {
  if (detail.reason !== "message" || !isFollower(target)) return;
  target.remove();
  look();
});

function look() {
  // While a reply is written here its stream is the news; both at once would cross.
  if (document.hidden || follower()) return;
  htmx.trigger("#sync", "refresh");
}

document.addEventListener("visibilitychange", () => {
  heardAt = Date.now();
  look();
});
addEventListener("focus", look);
setInterval(look, LOOK_MS);
setInterval(() => {
  if (Date.now() - heardAt > SILENT_MS) takeUpAgain();
}, 5_000);

// Tabs of one browser tell each other at once.
const tabs = new BroadcastChannel("tabs");
tabs.addEventListener("message", look);
document.addEventListener("htmx:after:request", ({ detail: { ctx } }) => {
  if (ctx.request.method === "GET" || ctx.response.status >= 300) return;
  tabs.postMessage("changed");
  ctx.sourceElement.closest("dialog")?.close();
});
document.addEventListener("htmx:sse:after:message", ({ detail: { message } }) => {
  if (message.event === "done") tabs.postMessage("changed");
});
