"""appliance announce: make the box known on the LAN under its name."""

import asyncio
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from appliance import logs
from appliance.cli.serve import load_settings
from appliance.network.box_names import is_local_name, label_of

if TYPE_CHECKING:
    from appliance.network.announcement import Announcer


@click.command(context_settings={"ignore_unknown_options": True})
@click.option("--name", help="Name to announce, without .local.  [this machine's]")
@click.option(
    "--data", type=click.Path(path_type=Path), help="Directory of the box that is announced."
)
@click.option("--config", type=click.Path(path_type=Path), help="Settings file (TOML).")
@click.option("--beside", type=int, metavar="PID", help="Stop when that process ends.")
@click.argument("rest", nargs=-1, type=click.UNPROCESSED)
def announce(
    name: str | None,
    data: Path | None,
    config: Path | None,
    beside: int | None,
    rest: tuple[str, ...],
) -> None:
    """Announce NAME.local by multicast DNS while a box runs on the data directory.

    Options of `appliance serve` may stand here, too, and are passed over.
    """
    from appliance.network.announcement import Announcer

    settings = load_settings(config, data=data)
    logs.configure(settings.log.level)
    label = label_of(name) if name else _wished(settings.server.names)
    has_certificate = settings.server.certificate is not None
    announcer = Announcer(settings.data_dir, label, click.echo, has_certificate)
    asyncio.run(_run(announcer, beside))


def _wished(configured: list[str]) -> str:
    """A `.local` name that the settings give, else this machine's."""
    local = (each for each in configured if is_local_name(each))
    return label_of(next(local, os.uname().nodename))


async def _run(announcer: "Announcer", beside: int | None) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, stop.set)
    if beside is not None:
        try:
            process = os.pidfd_open(beside)
        except OSError:
            return  # it has ended already

        def it_ended() -> None:
            loop.remove_reader(process)
            stop.set()

        loop.add_reader(process, it_ended)
    await announcer.run(stop)
