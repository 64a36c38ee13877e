"""How much a person or a key may ask for."""

from dataclasses import dataclass

from appliance.errors import InvalidInput
from appliance.sentences import say

MOST_REQUESTS_PER_MINUTE = 100_000
MOST_TOKENS_PER_DAY = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Limit:
    """Each is a whole number; 0 is no limit."""

    requests_per_minute: int = 0
    tokens_per_day: int = 0


UNLIMITED = Limit()


@dataclass(frozen=True, slots=True)
class Room:
    """What is left of a limit. `resets_after_seconds` is when all of it is there again."""

    limit: int
    left: int
    resets_after_seconds: float


@dataclass(frozen=True, slots=True)
class Rooms:
    """Of both kinds; None where there is no limit."""

    requests: Room | None = None
    tokens: Room | None = None


def accepted_limit(requests_per_minute: int, tokens_per_day: int) -> Limit:
    """A limit that somebody has typed in. Raises InvalidInput."""
    _check(say("Requests per minute"), requests_per_minute, MOST_REQUESTS_PER_MINUTE)
    _check(say("Tokens per day"), tokens_per_day, MOST_TOKENS_PER_DAY)
    return Limit(requests_per_minute, tokens_per_day)


def _check(what: str, value: int, most: int) -> None:
    if not 0 <= value <= most:
        raise InvalidInput(
            say(
                "%(what)s must be from 0 (no limit) to %(most)s; nothing was changed.",
                what=what,
                most=most,
            )
        )
