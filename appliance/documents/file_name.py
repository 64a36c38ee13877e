"""What a document is called: the name of its file as it came, made fit to be shown. Pure."""

import unicodedata

MOST_CHARS = 150
NO_NAME = "document"


def shown_name(file_name: str) -> str:
    """One line without path, control and direction marks; its end, which says its kind, stays."""
    last = file_name.replace("\\", "/").rsplit("/", 1)[-1]
    normal = unicodedata.normalize("NFC", last.encode("utf-8", "replace").decode())
    shown = "".join(char if _is_shown(char) else " " for char in normal)
    line = " ".join(shown.split()).strip(" .")
    if len(line) > MOST_CHARS:
        line = f"{line[: MOST_CHARS - 20]}…{line[-19:]}"
    return line or NO_NAME


def _is_shown(char: str) -> bool:
    return unicodedata.category(char)[0] != "C"
