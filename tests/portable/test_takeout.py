"""What a person can take along, how it is named, and that it never is in memory as a whole."""

import io
import json
import tracemalloc
import zipfile
from contextlib import aclosing

import pytest
from conversation_steps import follow_to_end, say
from exports import bring, own_conversation, own_file, whole

from appliance.errors import NotFound
from appliance.portable.conversation_json import PAGE
from appliance.portable.takeout import Kind

LONG = 10_000


async def keep(box, *conversations):
    report = await bring(box, own_file(*conversations))
    assert report.conversations == len(conversations), report


def archive_of(content):
    return zipfile.ZipFile(io.BytesIO(content))


async def test_a_conversation_reads_well_as_markdown(box):
    texts = ("# Tea?\nGreen.", "**Yes.**\n\n- one", "Thanks")
    said = own_conversation(*texts, title="Tea & milk", folder="Kitchen")
    await keep(box, said)
    taken = await box.desk.takeout.conversation(box.person, said["conversation_id"], Kind.MARKDOWN)
    assert (taken.name, taken.media_type) == ("Tea & milk.md", "text/markdown")
    assert (await whole(taken)).decode() == (
        "# Tea & milk\n\nBegun 14 November 2023, 22:13 UTC.\n\nKept in the folder Kitchen.\n"
        "\n## You, 14 November 2023, 22:13 UTC\n\n> # Tea?\n> Green.\n"
        "\n## Reply, 14 November 2023, 22:13 UTC\n\n**Yes.**\n\n- one\n"
        "\n## You, 14 November 2023, 22:13 UTC\n\n> Thanks\n"
    )


async def test_markdown_holds_the_branch_being_read_and_says_what_is_elsewhere(box):
    started = await say(box, "Hello")
    await follow_to_end(box, started.turn.turn_id)
    again = await box.desk.service.retry_turn(box.person, started.turn.turn_id)
    await follow_to_end(box, again.turn.turn_id)
    taken = await box.desk.takeout.conversation(
        box.person, started.conversation.conversation_id, Kind.MARKDOWN
    )
    text = (await whole(taken)).decode()
    assert "1 message of other branches are in the JSON export only." in text
    assert text.count("## Reply") == 1


async def test_the_archive_has_a_file_for_machines_and_one_for_each_conversation(box):
    titles = ("Tea", " . ", "../../etc/passwd", "한국어", "a/b\\c:d", "x" * 120, "\u202etxt.exe")
    await keep(box, *(own_conversation("Hi", title=title) for title in titles))
    taken = await box.desk.takeout.everything(box.person)
    archive = archive_of(await whole(taken))
    assert archive.testzip() is None
    assert archive.namelist() == [
        "conversations.json",
        "markdown/00001 Tea.md",
        "markdown/00002 conversation.md",
        "markdown/00003 etc passwd.md",
        "markdown/00004 한국어.md",
        "markdown/00005 a b c d.md",
        f"markdown/00006 {'x' * 80}.md",
        "markdown/00007 txt.exe.md",
    ]
    assert len(json.loads(archive.read("conversations.json"))["conversations"]) == len(titles)


async def test_nobody_takes_what_is_anothers(box, eve):
    started = await say(box, "Mine alone")
    await follow_to_end(box, started.turn.turn_id)
    for kind in Kind:
        with pytest.raises(NotFound):
            await box.desk.takeout.conversation(eve, started.conversation.conversation_id, kind)
    for taken in (
        await box.desk.takeout.everything(eve),
        await box.desk.takeout.all_as_json(eve),
    ):
        assert b"Mine alone" not in await whole(taken)


async def test_a_conversation_that_is_deleted_meanwhile_is_left_out(box):
    said = [own_conversation("Hi", title=title) for title in "abc"]
    await keep(box, *said)
    taken = await box.desk.takeout.all_as_json(box.person)
    async with aclosing(taken.pieces) as pieces:
        got = await anext(pieces)
        await box.desk.service.delete_conversation(box.person, said[1]["conversation_id"])
        async for piece in pieces:
            got += piece
    assert [each["title"] for each in json.loads(got)["conversations"]] == ["a", "c"]


async def test_an_empty_box_gives_an_empty_export(box):
    assert json.loads(await whole(await box.desk.takeout.all_as_json(box.person))) == {
        "format": "appliance.conversations",
        "version": 1,
        "conversations": [],
    }
    archive = archive_of(await whole(await box.desk.takeout.everything(box.person)))
    assert archive.namelist() == ["conversations.json"]


async def read_through(taken):
    """The most memory that was in use at once while it was read, and how large it was."""
    tracemalloc.start()
    size = 0
    async with aclosing(taken.pieces) as pieces:
        async for piece in pieces:
            size += len(piece)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak, size


async def test_ten_thousand_messages_pass_through_little_memory(box):
    said = own_conversation(*("word " * 200 for _ in range(LONG)))
    await keep(box, said)
    person, takeout = box.person, box.desk.takeout
    for taken in (
        await takeout.conversation(person, said["conversation_id"], Kind.JSON),
        await takeout.conversation(person, said["conversation_id"], Kind.MARKDOWN),
    ):
        peak, size = await read_through(taken)
        assert size > LONG * 1000
        assert peak < size / 2


async def test_a_download_that_stops_half_way_leaves_nothing_open(box):
    await keep(box, own_conversation(*(f"message {n}" for n in range(10 * PAGE))))
    for take in (box.desk.takeout.everything, box.desk.takeout.all_as_json):
        taken = await take(box.person)
        async with aclosing(taken.pieces) as pieces:
            await anext(pieces)
    # Both readers of the database are back.
    async with box.desk.database.read(), box.desk.database.read():
        pass
