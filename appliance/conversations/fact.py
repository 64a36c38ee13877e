"""A fact about a person, in their own words, as a plain value; it imports nothing of ours."""

from dataclasses import dataclass
from enum import StrEnum

SURE_PERCENT = 80
"""From this confidence on a fact is used without anybody having confirmed it."""
MOST_FACTS = 300
"""Of one person. More is no memory of somebody but a protocol."""


class Topic(StrEnum):
    """What a fact is about."""

    NAME = "name"
    HOME = "home"
    WORK = "work"
    FAMILY = "family"
    HEALTH = "health"
    FOOD = "food"
    LIKES = "likes"
    PLANS = "plans"
    OTHER = "other"


class FactsUse(StrEnum):
    """Which facts a person lets the model read."""

    SURE = "sure"
    """Those that they confirmed, and those of which the box is sure."""
    CONFIRMED = "confirmed"
    OFF = "off"
    """None, and none are looked for."""


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that a person said of themselves, in a message that is still there.

    `superseded_by` is the id of a newer fact that took its place at `superseded_at`.
    """

    fact_id: str
    conversation_id: str
    message_id: str
    topic: Topic
    content: str
    said_at: int
    confidence_percent: int
    is_confirmed: bool = False
    is_edited: bool = False
    superseded_at: int | None = None
    superseded_by: str | None = None

    @property
    def is_current(self) -> bool:
        """Whether no newer one has taken its place."""
        return self.superseded_at is None

    def is_used(self, use: FactsUse) -> bool:
        """Whether the model may read it."""
        if use is FactsUse.OFF:
            return False
        is_sure = use is FactsUse.SURE and self.confidence_percent >= SURE_PERCENT
        return self.is_confirmed or is_sure
