"""Which chunks have to do with a question, and which most. Pure.

Two lists come in: chunks with words of the question, by BM25, and chunks near its meaning, by
cosine. Neither scale says anything about the other, so each is stretched to 0..1 over its own
candidates before they are added. What stands beside a good chunk is often the answer to it, so a
part of each score goes on to the next chunk, and a smaller one back. Of the best, those count more
around which all words of the question stand. The weights are those that found most in the public
LoCoMo questions (`scripts/evaluate-recall`).
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from math import exp, log

from appliance.recall.tokens import terms_of

MEANING = 0.4
"""How much the meaning counts; the words count the rest."""
TO_NEXT, TO_BEFORE = 0.4, 0.15
AROUND = 1.2
"""How much it counts that the words of the question stand in a chunk and the two on each side."""
IN_MONTH = 0.3
"""The same for being said in a month that the question names."""
BESIDE_CHOSEN = 0.3
"""What stands beside a chosen chunk comes with it, so it is chosen by itself for that much less."""
RECENCY = 0.1
"""How much of a score is lost with age; half of it in the first two months."""
RECENCY_SECONDS = 90 * 86400

COVERED = 0.42
"""Share of what a question's words say that a chunk must have, to be recalled by words alone."""
LEAST_COMPARED, MOST_COMPARED = 8, 32
"""With fewer there is nothing to stand out from; of more, the nearest."""
USUAL_GAP = 0.02
LEAST_SHARE = 0.2
"""Of the best score: what has less is left out."""

Beside = Mapping[int, tuple[int | None, int | None]]
_ALONE = (None, None)


def fused(
    words: Iterable[tuple[int, float]], near: Iterable[tuple[int, float]]
) -> dict[int, float]:
    """One score for each chunk that is in either list."""
    by_words, by_meaning = _stretched(dict(words)), _stretched(dict(near))
    return {
        key: (1 - MEANING) * by_words.get(key, 0.0) + MEANING * by_meaning.get(key, 0.0)
        for key in by_words.keys() | by_meaning.keys()
    }


def with_neighbours(scores: Mapping[int, float], beside: Beside) -> dict[int, float]:
    """The scores, and what each gives to those that stand beside it; they may be new here."""
    total = dict(scores)
    for key, (before, after) in beside.items():
        if after is not None:
            total[after] = total.get(after, 0.0) + TO_NEXT * scores.get(key, 0.0)
        if before is not None:
            total[before] = total.get(before, 0.0) + TO_BEFORE * scores.get(key, 0.0)
    return total


def window(key: int, beside: Beside) -> set[int]:
    """The chunk with the two before it and the two after it, as far as they are known."""
    there, before, after = {key}, key, key
    for _ in range(2):
        before = beside.get(before, _ALONE)[0] or before
        after = beside.get(after, _ALONE)[1] or after
        there |= {before, after}
    return there


def aged(score: float, age_seconds: float) -> float:
    """What is older counts a little less."""
    return score * (1 - RECENCY + RECENCY * exp(-max(0.0, age_seconds) / RECENCY_SECONDS))


def near_in_meaning(cosines: Mapping[int, float], floor: float) -> set[int]:
    """The chunks whose meaning has to do with the question.

    Any two texts are a little alike, those of one language and kind more so. So what counts is how
    near a chunk is, and as much how far it stands out from what is usual among the nearest.
    """
    ordered = sorted(cosines.values(), reverse=True)[:MOST_COMPARED]
    if len(ordered) < LEAST_COMPARED:
        return {key for key, cosine in cosines.items() if cosine >= floor - USUAL_GAP}
    usual = ordered[len(ordered) // 2]
    return {key for key, cosine in cosines.items() if 2 * cosine - usual >= floor}


def terms_in(text: str) -> Set[str]:
    """Each once. It takes longer than all that is done with them."""
    return frozenset(terms_of(text).split())


def words_in(weights: Mapping[str, float], terms: Set[str]) -> Set[str]:
    """Which words of a question are among the terms of a text."""
    stems = {_stem(term) for term in terms}
    return {word for word in weights if word in terms or _stem(word) in stems}


def coverage(weights: Mapping[str, float], words: Set[str]) -> float:
    """How much of what the words of a question say these of them say, from 0 to 1."""
    whole = sum(weights.values())
    return sum(weights[word] for word in words) / whole if whole else 0.0


def weights(chunks: int, chunks_with: Mapping[str, int]) -> dict[str, float]:
    """How much each word says that so many of all chunks have; one that none has says most."""
    return {
        word: log(1 + (max(chunks, count) - count + 0.5) / (count + 0.5))
        for word, count in chunks_with.items()
    }


def is_same(one: Set[str], other: Set[str]) -> bool:
    """Whether two texts with these terms say the same in nearly the same words."""
    return len(one & other) >= 0.9 * len(one | other)


def best(scores: Mapping[int, float], limit: int) -> Sequence[int]:
    """The keys with the highest scores; of equal ones the newer first."""
    return sorted(scores, key=lambda key: (-scores[key], -key))[:limit]


def _stretched(scores: Mapping[int, float]) -> dict[int, float]:
    """From 0 to 1; the only one of its kind is the best one."""
    if not scores:
        return {}
    low, high = min(scores.values()), max(scores.values())
    if high <= low:
        return dict.fromkeys(scores, 1.0)
    return {key: (score - low) / (high - low) for key, score in scores.items()}


def _stem(word: str) -> str:
    """Roughly what the index makes of an English word: `moved` and `moving` are the same."""
    for ending in ("ing", "ed", "es", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word
