"""scripts/torture: reads what is asked for, breaks the box, prints what was found."""

import random
import sys
import tempfile
from pathlib import Path

import click

from torture_box import crowd
from torture_box.errors import TortureError
from torture_box.kills import Kills
from torture_box.power_cuts import CutFigures, cut_power, scratch_folder
from torture_box.recording import record
from torture_box.report import crowd_lines, cut_lines, kill_lines
from torture_box.starting import start

AS_SHIPPED = 1000
"""Pages of the WAL before it is moved into the file."""

OFTEN = 40
"""The same, many times over in one recording."""

_CONTROL_CUTS = 300


@click.command()
@click.option("--kills", type=click.IntRange(1), help="How often to kill -9 a busy box.")
@click.option("--power-cuts", type=click.IntRange(1), help="How often to pull its plug.")
@click.option(
    "--messages", type=click.IntRange(1), default=150, show_default=True, help="Recorded."
)
@click.option("--readers", type=click.IntRange(1), help="How many pages follow one reply.")
@click.option("--seed", type=int, help="The luck of an earlier run.  [another one each time]")
def main(
    kills: int | None,
    power_cuts: int | None,
    messages: int,
    readers: int | None,
    seed: int | None,
) -> None:
    """Break a real box, with the real model, and look at what it has kept.

    Nothing of this machine's own appliance is touched: each run has a folder of its own.
    """
    if not (kills or power_cuts or readers):
        raise click.UsageError("Say what to do: --kills 300, --power-cuts 20000, --readers 1000.")
    seed = random.SystemRandom().randrange(2**31) if seed is None else seed
    click.echo(f"seed: {seed}")
    luck, is_sound = random.Random(seed), True
    try:
        with tempfile.TemporaryDirectory(prefix="torture-") as folder:
            if kills:
                is_sound &= _kill(Path(folder), kills, luck)
            if power_cuts:
                is_sound &= _pull_the_plug(Path(folder), power_cuts, messages, luck)
            if readers:
                is_sound &= _gather(Path(folder), readers)
    except TortureError as error:
        click.echo(str(error), err=True)
        sys.exit(2)
    sys.exit(0 if is_sound else 1)


def _kill(folder: Path, kills: int, luck: random.Random) -> bool:
    figures = Kills(_new(folder, "kills"), luck, click.echo).run(kills)
    click.echo("\n".join(kill_lines(figures)))
    return not figures.wrong


def _pull_the_plug(folder: Path, cuts: int, messages: int, luck: random.Random) -> bool:
    """Half of the cuts in a recording of the box as it is shipped, half in one that moves its WAL
    often. Then two boxes that sync too little: that they lose something shows that this notices.
    """
    shipped = _cut(folder, "FULL", AS_SHIPPED, messages, cuts - cuts // 2, luck)
    often = _cut(folder, "FULL", OFTEN, messages, cuts // 2, luck)
    controls = [
        _cut(folder, kind, OFTEN, messages // 3, min(cuts, _CONTROL_CUTS), luck)
        for kind in ("NORMAL", "OFF")
    ]
    is_kept = not any(each.lost or each.corrupt for each in (shipped, often))
    return is_kept and all(each.lost or each.corrupt for each in controls)


def _cut(
    folder: Path, synchronous: str, wal_pages: int, messages: int, cuts: int, luck: random.Random
) -> CutFigures:
    name = f"{synchronous.lower()}-{wal_pages}"
    recording = record(
        _new(folder, name), luck, messages=messages, synchronous=synchronous, wal_pages=wal_pages
    )
    with scratch_folder() as scratch:
        figures = cut_power(recording, cuts, luck, scratch)
    click.echo(
        "\n".join(cut_lines(f"synchronous={synchronous}, WAL of {wal_pages} pages", figures))
    )
    return figures


def _gather(folder: Path, readers: int) -> bool:
    crowd.allow_open_files(2 * readers + 500)
    with start(_new(folder, "crowd"), reply_tokens=2000) as box:
        box.wait_ready()
        alone = crowd.follow_together(box, 1)
        together = crowd.follow_together(box, readers)
    click.echo("\n".join(crowd_lines(alone, together)))
    return together.whole == readers


def _new(folder: Path, name: str) -> Path:
    path = folder / name
    path.mkdir()
    return path
