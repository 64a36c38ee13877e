"""In which order those who wait are seated. Pure."""

from collections import Counter
from collections.abc import Iterable

from appliance.engine.sequence import Priority, Sequence


def in_order(waiting: Iterable[Sequence], running: Iterable[Sequence]) -> list[Sequence]:
    """People before background work; then fewest running of one's own; then who came first."""
    taken = Counter(sequence.owner for sequence in running)
    order: list[tuple[bool, int, int, Sequence]] = []
    for arrival, sequence in enumerate(waiting):
        gives_way = sequence.priority is Priority.BACKGROUND
        order.append((gives_way, taken[sequence.owner], arrival, sequence))
        if not gives_way:
            taken[sequence.owner] += 1
    return [sequence for *_, sequence in sorted(order, key=lambda entry: entry[:3])]
