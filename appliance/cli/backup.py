"""appliance backup: all that the box keeps in one file, while it runs or not."""

from pathlib import Path

import click

from appliance.cli import passphrases
from appliance.cli.errands import with_settings
from appliance.errors import InvalidInput
from appliance.settings import Settings

_ENCRYPT = "Encrypt it with a passphrase, which is asked for unless a file or the settings have it."


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option(
    "--to", type=click.Path(path_type=Path), help="Folder of the backup, in place of FILE."
)
@click.option("--encrypt", is_flag=True, help=_ENCRYPT)
@click.option("--passphrase-file", type=click.Path(path_type=Path), help="Encrypt it with that.")
@click.option("--list", "is_list", is_flag=True, help="Only list the backups that there are.")
@with_settings
def backup(
    settings: Settings,
    file: Path | None,
    to: Path | None,
    encrypt: bool,
    passphrase_file: Path | None,
    is_list: bool,
) -> None:
    """Write all that the box keeps to FILE, read it back and check it.

    Without FILE it goes into the folder of backups, of which those of some days and weeks stay.
    """
    from appliance.backups import choice
    from appliance.backups.making import Plan, make
    from appliance.backups.pace import Pace

    if file is not None and to is not None:
        raise InvalidInput("Name a file or a folder, not both.")
    folder = (to or choice.folder_of(settings)).expanduser().absolute()
    if is_list:
        _list(folder)
        return
    passphrase = passphrases.given(settings, passphrase_file)
    if encrypt and passphrase is None:
        passphrase = passphrases.asked(is_new=True)
    target = file or folder / choice.new_name(is_locked=passphrase is not None)
    plan = Plan(
        settings.data_dir,
        target.expanduser().absolute(),
        passphrase,
        choice.settings_file(),
        choice.model_of(settings),
    )
    made = make(plan, Pace())
    click.echo(
        f"{made.path} is written and was read back: {made.manifest.counts.words}; "
        f"{made.size_bytes / 1e6:.1f} MB{', encrypted' if passphrase else ''}."
    )
    if passphrase is None:
        click.echo("It is not encrypted: whoever has it can read everything that is not sealed.")
    if file is None:
        for gone in choice.drop_surplus(settings, folder):
            click.echo(f"{gone.name} is older than those that stay, and was deleted.")


def _list(folder: Path) -> None:
    from appliance.backups import kept

    found = kept.kept_in(folder)
    if not found:
        click.echo(f"There are no backups in {folder}.")
    for each in found:
        size = each.path.stat().st_size / 1e6
        words = "encrypted" if each.is_locked else "not encrypted"
        click.echo(f"{each.path}  {each.made_at:%Y-%m-%d %H:%M} UTC  {size:.1f} MB  {words}")
