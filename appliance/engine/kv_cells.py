"""Which seat of the KV cache holds which tokens, and which of them several seats hold together.

A seat's tokens are a list of runs. `share` gives the beginning of one seat to another without
computing or copying it: both then hold the same runs, and each run counts once, however many hold
it. Seen together the seats form a radix tree. Pure: llama.cpp's side of it is `llama_backend.py`.
"""

from collections.abc import Iterable
from collections.abc import Sequence as Tokens
from dataclasses import dataclass, field


@dataclass(eq=False, slots=True)
class Run:
    """Tokens that lie behind each other in the cache, and how many seats hold them."""

    tokens: list[int]
    holders: int = 1


@dataclass(eq=False, slots=True)
class Cells:
    """What one seat holds, from position 0 on."""

    runs: list[Run] = field(default_factory=list)
    count: int = 0

    def tokens(self) -> list[int]:
        return [token for run in self.runs for token in run.tokens]

    def common_prefix(self, tokens: Tokens[int]) -> int:
        """How many leading tokens equal those of `tokens`."""
        matched = 0
        for run in self.runs:
            length = common_prefix_length(run.tokens, tokens[matched : matched + len(run.tokens)])
            matched += length
            if length < len(run.tokens):
                break
        return matched

    def append(self, tokens: Iterable[int]) -> None:
        """More tokens at the end, held by this seat alone."""
        if not self.runs or self.runs[-1].holders > 1:
            self.runs.append(Run([]))
        before = len(self.runs[-1].tokens)
        self.runs[-1].tokens.extend(tokens)
        self.count += len(self.runs[-1].tokens) - before


class CellMap:
    """The cells of all seats. `used` is how many of the cache's cells hold something."""

    def __init__(self, seats: int) -> None:
        self.seats = tuple(Cells() for _ in range(seats))

    @property
    def used(self) -> int:
        unique = {id(run): len(run.tokens) for cells in self.seats for run in cells.runs}
        return sum(unique.values())

    def trim(self, cells: Cells, count: int) -> None:
        """Keep the first `count` tokens of a seat."""
        keep = self._split(cells, count)
        for run in cells.runs[keep:]:
            run.holders -= 1
        del cells.runs[keep:]
        cells.count = min(cells.count, count)

    def share(self, source: Cells, target: Cells, count: int) -> None:
        """Give the first `count` tokens of `source` to `target`, which forgets what it held."""
        assert source is not target
        self.trim(target, 0)
        keep = self._split(source, count)
        target.runs = source.runs[:keep]
        for run in target.runs:
            run.holders += 1
        target.count = count

    def join(self, source: Cells, target: Cells, count: int) -> None:
        """The first `count` tokens of both are the same: from now on they hold one copy of them."""
        assert source is not target
        self._split(source, count)
        last = self._split(target, count)
        shared = source.runs[: self._split(source, count)]
        for run in target.runs[:last]:
            run.holders -= 1
        for run in shared:
            run.holders += 1
        target.runs[:last] = shared

    def _split(self, cells: Cells, count: int) -> int:
        """Make a border between two runs after `count` tokens; returns the runs before it."""
        start = 0
        for index, run in enumerate(cells.runs):
            if start >= count:
                return index
            inside = count - start
            start += len(run.tokens)
            if start > count:
                self._cut(run, inside)
                return index + 1
        return len(cells.runs)

    def _cut(self, run: Run, at: int) -> None:
        """One run becomes two, for everybody who holds it."""
        rest = Run(run.tokens[at:], run.holders)
        del run.tokens[at:]
        for cells in self.seats:
            if run in cells.runs:
                cells.runs.insert(cells.runs.index(run) + 1, rest)


def common_prefix_length(left: Tokens[int], right: Tokens[int]) -> int:
    """Number of equal tokens at the start, found by halving: list equality runs in C."""
    end = min(len(left), len(right))
    if left[:end] == right[:end]:
        return end
    low, high = 0, end
    while high - low > 1:
        middle = (low + high) // 2
        if left[low:middle] == right[low:middle]:
            low = middle
        else:
            high = middle
    return low
