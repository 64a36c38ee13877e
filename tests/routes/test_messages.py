"""Acts on messages, from the request to what the open page is told."""

import re
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from conversation_steps import InTurn, follow_to_end
from httpx import ASGITransport, AsyncClient
from pysqlite3 import dbapi2 as sqlite
from signed_in import sign_in
from whole_box import HTMX, Page, open_page

from appliance.app import create_app
from appliance.conversations.conversation import new_id


@pytest.fixture
async def page(tmp_path: Path) -> AsyncIterator[Page]:
    async with open_page(tmp_path, InTurn("One.", "Two.", "Three.")) as page:
        yield page


def stored(page: Page) -> list[Any]:
    path = page.box.desk.database.path
    with closing(sqlite.connect(f"file:{path}?mode=ro", uri=True)) as database:
        tables = ("conversations", "messages", "turns")
        return [list(database.execute(f"SELECT * FROM {each}")) for each in tables]


def articles(html: str) -> list[str]:
    """Which messages and turns the answer shows."""
    return re.findall(r'<article class="message \w+" id="([^"]+)"', html)


async def test_an_own_message_has_its_acts_and_a_reply_has_its_own(page: Page) -> None:
    started = await page.exchange("What is rice?")
    html = (await page.get(f"/conversations/{started.conversation.conversation_id}")).text
    message_id, turn_id = started.message.message_id, started.turn.turn_id
    assert f'hx-get="/messages/{message_id}/edit"' in html
    assert f'hx-delete="/messages/{message_id}"' in html
    assert f'hx-post="/turns/{turn_id}/retries"' in html
    assert "/continuations" not in html, "it is whole"
    assert 'aria-label="Versions"' not in html, "there is one"


async def test_the_form_of_an_edit_holds_the_message_as_it_was_typed(page: Page) -> None:
    words = "\n  first line </textarea><b>&amp;\n\nlast\n"
    started = await page.exchange(words)
    form = (await page.act("GET", f"/messages/{started.message.message_id}/edit")).text
    field = re.search(r"<textarea[^>]*>\n(.*)</textarea>", form, re.S)
    assert field is not None
    escaped = words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert field[1] == escaped
    assert re.search(r'name="client_message_id" value="[0-9a-f]{32}"', form)


async def test_an_edit_replaces_what_followed_on_the_page(page: Page) -> None:
    first = await page.exchange("What is rice?")
    second = await page.exchange("And maize?", first.conversation.conversation_id)
    answer = await page.edit(first.message.message_id, "What is wheat?")
    assert 'hx-target="#messages" hx-swap="innerMorph"' in answer.text
    assert "What is wheat?" in answer.text and "2 / 2" in answer.text
    assert second.message.message_id not in articles(answer.text)
    (shown, turn) = articles(answer.text)
    assert shown != f"message-{first.message.message_id}"
    assert f'hx-sse:connect="/turns/{turn.removeprefix("turn-")}/stream"' in answer.text
    assert 'class="action stop' in answer.text
    assert answer.headers["hx-replace-url"].endswith(first.conversation.conversation_id)


async def test_a_refused_edit_is_a_sentence_and_changes_nothing(page: Page) -> None:
    started = await page.exchange("What is rice?")
    before = stored(page)
    message_id = started.message.message_id
    for content, form, status, words in (
        ("  ", {}, 422, "The message is empty"),
        ("x" * 32_001, {}, 422, "at most 32,000"),
        ("Hello", {"client_message_id": "?"}, 422, "Reload the page"),
    ):
        answer = await page.edit(message_id, content, **form)
        assert answer.status_code == status
        assert answer.text.startswith('<p class="notice" role="alert">') and words in answer.text
    without = await page.act("POST", f"/messages/{message_id}/edits")
    assert without.status_code == 400 and 'role="alert"' in without.text
    assert stored(page) == before


async def test_a_switch_shows_the_other_branch(page: Page) -> None:
    first = await page.exchange("What is rice?")
    conversation_id = first.conversation.conversation_id
    await page.exchange("And?", conversation_id)
    again = await page.act("POST", f"/turns/{first.turn.turn_id}/retries")
    assert "And?" not in again.text
    opened = await page.opened(first)
    (turn,) = [turn for turn in opened.turns.values() if not turn.status.is_final] or [None]
    if turn is not None:
        await follow_to_end(page.box, turn.turn_id)
    html = (await page.get(f"/conversations/{conversation_id}")).text
    arrow = re.search(rf'hx-put="(/conversations/{conversation_id}/branches/[0-9a-f]+)"', html)
    assert arrow is not None and "2 / 2" in html
    answer = await page.act("PUT", arrow[1])
    assert "And?" in answer.text and "1 / 2" in answer.text
    assert "Another version is shown." in answer.text
    # The same arrow is a link where there are no scripts.
    link = re.search(r'href="(/conversations/[0-9a-f]+\?at=[0-9a-f]+)#message-[0-9a-f]+"', html)
    assert link is not None
    assert "1 / 2" in (await page.get(link[1])).text


async def test_a_deleted_pair_leaves_a_receipt(page: Page) -> None:
    first = await page.exchange("What is rice?")
    second = await page.exchange("And maize?", first.conversation.conversation_id)
    answer = await page.act("DELETE", f"/messages/{first.message.message_id}")
    assert "Deleted for good: 1 message and 1 reply." in answer.text
    assert articles(answer.text)[0] == f"message-{second.message.message_id}"
    last = await page.act("DELETE", f"/messages/{second.message.message_id}")
    assert "1 message and 1 reply, and with it the conversation." in last.text
    assert last.headers["hx-push-url"] == "/"
    assert stored(page) == [[], [], []]


async def test_a_cut_reply_goes_on_where_it_was(tmp_path: Path) -> None:
    reply = InTurn("x" * 40, "y" * 10)
    async with open_page(tmp_path, reply, limits={"reply_tokens": 20}) as page:
        started = await page.exchange("Tell me")
        path = f"/conversations/{started.conversation.conversation_id}"
        html = (await page.get(path)).text
        assert f'hx-post="/turns/{started.turn.turn_id}/continuations"' in html
        answer = await page.act("POST", f"/turns/{started.turn.turn_id}/continuations")
        assert "x" * 20 in answer.text and answer.text.count("<article") == 2
        assert f"turn-{started.turn.turn_id}" not in articles(answer.text)
        (turn,) = (await page.opened(started)).turns.values()
        await follow_to_end(page.box, turn.turn_id)
        html = (await page.get(path)).text
        assert "x" * 20 + "y" * 10 in html and html.count("<article") == 2
        refused = await page.act("POST", f"/turns/{turn.turn_id}/continuations")
        assert refused.status_code == 409 and "nothing to continue" in refused.text


async def test_only_the_last_reply_offers_to_go_on(tmp_path: Path) -> None:
    async with open_page(tmp_path, InTurn("x" * 40), limits={"reply_tokens": 20}) as page:
        first = await page.exchange("Tell me")
        await page.exchange("More", first.conversation.conversation_id)
        html = (await page.get(f"/conversations/{first.conversation.conversation_id}")).text
        assert html.count("/continuations") == 1
        assert html.count("The reply reached its length limit.") == 2


async def test_while_a_reply_is_written_every_act_is_refused_with_the_sentence(
    tmp_path: Path,
) -> None:
    async with open_page(tmp_path, InTurn("One.", "Two.", "x" * 500), gated=True) as page:
        page.backend.let(100)  # type: ignore[attr-defined]
        first = await page.exchange("What is rice?")
        again = await page.box.desk.service.retry_turn(page.box.person, first.turn.turn_id)
        await follow_to_end(page.box, again.turn.turn_id)
        opened = await page.opened(first)
        other = opened.siblings[opened.messages[-1].message_id][0]
        conversation_id = first.conversation.conversation_id
        await page.say("And?", conversation_id)
        message_id, turn_id = first.message.message_id, first.turn.turn_id
        before = stored(page)[:2]
        for answer in (
            await page.edit(message_id, "What is wheat?"),
            await page.act("POST", f"/turns/{turn_id}/retries"),
            await page.act("POST", f"/turns/{turn_id}/continuations"),
            await page.act("PUT", f"/conversations/{conversation_id}/branches/{other}"),
            await page.act("DELETE", f"/messages/{message_id}"),
            await page.get(f"/conversations/{conversation_id}?at={other}"),
        ):
            assert answer.status_code == 409
            assert (
                "A reply is still being written here. Wait for it or stop it first." in answer.text
            )
        assert stored(page)[:2] == before


async def test_somebody_elses_messages_are_not_there_and_stay_as_they_are(page: Page) -> None:
    first = await page.exchange("Mine alone")
    again = await page.box.desk.service.retry_turn(page.box.person, first.turn.turn_id)
    await follow_to_end(page.box, again.turn.turn_id)
    opened = await page.opened(first)
    other = opened.siblings[opened.messages[-1].message_id][0]
    before = stored(page)
    box, cookies = page.box, await sign_in(page.box, "eve")
    transport = ASGITransport(create_app(box, 80))
    async with AsyncClient(
        transport=transport, base_url="http://localhost", cookies=cookies
    ) as client:
        await client.get("/")
        client.headers["x-csrf-token"] = client.cookies["csrf"]
        eve = Page(box, client)
        message_id, turn_id = first.message.message_id, first.turn.turn_id
        conversation_id = first.conversation.conversation_id
        for answer in (
            await eve.act("GET", f"/messages/{message_id}/edit"),
            await eve.edit(message_id, "Hers"),
            await eve.act("POST", f"/turns/{turn_id}/retries"),
            await eve.act("POST", f"/turns/{turn_id}/continuations"),
            await eve.act("PUT", f"/conversations/{conversation_id}/branches/{other}"),
            await eve.act("DELETE", f"/messages/{message_id}"),
            await eve.get(f"/conversations/{conversation_id}?at={other}"),
        ):
            assert answer.status_code == 404
            assert "Mine alone" not in answer.text
    assert stored(page) == before


async def test_acts_without_the_token_are_refused(page: Page) -> None:
    started = await page.exchange("What is rice?")
    before = stored(page)
    del page.client.headers["x-csrf-token"]
    path = f"/messages/{started.message.message_id}"
    form = {"content": "Hi", "client_message_id": new_id()}
    assert (await page.client.post(f"{path}/edits", data=form, headers=HTMX)).status_code == 403
    assert (await page.client.delete(path, headers=HTMX)).status_code == 403
    continuation = f"/turns/{started.turn.turn_id}/continuations"
    assert (await page.client.post(continuation, headers=HTMX)).status_code == 403
    assert stored(page) == before


async def test_another_tab_sees_edits_switches_and_deletions_at_its_next_look(page: Page) -> None:
    first = await page.exchange("What is rice?")
    second = await page.exchange("And maize?", first.conversation.conversation_id)
    path = f"/conversations/{first.conversation.conversation_id}"

    async def look(html: str) -> str:
        found = re.search(r'id="sync" hidden hx-get="([^"]+)"', html)
        assert found is not None
        return (await page.get(found[1], headers=HTMX)).text

    other_tab = (await page.get(path)).text
    assert await look(other_tab) == ""
    edited = await page.edit(second.message.message_id, "And wheat?")
    (turn,) = [
        t
        for t in (await page.opened(first)).turns.values()
        if t.input_message_id not in (first.message.message_id, second.message.message_id)
    ]
    await follow_to_end(page.box, turn.turn_id)
    assert "And wheat?" in edited.text
    other_tab = await look(other_tab)
    assert "And wheat?" in other_tab and "And maize?" not in other_tab
    assert await look(other_tab) == ""
    await page.act("PUT", f"{path}/branches/{second.message.message_id}")
    other_tab = await look(other_tab)
    assert "And maize?" in other_tab and await look(other_tab) == ""
    # What is deleted may be neither the end nor on this branch, and it is still the same second.
    await page.act("DELETE", f"/messages/{turn.input_message_id}")
    other_tab = await look(other_tab)
    assert "And maize?" in other_tab and "Versions" not in other_tab
    await page.act("DELETE", f"/messages/{first.message.message_id}")
    assert "What is rice?" not in await look(other_tab)


async def test_a_reply_that_is_over_before_its_page_is_told_leaves_no_stop_button(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = page.box.desk.service
    open_conversation = service.open_conversation

    async def open_when_all_is_said(*args: Any) -> Any:
        await page.box.desk.runner.wait_all()
        return await open_conversation(*args)

    monkeypatch.setattr(
        type(service), "open_conversation", lambda _, *args: open_when_all_is_said(*args)
    )
    answer = await page.act("POST", "/turns", content="Quick?", client_message_id=new_id())
    assert "One." in answer.text and "hx-sse:connect" not in answer.text
    assert 'class="action send"' in answer.text and 'class="action stop' not in answer.text
    assert "Answer ready." in answer.text
