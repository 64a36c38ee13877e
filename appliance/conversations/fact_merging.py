"""How a new fact stands to those that are known: the same, in place of one, or beside. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from appliance.conversations.believing import subjects
from appliance.conversations.fact import SURE_PERCENT, Fact, Topic

# Somebody has one home at a time, and says so in other words each time.
_LIVING = re.compile(
    r"\b(?:live|lives|living|moved|moving|wohne\w*|gezogen|ziehe)\b|살|이사|住|引っ越",
    re.IGNORECASE,
)
_DENIAL = re.compile(
    r"\b(?:not|never|no longer|\w+n['’]t|nicht|kein\w*|nie)\b|않|안 |없|ない|ません",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Merging:
    """What becomes of a new fact: it is `same` as a known one, or takes the place of `replaced`."""

    same: Fact | None = None
    replaced: tuple[Fact, ...] = ()


def merged(new: Fact, known: Iterable[Fact]) -> Merging:
    """`known` are this person's. What they have confirmed gives way only to what is sure."""
    current = [each for each in known if each.is_current and each.fact_id != new.fact_id]
    for each in current:
        if is_same(new, each):
            return Merging(same=each)
    is_sure = new.is_confirmed or new.confidence_percent >= SURE_PERCENT
    replaced = [
        each
        for each in current
        if takes_the_place(new, each) and (is_sure or not each.is_confirmed)
    ]
    return Merging(replaced=tuple(replaced))


def is_same(new: Fact, old: Fact) -> bool:
    """Whether the new one says nothing more than the old one."""
    says, said = _says(new), _says(old)
    return bool(says) and says <= said and _denies(new) == _denies(old)


def takes_the_place(new: Fact, old: Fact) -> bool:
    """Whether both speak of the same, and cannot both be true; the new one is believed."""
    if new.topic is not old.topic:
        return False
    says, said = _says(new), _says(old)
    if said <= says:
        return True  # the same and more, or the opposite
    if new.topic is Topic.HOME and _LIVING.search(new.content) and _LIVING.search(old.content):
        return True
    if says - _numbers(new) == said - _numbers(old) and _numbers(new) and _numbers(old):
        return True  # the same, with another number
    shared, most = len(says & said), max(len(says), len(said))
    one_of_a_kind = new.topic in (Topic.NAME, Topic.HOME, Topic.WORK)
    return shared * 2 >= most if one_of_a_kind else shared * 3 >= most * 2


def _says(fact: Fact) -> set[str]:
    return subjects(fact.content) | _numbers(fact)


def _numbers(fact: Fact) -> set[str]:
    return set(_NUMBER.findall(fact.content))


def _denies(fact: Fact) -> bool:
    return bool(_DENIAL.search(fact.content))
