"""Who asks, and over what: the box takes a named proxy's word for it and nobody else's.

Without any proxy: whoever comes from the address of one is one.
"""

import re
from collections.abc import Iterator

import httpx
import pytest
from behind import ASKER, KEY, NAME, Served, served
from fakes import ScriptedBackend

from appliance.conversations.conversation import new_id

NAMED = "127.0.0.2"
ELSEWHERE = "192.168.77.5"
FORGED = "203.0.113.66"


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    server = {"names": [NAME], "proxies": [NAMED]}
    folder = tmp_path_factory.mktemp("box")
    with served(folder / "data", ScriptedBackend(lambda _: "Yes."), server=server) as box:
        yield box


def asking(port: int, come_from: str, **headers: str) -> httpx.Client:
    """From that address of this machine; the headers are as a proxy or a liar would write them."""
    return httpx.Client(
        base_url=f"http://127.0.0.1:{port}",
        headers={"Host": f"{NAME}:{port}", **headers},
        transport=httpx.HTTPTransport(local_address=come_from),
        timeout=30,
    )


def recorded(here: Served, come_from: str, **headers: str) -> str:
    """From where the record says that somebody failed to sign in."""
    with asking(here.port, come_from, **headers) as client:
        token = re.findall(r'name="_csrf_token" value="([^"]+)"', client.get("/sign-in").text)[0]
        # Another name each time: after some wrong passwords for one, everybody has to wait.
        form = {"name": new_id(), "password": "not the password", "_csrf_token": token}
        cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
        answer = client.post("/sign-in", data=form, headers={"Cookie": cookies})
        assert answer.status_code == 422, answer.text
    return here.addresses()[0]


def test_the_proxy_that_was_named_says_who_asks(here: Served) -> None:
    said = {"X-Forwarded-For": ELSEWHERE, "X-Forwarded-Proto": "https"}
    assert recorded(here, NAMED, **said) == ELSEWHERE


def test_what_an_asker_says_of_themselves_through_it_is_not_believed(here: Served) -> None:
    """Many proxies add the address they see to what was sent: the last word is theirs."""
    said = {"X-Forwarded-For": f"{FORGED}, {ELSEWHERE}"}
    assert recorded(here, NAMED, **said) == ELSEWHERE


def test_nobody_else_s_word_is_taken(here: Served) -> None:
    for name in ("X-Forwarded-For", "X-Real-IP", "Forwarded", "X-Client-IP", "CF-Connecting-IP"):
        assert recorded(here, ASKER, **{name: FORGED}) == ASKER


@pytest.mark.parametrize(("come_from", "is_secure"), [(NAMED, True), (ASKER, False)])
def test_only_the_proxy_can_say_that_it_was_over_tls(
    here: Served, come_from: str, is_secure: bool
) -> None:
    with asking(here.port, come_from, **{"X-Forwarded-Proto": "https"}) as client:
        answer = client.get("/sign-in")
    assert ("strict-transport-security" in answer.headers) is is_secure
    assert ("secure" in answer.headers["set-cookie"].lower()) is is_secure


@pytest.mark.parametrize("come_from", [NAMED, ASKER])
@pytest.mark.parametrize("header", ["X-Forwarded-Host", "X-Host", "X-Original-Host"])
def test_a_name_is_what_the_host_header_says_and_no_other_one(
    here: Served, come_from: str, header: str
) -> None:
    with asking(here.port, come_from, **{header: "evil.com"}) as client:
        page = client.get("/sign-in")
        assert page.status_code == 200
        assert "evil.com" not in page.text + str(page.headers)
        assert client.get("/sign-in", headers={"Host": "evil.com"}).status_code == 400


@pytest.mark.parametrize("come_from", [NAMED, ASKER])
@pytest.mark.parametrize("word", ["X-Forwarded-For", "X-Real-IP", "Forwarded", "Via"])
def test_a_forwarded_request_is_none_of_this_machine_s_own(
    here: Served, come_from: str, word: str
) -> None:
    """Whatever it says: figures that programs on this machine may read are not for others."""
    with asking(here.port, come_from, **{word: "127.0.0.1"}) as client:
        assert client.get("/metrics").status_code in (303, 401)
    with asking(here.port, come_from) as client:
        assert client.get("/metrics").status_code == 200


@pytest.mark.parametrize("address", ["not an address", "", "1.2.3.4:99999", "[::1", "," * 500])
def test_a_broken_word_of_a_proxy_breaks_nothing(here: Served, address: str) -> None:
    with asking(here.port, NAMED, **{"X-Forwarded-For": address}) as client:
        assert client.get("/sign-in").status_code == 200


def test_a_stream_tells_proxies_not_to_hold_it_back(here: Served) -> None:
    with (
        asking(here.port, ASKER, Cookie=f"sign-in={KEY}") as client,
        client.stream("GET", f"/turns/{'0' * 32}/stream") as stream,
    ):
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert stream.headers["x-accel-buffering"] == "no"
        assert stream.headers["cache-control"] == "no-store"
