"""The arithmetic of the report. Pure.

A figure's name ends in its unit, and the unit says which way is better: `_per_second` wants to be
high, `_ms`, `_seconds` and `_mb` want to be low, `_tokens` only tells that both sides did the same.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class Better(StrEnum):
    HIGH = "high"
    LOW = "low"
    NEITHER = ""


@dataclass(frozen=True, slots=True)
class Run:
    """What one side did in one run of a scenario: figures by name, or the reason for none."""

    figures: dict[str, float] = field(default_factory=dict)
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Spread:
    """The least, the middle and the most of a few values."""

    low: float
    median: float
    high: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """One figure of both sides. What a side has no value for is None."""

    name: str
    ours: Spread | None
    theirs: Spread | None
    ratio: float | None
    """Of the medians, ours by theirs."""
    pair_ratios: tuple[float, float] | None
    """The least and the most of the ratios within pairs, which share the machine's mood."""

    @property
    def better(self) -> Better:
        return better(self.name)


def better(name: str) -> Better:
    """Which way a figure wants to go."""
    if name.endswith("_per_second"):
        return Better.HIGH
    if name.endswith(("_ms", "_seconds", "_mb")):
        return Better.LOW
    return Better.NEITHER


def percentile(values: Sequence[float], percent: float) -> float:
    """The least value that at least `percent` of 100 values do not exceed (nearest rank)."""
    assert values, "a percentile needs values"
    rank = math.ceil(percent / 100 * len(values))
    return sorted(values)[max(0, rank - 1)]


def spread(values: Sequence[float]) -> Spread | None:
    """None when there are no values."""
    if not values:
        return None
    return Spread(min(values), statistics.median(values), max(values))


def compare(ours: Sequence[Run], theirs: Sequence[Run]) -> list[Comparison]:
    """Every figure of a scenario, in the order in which it was first named.

    The runs at one index are a pair; a pair in which one side failed gives no ratio.
    """
    names = dict.fromkeys(name for run in (*ours, *theirs) for name in run.figures)
    return [_compare(name, ours, theirs) for name in names]


def _compare(name: str, ours: Sequence[Run], theirs: Sequence[Run]) -> Comparison:
    our_spread, their_spread = spread(_values(name, ours)), spread(_values(name, theirs))
    ratios = [
        our_run.figures[name] / their_run.figures[name]
        for our_run, their_run in zip(ours, theirs, strict=False)
        if name in our_run.figures and their_run.figures.get(name)
    ]
    return Comparison(
        name=name,
        ours=our_spread,
        theirs=their_spread,
        ratio=(
            our_spread.median / their_spread.median
            if our_spread and their_spread and their_spread.median
            else None
        ),
        pair_ratios=(min(ratios), max(ratios)) if ratios else None,
    )


def _values(name: str, runs: Sequence[Run]) -> list[float]:
    return [run.figures[name] for run in runs if name in run.figures]
