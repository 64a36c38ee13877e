"""appliance restore: a backup takes the place of what the box has, all of it or nothing."""

import asyncio
import os
import select
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from appliance.cli import passphrases
from appliance.cli.errands import run, with_settings
from appliance.data_dir import open_data_dir, running_pid
from appliance.errors import ApplianceError, BackupError, InvalidInput, StoreRefused
from appliance.settings import Settings

if TYPE_CHECKING:
    from appliance.backups.restoring import Staged

_STOP_SECONDS = 60
_WORD = "restore"


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--passphrase-file", type=click.Path(path_type=Path), help="What it is locked with.")
@click.option("--check", is_flag=True, help="Only look whether it is whole; change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_settings
def restore(
    settings: Settings, file: Path, passphrase_file: Path | None, check: bool, yes: bool
) -> None:
    """Put the backup in FILE in the place of all that the box has.

    It is unpacked and checked beside, while the box goes on; then a box that runs is stopped for a
    moment. What was there before is kept.
    """
    from appliance.backups.pace import InHurry
    from appliance.backups.restoring import bring_up_to_date, staged

    data_dir = settings.data_dir
    if not file.is_file():
        raise InvalidInput(f"There is no file {file}.")
    is_new = not (data_dir / "appliance.sqlite3").exists()
    with staged(data_dir, file, _passphrase(settings, file, passphrase_file), InHurry()) as found:
        asyncio.run(bring_up_to_date(found))
        click.echo(_words(found))
        if check:
            return
        if not is_new and not yes:
            _ask(data_dir)
        pid = running_pid(data_dir)
        if pid is None:
            with open_data_dir(data_dir):
                found.offer()
                _finish(data_dir)
            click.echo("Start the appliance; everybody signs in anew.")
            return
        found.offer()
    _hand_over(settings, pid)


def _passphrase(settings: Settings, file: Path, passphrase_file: Path | None) -> str | None:
    from appliance.backups.encryption import is_locked

    with file.open("rb") as opened:
        if not is_locked(opened):
            return None
    return passphrases.given(settings, passphrase_file) or passphrases.asked(is_new=False)


def _ask(data_dir: Path) -> None:
    click.echo(f"It takes the place of all that is in {data_dir}; the old box is kept beside it.")
    if click.prompt(f"To do that, type: {_WORD}\n").strip() != _WORD:
        raise InvalidInput("Nothing was changed.")


def _hand_over(settings: Settings, pid: int) -> None:
    """The box that runs ends; whoever holds the directory first after it carries it through."""
    with suppress(ProcessLookupError):
        process = os.pidfd_open(pid)
        try:
            with suppress(ApplianceError):  # it may be on its way out already
                run(settings, "restart")
            if not select.select([process], [], [], _STOP_SECONDS)[0]:
                raise BackupError("The box does not stop. Restart it: it starts with the backup.")
        finally:
            os.close(process)
    try:
        with open_data_dir(settings.data_dir):
            _finish(settings.data_dir)
        click.echo("The box was stopped. Start it; everybody signs in anew.")
    except StoreRefused:  # a supervisor was quicker: its start has done it
        click.echo("The box has started again, with what was in the backup.")


def _finish(data_dir: Path) -> None:
    from appliance.backups import switching

    before = switching.finish(data_dir)
    click.echo("It is restored.")
    if before is not None:
        click.echo(f"What was there before is in {before}; delete it when all is well.")
    if (data_dir / switching.SETTINGS_BESIDE).exists():
        click.echo(
            f"The settings of the backup are in {data_dir / switching.SETTINGS_BESIDE}; compare "
            "them with yours."
        )


def _words(found: "Staged") -> str:
    manifest = found.manifest
    made_at = datetime.fromtimestamp(manifest.made_at, UTC)
    return (
        f"The backup of {made_at:%Y-%m-%d %H:%M} UTC (appliance {manifest.appliance}) is whole: "
        f"{manifest.counts.words}. {manifest.model} answered then; models are not in it."
    )
