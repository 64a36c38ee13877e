"""Signing in and out, and what those are told who are not in."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from doors import Browser, Street, open_street
from house import PASSWORD
from httpx import AsyncClient
from litestar import Litestar
from open_stream import OpenStream
from scripted_box import ScriptedService
from signed_in import KEY, ScriptedSignIns, account_of

from appliance.accounts.throttle import ACCOUNT
from appliance.conversations.turn import TurnPhase
from appliance.lifespan import Box


@pytest.fixture
async def street(tmp_path: Path) -> AsyncIterator[Street]:
    async with open_street(tmp_path / "data") as street:
        yield street


@pytest.fixture
async def ann(street: Street) -> Browser:
    return await street.set_up()


async def test_a_page_leads_to_the_sign_in_and_back(street: Street, ann: Browser) -> None:
    other = await street.browser("192.168.1.7")
    answer = await other.get("/search?q=tea&page=2")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=/search%3Fq%3Dtea%26page%3D2"
    page = await other.get(answer.headers["location"])
    assert 'name="next_page" value="/search?q=tea&amp;page=2"' in page.text
    answer = await other.sign_in("ann", next_page="/search?q=tea&page=2")
    assert (answer.status_code, answer.headers["location"]) == (303, "/search?q=tea&page=2")
    assert (await other.get("/search?q=tea")).status_code == 200
    assert (await other.get("/sign-in?next=/data")).headers["location"] == "/data"


@pytest.mark.parametrize(
    "elsewhere",
    [
        "http://evil.test/",
        "//evil.test",
        "/\\evil.test",
        "/\t/evil.test",
        "javascript:alert(1)",
        "evil.test",
        "",
        "/x" * 2000,
        "/sign-in?next=/sign-in",
        "/\u202e",
    ],
)
async def test_nothing_leads_out_of_the_box(street: Street, ann: Browser, elsewhere: str) -> None:
    answer = await ann.sign_in("Ann", next_page=elsewhere)
    assert answer.headers["location"] == "/"
    answer = await ann.client.get("/sign-in", params={"next": elsewhere})
    assert answer.headers["location"] == "/"


async def test_the_cookie_of_a_sign_in_is_kept_from_scripts_and_other_sites(
    street: Street, ann: Browser
) -> None:
    answer = await ann.sign_in("Ann")
    (line,) = [c for c in answer.headers.get_list("set-cookie") if c.startswith("sign-in=")]
    parts = {part.strip().lower().split("=")[0] for part in line.split(";")}
    assert {"httponly", "samesite", "path", "max-age"} <= parts and "secure" not in parts
    assert "samesite=lax" in line.lower() and "path=/" in line.lower()
    assert len(line.split(";")[0]) > 43


async def test_over_https_the_cookie_belongs_to_this_very_host(
    street: Street, ann: Browser
) -> None:
    safe = await street.browser(scheme="https")
    answer = await safe.sign_in("Ann")
    lines = answer.headers.get_list("set-cookie")
    (line,) = [each for each in lines if each.startswith("__Host-sign-in=")]
    assert "secure" in line.lower() and "domain" not in line.lower()
    assert (await safe.get("/data")).status_code == 200
    # A cookie that plain HTTP could have planted is not looked at.
    key = safe.client.cookies["__Host-sign-in"]
    planted = await street.browser(scheme="https")
    planted.client.cookies.set("sign-in", key)
    assert (await planted.get("/data")).status_code == 303


@pytest.mark.parametrize("name", ["Ann", "Nobody", "\u202e", ""])
async def test_a_wrong_one_is_said_calmly_and_the_name_kept(
    street: Street, ann: Browser, name: str
) -> None:
    other = await street.browser()
    page = await other.sign_in(name, "a wrong password")
    assert page.status_code == 422
    assert "do not belong together" in page.text and "a wrong password" not in page.text
    assert f'value="{name}"' in page.text and not other.is_in


async def test_whoever_guesses_is_told_how_long_to_wait(street: Street, ann: Browser) -> None:
    other = await street.browser("192.168.1.7")
    for _ in range(ACCOUNT.free + 1):
        page = await other.sign_in("Ann", "a wrong password")
    page = await other.sign_in("Ann")
    assert page.status_code == 429 and "Too many tries" in page.text
    assert int(page.headers["retry-after"]) >= 1
    # The owner's own browser, where she was in before, does not wait.
    await ann.post("/sign-out")
    assert (await ann.sign_in("Ann")).status_code == 303


async def test_signing_out_ends_this_browser_only(street: Street, ann: Browser) -> None:
    other = await street.browser()
    await other.sign_in("Ann")
    key = ann.client.cookies["sign-in"]
    answer = await ann.post("/sign-out")
    assert answer.headers["location"] == "/sign-in" and not ann.is_in
    ann.client.cookies.set("sign-in", key, domain="box.test")
    answer = await ann.get("/data")
    assert answer.headers["location"] == "/sign-in?next=/data&out=yes"
    assert "You are signed out here" in (await ann.get(answer.headers["location"])).text
    assert (await other.get("/data")).status_code == 200


async def test_an_open_page_goes_to_the_sign_in_by_itself(street: Street, ann: Browser) -> None:
    stranger = await street.browser()
    answer = await stranger.get(
        "/?state=x",
        **{"HX-Request": "true", "HX-Current-URL": "http://box.test/conversations/1?at=2"},
    )
    assert answer.status_code == 401 and answer.text == ""
    assert answer.headers["hx-redirect"] == "/sign-in?next=/conversations/1%3Fat%3D2"


async def test_a_form_that_comes_too_late_is_told_so_and_nothing_is_done(
    street: Street, ann: Browser
) -> None:
    stranger = await street.browser()
    answer = await stranger.post("/turns", content="Hi", client_message_id="1" * 32)
    assert answer.status_code == 401 and "not signed in" in answer.text
    assert "Going back in the browser keeps" in answer.text


async def test_programs_are_told_in_their_own_form(street: Street, ann: Browser) -> None:
    stranger = await street.browser()
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic eDp5"}):
        answer = await stranger.client.post("/v1/chat/completions", json={}, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.json()["error"]["message"].endswith(".")
    answer = await stranger.get(f"/turns/{'0' * 32}/stream?format=text")
    assert (answer.status_code, answer.headers["content-type"]) == (
        401,
        "text/plain; charset=utf-8",
    )


async def test_a_key_that_is_not_known_is_not_helped_by_a_cookie(
    street: Street, ann: Browser
) -> None:
    answer = await ann.get("/data", Authorization="Bearer wrong")
    assert answer.status_code == 401


@pytest.mark.parametrize("header", ["x-api-key", "cookie2", "x-forwarded-user", "x-remote-user"])
async def test_no_other_header_lets_anybody_in(street: Street, ann: Browser, header: str) -> None:
    stranger = await street.browser()
    key = ann.client.cookies["sign-in"]
    answer = await stranger.get("/data", **{header: key})
    assert answer.status_code == 303


async def test_a_disabled_account_is_out_in_the_middle_of_a_stream(
    app: Litestar, scripted: Box, service: ScriptedService, client: AsyncClient
) -> None:
    """Threat T9, whatever ends a sign-in: the stream ends, and the browser is asked to sign in."""
    conversation_id = service.add_conversation("Herons")
    turn = service.begin(conversation_id, "Tell me")
    stream = OpenStream(app, f"/turns/{turn.turn_id}/stream")
    service.show(turn.turn_id, TurnPhase.WRITING, "A heron")
    await stream.next_with("A heron")
    sign_ins = scripted.door.sign_ins
    assert isinstance(sign_ins, ScriptedSignIns)
    assert sign_ins.open_requests.end(lambda each: True) == 1
    sign_ins.accounts.clear()
    assert "done" not in [name for name, _ in await stream.rest()]
    await asyncio.wait_for(stream.leave(), 5)
    assert service.followers == 0
    again = OpenStream(app, f"/turns/{turn.turn_id}/stream", hx_request="true")
    assert [name for name, _ in await again.rest()] == ["done"]
    assert (await client.get("/", headers={"HX-Request": "true"})).status_code == 401


async def test_who_is_in_is_named_in_the_menu(street: Street, ann: Browser) -> None:
    page = await ann.get("/")
    assert "Account: Ann" in page.text
    assert (await account_of(street.box, "Ann")).is_admin
    assert KEY not in page.text and PASSWORD not in page.text
