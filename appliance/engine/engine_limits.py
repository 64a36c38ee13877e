"""How big an engine is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EngineLimits:
    """Sizes of the engine. Units as named; `kv_tokens` is shared by all seats.

    `slots` is how many replies are written at a time. There are more `seats` than that, so that
    those who are not here just now find their conversation as they left it. A step should take
    `target_step_seconds` at most: so long nobody's text grows.
    """

    slots: int
    kv_tokens: int
    batch_tokens: int
    waiting_limit: int
    threads: int
    cores: int
    target_step_seconds: float = 0.2

    @property
    def seats(self) -> int:
        return seats_for(self.slots)


def seats_for(slots: int) -> int:
    """llama.cpp has at most 256."""
    return min(4 * slots, 256)
