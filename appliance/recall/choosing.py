"""Of what was found, what is told. Pure."""

from collections.abc import Sequence, Set
from dataclasses import dataclass

from appliance.recall import ranking
from appliance.store.chunk_search import FoundChunk


@dataclass(frozen=True, slots=True)
class Candidate:
    """A chunk with what speaks for it, and its terms."""

    chunk: FoundChunk
    score: float
    terms: Set[str]


def best_of(
    candidates: Sequence[Candidate], beside: ranking.Beside, most: int
) -> list[tuple[FoundChunk, float]]:
    """Each text once, the best first, without those that are much worse than the best. What stands
    beside one that is told already comes later.
    """
    if not candidates:
        return []
    least = ranking.LEAST_SHARE * max(each.score for each in candidates)
    left = {each.chunk.chunk_key: each for each in candidates if each.score >= least}
    less: dict[int, float] = {}
    told: list[Candidate] = []
    scores: list[float] = []
    while left and len(told) < most:
        key = max(left, key=lambda key: (left[key].score - less.get(key, 0.0), key))
        one = left.pop(key)
        if any(ranking.is_same(one.terms, other.terms) for other in told):
            continue
        told.append(one)
        scores.append(one.score - less.get(key, 0.0))
        for other in beside.get(key, ()):
            if other is not None:
                less[other] = ranking.BESIDE_CHOSEN
    return [(one.chunk, score) for one, score in zip(told, scores, strict=True)]
