"""The kinds of files that can be read, and which one a file is: told by what is in it.

A name is believed only where nothing in the file could tell: which kind of plain text it is.
"""

from enum import StrEnum
from pathlib import PurePath
from typing import BinaryIO

from appliance.documents.packed import Packed
from appliance.documents.text_encoding import SAMPLE_BYTES, encoding_of
from appliance.errors import DocumentRefused
from appliance.sentences import say
from appliance.zip_entries import is_zip


class Kind(StrEnum):
    """What a document came as."""

    PDF = "pdf"
    DOCX = "docx"
    EPUB = "epub"
    HTML = "html"
    MARKDOWN = "markdown"
    CSV = "csv"
    TEXT = "text"


_BY_SUFFIX = {
    ".md": Kind.MARKDOWN,
    ".markdown": Kind.MARKDOWN,
    ".csv": Kind.CSV,
    ".tsv": Kind.CSV,
    ".html": Kind.HTML,
    ".htm": Kind.HTML,
    ".xhtml": Kind.HTML,
}
_PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\x00", b"MM\x00*")
_BOXED_PICTURES = (b"WEBP", b"ftypheic", b"ftypavif", b"ftypmif1")

_EMPTY = say("The file is empty.")
_PICTURE = say(
    "This is a picture, and the box cannot read writing in pictures. Send the text itself, or a "
    "PDF whose text can be marked."
)
_OLD_OFFICE = say(
    "This is an old Office file, or one with a password. Save it as .docx without a password, and "
    "send that."
)
_RICH_TEXT = say("This is an RTF file. Save it as .docx or PDF, and send that.")
_SPREADSHEET = say("This is a spreadsheet. Save each sheet as CSV, and send that.")
_SLIDES = say("This is a presentation. Save it as PDF, and send that.")
_ARCHIVE = say("This is an archive with other files in it. Unpack it, and send those.")
_NO_TEXT = say(
    "The box does not know this kind of file. It reads PDF, DOCX, EPUB, HTML, Markdown, CSV and "
    "plain text."
)


def kind_of(file: BinaryIO, name: str) -> Kind:
    """Raises DocumentRefused with what to do instead."""
    file.seek(0)
    sample = file.read(SAMPLE_BYTES)
    if not sample.strip(b"\0 \t\r\n"):
        raise DocumentRefused(_EMPTY)
    if b"%PDF-" in sample[:1024]:
        return Kind.PDF
    if is_zip(sample):
        return _packed_kind(Packed(file))
    _refuse_others(sample)
    if (encoding := encoding_of(sample, len(sample) < SAMPLE_BYTES)) is None:
        raise DocumentRefused(_NO_TEXT)
    start = sample[:4096].decode(encoding, "replace").lstrip("\ufeff \t\r\n").lower()
    if start.startswith(("<!doctype html", "<html")) or (
        start.startswith("<?xml") and "<html" in start
    ):
        return Kind.HTML
    return _BY_SUFFIX.get(PurePath(name).suffix.lower(), Kind.TEXT)


def _packed_kind(packed: Packed) -> Kind:
    names = packed.names
    if "word/document.xml" in names:
        return Kind.DOCX
    if "META-INF/container.xml" in names:
        return Kind.EPUB
    if "xl/workbook.xml" in names:
        raise DocumentRefused(_SPREADSHEET)
    if "ppt/presentation.xml" in names:
        raise DocumentRefused(_SLIDES)
    raise DocumentRefused(_ARCHIVE)


def _refuse_others(sample: bytes) -> None:
    if sample.startswith(_PICTURES) or any(mark in sample[:16] for mark in _BOXED_PICTURES):
        raise DocumentRefused(_PICTURE)
    if sample.startswith(b"\xd0\xcf\x11\xe0"):
        raise DocumentRefused(_OLD_OFFICE)
    if sample.startswith(b"{\\rtf"):
        raise DocumentRefused(_RICH_TEXT)
