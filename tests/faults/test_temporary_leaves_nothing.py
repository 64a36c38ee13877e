"""A temporary conversation with the real model, in a box whose seats are written down at once: what
is on the disk and in Valkey while it runs, after kill -9, and after a new start.
"""

import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from appliance_process import ApplianceProcess
from canary import family, in_files, in_valkey
from kept_states import kept_in
from page_client import PageClient
from signed_in import COOKIES

from appliance.data_dir import derived_key

pytestmark = pytest.mark.model

CANARY, KEPT = "xylotomous", "zymurgical"
REPOSITORY = Path(__file__).parents[2]
SEATS_ARE_SAVED_AT_ONCE = """
import appliance.engine.snapshot_keeper as keeper
keeper.IDLE_SECONDS = 0.1
"""


@pytest.fixture
def own(tmp_path: Path) -> Iterator[ApplianceProcess]:
    """An appliance that a test may kill."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(SEATS_ARE_SAVED_AT_ONCE)
    environment = {
        "PYTHONPATH": os.pathsep.join([str(site), str(REPOSITORY)]),
        "TMPDIR": str(tmp_path),
        "APPLIANCE_LIMITS__REPLY_TOKENS": "120",
        "APPLIANCE_LOG__LEVEL": "debug",
    }
    with ApplianceProcess(tmp_path / "data", **environment) as process:
        yield process.wait_ready()


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def saved_tags(own: ApplianceProcess) -> set[str]:
    """The conversations whose KV state is on disk."""
    key = derived_key((own.data_dir / "page.key").read_text().strip(), "kv snapshots")
    return {tag for _, tag, _ in kept_in(own.data_dir / "kv", key)}


def valkey_dir(own: ApplianceProcess) -> Path:
    """Where its Valkey lives, which calls itself by its socket."""
    for pid in family(own.pid)[1:]:
        command = Path(f"/proc/{pid}/cmdline").read_text()
        if found := re.search(r"unixsocket:(\S+)/valkey\.sock", command):
            return Path(found[1])
    raise AssertionError("there is no Valkey")


def test_no_word_of_it_is_anywhere_while_it_runs_after_kill_9_and_after_a_new_start(
    own: ApplianceProcess, tmp_path: Path
) -> None:
    hot = valkey_dir(own)
    with PageClient(own.url) as page:
        secret = page.say(f"Tell a long story about the {CANARY} beetle.", temporary="yes")
        page.read_to_end(secret)
        page.read_to_end(page.say(f"Once more, {CANARY}!", secret.conversation_id))
        kept = page.say(f"Tell a long story about the {KEPT} beetle.")
        page.read_to_end(kept)
        wait_until(lambda: saved_tags(own) == {kept.conversation_id})
        last = page.say(f"And what does the {CANARY} beetle eat?", secret.conversation_id)
        page.read_until(last, lambda text: len(text) > 50)
        # The search finds what is kept, so it would find this, too.
        assert in_files(KEPT, own.data_dir) and in_valkey(KEPT, f"unix://{hot}/valkey.sock")
        assert not in_valkey(CANARY, f"unix://{hot}/valkey.sock")
        assert not in_files(CANARY, tmp_path, hot, pids=family(own.pid))
        own.kill()
        assert not in_files(CANARY, tmp_path, hot)
        assert saved_tags(own) == {kept.conversation_id}
        assert CANARY not in own.log
        own.start_again()
        own.wait_ready()
        gone = httpx.get(f"{own.url}/conversations/{secret.conversation_id}", cookies=COOKIES)
        assert gone.status_code == 404
        assert "This temporary conversation is gone." in gone.text
        assert KEPT in page.messages(kept)[0]
    assert own.stop() == 0
    assert not in_files(CANARY, tmp_path)
    assert CANARY not in own.log
