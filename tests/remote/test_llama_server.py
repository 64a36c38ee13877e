"""llama.cpp's own server answers for the box."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from benchmark.llama_build import BUILD
from benchmark.servers import Server, model_file, theirs
from conversation_steps import follow_to_end, say, wait_for_text
from remote.conftest import OpenRemote

from appliance.conversations.turn import TurnStatus
from appliance.errors import PromptTooLong
from appliance.lifespan import Box

PROGRAM = shutil.which("llama-server") or shutil.which(BUILD / "bin" / "llama-server")
STORY = "Tell me a long story about a fox and the sea."

pytestmark = [
    pytest.mark.model,
    pytest.mark.skipif(
        PROGRAM is None,
        reason="llama-server is not here: put one into PATH, or let scripts/bench build it",
    ),
]


@pytest.fixture
async def llama_server(tmp_path: Path) -> AsyncIterator[Server]:
    program = Path(PROGRAM or "")
    # Its libraries lie beside it.
    variables = {"LD_LIBRARY_PATH": str(program.parent)}
    launch = theirs(program, model_file(), 2, (), variables)
    server = Server(launch, tmp_path / "llama-server")
    await server.start()
    yield server
    server.stop()


async def is_idle(llama_server: Server) -> bool:
    async with httpx.AsyncClient() as http:
        slots = (await http.get(f"{llama_server.url}/slots")).json()
    return not any(slot["is_processing"] for slot in slots)


async def ready(box: Box) -> Box:
    await box.generations.wait_ready()
    return box


async def test_a_reply_comes_through_counted_by_the_server(
    llama_server: Server, open_remote: OpenRemote
) -> None:
    box = await open_remote(f"{llama_server.url}/v1")
    started = await say(box, "Say hello. 안녕하세요")
    snapshots = await follow_to_end(box, started.turn.turn_id)
    last = snapshots[-1]
    assert last.turn.status is TurnStatus.FINISHED, last.turn.error
    counts, record = last.turn.counts, last.turn.prompt_record
    assert record["token_counts"] == "server"
    # What a template puts around messages is reckoned, on the long side.
    told = record["system_tokens"] + record["window_tokens"]
    assert counts.prompt_tokens <= told <= counts.prompt_tokens + 60
    assert any(snapshot.reading_percent == 100 for snapshot in snapshots)
    again = await say(box, "Again.", started.conversation.conversation_id)
    last = (await follow_to_end(box, again.turn.turn_id))[-1]
    assert last.turn.counts.cached_tokens > counts.prompt_tokens
    assert box.desk.service.box_status().model_name == "SmolLM2-135M-Instruct.Q4_1"


async def test_a_message_that_is_too_long_is_refused_before_it_is_accepted(
    llama_server: Server, open_remote: OpenRemote
) -> None:
    box = await ready(await open_remote(f"{llama_server.url}/v1", url_context_tokens=1000))
    with pytest.raises(PromptTooLong, match=r"has 9\d\d tokens"):
        await say(box, "word " * 900)


async def test_stop_stops_it(llama_server: Server, open_remote: OpenRemote) -> None:
    box = await open_remote(f"{llama_server.url}/v1")
    turn_id = (await say(box, STORY)).turn.turn_id
    await wait_for_text(box, turn_id, 10)
    assert not await is_idle(llama_server)
    await box.desk.service.stop_turn(box.person, turn_id)
    while not await is_idle(llama_server):
        pass
    turn = await box.desk.service.find_turn(box.person, turn_id)
    assert turn.status is TurnStatus.CANCELLED


async def test_a_reply_goes_on_after_a_restart_of_the_box(
    llama_server: Server, open_remote: OpenRemote
) -> None:
    box = await open_remote(f"{llama_server.url}/v1")
    turn_id = (await say(box, STORY)).turn.turn_id
    await wait_for_text(box, turn_id, 60)
    await open_remote.close_last()  # type: ignore[attr-defined]
    box = await open_remote(f"{llama_server.url}/v1")
    before = await box.desk.service.find_turn(box.person, turn_id)
    assert len(before.checkpoint) >= 60
    seen = await wait_for_text(box, turn_id, len(before.checkpoint) + 40)
    await box.desk.service.stop_turn(box.person, turn_id)
    assert seen.text.startswith(before.checkpoint)
    assert seen.text.count(before.checkpoint[:30]) == 1, "it did not begin again"


async def test_a_server_that_dies_in_mid_reply_fails_the_turn_and_is_taken_up_again_when_it_is_back(
    llama_server: Server, open_remote: OpenRemote
) -> None:
    box = await open_remote(f"{llama_server.url}/v1")
    turn_id = (await say(box, STORY)).turn.turn_id
    await wait_for_text(box, turn_id, 20)
    llama_server.stop()
    last = (await follow_to_end(box, turn_id))[-1]
    assert last.turn.status is TurnStatus.FAILED
    assert len(last.text) >= 20
    await llama_server.start()
    again = await say(box, "Say hello.")
    last = (await follow_to_end(box, again.turn.turn_id))[-1]
    assert last.turn.status is TurnStatus.FINISHED, last.turn.error
