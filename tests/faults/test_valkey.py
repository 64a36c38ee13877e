"""A Valkey of one's own, emptied and killed in the middle of replies, and outliving the box."""

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from appliance_process import ApplianceProcess
from page_client import PageClient
from valkey import Valkey

from appliance.hot.binary import find_binary
from appliance.hot.connection import Hot
from appliance.hot.token_stream import TokenStream

pytestmark = pytest.mark.model


class OwnValkey:
    """A server that a test may do everything to."""

    def __init__(self, socket: Path) -> None:
        self.socket = socket
        self.url = f"unix://{socket}"
        self.start()

    def start(self) -> None:
        """Returns when it answers."""
        binary = find_binary()
        assert binary is not None
        options = ["--port", "0", "--unixsocket", str(self.socket), "--save", ""]
        self._process = subprocess.Popen(
            [str(binary), *options], cwd=self.socket.parent, stdout=subprocess.PIPE
        )
        assert self._process.stdout is not None
        lines = iter(self._process.stdout.readline, b"")
        assert any(b"Ready to accept connections" in line for line in lines)

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()

    def client(self) -> Valkey:
        return Valkey(unix_socket_path=str(self.socket))

    def text_of(self, turn_id: str) -> str:
        """What it knows of a reply."""

        async def read() -> str:
            hot = Hot(self.url, timeout_seconds=10)
            text = await TokenStream(hot).read(turn_id)
            await hot.close()
            return text

        return asyncio.run(read())


@pytest.fixture
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnValkey]:
    # A socket's path must be short, so it is not the test's own folder.
    valkey = OwnValkey(tmp_path_factory.mktemp("v") / "s")
    yield valkey
    valkey.kill()


@pytest.fixture
def box(tmp_path: Path, valkey: OwnValkey) -> Iterator[ApplianceProcess]:
    with ApplianceProcess(
        tmp_path / "data",
        APPLIANCE_LIMITS__REPLY_TOKENS="80",
        APPLIANCE_HOT__URL=valkey.url,
    ) as box:
        yield box.wait_ready()


def long_enough(text: str) -> bool:
    return len(text) > 100


def test_emptied_and_killed_in_mid_reply_it_is_not_missed(
    box: ApplianceProcess, valkey: OwnValkey
) -> None:
    with PageClient(box.url) as page, valkey.client() as client:
        first = page.say("Write a story about the sea.")
        page.read_until(first, long_enough)
        assert client.dbsize() > 0
        client.flushall()
        page.read_to_end(first)
        client.flushall()
        second = page.say("Go on.", first.conversation_id)
        page.read_until(second, long_enough)
        valkey.kill()
        page.read_to_end(second)
        page.read_to_end(page.say("And then?", first.conversation_id))
        valkey.start()
        page.read_to_end(page.say("Is that all?", first.conversation_id))
    assert set(box.stored("SELECT status, error FROM turns")) == {("finished", None)}
    record = "json_extract(prompt_record, '$.window_messages')"
    windows = box.stored(f"SELECT {record} FROM turns ORDER BY turn_key")
    assert windows == [(1,), (3,), (5,), (7,)]


def test_when_it_outlives_the_box_not_even_the_last_second_is_taken_back(
    box: ApplianceProcess, valkey: OwnValkey
) -> None:
    with PageClient(box.url) as page:
        turn = page.say("Write a story about a river.")
        page.read_until(turn, lambda text: len(text) > 150)
        box.kill()
        seen = valkey.text_of(turn.turn_id)
        ((checkpoint,),) = box.stored("SELECT checkpoint FROM turns")
        assert seen and len(seen) >= len(checkpoint)
        box.start_again()
        page.read_to_end(turn)
    ((reply,),) = box.stored("SELECT content FROM messages WHERE role = 'assistant'")
    assert reply.startswith(seen)
