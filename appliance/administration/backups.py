"""Backups as whoever looks after the box sees them: the last one, and one more when it is asked
for. Nothing of what is in them.
"""

import asyncio
import os
import subprocess
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import time
from typing import BinaryIO, cast

import msgspec
import structlog

from appliance.administration.own_thread import on_own_thread
from appliance.backups import kept, record
from appliance.backups.record import LastBackup, LastFailure, Record
from appliance.backups.usual import Usual
from appliance.errors import Conflict
from appliance.model_files.throw_away import end_child, start_child, start_of
from appliance.sentences import say

_START = start_of("backups.child")
_BROKE = say("The backup broke off. See the log of the box, and try again.")
_BUSY = say("A backup is being made or restored already. Wait until it is done.")

Child = subprocess.Popen[bytes]

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class BackupsNow:
    """How it stands; `count` is how many lie in the folder."""

    is_running: bool
    made: LastBackup | None
    failure: LastFailure | None
    folder: Path
    count: int
    is_encrypted: bool


def start(wanted: Usual) -> Child:
    """A child process that makes one."""
    with cast(BinaryIO, os.fdopen(os.memfd_create("wanted"), "w+b")) as told:
        told.write(msgspec.json.encode(wanted))
        told.seek(0)
        return start_child(_START, stdin=told)


class Backups:
    """One object a process; `start` stands in for the real child in tests."""

    def __init__(self, wanted: Usual, start: Callable[[Usual], Child] = start) -> None:
        self._wanted = wanted
        self._start = start
        self._data_dir = Path(wanted.data_dir)
        self._child: Child | None = None
        self._making: asyncio.Task[None] | None = None

    async def now(self) -> BackupsNow:
        """How it stands; the disk is asked on another thread."""
        return await asyncio.to_thread(self._look)

    def make(self) -> None:
        """One more, in the background. Raises Conflict when one is being made."""
        if self._is_running:
            raise Conflict(_BUSY)
        began, self._child = int(time()), self._start(self._wanted)
        self._making = asyncio.create_task(self._watch(self._child, began), name="backup")

    async def stop(self) -> None:
        """Give up one that is being made."""
        if self._making is not None:
            self._making.cancel()
            with suppress(asyncio.CancelledError):
                await self._making
        if self._child is not None:
            await asyncio.to_thread(end_child, self._child)

    @property
    def _is_running(self) -> bool:
        return self._making is not None and not self._making.done()

    async def _watch(self, child: Child, began: int) -> None:
        status = await on_own_thread(child.wait, "backup")
        end_child(child)
        noted = record.read(self._data_dir)
        if status and (noted.failure is None or noted.failure.at < began):
            # It had no time to say why.
            log.warning("a backup broke off", status=status)
            broke = LastFailure(int(time()), str(_BROKE))
            with suppress(OSError):
                await asyncio.to_thread(record.write, self._data_dir, Record(noted.made, broke))

    def _look(self) -> BackupsNow:
        noted, folder = record.read(self._data_dir), Path(self._wanted.folder)
        return BackupsNow(
            is_running=self._is_running,
            made=noted.made,
            failure=noted.failure,
            folder=folder,
            count=len(kept.kept_in(folder)),
            is_encrypted=self._wanted.passphrase is not None,
        )
