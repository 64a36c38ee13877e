"""Whoever is slow, says too much or comes too often holds nobody up."""

import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import httpx
import pytest
from open_door import HASTY, Door, certify, open_door, read_all

from appliance.network.connection import MAX_HEAD_BYTES, Limits

HEAD = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n"


@pytest.fixture
def hasty(tmp_path: Path) -> Iterator[Door]:
    """It waits a moment only."""
    with open_door(tmp_path, HASTY) as door:
        yield door


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine is counted as if it were another one."""
    monkeypatch.setattr("appliance.network.guests.LOOPBACK", ())


# Whoever is slow.


@pytest.mark.parametrize("said", ["", "G", HEAD, HEAD + "X: "])
def test_a_head_that_does_not_come_is_not_waited_for(hasty: Door, said: str) -> None:
    answer = read_all(hasty.say(said))
    assert answer == "" if not said else "408 Request Timeout" in answer
    assert hasty.bodies == []


def test_nor_a_second_one_on_the_same_connection(hasty: Door) -> None:
    client = hasty.say(HEAD + "\r\n" + HEAD)
    answer = read_all(client)
    assert answer.startswith("HTTP/1.1 200") and "408 Request Timeout" in answer
    assert hasty.bodies == [0]


def test_nor_after_an_empty_line(hasty: Door) -> None:
    with closing(hasty.say(HEAD + "\r\n")) as client:
        received = client.recv(65_536)
        assert received.startswith(b"HTTP/1.1 200")
        client.sendall(b"\r\n")
        assert "408 Request Timeout" in read_all(client)


def test_nor_a_body(hasty: Door) -> None:
    answer = read_all(hasty.say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\nabc"))
    assert "408 Request Timeout" in answer and "Send it again" in answer
    assert hasty.bodies == []


def test_a_large_body_that_keeps_coming_is_taken(hasty: Door) -> None:
    size = 40_000_000
    client = hasty.say(f"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {size}\r\n\r\n")
    client.sendall(b"x" * size)
    client.shutdown(socket.SHUT_WR)
    assert '"body": 40000000' in read_all(client)


def test_an_answer_may_take_its_time(hasty: Door) -> None:
    """A stream is no request that does not come."""
    client = hasty.say("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n")
    taken = 0
    while taken < 50_000_000:
        taken += len(client.recv(1_000_000))
    client.close()
    assert hasty.ended.wait(30)


def test_a_tls_greeting_without_an_end_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appliance.network.reception.HANDSHAKE_SECONDS", 0.3)
    certify(tmp_path)
    with open_door(tmp_path) as door:
        assert read_all(door.say("\x16\x03\x01")) == ""


# Whoever says too much.


@pytest.mark.parametrize(
    "head",
    [
        f"GET /{'x' * MAX_HEAD_BYTES} HTTP/1.1\r\nHost: a\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: a\r\nCookie: {'x' * MAX_HEAD_BYTES}\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n" + "X: y\r\n" * MAX_HEAD_BYTES + "\r\n",
    ],
)
def test_a_head_that_is_too_large_is_refused_with_a_sentence(door: Door, head: str) -> None:
    answer = read_all(door.say(head))
    assert answer.startswith("HTTP/1.1 431") and "cookies" in answer
    assert door.bodies == []


def test_a_head_without_an_end_is_cut(door: Door) -> None:
    with closing(door.say("GET / HTTP/1.1\r\nX: ")) as client, pytest.raises(OSError):
        for _ in range(10_000):
            client.sendall(b"x" * 65_536)


def test_what_is_no_request_is_refused(door: Door) -> None:
    assert read_all(door.say("\0\0\0\0\r\n\r\n")).startswith("HTTP/1.1 400")


# Whoever comes too often.


@pytest.mark.usefixtures("counting")
def test_one_device_has_room_for_so_many_connections(tmp_path: Path) -> None:
    with open_door(tmp_path, connections=8) as door, ExitStack() as stack:
        held = [stack.enter_context(closing(door.say(HEAD))) for _ in range(8)]
        answer = read_all(door.say(HEAD + "\r\n"))
        assert answer.startswith("HTTP/1.1 503")
        assert "Too many connections" in answer and "retry-after: 5" in answer
        held[0].sendall(b"\r\n")
        assert held[0].recv(100).startswith(b"HTTP/1.1 200")
        for client in held:
            client.close()
        while not read_all(door.say(HEAD + "Connection: close\r\n\r\n")).startswith("HTTP/1.1 200"):
            pass  # until the box has heard that they are gone


@pytest.mark.usefixtures("counting")
def test_beyond_twice_as_many_nobody_is_let_in(tmp_path: Path) -> None:
    with open_door(tmp_path, connections=8) as door, ExitStack() as stack:
        for _ in range(16):
            stack.enter_context(closing(door.say("G")))
        assert read_all(door.say(HEAD + "\r\n")) == ""


def test_hundreds_that_say_nothing_hold_nobody_up(secure: Door) -> None:
    """Silent ones, and such as stop in the middle of a greeting, a head or a body."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    body = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n"
    with ExitStack() as stack:
        stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        for number in range(500):
            client = secure.say(("", "\x16\x03\x01", HEAD, body)[number % 4])
            stack.enter_context(closing(client))
        for url in (secure.url, secure.secure_url):
            with httpx.Client(verify=secure.trusting()) as browser:
                for _ in range(20):
                    assert browser.get(url).status_code == 200


def test_in_a_full_room_who_waited_longest_makes_place(tmp_path: Path) -> None:
    with open_door(tmp_path, Limits(waiting_room=4)) as door, ExitStack() as stack:
        silent = [stack.enter_context(closing(door.connect())) for _ in range(6)]
        assert httpx.get(door.url).status_code == 200
        assert [client.recv(1) for client in silent[:2]] == [b"", b""]
        silent[-1].sendall(f"{HEAD}\r\n".encode())
        assert silent[-1].recv(100).startswith(b"HTTP/1.1 200")
