"""The command line: one group; each command lives in its own file."""

import sys
from importlib.metadata import version as installed_version

import click
from rich.console import Console

from appliance import __version__
from appliance.cli.announce import announce
from appliance.cli.ask import ask
from appliance.cli.backup import backup
from appliance.cli.bundle import bundle
from appliance.cli.doctor import doctor
from appliance.cli.document import document
from appliance.cli.key import key
from appliance.cli.model import model
from appliance.cli.own_data import export, import_, person
from appliance.cli.reindex import reindex
from appliance.cli.restore import restore
from appliance.cli.rollback import rollback
from appliance.cli.serve import serve
from appliance.cli.settings import settings
from appliance.cli.tls import tls
from appliance.cli.user import setup, user
from appliance.cli.valkey import valkey
from appliance.errors import ApplianceError, SettingsError

_FAILED = 1
_MISCONFIGURED = 78
"""sysexits' EX_CONFIG: a supervisor need not try again before somebody has changed a setting."""


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def cli() -> None:
    """A chatbot that lives in one box on the LAN and never sends a word outside."""


@click.command()
def version() -> None:
    """Print the versions of the appliance and of what it stands on."""
    click.echo(f"appliance {__version__}")
    for package in ("llama-cpp-python", "litestar", "pysqlite3", "valkey"):
        click.echo(f"{package} {installed_version(package)}")
    click.echo(f"python {sys.version.split()[0]}")


_COMMANDS = (
    *(serve, announce, tls, setup, user, key, ask, model, export, import_, person, document),
    reindex,
    *(backup, restore, doctor),
    settings,
    valkey,
    rollback,
    bundle,
)

for command in (*_COMMANDS, version):
    cli.add_command(command)


def main() -> None:
    """Run the command line; our own errors are one sentence on stderr."""
    try:
        cli.main(standalone_mode=False)
    except ApplianceError as error:
        Console(stderr=True, soft_wrap=True).print(
            str(error), style="red", markup=False, highlight=False
        )
        sys.exit(_MISCONFIGURED if isinstance(error, SettingsError) else _FAILED)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
