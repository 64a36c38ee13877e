"""appliance export, import and person: taking data along, bringing it in, deleting it.

A box that runs is asked to do it; one that does not is opened for it.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import click

from appliance.cli.errands import run, say, with_settings
from appliance.errors import InvalidInput
from appliance.settings import Settings

_KINDS = {".zip": "zip", ".json": "json", ".md": "markdown"}
_CONFIRMATION = "delete everything"

_PERSON = click.option("--person", default="", help="Whose; needed when there are several people.")


@click.command()
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--conversation", "conversation_id", default="", help="Only the one of this id.")
@_PERSON
@with_settings
def export(settings: Settings, path: Path, conversation_id: str, person: str) -> None:
    """Write conversations to FILE: FILE.zip has all for reading and for machines, FILE.json all for
    machines; with --conversation, FILE.md or FILE.json.
    """
    kind = _KINDS.get(path.suffix.lower())
    if kind is None:
        raise InvalidInput(f"{path} names no format: let it end in .zip, .json or .md.")
    with _new_file(path) as taken:
        one = conversation_id
        run(settings, "export", taken=taken, kind=kind, conversation_id=one, person=person)
    click.echo(f"{path} is written.")


@click.command("import")
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path))
@_PERSON
@with_settings
def import_(settings: Settings, path: Path, person: str) -> None:
    """Take conversations in from FILE: an export of this box, of ChatGPT or of Open WebUI."""
    if not path.is_file():
        raise InvalidInput(f"There is no file {path}.")
    try:
        file = path.open("rb")
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}.") from error
    with file:
        say(run(settings, "import", given=file, person=person))


@click.group()
def person() -> None:
    """All that is kept of a person: take it along, or delete it."""


@person.command("export")
@click.argument("path", metavar="FILE.zip", type=click.Path(path_type=Path))
@_PERSON
@with_settings
def export_person(settings: Settings, path: Path, person: str) -> None:
    """Write all that is kept of you to FILE.zip."""
    with _new_file(path) as taken:
        run(settings, "export", taken=taken, kind="zip", person=person)
    click.echo(f"{path} is written.")


@person.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@_PERSON
@with_settings
def delete(settings: Settings, yes: bool, person: str) -> None:
    """Delete all that is kept of you, for good."""
    confirmation = _CONFIRMATION
    if not yes:
        confirmation = click.prompt(f"To delete all of it for good, type: {_CONFIRMATION}\n")
    say(run(settings, "delete", confirmation=confirmation, person=person))


@contextmanager
def _new_file(path: Path) -> Iterator[BinaryIO]:
    """A file for this user alone; nothing is left of it unless all went well."""
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
