"""How the box is, in figures: nothing in them is anybody's words, or tells of anybody."""

import asyncio
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from time import monotonic
from typing import Protocol

from pysqlite3 import dbapi2 as sqlite

from appliance import __version__
from appliance.conversations.box_status import BoxStatus
from appliance.engine.gauges import EngineGauges

PACKAGES = ("llama-cpp-python", "litestar")


class Presence(StrEnum):
    """Whether Valkey is there: not, without harm; or not just now."""

    THERE = "there"
    AWAY = "away"


class HotStore(Protocol):
    """What is asked of the way to Valkey."""

    @property
    def is_away(self) -> bool: ...


class Snapshots(Protocol):
    """What is asked of the KV cache's part on the disk."""

    @property
    def used_bytes(self) -> int: ...


@dataclass(frozen=True, slots=True)
class HealthNow:
    """The figures of one moment; None where this machine does not say."""

    box: BoxStatus
    gauges: EngineGauges
    valkey: Presence
    database_bytes: int
    snapshot_bytes: int
    disk_free_bytes: int
    disk_total_bytes: int
    process_bytes: int | None
    memory_free_bytes: int | None
    memory_total_bytes: int | None
    up_seconds: int
    versions: tuple[tuple[str, str], ...]


class Health:
    """One object a process; looks anew each time."""

    def __init__(
        self,
        status: Callable[[], BoxStatus],
        gauges: Callable[[], EngineGauges],
        hot: HotStore,
        snapshots: Snapshots,
        database: Path,
    ) -> None:
        self._status = status
        self._gauges = gauges
        self._hot = hot
        self._snapshots = snapshots
        self._database = database
        self._began_at = monotonic()

    async def now(self) -> HealthNow:
        """All of it; the disk is asked on another thread."""
        return await asyncio.to_thread(self._look)

    def _look(self) -> HealthNow:
        disk = shutil.disk_usage(self._database.parent)
        return HealthNow(
            box=self._status(),
            gauges=self._gauges(),
            valkey=Presence.AWAY if self._hot.is_away else Presence.THERE,
            database_bytes=sum(map(_size, self._files())),
            snapshot_bytes=self._snapshots.used_bytes,
            disk_free_bytes=disk.free,
            disk_total_bytes=disk.total,
            process_bytes=_resident_bytes(),
            memory_free_bytes=_pages("SC_AVPHYS_PAGES"),
            memory_total_bytes=_pages("SC_PHYS_PAGES"),
            up_seconds=int(monotonic() - self._began_at),
            versions=_versions(),
        )

    def _files(self) -> tuple[Path, ...]:
        return (self._database, self._database.with_name(f"{self._database.name}-wal"))


def _size(file: Path) -> int:
    with suppress(OSError):
        return file.stat().st_size
    return 0


def _resident_bytes() -> int | None:
    """What this process holds of the memory, the model's file as far as it is read among it."""
    with suppress(OSError, ValueError, IndexError):
        pages = Path("/proc/self/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")
    return None


def _pages(name: str) -> int | None:
    """Asked of the C library: the service does not see /proc/meminfo."""
    with suppress(OSError, ValueError):
        count = os.sysconf(name)
        return count * os.sysconf("SC_PAGE_SIZE") if count >= 0 else None
    return None


def _versions() -> tuple[tuple[str, str], ...]:
    others = tuple((package, version(package)) for package in PACKAGES)
    return (("appliance", __version__), *others, ("SQLite", sqlite.sqlite_version))
