"""What the model does beside conversations, after their turns: one thing at a time.

Only while no turn is open, so that nobody waits for it. A turn that begins ends what is under way;
in another conversation that is done later, in its own the end of the turn asks for it anew.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog

from appliance.conversations.conversation import Person
from appliance.conversations.turn import Turn, TurnStatus
from appliance.errors import ApplianceError

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """Where something may be done: the branch of a conversation that ends with `leaf_id`."""

    person: Person
    conversation_id: str
    leaf_id: str


Make = Callable[[Place], Awaitable[None]]
"""Looks whether something is to be done there, and does it."""


class Asides:
    """The places where something may be due, and the one where it is being done."""

    def __init__(self, makers: Sequence[Make]) -> None:
        self._makers = makers
        self._open_turns: set[str] = set()
        self._due: dict[str, Place] = {}
        self._doing: tuple[Place, asyncio.Task[None]] | None = None
        self._is_stopped = False

    def turn_begins(self, turn: Turn) -> None:
        """Somebody waits now."""
        self._open_turns.add(turn.turn_id)
        if self._doing is not None:
            place, task = self._doing
            task.cancel()
            self._due.setdefault(place.conversation_id, place)
        self._due.pop(turn.conversation_id, None)

    def turn_is_over(self, person: Person, turn: Turn) -> None:
        """Nobody waits for this one any more."""
        self._open_turns.discard(turn.turn_id)
        if turn.status is TurnStatus.FINISHED and turn.reply_message_id is not None:
            place = Place(person, turn.conversation_id, turn.reply_message_id)
            self._due[turn.conversation_id] = place
        self._begin_next()

    def begin(self, place: Place) -> None:
        """Look here as soon as nobody waits."""
        self._due[place.conversation_id] = place
        self._begin_next()

    def is_due(self, conversation_id: str) -> bool:
        """Whether this conversation is looked at now, or will be."""
        return self._task_of(conversation_id) is not None or conversation_id in self._due

    async def end(self, person: Person, conversation_id: str | None) -> None:
        """Do nothing more in this conversation, or in any of this person's: it changes, or goes."""
        for place in list(self._due.values()):
            if _is_meant(place, person, conversation_id):
                del self._due[place.conversation_id]
        if self._doing is not None and _is_meant(self._doing[0], person, conversation_id):
            task = self._doing[1]
            task.cancel()
            await asyncio.wait([task])

    async def stop(self) -> None:
        """End what is under way, and begin nothing more."""
        self._is_stopped = True
        if self._doing is not None:
            place = self._doing[0]
            await self.end(place.person, place.conversation_id)

    async def wait_all(self) -> None:
        """Return when nothing is being done any more."""
        while self._doing is not None:
            await asyncio.wait([self._doing[1]])

    def _task_of(self, conversation_id: str) -> "asyncio.Task[None] | None":
        if self._doing is None or self._doing[0].conversation_id != conversation_id:
            return None
        return self._doing[1]

    def _begin_next(self) -> None:
        if self._is_stopped or self._doing is not None or self._open_turns or not self._due:
            return
        place = self._due.pop(next(iter(self._due)))
        task = asyncio.create_task(self._do(place), name="aside")
        self._doing = (place, task)
        task.add_done_callback(self._done)

    async def _do(self, place: Place) -> None:
        for make in self._makers:
            try:
                await make(place)
            except ApplianceError as error:
                # A turn would say so to whoever sent it; nobody has asked for this.
                log.info("an aside was left out", reason=type(error).__name__)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._doing = None
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("an aside failed", exc_info=error)
        self._begin_next()


def _is_meant(place: Place, person: Person, conversation_id: str | None) -> bool:
    is_own = place.person.person_key == person.person_key
    return is_own and conversation_id in (None, place.conversation_id)
