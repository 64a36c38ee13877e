"""Titles that the model finds, with a scripted model."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from aside_steps import RAIN, TITLE, Speaker, settled, talk
from conversation_steps import follow_to_end, held_words, say, step_until
from fakes import ScriptedBackend

from appliance.conversations.conversation import Conversation, TitledBy
from appliance.lifespan import Box, open_box
from appliance.settings import Settings

OpenBox = Callable[..., Awaitable[Box]]
ON = {"titles": True}
FIRST_WORDS = "It rained all day in the garden, and so we stayed at home…"


async def conversation_of(box: Box) -> Conversation:
    (only,) = await box.desk.service.list_conversations(box.person)
    return only


async def test_after_the_first_reply_a_conversation_gets_a_title(open_scripted: OpenBox) -> None:
    speaker = Speaker()
    box = await open_scripted(ScriptedBackend(speaker), assistant=ON)
    turns = await talk(box, 1)
    found = await conversation_of(box)
    assert (found.title, found.titled_by) == (TITLE, TitledBy.MODEL)
    await talk(box, 2, turns[0].conversation_id)
    assert len(speaker.titles) == 1


async def test_the_next_turn_finds_no_less_in_the_cache_than_without_a_title(
    open_scripted: OpenBox,
) -> None:
    cached = {}
    for titles in (False, True):
        box = await open_scripted(ScriptedBackend(Speaker()), assistant={"titles": titles})
        turns = await talk(box, 1)
        turns = await talk(box, 2, turns[0].conversation_id)
        cached[titles] = [turn.counts.cached_tokens for turn in turns]
        await box.desk.service.delete_conversation(box.person, turns[0].conversation_id)
        await open_scripted.close_all()  # type: ignore[attr-defined]
    for without, beside in zip(cached[False], cached[True], strict=True):
        assert 0 < without <= beside


@pytest.mark.model
async def test_the_real_model_reads_nothing_of_a_conversation_twice_for_its_title(
    tmp_path: Path,
) -> None:
    limits = {"reply_tokens": 24}
    only_titles = {"facts": False, "summaries": False}
    settings = Settings(
        data_dir=tmp_path, hot={"embedded": False}, limits=limits, assistant=only_titles
    )
    async with open_box(settings) as box:
        await box.generations.wait_ready()
        (first,) = await talk(box, 1, words=RAIN * 4)
        (second,) = await talk(box, 1, first.conversation_id, words="And then? ")
        value = box.metrics.registry.get_sample_value
        asked = value("appliance_prompt_tokens_total")
        cached = value("appliance_prefix_cache_hit_tokens_total")
    # The last token of a reply is sampled, not read; the template ends the reply after it.
    held = first.counts.prompt_tokens + first.counts.completion_tokens - 1
    assert second.counts.cached_tokens >= held
    assert asked is not None and cached is not None
    read_in_turns = first.counts.prompt_tokens + second.counts.prompt_tokens - held
    assert asked - cached - read_in_turns < 2 * 60, "two questions for a title, at most"


async def test_a_title_costs_the_question_and_itself(open_scripted: OpenBox) -> None:
    backend = ScriptedBackend(Speaker())
    box = await open_scripted(backend, assistant=ON)
    await talk(box, 1, words=RAIN * 20)
    sequences = list(dict.fromkeys(name for batch in backend.batches for name, _ in batch))
    read = [
        sum(count for batch in backend.batches for name, count in batch if name == sequence)
        for sequence in sequences
    ]
    assert len(read) == 2
    assert read[0] > len(RAIN * 20) > 5 * read[1]


@pytest.mark.parametrize("when", ["before", "meanwhile"])
async def test_a_persons_title_is_never_written_over(open_scripted: OpenBox, when: str) -> None:
    backend = ScriptedBackend(Speaker(), gated=True)
    box = await open_scripted(backend, assistant=ON)
    started = await say(box, RAIN)
    conversation_id = started.conversation.conversation_id

    async def rename() -> None:
        await box.desk.service.rename_conversation(box.person, conversation_id, "Mine")

    if when == "before":
        await rename()
    await step_until(backend, box.desk.runner.wait_all())
    if when == "meanwhile":
        assert box.desk.asides.is_due(conversation_id)
        await rename()
    await step_until(backend, settled(box))
    found = await conversation_of(box)
    assert (found.title, found.titled_by) == ("Mine", TitledBy.PERSON)


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "Title:",
        '"\n"',
        "A short title of two to six words",
        "Sure! Here is a title for our conversation about rain in the garden",
        "Stock markets and inflation",
        "<b>Rain</b> in the garden",
        "Rain in the garden " * 5,
    ],
)
async def test_an_answer_that_is_no_title_is_dropped_and_the_first_words_stay(
    open_scripted: OpenBox, answer: str
) -> None:
    speaker = Speaker(title=answer)
    box = await open_scripted(ScriptedBackend(speaker), assistant=ON)
    turns = await talk(box, 1)
    found = await conversation_of(box)
    assert (found.title, found.titled_by) == (FIRST_WORDS, TitledBy.BOX)
    # Perhaps it does better when more was said, but nobody asks for ever.
    await talk(box, 4, turns[0].conversation_id)
    assert len(speaker.titles) == 3
    assert (await conversation_of(box)).title == FIRST_WORDS


async def test_a_new_message_comes_first_and_the_title_after_its_reply(
    open_scripted: OpenBox,
) -> None:
    speaker = Speaker()
    backend = ScriptedBackend(speaker, gated=True)
    box = await open_scripted(backend, assistant=ON)
    started = await say(box, RAIN)
    await step_until(backend, box.desk.runner.wait_all())
    assert box.desk.asides.is_due(started.conversation.conversation_id)
    again = await say(box, "And then?", started.conversation.conversation_id)
    await box.desk.asides.wait_all()
    assert not box.desk.asides.is_due(started.conversation.conversation_id)
    await step_until(backend, settled(box))
    (*_, last) = await follow_to_end(box, again.turn.turn_id)
    assert last.text == speaker.reply
    assert len(backend.open) == 0
    assert (await conversation_of(box)).title == TITLE


async def test_no_title_is_asked_for_when_the_setting_says_so(open_scripted: OpenBox) -> None:
    speaker = Speaker()
    box = await open_scripted(ScriptedBackend(speaker))
    await talk(box, 2)
    assert speaker.titles == []
    assert (await conversation_of(box)).title == FIRST_WORDS


async def test_what_was_asked_of_a_deleted_conversation_is_forgotten_with_it(
    open_scripted: OpenBox,
) -> None:
    backend = ScriptedBackend(Speaker(), gated=True)
    box = await open_scripted(backend, assistant=ON)
    started = await say(box, RAIN)
    await step_until(backend, box.desk.runner.wait_all())
    conversation_id = started.conversation.conversation_id
    assert box.desk.asides.is_due(conversation_id)
    assert any("rained" in text for text in held_words(backend))
    await step_until(backend, box.desk.service.delete_conversation(box.person, conversation_id))
    assert not box.desk.asides.is_due(conversation_id)
    assert not any("rained" in text for text in held_words(backend))


async def test_a_stop_of_the_box_ends_what_is_asked(open_scripted: OpenBox) -> None:
    backend = ScriptedBackend(Speaker(), gated=True)
    box = await open_scripted(backend, assistant=ON)
    await say(box, RAIN)
    await step_until(backend, box.desk.runner.wait_all())
    await open_scripted.close_all()  # type: ignore[attr-defined]
    assert backend.is_closed
