"""The plug is pulled at any moment of a recording; what the next start would find is looked at."""

import os
import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from torture_box.disk import Disk
from torture_box.journal import Kind
from torture_box.kept import PARTS, Kept, look_into
from torture_box.recording import Recording


@dataclass(slots=True)
class CutFigures:
    """`lost` and `corrupt` count power cuts; the other losses count what was promised."""

    cuts: int = 0
    lost: int = 0
    corrupt: int = 0
    lost_messages: int = 0
    lost_replies: int = 0
    promises: int = 0
    seconds: float = 0.0
    examples: list[str] = field(default_factory=list)


def cut_power(
    recording: Recording, cuts: int, luck: random.Random, scratch: Path, data_dir: str = "data"
) -> CutFigures:
    """Goes through the recording once; at random moments it asks what a cut would leave."""
    figures, began = CutFigures(), time.monotonic()
    disk, promised = Disk(), _Promised(recording)
    moments = sorted(luck.choices(range(1, len(recording.entries) + 1), k=cuts), reverse=True)
    for number, entry in enumerate(recording.entries, start=1):
        disk.take(entry)
        if entry.kind is Kind.MARK:
            promised.take(entry.name)
        while moments and moments[-1] == number:
            moments.pop()
            _write(disk.after_cut(luck), data_dir, scratch)
            _judge(look_into(scratch), promised, figures, f"after entry {number}")
    figures.seconds = time.monotonic() - began
    return figures


class _Promised:
    """What the box had said up to a moment of the recording."""

    def __init__(self, recording: Recording) -> None:
        self._sent = recording.told.sent
        self.messages: set[tuple[str, str]] = set()
        self.replies: set[str] = set()

    def take(self, mark: str) -> None:
        word, _, which = mark.partition(" ")
        if word == "accepted":
            self.messages.add((which, self._sent[which].content))
        else:
            self.replies.add(which)


def _write(files: dict[str, bytes], data_dir: str, scratch: Path) -> None:
    for name in PARTS:
        content = files.get(f"{data_dir}/{name}")
        if content is None:
            (scratch / name).unlink(missing_ok=True)
        else:
            (scratch / name).write_bytes(content)


def _judge(kept: Kept, promised: _Promised, figures: CutFigures, when: str) -> None:
    figures.cuts += 1
    figures.promises += len(promised.messages) + len(promised.replies)
    if kept.damage:
        figures.corrupt += 1
        figures.examples.append(f"{when}: {kept.damage}")
        return
    messages = promised.messages - kept.messages.keys()
    ended = {turn.turn_id for turn in kept.turns.values() if not turn.is_open}
    replies = promised.replies - ended
    figures.lost_messages += len(messages)
    figures.lost_replies += len(replies)
    if messages or replies:
        figures.lost += 1
        figures.examples.append(f"{when}: {len(messages)} messages, {len(replies)} replies")


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """In memory where there is such a place: it is written to thousands of times."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="torture-", dir=memory) as folder:
        yield Path(folder)
