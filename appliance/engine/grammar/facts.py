"""What can be said of each state of a grammar before any text is read."""

from collections.abc import Callable

from appliance.engine.grammar.states import END, Call, Eat, Fork, State, States

Holds = list[bool]
"""For each state, whether it is so."""


def can_end(states: States) -> Holds:
    """Some text leads from here to the end of the rule."""

    def holds(at: int, state: State, known: Holds) -> bool:
        match state:
            case Eat(mask, then):
                return mask != 0 and known[then]
            case Call(rule, then):
                return known[rule] and known[then]
            case Fork(ways):
                return at == END or any(known[way] for way in ways)

    return _spread(states, holds)


def can_end_at_once(states: States) -> Holds:
    """The rule may end here without another byte."""

    def holds(at: int, state: State, known: Holds) -> bool:
        match state:
            case Eat():
                return False
            case Call(rule, then):
                return known[rule] and known[then]
            case Fork(ways):
                return at == END or any(known[way] for way in ways)

    return _spread(states, holds)


def can_eat(states: States, alive: Holds) -> Holds:
    """At least one more byte is possible from here before the rule ends."""

    def holds(at: int, state: State, known: Holds) -> bool:
        match state:
            case Eat():
                return alive[at]
            case Call(rule, then):
                return alive[at] and (known[rule] or known[then])
            case Fork(ways):
                return any(known[way] for way in ways)

    return _spread(states, holds)


def _spread(states: States, holds: Callable[[int, State, Holds], bool]) -> Holds:
    """The states for which it holds, from those on that need no other: each is asked again only
    when one that it leads to has come to hold.
    """
    askers: list[list[int]] = [[] for _ in states.all]
    for at, state in enumerate(states.all):
        for way in _ways(state):
            askers[way].append(at)
    known = [False] * len(states.all)
    todo = list(range(len(states.all)))
    while todo:
        at = todo.pop()
        if not known[at] and holds(at, states.all[at], known):
            known[at] = True
            todo += askers[at]
    return known


def _ways(state: State) -> tuple[int, ...]:
    match state:
        case Eat(_, then):
            return (then,)
        case Call(rule, then):
            return rule, then
        case Fork(ways):
            return ways
