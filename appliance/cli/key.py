"""appliance key: keys by which programs act for somebody."""

from typing import Any

import click

from appliance.accounts.api_key import Scope
from appliance.accounts.new_key import KeyWish
from appliance.cli.errands import run, say, with_settings
from appliance.settings import Settings

_PERSON = click.option("--person", default="", help="Whose; needed when there are several people.")


@click.group()
def key() -> None:
    """Keys for programs: they act for the person whose they are."""


@key.command()
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    type=click.Choice([each.value for each in Scope]),
    multiple=True,
    default=("chat",),
    show_default=True,
    help="What it may do; say it several times for several things.",
)
@click.option("--days", type=int, help="How long it lasts.  [until it is revoked]")
@click.option("--requests-per-minute", type=int, default=0, help="A limit of its own.")
@click.option("--tokens-per-day", type=int, default=0, help="A limit of its own.")
@_PERSON
@with_settings
def make(settings: Settings, person: str, **wish: Any) -> None:
    """Make a key called NAME, and print it: this once, and nothing else."""
    say(run(settings, "key", person=person, key=KeyWish("make", **wish)))


@key.command("list")
@_PERSON
@with_settings
def list_keys(settings: Settings, person: str) -> None:
    """Print what is known of somebody's keys; the keys themselves are not kept."""
    say(run(settings, "key", person=person, key=KeyWish("list")))


@key.command()
@click.argument("name")
@_PERSON
@with_settings
def revoke(settings: Settings, person: str, name: str) -> None:
    """End the key called NAME, or beginning with it; programs that use it are refused at once."""
    say(run(settings, "key", person=person, key=KeyWish("revoke", name)))
