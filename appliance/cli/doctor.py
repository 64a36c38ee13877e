"""appliance doctor: looks at what goes wrong in practice, and says what to do."""

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from appliance.cli.errands import with_settings
from appliance.settings import Settings

if TYPE_CHECKING:
    from appliance.doctor.finding import Finding

_STYLES = {"fine": "green", "warning": "yellow", "wrong": "red", "unknown": "dim"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
@click.option("--offline", is_flag=True, help="Ask for proof that nothing can leave the box.")
@with_settings
def doctor(settings: Settings, as_json: bool, offline: bool) -> None:
    """Look at the box, running or not, and say what is wrong and what to do.

    Ends with 0 when all is well, 1 when something deserves a look, 2 when something is wrong.
    """
    from appliance.doctor.checks import CHECKS, look
    from appliance.doctor.finding import exit_status
    from appliance.doctor.patient import Patient

    patient = Patient.of(settings, must_be_offline=offline)
    found = {name: look(patient, check) for name, check in CHECKS.items()}
    if as_json:
        rows = [{"check": name, **asdict(each)} for name, each in found.items()]
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
    elif (console := Console()).is_terminal:
        console.print(_table(found))
    else:
        click.echo("\n".join(_line(name, each) for name, each in found.items()))
    sys.exit(exit_status(list(found.values())))


def _table(found: "dict[str, Finding]") -> Table:
    table = Table(highlight=False, box=None, pad_edge=False)
    for title in ("", "Check", "How it is, and what to do"):
        table.add_column(title, overflow="fold")
    for name, each in found.items():
        words = Text(each.says)
        if each.to_do:
            words.append(f"\n{each.to_do}", style="bold" if each.state != "fine" else "dim")
        table.add_row(Text(each.state, style=_STYLES[each.state]), name, words)
    return table


def _line(name: str, each: "Finding") -> str:
    """Whole words in whole lines, for grep and for narrow pagers."""
    return f"{each.state}: {name}: {each.says}" + (f"\n    {each.to_do}" if each.to_do else "")
