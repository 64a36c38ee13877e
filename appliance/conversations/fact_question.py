"""What the model is asked about a message in which somebody may have spoken of themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from appliance.conversations.fact import Topic
from appliance.conversations.statements import Statement
from appliance.json_schema.converter import schema_to_gbnf

MOST_PICKS = 3
_PERCENT = {"certain": 100, "likely": 60, "unsure": 30}


class Pick(msgspec.Struct):
    """The number of a sentence, what it is about, and how sure the model says that it is."""

    sentence: int
    about: Topic
    sure: Literal["certain", "likely", "unsure"]


class Picks(msgspec.Struct):
    """The whole answer."""

    facts: list[Pick]


@dataclass(frozen=True, slots=True)
class Believed:
    """A statement that the model chose."""

    content: str
    topic: Topic
    confidence_percent: int


def fact_question(statements: Sequence[Statement]) -> str:
    """The sentences with their numbers, and what to say of them."""
    lines = [f"{number}. {each.content}" for number, each in enumerate(statements, start=1)]
    return "\n".join(
        [
            "Which of these sentences of mine say something about me that will still be true in a "
            "year, such as my name, where I live, my work, my family, my health, what I eat or "
            "what I like? Answer with their numbers, as JSON. Most sentences say nothing of the "
            "kind; then the list is empty.",
            *lines,
        ]
    )


def fact_grammar(statements: Sequence[Statement]) -> str:
    """GBNF for the answer."""
    pick = {
        "type": "object",
        "properties": {
            "sentence": {"enum": list(range(1, len(statements) + 1))},
            "about": {"enum": [topic.value for topic in Topic]},
            "sure": {"enum": list(_PERCENT)},
        },
        "required": ["sentence", "about", "sure"],
        "additionalProperties": False,
    }
    return schema_to_gbnf(
        {
            "type": "object",
            "properties": {"facts": {"type": "array", "items": pick, "maxItems": MOST_PICKS}},
            "required": ["facts"],
            "additionalProperties": False,
        }
    )


def believed_facts(answer: str, statements: Sequence[Statement]) -> tuple[Believed, ...]:
    """Each sentence once. The model is believed no further than the sentence itself allows."""
    try:
        picks = msgspec.json.decode(answer, type=Picks)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ()
    found: dict[int, Believed] = {}
    for pick in picks.facts[:MOST_PICKS]:
        if 1 <= pick.sentence <= len(statements) and pick.sentence not in found:
            said = statements[pick.sentence - 1]
            percent = min(said.most_percent, _PERCENT[pick.sure])
            found[pick.sentence] = Believed(said.content, pick.about, percent)
    return tuple(found.values())
