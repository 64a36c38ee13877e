"""Speculative decoding without a second model: what follows is looked up in what was said before.

A reply that quotes, rewrites or lists often repeats tokens of its own prompt. While the newest
tokens run along an earlier passage, its continuation is proposed as a draft; the model verifies a
whole draft in one step and keeps as much of it as it would have written anyway. Following a passage
costs nothing, so a draft is only made when the match is long already: the longer, the longer the
draft. A draft that was mostly wrong doubles the length that the next match must have, so that a
sequence which does not repeat itself soon pays nothing at all. Pure.
"""

from collections.abc import Sequence as Tokens

_KEY_TOKENS = 3
_LEAST_MATCH_TOKENS = 6
_MOST_MATCH_TOKENS = 192
LONGEST_DRAFT_TOKENS = 24


class PromptLookup:
    """Follows one sequence. Every token is looked at once."""

    def __init__(self) -> None:
        self._seen = 0
        self._followers: dict[tuple[int, ...], int] = {}
        self._at = 0
        """Where in the sequence the matching passage goes on; 0: nothing matches."""
        self._matched = 0
        self._needed = _LEAST_MATCH_TOKENS

    def draft(self, tokens: Tokens[int], limit: int) -> list[int]:
        """At most `limit` tokens that may come after `tokens`; often none.

        `tokens` is the whole sequence, which only ever grows.
        """
        self._catch_up(tokens)
        length = min(self._matched - self._needed + 2, limit, LONGEST_DRAFT_TOKENS)
        if not self._at or self._matched < self._needed or length < 1:
            return []
        draft = list(tokens[self._at : self._at + length])
        for place in range(length - len(draft)):
            draft.append(draft[place])  # the passage is the end itself: it repeats
        return draft

    def verified(self, drafted: int, accepted: int) -> None:
        """Learn how much of a draft was right."""
        if 2 * accepted < drafted:
            self._needed = min(2 * self._needed, _MOST_MATCH_TOKENS)
        else:
            self._needed = max(self._needed // 2, _LEAST_MATCH_TOKENS)

    def _catch_up(self, tokens: Tokens[int]) -> None:
        for end in range(self._seen + 1, len(tokens) + 1):
            self._follow(tokens, end)
            if end >= _KEY_TOKENS:
                self._followers[tuple(tokens[end - _KEY_TOKENS : end])] = end
        self._seen = len(tokens)

    def _follow(self, tokens: Tokens[int], end: int) -> None:
        """Take in the token before `end`: does the passage go on, or does another one begin?"""
        if self._at and tokens[self._at] == tokens[end - 1]:
            self._at += 1
            self._matched += 1
        else:
            self._at = self._followers.get(tuple(tokens[max(0, end - _KEY_TOKENS) : end]), 0)
            self._matched = _matched(tokens, self._at, end) if self._at else 0


def _matched(tokens: Tokens[int], at: int, end: int) -> int:
    """How many tokens before `at` equal those before `end`, as far as it matters."""
    matched = 0
    while (
        matched < min(at, _MOST_MATCH_TOKENS)
        and tokens[at - 1 - matched] == tokens[end - 1 - matched]
    ):
        matched += 1
    return matched
