// Appearance, and shortcuts with the switch that turns them off.

const root = document.documentElement;
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

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing || !shortcutsOn()) return;
  const isTyping = event.target.closest("input, textarea");
  const withCtrl = event.ctrlKey || event.metaKey;
  if (event.key === "Escape" && !document.querySelector(":popover-open")) {
    document.querySelector("#action.stop")?.click();
  } else if (withCtrl && event.shiftKey && event.code === "KeyO") {
    event.preventDefault();
    document.getElementById("new").click();
  } else if (withCtrl && event.key === "/") {
    event.preventDefault();
    document.getElementById("menu").togglePopover();
  } else if (event.key === "/" && !withCtrl && !event.altKey && !isTyping) {
    event.preventDefault();
    document.getElementById("content").focus();
  }
});
