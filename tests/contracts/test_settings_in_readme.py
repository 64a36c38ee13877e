"""The README's table of settings names each setting, and none that does not exist."""

import re
from pathlib import Path

from appliance.settings import Settings, fields_of

README = Path(__file__).parents[2] / "README.md"


def test_the_readme_names_every_setting() -> None:
    rows = settings_rows()
    assert {name for name, _ in fields_of(Settings)} - rows.keys() == set()


def test_the_readme_names_no_setting_that_does_not_exist() -> None:
    assert settings_rows().keys() - {name for name, _ in fields_of(Settings)} == set()


def settings_rows() -> dict[str, str]:
    """Rows of the table that begins with the header "Setting": name in code marks -> the rest."""
    rows = {}
    inside = False
    for line in README.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.lstrip().startswith("|") and cells[0] == "Setting":
            inside = True
        elif not line.lstrip().startswith("|"):
            inside = False
        elif inside and (name := re.fullmatch(r"`([a-z_.]+)`", cells[0])):
            rows[name[1]] = " | ".join(cells[1:])
    return rows
