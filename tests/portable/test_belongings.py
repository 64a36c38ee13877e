"""Deleting all of a person: what is gone, what stays, and what is said of it."""

import asyncio

import pytest
from conversation_steps import follow_to_end, say, step_until, wait_for_text
from exports import bring, own_conversation, own_file, rows, whole
from fakes import ScriptedBackend
from valkey.asyncio import Valkey

from appliance.conversations.deleted import DeleteReceipt, Holdings
from appliance.errors import InvalidInput
from appliance.portable.belongings import BATCH, CONFIRMATION
from appliance.store import holdings

CANARY = "zanzibar"


def traces_on_disk(box):
    """Files of the data directory that hold the word, as text or as token ids."""
    as_tokens = CANARY.encode("utf-32-le")
    return [
        file.name
        for file in box.settings.data_dir.rglob("*")
        if file.is_file()
        and (CANARY.encode() in (content := file.read_bytes()) or as_tokens in content)
    ]


async def traces_in_valkey(box):
    assert box.valkey is not None
    async with Valkey.from_url(box.valkey.url) as client:
        found = []
        async for key in client.scan_iter("*"):
            kind = await client.type(key)
            held = await client.lrange(key, 0, -1) if kind == b"list" else await client.xrange(key)
            if CANARY in repr(held):
                found.append(key)
        return found


TABLES = "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE '% USING vec0%'"
INDEXES = ("message_terms_", "title_terms_", "chunk_terms_", "chunk_vectors_1_info")


async def talk(box, words, conversation_id=None):
    started = await say(box, words, conversation_id)
    await follow_to_end(box, started.turn.turn_id)
    return started.conversation.conversation_id


@pytest.fixture
async def hot_box(open_scripted):
    backend = ScriptedBackend(lambda sequence: f"{CANARY} " * 10)
    return await open_scripted(backend=backend, hot=True)


async def test_deleting_everything_leaves_no_word_anywhere(hot_box, monkeypatch):
    monkeypatch.setattr("appliance.engine.snapshot_keeper.WORTH_RESTORING_TOKENS", 1)
    conversation_id = await talk(hot_box, f"Tell me of {CANARY}.")
    await talk(hot_box, f"More of {CANARY}.", conversation_id)
    await hot_box.desk.service.rename_conversation(hot_box.person, conversation_id, CANARY)
    await bring(hot_box, own_file(own_conversation(CANARY, CANARY, title=CANARY)))
    assert traces_on_disk(hot_box) and await traces_in_valkey(hot_box)
    receipt = await hot_box.desk.belongings.delete_all(hot_box.person, CONFIRMATION)
    assert (receipt.conversations, receipt.messages, receipt.turns) == (2, 6, 2)
    assert receipt.hot_entries >= 1 and receipt.kv_states >= 1
    assert traces_on_disk(hot_box) == []
    assert await traces_in_valkey(hot_box) == []
    for table in rows(hot_box, TABLES):
        # The search index keeps rows about itself, and no word: that is looked for above.
        is_index = table[0].startswith(INDEXES)
        # What was used is counted, and no word: a day's limit does not begin anew by deleting. Nor
        # is a key of a row used twice, which SQLite keeps in a table.
        if not is_index and table[0] not in (
            *("people", "schema_migrations", "derivations", "usage", "sqlite_sequence", "spaces"),
        ):
            assert rows(hot_box, f'SELECT count(*) FROM "{table[0]}"') == [(0,)], table


async def test_what_a_conversation_left_elsewhere_is_counted_when_it_goes(hot_box):
    conversation_id = await talk(hot_box, f"Tell me of {CANARY}.")
    await talk(hot_box, "Something else.")
    receipt = await hot_box.desk.service.delete_conversation(hot_box.person, conversation_id)
    # The window and the stream of the turn, which had a minute to go; the seat in the KV cache.
    assert (receipt.hot_entries, receipt.kv_states) == (2, 1)


async def test_the_kv_cache_of_a_running_box_is_emptied(open_scripted):
    backend = ScriptedBackend(lambda sequence: "ok")
    box = await open_scripted(backend=backend)
    await talk(box, CANARY)
    await box.desk.belongings.delete_all(box.person, CONFIRMATION)
    await talk(box, "Hello")
    held = ["".join(chr(cell.token) for cell in cells) for cells in backend.cells.values()]
    assert not [text for text in held if CANARY in text]


async def test_replies_that_are_being_written_are_stopped_first(open_scripted):
    backend = ScriptedBackend(lambda sequence: "x" * 500, gated=True)
    box = await open_scripted(backend=backend)
    started = await say(box, "Hello")
    backend.let(20)
    await wait_for_text(box, started.turn.turn_id, 5)
    await step_until(backend, box.desk.belongings.delete_all(box.person, CONFIRMATION))
    assert not backend.open
    assert box.desk.runner.open_count == 0
    assert rows(box, "SELECT count(*) FROM turns") == [(0,)]


async def test_an_import_that_runs_is_ended_first(box):
    large = own_file(*(own_conversation("x" * 2000) for _ in range(5_000)))
    importing = asyncio.create_task(bring(box, large))
    while rows(box, "SELECT count(*) FROM conversations") == [(0,)]:
        await asyncio.sleep(0)
    await box.desk.belongings.delete_all(box.person, CONFIRMATION)
    await asyncio.gather(importing, return_exceptions=True)
    assert rows(box, "SELECT count(*) FROM conversations") == [(0,)]


async def test_what_others_have_stays(box, eve):
    mine, theirs = own_conversation("Mine"), own_conversation("Theirs")
    await bring(box, own_file(mine))
    await bring(box, own_file(theirs), eve)
    await box.desk.belongings.delete_all(eve, CONFIRMATION)
    assert rows(box, "SELECT content FROM messages") == [("Mine",)]
    assert await box.desk.belongings.count(eve) == Holdings(0, 0, 0)
    assert b"Mine" in await whole(await box.desk.takeout.all_as_json(box.person))


@pytest.mark.parametrize("words", ["", "yes", "delete", "delete everything now"])
async def test_without_the_right_words_nothing_is_deleted(box, words):
    await talk(box, "Hello")
    with pytest.raises(InvalidInput, match="Nothing was deleted"):
        await box.desk.belongings.delete_all(box.person, words)
    assert (await box.desk.belongings.count(box.person)).conversations == 1


async def test_the_words_may_be_typed_as_people_type(box):
    assert await box.desk.belongings.delete_all(
        box.person, "  Delete   EVERYTHING "
    ) == DeleteReceipt(0, 0, 0)


async def test_many_conversations_go_in_few_commits(box):
    await bring(box, own_file(*(own_conversation("Hi") for _ in range(3 * BATCH))))
    before = box.desk.database.commits
    receipt = await box.desk.belongings.delete_all(box.person, CONFIRMATION)
    assert receipt.conversations == 3 * BATCH
    assert box.desk.database.commits - before <= 5


async def test_the_box_is_as_new_afterwards(box):
    await talk(box, "Hello")
    await box.desk.belongings.delete_all(box.person, CONFIRMATION)
    await talk(box, "Hello again")
    assert rows(box, "SELECT title FROM conversations") == [("Hello again",)]


async def test_it_counts_what_there_is(box):
    await bring(box, own_file(own_conversation("Tea", "차"), own_conversation("!")))
    assert await box.desk.belongings.count(box.person) == Holdings(2, 3, 3 + 3 + 1)


async def test_a_table_that_is_added_later_is_emptied_too(box):
    async with box.desk.database.write() as tx:
        await tx.execute(
            "CREATE TABLE notes (note TEXT, person_key INTEGER REFERENCES people) STRICT"
        )
        await tx.execute("INSERT INTO notes VALUES (?, ?)", (CANARY, box.person.person_key))
        assert "notes" in await holdings.tables(tx)
    await box.desk.belongings.delete_all(box.person, CONFIRMATION)
    assert rows(box, "SELECT count(*) FROM notes") == [(0,)]
    assert traces_on_disk(box) == []
