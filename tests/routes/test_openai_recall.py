"""What was said before, and vectors of texts, for programs with a key."""

import asyncio
import base64
import struct
from pathlib import Path
from typing import Any

import pytest
from kept_conversations import keep, stranger_in
from test_keys import key_for, program
from whole_box import Page, open_page

from appliance.accounts.api_key import Scope


@pytest.fixture
async def page(tmp_path: Path) -> Any:
    async with open_page(tmp_path / "data", lambda _: "Yes.", recall={"enabled": True}) as page:
        yield page


async def test_a_program_recalls_what_its_person_said_and_nobody_elses(page: Page) -> None:
    box = page.box
    kept, _ = await keep(box.desk.database, box.person, "Pets", "Our greyhound is called Comet.")
    stranger = await stranger_in(box.desk.database)
    await keep(box.desk.database, stranger, "Pets", "My greyhound is called Secret.")
    box.recall.indexer.note()
    async with asyncio.timeout(120):
        await box.recall.indexer.wait_idle()
    async with program(box, await key_for(box, Scope.READ)) as reader:
        asked = {"query": "What is the name of our greyhound?"}
        answer = await reader.post("/v1/recall", json=asked)
        assert answer.status_code == 200, answer.text
        (found,) = answer.json()["data"]
        assert found["text"] == "Our greyhound is called Comet."
        assert found["source"]["conversation_id"] == kept.conversation_id
        without = {**asked, "without_conversation": kept.conversation_id}
        assert (await reader.post("/v1/recall", json=without)).json()["data"] == []


async def test_a_key_opens_only_what_it_is_for(page: Page) -> None:
    async with program(page.box, await key_for(page.box, Scope.CHAT, name="chat")) as chatter:
        assert (await chatter.post("/v1/recall", json={"query": "x"})).status_code == 403
        assert (await chatter.post("/v1/embeddings", json={"input": "x"})).status_code == 403
    async with program(page.box) as nobody:
        assert (await nobody.post("/v1/recall", json={"query": "x"})).status_code == 401


async def test_a_program_gets_vectors_of_length_one(page: Page) -> None:
    async with program(page.box, await key_for(page.box, Scope.EMBEDDINGS, name="e")) as program_:
        answer = await program_.post("/v1/embeddings", json={"input": ["tea", "차 한 잔"]})
        first, second = (each["embedding"] for each in answer.json()["data"])
        assert len(first) == len(second) == 384
        assert sum(number * number for number in first) == pytest.approx(1)
        packed = {"input": "tea", "encoding_format": "base64"}
        (again,) = (await program_.post("/v1/embeddings", json=packed)).json()["data"]
        numbers = struct.unpack("<384f", base64.b64decode(again["embedding"]))
        assert numbers == pytest.approx(first, abs=1e-6)
        for wrong in ([], [""], ["x"] * 65, ["x" * 8001], 7):
            refused = await program_.post("/v1/embeddings", json={"input": wrong})
            assert refused.status_code == 422, wrong
