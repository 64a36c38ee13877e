from dataclasses import replace

import pytest

from appliance.conversations.conversation import Conversation, Role, TitledBy, new_id
from appliance.errors import NotFound, StoreError
from appliance.store import conversations, messages, summaries

CANARY = "the-canary-sings-at-midnight"


@pytest.fixture
async def chain(database, person, add_chain):
    async with database.write() as tx:
        return await add_chain(tx, person.person_key, 8)


@pytest.fixture
def add(database, person, conversation):
    async def add(first, last, count, content="In short.", key=None):
        summary_id = new_id()
        async with database.write() as tx:
            await summaries.insert(
                tx,
                key or person.person_key,
                summary_id=summary_id,
                conversation_id=conversation.conversation_id,
                first_message_id=first.message_id,
                last_message_id=last.message_id,
                message_count=count,
                created_at=5,
                model_sha256="abc",
                content=content,
            )
        return summary_id

    return add


@pytest.fixture
def on_branch(database, person, conversation):
    async def on_branch(leaf, key=None):
        async with database.read() as reader:
            found = await summaries.on_branch(
                reader, key or person.person_key, conversation.conversation_id, leaf.message_id
            )
        return [each.summary_id for each in found]

    return on_branch


async def test_a_summary_comes_back_with_what_it_covers(database, person, chain, add):
    summary_id = await add(chain[2], chain[5], 4)
    async with database.read() as reader:
        found = await summaries.find(reader, person.person_key, summary_id)
    assert found is not None
    assert found.conversation_id == chain[0].conversation_id
    assert (found.first_message_id, found.last_message_id) == (
        chain[2].message_id,
        chain[5].message_id,
    )
    assert found.first_key < found.last_key
    assert (found.message_count, found.first_at, found.last_at) == (4, 1000, 1000)
    assert (found.created_at, found.model_sha256, found.is_edited) == (5, "abc", False)
    assert found.content == "In short."


async def test_those_of_a_branch_are_found_by_how_far_they_reach(chain, add, on_branch):
    far, near = await add(chain[0], chain[5], 6), await add(chain[0], chain[3], 4)
    assert await on_branch(chain[7]) == [near, far]
    assert await on_branch(chain[5]) == [near, far]
    assert await on_branch(chain[4]) == [near]
    assert await on_branch(chain[2]) == []


async def test_one_of_another_branch_is_not_found(database, person, chain, say, add, on_branch):
    elsewhere = say("elsewhere", after=chain[3])
    async with database.write() as tx:
        await messages.insert(tx, person.person_key, elsewhere, None)
    shared, other = await add(chain[0], chain[3], 4), await add(chain[0], chain[5], 6)
    assert await on_branch(elsewhere) == [shared]
    assert await on_branch(chain[7]) == [shared, other]


async def test_one_whose_messages_are_not_all_there_is_refused(database, person, chain, say, add):
    with pytest.raises(NotFound):
        await add(chain[0], chain[5], 7)
    elsewhere = say("elsewhere", after=chain[0])
    async with database.write() as tx:
        await messages.insert(tx, person.person_key, elsewhere, None)
    with pytest.raises(NotFound):
        await add(elsewhere, chain[5], 2)
    with pytest.raises(NotFound):
        await add(chain[5], chain[0], 6)


async def test_another_person_finds_changes_and_deletes_nothing(
    database, person, stranger, conversation, chain, add, on_branch
):
    summary_id = await add(chain[0], chain[3], 4)
    key = stranger.person_key
    with pytest.raises(NotFound):
        await add(chain[0], chain[3], 4, key=key)
    assert await on_branch(chain[7], key) == []
    async with database.write() as tx:
        assert await summaries.find(tx, key, summary_id) is None
        assert not await summaries.rewrite(tx, key, summary_id, "mine")
        assert await summaries.delete(tx, key, [summary_id]) == 0
        assert await summaries.delete_made_beside(tx, key, summary_id) == 0
    async with database.read() as reader:
        found = await summaries.find(reader, person.person_key, summary_id)
    assert found is not None and found.content == "In short."


async def test_what_a_person_wrote_stays_when_what_the_model_made_beside_it_goes(
    database, person, chain, add, on_branch
):
    own, written = await add(chain[0], chain[1], 2), await add(chain[2], chain[3], 2)
    wider, after = await add(chain[0], chain[3], 4), await add(chain[4], chain[5], 2)
    async with database.write() as tx:
        assert await summaries.rewrite(tx, person.person_key, own, "My words.")
        assert await summaries.rewrite(tx, person.person_key, written, "And mine.")
        assert await summaries.delete_made_beside(tx, person.person_key, written) == 1
    assert await on_branch(chain[7]) == [own, written, after]
    assert wider not in await on_branch(chain[7])


@pytest.mark.parametrize(("deleted", "left"), [(7, 2), (6, 2), (5, 1), (4, 1), (3, 0), (1, 0)])
async def test_a_summary_goes_with_the_first_message_that_it_was_made_of(
    database, person, chain, add, on_branch, deleted, left
):
    await add(chain[0], chain[3], 4)
    await add(chain[4], chain[5], 2)
    async with database.write() as tx:
        for message in reversed(chain[deleted:]):
            await tx.execute("DELETE FROM messages WHERE message_id = ?", (message.message_id,))
    async with database.read() as reader:
        rows = await reader.execute_fetchall("SELECT count(*) FROM summaries")
    assert list(rows) == [(left,)]


async def test_deleting_a_message_of_another_branch_takes_no_summary_along(
    database, person, chain, say, add, on_branch
):
    elsewhere = say("elsewhere", after=chain[0])
    async with database.write() as tx:
        await messages.insert(tx, person.person_key, elsewhere, None)
    later = say("later", after=chain[7], role=Role.USER)
    async with database.write() as tx:
        await messages.insert(tx, person.person_key, later, None)
    summary_id = await add(chain[0], later, 9)
    async with database.write() as tx:
        await tx.execute("DELETE FROM messages WHERE message_id = ?", (elsewhere.message_id,))
    assert await on_branch(later) == [summary_id]


async def test_deleting_a_conversation_takes_its_summaries_and_their_text(
    database, path, person, conversation, chain, add
):
    await add(chain[0], chain[3], 4, content=CANARY)
    async with database.write() as tx:
        await conversations.delete(tx, person.person_key, conversation.conversation_id)
    assert await database.truncate_wal()
    on_disk = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert CANARY.encode() not in on_disk
    async with database.read() as reader:
        assert list(await reader.execute_fetchall("SELECT count(*) FROM summaries")) == [(0,)]


async def test_a_range_that_ends_before_it_begins_is_refused_by_the_schema(database, person):
    with pytest.raises(StoreError):
        async with database.write() as tx:
            await tx.execute(
                "INSERT INTO summaries (summary_id, person_key, conversation_key,"
                " first_message_key, last_message_key, created_at, model_sha256, branch_keys,"
                " content) VALUES ('s', ?, 1, 5, 4, 0, '', '[]', '')",
                (person.person_key,),
            )


@pytest.mark.parametrize(
    ("sql", "count"),
    [
        (summaries.FIND, 2),
        (summaries.ON_BRANCH, 3),
        (summaries.INSERT, 10),
        (summaries.PAGE, 4),
        (summaries.DELETE_MADE_BESIDE, 2),
        ("DELETE FROM messages WHERE message_id = ?", 1),
    ],
)
async def test_no_query_scans_a_table(database, sql, count):
    async with database.read() as reader:
        plan = await reader.execute_fetchall(f"EXPLAIN QUERY PLAN {sql}", (None,) * count)
    scans = [row[3] for row in plan if row[3].startswith("SCAN")]
    # Those of the walk, and lists of keys, are what is asked for.
    not_tables = ("walk", "of_conversation", "first", "json_each", "CONSTANT", "o ", "o\n")
    assert [scan for scan in scans if not scan.removeprefix("SCAN ").startswith(not_tables)] == []


async def test_the_model_gives_a_title_only_where_the_first_words_stand(database, person, stranger):
    conversation = Conversation(new_id(), "First words…", 1, 1, titled_by=TitledBy.BOX)
    conversation_id, key = conversation.conversation_id, person.person_key
    async with database.write() as tx:
        await conversations.insert(tx, key, conversation)
        assert not await conversations.title_by_model(
            tx, stranger.person_key, conversation_id, "Not mine"
        )
        assert await conversations.title_by_model(tx, key, conversation_id, "Rain")
        assert not await conversations.title_by_model(tx, key, conversation_id, "Snow")
        assert await conversations.find(tx, key, conversation_id) == replace(
            conversation, title="Rain", titled_by=TitledBy.MODEL
        )
        await conversations.rename(tx, key, conversation_id, "Mine")
        assert not await conversations.title_by_model(tx, key, conversation_id, "Snow")
        assert await conversations.find(tx, key, conversation_id) == replace(
            conversation, title="Mine", titled_by=TitledBy.PERSON
        )
