"""The web server over real sockets: two languages on one port, and how it stops."""

import json
import os
import socket
import ssl
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path

import httpx
import pytest
from open_door import Door, certify, open_door, read_all

from appliance.network.authority import facts_of, today
from appliance.network.box_names import BoxNames
from appliance.network.certificates import turn_on
from appliance.network.tls_folder import TlsFolder

HEAD = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n"


@pytest.fixture
def from_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine is taken for another one when it speaks in plain."""
    monkeypatch.setattr("appliance.network.https_only.LOOPBACK", ())


# Two languages on one port.


def test_it_speaks_plainly_where_there_is_no_certificate(door: Door) -> None:
    assert httpx.get(door.url).json()["scheme"] == "http"
    with pytest.raises(httpx.ConnectError):
        httpx.get(door.secure_url, verify=False)
    assert httpx.get(door.url).status_code == 200


def test_a_device_that_trusts_the_box_speaks_tls_on_the_same_port(secure: Door) -> None:
    said = httpx.get(secure.secure_url, verify=secure.trusting()).json()
    assert said["scheme"] == "https"
    assert httpx.get(secure.url).json()["scheme"] == "http"  # this machine may


def test_a_device_that_does_not_know_it_does_not_come_in(secure: Door) -> None:
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(secure.secure_url)
    assert httpx.get(secure.secure_url, verify=secure.trusting()).status_code == 200


def test_old_protocols_are_not_spoken(secure: Door) -> None:
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.set_ciphers("DEFAULT@SECLEVEL=0")
    with pytest.warns(DeprecationWarning):
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError, match=r"EOF|PROTOCOL_VERSION"), secure.connect() as client:
        old.wrap_socket(client)


@pytest.mark.usefixtures("from_elsewhere")
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_other_machines_are_sent_on_to_tls(secure: Door, method: str) -> None:
    place = f"{secure.url}/conversations/1?at=2%203"
    answer = httpx.request(method, place, headers={"Host": f"box.local:{secure.port}"})
    assert answer.status_code == 308
    assert answer.headers["location"] == (
        f"https://box.local:{secure.port}/conversations/1?at=2%203"
    )
    assert answer.headers["cache-control"] == "no-store"
    assert secure.bodies == []


@pytest.mark.usefixtures("from_elsewhere")
def test_under_a_name_that_no_certificate_has_they_are_sent_to_one_that_has(secure: Door) -> None:
    answer = httpx.get(secure.url, headers={"Host": f"box:{secure.port}"})
    assert answer.headers["location"] == f"https://box.local:{secure.port}/"


@pytest.mark.usefixtures("from_elsewhere")
def test_nobody_is_sent_to_a_foreign_name(secure: Door) -> None:
    answer = httpx.get(secure.url, headers={"Host": "evil.com"})
    assert "location" not in answer.headers


@pytest.mark.usefixtures("from_elsewhere")
def test_how_to_trust_it_can_be_read_in_plain(secure: Door) -> None:
    for path in ("/trust", "/trust/authority.crt", "/static/css/app.css"):
        assert httpx.get(secure.url + path).json()["path"] == path


def test_a_new_certificate_is_shown_without_a_restart(secure: Door) -> None:
    httpx.get(secure.secure_url, verify=secure.trusting())
    folder = TlsFolder(secure.data_dir)
    shown = ssl.get_server_certificate(("127.0.0.1", secure.port))
    turn_on(secure.data_dir, BoxNames([], secure.data_dir, "box"), today())
    while (now := ssl.get_server_certificate(("127.0.0.1", secure.port))) == shown:
        pass  # it looks for changes once a second
    assert facts_of(now.encode()).names
    assert httpx.get(secure.secure_url, verify=secure.trusting()).status_code == 200
    assert folder.is_there


# Whose word counts.


def test_nobody_s_word_is_taken_for_who_asks(door: Door) -> None:
    headers = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"}
    said = httpx.get(door.url, headers=headers).json()
    assert (said["scheme"], said["client"][0]) == ("http", "127.0.0.1")


def test_but_a_proxy_s_that_was_named(tmp_path: Path) -> None:
    headers = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"}
    with open_door(tmp_path, proxies=["127.0.0.1"]) as door:
        said = httpx.get(door.url, headers=headers).json()
    assert (said["scheme"], said["client"][0]) == ("https", "203.0.113.9")


# Streams and the end, over TLS.


def test_a_reader_who_takes_nothing_over_tls_is_cut(tmp_path: Path) -> None:
    certify(tmp_path)
    with open_door(tmp_path, stalled_seconds=1.0) as door, door.connect() as plain:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        with door.trusting().wrap_socket(plain, server_hostname="127.0.0.1") as client:
            client.sendall(b"GET /stream HTTP/1.1\r\nHost: a\r\n\r\n")
            assert door.ended.wait(60)


def test_a_reader_over_tls_who_leaves_ends_the_stream(secure: Door) -> None:
    with secure.connect() as plain:
        client = secure.trusting().wrap_socket(plain, server_hostname="127.0.0.1")
        client.sendall(b"GET /stream HTTP/1.1\r\nHost: a\r\n\r\n")
        assert client.recv(1000)
        client.close()
    assert secure.ended.wait(30)


def test_a_polite_stop_does_not_wait_for_who_says_nothing(tmp_path: Path) -> None:
    certify(tmp_path)
    with ExitStack() as stack, open_door(tmp_path) as door:
        for said in ("", "\x16\x03\x01", HEAD):
            stack.enter_context(closing(door.say(said)))
        client = door.trusting().wrap_socket(door.connect(), server_hostname="127.0.0.1")
        stack.enter_context(closing(client))
        client.sendall(b"GET /stream HTTP/1.1\r\nHost: a\r\n\r\n")
        assert client.recv(1000)
        # `open_door` fails when it does not end.


def test_what_is_on_its_way_when_the_box_stops_is_answered(tmp_path: Path) -> None:
    """Whoever was let in cannot know it; with a socket that outlives the box nobody is refused."""
    certify(tmp_path)
    whole = f"{HEAD}\r\n".encode()
    clients: list[socket.socket] = []

    def speak_at_last() -> None:
        for client in clients:
            client.sendall(whole)

    with (
        ThreadPoolExecutor(2) as readers,
        open_door(tmp_path, before_stop=speak_at_last) as door,
    ):
        secure = door.trusting().wrap_socket(door.connect(), server_hostname="127.0.0.1")
        clients += [door.connect(), secure]
        # Both are in when a third one, which came later, is answered.
        assert httpx.get(door.url).status_code == 200
        answers = [readers.submit(read_all, client) for client in clients]
    for answer in answers:
        assert answer.result().startswith("HTTP/1.1 200 OK")


def test_it_does_not_look_again_and_again_whether_it_shall_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told: so it ends although it would look in an hour."""
    monkeypatch.setattr("appliance.web_server._DATE_SECONDS", 3600.0)
    with open_door(tmp_path) as door:
        assert "date" in httpx.get(door.url).headers
        # `open_door` fails when it does not end.


def test_the_date_in_an_answer_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("appliance.web_server._DATE_SECONDS", 0.01)
    with open_door(tmp_path) as door:
        first = httpx.get(door.url).headers["date"]
        while httpx.get(door.url).headers["date"] == first:
            pass  # within a second


def test_a_socket_that_systemd_hands_over_is_taken(tmp_path: Path) -> None:
    """By the process that it is meant for, and by none of its children."""
    program = (
        "import os, sys, json; from appliance.network.listening import listen;"
        "os.dup2(int(sys.argv[1]), 3); os.environ['LISTEN_PID'] = str(os.getpid());"
        "s = listen('127.0.0.1', 1);"
        "print(json.dumps([s.fileno(), s.getsockname()[1], s.get_inheritable(),"
        "os.environ.get('LISTEN_FDS')]))"
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        done = subprocess.run(
            [sys.executable, "-c", program, str(listener.fileno())],
            pass_fds=[listener.fileno()],
            env={**os.environ, "LISTEN_FDS": "1"},
            capture_output=True,
            text=True,
            check=True,
        )
        assert json.loads(done.stdout) == [3, listener.getsockname()[1], False, None]
