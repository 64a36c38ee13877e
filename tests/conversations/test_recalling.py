"""What is recalled for a message: what the model is given to read, and what is computed for it."""

from collections.abc import Awaitable, Callable

import pytest
from conversation_steps import InTurn, exchange, say
from fakes import ScriptedBackend
from recall_steps import RECALLING, ScriptedRecall, said_in
from recall_steps import recall as recall  # a fixture

from appliance.conversations.prompt_parts import PartKind
from appliance.conversations.shelf import Placing
from appliance.conversations.turn import Turn
from appliance.errors import EngineUnavailable
from appliance.lifespan import Box
from appliance.prompting.material import MESSAGE_HEADING, RECALLED_HEADING
from appliance.store import chunks

OpenBox = Callable[..., Awaitable[Box]]
DOG = "My dog is called Rex and he is five years old."
QUESTION = "What is the name of my dog?"


@pytest.fixture
def replies() -> InTurn:
    return InTurn("What a fine dog.", "Rex.", "Five.", "Yes.")


@pytest.fixture
async def box(open_scripted: OpenBox, recall: ScriptedRecall, replies: InTurn) -> Box:
    box = await open_scripted(ScriptedBackend(replies), **RECALLING)
    await box.generations.wait_ready()
    return box


async def stored(box: Box, turn: Turn) -> Turn:
    return await box.desk.service.find_turn(box.person, turn.turn_id)


async def test_what_was_said_elsewhere_stands_quoted_before_the_message(
    box: Box, recall: ScriptedRecall, replies: InTurn
) -> None:
    told = await exchange(box, DOG)
    (dog, _) = await said_in(box, told)
    recall.will_find(dog)
    await exchange(box, QUESTION)
    system, _, prompt = replies.prompts[-1].partition("\nuser: ")
    assert system == "system: You are a helpful assistant."
    head, _, message = prompt.partition(f"\n\n{MESSAGE_HEADING}\n\n")
    assert message.startswith(QUESTION)
    first, origin, quote = head.split("\n")
    assert first == RECALLED_HEADING
    assert origin.startswith("I said on 20") and quote == f"> {DOG}"
    assert recall.asked == [DOG, QUESTION] and set(recall.people) == {box.person}


async def test_the_beginning_of_the_prompt_is_the_same_with_and_without(
    box: Box, recall: ScriptedRecall
) -> None:
    told = await exchange(box, DOG)
    without = await exchange(box, "Something else entirely?")
    recall.will_find((await said_in(box, told))[0])
    recalling = await exchange(box, QUESTION)
    records = [(await stored(box, each.turn)).prompt_record for each in (without, recalling)]
    assert records[0]["public_tokens"] == records[1]["public_tokens"]
    counts = (await stored(box, recalling.turn)).counts
    # The system text and the beginning of a message are held already, and found there.
    assert counts.cached_tokens >= records[1]["public_tokens"]  # type: ignore[operator]


async def test_the_next_turn_finds_all_of_the_last_prompt_in_the_cache(
    box: Box, recall: ScriptedRecall
) -> None:
    recall.will_find((await said_in(box, await exchange(box, DOG)))[0])
    first = await exchange(box, QUESTION)
    again = await exchange(box, "How old is he?", first.conversation.conversation_id)
    before, after = await stored(box, first.turn), await stored(box, again.turn)
    read = after.counts.prompt_tokens - after.counts.cached_tokens
    assert after.counts.cached_tokens >= before.counts.prompt_tokens
    # What was recalled is read once; the second time there is nothing new to recall.
    assert "recalled" not in after.prompt_record
    assert read <= len("\nuser: How old is he?\n") + 20
    assert after.prompt_record["earlier_recalled_tokens"] == before.prompt_record["recalled_tokens"]


async def test_a_follow_up_still_has_what_was_recalled_before(
    box: Box, recall: ScriptedRecall, replies: InTurn
) -> None:
    recall.will_find((await said_in(box, await exchange(box, DOG)))[0])
    first = await exchange(box, QUESTION)
    recall.found.clear()
    await exchange(box, "How old is he?", first.conversation.conversation_id)
    assert replies.prompts[-1].count(DOG) == 1
    assert replies.prompts[-1].index(DOG) < replies.prompts[-1].index("How old is he?")


async def test_a_reply_comes_with_its_question_and_a_question_with_its_reply(
    open_scripted: OpenBox, recall: ScriptedRecall, replies: InTurn
) -> None:
    box = await open_scripted(ScriptedBackend(replies, context_tokens=10_000), **RECALLING)
    told = await exchange(box, DOG)
    asked, answered = await said_in(box, told)
    recall.will_find(answered, before=asked.content)
    await exchange(box, QUESTION)
    assert replies.prompts[-1].index(f"> {DOG}") < replies.prompts[-1].index("> What a fine dog.")
    recall.found.clear()
    recall.will_find(asked, after=answered.content)
    await exchange(box, "And what did you say of my dog?")
    assert replies.prompts[-1].index(f"> {DOG}") < replies.prompts[-1].index("> What a fine dog.")


@pytest.mark.parametrize(
    "words", ["hi", "Thanks!", "안녕하세요", "ありがとう", "Guten Morgen", "ok"]
)
async def test_small_talk_looks_for_nothing(box: Box, recall: ScriptedRecall, words: str) -> None:
    await exchange(box, words)
    assert recall.asked == []


async def test_the_record_says_what_it_was_and_holds_no_word_of_it(
    box: Box, recall: ScriptedRecall
) -> None:
    (dog, _) = await said_in(box, await exchange(box, DOG))
    recall.will_find(dog)
    turn = await stored(box, (await exchange(box, QUESTION)).turn)
    (piece,) = turn.prompt_record["recalled"]  # type: ignore[misc]
    assert piece["message_id"] == dog.message_id
    assert (piece["start"], piece["chars"]) == (0, len(DOG))
    assert "Rex" not in repr(turn.prompt_record)
    seen = await box.desk.seen_prompts.of_turn(box.person, turn.turn_id)
    told = [each for each in seen.parts if each.kind is PartKind.RECALLED]
    assert [(each.words, each.tokens) for each in told] == [(DOG, piece["tokens"])]
    sizes = [each.tokens for each in seen.parts if each.kind is PartKind.MESSAGE]
    assert sizes == [len(QUESTION) + 8], "a message is as long as it is without its material"


async def test_what_was_deleted_is_recalled_no_more_and_forgotten_in_the_cache(
    box: Box, recall: ScriptedRecall, replies: InTurn, open_scripted: OpenBox
) -> None:
    told = await exchange(box, DOG)
    recall.will_find((await said_in(box, told))[0])
    first = await exchange(box, QUESTION)
    recall.found.clear()
    assert any("Rex and he" in words for words in _held(box))
    await box.desk.service.delete_conversation(box.person, told.conversation.conversation_id)
    assert not any("Rex and he" in words for words in _held(box))
    await exchange(box, "How old is he?", first.conversation.conversation_id)
    assert "Rex and he" not in replies.prompts[-1]
    (source,) = [
        each
        for each in (await box.desk.seen_prompts.of_turn(box.person, first.turn.turn_id)).parts
        if each.kind is PartKind.RECALLED
    ]
    assert source.words == ""
    opened = await box.desk.service.open_conversation(
        box.person, first.conversation.conversation_id
    )
    assert opened.recalled == {}


async def test_a_conversation_that_is_left_out_neither_gives_nor_takes(
    box: Box, recall: ScriptedRecall, replies: InTurn
) -> None:
    told = await exchange(box, DOG)
    recall.will_find((await said_in(box, told))[0])
    first = await exchange(box, QUESTION)
    left_out = Placing(is_recalled=False)
    await box.desk.shelf.place(box.person, told.conversation.conversation_id, left_out)
    await exchange(box, "And how old is my dog?", first.conversation.conversation_id)
    assert DOG not in replies.prompts[-1]
    await box.desk.shelf.place(
        box.person, told.conversation.conversation_id, Placing(is_recalled=True)
    )
    await box.desk.shelf.place(box.person, first.conversation.conversation_id, left_out)
    asked = len(recall.asked)
    await exchange(box, "What colour is my dog?", first.conversation.conversation_id)
    assert DOG not in replies.prompts[-1] and len(recall.asked) == asked


async def test_a_temporary_conversation_recalls_nothing(
    box: Box, recall: ScriptedRecall, replies: InTurn
) -> None:
    recall.will_find((await said_in(box, await exchange(box, DOG)))[0])
    asked = len(recall.asked)
    service = box.temporary.desk.service
    started = await service.start_turn(
        box.person, conversation_id=None, content=QUESTION, client_message_id="t" * 32
    )
    async for _ in service.follow_turn(box.person, started.turn.turn_id):
        pass
    assert DOG not in replies.prompts[-1] and len(recall.asked) == asked


@pytest.mark.parametrize("error", [EngineUnavailable("no embedder"), TimeoutError()])
async def test_a_recall_that_fails_fails_no_turn(
    box: Box, recall: ScriptedRecall, error: Exception
) -> None:
    recall.error = error
    turn = await stored(box, (await exchange(box, QUESTION)).turn)
    assert turn.status == "finished" and "recalled" not in turn.prompt_record


async def test_another_reply_to_a_message_and_a_replay_read_what_was_recalled(
    box: Box, recall: ScriptedRecall, replies: InTurn
) -> None:
    recall.will_find((await said_in(box, await exchange(box, DOG)))[0])
    first = await exchange(box, QUESTION)
    recall.found.clear()
    async for snapshot in box.desk.replays.run(box.person, first.turn.turn_id):
        last = snapshot
    assert last.differences == ()
    assert DOG in replies.prompts[-1]
    # A retry looks anew, and finds nothing any more.
    again = await box.desk.service.retry_turn(box.person, first.turn.turn_id)
    async for _ in box.desk.service.follow_turn(box.person, again.turn.turn_id):
        pass
    assert DOG not in replies.prompts[-1]


async def test_what_is_recalled_keeps_to_its_budget(
    open_scripted: OpenBox, recall: ScriptedRecall, replies: InTurn
) -> None:
    box = await open_scripted(
        ScriptedBackend(replies, context_tokens=4096),
        **RECALLING,
        limits={"reply_tokens": 200},
    )
    long = await exchange(box, f"{DOG} " + "He runs through the tall grass. " * 40)
    recall.will_find((await said_in(box, long))[0])
    turn = await stored(box, (await exchange(box, QUESTION)).turn)
    tokens = turn.prompt_record["recalled_tokens"]
    assert isinstance(tokens, int)
    assert 100 < tokens <= 4096 // 16 + len(f"\n\n{MESSAGE_HEADING}\n\n")


async def test_a_message_that_fills_the_context_is_answered_without(
    open_scripted: OpenBox, recall: ScriptedRecall, replies: InTurn
) -> None:
    box = await open_scripted(
        ScriptedBackend(replies, context_tokens=700),
        **RECALLING,
        limits={"reply_tokens": 100},
    )
    recall.will_find((await said_in(box, await exchange(box, DOG)))[0])
    turn = await stored(box, (await exchange(box, "dog " * 130)).turn)
    assert turn.status == "finished" and "recalled" not in turn.prompt_record


async def test_nobody_else_is_asked_for(box: Box, recall: ScriptedRecall) -> None:
    """Even if a search gave another person's message, its words would not be found."""
    told = await exchange(box, DOG)
    recall.will_find((await said_in(box, told))[0])
    async with box.desk.database.write() as tx:
        await tx.execute(
            "INSERT INTO people (person_key, person_id, name, created_at) VALUES (7, 'e', 'E', 0)"
        )
        for table in ("turns", "messages", "conversations"):
            await tx.execute(f"UPDATE {table} SET person_key = 7")
    turn = await stored(box, (await exchange(box, QUESTION)).turn)
    assert "recalled" not in turn.prompt_record


async def test_a_reply_that_is_continued_keeps_what_was_recalled_for_it(
    open_scripted: OpenBox, recall: ScriptedRecall
) -> None:
    replies = InTurn("What a fine dog.", "It is Rex, of course it is.", " And nobody else.")
    box = await open_scripted(ScriptedBackend(replies), **RECALLING, limits={"reply_tokens": 10})
    recall.will_find((await said_in(box, await exchange(box, DOG)))[0])
    first = await exchange(box, QUESTION)
    recall.found.clear()
    went_on = await box.desk.branches.continue_reply(box.person, first.turn.turn_id)
    async for _ in box.desk.service.follow_turn(box.person, went_on.turn.turn_id):
        pass
    assert DOG in replies.prompts[-1]
    assert (await stored(box, went_on.turn)).prompt_record["recalled"]


def _held(box: Box) -> list[str]:
    backend = box.engine.tokenizer._engine._backend  # type: ignore[attr-defined]
    return ["".join(chr(cell.token) for cell in cells) for cells in backend.cells.values()]


async def test_read_ahead_reads_what_the_next_prompt_begins_with(
    box: Box, recall: ScriptedRecall
) -> None:
    recall.will_find((await said_in(box, await exchange(box, DOG)))[0])
    first = await exchange(box, QUESTION)
    conversation_id = first.conversation.conversation_id
    await box.desk.service.read_ahead(box.person, conversation_id)
    await box.generations.wait_idle()
    again = await say(box, "How old is he?", conversation_id)
    async for _ in box.desk.service.follow_turn(box.person, again.turn.turn_id):
        pass
    counts = (await stored(box, again.turn)).counts
    assert counts.prompt_tokens - counts.cached_tokens <= len("How old is he?\n") + 2


async def test_a_passage_of_a_document_stays_with_its_message_until_it_is_deleted(
    open_scripted: OpenBox, recall: ScriptedRecall, replies: InTurn
) -> None:
    box = await open_scripted(ScriptedBackend(replies, context_tokens=10_000), **RECALLING)
    key = box.person.person_key
    async with box.desk.database.write() as tx:
        await tx.execute(
            "INSERT INTO documents (document_key, document_id, person_key, name, created_at, state)"
            " VALUES (1, ?, ?, 'handbook.pdf', 0, 'ready')",
            ("d" * 32, key),
        )
        passage = chunks.Passage(3, "We open at nine.", page=4, heading="Opening hours")
        await chunks.insert_of_document(tx, key, 1, [passage], 0)
    recall.will_find_document("We open at nine.")
    first = await exchange(box, "When does the shop open?")
    conversation_id = first.conversation.conversation_id
    opened = await box.desk.service.open_conversation(box.person, conversation_id)
    (source,) = opened.recalled[first.turn.turn_id]
    assert (source.title, source.document_id, source.passage) == ("handbook.pdf", "d" * 32, 3)
    again = await exchange(box, "And on Sundays?", conversation_id)
    quote = 'The document "handbook.pdf", page 4, under "Opening hours":\n> We open at nine.'
    assert replies.prompts[-1].count(quote) == 1
    before, after = await stored(box, first.turn), await stored(box, again.turn)
    assert after.counts.cached_tokens >= before.counts.prompt_tokens
    async with box.desk.database.write() as tx:
        await chunks.delete_of_document(tx, key, 1)
        await tx.execute("DELETE FROM documents")
    recall.found.clear()
    await exchange(box, "And on Mondays?", conversation_id)
    assert "We open at nine." not in replies.prompts[-1]
