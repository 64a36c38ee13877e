"""The real box, killed and stopped in the middle of a reply."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from appliance_process import ApplianceProcess
from page_client import PageClient
from signed_in import COOKIES

pytestmark = pytest.mark.model


@pytest.fixture
def own(tmp_path: Path) -> Iterator[ApplianceProcess]:
    """An appliance that a test may kill."""
    with ApplianceProcess(tmp_path / "data", APPLIANCE_LIMITS__REPLY_TOKENS="300") as process:
        yield process.wait_ready()


THINGS = ("glass", "bread", "clouds")


def long_enough(text: str) -> bool:
    return len(text) > 500


def test_kill_9_in_mid_reply_loses_nothing_and_the_reply_goes_on(own: ApplianceProcess) -> None:
    with PageClient(own.url) as page:
        turn = page.say("Write a very long story about the sea.")
        page.read_until(turn, long_enough)
        own.kill()
        ((checkpoint,),) = own.stored("SELECT checkpoint FROM turns")
        own.start_again()
        own.wait_ready()
        page.read_to_end(turn)
    messages = own.stored("SELECT role, content FROM messages ORDER BY message_key")
    assert messages[0] == ("user", "Write a very long story about the sea.")
    assert [role for role, _ in messages] == ["user", "assistant"]
    assert messages[1][1].startswith(checkpoint)
    assert own.stored("SELECT status FROM turns") == [("finished",)]


def test_a_polite_stop_in_mid_reply_takes_nothing_back(own: ApplianceProcess) -> None:
    with PageClient(own.url) as page:
        turn = page.say("Write a very long story about the mountains.")
        page.read_until(turn, long_enough)
        assert own.stop() == 0
        ((checkpoint, status),) = own.stored("SELECT checkpoint, status FROM turns")
        assert status == "running"
        assert len(checkpoint) > 50
        own.start_again()
        own.wait_ready()
        page.read_to_end(turn)
    ((content,),) = own.stored("SELECT content FROM messages WHERE role = 'assistant'")
    assert content.startswith(checkpoint)


def test_a_polite_stop_of_a_busy_box_leaves_one_file_and_every_reply_goes_on(
    tmp_path: Path,
) -> None:
    with (
        ApplianceProcess(tmp_path / "data", APPLIANCE_LIMITS__REPLY_TOKENS="100") as own,
        PageClient(own.wait_ready().url) as page,
    ):
        turns = [page.say(f"Write a very long story about {thing}.") for thing in THINGS]
        page.read_until(turns[-1], long_enough)
        assert own.stop() == 0
        assert [file.name for file in own.data_dir.glob("*.sqlite3*")] == ["appliance.sqlite3"]
        written = own.stored("SELECT turn_id, checkpoint FROM turns WHERE status = 'running'")
        assert [turn_id for turn_id, _ in written] == [turn.turn_id for turn in turns]
        assert written[-1][1], "what the page has shown is written down"
        own.start_again()
        for turn in turns:
            page.read_to_end(turn)
        replies = own.stored(
            "SELECT content FROM turns JOIN messages ON message_key = reply_message_key "
            "ORDER BY turn_key"
        )
    assert len(replies) == len(turns)
    for (_, checkpoint), (reply,) in zip(written, replies, strict=True):
        assert reply.startswith(checkpoint)


def test_the_end_of_valkey_in_mid_reply_changes_nothing(own: ApplianceProcess) -> None:
    found = subprocess.run(["pgrep", "-P", str(own.pid), "valkey-server"], capture_output=True)
    (pid,) = found.stdout.split()
    with PageClient(own.url) as page:
        turn = page.say("Write a long story about a river.")
        page.read_until(turn, long_enough)
        os.kill(int(pid), signal.SIGKILL)
        assert page.read_to_end(turn)
        assert page.read_to_end(page.say("And another one, short."))


def test_a_second_appliance_on_the_same_data_is_refused(own: ApplianceProcess) -> None:
    with pytest.raises(AssertionError, match="Another appliance is running on"):
        ApplianceProcess(own.data_dir)


def test_a_port_in_use_is_a_sentence(own: ApplianceProcess, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=f"Port {own.port} on 127.0.0.1 cannot be used"):
        ApplianceProcess(tmp_path / "other", "--port", str(own.port))


def test_without_any_valkey_the_box_still_chats(tmp_path: Path) -> None:
    with ApplianceProcess(tmp_path / "data", APPLIANCE_HOT__EMBEDDED="false") as process:
        process.wait_ready()
        with PageClient(process.url) as page:
            assert page.read_to_end(page.say("Say hello."))


def test_a_missing_model_leaves_the_page_up_and_says_what_to_do(tmp_path: Path) -> None:
    with ApplianceProcess(tmp_path / "data", "--model", "no-such-model") as process:
        process.wait_for("No model yet: ")
        assert "no-such-model" in httpx.get(process.url, cookies=COOKIES).text
        assert httpx.get(f"{process.url}/healthz").status_code == 200
        ready = httpx.get(f"{process.url}/readyz")
        assert (ready.status_code, ready.json()["model"]) == (503, "failed")
        answer = httpx.post(
            f"{process.url}/v1/chat/completions",
            json={"model": "default", "messages": [{"role": "user", "content": "Hi"}]},
        )
        assert answer.status_code == 503
        assert "no-such-model" in answer.json()["error"]["message"]
