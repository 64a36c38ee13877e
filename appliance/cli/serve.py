"""appliance serve: run the box until it is told to stop."""

import asyncio
import os
import resource
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic
from typing import Any

import click
import structlog
import uvicorn

from appliance import logs
from appliance.core_dumps import allow_no_core_dump
from appliance.data_dir import say_who_runs
from appliance.errors import EngineUnavailable, SettingsError
from appliance.settings import Settings
from appliance.stalled_readers import cut_stalled_readers

log = structlog.get_logger(__name__)

_GRACE_SECONDS = 3
_OPEN_FILES = 65_536
_STARTED_AT = monotonic()


@click.command()
@click.option(
    "--host", help="Address to listen on; only this machine's own until there are accounts."
)
@click.option("--port", type=int, help="Port to listen on; 0 takes any free one.  [8080]")
@click.option("--lan", is_flag=True, help="Listen for the whole LAN (needs accounts).")
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
    if lan:
        raise SettingsError(
            "--lan needs accounts, and this version has none: it listens on 127.0.0.1 only, so "
            "that nobody else on the network can read along. Start it without --lan."
        )
    settings = load_settings(config, host=host, port=port, data=data, model=model)
    logs.configure(settings.log.level)
    _allow_open_files()
    allow_no_core_dump()
    try:
        import uvloop

        uvloop.run(_serve(settings))
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


async def _serve(settings: Settings) -> None:
    # The web framework and the engine take most of a second to import; the rest of the CLI does
    # without.
    from appliance.app import create_app
    from appliance.box_errands import box_errands
    from appliance.errand_socket import errands_taken
    from appliance.lifespan import Box, open_box

    class Server(uvicorn.Server):
        """uvicorn, stopped by us: it would end the process before the box has written down its
        turns.
        """

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            box.desk.runner.release_readers()
            box.temporary.desk.runner.release_readers()
            box.sealed.desk.runner.release_readers()
            await super().shutdown(sockets)

        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            with super().capture_signals():
                yield
                self._captured_signals.clear()

    listener = _listen(settings.server.host, settings.server.port)
    port = listener.getsockname()[1]
    box: Box
    with listener:
        async with open_box(settings) as box:
            config = uvicorn.Config(
                create_app(box, port),
                log_config=None,
                access_log=False,
                log_level="warning",
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=_GRACE_SECONDS,
            )
            address = f"http://{_shown_host(settings.server.host)}:{port}"
            click.echo(f"Open {address} in a browser.")
            if not box.door.is_set_up:  # it is to be found in the journal, too
                click.echo(f"Set up the box: {address}/setup/{box.door.links.setup_key()}")
            desk = box.desk
            errands = box_errands(
                box.person, box.door, desk.takeout, desk.imports, desk.belongings, address
            )
            async with errands_taken(settings.data_dir, errands):
                _listen_for_changes(box)
                first_answer = asyncio.create_task(_announce_first_answer(box))
                await Server(config).serve(sockets=[listener])
                first_answer.cancel()


def _allow_open_files() -> None:
    """Each open page holds a connection; a shell allows 1,024 files unless asked for more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, _OPEN_FILES)), hard))


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket of our own, so that a port in use is a sentence and not a stack trace."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    cut_stalled_readers(listener)
    try:
        listener.bind((host, port))
        listener.listen(1024)
    except OSError as error:
        listener.close()
        raise SettingsError(
            f"Port {port} on {host} cannot be used: {os.strerror(error.errno or 0)}. Stop what "
            "uses it, or choose another one with --port."
        ) from error
    return listener


def _shown_host(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _listen_for_changes(box: Any) -> None:
    """SIGHUP means that another model was chosen; `appliance model use` sends it."""
    swap = box.engine.swap
    if swap is None:  # another machine answers, whatever is chosen here
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, lambda: None)
    else:
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, swap.take_up)
        swap.take_up()  # it may have been chosen while the box started
    with suppress(OSError):  # a full disk is no reason not to answer
        say_who_runs(box.settings.data_dir)


async def _announce_first_answer(box: Any) -> None:
    """Ask the model for one word, so that the first person does not pay for its waking up, and say
    how long it all took.
    """
    try:
        await box.generations.wait_ready()
        async with box.completions.begin("start", [("user", "Hello")], {"max_tokens": 1}) as reply:
            async for _ in reply:
                pass
    except EngineUnavailable as error:
        click.echo(f"No model yet: {error}")
        return
    seconds = monotonic() - _STARTED_AT
    click.echo(f"Ready: {box.engine.profile().name} gave its first answer after {seconds:.1f} s.")
