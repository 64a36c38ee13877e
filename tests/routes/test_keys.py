"""Keys for programs over HTTP: made on a page, shown once, and what each of them opens."""

import html
import re
from pathlib import Path
from typing import Any

import pytest
from conversation_steps import exchange
from httpx import ASGITransport, AsyncClient, Response
from litestar.routes import HTTPRoute
from open_stream import OpenStream
from signed_in import sign_in
from whole_box import Page, open_page

from appliance.accounts.account import AccountRole
from appliance.accounts.api_key import PREFIX, Scope
from appliance.accounts.limit import UNLIMITED, Limit
from appliance.accounts.new_key import Wish
from appliance.app import create_app
from appliance.lifespan import Box

KEY = re.compile(PREFIX + "[0-9a-f]{64}")
CHAT = {"model": "default", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 3}
FORM = {"name": "my editor", "chat": "yes"}


async def key_for(box: Box, *scopes: Scope, limit: Limit = UNLIMITED, name: str = "k") -> str:
    wish = Wish(name, frozenset(scopes), None, limit)
    return (await box.door.keys.make(box.person, wish)).secret


def program(box: Box, secret: str = "", **headers: str) -> AsyncClient:
    """A program that is not on this machine."""
    if secret:
        headers["Authorization"] = f"Bearer {secret}"
    transport = ASGITransport(create_app(box, 80), client=("10.0.0.9", 40000))
    return AsyncClient(transport=transport, base_url="http://localhost", headers=headers)


@pytest.fixture
async def page(tmp_path: Path) -> Any:
    async with open_page(tmp_path / "data", lambda _: "A reply.") as page:
        yield page


async def made(page: Page, **form: str) -> Response:
    return await page.client.post("/account/keys", data={**FORM, **form})


async def test_a_key_is_shown_once_with_a_line_to_try_it(page: Page) -> None:
    answer = await made(page)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    (secret,) = set(KEY.findall(answer.text))
    line = html.unescape(answer.text)
    assert f'curl http://localhost/v1/chat/completions -H "Authorization: Bearer {secret}"' in line
    listed = (await page.get("/account/keys")).text
    assert secret not in listed
    assert secret[: len(PREFIX) + 4] in listed
    assert "my editor" in listed
    async with program(page.box, secret) as client:
        assert (await client.post("/v1/chat/completions", json=CHAT)).status_code == 200


async def test_a_name_is_text_and_no_markup(page: Page) -> None:
    answer = await made(page, name="<b>mine</b>")
    assert "&lt;b&gt;mine&lt;/b&gt;" in answer.text
    assert "<b>" not in answer.text


async def test_what_cannot_be_made_is_said_and_nothing_is_made(page: Page) -> None:
    wrong: list[tuple[dict[str, str], str]] = [
        ({"name": " "}, "needs a name"),
        ({"chat": ""}, "Choose at least one"),
        ({"days": "soon"}, "is a whole number"),
        ({"days": "4000"}, "from 1 to 3,650 days"),
        ({"tokens_per_day": "-5"}, "is a whole number"),
        ({"tokens_per_day": "9" * 12}, "Tokens per day must be"),
        ({"requests_per_minute": "200000"}, "Requests per minute must be"),
        ({"requests_per_minute": "1" * 5000}, "is a whole number"),
    ]
    for form, sentence in wrong:
        answer = await made(page, **form)
        assert answer.status_code == 422, form
        assert sentence in html.unescape(answer.text)
    assert await page.box.door.keys.of_person(page.box.person) == ()


async def test_the_same_form_sent_twice_makes_one_key(page: Page) -> None:
    assert (await made(page)).status_code == 200
    again = await made(page)
    assert (again.status_code, "called my editor already" in again.text) == (409, True)
    assert len(await page.box.door.keys.of_person(page.box.person)) == 1


async def test_a_revoked_key_opens_nothing_from_then_on(page: Page) -> None:
    secret = await key_for(page.box, Scope.CHAT)
    (key,) = await page.box.door.keys.of_person(page.box.person)
    async with program(page.box, secret) as client:
        assert (await client.get("/v1/models")).status_code == 200
        answer = await page.client.post(f"/account/keys/{key.key_id}/revocation")
        assert (answer.status_code, answer.headers["location"]) == (303, "/account/keys")
        assert (await client.get("/v1/models")).status_code == 401
    again = await page.client.post(f"/account/keys/{key.key_id}/revocation")
    assert again.status_code == 404
    assert "revoked already" in again.text


async def test_a_key_does_what_it_was_made_for_and_nothing_else(page: Page) -> None:
    started = await exchange(page.box, "Why is the sea salty?")
    conversation = f"/conversations/{started.conversation.conversation_id}"
    opens = {
        Scope.CHAT: ["/v1/models"],
        Scope.READ: [
            "/data/exports/json",
            f"{conversation}/exports/markdown",
            f"/turns/{started.turn.turn_id}/stream?format=text",
        ],
        Scope.EMBEDDINGS: [],
        Scope.METRICS: ["/metrics"],
    }
    await sign_in(page.box, role=AccountRole.ADMIN)
    never = ["/", conversation, "/data", "/account", "/account/keys", "/account/usage", "/search"]
    for scope in Scope:
        async with program(page.box, await key_for(page.box, scope, name=scope)) as client:
            for path in [path for paths in opens.values() for path in paths] + never:
                answer = await client.get(path)
                expected = 200 if path in opens[scope] else 403
                assert answer.status_code == expected, (scope, path, answer.text)


async def test_a_key_changes_nothing_but_asks_the_model(page: Page) -> None:
    secret = await key_for(page.box, Scope.CHAT, Scope.READ)
    started = await exchange(page.box, "Hello")
    token = {"csrf": page.client.cookies["csrf"]}
    headers = {"x-csrf-token": token["csrf"]}
    async with program(page.box, secret, **headers) as client:
        client.cookies.update(token)
        for method, path in (
            ("POST", "/turns"),
            ("DELETE", f"/turns/{started.turn.turn_id}"),
            ("DELETE", f"/conversations/{started.conversation.conversation_id}"),
            ("POST", "/account/keys"),
            ("POST", "/data/deletions"),
        ):
            form = {"content": "x", "client_message_id": "1" * 32, "name": "x", "chat": "yes"}
            sent = {"data": form} if method == "POST" else {}
            answer = await client.request(method, path, **sent)  # type: ignore[arg-type]
            assert answer.status_code == 403, (method, path)
            assert "key" in answer.text
    assert len(await page.box.door.keys.of_person(page.box.person)) == 1
    assert len(await page.box.desk.service.list_conversations(page.box.person)) == 1


async def test_a_key_comes_in_by_one_header_alone(page: Page) -> None:
    secret = await key_for(page.box, Scope.CHAT)
    variants: list[dict[str, str]] = [
        {},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer " + PREFIX + "0" * 64},
        {"Authorization": "Basic {key}"},
        {"Authorization": "{key}"},
        {"Authorization": "Token {key}"},
        {"Authorization": "Bearer {key} {key}"},
        {"Authorization": "Bearer {key}x"},
        {"x-api-key": "{key}"},
        {"api-key": "{key}"},
        {"Cookie": "key={key}; Authorization=Bearer {key}"},
        {"x-forwarded-authorization": "Bearer {key}"},
    ]
    for headers in variants:
        shown = {name: value.replace("{key}", secret) for name, value in headers.items()}
        async with program(page.box, **shown) as client:
            answer = await client.post(f"/v1/chat/completions?api_key={secret}", json=CHAT)
        assert answer.status_code == 401, headers
        assert set(answer.json()["error"]) == {"message", "type", "param", "code"}
        assert answer.headers["www-authenticate"] == "Bearer"


async def test_programs_need_a_key_where_a_browser_is_signed_in_too(page: Page) -> None:
    """There is no form token at /v1, so what a browser sends by itself is not enough there."""
    answer = await page.client.post("/v1/chat/completions", json=CHAT)
    assert answer.status_code == 401
    assert "Authorization: Bearer" in answer.json()["error"]["message"]


async def test_a_wrong_key_is_not_made_good_by_a_cookie(page: Page) -> None:
    wrong = {"Authorization": f"Bearer {PREFIX}{'0' * 64}"}
    assert (await page.client.get("/data/exports/json", headers=wrong)).status_code == 401


async def test_the_boxs_figures_are_for_this_machine_and_an_administrators_key(page: Page) -> None:
    assert (await page.get("/metrics")).status_code == 200
    secret = await key_for(page.box, Scope.METRICS)
    async with program(page.box, secret) as client:
        assert (await client.get("/metrics")).status_code == 404, "a member's key"
    await sign_in(page.box, role=AccountRole.ADMIN)
    async with program(page.box, secret) as client:
        assert "appliance_turns_total" in (await client.get("/metrics")).text
    async with AsyncClient(
        transport=ASGITransport(create_app(page.box, 80)), base_url="http://localhost"
    ) as here:
        assert (await here.get("/metrics")).status_code == 200
        forwarded = await here.get("/metrics", headers={"X-Forwarded-For": "10.0.0.9"})
        assert forwarded.status_code != 200
    async with program(page.box) as elsewhere:
        answer = await elsewhere.get("/metrics")
        assert answer.status_code in (303, 401)
        assert "appliance_" not in answer.text


async def test_healthz_and_readyz_say_no_more_than_they_must(page: Page) -> None:
    async with program(page.box) as anybody:
        assert (await anybody.get("/healthz")).json() == {"status": "alive"}
        ready = (await anybody.get("/readyz")).json()
    assert set(ready) == {"status", "model", "store"}
    assert set(ready.values()) <= {"ready", "loading", "failed", "not ready"}


async def test_no_log_line_holds_a_key(page: Page, capfd: pytest.CaptureFixture[str]) -> None:
    secret = await key_for(page.box, Scope.CHAT)
    async with program(page.box, secret) as client:
        await client.post("/v1/chat/completions", json=CHAT)
        await client.get("/account")
    said = capfd.readouterr()
    assert secret[len(PREFIX) + 4 :] not in said.out + said.err


async def test_a_reply_is_counted_for_the_key_that_asked(page: Page) -> None:
    secret = await key_for(page.box, Scope.CHAT, name="my editor")
    async with program(page.box, secret) as client:
        whole = (await client.post("/v1/chat/completions", json=CHAT)).json()["usage"]
    await exchange(page.box, "Hello")
    report = await page.box.door.usage.of(page.box.person)
    by_name = {each.name: each.tally for each in report.keys}
    assert by_name["my editor"].prompt_tokens == whole["prompt_tokens"]
    assert by_name["my editor"].completion_tokens == whole["completion_tokens"]
    assert by_name[""].requests == 1
    shown = (await page.get("/account/usage")).text
    assert "my editor" in shown
    assert "<rect" in shown


async def test_a_program_that_hangs_up_has_used_what_was_written(page: Page) -> None:
    secret = await key_for(page.box, Scope.CHAT)
    async with program(page.box, secret) as client:
        body = {**CHAT, "stream": True}
        async with client.stream("POST", "/v1/chat/completions", json=body) as answer:
            async for _ in answer.aiter_lines():
                break
    await page.box.generations.wait_idle()
    report = await page.box.door.usage.of(page.box.person)
    assert report.today.requests == 1
    assert report.today.prompt_tokens > 0


async def test_what_leaves_no_trace_is_counted_all_the_same(page: Page) -> None:
    form = {"content": "Hi", "client_message_id": "3" * 32, "temporary": "yes"}
    assert (await page.client.post("/turns", data=form)).status_code == 303
    await page.box.temporary.desk.runner.wait_all()
    report = await page.box.door.usage.of(page.box.person)
    assert report.today.requests == 1
    assert report.today.tokens > 0


async def test_background_work_is_nobodys(tmp_path: Path) -> None:
    titled = {"titles": True, "summaries": False}
    async with open_page(tmp_path / "data", lambda _: "A reply.", assistant=titled) as page:
        started = await exchange(page.box, "Hello")
        await page.box.desk.asides.wait_all()
        assert page.box.generations.begun_count > 1, "a title was looked for"
        report = await page.box.door.usage.of(page.box.person)
        turn = await page.box.desk.service.find_turn(page.box.person, started.turn.turn_id)
    assert report.today.requests == 1
    assert report.today.prompt_tokens == turn.counts.prompt_tokens


async def test_a_program_is_told_what_is_left_and_then_to_wait(page: Page) -> None:
    secret = await key_for(page.box, Scope.CHAT, limit=Limit(2, 10_000))
    async with program(page.box, secret) as client:
        first = await client.post("/v1/chat/completions", json=CHAT)
        assert first.headers["x-ratelimit-limit-requests"] == "2"
        assert first.headers["x-ratelimit-remaining-requests"] == "1"
        assert first.headers["x-ratelimit-reset-requests"] == "30s"
        assert first.headers["x-ratelimit-limit-tokens"] == "10000"
        assert first.headers["x-ratelimit-remaining-tokens"] == "10000"
        assert re.fullmatch(r"(\d+h)?(\d+m)?\d+s", first.headers["x-ratelimit-reset-tokens"])
        await client.get("/v1/models")
        third = await client.post("/v1/chat/completions", json=CHAT)
    assert third.status_code == 429
    assert 1 <= int(third.headers["retry-after"]) <= 30
    assert third.headers["x-ratelimit-remaining-requests"] == "0"
    error = third.json()["error"]
    assert (error["type"], error["code"]) == ("requests", "rate_limit_exceeded")
    assert "Try again in" in error["message"]


async def test_no_tokens_left_is_said_on_the_page_and_nothing_is_lost(page: Page) -> None:
    person = page.box.person
    await page.box.door.limits.set_of_person(person.person_id, Limit(0, 1))
    await exchange(page.box, "Hello")
    form = {"content": "More", "client_message_id": "2" * 32, "conversation_id": ""}
    refused = await page.act("POST", "/turns", **form)
    assert refused.status_code == 429
    assert "at midnight" in refused.text
    assert int(refused.headers["retry-after"]) > 0
    assert 'role="alert"' in refused.text, "a piece for the open page; the text stays in its field"
    assert len(await page.box.desk.service.list_conversations(person)) == 1
    assert "0 of 1" in (await page.get("/account/usage")).text
    await page.box.door.limits.set_of_person(person.person_id, None)
    accepted = await page.act("POST", "/turns", **form)
    assert accepted.status_code == 201


async def test_what_a_key_has_open_ends_when_it_is_revoked(tmp_path: Path) -> None:
    names = {"names": ["box.test"]}
    async with open_page(tmp_path, lambda _: "A reply.", gated=True, server=names) as page:
        started = await page.say("Hello")
        shown = {"authorization": f"Bearer {await key_for(page.box, Scope.READ)}"}
        path = f"/turns/{started.turn.turn_id}/stream?format=text"
        stream = OpenStream(create_app(page.box, 80), path, **shown)
        assert (await stream.next())[0] == "snapshot"
        (key,) = await page.box.door.keys.of_person(page.box.person)
        await page.box.door.keys.revoke(page.box.person, key.key_id)
        assert await stream.rest() == [], "it ends, and the turn goes on"
        turn = await page.box.desk.service.find_turn(page.box.person, started.turn.turn_id)
        assert not turn.status.is_final


async def test_each_route_that_a_key_opens_was_meant_to_be_one(page: Page) -> None:
    app = create_app(page.box, 80)
    handlers = [
        (method, route.path_format, handler.opt)
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        for method in handler.http_methods
        if method != "OPTIONS"
    ]
    opened = {(method, path): opt["scope"] for method, path, opt in handlers if "scope" in opt}
    assert opened == {
        ("POST", "/v1/chat/completions"): "chat",
        ("POST", "/v1/embeddings"): "embeddings",
        ("POST", "/v1/recall"): "read",
        ("GET", "/v1/models"): "chat",
        ("GET", "/v1/models/{name}"): "chat",
        ("GET", "/turns/{turn_id}/stream"): "read",
        ("GET", "/data/exports/{kind}"): "read",
        ("GET", "/conversations/{conversation_id}/exports/{kind}"): "read",
        ("GET", "/metrics"): "metrics",
        ("GET", "/v1/openapi.json"): "any",
    }
    # What only tells how all this is asked may be read in a browser, too.
    no_tokens = {path for _, path, _ in handlers if path.startswith("/v1/")} - {"/v1/openapi.json"}
    assert {path for _, path, opt in handlers if opt.get("keys_only")} == no_tokens
    assert {(method, path) for method, path, opt in handlers if opt.get("asks_model")} == {
        ("POST", "/turns"),
        ("POST", "/turns/{turn_id}/retries"),
        ("POST", "/turns/{turn_id}/continuations"),
        ("POST", "/messages/{message_id}/edits"),
        ("POST", "/summaries/{summary_id}/renewal"),
        ("POST", "/v1/chat/completions"),
    }


async def test_reading_and_stopping_are_never_too_much(page: Page) -> None:
    await page.box.door.limits.set_of_person(page.box.person.person_id, Limit(1, 1))
    started = await exchange(page.box, "Hello")
    for _ in range(5):
        assert (await page.get("/")).status_code == 200
    assert (await page.act("DELETE", f"/turns/{started.turn.turn_id}")).status_code == 204
