"""KV snapshots for tests: states whose bytes follow from their tokens, and a write held open."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import shake_128
from pathlib import Path
from typing import Any

import pytest

from appliance.engine import kv_snapshot_collection
from appliance.engine.kv_snapshot_collection import Abandoned
from appliance.engine.kv_snapshot_file import read_header
from appliance.engine.kv_snapshots import KvSnapshots, SnapshotMeta

KEY = bytes(range(32))
MODEL = "model-a"
LIMIT_BYTES = 100 * 2**20
PATIENCE_SECONDS = 60


def state_of(tokens: Sequence[int], size: int = 1000) -> bytes:
    return shake_128(repr(list(tokens)).encode()).digest(size)


def snapshots_in(folder: Path, *, key: bytes = KEY, limit_bytes: int = LIMIT_BYTES) -> KvSnapshots:
    return KvSnapshots(folder, key, limit_bytes)


@contextmanager
def started(folder: Path, **settings: Any) -> Iterator[KvSnapshots]:
    snapshots = snapshots_in(folder, **settings)
    snapshots.start()
    yield snapshots
    snapshots.close(PATIENCE_SECONDS)


def save(
    snapshots: KvSnapshots,
    tokens: list[int],
    owner: str = "ann",
    tag: str | None = "t",
    *,
    public: int = 0,
    size: int = 1000,
    model: str = MODEL,
) -> None:
    """Save and wait until it is written, or refused."""
    snapshots.save(SnapshotMeta(model, owner, tag, public, tokens), state_of(tokens, size))
    assert snapshots.wait_idle(PATIENCE_SECONDS)


def loaded(snapshots: KvSnapshots, tokens: list[int], owner: str = "ann") -> bytes | None:
    """The state that serves best, or None when there is none or it cannot be trusted."""
    found = snapshots.find(MODEL, owner, tokens, 0)
    return snapshots.load(found[0]).result(PATIENCE_SECONDS) if found else None


def files_in(folder: Path) -> dict[str, int]:
    """Names and sizes of all that lies there."""
    return {path.name: path.lstat().st_size for path in folder.iterdir()}


def kept_in(folder: Path, key: bytes = KEY) -> set[tuple[str, str, tuple[int, ...]]]:
    """Owner, tag and tokens of each snapshot."""
    kept = set()
    for path in folder.glob("*.kv"):
        with path.open("rb") as file:
            header = read_header(file, key)
        kept.add((header.owner, header.tag, tuple(header.tokens)))
    return kept


class HeldWrite:
    """Stops every write in its middle until `release` is set, or until it is given up.

    With `too_late` a write that is given up ends well all the same: it was past its last pause.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, too_late: bool = False) -> None:
        self.reached = threading.Event()
        self.release = threading.Event()
        write_snapshot = kv_snapshot_collection.write_snapshot

        def write(file: Any, header: Any, state: Any, key: Any, others: Callable[[], None]) -> None:
            def hold() -> None:
                file.flush()
                self.reached.set()
                try:
                    while not self.release.wait(0.001):
                        others()
                    others()
                except Abandoned:
                    if not too_late:
                        raise

            write_snapshot(file, header, state, key, hold)

        monkeypatch.setattr(kv_snapshot_collection, "write_snapshot", write)

    def wait(self) -> None:
        assert self.reached.wait(PATIENCE_SECONDS)
