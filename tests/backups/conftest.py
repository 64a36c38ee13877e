from pathlib import Path

import pytest
from stocked_box import stock

from appliance.backups.making import Plan, make
from appliance.backups.pace import InHurry


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A box that no test changes."""
    return stock(tmp_path_factory.mktemp("stocked") / "data")


@pytest.fixture(scope="module")
def whole(stocked: Path) -> Path:
    """A backup of it that no test changes."""
    return make(Plan(stocked, stocked.parent / "whole.tar"), InHurry()).path
