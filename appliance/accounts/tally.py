"""Numbers of requests and tokens, and whose they are."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tally:
    """What was asked of the model, and what it has read and written for that."""

    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.requests + other.requests,
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
        )

    @property
    def tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens


@dataclass(frozen=True, slots=True)
class DayTally:
    """Of one day, which is a date such as 2026-11-21."""

    day: str
    tally: Tally


@dataclass(frozen=True, slots=True)
class PersonTally:
    """Of one person."""

    person_id: str
    name: str
    tally: Tally
