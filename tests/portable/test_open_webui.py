"""Open WebUI's export: a chat inside each element, with its messages by id."""

import json

from exports import FILES, bring, rows

FILE = (FILES / "open_webui.json").read_bytes()


async def test_what_was_said_comes_in_with_its_branches(box):
    report = await bring(box, FILE)
    assert (report.conversations, report.messages, report.ended) == (1, 5, "")
    assert rows(
        box,
        "SELECT m.role, m.content, p.content FROM messages m "
        "LEFT JOIN messages p ON p.message_key = m.parent_key ORDER BY m.message_key",
    ) == [
        ("user", "How long do eggs boil?", None),
        ("assistant", "Six minutes.", "How long do eggs boil?"),
        ("assistant", "Six to ten minutes.", "How long do eggs boil?"),
        ("user", "ありがとう", "Six to ten minutes."),
        ("assistant", "どういたしまして。", "ありがとう"),
    ]
    assert rows(
        box,
        "SELECT c.title, m.content FROM conversations c "
        "JOIN messages m ON m.message_key = c.leaf_key",
    ) == [("🥚 Boiling eggs", "どういたしまして。")]


async def test_pictures_and_thoughts_are_left_out_and_counted(box):
    report = await bring(box, FILE)
    assert report.left_out == {
        "pictures and other attachments": 1,
        "thoughts before a reply": 1,
    }


async def test_an_old_export_without_a_tree_comes_in_as_a_chain(box):
    chat = {
        "title": "Old",
        "messages": [
            {"role": "user", "content": "One"},
            {"role": "assistant", "content": "Two"},
            {"role": "system", "content": "Say nothing."},
            {"role": "user", "content": [{"type": "text", "text": "Three"}, {"type": "image_url"}]},
        ],
    }
    report = await bring(box, json.dumps([{"chat": chat}]).encode())
    assert report.left_out == {"pictures and other attachments": 1}
    assert rows(box, "SELECT content FROM messages ORDER BY message_key") == [
        ("One",),
        ("Two",),
        ("Three",),
    ]


async def test_many_openings_of_thoughts_without_an_end_take_no_time(box):
    content = '<details type="reasoning"' * 7_500
    chat = {"messages": [{"role": "assistant", "content": content}]}
    report = await bring(box, json.dumps([{"chat": chat}]).encode())
    assert report.conversations == 1
    assert rows(box, "SELECT content FROM messages") == [(content,)]


async def test_a_second_import_finds_the_first(box):
    await bring(box, FILE)
    assert (await bring(box, FILE)).already_here == 1
