"""The wall clock is set, forward and back, while the box works."""

import re
from pathlib import Path

import pytest
from appliance_process import ApplianceProcess
from page_client import PageClient, Said
from torture_box.preload import Switch, built, preloaded

pytestmark = pytest.mark.model

DAY = 86_400
JUMPS = (300 * DAY, -3 * 365 * DAY, 0)
# The person stays signed in over all of them.
SIGNED_IN = {"APPLIANCE_ACCOUNTS__IDLE_DAYS": "365", "APPLIANCE_ACCOUNTS__LONGEST_DAYS": "3650"}


def has_words(reply: str) -> bool:
    return bool(reply.strip())


def test_a_clock_that_jumps_puts_nothing_out_of_order(tmp_path: Path) -> None:
    clock = Switch(tmp_path / "clock")
    environment = preloaded(built("clock", tmp_path), CLOCK_FILE=clock.path)
    with ApplianceProcess(
        tmp_path / "data", APPLIANCE_LIMITS__REPLY_TOKENS="24", **SIGNED_IN, **environment
    ) as box:
        box.wait_ready()
        with PageClient(box.url) as page:
            conversation = page.say("This is number 0.")
            page.read_to_end(conversation)
            for number, jump in enumerate(JUMPS, start=1):
                turn = page.say(f"This is number {number}.", conversation.conversation_id)
                page.read_until(turn, has_words)
                clock.set(jump)
                page.read_to_end(turn)
                page.read_to_end(page.say(f"Conversation {number}."))
            own = page.messages(Said(conversation.conversation_id, ""))[::2]
    assert re.findall(r"This is number (\d)", " ".join(own)) == list("0123")
    newest_first = box.stored("SELECT title FROM conversations ORDER BY activity DESC")
    assert [title for (title,) in newest_first][:2] == ["Conversation 3.", "This is number 0."]
    times = [at for (at,) in box.stored("SELECT created_at FROM turns ORDER BY turn_key")]
    assert max(times) - min(times) > 3 * 365 * DAY, "the clock was not set at all"
    # How long something took is measured by a clock that nobody sets.
    for row in box.stored("SELECT queue_ms, ttft_ms, prefill_ms, decode_ms, status FROM turns"):
        *durations, status = row
        assert status == "finished"
        assert all(0 <= duration < DAY * 1000 for duration in durations), row
    windows = box.stored("SELECT json_extract(prompt_record, '$.window_messages') FROM turns")
    assert max(count for (count,) in windows) == 2 * len(JUMPS) + 1
