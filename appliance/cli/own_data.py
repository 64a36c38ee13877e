"""appliance export, import and person: taking data along, bringing it in, deleting it.

A box that runs is asked to do it; one that does not is opened for it.
"""

import asyncio
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import click

from appliance import logs
from appliance.data_dir import running_pid
from appliance.errors import InvalidInput, StoreRefused
from appliance.settings import Settings

_KINDS = {".zip": "zip", ".json": "json", ".md": "markdown"}
_CONFIRMATION = "delete everything"

Command = Callable[..., None]


def _with_settings(command: Command) -> Command:
    """Give the command `settings` instead of the options that they come from."""

    @click.option("--config", type=click.Path(path_type=Path), help="Settings file (TOML).")
    @click.option(
        "--data", type=click.Path(path_type=Path), help="Directory for everything that is kept."
    )
    def with_settings(config: Path | None, data: Path | None, **given: Any) -> None:
        folder = data.expanduser().absolute() if data else None
        command(Settings.load(config, data_dir=folder), **given)

    with_settings.__name__, with_settings.__doc__ = command.__name__, command.__doc__
    return with_settings


@click.command()
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--conversation", "conversation_id", default="", help="Only the one of this id.")
@_with_settings
def export(settings: Settings, path: Path, conversation_id: str) -> None:
    """Write conversations to FILE: FILE.zip has all for reading and for machines, FILE.json all for
    machines; with --conversation, FILE.md or FILE.json.
    """
    kind = _KINDS.get(path.suffix.lower())
    if kind is None:
        raise InvalidInput(f"{path} names no format: let it end in .zip, .json or .md.")
    _run(settings, "export", kind=kind, conversation_id=conversation_id, taken_to=path)
    click.echo(f"{path} is written.")


@click.command("import")
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path))
@_with_settings
def import_(settings: Settings, path: Path) -> None:
    """Take conversations in from FILE: an export of this box, of ChatGPT or of Open WebUI."""
    if not path.is_file():
        raise InvalidInput(f"There is no file {path}.")
    try:
        file = path.open("rb")
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}.") from error
    with file:
        _say(_run(settings, "import", given=file))


@click.group()
def person() -> None:
    """All that is kept of a person: take it along, or delete it."""


@person.command("export")
@click.argument("path", metavar="FILE.zip", type=click.Path(path_type=Path))
@_with_settings
def export_person(settings: Settings, path: Path) -> None:
    """Write all that is kept of you to FILE.zip."""
    _run(settings, "export", kind="zip", taken_to=path)
    click.echo(f"{path} is written.")


@person.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@_with_settings
def delete(settings: Settings, yes: bool) -> None:
    """Delete all that is kept of you, for good."""
    confirmation = _CONFIRMATION
    if not yes:
        confirmation = click.prompt(f"To delete all of it for good, type: {_CONFIRMATION}\n")
    _say(_run(settings, "delete", confirmation=confirmation))


def _run(
    settings: Settings,
    errand: Any,
    *,
    given: BinaryIO | None = None,
    taken_to: Path | None = None,
    **wanted: str,
) -> list[str]:
    """Have it done by the box that runs, or here; what to say of it. Raises ApplianceError."""
    # Late: the store takes a while to import, and the other commands do without.
    from appliance.errand_socket import Wanted, ask

    with _new_file(taken_to) as taken:
        asked = Wanted(errand, **wanted)
        if running_pid(settings.data_dir) is None:
            return asyncio.run(_do_here(settings, asked, given, taken))
        outcome = ask(settings.data_dir, asked, given, taken)
        if outcome.refused:
            raise InvalidInput(outcome.refused)
        return outcome.words


async def _do_here(
    settings: Settings, asked: Any, given: BinaryIO | None, taken: BinaryIO | None
) -> list[str]:
    from appliance.stopped_box import open_stopped_box

    logs.configure("warning")  # what it did is said in words
    if given is None and not (settings.data_dir / "appliance.sqlite3").exists():
        raise StoreRefused(
            f"There is no box in {settings.data_dir}. Name its directory with --data."
        )
    async with open_stopped_box(settings) as errands:
        if given is not None:
            return await errands.bring(given)
        if taken is None:
            return await errands.delete(asked.confirmation)
        async for piece in await errands.export(asked.kind, asked.conversation_id):
            taken.write(piece)
        return []


@contextmanager
def _new_file(path: Path | None) -> Iterator[BinaryIO | None]:
    """A file for this user alone; nothing is left of it unless all went well."""
    if path is None:
        yield None
        return
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise InvalidInput(f"{path} cannot be made: {error.strerror}.") from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _say(words: list[str]) -> None:
    for each in words:
        click.echo(each)
