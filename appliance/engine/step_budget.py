"""How many prompt tokens fit into one step without freezing those who are reading replies."""


class StepBudget:
    """Learns the speed of reading as it goes and answers with a number of tokens.

    A step should stay near `target_seconds`, because nobody's text grows and nobody's Stop is heard
    within one. Pure: the caller measures.
    """

    _SMOOTHING = 0.3
    _LEAST_TOKENS = 16

    def __init__(self, target_seconds: float, batch_tokens: int) -> None:
        self._target_seconds = target_seconds
        self._batch_tokens = batch_tokens
        self._decode_seconds = 0.0
        self._tokens_per_second: float | None = None

    def observe(self, prefill_tokens: int, decode_rows: int, seconds: float) -> None:
        """Learn from a step that took `seconds`."""
        if prefill_tokens == 0:
            self._decode_seconds = self._blend(self._decode_seconds, seconds)
        elif prefill_tokens >= self._LEAST_TOKENS // 2:
            reading = max(1e-4, seconds - (self._decode_seconds if decode_rows else 0.0))
            self._tokens_per_second = self._blend(self._tokens_per_second, prefill_tokens / reading)

    def prefill_tokens(self, decode_rows: int) -> int:
        """Prompt tokens for the next step, beside `decode_rows` rows that decode."""
        room = max(0, self._batch_tokens - decode_rows)
        if self._tokens_per_second is None:
            return min(room, 4 * self._LEAST_TOKENS)
        left = self._target_seconds - (self._decode_seconds if decode_rows else 0.0)
        return min(room, max(self._LEAST_TOKENS, int(left * self._tokens_per_second)))

    def _blend(self, old: float | None, new: float) -> float:
        return new if not old else old + self._SMOOTHING * (new - old)
