"""Models by the page: sent, asked about, used, verified and removed; over a real library."""

import asyncio
import importlib.util
import re
from pathlib import Path

import pytest
from signed_in import sign_in

from appliance.accounts.account import AccountRole
from appliance.administration.additions import Stage
from appliance.routes.model_upload import MAX_MODEL_BYTES
from appliance.settings_engine import DEFAULT_MODEL

_TINY = Path(__file__).parent.parent / "model_files" / "tiny_gguf.py"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> bytes:
    found = importlib.util.spec_from_file_location("tiny_gguf", _TINY)
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module.write_tiny_gguf(tmp_path_factory.mktemp("tiny") / "tiny.gguf").read_bytes()


@pytest.fixture
async def admin(box, kept):
    await sign_in(box, "me", AccountRole.ADMIN)
    return kept


@pytest.fixture
def additions(box):
    return box.admin.models.additions


@pytest.fixture
async def added(admin, additions, tiny):
    """The tiny model, in."""
    await send(admin, tiny, name="tiny")
    await additions.wait_settled()
    await admin.post(f"/admin/additions/{additions.last.addition_id}", data={"accepted": "yes"})
    await additions.wait_over()
    assert additions.last.stage is Stage.ADDED


async def send(client, content, *, file="Tiny.gguf", **fields):
    """As the form sends it without scripts: the token and the other fields before the file."""
    form = {"_csrf_token": client.cookies["csrf"], **fields}
    token = client.headers.pop("x-csrf-token", "")
    try:
        return await client.post("/admin/models", data=form, files={"file": (file, content)})
    finally:
        client.headers["x-csrf-token"] = token


async def acts(box):
    return [(entry.act, entry.about) for entry in await box.door.audit.list()]


async def test_a_model_is_sent_asked_about_and_here(box, admin, additions, tiny):
    answer = await send(admin, tiny, name="tiny")
    assert (answer.status_code, answer.headers["location"]) == (303, "/admin/models")
    await additions.wait_settled()
    page = (await admin.get("/admin/models")).text
    assert "Its chat template is not on the list" in page
    assert "&lt;|im_start|&gt;" in page
    addition = re.search(r'action="(/admin/additions/[0-9a-f]{32})"', page)[1]
    assert (await admin.post(addition, data={"accepted": "yes"})).status_code == 303
    await additions.wait_over()
    page = (await admin.get("/admin/models")).text
    assert "tiny is here and can be used." in page
    assert 'action="/admin/models/tiny/use"' in page
    assert await acts(box) == [("model accepted", "tiny"), ("model sent", "tiny")]
    assert (await admin.post(addition, data={"accepted": "yes"})).status_code == 404


async def test_an_open_page_is_told_how_much_has_come(admin, additions, htmx):
    async with additions.receiving("a.gguf", 200) as file:
        file.write(b"x" * 68)
        fragment = await admin.get("/admin/models", headers=htmx)
        assert fragment.text.startswith('<div id="models"')
        assert '<progress max="100" value="34"' in fragment.text
        assert "a is being received." in fragment.text
    await additions.wait_over()
    fragment = await admin.get("/admin/models", headers=htmx)
    assert "a was not added." in fragment.text and 'role="alert"' in fragment.text


async def test_a_file_without_its_token_or_from_another_site_is_not_taken(admin, additions, tiny):
    assert (await send(admin, tiny, _csrf_token="")).status_code == 403
    assert (await send(admin, tiny, _csrf_token="0" * 128)).status_code == 403
    admin.headers["origin"] = "http://evil.test"
    assert (await send(admin, tiny)).status_code == 403
    assert additions.last is None


async def test_a_form_that_cannot_be_followed_is_a_sentence(admin, additions):
    for content, fields, said in (
        (b"", {}, "No file came with the form"),
        (b"GGUF", {"sha256": "xyz"}, "A sha256 has 64 digits"),
        (b"GGUF", {"name": "../x"}, "cannot be the name of a model"),
    ):
        answer = await send(admin, content, **fields)
        assert answer.status_code in (404, 422)
        assert said in answer.text
    assert additions.last.stage is Stage.REFUSED


async def test_more_than_any_disk_has_is_refused_before_it_is_read(admin, additions):
    headers = {"content-type": "multipart/form-data; boundary=x"}
    headers["content-length"] = str(MAX_MODEL_BYTES + 1)
    answer = await admin.post("/admin/models", content=b"--x", headers=headers)
    assert answer.status_code == 413
    assert additions.last is None


async def test_a_second_file_waits_for_its_turn(admin, additions, tiny):
    async with additions.receiving("a.gguf", 200):
        answer = await send(admin, tiny)
        assert (answer.status_code, "being added already" in answer.text) == (409, True)
    await additions.wait_over()


async def test_a_file_of_the_folder_is_offered_and_added(box, admin, additions, tiny):
    assert "can be added here without being sent" in (await admin.get("/admin/models")).text
    additions.folder.mkdir(parents=True)
    (additions.folder / "Ours <1>.gguf").write_bytes(tiny)
    assert "<option>Ours &lt;1&gt;.gguf</option>" in (await admin.get("/admin/models")).text
    gone = await admin.post("/admin/additions", data={"file": "../../appliance.sqlite3"})
    assert gone.status_code == 404
    answer = await admin.post("/admin/additions", data={"file": "Ours <1>.gguf", "name": "ours"})
    assert answer.status_code == 303
    await additions.wait_settled()
    assert additions.last.stage is Stage.ASKING
    await admin.post(f"/admin/additions/{additions.last.addition_id}", data={"accepted": "no"})
    await additions.wait_over()
    assert "chat template was not accepted" in (await admin.get("/admin/models")).text
    assert await acts(box) == [("model refused", "ours"), ("model sent", "ours")]


async def test_a_model_is_verified_used_and_removed(box, admin, added, monkeypatch):
    taken_up = asyncio.Event()
    monkeypatch.setattr(box.engine.swap, "take_up", taken_up.set)
    models = box.admin.models
    await admin.post("/admin/models/tiny/verification")
    await models.wait_read()
    assert "tiny is intact." in (await admin.get("/admin/models")).text
    await admin.post("/admin/models/tiny/use")
    await models.wait_read()
    assert taken_up.is_set()
    assert "tiny is chosen." in (await admin.get("/admin/models")).text
    refused = await admin.post("/admin/models/tiny/removal")
    assert (refused.status_code, "Let another one answer first" in refused.text) == (409, True)
    await admin.post(f"/admin/models/{DEFAULT_MODEL}/use")
    await models.wait_read()
    await admin.post("/admin/models/tiny/removal")
    assert "/admin/models/tiny/" not in (await admin.get("/admin/models")).text
    assert (await acts(box))[:4] == [
        ("model removed", "tiny"),
        ("model chosen", DEFAULT_MODEL),
        ("model chosen", "tiny"),
        ("model verified", "tiny"),
    ]


async def test_the_embedded_model_stays(admin):
    page = (await admin.get("/admin/models")).text
    assert f"/admin/models/{DEFAULT_MODEL}/verification" in page
    assert f"/admin/models/{DEFAULT_MODEL}/removal" not in page
    answer = await admin.post(f"/admin/models/{DEFAULT_MODEL}/removal")
    assert answer.status_code == 409


async def test_a_model_that_is_not_here_is_a_sentence(admin):
    for name in ("no-such-model", "..%2f..%2fetc", "%00"):
        for act in ("use", "verification", "removal"):
            answer = await admin.post(f"/admin/models/{name}/{act}")
            assert answer.status_code == 404
