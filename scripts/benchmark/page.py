"""A person with the appliance's page open, without the browser: forms out, fragments in."""

import re
import secrets
from time import monotonic

import httpx

from benchmark.errors import ScenarioFailed

_TOKEN = re.compile(r'name="_csrf_token" value="([^"]+)"')
_TURN = re.compile(r"/turns/([0-9a-f]{32})")
_FIRST_TEXT = 'class="block"'


class Page:
    """One page. Raises ScenarioFailed when the box answers something else than a page does."""

    def __init__(self, url: str, cookies: dict[str, str]) -> None:
        self._http = httpx.AsyncClient(base_url=url, cookies=cookies, timeout=120, trust_env=False)
        self._path = "/"
        self._token = ""

    async def open(self) -> None:
        """Load the page, as a browser does that comes back to a conversation."""
        text = (await self._http.get(self._path)).text
        found = _TOKEN.search(text)
        if found is None:
            raise ScenarioFailed(f"{self._path} is no page with a form")
        self._token = found[1]

    async def say(self, content: str) -> float:
        """Send a message and read the reply to its end; the seconds until its first text."""
        began = monotonic()
        form = {
            "_csrf_token": self._token,
            "content": content,
            "client_message_id": secrets.token_hex(16),
            "conversation_id": self._path.rpartition("/")[2],
        }
        # As an open page sends it: the answer holds the beginning of the reply, and its stream.
        answer = await self._http.post("/turns", data=form, headers={"HX-Request": "true"})
        turn = _TURN.search(answer.text)
        if turn is None:
            raise ScenarioFailed(f"it answered {answer.status_code}: {answer.text[:300]}")
        if pushed := answer.headers.get("hx-push-url"):
            self._path = pushed
        return await self._first_text(turn[1]) - began

    async def close(self) -> None:
        await self._http.aclose()

    async def _first_text(self, turn_id: str) -> float:
        first = None
        async with self._http.stream("GET", f"/turns/{turn_id}/stream") as response:
            async for line in response.aiter_lines():
                if first is None and _FIRST_TEXT in line:
                    first = monotonic()
        if first is None:
            raise ScenarioFailed("the reply ended without text")
        return first
