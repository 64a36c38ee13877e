"""The second factor and passkeys, as a browser without scripts meets them."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from time import time

import pyotp
import pytest
from doors import Browser, Street, found, open_street
from house import PASSWORD

PAGE = "/account/second-factor"


@pytest.fixture
async def street(tmp_path: Path) -> AsyncIterator[Street]:
    async with open_street(tmp_path / "data") as street:
        yield street


@pytest.fixture
async def ann(street: Street) -> Browser:
    return await street.set_up()


async def turn_on(ann: Browser) -> tuple[pyotp.TOTP, list[str]]:
    """What makes codes, and the spare ones."""
    setup = await ann.get(f"{PAGE}/setup")
    groups = found(r'class="recovery-code"[^>]*>(.*?)</p>', setup)
    codes = pyotp.TOTP(re.sub(r"<[^>]+>|\s", "", groups))
    page = await ann.post(PAGE, code=codes.at(time()), password=PASSWORD)
    spare = re.findall(r"<li><code>((?:\w{4}-){3}\w{4})</code></li>", page.text)
    assert len(spare) == 8, page.text
    return codes, spare


async def test_turning_it_on_wants_the_password_and_a_code(street: Street, ann: Browser) -> None:
    for fields in ({"code": "000000", "password": PASSWORD}, {"code": "1", "password": "wrong"}):
        page = await ann.post(PAGE, **fields)
        assert page.status_code == 422 and 'role="alert"' in page.text
    other = await street.browser()
    assert (await other.sign_in("Ann")).headers["location"] == "/"
    assert "Know before you begin" in (await ann.get(PAGE)).text
    _, spare = await turn_on(ann)
    again = await ann.get(PAGE)
    assert spare[0] not in again.text and "8 spare codes left" in again.text
    assert (await ann.get(f"{PAGE}/setup")).headers["location"] == PAGE


async def test_between_the_steps_nobody_is_in(street: Street, ann: Browser) -> None:
    _, spare = await turn_on(ann)
    other = await street.browser()
    answer = await other.sign_in("Ann", next_page="/search?q=tea")
    assert answer.headers["location"] == "/sign-in/code?next=/search%3Fq%3Dtea"
    (cookie,) = [c for c in answer.headers.get_list("set-cookie") if "second-step=" in c]
    assert "httponly" in cookie.lower() and "max-age=300" in cookie.lower()
    assert not other.is_in and (await other.get("/data")).status_code == 303
    page = await other.get("/sign-in/code?next=/search%3Fq%3Dtea")
    assert 'value="/search?q=tea"' in page.text and "Ann" not in page.text
    wrong = await other.post("/sign-in/code", code="123", next_page="/search?q=tea")
    assert wrong.status_code == 422 and 'value="/search?q=tea"' in wrong.text
    entered = await other.post("/sign-in/code", code=spare[3], next_page="//evil.test")
    assert (entered.status_code, entered.headers["location"]) == (303, "/")
    assert other.is_in and "second-step" not in other.client.cookies


async def test_the_second_step_belongs_to_the_browser_of_the_first(
    street: Street, ann: Browser
) -> None:
    _, spare = await turn_on(ann)
    first, second = await street.browser(), await street.browser()
    await first.sign_in("Ann")
    assert (await second.get("/sign-in/code")).headers["location"] == "/sign-in"
    late = await second.post("/sign-in/code", code=spare[0])
    assert late.status_code == 422 and "Sign in once more" in late.text and not second.is_in


async def test_nobody_is_told_who_has_one(street: Street, ann: Browser) -> None:
    ben = await street.invited(ann, "Ben")
    await turn_on(ben)
    stranger = await street.browser("192.168.1.9")
    texts = set()
    for name in ("Ann", "Ben", "Nobody"):
        page = await stranger.sign_in(name, "a wrong password")
        assert page.status_code == 422 and "second-step" not in stranger.client.cookies
        texts.add(re.sub(r'value="[^"]*"', "", page.text))
    assert len(texts) == 1


async def test_it_ends_by_password_or_code_and_by_nothing_else(
    street: Street, ann: Browser
) -> None:
    _, spare = await turn_on(ann)
    for fields in ({}, {"password": "wrong"}, {"code": "000000"}, {"code": spare[0][:-1]}):
        page = await ann.post(f"{PAGE}/removal", **fields)
        assert page.status_code == 422 and 'role="alert"' in page.text, fields
    shown = await ann.post(f"{PAGE}/spare-codes", password=PASSWORD)
    renewed = re.findall(r"<li><code>((?:\w{4}-){3}\w{4})</code></li>", shown.text)
    assert len(renewed) == 8 and not set(renewed) & set(spare)
    assert (await ann.post(f"{PAGE}/removal", code=spare[1])).status_code == 422
    done = await ann.post(f"{PAGE}/removal", code=renewed[1])
    assert done.headers["location"] == f"{PAGE}?done=off"
    assert (await (await street.browser()).sign_in("Ann")).headers["location"] == "/"
    late = await ann.post(f"{PAGE}/removal", password=PASSWORD)
    assert late.status_code == 422 and "nothing to do" in late.text


async def test_a_passkey_needs_a_name_and_encryption(street: Street, ann: Browser) -> None:
    assert "This page is not encrypted" in (await ann.get(PAGE)).text
    form = {"name": "Phone", "password": PASSWORD}
    refused = await ann.post("/account/passkeys/question", **form)
    assert refused.status_code == 422 and "https://" in refused.json()["refusal"]
    safe = await street.browser(scheme="https")
    await safe.sign_in("Ann")
    asked = await safe.post("/account/passkeys/question", **form)
    assert asked.json()["rp"]["id"] == "box.test" and asked.json()["user"]["name"] == "Ann"
    selection = asked.json()["authenticatorSelection"]
    assert (selection["residentKey"], selection["userVerification"]) == ("required", "required")
    assert (await safe.post("/account/passkeys/question", name="", password=PASSWORD)).is_error
    assert (await safe.post("/account/passkeys/question", name="x", password="no")).is_error


async def test_a_form_without_an_answer_of_the_device_says_what_is_missing(
    street: Street, ann: Browser
) -> None:
    stranger = await street.browser(scheme="https")
    for browser, path in ((ann, "/account/passkeys"), (stranger, "/sign-in/passkey")):
        page = await browser.post(path, name="Phone", password=PASSWORD)
        assert page.status_code == 422 and "Allow scripts" in page.text
    hostile = await stranger.post("/sign-in/passkey", answer='{"id": ["\u202e"]}')
    assert hostile.status_code == 422 and "not a passkey for this box" in hostile.text


async def test_the_pages_of_a_reset_say_that_it_ends_them(street: Street, ann: Browser) -> None:
    await turn_on(ann)
    account = await street.box.door.people.named("Ann")
    key = await street.box.door.links.reset(None, account)
    other = await street.browser()
    assert "they end with this" in (await other.get(f"/resets/{key}")).text
    assert "ends their second factor" in (await ann.get("/admin/people")).text
    entered = await other.post(f"/resets/{key}", password="another long password")
    assert entered.headers["location"] == "/" and other.is_in
    record = await other.get("/admin/audit")
    assert "second factor turned off" in record.text
