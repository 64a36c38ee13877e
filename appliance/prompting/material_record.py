"""What the record of a prompt says of the material in it. Pure."""

from collections.abc import Callable, Mapping, Sequence

from appliance.conversations.conversation import Message
from appliance.prompting.material import (
    MESSAGE_HEADING,
    Material,
    facts_words,
    passages_words,
)
from appliance.prompting.pieces import kept
from appliance.prompting.window import Window

Count = Callable[[str], int]


def tokens_by_message(
    materials: Mapping[str, Material], messages: Sequence[Message], count: Count
) -> dict[str, int]:
    """About how many tokens the material of each of these messages has."""
    return {
        each.message_id: sum(_parts(materials[each.message_id], count))
        for each in messages
        if each.message_id in materials
    }


def material_record(window: Window, tokens: Mapping[str, int], count: Count) -> dict[str, object]:
    """Of the last message's, what it is and how long; of the others' how long they are together."""
    if not tokens:
        return {}
    last_id = window.messages[-1].message_id
    own = window.materials.get(last_id)
    record: dict[str, object] = {}
    if own is not None:
        facts, recalled = _parts(own, count)
        if own.facts:
            record |= {"facts": [fact.fact_id for fact in own.facts], "facts_tokens": facts}
        if own.passages:
            pieces = tuple(passage.piece for passage in own.passages)
            record |= {"recalled": kept(pieces), "recalled_tokens": recalled}
    if earlier := sum(tokens.values()) - tokens.get(last_id, 0):
        record["earlier_recalled_tokens"] = earlier
    return record


def _parts(material: Material, count: Count) -> tuple[int, int]:
    """Of facts, and of what was recalled; what stands between them and the message with the last
    one that there is.
    """
    facts, passages = facts_words(material.facts), passages_words(material.passages)
    heading = count(f"\n\n{MESSAGE_HEADING}\n\n")
    if not passages:
        return count(facts) + heading, 0
    return (count(facts) if facts else 0), count(passages) + heading
