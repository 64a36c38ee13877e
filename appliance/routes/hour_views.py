"""The last hour as small pictures: lines as SVG, made here, and in words what they show."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isinf, log10

from appliance.administration.last_hour import COUNTED_SECONDS, HOUR_SECONDS, Sample
from appliance.routes.hour_data import HEIGHT, WIDTH, LastHourView, SparkView
from appliance.routes.sizes import size_words
from appliance.sentences import number, say

Point = tuple[float, float]
"""How long ago, in seconds, and how much."""

_EDGE = 2
"""So much of the height is left above and below a line, so that it is not cut."""


@dataclass(frozen=True, slots=True)
class _Row:
    """A figure: where it comes from, how it is said, and the least that the height stands for."""

    name: str
    read: Callable[[Sample], float | None]
    words: Callable[[float], str]
    top: float = 1
    scale: Callable[[float], float] = float


def last_hour_view(samples: Sequence[tuple[float, Sample]]) -> LastHourView:
    """A picture of each figure that this box has."""
    rows = (
        _Row(say("Being written"), lambda s: s.running, number),
        _Row(say("Waiting in line"), lambda s: s.waiting, number),
        _Row(say("Tokens a second"), _tokens, _rate),
        _Row(say("Longest step"), _step, _step_words, 4, _log),
        _Row(say("KV cache in use"), lambda s: s.kv_share, _percent),
        _Row(say("Memory of the box"), lambda s: s.process_bytes, _size),
        _Row(say("Disk in use"), lambda s: s.disk_share, _percent),
    )
    sparks = (_spark(row, _points(samples, row.read)) for row in rows)
    return LastHourView(WIDTH, HEIGHT, tuple(spark for spark in sparks if spark is not None))


def _points(
    samples: Sequence[tuple[float, Sample]], read: Callable[[Sample], float | None]
) -> list[Point]:
    found = ((age, read(sample)) for age, sample in samples)
    return [(age, value) for age, value in found if value is not None]


def _spark(row: _Row, points: list[Point]) -> SparkView | None:
    if not points:
        return None
    values = [value for _, value in points]
    top = max(row.top, *map(row.scale, values))
    places = [(_across(age), _up(row.scale(value), top)) for age, value in points]
    if len(places) == 1:  # a line needs two
        places.insert(0, (max(0.0, places[0][0] - 2), places[0][1]))
    line = " ".join(f"{x:g},{y:g}" for x, y in places)
    return SparkView(
        name=row.name,
        now=row.words(values[-1]),
        range=say(
            "%(least)s to %(most)s", least=row.words(min(values)), most=row.words(max(values))
        ),
        line=line,
        area=f"{places[0][0]:g},{HEIGHT} {line} {places[-1][0]:g},{HEIGHT}",
    )


def _across(age: float) -> float:
    return round(WIDTH * (1 - min(age, HOUR_SECONDS) / HOUR_SECONDS), 1)


def _up(value: float, top: float) -> float:
    return round(HEIGHT - _EDGE - (HEIGHT - 2 * _EDGE) * value / top, 1)


def _tokens(sample: Sample) -> float | None:
    return None if sample.kv_share is None else sample.tokens_per_second


def _step(sample: Sample) -> float | None:
    if sample.kv_share is None:
        return None
    return sample.longest_step or 0.0


def _step_words(seconds: float) -> str:
    if not seconds:
        return say("none")
    if isinf(seconds):
        return say("over %(seconds)s s", seconds=number(COUNTED_SECONDS))
    if seconds < 1:
        return say("up to %(count)s ms", count=round(seconds * 1000))
    return say("up to %(seconds)s s", seconds=number(seconds))


def _log(seconds: float) -> float:
    """From a millisecond to ten seconds: short steps are told apart as well as long ones."""
    return max(0.0, log10(min(seconds, 10) * 1000)) if seconds else 0.0


def _rate(value: float) -> str:
    return number(value, 1 if 0 < value < 10 else 0)


def _percent(share: float) -> str:
    return say("%(share)s %%", share=number(100 * share))


def _size(size_bytes: float) -> str:
    return size_words(int(size_bytes))
