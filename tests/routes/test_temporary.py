"""Temporary conversations through the page's routes, over a whole box with a scripted model."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fakes import ScriptedBackend
from httpx import ASGITransport, AsyncClient, Response
from litestar import Litestar
from signed_in import sign_in

from appliance.app import create_app
from appliance.conversations.conversation import new_id
from appliance.conversations.lifetimes import GRACE_SECONDS, UNUSED_SECONDS
from appliance.conversations.temporary import GONE, MOST_A_PERSON
from appliance.lifespan import Box, open_box
from appliance.settings import Settings

PAGE = "f" * 32


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Box]:
    settings = Settings(
        data_dir=tmp_path / "data", hot={"embedded": False}, server={"names": ["box.test"]}
    )
    backend = ScriptedBackend(lambda sequence: "A short reply.")
    async with open_box(settings, lambda: backend) as box:
        await box.generations.wait_ready()
        yield box


@pytest.fixture
def now(box: Box) -> list[float]:
    """The clock by which they end."""
    now = [1000.0]
    box.temporary.lifetimes.clock = lambda: now[0]
    return now


@pytest.fixture
async def app(box: Box) -> Litestar:
    await sign_in(box)
    return create_app(box, 80)


@pytest.fixture
async def eve(box: Box) -> AsyncIterator[AsyncClient]:
    """Somebody else's browser."""
    transport = ASGITransport(create_app(box, 80))
    cookies = await sign_in(box, "eve")
    async with AsyncClient(
        transport=transport, base_url="http://box.test", cookies=cookies
    ) as client:
        await client.get("/")
        client.headers["x-csrf-token"] = client.cookies["csrf"]
        yield client


class Opened:
    """A temporary conversation with one answered message."""

    def __init__(self, box: Box, answer: Response) -> None:
        self._box = box
        self.path = answer.headers["hx-push-url"]
        self.conversation_id = self.path.rsplit("/", 1)[1]
        # Of the reply: a short one can be complete already, and has no stream to follow.
        self.turn_id = re.findall(r'id="turn-([0-9a-f]{32})"', answer.text)[0]
        self.stream = f"/turns/{self.turn_id}/stream"
        self.page = re.findall(r'hx-put="([^"]+)"', answer.text)[0]

    async def answered(self) -> "Opened":
        await self._box.temporary.desk.runner.wait_all()
        return self


def form(content: str, conversation_id: str = "", **more: str) -> dict[str, str]:
    return {
        "content": content,
        "conversation_id": conversation_id,
        "client_message_id": new_id(),
        **more,
    }


def switch_in(page: str) -> str:
    """The tag of the switch."""
    return re.findall(r'<input type="checkbox" name="temporary"[^>]*>', page)[0]


@pytest.fixture
async def opened(client: AsyncClient, box: Box, now: list[float]) -> Opened:
    return await begin(client, box)


async def begin(client: AsyncClient, box: Box) -> Opened:
    answer = await client.post(
        "/turns", data=form("A secret", temporary="yes"), headers={"HX-Request": "true"}
    )
    return await Opened(box, answer).answered()


async def test_the_empty_page_offers_it_and_says_what_it_is(client: AsyncClient) -> None:
    page = (await client.get("/")).text
    assert "checked" not in switch_in(page)
    assert "Nothing of it is written to this box’s disk." in page
    assert "/pages/" not in page


async def test_a_first_message_with_the_switch_begins_one_and_the_page_says_so(
    client: AsyncClient, box: Box, htmx: dict[str, str]
) -> None:
    answer = await client.post("/turns", data=form("A secret", temporary="yes"), headers=htmx)
    assert answer.headers["hx-push-url"].startswith("/conversations/temporary-")
    assert "<title>Temporary conversation</title>" in answer.text
    for target in ("temporary", "presence", "header"):
        assert f'hx-target="#{target}" hx-swap="innerHTML"' in answer.text
    assert "Temporary: nothing of it is written to this box’s disk." in answer.text
    opened = await Opened(box, answer).answered()
    page = (await client.get(opened.path)).text
    assert "A secret" in page and "A short reply." in page
    assert '<input type="hidden" name="temporary"' in page
    assert "<title>Temporary conversation</title>" in page
    assert 'data-opens="rename"' not in page
    assert await box.desk.service.list_conversations(box.person) == ()


async def test_without_the_switch_or_in_a_kept_one_nothing_is_temporary(
    client: AsyncClient, box: Box
) -> None:
    answer = await client.post("/turns", data=form("Hello"))
    path = answer.headers["location"]
    assert "temporary" not in path
    kept_id = path.rsplit("/", 1)[1]
    await box.desk.runner.wait_all()
    # The field alone takes nothing out of a conversation that is kept.
    again = await client.post("/turns", data=form("More", kept_id, temporary="yes"))
    assert again.headers["location"] == path
    page = (await client.get(path)).text
    assert 'name="temporary"' not in page and "/pages/" not in page
    assert box.temporary.lifetimes.of(box.person) == ()


async def test_without_scripts_a_form_begins_one_too(client: AsyncClient, box: Box) -> None:
    answer = await client.post("/turns", data=form("A secret", temporary="yes"))
    assert answer.status_code == 303
    assert (await client.get(answer.headers["location"])).status_code == 200
    assert await box.desk.service.list_conversations(box.person) == ()


async def test_every_route_serves_it_like_any_other(
    client: AsyncClient, box: Box, opened: Opened, htmx: dict[str, str]
) -> None:
    more = await client.post("/turns", data=form("More", opened.conversation_id), headers=htmx)
    assert more.status_code == 201 and "hx-push-url" not in more.headers
    await opened.answered()
    turn_id = re.findall(r'id="turn-([0-9a-f]{32})"', more.text)[-1]
    retried = await client.post(f"/turns/{turn_id}/retries", headers=htmx)
    assert retried.status_code == 201
    await opened.answered()
    assert (await client.delete(f"/turns/{turn_id}", headers=htmx)).status_code == 204
    assert "A short reply." in (await client.get(opened.stream)).text
    ahead = await client.post("/ahead", data={"conversation_id": opened.conversation_id})
    assert ahead.status_code == 204
    news = await client.get(opened.path, headers=htmx)
    assert "More" in news.text and "/pages/" not in news.text
    renamed = await client.patch(opened.path, data={"title": "Plans"}, headers=htmx)
    assert "<title>Plans</title>" in renamed.text
    deleted = await client.delete(opened.path, headers=htmx)
    assert "Deleted for good: the conversation and its" in deleted.text
    assert (await client.get(opened.path)).status_code == 404


async def test_the_same_message_sent_twice_is_one_message(
    client: AsyncClient, box: Box, htmx: dict[str, str]
) -> None:
    data = form("A secret", temporary="yes")
    first = await client.post("/turns", data=data, headers=htmx)
    again = await client.post("/turns", data=data, headers=htmx)
    assert again.headers["hx-redirect"] == first.headers["hx-push-url"]
    assert len(box.temporary.lifetimes.of(box.person)) == 1


async def test_another_person_can_do_nothing_with_it_and_learns_nothing(
    client: AsyncClient, eve: AsyncClient, opened: Opened, htmx: dict[str, str], now: list[float]
) -> None:
    turn, page = f"/turns/{opened.turn_id}", f"{opened.path}/pages/{PAGE}"
    unknown = opened.path[:-32] + "0" * 32
    tries = [
        await eve.get(opened.path),
        await eve.patch(opened.path, data={"title": "Mine"}, headers=htmx),
        await eve.delete(opened.path, headers=htmx),
        await eve.post("/turns", data=form("Hi", opened.conversation_id), headers=htmx),
        await eve.post("/ahead", data={"conversation_id": opened.conversation_id}),
        await eve.post(f"{turn}/retries", headers=htmx),
        await eve.delete(turn, headers=htmx),
        await eve.put(page, headers=htmx),
        await eve.delete(page, headers=htmx),
    ]
    assert {answer.status_code for answer in tries} == {404}
    assert (await eve.get(unknown)).text == tries[0].text
    stream = await eve.get(opened.stream)
    assert "secret" not in stream.text and "event: done" in stream.text
    news = await eve.get(opened.path, headers=htmx)
    assert "secret" not in news.text and GONE[:40] in news.text
    now[0] += GRACE_SECONDS
    mine = (await client.get(opened.path)).text
    assert "A secret" in mine and "Hi" not in mine


async def test_one_that_is_gone_says_so_wherever_it_is_asked_for(
    client: AsyncClient, box: Box, opened: Opened, htmx: dict[str, str]
) -> None:
    await box.temporary.conversations.end(box.person)
    sent = await client.post("/turns", data=form("Precious", opened.conversation_id), headers=htmx)
    assert sent.status_code == 404 and GONE in sent.text
    assert box.temporary.lifetimes.of(box.person) == ()
    page = await client.get(opened.path)
    assert page.status_code == 404 and GONE in page.text
    news = await client.get(opened.path, headers=htmx)
    assert f"{GONE} What you are writing below is still here." in news.text
    # What was meant to be temporary is not sent as anything else.
    assert "checked" in switch_in(news.text)
    assert 'hx-target="#presence" hx-swap="innerHTML"></hx-partial>' in news.text
    assert 'name="content"' not in news.text
    assert (await client.put(opened.page, headers=htmx)).status_code == 404
    assert "event: done" in (await client.get(opened.stream)).text


async def test_deleting_a_kept_one_leaves_the_switch_off(
    client: AsyncClient, box: Box, htmx: dict[str, str]
) -> None:
    path = (await client.post("/turns", data=form("Hello"))).headers["location"]
    await box.desk.runner.wait_all()
    deleted = await client.delete(path, headers=htmx)
    assert "checked" not in switch_in(deleted.text)


async def test_a_closed_page_ends_it_after_the_grace_and_a_reload_does_not(
    client: AsyncClient, box: Box, opened: Opened, htmx: dict[str, str], now: list[float]
) -> None:
    assert (await client.put(opened.page, headers=htmx)).status_code == 204
    assert (await client.delete(opened.page, headers=htmx)).status_code == 204
    (reloaded,) = re.findall(r'hx-put="([^"]+)"', (await client.get(opened.path)).text)
    assert reloaded != opened.page
    await client.put(reloaded, headers=htmx)
    now[0] += 10 * GRACE_SECONDS
    await box.temporary.conversations.end_those_over()
    assert (await client.get(opened.path)).status_code == 200
    await client.delete(reloaded, headers=htmx)
    now[0] += GRACE_SECONDS
    await box.temporary.conversations.end_those_over()
    assert (await client.get(opened.path)).status_code == 404


async def test_asking_for_news_is_no_use_and_everything_else_is(
    client: AsyncClient, box: Box, opened: Opened, htmx: dict[str, str], now: list[float]
) -> None:
    async def is_there_after_an_hour_but_for_the_last_second(doing: str) -> bool:
        now[0] += UNUSED_SECONDS - 1
        if doing == "writing":
            await client.post("/ahead", data={"conversation_id": opened.conversation_id})
        elif doing == "reloading":
            await client.get(opened.path)
        else:
            await client.get(opened.path, headers=htmx)
        now[0] += 1
        await box.temporary.conversations.end_those_over()
        return opened.conversation_id in box.temporary.lifetimes.of(box.person)

    assert await is_there_after_an_hour_but_for_the_last_second("writing")
    assert await is_there_after_an_hour_but_for_the_last_second("reloading")
    assert not await is_there_after_an_hour_but_for_the_last_second("looking")


async def test_one_too_many_is_refused_with_what_to_do(
    client: AsyncClient, box: Box, htmx: dict[str, str]
) -> None:
    for _ in range(MOST_A_PERSON):
        await begin(client, box)
    answer = await client.post("/turns", data=form("One more", temporary="yes"), headers=htmx)
    assert answer.status_code == 409
    assert "You have 8 temporary conversations open already. Delete one of them" in answer.text
    assert (await client.post("/turns", data=form("But a kept one"))).status_code == 303


async def test_a_page_without_a_proper_id_is_refused_with_a_sentence(
    client: AsyncClient, opened: Opened, htmx: dict[str, str]
) -> None:
    for page_id in ("x", "F" * 32, "0" * 33, "%00"):
        answer = await client.put(f"{opened.path}/pages/{page_id}", headers=htmx)
        assert answer.status_code == 422 and "Reload it." in answer.text


async def test_a_page_of_a_kept_conversation_is_not_counted(
    client: AsyncClient, htmx: dict[str, str]
) -> None:
    path = (await client.post("/turns", data=form("Hello"))).headers["location"]
    assert (await client.put(f"{path}/pages/{PAGE}", headers=htmx)).status_code == 404


async def test_no_answer_is_kept_by_the_browser(
    client: AsyncClient, opened: Opened, htmx: dict[str, str]
) -> None:
    for headers in ({}, htmx):
        for path in (opened.path, opened.stream):
            answer = await client.get(path, headers=headers)
            assert answer.headers["cache-control"] == "no-store"
