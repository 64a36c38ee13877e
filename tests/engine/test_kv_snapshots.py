"""The snapshots of a box: what is kept, found, brought back and forgotten."""

import itertools
import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from kept_states import (
    MODEL,
    PATIENCE_SECONDS,
    HeldWrite,
    files_in,
    kept_in,
    loaded,
    save,
    snapshots_in,
    started,
    state_of,
)

from appliance.engine.kv_snapshots import KvSnapshots, SnapshotMeta


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "kv"


@pytest.fixture
def snapshots(folder: Path) -> Iterator[KvSnapshots]:
    with started(folder) as opened:
        yield opened


def test_a_state_comes_back_whole_also_after_a_restart(folder: Path) -> None:
    with started(folder) as first:
        save(first, [1, 2, 3], size=9_000_000)
        assert loaded(first, [1, 2, 3, 4]) == state_of([1, 2, 3], 9_000_000)
    with started(folder) as second:
        assert second.find(MODEL, "ann", [1, 2, 9], 0) is not None
        assert loaded(second, [1, 2, 3]) == state_of([1, 2, 3], 9_000_000)
        assert (second.counts.saved, second.counts.loaded) == (0, 1)


def test_the_files_are_for_this_user_alone(folder: Path, snapshots: KvSnapshots) -> None:
    save(snapshots, [1])
    assert folder.stat().st_mode & 0o777 == 0o700
    assert [path.stat().st_mode & 0o777 for path in folder.iterdir()] == [0o600]


def test_any_kind_of_bytes_can_be_saved(snapshots: KvSnapshots) -> None:
    states = [b"abc", bytearray(b"abc"), memoryview(b"xabcx")[1:4]]
    for number, state in enumerate(states, start=1):
        snapshots.save(SnapshotMeta(MODEL, "ann", f"t{number}", 0, [number]), state)
    assert snapshots.wait_idle(PATIENCE_SECONDS)
    assert [loaded(snapshots, [number]) for number in (1, 2, 3)] == [b"abc"] * 3


def test_what_goes_on_replaces_its_beginning_and_a_branch_stays_beside_it(
    folder: Path, snapshots: KvSnapshots
) -> None:
    for tokens in ([1, 2], [1, 2, 3], [1, 2, 4]):
        save(snapshots, tokens)
    assert kept_in(folder) == {("ann", "t", (1, 2, 3)), ("ann", "t", (1, 2, 4))}
    assert snapshots.count == 2


def test_nothing_is_written_for_tokens_that_are_kept_already(
    folder: Path, snapshots: KvSnapshots
) -> None:
    save(snapshots, [1, 2])
    before = files_in(folder)
    save(snapshots, [1, 2])
    assert files_in(folder) == before
    assert (snapshots.counts.saved, snapshots.counts.refused) == (1, 0)


def test_without_a_tag_nothing_is_kept(folder: Path, snapshots: KvSnapshots) -> None:
    save(snapshots, [1, 2], tag=None)
    assert files_in(folder) == {}


def test_another_models_states_are_never_used_but_forgotten_with_their_conversation(
    folder: Path,
) -> None:
    with started(folder) as other:
        save(other, [1, 2], model="model-b")
        save(other, [1, 2], tag="u", model="model-b")
    with started(folder) as snapshots:
        assert snapshots.find(MODEL, "ann", [1, 2], 0) is None
        assert snapshots.find("model-b", "ann", [1, 2], 0) is not None
        assert (snapshots.count, snapshots.used_bytes) == (2, sum(files_in(folder).values()))
        assert snapshots.forget("ann", "t") == 1
    assert kept_in(folder) == {("ann", "u", (1, 2))}


def test_with_another_key_nothing_is_used_and_nothing_is_left(folder: Path) -> None:
    with started(folder) as snapshots:
        save(snapshots, [1, 2])
    with started(folder, key=bytes(32)) as other:
        assert other.find(MODEL, "ann", [1, 2], 0) is None
    assert files_in(folder) == {}


def test_a_limit_of_nought_keeps_nothing_and_deletes_what_was_kept(folder: Path) -> None:
    with started(folder) as snapshots:
        save(snapshots, [1, 2])
    (folder / f"{'0' * 32}.tmp").write_bytes(b"torn")
    with started(folder, limit_bytes=0) as off:
        assert files_in(folder) == {}
        save(off, [1, 2])
        assert off.find(MODEL, "ann", [1, 2], 0) is None
        assert (off.forget("ann", "t"), off.forget("ann")) == (0, 0)
    assert files_in(folder) == {}


def test_a_limit_of_nought_does_not_even_make_the_folder(folder: Path) -> None:
    with started(folder, limit_bytes=0):
        assert not folder.exists()


def test_the_least_recently_used_goes_first_whichever_model_it_is_of(folder: Path) -> None:
    """And the order of use outlives a restart."""
    limit = 4 * 1200
    with started(folder, limit_bytes=limit) as other:
        save(other, [5], tag="b", model="model-b")
    with started(folder, limit_bytes=limit) as snapshots:
        save(snapshots, [6], tag="c")
        save(snapshots, [7], tag="d")
        assert loaded(snapshots, [6]) is not None
    with started(folder, limit_bytes=limit) as snapshots:
        assert snapshots.count == 3
        kept = []
        for number in (8, 9, 10):
            save(snapshots, [number], tag=f"new{number}")
            kept.append({tag for _, tag, _ in kept_in(folder)})
        assert kept == [
            {"b", "c", "d", "new8"},
            {"c", "d", "new8", "new9"},
            {"c", "new8", "new9", "new10"},
        ]
        assert snapshots.counts.evicted == 2
        assert snapshots.used_bytes == sum(files_in(folder).values()) <= limit


def test_a_limit_that_was_lowered_holds_from_the_start(folder: Path) -> None:
    with started(folder) as snapshots:
        for number in (1, 2, 3):
            save(snapshots, [number], tag=f"t{number}")
    with started(folder, limit_bytes=2500) as snapshots:
        assert {tag for _, tag, _ in kept_in(folder)} == {"t2", "t3"}
        assert snapshots.count == 2


def test_room_is_made_by_what_is_superseded_before_others_lose_theirs(folder: Path) -> None:
    with started(folder, limit_bytes=2500) as snapshots:
        save(snapshots, [1], tag="other")
        save(snapshots, [2])
        save(snapshots, [2, 3])
        assert kept_in(folder) == {("ann", "other", (1,)), ("ann", "t", (2, 3))}
        assert snapshots.counts.evicted == 0


@pytest.mark.parametrize("size", [600, 450])
def test_a_state_of_half_the_limit_is_refused(folder: Path, size: int) -> None:
    """Also when it is its header that makes it so large."""
    with started(folder, limit_bytes=1000) as snapshots:
        save(snapshots, [1], size=10)
        save(snapshots, [2], tag="u", size=size)
        assert kept_in(folder) == {("ann", "t", (1,))}
        assert snapshots.counts.refused == 1


def test_forgetting_takes_what_is_written_queued_and_just_being_written(
    folder: Path, snapshots: KvSnapshots, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(snapshots, [1, 2])
    save(snapshots, [1, 2], tag="kept")
    held = HeldWrite(monkeypatch)
    snapshots.save(SnapshotMeta(MODEL, "ann", "t", 0, [1, 2, 3]), bytes(1000))
    held.wait()
    assert [name for name in files_in(folder) if name.endswith(".tmp")]
    snapshots.save(SnapshotMeta(MODEL, "ann", "t", 0, [7]), bytes(1000))
    snapshots.save(SnapshotMeta(MODEL, "ann", "late", 0, [8]), bytes(1000))
    assert snapshots.forget("ann", "t") == 1
    assert {tag for _, tag, _ in kept_in(folder)} == {"kept"}
    held.release.set()
    assert snapshots.wait_idle(PATIENCE_SECONDS)
    assert {tag for _, tag, _ in kept_in(folder)} == {"kept", "late"}
    assert len(files_in(folder)) == 2


def test_what_is_written_in_spite_of_forgetting_is_deleted_before_forgetting_returns(
    folder: Path, snapshots: KvSnapshots, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = HeldWrite(monkeypatch, too_late=True)
    snapshots.save(SnapshotMeta(MODEL, "ann", "t", 0, [1]), bytes(1000))
    held.wait()
    assert snapshots.forget("ann", "t") == 1
    assert files_in(folder) == {}
    assert snapshots.wait_idle(PATIENCE_SECONDS)
    assert files_in(folder) == {}


def test_forgetting_does_not_wait_for_somebody_elses_write(
    folder: Path, snapshots: KvSnapshots, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = HeldWrite(monkeypatch)
    snapshots.save(SnapshotMeta(MODEL, "bob", "t", 0, [1]), bytes(1000))
    held.wait()
    snapshots.save(SnapshotMeta(MODEL, "ann", "t", 0, [2]), bytes(1000))
    assert snapshots.forget("ann", "t") == 0
    held.release.set()
    assert snapshots.wait_idle(PATIENCE_SECONDS)
    assert kept_in(folder) == {("bob", "t", (1,))}


def test_forgetting_a_person_takes_all_that_is_theirs_and_nothing_else(
    folder: Path, snapshots: KvSnapshots
) -> None:
    for owner, number in itertools.product(("ann", "bob"), range(40)):
        snapshots.save(SnapshotMeta(MODEL, owner, f"t{number}", 0, [number]), bytes(1000))
    assert snapshots.wait_idle(PATIENCE_SECONDS)
    assert snapshots.forget("ann") == 40
    assert {owner for owner, _, _ in kept_in(folder)} == {"bob"}
    assert snapshots.count == 40
    assert snapshots.forget("ann") == 0


def test_a_forgotten_state_is_not_loaded_by_whoever_found_it_before(
    snapshots: KvSnapshots,
) -> None:
    save(snapshots, [1])
    entry, _ = snapshots.find(MODEL, "ann", [1], 0) or pytest.fail("it was not kept")
    assert snapshots.forget("ann", "t") == 1
    assert snapshots.load(entry).result(PATIENCE_SECONDS) is None
    assert snapshots.find(MODEL, "ann", [1], 0) is None


def test_who_waits_for_a_state_does_not_wait_for_a_write(
    snapshots: KvSnapshots, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(snapshots, [1])
    held = HeldWrite(monkeypatch)
    snapshots.save(SnapshotMeta(MODEL, "ann", "u", 0, [2]), bytes(1000))
    held.wait()
    assert loaded(snapshots, [1]) == state_of([1])
    held.release.set()


def test_a_full_queue_refuses_at_once_but_takes_one_large_state_alone(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = HeldWrite(monkeypatch)
    snapshots = KvSnapshots(folder, bytes(32), 10**6, queue_bytes=3000)
    snapshots.start()
    snapshots.save(SnapshotMeta(MODEL, "ann", "large", 0, [1]), bytes(5000))
    held.wait()
    snapshots.save(SnapshotMeta(MODEL, "ann", "dropped", 0, [2]), bytes(10))
    assert snapshots.counts.refused == 1
    held.release.set()
    assert snapshots.wait_idle(PATIENCE_SECONDS)
    held.release.clear()
    held.reached.clear()
    snapshots.save(SnapshotMeta(MODEL, "ann", "first", 0, [3]), bytes(1000))
    held.wait()
    snapshots.save(SnapshotMeta(MODEL, "ann", "second", 0, [4]), bytes(1000))
    snapshots.save(SnapshotMeta(MODEL, "ann", "second", 0, [4, 5]), bytes(2000))  # takes its place
    assert snapshots.counts.refused == 1
    snapshots.save(SnapshotMeta(MODEL, "ann", "third", 0, [6]), bytes(1))
    assert snapshots.counts.refused == 2
    held.release.set()
    snapshots.close(PATIENCE_SECONDS)
    assert snapshots.counts.saved == 3
    assert snapshots.counts.refused == 2


def test_closing_writes_what_is_queued(folder: Path) -> None:
    with started(folder) as snapshots:
        for number in range(5):
            snapshots.save(SnapshotMeta(MODEL, "ann", f"t{number}", 0, [number]), bytes(1000))
    assert len(kept_in(folder)) == 5


def test_closing_gives_up_at_its_deadline_and_leaves_nothing_half_written(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = HeldWrite(monkeypatch)
    snapshots = snapshots_in(folder)
    snapshots.start()
    for number in range(3):
        snapshots.save(SnapshotMeta(MODEL, "ann", f"t{number}", 0, [number]), bytes(1000))
    held.wait()
    snapshots.close(0)
    assert files_in(folder) == {}


def test_after_the_end_nothing_is_kept_and_every_load_is_answered(folder: Path) -> None:
    with started(folder) as snapshots:
        save(snapshots, [1])
    snapshots.save(SnapshotMeta(MODEL, "ann", "u", 0, [2]), bytes(1000))
    assert loaded(snapshots, [1]) is None
    snapshots.close(PATIENCE_SECONDS)
    assert len(kept_in(folder)) == 1


def test_a_load_that_nobody_wants_any_more_is_left_out(
    snapshots: KvSnapshots, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(snapshots, [1])
    entry, _ = snapshots.find(MODEL, "ann", [1], 0) or pytest.fail("it was not kept")
    begun, go_on = threading.Event(), threading.Event()
    snapshots.load(entry).add_done_callback(lambda _: (begun.set(), go_on.wait(PATIENCE_SECONDS)))
    assert begun.wait(PATIENCE_SECONDS)
    unwanted = snapshots.load(entry)
    assert unwanted.cancel()
    go_on.set()
    assert snapshots.wait_idle(PATIENCE_SECONDS)
    assert snapshots.counts.loaded == 1
    assert loaded(snapshots, [1]) == state_of([1])


def test_an_error_nobody_thought_of_costs_one_snapshot_and_not_the_thread(
    snapshots: KvSnapshots, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    save(snapshots, [1])
    with monkeypatch.context() as broken:
        for name in ("write_snapshot", "read_state"):
            broken.setattr(f"appliance.engine.kv_snapshot_collection.{name}", no_memory)
        save(snapshots, [2], tag="u")
        assert loaded(snapshots, [1]) is None
    assert [record.levelno for record in caplog.records] == [logging.ERROR] * 2
    assert (snapshots.counts.refused, snapshots.counts.loaded) == (1, 0)
    save(snapshots, [2], tag="u")
    assert loaded(snapshots, [2]) == state_of([2])


def no_memory(*_: object) -> None:
    raise MemoryError
