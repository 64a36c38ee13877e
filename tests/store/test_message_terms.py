"""The full-text index: kept with the messages, and of a deleted word nothing is left."""

import random
import string
from contextlib import suppress
from time import perf_counter

import pytest
from kept_conversations import add, keep
from pysqlite3 import dbapi2 as sqlite

from appliance.conversations.conversation import new_id
from appliance.recall.tokens import sought_by, terms_of
from appliance.store import (
    conversations,
    holdings,
    message_terms,
    opening,
    search,
    title_terms,
)
from appliance.store.database import Database
from appliance.store.migrations import MIGRATIONS, migrate
from appliance.store.signposts import first_term

CANARIES = ("zanzibarlighthouse", "금고비밀번호", "極秘暗号表")


@pytest.fixture
def found(database, person):
    """The texts that a question finds, best first."""

    async def found(question, owner=person, limit=100):
        async with database.read() as reader:
            rows = await search.messages_matching(
                reader, owner.person_key, sought_by(question).all_of_it, limit
            )
        return [row.message.content for row in rows]

    return found


def bytes_on_disk(path):
    return b"".join(file.read_bytes() for file in path.parent.iterdir())


async def check(database):
    """The indexes are whole, by FTS5's own account and by SQLite's, and hold what there is."""
    async with database.write() as tx:
        for table in ("message_terms", "title_terms"):
            await tx.execute(f"INSERT INTO {table} ({table}) VALUES ('integrity-check')")
        rows = await tx.execute_fetchall("PRAGMA integrity_check")
        for held, there in (
            ("SELECT id FROM message_terms_docsize", "SELECT message_key FROM messages"),
            ("SELECT rowid FROM title_terms", "SELECT conversation_key FROM conversations"),
        ):
            assert set(await tx.execute_fetchall(held)) == set(await tx.execute_fetchall(there))
    assert list(rows) == [("ok",)]


async def test_a_stored_message_is_found_by_its_words_at_once(database, person, found):
    await keep(database, person, "x", "The keepers of the lighthouse", "그 도서관에서 만나요")
    assert await found("keeper") == ["The keepers of the lighthouse"]
    assert await found("LIGHTHOUSES keeping") == []
    assert await found("서관") == ["그 도서관에서 만나요"]
    assert await found("관에서 만나") == ["그 도서관에서 만나요"]
    assert await found("관") == ["그 도서관에서 만나요"]
    assert await found("도서에서") == []


async def test_a_single_character_is_found_wherever_it_stands(database, person, found):
    await keep(database, person, "x", "강서", "서울", "은평")
    assert sorted(await found("서")) == ["강서", "서울"]


async def test_a_message_that_is_not_accepted_is_not_in_the_index(database, person, found, say):
    async def half():
        async with database.write() as tx:
            await add(tx, person, "x", "lighthouse")
            raise KeyError

    with pytest.raises(KeyError):
        await half()
    assert await found("lighthouse") == []
    await check(database)


async def test_nobody_finds_what_somebody_else_said(database, person, stranger, found):
    await keep(database, person, "Lighthouse", "The lighthouse")
    assert await found("lighthouse") == ["The lighthouse"]
    assert await found("lighthouse", owner=stranger) == []
    match = sought_by("lighthouse").all_of_it
    async with database.read() as reader:
        assert await search.anything_matching(reader, person.person_key, match)
        assert not await search.anything_matching(reader, stranger.person_key, match)
        assert await search.titles_matching(reader, stranger.person_key, match, 10) == ()


async def test_nobody_takes_somebody_elses_words_out_of_the_index(
    database, person, stranger, found
):
    conversation, said = await keep(database, person, "Lighthouse", "The lighthouse")
    async with database.write() as tx:
        await message_terms.unindex(tx, stranger.person_key, [said[0].message_id])
        await conversations.delete(tx, stranger.person_key, conversation.conversation_id)
    assert await found("lighthouse") == ["The lighthouse"]


async def test_a_text_that_grew_is_found_by_all_its_words(database, person, found):
    _, (message,) = await keep(database, person, "x", "the lighth")
    async with database.write() as tx:
        await message_terms.unindex(tx, person.person_key, [message.message_id])
        await tx.execute("UPDATE messages SET content = 'the lighthouse stands'")
        await message_terms.index(tx, person.person_key, [message.message_id])
    assert await found("lighthouse stands") == ["the lighthouse stands"]
    assert await found("lighth") == []
    await check(database)


async def test_taking_out_what_was_never_in_changes_nothing(database, person, found):
    conversation, said = await keep(database, person, "x", "lighthouse", "keeper")
    ids = [message.message_id for message in said]
    for _ in range(2):
        async with database.write() as tx:
            await message_terms.unindex(tx, person.person_key, [*ids, "unknown"])
    assert await found("lighthouse") == []
    async with database.write() as tx:
        await conversations.delete(tx, person.person_key, conversation.conversation_id)
    await check(database)


async def test_a_conversation_written_in_one_go_is_indexed_as_a_whole(database, person, found):
    conversation, said = await keep(database, person, "x", "lighthouse", "keeper")
    ids = (person.person_key, conversation.conversation_id)
    async with database.write() as tx:
        await message_terms.unindex(tx, person.person_key, [each.message_id for each in said])
        await message_terms.index_conversation(tx, *ids)
    assert await found("keeper") == ["keeper"]
    await check(database)


async def test_all_that_a_person_said_leaves_the_index_and_nothing_else(
    database, path, person, stranger, found
):
    await keep(database, person, "Zanzibar lights", "zanzibar lighthouse", "zanzibar keeper")
    await keep(database, stranger, "Lights", "another lighthouse")
    async with database.write() as tx:
        await message_terms.unindex_person(tx, person.person_key)
        await title_terms.unindex_person(tx, person.person_key)
        await tx.execute("UPDATE conversations SET leaf_key = NULL")
        for table in ("messages", "conversations"):
            await tx.execute(f"DELETE FROM {table} WHERE person_key = ?", (person.person_key,))
    await database.truncate_wal()
    assert b"zanzibar" not in bytes_on_disk(path)
    assert await found("lighthouse", owner=stranger) == ["another lighthouse"]
    await check(database)


async def test_a_title_is_found_under_its_present_name_only(database, person):
    conversation, _ = await keep(database, person, "Lighthouse keeping")
    key = person.person_key
    async with database.write() as tx:
        await conversations.rename(tx, key, conversation.conversation_id, "등대지기")
    async with database.read() as reader:
        for question, expected in (("lighthouse", []), ("등대", [conversation.conversation_id])):
            match = sought_by(question).all_of_it
            titles = await search.titles_matching(reader, key, match, 10)
            assert [each.conversation_id for each in titles] == expected
    await check(database)


@pytest.mark.parametrize("canary", CANARIES)
async def test_deleted_words_are_nowhere_in_the_file_not_even_in_pairs(
    database, path, person, found, canary
):
    traces = [term.encode() for term in terms_of(canary).split() if len(term) > 1]
    for number in range(50):
        await keep(database, person, f"other {number}", f"some other words {number} 다른 말")
    conversation, _ = await keep(database, person, f"My {canary}", f"{canary} is secret", canary)
    await database.truncate_wal()
    assert all(trace in bytes_on_disk(path) for trace in traces)
    async with database.write() as tx:
        await conversations.delete(tx, person.person_key, conversation.conversation_id)
    assert await database.truncate_wal()
    left = bytes_on_disk(path)
    assert [trace for trace in [canary.encode(), *traces] if trace in left] == []
    assert len(await found("other")) == 50
    await check(database)


def invented_words(count, seed):
    """Words that no text has by chance, many the same but for their last letters: so a signpost
    that tells one from the other has to be nearly the whole word.
    """
    chance = random.Random(seed)
    heads = ["".join(chance.choices(string.ascii_lowercase, k=8)) for _ in range(count // 100 + 1)]
    words = [f"{head}q{number:02}" for head in heads for number in range(100)][:count]
    chance.shuffle(words)
    return words


@pytest.mark.parametrize("seed", range(3))
async def test_of_thousands_of_deleted_words_not_one_is_left_on_a_page_or_a_signpost(
    database, path, person, seed
):
    """Many segments, pages and merges; half of all conversations go again, in any order."""
    chance = random.Random(seed)
    words = invented_words(6000, seed)
    chunks = [words[at : at + 60] for at in range(0, len(words), 60)]
    kept, gone = [], []
    for number, chunk in enumerate(chunks):
        conversation, _ = await keep(database, person, "x", " ".join(chunk))
        (gone if number % 2 else kept).append((conversation, chunk))
    chance.shuffle(gone)
    for conversation, _ in gone:
        async with database.write() as tx:
            await conversations.delete(tx, person.person_key, conversation.conversation_id)
    assert await database.truncate_wal()
    left = bytes_on_disk(path)
    assert [word for _, chunk in gone for word in chunk if word.encode() in left] == []
    await check(database)
    async with database.read() as reader:
        for conversation, chunk in kept:
            match = sought_by(" ".join(chunk[:5])).all_of_it
            (row,) = await search.messages_matching(reader, person.person_key, match, 2)
            assert row.message.conversation_id == conversation.conversation_id


@pytest.mark.parametrize(("own", "others"), [(3000, 3000), (3000, 1000)])
async def test_when_very_many_leave_at_once_not_one_word_is_left_and_others_stay(
    database, path, person, stranger, own, others
):
    gone, kept = invented_words(own, 1), invented_words(others, 2)
    for owner, words in ((person, gone), (stranger, kept)):
        for start in range(0, len(words), 100):
            await keep(database, owner, "x", " ".join(words[start : start + 100]))
    async with database.write() as tx:
        await message_terms.unindex_very_many(tx, person.person_key)
        await holdings.erase(tx, person.person_key)
    assert await database.truncate_wal()
    left = bytes_on_disk(path)
    assert [word for word in gone if word.encode() in left] == []
    await check(database)
    async with database.read() as reader:
        for word in kept[::50]:
            match = sought_by(word).all_of_it
            assert await search.messages_matching(reader, stranger.person_key, match, 2)


@pytest.mark.parametrize("others", [5, 40])
@pytest.mark.parametrize("is_broken_off", [False, True])
async def test_afterwards_a_deleted_word_goes_at_once_as_before(
    database, path, person, stranger, is_broken_off, others
):
    await keep(database, person, "x", *(f"lamp {number}" for number in range(20)))
    await keep(database, stranger, "x", *(f"door {number}" for number in range(others)))
    with suppress(KeyError):
        async with database.write() as tx:
            await message_terms.unindex_very_many(tx, person.person_key)
            if is_broken_off:
                raise KeyError
    await keep(database, stranger, "x", " ".join(invented_words(2000, 4)))
    words = invented_words(50, 3)
    conversation, _ = await keep(database, stranger, "x", " ".join(words))
    async with database.write() as tx:
        await conversations.delete(tx, stranger.person_key, conversation.conversation_id)
    assert await database.truncate_wal()
    left = bytes_on_disk(path)
    assert [word for word in words if word.encode() in left] == []


async def test_every_signpost_shows_the_beginning_of_a_word_that_is_there(database, path, person):
    chunks = [invented_words(400, seed) for seed in range(20)]
    made = [await keep(database, person, "x", " ".join(chunk)) for chunk in chunks]
    for conversation, _ in made[::2]:
        async with database.write() as tx:
            await conversations.delete(tx, person.person_key, conversation.conversation_id)
    connection = sqlite.connect(str(path))
    signposts = connection.execute(
        "SELECT i.term, d.block FROM message_terms_idx i"
        " JOIN message_terms_data d ON d.id = (i.segid << 37) + (i.pgno >> 1)"
    ).fetchall()
    connection.close()
    assert len(signposts) > 5
    assert all(first_term(page).startswith(signpost) for signpost, page in signposts)


async def test_messages_from_before_the_index_are_found_when_the_database_is_opened(
    path, monkeypatch
):
    opening.prepare_file(path)
    connection = await opening.open_writer(path)
    await migrate(connection, MIGRATIONS[:3])
    for statement in (
        "INSERT INTO people VALUES (1, 'p', 'you', 0)",
        "INSERT INTO conversations (conversation_id, person_key, title, activity, created_at,"
        " updated_at) VALUES ('c', 1, 'Old lamps', 1, 0, 0)",
        "INSERT INTO messages VALUES (1, 'm', 1, 1, NULL, 'user', 0, NULL, '오래된 등대')",
    ):
        await connection.execute(statement)
    await connection.close()

    async def found():
        database = await Database.open(path)
        async with database.read() as reader:
            texts = await search.messages_matching(reader, 1, sought_by("등대").all_of_it, 9)
            titles = await search.titles_matching(reader, 1, sought_by("lamp").all_of_it, 9)
        await check(database)
        await database.close()
        return [row.message.message_id for row in texts], [each.title for each in titles]

    for rules in ("1", "1", "2"):  # First made, then left as it is, then made by other rules.
        monkeypatch.setattr("appliance.store.derivations.RULES", rules)
        assert await found() == (["m"], ["Old lamps"])


async def test_among_ten_thousand_messages_the_best_are_one_query(database, person, conversation):
    said = [
        (new_id(), person.person_key, f"message {number} about the lighthouse")
        for number in range(10_000)
    ]
    async with database.write() as tx:
        await tx.executemany(
            "INSERT INTO messages (message_id, person_key, conversation_key, role, created_at,"
            " content) VALUES (?, ?, 1, 'user', 0, ?)",
            said,
        )
        await message_terms.index_conversation(tx, person.person_key, conversation.conversation_id)
    statements = []
    async with database.read() as reader:
        await reader.set_trace_callback(statements.append)
        began = perf_counter()
        rows = await search.messages_matching(reader, person.person_key, '"lighthouse"', 21, 40)
        print(f"searched in {1000 * (perf_counter() - began):.0f} ms")
        await reader.set_trace_callback(None)
    assert len(rows) == 21
    # The others are FTS5's own, of its own tables.
    assert sum("FROM messages" in each or "JOIN messages" in each for each in statements) == 1
