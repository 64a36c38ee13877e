"""How models are shown in a terminal. Words of strangers pass through `plain` and `Text`."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from appliance.model_files.installed import InstalledModel
from appliance.model_files.names import plain
from appliance.model_files.presets import Preset

if TYPE_CHECKING:
    from appliance.model_files.adding import Candidate

_SHOWN_TEMPLATE_CHARS = 400


def installed_table(models: Iterable[InstalledModel], current: str) -> Table:
    """The models that are here; a star marks the one that answers."""
    table = Table(title="Models here", title_justify="left")
    for heading in ("", "Name", "Size", "Quantisation", "Context", "Licence"):
        table.add_column(heading, overflow="fold")
    for found in models:
        table.add_row(
            "*" if found.name == current else "",
            Text(found.name),
            _size(found.size_bytes),
            Text(plain(found.quantisation, 20)),
            f"{found.context_tokens:,}",
            Text(plain(found.licence, 40)),
        )
    return table


def recommended_table(presets: Sequence[Preset], memory_gb: int | None) -> Table:
    """Models to pull; whether they fit is told from the memory of this box."""
    table = Table(title="Recommended, to pull on a connected machine", title_justify="left")
    for heading in ("Name", "Memory", "Fits"):
        table.add_column(heading, no_wrap=True)
    table.add_column("What to expect")
    for preset in presets:
        fits = "?" if memory_gb is None else "yes" if preset.min_memory_gb <= memory_gb else "no"
        table.add_row(
            preset.name,
            f"{preset.min_memory_gb} GB",
            fits,
            f"{preset.note} Languages: {' '.join(preset.languages)}. Licence: {preset.licence}.",
        )
    return table


def candidate_table(tried: "Candidate") -> Table:
    """What a file that passed the trial says of itself."""
    report = tried.report
    table = Table(title="Tried and in order", title_justify="left", show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    template = plain(report.template, _SHOWN_TEMPLATE_CHARS) or "none"
    for label, value in (
        ("Name", tried.name),
        ("Calls itself", plain(report.title, 100)),
        ("Size", _size(tried.size_bytes)),
        ("Quantisation", plain(report.quantisation, 40)),
        ("Architecture", plain(report.architecture, 40)),
        ("Context", f"{report.context_tokens:,} tokens"),
        ("Licence", plain(report.licence, 100) or "not named"),
        ("sha256", tried.sha256),
        ("Chat template", template),
        ("Template sha256", report.template_sha256),
        ("Template known as", tried.known_template or "not known"),
    ):
        table.add_row(label, Text(value))
    return table


def _size(size_bytes: int) -> str:
    return f"{size_bytes / 1e9:.2f} GB" if size_bytes >= 1e9 else f"{size_bytes / 1e6:.0f} MB"
