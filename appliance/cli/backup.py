"""appliance backup: all that the box keeps in one file, while it runs or not."""

from pathlib import Path

import click
import msgspec

from appliance.cli import passphrases
from appliance.cli.errands import with_settings
from appliance.errors import InvalidInput
from appliance.settings import Settings

_ENCRYPT = "Encrypt it with a passphrase, which is asked for unless a file or the settings have it."


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--to", type=click.Path(path_type=Path), help="A folder in place of FILE.")
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
    from appliance.backups.making import make
    from appliance.backups.pace import Pace
    from appliance.backups.usual import make_usual, usual

    if file is not None and to is not None:
        raise InvalidInput("Name a file or a folder, not both.")
    wanted = usual(settings)
    if to is not None:
        wanted = msgspec.structs.replace(wanted, folder=str(to.expanduser().absolute()))
    if is_list:
        _list(Path(wanted.folder))
        return
    passphrase = passphrases.given(settings, passphrase_file)
    if encrypt and passphrase is None:
        passphrase = passphrases.asked(is_new=True)
    wanted = msgspec.structs.replace(wanted, passphrase=passphrase)
    gone: list[Path] = []
    if file is None:
        made, gone = make_usual(wanted, Pace())
    else:
        made = make(wanted.plan(file.expanduser().absolute()), Pace())
    click.echo(
        f"{made.path} is written and was read back: {made.manifest.counts.words}; "
        f"{made.size_bytes / 1e6:.1f} MB{', encrypted' if passphrase else ''}."
    )
    if passphrase is None:
        click.echo("It is not encrypted: whoever has it can read everything that is not sealed.")
    for each in gone:
        click.echo(f"{each.name} is older than those that stay, and was deleted.")


def _list(folder: Path) -> None:
    from appliance.backups import kept

    found = kept.kept_in(folder)
    if not found:
        click.echo(f"There are no backups in {folder}.")
    for each in found:
        size = each.path.stat().st_size / 1e6
        words = "encrypted" if each.is_locked else "not encrypted"
        click.echo(f"{each.path}  {each.made_at:%Y-%m-%d %H:%M} UTC  {size:.1f} MB  {words}")
