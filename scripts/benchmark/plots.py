"""Pictures of a report, where matplotlib is installed; the benchmark needs none."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmark.ceiling import Ceiling
from benchmark.figures import Better, Run, compare, spread
from benchmark.running import Outcome
from benchmark.scenarios import CHATS

_OURS, _THEIRS, _CEILING = "#1a7f5a", "#b35900", "#777777"


def draw(folder: Path, outcomes: Sequence[Outcome], ceilings: Sequence[Ceiling]) -> list[Path]:
    """Write `ratios` and `chats` as PNG and SVG; no file when matplotlib is not there."""
    if find_spec("matplotlib") is None:
        return []
    import matplotlib

    matplotlib.use("Agg")
    folder.mkdir(parents=True, exist_ok=True)
    pictures = {"ratios": _ratios(outcomes), "chats": _chats(outcomes, ceilings)}
    written = []
    for name, picture in pictures.items():
        if picture is None:
            continue
        for ending in ("png", "svg"):
            path = folder / f"{name}.{ending}"
            picture.savefig(path, dpi=150, bbox_inches="tight")
            written.append(path)
    return written


def _ratios(outcomes: Sequence[Outcome]) -> Any:
    """How many times better we are at each figure; bars to the left are losses."""
    from matplotlib import pyplot

    rows = []
    for outcome in outcomes:
        for line in compare(outcome.ours, outcome.theirs):
            if line.ratio and line.better is not Better.NEITHER:
                gain = line.ratio if line.better is Better.HIGH else 1 / line.ratio
                rows.append((f"{outcome.scenario.name}: {line.name.replace('_', ' ')}", gain))
    if not rows:
        return None
    picture, axes = pyplot.subplots(figsize=(9, 0.3 * len(rows) + 1.2))
    names, gains = zip(*reversed(rows), strict=True)
    colours = [_OURS if gain >= 1 else _THEIRS for gain in gains]
    axes.barh(names, [gain - 1 for gain in gains], left=1, color=colours)
    axes.set_xscale("log")
    for of_axis in (axes.xaxis.set_major_formatter, axes.xaxis.set_minor_formatter):
        of_axis("{x:g}")
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set_xlabel("times as good as llama-server (ratio of medians, log scale)")
    for at, gain in enumerate(gains):
        axes.annotate(f"{gain:.2f}", (gain, at), va="center", fontsize=8)
    return picture


def _chats(outcomes: Sequence[Outcome], ceilings: Sequence[Ceiling]) -> Any:
    """Tokens per second and the wait for the first token against the number of chats."""
    from matplotlib import pyplot

    by_count = {
        count: outcome
        for count in CHATS
        for outcome in outcomes
        if outcome.scenario.name == f"chats-{count}"
    }
    if len(by_count) < 2:
        return None
    picture, (speed, wait) = pyplot.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for name, colour in (("ours", _OURS), ("theirs", _THEIRS)):
        runs = {count: getattr(outcome, name) for count, outcome in by_count.items()}
        label = "appliance" if name == "ours" else "llama-server"
        _line(speed, runs, "tokens_per_second", colour, label)
        _line(wait, runs, "ttft_p95_ms", colour, label)
    if ceilings:
        counts = [ceiling.sequences for ceiling in ceilings]
        heights = [ceiling.decode_tokens_per_second for ceiling in ceilings]
        label = "llama.cpp without a server, decode alone"
        speed.plot(counts, heights, "--", color=_CEILING, label=label)
    speed.set_ylabel("tokens per second, all together")
    wait.set_ylabel("time to first token, p95, ms")
    for axes in (speed, wait):
        axes.set_xlabel("chats at once")
        axes.set_xticks(CHATS)
        axes.set_ylim(bottom=0)
        axes.legend(fontsize=8)
    return picture


def _line(axes: Any, runs: dict[int, list[Run]], name: str, colour: str, label: str) -> None:
    """Medians joined by a line, with whiskers from the least to the most."""
    spreads = {
        count: spread([run.figures[name] for run in each if name in run.figures])
        for count, each in runs.items()
    }
    points = [(count, values) for count, values in spreads.items() if values is not None]
    if not points:
        return
    counts = [count for count, _ in points]
    middles = [values.median for _, values in points]
    below = [values.median - values.low for _, values in points]
    above = [values.high - values.median for _, values in points]
    axes.errorbar(counts, middles, [below, above], marker="o", color=colour, label=label, capsize=3)
