"""What the pictures of the last hour receive; see `page_data`."""

from dataclasses import dataclass
from typing import ClassVar

WIDTH, HEIGHT = 240, 40
"""Of a picture, in its own units; the page stretches it."""


@dataclass(frozen=True, slots=True)
class SparkView:
    """One figure through the hour: a line, and beside it what it says in words."""

    name: str
    now: str
    range: str
    line: str
    """Points of the line, from the left, where an hour ago is."""
    area: str
    """The same down to the ground, to be filled."""


@dataclass(frozen=True, slots=True)
class LastHourView:
    """All of them; empty until there was a first look."""

    template: ClassVar[str] = "_last_hour.html"
    variable: ClassVar[str] = "hour"

    width: int
    height: int
    sparks: tuple[SparkView, ...]
