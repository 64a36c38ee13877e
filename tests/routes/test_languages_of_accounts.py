"""Keys, usage, limits, shared links, models and the record of the box, in the reader's language."""

import re

import pytest
from bracketed import BRACKETING, all_said, browser, unsaid
from conversation_steps import exchange

from appliance.accounts.limit import Limit
from appliance.accounts.tally import Tally
from appliance.app import create_app
from appliance.lifespan import Box
from appliance.settings_engine import DEFAULT_MODEL


@pytest.fixture
async def admin(bracketed):
    await bracketed.get("/")
    bracketed.headers["x-csrf-token"] = bracketed.cookies["csrf"]
    return bracketed


async def said(client, path, **form):
    """The answer to a form, all of it in the reader's language."""
    answer = await client.post(path, data=form, follow_redirects=True)
    assert unsaid(answer.text) == [], path
    return answer


async def test_keys_and_what_is_wrong_with_them(admin):
    whole = {"name": "12", "chat": "yes", "embeddings": "yes", "read": "yes", "metrics": "yes"}
    made = await said(
        admin, "/account/keys", **whole, days="7", requests_per_minute="3", tokens_per_day="400"
    )
    assert made.status_code == 200
    for wrong in (
        {**whole},  # there is one of that name
        {"name": "13"},
        {"name": "", "chat": "yes"},
        {"name": "1" * 61, "chat": "yes"},
        {"name": "13", "chat": "yes", "days": "4000"},
        {"name": "13", "chat": "yes", "tokens_per_day": "-1"},
        {"name": "13", "chat": "yes", "requests_per_minute": "999999999"},
    ):
        assert (await said(admin, "/account/keys", **wrong)).status_code >= 400
    assert (await said(admin, "/account/keys/none/revocation")).status_code == 404


async def test_whoever_has_used_up_a_limit_reads_how_long_to_wait(box: Box, admin):
    for limit in (Limit(tokens_per_day=1), Limit(requests_per_minute=1)):
        await box.door.limits.set_of_everybody(limit)
        box.door.usage.count(box.person, Tally(1, 2, 3))
        for _ in range(2):
            refused = await said(admin, "/turns", client_message_id="1" * 32, content="12?")
        assert refused.status_code == 429
        await all_said(admin, "/account/usage", "/admin/limits", "/admin/audit")


async def test_limits_that_are_none(admin, box: Box):
    person = f"/admin/people/{box.person.person_id}/limit"
    for requests, tokens in (("many", "1"), ("1", "9" * 12)):
        form = {"requests": requests, "tokens": tokens}
        assert (await said(admin, "/admin/limits", **form)).status_code == 422
        assert (await said(admin, person, **form)).status_code == 422
    nobody = await said(admin, "/admin/people/none/limit", requests="1", tokens="1")
    assert nobody.status_code == 404
    assert (await said(admin, person, requests="1", tokens="2")).status_code == 200


async def test_shared_links_for_their_owner_and_for_whoever_has_one(box: Box, admin):
    started = await exchange(box, "12?")
    page = f"/conversations/{started.conversation.conversation_id}"
    await box.desk.service.rename_conversation(
        box.person, started.conversation.conversation_id, "12"
    )
    made = await said(admin, f"{page}/shared-links", days="7", shows_name="yes")
    await all_said(admin, f"{page}/sharing", "/shared-links")
    (path,) = set(re.findall(r"(/shared/[0-9a-f]{32})<", made.text))
    async with browser(create_app(box, 80, BRACKETING)) as reader:
        reader.cookies.clear()
        assert unsaid((await reader.get(path)).text) == ["A reply."]
        await all_said(reader, "/shared/none", "/shared/" + "0" * 32)
    assert (await said(admin, f"{page}/shared-links", days="8")).status_code == 422
    assert (await said(admin, "/shared-links/none/deletion")).status_code == 404


async def test_models_that_cannot_be_added_or_used(box: Box, admin):
    folder = box.admin.models.additions.folder
    folder.mkdir(parents=True)
    (folder / "1.gguf").write_bytes(b"GGUF" + b"\xff" * 20)
    (folder / "2.gguf").write_bytes(b"G")
    for name in ("1", "2"):
        await said(admin, "/admin/additions", file=f"{name}.gguf", name="m")
        await box.admin.models.additions.wait_over()
        await all_said(admin, "/admin/models")
    assert (await said(admin, "/admin/additions", file="12.gguf")).status_code == 404
    wrong = await said(admin, "/admin/additions", file="1.gguf", name="A B")
    assert wrong.status_code == 404
    for act in ("use", "verification", "removal"):
        assert (await said(admin, f"/admin/models/none/{act}")).status_code == 404
    assert (await said(admin, f"/admin/models/{DEFAULT_MODEL}/removal")).status_code == 409


async def test_people_and_their_roles(box: Box, admin):
    person = f"/admin/people/{box.person.person_id}"
    assert (await said(admin, f"{person}/role", role="king")).status_code == 422
    assert (await said(admin, f"{person}/role", role="member")).status_code == 409
