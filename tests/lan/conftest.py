"""Two machines for the tests of this folder, where the kernel lets us make them."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))

from two_machines import BOX_ADDRESS, PHONE_ADDRESS, Lan, Machine, ip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if str(item.path).startswith(str(Path(__file__).parent)):
            item.add_marker(pytest.mark.lan)


@pytest.fixture
def lan() -> Iterator[Lan]:
    if shutil.which("ip") is None:
        pytest.skip("the program ip (iproute2) is not installed")
    here = os.getpid()
    names = (f"box-{here}", f"phone-{here}")
    with ExitStack() as stack:
        for name in names:
            made = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True)
            if made.returncode != 0:
                pytest.skip(f"no network namespace can be made here: {made.stderr.strip()}")
            stack.callback(ip, "netns", "del", name)
        ip(
            *("link", "add", "lan0", "netns", names[0], "type", "veth"),
            *("peer", "name", "lan0", "netns", names[1]),
        )
        for name, address in zip(names, (BOX_ADDRESS, PHONE_ADDRESS), strict=True):
            for words in (
                ["addr", "add", f"{address}/24", "dev", "lan0"],
                ["link", "set", "lan0", "up"],
                ["link", "set", "lo", "up"],
            ):
                ip("-n", name, *words)
        box, phone = map(Machine, names)
        stack.callback(box.close)
        stack.callback(phone.close)
        yield Lan(box, phone, stack)
