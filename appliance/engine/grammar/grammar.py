"""A grammar that was checked: what the matcher walks on."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from appliance.engine.grammar.facts import Holds, can_eat, can_end, can_end_at_once
from appliance.engine.grammar.gbnf import read_gbnf
from appliance.engine.grammar.states import END, Call, Eat, Fork, States, build_states, too_large
from appliance.errors import GrammarRefused

ROOT = "root"
MAX_WAYS = 1000
_MAX_WAYS_IN_ALL = 200_000


@dataclass(frozen=True, slots=True)
class Place:
    """A point in a rule, and what may come next in it.

    `eats` are (bytes as a bit mask, place after it), `calls` are (place where a rule begins, place
    after it, or None where nothing follows). `may_end`: the rule may end here.
    """

    eats: tuple[tuple[int, int], ...]
    calls: tuple[tuple[int, int | None], ...]
    may_end: bool


@dataclass(frozen=True, slots=True)
class Grammar:
    """Places by number, and the one where a text begins. From every place some text leads on to
    the end.
    """

    places: Mapping[int, Place]
    start: int


@lru_cache(maxsize=8)
def compile_grammar(gbnf: str) -> Grammar:
    """Check a grammar and make it ready; the same text soon again costs nothing. Any thread.

    Raises GrammarRefused with a sentence for whoever wrote it.
    """
    rules = read_gbnf(gbnf)
    if ROOT not in rules:
        raise GrammarRefused(
            "The grammar has no rule `root`, with which every text begins: add `root ::= ...`."
        )
    states = build_states(rules)
    alive = can_end(states)
    start = states.starts[ROOT]
    if not alive[start]:
        raise GrammarRefused(
            "No text can ever come to its end in this grammar or schema. Add a way out: an "
            "alternative that does not lead back to itself."
        )
    return Grammar(_Places(states, alive).reachable(start), start)


class _Places:
    """Draws together what can be reached without a byte, so that nothing is searched twice."""

    def __init__(self, states: States, alive: Holds) -> None:
        self._states = states
        self._alive = alive
        self._ends_at_once = can_end_at_once(states)
        self._eats = can_eat(states, alive)
        self._ways_left = _MAX_WAYS_IN_ALL

    def reachable(self, start: int) -> dict[int, Place]:
        places: dict[int, Place] = {}
        todo = [start]
        while todo:
            at = todo.pop()
            if at not in places:
                places[at] = place = self._place(at)
                todo += [then for _, then in place.eats]
                todo += [begin for begin, _ in place.calls]
                todo += [then for _, then in place.calls if then is not None]
        return places

    def _place(self, at: int) -> Place:
        eats: list[tuple[int, int]] = []
        calls: list[tuple[int, int | None]] = []
        may_end = False
        seen, todo = {at}, [at]

        def reach(*ways: int) -> None:
            new = [way for way in ways if self._alive[way] and way not in seen]
            seen.update(new)
            todo.extend(reversed(new))

        while todo:
            now = todo.pop()
            match self._states.all[now]:
                case Eat(mask, then):
                    eats.append((mask, then))
                case Call(rule, then):
                    if self._eats[rule]:
                        calls.append((rule, then if self._eats[then] else None))
                    if self._ends_at_once[rule]:
                        reach(then)
                case Fork(ways):
                    may_end = may_end or now == END
                    reach(*ways)
        self._count(len(seen))
        return Place(tuple(eats), tuple(calls), may_end)

    def _count(self, ways: int) -> None:
        self._ways_left -= ways
        if self._ways_left < 0:
            raise too_large()
        if ways > MAX_WAYS:
            raise GrammarRefused(
                f"At one place of the grammar or schema more than {MAX_WAYS:,} ways are open. "
                "Make it smaller: fewer alternatives, or fewer parts that may be left out."
            )
