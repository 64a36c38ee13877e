"""Who may act on the box: what a browser says of the name it used and of the page that asks."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fakes import ScriptedBackend
from httpx import ASGITransport, AsyncClient, Response
from signed_in import COOKIES, sign_in

from appliance.app import create_app
from appliance.lifespan import open_box
from appliance.settings import Settings

OWN, FOREIGN, OTHER = "heard", "by its name", "by its page"

HERE = "192.168.1.5:8080"
PAIRS = [
    # Its own names and pages, with the port that browsers leave out or name.
    (HERE, f"http://{HERE}", OWN),
    (HERE, None, OWN),
    ("192.168.1.5", "http://192.168.1.5", OWN),
    ("chat.lan:8080", "http://chat.lan:8080", OWN),
    ("CHAT.lan:8080", "http://CHAT.lan:8080", OWN),
    ("localhost:8080", "http://localhost:8080", OWN),
    ("127.0.0.1:8080", "http://127.0.0.1:8080", OWN),
    ("[::1]:8080", "http://[::1]:8080", OWN),
    ("machine.local:8080", "http://machine.local:8080", OWN),
    ("machine:8080", "http://machine:8080", OWN),
    # Another site's name that was made to lead here.
    ("evil.com", "http://evil.com", FOREIGN),
    ("evil.com:8080", "http://evil.com:8080", FOREIGN),
    ("evil.com", None, FOREIGN),
    ("chat.lan.evil.com", "http://chat.lan.evil.com", FOREIGN),
    ("chatXlan:8080", "http://chatXlan:8080", FOREIGN),
    ("192.168.1.5.nip.io", "http://192.168.1.5.nip.io", FOREIGN),
    ("0.0.0.0:8080", "http://0.0.0.0:8080", FOREIGN),
    ("192.168.1.6:8080", "http://192.168.1.6:8080", FOREIGN),
    ("[::]:8080", "http://[::]:8080", FOREIGN),
    ("2130706433:8080", "http://2130706433:8080", FOREIGN),
    ("chat.lan:8081", "http://chat.lan:8081", FOREIGN),
    ("chat.lan.:8080", "http://chat.lan.:8080", FOREIGN),
    ("user@chat.lan:8080", "http://chat.lan:8080", FOREIGN),
    ("", None, FOREIGN),
    # Another site's page that sends to the right name.
    (HERE, "http://evil.com", OTHER),
    (HERE, "null", OTHER),
    (HERE, "http://192.168.1.5:8081", OTHER),
    (HERE, "http://192.168.1.5", OTHER),
    (HERE, "http://chat.lan:8080", OTHER),
    (HERE, f"http://{HERE}.evil.com", OTHER),
    (HERE, "", OTHER),
    ("chat.lan:8080", "http://localhost:8080", OTHER),
    ("localhost:8080", "http://127.0.0.1:8080", OTHER),
    ("chat.lan:8080", "http://evil@chat.lan:8080", OTHER),
]


@pytest.fixture
async def browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[AsyncClient]:
    """At a box on 192.168.1.5, with somebody's cookies."""
    monkeypatch.setattr("socket.gethostname", lambda: "machine")
    settings = Settings(data_dir=tmp_path, hot={"embedded": False}, server={"names": ["chat.lan"]})
    async with open_box(settings, lambda: ScriptedBackend(lambda _: "A reply.")) as box:
        await sign_in(box)
        transport = ASGITransport(create_app(box, 8080))
        async with AsyncClient(
            transport=transport, base_url=f"http://{HERE}", cookies=COOKIES
        ) as client:
            await client.get("/")
            client.headers["x-csrf-token"] = client.cookies["csrf"]
            yield client


def heard(answer: Response) -> str:
    """By whom a request was refused, or that it reached its handler, which found nothing to do."""
    if answer.status_code == 400 and "does not go by the name" in answer.text:
        return FOREIGN
    if answer.status_code == 403 and "another site" in answer.text:
        return OTHER
    assert answer.status_code == 404 and "no such conversation" in answer.text
    return OWN


async def test_every_pair_of_name_and_page(browser: AsyncClient) -> None:
    got = []
    for host, origin, _ in PAIRS:
        headers = {"Host": host, "X-Forwarded-Host": HERE}
        if origin is not None:
            headers["Origin"] = origin
        answer = await browser.delete(f"/conversations/{'0' * 32}", headers=headers)
        got.append((host, origin, heard(answer)))
    assert got == PAIRS
    assert len(PAIRS) >= 30


async def test_a_page_that_came_in_plain_may_not_act_over_tls(browser: AsyncClient) -> None:
    place, form = f"https://{HERE}/ahead", {"conversation_id": ""}
    refused = await browser.post(place, data=form, headers={"Origin": f"http://{HERE}"})
    assert refused.status_code == 403
    assert "another site" in refused.text


async def test_the_refusal_says_what_to_do_and_repeats_nothing(browser: AsyncClient) -> None:
    answer = await browser.get("/", headers={"Host": "evil.com"})
    assert answer.status_code == 400
    assert "server.names" in answer.text
    assert "evil.com" not in answer.text


async def test_over_tls_cookies_and_the_name_are_kept_to_it(browser: AsyncClient) -> None:
    for host, kept in (("chat.lan:8080", True), (HERE, False), ("localhost:8080", False)):
        browser.cookies.clear()  # so that it is given one
        answer = await browser.get(f"https://{HERE}/trust", headers={"Host": host})
        assert answer.status_code == 200
        assert ("strict-transport-security" in answer.headers) is kept
        cookies = answer.headers.get_list("set-cookie")
        assert cookies and all("; secure" in each.lower() for each in cookies)
    in_plain = await browser.get(f"http://{HERE}/trust", headers={"Host": "chat.lan"})
    assert "strict-transport-security" not in in_plain.headers
