"""How a command has something done by the box: the one that runs, or one opened for it."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import click

from appliance import logs
from appliance.data_dir import running_pid
from appliance.errors import InvalidInput, StoreRefused
from appliance.settings import Settings

Command = Callable[..., None]


def with_settings(command: Command) -> Command:
    """Give the command `settings` instead of the options that they come from."""

    @click.option("--config", type=click.Path(path_type=Path), help="Settings file (TOML).")
    @click.option(
        "--data", type=click.Path(path_type=Path), help="Directory for everything that is kept."
    )
    def command_with_settings(config: Path | None, data: Path | None, **given: Any) -> None:
        folder = data.expanduser().absolute() if data else None
        command(Settings.load(config, data_dir=folder), **given)

    command_with_settings.__name__ = command.__name__
    command_with_settings.__doc__ = command.__doc__
    return command_with_settings


def run(
    settings: Settings,
    errand: Any,
    *,
    given: BinaryIO | None = None,
    taken: BinaryIO | None = None,
    may_be_new: bool = False,
    **wanted: Any,
) -> list[str]:
    """Have it done; what to say of it. `given` is a file for the box, `taken` where its file goes.

    Raises ApplianceError; also for a directory without a box, unless that `may_be_new`.
    """
    # Late: the store takes a while to import, and the other commands do without.
    from appliance.errand_socket import Wanted, ask

    asked = Wanted(errand, **wanted)
    if running_pid(settings.data_dir) is None:
        return asyncio.run(_do_here(settings, asked, given, taken, may_be_new))
    outcome = ask(settings.data_dir, asked, given, taken)
    if outcome.refused:
        raise InvalidInput(outcome.refused)
    return outcome.words


def say(words: list[str]) -> None:
    """One line each."""
    for each in words:
        click.echo(each)


async def _do_here(
    settings: Settings,
    asked: Any,
    given: BinaryIO | None,
    taken: BinaryIO | None,
    may_be_new: bool,
) -> list[str]:
    from appliance.stopped_box import open_stopped_box

    logs.configure("warning")  # what it did is said in words
    may_be_new = may_be_new or given is not None
    if not may_be_new and not (settings.data_dir / "appliance.sqlite3").exists():
        raise StoreRefused(
            f"There is no box in {settings.data_dir}. Name its directory with --data."
        )
    async with open_stopped_box(settings) as box:
        if asked.errand == "account":
            return await box.accounts.do(asked.account)
        if asked.errand == "key":
            return await box.keys.do(await box.account(asked.person), asked.key)
        if asked.errand == "document":
            return await box.document(asked.document, asked.person, given)
        if asked.errand == "reindex":
            return await box.reindex(is_begun=False)
        if given is not None:
            return await box.bring(asked.person, given)
        if taken is None:
            return await box.delete(asked.person, asked.confirmation)
        async for piece in await box.export(asked.person, asked.kind, asked.conversation_id):
            taken.write(piece)
        return []
