"""`appliance settings`: every setting, its value, and where the value came from."""

import json
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from appliance.settings import SettingRow, Settings, describe


@click.command()
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="Read this settings file and no other.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def settings(config: Path | None, as_json: bool) -> None:
    """Print every setting with its value, default, source and help. Secrets are masked."""
    rows = describe(Settings.load(config))
    if as_json:
        click.echo(json.dumps([asdict(row) for row in rows], indent=2, ensure_ascii=False))
    elif (console := Console()).is_terminal:
        console.print(_table(rows))
    else:
        click.echo("\n\n".join(_paragraph(row) for row in rows))


def _table(rows: list[SettingRow]) -> Table:
    table = Table(show_lines=True, highlight=False)
    for title in ("Setting", "Value", "Default", "Source", "Help"):
        table.add_column(title, overflow="fold")
    for row in rows:
        cells = (row.name, row.value, row.default, row.source, row.help)
        # Brackets in a value are no markup of ours.
        table.add_row(*(cell.replace("[", r"\[") for cell in cells))
    return table


def _paragraph(row: SettingRow) -> str:
    """Whole words in whole lines, for grep and for narrow pagers."""
    return (
        f"{row.name} = {row.value}\n"
        f"    {row.help}\n"
        f"    default: {row.default}; source: {row.source}"
    )
