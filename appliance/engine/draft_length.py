"""How far ahead a draft model guesses for one sequence, learned from what came of it. Pure."""

_FIRST_LENGTH, _LEAST_LENGTH, LONGEST_GUESS_TOKENS = 4, 2, 16
_FIRST_REST, _LONGEST_REST = 16, 256
# Acceptance is a sliding share, and begins in the middle: a few drafts decide.
_FIRST_SHARE, _LOW_SHARE, _GOOD_SHARE = 0.6, 0.3, 0.6
_SMOOTHING, _SMOOTHING_OF_NOTHING = 0.25, 0.1


class DraftLength:
    """Longer after drafts that were right; none for a while when most were wrong."""

    def __init__(self) -> None:
        self._length = _FIRST_LENGTH
        self._share = _FIRST_SHARE
        self._resting = 0
        self._rest = _FIRST_REST

    def next(self) -> int:
        """How many tokens to guess in the coming step; asked once a step. 0: none just now."""
        if self._resting:
            self._resting -= 1
            return 0
        return self._length

    def verified(self, drafted: int, accepted: int) -> None:
        """Learn how much of a draft was right; `drafted` 0: the model was too unsure to guess."""
        if drafted:
            self._share += _SMOOTHING * (accepted / drafted - self._share)
        else:  # that costs one step of the small model and nothing of the big one
            self._share -= _SMOOTHING_OF_NOTHING * self._share
        if drafted and accepted == drafted:
            self._length = min(self._length + 2, LONGEST_GUESS_TOKENS)
        elif 2 * accepted < drafted:
            self._length = max(self._length // 2, _LEAST_LENGTH)
        if self._share < _LOW_SHARE:
            self._resting, self._rest = self._rest, min(2 * self._rest, _LONGEST_REST)
            self._share, self._length = _FIRST_SHARE, _FIRST_LENGTH
        elif self._share > _GOOD_SHARE:
            self._rest = _FIRST_REST
