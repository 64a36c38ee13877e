"""One booted machine for all tests that need one, and their figures at the end."""

import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest

sys.path.append(str(Path(__file__).parent))

from booted_machine import BootedMachine, CannotBoot

_figures: list[str] = []


class Figures:
    """What was measured; it fails no test."""

    def add(self, text: str) -> None:
        _figures.append(text)


@pytest.fixture(scope="session")
def figures() -> Figures:
    return Figures()


@pytest.fixture(scope="session")
def machine(tmp_path_factory: pytest.TempPathFactory, figures: Figures) -> Iterator[BootedMachine]:
    """The box is installed in it as a service, and has been started."""
    began = monotonic()
    try:
        machine = BootedMachine(tmp_path_factory.mktemp("booted"))
    except CannotBoot as why:
        pytest.skip(f"no machine can be booted here: {why}")
    try:
        figures.add(f"booted after {monotonic() - began:.1f} s")
        machine.install()
        machine.run("systemctl", "enable", "appliance.service")
        began = monotonic()
        machine.run("systemctl", "start", "appliance.service", timeout_seconds=300)
        figures.add(f"READY {monotonic() - began:.1f} s after `systemctl start`")
        yield machine
    finally:
        machine.stop()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for figure in _figures:
        terminalreporter.write_line(f"booted machine: {figure}")
