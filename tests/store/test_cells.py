"""A sealed person's words on the disk: ciphertext in every cell, which opens in its place alone."""

import pytest
from kept_conversations import add
from pysqlite3 import dbapi2 as sqlite
from sealing import KEY, new_seal, seal_now

from appliance.accounts.keyring import MARK, Keyring
from appliance.conversations.conversation import Conversation, Folder, Message, Role, new_id
from appliance.conversations.fact import Fact, Topic
from appliance.conversations.turn import Turn, TurnStatus
from appliance.errors import AccountClosed, StoreError
from appliance.store import (
    chunks,
    conversations,
    facts,
    folders,
    holdings,
    message_terms,
    messages,
    sealing,
    seals,
    search,
    summaries,
    title_terms,
    turns,
    whole_conversations,
)
from appliance.store.cells import CELLS
from appliance.store.database import Database

OTHER_KEY = b"\7" * 32
# What no person wrote and no model said: ids, digests, kinds, numbers as text.
NO_WORDS = {
    ("conversations", "conversation_id"),
    ("conversations", "titled_by"),
    # A sealed account has no documents: it is refused while there are some.
    ("documents", "document_id"),
    ("documents", "name"),
    ("documents", "kind"),
    ("documents", "state"),
    ("documents", "why"),
    ("documents", "folder_path"),
    ("documents", "folder_stamp"),
    ("facts", "fact_id"),
    ("facts", "superseded_by"),
    ("folders", "folder_id"),
    ("messages", "message_id"),
    ("messages", "role"),
    ("messages", "client_message_id"),
    # Copies for others, who have no key: they stay as they are, so sealing an account deletes them.
    ("shared_links", "link_id"),
    ("shared_links", "secret_hash"),
    ("shared_links", "title"),
    ("shared_messages", "role"),
    ("shared_messages", "content"),
    ("summaries", "summary_id"),
    ("summaries", "model_sha256"),
    ("summaries", "branch_keys"),
    ("turns", "turn_id"),
    ("turns", "status"),
    ("turns", "finish_reason"),
    ("turns", "model_sha256"),
}


@pytest.fixture
def keyring():
    return Keyring()


@pytest.fixture
async def database(path, keyring):
    database = await Database.open(path, keyring)
    yield database
    await database.close()


async def fill(database, person, word):
    """Something in every cell, with that word in it."""
    async with database.write() as tx:
        conversation, said = await add(tx, person, f"{word} title", f"{word} asked", f"{word} said")
        folder = Folder(new_id(), f"{word} folder")
        await folders.insert(tx, person.person_key, folder, 1)
        passage = chunks.Passage(1, f"{word} passage", heading=f"{word} heading")
        await chunks.insert_of_document(tx, person.person_key, 1, [passage], 1)
        turn = Turn(
            new_id(),
            conversation.conversation_id,
            said[0].message_id,
            None,
            TurnStatus.FAILED,
            1,
            checkpoint=f"{word} so far",
            error=f"{word} failed",
            sampling={"stop": word},
            prompt_record={"model_name": word},
        )
        await turns.insert(tx, person.person_key, turn)
        await summaries.insert(
            tx,
            person.person_key,
            summary_id=new_id(),
            conversation_id=conversation.conversation_id,
            first_message_id=said[0].message_id,
            last_message_id=said[1].message_id,
            message_count=2,
            created_at=1,
            model_sha256="",
            content=f"{word} in short",
        )
        await facts.insert(tx, person.person_key, fact_of(conversation, said, f"{word} it is"))
    return conversation, said, folder, turn


def fact_of(conversation, said, content):
    ids = (new_id(), conversation.conversation_id, said[0].message_id)
    return Fact(*ids, Topic.HEALTH, content, 1, 90)


async def everything(database, person, conversation, said, folder, turn):
    """All of it, as whoever reads it gets it."""
    key, conversation_id = person.person_key, conversation.conversation_id
    async with database.read() as reader:
        outline = await whole_conversations.outline(reader, key, conversation_id)
        return (
            await conversations.find(reader, key, conversation_id),
            await conversations.list_recent(reader, key),
            await messages.branch(reader, key, conversation_id, said[-1].message_id),
            await folders.list_all(reader, key),
            await folders.find(reader, key, folder.folder_id),
            await folders.find_by_name(reader, key, folder.name),
            await turns.find(reader, key, turn.turn_id),
            await summaries.on_branch(reader, key, conversation_id, said[-1].message_id),
            await chunks.of_document(reader, key, 1),
            await facts.list_all(reader, key),
            outline,
            await whole_conversations.message_page(reader, key, outline, 0, 100),
            await whole_conversations.turn_page(reader, key, outline, 0, 100),
        )


def cells_of(path, person):
    """What the file has in every cell of a person's."""
    with sqlite.connect(str(path)) as connection:
        return {
            cell: [
                row[0]
                for row in connection.execute(
                    f"SELECT {cell.column} FROM {cell.table} WHERE person_key = ?",
                    (person.person_key,),
                )
            ]
            for cell in CELLS
        }


async def test_sealing_changes_nothing_but_the_file(database, path, keyring, person):
    theirs = await fill(database, person, "zanzibar")
    before = await everything(database, person, *theirs)
    assert all(cells_of(path, person).values())
    await seal_now(database, keyring, person)
    assert await everything(database, person, *theirs) == before
    for cell, values in cells_of(path, person).items():
        assert values and all(value.startswith(MARK) for value in values), cell.column


async def test_what_is_written_afterwards_is_sealed_too(database, path, keyring, person):
    await seal_now(database, keyring, person)
    theirs = await fill(database, person, "zanzibar")
    *_, folder, turn = theirs
    for cell, values in cells_of(path, person).items():
        assert values and all(value.startswith(MARK) for value in values), cell.column
    found = await everything(database, person, *theirs)
    assert found[0].title == "zanzibar title" and found[5] == folder
    assert [message.content for message in found[2]] == ["zanzibar asked", "zanzibar said"]
    assert (found[6].checkpoint, found[6].error) == ("zanzibar so far", "zanzibar failed")
    assert (found[6].sampling, found[6].prompt_record) == (turn.sampling, turn.prompt_record)
    assert found[7][0].content == "zanzibar in short"


async def test_every_way_to_change_a_cell_seals_it(database, path, keyring, person):
    await seal_now(database, keyring, person)
    conversation, said, folder, _ = await fill(database, person, "before")
    key = person.person_key
    turn = Turn(
        new_id(),
        conversation.conversation_id,
        said[0].message_id,
        None,
        TurnStatus.WAITING,
        1,
    )
    async with database.write() as tx:
        await conversations.rename(tx, key, conversation.conversation_id, "zanzibar")
        await folders.rename(tx, key, folder.folder_id, "zanzibar")
        assert await messages.extend(tx, key, said[1].message_id, "before said, zanzibar")
        assert not await messages.extend(tx, key, said[1].message_id, "another beginning")
        found = await summaries.on_branch(tx, key, conversation.conversation_id, said[1].message_id)
        await summaries.rewrite(tx, key, found[0].summary_id, "zanzibar")
        (fact,) = await facts.list_all(tx, key)
        await facts.rewrite(tx, key, fact.fact_id, "zanzibar")
        await turns.insert(tx, key, turn)
        await turns.start(tx, key, turn.turn_id, {"model_name": "zanzibar"}, "", 1)
        await turns.checkpoint(tx, key, turn.turn_id, "zanzibar")
        assert (await turns.find(tx, key, turn.turn_id)).checkpoint == "zanzibar"
        await turns.pause(tx, key, turn.turn_id, "zanzibar, zanzibar")
        (waiting,) = await turns.unfinished_of(tx, key)
        assert waiting.checkpoint == "zanzibar, zanzibar"
    for cell, values in cells_of(path, person).items():
        assert all(value is None or value.startswith(MARK) for value in values), cell.column
    async with database.read() as reader:
        found = await messages.find(reader, key, said[1].message_id)
        assert found.content == "before said, zanzibar"


async def test_a_conversation_that_is_brought_in_is_sealed(database, path, keyring, person):
    await seal_now(database, keyring, person)
    conversation = Conversation(new_id(), "zanzibar", 1, 1)
    message = Message(new_id(), conversation.conversation_id, None, Role.USER, "zanzibar", 1)
    turn = Turn(
        new_id(),
        conversation.conversation_id,
        message.message_id,
        None,
        TurnStatus.FAILED,
        1,
        checkpoint="zanzibar",
        error="zanzibar",
    )
    async with database.write() as tx:
        await whole_conversations.insert(tx, person.person_key, conversation, [message], [turn])
    for values in cells_of(path, person).values():
        assert all(value.startswith(MARK) for value in values)
    async with database.read() as reader:
        assert await conversations.list_recent(reader, person.person_key) == (
            Conversation(conversation.conversation_id, "zanzibar", 1, 1),
        )


async def test_unsealing_gives_all_back_as_it_was(database, path, keyring, person):
    theirs = await fill(database, person, "zanzibar")
    before, in_file = await everything(database, person, *theirs), cells_of(path, person)
    seal = await seal_now(database, keyring, person)
    async with database.write() as tx:
        await sealing.unseal_all(tx, person.person_key, seal, lambda rows: None)
    keyring.close_all()
    assert cells_of(path, person) == in_file
    assert await everything(database, person, *theirs) == before
    async with database.read() as reader:
        assert await search.messages_matching(reader, person.person_key, '"zanzibar"', 10)
        assert await search.titles_matching(reader, person.person_key, '"zanzibar"', 10)


async def test_a_closed_account_can_be_neither_read_nor_written_but_deleted(
    database, keyring, person
):
    conversation, *_ = await fill(database, person, "zanzibar")
    await seal_now(database, keyring, person)
    keyring.close_all()
    with pytest.raises(AccountClosed, match="Sign in with its password"):
        async with database.read() as reader:
            await conversations.list_recent(reader, person.person_key)
    with pytest.raises(AccountClosed):
        async with database.write() as tx:
            await conversations.rename(tx, person.person_key, conversation.conversation_id, "new")
    async with database.write() as tx:
        assert await turns.any_open(tx, person.person_key) is False
        await conversations.delete(tx, person.person_key, conversation.conversation_id)
        assert await holdings.erase(tx, person.person_key) == 1
        assert await seals.find(tx, person.person_key) is not None


async def test_others_are_not_concerned(database, path, keyring, person, stranger):
    theirs = await fill(database, stranger, "other")
    in_file = cells_of(path, stranger)
    before = await everything(database, stranger, *theirs)
    await fill(database, person, "zanzibar")
    await seal_now(database, keyring, person)
    keyring.close_all()
    assert cells_of(path, stranger) == in_file
    assert await everything(database, stranger, *theirs) == before


async def test_a_message_that_looks_sealed_is_a_message(database, keyring, person, stranger):
    looks = f"{MARK}AAAA"
    async with database.write() as tx:
        _, plain = await add(tx, stranger, looks, looks)
        _, said = await add(tx, person, looks, looks)
    await seal_now(database, keyring, person)
    async with database.read() as reader:
        for owner, message in ((stranger, plain[0]), (person, said[0])):
            found = await messages.find(reader, owner.person_key, message.message_id)
            assert found.content == looks


SWAPS = {
    "rows of one person": (
        "UPDATE messages SET content = (SELECT content FROM messages o WHERE o.message_id = :b) "
        "WHERE message_id = :a"
    ),
    "columns": (
        "UPDATE messages SET content = (SELECT title FROM conversations c "
        "WHERE c.conversation_key = messages.conversation_key) WHERE message_id = :a"
    ),
    "people": (
        "UPDATE messages SET content = (SELECT content FROM messages o WHERE o.message_id = :c) "
        "WHERE message_id = :a"
    ),
    "a piece cut off": "UPDATE messages SET content = substr(content, 1, 30) WHERE message_id = :a",
    "a bit": (
        "UPDATE messages SET content = substr(content, 1, 20) || "
        "iif(substr(content, 21, 1) = 'A', 'B', 'A') || substr(content, 22) WHERE message_id = :a"
    ),
    "plain words": "UPDATE messages SET content = 'plain words' WHERE message_id = :a",
    "nothing": "UPDATE messages SET content = '' WHERE message_id = :a",
}


@pytest.mark.parametrize("sql", SWAPS.values(), ids=SWAPS)
async def test_what_somebody_changed_in_the_file_is_refused(
    database, path, keyring, person, stranger, sql
):
    async with database.write() as tx:
        _, said = await add(tx, person, "Tea", "asked", "said")
        _, theirs = await add(tx, stranger, "Other", "theirs")
    await seal_now(database, keyring, person)
    await seal_now(database, keyring, stranger, OTHER_KEY)
    ids = {"a": said[0].message_id, "b": said[1].message_id, "c": theirs[0].message_id}
    async with database.write() as tx:
        await tx.execute(sql, ids)
    with pytest.raises(StoreError, match="not as it was sealed"):
        async with database.read() as reader:
            await messages.find(reader, person.person_key, said[0].message_id)
    async with database.read() as reader:
        untouched = await messages.find(reader, person.person_key, said[1].message_id)
        assert untouched.content == "said"


async def test_with_another_key_nothing_opens(database, keyring, person):
    async with database.write() as tx:
        _, said = await add(tx, person, "Tea", "asked")
    seal = await seal_now(database, keyring, person)
    keyring.close_all()
    keyring.open(seal.seal_id, OTHER_KEY)
    with pytest.raises(StoreError, match="not as it was sealed"):
        async with database.read() as reader:
            await messages.find(reader, person.person_key, said[0].message_id)


async def test_no_index_knows_a_sealed_account(database, keyring, person):
    await fill(database, person, "before")
    await seal_now(database, keyring, person)
    await fill(database, person, "afterwards")
    async with database.write() as tx:
        for match in ('"before"', '"afterwards"'):
            assert not await search.anything_matching(tx, person.person_key, match)
        for table in ("message_terms", "title_terms"):
            rows = await tx.execute_fetchall(f"SELECT count(*) FROM {table}_docsize")
            assert list(rows) == [(0,)]
        await message_terms.index_anew(tx)
        await title_terms.index_anew(tx)
        assert not await search.anything_matching(tx, person.person_key, '"before"')


async def test_a_reader_sees_one_moment_also_while_an_account_is_being_sealed(
    database, keyring, person
):
    async with database.write() as tx:
        _, said = await add(tx, person, "Tea", "asked")
    async with database.read() as before:
        assert await conversations.list_recent(before, person.person_key)
        await seal_now(database, keyring, person)
        found = await messages.find(before, person.person_key, said[0].message_id)
        assert found.content == "asked"
        async with database.read() as after:
            found = await messages.find(after, person.person_key, said[0].message_id)
            assert found.content == "asked"
            assert await seals.find(after, person.person_key)
        assert await seals.find(before, person.person_key) is None


async def test_a_sealing_that_breaks_off_changes_nothing(database, path, keyring, person):
    theirs = await fill(database, person, "zanzibar")
    before = cells_of(path, person)

    def break_off(rows: int) -> None:
        raise KeyError

    with pytest.raises(KeyError):
        async with database.write() as tx:
            seal = new_seal()
            keyring.open(seal.seal_id, KEY)
            await sealing.seal_all(tx, person.person_key, seal, break_off)
    assert cells_of(path, person) == before
    async with database.read() as reader:
        assert await search.anything_matching(reader, person.person_key, '"zanzibar"')
    assert (await everything(database, person, *theirs))[0].title == "zanzibar title"


async def test_open_turns_of_a_sealed_account_wait_for_their_person(database, keyring, person):
    conversation, said, *_ = await fill(database, person, "zanzibar")
    turn = Turn(
        new_id(), conversation.conversation_id, said[0].message_id, None, TurnStatus.WAITING, 1
    )
    await seal_now(database, keyring, person)
    async with database.write() as tx:
        await turns.insert(tx, person.person_key, turn)
    keyring.close_all()
    async with database.read() as reader:
        assert await turns.unfinished(reader) == ()
        assert await turns.any_open(reader, person.person_key)


async def test_every_column_that_may_hold_words_is_a_cell(database):
    """A new table with words is sealed, or stands here with the reason why it need not be."""
    async with database.read() as reader:
        found = set()
        for table in await holdings.tables(reader):
            columns = await reader.execute_fetchall(f"PRAGMA table_info({table})")
            found |= {(table, name) for _, name, kind, *_ in columns if kind in ("TEXT", "BLOB")}
    assert found - NO_WORDS == {(cell.table, cell.column) for cell in CELLS}
