"""How often each may ask: a bucket that fills again evenly. Pure, but for the clock it is given."""

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from appliance.accounts.limit import Room

_MINUTE = 60.0
_TIDY_ABOVE = 4096


@dataclass(slots=True)
class _Bucket:
    """How many requests were in it at a reading of the clock."""

    level: float
    at: float
    per_minute: int


class RequestRates:
    """All buckets of this process. The clock never jumps: a wrong date locks nobody out.

    A limit of 120 a minute means 120 at once at most, and then another one every half second.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}

    def room(self, who: str, per_minute: int) -> Room:
        """What is left, without taking any of it."""
        bucket = self._filled(who, per_minute)
        missing = per_minute - bucket.level
        return Room(per_minute, int(bucket.level), missing * _MINUTE / per_minute)

    def seconds_to_next(self, who: str, per_minute: int) -> float:
        """Until there is room for one more request; 0 when there is."""
        missing = 1 - self._filled(who, per_minute).level
        return max(0.0, missing * _MINUTE / per_minute)

    def take(self, who: str, per_minute: int) -> None:
        """One request more; call it when there is room for it."""
        bucket = self._filled(who, per_minute)
        bucket.level -= 1
        self._buckets[who] = bucket
        if len(self._buckets) > _TIDY_ABOVE:
            self._forget_full()

    def _filled(self, who: str, per_minute: int) -> _Bucket:
        now = self._clock()
        bucket = self._buckets.get(who)
        if bucket is None:
            return _Bucket(per_minute, now, per_minute)
        level = bucket.level + (now - bucket.at) * bucket.per_minute / _MINUTE
        # A limit that has been changed holds from now on.
        return _Bucket(min(level, per_minute), now, per_minute)

    def _forget_full(self) -> None:
        """A full bucket is the same as none."""
        for who, bucket in list(self._buckets.items()):
            if self._filled(who, bucket.per_minute).level >= bucket.per_minute:
                del self._buckets[who]
