"""Whether a draft model pays on this box: tokens a second with its guesses and without, by trying.

How much it costs to compute the small model and to verify its guesses depends on both models, the
processor and what else it does. So the two ways of writing take turns, and the slower one gets the
shorter turns. What is measured beside two replies says nothing of one: each number of replies is
tried for itself. Pure: the caller has the clock.
"""

from collections import defaultdict

_PLAIN_STEPS, _GUESSED_STEPS = 4, 32
# What was spent on reading a text is spread over about so many guessed steps of whatever reply.
_READING_SERVES_STEPS = 128
# How many steps it is left alone after it did not pay; twice as many each time, up to the last.
_FIRST_REST, _LONGEST_REST = 128, 4096


class DraftWorth:
    """Says in which steps to guess."""

    def __init__(self) -> None:
        self._trials: defaultdict[int, _Trial] = defaultdict(_Trial)
        self._unpaid_seconds = 0.0

    def is_guessing(self, replies: int) -> bool:
        """Whether the next step, in which so many replies are written, is one with guesses."""
        return self._trials[replies].is_guessing

    def read(self, seconds: float) -> None:
        """The draft model took so long to read; guessed steps will have to make up for it."""
        self._unpaid_seconds += seconds

    def observe(self, replies: int, tokens: int, seconds: float, *, is_guessed: bool) -> None:
        """A step brought `tokens` in `seconds`, the guessing included."""
        if is_guessed:
            share = self._unpaid_seconds / _READING_SERVES_STEPS
            self._unpaid_seconds -= share
            seconds += share
        self._trials[replies].observe(tokens, seconds, is_guessed)


class _Trial:
    def __init__(self) -> None:
        self.is_guessing = False
        self._left = _PLAIN_STEPS
        self._rest = _FIRST_REST
        self._plain, self._guessed = _Rate(), _Rate()

    def observe(self, tokens: int, seconds: float, is_guessed: bool) -> None:
        (self._guessed if is_guessed else self._plain).add(tokens, seconds)
        if is_guessed is self.is_guessing:
            self._left -= 1
            if not self._left:
                self._take_turns()

    def _take_turns(self) -> None:
        self.is_guessing = not self.is_guessing
        if self.is_guessing:
            self._left = _GUESSED_STEPS
        elif self._guessed.is_slower_than(self._plain):
            self._left, self._rest = self._rest, min(2 * self._rest, _LONGEST_REST)
        else:
            self._left, self._rest = _PLAIN_STEPS, _FIRST_REST
        (self._guessed if self.is_guessing else self._plain).fade()


class _Rate:
    def __init__(self) -> None:
        self._tokens = self._seconds = 0.0

    def add(self, tokens: int, seconds: float) -> None:
        self._tokens += tokens
        self._seconds += seconds

    def fade(self) -> None:
        """Let what is old count for less."""
        self._tokens /= 4
        self._seconds /= 4

    def is_slower_than(self, other: "_Rate") -> bool:
        return self._tokens * other._seconds < other._tokens * self._seconds
