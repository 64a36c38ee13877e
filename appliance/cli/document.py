"""appliance document: putting files into the box, seeing what is there, deleting it."""

from pathlib import Path

import click

from appliance.cli.errands import run, say, with_settings
from appliance.errors import InvalidInput
from appliance.settings import Settings

_PERSON = click.option("--person", default="", help="Whose; needed when there are several people.")


@click.group()
def document() -> None:
    """Files to be asked about: put them in, see what is there, delete them."""


@document.command()
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--everybody", is_flag=True, help="For everybody on the box.")
@_PERSON
@with_settings
def add(settings: Settings, path: Path, everybody: bool, person: str) -> None:
    """Put FILE into the box. One of the same name takes the place of the older one."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}.") from error
    with file:
        wish = _wish("add", path.name, everybody)
        say(run(settings, "document", given=file, document=wish, person=person))


@document.command("list")
@_PERSON
@with_settings
def list_(settings: Settings, person: str) -> None:
    """What there is, and how far it has come."""
    say(run(settings, "document", document=_wish("list"), person=person))


@document.command()
@click.argument("name")
@_PERSON
@with_settings
def remove(settings: Settings, name: str, person: str) -> None:
    """Delete the document of that name or id for good."""
    say(run(settings, "document", document=_wish("remove", name), person=person))


def _wish(act: str, name: str = "", for_everybody: bool = False) -> object:
    # Late: the store takes a while to import, and the other commands do without.
    from appliance.document_errands import DocumentWish

    return DocumentWish(act, name, for_everybody)
