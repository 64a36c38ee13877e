"""One real appliance for all tests that only talk to it."""

from collections.abc import Iterator

import pytest
from appliance_process import ApplianceProcess
from program import key_of


@pytest.fixture(scope="session")
def appliance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApplianceProcess]:
    """The default model, an embedded Valkey, a data directory of its own."""
    # More is asked of it in a minute than any person asks.
    unlimited = {"APPLIANCE_LIMITS__REQUESTS_PER_MINUTE": "0"}
    with ApplianceProcess(tmp_path_factory.mktemp("appliance"), **unlimited) as process:
        yield process.wait_ready()


@pytest.fixture(scope="session")
def key(appliance: ApplianceProcess) -> str:
    """By which programs may chat there."""
    return key_of(appliance.data_dir)


@pytest.fixture(autouse=True)
def every_step_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A gated model stands still after a step, for as long as its test likes."""
    monkeypatch.setattr("appliance.engine.serving.TOGETHER_SECONDS", 0.0)
