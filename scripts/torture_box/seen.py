"""What has been found in the database so far; nothing of it may be taken back."""

from appliance.conversations.recovery import GIVEN_UP, MOST_ATTEMPTS
from torture_box.kept import NOTHING, Kept, KeptTurn


class Seen:
    """Compares what is there after each fault with what was there after the one before."""

    def __init__(self) -> None:
        self.kept = NOTHING
        self.interrupted: set[str] = set()
        """Turns that a fault found open."""
        self._faults_without_progress: dict[str, int] = {}

    def open_turns(self) -> list[str]:
        return [turn.turn_id for turn in self.kept.turns.values() if turn.is_open]

    def take(self, kept: Kept) -> list[str]:
        """What is not as it was left, a sentence each."""
        if kept.damage:
            return []
        wrong = [
            f"turn {turn_id} is gone" for turn_id in self.kept.turns.keys() - kept.turns.keys()
        ]
        for turn in kept.turns.values():
            before = self.kept.turns.get(turn.turn_id)
            if before is None or before.is_open:
                wrong += self._changes(before, turn)
            elif turn != before:
                wrong.append(f"turn {turn.turn_id} was over and has changed")
            if turn.is_open:
                self.interrupted.add(turn.turn_id)
        self.kept = kept
        return wrong

    def _changes(self, before: KeptTurn | None, now: KeptTurn) -> list[str]:
        written = before.checkpoint if before else ""
        text = now.checkpoint if now.is_open else now.reply or ""
        if not text.startswith(written):
            return [f"turn {now.turn_id} has lost text that was written down"]
        faults = self._faults_without_progress.get(now.turn_id, 0)
        has_grown = text != written
        self._faults_without_progress[now.turn_id] = 0 if has_grown else faults + 1
        if now.status == "cancelled":
            return [f"turn {now.turn_id} was stopped and nobody had asked for it"]
        was_given_up = now.error == GIVEN_UP and faults >= MOST_ATTEMPTS - 1
        if now.status == "failed" and not was_given_up:
            return [f"turn {now.turn_id} failed: {now.error}"]
        return []
