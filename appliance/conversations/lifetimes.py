"""When a temporary conversation is over. Pure, but for the clock.

No single sign is trusted. A page that goes away says so, but a reload says it too, so a minute is
left for it to come back; a page that was killed says nothing, so an hour without use is the end of
every conversation. A page in the background of a phone is silent, and still open.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from time import monotonic

from appliance.conversations.conversation import Person

GRACE_SECONDS = 60.0
UNUSED_SECONDS = 3600.0
_MOST_PAGES = 50


@dataclass(slots=True)
class Lifetime:
    """One conversation. `seen_at` is the last sign of a page, `used_at` of a person."""

    person: Person
    used_at: float
    seen_at: float
    pages: set[str] = field(default_factory=set)
    was_left: bool = False
    """Whether the last of its pages said that it goes."""

    def is_left(self, now: float) -> bool:
        return self.was_left and not self.pages and now - self.seen_at >= GRACE_SECONDS

    def is_unused(self, now: float) -> bool:
        return now - self.used_at >= UNUSED_SECONDS


class Lifetimes:
    """All of them, by conversation id; `clock` tells seconds that never go back."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self.clock = clock
        self._lives: dict[str, Lifetime] = {}

    def begin(self, person: Person, conversation_id: str) -> None:
        now = self.clock()
        self._lives[conversation_id] = Lifetime(person, used_at=now, seen_at=now)

    def end(self, conversation_id: str) -> None:
        """Harmless when it is over already."""
        self._lives.pop(conversation_id, None)

    def of(self, person: Person) -> tuple[str, ...]:
        """The conversations of one person."""
        return tuple(
            conversation_id
            for conversation_id, life in self._lives.items()
            if life.person.person_key == person.person_key
        )

    def see(self, conversation_id: str, *, is_use: bool) -> None:
        """A request for it came: by a person, or by a page that only looks for news."""
        if (life := self._lives.get(conversation_id)) is not None:
            life.seen_at = self.clock()
            if is_use:
                life.used_at = life.seen_at

    def open_page(self, conversation_id: str, page_id: str) -> None:
        """From now on it stays until that page has gone."""
        life = self._lives.get(conversation_id)
        if life is not None and len(life.pages) < _MOST_PAGES:
            life.pages.add(page_id)
            life.seen_at, life.was_left = self.clock(), False

    def close_page(self, conversation_id: str, page_id: str) -> None:
        """That page goes; the last one to go begins the grace."""
        if (life := self._lives.get(conversation_id)) is not None:
            life.pages.discard(page_id)
            life.seen_at, life.was_left = self.clock(), not life.pages

    def over(self) -> Iterator[tuple[str, Lifetime]]:
        """Those whose time is over: nobody has them open, or nobody used them for long."""
        now = self.clock()
        for conversation_id, life in list(self._lives.items()):
            if life.is_left(now) or life.is_unused(now):
                yield conversation_id, life
