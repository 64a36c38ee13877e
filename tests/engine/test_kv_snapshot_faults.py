"""Snapshots on a disk that is full, damaged or not ours, and in a folder with traps in it."""

import logging
import os
import resource
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kept_states import (
    MODEL,
    PATIENCE_SECONDS,
    files_in,
    kept_in,
    loaded,
    save,
    snapshots_in,
    started,
    state_of,
)

from appliance.engine.kv_snapshot_folder import SnapshotFolder
from appliance.engine.kv_snapshots import KvSnapshots
from appliance.errors import EngineError

OWNER, TAG, TOKENS = "canary-owner", "canary-tag", [1234567, 7654321]

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "kv"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("cannot mount a small disk here")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@pytest.fixture(autouse=True)
def nothing_private_is_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whatever goes wrong here is logged without words, names or tokens."""
    caplog.set_level(logging.DEBUG)
    yield
    log = caplog.text + "".join(str(vars(record)) for record in caplog.records)
    assert not [word for word in (OWNER, TAG, *map(str, TOKENS)) if word in log]


def warnings_in(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def name(number: int) -> str:
    return f"{number:032x}.kv"


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_a_file_with_one_changed_bit_or_a_lost_end_is_never_used(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    with started(folder) as snapshots:
        save(snapshots, TOKENS, OWNER, TAG)
    (path,) = folder.iterdir()
    content = bytearray(path.read_bytes())
    if data.draw(st.booleans(), "cut"):
        del content[data.draw(st.integers(0, len(content) - 1), "length") :]
    else:
        bit = data.draw(st.integers(0, 8 * len(content) - 1), "bit")
        content[bit // 8] ^= 1 << bit % 8
    is_running = data.draw(st.booleans(), "while it runs")
    snapshots = snapshots_in(folder)
    if not is_running:
        path.write_bytes(content)
    snapshots.start()
    if is_running:
        path.write_bytes(content)
    assert loaded(snapshots, TOKENS, OWNER) is None
    assert snapshots.count == 0
    assert files_in(folder) == {}
    snapshots.close(PATIENCE_SECONDS)


def test_a_damaged_file_is_deleted_and_said_once(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with started(folder) as snapshots:
        save(snapshots, TOKENS, OWNER, TAG)
        (path,) = folder.iterdir()
        path.write_bytes(bytes(5000))
        assert loaded(snapshots, TOKENS, OWNER) is None
        assert loaded(snapshots, TOKENS, OWNER) is None
    assert warnings_in(caplog) == [
        f"the KV snapshot {path.name} is deleted, for it cannot be used: "
        "it is of another kind or version"
    ]


def test_files_that_changed_places_are_both_refused(folder: Path) -> None:
    with started(folder) as snapshots:
        save(snapshots, [1], "ann")
        save(snapshots, [2], "bob")
        one, other = folder.iterdir()
        contents = one.read_bytes(), other.read_bytes()
        other.write_bytes(contents[0])
        one.write_bytes(contents[1])
        assert loaded(snapshots, [1], "ann") is None
        assert loaded(snapshots, [2], "bob") is None


def test_a_file_that_is_gone_is_no_error(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    with started(folder) as snapshots:
        save(snapshots, TOKENS, OWNER, TAG)
        save(snapshots, [1], OWNER, "other")
        for path in folder.iterdir():
            path.unlink()
        assert loaded(snapshots, TOKENS, OWNER) is None
        assert snapshots.forget(OWNER, "other") == 1
        assert snapshots.count == 0
    assert warnings_in(caplog) == []


def test_what_was_left_unfinished_is_removed(folder: Path) -> None:
    with started(folder) as snapshots:
        save(snapshots, [1])
    (folder / f"{'0' * 32}.tmp").write_bytes(b"torn")
    with started(folder) as snapshots:
        assert len(files_in(folder)) == snapshots.count == 1


def test_traps_in_the_folder_are_neither_followed_nor_opened_nor_removed(
    folder: Path, tmp_path: Path
) -> None:
    with started(folder) as snapshots:
        save(snapshots, [1])
    (real,) = folder.iterdir()
    elsewhere = real.rename(tmp_path / "elsewhere.kv")
    (folder / name(1)).symlink_to(elsewhere)
    (folder / f"{'2' * 32}.tmp").symlink_to(elsewhere)
    (folder / name(3)).mkdir()
    os.mkfifo(folder / name(4))
    (folder / name(5)).symlink_to(folder / "nowhere")
    with socket.socket(socket.AF_UNIX) as listening:
        descriptor = os.open(folder, os.O_PATH)
        listening.bind(f"/proc/self/fd/{descriptor}/{name(6)}")
        os.close(descriptor)
    (folder / "notes.txt").write_text("mine")
    traps = files_in(folder)
    with started(folder) as snapshots:
        assert (snapshots.count, snapshots.used_bytes) == (0, 0)
        assert loaded(snapshots, [1]) is None
        assert snapshots.forget("ann") == 0
        save(snapshots, [2])
        assert loaded(snapshots, [2]) == state_of([2])
        assert snapshots.forget("ann", "t") == 1
    with started(folder, limit_bytes=0):
        assert files_in(folder) == traps
    assert elsewhere.exists()


@pytest.mark.parametrize("trap", ["symlink", "fifo", "directory"])
def test_a_file_whose_place_was_taken_by_something_else_is_gone(
    folder: Path, tmp_path: Path, trap: str
) -> None:
    with started(folder) as snapshots:
        save(snapshots, [1])
        (path,) = folder.iterdir()
        elsewhere = path.rename(tmp_path / "elsewhere.kv")
        match trap:
            case "symlink":
                path.symlink_to(elsewhere)
            case "fifo":
                os.mkfifo(path)
            case "directory":
                path.mkdir()
        assert loaded(snapshots, [1]) is None
        assert snapshots.count == 0
        assert path.is_symlink() or path.exists()


@as_root
def test_another_users_files_are_ignored(folder: Path) -> None:
    with started(folder) as snapshots:
        save(snapshots, [1])
    (path,) = folder.iterdir()
    os.chown(path, 12345, 12345)
    with started(folder) as snapshots:
        assert (snapshots.count, loaded(snapshots, [1])) == (0, None)
    assert path.exists()


def test_a_folder_that_others_could_read_is_made_private(folder: Path) -> None:
    folder.mkdir(mode=0o755)
    with started(folder):
        assert folder.stat().st_mode & 0o777 == 0o700


def symlinked(folder: Path) -> None:
    folder.with_name("real").mkdir()
    folder.symlink_to(folder.with_name("real"))


def anothers(folder: Path) -> None:
    folder.mkdir()
    os.chown(folder, 12345, 12345)


@pytest.mark.parametrize(
    "make", [Path.touch, symlinked, pytest.param(anothers, marks=as_root)], ids=lambda m: m.__name__
)
@pytest.mark.parametrize("limit_bytes", [0, 10**6])
def test_without_a_folder_of_its_own_the_box_goes_on_and_says_so(
    folder: Path, caplog: pytest.LogCaptureFixture, make: object, limit_bytes: int
) -> None:
    assert callable(make)
    make(folder)
    with started(folder, limit_bytes=limit_bytes) as snapshots:
        save(snapshots, TOKENS, OWNER, TAG)
        assert loaded(snapshots, TOKENS, OWNER) is None
        with pytest.raises(EngineError, match="delete once more"):
            snapshots.forget(OWNER, TAG)
    (said,) = warnings_in(caplog)
    assert said.startswith(f"KV snapshots are off, because {folder} cannot be used: ")


def test_after_a_start_without_a_folder_forgetting_takes_all_that_turns_up(folder: Path) -> None:
    """Nobody has looked whose they are."""
    with started(folder) as snapshots:
        save(snapshots, TOKENS, OWNER, TAG)
    away = folder.rename(folder.with_name("away"))
    folder.touch()
    with started(folder) as snapshots:
        folder.unlink()
        away.rename(folder)
        snapshots.forget(OWNER, TAG)
    assert files_in(folder) == {}


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """The kernel refuses to let any file of this process grow larger."""
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))


def test_a_write_that_fails_in_its_middle_leaves_nothing_and_costs_nothing_kept(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with started(folder) as snapshots:
        save(snapshots, TOKENS, OWNER, TAG)
        before = files_in(folder)
        with files_of_at_most(6 * 2**20):
            for number in range(3):
                save(snapshots, [*TOKENS, number], OWNER, TAG, size=9 * 2**20)
        assert files_in(folder) == before
        assert loaded(snapshots, TOKENS, OWNER) == state_of(TOKENS)
        assert snapshots.counts.refused == 3
        assert len(warnings_in(caplog)) == 1
        save(snapshots, [*TOKENS, 4], OWNER, TAG)
        assert kept_in(folder) == {(OWNER, TAG, (*TOKENS, 4))}
        with files_of_at_most(6 * 2**20):
            save(snapshots, [*TOKENS, 5], OWNER, TAG, size=9 * 2**20)
        assert len(warnings_in(caplog)) == 2, "said again, after it had worked in between"


def test_a_disk_without_space_refuses_and_works_again_with_space(
    disk: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As when others fill it between the look and the write."""
    monkeypatch.setattr(SnapshotFolder, "free_bytes", lambda _: 10**9)
    with started(disk / "kv") as snapshots:
        save(snapshots, TOKENS, OWNER, TAG, size=300_000)
        for number in range(2):
            save(snapshots, [number], OWNER, "other", size=900_000)
        assert len(files_in(disk / "kv")) == 1
        assert loaded(snapshots, TOKENS, OWNER) == state_of(TOKENS, 300_000)
        (said,) = warnings_in(caplog)
        assert "No space left on device" in said
        save(snapshots, [3], OWNER, "other", size=300_000)
        assert (snapshots.counts.saved, snapshots.counts.refused) == (2, 2)


def test_a_part_of_the_disk_stays_free_for_what_matters_more(
    disk: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kv, ballast = disk / "kv", disk / "ballast"
    with started(kv) as snapshots:
        save(snapshots, [1], OWNER, TAG, size=300_000)
        ballast.write_bytes(bytes(650_000))
        for number in range(2):
            save(snapshots, [2, number], OWNER, "too large", size=400_000)
        assert kept_in(kv) == {(OWNER, TAG, (1,))}, "deleting it would not have been enough"
        assert snapshots.counts.refused == 2
        assert len(warnings_in(caplog)) == 1
        save(snapshots, [3], OWNER, "fits", size=200_000)
        assert kept_in(kv) == {(OWNER, "fits", (3,))}, "the older one made room"
        assert snapshots.counts.evicted == 1


def test_a_folder_that_can_only_be_read_still_serves_but_forgets_nothing_in_silence(
    disk: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kv = disk / "kv"
    with started(kv) as snapshots:
        save(snapshots, TOKENS, OWNER, TAG)
        save(snapshots, [1], OWNER, "other")
    remount(disk, "ro")
    snapshots = KvSnapshots(kv, bytes(range(32)), 10**6)
    snapshots.start()
    assert loaded(snapshots, TOKENS, OWNER) == state_of(TOKENS)
    for number in range(2):
        save(snapshots, [2, number], OWNER, "new")
    assert snapshots.counts.refused == 2
    with pytest.raises(EngineError, match="delete once more"):
        snapshots.forget(OWNER, TAG)
    assert snapshots.find(MODEL, OWNER, TOKENS, 0) is None, "it is never used again all the same"
    assert len(warnings_in(caplog)) == 1
    remount(disk, "rw")
    assert snapshots.forget(OWNER, TAG) == 1
    assert kept_in(kv) == {(OWNER, "other", (1,))}
    snapshots.close(PATIENCE_SECONDS)


def remount(disk: Path, mode: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{mode}", str(disk)], check=True)
