"""A turn for programs: server-sent events with its plain text, to be taken up where one left off.

- `snapshot`: the whole text so far, in place of all that came before. It comes first, unless the
  reader says how much it has and is sure to have the same: after a crash the box may have said the
  newest words in another way.
- `delta`: what follows. Nothing is queued for a slow reader: its next delta is a longer one.
- `done`: how the turn ended. A stream that ends without it is to be taken up again.

The id of each event is the number of characters (code points) so far, the same that `Last-Event-ID`
and `?after=` give back. Data is JSON, because a bare carriage return would not survive in an event.
"""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, suppress
from dataclasses import asdict

import msgspec
from litestar.response import ServerSentEvent
from litestar.response.sse import ServerSentEventMessage

from appliance.conversations.conversation import Person
from appliance.conversations.service import ConversationService
from appliance.conversations.turn import TurnSnapshot
from appliance.errors import InvalidInput, NotFound
from appliance.routes.snapshots import paced

FORMAT = "text"


async def text_stream(
    service: ConversationService, person: Person, turn_id: str, as_format: str, after: str
) -> ServerSentEvent:
    """The turn from character `after` to its end. Raises NotFound, InvalidInput."""
    if as_format != FORMAT:
        raise InvalidInput("A turn is streamed as a page's fragments or with `format=text`.")
    reader = TextReader(_position(after))
    await service.find_turn(person, turn_id)
    events = _events(service, person, turn_id, reader)
    return ServerSentEvent(events, comment_message="following")


class TextReader:
    """One reader's side: knows how much this one has."""

    def __init__(self, has: int | None = None) -> None:
        self._has = has
        self._is_new = True

    def events(self, snapshot: TurnSnapshot) -> Iterator[ServerSentEventMessage]:
        """What leads from the last snapshot to this one."""
        text = snapshot.text
        if self._has is None or (self._is_new and self._has > _sure(snapshot)):
            yield _event("snapshot", len(text), {"text": text})
        elif self._has < len(text):
            yield _event("delta", len(text), {"text": text[self._has :]})
        self._has, self._is_new = len(text), False
        if snapshot.turn.status.is_final:
            yield _event("done", len(text), _ending(snapshot))


async def _events(
    service: ConversationService, person: Person, turn_id: str, reader: TextReader
) -> AsyncIterator[ServerSentEventMessage]:
    snapshots = paced(service.follow_turn(person, turn_id))
    # Deleted this moment: whoever asks again is told that there is no such turn.
    with suppress(NotFound):
        async with aclosing(snapshots):
            async for snapshot in snapshots:
                if snapshot is None:
                    yield ServerSentEventMessage(data=None, comment="ping")
                    continue
                for event in reader.events(snapshot):
                    yield event


def _sure(snapshot: TurnSnapshot) -> int:
    """How many characters are the same for every reader, whenever they came."""
    unsure_from = snapshot.unsure_from
    return len(snapshot.text) if unsure_from is None else unsure_from


def _ending(snapshot: TurnSnapshot) -> dict[str, object]:
    turn = snapshot.turn
    return {
        "status": str(turn.status),
        "finish_reason": turn.finish_reason,
        "error": turn.error,
        "characters": len(snapshot.text),
        "counts": asdict(turn.counts),
    }


def _event(name: str, position: int, told: dict[str, object]) -> ServerSentEventMessage:
    return ServerSentEventMessage(msgspec.json.encode(told).decode(), event=name, id=position)


def _position(after: str) -> int | None:
    if not after:
        return None
    if not re.fullmatch("[0-9]{1,9}", after):
        raise InvalidInput(
            "`after` and Last-Event-ID are the number of characters you have, such as 120."
        )
    return int(after)
