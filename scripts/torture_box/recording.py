"""A busy box, with everything it does to its files written down."""

import random
from dataclasses import dataclass
from pathlib import Path

from torture_box.disk import Disk
from torture_box.errors import TortureError
from torture_box.journal import Entry, Kind, Marker, read_journal
from torture_box.preload import built, preloaded
from torture_box.starting import OwnBox, start
from torture_box.told import Told
from torture_box.visitor import Visitor, visit_together

VISITORS = 3
_SYNC_MICROSECONDS = 3000
"""A slow disk: an answer that does not wait for the sync comes before it, and is found out."""
_REPLY_TOKENS = 12


@dataclass(frozen=True, slots=True)
class Recording:
    """What the process did, in order, with the marks of its visitors in between."""

    entries: list[Entry]
    told: Told

    def on_a_lying_disk(self) -> "Recording":
        """The same on a disk that says it has synced and has not."""
        syncs = (Kind.SYNCED, Kind.FOLDER_SYNCED)
        return Recording([each for each in self.entries if each.kind not in syncs], self.told)


def record(
    folder: Path,
    luck: random.Random,
    *,
    messages: int,
    synchronous: str,
    wal_pages: int,
    starts: int = 2,
) -> Recording:
    """So many starts of one box: polite stops lie between them, and the last one is killed.

    Raises TortureError when the recording is not the whole truth.
    """
    root, journal = folder.resolve() / "disk", folder / "journal"
    root.mkdir(parents=True)
    journal.touch()
    marker = Marker(journal)
    told = Told(marker.mark)
    environment = preloaded(
        built("recorder", folder),
        RECORD_ROOT=root,
        RECORD_LOG=journal,
        RECORD_SYNC_US=_SYNC_MICROSECONDS,
        # The recorder is not for Valkey, and without it there is less to wait for.
        APPLIANCE_HOT__EMBEDDED="false",
    )
    changes = (f"--synchronous={synchronous}", f"--wal-pages={wal_pages}", "--greedy")
    with start(root, *changes, reply_tokens=_REPLY_TOKENS, **environment) as box:
        for start_number in range(1, starts):
            _talk(box, told, luck, messages * start_number // starts)
            assert box.stop() == 0
            box.start_again()
        _talk(box, told, luck, messages)
        box.kill()
    marker.close()
    recording = Recording(list(read_journal(journal)), told)
    _compare(recording, root)
    return recording


def _talk(box: OwnBox, told: Told, luck: random.Random, messages: int) -> None:
    """Until so many messages have been accepted in all, and every reply has come."""
    visitors = [Visitor(box.page, told, random.Random(luck.random())) for _ in range(VISITORS)]
    visit_together(visitors, lambda: len(told.accepted) >= messages, meanwhile=lambda: None)


def _compare(recording: Recording, root: Path) -> None:
    """The recording must lead to the very files that are there."""
    disk = Disk()
    for entry in recording.entries:
        disk.take(entry)
    for name, content in disk.as_written().items():
        if (root / name).read_bytes() != content:
            raise TortureError(f"The recording of {name} is not what the process wrote.")
