"""The outcome as an aligned table and as JSON. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmark.ceiling import Ceiling
from benchmark.figures import Better, Comparison, Spread, compare
from benchmark.machine import BUSY_LIMIT
from benchmark.running import Outcome

_HEAD = (
    *("scenario", "figure", "better"),
    *("ours: min", "median", "max", "theirs: min", "median", "max"),
    *("ratio", "pairs: min", "max"),
)
_TEXT_COLUMNS = 3
_SAME_WORK = 0.05


def table(outcomes: Sequence[Outcome]) -> str:
    """One line a figure; the ratio is ours by theirs."""
    rows: list[tuple[str, ...]] = [_HEAD]
    for outcome in outcomes:
        rows += [
            _row(outcome.scenario.name, line) for line in compare(outcome.ours, outcome.theirs)
        ]
    return aligned(rows)


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Columns under each other, words to the left and numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [
            cell.ljust(width) if column < _TEXT_COLUMNS else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def warnings(outcomes: Sequence[Outcome]) -> list[str]:
    """What the reader of the table has to know."""
    return [*failures(outcomes), *_unequal(outcomes), *disturbed(outcomes)]


def failures(
    outcomes: Sequence[Outcome], sides: tuple[str, str] = ("the appliance", "llama-server")
) -> list[str]:
    """What a side could not do, a sentence each, and how often."""
    lines = []
    for outcome in outcomes:
        for side, runs in zip(sides, (outcome.ours, outcome.theirs), strict=True):
            reasons = [run.failure for run in runs if run.failure]
            for reason in dict.fromkeys(reasons):
                times = f"{reasons.count(reason)} of {len(runs)} runs"
                name = outcome.scenario.name
                lines.append(f"{name}: {side} gave no figures in {times}, because {reason}")
    return lines


def disturbed(outcomes: Sequence[Outcome]) -> list[str]:
    """Where others used the machine."""
    return [
        f"{outcome.scenario.name}: the machine was up to {max(outcome.busy):.0%} busy with "
        "something else before a pair; do not trust these figures"
        for outcome in outcomes
        if outcome.busy and max(outcome.busy) > BUSY_LIMIT
    ]


def ceiling_lines(ceilings: Sequence[Ceiling]) -> list[str]:
    """What llama.cpp's own decode writes without a server."""
    return [
        f"{ceiling.sequences:>3} at once: {ceiling.decode_tokens_per_second:.1f} tokens/s"
        for ceiling in ceilings
    ]


def as_json(
    outcomes: Sequence[Outcome], about: Mapping[str, str], ceilings: Sequence[Ceiling]
) -> dict[str, Any]:
    """Everything, down to the single runs."""
    return {
        "about": dict(about),
        "ceiling": {
            str(ceiling.sequences): ceiling.decode_tokens_per_second for ceiling in ceilings
        },
        "scenarios": {outcome.scenario.name: _scenario(outcome) for outcome in outcomes},
    }


def number(value: float | None) -> str:
    """Three digits that count, and none before the point that do not."""
    if value is None:
        return "-"
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _unequal(outcomes: Sequence[Outcome]) -> list[str]:
    """Where the two sides did not do the same amount of work."""
    return [
        f"{outcome.scenario.name}: {line.name.replace('_', ' ')} differ, so compare the speeds only"
        for outcome in outcomes
        for line in compare(outcome.ours, outcome.theirs)
        if line.better is Better.NEITHER
        and line.ratio is not None
        and abs(line.ratio - 1) > _SAME_WORK
    ]


def _row(scenario: str, line: Comparison) -> tuple[str, ...]:
    pairs = line.pair_ratios or (None, None)
    return (
        scenario,
        line.name.replace("_", " "),
        str(line.better),
        *_three(line.ours),
        *_three(line.theirs),
        *(number(value) for value in (line.ratio, *pairs)),
    )


def _three(values: Spread | None) -> tuple[str, str, str]:
    if values is None:
        return ("-", "-", "-")
    return (number(values.low), number(values.median), number(values.high))


def _scenario(outcome: Outcome) -> dict[str, Any]:
    return {
        "about": outcome.scenario.about,
        "machine_busy_before": outcome.busy,
        "llama_server_flags_on_top": list(outcome.scenario.peer_flags),
        "figures": {
            line.name: {
                "better": str(line.better),
                "ours": [run.figures.get(line.name) for run in outcome.ours],
                "theirs": [run.figures.get(line.name) for run in outcome.theirs],
                "ratio_of_medians": line.ratio,
                "pair_ratios": line.pair_ratios,
            }
            for line in compare(outcome.ours, outcome.theirs)
        },
        "failures": failures([outcome]),
    }
