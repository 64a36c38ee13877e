"""The socket that systemd holds: whoever comes while the box restarts is answered all the same."""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

sys.path.append(str(Path(__file__).parent))

from page_client import PageClient
from played_systemd import Service

pytestmark = pytest.mark.model

RESTARTS = 2
GUESTS = 4


def test_who_connects_while_nobody_serves_waits_and_is_answered(tmp_path: Path) -> None:
    with Service(tmp_path) as service, ThreadPoolExecutor(8) as guests:
        service.wait_told("READY", "1")
        service.kill()
        asked = [guests.submit(httpx.get, f"{service.url}/healthz", timeout=60) for _ in range(8)]
        service.launch_again()
        assert [each.result().status_code for each in asked] == [200] * 8
        service.wait_told("READY", "1", after=1)


def test_restarts_under_load_fail_no_request(tmp_path: Path) -> None:
    """Each request on a connection of its own, as many as there is time for."""
    failed: list[str] = []
    answered = 0
    is_over = threading.Event()
    with Service(tmp_path) as service, ThreadPoolExecutor(GUESTS) as guests:
        service.wait_told("READY", "1")

        def ask() -> int:
            count = 0
            while not is_over.is_set():
                try:
                    answer = httpx.get(f"{service.url}/healthz", timeout=60)
                except httpx.HTTPError as error:
                    failed.append(repr(error))
                else:
                    failed.extend([] if answer.status_code == 200 else [str(answer.status_code)])
                    count += 1
            return count

        asking = [guests.submit(ask) for _ in range(GUESTS)]
        try:
            for restart in range(RESTARTS):
                assert service.stop() == 0
                service.launch_again()
                service.wait_told("READY", "1", after=restart + 1)
        finally:
            is_over.set()
        answered = sum(each.result() for each in asking)
        with PageClient(service.url) as page:
            assert page.read_to_end(page.say("Say hello."))
    assert failed == []
    assert answered > RESTARTS * GUESTS
