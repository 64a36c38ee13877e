"""The pages of a sealed account, as a browser without scripts uses them."""

import html
import re
from collections.abc import AsyncIterator

import pytest
from exports import own_conversation, own_file
from httpx import ASGITransport, AsyncClient, Response
from sealing import PASSWORD, Dweller
from signed_in import COOKIES, sign_in

from appliance.accounts.api_key import Scope
from appliance.accounts.new_key import Wish
from appliance.app import create_app
from appliance.lifespan import Box
from appliance.store import seals

HTMX = {"HX-Request": "true", "HX-Current-URL": "http://box.test/conversations?archived=yes"}


def words(page: Response) -> str:
    """What stands on it."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.text)).split())


def code_on(page: Response) -> str:
    shown = re.search(r'class="recovery-code">(.*?)</p>', page.text, re.S)
    assert shown is not None
    return "-".join(re.findall(r"<span>(\w{5})</span>", shown[1]))


async def browser_at(box: Box, cookies: dict[str, str] = COOKIES) -> AsyncClient:
    client = AsyncClient(
        transport=ASGITransport(create_app(box, 80)), base_url="http://box.test", cookies=cookies
    )
    await client.get("/account/seal")
    client.headers["x-csrf-token"] = client.cookies["csrf"]
    return client


@pytest.fixture
async def browser(box: Box, me: Dweller) -> AsyncIterator[AsyncClient]:
    client = await browser_at(box)
    yield client
    await client.aclose()


async def seal(box: Box, browser: AsyncClient) -> str:
    """By the page; the recovery code."""
    shown = await browser.post("/account/seal/code")
    assert "lost for good" in words(shown)
    code = code_on(shown)
    form = {"password": PASSWORD, "confirmation": code[-5:]}
    begun = await browser.post("/account/seal", data=form)
    assert (begun.status_code, begun.headers["location"]) == (303, "/account/seal")
    await box.sealed.changes.wait_all()
    return code


async def test_the_page_says_what_is_protected_and_what_is_not(browser):
    shown = words(await browser.get("/account/seal"))
    assert "A stolen disk" in shown and "A curious administrator" in shown
    assert "they can read the memory of the box" in shown and "times, counts and sizes" in shown
    assert "/account/seal" in (await browser.get("/account")).text


async def test_sealing_and_unsealing_by_the_page(box, browser, me):
    said = await me.say("Where is the lighthouse?")
    await me.hear(said)
    page = f"/conversations/{said.conversation.conversation_id}"
    await seal(box, browser)
    shown = words(await browser.get("/account/seal"))
    assert "Your account is sealed. Nothing of before is left" in shown
    assert "Show me the code" not in shown
    assert "Where is the lighthouse?" in words(await browser.get(page))
    assert "Where is the <mark>lighthouse" in (await browser.get("/search?q=lighthouse")).text
    gone = await browser.post(
        "/account/seal/removal",
        data={"password": PASSWORD, "confirmation": "unseal my account"},
    )
    assert gone.status_code == 303
    await box.sealed.changes.wait_all()
    assert "not sealed any more" in words(await browser.get("/account/seal"))
    assert "Where is the lighthouse?" in words(await browser.get(page))


@pytest.mark.parametrize(
    ("password", "group", "sentence"),
    [
        ("not my password", "", "That is not your password"),
        (PASSWORD, "WRONG", "Write the code down first"),
        (PASSWORD, "", "Write the code down first"),
    ],
)
async def test_what_was_typed_wrong_seals_nothing_and_shows_the_same_code(
    browser, me, password, group, sentence
):
    code = code_on(await browser.post("/account/seal/code"))
    form = {"password": password, "confirmation": group}
    refused = await browser.post("/account/seal", data=form)
    assert (refused.status_code, code_on(refused)) == (422, code)
    assert sentence in words(refused)
    assert not (await me.account()).is_sealed


@pytest.mark.parametrize(
    ("password", "confirmation", "sentence"),
    [
        ("not my password", "unseal my account", "That is not your password"),
        (PASSWORD, "yes", "Nothing was unsealed"),
    ],
)
async def test_what_was_typed_wrong_unseals_nothing(
    box, browser, me, password, confirmation, sentence
):
    await seal(box, browser)
    refused = await browser.post(
        "/account/seal/removal", data={"password": password, "confirmation": confirmation}
    )
    assert refused.status_code == 422 and sentence in words(refused)
    assert (await me.account()).is_sealed


async def test_after_a_restart_the_page_asks_for_the_password_and_leads_back(
    open_sealed_box, box, browser, me
):
    said = await me.say("Where is the lighthouse?")
    await me.hear(said)
    code = await seal(box, browser)
    await open_sealed_box.close()
    box = await open_sealed_box()
    box.door.people.is_set_up = True
    browser = await browser_at(box)
    page = f"/conversations/{said.conversation.conversation_id}"
    for path in (page, "/", "/search?q=a", "/data/exports/json", "/conversations"):
        asked = await browser.get(path)
        assert asked.status_code == 303
        assert asked.headers["location"].startswith("/account/opening?next=%2F".replace("%2F", "/"))
    door = asked.headers["location"]
    shown = words(await browser.get(door))
    assert "needs your password once more" in shown
    news = await browser.get("/", headers=HTMX)
    assert news.status_code == 423
    assert news.headers["hx-redirect"] == "/account/opening?next=/conversations%3Farchived%3Dyes"
    sent = await browser.post("/turns", data={"content": "Hello", "client_message_id": "a" * 32})
    assert sent.status_code == 423 and "Sign in with its password" in words(sent)
    form = {"password": "not my password", "next_page": page}
    wrong = await browser.post("/account/opening", data=form)
    assert wrong.status_code == 422 and "does not open this account" in words(wrong)
    slip = ("Z" if code[0] != "Z" else "Y") + code[1:]
    for typed, sentence in (("tea", "30 letters and digits"), (slip, "group by group")):
        form = {"password": PASSWORD, "code": typed, "next_page": page}
        wrong = await browser.post("/account/opening", data=form)
        assert wrong.status_code == 422 and sentence in words(wrong)
    form = {"password": PASSWORD, "next_page": page}
    opened = await browser.post("/account/opening", data=form)
    assert (opened.status_code, opened.headers["location"]) == (303, page)
    assert "Where is the lighthouse?" in words(await browser.get(page))
    await browser.aclose()


async def test_the_way_back_leads_to_no_other_site(box, browser):
    await seal(box, browser)
    form = {"password": PASSWORD, "next_page": "//evil.com"}
    opened = await browser.post("/account/opening", data=form)
    assert opened.headers["location"] == "/"


async def test_programs_wait_until_it_is_open(box, browser, me):
    await seal(box, browser)
    person, chats = await me.person(), frozenset({Scope.CHAT})
    secret = (await box.door.keys.make(person, Wish("My editor", chats))).secret
    key = {"Authorization": f"Bearer {secret}"}
    chat = {"model": "default", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 2}
    answer = await browser.post("/v1/chat/completions", json=chat, headers=key)
    assert answer.status_code == 200
    assert (await box.door.usage.of(person)).today.requests == 1
    await box.sealed.accounts.close(person)
    answer = await browser.post("/v1/chat/completions", json=chat, headers=key)
    assert answer.status_code == 423
    assert "sealed" in answer.json()["error"]["message"]


async def test_another_person_is_not_concerned(box, browser, me):
    said = await me.say("Where is the lighthouse?")
    await me.hear(said)
    await seal(box, browser)
    other = await browser_at(box, await sign_in(box, "ann"))
    assert "Show me the code" in words(await other.get("/account/seal"))
    page = await other.get(f"/conversations/{said.conversation.conversation_id}")
    assert page.status_code == 404
    await box.sealed.accounts.close(await me.person())
    assert (await other.get("/")).status_code == 200
    refused = await other.post(
        "/account/seal/removal", data={"password": PASSWORD, "confirmation": "unseal my account"}
    )
    assert refused.status_code == 422 and (await me.account()).is_sealed
    await other.aclose()


async def test_guessing_is_slowed_down(box, browser, me):
    await seal(box, browser)
    answers = [
        await browser.post("/account/opening", data={"password": f"guess {number}"})
        for number in range(12)
    ]
    assert answers[-1].status_code == 429 and int(answers[-1].headers["retry-after"]) > 0
    assert "Too many tries" in words(answers[-1])


async def test_an_open_page_is_told_how_far_it_has_come(box, browser, me):
    await me.hear(await me.say("Where is the lighthouse?"))
    await seal(box, browser)
    told = await browser.get("/account/seal", headers=HTMX)
    assert told.headers["hx-refresh"] == "true"
    change = box.sealed.changes.last(await me.person())
    change.is_over, change.rows, change.done = False, 200, 50
    told = await browser.get("/account/seal", headers=HTMX)
    assert "25 %" in words(told) and "hx-get" in told.text
    assert 'http-equiv="refresh"' in (await browser.get("/account/seal")).text


async def test_whoever_has_lost_both_secrets_can_still_leave(box, browser, me):
    await me.hear(await me.say("Where is the lighthouse?"))
    await seal(box, browser)
    await box.sealed.accounts.close(await me.person())
    assert (await browser.get("/account")).status_code == 200
    assert "1 conversation" in words(await browser.get("/data"))
    left = await browser.post("/account/deletion", data={"confirmation": "me"})
    assert left.status_code == 200 and "1 conversation" in words(left)
    async with box.desk.database.read() as reader:
        assert await seals.unswept(reader) == ()
        for table in ("seals", "people", "messages"):
            rows = await reader.execute_fetchall(f"SELECT count(*) FROM {table}")
            assert list(rows) == [(0,)]


async def test_a_file_that_is_brought_in_never_lies_on_the_disk(box, browser, me, monkeypatch):
    await seal(box, browser)
    assert box.desk.imports.directory is not None
    assert box.sealed.desk.imports.directory is None
    content = own_file(own_conversation("Where is the lighthouse?"))
    brought = await browser.post("/imports", files={"file": ("export.json", content)})
    assert brought.status_code == 303
    await box.sealed.desk.imports.last(await me.person()).task
    found = await browser.get("/search?q=lighthouse")
    assert "Where is the <mark>lighthouse" in found.text
    monkeypatch.setattr("appliance.portable.waiting_file.MOST_IN_MEMORY_BYTES", 10)
    refused = await browser.post("/imports", files={"file": ("export.json", content)})
    assert refused.status_code == 413 and "several smaller files" in words(refused)
