"""What waits for a few minutes for the other half: in memory, taken once, and never very many.

Each stands under a random key and belongs to an owner (an account, an address); an owner's oldest
goes when they begin too many, so that nobody can push out what others have begun. A restart ends
all of them.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from time import monotonic
from typing import Generic, NamedTuple, TypeVar

from appliance.accounts.random_keys import new_key

SECONDS = 300.0
MOST_OF_ONE = 10
MOST = 5_000

Kept = TypeVar("Kept")


class _Entry(NamedTuple, Generic[Kept]):
    owner: Hashable
    ends_at: float
    kept: Kept


class Brief(Generic[Kept]):
    """Oldest first. `dropped` is called with each that is gone without having been taken."""

    def __init__(
        self,
        seconds: float = SECONDS,
        clock: Callable[[], float] = monotonic,
        dropped: Callable[[Kept], None] = lambda kept: None,
    ) -> None:
        self._seconds = seconds
        self._clock = clock
        self._dropped = dropped
        self._entries: OrderedDict[str, _Entry[Kept]] = OrderedDict()

    def put(self, owner: Hashable, kept: Kept) -> str:
        """The key under which it can be taken."""
        self._drop_old()
        own = [key for key, entry in self._entries.items() if entry.owner == owner]
        surplus = own[: max(0, len(own) - MOST_OF_ONE + 1)]
        if not surplus and len(self._entries) >= MOST:
            surplus = [next(iter(self._entries))]
        for key in surplus:
            self._drop(key)
        key = new_key()
        self._entries[key] = _Entry(owner, self._clock() + self._seconds, kept)
        return key

    def look(self, key: str) -> Kept | None:
        """It stays; None when there is none, or not any more."""
        self._drop_old()
        entry = self._entries.get(key)
        return entry.kept if entry else None

    def take(self, key: str) -> Kept | None:
        """The same, and it is there no more. Whoever takes it looks after it."""
        self._drop_old()
        entry = self._entries.pop(key, None)
        return entry.kept if entry else None

    def of(self, owner: Hashable) -> Kept | None:
        """The last one that this owner has begun."""
        self._drop_old()
        own = (entry.kept for entry in reversed(self._entries.values()) if entry.owner == owner)
        return next(own, None)

    def forget(self, owner: Hashable) -> None:
        """All of this owner's."""
        for key in [key for key, entry in self._entries.items() if entry.owner == owner]:
            self._drop(key)

    def _drop_old(self) -> None:
        now = self._clock()
        while self._entries and (key := next(iter(self._entries))):
            if self._entries[key].ends_at > now:
                return
            self._drop(key)

    def _drop(self, key: str) -> None:
        self._dropped(self._entries.pop(key).kept)
