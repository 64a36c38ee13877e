"""A language that puts brackets around all that it says: what is said in none stands out."""

import re
from datetime import date, datetime
from typing import Any

from babel import Locale
from httpx import ASGITransport, AsyncClient
from litestar import Litestar
from litestar.routes import HTTPRoute
from read_words import letters_in, words_of
from signed_in import COOKIES

from appliance.languages.language import Language
from appliance.languages.languages import Languages


class Bracketing(Language):
    """Puts brackets around all that it is asked to say; what has none was never asked."""

    def text(self, message: str) -> str:
        return f"⟦{message}⟧"

    def counted(self, one: str, many: str, num: int) -> str:
        return f"⟦{one if num == 1 else many}⟧"

    def in_context(self, context: str, message: str) -> str:
        return f"⟦{message}⟧"

    def day(self, day: date, *, with_year: bool) -> str:
        return f"⟦{day}⟧"

    def clock(self, at: datetime) -> str:
        return f"⟦{at:%H:%M}⟧"

    def again(self, english: str) -> str:
        return f"⟦{english}⟧"


BRACKETING = Languages([Bracketing("en", Locale.parse("en"))])
OWN_WORDS = {
    *("me", "model", "a", "Appliance", "smollm", "m", "instruct"),
    *("SmolLM", "M", "Instruct", "Q", "Apache", "gguf"),
    *("kB", "MB", "GB", "TB"),
    *("appliance", "llama", "cpp", "python", "litestar", "SQLite"),
}
"""The person's name, and what the models' files say of themselves; programs and units are called
the same everywhere.
"""


def unsaid(html: str) -> list[str]:
    """What stands outside of all brackets."""
    rest = "\n".join(words_of(html))
    while rest != (rest := re.sub(r"⟦[^⟦⟧]*⟧", "", rest)):
        continue
    return [line for line in rest.split("\n") if set(letters_in(line).split()) - OWN_WORDS]


def browser(app: Litestar, **headers: str) -> AsyncClient:
    transport = ASGITransport(app)
    return AsyncClient(
        transport=transport, base_url="http://box.test", cookies=COOKIES, headers=headers
    )


def plain_pages(app: Litestar) -> list[str]:
    """Every address that can be asked for without knowing an id."""
    return [
        route.path
        for route in app.routes
        if isinstance(route, HTTPRoute) and "GET" in route.methods and not route.path_parameters
    ]


async def all_said(client: AsyncClient, *paths: str, **more: Any) -> None:
    for path in paths:
        answer = await client.get(path, **more)
        if answer.headers.get("content-type", "").startswith("text/html"):
            left = unsaid(answer.text)
            assert not left, f"{path}: {left}"
