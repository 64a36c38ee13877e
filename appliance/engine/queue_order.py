"""In which order those who wait are seated. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping

from appliance.engine.sequence import Priority, Sequence


def in_order(
    waiting: Iterable[Sequence], running: Iterable[Sequence], last_seated: Mapping[str, int]
) -> list[Sequence]:
    """People before background work; then fewest running of one's own; then whose turn is longest
    ago, by `last_seated`; then who came first.
    """
    taken = Counter(seq.owner for seq in running if seq.priority is Priority.NORMAL)
    order: list[tuple[bool, int, int, int, Sequence]] = []
    for arrival, sequence in enumerate(waiting):
        gives_way = sequence.priority is Priority.BACKGROUND
        # Somebody looks at a reply that has begun, and it has had this turn before.
        turn = 0 if sequence.completion_tokens else last_seated.get(sequence.owner, 0)
        order.append((gives_way, taken[sequence.owner], turn, arrival, sequence))
        if not gives_way:
            taken[sequence.owner] += 1
    return [sequence for *_, sequence in sorted(order, key=lambda entry: entry[:4])]
