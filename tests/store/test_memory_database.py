"""A database in memory: the same doors as one in a file, and nothing on any disk."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from appliance.conversations.conversation import Conversation, Person, new_id
from appliance.errors import StoreError, StoreFull
from appliance.store import conversations, people
from appliance.store.database import Database
from appliance.store.rows import all_rows, first_row

LIMIT_BYTES = 4 * 1024 * 1024
FULL = "There is no room; delete something."


@pytest.fixture
async def memory() -> AsyncIterator[Database]:
    database = await Database.open_in_memory(LIMIT_BYTES, FULL)
    yield database
    await database.close()


async def add(database: Database, person: Person, title: str) -> Conversation:
    conversation = Conversation(new_id(), title, 1, 1)
    async with database.write() as tx:
        await people.remember(tx, person)
        await conversations.insert(tx, person.person_key, conversation)
    return conversation


async def titles(database: Database, person: Person) -> set[str]:
    async with database.read() as reader:
        listed = await conversations.list_recent(reader, person.person_key, 1000)
    return {conversation.title for conversation in listed}


ANN = Person(7, "a" * 32, "ann")


async def test_it_has_the_shape_of_one_in_a_file(memory: Database, tmp_path: Path) -> None:
    async def shape(database: Database) -> list[tuple[object, ...]]:
        async with database.read() as reader:
            sql = "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name"
            return await all_rows(reader, sql, ())

    in_file = await Database.open(tmp_path / "appliance.sqlite3")
    assert await shape(memory) == await shape(in_file)
    await in_file.close()


async def test_every_reader_sees_what_was_written(memory: Database) -> None:
    await add(memory, ANN, "first")
    async with memory.read() as one, memory.read() as other:
        for reader in (one, other):
            listed = await conversations.list_recent(reader, ANN.person_key)
            assert [conversation.title for conversation in listed] == ["first"]


async def test_a_reader_cannot_write(memory: Database) -> None:
    with pytest.raises(StoreError, match="readonly"):
        async with memory.read() as reader:
            await people.remember(reader, ANN)


async def test_many_who_write_and_read_at_once_all_get_through(memory: Database) -> None:
    async def write_and_read(number: int) -> None:
        await add(memory, ANN, f"{number}")
        assert f"{number}" in await titles(memory, ANN)

    await asyncio.gather(*(write_and_read(number) for number in range(100)))
    assert len(await titles(memory, ANN)) == 100


async def test_a_write_that_fails_takes_nothing_with_it(memory: Database) -> None:
    async def fail() -> None:
        async with memory.write() as tx:
            await conversations.insert(tx, ANN.person_key, Conversation(new_id(), "lost", 1, 1))
            raise KeyError

    await add(memory, ANN, "before")
    results = await asyncio.gather(fail(), add(memory, ANN, "beside"), return_exceptions=True)
    assert isinstance(results[0], KeyError)
    assert await titles(memory, ANN) == {"before", "beside"}


async def test_no_room_is_said_in_its_own_words_and_room_can_be_made(memory: Database) -> None:
    await add(memory, ANN, "small")
    with pytest.raises(StoreFull, match=FULL):
        await add(memory, ANN, "x" * LIMIT_BYTES)
    large = await add(memory, ANN, "x" * (LIMIT_BYTES // 2))
    with pytest.raises(StoreFull, match=FULL):
        await add(memory, ANN, "y" * (LIMIT_BYTES // 2))
    async with memory.write() as tx:
        await conversations.delete(tx, ANN.person_key, large.conversation_id)
    assert await memory.truncate_wal()
    await add(memory, ANN, "y" * (LIMIT_BYTES // 2))


async def test_two_of_them_know_nothing_of_each_other(memory: Database) -> None:
    await add(memory, ANN, "here")
    other = await Database.open_in_memory(LIMIT_BYTES, FULL)
    assert await titles(other, ANN) == set()
    await other.close()


async def test_it_opens_no_file_however_much_is_written(memory: Database) -> None:
    before = set(os.listdir("/proc/self/fd"))
    async with memory.write() as tx:
        await people.remember(tx, ANN)
        # More than any page cache holds, sorted without an index: what would spill, spills here.
        for _ in range(200):
            conversation = Conversation(new_id(), os.urandom(5000).hex(), 1, 1)
            await conversations.insert(tx, ANN.person_key, conversation)
        row = await first_row(tx, "SELECT title FROM conversations ORDER BY title DESC", ())
        assert row is not None
        opened = set(os.listdir("/proc/self/fd")) - before
        assert not [name for name in opened if os.path.isfile(f"/proc/self/fd/{name}")]
        journal = await first_row(tx, "PRAGMA journal_mode", ())
    assert journal == ("memory",)
