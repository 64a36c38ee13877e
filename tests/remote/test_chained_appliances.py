"""One appliance answers for another: the real thing on both sides."""

from pathlib import Path

import httpx
import pytest
from appliance_process import ApplianceProcess
from conversation_steps import follow_to_end, say, wait_for_text
from program import key_of, shown
from remote.conftest import OpenRemote
from signed_in import COOKIES

from appliance.conversations.turn import TurnPhase, TurnStatus
from appliance.engine.events import Delta

pytestmark = pytest.mark.model


async def test_a_reply_of_the_other_box_comes_through_with_its_counts(
    appliance: ApplianceProcess, key: str, open_remote: OpenRemote
) -> None:
    box = await open_remote(f"{appliance.url}/v1", url_key=key)
    started = await say(box, "Say hello.")
    snapshots = await follow_to_end(box, started.turn.turn_id)
    last = snapshots[-1]
    assert last.turn.status is TurnStatus.FINISHED
    assert len({snapshot.text for snapshot in snapshots}) > 3, "it grew word by word"
    assert last.turn.counts.prompt_tokens > 10
    assert last.turn.counts.completion_tokens > 3
    again = await say(box, "And again.", started.conversation.conversation_id)
    last = (await follow_to_end(box, again.turn.turn_id))[-1]
    assert last.turn.counts.cached_tokens > 20, "the other box kept the conversation"
    assert last.turn.prompt_record["token_counts"] == "estimate"
    assert box.desk.service.box_status().model_name == "smollm2-135m-instruct"


async def test_stop_stops_the_model_of_the_other_box(
    appliance: ApplianceProcess, key: str, open_remote: OpenRemote
) -> None:
    box = await open_remote(f"{appliance.url}/v1", url_key=key)
    before = appliance.count("finish_reason.*cancelled")
    turn_id = (await say(box, "Tell me a very long story about the sea.")).turn.turn_id
    await wait_for_text(box, turn_id, 10)
    await box.desk.service.stop_turn(box.person, turn_id)
    appliance.wait_for("finish_reason.*cancelled", after=before)


async def test_a_conversation_that_is_too_long_loses_its_oldest_part_and_says_so(
    appliance: ApplianceProcess, key: str, open_remote: OpenRemote
) -> None:
    box = await open_remote(f"{appliance.url}/v1", url_key=key, url_context_tokens=1200)
    conversation_id, dropped = None, []
    for number in range(3):
        started = await say(box, f"{number}: " + "안녕하세요 " * 25, conversation_id)
        conversation_id = started.conversation.conversation_id
        async for snapshot in box.desk.service.follow_turn(box.person, started.turn.turn_id):
            if snapshot.phase is TurnPhase.WRITING:
                await box.desk.service.stop_turn(box.person, started.turn.turn_id)
        turn = await box.desk.service.find_turn(box.person, started.turn.turn_id)
        assert turn.status is not TurnStatus.FAILED, turn.error
        dropped.append(turn.prompt_record["dropped_messages"])
    assert dropped[0] == 0 < dropped[-1]


async def test_programs_reach_the_other_box_through_this_one(
    appliance: ApplianceProcess, key: str, open_remote: OpenRemote
) -> None:
    box = await open_remote(f"{appliance.url}/v1", url_key=key)
    await box.generations.wait_ready()
    messages = [("user", "Say hello.")]
    await box.completions.count_ahead(messages)
    async with box.completions.begin("me", messages, {"max_tokens": 4}) as generation:
        events = [event async for event in generation]
    assert "".join(event.text for event in events if isinstance(event, Delta))
    assert events[-1].counts.completion_tokens == 4


def test_a_whole_box_starts_without_a_model_of_its_own_and_says_who_answers(
    appliance: ApplianceProcess, key: str, tmp_path: Path
) -> None:
    url = f"{appliance.url}/v1"
    arguments = {"APPLIANCE_ENGINE__URL": url, "APPLIANCE_MODEL__NAME": "not-here"}
    arguments["APPLIANCE_ENGINE__URL_KEY"] = key
    with ApplianceProcess(tmp_path, **arguments) as process:
        process.wait_ready()
        assert "answered by 127.0.0.1" in httpx.get(process.url, cookies=COOKIES).text
        body = {"model": "default", "messages": [{"role": "user", "content": "Hi"}]}
        answer = httpx.post(
            f"{process.url}/v1/chat/completions",
            json={**body, "max_tokens": 3},
            headers=shown(key_of(tmp_path)),
            timeout=60,
        )
        assert answer.json()["choices"][0]["message"]["content"]
        assert process.stop() == 0
