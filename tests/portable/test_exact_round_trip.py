"""Whatever a conversation may be, it comes out of an empty box as it came in."""

import asyncio
import json
import tempfile
from pathlib import Path
from typing import Any

from exports import held, own_file, whole
from hypothesis import given, settings
from hypothesis import strategies as st
from kept_conversations import stranger_in

from appliance.conversations.conversation import Person
from appliance.conversations.fact import SURE_PERCENT, Topic
from appliance.portable.document import LATEST_SECOND
from appliance.portable.imports import Imports
from appliance.portable.takeout import Takeout
from appliance.portable.waiting_file import WaitingFile
from appliance.store.database import Database

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30)
WORDS = TEXT.filter(str.strip)
SECONDS = st.integers(0, LATEST_SECOND)
COUNT = st.integers(0, 2**53)
SCALAR = st.none() | st.booleans() | COUNT | st.floats(-1e9, 1e9) | TEXT
# What ends in "_tokens" or "_messages" would have to be a count.
RECORD = st.dictionaries(TEXT.map("about {} of it".format), SCALAR | st.lists(SCALAR, max_size=3))
COUNTS = st.fixed_dictionaries(
    dict.fromkeys(
        (
            *("prompt_tokens", "completion_tokens", "cached_tokens", "queue_ms", "decode_ms"),
            *("prefill_ms", "drafted_tokens", "accepted_tokens"),
        ),
        COUNT,
    )
    | {"ttft_ms": st.none() | COUNT}
)
PLACE = st.sampled_from([(False, False), (True, False), (False, True)])
FOLDER = st.sampled_from([None, "Garden", "정원", "a/b", "<b>", "x" * 60])


@st.composite
def conversations(draw: st.DrawFn, number: int) -> dict[str, Any]:
    """One whose ids nobody else has."""

    def new_id(place: int, kind: str) -> str:
        return f"{number:015x}{kind}{place:016x}"

    parents = draw(st.lists(st.integers(-1, 30), max_size=12))
    messages = [
        {
            "message_id": new_id(place, "1"),
            "parent_id": new_id(above % place, "1") if place and above >= 0 else None,
            "role": draw(st.sampled_from(["user", "assistant"])),
            "created_at": draw(SECONDS),
            "content": draw(TEXT),
        }
        for place, above in enumerate(parents)
    ]
    is_pinned, is_archived = draw(PLACE)
    return {
        "conversation_id": new_id(0, "0"),
        "title": draw(WORDS),
        "titled_by": draw(st.sampled_from(["box", "model", "person"])),
        "created_at": draw(SECONDS),
        "updated_at": draw(SECONDS),
        "is_pinned": is_pinned,
        "is_archived": is_archived,
        "is_recalled": draw(st.booleans()),
        "folder": draw(FOLDER),
        "leaf_id": draw(st.sampled_from(messages))["message_id"] if messages else None,
        "messages": messages,
        "turns": [
            draw(turn(new_id(place, "2"), messages))
            for place in range(draw(st.integers(0, 4)))
            if any(each["role"] == "user" for each in messages)
        ],
        "summaries": [
            draw(summary(new_id(place, "3"), messages))
            for place in range(draw(st.integers(0, 4)))
            if messages
        ],
        "facts": [
            draw(fact(new_id(place, "4"), messages))
            for place in range(draw(st.integers(0, 3)))
            if any(each["role"] == "user" for each in messages)
        ],
    }


@st.composite
def fact(draw: st.DrawFn, fact_id: str, messages: list[dict[str, Any]]) -> dict[str, Any]:
    """A proposal: what was confirmed or sure elsewhere comes in as less."""
    said = [each["message_id"] for each in messages if each["role"] == "user"]
    superseded_at = draw(st.none() | SECONDS)
    return {
        "fact_id": fact_id,
        "message_id": draw(st.sampled_from(said)),
        "topic": draw(st.sampled_from(list(Topic))),
        "content": draw(st.sampled_from(["I live in Busan.", "저는 부산에 살아요.", "x" * 160])),
        "said_at": draw(SECONDS),
        "confidence_percent": draw(st.integers(0, SURE_PERCENT - 1)),
        "is_confirmed": False,
        "is_edited": draw(st.booleans()),
        "superseded_at": superseded_at,
        "superseded_by": None if superseded_at is None else "f" * 32,
    }


@st.composite
def turn(draw: st.DrawFn, turn_id: str, messages: list[dict[str, Any]]) -> dict[str, Any]:
    said = {
        role: [each["message_id"] for each in messages if each["role"] == role]
        for role in ("user", "assistant")
    }
    return {
        "turn_id": turn_id,
        "input_message_id": draw(st.sampled_from(said["user"])),
        "reply_message_id": draw(st.sampled_from([None, *said["assistant"]])),
        "status": draw(st.sampled_from(["finished", "cancelled", "failed"])),
        "created_at": draw(SECONDS),
        "finish_reason": draw(st.sampled_from([None, "stop", "length", "cancelled", "error"])),
        "error": draw(st.none() | TEXT),
        "checkpoint": draw(TEXT),
        "seed": draw(st.integers(0, 2**63 - 1)),
        "model_sha256": draw(TEXT),
        "counts": draw(COUNTS),
        "sampling": draw(RECORD),
        "prompt_record": draw(RECORD) | {"dropped_messages": draw(COUNT)},
        "attempts": draw(COUNT),
    }


@st.composite
def summary(draw: st.DrawFn, summary_id: str, messages: list[dict[str, Any]]) -> dict[str, Any]:
    by_id = {each["message_id"]: each for each in messages}
    last = first = draw(st.sampled_from(messages))
    for _ in range(draw(st.integers(0, 5))):
        first = by_id.get(first["parent_id"], first)
    is_edited = draw(st.booleans())
    return {
        "summary_id": summary_id,
        "first_message_id": first["message_id"],
        "last_message_id": last["message_id"],
        "created_at": draw(SECONDS),
        "content": draw(WORDS | st.just("") if is_edited else WORDS),
        "model_sha256": draw(TEXT),
        "is_edited": is_edited,
    }


class EmptyBox:
    """As much of a box as takes conversations in and gives them out."""

    def __init__(self, database: Database, person: Person) -> None:
        self.database = database
        self._person = person

    async def take_in(self, content: bytes) -> int:
        """How many conversations came in."""
        file = WaitingFile(Path(tempfile.gettempdir()))
        file.write(content)
        begun = await Imports(self.database).start(self._person, file.from_start())
        await begun.task
        assert begun.report.ended == "" and not begun.report.skipped, begun.report
        return begun.report.conversations

    async def give_out(self) -> bytes:
        return await whole(await Takeout(self.database).all_as_json(self._person))


async def empty_box() -> EmptyBox:
    database = await Database.open_in_memory(2**26, "The memory is full.")
    return EmptyBox(database, await stranger_in(database))


async def check_round_trip(*there: dict[str, Any]) -> None:
    first, second = await empty_box(), await empty_box()
    try:
        assert await first.take_in(own_file(*there)) == len(there)
        taken = await first.give_out()
        assert by_id(json.loads(taken)["conversations"]) == by_id(there)
        assert await second.take_in(taken) == len(there)
        assert await second.give_out() == taken
        assert await held(second.database) == await held(first.database)
    finally:
        await first.database.close()
        await second.database.close()


def by_id(conversations: Any) -> dict[str, Any]:
    return {each["conversation_id"]: each for each in conversations}


@given(st.tuples(*(conversations(number) for number in range(3))))
@settings(max_examples=15, deadline=None)
def test_what_is_taken_along_is_what_was_there(there: tuple[dict[str, Any], ...]) -> None:
    asyncio.run(check_round_trip(*there))
