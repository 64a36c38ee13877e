"""A browser without a screen: sends forms and reads the stream, as the page does."""

import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType

import httpx
from signed_in import COOKIES

from appliance.conversations.conversation import new_id


@dataclass(frozen=True, slots=True)
class Said:
    """A message that was accepted, and the turn that answers it."""

    conversation_id: str
    turn_id: str


class PageClient:
    """One open page."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=60, cookies=COOKIES)
        page = self._http.get("/").text
        self._token = re.findall(r'name="_csrf_token" value="([^"]+)"', page)[0]

    def say(self, content: str, conversation_id: str = "", **fields: str) -> Said:
        """Send a message as a form without JavaScript, with more fields of it if need be."""
        answer = self.try_to_say(content, conversation_id, None, None, "", **fields)
        assert answer.status_code == 303, answer.text
        return self.latest_turn(answer.headers["location"].rsplit("/", 1)[1])

    def latest_turn(self, conversation_id: str) -> Said:
        """The turn that answers the conversation's last message."""
        page = self._http.get(f"/conversations/{conversation_id}").text
        return Said(conversation_id, re.findall(r'id="turn-([0-9a-f]{32})"', page)[-1])

    def try_to_say(
        self,
        content: str,
        conversation_id: str = "",
        token: str | None = None,
        headers: dict[str, str] | None = None,
        client_message_id: str = "",
        **fields: str,
    ) -> httpx.Response:
        """The same, whatever comes of it."""
        form = {
            "_csrf_token": self._token if token is None else token,
            "content": content,
            "client_message_id": client_message_id or new_id(),
            "conversation_id": conversation_id,
            **fields,
        }
        return self._http.post("/turns", data=form, headers=headers)

    def read_until(self, said: Said, enough: Callable[[str], bool]) -> str:
        """What the page shows of a growing reply, as soon as it is enough."""
        events = ""
        with self._http.stream("GET", f"/turns/{said.turn_id}/stream") as response:
            for piece in response.iter_text():
                events += piece
                if enough(_text(events)):
                    return _text(events)
        raise AssertionError(f"the reply ended before it was enough: {events!r}")

    def read_to_end(self, said: Said) -> str:
        """The whole reply, when the stream says that it is done."""
        self.read_stream(said.turn_id)
        return self.messages(said)[-1]

    def read_stream(self, turn_id: str, notice: Callable[[str], None] = lambda piece: None) -> str:
        """Everything the stream says, up to `done`; `notice` sees each piece of it."""
        events = ""
        with self._http.stream("GET", f"/turns/{turn_id}/stream") as response:
            for piece in response.iter_text():
                events += piece
                notice(piece)
        assert "event: done" in events.replace("\r", ""), events[-500:]
        return events

    def messages(self, said: Said) -> list[str]:
        """The visible text of each message of the conversation."""
        page = self._http.get(f"/conversations/{said.conversation_id}").text
        articles = re.findall(r"<article.*?</article>", page, re.S)
        return [_text(re.sub(r"<(footer|header).*?</\1>", "", a, flags=re.S)) for a in articles]

    def __enter__(self) -> "PageClient":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.close()


def _text(markup: str) -> str:
    return html.unescape(re.sub(r"<[^>]+>", "", markup)).strip()
