"""The service in a booted machine, and what happens to it: killed, restarted, hung, called on by
strangers. Seconds are printed; counts decide.
"""

import os
import random
import re
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from ctypes import CDLL
from itertools import takewhile
from threading import Event, Thread
from time import monotonic
from typing import Any

import httpx
import pytest
from booted_machine import HERE, BootedMachine
from page_client import PageClient, Said
from signed_in import COOKIES

from appliance.conversations.conversation import new_id

pytestmark = [pytest.mark.slow, pytest.mark.model, pytest.mark.timeout(1500)]

URL = "http://127.0.0.1:8080"
KILLS = 10
RESTARTS = 20
PREFILL_SECONDS = 60
LONG = "Environment=APPLIANCE_LIMITS__REPLY_TOKENS=1500"
STORY = "Write a very long story about the sea and all who live in it."
_CLONE_NEWNET = 0x40000000


def test_killed_ten_times_it_comes_back_by_itself_and_the_reply_goes_on(
    machine: BootedMachine, figures: Any
) -> None:
    machine.drop_in(LONG)
    rng = random.Random(7)
    back: list[float] = []
    ready: list[float] = []
    taken_back: list[int] = []

    def kill_and_wait(restarts: int) -> None:
        machine.run("systemctl", "kill", "-s", "KILL", "--kill-whom=main", "appliance.service")
        began = monotonic()
        httpx.get(f"{URL}/healthz", timeout=120)  # waits in the socket until it is back
        back.append(monotonic() - began)
        while machine.property_of("appliance.service", "NRestarts") != str(restarts):
            Event().wait(0.05)
        while machine.property_of("appliance.service", "ActiveState") != "active":
            Event().wait(0.05)
        ready.append(monotonic() - began)

    def read_on(page: PageClient, turn: Said, length: int) -> str:
        """As an open page does: it connects again until it gets on."""
        while True:
            try:
                return page.read_until(turn, lambda text: len(text) > length)
            except httpx.HTTPError:
                Event().wait(0.1)

    def run() -> None:
        restarts = int(machine.property_of("appliance.service", "NRestarts"))
        with PageClient(URL) as page:
            turn, text = page.say(STORY), ""
            for kill in range(KILLS):
                try:
                    grown = read_on(page, turn, len(text) + rng.randint(1, 60))
                except AssertionError:  # this reply has come to its end; another one
                    turn, text = page.say(STORY), ""
                    grown = read_on(page, turn, rng.randint(1, 60))
                taken_back.append(len(text) - _same(text, grown))
                text = grown
                Event().wait(rng.random())  # any moment of its writing
                kill_and_wait(restarts + kill + 1)
            assert len(page.read_to_end(turn)) >= len(text) - 200
        assert len(back) == KILLS

    try:
        machine.do(run)
        figures.add(f"kill -9, answers again after: {_seconds(back)}")
        figures.add(f"kill -9, READY again after: {_seconds(ready)}")
        figures.add(f"characters that a page had seen and were taken back: {taken_back}")
        failed = machine.stored("SELECT count(*) FROM turns WHERE status = 'failed'")
        assert failed == [[0]]
    finally:
        machine.drop_in("")


def test_twenty_restarts_under_load_fail_no_request(machine: BootedMachine, figures: Any) -> None:
    machine.drop_in("Environment=APPLIANCE_LIMITS__REQUESTS_PER_MINUTE=0")
    is_over = Event()
    failed: list[str] = []
    longest: list[float] = []
    accepted: list[str] = []

    def read() -> int:
        count = 0
        while not is_over.is_set():
            began = monotonic()
            try:
                answer = httpx.get(f"{URL}/", cookies=COOKIES, timeout=120)
            except httpx.HTTPError as error:
                failed.append(repr(error))
                continue
            if answer.status_code != 200:
                failed.append(f"{answer.status_code} {answer.text[:200]}")
            longest.append(monotonic() - began)
            count += 1
        return count

    def write(token: str, cookies: dict[str, str]) -> int:
        count = 0
        while not is_over.is_set():
            form = {
                "_csrf_token": token,
                "content": "Hi",
                "client_message_id": new_id(),
                "conversation_id": "",
            }
            try:
                answer = httpx.post(f"{URL}/turns", data=form, cookies=cookies, timeout=120)
            except httpx.HTTPError as error:
                failed.append(repr(error))
                continue
            if answer.status_code == 303:
                accepted.append(answer.headers["location"].rsplit("/", 1)[1])
            else:
                failed.append(f"{answer.status_code} {answer.text[:200]}")
            count += 1
            is_over.wait(2)  # so that its replies do not become the whole load
        return count

    def form_token() -> tuple[str, dict[str, str]]:
        page = httpx.get(f"{URL}/", cookies=COOKIES, timeout=120)
        token: str = re.findall(r'name="_csrf_token" value="([^"]+)"', page.text)[0]
        return token, {**COOKIES, **page.cookies}

    writing = machine.begin(write, *machine.do(form_token))
    asking = [writing, *(machine.begin(read) for _ in range(3))]
    try:
        for _ in range(RESTARTS):
            machine.run("systemctl", "restart", "appliance.service", timeout_seconds=300)
    finally:
        is_over.set()
    requests = sum(each.result(timeout=300) for each in asking)
    figures.add(
        f"{RESTARTS} restarts under load: {requests} requests, {len(failed)} failed, "
        f"the longest waited {max(longest):.1f} s; {len(accepted)} messages accepted"
    )
    machine.drop_in("")
    assert failed == []
    kept = {row[0] for row in machine.stored("SELECT conversation_id FROM conversations")}
    assert set(accepted) <= kept


def odd(**values: object) -> str:
    """The same service with a model that is odd on purpose."""
    python = f"{HERE}/venv/bin/python -I -X faulthandler"
    lines = [
        "ExecStart=",
        f"ExecStart={python} /opt/appliance/tests/launched_odd.py serve",
        "WatchdogSec=6",
        *(f"Environment=ODD_{name}={value}" for name, value in values.items()),
    ]
    return "\n".join(lines)


def test_a_hung_compute_thread_is_restarted_by_the_watchdog(
    machine: BootedMachine, figures: Any
) -> None:
    hang = "/var/lib/appliance/hang"
    machine.drop_in(odd(HANG=hang, PATIENCE_SECONDS=4))
    restarts = int(machine.property_of("appliance.service", "NRestarts"))
    try:

        def begin() -> Said:
            with PageClient(URL) as page:
                machine.run("touch", hang)
                return page.say("Say hello.")

        turn = machine.do(begin)
        began = monotonic()
        while int(machine.property_of("appliance.service", "NRestarts")) == restarts:
            Event().wait(0.1)
        figures.add(f"hung compute thread: ended by the watchdog after {monotonic() - began:.1f} s")
        machine.run("rm", hang)

        def finish() -> str:
            with PageClient(URL) as page:
                return page.read_to_end(turn)

        assert machine.do(finish)
        figures.add(f"hung compute thread: its reply was there after {monotonic() - began:.1f} s")
        said = machine.run("journalctl", "-o", "cat", "-u", "appliance.service")
        assert "Watchdog timeout" in said
        assert "the compute thread stands still" in said
        assert "odd_decode" in said, "the journal has the lines at which the threads stood"
        assert "Say hello" not in said
    finally:
        machine.run("rm", "-f", hang)
        machine.drop_in("")


def test_a_prefill_of_a_minute_is_left_alone(machine: BootedMachine, figures: Any) -> None:
    """The real model, made slow: many steps of half a second, and a watchdog of six."""
    machine.drop_in(odd(STEP_SECONDS=0.5, PATIENCE_SECONDS=4) + "\n" + LONG.replace("1500", "2"))
    pid = machine.property_of("appliance.service", "MainPID")
    try:

        def chat() -> float:
            with PageClient(URL) as page:
                began = monotonic()
                page.read_to_end(page.say("The sea is wide and deep and blue and old. " * 200))
                return monotonic() - began

        seconds = machine.do(chat)
        figures.add(f"a prefill of {seconds:.0f} s under a watchdog of 6 s: same process")
        assert seconds > PREFILL_SECONDS
        assert machine.property_of("appliance.service", "MainPID") == pid
    finally:
        machine.drop_in("")


@pytest.fixture
def phone(machine: BootedMachine) -> Iterator[str]:
    """A second machine on a cable: the name of its network."""
    name = f"phone-{os.getpid()}"
    with ExitStack() as stack:
        _ip("netns", "add", name)
        stack.callback(_ip, "netns", "del", name)
        ends = ("netns", str(machine.leader), "type", "veth", "peer", "name", "lan0", "netns", name)
        _ip("link", "add", "lan0", *ends)
        machine.run("ip", "addr", "add", "10.77.0.1/24", "dev", "lan0")
        machine.run("ip", "addr", "add", "203.0.113.1/24", "dev", "lan0")
        machine.run("ip", "link", "set", "lan0", "up")
        for words in ("addr add 10.77.0.2/24 dev lan0", "addr add 203.0.113.2/24 dev lan0"):
            _ip("-n", name, *words.split())
        _ip("-n", name, "link", "set", "lan0", "up")
        yield name


def test_an_address_outside_the_lan_is_dropped_before_a_byte_is_read(
    machine: BootedMachine, figures: Any, phone: str
) -> None:
    came: dict[str, str] = {}

    def ask() -> None:
        place = os.open(f"/run/netns/{phone}", os.O_RDONLY)
        assert CDLL(None).setns(place, _CLONE_NEWNET) == 0
        os.close(place)
        for source in ("10.77.0.2", "203.0.113.2"):
            target = source[:-1] + "1"
            try:
                with socket.create_connection((target, 8080), 5, (source, 0)) as guest:
                    guest.sendall(f"GET /healthz HTTP/1.1\r\nHost: {target}:8080\r\n\r\n".encode())
                    came[source] = guest.recv(100).decode().splitlines()[0]
            except OSError as error:
                came[source] = type(error).__name__

    asking = Thread(target=ask)
    asking.start()
    asking.join()
    figures.add(f"from the LAN and from elsewhere: {came}")
    assert came == {"10.77.0.2": "HTTP/1.1 200 OK", "203.0.113.2": "TimeoutError"}


def _same(before: str, after: str) -> int:
    """How many characters at their beginnings are the same."""
    pairs = takewhile(lambda pair: pair[0] == pair[1], zip(before, after, strict=False))
    return sum(1 for _ in pairs)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


def _seconds(values: list[float]) -> str:
    return " ".join(f"{value:.1f}" for value in values) + " s"
