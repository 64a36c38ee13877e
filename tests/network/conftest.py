"""The web server, open."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from open_door import Door, certify, open_door


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    with open_door(tmp_path) as door:
        yield door


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[Door]:
    certify(tmp_path)
    with open_door(tmp_path) as door:
        yield door
