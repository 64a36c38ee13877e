"""appliance user and appliance setup: who may come in.

Links that are printed let somebody in: they are shown here and nowhere else.
"""

import click

from appliance.accounts.account import AccountRole
from appliance.cli.errands import run, say, with_settings
from appliance.settings import Settings

_ROLE = click.Choice([each.value for each in AccountRole])


@click.command()
@with_settings
def setup(settings: Settings) -> None:
    """Print the link that sets up a new box: it makes the first account."""
    say(run(settings, "account", kind="setup", may_be_new=True))


@click.group()
def user() -> None:
    """Accounts: who may come in, and as what."""


@user.command("list")
@with_settings
def list_users(settings: Settings) -> None:
    """Print everybody who has an account."""
    say(run(settings, "account", kind="list"))


@user.command()
@click.argument("name")
@click.option("--admin", is_flag=True, help="Let them look after the box, too.")
@with_settings
def add(settings: Settings, name: str, admin: bool) -> None:
    """Make an account, and print the link where its person chooses a password."""
    role = AccountRole.ADMIN if admin else AccountRole.MEMBER
    say(run(settings, "account", kind="add", person=name, role=role.value))


@user.command()
@click.argument("name")
@with_settings
def reset(settings: Settings, name: str) -> None:
    """Print a link where somebody chooses another password, once.

    Used, it also ends their second factor and their passkeys.
    """
    say(run(settings, "account", kind="reset", person=name))


@user.command()
@click.argument("name")
@with_settings
def disable(settings: Settings, name: str) -> None:
    """Let somebody in no more; nothing of theirs is lost."""
    say(run(settings, "account", kind="disable", person=name))


@user.command()
@click.argument("name")
@with_settings
def enable(settings: Settings, name: str) -> None:
    """Let somebody in again."""
    say(run(settings, "account", kind="enable", person=name))


@user.command()
@click.argument("name")
@click.argument("role", type=_ROLE)
@with_settings
def role(settings: Settings, name: str, role: str) -> None:
    """Make somebody an admin, or a member."""
    say(run(settings, "account", kind="role", person=name, role=role))


@user.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_settings
def remove(settings: Settings, name: str, yes: bool) -> None:
    """Delete an account and all that was said in it, for good."""
    confirmation = name
    if not yes:
        confirmation = click.prompt("To delete all of it for good, type the name of the account\n")
    say(run(settings, "account", kind="remove", person=name, confirmation=confirmation))
