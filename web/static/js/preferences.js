// Appearance, shortcuts with the switch that turns them off, and the two dialogs.

const root = document.documentElement;
const byId = (id) => document.getElementById(id);
const shortcutsOn = () => localStorage.getItem("shortcuts") !== "off";

document.addEventListener("change", ({ target }) => {
  if (target.name === "theme") {
    root.dataset.theme = target.value;
    // A cookie, so that the next page comes in the right colours from its first byte.
    document.cookie = `theme=${target.value};path=/;max-age=31536000;samesite=strict`;
  }
  if (target.id === "shortcuts") localStorage.setItem("shortcuts", target.checked ? "on" : "off");
});

document.addEventListener(
  "beforetoggle",
  ({ target }) => {
    if (target.id !== "menu") return;
    target.querySelector("#shortcuts").checked = shortcutsOn();
    target.querySelector(`[value="${root.dataset.theme}"]`).checked = true;
  },
  true,
);

document.addEventListener("click", ({ target }) => {
  if (target.closest("[data-closes]")) target.closest("dialog").close();
  const opener = target.closest("[data-opens]");
  if (!opener) return;
  // The menu first, so that the focus has a place to come back to.
  opener.closest("[popover]")?.hidePopover();
  byId(opener.dataset.opens).showModal();
});

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing || !shortcutsOn()) return;
  const act = shortcut(event, event.ctrlKey || event.metaKey);
  if (!act) return;
  if (event.key !== "Escape") event.preventDefault();
  act();
});

function shortcut({ key, code, shiftKey, altKey, target }, withCtrl) {
  if (key === "Escape" && !document.querySelector(":popover-open, dialog[open]"))
    return () => document.querySelector("#action.stop")?.click();
  if (withCtrl && shiftKey && code === "KeyO") return () => byId("new").click();
  if (withCtrl && key === "k") return search;
  if (withCtrl && key === "/") return () => byId("menu")?.togglePopover();
  if (key === "/" && !withCtrl && !altKey && !target.closest("input, textarea"))
    return () => byId("content")?.focus();
  if (key === "ArrowUp" && target.id === "content" && !target.value)
    return () => [...document.querySelectorAll(".edit-message")].at(-1)?.click();
}

function search() {
  if (!byId("search").checkVisibility()) byId("sidebar").showPopover();
  byId("search").focus();
}

// An app on a phone has a page for when the box is away.
if (location.protocol === "https:") navigator.serviceWorker?.register("/service-worker.js");
