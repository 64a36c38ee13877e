"""Tokens that may still be taken by replies which were admitted and are not counted yet.

Without them a burst of requests would be admitted by what is left once, and take it many times.
"""

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

LONGEST_SECONDS = 15 * 60.0
"""A promise that nobody settled by then is none any more: no limit holds anybody up for nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class Promise:
    """One reply's. Without `key_id` it was asked for at the page."""

    person_key: int
    key_id: str
    made_at: float


class PromisedTokens:
    """All promises of this process, oldest first; each is for as many tokens as a reply may have.

    What the model reads for a reply is not promised: nobody knows yet how much that will be.
    """

    def __init__(self, tokens_each: int, clock: Callable[[], float] = monotonic) -> None:
        self._tokens_each = tokens_each
        self._clock = clock
        self._open: dict[Promise, None] = {}

    def make(self, person_key: int, key_id: str) -> Promise:
        """For one more reply."""
        promise = Promise(person_key, key_id, self._clock())
        self._open[promise] = None
        return promise

    def take_back(self, promise: Promise) -> None:
        """No reply comes of it."""
        self._open.pop(promise, None)

    def settle(self, person_key: int, key_id: str) -> None:
        """A reply is counted; its promise was the oldest of them, or as good as it."""
        for promise in self._of(person_key):
            if promise.key_id == key_id:
                return self.take_back(promise)

    def tokens(self, person_key: int, key_id: str | None = None) -> int:
        """What may still be taken for this person, or by one key alone."""
        self._tidy()
        promises = self._of(person_key)
        asked = [each for each in promises if key_id is None or each.key_id == key_id]
        return len(asked) * self._tokens_each

    def _of(self, person_key: int) -> list[Promise]:
        return [each for each in self._open if each.person_key == person_key]

    def _tidy(self) -> None:
        oldest = self._clock() - LONGEST_SECONDS
        self._open = {each: None for each in self._open if each.made_at > oldest}
