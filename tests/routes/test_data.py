"""Downloads, uploads and the end of everything, as a browser asks for them; over real parts."""

import json
from collections.abc import AsyncIterator

import pytest
from browsers import browser
from conversation_steps import follow_to_end, say
from exports import exported, own_conversation, own_file, rows, zipped
from fakes import ScriptedBackend
from httpx import AsyncClient

from appliance.lifespan import Box, open_box
from appliance.portable.belongings import CONFIRMATION
from appliance.settings import Settings


@pytest.fixture
async def box(tmp_path) -> AsyncIterator[Box]:
    settings = Settings(
        data_dir=tmp_path / "data",
        hot={"embedded": False},
        server={"names": ["box.test"]},
        assistant={"titles": False},
    )
    async with open_box(settings, lambda: ScriptedBackend(lambda sequence: "Yes.")) as box:
        yield box


@pytest.fixture
async def client(box) -> AsyncIterator[AsyncClient]:
    async with browser(box) as client:
        yield client


@pytest.fixture
async def eve(box) -> AsyncIterator[AsyncClient]:
    """The browser of somebody else."""
    async with browser(box, "eve") as client:
        yield client


@pytest.fixture
async def conversation_id(box) -> str:
    started = await say(box, "차 & tea?")
    await follow_to_end(box, started.turn.turn_id)
    return started.conversation.conversation_id


async def send(client, content, *, token=None, name="export.json", fields=None):
    """A file, as the form without scripts sends it: the token is its first field."""
    form = {"_csrf_token": client.cookies["csrf"] if token is None else token}
    return await client.post(
        "/imports", data=form if fields is None else fields, files={"file": (name, content)}
    )


async def seen_to_its_end(client, answer, box):
    """The page of an import that is over."""
    assert answer.status_code == 303, answer.text
    await box.desk.imports.last(box.person).task
    return await client.get(answer.headers["location"])


async def test_a_conversation_is_downloaded_under_its_name(client, conversation_id):
    markdown = await client.get(f"/conversations/{conversation_id}/exports/markdown")
    assert markdown.status_code == 200
    assert markdown.headers["content-type"] == "text/markdown; charset=utf-8"
    assert markdown.headers["cache-control"] == "no-store"
    assert markdown.headers["content-disposition"] == (
        "attachment; filename=\"_ & tea.md\"; filename*=UTF-8''%EC%B0%A8%20%26%20tea.md"
    )
    assert markdown.text.startswith("# 차 & tea?\n")
    as_json = await client.get(f"/conversations/{conversation_id}/exports/json")
    assert as_json.headers["content-type"] == "application/json"
    assert len(as_json.json()["conversations"]) == 1


async def test_everything_is_downloaded_as_an_archive_or_for_machines(client, box, conversation_id):
    archive = await client.get("/data/exports/zip")
    assert archive.headers["content-type"] == "application/zip"
    assert archive.content[:2] == b"PK"
    assert (await client.get("/data/exports/json")).content == await exported(box)


@pytest.mark.parametrize("kind", ["exe", "zip", "Markdown", "..%2f..%2fetc"])
async def test_a_kind_that_is_not_there_is_a_sentence(client, conversation_id, kind):
    answer = await client.get(f"/conversations/{conversation_id}/exports/{kind}")
    assert answer.status_code == 404
    assert (await client.get("/data/exports/exe")).status_code == 404


async def test_nobody_downloads_what_is_anothers(eve, conversation_id):
    for kind in ("markdown", "json"):
        answer = await eve.get(f"/conversations/{conversation_id}/exports/{kind}")
        assert answer.status_code == 404
        assert "tea" not in answer.text
    assert b"tea" not in (await eve.get("/data/exports/json")).content
    assert "no conversation of yours" in (await eve.get("/data")).text


async def test_a_file_comes_in_by_the_form_without_scripts(client, box):
    said = own_conversation("Hi", "Ho", title="From <elsewhere>")
    page = await seen_to_its_end(client, await send(client, own_file(said)), box)
    assert "Imported: 1 conversation with 2 messages." in page.text
    assert page.headers["cache-control"] == "no-store"
    assert "From &lt;elsewhere&gt;" in (await client.get("/")).text


async def test_a_file_comes_in_with_the_token_in_the_header(client, box):
    client.headers["x-csrf-token"] = client.cookies["csrf"]
    archive = zipped({"conversations.json": own_file(own_conversation("Hi"))})
    await seen_to_its_end(client, await send(client, archive, fields={}), box)
    assert rows(box, "SELECT count(*) FROM conversations") == [(1,)]


@pytest.mark.parametrize("token", ["", "wrong", "0" * 128, "\udcff".encode(errors="replace")])
async def test_without_the_forms_token_nothing_comes_in(client, box, token):
    answer = await send(client, own_file(own_conversation("Hi")), token=token)
    assert answer.status_code == 403
    assert rows(box, "SELECT count(*) FROM conversations") == [(0,)]


async def test_another_browsers_token_and_a_forged_one_are_of_no_use(client, box):
    async with browser(box) as other:
        theirs = other.cookies["csrf"]
    assert (await send(client, b"{}", token=theirs)).status_code == 403
    client.cookies.set("csrf", "a" * 128, domain="box.test")
    assert (await send(client, b"{}", token="a" * 128)).status_code == 403


async def test_another_site_cannot_send_a_file(client, box):
    client.headers["origin"] = "http://evil.test"
    answer = await send(client, own_file(own_conversation("Hi")))
    assert answer.status_code == 403
    assert rows(box, "SELECT count(*) FROM conversations") == [(0,)]


@pytest.mark.parametrize(
    ("content", "status", "said"),
    [
        (b"", 422, "No file came with the form"),
        (b"hello", 422, "no list of conversations"),
        (zipped({"../x": b""}), 422, "outside of itself"),
        (b'{"format":"appliance.conversations","version":9,"conversations":[]}', 422, "newer"),
    ],
)
async def test_what_is_no_export_is_a_sentence_on_a_page(client, box, content, status, said):
    answer = await send(client, content)
    assert answer.status_code == status
    assert said in answer.text
    assert list(box.settings.data_dir.glob("tmp*")) == []


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"a=b", "application/x-www-form-urlencoded"),
        (b"hello", "text/plain"),
        (b"", "multipart/form-data"),
        (b"--x\r\nbroken", "multipart/form-data; boundary=x"),
        (b"--x\r\n\r\n--x--", "multipart/form-data; boundary=x"),
    ],
)
async def test_a_body_that_is_no_form_with_a_file_is_a_sentence(client, body, kind):
    client.headers["x-csrf-token"] = client.cookies["csrf"]
    answer = await client.post("/imports", content=body, headers={"content-type": kind})
    assert answer.status_code == 422
    assert "Choose a file" in answer.text or "send it again" in answer.text


async def test_more_than_the_limit_is_refused_before_it_is_read(client):
    headers = {"content-type": "multipart/form-data; boundary=x", "content-length": str(2**31)}
    headers["x-csrf-token"] = client.cookies["csrf"]
    answer = await client.post("/imports", content=b"--x", headers=headers)
    assert answer.status_code == 413


async def test_larger_files_come_in_than_other_forms_may_send(client, box):
    large = own_file(*(own_conversation("x" * 100_000) for _ in range(30)))
    assert len(large) > 3_000_000
    page = await seen_to_its_end(client, await send(client, large), box)
    assert "Imported: 30 conversations" in page.text
    too_much = {"confirmation": "x" * 2**21, "_csrf_token": client.cookies["csrf"]}
    assert (await client.post("/data/deletions", data=too_much)).status_code == 413


async def test_an_open_page_is_told_how_an_import_stands(client, box, htmx):
    answer = await send(client, own_file(own_conversation("Hi")))
    await box.desk.imports.last(box.person).task
    fragment = await client.get(answer.headers["location"], headers=htmx)
    assert fragment.text.startswith('<div id="import"')
    assert "hx-get" not in fragment.text


async def test_an_import_is_shown_to_whom_it_belongs_alone(client, eve, box):
    answer = await send(client, own_file(own_conversation("Hi")))
    assert (await eve.get(answer.headers["location"])).status_code == 404
    unknown = await client.get(f"/imports/{'0' * 32}")
    assert unknown.status_code == 404
    assert "import the file again" in unknown.text


async def test_the_page_counts_what_there_is(client, conversation_id):
    page = await client.get("/data")
    assert "1 conversation of yours with 2 messages, 14 bytes of text" in page.text
    assert 'href="/data/exports/zip"' in page.text


async def test_everything_is_deleted_after_the_words_are_typed(client, box, conversation_id):
    form = {"_csrf_token": client.cookies["csrf"], "confirmation": "delete"}
    refused = await client.post("/data/deletions", data=form)
    assert refused.status_code == 422
    assert "Nothing was deleted" in refused.text
    done = await client.post("/data/deletions", data=form | {"confirmation": CONFIRMATION})
    assert done.status_code == 200
    assert "Deleted for good: 1 conversation with 2 messages." in done.text
    assert "no conversation of yours" in done.text
    assert rows(box, "SELECT count(*) FROM messages") == [(0,)]


async def test_nobody_deletes_what_is_anothers(eve, box, conversation_id):
    form = {"_csrf_token": eve.cookies["csrf"], "confirmation": CONFIRMATION}
    done = await eve.post("/data/deletions", data=form)
    assert "Deleted for good: 0 conversations" in done.text
    assert rows(box, "SELECT count(*) FROM messages") == [(2,)]


async def test_deleting_needs_the_forms_token(client, box, conversation_id):
    answer = await client.post("/data/deletions", data={"confirmation": CONFIRMATION})
    assert answer.status_code == 403
    assert rows(box, "SELECT count(*) FROM messages") == [(2,)]


async def test_the_receipt_of_one_conversation_says_what_else_went(client, conversation_id):
    client.headers["x-csrf-token"] = client.cookies["csrf"]
    answer = await client.delete(
        f"/conversations/{conversation_id}", headers={"HX-Request": "true"}
    )
    assert (
        "Deleted for good: the conversation and its 2 messages. "
        "With it went 1 state of the model that held its words." in answer.text
    )


async def test_the_menu_leads_there(client, conversation_id):
    page = (await client.get(f"/conversations/{conversation_id}")).text
    assert 'href="/data"' in page
    assert f'href="/conversations/{conversation_id}/exports/markdown"' in page
    assert 'href="/data"' in (await client.get("/")).text


async def test_an_export_made_here_comes_in_at_another_box(client, box, conversation_id, tmp_path):
    taken = (await client.get("/data/exports/json")).content
    settings = Settings(
        data_dir=tmp_path / "other", hot={"embedded": False}, server={"names": ["box.test"]}
    )
    async with (
        open_box(settings, lambda: ScriptedBackend()) as other,
        browser(other) as page,
    ):
        await seen_to_its_end(page, await send(page, taken), other)
        assert (await page.get("/data/exports/json")).content == taken
    assert json.loads(taken)["version"] == 1
