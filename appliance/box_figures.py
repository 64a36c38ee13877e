"""What the metrics say of the box beside its engine: whether there is a model, Valkey, and room."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector


@dataclass(frozen=True, slots=True)
class BoxFigures:
    """How the box stands. A box that does without Valkey by its settings does not miss it."""

    has_model: bool = False
    misses_valkey: bool = False
    disk_free_bytes: int = 0
    disk_total_bytes: int = 0
    database_bytes: int = 0


def look(has_model: bool, misses_valkey: bool, database: Path) -> BoxFigures:
    """The disk is that of the database; what it does not say is 0."""
    free = total = size = 0
    with suppress(OSError):
        disk = shutil.disk_usage(database.parent)
        free, total = disk.free, disk.total
    for file in (database, database.with_name(f"{database.name}-wal")):
        with suppress(OSError):
            size += file.stat().st_size
    return BoxFigures(has_model, misses_valkey, free, total, size)


_GAUGES: tuple[tuple[str, str, Callable[[BoxFigures], float]], ...] = (
    (
        "appliance_model_ready",
        "1 while a model answers, in this box or on the machine in engine.url; else 0.",
        lambda f: f.has_model,
    ),
    (
        "appliance_valkey_away",
        "1 while the Valkey that the box uses does not answer; else 0, also where it uses none.",
        lambda f: f.misses_valkey,
    ),
    (
        "appliance_disk_free_bytes",
        "Room on the disk of the data directory.",
        lambda f: f.disk_free_bytes,
    ),
    ("appliance_disk_size_bytes", "Size of that disk.", lambda f: f.disk_total_bytes),
    ("appliance_database_bytes", "The database with its log.", lambda f: f.database_bytes),
)


class BoxCollector(Collector):
    """Looks once for each scrape."""

    def __init__(self, look: Callable[[], BoxFigures]) -> None:
        self._look = look

    def collect(self) -> Iterator[Metric]:
        figures = self._look()
        for name, what, read in _GAUGES:
            yield GaugeMetricFamily(name, what, value=read(figures))
