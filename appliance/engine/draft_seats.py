"""Which seat of the draft model holds whose words. A seat belongs to one sequence and is emptied at
its end, so that nobody's words stay behind. Pure.
"""

from collections.abc import Collection
from dataclasses import dataclass, field

from appliance.engine.draft_length import LONGEST_GUESS_TOKENS
from appliance.engine.draft_model import MOST_DRAFTING, DraftModel, DraftRow
from appliance.engine.kv_cells import common_prefix_length
from appliance.engine.sequence import Sequence


@dataclass(eq=False, slots=True)
class DraftSeat:
    """`tokens` are those whose keys and values the draft model holds."""

    index: int
    sequence: Sequence
    tokens: list[int] = field(default_factory=list)

    @property
    def unread(self) -> int:
        """How many tokens of its sequence the draft model has not seen."""
        return len(self.sequence.tokens) - len(self.tokens)

    @property
    def needed_cells(self) -> int:
        """What its sequence will take up when it has been read and guessed at."""
        return max(len(self.sequence.tokens) + LONGEST_GUESS_TOKENS, len(self.tokens))

    def row(self, count: int, *, wants_guess: bool = True) -> DraftRow:
        """The next `count` unread tokens."""
        start = len(self.tokens)
        return DraftRow(self.index, start, self.sequence.tokens[start : start + count], wants_guess)


class DraftSeats:
    """The seats of one draft model, and what it lets go of when they do not suffice."""

    def __init__(self, model: DraftModel) -> None:
        self._model = model
        self._seats: dict[Sequence, DraftSeat] = {}

    def seat(self, sequence: Sequence, wanted: Collection[Sequence]) -> DraftSeat | None:
        """The seat of a sequence, holding nothing but a beginning of it; None without room.

        Those that are not `wanted` just now make room.
        """
        seat = self._seats.get(sequence) or self._new_seat(sequence, wanted)
        if seat is None:
            return None
        # A wrong guess is dropped, and one token is left to compute: guessing needs its logits.
        common = common_prefix_length(seat.tokens, sequence.tokens[:-1])
        if common < len(seat.tokens):
            del seat.tokens[self._model.keep(seat.index, common) :]
        if self._fits(seat) and self._make_room(wanted):
            return seat
        self.forget(sequence)
        return None

    def forget(self, sequence: Sequence) -> None:
        """Empty the seat of a sequence; harmless when it has none."""
        seat = self._seats.pop(sequence, None)
        if seat is not None:
            self._model.keep(seat.index, 0)

    def reset(self) -> None:
        """Empty all seats."""
        self._seats.clear()
        self._model.reset()

    def violations(self, known: Collection[Sequence]) -> list[str]:
        """What does not add up: words of sequences that are over, and counts that differ."""
        counts = dict.fromkeys(range(MOST_DRAFTING), 0)
        counts |= {seat.index: len(seat.tokens) for seat in self._seats.values()}
        found = [
            f"seat {index} of the draft model counts {count} tokens, and the model holds {held}"
            for index, count in counts.items()
            if (held := self._model.held_tokens(index)) != count
        ]
        over = sum(sequence not in known for sequence in self._seats)
        return [*found, f"the draft model still holds {over} sequences"] if over else found

    def _new_seat(self, sequence: Sequence, wanted: Collection[Sequence]) -> DraftSeat | None:
        if len(self._seats) >= MOST_DRAFTING and not self._drop_one(wanted):
            return None
        taken = {seat.index for seat in self._seats.values()}
        index = next(index for index in range(MOST_DRAFTING) if index not in taken)
        seat = self._seats[sequence] = DraftSeat(index, sequence)
        return seat

    def _fits(self, seat: DraftSeat) -> bool:
        if seat.needed_cells > min(self._model.kv_tokens, self._model.context_tokens):
            return False
        unread = seat.sequence.tokens[len(seat.tokens) :]
        return max(unread) < self._model.vocabulary_tokens

    def _make_room(self, wanted: Collection[Sequence]) -> bool:
        while sum(seat.needed_cells for seat in self._seats.values()) > self._model.kv_tokens:
            if not self._drop_one(wanted):
                return False
        return True

    def _drop_one(self, wanted: Collection[Sequence]) -> bool:
        for sequence in self._seats:
            if sequence not in wanted:
                self.forget(sequence)
                return True
        return False
