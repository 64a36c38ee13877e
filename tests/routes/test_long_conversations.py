"""A conversation of ten thousand messages: what a page of it costs, counted."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import perf_counter

import pytest
from conversation_steps import InTurn
from whole_box import HTMX, Page, open_page

from appliance.conversations.conversation import new_id
from appliance.conversations.opening import MOST_MESSAGES, SCREENFUL
from appliance.lifespan import Box

LONG, SHORT = 10_000, 60
WORDS = "Some words of a message, **with** a list:\n\n- one\n- two\n\nand `code`. " * 3


@pytest.fixture
async def page(tmp_path: Path) -> AsyncIterator[Page]:
    async with open_page(tmp_path, InTurn("Yes.")) as page:
        yield page


async def fill(box: Box, count: int) -> tuple[str, list[str]]:
    """A conversation of `count` messages, each reply with its turn; its id and theirs."""
    conversation_id, ids = new_id(), [new_id() for _ in range(count)]
    async with box.desk.database.write() as tx:
        await tx.execute(
            """
            INSERT INTO conversations
                (conversation_id, person_key, title, activity, created_at, updated_at)
            VALUES (?, ?, 'Long', ?, 1000, 1000)
            """,
            (conversation_id, box.person.person_key, count),
        )
        await tx.executemany(
            """
            INSERT INTO messages (message_id, person_key, conversation_key, parent_key,
                                  role, created_at, content)
            SELECT ?1, c.person_key, c.conversation_key,
                   (SELECT message_key FROM messages WHERE message_id = ?2), ?3, 1000, ?4
            FROM conversations c WHERE c.conversation_id = ?5
            """,
            [
                (
                    message_id,
                    ids[number - 1] if number else None,
                    "assistant" if number % 2 else "user",
                    f"message {number}. {WORDS}",
                    conversation_id,
                )
                for number, message_id in enumerate(ids)
            ],
        )
        await tx.execute(
            """
            INSERT INTO turns (turn_id, person_key, conversation_key, input_message_key,
                               reply_message_key, status, created_at, finish_reason, seed,
                               model_sha256, prompt_tokens, completion_tokens, cached_tokens,
                               queue_ms, decode_ms, sampling, prompt_record, checkpoint)
            SELECT 'turn-' || reply.message_id, reply.person_key, reply.conversation_key,
                   reply.parent_key, reply.message_key, 'finished', 1000, 'stop', 0,
                   '', 1, 1, 0, 0, 1, '{}', '{}', ''
            FROM messages reply JOIN conversations c USING (conversation_key)
            WHERE c.conversation_id = ? AND reply.role = 'assistant'
            """,
            (conversation_id,),
        )
        await tx.execute(
            """
            UPDATE conversations SET leaf_key =
                (SELECT message_key FROM messages WHERE message_id = ?)
            WHERE conversation_id = ?
            """,
            (ids[-1], conversation_id),
        )
    return conversation_id, ids


@asynccontextmanager
async def counted(box: Box) -> AsyncIterator[dict[str, int]]:
    """Queries of the readers, and steps of SQLite's virtual machine in hundreds."""
    counts = {"queries": 0, "steps": 0}

    def query(statement: str) -> None:
        counts["queries"] += statement not in ("BEGIN", "BEGIN ", "ROLLBACK")

    def step() -> int:
        counts["steps"] += 1
        return 0

    for reader in box.desk.database._readers:
        await reader.set_trace_callback(query)
        await reader.set_progress_handler(step, 100)
    yield counts
    for reader in box.desk.database._readers:
        await reader.set_trace_callback(None)
        await reader.set_progress_handler(None, 0)  # type: ignore[arg-type]


def shown(html: str) -> list[str]:
    return re.findall(r"message (\d+)\. Some", html)


async def cost_of(page: Page, path: str, **headers: str) -> tuple[str, dict[str, int]]:
    await page.box.desk.service._read_ahead.end(page.box.person)
    began = perf_counter()
    async with counted(page.box) as counts:
        answer = await page.client.get(path, headers=headers)
        # What is read ahead for the next prompt is not the page's.
        await page.box.desk.service._read_ahead.end(page.box.person)
    print(f"{path[:24]}…{path[46:60]}: {1000 * (perf_counter() - began):.0f} ms, {counts}")
    assert answer.status_code == 200
    return answer.text, counts


async def test_a_page_of_ten_thousand_messages_costs_what_a_short_one_does(page: Page) -> None:
    short_id, _ = await fill(page.box, SHORT)
    long_id, _ = await fill(page.box, LONG)
    # Asked as an open page asks: nothing is read ahead then.
    short, short_counts = await cost_of(page, f"/conversations/{short_id}?state=old", **HTMX)
    long, long_counts = await cost_of(page, f"/conversations/{long_id}?state=old", **HTMX)
    assert shown(long) == [str(number) for number in range(LONG - SCREENFUL, LONG)]
    assert len(shown(short)) == SCREENFUL
    assert long_counts["queries"] == short_counts["queries"] <= 10
    assert long_counts["steps"] <= short_counts["steps"] + 10
    whole, _ = await cost_of(page, f"/conversations/{long_id}")
    assert shown(whole) == shown(long)


async def test_a_page_in_the_midst_has_a_screenful_and_ways_to_both_sides(page: Page) -> None:
    conversation_id, ids = await fill(page.box, LONG)
    path = f"/conversations/{conversation_id}"
    html, counts = await cost_of(page, f"{path}?at={ids[4001]}")
    numbers = [int(number) for number in shown(html)]
    assert numbers == list(range(numbers[0], numbers[-1] + 1))
    assert numbers[0] <= 4001 <= numbers[-1] and len(numbers) <= SCREENFUL + 2
    assert f'id="message-{ids[4001]}"' in html
    assert counts["queries"] <= 20
    earlier, _ = await cost_of(page, f"{path}?before={ids[numbers[0]]}", **HTMX)
    later, _ = await cost_of(page, f"{path}?after={ids[numbers[-1]]}", **HTMX)
    assert int(shown(earlier)[-1]) == numbers[0] - 1 and len(shown(earlier)) == SCREENFUL
    assert int(shown(later)[0]) == numbers[-1] + 1
    assert 'name="shown_to"' not in earlier and 'name="shown_from"' not in later
    assert "?before=" in earlier and "?after=" in later
    # The page that grew is brought up to date as a whole.
    query = f"shown_from={ids[int(shown(earlier)[0])]}&shown_to={ids[int(shown(later)[-1])]}"
    news, _ = await cost_of(page, f"{path}?state=old&{query}", **HTMX)
    assert shown(news) == [*shown(earlier), *map(str, numbers), *shown(later)]


async def test_no_message_is_missed_or_shown_twice_on_the_way_from_end_to_end(page: Page) -> None:
    conversation_id, ids = await fill(page.box, 203)
    path = f"/conversations/{conversation_id}"
    for first, ask, way in ((ids[-1], "before", -1), (ids[0], "after", 1)):
        html = (await page.get(f"{path}?at={first}")).text
        numbers = [int(number) for number in shown(html)]
        pieces = 0
        while more := re.search(rf'hx-get="({path}\?{ask}=[0-9a-f]+)"', html):
            html = (await page.get(more[1], headers=HTMX)).text
            piece = [int(number) for number in shown(html)]
            numbers = piece + numbers if way < 0 else numbers + piece
            pieces += 1
        assert numbers == list(range(203)) and pieces >= 3


async def test_what_is_sent_from_the_midst_leads_to_the_end(page: Page) -> None:
    conversation_id, ids = await fill(page.box, 203)
    html = (await page.get(f"/conversations/{conversation_id}?at={ids[50]}")).text
    shown_to = re.search(r'form="composer" name="shown_to" value="([0-9a-f]+)"', html)
    assert shown_to is not None
    form = {"content": "Hi", "conversation_id": conversation_id, "shown_to": shown_to[1]}
    answer = await page.act("POST", "/turns", client_message_id=new_id(), **form)
    assert answer.headers["hx-redirect"] == f"/conversations/{conversation_id}"


async def test_a_page_that_grew_beyond_measure_is_shown_its_end_again(page: Page) -> None:
    conversation_id, ids = await fill(page.box, MOST_MESSAGES + 100)
    path = f"/conversations/{conversation_id}?state=old"
    within = (await page.get(f"{path}&shown_from={ids[100]}", headers=HTMX)).text
    assert len(shown(within)) == MOST_MESSAGES
    beyond = (await page.get(f"{path}&shown_from={ids[98]}", headers=HTMX)).text
    assert len(shown(beyond)) == SCREENFUL


async def test_an_address_that_names_nothing_shows_the_end(page: Page) -> None:
    conversation_id, ids = await fill(page.box, 203)
    path = f"/conversations/{conversation_id}"
    for query in (f"shown_from={'0' * 32}", "shown_to=x&shown_from=y", f"shown_from={ids[5]}x"):
        html = (await page.get(f"{path}?state=old&{query}", headers=HTMX)).text
        assert shown(html) == [str(number) for number in range(153 + 1, 203)]
    assert (await page.get(f"{path}?at={'0' * 32}")).status_code == 404
    for query in ("before=nothing", "after=nothing"):
        piece = await page.get(f"{path}?{query}", headers=HTMX)
        assert piece.status_code == 200 and shown(piece.text) == []


async def test_how_many_messages_stand_before_the_window_is_counted_by_keys(page: Page) -> None:
    conversation_id, ids = await fill(page.box, LONG)
    windows = page.box.desk.service._assembler._windows
    began = perf_counter()
    async with counted(page.box) as counts:
        window = await windows.recent(page.box.person, conversation_id, ids[-1])
    print(f"window: {1000 * (perf_counter() - began):.1f} ms, {counts}")
    assert (len(window.messages), window.earlier) == (100, LONG - 100)
    assert counts["queries"] == 3
