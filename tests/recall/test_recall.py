"""What a search brings back, and what it must not."""

from kept_conversations import keep, stranger_in

from appliance.conversations.conversation import Role
from appliance.recall.documents import NamedDocument
from appliance.recall.found import DocumentSource, MessageSource
from appliance.recall.recall import Recall
from appliance.store import chunks, conversations, holdings, messages
from appliance.store.chunk_scope import EVERYBODY
from appliance.store.chunks import Passage


async def test_a_message_comes_back_with_its_source_and_what_stood_around_it(remembering, person):
    conversation, said = await keep(
        remembering.database, person, "Pets", "Do otters sleep?", "Otters hold hands.", "How sweet"
    )
    await remembering.indexer.work_off()
    (found,) = [
        each
        for each in await remembering.recall.search(person, "hold hands")
        if each.text == "Otters hold hands."
    ]
    assert found.source == MessageSource(
        conversation.conversation_id, said[1].message_id, Role.ASSISTANT, "Pets"
    )
    assert (found.before, found.after) == ("Do otters sleep?", "How sweet")


async def test_the_conversation_being_answered_is_left_out(remembering, person):
    here, _ = await keep(remembering.database, person, "Here", "The zeppelin lands at noon.")
    await keep(remembering.database, person, "There", "The zeppelin is silver.")
    await remembering.indexer.work_off()
    texts = await remembering.texts(person, "zeppelin", without=here.conversation_id)
    assert texts == ["The zeppelin is silver."]


async def test_a_conversation_can_be_left_out_of_recall_and_taken_in_again(remembering, person):
    kept, _ = await keep(remembering.database, person, "Gift", "The zeppelin is a present.")
    key, conversation_id = person.person_key, kept.conversation_id
    await remembering.indexer.work_off()
    for is_recalled in (False, True):
        async with remembering.database.write() as tx:
            assert await chunks.set_recalled(tx, key, conversation_id, is_recalled)
        await remembering.indexer.work_off()
        assert bool(await remembering.texts(person, "zeppelin")) is is_recalled
    async with remembering.database.write() as tx:
        assert not await chunks.set_recalled(tx, key, "0" * 32, False)


async def test_what_is_said_in_a_conversation_that_is_left_out_is_not_indexed(remembering, person):
    kept, _ = await keep(remembering.database, person, "Gift", "The zeppelin is a present.")
    async with remembering.database.write() as tx:
        await chunks.set_recalled(tx, person.person_key, kept.conversation_id, False)
    await remembering.indexer.work_off()
    async with remembering.database.read() as reader:
        assert await reader.execute_fetchall("SELECT * FROM chunks") == []


async def test_a_library_is_its_owners_and_everybodys_is_all_mens(remembering, person):
    stranger = await stranger_in(remembering.database)
    kept, _ = await keep(remembering.database, person, "Here", "Hello!")
    async with remembering.database.write() as tx:
        ((key,),) = await tx.execute_fetchall("SELECT conversation_key FROM conversations")
        own = person.person_key
        await chunks.insert_of_document(tx, own, 1, [Passage(1, "zeppelin of mine")], 1)
        await chunks.insert_of_document(tx, EVERYBODY, 2, [Passage(1, "zeppelin of all", 7)], 1)
        await chunks.insert_of_document(tx, own, 3, [Passage(1, "zeppelin of here")], 1, key)
    await remembering.indexer.work_off()

    async def named(reader, person_key, document_keys):
        return {key: NamedDocument(f"id{key}", f"{key}.pdf") for key in document_keys}

    recall = Recall(remembering.database, remembering.models, named)

    async def texts(who, **asked):
        return {each.text for each in await recall.search(who, "zeppelin", **asked)}

    assert await texts(person) == {"zeppelin of mine", "zeppelin of all"}
    here = {"conversation": kept.conversation_id}
    assert await texts(person, **here) == {
        *("zeppelin of mine", "zeppelin of all", "zeppelin of here")
    }
    assert await texts(stranger, **here) == {"zeppelin of all"}
    (found,) = await recall.search(stranger, "zeppelin")
    assert found.source == DocumentSource("id2", 1, "2.pdf", 7, "")


async def test_the_same_text_comes_back_once(remembering, person):
    for _ in range(3):
        await keep(remembering.database, person, "Again", "The zeppelin is silver and long.")
    await remembering.indexer.work_off()
    assert len(await remembering.texts(person, "silver zeppelin")) == 1


async def test_a_question_of_any_length_and_kind_is_answered(remembering, person):
    await keep(remembering.database, person, "Air", "The zeppelin is silver.")
    await remembering.indexer.work_off()
    for question in ("zeppelin " * 6_000, "\0", '"; DROP TABLE chunks; --', "NEAR(a b)", "*"):
        await remembering.texts(person, question)
    assert await remembering.texts(person, "zeppelin " * 6_000)


async def test_nothing_is_left_of_what_was_deleted(remembering, person):
    pets, _ = await keep(remembering.database, person, "Pets", "Otters hold hands.", "They float.")
    _, said = await keep(remembering.database, person, "Air", "Zeppelins.", "They float, too.")
    await remembering.indexer.work_off()
    async with remembering.database.write() as tx:
        await conversations.delete(tx, person.person_key, pets.conversation_id)
        await messages.delete_pair(tx, person.person_key, said[0].message_id)
    assert await rows_of_the_index(remembering.database) == {0}


async def test_nothing_is_left_of_a_person_who_goes(remembering, person):
    stranger = await stranger_in(remembering.database)
    await keep(remembering.database, stranger, "Pets", "Otters hold hands.", "They float.")
    async with remembering.database.write() as tx:
        await chunks.insert_of_document(tx, stranger.person_key, 1, [Passage(1, "otter")], 1)
    await remembering.indexer.work_off()
    async with remembering.database.write() as tx:
        await holdings.erase(tx, stranger.person_key)
    assert await rows_of_the_index(remembering.database) == {0}


async def rows_of_the_index(database):
    """How many rows its tables have, those inside FTS5 and vec0 too."""
    async with database.read() as reader:
        (space,) = await reader.execute_fetchall("SELECT space_key FROM spaces")
        counts = set()
        for table in (
            *("chunks", "chunk_terms_docsize", f"chunk_vectors_{space[0]}"),
            f"chunk_vectors_{space[0]}_rowids",
        ):
            ((rows,),) = await reader.execute_fetchall(f"SELECT count(*) FROM {table}")
            counts.add(rows)
    assert await database.truncate_wal()
    assert b"otter" not in database.path.read_bytes()
    return counts


async def test_an_index_that_is_replaced_while_somebody_searches_is_not_missed(
    remembering, person, monkeypatch
):
    await keep(remembering.database, person, "Air", "The zeppelin lands at noon.")
    await remembering.indexer.work_off()
    vector = remembering.recall._vector

    async def replaced_meanwhile(model, text):
        found = await vector(model, text)
        await remembering.indexer.begin_anew()
        await remembering.indexer.work_off()
        return found

    monkeypatch.setattr(remembering.recall, "_vector", replaced_meanwhile)
    (found,) = await remembering.recall.search(person, "When does the zeppelin land?")
    assert "noon" in found.text
