"""Documents as people use them: over a real database, real files and the real child process."""

import asyncio
import stat

import papers
import pytest
from kept_conversations import keep

from appliance.conversations.conversation import new_id
from appliance.conversations.turn import Turn, TurnStatus
from appliance.documents import files, intake
from appliance.documents.document import DocumentState, Place
from appliance.errors import InvalidInput, NotAllowed, NotFound, StoreFull
from appliance.store import conversations, documents, seals, turns
from appliance.store.chunks import EVERYBODY
from appliance.store.seals import Seal


async def test_what_is_put_in_is_read_and_can_be_found(shelf):
    content = papers.pdf(["The boiler is in the cellar.", "Its valve is blue."])
    document = await shelf.put(content, "C:\\house\\manual.pdf")
    assert (document.state, document.why) == (DocumentState.READY, "")
    assert (document.name, document.kind, document.pages) == ("manual.pdf", "pdf", 2)
    assert await shelf.texts(document) == ["The boiler is in the cellar.", "Its valve is blue."]
    assert shelf.noted.is_set(), "the indexer was told"
    (name,) = shelf.lying()
    path = shelf.directory / "documents" / name
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert path.read_bytes() == content
    found, file = await shelf.library.file(shelf.person, document.document_id)
    with file:
        assert (found.name, file.read()) == ("manual.pdf", content)


async def test_the_same_name_takes_the_place_of_the_older_one(shelf):
    old = await shelf.put(b"The valve is red.")
    new = await shelf.put(b"The valve is blue.")
    assert [each.document_id for each in await shelf.library.list(shelf.person)] == [
        new.document_id
    ]
    assert shelf.lying() == {new.document_id} and old.document_id != new.document_id
    assert await shelf.count("chunks") == 1


async def test_one_that_cannot_be_read_takes_nobodys_place(shelf):
    old = await shelf.put(b"The valve is red.")
    new = await shelf.put(b"\x89PNG" + bytes(20))
    assert new.state is DocumentState.REFUSED and "picture" in new.why
    listed = await shelf.library.list(shelf.person)
    assert [each.document_id for each in listed] == [new.document_id, old.document_id]
    assert shelf.lying() == {old.document_id}, "what is refused is not kept"


async def test_what_is_deleted_leaves_nothing(shelf):
    document = await shelf.put(b"The valve is blue.")
    assert (await shelf.library.delete(shelf.person, document.document_id)).passages == 1
    assert shelf.lying() == set()
    for table in ("documents", "chunks", "chunk_terms"):
        assert await shelf.count(table) == 0
    with pytest.raises(NotFound):
        await shelf.library.find(shelf.person, document.document_id)
    assert b"valve" not in (shelf.directory / "appliance.sqlite3").read_bytes()


async def test_what_prompts_quoted_of_a_deleted_document_is_let_go(shelf, eve):
    mine = await shelf.put(b"The valve is blue.")
    for_all = await shelf.put(b"The lid is red.", "lid.txt", Place(EVERYBODY))
    quoted = {}
    for person, document in ((shelf.person, mine), (shelf.person, for_all), (eve, for_all)):
        conversation, (question, *_) = await keep(shelf.database, person, "House", "Which?")
        turn = Turn(
            *(new_id(), conversation.conversation_id, question.message_id, None),
            *(TurnStatus.FINISHED, 1),
            prompt_record={"recalled": [{"document_id": document.document_id}]},
        )
        async with shelf.database.write() as tx:
            await turns.insert(tx, person.person_key, turn)
        quoted[person.person_id, document.document_id] = conversation.conversation_id
    await shelf.library.delete(shelf.person, mine.document_id)
    me, she = shelf.person.person_id, eve.person_id
    assert shelf.forgotten == [(me, quoted[me, mine.document_id])]
    await shelf.library.delete(shelf.person, for_all.document_id, is_admin=True)
    assert sorted(shelf.forgotten[1:]) == sorted(
        [(me, quoted[me, for_all.document_id]), (she, quoted[she, for_all.document_id])]
    )


async def test_what_goes_with_its_conversation_goes(shelf):
    conversation, _ = await keep(shelf.database, shelf.person, "House", "Hello.")
    place = Place(shelf.person.person_key, conversation.conversation_id)
    kept = await shelf.put(b"For all.", "a.txt")
    await shelf.put(b"The valve is blue.", "b.txt", place)
    found = await shelf.library.of_conversation(shelf.person, conversation.conversation_id)
    assert [each.name for each in found] == ["b.txt"]
    async with shelf.database.write() as tx:
        receipt = await conversations.delete(
            tx, shelf.person.person_key, conversation.conversation_id
        )
    assert receipt.documents == 1
    await shelf.library.sweep()
    assert shelf.lying() == {kept.document_id}
    assert await shelf.count("chunks") == 1


async def test_nobody_sees_what_is_anothers(shelf, eve):
    conversation, _ = await keep(shelf.database, shelf.person, "House", "Hello.")
    document = await shelf.put(b"The valve is blue.")
    assert await shelf.library.list(eve) == ()
    for ask in (
        shelf.library.find(eve, document.document_id),
        shelf.library.open(eve, document.document_id),
        shelf.library.file(eve, document.document_id),
        shelf.library.delete(eve, document.document_id, is_admin=True),
        shelf.library.of_conversation(eve, conversation.conversation_id),
        shelf.send(b"x", "x.txt", Place(eve.person_key, conversation.conversation_id)),
    ):
        with pytest.raises(NotFound):
            await ask
    assert len(await shelf.library.list(shelf.person)) == 1


async def test_everybody_sees_what_an_admin_put_in_for_all_and_only_admins_delete_it(shelf, eve):
    with pytest.raises(NotAllowed):
        shelf.library.place(eve, for_everybody=True)
    place = shelf.library.place(shelf.person, for_everybody=True, is_admin=True)
    document = await shelf.put(b"The valve is blue.", place=place)
    assert document.is_everybodys
    assert (await shelf.library.open(eve, document.document_id)).passages
    with pytest.raises(NotAllowed):
        await shelf.library.delete(eve, document.document_id)
    await shelf.library.end(shelf.person)
    assert shelf.lying() == {document.document_id}, "it is not the admin's own"
    await shelf.library.delete(eve, document.document_id, is_admin=True)
    assert shelf.lying() == set()


async def test_a_long_document_is_opened_in_parts(shelf):
    document = await shelf.put(papers.pdf([f"Page {n}." for n in range(1, 151)]), "long.pdf")
    opened = await shelf.library.open(shelf.person, document.document_id, passage=130)
    assert (opened.at, opened.count) == (3, 3)
    assert [each.number for each in opened.passages] == list(range(121, 151))
    last = await shelf.library.open(shelf.person, document.document_id, at=99)
    assert last.at == 3


async def test_too_large_a_file_is_refused_and_others_come_in(shelf):
    large = await shelf.put(b"x" * 2_000_001, "large.txt")
    assert large.state is DocumentState.REFUSED and "2 MB" in large.why
    for name in "ab":
        await shelf.put(b"word " * 300_000, name)
    full = await shelf.put(b"word " * 300_000, "c")
    assert full.state is DocumentState.REFUSED and "0.0 MB are left" in full.why
    assert len(shelf.lying()) == 2


async def test_many_files_at_once_come_in_one_after_the_other(shelf):
    for number in range(40):
        await shelf.send(f"Note {number}.".encode(), f"{number}.txt")
    while any(not each.state.is_final for each in await shelf.library.list(shelf.person)):
        await shelf.intake.wait_idle()
    listed = await shelf.library.list(shelf.person)
    assert [each.state for each in listed] == [DocumentState.READY] * 40


async def test_a_file_that_does_not_come_whole_is_not_kept(shelf):
    with pytest.raises(ConnectionError):
        async with shelf.library.receiving(Place(shelf.person.person_key), "a", 10) as arrival:
            await arrival.take(b"half")
            raise ConnectionError
    (document,) = await shelf.library.list(shelf.person)
    assert document.state is DocumentState.REFUSED and "did not come whole" in document.why
    assert shelf.lying() == set()


async def test_an_empty_file_is_refused(shelf):
    assert "empty" in (await shelf.put(b"")).why


async def test_a_full_disk_is_a_sentence_at_the_document(shelf, monkeypatch):
    monkeypatch.setattr(files, "KEPT_FREE_BYTES", 1 << 60)
    document = await shelf.put(b"Hello.")
    assert document.state is DocumentState.REFUSED and "not enough room" in document.why


async def test_reading_goes_on_when_the_disk_has_room_again(shelf, monkeypatch):
    insert, refused = intake.chunks.insert_of_document, []

    async def full_once(*arguments):
        if not refused:
            refused.append(shelf.intake.progress)
            raise StoreFull("The disk is full.")
        return await insert(*arguments)

    monkeypatch.setattr(intake.chunks, "insert_of_document", full_once)
    await shelf.send(papers.pdf(["One.", "Two."]), "a.pdf")
    async with asyncio.timeout(20):
        while not shelf.intake.trouble:
            await asyncio.sleep(0)
    assert shelf.intake.trouble == "The disk is full."
    shelf.intake.note()
    document = await shelf.put(b"Another.", "b.txt")
    listed = await shelf.library.list(shelf.person)
    assert [each.state for each in listed] == [DocumentState.READY] * 2
    assert await shelf.texts(listed[1]) == ["One.", "Two."]
    assert document.name == "b.txt" and shelf.intake.trouble == ""


async def test_a_box_that_was_stopped_in_the_midst_begins_the_document_anew(shelf, monkeypatch):
    reached, gate = asyncio.Event(), asyncio.Event()
    keep_passages = shelf.intake._keep

    async def gated(waiting, batch):
        kept = await keep_passages(waiting, batch)
        if shelf.intake.progress.passages:
            reached.set()
            await gate.wait()
        return kept

    monkeypatch.setattr(shelf.intake, "_keep", gated)
    await shelf.send(papers.pdf(["One.", "Two."]), "a.pdf")
    await reached.wait()
    await shelf.stop()
    monkeypatch.undo()
    (half,) = await shelf.library.list(shelf.person)
    async with shelf.database.write() as tx:
        place = Place(shelf.person.person_key)
        await documents.insert(tx, place, new_id(), "never came", 0)
    (shelf.directory / "documents" / "of-nobody").write_bytes(b"x")
    await shelf.intake.clear_up()
    shelf.start()
    document = await shelf.put(b"Three.", "b.txt")
    listed = await shelf.library.list(shelf.person)
    assert [each.name for each in listed] == ["b.txt", "a.pdf"]
    assert await shelf.texts(listed[1]) == ["One.", "Two."]
    assert shelf.lying() == {document.document_id, half.document_id}


async def test_one_that_is_deleted_while_it_is_read_leaves_nothing(shelf, monkeypatch):
    reading, gate = asyncio.Event(), asyncio.Event()
    keep_passages = shelf.intake._keep

    async def gated(waiting, batch):
        reading.set()
        await gate.wait()
        return await keep_passages(waiting, batch)

    monkeypatch.setattr(shelf.intake, "_keep", gated)
    await shelf.send(papers.pdf(["One.", "Two."]), "a.pdf")
    await reading.wait()
    (document,) = await shelf.library.list(shelf.person)
    await shelf.library.delete(shelf.person, document.document_id)
    gate.set()
    await shelf.intake.wait_idle()
    assert shelf.lying() == set() and await shelf.count("chunks") == 0


async def test_a_sealed_account_keeps_no_documents(shelf):
    async with shelf.database.write() as tx:
        await seals.insert(tx, shelf.person.person_key, Seal("s", "", "", 0))
    with pytest.raises(InvalidInput, match="sealed"):
        await shelf.send(b"Hello.")
    assert shelf.lying() == set() and await shelf.count("documents") == 0


async def test_a_temporary_conversation_takes_none(shelf):
    with pytest.raises(InvalidInput, match="temporary"):
        shelf.library.place(shelf.person, f"temporary-{new_id()}")
