"""Programs that read a turn of the real box, and come back wherever they were."""

import json
from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest
from appliance_process import ApplianceProcess
from page_client import PageClient, Said
from pysqlite3 import dbapi2 as sqlite
from signed_in import COOKIES

pytestmark = pytest.mark.model


class Program:
    """Reads a turn as text, and remembers what it has."""

    def __init__(self, url: str, said: Said) -> None:
        self._path = f"{url}/turns/{said.turn_id}/stream?format=text"
        self.text = ""
        self.last_id = ""
        self.names: list[str] = []

    def read(self, enough: int = 10**9) -> bool:
        """Until it has that much more or the turn is over; whether it is."""
        headers = {"Last-Event-ID": self.last_id} if self.last_id else {}
        wanted = len(self.text) + enough
        with httpx.stream(
            "GET", self._path, headers=headers, cookies=COOKIES, timeout=60
        ) as response:
            for name, event_id, told in _events(response.iter_lines()):
                self.names.append(name)
                self.last_id = event_id
                if name == "done":
                    assert told["characters"] == len(self.text) == int(event_id)
                    return True
                self.text = told["text"] if name == "snapshot" else self.text + told["text"]
                assert len(self.text) == int(event_id)
                if len(self.text) >= wanted:
                    return False
        return False


def _events(lines: Iterator[str]) -> Iterator[tuple[str, str, dict]]:
    fields: dict[str, str] = {}
    for line in lines:
        if line and not line.startswith(":"):
            name, _, value = line.partition(": ")
            fields[name] = value
        elif not line and fields:
            yield fields["event"], fields["id"], json.loads(fields["data"])
            fields = {}


def stored_reply(own: ApplianceProcess) -> str:
    """What the database file holds, seen from outside."""
    path = f"file:{own.data_dir}/appliance.sqlite3?mode=ro"
    with closing(sqlite.connect(path, uri=True)) as database:
        sql = "SELECT content FROM messages WHERE role = 'assistant'"
        ((content,),) = database.execute(sql).fetchall()
    return content


@pytest.fixture
def own(tmp_path) -> Iterator[ApplianceProcess]:
    """An appliance that a test may kill."""
    with ApplianceProcess(tmp_path / "data", APPLIANCE_LIMITS__REPLY_TOKENS="200") as process:
        yield process.wait_ready()


def test_readers_that_come_and_go_all_have_the_text_that_was_stored(own):
    with PageClient(own.url) as page:
        said = page.say("Write a very long story about the sea.")
        restless, late = Program(own.url, said), Program(own.url, said)
        while not restless.read(enough=40):
            if len(restless.text) > 200 and not late.text:
                late.read(enough=1)
        assert late.read()
    assert restless.text == late.text == stored_reply(own)
    assert restless.names.count("snapshot") == late.names.count("snapshot") == 1


def test_a_program_goes_on_after_kill_9_and_has_the_text_that_was_stored(own):
    with PageClient(own.url) as page:
        said = page.say("Write a very long story about the mountains.")
        program = Program(own.url, said)
        program.read(enough=300)
        own.kill()
        own.start_again()
        own.wait_ready()
        while not program.read():
            pass
    assert program.text == stored_reply(own)
