"""appliance reindex: at a box that runs, at one that does not, and at one that dies meanwhile."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
from appliance_process import ApplianceProcess
from exports import own_conversation, own_file

from appliance.errand_socket import Wanted, ask

ENVIRONMENT = {"APPLIANCE_CONFIG": "", "APPLIANCE_HOT__EMBEDDED": "false"}
NO_MODEL = ("--model", "no-such-model")
CHUNKS = 30
LOOK_SECONDS = 0.1
SPACES = "SELECT space_key, is_complete FROM spaces"


def command(data: Path, *arguments: str, **more: str) -> tuple[int, str]:
    """The exit status, and all that was said."""
    done = subprocess.run(
        [sys.executable, "-m", "appliance", *arguments, "--data", str(data)],
        env={**os.environ, **ENVIRONMENT, **more},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApplianceProcess]:
    """One that runs without a model that answers, and has indexed what was said. Every test leaves
    it so.
    """
    folder = tmp_path_factory.mktemp("box")
    texts = [f"The zeppelin number {number} is silver." for number in range(CHUNKS)]
    (folder / "said.json").write_bytes(own_file(own_conversation(*texts)))
    with ApplianceProcess(folder / "data", *NO_MODEL, **ENVIRONMENT) as process:
        process.wait_for("No model yet: ")
        assert command(process.data_dir, "import", str(folder / "said.json"))[0] == 0
        assert command(process.data_dir, "reindex")[0] == 0
        yield process


def done_of_total(process: ApplianceProcess) -> tuple[int, int]:
    """As the command asks for it again and again."""
    done, total = ask(process.data_dir, Wanted("reindex", kind="progress"), None, None).words
    return int(done), int(total)


def start_and_wait(process: ApplianceProcess) -> None:
    """Until the new vectors serve, and the old ones have gone."""
    process.start_again()
    process.wait_for("No model yet: ")
    end = monotonic() + 120
    while spaces(process) != [1]:
        assert monotonic() < end, (done_of_total(process), process.stored(SPACES))
        sleep(LOOK_SECONDS)


def spaces(process: ApplianceProcess) -> list[Any]:
    """Whether each is complete."""
    return [is_complete for _, is_complete in process.stored(SPACES)]


def embedded_in(process: ApplianceProcess) -> list[tuple[Any, ...]]:
    return process.stored("SELECT embedded_in, count(*) FROM chunks GROUP BY 1 ORDER BY 1")


def test_a_box_that_runs_makes_all_vectors_anew_and_says_when(box: ApplianceProcess) -> None:
    ((old, _),) = embedded_in(box)
    assert command(box.data_dir, "reindex") == (0, f"{CHUNKS} vectors are new.\n")
    ((new, count),) = embedded_in(box)
    assert new > old and count == CHUNKS, "and the command has waited for it"


def test_a_box_that_does_not_run_makes_them_after_its_next_start(box: ApplianceProcess) -> None:
    ((old, _),) = embedded_in(box)
    assert box.stop() == 0
    code, said = command(box.data_dir, "reindex")
    assert code == 0
    assert said == f"The box does not run. It makes {CHUNKS} vectors anew after its next start.\n"
    assert embedded_in(box) == [(old, CHUNKS)], "the old ones are still there"
    start_and_wait(box)
    ((new, count),) = embedded_in(box)
    assert new > old and count == CHUNKS


def test_a_box_that_dies_meanwhile_goes_on_where_it_was(box: ApplianceProcess) -> None:
    ((old, _),) = embedded_in(box)
    code, said = command(box.data_dir, "reindex", "--no-wait")
    assert (code, said) == (0, "The box makes its vectors anew, in the background.\n")
    end = monotonic() + 60
    while done_of_total(box)[0] == 0 or len(spaces(box)) < 2:
        assert monotonic() < end
    box.kill()
    half = dict(embedded_in(box))
    assert set(half) == {old, old + 1} and 0 < half[old + 1] < CHUNKS
    assert sorted(spaces(box)) == [0, 1], "the old ones serve"
    start_and_wait(box)
    assert embedded_in(box) == [(old + 1, CHUNKS)], "what was done was not done again"
    tables = "SELECT count(*) FROM sqlite_schema WHERE name = 'chunk_vectors_{}'"
    assert box.stored(tables.format(old)) == [(0,)] and box.stored(tables.format(old + 1)) == [(1,)]


def test_a_box_that_shall_remember_nothing_says_so(tmp_path: Path) -> None:
    code, said = command(tmp_path, "reindex", APPLIANCE_RECALL__ENABLED="false")
    assert code != 0 and "recall.enabled is false" in said


def test_there_is_nothing_to_reindex_where_there_is_no_box(tmp_path: Path) -> None:
    code, said = command(tmp_path / "none", "reindex")
    assert code != 0 and "There is no box in" in said
