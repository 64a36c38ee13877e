"""A turn while it runs: what readers see of it, and how they learn that it changed."""

import asyncio
from collections.abc import AsyncGenerator
from time import monotonic

from appliance.conversations.generation import Generation
from appliance.conversations.line import PlaceInLine
from appliance.conversations.turn import Turn, TurnPhase, TurnSnapshot

FULL_PACE_READERS = 6
"""So many pages of one reply see every change; more of them see changes less often."""

CROWD_SNAPSHOTS_PER_SECOND = 50
"""For all readers of a crowd together: being read must not cost more than being written."""


class LiveTurn:
    """State of one open turn, changed by the turn runner alone; any number of readers follow it.

    A reader that is slow simply skips to the newest snapshot: nothing is queued for it.
    """

    def __init__(self, person_key: int, turn: Turn, line: PlaceInLine | None = None) -> None:
        self.person_key = person_key
        self.turn = turn
        self.line = line or PlaceInLine.of_nobody()
        self.phase = TurnPhase.WAITING if self.line.is_behind else TurnPhase.LOADING
        self.text = turn.checkpoint
        # What was said after the last checkpoint before a crash may be said in other words.
        self._unsure_from = len(turn.checkpoint) if turn.attempts else None
        self.place: int | None = None
        self.prefilled_tokens = 0
        self.prompt_tokens = 0
        self.wait_seconds: float | None = None
        self.accepted_at = monotonic()
        self.ttft_ms: int | None = None
        self.generation: Generation | None = None
        self.is_stopping = False
        self._is_released = False
        self._readers: set[asyncio.Event] = set()

    def snapshot(self) -> TurnSnapshot:
        return TurnSnapshot(
            turn=self.turn,
            phase=self.phase,
            text=self.text,
            place=self.place,
            prefilled_tokens=self.prefilled_tokens,
            prompt_tokens=self.prompt_tokens,
            wait_seconds=self.wait_seconds,
            unsure_from=self._unsure_from,
        )

    def changed(self) -> None:
        """Wake the readers."""
        for reader in self._readers:
            reader.set()

    def release_readers(self) -> None:
        """Let the readers go while the turn is not over: the server stops, and they come back after
        it.
        """
        self._is_released = True
        self.changed()

    def end(self, turn: Turn) -> None:
        """The last change: what the store holds now."""
        self.turn = turn
        self.phase = TurnPhase.ENDED
        self.line.leave()
        self.changed()

    async def follow(self) -> AsyncGenerator[TurnSnapshot, None]:
        """The present state at once, then each change, the final one last."""
        arrived = asyncio.Event()
        self._readers.add(arrived)
        try:
            while True:
                arrived.clear()
                snapshot = self.snapshot()
                yield snapshot
                if snapshot.phase is TurnPhase.ENDED or self._is_released:
                    return
                await arrived.wait()
                if len(self._readers) > FULL_PACE_READERS:
                    await asyncio.sleep(len(self._readers) / CROWD_SNAPSHOTS_PER_SECOND)
        finally:
            self._readers.discard(arrived)


def ended_snapshot(turn: Turn, text: str) -> TurnSnapshot:
    """What a reader gets of a turn that was over before they came."""
    unsure_from = 0 if turn.attempts > 1 else None
    return TurnSnapshot(turn, TurnPhase.ENDED, text, unsure_from=unsure_from)
