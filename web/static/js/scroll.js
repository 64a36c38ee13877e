// Follows the growing reply while the reader is at the bottom, and lets go when they scroll up.

const messages = document.getElementById("messages");
const latest = document.getElementById("latest");
const page = document.documentElement;
// An address that names a message shows that one.
let following = !location.hash;
let lastTop = 0;

const below = () => page.scrollHeight - innerHeight - scrollY;
const toEnd = () => scrollTo({ top: page.scrollHeight, behavior: "instant" });

addEventListener(
  "scroll",
  () => {
    // Growing text never scrolls up, so whoever goes up is the reader.
    if (scrollY < lastTop - 1 && below() > 1) following = false;
    else if (below() < 16) following = true;
    lastTop = scrollY;
    offer();
  },
  { passive: true },
);

function offer() {
  latest.hidden = following || below() < 200;
}

new ResizeObserver(() => {
  if (following) toEnd();
  offer();
}).observe(messages);

latest.addEventListener("click", () => {
  following = true;
  toEnd();
});

// One's own message is always shown.
document.addEventListener("htmx:after:request", ({ target, detail: { ctx } }) => {
  if (target.id === "composer" && ctx.response.status < 300) following = true;
});

// Older messages come in above: what the reader looks at stays where it is.
document.addEventListener("htmx:before:swap", ({ detail: { ctx } }) => {
  if (ctx.target?.id === "earlier") ctx.fromEnd = page.scrollHeight - scrollY;
});
document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  if (ctx.fromEnd) scrollTo({ top: page.scrollHeight - ctx.fromEnd, behavior: "instant" });
});

history.scrollRestoration = "manual";
if (following && messages.querySelector(".message")) toEnd();
