"""Which tokens a grammar lets come next, the model's likeliest first."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from appliance.engine.grammar.matcher import Matcher
from appliance.engine.grammar.token_table import Ids, TokenTable

MAX_CANDIDATES = 256
_MAX_VISITS = 10_000
_FIRST_LOOK = 1024


def candidates(matcher: Matcher, table: TokenTable, logits: NDArray[np.float32]) -> Ids:
    """At most `MAX_CANDIDATES` tokens that fit, and the end tokens where the text may end.

    When a hostile grammar makes the search long, it is cut; then, as a last resort, single bytes
    are offered, which fit without a search. With no byte of the grammar in the vocabulary at all
    only an end is left.
    """
    position = matcher.position
    found = _search(matcher, table, logits)
    if not found and not position.may_end:
        found = table.single_bytes(position.mask).tolist()
    if not found or position.may_end:
        found += table.ends.tolist()
    return np.array(found, dtype=np.int64)


def _search(matcher: Matcher, table: TokenTable, logits: NDArray[np.float32]) -> list[int]:
    found: list[int] = []
    visits_end = matcher.visits + _MAX_VISITS
    for token in _likeliest_first(table.beginning_with(matcher.position.mask), logits):
        if matcher.fits(table.texts[token]):
            found.append(token)
            if len(found) == MAX_CANDIDATES:
                break
        if matcher.visits > visits_end:
            break
    return found


def _likeliest_first(tokens: Ids, logits: NDArray[np.float32]) -> Iterator[Any]:
    """Sorting a whole vocabulary takes long, and its head is nearly always enough."""
    if len(tokens) > _FIRST_LOOK:
        cut = np.argpartition(-logits[tokens], _FIRST_LOOK)
        yield from _sorted(tokens[cut[:_FIRST_LOOK]], logits)
        tokens = tokens[cut[_FIRST_LOOK:]]
    yield from _sorted(tokens, logits)


def _sorted(tokens: Ids, logits: NDArray[np.float32]) -> list[int]:
    order = np.argsort(-logits[tokens], kind="stable")
    return list(tokens[order].tolist())
