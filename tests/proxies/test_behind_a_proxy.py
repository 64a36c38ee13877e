"""The box behind nginx and Caddy, with the files that the documentation gives for them."""

import json
import re
from collections.abc import Iterator

import httpx
import pytest
from behind import ASKER, NAME, Proxy, Served, browser, proxy, served
from fakes import ScriptedBackend

from appliance.conversations.conversation import new_id

REPLY = "Herons stand still. " * 20
MADE = 20
"""So many steps the model may go before somebody has read something of its reply."""
FORGED = {
    "X-Forwarded-For": "203.0.113.66",
    "X-Forwarded-Proto": "http",
    "X-Real-IP": "203.0.113.66",
    "Forwarded": "for=203.0.113.66",
}


@pytest.fixture(scope="module")
def backend() -> ScriptedBackend:
    return ScriptedBackend(lambda _: REPLY, gated=True)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory, backend: ScriptedBackend) -> Iterator[Served]:
    server = {"names": [NAME], "proxies": ["127.0.0.1"]}
    folder = tmp_path_factory.mktemp("box")
    with served(folder / "data", backend, server=server, documents={"file_mb": 3}) as box:
        yield box


@pytest.fixture(scope="module", params=["nginx", "caddy"])
def front(
    here: Served, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Proxy]:
    with proxy(request.param, tmp_path_factory.mktemp("proxy") / "files", here.port) as front:
        yield front


def test_a_reply_s_first_words_are_there_before_its_last_are_made(
    here: Served, front: Proxy, backend: ScriptedBackend
) -> None:
    with browser(front.port, front.authority) as client:
        form = {
            "_csrf_token": _form_token(client.get("/").text),
            "content": "Why do herons stand still?",
            "client_message_id": new_id(),
            "conversation_id": "",
        }
        sent = client.post("/turns", data=form)
        assert sent.status_code == 303, sent.text
        turn_id = here.do(lambda: _latest_turn(here))
        with client.stream("GET", f"/turns/{turn_id}/stream?format=text") as stream:
            backend.let(MADE)
            pieces, events = stream.iter_text(), ""
            while not _text(events):
                events += next(pieces)
            assert len(_text(events)) <= MADE < len(REPLY)
            backend.let(100_000)
            events += "".join(pieces)
    assert _text(events) == REPLY
    assert "event: done" in events


def test_a_file_larger_than_proxies_usually_let_through_arrives(front: Proxy) -> None:
    with browser(front.port, front.authority) as client:
        token = _form_token(client.get("/documents").text)
        sent = client.post(
            "/documents",
            data={"_csrf_token": token, "where": ""},
            files={"file": ("notes.txt", b"The heron is grey.\n" * 100_000)},
            headers={"x-csrf-token": token},
        )
        assert sent.status_code == 303, sent.text
        assert "notes.txt" in client.get("/documents").text


def test_one_that_is_too_large_is_refused_by_the_box_in_its_own_words(front: Proxy) -> None:
    with browser(front.port, front.authority) as client:
        token = _form_token(client.get("/documents").text)
        client.post(
            "/documents",
            data={"_csrf_token": token, "where": ""},
            files={"file": ("thick.txt", b"The heron is grey.\n" * 250_000)},
            headers={"x-csrf-token": token},
        )
        page = client.get("/documents").text
        assert "thick.txt" in page and "3 MB" in page


def test_the_box_knows_who_asks_and_that_it_was_over_tls(here: Served, front: Proxy) -> None:
    with browser(front.port, front.authority) as client:
        assert "strict-transport-security" in client.get("/").headers
        _fail_to_sign_in(client)
    assert here.addresses()[0] == ASKER


def test_nobody_can_pass_for_somebody_else_through_it(here: Served, front: Proxy) -> None:
    with browser(front.port, front.authority, **FORGED) as client:
        assert "strict-transport-security" in client.get("/").headers
        _fail_to_sign_in(client)
    assert "203.0.113.66" not in here.addresses()


def test_figures_for_this_machine_are_not_given_to_who_comes_through_it(front: Proxy) -> None:
    with browser(front.port, front.authority) as client:
        client.cookies.clear()
        assert client.get("/metrics").status_code in (303, 401)
        assert client.get("/healthz").status_code == 200


async def _latest_turn(here: Served) -> str:
    service, person = here.box.desk.service, here.box.person
    newest = (await service.list_conversations(person))[0]
    opened = await service.open_conversation(person, newest.conversation_id)
    return next(reversed(opened.turns.values())).turn_id


def _fail_to_sign_in(client: httpx.Client) -> None:
    form = {"name": new_id(), "password": "not the password", "next_page": "/"}
    form["_csrf_token"] = _form_token(client.get("/").text)
    assert client.post("/sign-in", data=form).status_code == 422


def _form_token(page: str) -> str:
    """What a form of this page sends along."""
    return re.findall(r'name="_csrf_token" value="([^"]+)"', page)[0]


def _text(events: str) -> str:
    """What a reader has after these events."""
    text = ""
    for name, data in re.findall(r"event: (snapshot|delta)\r?\ndata: (.*)", events):
        said = json.loads(data)["text"]
        text = said if name == "snapshot" else text + said
    return text
