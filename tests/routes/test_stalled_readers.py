"""Readers that do not read, over real sockets: bounded, in nobody's way, and let go in the end."""

import asyncio
import json
import re
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager

import httpx
import pytest
from scripted_box import RunningBox, ScriptedService
from signed_in import COOKIES, KEY

from appliance.conversations.turn import TurnPhase
from appliance.network.listening import listen
from appliance.stalled_readers import STALLED_SECONDS

MEGABYTE = 1024 * 1024


@pytest.fixture
def patient(tmp_path) -> Iterator[RunningBox]:
    """A box that waits a minute for a reader, as every box does."""
    with RunningBox(ScriptedService(), tmp_path).running() as box:
        yield box


@pytest.fixture
def hasty(tmp_path) -> Iterator[RunningBox]:
    """A box that waits a second."""
    with RunningBox(ScriptedService(), tmp_path, stalled_seconds=1).running() as box:
        yield box


def begin(box: RunningBox) -> str:
    service = box.service
    return box.do(service.begin, service.add_conversation("Rice"), "What is rice?").turn_id


@contextmanager
def stalled(box: RunningBox, turn_id: str, query: str) -> Iterator[socket.socket]:
    """A reader that asks, and takes nothing."""
    host, port = box.url.removeprefix("http://").split(":")
    with closing(socket.socket()) as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader.settimeout(30)
        reader.connect((host, int(port)))
        path = f"/turns/{turn_id}/stream{query}"
        head = f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nCookie: sign-in={KEY}\r\n\r\n"
        reader.sendall(head.encode())
        yield reader


def read_until(reader: socket.socket, mark: bytes) -> bytes:
    received = bytearray()
    while mark not in received[-2000:]:
        piece = reader.recv(MEGABYTE)
        assert piece, "it was cut"
        received += piece
    return bytes(received)


async def followers_are(service: ScriptedService, count: int) -> None:
    while service.followers != count:
        await asyncio.sleep(0.01)


def wait_for_followers(box: RunningBox, count: int) -> None:
    box.wait(followers_are(box.service, count))


def write_megabytes(box: RunningBox, turn_id: str, count: int) -> str:
    """A growing reply, far more than the sockets and buffers between two programs hold."""
    text = ""
    for _ in range(count):
        text += "x" * MEGABYTE + "\n\n"
        box.do(box.service.show, turn_id, TurnPhase.WRITING, text)
    return text


def test_a_reader_that_takes_nothing_is_given_the_rest_in_one_piece(patient):
    turn_id = begin(patient)
    with stalled(patient, turn_id, "?format=text") as reader:
        wait_for_followers(patient, 1)
        text = write_megabytes(patient, turn_id, 30)
        patient.do(patient.service.finish, turn_id, text)
        # Nobody waited for it: another one has read all of it meanwhile.
        url = f"{patient.url}/turns/{turn_id}/stream?format=text"
        assert '"status":"finished"' in httpx.get(url, cookies=COOKIES, timeout=30).text
        received = read_until(reader, b"event: done")
    body = re.sub(rb"(?:^|\r\n)[0-9a-f]+\r\n", b"", received.split(b"\r\n\r\n", 1)[1])
    told = [json.loads(data) for data in re.findall(rb"data: (\{.*\})", body)]
    assert "".join(each.get("text", "") for each in told) == text
    assert len(told) < 30


@pytest.mark.parametrize("query", ["", "?format=text"])
def test_a_reader_that_takes_nothing_for_long_is_let_go(hasty, query):
    turn_id = begin(hasty)
    with stalled(hasty, turn_id, query):
        wait_for_followers(hasty, 1)
        write_megabytes(hasty, turn_id, 10)
        wait_for_followers(hasty, 0)


def test_a_reader_for_whom_there_is_nothing_is_not_let_go(hasty):
    quiet, loud = begin(hasty), begin(hasty)
    query = "?format=text"
    with stalled(hasty, quiet, query) as reader, stalled(hasty, loud, query):
        wait_for_followers(hasty, 2)
        write_megabytes(hasty, loud, 10)
        wait_for_followers(hasty, 1)
        hasty.do(hasty.service.finish, quiet, "Rice.")
        assert b"event: done" in read_until(reader, b"event: done")


def test_the_real_box_gives_each_reader_a_minute():
    with closing(listen("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        accepted, _ = listener.accept()
        with closing(client), closing(accepted):
            limit = accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
    assert limit == STALLED_SECONDS * 1000 == 60_000
