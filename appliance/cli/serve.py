"""appliance serve: run the box until it is told to stop."""

import asyncio
import resource
import signal
import sys
from contextlib import ExitStack, suppress
from pathlib import Path
from time import monotonic
from typing import Any

import click
import structlog

from appliance import logs
from appliance.core_dumps import allow_no_core_dump
from appliance.data_dir import say_who_runs
from appliance.engine.events import Ended
from appliance.engine.sequence import FinishReason
from appliance.errors import ApplianceError, EngineError, SettingsError
from appliance.network.addresses import own_addresses, parsed
from appliance.network.box_names import BoxNames
from appliance.network.doorplate import Served, saying_what_is_served
from appliance.network.listening import EVERYWHERE, is_for_others, listen
from appliance.service_manager import ServiceManager
from appliance.settings import Settings

log = structlog.get_logger(__name__)

_BEGIN_ANEW = 75
"""sysexits' EX_TEMPFAIL: whoever supervises it starts it again."""
_OPEN_FILES = 65_536
_STARTED_AT = monotonic()
_NOT_SET_UP = (
    "The box is not set up yet, and until it is it serves this machine only. Start it without "
    "--lan and server.host, open its setup link on this machine, then start it as you wanted."
)


@click.command()
@click.option("--host", help="Address to listen on.  [127.0.0.1]")
@click.option("--port", type=int, help="Port to listen on; 0 takes any free one.  [8080]")
@click.option("--lan", is_flag=True, help="Listen for the whole LAN, once the box is set up.")
@click.option(
    "--data", type=click.Path(path_type=Path), help="Directory for everything that is kept."
)
@click.option("--model", help="Name of the model that answers; see `appliance model list`.")
@click.option("--config", type=click.Path(path_type=Path), help="Settings file (TOML).")
def serve(
    host: str | None,
    port: int | None,
    lan: bool,
    data: Path | None,
    model: str | None,
    config: Path | None,
) -> None:
    """Run the box: the page, the API and the model, in one process."""
    if lan and host is None:
        host = EVERYWHERE
    settings = load_settings(config, host=host, port=port, data=data, model=model)
    logs.configure(settings.log.level)
    _allow_open_files()
    allow_no_core_dump()
    try:
        import uvloop

        if uvloop.run(_serve(settings, ServiceManager.of_this_process())):
            sys.exit(_BEGIN_ANEW)
    except KeyboardInterrupt:
        return


def load_settings(
    config: Path | None = None,
    *,
    host: str | None = None,
    port: int | None = None,
    data: Path | None = None,
    model: str | None = None,
) -> Settings:
    """Settings with what the command line says on top. Raises SettingsError."""
    overrides: dict[str, Any] = {}
    if data is not None:
        overrides["data_dir"] = data.expanduser().absolute()
    if host is not None or port is not None:
        given = {"host": host, "port": port}
        overrides["server"] = {name: value for name, value in given.items() if value is not None}
    if model is not None:
        overrides["model"] = {"name": model}
    return Settings.load(config, **overrides)


async def _serve(settings: Settings, manager: ServiceManager) -> bool:
    """Whether it is to begin anew."""
    # The web framework and the engine take most of a second to import; the rest of the CLI does
    # without.
    from appliance.app import create_app
    from appliance.box_errands import box_errands
    from appliance.errand_socket import errands_taken
    from appliance.lifespan import Box, open_box
    from appliance.service_report import reported
    from appliance.web_server import WebServer, certificates_of

    listener = listen(settings.server.host, settings.server.port)
    host, port = listener.getsockname()[:2]
    box: Box
    with listener:
        async with reported(manager) as report, open_box(settings) as box:
            report.watch(box)
            if is_for_others(settings.server.host) and not box.door.is_set_up:
                raise SettingsError(_NOT_SET_UP)
            names = BoxNames(settings.server.names, settings.data_dir)
            certificates = certificates_of(settings.server, names, settings.data_dir)
            certificates.open()

            def is_set_up() -> bool:
                return box.door.is_set_up

            def release_readers() -> None:
                report.stopping()
                box.desk.runner.release_readers()
                box.temporary.desk.runner.release_readers()
                box.sealed.desk.runner.release_readers()

            server = WebServer(
                create_app(box, port),
                settings.server,
                names,
                certificates,
                port,
                is_set_up,
                release_readers,
            )
            address = f"http://{_shown_host(host)}:{port}"
            click.echo(f"Open {address} in a browser.")
            if not box.door.is_set_up:  # it is to be found in the journal, too
                click.echo(f"Set up the box: {address}/setup/{box.door.links.setup_key()}")
            with ExitStack() as stack:
                if is_for_others(host):
                    address, *others = _addresses_for_others(names, port, certificates.is_on)
                    if box.door.is_set_up:
                        click.echo(f"On the network: {' or '.join([address, *others])}.")
                    # For `appliance announce`, which makes the box known there.
                    stack.enter_context(saying_what_is_served(settings.data_dir, Served(port)))
                desk = box.desk
                errands = box_errands(
                    *(box.person, box.door, desk.takeout, desk.imports, desk.belongings),
                    *(box.documents.library, address, box.recall.indexer, server.restart),
                )
                async with errands_taken(settings.data_dir, errands):
                    _listen_for_changes(box, report)
                    first_answer = asyncio.create_task(_announce_first_answer(box, report))
                    await server.serve(sockets=[listener])
                    first_answer.cancel()
    return server.is_to_restart


def _allow_open_files() -> None:
    """Each open page holds a connection; a shell allows 1,024 files unless asked for more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, _OPEN_FILES)), hard))


def _shown_host(host: str) -> str:
    """For a browser on this machine."""
    address = parsed(host)
    if address is not None and address.is_unspecified:
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def _addresses_for_others(names: BoxNames, port: int, is_secure: bool) -> list[str]:
    """By name first."""
    scheme = "https" if is_secure else "http"
    hosts = [names.on_lan, *(each for each in own_addresses() if ":" not in each)]
    return [f"{scheme}://{host}:{port}" for host in hosts]


def _listen_for_changes(box: Any, report: Any) -> None:
    """SIGHUP means that another model was chosen; `appliance model use` sends it."""
    swap = box.engine.swap

    def take_up() -> None:
        swap.take_up()
        report.reload(swap.wait_done)

    if swap is None:  # another machine answers, whatever is chosen here
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, lambda: None)
    else:
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, take_up)
        swap.take_up()  # it may have been chosen while the box started
    with suppress(OSError):  # a full disk is no reason not to answer
        say_who_runs(box.settings.data_dir)


async def _announce_first_answer(box: Any, report: Any) -> None:
    """Ask the model for one word, so that the first person does not pay for its waking up, and say
    how long it all took. Only then is the service started; without a model it is started, too.
    """
    try:
        await box.generations.wait_ready()
        async with box.completions.begin("start", [("user", "Hello")], {"max_tokens": 1}) as reply:
            async for event in reply:
                if isinstance(event, Ended) and event.finish_reason is FinishReason.ERROR:
                    raise EngineError(event.error or "The model gave no answer.")
    except ApplianceError as error:
        click.echo(f"No model yet: {error}")
        report.ready(str(error))
        return
    seconds = monotonic() - _STARTED_AT
    click.echo(f"Ready: {box.engine.profile().name} gave its first answer after {seconds:.1f} s.")
    report.ready()
