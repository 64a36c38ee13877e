"""Where the parts of the project lie that are not Python, seen from the installed tree."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = ROOT / "web" / "templates"
STATIC = ROOT / "web" / "static"
PRESETS = ROOT / "models" / "models.toml"
LOCALE = ROOT / "web" / "locale"
