"""appliance rollback: the version before, and its data if need be."""

from pathlib import Path

import click

from appliance.cli.errands import say
from appliance.installation.install import Installer
from appliance.installation.places import Places
from appliance.installation.rollback import roll_back
from appliance.installation.services import NoServices, Systemd


@click.command()
@click.option("--yes", is_flag=True, help="Also when that leaves out what was said since.")
@click.option("--root", type=click.Path(path_type=Path), default=Path("/"), hidden=True)
def rollback(yes: bool, root: Path) -> None:
    """Go back to the version before the last update. What was said since stays, if it can be read
    there.
    """
    places = Places(root.absolute())
    services = Systemd() if places.is_machine else NoServices()
    say(roll_back(Installer(places, services), may_leave_out=yes))
