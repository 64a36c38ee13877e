"""Documents as a browser sends, reads and deletes them; over real parts and the real child."""

import io
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import papers
import pytest
from browsers import browser
from conversation_steps import follow_to_end, say
from fakes import ScriptedBackend
from httpx import AsyncClient
from signed_in import account_of

from appliance.accounts.account import AccountRole
from appliance.accounts.recovery_code import last_group
from appliance.errors import Conflict
from appliance.lifespan import Box, open_box
from appliance.settings import Settings

LEAF = {"hx-request": "true"}


@pytest.fixture
async def box(tmp_path) -> AsyncIterator[Box]:
    settings = Settings(
        data_dir=tmp_path / "data",
        hot={"embedded": False},
        server={"names": ["box.test"]},
        assistant={"titles": False},
        documents={"file_mb": 1},
    )
    async with open_box(settings, lambda: ScriptedBackend(lambda _: "Yes.")) as box:
        yield box


@pytest.fixture
async def client(box) -> AsyncIterator[AsyncClient]:
    async with browser(box, "me") as client:
        yield client


@pytest.fixture
async def eve(box) -> AsyncIterator[AsyncClient]:
    async with browser(box, "eve") as client:
        yield client


@pytest.fixture
async def admin(box) -> AsyncIterator[AsyncClient]:
    async with browser(box, "root", AccountRole.ADMIN) as client:
        yield client


async def put(client, box, *files, token=None, headers=None, **fields):
    """As the form without scripts sends it; once all of it is read."""
    form = {"_csrf_token": client.cookies["csrf"] if token is None else token, **fields}
    sent = [("file", each) for each in files]
    answer = await client.post("/documents", data=form, files=sent, headers=headers or {})
    await box.documents.intake.wait_idle()
    return answer


async def only(box, name="me"):
    """The one document that somebody sees."""
    (document,) = await box.documents.library.list((await account_of(box, name)).person)
    return document


async def test_several_files_come_in_and_each_stands_by_itself(client, box):
    files = [("a.txt", b"The valve is blue."), ("b.png", b"\x89PNG" + bytes(9)), ("", b"")]
    files.append(("big.txt", b"x" * 1_000_001))
    answer = await put(client, box, *files)
    assert (answer.status_code, answer.headers["location"]) == (303, "/documents")
    page = (await client.get("/documents")).text
    assert "a.txt" in page and "1 passage" in page
    assert "the box cannot read writing in pictures" in page
    assert "larger than the 1 MB" in page


async def test_an_open_page_asks_for_the_list_alone(client, box):
    await put(client, box, ("<b>.txt", b"Hello."))
    piece = await client.get("/documents", headers=LEAF)
    assert piece.text.startswith('<div id="documents"') and "&lt;b&gt;.txt" in piece.text
    assert piece.headers["cache-control"] == "no-store"


async def test_a_passage_is_opened_where_it_stands(client, box):
    await put(client, box, ("long.pdf", papers.pdf([f"Page {n}, <i>." for n in range(1, 101)])))
    document = await only(box)
    page = (await client.get(f"/documents/{document.document_id}?passage=77")).text
    assert 'id="passage-77"' in page and 'id="passage-1"' not in page
    assert "Page 77, &lt;i&gt;." in page and "Part 2 of 2" in page


async def test_the_file_is_taken_along_and_never_shown(client, box):
    await put(client, box, ("집 & home.html", b"<html><script>alert(1)</script><p>Hello."))
    document = await only(box)
    answer = await client.get(f"/documents/{document.document_id}/file")
    assert answer.content.startswith(b"<html><script>")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_what_is_deleted_is_gone_and_its_receipt_says_so(client, box):
    await put(client, box, ("a.txt", b"The valve is blue."))
    document = await only(box)
    token = {"_csrf_token": client.cookies["csrf"]}
    gone = await client.post(f"/documents/{document.document_id}/deletion", data=token)
    assert "Deleted for good: a.txt, with its file and 1 passage." in gone.text
    again = await client.post(f"/documents/{document.document_id}/deletion", data=token)
    assert again.status_code == 404 and "no such document" in again.text


async def test_nobody_comes_to_what_is_anothers(client, eve, box):
    started = await say(box, "Hello.")
    await follow_to_end(box, started.turn.turn_id)
    await put(client, box, ("a.txt", b"zanzibar"))
    document = await only(box)
    path = f"/documents/{document.document_id}"
    token = {"_csrf_token": eve.cookies["csrf"]}
    for answer in (
        await eve.get(path),
        await eve.get(f"{path}/file"),
        await eve.post(f"{path}/deletion", data=token),
        await eve.get(f"/conversations/{started.conversation.conversation_id}/documents"),
        await put(
            *(eve, box, ("x.txt", b"x")),
            where="conversation",
            attach_to=started.conversation.conversation_id,
        ),
    ):
        assert answer.status_code == 404, answer.text
        assert "zanzibar" not in answer.text
    assert "a.txt" not in (await eve.get("/documents")).text
    assert (await only(box)).document_id == document.document_id


async def test_only_an_admin_puts_something_in_for_everybody(client, admin, box):
    refused = await put(client, box, ("a.txt", b"Hello."), where="everybody")
    assert refused.status_code == 403
    assert "For everybody on this box" not in (await client.get("/documents")).text
    await put(admin, box, ("a.txt", b"Hello."), where="everybody")
    page = (await client.get("/documents")).text
    assert "a.txt" in page and "for everybody" in page and "deletion" not in page
    document = await only(box)
    token = {"_csrf_token": client.cookies["csrf"]}
    path = f"/documents/{document.document_id}/deletion"
    assert (await client.post(path, data=token)).status_code == 403
    token = {"_csrf_token": admin.cookies["csrf"]}
    assert (await admin.post(path, data=token)).status_code == 200
    acts = [each.act for each in await box.door.audit.list()]
    assert acts[:2] == ["document removed for everybody", "document added for everybody"]


async def test_a_form_without_its_token_changes_nothing(client, box):
    answer = await put(client, box, ("a.txt", b"Hello."), token="wrong")
    assert answer.status_code == 403
    assert await box.documents.library.list((await account_of(box, "me")).person) == ()


async def test_a_form_without_a_file_says_what_to_do(client, box):
    answer = await put(client, box)
    assert answer.status_code == 422 and "Choose a file first" in answer.text


async def test_the_composer_puts_documents_into_its_conversation(client, box):
    started = await say(box, "Hello.")
    await follow_to_end(box, started.turn.turn_id)
    conversation_id = started.conversation.conversation_id
    fields = {"where": "conversation", "attach_to": conversation_id}
    answer = await put(client, box, ("a.txt", b"Hello."), headers=LEAF, **fields)
    assert 'hx-target="#attached"' in answer.text and "a.txt" in answer.text
    listed = await client.get(f"/conversations/{conversation_id}/documents", headers=LEAF)
    assert "a.txt" in listed.text and "every 1s" not in listed.text
    assert conversation_id in (await client.get("/documents")).text
    token = {"x-csrf-token": client.cookies["csrf"], **LEAF}
    gone = await client.delete(f"/conversations/{conversation_id}", headers=token)
    assert "1 document" in gone.text
    assert "a.txt" not in (await client.get("/documents")).text


async def test_documents_begin_a_conversation(client, box):
    fields = {"where": "conversation", "attach_to": ""}
    answer = await put(client, box, ("보일러.txt", "파란 밸브".encode()), headers=LEAF, **fields)
    path = answer.headers["hx-replace-url"]
    assert path.startswith("/conversations/")
    page = await client.get(path)
    assert page.status_code == 200 and "보일러.txt" in page.text
    plain = await put(client, box, ("b.txt", b"Hello."), **fields)
    assert plain.status_code == 303 and plain.headers["location"].startswith("/conversations/")


async def test_all_that_is_a_persons_goes_with_their_documents(client, box):
    await put(client, box, ("a.txt", b"Hello."))
    assert "but 1 document." in (await client.get("/data")).text
    token = {"_csrf_token": client.cookies["csrf"], "confirmation": "delete everything"}
    gone = await client.post("/data/deletions", data=token)
    assert "1 document" in gone.text
    folder: Path = box.settings.data_dir / "documents"
    assert list(folder.iterdir()) == []
    assert "a.txt" not in (await client.get("/documents")).text


async def test_what_is_taken_along_has_the_files(client, box):
    await put(
        client, box, ("집/보일러.txt", b"The valve is blue."), ("b.png", b"\x89PNG" + bytes(9))
    )
    taken = await client.get("/data/exports/zip")
    with zipfile.ZipFile(io.BytesIO(taken.content)) as archive:
        names = [name for name in archive.namelist() if name.startswith("documents/")]
        assert names == ["documents/00001 보일러.txt"]
        assert archive.read(names[0]) == b"The valve is blue."


async def test_an_account_with_documents_is_not_sealed(client, box):
    await put(client, box, ("a.txt", b"Hello."))
    person = (await account_of(box, "me")).person
    changes = box.sealed.changes
    code = changes.offer(person)
    with pytest.raises(Conflict, match="1 document here"):
        await changes.begin_sealing(person, "any", last_group(code))
    assert not (await account_of(box, "me")).is_sealed
