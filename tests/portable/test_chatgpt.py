"""ChatGPT's export, as far as its shape is known: a tree of nodes, most of them not for people."""

import json

from exports import FILES, bring, chatgpt_conversation, exported, rows, zipped

FILE = (FILES / "chatgpt.json").read_bytes()
BRANCH = """
WITH RECURSIVE walk AS (
    SELECT m.* FROM messages m JOIN conversations c ON c.leaf_key = m.message_key
    UNION ALL SELECT m.* FROM walk JOIN messages m ON m.message_key = walk.parent_key
)
SELECT role, content FROM walk ORDER BY message_key
"""


async def test_what_was_said_comes_in_with_its_branches(box):
    report = await bring(box, FILE)
    assert (report.conversations, report.messages, report.ended) == (1, 4, "")
    assert rows(box, "SELECT title, created_at, updated_at FROM conversations") == [
        ("Boiling eggs", 1715000000, 1715000400)
    ]
    assert rows(box, BRANCH) == [
        ("user", "How long do these eggs boil?"),
        ("assistant", "Soft: 6 minutes.\n\nHard: 10 minutes."),
        ("user", "고마워요 🙂"),
    ]
    # The other reply hangs beside the one that was read.
    assert rows(
        box,
        "SELECT r.content FROM messages r JOIN messages q ON q.message_key = r.parent_key "
        "WHERE q.content LIKE 'How%' ORDER BY r.message_key",
    ) == [("About **six** minutes.",), ("Soft: 6 minutes.\n\nHard: 10 minutes.",)]


async def test_what_is_no_text_is_left_out_and_counted(box):
    report = await bring(box, FILE)
    assert report.left_out == {
        "pictures and other attachments": 1,
        "steps of tools": 2,
        "thoughts before a reply": 1,
    }
    assert b"short answers" not in await exported(box)


async def test_the_zip_as_it_is_sent_comes_in_too(box):
    report = await bring(
        box,
        zipped(
            {
                "chat.html": b"<html>",
                "user.json": b"{}",
                "file-abc123.jpg": b"\xff\xd8" * 50,
                "conversations.json": FILE,
            }
        ),
    )
    assert report.conversations == 1


async def test_a_large_export_in_numbered_pieces_comes_in_whole(box):
    pieces = {
        f"export/conversations-{number:03}.json": json.dumps(
            [chatgpt_conversation(["Hello"], conversation_id=f"c-{number}")]
        ).encode()
        for number in range(3)
    }
    report = await bring(box, zipped(pieces))
    assert report.conversations == 3


async def test_one_conversation_by_itself_comes_in(box):
    report = await bring(box, json.dumps(chatgpt_conversation(["Hello", "Hi"])).encode())
    assert (report.conversations, report.messages) == (1, 2)


async def test_without_a_title_the_first_words_are_the_title(box):
    await bring(
        box, json.dumps([chatgpt_conversation(["Name a tree", "Oak"], title=None)]).encode()
    )
    assert rows(box, "SELECT title FROM conversations") == [("Name a tree",)]


async def test_a_time_that_cannot_be_does_no_harm(box):
    odd = [
        chatgpt_conversation(["Hi"], conversation_id=f"c-{place}", create_time=time)
        for place, time in enumerate((None, -5, 1e300, 1715000000123.0, 0))
    ]
    report = await bring(box, json.dumps(odd).encode())
    assert report.conversations == 5
    assert (1715000000,) in rows(box, "SELECT created_at FROM conversations")
    assert rows(box, "SELECT max(created_at) < 253402300800 FROM conversations") == [(1,)]


async def test_what_follows_a_hidden_message_follows_the_one_before_it(box):
    conversation = chatgpt_conversation(["Q", "hidden", "Q2", "A2"])
    hidden = conversation["mapping"]["node-1"]["message"]
    hidden["metadata"] = {"is_visually_hidden_from_conversation": True}
    await bring(box, json.dumps([conversation]).encode())
    assert rows(box, BRANCH) == [("user", "Q"), ("user", "Q2"), ("assistant", "A2")]


async def test_a_second_import_finds_the_first(box):
    await bring(box, FILE)
    again = await bring(box, zipped({"conversations.json": FILE}))
    assert (again.conversations, again.already_here) == (0, 1)
    assert rows(box, "SELECT count(*) FROM conversations") == [(1,)]
