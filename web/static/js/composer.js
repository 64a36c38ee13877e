// Writing and sending: Enter, input methods, drafts, and giving the text back when sending fails.

const form = document.getElementById("composer");
const field = document.getElementById("content");
const notice = document.getElementById("notice");
const unanswered = document.getElementById("unanswered");
const byTouch = matchMedia("(pointer: coarse)");
const hangul = /[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]$/;

// Enter while composing: in Japanese it takes a conversion and no more. In Korean it sends; the
// last syllable is in the field only once composition has ended.
let composed = "";
let sendAtEnd = false;
let enterIsSpent = false;

field.addEventListener("compositionupdate", (event) => (composed = event.data));
field.addEventListener("compositionend", (event) => {
  if (sendAtEnd && hangul.test(event.data)) setTimeout(() => enterIsSpent || send());
  sendAtEnd = false;
  composed = "";
});
field.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" && event.keyCode !== 229) return;
  if (event.shiftKey || byTouch.matches) return;
  // Safari ends composition before this event; it tells by keyCode 229.
  if (event.isComposing || event.keyCode === 229) {
    sendAtEnd = event.code === "Enter" && hangul.test(composed);
    return;
  }
  event.preventDefault();
  if (!enterIsSpent && !event.repeat) send();
});
field.addEventListener("keyup", () => (enterIsSpent = false));

function send() {
  enterIsSpent = true;
  form.requestSubmit();
}

form.addEventListener(
  "submit",
  (event) => {
    const blank = !field.value.trim() && event.submitter?.name !== "question";
    if (!blank) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  },
  true,
);

// One draft for each conversation and one for a new one, the same in all tabs.
const drafts = localStorage;
const draftKey = () => "draft:" + form.elements.conversation_id.value;
let key = draftKey();

// Browsers write them to their disk, so not those of a temporary conversation.
const isTemporary = () => new FormData(form).has("temporary");

function keepDraft() {
  fit();
  if (!isTemporary()) drafts.setItem(key, field.value);
  // Emptied is news to other tabs; gone is none.
  if (!field.value || isTemporary()) drafts.removeItem(key);
}

function takeUpDraft() {
  field.value ||= drafts.getItem(key) ?? "";
  keepDraft();
}

addEventListener("storage", ({ key: its, oldValue, newValue }) => {
  if (its !== key || newValue === null || field.value !== (oldValue ?? "")) return;
  field.value = newValue;
  fit();
});

// A conversation was begun or deleted: what is in the field goes along.
new MutationObserver(() => {
  if (key === draftKey()) return;
  if (key !== "draft:" || drafts.getItem(key) === field.value) drafts.removeItem(key);
  key = draftKey();
  takeUpDraft();
}).observe(document.getElementById("composer-ids"), { childList: true });

field.addEventListener("input", keepDraft);
form.addEventListener("change", keepDraft);

function fit() {
  if (CSS.supports("field-sizing", "content")) return;
  field.style.height = "auto";
  field.style.height = field.scrollHeight + "px";
}

document.addEventListener("htmx:after:request", ({ target, detail: { ctx } }) => {
  if (target !== form || ctx.response.status >= 300) return;
  if (ctx.request.submitter?.name === "question") return;
  // Words written meanwhile are the next message's.
  if (field.value === ctx.sentText) field.value = "";
  if (drafts.getItem(key) === ctx.sentText) keepDraft();
});
document.addEventListener("htmx:config:request", ({ target, detail: { ctx } }) => {
  if (target === form) ctx.sentText = field.value;
});
document.addEventListener("htmx:error", ({ target }) => {
  if (target.matches("form")) notice.innerHTML = unanswered.innerHTML;
});

takeUpDraft();

// What is dropped or pasted goes the way of what is chosen.
function attach(event) {
  const files = (event.dataTransfer ?? event.clipboardData).files;
  const clip = document.getElementById("files");
  if (!files.length || isTemporary()) return;
  event.preventDefault();
  clip.files = files;
  clip.dispatchEvent(new Event("change"));
}
addEventListener("drop", attach);
addEventListener("paste", attach);
addEventListener("dragover", (event) => {
  if (event.dataTransfer.types.includes("Files")) event.preventDefault();
});
