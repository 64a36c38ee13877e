"""What the templates of the page "Your data" receive; see `page_data`."""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class ImportView:
    """How an import stands, or what it did; `ended` says why it stopped before the file's end."""

    template: ClassVar[str] = "_import.html"
    variable: ClassVar[str] = "imported"

    import_id: str
    is_over: bool
    percent: int
    words: str
    ended: str
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DataView:
    """The page "Your data"; `confirmation` is what to type before everything is deleted."""

    template: ClassVar[str] = "data.html"
    variable: ClassVar[str] = "yours"

    theme: str
    held: str
    has_any: bool
    notice: str
    imported: ImportView | None
    confirmation: str
