"""What joins an answer with the lines of the log that were written for it."""

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from conversation_steps import follow_to_end, say
from httpx import AsyncClient
from scripted_box import ScriptedService
from whole_box import open_page

from appliance import logs

HEADER = "x-request-id"
WORDS = "wagtails in the reeds"


@pytest.fixture
def journal() -> Iterator[io.StringIO]:
    """Everything that this process logs, as the journal gets it."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    logs.configure("debug")
    into = io.StringIO()
    for handler in root.handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setStream(into)
    yield into
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def said(journal: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in journal.getvalue().splitlines()]


async def test_every_answer_has_a_number_of_its_own(client: AsyncClient) -> None:
    answers = [
        await client.get("/"),
        await client.get("/healthz"),
        await client.get("/no-such-page"),
        await client.get(f"/conversations/{'0' * 32}"),
        await client.get("/static/css/app.css"),
        await client.get("/", headers={"Host": "evil.com"}),
        await client.post("/turns", headers={"Origin": "http://evil.com"}),
        await client.request("BREW", "/healthz"),
        await client.get("/v1/models"),
    ]
    numbers = [answer.headers[HEADER] for answer in answers]
    assert len(set(numbers)) == len(answers)
    assert all(len(number) == 16 for number in numbers)


async def test_a_number_that_somebody_sends_is_not_taken_over(client: AsyncClient) -> None:
    answer = await client.get("/", headers={"X-Request-Id": "chosen\tby-me"})
    assert answer.headers.get_list(HEADER) != ["chosen\tby-me"]
    assert len(answer.headers.get_list(HEADER)) == 1


async def test_a_failure_is_found_in_the_log_by_its_answer_s_number(
    client: AsyncClient, service: ScriptedService, journal: io.StringIO
) -> None:
    service.refusal = RuntimeError("scripted")
    form = {"content": WORDS, "client_message_id": "1" * 32, "conversation_id": ""}
    answer = await client.post("/turns", data=form)
    assert answer.status_code == 500
    (line,) = [each for each in said(journal) if each["event"] == "request failed"]
    assert line["request_id"] == answer.headers[HEADER]
    assert (line["route"], line["level"]) == ("/turns", "error")
    assert WORDS not in json.dumps(line)


async def test_a_reply_s_end_has_the_number_of_the_message_and_no_word_of_either(
    tmp_path: Path, journal: io.StringIO
) -> None:
    async with open_page(tmp_path, lambda _: "They sing of the fen.") as page:
        answer = await page.act(
            "POST", "/turns", content=WORDS, client_message_id="1" * 32, conversation_id=""
        )
        assert answer.status_code == 201, answer.text
        (conversation,) = await page.box.desk.service.list_conversations(page.box.person)
        found = await page.box.desk.service.open_conversation(
            page.box.person, conversation.conversation_id
        )
        (turn,) = found.turns.values()
        await follow_to_end(page.box, turn.turn_id)
    told = said(journal)
    (ended,) = [line for line in told if line["event"] == "turn ended"]
    assert ended["request_id"] == answer.headers[HEADER]
    text = json.dumps(told, ensure_ascii=False)
    assert "wagtail" not in text and "the fen" not in text


async def test_what_nobody_asked_for_has_no_number(tmp_path: Path, journal: io.StringIO) -> None:
    async with open_page(tmp_path, lambda _: "Yes.") as page:
        await page.get("/")
        started = await say(page.box, "Are herons grey?")
        await follow_to_end(page.box, started.turn.turn_id)
    ended = [line for line in said(journal) if line["event"] == "turn ended"]
    assert ended and all("request_id" not in line for line in ended)
