// Clock times in the reader's own way, and the time zone for the server, which names the days.

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
document.cookie = `zone=${zone};path=/;max-age=31536000;samesite=strict`;

function reword(within) {
  for (const time of within.querySelectorAll("time")) {
    const when = new Date(time.dateTime);
    time.textContent = when.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    time.title = when.toLocaleString([], { dateStyle: "long", timeStyle: "short" });
  }
}

reword(document);
document.addEventListener("htmx:after:process", ({ target }) => reword(target));
