"""What the box writes it reads back exactly, once."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from conversation_steps import follow_to_end, say, wait_for_text
from exports import bring, exported, held, own_conversation, own_file, rows, whole
from fakes import ScriptedBackend

from appliance.conversations.conversation import new_id
from appliance.conversations.shelf import Placing
from appliance.portable.conversation_json import ConversationJson
from appliance.portable.document import Document
from appliance.store import conversations, summaries
from appliance.store import whole_conversations as stored

SCHEMA = Path(__file__).parents[2] / "docs" / "conversations.schema.json"


@pytest.fixture
async def talked(box):
    """A box with branches, summaries, a failed turn, text of many kinds, and things in places."""
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
        await conversations.title_by_model(
            tx, box.person.person_key, first.conversation.conversation_id, "Eggs"
        )
    await box.desk.shelf.place(
        box.person,
        first.conversation.conversation_id,
        Placing(is_pinned=True, new_folder="Küche / 부엌"),
    )
    await box.desk.shelf.place(
        box.person, other.conversation.conversation_id, Placing(is_archived=True)
    )
    edited = await sum_up(box, again.turn.turn_id, "Eggs.")
    await box.desk.summaries.edit(box.person, edited, "My own.")
    deleted = await sum_up(box, again.turn.turn_id, "Eggs and tea.")
    await box.desk.summaries.delete(box.person, deleted)
    await sum_up(box, first.turn.turn_id, "In short: 달걀.")
    return box


async def sum_up(box, turn_id, content):
    """A summary of a message and its reply, as the model makes it."""
    turn, summary_id = await box.desk.service.find_turn(box.person, turn_id), new_id()
    async with box.desk.database.write() as tx:
        await summaries.insert(
            *(tx, box.person.person_key),
            summary_id=summary_id,
            conversation_id=turn.conversation_id,
            first_message_id=turn.input_message_id,
            last_message_id=turn.reply_message_id,
            message_count=2,
            created_at=1_700_000_000,
            model_sha256="a" * 64,
            content=content,
        )
    return summary_id


async def test_an_export_taken_into_an_empty_box_gives_the_same_export_again(talked, open_scripted):
    before = await exported(talked)
    empty = await open_scripted("empty")
    report = await bring(empty, before)
    assert (report.conversations, report.messages, report.skipped.total()) == (2, 7, 0)
    assert await exported(empty) == before
    assert await held(empty.desk.database) == await held(talked.desk.database)
    eggs, other = json.loads(before)["conversations"]
    assert eggs["turns"][0]["counts"]["completion_tokens"] > 0
    assert (eggs["titled_by"], eggs["is_pinned"], eggs["folder"]) == ("model", True, "Küche / 부엌")
    assert (other["titled_by"], other["is_archived"], other["folder"]) == ("person", True, None)
    assert [each["content"] for each in eggs["summaries"]] == ["My own.", "", "In short: 달걀."]


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


async def test_what_is_here_already_stays_where_it_was_put_since(talked):
    before = await exported(talked)
    eggs = json.loads(before)["conversations"][0]["conversation_id"]
    shelf = talked.desk.shelf
    await shelf.place(talked.person, eggs, Placing(is_pinned=False, new_folder="Recipes"))
    (folder,) = (f for f in (await shelf.page(talked.person)).folders if f.name != "Recipes")
    await shelf.delete_folder(talked.person, folder.folder_id)
    since = await exported(talked)
    assert (await bring(talked, before)).already_here == 2
    assert await exported(talked) == since
    assert [each.name for each in (await shelf.page(talked.person)).folders] == ["Recipes"]


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
    assert [each["folder"] for each in theirs] == [each["folder"] for each in mine]
    (my_folder,) = (await talked.desk.shelf.page(talked.person)).folders
    (their_folder,) = (await talked.desk.shelf.page(eve)).folders
    assert my_folder.folder_id != their_folder.folder_id
    ids |= {each["summary_id"] for each in mine[0]["summaries"]}
    assert not ids & {each["summary_id"] for each in theirs[0]["summaries"]}
    told = {each["message_id"] for each in theirs[0]["messages"]}
    for each in theirs[0]["turns"]:
        assert each["prompt_record"]["first_message_id"] in told


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
    await sum_up(box, started.turn.turn_id, "It was short.")
    async with box.desk.database.read() as reader:
        outline = await stored.outline(
            reader, box.person.person_key, started.conversation.conversation_id
        )
    asked = (await box.desk.service.find_turn(box.person, started.turn.turn_id)).input_message_id
    outline = replace(outline, last_message_key=1)
    pieces = ConversationJson(box.desk.database, box.person.person_key, outline).pieces()
    taken = json.loads(b"".join([piece async for piece in pieces]))
    assert [each["message_id"] for each in taken["messages"]] == [asked]
    ((status, reply_id),) = [(t["status"], t["reply_message_id"]) for t in taken["turns"]]
    assert (status, reply_id) == ("running", None)
    assert taken["summaries"] == []


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
    for later in ("titled_by", "is_pinned", "is_archived", "folder", "summaries"):
        del conversation[later]
    assert (await bring(box, own_file(conversation))).conversations == 1
    ((taken,),) = [json.loads(await exported(box))["conversations"]]
    absent = {"titled_by": "person", "is_pinned": False, "is_archived": False, "folder": None}
    assert taken.items() >= {**absent, "summaries": []}.items()
    assert taken["turns"][0]["attempts"] == 0


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
