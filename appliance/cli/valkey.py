"""appliance valkey: what systemd/appliance-valkey.service runs."""

import os
from pathlib import Path

import click

from appliance.cli.serve import load_settings
from appliance.errors import SettingsError


@click.command(hidden=True)
@click.option("--config", type=click.Path(path_type=Path), help="Settings file (TOML).")
def valkey(config: Path | None) -> None:
    """Become a Valkey server for the box that systemd runs beside it."""
    from appliance.hot.service import command_in

    directory = os.environ.get("RUNTIME_DIRECTORY", "").split(":")[0]
    if not directory:
        raise SettingsError(
            "This is for systemd to run (appliance-valkey.service). A box that is started by hand "
            "starts a Valkey of its own."
        )
    command = command_in(Path(directory), load_settings(config).hot.memory_mb)
    os.execv(command[0], command)
