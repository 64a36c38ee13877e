"""A folder of the box: what lies in it is there for everybody, as long as it lies there.

Whoever may write there decides. A file is taken when it has stood still for a moment, so that none
is taken by halves. The folder is looked through at every sign of a change, and now and then without
one: not every file system gives signs.
"""

import asyncio
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import structlog
import watchfiles

from appliance.documents.document import Place
from appliance.documents.library import Library
from appliance.errors import ApplianceError
from appliance.store.chunks import EVERYBODY

LOOK_EVERY_SECONDS = 60.0
STILL_SECONDS = 2.0
MOST_FILES = 10_000
_PIECE_BYTES = 1 << 20

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Lying:
    """A file there. Its stamp changes when the file does."""

    path: str
    stamp: str
    size_bytes: int


def lying(folder: Path) -> Iterator[Lying]:
    """What lies there and is meant to: no hidden files, no links, nothing half downloaded."""
    count = 0
    for directory, inner, names in os.walk(folder):
        inner[:] = sorted(name for name in inner if not name.startswith("."))
        for name in sorted(names):
            if name.startswith((".", "~$")) or name.endswith((".part", ".crdownload", ".tmp", "~")):
                continue
            path = Path(directory, name)
            with suppress(OSError):
                found = path.lstat()
                if stat.S_ISREG(found.st_mode) and count < MOST_FILES:
                    count += 1
                    stamp = f"{found.st_size} {found.st_mtime_ns} {found.st_ino}"
                    yield Lying(str(path.relative_to(folder)), stamp, found.st_size)


class WatchedFolder:
    """Brings the library to what lies in the folder."""

    def __init__(
        self,
        folder: Path,
        library: Library,
        look_every_seconds: float = LOOK_EVERY_SECONDS,
        still_seconds: float = STILL_SECONDS,
    ) -> None:
        self._folder = folder
        self._library = library
        self._look_every_seconds = look_every_seconds
        self._still_seconds = still_seconds
        self._seen: dict[str, str] = {}

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            wait = self._look_every_seconds
            try:
                if await self.look():
                    wait = self._still_seconds
            except (ApplianceError, OSError) as error:  # a full disk, say: looked at again later
                log.warning("the watched folder could not be read", cause=type(error).__name__)
            await self._sign(wait)

    async def look(self) -> bool:
        """Take what is new, and drop what has gone; whether something did not stand still yet."""
        if not await asyncio.to_thread(self._folder.is_dir):
            # A disk that is not plugged in is no wish to delete all that was on it.
            return False
        there = {each.path: each for each in await asyncio.to_thread(self._listed)}
        taken = await self._library.of_folder()
        for path, stamps in taken.items():
            if path not in there:
                await self._library.delete_of(EVERYBODY, *stamps)
        new = [
            each for path, each in there.items() if each.stamp not in taken.get(path, {}).values()
        ]
        still = [each for each in new if self._seen.get(each.path) == each.stamp]
        self._seen = {each.path: each.stamp for each in new}
        for each in still:
            await self._take(each, tuple(taken.get(each.path, {})))
        return len(still) < len(new)

    def _listed(self) -> list[Lying]:
        return list(lying(self._folder))

    async def _take(self, each: Lying, older: tuple[str, ...]) -> None:
        try:
            file = await asyncio.to_thread(_opened, self._folder / each.path)
        except OSError as error:
            log.warning("a file of the watched folder cannot be opened", cause=error.strerror)
            return
        with file:
            async with self._library.receiving(
                Place(EVERYBODY),
                each.path.replace(os.sep, " - "),
                each.size_bytes,
                (each.path, each.stamp),
            ) as arrival:
                while piece := await asyncio.to_thread(file.read, _PIECE_BYTES):
                    await arrival.take(piece)
        await self._library.delete_of(EVERYBODY, *older)
        log.info("a file was taken from the watched folder", size_bytes=each.size_bytes)

    async def _sign(self, seconds: float) -> None:
        """Return at a sign of a change, or after that time."""
        try:
            async with asyncio.timeout(seconds):
                async for _ in watchfiles.awatch(self._folder, recursive=True):
                    return
        except (TimeoutError, OSError, RuntimeError):
            # No signs here: a folder that is not there, or too many watches in use.
            await asyncio.sleep(0 if seconds < self._look_every_seconds else self._still_seconds)


def _opened(path: Path) -> BinaryIO:
    """Not through a link that somebody has put there meanwhile."""
    return os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb")
