"""Files that somebody made to do harm: each is a sentence, or passed over, and no more."""

import asyncio
import io
import json
import os
import struct
import zipfile
import zlib
from time import monotonic

import pytest
from exports import (
    FILES,
    bring,
    chatgpt_conversation,
    own_conversation,
    own_file,
    rows,
    waiting,
    zipped,
)

from appliance.errors import ImportRefused, ImportTooLarge
from appliance.portable.archive import MOST_DIRECTORY_BYTES, MOST_ENTRIES
from appliance.portable.own_summaries import MOST_SUMMARIES

GOOD = json.dumps([chatgpt_conversation(["Hello", "Hi"])]).encode()
GIGA = 2**30


def with_entry(name, content=b"x", attr=0):
    """An archive that is in order but for one more entry."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("conversations.json", GOOD)
        info = zipfile.ZipInfo(name)
        info.external_attr = attr
        archive.writestr(info, content)
    return buffer.getvalue()


def with_nul_in_a_name():
    return with_entry("aNb.txt").replace(b"aNb.txt", b"a\0b.txt")


def encrypted():
    """The flag alone: it is all that a reader sees before it asks for the password."""
    content = bytearray(zipped({"conversations.json": GOOD}))
    content[6] |= 1
    directory = content.index(b"PK\x01\x02")
    content[directory + 8] |= 1
    return bytes(content)


def saying(size):
    """An archive whose directory says that its list is larger than it is."""
    content = bytearray(zipped({"conversations.json": GOOD}))
    directory = content.index(b"PK\x01\x02")
    struct.pack_into("<I", content, directory + 24, size)
    return bytes(content)


def compressed_by(method):
    content = bytearray(zipped({"conversations.json": GOOD}))
    directory = content.index(b"PK\x01\x02")
    struct.pack_into("<H", content, directory + 10, method)
    struct.pack_into("<H", content, 8, method)
    return bytes(content)


def bomb(size):
    """Zeros, or what a list of that size could be, packed a thousand times smaller."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece = bytes(2**24)
    # After a full flush nothing refers to what was before, so the same block may come again.
    block = packer.compress(piece) + packer.flush(zlib.Z_FULL_FLUSH)
    return archive_of_packed(block * (size // len(piece)) + packer.flush(), size, 0)


def archive_of_packed(data, size, crc):
    """Written by hand, so that its directory may say anything; sizes beyond 4 GiB in ZIP64."""
    name, big = b"conversations.json", 0xFFFFFFFF
    extra = struct.pack("<HHQQ", 1, 16, size, len(data))
    local = struct.pack(
        "<4s5H3I2H", b"PK\3\4", 45, 0, 8, 0, 33, crc, big, big, len(name), len(extra)
    )
    entry = struct.pack(
        *("<4s6H3I5H2I", b"PK\1\2", 45, 45, 0, 8, 0, 33, crc, big, big),
        *(len(name), len(extra), 0, 0, 0, 0, 0),
    )
    start = local + name + extra + data
    directory = entry + name + extra
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 1, 1, len(directory), len(start), 0)
    return start + directory + end


REFUSED = {
    "empty": (b"", "is empty"),
    "text": (b"Hello, this is a letter.", "no list of conversations"),
    "picture": (b"\x89PNG\r\n\x1a\n" + bytes(100), "no list of conversations"),
    "number": (b"12345", "no list of conversations"),
    "strings": (b'["a", "b"]', "no list of conversations"),
    "numbers": (b"[1, 2, 3]", "no list of conversations"),
    "empty list": (b"[]", "no conversation in this file"),
    "another program's": (b'{"format":"other","version":1,"conversations":[]}', "no export of"),
    "no version": (b'{"format":"appliance.conversations","conversations":[]}', "no export of"),
    "zip without lists": (zipped({"notes.json": b"[]"}), "no conversations.json"),
    "empty zip": (zipped({}), "no conversations.json"),
    "zip of a zip": (zipped({"inner.zip": zipped({"conversations.json": GOOD})}), "no conv"),
    "zip of a zip by name": (
        zipped({"conversations.json": zipped({"conversations.json": GOOD})}),
        "no list of conversations",
    ),
    "slip": (with_entry("../../etc/cron.d/x"), "outside of itself"),
    "slip inside": (with_entry("a/../../b"), "outside of itself"),
    "slip for Windows": (with_entry("a\\..\\..\\b"), "outside of itself"),
    "slip as the list": (
        zipped({"../conversations.json": GOOD}),
        "outside of itself",
    ),
    "absolute": (with_entry("/etc/passwd"), "absolute path"),
    "absolute for Windows": (with_entry("C:\\Windows\\x"), "absolute path"),
    "share": (with_entry("\\\\server\\x"), "absolute path"),
    "link": (with_entry("link", b"/etc/passwd", attr=0o120777 << 16), "symbolic link"),
    "nul in a name": (with_nul_in_a_name(), "NUL byte"),
    "password": (encrypted(), "password"),
    "cut in the middle": (zipped({"conversations.json": GOOD * 20})[:-40], "damaged"),
    "cut to its start": (zipped({"conversations.json": GOOD})[:10], "damaged"),
    "only an end": (b"PK\x05\x06" + bytes(5), "damaged"),
    "bzip2": (compressed_by(12), "not supported"),
    "lzma": (compressed_by(14), "not supported"),
    "unknown packing": (compressed_by(99), "not supported"),
    "says it is huge": (saying(0xFFFFFFF0), "unpack to far more"),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_a_file_that_is_no_safe_export_is_refused_with_a_sentence(box, name):
    content, said = REFUSED[name]
    try:
        report = await bring(box, content)
        sentence = report.ended
    except ImportRefused as error:
        sentence = str(error)
    assert said in sentence
    assert sentence.endswith(".")
    assert rows(box, "SELECT count(*) FROM conversations") == [(0,)]


async def test_a_bomb_of_ten_gigabytes_is_refused_at_once_and_takes_no_memory(box):
    content = bomb(10 * GIGA)
    assert len(content) < 11 * 2**20
    file = waiting(box, content)
    before, started = resident_bytes(), monotonic()
    with pytest.raises(ImportTooLarge, match="unpack to far more"):
        await box.desk.imports.start(box.person, file)
    print(f"refused after {monotonic() - started:.3f} s")
    assert resident_bytes() - before < 64 * 2**20


async def test_a_bomb_that_says_it_is_small_gives_no_more_than_it_says(box):
    packed = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = packed.compress(b"[" + b" " * (256 * 2**20)) + packed.flush()
    file = waiting(box, archive_of_packed(data, 1000, 0))
    before = resident_bytes()
    with pytest.raises(ImportRefused, match="damaged"):
        await box.desk.imports.start(box.person, file)
    assert resident_bytes() - before < 64 * 2**20


async def test_an_archive_that_lists_very_many_files_is_refused_before_they_are_read(box):
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 9, 9, MOST_DIRECTORY_BYTES + 50, 4, 0)
    content = b"PK\3\4" + bytes(MOST_DIRECTORY_BYTES + 50) + end
    with pytest.raises(ImportTooLarge, match=f"more than {MOST_ENTRIES:,} files"):
        await bring(box, content)


def tangled(**parents):
    """ChatGPT's shape with nodes that follow whom the test says."""
    whole = chatgpt_conversation(["a", "b", "c"])
    for name, parent in parents.items():
        whole["mapping"][name.replace("_", "-")]["parent"] = parent
    return whole


def altered(**changes):
    return own_conversation("Hi", "Ho", **changes)


def with_message(**changes):
    conversation = own_conversation("Hi", "Ho")
    conversation["messages"][1] |= changes
    return conversation


def with_turn(**changes):
    conversation = own_conversation("Hi", "Ho")
    asked, reply = (each["message_id"] for each in conversation["messages"])
    turn = {
        "turn_id": "a" * 32,
        "input_message_id": asked,
        "reply_message_id": reply,
        "status": "finished",
        "created_at": 5,
    }
    return {**conversation, "turns": [{**turn, **changes}]}


def with_summary(*more, first=0, last=1, **changes):
    """A question with two replies; the summary is of the first one."""
    conversation = own_conversation("Hi", "Ho", "Well?")
    asked, reply, other = (each["message_id"] for each in conversation["messages"])
    conversation["messages"][2]["parent_id"] = asked
    summary = {
        "summary_id": "b" * 32,
        "first_message_id": (asked, reply, other, "f" * 32)[first],
        "last_message_id": (asked, reply, other, "f" * 32)[last],
        "created_at": 5,
        "content": "They greeted each other.",
    }
    return {
        **conversation,
        "summaries": [{**summary, **changes}, *({**summary, **m} for m in more)],
    }


def chat(**members):
    return {"chat": {"history": {"messages": {"u": {"role": "user", "content": "x"} | members}}}}


SKIPPED = {
    "circle": (tangled(node_0="node-2"), "in a circle"),
    "follows itself": (tangled(node_1="node-1"), "in a circle"),
    "missing parent": (tangled(node_1="nowhere"), "one that is missing"),
    "own missing parent": (with_message(parent_id="f" * 32), "one that is missing"),
    "own circle": (
        with_message(parent_id="e" * 32, message_id="e" * 32),
        "in a circle",
    ),
    "mapping is a list": (chatgpt_conversation([], mapping=[1, 2]), "not what it should be"),
    "title is a number": (chatgpt_conversation(["a"], title=5), "not what it should be"),
    "parent is an object": (tangled(node_1={"a": 1}), "not what it should be"),
    "chat is text": ({"chat": "hello"}, "not what it should be"),
    "content is an object": (chat(content={"a": 1}), "not"),
    "time is text": (chat(timestamp="yesterday"), "not what it should be"),
    "nothing known": ({"a": 1}, "another shape"),
    "a list": ([[1]], "not what it should be"),
    "no words": (chatgpt_conversation(["", "  "]), "no message"),
    "nul": (chatgpt_conversation(["a\0b"]), "NUL byte"),
    "own nul": (altered(title="a\0b"), "NUL byte"),
    "very long message": (chatgpt_conversation(["x" * 500_001]), "500,000 characters"),
    "very long reply": (chatgpt_conversation(["a", "x" * 200_001]), "200,000 characters"),
    "very long checkpoint": (with_turn(checkpoint="x" * 200_001), "200,000 characters"),
    "nul in an error": (with_turn(error="a\0b"), "NUL byte"),
    "id is no id": (altered(conversation_id="../../x"), "not what it should be"),
    "id with a line end": (altered(conversation_id="a" * 31 + "\n"), "not what it should be"),
    "long title": (altered(title="x" * 121), "not what it should be"),
    "before all time": (altered(created_at=-1), "not what it should be"),
    "after all time": (altered(updated_at=10**12), "not what it should be"),
    "instructions": (with_message(role="system"), "not what it should be"),
    "nobody": (with_message(role="nobody"), "not what it should be"),
    "turn of nobody": (with_turn(input_message_id="f" * 32), "answers no message"),
    "reply from elsewhere": (with_turn(reply_message_id="f" * 32), "not in the conversation"),
    "unknown status": (with_turn(status="dancing"), "not what it should be"),
    "huge seed": (with_turn(seed=2**63), "not what it should be"),
    "count of text": (with_turn(prompt_record={"dropped_messages": "many"}), "no number"),
    "huge count": (with_turn(prompt_record={"dropped_messages": 10**4000}), "no count"),
    "huge record": (with_turn(prompt_record={"a": "x" * 20_000}), "longer than any"),
    "no such titler": (altered(titled_by="nobody"), "not what it should be"),
    "pinned by a word": (altered(is_pinned="yes"), "not what it should be"),
    "folder without a name": (altered(folder=" \n"), "needs a name"),
    "folder of a long name": (altered(folder="x" * 61), "not what it should be"),
    "nul in a folder": (altered(folder="a\0b"), "NUL byte"),
    "summary of nothing": (with_summary(first=3), "not in the conversation"),
    "summary to nowhere": (with_summary(last=3), "not in the conversation"),
    "summary backwards": (with_summary(first=1, last=0), "do not follow each other"),
    "summary over branches": (with_summary(first=1, last=2), "do not follow each other"),
    "two summaries in one": (with_summary({"content": "x"}), "the same id"),
    "long summary": (with_summary(content="x" * 4001), "not what it should be"),
    "blank summary": (with_summary(content=" \n", is_edited=True), "no words"),
    "summary of no words": (with_summary(content=""), "no words"),
    "nul in a summary": (with_summary(content="a\0b"), "NUL byte"),
    "very many summaries": (
        with_summary(*({"summary_id": f"{n:032x}"} for n in range(MOST_SUMMARIES))),
        "more summaries",
    ),
    "deep record": (
        with_turn(prompt_record=json.loads('{"a":' * 70 + "1" + "}" * 70)),
        "levels deep",
    ),
}


@pytest.mark.parametrize("name", SKIPPED)
async def test_a_conversation_that_cannot_be_is_left_out_and_the_others_come_in(box, name):
    hostile, said = SKIPPED[name]
    others = [own_conversation("Before"), own_conversation("After")]
    head, tail = own_file(*others).split(b'}, {"conversation_id"')
    content = head + b"}, " + json.dumps(hostile).encode() + b', {"conversation_id"' + tail
    report = await bring(box, content)
    assert (report.conversations, report.ended) == (2, "")
    ((reason, count),) = report.skipped.items()
    assert said in reason and count == 1
    assert report.first_skipped[reason] == 2
    assert rows(box, "SELECT content FROM messages ORDER BY message_key") == [
        ("Before",),
        ("After",),
    ]


BROKEN = {
    "not utf-8": b'{"mapping":{"a":{"message":{"content":{"parts":["\xff\xfe"]}}}}}',
    "overlong": b'{"mapping":{},"title":"\xc0\xaf"}',
    "lone surrogate": b'{"mapping":{},"title":"\\ud800"}',
    "wrong pair": b'{"mapping":{},"title":"\\udc00\\ud800"}',
    "bad escape": b'{"mapping":{},"title":"\\x"}',
    "endless number": b'{"mapping":{},"create_time":' + b"9" * 5000 + b"}",
    "infinite": b'{"mapping":{},"create_time":1e999}',
    "nan": b'{"mapping":{},"create_time":NaN}',
    "two values": b'{"mapping":{} "a"}',
    "wrong bracket": b'{"mapping":{}]',
    "control": b'{"mapping":{},"title":"a\x01b"}',
}


@pytest.mark.parametrize("name", BROKEN)
async def test_broken_json_is_left_out_and_the_rest_comes_in(box, name):
    report = await bring(box, b"[" + BROKEN[name] + b"," + GOOD[1:])
    assert (report.conversations, report.skipped.total()) == (1, 1), report


async def test_ten_million_messages_are_passed_over_in_little_memory(box, tmp_path):
    path = tmp_path / "many.json"
    with path.open("wb") as file:
        file.write(b'[{"mapping":{')
        for _ in range(1_000):
            file.write(b'"id":{},' * 10_000)
        file.write(b'"last":{}}},' + GOOD[1:])
    before = resident_bytes()
    begun = await box.desk.imports.start(box.person, path.open("rb"))
    await begun.task
    assert begun.report.skipped == {"It is larger than 64 MB.": 1}
    assert begun.report.conversations == 1
    assert resident_bytes() - before < 128 * 2**20


async def test_the_box_answers_others_while_a_large_file_is_read(box):
    """Counted in what else gets its turn: a reader that held the loop would let nobody."""
    content = own_file(own_conversation(*("word " * 100 for _ in range(5_000))))
    begun = await box.desk.imports.start(box.person, waiting(box, content))
    turns = 0
    while not begun.task.done():
        await asyncio.sleep(0)
        turns += 1
    assert begun.report.messages == 5_000
    assert turns > 20


async def test_a_record_from_a_file_does_not_break_the_page(box):
    conversation = with_turn(
        finish_reason="length",
        prompt_record={"reply_bound": {"a": []}, "context_full": 5, "dropped_messages": 3},
        counts={"completion_tokens": 2**53, "decode_ms": 1, "ttft_ms": 2**53},
        error="<b>",
    )
    assert (await bring(box, own_file(conversation))).conversations == 1
    opened = await box.desk.service.open_conversation(box.person, conversation["conversation_id"])
    assert len(opened.turns) == 1


async def test_the_samples_pass_through_any_cut_without_harm(box):
    """Files that end anywhere: always a report, never an error that nobody expected."""
    for sample in ("chatgpt.json", "open_webui.json"):
        content = (FILES / sample).read_bytes()
        for cut in range(1, len(content), 397):
            report = await bring(box, content[:cut])
            assert report.ended and "inside the box" not in report.ended
    assert rows(box, "SELECT count(*) FROM conversations") == [(0,)]


def resident_bytes():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
