"""What the box remembers about a person, with a scripted model and a real database."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aside_steps import settled
from conversation_steps import exchange, held_words, say, step_until
from fakes import ScriptedBackend

from appliance.conversations.conversation import Person, new_id
from appliance.conversations.fact import Fact, FactsUse, Topic
from appliance.conversations.opened import StartedTurn
from appliance.conversations.shelf import Placing
from appliance.errors import InvalidInput, NotFound
from appliance.lifespan import Box
from appliance.prompting.material import FACTS_HEADING

OpenBox = Callable[..., Awaitable[Box]]
LOOKING = {"titles": False, "summaries": False, "facts": True}
VEGETARIAN, BUSAN, SEOUL = "I am a vegetarian.", "I live in Busan.", "I live in Seoul."


class Listener:
    """Replies to turns, and chooses every sentence when it is asked for facts."""

    def __init__(self, sure: str = "certain") -> None:
        self.sure = sure
        self.asked: list[str] = []
        self.turns: list[str] = []

    def __call__(self, sequence: Any) -> str:
        prompt = "".join(map(chr, sequence.tokens[: sequence.prompt_tokens]))
        if sequence.sampling.max_tokens == 0:
            return ""
        question = prompt.rpartition("user: ")[2]
        if "still be true in a year" not in question:
            if prompt not in self.turns:
                self.turns.append(prompt)
            return "I see."
        assert sequence.sampling.grammar, "a question for facts has a form"
        if prompt not in self.asked:
            self.asked.append(prompt)
        numbers = [int(line.split(".")[0]) for line in question.splitlines()[1:] if line]
        facts = [{"sentence": each, "about": "home", "sure": self.sure} for each in numbers[:3]]
        return json.dumps({"facts": facts})


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
async def box(open_scripted: OpenBox, listener: Listener) -> Box:
    box = await open_scripted(ScriptedBackend(listener), assistant=LOOKING)
    await box.generations.wait_ready()
    return box


async def hear(box: Box, words: str, conversation_id: str | None = None) -> StartedTurn:
    """An exchange, and what follows from it."""
    started = await exchange(box, words, conversation_id)
    await settled(box)
    return started


async def known(box: Box, person: Person | None = None) -> list[Fact]:
    return [each.fact for each in (await box.desk.facts.open(person or box.person)).facts]


async def test_what_somebody_says_of_themselves_is_kept_in_their_own_words(
    box: Box, listener: Listener
) -> None:
    started = await hear(box, f"Hello! {VEGETARIAN} What can I cook?")
    (fact,) = await known(box)
    assert (fact.content, fact.topic, fact.message_id) == (
        VEGETARIAN,
        Topic.HOME,
        started.message.message_id,
    )
    assert fact.is_used(FactsUse.SURE) and not fact.is_confirmed
    assert len(listener.asked) == 1


async def test_a_message_that_speaks_of_nobody_asks_the_model_nothing(
    box: Box, listener: Listener
) -> None:
    await hear(box, "What is the capital of France?")
    assert listener.asked == [] and await known(box) == []


async def test_a_message_is_asked_about_once_however_often_it_is_answered(
    box: Box, listener: Listener
) -> None:
    started = await hear(box, VEGETARIAN)
    again = await box.desk.service.retry_turn(box.person, started.turn.turn_id)
    async for _ in box.desk.service.follow_turn(box.person, again.turn.turn_id):
        pass
    await settled(box)
    assert len(listener.asked) == 1


async def test_the_question_costs_itself_and_nothing_of_the_conversation(
    open_scripted: OpenBox, listener: Listener
) -> None:
    backend = ScriptedBackend(listener)
    box = await open_scripted(backend, assistant=LOOKING)
    await hear(box, f"{VEGETARIAN} " + "The garden is full of rain. " * 40)
    names = list(dict.fromkeys(name for batch in backend.batches for name, _ in batch))
    read = [sum(n for batch in backend.batches for at, n in batch if at == name) for name in names]
    assert len(read) == 2
    assert read[0] > 1000 > read[1], "the aside reads on where the turn has ended"


async def test_in_later_conversations_it_is_told_once_before_the_first_message(
    box: Box, listener: Listener
) -> None:
    await hear(box, VEGETARIAN)
    first = await hear(box, "What is a good dinner?")
    prompt = listener.turns[-1]
    assert prompt.startswith(f"system: You are a helpful assistant.\nuser: {FACTS_HEADING}\n> 20")
    assert prompt.count(VEGETARIAN) == 1
    again = await hear(box, "And a dessert?", first.conversation.conversation_id)
    assert listener.turns[-1].count(VEGETARIAN) == 1
    # Nothing of the first prompt is read a second time.
    before = await box.desk.service.find_turn(box.person, first.turn.turn_id)
    after = await box.desk.service.find_turn(box.person, again.turn.turn_id)
    assert after.counts.cached_tokens >= before.counts.prompt_tokens
    assert before.prompt_record["facts"] and "facts" not in after.prompt_record


async def test_facts_are_read_ahead_before_a_first_message(box: Box) -> None:
    await hear(box, VEGETARIAN)
    await box.desk.service.read_ahead(box.person, None)
    await box.generations.wait_idle()
    turn = await hear(box, "dinner?")
    counts = (await box.desk.service.find_turn(box.person, turn.turn.turn_id)).counts
    assert counts.prompt_tokens - counts.cached_tokens <= len("dinner?\n")


async def test_others_share_the_systems_words_and_nothing_behind_them(
    box: Box, listener: Listener
) -> None:
    await hear(box, VEGETARIAN)
    told = await hear(box, "What is a good dinner?")
    turn = await box.desk.service.find_turn(box.person, told.turn.turn_id)
    public = turn.prompt_record["public_tokens"]
    assert public == len("system: You are a helpful assistant.\n")


async def test_something_newer_takes_its_place_and_both_keep_their_dates(
    box: Box, listener: Listener
) -> None:
    await hear(box, BUSAN)
    told = await hear(box, "Where is the sea?")
    await hear(box, SEOUL)
    newer, older = await known(box)
    assert (newer.content, older.content) == (SEOUL, BUSAN)
    assert older.superseded_by == newer.fact_id and older.superseded_at == newer.said_at
    # A conversation that was told the old one is told the new one when it goes on.
    await hear(box, "And the mountains?", told.conversation.conversation_id)
    prompt = listener.turns[-1]
    assert prompt.index(BUSAN) < prompt.index(f"{SEOUL} (before that: {BUSAN})")


async def test_what_is_said_again_is_no_second_fact(box: Box) -> None:
    await hear(box, BUSAN)
    again = await hear(box, "I live in Busan!")
    (fact,) = await known(box)
    assert fact.content == BUSAN and fact.message_id == again.message.message_id


async def test_a_model_that_is_not_sure_only_proposes(
    open_scripted: OpenBox,
) -> None:
    listener = Listener(sure="unsure")
    box = await open_scripted(ScriptedBackend(listener), assistant=LOOKING)
    await hear(box, VEGETARIAN)
    (fact,) = await known(box)
    await hear(box, "What is a good dinner?")
    assert VEGETARIAN not in listener.turns[-1]
    await box.desk.facts.confirm(box.person, fact.fact_id)
    await hear(box, "What is a good lunch?")
    assert VEGETARIAN in listener.turns[-1]


async def test_a_person_may_want_only_what_they_confirmed_or_nothing(
    box: Box, listener: Listener
) -> None:
    await hear(box, VEGETARIAN)
    told = await hear(box, "What is a good dinner?")
    await box.desk.facts.choose(box.person, "confirmed")
    await hear(box, "What is a good lunch?")
    assert VEGETARIAN not in listener.turns[-1]
    # At once in every conversation, also where it had been told before.
    await hear(box, "And a dessert?", told.conversation.conversation_id)
    assert VEGETARIAN not in listener.turns[-1]
    (fact,) = await known(box)
    await box.desk.facts.confirm(box.person, fact.fact_id)
    await hear(box, "What is a good breakfast?")
    assert VEGETARIAN in listener.turns[-1]
    await box.desk.facts.choose(box.person, "off")
    asked = len(listener.asked)
    await hear(box, f"What is a good snack? {BUSAN}")
    assert VEGETARIAN not in listener.turns[-1] and len(listener.asked) == asked
    with pytest.raises(InvalidInput, match="from the list"):
        await box.desk.facts.choose(box.person, "everything")


async def test_a_correction_is_used_everywhere_and_the_old_words_are_gone(
    open_scripted: OpenBox, listener: Listener
) -> None:
    backend = ScriptedBackend(listener)
    box = await open_scripted(backend, assistant=LOOKING)
    await hear(box, VEGETARIAN)
    told = await hear(box, "What is a good dinner?")
    (fact,) = await known(box)
    await box.desk.facts.rewrite(box.person, fact.fact_id, "  I eat fish, too.\n")
    assert not any(FACTS_HEADING in words for words in held_words(backend))
    (fact,) = await known(box)
    assert (fact.content, fact.is_confirmed, fact.is_edited) == ("I eat fish, too.", True, True)
    await hear(box, "And a dessert?", told.conversation.conversation_id)
    assert VEGETARIAN not in listener.turns[-1] and "I eat fish, too." in listener.turns[-1]


@pytest.mark.parametrize("content", ["", " \n", "x" * 161, "a\0b"])
async def test_what_cannot_be_a_fact_is_refused(box: Box, content: str) -> None:
    await hear(box, VEGETARIAN)
    (fact,) = await known(box)
    with pytest.raises(InvalidInput):
        await box.desk.facts.rewrite(box.person, fact.fact_id, content)
    assert await known(box) == [fact]


async def test_a_deleted_fact_is_nowhere_any_more(
    open_scripted: OpenBox, listener: Listener
) -> None:
    backend = ScriptedBackend(listener)
    box = await open_scripted(backend, assistant=LOOKING)
    started = await hear(box, "I keep zanzibar in my cellar.")
    told = await hear(box, "What is in my cellar?")
    (fact,) = await known(box)
    await box.desk.facts.delete(box.person, fact.fact_id)
    assert await known(box) == []
    assert not any("zanzibar" in words for words in held_words(backend))
    await hear(box, "Really?", told.conversation.conversation_id)
    assert "zanzibar" not in listener.turns[-1]
    await box.desk.service.delete_conversation(box.person, started.conversation.conversation_id)
    assert b"zanzibar" not in box.desk.database.path.read_bytes()


async def test_a_fact_goes_with_its_message_and_the_receipt_says_so(
    open_scripted: OpenBox, listener: Listener
) -> None:
    backend = ScriptedBackend(listener)
    box = await open_scripted(backend, assistant=LOOKING)
    first = await hear(box, "Hello.")
    started = await hear(box, VEGETARIAN, first.conversation.conversation_id)
    await hear(box, "What is a good dinner?")
    gone = await box.desk.branches.delete_pair(box.person, started.message.message_id)
    assert gone.receipt.facts == 1
    assert await known(box) == []
    assert not any("vegetarian" in words for words in held_words(backend))
    assert b"vegetarian" not in box.desk.database.path.read_bytes()


async def test_a_fact_goes_with_its_conversation_and_with_everything(box: Box) -> None:
    started = await hear(box, VEGETARIAN)
    receipt = await box.desk.service.delete_conversation(
        box.person, started.conversation.conversation_id
    )
    assert receipt.facts == 1 and await known(box) == []
    await hear(box, BUSAN)
    everything = await box.desk.belongings.delete_all(box.person, "delete everything")
    assert everything.facts == 1 and await known(box) == []


async def test_what_is_confirmed_again_holds_and_what_replaced_it_does_not(box: Box) -> None:
    await hear(box, BUSAN)
    await hear(box, SEOUL)
    _, older = await known(box)
    await box.desk.facts.confirm(box.person, older.fact_id)
    facts = {each.content: each for each in await known(box)}
    assert facts[BUSAN].is_current and facts[BUSAN].is_confirmed
    assert facts[SEOUL].superseded_by == older.fact_id


async def test_conversations_that_are_left_out_or_temporary_are_never_looked_at(
    box: Box, listener: Listener
) -> None:
    first = await hear(box, "Hello.")
    conversation_id = first.conversation.conversation_id
    await box.desk.shelf.place(box.person, conversation_id, Placing(is_recalled=False))
    await hear(box, VEGETARIAN, conversation_id)
    service = box.temporary.desk.service
    started = await service.start_turn(
        box.person, conversation_id=None, content=BUSAN, client_message_id=new_id()
    )
    async for _ in service.follow_turn(box.person, started.turn.turn_id):
        pass
    await box.temporary.desk.asides.wait_all()
    assert listener.asked == [] and await known(box) == []


async def test_nobody_waits_for_the_question(open_scripted: OpenBox, listener: Listener) -> None:
    backend = ScriptedBackend(listener, gated=True)
    box = await open_scripted(backend, assistant=LOOKING)
    started = await say(box, VEGETARIAN)
    await step_until(backend, box.desk.runner.wait_all())
    assert box.desk.asides.is_due(started.conversation.conversation_id)
    await say(box, "What is a good dinner?")
    await box.desk.asides.wait_all()
    assert await known(box) == [], "the next message ended it"
    await step_until(backend, settled(box))
    assert [each.content for each in await known(box)] == [VEGETARIAN], "and it came after it"


async def test_somebody_elses_fact_looks_like_none_and_stays_as_it_is(box: Box) -> None:
    await hear(box, VEGETARIAN)
    before = await known(box)
    stranger = Person(99, new_id(), "Eve")
    acts = (
        box.desk.facts.delete(stranger, before[0].fact_id),
        box.desk.facts.confirm(stranger, before[0].fact_id),
        box.desk.facts.rewrite(stranger, before[0].fact_id, "Mine."),
    )
    for act in acts:
        with pytest.raises(NotFound):
            await act
    assert await known(box) == before
    assert await known(box, stranger) == []


async def test_what_stands_in_the_conversation_itself_is_not_told_to_it(
    box: Box, listener: Listener
) -> None:
    started = await hear(box, VEGETARIAN)
    await hear(box, "What is a good dinner?", started.conversation.conversation_id)
    assert listener.turns[-1].count(VEGETARIAN) == 1 and FACTS_HEADING not in listener.turns[-1]
