"""Names for files, made of titles that anybody may have written. Pure."""

import unicodedata
from urllib.parse import quote

MOST_CHARS = 80
# A file system's limit is 255 bytes; number, date and suffix need some of them.
MOST_BYTES = 180
NO_NAME = "conversation"

# Windows refuses these characters, and these names whatever follows them.
_REFUSED = frozenset('/\\:*?"<>|')
_RESERVED = frozenset(
    ("con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10)))
)


def stem(title: str) -> str:
    """A title as a file name without its suffix: no path, no control or direction marks, short.

    Letters of every script stay; a title that has nothing to keep becomes `conversation`.
    """
    shown = "".join(
        " " if _is_refused(char) else char for char in unicodedata.normalize("NFC", title)
    )
    name = " ".join(shown.split())[:MOST_CHARS]
    name = name.encode()[:MOST_BYTES].decode(errors="ignore").strip(" .")
    return NO_NAME if not name or name.split(".")[0].lower() in _RESERVED else name


def file_name(name: str) -> str:
    """The same for what has a suffix of its own."""
    base, dot, suffix = name.rpartition(".")
    return f"{stem(base)}.{stem(suffix)}" if dot and base else stem(name)


def attachment(name: str) -> str:
    """The Content-Disposition of a download (RFC 6266), with a plain name for old programs."""
    plain = "".join(char if char.isascii() and char not in "%'" else "_" for char in name)
    if not any(char.isalnum() for char in plain.rpartition(".")[0]):
        plain = f"{NO_NAME}.{name.rpartition('.')[2]}"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _is_refused(char: str) -> bool:
    # C: controls, direction marks, half characters, unassigned. Z but the space: odd line ends.
    return char in _REFUSED or unicodedata.category(char)[0] == "C" or char in "\u2028\u2029"
