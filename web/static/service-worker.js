// Keeps the page that says that the box is away, and what that page looks like. Nothing else, and
// never a word of anybody: everything is asked of the box, each time.

const SHELL = "shell-VERSION";
const FILES = ["/offline", "/static/css/app.css", "/static/favicon.svg"];

addEventListener("install", (event) => {
  event.waitUntil(caches.open(SHELL).then((shell) => shell.addAll(FILES)));
  skipWaiting();
});

addEventListener("activate", (event) => {
  const older = (names) => names.filter((name) => name !== SHELL).map((name) => caches.delete(name));
  event.waitUntil(caches.keys().then((names) => Promise.all(older(names))));
});

addEventListener("fetch", (event) => {
  const { request } = event;
  // What is sent goes its own way: the browser keeps a form that could not be sent, we would not.
  if (request.method !== "GET") return;
  const { origin, pathname } = new URL(request.url);
  const kept = request.mode === "navigate" ? "/offline" : pathname;
  if (origin !== location.origin || !FILES.includes(kept)) return;
  event.respondWith(fetch(request).catch(() => caches.match(kept)));
});
