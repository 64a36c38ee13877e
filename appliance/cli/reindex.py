"""appliance reindex: makes everybody's vectors anew, while the box runs and answers."""

import sys
from time import sleep

import click
from rich.progress import Progress

from appliance.cli.errands import run, with_settings
from appliance.data_dir import running_pid
from appliance.errors import InvalidInput
from appliance.settings import Settings

_LOOK_SECONDS = 0.5


@click.command()
@click.option("--wait/--no-wait", default=True, help="Show how far it is, until it is done.")
@with_settings
def reindex(settings: Settings, wait: bool) -> None:
    """Make the vectors anew by which the box recalls what was said.

    The old ones serve until the new ones are complete. Whatever breaks it off, the box goes on with
    it by itself.
    """
    if not settings.recall.enabled:
        raise InvalidInput("This box remembers nothing: recall.enabled is false.")
    if running_pid(settings.data_dir) is None:
        _, total = run(settings, "reindex")
        click.echo(f"The box does not run. It makes {total} vectors anew after its next start.")
        return
    run(settings, "reindex")
    if wait:
        _show(settings)
    else:
        click.echo("The box makes its vectors anew, in the background.")


def _show(settings: Settings) -> None:
    with Progress(disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("Reindexing", total=None)
        while True:
            done, total = map(int, run(settings, "reindex", kind="progress"))
            progress.update(task, completed=done, total=total)
            if done >= total:
                break
            sleep(_LOOK_SECONDS)
    click.echo(f"{total} vectors are new.")
