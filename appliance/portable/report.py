"""What an import did, as far as it has come."""

from collections import Counter
from dataclasses import dataclass, field

from appliance.sentences import say

MOST_REASONS = 20
_OTHER = say("Other reasons.")


@dataclass(slots=True)
class ImportReport:
    """Counts only: nothing of what was said, and no more of it than a page can show."""

    conversations: int = 0
    messages: int = 0
    already_here: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    """How many conversations were left out, by the sentence that says why."""
    first_skipped: dict[str, int] = field(default_factory=dict)
    """The first of them, by its place in the file, counted from 1."""
    left_out: Counter[str] = field(default_factory=Counter)
    """What conversations that came in had beside text."""
    ended: str = ""
    """Why it stopped before the end of the file; what had come in by then is here."""
    is_over: bool = False
    percent: int = 0

    def skip(self, place: int, reason: str) -> None:
        """Note that the conversation at `place` was left out whole."""
        known = reason in self.skipped or len(self.skipped) < MOST_REASONS
        key = reason if known else _OTHER
        self.skipped[key] += 1
        self.first_skipped.setdefault(key, place)
