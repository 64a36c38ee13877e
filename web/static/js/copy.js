// Copies code and replies, also where the browser has no clipboard: on plain HTTP.

document.addEventListener("click", async ({ target }) => {
  const button = target.closest(".copy-code, .copy-reply");
  if (!button) return;
  const done = await copy(button.matches(".copy-code") ? codeOf(button) : replyOf(button));
  const announce = document.getElementById("announce");
  const words = done ? announce.dataset.copied : announce.dataset.notCopied;
  announce.textContent = words;
  if (!button.matches(".copy-code")) return;
  const usual = (button.dataset.usual ??= button.textContent);
  button.textContent = words;
  setTimeout(() => (button.textContent = usual), 1600);
});

const codeOf = (button) => button.closest("figure").querySelector("pre").textContent;

function replyOf(button) {
  const message = button.closest(".message");
  const typed = [...message.querySelectorAll(".words")].map((words) => words.textContent);
  if (typed.length) return typed.join("");
  const blocks = message.querySelectorAll(".block");
  const words = (block) => (block.querySelector(":scope > .code pre") ?? block).innerText.trim();
  return [...blocks].map(words).join("\n\n");
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

function copyBySelection(text) {
  const focused = document.activeElement;
  const selection = getSelection();
  const ranges = [...Array(selection.rangeCount)].map((_, at) => selection.getRangeAt(at));
  const field = document.createElement("textarea");
  field.className = "visually-hidden";
  field.value = text;
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  selection.removeAllRanges();
  ranges.forEach((range) => selection.addRange(range));
  focused?.focus({ preventScroll: true });
  return done;
}
