"""Rules as states over bytes: each consumes a byte, calls a rule, or goes several ways at once."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from appliance.engine.grammar.syntax import Chars, Choice, Node, Ranges, Reference, Repeat, Row
from appliance.engine.grammar.utf8 import byte_sequences
from appliance.errors import GrammarRefused

MAX_STATES = 10_000
_MAX_WORK = 10 * MAX_STATES
END = 0
"""The state in which every rule ends."""


@dataclass(frozen=True, slots=True)
class Eat:
    """One byte of `mask` (a bit for each), then `then`."""

    mask: int
    then: int


@dataclass(frozen=True, slots=True)
class Call:
    """All of a rule, which begins at `rule`, then `then`."""

    rule: int
    then: int


@dataclass(slots=True)
class Fork:
    """Any of these ways, without a byte."""

    ways: tuple[int, ...]


State = Eat | Call | Fork


@dataclass(slots=True)
class States:
    """All states of a grammar; rules begin where `starts` says."""

    all: list[State] = field(default_factory=lambda: [Fork(())])
    starts: dict[str, int] = field(default_factory=dict)

    def add(self, state: State) -> int:
        if len(self.all) >= MAX_STATES:
            raise too_large()
        self.all.append(state)
        return len(self.all) - 1


def build_states(rules: Mapping[str, Node]) -> States:
    """Raises GrammarRefused when a rule is missing or there is too much of it."""
    builder = _Builder(States())
    states = builder.states
    for name in rules:
        states.starts[name] = states.add(Fork(()))
    for name, node in rules.items():
        states.all[states.starts[name]] = Fork((builder.build(node, END),))
    return states


def too_large() -> GrammarRefused:
    return GrammarRefused(
        f"Written out, the grammar or schema has more than {MAX_STATES:,} places. Make it smaller: "
        "fewer alternatives, shorter texts, fewer repetitions."
    )


class _Builder:
    """Builds backwards: every node is given the state that comes after it."""

    def __init__(self, states: States) -> None:
        self.states = states
        self._eats: dict[tuple[int, int], int] = {}
        self._sequences: dict[Ranges, tuple[tuple[int, ...], ...]] = {}
        self._work_left = _MAX_WORK

    def build(self, node: Node, then: int) -> int:
        self._work()
        match node:
            case Chars(ranges):
                return self._chars(ranges, then)
            case Reference(name, line):
                return self._call(name, line, then)
            case Row(parts):
                for part in reversed(parts):
                    then = self.build(part, then)
                return then
            case Choice(options):
                return self._fork([self.build(option, then) for option in options])
            case Repeat():
                return self._repeat(node, then)

    def _repeat(self, repeat: Repeat, then: int) -> int:
        after = then
        if repeat.most is None:
            then = self._fork([])
            self.states.all[then] = Fork((self.build(repeat.node, then), after))
        else:
            for _ in range(repeat.most - repeat.least):
                then = self._fork([self.build(repeat.node, then), after])
        for _ in range(repeat.least):
            before, then = then, self.build(repeat.node, then)
            if then == before:  # it has no text at all
                break
        return then

    def _call(self, name: str, line: int, then: int) -> int:
        if name not in self.states.starts:
            raise GrammarRefused(
                f"Line {line} of the grammar: there is no rule `{name}`. Add it, or correct the "
                "name."
            )
        return self.states.add(Call(self.states.starts[name], then))

    def _chars(self, ranges: Ranges, then: int) -> int:
        if ranges not in self._sequences:
            self._sequences[ranges] = tuple(
                tuple(_mask(*pair) for pair in sequence) for sequence in byte_sequences(ranges)
            )
        # Sequences with the same end begin in one state, with the bytes of all of them.
        begins: dict[int, int] = {}
        for first, *rest in self._sequences[ranges]:
            self._work()
            at = then
            for mask in reversed(rest):
                at = self._eat(mask, at)
            begins[at] = begins.get(at, 0) | first
        return self._fork([self._eat(mask, at) for at, mask in begins.items()])

    def _eat(self, mask: int, then: int) -> int:
        """The same byte before the same state is one state, however often it is asked for."""
        state = self._eats.get((mask, then))
        if state is None:
            state = self._eats[mask, then] = self.states.add(Eat(mask, then))
        return state

    def _work(self) -> None:
        """Texts without characters make no states, and still must not be built for ever."""
        self._work_left -= 1
        if self._work_left < 0:
            raise too_large()

    def _fork(self, ways: list[int]) -> int:
        return ways[0] if len(ways) == 1 else self.states.add(Fork(tuple(ways)))


def _mask(first: int, last: int) -> int:
    return (1 << (last + 1)) - (1 << first)
