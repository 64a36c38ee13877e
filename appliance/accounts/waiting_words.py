"""How long somebody has to wait, in words. Pure."""

from math import ceil

_MINUTE = 60


def within_words(seconds: float) -> str:
    """`in 20 seconds`, `in 5 minutes`, `in 3 hours and 20 minutes`; never too short."""
    if seconds <= 90:
        return f"in {_counted(max(1, ceil(seconds)), 'second')}"
    minutes = ceil(seconds / _MINUTE)
    if minutes < 60:
        return f"in {_counted(minutes, 'minute')}"
    hours, minutes = divmod(minutes, 60)
    rest = f" and {_counted(minutes, 'minute')}" if minutes else ""
    return f"in {_counted(hours, 'hour')}{rest}"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
