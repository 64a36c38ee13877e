"""Asks the draft model what comes next, in the steps in which that pays.

Whatever it guesses is verified by the big model afterwards: a draft model that fails or is wrong
costs time and nothing else. Lives on the compute thread.
"""

import logging
from collections.abc import Callable, Collection, Mapping
from time import monotonic

from appliance.engine.backend import BackendFailed
from appliance.engine.batch import Batch
from appliance.engine.draft_model import DraftModel
from appliance.engine.draft_worth import DraftWorth
from appliance.engine.draft_writer import DraftWriter
from appliance.engine.sequence import Sequence

log = logging.getLogger(__name__)


class Guesser:
    """A draft model and what is known of its worth; without a model it guesses nothing."""

    def __init__(self, model: DraftModel | None, clock: Callable[[], float] = monotonic) -> None:
        self._writer = None if model is None else DraftWriter(model, clock)
        self._clock = clock
        self._worth = DraftWorth()
        self._spent_seconds: float | None = None
        """How long guessing for the coming step took, reading apart; None: nothing was guessed."""

    def guess(self, limits: Mapping[Sequence, int], replies: int) -> Mapping[Sequence, list[int]]:
        """Drafts for those in `limits`, at most so long each, in a step that writes `replies`."""
        self._spent_seconds = None
        if self._writer is None or not limits or not self._worth.is_guessing(replies):
            return {}
        lengths = {sequence: min(limits[sequence], sequence.guessing.next()) for sequence in limits}
        lengths = {sequence: length for sequence, length in lengths.items() if length}
        if not lengths:
            return {}
        try:
            return self._drafts(self._writer, lengths)
        except BackendFailed as error:
            log.error("the draft model failed and is not asked again: %s", error)
            self.reset()
            self._writer = None
            return {}

    def observe(self, batch: Batch, tokens: int, seconds: float) -> None:
        """Learn from a step that brought `tokens` and took so long after the guessing."""
        is_looked_up = any(row.draft and not row.is_guessed for row in batch.rows)
        if self._writer is None or is_looked_up or batch.decode_rows < len(batch.rows):
            return
        spent = self._spent_seconds
        self._worth.observe(
            len(batch.rows), tokens, seconds + (spent or 0.0), is_guessed=spent is not None
        )

    def forget(self, sequence: Sequence) -> None:
        """Let go of the words of a sequence that is over."""
        if self._writer is not None:
            self._writer.seats.forget(sequence)

    def reset(self) -> None:
        """Let go of everything; who is guessed for again is read again."""
        if self._writer is not None:
            self._writer.seats.reset()

    def violations(self, known: Collection[Sequence]) -> list[str]:
        """What does not add up in the draft model's seats; `known` are those not over."""
        return [] if self._writer is None else self._writer.seats.violations(known)

    def _drafts(
        self, writer: DraftWriter, lengths: Mapping[Sequence, int]
    ) -> Mapping[Sequence, list[int]]:
        began = self._clock()
        ready = writer.read(lengths)
        has_read = self._clock()
        self._worth.read(has_read - began)
        if not ready:
            return {}
        drafts = writer.drafts(ready, lengths)
        self._spent_seconds = self._clock() - has_read
        for sequence, draft in drafts.items():
            if not draft:
                sequence.guessing.verified(0, 0)
        return drafts
