"""Facts that come in with a conversation: checked, and never more than proposals."""

import pytest

from appliance.conversations.conversation import Message, Role
from appliance.conversations.fact import MOST_FACTS, FactsUse, Topic
from appliance.errors import ImportRefused, InvalidInput
from appliance.portable.document import KeptFact
from appliance.portable.own_facts import facts_of

SAID = (
    Message("a" * 32, "c" * 32, None, Role.USER, "I live in Busan.", 5),
    Message("b" * 32, "c" * 32, "a" * 32, Role.ASSISTANT, "I see.", 6),
)


def kept(number: int = 1, **more: object) -> KeptFact:
    given = {"message_id": "a" * 32, "content": "I live in Busan.", "said_at": 5, **more}
    return KeptFact(f"{number:032x}", topic=Topic.HOME, **given)  # type: ignore[arg-type]


def test_whatever_the_file_says_it_is_a_proposal() -> None:
    (found,) = facts_of([kept(confidence_percent=100, is_confirmed=True)], SAID)
    assert not found.is_confirmed and not found.is_used(FactsUse.SURE)
    assert (found.content, found.conversation_id) == ("I live in Busan.", "c" * 32)


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ([kept(), kept()], "the same id"),
        ([kept(message_id="f" * 32)], "in no message"),
        ([kept(message_id="b" * 32)], "in no message"),
        ([kept(number) for number in range(MOST_FACTS + 1)], "more facts"),
    ],
)
def test_what_cannot_be_is_refused(facts: list[KeptFact], sentence: str) -> None:
    with pytest.raises(ImportRefused, match=sentence):
        facts_of(facts, SAID)


@pytest.mark.parametrize("content", [" \n", "a\0b", "x" * 161])
def test_words_stand_as_the_page_would_have_them(content: str) -> None:
    with pytest.raises(InvalidInput):
        facts_of([kept(content=content)], SAID)
    (found,) = facts_of([kept(content="Two\nlines.")], SAID)
    assert found.content == "Two lines."
