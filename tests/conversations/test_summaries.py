"""What is read in place of messages that no longer fit, over a real database, with a scripted model
whose context is small.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from aside_steps import RAIN, SUMMARY, Speaker, settled, talk
from canary import in_files
from conversation_steps import held_words
from fakes import ScriptedBackend

from appliance.conversations.conversation import Message, Person, Role, Summary, new_id
from appliance.conversations.turn import Turn
from appliance.errors import InvalidInput, NotFound, PromptTooLong
from appliance.lifespan import Box
from appliance.store import conversations, messages
from appliance.store.database import Database

OpenBox = Callable[..., Awaitable[Box]]
ON = {"summaries": True}
SMALL = 1200
MINE = "My own words about the rain."


async def open_small(open_scripted: OpenBox, speaker: Speaker, **sections: object) -> Box:
    backend = ScriptedBackend(speaker, context_tokens=SMALL)
    return await open_scripted(backend, **{"assistant": ON, **sections})


async def parts(box: Box, turn: Turn) -> tuple[Summary, ...]:
    return (await box.desk.summaries.open(box.person, turn.conversation_id)).summaries


async def add_stranger(database: Database) -> Person:
    async with database.write() as tx:
        cursor = await tx.execute(
            "INSERT INTO people (person_id, name, created_at) VALUES ('eve', 'Eve', 0)"
        )
        assert cursor.lastrowid is not None
        return Person(cursor.lastrowid, "eve", "Eve")


async def test_the_oldest_messages_are_read_as_a_summary_once_they_no_longer_fit(
    open_scripted: OpenBox,
) -> None:
    speaker = Speaker()
    box = await open_small(open_scripted, speaker)
    turns = await talk(box, 14)
    record = turns[-1].prompt_record
    (summary,) = await parts(box, turns[-1])
    assert record["summary_ids"] == [summary.summary_id]
    assert record["summary_messages"] == record["dropped_messages"] == summary.message_count
    assert summary.message_count > 4
    prompt = speaker.turns[-1]
    before, words, after = prompt.partition(SUMMARY)
    assert before.startswith("system: You are a helpful assistant.\nuser: ")
    assert "RAIN" not in before and words
    assert after.count(RAIN.strip()) * 2 - 1 == record["window_messages"]
    tokens = [record[f"{part}_tokens"] for part in ("system", "summary", "window")]
    assert sum(tokens) == turns[-1].counts.prompt_tokens  # type: ignore[arg-type]


async def test_it_is_made_before_anything_is_left_out(open_scripted: OpenBox) -> None:
    box = await open_small(open_scripted, Speaker())
    turns = await talk(box, 30)
    for turn in turns:
        record = turn.prompt_record
        assert record["dropped_messages"] == record.get("summary_messages", 0)
    used = [str(ids) for turn in turns if (ids := turn.prompt_record.get("summary_ids"))]
    assert 4 <= 2 * len(set(used)) <= len(used)


async def test_a_prompt_with_a_summary_costs_hardly_more_reading(open_scripted: OpenBox) -> None:
    read = {}
    for summaries in (False, True):
        backend = ScriptedBackend(Speaker(), context_tokens=SMALL)
        box = await open_scripted(backend, assistant={"summaries": summaries})
        turns = await talk(box, 30)
        in_turns = sum(t.counts.prompt_tokens - t.counts.cached_tokens for t in turns)
        in_all = sum(count for batch in backend.batches for _, count in batch)
        read[summaries] = (in_turns, in_all)
        await box.desk.service.delete_conversation(box.person, turns[0].conversation_id)
        await open_scripted.close_all()  # type: ignore[attr-defined]
    print(f"newly read in 30 turns, and with what is asked beside: {read}")
    assert read[True][0] <= read[False][0] * 1.1
    assert read[True][1] <= read[False][1] * 1.5


async def test_a_summary_made_ahead_changes_nothing_before_it_is_needed(
    open_scripted: OpenBox,
) -> None:
    cached = {}
    for summaries in (False, True):
        speaker = Speaker()
        box = await open_small(open_scripted, speaker, assistant={"summaries": summaries})
        turns = await talk(box, 6)
        while not any(turn.prompt_record["dropped_messages"] for turn in turns):
            turns += await talk(box, 1, turns[0].conversation_id)
        assert bool(speaker.summaries) is summaries
        cached[summaries] = [turn.counts.cached_tokens for turn in turns[:-1]]
        await box.desk.service.delete_conversation(box.person, turns[0].conversation_id)
        await open_scripted.close_all()  # type: ignore[attr-defined]
    assert cached[True] == cached[False]


async def test_the_next_one_sums_up_the_last_one_too(open_scripted: OpenBox) -> None:
    speaker = Speaker()
    box = await open_small(open_scripted, speaker)
    turns = await talk(box, 12)
    speaker.summary = "It still rained all day in the garden, and we read ({})."
    asked = len(speaker.summaries)
    turns += await talk(box, 12, turns[0].conversation_id)
    (summary,) = await parts(box, turns[-1])
    assert summary.content.startswith("It still rained all day")
    assert SUMMARY in speaker.summaries[asked]
    opened = await box.desk.service.open_conversation(box.person, turns[0].conversation_id)
    assert summary.first_message_id == opened.messages[0].message_id


@pytest.mark.parametrize("answer", ["", "x", "Of course.", "Stocks fell sharply on Monday. " * 3])
async def test_where_no_summary_is_believed_messages_are_left_out_as_without(
    open_scripted: OpenBox, answer: str
) -> None:
    prompts = {}
    for summaries in (False, True):
        speaker = Speaker(summary=answer)
        box = await open_small(open_scripted, speaker, assistant={"summaries": summaries})
        turns = await talk(box, 14)
        prompts[summaries] = speaker.turns
        assert turns[-1].prompt_record["dropped_messages"]
        assert "summary_ids" not in turns[-1].prompt_record
        await box.desk.service.delete_conversation(box.person, turns[0].conversation_id)
        await open_scripted.close_all()  # type: ignore[attr-defined]
    assert prompts[True] == prompts[False]


async def test_where_nothing_may_be_left_out_nothing_is_summed_up(open_scripted: OpenBox) -> None:
    speaker = Speaker()
    box = await open_small(open_scripted, speaker, limits={"context_full": "stop"})
    await talk(box, 9)
    assert speaker.summaries == []


async def test_a_conversation_that_was_cut_before_is_summed_up_from_there(
    open_scripted: OpenBox,
) -> None:
    box = await open_small(open_scripted, Speaker(), assistant={"summaries": False})
    turns = await talk(box, 25)
    await open_scripted.close_all()  # type: ignore[attr-defined]
    box = await open_small(open_scripted, Speaker())
    turns = await talk(box, 2, turns[0].conversation_id)
    record = turns[-1].prompt_record
    told, dropped = record["summary_messages"], record["dropped_messages"]
    assert isinstance(told, int) and isinstance(dropped, int)
    assert 4 < told < dropped


async def test_on_another_branch_a_summary_of_this_one_is_not_read(open_scripted: OpenBox) -> None:
    speaker = Speaker()
    box = await open_small(open_scripted, speaker)
    turns = await talk(box, 14)
    key, conversation_id = box.person.person_key, turns[0].conversation_id
    opened = await box.desk.service.open_conversation(box.person, conversation_id)
    elsewhere = Message(
        new_id(), conversation_id, opened.messages[1].message_id, Role.USER, "Or was it snow?", 1
    )
    async with box.desk.database.write() as tx:
        await messages.insert(tx, key, elsewhere, None)
        await conversations.set_leaf(tx, key, conversation_id, elsewhere.message_id, 1)
    assert await parts(box, turns[0]) == ()
    (turn,) = await talk(box, 1, conversation_id, words="Tell me.")
    assert "summary_ids" not in turn.prompt_record
    assert SUMMARY not in speaker.turns[-1]


async def test_a_persons_own_words_stay_and_later_messages_are_summed_up_after_them(
    open_scripted: OpenBox,
) -> None:
    speaker = Speaker()
    box = await open_small(open_scripted, speaker)
    turns = await talk(box, 14)
    (summary,) = await parts(box, turns[-1])
    await box.desk.summaries.edit(box.person, summary.summary_id, f"  {MINE}\r\n")
    (turn,) = await talk(box, 1, turns[0].conversation_id)
    assert turn.prompt_record["summary_ids"] == [summary.summary_id]
    assert MINE in speaker.turns[-1] and SUMMARY not in speaker.turns[-1]
    turns = await talk(box, 24, turns[0].conversation_id)
    own, later = await parts(box, turns[-1])
    assert (own.content, own.is_edited) == (MINE, True)
    assert SUMMARY in later.content and not later.is_edited
    assert own.last_key < later.first_key
    record = turns[-1].prompt_record
    first, *_ = record["summary_ids"]  # type: ignore[misc]
    assert (first, len(record["summary_ids"])) == (own.summary_id, 2)  # type: ignore[arg-type]
    assert record["summary_messages"] == record["dropped_messages"]


async def test_a_deleted_one_is_not_read_and_does_not_come_back_by_itself(
    open_scripted: OpenBox, tmp_path: Path
) -> None:
    speaker = Speaker(summary="Zanzibar: it rained all day in the garden at home ({}).")
    backend = ScriptedBackend(speaker, context_tokens=SMALL)
    box = await open_scripted(backend, assistant=ON)
    turns = await talk(box, 14)
    (summary,) = await parts(box, turns[-1])
    assert any("Zanzibar" in text for text in held_words(backend))
    assert in_files("Zanzibar", tmp_path / "data")
    await box.desk.summaries.delete(box.person, summary.summary_id)
    assert not any("Zanzibar" in text for text in held_words(backend))
    assert not in_files("Zanzibar", tmp_path / "data")
    asked = len(speaker.summaries)
    (turn,) = await talk(box, 1, turns[0].conversation_id)
    assert turn.prompt_record["dropped_messages"] and "summary_ids" not in turn.prompt_record
    assert len(speaker.summaries) == asked
    (left,) = await parts(box, turn)
    assert (left.content, left.message_count) == ("", summary.message_count)


async def test_renewed_it_is_written_by_the_model_again(open_scripted: OpenBox) -> None:
    speaker = Speaker()
    box = await open_small(open_scripted, speaker)
    turns = await talk(box, 14)
    (summary,) = await parts(box, turns[-1])
    await box.desk.summaries.edit(box.person, summary.summary_id, MINE)
    speaker.summary = "It rained all day, and the garden at home was under water ({})."
    await box.desk.summaries.renew(box.person, summary.summary_id)
    assert box.desk.asides.is_due(turns[0].conversation_id)
    await settled(box)
    (renewed,) = await parts(box, turns[-1])
    assert "under water" in renewed.content and not renewed.is_edited


@pytest.mark.parametrize("act", ["edit", "delete", "renew"])
async def test_another_persons_summary_is_not_there_and_nothing_changes(
    open_scripted: OpenBox, act: str
) -> None:
    box = await open_small(open_scripted, Speaker())
    turns = await talk(box, 14)
    before = await parts(box, turns[-1])
    eve = await add_stranger(box.desk.database)
    with pytest.raises(NotFound):
        await box.desk.summaries.open(eve, turns[0].conversation_id)
    arguments = (MINE,) if act == "edit" else ()
    with pytest.raises(NotFound):
        await getattr(box.desk.summaries, act)(eve, before[0].summary_id, *arguments)
    assert await parts(box, turns[-1]) == before


@pytest.mark.parametrize(
    ("content", "error", "sentence"),
    [
        (" \n ", InvalidInput, "The summary is empty. Write something, or delete it."),
        ("a\0b", InvalidInput, "NUL byte"),
        ("long " * 1000, InvalidInput, "at most 4,000 leave the conversation enough room"),
        ("long " * 200, PromptTooLong, "tokens, and 399 leave the conversation enough room"),
    ],
)
async def test_what_cannot_be_a_summary_is_refused_and_the_old_one_stays(
    open_scripted: OpenBox, content: str, error: type[Exception], sentence: str
) -> None:
    box = await open_small(open_scripted, Speaker())
    turns = await talk(box, 14)
    before = await parts(box, turns[-1])
    with pytest.raises(error, match=sentence):
        await box.desk.summaries.edit(box.person, before[0].summary_id, content)
    assert await parts(box, turns[-1]) == before
