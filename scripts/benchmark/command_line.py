"""scripts/bench: reads what is asked for, measures, prints."""

import json
import os
import shlex
import signal
import sys
from pathlib import Path
from types import FrameType, ModuleType

import click

from appliance.cpu import physical_cores
from benchmark import at_rest, ceiling, documents, machine, plots, recall, report, servers
from benchmark.ceiling import Ceiling
from benchmark.errors import BenchmarkError
from benchmark.llama_build import find_llama_server, version_of
from benchmark.running import Outcome, run_all
from benchmark.scenario import FULL, QUICK, Sizes
from benchmark.scenarios import CHATS, SCENARIOS

_NAMES = [scenario.name for scenario in SCENARIOS]
_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.option("--runs", type=click.IntRange(1, 100), default=3, show_default=True, help="Pairs.")
@click.option("--only", type=click.Choice(_NAMES), multiple=True, help="May be given repeatedly.")
@click.option("--quick", is_flag=True, help="Small sizes: shows that it works, measures nothing.")
@click.option("--json", "json_file", type=_FILE, help="Write everything to this file, too.")
@click.option("--plots", "plots_folder", type=click.Path(path_type=Path), help="Write pictures.")
@click.option("--footprint", "is_footprint", is_flag=True, help="Only what it takes at rest.")
@click.option("--recall", "is_recall", is_flag=True, help="Only recall; no llama-server.")
@click.option("--documents", "is_documents", is_flag=True, help="Only a long PDF; the same.")
@click.option("--threads", type=click.IntRange(1, 512), help="On both sides.  [physical cores]")
@click.option("--limit", is_flag=True, help="Measure llama.cpp without a server, too.")
@click.option("--anyway", is_flag=True, help="Go on although the machine is busy.")
@click.option("--llama-server", type=_FILE, help="Program to compare with.  [found or built]")
@click.option("--peer-flags", default="", help="More flags for llama-server; they win.")
@click.option("--peer-env", multiple=True, metavar="NAME=VALUE", help="Variables for llama-server.")
def main(
    runs: int,
    only: tuple[str, ...],
    quick: bool,
    json_file: Path | None,
    plots_folder: Path | None,
    is_footprint: bool,
    is_recall: bool,
    is_documents: bool,
    threads: int | None,
    limit: bool,
    anyway: bool,
    llama_server: Path | None,
    peer_flags: str,
    peer_env: tuple[str, ...],
) -> None:
    """Compare this appliance with llama.cpp's own llama-server.

    Same model file, same threads, same machine, in one run, through HTTP. The two take turns, each
    time newly started. With --recall: searches among many chunks against other ways to search, and
    a reply while the box indexes against the same reply alone.
    """
    signal.signal(signal.SIGTERM, _leave)
    sizes = QUICK if quick else FULL
    chosen = [scenario for scenario in SCENARIOS if not only or scenario.name in only]
    ceilings: list[Ceiling] = []
    try:
        if is_footprint:
            _measure_footprint(is_quick=quick, threads=threads, json_file=json_file)
            return
        if is_recall or is_documents:
            part = documents if is_documents else recall
            _measure(part, sizes, runs, threads or physical_cores(), anyway, json_file)
            return
        program = find_llama_server(llama_server)
        busy = machine.refuse_when_busy(anyway)
        model, threads = servers.model_file(), threads or physical_cores()
        ours = servers.ours(threads)
        flags = tuple(shlex.split(peer_flags))
        theirs = servers.theirs(program, model, threads, flags, _variables(peer_env))
        about = {
            **machine.describe(),
            "llama-server": version_of(program),
            "model": model.name,
            "threads": str(threads),
            "appliance runs as": shlex.join(ours.command),
            "llama-server runs as": shlex.join([*peer_env, *theirs.command]),
            "busy before": f"{busy:.0%}",
            "sizes": "quick, so nothing is measured by this" if quick else "full",
        }
        click.echo("\n".join(f"{name}: {text}" for name, text in about.items()) + "\n")
        if limit:
            ceilings = ceiling.measure(program, model, threads, CHATS, sizes.reply_tokens)
        outcomes = run_all(chosen, ours, theirs, sizes, runs, click.echo)
    except BenchmarkError as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    _print(outcomes, ceilings)
    _write(json_file, outcomes, about, ceilings)
    if plots_folder:
        paths = plots.draw(plots_folder, outcomes, ceilings)
        click.echo(f"Pictures: {', '.join(map(str, paths)) or 'none, matplotlib is not installed'}")


def _measure_footprint(*, is_quick: bool, threads: int | None, json_file: Path | None) -> None:
    seconds = at_rest.QUICK_SECONDS if is_quick else at_rest.FULL_SECONDS
    ours = servers.ours(threads or physical_cores())
    installed, figures = at_rest.measure(ours, seconds, click.echo)
    click.echo("\n".join(["", *at_rest.lines(installed, figures)]))
    if json_file:
        sizes = {part.name: part.size_bytes for part in installed}
        whole = {"machine": machine.describe(), "installed_bytes": sizes, "figures": figures}
        json_file.write_text(json.dumps(whole, indent=2) + "\n", encoding="utf-8")


def _measure(
    part: ModuleType, sizes: Sizes, runs: int, threads: int, anyway: bool, json_file: Path | None
) -> None:
    busy = machine.refuse_when_busy(anyway)
    about = {
        **machine.describe(),
        "busy before": f"{busy:.0%}, load {os.getloadavg()[0]:.1f}",
        "sizes": "quick, so nothing is measured by this" if sizes is QUICK else "full",
    }
    click.echo("\n".join(f"{name}: {text}" for name, text in about.items()) + "\n")
    outcomes = part.run_all(servers.ours(threads), sizes, runs, click.echo)
    about["load after"] = f"{os.getloadavg()[0]:.1f}"
    click.echo(f"\nLoad after: {about['load after']}. Theirs is what stands after the stroke.")
    click.echo(report.table(outcomes))
    for line in [*report.failures(outcomes, part.SIDES), *report.disturbed(outcomes)]:
        click.echo(line)
    _write(json_file, outcomes, about, [])


def _write(
    json_file: Path | None,
    outcomes: list[Outcome],
    about: dict[str, str],
    ceilings: list[Ceiling],
) -> None:
    if json_file:
        written = json.dumps(report.as_json(outcomes, about, ceilings), indent=2)
        json_file.write_text(written + "\n", encoding="utf-8")


def _variables(given: tuple[str, ...]) -> dict[str, str]:
    for each in given:
        if "=" not in each:
            raise BenchmarkError(f"--peer-env {each} has no value; write {each}=VALUE.")
    return dict(each.split("=", 1) for each in given)


def _leave(number: int, frame: FrameType | None) -> None:
    """As an exception, so that the server that runs now is stopped on the way out."""
    sys.exit(128 + number)


def _print(outcomes: list[Outcome], ceilings: list[Ceiling]) -> None:
    click.echo("\nRatios are ours by theirs.\n" + report.table(outcomes))
    for line in report.warnings(outcomes):
        click.echo(line)
    if ceilings:
        click.echo("\nCeiling, llama-batched-bench: decode alone, no server, no sampling")
        click.echo("\n".join(report.ceiling_lines(ceilings)))
