// Clock times in the reader's own way, and the time zone for the server, which names the days.

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
document.cookie = `zone=${zone};path=/;max-age=31536000;samesite=strict`;

// In the page's language, as it is written where the browser is.
const { lang } = document.documentElement;
const locale = navigator.languages.find((each) => each.split("-")[0] === lang) ?? lang;

function reword(within) {
  for (const time of within.querySelectorAll("time")) {
    const when = new Date(time.dateTime);
    time.textContent = when.toLocaleTimeString(locale, { hour: "2-digit", minute: "2-digit" });
    time.title = when.toLocaleString(locale, { dateStyle: "long", timeStyle: "short" });
  }
}

reword(document);
document.addEventListener("htmx:after:process", ({ target }) => reword(target));
