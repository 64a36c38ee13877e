"""A draft model whose guesses are known beforehand; it fails a test that uses its seats wrongly."""

from collections.abc import Callable, Mapping, Sequence

from appliance.engine.backend import BackendFailed
from appliance.engine.draft_model import MOST_DRAFTING, DraftRow, Guess

END = 0


class ScriptedDraft:
    """Guesses by what a seat holds: `foresee(tokens)`. Counts its calls and the tokens they had."""

    def __init__(
        self,
        foresee: Callable[[list[int]], Guess],
        *,
        kv_tokens: int = 1000,
        context_tokens: int = 1000,
        batch_tokens: int = 64,
        vocabulary_tokens: int = 2**31,
    ) -> None:
        self.kv_tokens = kv_tokens
        self.context_tokens = context_tokens
        self.batch_tokens = batch_tokens
        self.vocabulary_tokens = vocabulary_tokens
        self.seats: list[list[int]] = [[] for _ in range(MOST_DRAFTING)]
        self.calls: list[list[int]] = []
        self.fail_next = False
        self.is_closed = False
        self._foresee = foresee

    def decode(self, rows: Sequence[DraftRow]) -> Mapping[int, Guess]:
        if self.fail_next:
            raise BackendFailed("scripted")
        self.calls.append([len(row.tokens) for row in rows])
        guesses = {}
        assert len({row.seat for row in rows}) == len(rows)
        for row in rows:
            seat = self.seats[row.seat]
            assert row.tokens and len(seat) == row.start
            assert max(row.tokens) < self.vocabulary_tokens
            seat += row.tokens
            if row.wants_guess:
                guesses[row.seat] = self._foresee(seat)
        assert sum(map(len, self.seats)) <= self.kv_tokens, "more than its KV cache holds"
        return guesses

    def keep(self, seat: int, count: int) -> int:
        del self.seats[seat][count:]
        return count

    def held_tokens(self, seat: int) -> int:
        return len(self.seats[seat])

    def is_end(self, token: int) -> bool:
        return token == END

    def set_threads(self, threads: int) -> None: ...

    def reset(self) -> None:
        for seat in self.seats:
            seat.clear()

    def close(self) -> None:
        self.is_closed = True


def counting(tokens: list[int]) -> Guess:
    """Sure that each number is followed by the next one."""
    return Guess(tokens[-1] + 1, 0.9)
