"""What a check has found: how it is, in a sentence, and what to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """Only the middle two ask for something; `unknown` is what could not be looked at from here."""

    FINE = "fine"
    WARNING = "warning"
    WRONG = "wrong"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """`says` is how it is, `to_do` what to do about it, if anything."""

    state: State
    says: str
    to_do: str = ""


def fine(says: str, to_do: str = "") -> Finding:
    return Finding(State.FINE, says, to_do)


def warning(says: str, to_do: str) -> Finding:
    return Finding(State.WARNING, says, to_do)


def wrong(says: str, to_do: str) -> Finding:
    return Finding(State.WRONG, says, to_do)


def unknown(says: str, to_do: str = "") -> Finding:
    return Finding(State.UNKNOWN, says, to_do)


def exit_status(findings: Sequence[Finding]) -> int:
    """0 when all is well, 1 for warnings, 2 when something is wrong."""
    states = {each.state for each in findings}
    return 2 if State.WRONG in states else int(State.WARNING in states)
