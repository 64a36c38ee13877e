"""Has the draft model write: it reads what it has not seen, then guesses for all at once.

A long text is read in pieces of a bounded time over several steps, because nobody's reply grows
meanwhile. Pure but for the clock, which it is given.
"""

from collections.abc import Callable, Collection, Mapping

from appliance.engine.draft_model import AT_ONCE_TOKENS, DraftModel, DraftRow
from appliance.engine.draft_seats import DraftSeat, DraftSeats
from appliance.engine.sequence import Sequence
from appliance.engine.step_budget import StepBudget

_READ_SECONDS = 0.05
# Below this a guess is wrong too often to be worth its verification.
_SURE = 0.6


class DraftWriter:
    """The sequences that one draft model follows, each in a seat of its own."""

    def __init__(self, model: DraftModel, clock: Callable[[], float]) -> None:
        self.seats = DraftSeats(model)
        self._model = model
        self._clock = clock
        self._budget = StepBudget(_READ_SECONDS, model.batch_tokens)

    def read(self, sequences: Collection[Sequence]) -> dict[int, DraftSeat]:
        """Read on in what is long; returns the seats, by number, that can be guessed for now.

        What there is no room for is left out. Raises BackendFailed.
        """
        seats = [self.seats.seat(sequence, sequences) for sequence in sequences]
        followed = {seat.index: seat for seat in seats if seat is not None}
        self._read_a_piece(followed)
        return {i: seat for i, seat in followed.items() if seat.unread <= AT_ONCE_TOKENS}

    def drafts(
        self, ready: Mapping[int, DraftSeat], lengths: Mapping[Sequence, int]
    ) -> dict[Sequence, list[int]]:
        """What may follow in those seats, at most so long each; empty where the model is not sure.

        Raises BackendFailed.
        """
        drafts: dict[Sequence, list[int]] = {seat.sequence: [] for seat in ready.values()}
        rows = [seat.row(seat.unread) for seat in ready.values()]
        while rows:
            guesses = self._model.decode(rows)
            next_rows = []
            for row in rows:
                seat, guess = ready[row.seat], guesses[row.seat]
                seat.tokens += row.tokens
                draft = drafts[seat.sequence]
                if guess.probability >= _SURE and not self._model.is_end(guess.token):
                    draft.append(guess.token)
                    if len(draft) < lengths[seat.sequence]:
                        next_rows.append(DraftRow(row.seat, len(seat.tokens), [guess.token]))
            rows = next_rows
        return drafts

    def _read_a_piece(self, seats: Mapping[int, DraftSeat]) -> None:
        """Take in some of what is too long to be read at once."""
        left, rows = self._budget.prefill_tokens(0), []
        for seat in seats.values():
            if left and seat.unread > AT_ONCE_TOKENS:
                # The last token is read when its logits are wanted.
                rows.append(seat.row(min(left, seat.unread - 1), wants_guess=False))
                left -= len(rows[-1].tokens)
        if not rows:
            return
        began = self._clock()
        self._model.decode(rows)
        for row in rows:
            seats[row.seat].tokens += row.tokens
        read = sum(len(row.tokens) for row in rows)
        self._budget.observe(read, 0, self._clock() - began)
