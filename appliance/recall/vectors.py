"""What an embedding model gives, as the store keeps it. Pure."""

from collections.abc import Iterable
from math import isfinite, sqrt


def as_bytes(numbers: Iterable[float]) -> bytes | None:
    """One signed byte for each number, the largest of them 127: the direction is what counts.

    None when it has none: a model may answer with noughts, or with what is no number.
    """
    values = list(numbers)
    largest = max(map(abs, values), default=0.0)
    if not all(map(isfinite, values)) or largest == 0.0:
        return None
    return bytes(round(value * 127 / largest) & 0xFF for value in values)


def mean_of(vectors: Iterable[Iterable[float]]) -> list[float]:
    """The direction between several, each of which counts the same."""
    units = [_unit(list(vector)) for vector in vectors]
    return [sum(column) for column in zip(*units, strict=True)]


def _unit(vector: list[float]) -> list[float]:
    length = sqrt(sum(value * value for value in vector))
    return [value / length for value in vector] if length else vector
