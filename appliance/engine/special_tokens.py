"""The control tokens of a vocabulary: found in a template's text, kept out of everybody else's."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping


class SpecialTokens:
    """Texts and ids. The longest text that fits at a place wins, as in llama.cpp."""

    def __init__(self, ids: Mapping[str, int]) -> None:
        self._ids = {text: token for text, token in ids.items() if text}
        self._forbidden = frozenset(self._ids.values())
        lengths: defaultdict[str, set[int]] = defaultdict(set)
        for text in self._ids:
            lengths[text[0]].add(len(text))
        # By first character and length: some vocabularies hold thousands of control tokens.
        self._lengths = {first: sorted(sizes, reverse=True) for first, sizes in lengths.items()}
        firsts = "".join(map(re.escape, self._lengths))
        self._candidate = re.compile(f"[{firsts}]") if firsts else None

    def split(self, text: str) -> Iterator[int | str]:
        """The text as ids of special tokens, and the plain pieces between them."""
        plain_from = 0
        for start, end in self._places(text):
            if start > plain_from:
                yield text[plain_from:start]
            yield self._ids[text[start:end]]
            plain_from = end
        if plain_from < len(text):
            yield text[plain_from:]

    def texts_in(self, text: str) -> Iterator[str]:
        """The special tokens that a text spells, in its order."""
        return (text[start:end] for start, end in self._places(text))

    def plain_tokens(self, text: str, tokenize: Callable[[str], list[int]]) -> list[int]:
        """Ids of a plain text, never those of a special token.

        Tokenizers that merge by looking texts up (SentencePiece) find `</s>` even if told not to
        parse special tokens; such a text is taken apart first.
        """
        tokens = tokenize(text)
        if self._forbidden.isdisjoint(tokens):
            return tokens
        tokens, piece_from = [], 0
        for start, _ in self._places(text):
            tokens += tokenize(text[piece_from : start + 1])
            piece_from = start + 1
        if piece_from < len(text):
            tokens += tokenize(text[piece_from:])
        return [token for token in tokens if token not in self._forbidden]

    def _places(self, text: str) -> Iterator[tuple[int, int]]:
        at = 0
        while self._candidate and (found := self._candidate.search(text, at)):
            start = found.start()
            at = start + 1
            for length in self._lengths[text[start]]:
                if text[start : start + length] in self._ids:
                    at = start + length
                    yield start, at
                    break
