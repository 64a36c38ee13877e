"""What the box writes it reads back exactly, once."""

import asyncio
import json
from pathlib import Path

import msgspec
import pytest
from conversation_steps import follow_to_end, say, wait_for_text
from exports import bring, exported, own_conversation, own_file, rows, whole
from fakes import ScriptedBackend

from appliance.portable.document import Document

SCHEMA = Path(__file__).parents[2] / "docs" / "conversations.schema.json"


@pytest.fixture
async def talked(box):
    """A box with branches, a stopped and a failed turn, and text of many kinds."""
    first = await say(box, '한국어 \U0001f95a "quoted" \\ back\tslash\n\n# not a heading')
    await follow_to_end(box, first.turn.turn_id)
    again = await box.desk.service.retry_turn(box.person, first.turn.turn_id)
    await follow_to_end(box, again.turn.turn_id)
    await follow_to_end(
        box, (await say(box, "Go on.", first.conversation.conversation_id)).turn.turn_id
    )
    other = await say(box, "עברית and English")
    await follow_to_end(box, other.turn.turn_id)
    await box.desk.service.rename_conversation(
        box.person, other.conversation.conversation_id, "\u202eevil/../title"
    )
    async with box.desk.database.write() as tx:
        await tx.execute(
            "UPDATE turns SET status = 'failed', finish_reason = 'error', error = 'It fell over.', "
            "checkpoint = 'half a re' WHERE turn_id = ?",
            (other.turn.turn_id,),
        )
    return box


async def test_an_export_taken_into_an_empty_box_gives_the_same_export_again(talked, open_scripted):
    before = await exported(talked)
    empty = await open_scripted("empty")
    report = await bring(empty, before)
    assert (report.conversations, report.messages, report.skipped.total()) == (2, 7, 0)
    assert await exported(empty) == before
    assert json.loads(before)["conversations"][0]["turns"][0]["counts"]["completion_tokens"] > 0


async def test_the_zip_comes_in_like_the_json_in_it(talked, open_scripted):
    archive = await whole(await talked.desk.takeout.everything(talked.person))
    empty = await open_scripted("empty")
    assert (await bring(empty, archive)).conversations == 2
    assert await exported(empty) == await exported(talked)


async def test_importing_twice_doubles_nothing(talked):
    before = await exported(talked)
    report = await bring(talked, before)
    assert (report.conversations, report.already_here) == (0, 2)
    assert await exported(talked) == before


async def test_what_was_deleted_comes_back(talked):
    before = await exported(talked)
    gone = json.loads(before)["conversations"][0]["conversation_id"]
    await talked.desk.service.delete_conversation(talked.person, gone)
    report = await bring(talked, before)
    assert (report.conversations, report.already_here) == (1, 1)
    assert len(await exported(talked)) == len(before)


async def test_what_another_person_here_took_along_comes_in_once_as_ones_own(talked, eve):
    before = await exported(talked)
    given = await bring(talked, before, eve)
    assert (given.conversations, given.messages) == (2, 7)
    assert (await bring(talked, before, eve)).already_here == 2
    assert await exported(talked) == before
    theirs = json.loads(await exported(talked, eve))["conversations"]
    mine = json.loads(before)["conversations"]
    ids = {each["conversation_id"] for each in mine}
    assert not ids & {each["conversation_id"] for each in theirs}
    assert [each["title"] for each in theirs] == [each["title"] for each in mine]
    texts = [[m["content"] for m in each["messages"]] for each in theirs]
    assert texts == [[m["content"] for m in each["messages"]] for each in mine]


async def test_a_message_id_of_somebody_else_is_neither_taken_nor_told(talked, eve):
    mine = json.loads(await exported(talked))["conversations"][0]["messages"][0]["message_id"]
    hostile = own_conversation("Hello")
    hostile["messages"][0]["message_id"] = hostile["leaf_id"] = mine
    report = await bring(talked, own_file(hostile), eve)
    assert (report.conversations, report.already_here) == (1, 0)
    assert rows(talked, f"SELECT count(*) FROM messages WHERE message_id = '{mine}'") == [(1,)]
    found = await talked.desk.service.open_conversation(
        talked.person, json.loads(await exported(talked))["conversations"][0]["conversation_id"]
    )
    assert found.messages[0].content.startswith("한국어")


async def test_a_reply_that_is_being_written_is_exported_and_comes_in_as_stopped(open_scripted):
    backend = ScriptedBackend(lambda sequence: "x" * 500, gated=True)
    box = await open_scripted(backend=backend)
    started = await say(box, "Hello")
    backend.let(20)
    await wait_for_text(box, started.turn.turn_id, 5)
    await box.desk.runner.record.checkpoint(box.desk.runner.find(box.person, started.turn.turn_id))
    taken = await exported(box)
    assert json.loads(taken)["conversations"][0]["turns"][0]["status"] == "running"
    other = await open_scripted("other")
    await bring(other, taken)
    ((status, checkpoint),) = rows(other, "SELECT status, checkpoint FROM turns")
    assert status == "cancelled"
    assert set(checkpoint) == {"x"}
    backend.let(100_000)


async def test_a_reply_that_ends_while_the_file_is_made_is_not_pointed_at(box):
    started = await say(box, "Hello")
    await follow_to_end(box, started.turn.turn_id)
    outline = await box.desk.takeout._outline(box.person, started.conversation.conversation_id)
    assert outline is not None
    pieces = [
        piece
        async for piece in box.desk.takeout._turns_json(box.person, outline, {"only the question"})
    ]
    turn = json.loads(b"".join(pieces))
    assert (turn["status"], turn["reply_message_id"]) == ("running", None)


async def test_imported_conversations_stand_in_the_list_beside_those_of_their_time(box):
    now = await say(box, "New")
    await follow_to_end(box, now.turn.turn_id)
    old = own_conversation("Old", title="Old", updated_at=1_600_000_000)
    older = own_conversation("Older", title="Older", updated_at=1_500_000_000)
    await bring(box, own_file(old, older))
    listed = await box.desk.service.list_conversations(box.person)
    assert listed[0].title == "New"
    again = await say(box, "Again", old["conversation_id"])
    await follow_to_end(box, again.turn.turn_id)
    assert (await box.desk.service.list_conversations(box.person))[0].title == "Old"


async def test_an_imported_conversation_can_be_gone_on_with(box):
    asked = own_conversation("Hi", "Hello.")
    await bring(box, own_file(asked))
    started = await say(box, "And now?", asked["conversation_id"])
    (*_, last) = await follow_to_end(box, started.turn.turn_id)
    assert last.text == "A short reply."
    opened = await box.desk.service.open_conversation(box.person, asked["conversation_id"])
    assert [m.content for m in opened.messages] == ["Hi", "Hello.", "And now?", "A short reply."]


async def test_fields_of_a_later_version_are_ignored_and_absent_ones_have_defaults(box):
    conversation = own_conversation("Hi", "Hello.", mood="fine")
    conversation["turns"] = [
        {
            "turn_id": "0" * 32,
            "input_message_id": conversation["messages"][0]["message_id"],
            "reply_message_id": conversation["messages"][1]["message_id"],
            "status": "finished",
            "created_at": 5,
        }
    ]
    assert (await bring(box, own_file(conversation))).conversations == 1


async def test_a_conversation_without_a_title_gets_its_first_words(box):
    await bring(box, own_file(own_conversation("Name a tree", title="  ")))
    assert rows(box, "SELECT title FROM conversations") == [("Name a tree",)]


async def test_a_newer_format_is_refused_with_what_to_do(box):
    newer = b'{"format":"appliance.conversations","version":2,"conversations":[]}'
    with pytest.raises(Exception, match="Update this box first"):
        await bring(box, newer)


async def test_members_of_the_head_may_stand_in_any_order(box):
    head = b'{"version": 1, "note": "mine",\n "format": "appliance.conversations", '
    list_ = json.dumps([own_conversation("Hi")]).encode()
    assert (await bring(box, head + b'"conversations" : ' + list_ + b"}")).conversations == 1


async def test_two_imports_of_different_people_run_side_by_side(box, eve):
    files = [own_file(*(own_conversation("Hi") for _ in range(40))) for _ in range(2)]
    reports = await asyncio.gather(bring(box, files[0]), bring(box, files[1], eve))
    assert [each.conversations for each in reports] == [40, 40]


async def test_conversations_share_their_commits(box):
    before = box.desk.database.commits
    report = await bring(box, own_file(*(own_conversation("Hi", "Ho") for _ in range(200))))
    assert report.conversations == 200
    assert box.desk.database.commits - before < 40


def test_the_schema_in_the_documentation_is_the_one_that_is_checked():
    made = msgspec.json.schema(Document)
    assert json.loads(SCHEMA.read_text()) == made, "write msgspec.json.schema(Document) there"
