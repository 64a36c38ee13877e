"""How many prompt tokens fit into one step without freezing those who are reading replies."""

_FIRST_GUESS_TOKENS = 64
_LEAST_TOKENS = 16
_SMOOTHING = 0.3


class StepBudget:
    """Learns the speeds of reading and writing as it goes; answers with a number of tokens.

    A step should stay near `target_seconds`, because nobody's text grows and nobody's Stop is heard
    within one. Pure: the caller measures.
    """

    def __init__(self, target_seconds: float, batch_tokens: int) -> None:
        self._target_seconds = target_seconds
        self._batch_tokens = batch_tokens
        self._decode_seconds = 0.0
        self._token_seconds: float | None = None

    def observe(self, prefill_tokens: int, decode_rows: int, seconds: float) -> None:
        """Learn from a step that took `seconds`."""
        if prefill_tokens == 0:
            self._decode_seconds = _blend(self._decode_seconds, seconds)
        elif prefill_tokens >= _LEAST_TOKENS // 2:
            if decode_rows:
                # When a step was short, writing is believed to be quicker, not reading. Otherwise
                # one slow moment, or many replies that end at once, would make reading look so
                # quick that the next steps take seconds.
                known = self._token_seconds or seconds / prefill_tokens
                self._decode_seconds = min(
                    self._decode_seconds, max(0.0, seconds - known * prefill_tokens)
                )
            reading = seconds - self.step_seconds(decode_rows)
            # Time for each token, not tokens a second: a mean of those follows the quickest step.
            self._token_seconds = _blend(self._token_seconds, max(1e-4, reading) / prefill_tokens)

    def prefill_tokens(self, decode_rows: int) -> int:
        """Prompt tokens and drafts for the next step, beside `decode_rows` rows that decode."""
        room = max(0, self._batch_tokens - decode_rows)
        if self._token_seconds is None:
            return min(room, _FIRST_GUESS_TOKENS)
        left = self._target_seconds - self.step_seconds(decode_rows)
        return min(room, max(_LEAST_TOKENS, int(left / self._token_seconds)))

    def step_seconds(self, decode_rows: int) -> float:
        """How long a step takes in which nobody reads."""
        return self._decode_seconds if decode_rows else 0.0

    def reading_tokens_per_second(self, decode_rows: int) -> float | None:
        """How fast prompts are read beside `decode_rows`; None before the first one."""
        if self._token_seconds is None:
            return None
        share = 1 - self.step_seconds(decode_rows) / self._target_seconds
        return max(0.05, share) / self._token_seconds


def _blend(old: float | None, new: float) -> float:
    return new if not old else old + _SMOOTHING * (new - old)
