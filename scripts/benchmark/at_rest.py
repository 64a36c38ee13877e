"""scripts/bench --footprint: what a box takes by being there, on the disk and at rest."""

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path

import httpx

from benchmark.errors import ServerFailed
from benchmark.installed import Part, parts
from benchmark.owner import move_in, setup_path
from benchmark.processes import cpu_seconds, family, memory_mb, wake_ups
from benchmark.servers import Launch, Server

FULL_SECONDS, QUICK_SECONDS = 60.0, 3.0
_SETTLE_SECONDS = 5.0
_TEXTS = 20


def measure(
    ours: Launch, idle_seconds: float, say: Callable[[str], None]
) -> tuple[list[Part], dict[str, float]]:
    """What is installed, and the figures of one box that is started for it. Raises ServerFailed."""
    installed = parts()
    say(f"watching a box that does nothing, for {idle_seconds:.0f} s")
    return installed, asyncio.run(_resting(ours, idle_seconds))


async def _resting(ours: Launch, idle_seconds: float) -> dict[str, float]:
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        server = Server(ours, Path(folder))
        try:
            await server.start()
            figures["ready_seconds"] = asyncio.get_running_loop().time() - server.started_at
            owner = await move_in(server.url, setup_path(server.said()))
            await asyncio.sleep(_SETTLE_SECONDS)
            figures["idle_mb"] = memory_mb(server.pid)
            figures |= await _doing_nothing(server.pid, idle_seconds)
            await _embed(server.url, owner.key)
            await asyncio.sleep(_SETTLE_SECONDS)
            figures["idle_with_embedder_mb"] = memory_mb(server.pid)
        finally:
            server.stop()
    return figures


async def _doing_nothing(pid: int, seconds: float) -> dict[str, float]:
    used, woken = cpu_seconds(pid), wake_ups(pid)
    await asyncio.sleep(seconds)
    return {
        "processes": len(family(pid)),
        "idle_cpu_percent": 100 * (cpu_seconds(pid) - used) / seconds,
        "idle_wake_ups_per_second": (wake_ups(pid) - woken) / seconds,
    }


async def _embed(url: str, key: str) -> None:
    """Have the embedding model loaded and used."""
    texts = [f"Herons stand still for {number} hours." for number in range(_TEXTS)]
    async with httpx.AsyncClient(base_url=url, timeout=120, trust_env=False) as http:
        answer = await http.post(
            "/v1/embeddings",
            json={"input": texts},
            headers={"Authorization": f"Bearer {key}"},
        )
    if answer.is_error:
        raise ServerFailed(f"it answered {answer.status_code} when asked for vectors")


def lines(installed: list[Part], figures: dict[str, float]) -> list[str]:
    """As they are printed."""
    always = [part for part in installed if not part.is_for_other_embedding]
    other = [part for part in installed if part.is_for_other_embedding]
    told = ["Installed"]
    told += [_size(part.name, part.size_bytes) for part in always]
    told += [_size("together", sum(part.size_bytes for part in always)), ""]
    if other:
        told += ["Installed on top, for an embedding model other than the box's own"]
        told += [_size(part.name, part.size_bytes) for part in other]
        told += [_size("together", sum(part.size_bytes for part in other)), ""]
    rows = (
        ("from the command to READY", f"{figures['ready_seconds']:.1f} s"),
        ("memory at rest (PSS of all processes)", f"{figures['idle_mb']:.0f} MB"),
        ("the same with the embedding model loaded", f"{figures['idle_with_embedder_mb']:.0f} MB"),
        ("processor at rest, of one core", f"{figures['idle_cpu_percent']:.2f} %"),
        ("wake-ups a second at rest", f"{figures['idle_wake_ups_per_second']:.0f}"),
        ("processes", f"{figures['processes']:.0f}"),
    )
    return [*told, "While it runs", *(f"  {name:<44} {value:>10}" for name, value in rows)]


def _size(name: str, size_bytes: int) -> str:
    return f"  {name:<44} {size_bytes / 1e6:>7.1f} MB"
