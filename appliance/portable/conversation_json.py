"""One conversation as JSON, made while it is sent."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import TypeVar

from aiosqlite import Connection

from appliance.conversations.conversation import Message, Summary
from appliance.conversations.fact import Fact
from appliance.conversations.turn import Turn
from appliance.portable import as_json
from appliance.store import whole_conversations as whole
from appliance.store.database import Database

Said = TypeVar("Said", Message, Turn, Summary, Fact)

PAGE = 32
"""Rows read at once; the longest messages that can be stored then come to a few megabytes."""


class ConversationJson:
    """What it held at the moment of its `outline`, for whoever may see it.

    Of what came later nothing is in it: not a reply, nor a summary that covers one, nor a fact.
    """

    def __init__(self, database: Database, person_key: int, outline: whole.Outline) -> None:
        self._database = database
        self._person_key = person_key
        self._outline = outline
        self._written: set[str] = set()

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """All of it, once."""
        yield as_json.opening(self._outline.conversation) + b',"messages":['
        async for piece in self._list(whole.message_page, self._message):
            yield piece
        yield b'],"turns":['
        async for piece in self._list(whole.turn_page, self._turn):
            yield piece
        yield b'],"summaries":['
        async for piece in self._list(whole.summary_page, self._summary):
            yield piece
        yield b'],"facts":['
        async for piece in self._list(whole.fact_page, self._fact):
            yield piece
        yield b"]}"

    async def _list(
        self,
        page_of: Callable[
            [Connection, int, whole.Outline, int, int], Awaitable[Sequence[tuple[int, Said]]]
        ],
        json_of: Callable[[Said], bytes | None],
    ) -> AsyncGenerator[bytes, None]:
        before, after_key = b"\n", 0
        while True:
            async with self._database.read() as reader:
                page = await page_of(reader, self._person_key, self._outline, after_key, PAGE)
            if not page:
                return
            members = [member for _, said in page if (member := json_of(said)) is not None]
            if members:
                yield before + b",\n".join(members)
                before = b",\n"
            after_key = page[-1][0]

    def _message(self, message: Message) -> bytes:
        self._written.add(message.message_id)
        return as_json.message(message)

    def _turn(self, turn: Turn) -> bytes:
        return as_json.turn(turn, self._written)

    def _summary(self, summary: Summary) -> bytes | None:
        is_whole = {summary.first_message_id, summary.last_message_id} <= self._written
        return as_json.summary(summary) if is_whole else None

    def _fact(self, fact: Fact) -> bytes | None:
        return as_json.fact(fact) if fact.message_id in self._written else None
