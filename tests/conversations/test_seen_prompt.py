"""What the model saw, over a real database and a scripted model."""

from collections.abc import Awaitable, Callable

import pytest
from conversation_steps import follow_to_end, say
from fakes import ScriptedBackend

from appliance.conversations.conversation import Person, Role, new_id
from appliance.conversations.prompt_parts import PartKind
from appliance.errors import NotFound
from appliance.lifespan import Box
from appliance.store.rows import changed_rows

OpenBox = Callable[..., Awaitable[Box]]


async def replied(box: Box, content: str, conversation_id: str | None = None) -> tuple[str, str]:
    """The ids of the conversation and the turn."""
    started = await say(box, content, conversation_id)
    await follow_to_end(box, started.turn.turn_id)
    return started.conversation.conversation_id, started.turn.turn_id


async def test_a_turn_is_told_with_its_system_text_its_window_and_its_costs(box: Box) -> None:
    conversation_id, _ = await replied(box, "First question\nwith a second line")
    _, turn_id = await replied(box, "Second question", conversation_id)
    seen = await box.desk.seen_prompts.of_turn(box.person, turn_id)
    assert [(part.kind, part.role, part.words) for part in seen.parts] == [
        (PartKind.SYSTEM, None, "You are a helpful assistant."),
        (PartKind.MESSAGE, Role.USER, "First question"),
        (PartKind.MESSAGE, Role.ASSISTANT, "A short reply."),
        (PartKind.MESSAGE, Role.USER, "Second question"),
    ]
    assert all(part.tokens and part.tokens > len(part.words) for part in seen.parts)
    assert seen.asked == "Second question"
    assert seen.turn.prompt_record["model_name"] == box.engine.profile().name


async def test_the_record_holds_no_word_of_what_was_said(box: Box) -> None:
    _, turn_id = await replied(box, "A canary sings")
    turn = await box.desk.service.find_turn(box.person, turn_id)
    assert "canary" not in repr(turn.prompt_record)


async def test_what_no_longer_fitted_is_told(open_scripted: OpenBox) -> None:
    backend = ScriptedBackend(lambda sequence: "Yes.", context_tokens=400)
    box = await open_scripted(backend, limits={"reply_tokens": 40})
    conversation_id = None
    for _ in range(4):
        conversation_id, turn_id = await replied(box, "So long " * 12, conversation_id)
    seen = await box.desk.seen_prompts.of_turn(box.person, turn_id)
    assert seen.parts[1].kind is PartKind.DROPPED
    listed = [part for part in seen.parts if part.kind is PartKind.MESSAGE]
    assert seen.parts[1].messages + len(listed) == 7


async def test_another_system_text_than_todays_has_no_words(open_scripted: OpenBox) -> None:
    first = await open_scripted(ScriptedBackend(lambda sequence: "Yes."))
    _, turn_id = await replied(first, "Hello")
    await open_scripted.close_all()  # type: ignore[attr-defined]
    again = await open_scripted(
        ScriptedBackend(lambda sequence: "Yes."), assistant={"system_prompt": "Be curt."}
    )
    seen = await again.desk.seen_prompts.of_turn(again.person, turn_id)
    assert (seen.parts[0].kind, seen.parts[0].words) == (PartKind.SYSTEM, "")


async def test_a_turn_of_an_older_version_is_read_as_far_as_it_was_recorded(box: Box) -> None:
    _, turn_id = await replied(box, "Hello")
    async with box.desk.database.write() as tx:
        await changed_rows(tx, "UPDATE turns SET prompt_record = '{}', sampling = '{}'", ())
    seen = await box.desk.seen_prompts.of_turn(box.person, turn_id)
    assert seen.parts == ()
    assert seen.asked == "Hello"


async def test_somebody_elses_turn_is_not_there(box: Box) -> None:
    _, turn_id = await replied(box, "Hello")
    for person, wanted in ((Person(99, new_id(), "Bob"), turn_id), (box.person, new_id())):
        with pytest.raises(NotFound):
            await box.desk.seen_prompts.of_turn(person, wanted)
