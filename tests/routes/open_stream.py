"""A browser at the end of an event stream, event by event; test clients wait for its end."""

import asyncio
import re
from typing import Any

from litestar import Litestar
from signed_in import KEY

Event = tuple[str, str]


class OpenStream:
    """A GET that is being answered; read it, or leave."""

    def __init__(self, app: Litestar, path: str, **headers: str) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.comments: list[str] = []
        self.ids: list[str] = []
        self._events: asyncio.Queue[Event | None] = asyncio.Queue()
        self._rest = ""
        self._has_left = asyncio.Event()
        self._is_asked = False
        self._task = asyncio.ensure_future(app(_scope(path, headers), self._receive, self._send))  # type: ignore[arg-type]

    async def next(self) -> Event:
        """The next event's name and data."""
        event = await asyncio.wait_for(self._events.get(), timeout=10)
        assert event is not None, "the stream has ended"
        return event

    async def next_with(self, words: str) -> str:
        """The data of the next event that has these words."""
        while True:
            name, data = await self.next()
            assert name != "done", f"the stream has ended without {words!r}"
            if words in data:
                return data

    async def rest(self) -> list[Event]:
        """All events up to the end."""
        events = []
        while (event := await asyncio.wait_for(self._events.get(), timeout=10)) is not None:
            events.append(event)
        return events

    async def leave(self) -> None:
        """Close the tab; returns when the server is done with it."""
        self._has_left.set()
        await asyncio.wait_for(self._task, timeout=10)

    async def _receive(self) -> Any:
        if not self._is_asked:
            self._is_asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._has_left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {k.decode(): v.decode() for k, v in message["headers"]}
            return
        self._rest += message.get("body", b"").decode()
        *chunks, self._rest = re.split(r"\r\n\r\n|\n\n|\r\r", self._rest)
        for chunk in chunks:
            self._take(re.split(r"\r\n|\n|\r", chunk))
        if not message.get("more_body"):
            self._events.put_nowait(None)

    def _take(self, lines: list[str]) -> None:
        self.comments += [line for line in lines if line.startswith(":")]
        self.ids += [line[4:] for line in lines if line.startswith("id: ")]
        name = "".join(line[7:] for line in lines if line.startswith("event: "))
        data = "\n".join(line[6:] for line in lines if line.startswith("data: "))
        if name or data:
            self._events.put_nowait((name, data))


def _scope(target: str, headers: dict[str, str]) -> dict[str, Any]:
    """`headers` by their names with underscores: last_event_id."""
    path, _, query = target.partition("?")
    more = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [
            (b"host", b"box.test"),
            (b"accept", b"text/event-stream"),
            (b"cookie", f"sign-in={KEY}".encode()),
            *more,
        ],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
