"""Signs of life, while the compute thread gets on and while it does not."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))

from page_client import PageClient
from played_systemd import Service

pytestmark = pytest.mark.model


def test_signs_of_life_end_when_the_compute_thread_hangs(tmp_path: Path) -> None:
    hang = tmp_path / "hang"
    odd = {"ODD_HANG": str(hang), "ODD_PATIENCE_SECONDS": "2"}
    with Service(tmp_path, watchdog_seconds=1, is_odd=True, **odd) as service:
        service.wait_told("READY", "1")
        service.wait_told("WATCHDOG", after=2)
        with PageClient(service.url) as page:
            hang.touch()
            page.say("Hello!")
            service.wait_told("STATUS", "The model hangs")
            lives = len(service.having("WATCHDOG"))
            assert not service.comes(lambda: len(service.having("WATCHDOG")) > lives, 2)
            assert service.count("the compute thread stands still") == 1
            hang.unlink()  # a step that was only slow: nobody has to die for it
            service.wait_told("WATCHDOG", after=lives)


def test_a_long_prompt_is_no_hang_and_signs_of_life_go_on(tmp_path: Path) -> None:
    odd = {"ODD_STEP_SECONDS": "0.4", "ODD_PATIENCE_SECONDS": "3"}
    limits = {"APPLIANCE_LIMITS__REPLY_TOKENS": "2"}
    with Service(tmp_path, watchdog_seconds=1, is_odd=True, **odd, **limits) as service:
        service.wait_told("READY", "1")
        with PageClient(service.url) as page:
            began = len(service.having("WATCHDOG"))
            page.read_to_end(page.say("The sea is wide and blue. " * 60))
        assert len(service.having("WATCHDOG")) - began > 10
        assert not service.having("STATUS", "hangs")
