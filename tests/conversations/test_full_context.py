"""What becomes of a conversation that the context no longer holds, over a real database."""

import threading
from collections.abc import Awaitable, Callable
from contextlib import closing
from typing import Any

import pytest
from conversation_steps import follow_to_end, say, wait_for_text
from fakes import ScriptedBackend
from pysqlite3 import dbapi2 as sqlite

from appliance.conversations.conversation import new_id
from appliance.conversations.turn import Turn, TurnStatus
from appliance.errors import ConversationFull
from appliance.lifespan import Box

OpenBox = Callable[..., Awaitable[Box]]

STOP = {"context_full": "stop"}
WORDS = "It rained all day. "


class Prompts:
    """A scripted reply that remembers what the model was given to read."""

    def __init__(self, reply: str = "Yes, it did.") -> None:
        self.read: list[str] = []
        self._reply = reply

    def __call__(self, sequence: Any) -> str:
        prompt = "".join(map(chr, sequence.tokens[: sequence.prompt_tokens]))
        if prompt not in self.read:
            self.read.append(prompt)
        return self._reply


async def talk(box: Box, content: str, times: int, conversation_id: str | None = None) -> Turn:
    """So many messages with their replies; the last turn."""
    for _ in range(times):
        started = await say(box, content, conversation_id)
        conversation_id = started.conversation.conversation_id
        turn = (await follow_to_end(box, started.turn.turn_id))[-1].turn
        assert turn.status is TurnStatus.FINISHED
    return turn


async def stored(box: Box, turn: Turn) -> list[str]:
    opened = await box.desk.service.open_conversation(box.person, turn.conversation_id)
    return [message.content for message in opened.messages]


async def test_old_messages_make_room_and_the_turn_says_how_many(open_scripted: OpenBox) -> None:
    prompts = Prompts()
    box = await open_scripted(ScriptedBackend(prompts, context_tokens=400))
    turn = await talk(box, WORDS, 12)
    record = (await box.desk.service.find_turn(box.person, turn.turn_id)).prompt_record
    dropped, kept = record["dropped_messages"], record["window_messages"]
    assert isinstance(dropped, int) and isinstance(kept, int)
    assert dropped > 0 and dropped + kept == 23
    assert prompts.read[-1].count("user: ") + prompts.read[-1].count("assistant: ") == kept
    assert prompts.read[-1].startswith("system: You are a helpful assistant.\nuser: ")


@pytest.mark.parametrize("hot", [False, True])
async def test_messages_beyond_the_hot_window_are_read_while_they_fit(
    open_scripted: OpenBox, hot: bool
) -> None:
    prompts = Prompts("ok")
    box = await open_scripted(ScriptedBackend(prompts), hot=hot)
    turn = await talk(box, "Hm?", 60)
    assert turn.prompt_record["dropped_messages"] == 0
    assert prompts.read[-1].count("Hm?") == 60


@pytest.mark.parametrize("hot", [False, True])
async def test_messages_beyond_the_hot_window_count_as_dropped_when_they_do_not(
    open_scripted: OpenBox, hot: bool
) -> None:
    box = await open_scripted(ScriptedBackend(Prompts("ok"), context_tokens=600), hot=hot)
    turn = await talk(box, "Hm?", 60)
    record = turn.prompt_record
    assert record["dropped_messages"] == 119 - record["window_messages"]  # type: ignore[operator]
    assert record["dropped_messages"] > 70  # type: ignore[operator]


async def test_where_nothing_may_be_dropped_a_full_conversation_takes_no_more(
    open_scripted: OpenBox,
) -> None:
    prompts = Prompts()
    box = await open_scripted(ScriptedBackend(prompts, context_tokens=400), limits=STOP)
    turn = await talk(box, WORDS, 5)
    before = await stored(box, turn)
    with pytest.raises(ConversationFull, match="This conversation is full"):
        await say(box, WORDS * 4, turn.conversation_id)
    assert await stored(box, turn) == before
    # A shorter one has its place, and every word of before is read with it.
    await talk(box, "So?", 1, turn.conversation_id)
    assert prompts.read[-1].count(WORDS.strip()) == 5
    # Another conversation is none the fuller for it.
    await talk(box, WORDS * 4, 1)


async def test_a_full_conversation_of_many_messages_is_full_too(open_scripted: OpenBox) -> None:
    box = await open_scripted(ScriptedBackend(Prompts("ok"), context_tokens=1500), limits=STOP)
    turn = await talk(box, "Hm?", 50)
    with pytest.raises(ConversationFull):
        await talk(box, "Hm?", 20, turn.conversation_id)
    with closing(sqlite.connect(box.desk.database.path)) as database:
        ((count,),) = database.execute("SELECT count(*) FROM messages")
    assert count > 102


async def test_a_message_that_was_accepted_is_not_refused_when_it_comes_again(
    open_scripted: OpenBox,
) -> None:
    box = await open_scripted(ScriptedBackend(Prompts(), context_tokens=400), limits=STOP)
    turn = await talk(box, WORDS, 5)
    client_id = new_id()
    # It fits once; beside itself it would not.
    first = await say(box, "S" * 40, turn.conversation_id, client_id)
    await follow_to_end(box, first.turn.turn_id)
    with pytest.raises(ConversationFull):
        await say(box, "S" * 40, turn.conversation_id)
    again = await say(box, "S" * 40, turn.conversation_id, client_id)
    assert again.is_repeat


async def test_a_message_sent_while_the_model_loads_is_kept_and_its_turn_says_why_it_fails(
    open_scripted: OpenBox,
) -> None:
    def backend() -> ScriptedBackend:
        return ScriptedBackend(Prompts(), context_tokens=400)

    turn = await talk(await open_scripted(backend(), limits=STOP), WORDS, 5)
    await open_scripted.close_all()  # type: ignore[attr-defined]
    may_load = threading.Event()
    box = await open_scripted(backend(), load_after=may_load, limits=STOP)
    started = await say(box, WORDS * 4, turn.conversation_id)
    may_load.set()
    last = (await follow_to_end(box, started.turn.turn_id))[-1].turn
    assert last.status is TurnStatus.FAILED
    assert last.error is not None and last.error.startswith("This conversation is full")
    assert (await stored(box, turn))[-1] == WORDS * 4


@pytest.mark.parametrize(
    ("limits", "bound", "length"),
    [
        ({"reply_tokens": 20}, "reply_limit", 20),
        # The prompt has 54 characters and one place stays free.
        ({}, "context", 300 - 54 - 1),
        (STOP, "context", 300 - 54 - 1),
    ],
)
async def test_a_reply_that_is_cut_knows_by_what(
    open_scripted: OpenBox, limits: dict[str, Any], bound: str, length: int
) -> None:
    box = await open_scripted(
        ScriptedBackend(Prompts("x" * 1000), context_tokens=300), limits=limits
    )
    turn = await talk(box, "And then?!", 1)
    assert turn.finish_reason == "length"
    assert turn.prompt_record["reply_bound"] == bound
    assert turn.prompt_record["reply_tokens"] == turn.counts.completion_tokens == length


async def test_a_kv_cache_that_is_smaller_than_the_context_bounds_a_conversation(
    open_scripted: OpenBox,
) -> None:
    box = await open_scripted(
        ScriptedBackend(Prompts(), context_tokens=4096), engine={"kv_tokens": 400}
    )
    turn = await talk(box, WORDS, 12)
    assert turn.prompt_record["context_tokens"] == 400
    assert turn.prompt_record["dropped_messages"]


async def test_a_reply_that_had_come_to_its_end_when_the_box_stopped_ends_there(
    open_scripted: OpenBox,
) -> None:
    backend = ScriptedBackend(Prompts("x" * 1000), context_tokens=300, gated=True)
    box = await open_scripted(backend)
    started = await say(box, "And then?!")
    backend.let(20)
    await wait_for_text(box, started.turn.turn_id, 10)
    await open_scripted.close_all()  # type: ignore[attr-defined]
    with closing(sqlite.connect(box.desk.database.path)) as database, database:
        database.execute("UPDATE turns SET checkpoint = ?", ("x" * 245,))
    after = await open_scripted(ScriptedBackend(Prompts("more"), context_tokens=300))
    last = (await follow_to_end(after, started.turn.turn_id))[-1]
    assert (last.turn.status, last.turn.finish_reason) == (TurnStatus.FINISHED, "length")
    assert await stored(after, started.turn) == ["And then?!", "x" * 245]
