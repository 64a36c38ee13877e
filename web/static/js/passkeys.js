// Asks the device for a passkey, and sends what it answers with the form, as any other form is sent.

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");

for (const form of document.querySelectorAll("form[data-question]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const button = form.querySelector("[type=submit]");
    button.disabled = true;
    answered(form)
      .then((answer) => {
        form.elements.answer.value = JSON.stringify(answer);
        form.submit();
      })
      .catch((error) => {
        button.disabled = false;
        tell(form, error.sentence ?? (error.name === "InvalidStateError" ? form.dataset.known : form.dataset.failed));
      });
  });
}
// Back shows the form as it was left: with its button waiting.
addEventListener("pageshow", () => document.querySelectorAll("form[data-question] [type=submit]").forEach((b) => (b.disabled = false)));

async function answered(form) {
  if (!window.PublicKeyCredential) throw { sentence: form.dataset.missing };
  const body = new URLSearchParams(new FormData(form));
  const reply = await fetch(form.dataset.question, { method: "POST", body });
  const asked = await reply.json();
  if (!reply.ok) throw { sentence: asked.refusal };
  asked.challenge = bytes(asked.challenge);
  if (asked.user) asked.user.id = bytes(asked.user.id);
  for (const each of [...(asked.allowCredentials ?? []), ...(asked.excludeCredentials ?? [])]) each.id = bytes(each.id);
  const how = asked.user ? "create" : "get";
  const { id, rawId, type, response } = await navigator.credentials[how]({ publicKey: asked });
  const parts = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];
  const said = parts.filter((part) => response[part]).map((part) => [part, text(response[part])]);
  return { id, rawId: text(rawId), type, response: Object.fromEntries(said) };
}

function tell(form, sentence) {
  const place = form.querySelector("[role=alert]");
  place.textContent = sentence;
  place.hidden = false;
}
